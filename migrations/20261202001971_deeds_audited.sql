-- What people ask of the background is in the audit log as well: that a recording is encoded anew, that a sound file is made of it, that a task is
-- stopped, tried again or put before others, and that webhook deliveries are sent again. Each trigger looks at columns alone that tasks and
-- deliveries leave as they are while they go on, so that these pay nothing for it.

-- As before; and a trigger may say what was done (`task.cancelled`), name values within a column (`metadata.sounds`), and have told what it is
-- about, changed or not (`=kind`).
CREATE OR REPLACE FUNCTION record_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_origin jsonb := nullif(current_setting('app.origin', true), '')::jsonb;
    v_before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    v_after jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    v_row jsonb := coalesce(v_after, v_before);
    v_old jsonb;
    v_new jsonb;
    v_organization_id uuid := v_row ->> 'organization_id';
    v_user_id uuid := coalesce(v_row ->> 'user_id', v_row ->> 'personal_owner_id',
        CASE TG_TABLE_NAME WHEN 'users' THEN v_row ->> 'id' END);
    v_actor_id uuid := coalesce(nullif(current_setting('app.user_id', true), '')::uuid,
        -- Who signs in, signs up or accepts an invitation acts for themselves before there is a caller.
        CASE WHEN v_origin IS NOT NULL THEN v_user_id END);
    v_kind text := split_part(TG_ARGV[0], '.', 1);
    v_verb text := coalesce(nullif(split_part(TG_ARGV[0], '.', 2), ''),
        CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'DELETE' THEN 'deleted' ELSE 'updated' END);
    v_details jsonb;
    v_salt uuid := gen_random_uuid();
BEGIN
    SELECT jsonb_object_agg(told.name, told.old) FILTER (WHERE told.old IS NOT NULL),
        jsonb_object_agg(told.name, told.new) FILTER (WHERE told.new IS NOT NULL)
    INTO v_old, v_new
    FROM (
        SELECT given.path[cardinality(given.path)] AS name,
            CASE given.mark WHEN '!' THEN to_jsonb('•••'::text) WHEN '=' THEN NULL ELSE audit_value(v_before #> given.path) END AS old,
            CASE given.mark WHEN '!' THEN to_jsonb('•••'::text) ELSE audit_value(v_after #> given.path) END AS new
        FROM (
            SELECT left(argument, 1) AS mark, string_to_array(ltrim(argument, '!='), '.') AS path FROM unnest(TG_ARGV[1:]) AS argument
        ) AS given
        WHERE given.mark = '=' OR (v_before #> given.path) IS DISTINCT FROM (v_after #> given.path)
    ) AS told;
    IF TG_OP = 'UPDATE' AND v_old IS NULL AND v_new IS NULL THEN
        RETURN NULL;
    END IF;
    IF v_verb = 'updated' AND (v_before -> 'deleted_at') IS DISTINCT FROM (v_after -> 'deleted_at') THEN
        v_verb := CASE WHEN v_after ->> 'deleted_at' IS NULL THEN 'restored' ELSE 'deleted' END;
    END IF;
    IF TG_TABLE_NAME = 'organizations' THEN
        v_organization_id := v_row ->> 'id';
    ELSIF v_organization_id IS NULL THEN
        SELECT id INTO v_organization_id FROM organizations WHERE personal_owner_id = v_user_id;
    END IF;
    -- An organization that goes takes its log along; its rows are deleted after it.
    IF NOT EXISTS (SELECT FROM organizations WHERE id = v_organization_id) THEN
        RETURN NULL;
    END IF;
    -- Whom the row is about is told of every change: the label may be their name.
    v_details := jsonb_strip_nulls(jsonb_build_object(
        'label', coalesce(v_row ->> 'title', v_row ->> 'name', v_row ->> 'email', (SELECT name FROM users WHERE id = v_user_id)),
        'subject', v_row ->> 'user_id', 'address', v_origin ->> 'address', 'user_agent', v_origin ->> 'user_agent'))
        || jsonb_build_object('old', coalesce(v_old, '{}'), 'new', coalesce(v_new, '{}'));
    INSERT INTO audit_logs (organization_id, actor_id, actor_kind, action, target_kind, target_id, request_id, details, details_salt,
        details_digest)
    VALUES (v_organization_id, v_actor_id,
        coalesce(v_origin ->> 'actor', CASE WHEN v_actor_id IS NULL THEN 'system' ELSE 'session' END),
        v_kind || '.' || v_verb, v_kind, coalesce(v_row ->> 'id', v_row ->> 'user_id')::uuid, v_origin ->> 'request_id', v_details, v_salt,
        audit_digest(v_salt, v_details));
    RETURN NULL;
END $$;

-- That a recording is encoded anew is asked for again with the same settings as well, so that it is told by the time at which it was asked for.
CREATE TRIGGER audit_encoding AFTER UPDATE OF metadata ON assets FOR EACH ROW
    WHEN (current_setting('app.role', true) IS DISTINCT FROM 'service' AND NEW.metadata ? 'encoding_asked_at'
        AND (NEW.metadata -> 'encoding_asked_at') IS DISTINCT FROM (OLD.metadata -> 'encoding_asked_at'))
    EXECUTE FUNCTION record_audit('asset.encode_wanted', '=filename', '=metadata.encoding_wanted');
CREATE TRIGGER audit_sound AFTER UPDATE OF metadata ON assets FOR EACH ROW
    WHEN (current_setting('app.role', true) IS DISTINCT FROM 'service'
        AND (NEW.metadata -> 'sounds') IS DISTINCT FROM (OLD.metadata -> 'sounds'))
    EXECUTE FUNCTION record_audit('asset.sound_wanted', '=filename', 'metadata.sounds');

-- A task that is not needed any more is asked to stop as well; one that somebody stops says so.
CREATE TRIGGER audit_cancelled AFTER UPDATE OF cancel_requested ON tasks FOR EACH ROW
    WHEN (NEW.cancel_requested AND NOT OLD.cancel_requested AND NEW.error_code = 'task_cancelled'
        AND current_setting('app.role', true) IS DISTINCT FROM 'service')
    EXECUTE FUNCTION record_audit('task.cancelled', '=kind', '=subject_id');
CREATE TRIGGER audit_retried AFTER UPDATE OF cancel_requested ON tasks FOR EACH ROW
    WHEN (OLD.status IN ('failed', 'cancelled') AND NEW.status = 'pending'
        AND current_setting('app.role', true) IS DISTINCT FROM 'service')
    EXECUTE FUNCTION record_audit('task.retried', '=kind', '=subject_id', 'error_code');
-- What waited beside its subject and is wanted for it now has the priority of its step, which nobody chose.
CREATE TRIGGER audit_prioritised AFTER UPDATE OF priority ON tasks FOR EACH ROW
    WHEN (NEW.priority <> OLD.priority AND NEW.is_side = OLD.is_side
        AND current_setting('app.role', true) IS DISTINCT FROM 'service')
    EXECUTE FUNCTION record_audit('task.prioritised', '=kind', '=subject_id', 'priority');

-- When somebody had it sent again. A range of up to ten thousand is one entry, about its endpoint.
ALTER TABLE webhook_deliveries ADD COLUMN replayed_at timestamptz;
ALTER TABLE webhook_endpoints ADD COLUMN replayed_at timestamptz;
CREATE TRIGGER audit_replayed AFTER UPDATE OF replayed_at ON webhook_deliveries FOR EACH ROW
    WHEN (current_setting('app.role', true) IS DISTINCT FROM 'service')
    EXECUTE FUNCTION record_audit('webhook_delivery.replayed', '=event', '=endpoint_id');
CREATE TRIGGER audit_replayed AFTER UPDATE OF replayed_at ON webhook_endpoints FOR EACH ROW
    WHEN (current_setting('app.role', true) IS DISTINCT FROM 'service')
    EXECUTE FUNCTION record_audit('webhook_endpoint.replayed', '=url');
