-- What waits to be told of a video is not told any more once that is private, however long it waited, and cannot be sent again: only what was told
-- before stays told. What is being sent is not tried again; what is written down of it at this moment is not waited for, since whoever does so
-- holds several.
CREATE FUNCTION untold_follow_video() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM webhook_deliveries WHERE (organization_id, id) IN (
        SELECT organization_id, id FROM webhook_deliveries
        WHERE organization_id = NEW.organization_id AND video_id = NEW.id AND status <> 'delivered' FOR UPDATE SKIP LOCKED);
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION untold_follow_video() FROM public;
CREATE TRIGGER videos_lead_deliveries AFTER UPDATE OF visibility ON videos
    FOR EACH ROW WHEN (NEW.visibility = 'private' AND OLD.visibility <> 'private') EXECUTE FUNCTION untold_follow_video();

CREATE OR REPLACE FUNCTION claim_webhook_deliveries(p_endpoints uuid[], p_free integer[], p_others integer, p_limit integer, p_worker text,
    p_now timestamptz, p_until timestamptz)
RETURNS TABLE (organization_id uuid, id uuid, endpoint_id uuid, url text, event text, payload text, attempts integer, created_at timestamptz,
    lease uuid, secret_ids uuid[], secrets bytea[])
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
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
    v_place tid;
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
        v_target := NULL;
        FOR v_place IN
            SELECT d.ctid FROM webhook_deliveries d
            WHERE d.endpoint_id = v_endpoint AND d.status = 'pending' AND d.next_attempt_at <= p_now
            ORDER BY d.next_attempt_at, d.id LIMIT v_slots FOR UPDATE SKIP LOCKED
        LOOP
            IF v_target IS NULL THEN
                SELECT e.url, e.active AND NOT o.tasks_held AS is_told, own.ids, own.secrets INTO v_target
                FROM webhook_deliveries d JOIN webhook_endpoints e ON e.organization_id = d.organization_id AND e.id = d.endpoint_id
                JOIN organizations o ON o.id = d.organization_id
                CROSS JOIN LATERAL (
                    SELECT array_agg(s.id ORDER BY s.created_at DESC, s.id) AS ids, array_agg(s.secret ORDER BY s.created_at DESC, s.id) AS secrets
                    FROM webhook_secrets s WHERE s.organization_id = e.organization_id AND s.endpoint_id = e.id
                        AND (s.expires_at IS NULL OR s.expires_at > p_now)) AS own
                WHERE d.ctid = v_place;
            END IF;
            -- One that came while its endpoint was being disabled waits for it to be enabled, and all wait while nothing is done for their
            -- organization.
            EXIT WHEN NOT v_target.is_told;
            v_left := v_left - 1;
            RETURN QUERY UPDATE webhook_deliveries d SET lease = gen_random_uuid(), leased_by = p_worker, next_attempt_at = p_until
                WHERE d.ctid = v_place
                RETURNING d.organization_id, d.id, d.endpoint_id, v_target.url, d.event, d.payload, d.attempts, d.created_at, d.lease,
                    v_target.ids, v_target.secrets;
        END LOOP;
    END LOOP;
END $$;
