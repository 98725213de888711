-- Messages are claimed, and their ends written down, many in a statement: one by one, each cost the beginning and the end of two statements.

CREATE OR REPLACE FUNCTION claim_webhook_deliveries(p_endpoints uuid[], p_free integer[], p_others integer, p_limit integer, p_worker text,
    p_now timestamptz, p_until timestamptz)
RETURNS TABLE (organization_id uuid, id uuid, endpoint_id uuid, url text, event text, payload text, attempts integer, created_at timestamptz,
    lease uuid, secret_ids uuid[], secrets bytea[]) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    v_start uuid := gen_random_uuid();
    v_from uuid := v_start;
    v_is_second_half boolean := false;
    v_endpoint uuid;
    v_left integer := p_limit;
    v_slots integer;
    v_target record;
    v_places tid[];
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    WHILE v_left > 0 LOOP
        SELECT d.endpoint_id INTO v_endpoint FROM webhook_deliveries d
            WHERE d.status = 'pending' AND d.endpoint_id > v_from ORDER BY d.endpoint_id LIMIT 1;
        IF NOT FOUND OR (v_is_second_half AND v_endpoint > v_start) THEN
            EXIT WHEN v_is_second_half;
            v_is_second_half := true;
            v_from := '00000000-0000-0000-0000-000000000000';
            CONTINUE;
        END IF;
        v_from := v_endpoint;
        v_slots := least(coalesce(p_free[array_position(p_endpoints, v_endpoint)], p_others), v_left);
        CONTINUE WHEN v_slots <= 0;
        SELECT array_agg(due.place) INTO v_places FROM (
            SELECT d.ctid AS place FROM webhook_deliveries d
            WHERE d.endpoint_id = v_endpoint AND d.status = 'pending' AND d.next_attempt_at <= p_now
            ORDER BY d.next_attempt_at, d.id LIMIT v_slots FOR UPDATE SKIP LOCKED) AS due;
        CONTINUE WHEN v_places IS NULL;
        SELECT e.url, e.active AND NOT o.tasks_held AS is_told, own.ids, own.secrets INTO v_target
        FROM webhook_deliveries d JOIN webhook_endpoints e ON e.organization_id = d.organization_id AND e.id = d.endpoint_id
        JOIN organizations o ON o.id = d.organization_id
        CROSS JOIN LATERAL (
            SELECT array_agg(s.id ORDER BY s.created_at DESC, s.id) AS ids, array_agg(s.secret ORDER BY s.created_at DESC, s.id) AS secrets
            FROM webhook_secrets s WHERE s.organization_id = e.organization_id AND s.endpoint_id = e.id
                AND (s.expires_at IS NULL OR s.expires_at > p_now)) AS own
        WHERE d.ctid = v_places[1];
        -- One that came while its endpoint was being disabled waits for it to be enabled, and all wait while nothing is done for their
        -- organization.
        CONTINUE WHEN NOT v_target.is_told;
        v_left := v_left - cardinality(v_places);
        RETURN QUERY UPDATE webhook_deliveries d SET lease = gen_random_uuid(), leased_by = p_worker, next_attempt_at = p_until
            WHERE d.ctid = ANY(v_places)
            RETURNING d.organization_id, d.id, d.endpoint_id, v_target.url, d.event, d.payload, d.attempts, d.created_at, d.lease,
                v_target.ids, v_target.secrets;
    END LOOP;
END $$;

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
    v_endpoint record;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    -- The first from its key on in the order of the key: for an empty table any index would be as good, and the plan is kept.
    SELECT array_agg(found.place ORDER BY given.number), array_agg(found.endpoint_id ORDER BY given.number) INTO v_places, v_endpoints
        FROM unnest(p_organization_ids, p_ids) WITH ORDINALITY AS given(organization_id, id, number)
        LEFT JOIN LATERAL (SELECT d.ctid AS place, d.id, d.endpoint_id FROM webhook_deliveries d
            WHERE d.organization_id = given.organization_id AND d.id >= given.id
            ORDER BY d.organization_id, d.id LIMIT 1 FOR UPDATE) AS found ON found.id = given.id;
    FOR v_endpoint IN
        -- A statement of its own: it sees what those who held the rows before left of them, and of their endpoints.
        WITH written AS (
            UPDATE webhook_deliveries d SET status = ended.status, attempts = d.attempts + 1, last_attempt_at = p_now,
                next_attempt_at = ended.next_attempt_at, response_status = ended.response_status, response_body = ended.response_body,
                error_code = ended.error_code, duration_ms = ended.duration_ms, lease = NULL, leased_by = NULL,
                finished_at = CASE WHEN ended.status = 'pending' THEN NULL ELSE p_now END
            FROM (
                -- There is no other try where nothing is told any more.
                SELECT given.place, CASE WHEN given.status = 'pending' AND NOT coalesce(e.active, true) THEN 'failed' ELSE given.status END
                    AS status, given.lease, given.next_attempt_at, given.response_status, given.response_body, given.error_code,
                    given.duration_ms
                FROM unnest(v_places, p_organization_ids, v_endpoints, p_statuses, p_leases, p_next_attempts, p_response_statuses,
                    p_response_bodies, p_error_codes, p_durations) AS given(place, organization_id, endpoint_id, status, lease,
                    next_attempt_at, response_status, response_body, error_code, duration_ms)
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
