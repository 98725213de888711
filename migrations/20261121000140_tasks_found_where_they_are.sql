-- Plans made while a table is empty take any index that begins with the organization for one that finds a row: a task was looked
-- for among all of its organization's. Of the indexes that hold every task, now one begins with the organization, the key.
DROP INDEX tasks_subject;
CREATE INDEX tasks_subject ON tasks (subject_id, created_at);

CREATE OR REPLACE FUNCTION claim_tasks(p_kinds text[], p_slots integer[], p_worker text, p_now timestamptz, p_leased_until timestamptz)
RETURNS TABLE (
    organization_id uuid, id uuid, kind text, subject_id uuid, payload jsonb, lease uuid, attempts integer, attempts_max integer
)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    v_picked record;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    FOR v_picked IN
        SELECT due.place FROM unnest(p_kinds, p_slots) AS wanted(kind, slots) CROSS JOIN LATERAL (
            SELECT waiting.ctid AS place FROM tasks waiting
            WHERE waiting.kind = wanted.kind AND waiting.status = 'pending' AND waiting.scheduled_for <= p_now
                -- Nor is one of the same step and subject running: the first from this kind on, in the order of the index by
                -- which it is to be found.
                AND waiting.kind IS DISTINCT FROM (SELECT twin.kind FROM tasks twin
                    WHERE twin.organization_id = waiting.organization_id AND twin.subject_id = waiting.subject_id
                        AND twin.kind >= waiting.kind AND twin.status = 'running'
                    ORDER BY twin.kind LIMIT 1)
            ORDER BY waiting.priority DESC, waiting.scheduled_for, waiting.id
            LIMIT wanted.slots FOR UPDATE SKIP LOCKED
        ) AS due
    LOOP
        -- The row is locked, so that it stays where it is.
        RETURN QUERY UPDATE tasks SET status = 'running', lease = gen_random_uuid(), leased_until = p_leased_until,
            worker = p_worker, attempts = tasks.attempts + 1, progress = 0, started_at = p_now, error_code = NULL,
            error_message = NULL
        WHERE tasks.ctid = v_picked.place
        RETURNING tasks.organization_id, tasks.id, tasks.kind, tasks.subject_id, tasks.payload, tasks.lease, tasks.attempts,
            tasks.attempts_max;
    END LOOP;
END $$;

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
    RETURN QUERY SELECT true, count(*) FILTER (WHERE status IN ('pending', 'running')),
        (array_agg(error_code ORDER BY finished_at) FILTER (WHERE status = 'failed'))[1],
        (array_agg(error_message ORDER BY finished_at) FILTER (WHERE status = 'failed'))[1]
    FROM (
        -- In the order of the index by subject, which makes it the one that is read.
        SELECT status, error_code, error_message, finished_at FROM tasks
        WHERE organization_id = p_organization_id AND subject_id = p_subject_id ORDER BY created_at OFFSET 0
    ) AS own;
END $$;
