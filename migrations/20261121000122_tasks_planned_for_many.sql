-- The queue is empty most of the time, and then there are thousands. A plan made for few, which reads all there are, would be kept
-- for the many: what is done once per task goes by an index whatever the planner thinks of their number.
ALTER FUNCTION finish_task SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION finish_task SET enable_seqscan = off;
ALTER FUNCTION finish_task SET enable_bitmapscan = off;

-- Leases up to so many due tasks of each kind. Tasks of one step and subject never run side by side.
--
-- Nothing waits for the disk here: a claim that a crash undoes is a task that still waits, and its lease then holds nothing,
-- so that whoever took it for claimed writes nothing.
CREATE FUNCTION claim_tasks(p_kinds text[], p_slots integer[], p_worker text, p_now timestamptz, p_leased_until timestamptz)
RETURNS TABLE (
    organization_id uuid, id uuid, kind text, subject_id uuid, payload jsonb, lease uuid, attempts integer, attempts_max integer
) LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    v_picked record;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    FOR v_picked IN
        SELECT due.organization_id, due.id FROM unnest(p_kinds, p_slots) AS wanted(kind, slots) CROSS JOIN LATERAL (
            SELECT waiting.organization_id, waiting.id FROM tasks waiting
            WHERE waiting.kind = wanted.kind AND waiting.status = 'pending' AND waiting.scheduled_for <= p_now
                AND NOT EXISTS (SELECT FROM tasks twin WHERE twin.organization_id = waiting.organization_id
                    AND twin.subject_id = waiting.subject_id AND twin.kind = waiting.kind AND twin.status = 'running')
            ORDER BY waiting.priority DESC, waiting.scheduled_for, waiting.id
            LIMIT wanted.slots FOR UPDATE SKIP LOCKED
        ) AS due
    LOOP
        -- One by one, each by its key: how a join of the two is made would be the planner's guess again.
        RETURN QUERY UPDATE tasks SET status = 'running', lease = gen_random_uuid(), leased_until = p_leased_until,
            worker = p_worker, attempts = tasks.attempts + 1, progress = 0, started_at = p_now, error_code = NULL,
            error_message = NULL
        WHERE tasks.organization_id = v_picked.organization_id AND tasks.id = v_picked.id
        RETURNING tasks.organization_id, tasks.id, tasks.kind, tasks.subject_id, tasks.payload, tasks.lease, tasks.attempts,
            tasks.attempts_max;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION claim_tasks FROM public;
GRANT EXECUTE ON FUNCTION claim_tasks TO memoreel_system;
