-- What somebody has sent again while a try of it is on its way was sent again when that failed by the plan of its tries alone: up to ten hours
-- later. Now it is noted which try that was, by its lease: a try whose lease ran out, or was taken back, is followed by another one anyhow.
ALTER TABLE webhook_deliveries ADD COLUMN replayed_lease uuid;

-- As before, and a try during which that was asked for, and that was not taken, is followed by another one at once, with all its tries.
CREATE OR REPLACE FUNCTION finish_webhook_deliveries(p_organization_ids uuid[], p_ids uuid[], p_leases uuid[], p_statuses text[],
    p_next_attempts timestamptz[], p_response_statuses integer[], p_response_bodies text[], p_error_codes text[], p_durations integer[],
    p_gone uuid[], p_now timestamptz, p_failing_for interval)
RETURNS TABLE (organization_id uuid, endpoint_id uuid) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET enable_sort = off AS $$
#variable_conflict use_column
DECLARE
    v_places tid[];
    v_endpoints uuid[];
    v_replayed_leases uuid[];
    v_endpoint record;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    -- Whoever deletes an endpoint holds it before what it was to be told, and so it is here.
    PERFORM FROM unnest(p_organization_ids, p_ids) AS given(organization_id, id)
        CROSS JOIN LATERAL (SELECT d.id, d.endpoint_id FROM webhook_deliveries d
            WHERE d.organization_id = given.organization_id AND d.id >= given.id ORDER BY d.organization_id, d.id LIMIT 1) AS found
        CROSS JOIN LATERAL (SELECT FROM webhook_endpoints e
            WHERE e.organization_id = given.organization_id AND e.id = found.endpoint_id FOR KEY SHARE) AS held
        WHERE found.id = given.id;
    -- The first from its key on in the order of the key: for an empty table any index would be as good, and the plan is kept.
    SELECT array_agg(found.place ORDER BY given.number), array_agg(found.endpoint_id ORDER BY given.number),
            array_agg(found.replayed_lease ORDER BY given.number)
        INTO v_places, v_endpoints, v_replayed_leases
        FROM unnest(p_organization_ids, p_ids) WITH ORDINALITY AS given(organization_id, id, number)
        LEFT JOIN LATERAL (SELECT d.ctid AS place, d.id, d.endpoint_id, d.replayed_lease FROM webhook_deliveries d
            WHERE d.organization_id = given.organization_id AND d.id >= given.id
            ORDER BY d.organization_id, d.id LIMIT 1 FOR UPDATE) AS found ON found.id = given.id;
    FOR v_endpoint IN
        -- A statement of its own: it sees what those who held the rows before left of them, and of their endpoints.
        WITH written AS (
            UPDATE webhook_deliveries d SET status = CASE WHEN ended.is_wanted_again THEN 'pending' ELSE ended.status END,
                attempts = CASE WHEN ended.is_wanted_again THEN 0 ELSE d.attempts + 1 END, last_attempt_at = p_now,
                next_attempt_at = CASE WHEN ended.is_wanted_again THEN p_now ELSE ended.next_attempt_at END,
                response_status = ended.response_status, response_body = ended.response_body, error_code = ended.error_code,
                duration_ms = ended.duration_ms, lease = NULL, leased_by = NULL,
                finished_at = CASE WHEN ended.is_wanted_again OR ended.status = 'pending' THEN NULL ELSE p_now END
            FROM (
                -- There is no other try where nothing is told any more.
                SELECT given.place, CASE WHEN given.status = 'pending' AND NOT coalesce(e.active, true) THEN 'failed' ELSE given.status END
                    AS status,
                    given.status <> 'delivered' AND coalesce(given.replayed_lease = given.lease, false)
                        AND coalesce(e.active, true) AND given.endpoint_id <> ALL(p_gone) AS is_wanted_again,
                    given.lease, given.next_attempt_at, given.response_status, given.response_body, given.error_code, given.duration_ms
                FROM unnest(v_places, p_organization_ids, v_endpoints, v_replayed_leases, p_statuses, p_leases, p_next_attempts,
                    p_response_statuses, p_response_bodies, p_error_codes, p_durations) AS given(place, organization_id, endpoint_id,
                    replayed_lease, status, lease, next_attempt_at, response_status, response_body, error_code, duration_ms)
                LEFT JOIN webhook_endpoints e ON e.organization_id = given.organization_id AND e.id = given.endpoint_id
            ) AS ended
            WHERE d.ctid = ended.place AND d.lease = ended.lease
            RETURNING d.organization_id, d.endpoint_id, d.status
        )
        -- Whether any of the endpoint's was taken.
        SELECT w.endpoint_id AS id, w.organization_id AS of, bool_or(w.status = 'delivered') AS any
        FROM written w GROUP BY w.endpoint_id, w.organization_id ORDER BY w.endpoint_id
    LOOP
        UPDATE webhook_endpoints e SET failing_since = CASE WHEN v_endpoint.any THEN NULL ELSE p_now END
        WHERE e.organization_id = v_endpoint.of AND e.id = v_endpoint.id AND e.active AND (e.failing_since IS NULL) <> v_endpoint.any;
        RETURN QUERY UPDATE webhook_endpoints e SET active = false, disabled_at = p_now,
            disabled_reason = CASE WHEN e.id = ANY(p_gone) THEN 'gone' ELSE 'failing' END
        WHERE e.organization_id = v_endpoint.of AND e.id = v_endpoint.id AND e.active
            AND (e.id = ANY(p_gone) OR e.failing_since <= p_now - p_failing_for)
        RETURNING e.organization_id, e.id;
    END LOOP;
END $$;
