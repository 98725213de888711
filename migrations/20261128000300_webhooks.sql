-- Where an organization wants to be told what happens, and each telling.

CREATE TABLE webhook_endpoints (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    url text NOT NULL CONSTRAINT webhook_endpoints_url_length CHECK (char_length(url) BETWEEN 1 AND 2048),
    description text CONSTRAINT webhook_endpoints_description_length CHECK (char_length(description) <= 500),
    events text[] NOT NULL CONSTRAINT webhook_endpoints_events CHECK (cardinality(events) BETWEEN 1 AND 50),
    active boolean NOT NULL DEFAULT true,
    -- Since when nothing was taken; null once something was.
    failing_since timestamptz,
    -- When the server itself stopped telling, and why.
    disabled_at timestamptz,
    disabled_reason text CONSTRAINT webhook_endpoints_disabled_reason CHECK (disabled_reason IN ('gone', 'failing')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CONSTRAINT webhook_endpoints_disabled CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL) AND NOT (active AND disabled_at IS NOT NULL))
);
CREATE INDEX webhook_endpoints_newest ON webhook_endpoints (organization_id, created_at DESC, id DESC);
CREATE TRIGGER webhook_endpoints_updated_at BEFORE UPDATE OF url, description, events, active ON webhook_endpoints
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CALL protect_organization_table('webhook_endpoints');
CALL admit_system('webhook_endpoints', 'select, update');
CALL audit_table('webhook_endpoints', 'webhook_endpoint', 'url', 'description', 'events', 'active', 'disabled_reason');

-- What messages are signed with: several at once while receivers change over.
CREATE TABLE webhook_secrets (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    -- Bound into the sealed value, and so the only column that tells rows apart.
    id uuid NOT NULL DEFAULT uuidv7() CONSTRAINT webhook_secrets_id_key UNIQUE,
    endpoint_id uuid NOT NULL,
    secret bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Until then it signs beside its successor.
    expires_at timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, endpoint_id) REFERENCES webhook_endpoints ON DELETE CASCADE
);
CREATE INDEX webhook_secrets_endpoint ON webhook_secrets (organization_id, endpoint_id, created_at);
CREATE INDEX webhook_secrets_expiry ON webhook_secrets (expires_at);
CALL protect_organization_table('webhook_secrets');
CALL admit_system('webhook_secrets', 'select, update, delete');
-- It is shown once, by whom it was made; what signs reads it as the system.
REVOKE SELECT ON webhook_secrets FROM memoreel_app;
GRANT SELECT (organization_id, id, endpoint_id, created_at, expires_at) ON webhook_secrets TO memoreel_app;
CALL audit_table('webhook_secrets', 'webhook_secret', 'endpoint_id', 'expires_at', '!secret');

CREATE TABLE webhook_deliveries (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    endpoint_id uuid NOT NULL,
    -- What it is about. What was told of a video goes with it; nothing is told of private ones.
    video_id uuid,
    event text NOT NULL CONSTRAINT webhook_deliveries_event CHECK (char_length(event) BETWEEN 1 AND 100),
    -- As it is sent, byte by byte, however often.
    payload text NOT NULL,
    status text NOT NULL DEFAULT 'pending'
        CONSTRAINT webhook_deliveries_status CHECK (status IN ('pending', 'delivered', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    -- When it is due; while somebody sends it, when their lease is over.
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    lease uuid,
    leased_by text,
    last_attempt_at timestamptz,
    response_status integer,
    response_body text CONSTRAINT webhook_deliveries_response_body CHECK (char_length(response_body) <= 1000),
    error_code text,
    duration_ms integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (organization_id, id),
    CONSTRAINT webhook_deliveries_finished CHECK ((status = 'pending') = (finished_at IS NULL)),
    CONSTRAINT webhook_deliveries_lease CHECK (lease IS NULL OR status = 'pending'),
    FOREIGN KEY (organization_id, endpoint_id) REFERENCES webhook_endpoints ON DELETE CASCADE,
    FOREIGN KEY (organization_id, video_id) REFERENCES videos ON DELETE CASCADE
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_attempt_at, id) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_newest ON webhook_deliveries (organization_id, created_at DESC, id DESC);
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (organization_id, endpoint_id, created_at DESC, id DESC);
CREATE INDEX webhook_deliveries_video ON webhook_deliveries (organization_id, video_id);
CREATE INDEX webhook_deliveries_over ON webhook_deliveries (finished_at) WHERE status <> 'pending';
CALL protect_organization_table('webhook_deliveries');
CALL admit_system('webhook_deliveries', 'select, update, delete');

-- What somebody outside calls what happened; null for what is of no interest there.
CREATE FUNCTION webhook_event_of(p_kind text, p_video_status text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE p_kind
        WHEN 'video_added' THEN 'video.added'
        WHEN 'playback_ready' THEN 'video.playable'
        WHEN 'transcript_ready' THEN 'video.transcribed'
        WHEN 'video_indexed' THEN 'video.indexed'
        WHEN 'summary_ready' THEN 'video.summarised'
        WHEN 'video_changed' THEN 'video.changed'
        WHEN 'video_deleted' THEN 'video.deleted'
        WHEN 'video_restored' THEN 'video.restored'
        WHEN 'video_settled' THEN CASE p_video_status WHEN 'completed' THEN 'video.completed' WHEN 'failed' THEN 'video.failed' END
    END
$$;

CREATE FUNCTION webhook_time(p_time timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(p_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- What is told comes into being with what happened: in the statement that writes the outbox, whoever writes it. It runs with the
-- rights of whoever that is. An endpoint is the organization's, so that nothing is told of private videos; a task would see them.
CREATE FUNCTION record_webhook_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM webhook_endpoints e WHERE e.organization_id = NEW.organization_id AND e.active) THEN
        RETURN NULL;
    END IF;
    INSERT INTO webhook_deliveries (organization_id, endpoint_id, video_id, event, payload, next_attempt_at, created_at)
    SELECT NEW.organization_id, e.id, v.id, told.event, json_build_object(
            'type', told.event, 'timestamp', webhook_time(NEW.created_at), 'data', json_build_object(
                'organization_id', v.organization_id, 'video', json_build_object(
                    'id', v.id, 'title', v.title, 'status', v.status, 'visibility', v.visibility, 'channel_id', v.channel_id,
                    'error_code', v.error_code, 'error_message', v.error_message, 'created_at', webhook_time(v.created_at))))::text,
        NEW.created_at, NEW.created_at
    FROM videos v CROSS JOIN LATERAL (SELECT webhook_event_of(NEW.kind, v.status) AS event) AS told
        JOIN webhook_endpoints e ON e.organization_id = v.organization_id AND e.active AND told.event = ANY(e.events)
    WHERE v.organization_id = NEW.organization_id AND v.id = NEW.aggregate_id AND v.visibility <> 'private';
    IF FOUND THEN
        PERFORM pg_notify('memoreel_webhooks', '');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER webhooks AFTER INSERT ON outbox FOR EACH ROW
    WHEN (webhook_event_of(NEW.kind, 'completed') IS NOT NULL) EXECUTE FUNCTION record_webhook_deliveries();

-- An endpoint that is not told any more is not told what waits either: that is failed, and can be sent again.
CREATE FUNCTION end_webhook_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE webhook_deliveries SET status = 'failed', error_code = coalesce(error_code, 'endpoint_inactive'), finished_at = now(),
        lease = NULL, leased_by = NULL
    -- What is being sent ends by itself; to wait for it here could make it wait for us.
    WHERE organization_id = NEW.organization_id AND endpoint_id = NEW.id AND status = 'pending' AND lease IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER inactive AFTER UPDATE OF active ON webhook_endpoints FOR EACH ROW
    WHEN (OLD.active AND NOT NEW.active) EXECUTE FUNCTION end_webhook_deliveries();

-- Leases what is due: of each endpoint in the first list as many as stand beside it, of each other one `p_others`, and `p_limit` in
-- all, from a random endpoint on, so that none is always last. As with tasks, a claim does not wait for the disk, and plans are
-- made for many.
CREATE FUNCTION claim_webhook_deliveries(p_endpoints uuid[], p_free integer[], p_others integer, p_limit integer, p_worker text,
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
                SELECT e.url, e.active, own.ids, own.secrets INTO v_target
                FROM webhook_deliveries d JOIN webhook_endpoints e ON e.organization_id = d.organization_id AND e.id = d.endpoint_id
                CROSS JOIN LATERAL (
                    SELECT array_agg(s.id ORDER BY s.created_at DESC, s.id) AS ids, array_agg(s.secret ORDER BY s.created_at DESC, s.id) AS secrets
                    FROM webhook_secrets s WHERE s.organization_id = e.organization_id AND s.endpoint_id = e.id
                        AND (s.expires_at IS NULL OR s.expires_at > p_now)) AS own
                WHERE d.ctid = v_place;
            END IF;
            -- One that came while its endpoint was being disabled waits for it to be enabled.
            EXIT WHEN NOT v_target.active;
            v_left := v_left - 1;
            RETURN QUERY UPDATE webhook_deliveries d SET lease = gen_random_uuid(), leased_by = p_worker, next_attempt_at = p_until
                WHERE d.ctid = v_place
                RETURNING d.organization_id, d.id, d.endpoint_id, v_target.url, d.event, d.payload, d.attempts, d.created_at, d.lease,
                    v_target.ids, v_target.secrets;
        END LOOP;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION claim_webhook_deliveries FROM public;
GRANT EXECUTE ON FUNCTION claim_webhook_deliveries TO memoreel_system;

-- Writes down what became of deliveries whose leases are still held. A status of pending means that another try follows. Returns the
-- endpoints that are disabled by it: those that are gone, and those that have taken nothing for `p_failing_for`.
CREATE FUNCTION finish_webhook_deliveries(p_organization_ids uuid[], p_ids uuid[], p_leases uuid[], p_statuses text[],
    p_next_attempts timestamptz[], p_response_statuses integer[], p_response_bodies text[], p_error_codes text[], p_durations integer[],
    p_gone uuid[], p_now timestamptz, p_failing_for interval)
RETURNS TABLE (organization_id uuid, endpoint_id uuid)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    v_place integer;
    v_status text;
    v_endpoint record;
    v_taken jsonb := '{}';
BEGIN
    FOR v_place IN 1 .. cardinality(p_ids) LOOP
        v_status := p_statuses[v_place];
        -- There is no other try where nothing is told any more.
        IF v_status = 'pending' AND NOT coalesce((SELECT e.active FROM webhook_deliveries d
                JOIN webhook_endpoints e ON e.organization_id = d.organization_id AND e.id = d.endpoint_id
                WHERE d.organization_id = p_organization_ids[v_place] AND d.id = p_ids[v_place]), true) THEN
            v_status := 'failed';
        END IF;
        UPDATE webhook_deliveries d SET status = v_status, attempts = d.attempts + 1, last_attempt_at = p_now,
            next_attempt_at = p_next_attempts[v_place], response_status = p_response_statuses[v_place],
            response_body = p_response_bodies[v_place], error_code = p_error_codes[v_place], duration_ms = p_durations[v_place],
            lease = NULL, leased_by = NULL, finished_at = CASE WHEN v_status = 'pending' THEN NULL ELSE p_now END
        WHERE d.organization_id = p_organization_ids[v_place] AND d.id = p_ids[v_place] AND d.lease = p_leases[v_place]
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
REVOKE ALL ON FUNCTION finish_webhook_deliveries FROM public;
GRANT EXECUTE ON FUNCTION finish_webhook_deliveries TO memoreel_system;
