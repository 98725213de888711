-- The end of a task in one round trip: its completion if the lease still holds, and what is left of its subject.
--
-- Each statement of the function sees what was committed before it began. So whoever gets the lock counts what those who had
-- it before have done, and exactly one task of a subject finds that nothing is left.
CREATE FUNCTION finish_task(p_organization_id uuid, p_id uuid, p_lease uuid, p_subject_id uuid, p_now timestamptz)
RETURNS TABLE (is_held boolean, open_count bigint, failure_code text, failure_message text)
LANGUAGE plpgsql VOLATILE AS $$
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
    FROM tasks WHERE organization_id = p_organization_id AND subject_id = p_subject_id;
END $$;
REVOKE ALL ON FUNCTION finish_task FROM public;
GRANT EXECUTE ON FUNCTION finish_task TO memoreel_app;
