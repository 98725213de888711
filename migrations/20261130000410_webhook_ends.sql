-- What became of a message is not waited for: of what a crash undoes, the lease runs out or is taken back, and the message is sent again under
-- its id, as one would be whose end was never written down. And each message is found by its key, however many others there are.
CREATE OR REPLACE FUNCTION finish_webhook_deliveries(p_organization_ids uuid[], p_ids uuid[], p_leases uuid[], p_statuses text[],
    p_next_attempts timestamp with time zone[], p_response_statuses integer[], p_response_bodies text[], p_error_codes text[],
    p_durations integer[], p_gone uuid[], p_now timestamp with time zone, p_failing_for interval)
    RETURNS TABLE(organization_id uuid, endpoint_id uuid) LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_sort TO 'off'
    AS $$
#variable_conflict use_column
DECLARE
    v_place integer;
    v_status text;
    v_delivery record;
    v_endpoint record;
    v_taken jsonb := '{}';
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    FOR v_place IN 1 .. cardinality(p_ids) LOOP
        -- The first from its key on in the order of the key: for an empty table any index would be as good, and the plan is kept.
        SELECT d.ctid AS place, d.id, d.endpoint_id INTO v_delivery FROM webhook_deliveries d
            WHERE d.organization_id = p_organization_ids[v_place] AND d.id >= p_ids[v_place]
            ORDER BY d.organization_id, d.id LIMIT 1 FOR UPDATE;
        CONTINUE WHEN NOT FOUND OR v_delivery.id <> p_ids[v_place];
        v_status := p_statuses[v_place];
        -- There is no other try where nothing is told any more.
        IF v_status = 'pending' AND NOT coalesce((SELECT e.active FROM webhook_endpoints e
                WHERE e.organization_id = p_organization_ids[v_place] AND e.id = v_delivery.endpoint_id), true) THEN
            v_status := 'failed';
        END IF;
        UPDATE webhook_deliveries d SET status = v_status, attempts = d.attempts + 1, last_attempt_at = p_now,
            next_attempt_at = p_next_attempts[v_place], response_status = p_response_statuses[v_place],
            response_body = p_response_bodies[v_place], error_code = p_error_codes[v_place], duration_ms = p_durations[v_place],
            lease = NULL, leased_by = NULL, finished_at = CASE WHEN v_status = 'pending' THEN NULL ELSE p_now END
        WHERE d.ctid = v_delivery.place AND d.lease = p_leases[v_place]
        RETURNING d.organization_id, d.endpoint_id INTO v_endpoint;
        IF FOUND THEN
            -- Whether any of the endpoint's was taken.
            v_taken := v_taken || jsonb_build_object(v_endpoint.endpoint_id, jsonb_build_object('of', v_endpoint.organization_id,
                'any', coalesce((v_taken #>> ARRAY[v_endpoint.endpoint_id::text, 'any'])::boolean, false) OR v_status = 'delivered'));
        END IF;
    END LOOP;
    FOR v_endpoint IN
        SELECT key::uuid AS id, (value ->> 'of')::uuid AS of, (value ->> 'any')::boolean AS any FROM jsonb_each(v_taken) ORDER BY 1
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
