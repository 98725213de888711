-- Whoever runs the server may have everything indexed again. What is there was processed, and is played and found by its words: it is not
-- processed anew for that, and does not fail with it. Such a task is a side task, whatever its kind.
ALTER TABLE tasks ADD COLUMN is_side boolean NOT NULL DEFAULT false;

-- As before, but without tasks that are beside their subjects on their own.
CREATE OR REPLACE FUNCTION finish_task(p_organization_id uuid, p_id uuid, p_lease uuid, p_subject_id uuid, p_now timestamptz)
RETURNS TABLE (is_held boolean, open_count bigint, failure_code text, failure_message text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
DECLARE
    v_is_side boolean;
BEGIN
    UPDATE tasks SET status = 'completed', progress = 1, lease = NULL, leased_until = NULL, finished_at = p_now,
        error_code = NULL, error_message = NULL
    WHERE organization_id = p_organization_id AND id = p_id AND lease = p_lease
    RETURNING is_side OR is_side_task(kind) INTO v_is_side;
    IF NOT FOUND THEN
        RETURN QUERY SELECT false, 0::bigint, NULL::text, NULL::text;
        RETURN;
    END IF;
    IF v_is_side THEN
        RETURN QUERY SELECT true, NULL::bigint, NULL::text, NULL::text;
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(p_subject_id::text, 0));
    RETURN QUERY SELECT true, count(*) FILTER (WHERE status IN ('pending', 'held', 'running')),
        (array_agg(error_code ORDER BY finished_at) FILTER (WHERE is_given_up))[1],
        (array_agg(error_message ORDER BY finished_at) FILTER (WHERE is_given_up))[1]
    FROM (
        -- In the order of the index by subject, which makes it the one that is read. Rarely is there anything to look for further.
        SELECT own.status, own.error_code, own.error_message, own.finished_at,
            CASE WHEN own.status = 'failed' OR (own.status = 'cancelled' AND own.error_code IS NOT NULL) THEN NOT EXISTS (
                SELECT FROM tasks later WHERE later.organization_id = p_organization_id AND later.subject_id = p_subject_id
                    AND later.kind = own.kind AND NOT later.is_side
                    AND later.status = 'completed' AND later.finished_at > own.finished_at)
            ELSE false END AS is_given_up
        FROM tasks own WHERE own.organization_id = p_organization_id AND own.subject_id = p_subject_id
            AND NOT own.is_side AND NOT is_side_task(own.kind)
        ORDER BY own.created_at OFFSET 0
    ) AS own;
END $$;
