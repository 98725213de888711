-- Tasks of organizations in which nothing is to be done: they are held aside, out of the index by which tasks are claimed, and go on when
-- the organization does.

-- The organization is suspended or deleted, or its person's account is closed. Kept by triggers alone.
ALTER TABLE organizations ADD COLUMN tasks_held boolean NOT NULL DEFAULT false;
ALTER TABLE tasks DROP CONSTRAINT tasks_status;
ALTER TABLE tasks ADD CONSTRAINT tasks_status
    CHECK (status IN ('pending', 'held', 'running', 'completed', 'failed', 'cancelled'));
-- What is held waits too.
DROP INDEX tasks_waiting_key;
CREATE UNIQUE INDEX tasks_waiting_key ON tasks (organization_id, subject_id, kind) WHERE status IN ('pending', 'held');

-- Whether tasks of this kind are for a person's account, which goes on whatever becomes of their own organization: mails about it, and
-- taking their data along.
CREATE FUNCTION is_account_task(p_kind text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_kind IN ('send_mail', 'export_person')
$$;

CREATE FUNCTION hold_organization() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.tasks_held := NEW.status <> 'active'
        OR EXISTS (SELECT FROM users WHERE id = NEW.personal_owner_id AND erased_after IS NOT NULL);
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION hold_organization FROM public;
CREATE TRIGGER organizations_held BEFORE INSERT OR UPDATE OF status, tasks_held ON organizations
    FOR EACH ROW EXECUTE FUNCTION hold_organization();

CREATE FUNCTION hold_organization_of_person() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- Whether it is so follows from the row of the person.
    UPDATE organizations SET tasks_held = tasks_held WHERE personal_owner_id = NEW.id;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION hold_organization_of_person FROM public;
CREATE TRIGGER users_held AFTER UPDATE OF erased_after ON users FOR EACH ROW
    WHEN ((OLD.erased_after IS NULL) <> (NEW.erased_after IS NULL)) EXECUTE FUNCTION hold_organization_of_person();

-- Tasks that are running are asked to stop by their worker's next heartbeat.
CREATE FUNCTION hold_tasks() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.tasks_held THEN
        UPDATE tasks SET status = 'held' WHERE organization_id = NEW.id AND status = 'pending' AND NOT is_account_task(kind);
    ELSE
        UPDATE tasks SET status = 'pending' WHERE organization_id = NEW.id AND status = 'held';
        -- The same for each, so that it is told once.
        PERFORM pg_notify('memoreel_tasks', 'held');
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION hold_tasks FROM public;
CREATE TRIGGER tasks_held AFTER UPDATE ON organizations FOR EACH ROW
    WHEN (OLD.tasks_held <> NEW.tasks_held) EXECUTE FUNCTION hold_tasks();

UPDATE organizations SET tasks_held = tasks_held
    WHERE status <> 'active' OR personal_owner_id IN (SELECT id FROM users WHERE erased_after IS NOT NULL);

CREATE OR REPLACE FUNCTION finish_task(p_organization_id uuid, p_id uuid, p_lease uuid, p_subject_id uuid, p_now timestamptz)
RETURNS TABLE (is_held boolean, open_count bigint, failure_code text, failure_message text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
BEGIN
    UPDATE tasks SET status = 'completed', progress = 1, lease = NULL, leased_until = NULL, finished_at = p_now,
        error_code = NULL, error_message = NULL
    WHERE organization_id = p_organization_id AND id = p_id AND lease = p_lease;
    IF NOT FOUND THEN
        RETURN QUERY SELECT false, 0::bigint, NULL::text, NULL::text;
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(p_subject_id::text, 0));
    RETURN QUERY SELECT true, count(*) FILTER (WHERE status IN ('pending', 'held', 'running')),
        (array_agg(error_code ORDER BY finished_at) FILTER (WHERE status = 'failed'))[1],
        (array_agg(error_message ORDER BY finished_at) FILTER (WHERE status = 'failed'))[1]
    FROM (
        -- In the order of the index by subject, which makes it the one that is read.
        SELECT status, error_code, error_message, finished_at FROM tasks
        WHERE organization_id = p_organization_id AND subject_id = p_subject_id ORDER BY created_at OFFSET 0
    ) AS own;
END $$;
