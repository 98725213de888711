-- Today's schema, written by `cargo xtask codegen`. The migrations are the source.

-- Name: vector; Type: EXTENSION; Schema: -; Owner: -

CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;

-- Name: EXTENSION vector; Type: COMMENT; Schema: -; Owner: -

COMMENT ON EXTENSION vector IS 'vector data type and ivfflat and hnsw access methods';

-- Name: added_count(jsonb, text, bigint); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.added_count(p_counts jsonb, p_table text, p_rows bigint) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE WHEN p_rows = 0 THEN p_counts
        ELSE p_counts || jsonb_build_object(p_table, coalesce((p_counts ->> p_table)::bigint, 0) + p_rows) END
$$;

-- Name: addresses_of(uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.addresses_of(p_user_id uuid) RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT DISTINCT lower(address) FROM (
        SELECT email AS address FROM users WHERE id = p_user_id
        UNION ALL SELECT email FROM email_tokens WHERE user_id = p_user_id
        UNION ALL SELECT new_email FROM email_tokens WHERE user_id = p_user_id
        UNION ALL SELECT a.details #>> ARRAY[side, 'email'] FROM audit_logs a
            JOIN organizations o ON o.id = a.organization_id AND o.personal_owner_id = p_user_id
            CROSS JOIN unnest(ARRAY['old', 'new']) AS side
            WHERE a.target_kind = 'user' AND a.target_id = p_user_id
    ) AS known WHERE address IS NOT NULL
$$;

-- Name: admit_search(regclass); Type: PROCEDURE; Schema: public; Owner: -

CREATE PROCEDURE public.admit_search(IN target regclass)
    LANGUAGE plpgsql
    AS $$
BEGIN
    EXECUTE format('GRANT SELECT ON %s TO memoreel_search', target);
    EXECUTE format('CREATE POLICY search_select ON %s FOR SELECT TO memoreel_search USING (true)', target);
END $$;

-- Name: admit_system(regclass, text); Type: PROCEDURE; Schema: public; Owner: -

CREATE PROCEDURE public.admit_system(IN target regclass, IN verbs text)
    LANGUAGE plpgsql
    AS $$
DECLARE
    verb text;
BEGIN
    EXECUTE format('GRANT %s ON %s TO memoreel_system', verbs, target);
    FOREACH verb IN ARRAY regexp_split_to_array(verbs, '\s*,\s*') LOOP
        EXECUTE format('CREATE POLICY system_%s ON %s FOR %s TO memoreel_system %s', verb, target, verb,
            CASE verb WHEN 'insert' THEN 'WITH CHECK (true)'
                      WHEN 'update' THEN 'USING (true) WITH CHECK (true)'
                      ELSE 'USING (true)' END);
    END LOOP;
END $$;

-- Name: asset_terms_follow(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.asset_terms_follow() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    DELETE FROM asset_terms WHERE organization_id = NEW.organization_id AND asset_id = NEW.id;
    INSERT INTO asset_terms (organization_id, term, asset_id)
    SELECT NEW.organization_id, term, NEW.id FROM unnest(asset_terms_of(NEW.tags, NEW.custom_metadata)) AS term;
    RETURN NULL;
END $$;

-- Name: asset_terms_of(text[], jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.asset_terms_of(p_tags text[], p_metadata jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT coalesce(array_agg(found.term), '{}') FROM (
        SELECT 'tag:' || tag AS term FROM unnest(p_tags) AS tag
        UNION
        SELECT 'data:' || named.key || '=' || spelled.value
        FROM jsonb_each(CASE jsonb_typeof(p_metadata) WHEN 'object' THEN p_metadata ELSE '{}' END) AS named
        CROSS JOIN LATERAL (SELECT CASE jsonb_typeof(named.value)
            WHEN 'number' THEN trim_scale(named.value::numeric)::text
            WHEN 'string' THEN named.value #>> '{}'
            WHEN 'boolean' THEN named.value #>> '{}' END AS value) AS spelled
        -- Longer ones are kept, and not found by; a list and an object are no term either.
        WHERE length(spelled.value) <= 500
    ) AS found
$$;

-- Name: assets_follow_video(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.assets_follow_video() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    UPDATE assets SET visibility = NEW.visibility, owner_id = NEW.author_id, deleted_at = NEW.deleted_at,
        retention_until = NEW.retention_until
    WHERE organization_id = NEW.organization_id AND id = NEW.asset_id;
    RETURN NULL;
END $$;

-- Name: audit_digest(uuid, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.audit_digest(p_salt uuid, p_details jsonb) RETURNS bytea
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT sha256(uuid_send(p_salt) || convert_to(p_details::text, 'UTF8'))
$$;

-- Name: audit_logs; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.audit_logs (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    occurred_at timestamp with time zone DEFAULT now() NOT NULL,
    actor_id uuid,
    actor_kind text NOT NULL,
    action text NOT NULL,
    target_kind text NOT NULL,
    target_id uuid NOT NULL,
    request_id text,
    details jsonb,
    details_salt uuid DEFAULT gen_random_uuid(),
    details_digest bytea NOT NULL,
    seq bigint,
    hash bytea,
    CONSTRAINT audit_logs_actor_kind CHECK ((actor_kind = ANY (ARRAY['session'::text, 'api_key'::text, 'system'::text]))),
    CONSTRAINT audit_logs_details CHECK (((details IS NULL) = (details_salt IS NULL))),
    CONSTRAINT audit_logs_sealed CHECK (((seq IS NULL) = (hash IS NULL)))
);

ALTER TABLE ONLY public.audit_logs FORCE ROW LEVEL SECURITY;

-- Name: audit_hash(bytea, public.audit_logs); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.audit_hash(p_before bytea, p_entry public.audit_logs) RETURNS bytea
    LANGUAGE sql STABLE
    AS $$
    SELECT sha256(coalesce(p_before, ''::bytea) || convert_to(jsonb_build_array(p_entry.organization_id, p_entry.seq, p_entry.id,
        extract(epoch FROM p_entry.occurred_at), p_entry.actor_id, p_entry.actor_kind, p_entry.action, p_entry.target_kind,
        p_entry.target_id, p_entry.request_id, encode(p_entry.details_digest, 'hex'))::text, 'UTF8'))
$$;

-- Name: audit_is_about(jsonb, uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.audit_is_about(p_details jsonb, p_user_id uuid) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT coalesce(p_user_id::text IN (p_details ->> 'subject', p_details #>> '{old,user_id}', p_details #>> '{new,user_id}'), false)
$$;

-- Name: audit_table(regclass, text, text[]); Type: PROCEDURE; Schema: public; Owner: -

CREATE PROCEDURE public.audit_table(IN target regclass, IN kind text, VARIADIC columns text[])
    LANGUAGE plpgsql
    AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW
        WHEN (current_setting(''app.role'', true) IS DISTINCT FROM ''service'') EXECUTE FUNCTION record_audit(%s)',
        target, (SELECT string_agg(quote_literal(argument), ', ' ORDER BY place)
                 FROM unnest(ARRAY[kind] || columns) WITH ORDINALITY AS given(argument, place)));
END $$;

-- Name: audit_value(jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.audit_value(p_value jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE WHEN jsonb_typeof(p_value) = 'string' AND char_length(p_value #>> '{}') > 500
        THEN to_jsonb(left(p_value #>> '{}', 500) || '…') ELSE p_value END
$$;

-- Name: audited_of(uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.audited_of(p_user_id uuid) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT id FROM memberships WHERE user_id = p_user_id
    UNION SELECT id FROM api_keys WHERE user_id = p_user_id
    UNION SELECT id FROM speakers WHERE user_id = p_user_id
    UNION SELECT a.target_id FROM audit_logs a WHERE audit_is_about(a.details, p_user_id)
        AND NOT EXISTS (SELECT FROM organizations o WHERE o.id = a.organization_id AND o.personal_owner_id = p_user_id)
$$;

-- Name: chunk_context(uuid, uuid, text[]); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.chunk_context(p_organization_id uuid, p_video_id uuid, p_speakers text[]) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $_$
    SELECT concat_ws(E'\n', v.title, (SELECT string_agg(coalesce(s.name, s.label), E'\n' ORDER BY s.label) FROM speakers s
        WHERE s.organization_id = p_organization_id AND s.video_id = p_video_id AND s.label = ANY(p_speakers)
            AND (s.name IS NOT NULL OR s.label !~ '^Speaker [0-9]+$')))
    FROM videos v WHERE v.organization_id = p_organization_id AND v.id = p_video_id
$_$;

-- Name: chunks_follow_asset(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.chunks_follow_asset() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    DELETE FROM chunks WHERE organization_id = NEW.organization_id AND asset_id = NEW.id;
    RETURN NULL;
END $$;

-- Name: chunks_follow_speaker(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.chunks_follow_speaker() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    -- Indexing holds the video's row until its passages can be seen here.
    PERFORM FROM videos WHERE organization_id = NEW.organization_id AND id = NEW.video_id FOR NO KEY UPDATE;
    UPDATE chunks SET context = chunk_context(organization_id, video_id, speakers)
    WHERE organization_id = NEW.organization_id AND video_id = NEW.video_id AND NEW.label = ANY(speakers);
    RETURN NULL;
END $$;

-- Name: chunks_follow_video(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.chunks_follow_video() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    IF NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL THEN
        DELETE FROM chunks WHERE organization_id = NEW.organization_id AND video_id = NEW.id;
    ELSIF NEW.visibility <> OLD.visibility OR NEW.author_id IS DISTINCT FROM OLD.author_id THEN
        UPDATE chunks SET visibility = NEW.visibility, owner_id = NEW.author_id
        WHERE organization_id = NEW.organization_id AND video_id = NEW.id;
    END IF;
    IF NEW.title <> OLD.title THEN
        UPDATE chunks SET context = chunk_context(organization_id, video_id, speakers)
        WHERE organization_id = NEW.organization_id AND video_id = NEW.id AND NOT is_picture;
    END IF;
    RETURN NULL;
END $$;

-- Name: claim_tasks(text[], integer[], text, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.claim_tasks(p_kinds text[], p_slots integer[], p_worker text, p_now timestamp with time zone, p_leased_until timestamp with time zone) RETURNS TABLE(organization_id uuid, id uuid, kind text, subject_id uuid, payload jsonb, lease uuid, attempts integer, attempts_max integer)
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
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

-- Name: claim_webhook_deliveries(uuid[], integer[], integer, integer, text, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.claim_webhook_deliveries(p_endpoints uuid[], p_free integer[], p_others integer, p_limit integer, p_worker text, p_now timestamp with time zone, p_until timestamp with time zone) RETURNS TABLE(organization_id uuid, id uuid, endpoint_id uuid, url text, event text, payload text, attempts integer, created_at timestamp with time zone, lease uuid, secret_ids uuid[], secrets bytea[])
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
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

-- Name: cleanup_expired_invitations(timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.cleanup_expired_invitations(p_now timestamp with time zone DEFAULT now()) RETURNS bigint
    LANGUAGE sql
    AS $$
    WITH expired AS (
        UPDATE organization_invitations SET status = 'expired' WHERE status = 'pending' AND expires_at <= p_now RETURNING id)
    SELECT count(*) FROM expired
$$;

-- Name: count_organization_chunks(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.count_organization_chunks() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO organization_chunk_counts AS counts (organization_id, chunk_count)
        SELECT organization_id, count(*) FROM changed WHERE NOT is_picture GROUP BY organization_id ORDER BY organization_id
        ON CONFLICT (organization_id) DO UPDATE SET chunk_count = counts.chunk_count + excluded.chunk_count;
    ELSE
        UPDATE organization_chunk_counts AS counts SET chunk_count = counts.chunk_count - gone.number
        FROM (SELECT organization_id, count(*) AS number FROM changed WHERE NOT is_picture GROUP BY organization_id) AS gone
        WHERE counts.organization_id = gone.organization_id;
    END IF;
    RETURN NULL;
END $$;

-- Name: end_webhook_deliveries(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.end_webhook_deliveries() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE webhook_deliveries SET status = 'failed', error_code = coalesce(error_code, 'endpoint_inactive'), finished_at = now(),
        lease = NULL, leased_by = NULL
    -- What is being sent ends by itself; to wait for it here could make it wait for us.
    WHERE organization_id = NEW.organization_id AND endpoint_id = NEW.id AND status = 'pending' AND lease IS NULL;
    RETURN NULL;
END $$;

-- Name: erase_exports_naming(uuid, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.erase_exports_naming(p_user_id uuid, p_now timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    v_organizations uuid[];
    v_gone jsonb;
BEGIN
    PERFORM FROM users WHERE id = p_user_id AND erased_after <= p_now FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '[]';
    END IF;
    PERFORM set_config('app.role', 'service', true);
    SELECT array_agg(DISTINCT named.id) INTO v_organizations FROM organizations_naming(p_user_id) AS named(id)
        WHERE NOT EXISTS (SELECT FROM organizations o WHERE o.id = named.id AND o.personal_owner_id = p_user_id);
    DELETE FROM tasks t USING organization_exports e
        WHERE e.organization_id = ANY(v_organizations) AND t.organization_id = e.organization_id AND t.subject_id = e.id;
    WITH gone AS (DELETE FROM organization_exports WHERE organization_id = ANY(v_organizations) RETURNING organization_id, id)
    SELECT coalesce(jsonb_agg(jsonb_build_array(organization_id, id)), '[]') INTO v_gone FROM gone;
    PERFORM set_config('app.role', '', true);
    RETURN v_gone;
END $$;

-- Name: erase_mentions(text[]); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.erase_mentions(p_words text[]) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    v_answers bigint;
    v_entries bigint;
BEGIN
    DELETE FROM idempotency_keys k WHERE EXISTS (SELECT FROM unnest(p_words) AS word
        WHERE position(lower(word) IN lower(encode(k.response_body, 'escape'))) > 0);
    GET DIAGNOSTICS v_answers = ROW_COUNT;
    UPDATE audit_logs a SET details = NULL, details_salt = NULL WHERE a.details IS NOT NULL
        AND EXISTS (SELECT FROM unnest(p_words) AS word WHERE position(lower(word) IN lower(a.details::text)) > 0
            OR a.target_id::text = word OR a.actor_id::text = word);
    GET DIAGNOSTICS v_entries = ROW_COUNT;
    RETURN jsonb_build_object('idempotency_keys', v_answers, 'audit_logs', v_entries);
END $$;

-- Name: erase_organization(uuid, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.erase_organization(p_organization_id uuid, p_now timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    v_removed jsonb;
    v_mentions jsonb;
BEGIN
    PERFORM FROM organizations WHERE id = p_organization_id AND status = 'deleted' AND erased_after <= p_now FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    v_removed := added_count(organization_row_counts(p_organization_id), 'organizations', 1);
    PERFORM set_config('app.role', 'service', true);
    PERFORM pg_notify('memoreel_erased', p_organization_id::text);
    DELETE FROM organizations WHERE id = p_organization_id;
    -- Whoever made it did so from their own organization, where the answer may be kept.
    v_mentions := erase_mentions(ARRAY[p_organization_id::text]);
    v_removed := added_count(v_removed, 'idempotency_keys', (v_mentions ->> 'idempotency_keys')::bigint);
    RETURN jsonb_build_object('removed', v_removed,
        'cleared', added_count('{}', 'audit_logs', (v_mentions ->> 'audit_logs')::bigint));
END $$;

-- Name: erase_person(uuid, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.erase_person(p_user_id uuid, p_now timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
DECLARE
    v_personal uuid;
    v_videos uuid[];
    v_assets uuid[];
    v_addresses text[];
    v_audited uuid[];
    v_removed jsonb := '{}';
    v_cleared jsonb := '{}';
    v_reference record;
    v_speaker record;
    v_table text;
    v_rows bigint;
    v_mentions jsonb;
BEGIN
    PERFORM FROM users WHERE id = p_user_id AND erased_after <= p_now FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT id INTO v_personal FROM organizations WHERE personal_owner_id = p_user_id;
    SELECT coalesce(array_agg(video_id), '{}'), coalesce(array_agg(asset_id) FILTER (WHERE asset_id IS NOT NULL), '{}')
        INTO v_videos, v_assets FROM private_videos_of(p_user_id);
    SELECT coalesce(array_agg(address), '{}') INTO v_addresses FROM proved_addresses_of(p_user_id) AS address;
    SELECT coalesce(array_agg(id), '{}') INTO v_audited FROM audited_of(p_user_id) AS id;

    -- What goes along with the person, wherever it lies; their own organization is counted as a whole.
    FOR v_reference IN
        SELECT k.conrelid::regclass::text AS name, a.attname AS of_column, EXISTS (SELECT FROM pg_attribute o
            WHERE o.attrelid = k.conrelid AND o.attname = 'organization_id' AND NOT o.attisdropped) AS is_in_organization
        FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
        WHERE k.contype = 'f' AND k.confrelid = 'users'::regclass AND cardinality(k.conkey) = 1 AND k.confdeltype = 'c'
    LOOP
        EXECUTE format('SELECT count(*) FROM %s WHERE %I = $1 %s', v_reference.name, v_reference.of_column,
            CASE WHEN v_reference.is_in_organization THEN 'AND organization_id IS DISTINCT FROM $2' ELSE '' END)
            INTO v_rows USING p_user_id, v_personal;
        v_removed := added_count(v_removed, v_reference.name, v_rows);
    END LOOP;

    -- Those who search keep vectors in memory, and are told to forget them.
    PERFORM pg_notify('memoreel_erased', organization_id::text)
        FROM (SELECT organization_id FROM private_videos_of(p_user_id) UNION SELECT v_personal WHERE v_personal IS NOT NULL) AS told;

    -- That somebody left is told in the log of each organization; who it was goes with the mentions below.
    DELETE FROM memberships WHERE user_id = p_user_id AND organization_id IS DISTINCT FROM v_personal;
    -- The rest follows from that and leaves no entries.
    PERFORM set_config('app.role', 'service', true);

    -- Private videos elsewhere. What hangs on them goes with them, and is counted first.
    FOR v_table IN
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'video_id'
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT a.attisdropped
    LOOP
        EXECUTE format('SELECT count(*) FROM %I WHERE video_id = ANY($1)', v_table) INTO v_rows USING v_videos;
        v_removed := added_count(v_removed, v_table, v_rows);
    END LOOP;
    SELECT count(*) INTO v_rows FROM chunk_embeddings e JOIN chunks c ON c.organization_id = e.organization_id AND c.id = e.chunk_id
        WHERE c.video_id = ANY(v_videos);
    v_removed := added_count(v_removed, 'chunk_embeddings', v_rows);
    SELECT count(*) INTO v_rows FROM renditions WHERE asset_id = ANY(v_assets);
    v_removed := added_count(v_removed, 'renditions', v_rows);
    -- Sounds are made of the asset.
    DELETE FROM tasks WHERE subject_id = ANY(v_videos || v_assets);
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    v_removed := added_count(v_removed, 'tasks', v_rows);
    DELETE FROM outbox WHERE aggregate_id = ANY(v_videos || v_assets);
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    v_removed := added_count(v_removed, 'outbox', v_rows);
    DELETE FROM blob_deletions d USING unnest(v_assets) AS asset WHERE position('/assets/' || asset::text IN d.blob_key) > 0;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    v_removed := added_count(v_removed, 'blob_deletions', v_rows);
    DELETE FROM videos WHERE id = ANY(v_videos);
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    v_removed := added_count(v_removed, 'videos', v_rows);
    DELETE FROM assets WHERE id = ANY(v_assets);
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    v_removed := added_count(v_removed, 'assets', v_rows);
    -- After the assets, by whose going it is told what uploads may have left.
    DELETE FROM uploads WHERE video_id = ANY(v_videos);
    DELETE FROM uploads WHERE user_id = p_user_id AND organization_id IS DISTINCT FROM v_personal;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    v_removed := added_count(v_removed, 'uploads', v_rows);

    -- The voice of a transcript that is known to be theirs is nobody's from now on.
    FOR v_speaker IN
        SELECT s.organization_id, s.video_id, s.id, s.label, CASE WHEN s.label ~ '^Speaker [0-9]+$' THEN s.label
            ELSE 'Speaker ' || (SELECT 1 + coalesce(max(substring(other.label FROM '^Speaker ([0-9]{1,6})$')::integer), 0)
                FROM speakers other WHERE other.organization_id = s.organization_id AND other.video_id = s.video_id) END AS new_label
        FROM speakers s WHERE s.user_id = p_user_id AND s.organization_id IS DISTINCT FROM v_personal
    LOOP
        UPDATE speakers SET name = NULL, label = v_speaker.new_label
            WHERE organization_id = v_speaker.organization_id AND id = v_speaker.id;
        UPDATE chunks SET speakers = array_replace(speakers, v_speaker.label, v_speaker.new_label)
            WHERE organization_id = v_speaker.organization_id AND video_id = v_speaker.video_id;
        UPDATE chunks SET context = chunk_context(organization_id, video_id, speakers)
            WHERE organization_id = v_speaker.organization_id AND video_id = v_speaker.video_id AND NOT is_picture;
    END LOOP;

    -- Their own organization, with everything in it.
    IF v_personal IS NOT NULL THEN
        FOR v_table, v_rows IN SELECT key, value::bigint FROM jsonb_each_text(organization_row_counts(v_personal)) LOOP
            v_removed := added_count(v_removed, v_table, v_rows);
        END LOOP;
        DELETE FROM organizations WHERE id = v_personal;
        v_removed := added_count(v_removed, 'organizations', 1);
    END IF;

    DELETE FROM organization_invitations WHERE lower(email) = ANY(v_addresses);
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    v_removed := added_count(v_removed, 'organization_invitations', v_rows);

    -- What refers to the person and stays forgets them.
    FOR v_reference IN
        SELECT k.conrelid::regclass::text AS name, a.attname AS of_column
        FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
        WHERE k.contype = 'f' AND k.confrelid = 'users'::regclass AND cardinality(k.conkey) = 1 AND k.confdeltype <> 'c'
    LOOP
        EXECUTE format('SELECT count(*) FROM %s WHERE %I = $1', v_reference.name, v_reference.of_column)
            INTO v_rows USING p_user_id;
        v_cleared := added_count(v_cleared, v_reference.name, v_rows);
    END LOOP;
    DELETE FROM users WHERE id = p_user_id;
    v_removed := added_count(v_removed, 'users', 1);

    v_mentions := erase_mentions(ARRAY[p_user_id::text, v_personal::text] || v_videos::text[] || v_assets::text[] || v_audited::text[]
        -- As whole values: one address may be the end of another.
        || ARRAY(SELECT to_jsonb(address)::text FROM unnest(v_addresses) AS address));
    v_removed := added_count(v_removed, 'idempotency_keys', (v_mentions ->> 'idempotency_keys')::bigint);
    v_cleared := added_count(v_cleared, 'audit_logs', (v_mentions ->> 'audit_logs')::bigint);
    RETURN jsonb_build_object('removed', v_removed, 'cleared', v_cleared);
END $_$;

-- Name: files_follow_assets(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.files_follow_assets() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    v_key text;
BEGIN
    IF NEW.blob_id IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.blob_id IS DISTINCT FROM OLD.blob_id) THEN
        UPDATE blobs SET reference_count = reference_count + 1 WHERE organization_id = NEW.organization_id AND id = NEW.blob_id;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.blob_id IS NOT NULL AND NEW.blob_id IS DISTINCT FROM OLD.blob_id THEN
        UPDATE blobs SET reference_count = reference_count - 1 WHERE organization_id = OLD.organization_id AND id = OLD.blob_id;
        DELETE FROM blobs WHERE organization_id = OLD.organization_id AND id = OLD.blob_id AND reference_count = 0
            RETURNING blob_key INTO v_key;
        INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
        SELECT OLD.organization_id, v_key, 'epoch', 'no asset has it' FROM organizations WHERE id = OLD.organization_id AND v_key IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;

-- Name: files_follow_deleted_assets(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.files_follow_deleted_assets() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    PERFORM FROM blobs b WHERE (b.organization_id, b.id) IN (SELECT gone.organization_id, gone.blob_id FROM gone)
        ORDER BY b.organization_id, b.id FOR UPDATE OF b;
    UPDATE blobs b SET reference_count = b.reference_count - had.number
        FROM (SELECT organization_id, blob_id, count(*) AS number FROM gone WHERE blob_id IS NOT NULL GROUP BY organization_id, blob_id) AS had
        WHERE b.organization_id = had.organization_id AND b.id = had.blob_id;
    WITH unused AS (
        DELETE FROM blobs b USING (SELECT DISTINCT organization_id, blob_id FROM gone) AS had
        WHERE b.organization_id = had.organization_id AND b.id = had.blob_id AND b.reference_count = 0
        RETURNING b.organization_id, b.blob_key
    )
    INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
    SELECT unused.organization_id, unused.blob_key, 'epoch', 'no asset has it'
    FROM unused JOIN organizations o ON o.id = unused.organization_id;
    INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
    SELECT gone.organization_id, 'organizations/' || gone.organization_id || '/assets/' || gone.id, due.not_before, due.reason
    FROM gone JOIN organizations o ON o.id = gone.organization_id
    CROSS JOIN (VALUES ('epoch'::timestamptz, 'asset deleted'), (now() + interval '2 days', 'written late')) AS due (not_before, reason);
    RETURN NULL;
END $$;

-- Name: finish_task(uuid, uuid, uuid, uuid, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.finish_task(p_organization_id uuid, p_id uuid, p_lease uuid, p_subject_id uuid, p_now timestamp with time zone) RETURNS TABLE(is_held boolean, open_count bigint, failure_code text, failure_message text)
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
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

-- Name: finish_webhook_deliveries(uuid[], uuid[], uuid[], text[], timestamp with time zone[], integer[], text[], text[], integer[], uuid[], timestamp with time zone, interval); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.finish_webhook_deliveries(p_organization_ids uuid[], p_ids uuid[], p_leases uuid[], p_statuses text[], p_next_attempts timestamp with time zone[], p_response_statuses integer[], p_response_bodies text[], p_error_codes text[], p_durations integer[], p_gone uuid[], p_now timestamp with time zone, p_failing_for interval) RETURNS TABLE(organization_id uuid, endpoint_id uuid)
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_sort TO 'off'
    AS $$
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

-- Name: fitting_chunks(uuid, uuid, boolean, uuid, uuid, timestamp with time zone, timestamp with time zone, text, text[], text[], text[], uuid[], double precision[], integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.fitting_chunks(p_organization_id uuid, p_user_id uuid, p_service boolean, p_video_id uuid, p_channel_id uuid, p_from timestamp with time zone, p_to timestamp with time zone, p_speaker text, p_phrases text[], p_excluded text[], p_kinds text[], p_ids uuid[], p_distances double precision[], p_count integer, OUT ids uuid[], OUT distances double precision[]) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_sort TO 'off'
    AS $_$
        BEGIN
            SELECT array_agg(fitting.id ORDER BY fitting.distance, fitting.id),
                array_agg(fitting.distance ORDER BY fitting.distance, fitting.id) INTO ids, distances
            FROM (
                SELECT c.id, near.distance FROM unnest(p_ids, p_distances) AS near(chunk_id, distance)
                CROSS JOIN LATERAL (SELECT * FROM chunks WHERE organization_id = p_organization_id AND id >= near.chunk_id
                    ORDER BY organization_id, id LIMIT 1) AS c
                LEFT JOIN LATERAL (SELECT * FROM videos WHERE organization_id = p_organization_id AND id >= c.video_id
                    ORDER BY organization_id, id LIMIT 1) AS v ON v.id = c.video_id
                WHERE c.id = near.chunk_id AND (c.video_id IS NULL OR v.id IS NOT NULL) AND 
        c.organization_id = $1 AND v.deleted_at IS NULL
        AND (c.visibility <> 'private' OR c.owner_id = $2 OR $3)
        AND ($4::uuid IS NULL OR c.video_id = $4)
        AND ($5::uuid IS NULL OR v.channel_id = $5)
        AND ($6::timestamptz IS NULL OR coalesce(v.created_at, c.created_at) >= $6)
        AND ($7::timestamptz IS NULL OR coalesce(v.created_at, c.created_at) <= $7)
        AND ($8::text IS NULL OR EXISTS (SELECT FROM speakers s WHERE s.organization_id = $1 AND s.video_id = c.video_id
            AND s.label = ANY(c.speakers) AND (lower(s.label) = lower($8) OR lower(s.name) = lower($8))))
        AND (cardinality($9::text[]) = 0 OR (SELECT bool_and(
            -- Stems alone would take one stop word for another; only passages that pass them are read word by word.
            CASE WHEN c.search_vector @@ phraseto_tsquery(text_search_configuration(c.language), wanted)
                 THEN to_tsvector('simple', c.text) @@ phraseto_tsquery('simple', wanted) ELSE false END) FROM unnest($9) AS wanted))
        AND (cardinality($10::text[]) = 0 OR NOT (SELECT bool_or(
            c.search_vector @@ phraseto_tsquery(text_search_configuration(c.language), unwanted)) FROM unnest($10) AS unwanted))
        AND ($11::text[] IS NULL OR c.entity_type = ANY($11))
    
                ORDER BY near.distance, c.id LIMIT p_count) AS fitting;
        END $_$;

-- Name: folders_form_a_tree(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.folders_form_a_tree() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    v_above uuid := NEW.parent_id;
    v_depth integer := 1;
    v_height integer;
BEGIN
    IF NEW.parent_id IS NULL THEN
        RETURN NEW;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('folders ' || NEW.organization_id, 0));
    WHILE v_above IS NOT NULL LOOP
        IF v_above = NEW.id THEN
            RAISE EXCEPTION 'a folder cannot lie in itself' USING ERRCODE = 'check_violation', CONSTRAINT = 'folders_no_cycle';
        END IF;
        v_depth := v_depth + 1;
        SELECT parent_id INTO v_above FROM folders WHERE organization_id = NEW.organization_id AND id = v_above;
    END LOOP;
    WITH RECURSIVE below AS (
        SELECT NEW.id AS id, 0 AS height
        UNION ALL
        SELECT f.id, below.height + 1 FROM below JOIN folders f ON f.organization_id = NEW.organization_id AND f.parent_id = below.id
    ) SELECT max(height) INTO v_height FROM below;
    IF v_depth + v_height > 16 THEN
        RAISE EXCEPTION 'folders lie too deep' USING ERRCODE = 'check_violation', CONSTRAINT = 'folders_depth';
    END IF;
    RETURN NEW;
END $$;

-- Name: forget_request_logs(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.forget_request_logs() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    IF TG_TABLE_NAME = 'organizations' THEN
        DELETE FROM request_logs WHERE organization_id = OLD.id;
    ELSE
        DELETE FROM request_logs WHERE user_id = OLD.id;
    END IF;
    RETURN NULL;
END $$;

-- Name: hold_expired_assets(timestamp with time zone, bigint); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.hold_expired_assets(p_now timestamp with time zone, p_assets_max bigint) RETURNS TABLE(organization_id uuid, id uuid, kind text)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT a.organization_id, a.id, a.kind FROM assets a WHERE a.expires_at < p_now AND a.deleted_at IS NULL
        AND NOT EXISTS (SELECT FROM videos v WHERE v.organization_id = a.organization_id AND v.asset_id = a.id)
    LIMIT p_assets_max FOR UPDATE OF a SKIP LOCKED
$$;

-- Name: hold_expired_videos(timestamp with time zone, bigint); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.hold_expired_videos(p_now timestamp with time zone, p_videos_max bigint) RETURNS TABLE(organization_id uuid, id uuid, asset_id uuid)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT v.organization_id, v.id, a.id FROM assets a
    JOIN videos v ON v.organization_id = a.organization_id AND v.asset_id = a.id
    WHERE a.expires_at < p_now AND a.deleted_at IS NULL
    LIMIT p_videos_max FOR UPDATE OF v, a SKIP LOCKED
$$;

-- Name: hold_organization(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.hold_organization() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    NEW.tasks_held := NEW.status <> 'active'
        OR EXISTS (SELECT FROM users WHERE id = NEW.personal_owner_id AND erased_after IS NOT NULL);
    RETURN NEW;
END $$;

-- Name: hold_organization_of_person(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.hold_organization_of_person() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    -- Whether it is so follows from the row of the person.
    UPDATE organizations SET tasks_held = tasks_held WHERE personal_owner_id = NEW.id;
    RETURN NULL;
END $$;

-- Name: hold_tasks(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.hold_tasks() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    IF NEW.tasks_held THEN
        UPDATE tasks SET status = 'held' WHERE organization_id = NEW.id AND status = 'pending' AND NOT is_account_task(kind);
    ELSE
        UPDATE tasks SET status = 'pending' WHERE organization_id = NEW.id AND status = 'held';
        -- The same for each, so that it is told once.
        PERFORM pg_notify('memoreel_tasks', 'held');
    END IF;
    RETURN NULL;
END $$;

-- Name: holdings_of_person(uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.holdings_of_person(p_user_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT jsonb_build_object(
        'personal_organization_id', (SELECT id FROM organizations WHERE personal_owner_id = p_user_id),
        'addresses', (SELECT coalesce(jsonb_agg(address), '[]') FROM addresses_of(p_user_id) AS address),
        'private', (SELECT coalesce(jsonb_agg(to_jsonb(private)), '[]') FROM private_videos_of(p_user_id) AS private),
        'uploads', (SELECT coalesce(jsonb_agg(u.id), '[]') FROM uploads u WHERE u.user_id = p_user_id
            OR u.organization_id IN (SELECT id FROM organizations WHERE personal_owner_id = p_user_id)
            OR u.video_id IN (SELECT video_id FROM private_videos_of(p_user_id))),
        'own_videos', (SELECT count(*) FROM videos v JOIN organizations o ON o.id = v.organization_id
            WHERE o.personal_owner_id = p_user_id),
        'shared_videos', (SELECT count(*) FROM videos v JOIN organizations o ON o.id = v.organization_id
            WHERE v.author_id = p_user_id AND v.visibility <> 'private' AND o.personal_owner_id IS DISTINCT FROM p_user_id))
$$;

-- Name: is_account_task(text); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.is_account_task(p_kind text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT p_kind IN ('send_mail', 'export_person')
$$;

-- Name: is_side_task(text); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.is_side_task(p_kind text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT p_kind IN ('index_description', 'index_pictures')
$$;

-- Name: keep_request_logs(timestamp with time zone, integer, integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.keep_request_logs(p_now timestamp with time zone, p_ahead integer, p_kept integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET lock_timeout TO '5s'
    AS $_$
DECLARE
    v_today date := (p_now AT TIME ZONE 'UTC')::date;
    v_oldest date := v_today - p_kept;
    v_day date;
    v_from timestamptz;
    v_to timestamptz;
    v_name text;
    v_dropped integer := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('keep_request_logs', 0)) THEN
        RETURN 0;
    END IF;
    FOR v_name IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'request_logs'::regclass AND c.relname ~ '^request_logs_[0-9]{8}$'
            AND (p_kept = 0 OR to_date(right(c.relname, 8), 'YYYYMMDD') < v_oldest)
    LOOP
        EXECUTE format('DROP TABLE %I', v_name);
        v_dropped := v_dropped + 1;
    END LOOP;
    DELETE FROM request_logs WHERE p_kept = 0 OR created_at < (v_oldest::timestamp AT TIME ZONE 'UTC');
    IF p_kept = 0 THEN
        RETURN v_dropped;
    END IF;
    FOR v_day IN SELECT v_today + step FROM generate_series(0, p_ahead) AS step LOOP
        v_name := 'request_logs_' || to_char(v_day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(v_name) IS NOT NULL;
        v_from := v_day::timestamp AT TIME ZONE 'UTC';
        v_to := (v_day + 1)::timestamp AT TIME ZONE 'UTC';
        -- What came before its partition moves into it, and nothing comes meanwhile.
        LOCK TABLE request_logs_default IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('CREATE TABLE %I (LIKE request_logs INCLUDING DEFAULTS)', v_name);
        EXECUTE format('WITH moved AS (DELETE FROM request_logs WHERE created_at >= %L AND created_at < %L RETURNING *)
            INSERT INTO %I SELECT * FROM moved', v_from, v_to, v_name);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', v_name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', v_name);
        EXECUTE format('ALTER TABLE request_logs ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', v_name, v_from, v_to);
    END LOOP;
    RETURN v_dropped;
END $_$;

-- Name: leavings_follow_content(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.leavings_follow_content() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    v_is_recording boolean := coalesce(OLD.kind, 'video') IN ('video', 'audio');
    v_video_ids uuid[];
BEGIN
    WITH gone AS (
        DELETE FROM renditions WHERE organization_id = NEW.organization_id AND asset_id = NEW.id RETURNING blob_key
    ), unread AS (
        DELETE FROM document_pages WHERE organization_id = NEW.organization_id AND asset_id = NEW.id RETURNING image_key
    )
    INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
    -- The file itself may be a rendition of a recording, and other assets may have the same.
    SELECT NEW.organization_id, blob_key, 'epoch'::timestamptz, 'replaced' FROM gone WHERE NOT v_is_recording
    UNION ALL
    SELECT NEW.organization_id, image_key, 'epoch'::timestamptz, 'replaced' FROM unread WHERE image_key IS NOT NULL
    UNION ALL
    SELECT NEW.organization_id, made_folder(NEW.organization_id, NEW.id, OLD.version) || '/' || name, due.not_before, due.reason
        FROM unnest(ARRAY['hls', 'preview', 'frames', 'speech', 'sounds']
                || ARRAY(SELECT 'hls-' || packaging FROM generate_series(2, OLD.last_packaging) AS packaging)) AS name,
            (VALUES ('epoch'::timestamptz, 'replaced'), (now() + interval '2 days', 'written late')) AS due (not_before, reason)
        WHERE v_is_recording;
    DELETE FROM chunks WHERE organization_id = NEW.organization_id AND asset_id = NEW.id AND NOT is_description;
    IF v_is_recording THEN
        SELECT array_agg(id) INTO v_video_ids FROM videos WHERE organization_id = NEW.organization_id AND asset_id = NEW.id;
        DELETE FROM key_frames WHERE organization_id = NEW.organization_id AND asset_id = NEW.id;
        DELETE FROM chunks WHERE organization_id = NEW.organization_id AND video_id = ANY(v_video_ids) AND NOT is_description;
        DELETE FROM video_summaries WHERE organization_id = NEW.organization_id AND video_id = ANY(v_video_ids);
        DELETE FROM transcripts WHERE organization_id = NEW.organization_id AND video_id = ANY(v_video_ids);
        DELETE FROM subtitles WHERE organization_id = NEW.organization_id AND video_id = ANY(v_video_ids);
        DELETE FROM speakers WHERE organization_id = NEW.organization_id AND video_id = ANY(v_video_ids);
        UPDATE videos SET status = 'processing', error_code = NULL, error_message = NULL, playable_at = NULL, completed_at = NULL
            WHERE organization_id = NEW.organization_id AND id = ANY(v_video_ids);
    END IF;
    RETURN NULL;
END $$;

-- Name: leavings_follow_uploads(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.leavings_follow_uploads() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    v_root text := 'organizations/' || OLD.organization_id;
BEGIN
    INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
    SELECT OLD.organization_id, v_root || folder.path, due.not_before, due.reason
    FROM organizations,
        (VALUES ('/contents/' || OLD.id), ('/assets/' || OLD.replaces_id || '/pages-' || OLD.id)) AS folder (path),
        (VALUES ('epoch'::timestamptz, 'upload given up'), (now() + interval '2 days', 'written late')) AS due (not_before, reason)
    WHERE organizations.id = OLD.organization_id AND folder.path IS NOT NULL
        AND NOT EXISTS (SELECT FROM blobs WHERE organization_id = OLD.organization_id
            AND starts_with(blob_key, v_root || '/contents/' || OLD.id || '/'));
    RETURN NULL;
END $$;

-- Name: made_folder(uuid, uuid, integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.made_folder(p_organization_id uuid, p_asset_id uuid, p_version integer) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT 'organizations/' || p_organization_id || '/assets/' || p_asset_id || CASE WHEN p_version > 1 THEN '/v' || p_version ELSE '' END
$$;

-- Name: mark_missing_files(uuid, text[]); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.mark_missing_files(p_organization_id uuid, p_keys text[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    v_rows bigint;
    v_changed bigint;
BEGIN
    PERFORM set_config('app.role', 'service', true);
    UPDATE assets SET status = 'failed', metadata = metadata || jsonb_build_object('error', jsonb_build_object(
        'code', 'file_missing', 'message', 'The file is no longer in the store.'))
        WHERE organization_id = p_organization_id AND status = 'ready' AND blob_key = ANY(p_keys);
    GET DIAGNOSTICS v_changed = ROW_COUNT;
    -- What is made when somebody asks is made anew.
    DELETE FROM renditions WHERE organization_id = p_organization_id AND kind = 'image' AND blob_key = ANY(p_keys);
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_changed + v_rows;
END $$;

-- Name: matching_chunks(uuid, uuid, boolean, uuid, uuid, timestamp with time zone, timestamp with time zone, text, text[], text[], text[], text, regconfig[], xid8); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.matching_chunks(p_organization_id uuid, p_user_id uuid, p_service boolean, p_video_id uuid, p_channel_id uuid, p_from timestamp with time zone, p_to timestamp with time zone, p_speaker text, p_phrases text[], p_excluded text[], p_kinds text[], p_query text, p_configurations regconfig[], p_written_since xid8) RETURNS TABLE(id uuid, place smallint, token_count integer, occurrences double precision)
    LANGUAGE plpgsql STABLE ROWS 500
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $_$
        #variable_conflict use_column
        DECLARE
            -- The terms of the query, by columns.
            v_configurations regconfig[];
            v_queries tsquery[];
            v_places smallint[];
            v_any tsquery;
            v_within tsquery;
            v_titled uuid[];
        BEGIN
            SELECT array_agg(t.configuration), array_agg(t.query), array_agg(t.place), string_agg(DISTINCT t.query::text, ' | ')::tsquery
            INTO v_configurations, v_queries, v_places, v_any FROM search_terms(p_query, p_configurations) AS t;
            v_within := quote_literal(p_organization_id::text)::tsquery && v_any;
            -- Videos that are about the query's words without anybody saying them: the first passage stands for its video.
            IF p_written_since IS NULL THEN
                v_titled := ARRAY(
                    SELECT video_id FROM (
                        SELECT coalesce(c.video_id, c.asset_id) AS video_id, count(*) OVER (PARTITION BY t.place) AS holders
                        FROM chunks c JOIN unnest(v_configurations, v_queries, v_places) AS t(configuration, query, place)
                            ON t.configuration = text_search_configuration(c.language) AND c.context_vector @@ t.query
                        WHERE c.organization_id = p_organization_id AND c.chunk_index = 0
                            AND words_within(c.organization_id, c.context_vector) @@ v_within
                            AND (c.visibility <> 'private' OR c.owner_id = p_user_id OR p_service)
                            AND (p_video_id IS NULL OR c.video_id = p_video_id)
                            AND (p_kinds IS NULL OR c.entity_type = ANY(p_kinds))
                    ) AS named
                    GROUP BY video_id ORDER BY sum(1.0 / holders) DESC, video_id LIMIT 10);
            END IF;
            -- ts_rank of one lexeme is the partial sum of 1/n² over its occurrences, divided by its limit and ten: within
            -- five per cent f / (f + 0.645), from which the number of occurrences f comes back without unpacking the vector.
            RETURN QUERY WITH found AS (
                SELECT * FROM chunks
                WHERE p_video_id IS NULL AND p_written_since IS NULL AND organization_id = p_organization_id
                    AND (words_within(organization_id, search_vector) @@ v_within OR video_id = ANY(v_titled) OR asset_id = ANY(v_titled))
                UNION ALL
                SELECT * FROM chunks
                WHERE p_written_since IS NULL AND organization_id = p_organization_id AND video_id = p_video_id
                    AND (search_vector @@ v_any OR video_id = ANY(v_titled))
                UNION ALL
                SELECT * FROM chunks
                WHERE organization_id = p_organization_id AND written_in >= p_written_since
                    AND written_in < pg_snapshot_xmax(pg_current_snapshot())
                    AND (search_vector @@ v_any OR context_vector @@ v_any)
            )
            SELECT counted.id, counted.place, counted.token_count,
                0.645 * counted.said / (1.0001 - counted.said) + counted.about
            FROM (
                SELECT c.id, c.token_count, t.place, 10 * ts_rank(c.search_vector, t.query)::double precision AS said,
                    CASE WHEN c.context_vector @@ t.query THEN 1 ELSE 0 END::double precision AS about
                FROM found c LEFT JOIN videos v ON v.organization_id = c.organization_id AND v.id = c.video_id
                JOIN unnest(v_configurations, v_queries, v_places) AS t(configuration, query, place)
                    ON t.configuration = text_search_configuration(c.language)
                WHERE 
        c.organization_id = $1 AND v.deleted_at IS NULL
        AND (c.visibility <> 'private' OR c.owner_id = $2 OR $3)
        AND ($4::uuid IS NULL OR c.video_id = $4)
        AND ($5::uuid IS NULL OR v.channel_id = $5)
        AND ($6::timestamptz IS NULL OR coalesce(v.created_at, c.created_at) >= $6)
        AND ($7::timestamptz IS NULL OR coalesce(v.created_at, c.created_at) <= $7)
        AND ($8::text IS NULL OR EXISTS (SELECT FROM speakers s WHERE s.organization_id = $1 AND s.video_id = c.video_id
            AND s.label = ANY(c.speakers) AND (lower(s.label) = lower($8) OR lower(s.name) = lower($8))))
        AND (cardinality($9::text[]) = 0 OR (SELECT bool_and(
            -- Stems alone would take one stop word for another; only passages that pass them are read word by word.
            CASE WHEN c.search_vector @@ phraseto_tsquery(text_search_configuration(c.language), wanted)
                 THEN to_tsvector('simple', c.text) @@ phraseto_tsquery('simple', wanted) ELSE false END) FROM unnest($9) AS wanted))
        AND (cardinality($10::text[]) = 0 OR NOT (SELECT bool_or(
            c.search_vector @@ phraseto_tsquery(text_search_configuration(c.language), unwanted)) FROM unnest($10) AS unwanted))
        AND ($11::text[] IS NULL OR c.entity_type = ANY($11))
    
            ) AS counted
            WHERE counted.said > 0 OR counted.about > 0;
        END $_$;

-- Name: named_files(uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.named_files(p_organization_id uuid) RETURNS TABLE(source text, id uuid, blob_key text, is_folder boolean, is_promised boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
    WITH root AS (SELECT 'organizations/' || p_organization_id AS key)
    SELECT 'blobs', b.id, b.blob_key, false, true FROM blobs b WHERE b.organization_id = p_organization_id
    UNION ALL
    SELECT 'assets', a.id, a.blob_key, false, a.status = 'ready' FROM assets a
        WHERE a.organization_id = p_organization_id AND a.blob_key IS NOT NULL
    UNION ALL
    SELECT 'renditions', r.id, r.blob_key, false, true FROM renditions r WHERE r.organization_id = p_organization_id
    UNION ALL
    -- The segments of a playlist, the tiles of a storyboard, and the stills beside a poster lie beside it.
    SELECT 'renditions', r.id, regexp_replace(r.blob_key, '/[^/]*$', ''), true, false FROM renditions r
        WHERE r.organization_id = p_organization_id AND r.kind IN ('hls_variant', 'hls_sound', 'storyboard', 'poster')
    UNION ALL
    SELECT 'document_pages', p.asset_id, p.image_key, false, true FROM document_pages p
        WHERE p.organization_id = p_organization_id AND p.image_key IS NOT NULL
    UNION ALL
    -- Its pictures are named by its second.
    SELECT 'key_frames', k.asset_id, made_folder(p_organization_id, a.id, a.version) || '/frames/' || k.start_ms || '.jpg', false, true
        FROM key_frames k JOIN assets a ON a.organization_id = p_organization_id AND a.id = k.asset_id
        WHERE k.organization_id = p_organization_id
    UNION ALL
    SELECT DISTINCT 'key_frames', k.asset_id, made_folder(p_organization_id, a.id, a.version) || '/frames', true, false
        FROM key_frames k JOIN assets a ON a.organization_id = p_organization_id AND a.id = k.asset_id
        WHERE k.organization_id = p_organization_id
    UNION ALL
    -- Where an upload that is not over is about to be stored.
    SELECT 'uploads', u.id, root.key || '/contents/' || u.id, true, false FROM uploads u, root
        WHERE u.organization_id = p_organization_id AND u.status IN ('open', 'importing', 'received')
    UNION ALL
    -- What something is being made of.
    SELECT 'tasks', t.id, root.key || '/assets/' || a.id, true, false FROM root, tasks t
        JOIN assets a ON a.organization_id = t.organization_id AND (a.id = t.subject_id OR a.id = (
            SELECT v.asset_id FROM videos v WHERE v.organization_id = t.organization_id AND v.id = t.subject_id))
        WHERE t.organization_id = p_organization_id AND t.status IN ('pending', 'held', 'running')
    UNION ALL
    SELECT 'organization_exports', e.id, root.key || '/organization-exports/' || e.id, true, false FROM organization_exports e, root
        WHERE e.organization_id = p_organization_id
    UNION ALL
    SELECT 'organization_exports', e.id, root.key || '/organization-exports/' || e.id || '/export.zip', false, true
        FROM organization_exports e, root
        WHERE e.organization_id = p_organization_id AND e.finished_at IS NOT NULL AND e.deleted_at IS NULL
    UNION ALL
    SELECT 'export_requests', e.id, root.key || '/exports/' || e.id || '.zip', false, e.finished_at IS NOT NULL AND e.deleted_at IS NULL
        FROM root, export_requests e JOIN organizations o ON o.personal_owner_id = e.user_id WHERE o.id = p_organization_id
    UNION ALL
    SELECT 'blob_deletions', d.id, d.blob_key, kinds.is_folder, false FROM blob_deletions d, (VALUES (true), (false)) AS kinds (is_folder)
        WHERE d.organization_id = p_organization_id
$_$;

-- Name: nearest_chunks(uuid, uuid, boolean, public.vector, uuid, uuid, uuid, timestamp with time zone, timestamp with time zone, text, text[], text[], text[], uuid[], xid8, integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.nearest_chunks(p_organization_id uuid, p_user_id uuid, p_service boolean, p_embedding public.vector, p_model_id uuid, p_video_id uuid, p_channel_id uuid, p_from timestamp with time zone, p_to timestamp with time zone, p_speaker text, p_phrases text[], p_excluded text[], p_kinds text[], p_near uuid[], p_near_before xid8, p_count integer) RETURNS TABLE(id uuid, distance double precision)
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    SET work_mem TO '32MB'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_sort TO 'off'
    AS $_$
DECLARE
    v_chosen integer := p_count + p_count / 8 + 8;
    v_chosen_ids uuid[];
    v_chosen_distances double precision[];
    v_ids uuid[];
    v_distances double precision[];
BEGIN
    IF 'picture' = ANY(p_kinds) THEN
        RETURN QUERY EXECUTE
            'SELECT c.id, e.embedding <=> $12 FROM chunks c LEFT JOIN videos v ON v.organization_id = $1 AND v.id = c.video_id
             CROSS JOIN LATERAL (SELECT embedding FROM chunk_embeddings WHERE organization_id = $1 AND chunk_id = c.id AND model_id = $13
                 OFFSET 0) AS e
             WHERE c.is_picture AND ' || search_conditions() || ' ORDER BY 2, 1 LIMIT $14'
        USING p_organization_id, p_user_id, p_service, p_video_id, p_channel_id, p_from, p_to, p_speaker, p_phrases, p_excluded,
            p_kinds, p_embedding, p_model_id, p_count;
        RETURN;
    END IF;
    -- Nobody looks for anything in one video for which it would pay to look at others.
    WHILE p_video_id IS NULL LOOP
        IF p_near IS NULL THEN
            SELECT array_agg(near.chunk_id), array_agg(near.distance) INTO v_chosen_ids, v_chosen_distances FROM (
                SELECT e.chunk_id, e.embedding <=> p_embedding AS distance FROM chunk_embeddings e
                WHERE e.organization_id = p_organization_id AND e.model_id = p_model_id ORDER BY 2 LIMIT v_chosen) AS near;
        ELSE
            SELECT array_agg(near.chunk_id), array_agg(near.distance) INTO v_chosen_ids, v_chosen_distances FROM (
                SELECT e.chunk_id, e.embedding <=> p_embedding AS distance
                FROM unnest(p_near[1:v_chosen]) AS given(chunk_id)
                CROSS JOIN LATERAL (SELECT * FROM chunk_embeddings WHERE organization_id = p_organization_id
                    AND chunk_id = given.chunk_id AND model_id >= p_model_id ORDER BY model_id LIMIT 1) AS e
                WHERE e.model_id = p_model_id
                UNION
                SELECT e.chunk_id, e.embedding <=> p_embedding FROM chunk_embeddings e
                WHERE e.organization_id = p_organization_id AND e.model_id = p_model_id AND e.written_in >= p_near_before
                    -- Rows of another server's database have numbers that are yet to come.
                    AND e.written_in < pg_snapshot_xmax(pg_current_snapshot())
                ORDER BY 2 LIMIT v_chosen) AS near;
        END IF;
        SELECT fitting.ids, fitting.distances INTO v_ids, v_distances
        FROM fitting_chunks(p_organization_id, p_user_id, p_service, p_video_id, p_channel_id, p_from, p_to, p_speaker, p_phrases,
            p_excluded, p_kinds, v_chosen_ids, v_chosen_distances, p_count) AS fitting;
        -- Enough, or all there are.
        IF coalesce(cardinality(v_ids), 0) = p_count
            OR (p_near IS NULL AND coalesce(cardinality(v_chosen_ids), 0) < v_chosen) THEN
            RETURN QUERY SELECT * FROM unnest(v_ids, v_distances);
            RETURN;
        END IF;
        EXIT WHEN p_near IS NULL OR v_chosen >= cardinality(p_near);
        v_chosen := v_chosen * 8;
    END LOOP;
    RETURN QUERY EXECUTE
        'SELECT c.id, e.embedding <=> $12 FROM chunks c LEFT JOIN videos v ON v.organization_id = $1 AND v.id = c.video_id
         CROSS JOIN LATERAL (SELECT embedding FROM chunk_embeddings WHERE organization_id = $1 AND chunk_id = c.id AND model_id = $13
             OFFSET 0) AS e
         WHERE ' || search_conditions() || ' ORDER BY 2, 1 LIMIT $14'
    USING p_organization_id, p_user_id, p_service, p_video_id, p_channel_id, p_from, p_to, p_speaker, p_phrases, p_excluded,
        p_kinds, p_embedding, p_model_id, p_count;
END $_$;

-- Name: next_store_generation(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.next_store_generation() RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('store_generations', 0));
    PERFORM pg_notify('memoreel_stores', '');
    RETURN nextval('store_generations');
END $$;

-- Name: note_writing(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.note_writing() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.written_in := pg_current_xact_id();
    RETURN NEW;
END $$;

-- Name: organization_row_counts(uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.organization_row_counts(p_organization_id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
DECLARE
    v_table text;
    v_rows bigint;
    v_counts jsonb := '{}';
BEGIN
    FOR v_table IN
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT a.attisdropped
        ORDER BY 1
    LOOP
        EXECUTE format('SELECT count(*) FROM %I WHERE organization_id = $1', v_table) INTO v_rows USING p_organization_id;
        IF v_rows > 0 THEN
            v_counts := v_counts || jsonb_build_object(v_table, v_rows);
        END IF;
    END LOOP;
    RETURN v_counts;
END $_$;

-- Name: organization_uploads(uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.organization_uploads(p_organization_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT coalesce(jsonb_agg(id), '[]') FROM uploads WHERE organization_id = p_organization_id
$$;

-- Name: organizations_naming(uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.organizations_naming(p_user_id uuid) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
DECLARE
    v_reference record;
BEGIN
    FOR v_reference IN
        SELECT k.conrelid::regclass::text AS name, a.attname AS of_column
        FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
        WHERE k.contype = 'f' AND k.confrelid = 'users'::regclass AND cardinality(k.conkey) = 1 AND EXISTS (SELECT FROM pg_attribute o
            WHERE o.attrelid = k.conrelid AND o.attname = 'organization_id' AND NOT o.attisdropped)
    LOOP
        RETURN QUERY EXECUTE format('SELECT DISTINCT organization_id FROM %s WHERE %I = $1', v_reference.name, v_reference.of_column)
            USING p_user_id;
    END LOOP;
    RETURN QUERY SELECT i.organization_id FROM organization_invitations i
        WHERE lower(i.email) IN (SELECT address FROM proved_addresses_of(p_user_id) AS address);
    RETURN QUERY SELECT DISTINCT a.organization_id FROM audit_logs a
        WHERE a.actor_id = p_user_id OR a.target_id = p_user_id OR audit_is_about(a.details, p_user_id);
END $_$;

-- Name: private_videos_of(uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.private_videos_of(p_user_id uuid) RETURNS TABLE(organization_id uuid, video_id uuid, asset_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT v.organization_id, v.id, v.asset_id FROM videos v JOIN organizations o ON o.id = v.organization_id
    WHERE v.author_id = p_user_id AND v.visibility = 'private' AND o.personal_owner_id IS DISTINCT FROM p_user_id
$$;

-- Name: protect_organization_table(regclass, text); Type: PROCEDURE; Schema: public; Owner: -

CREATE PROCEDURE public.protect_organization_table(IN target regclass, IN condition text DEFAULT 'true'::text)
    LANGUAGE plpgsql
    AS $$
DECLARE
    mine text := format(
        'organization_id = (SELECT nullif(current_setting(''app.organization_id'', true), '''')::uuid) AND (%s)', condition);
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY app_select ON %s FOR SELECT TO memoreel_app USING (%s)', target, mine);
    EXECUTE format('CREATE POLICY app_insert ON %s FOR INSERT TO memoreel_app WITH CHECK (%s)', target, mine);
    EXECUTE format('CREATE POLICY app_update ON %s FOR UPDATE TO memoreel_app USING (%s) WITH CHECK (%s)', target, mine, mine);
    EXECUTE format('CREATE POLICY app_delete ON %s FOR DELETE TO memoreel_app USING (%s)', target, mine);
    EXECUTE format('CREATE POLICY owner_all ON %s TO memoreel_owner USING (true) WITH CHECK (true)', target);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO memoreel_app', target);
END $$;

-- Name: proved_addresses_of(uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.proved_addresses_of(p_user_id uuid) RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT DISTINCT lower(address) FROM (
        SELECT email AS address FROM users WHERE id = p_user_id AND email_verified_at IS NOT NULL
        -- They held the link that was mailed to it.
        UNION ALL SELECT email FROM organization_invitations WHERE accepted_by = p_user_id
        -- A change is confirmed at both addresses.
        UNION ALL SELECT a.details #>> ARRAY[side, 'email'] FROM audit_logs a
            JOIN organizations o ON o.id = a.organization_id AND o.personal_owner_id = p_user_id
            CROSS JOIN unnest(ARRAY['old', 'new']) AS side
            WHERE a.target_kind = 'user' AND a.target_id = p_user_id AND a.details #>> '{old,email}' IS NOT NULL
    ) AS known WHERE address IS NOT NULL
$$;

-- Name: purge_binned_assets(timestamp with time zone, bigint); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.purge_binned_assets(p_now timestamp with time zone, p_assets_max bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    v_count bigint;
BEGIN
    WITH due AS (
        SELECT a.organization_id, a.id FROM assets a WHERE (a.retention_until < p_now OR a.expires_at < p_now) AND a.deleted_at IS NOT NULL
            AND NOT EXISTS (SELECT FROM videos v WHERE v.organization_id = a.organization_id AND v.asset_id = a.id)
        LIMIT p_assets_max FOR UPDATE OF a SKIP LOCKED
    )
    DELETE FROM assets a USING due WHERE a.organization_id = due.organization_id AND a.id = due.id;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

-- Name: purge_binned_videos(timestamp with time zone, bigint); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.purge_binned_videos(p_now timestamp with time zone, p_videos_max bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    v_binned bigint;
    v_expired bigint;
BEGIN
    WITH due AS (
        SELECT organization_id, id FROM videos WHERE retention_until < p_now LIMIT p_videos_max FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM videos v USING due WHERE v.organization_id = due.organization_id AND v.id = due.id
        RETURNING v.organization_id, v.asset_id
    ), files AS (
        DELETE FROM assets a USING gone WHERE a.organization_id = gone.organization_id AND a.id = gone.asset_id
    )
    SELECT count(*) INTO v_binned FROM gone;
    WITH due AS (
        SELECT v.organization_id, v.id FROM assets a
        JOIN videos v ON v.organization_id = a.organization_id AND v.asset_id = a.id
        WHERE a.expires_at < p_now AND a.deleted_at IS NOT NULL
        LIMIT p_videos_max FOR UPDATE OF v, a SKIP LOCKED
    ), gone AS (
        DELETE FROM videos v USING due WHERE v.organization_id = due.organization_id AND v.id = due.id
        RETURNING v.organization_id, v.asset_id
    ), files AS (
        DELETE FROM assets a USING gone WHERE a.organization_id = gone.organization_id AND a.id = gone.asset_id
    )
    SELECT count(*) INTO v_expired FROM gone;
    RETURN v_binned + v_expired;
END $$;

-- Name: ranked_chunks(uuid, text, text, regconfig[], public.vector, uuid, uuid[], double precision[], bigint[], integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ranked_chunks(p_organization_id uuid, p_mode text, p_query text, p_configurations regconfig[], p_embedding public.vector, p_model_id uuid, p_ids uuid[], p_words double precision[], p_ranks bigint[], p_limit integer) RETURNS TABLE(chunk_id uuid, video_id uuid, video_title text, channel_id uuid, asset_id uuid, video_created_at timestamp with time zone, text text, configuration text, lexemes text[], start_seconds double precision, end_seconds double precision, spans jsonb, speaker_names jsonb, span_vectors bytea, words_rank bigint, meaning_rank bigint, similarity double precision, score double precision)
    LANGUAGE plpgsql STABLE ROWS 100
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        WITH terms AS MATERIALIZED (
            SELECT t.configuration, string_agg(t.query::text, ' | ')::tsquery AS queries, array_agg(t.lexeme) AS lexemes
            FROM search_terms(p_query, p_configurations) AS t GROUP BY t.configuration
        ), pool AS MATERIALIZED (
            SELECT given.id, given.words, given.rank AS meaning_rank, e.embedding, 1 - (e.embedding <=> p_embedding) AS similarity
            FROM unnest(p_ids, p_words, p_ranks) AS given(id, words, rank)
            LEFT JOIN chunk_embeddings e ON e.organization_id = p_organization_id AND e.chunk_id = given.id
                AND e.model_id = p_model_id AND p_mode <> 'keyword'
        ), scaled AS MATERIALIZED (
            SELECT *, coalesce(words / nullif(max(words) OVER (), 0), 0) AS words_scaled,
                coalesce((similarity - min(similarity) OVER ()) / nullif(max(similarity) OVER () - min(similarity) OVER (), 0), 0)
                    AS similarity_scaled
            FROM pool
        ), best AS (
            SELECT l2_normalize(p_embedding) + avg(l2_normalize(embedding)) AS embedding FROM (
                SELECT embedding FROM scaled WHERE embedding IS NOT NULL
                ORDER BY 0.4 * words_scaled + 0.6 * similarity_scaled DESC, id LIMIT 3) AS first
            WHERE p_mode = 'hybrid'
        ), fed_back AS (
            SELECT s.*, 1 - (s.embedding <=> (SELECT embedding FROM best)) AS feedback FROM scaled s
        ), ranked AS (
            SELECT id, meaning_rank, similarity, words, CASE p_mode WHEN 'keyword' THEN words WHEN 'semantic' THEN similarity ELSE
                0.4 * words_scaled + 0.3 * similarity_scaled + 0.3 * coalesce(
                    (feedback - min(feedback) OVER ()) / nullif(max(feedback) OVER () - min(feedback) OVER (), 0), 0) END AS score
            FROM fed_back ORDER BY score DESC NULLS LAST, id LIMIT p_limit
        ), hits AS (
            -- What lies around a passage lends it words that it does not have itself.
            SELECT r.*, c.video_id, c.text, c.language, c.start_seconds, c.end_seconds, c.spans, c.speakers, t.lexemes,
                r.words > 0 AND (c.search_vector @@ t.queries OR c.context_vector @@ t.queries) AS is_worded
            FROM ranked r JOIN chunks c ON c.organization_id = p_organization_id AND c.id = r.id
            LEFT JOIN terms t ON t.configuration = text_search_configuration(c.language)
        )
        SELECT h.id, h.video_id, v.title, v.channel_id, v.asset_id, v.created_at, h.text,
            text_search_configuration(h.language)::text, coalesce(h.lexemes, '{}'),
            h.start_seconds, h.end_seconds, h.spans,
            (SELECT jsonb_object_agg(s.label, coalesce(s.name, s.label)) FROM speakers s
             WHERE s.organization_id = p_organization_id AND s.video_id = h.video_id AND s.label = ANY(h.speakers)),
            e.span_vectors, CASE WHEN h.is_worded THEN rank() OVER (ORDER BY h.words DESC NULLS LAST) END,
            h.meaning_rank, h.similarity, coalesce(h.score, 0)
        FROM hits h LEFT JOIN videos v ON v.organization_id = p_organization_id AND v.id = h.video_id
        LEFT JOIN chunk_embeddings e ON e.organization_id = p_organization_id AND e.chunk_id = h.id AND e.model_id = p_model_id
        ORDER BY h.score DESC NULLS LAST, h.id;
END $$;

-- Name: record_audit(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.record_audit() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

-- Name: record_webhook_deliveries(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.record_webhook_deliveries() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    -- What it is called; a video may have failed instead.
    v_event text := webhook_event_of(NEW.kind, 'completed');
BEGIN
    IF v_event IS NULL
        OR NOT EXISTS (SELECT FROM webhook_endpoints e WHERE e.organization_id = NEW.organization_id AND e.active) THEN
        RETURN NULL;
    END IF;
    IF starts_with(v_event, 'asset.') THEN
        INSERT INTO webhook_deliveries (organization_id, endpoint_id, event, payload, next_attempt_at, created_at)
        SELECT NEW.organization_id, e.id, v_event, json_build_object(
                'type', v_event, 'timestamp', webhook_time(NEW.created_at), 'data', json_build_object(
                    'organization_id', a.organization_id, 'asset', json_build_object(
                        'id', a.id, 'kind', a.kind, 'filename', a.filename, 'status', a.status, 'folder_id', a.folder_id,
                        'error_code', a.metadata #>> '{error,code}', 'error_message', a.metadata #>> '{error,message}',
                        'created_at', webhook_time(a.created_at))))::text,
            NEW.created_at, NEW.created_at
        FROM assets a
        JOIN webhook_endpoints e ON e.organization_id = a.organization_id AND e.active AND v_event = ANY(e.events)
        WHERE a.organization_id = NEW.organization_id AND a.id = NEW.aggregate_id AND a.visibility <> 'private'
            AND a.kind IN ('image', 'document')
        FOR KEY SHARE OF e;
    ELSE
        -- Whoever sweeps may not hold it, and tells of nothing but what is held and goes.
        IF has_any_column_privilege('videos', 'UPDATE') THEN
            PERFORM FROM videos v WHERE v.organization_id = NEW.organization_id AND v.id = NEW.aggregate_id FOR KEY SHARE;
        END IF;
        INSERT INTO webhook_deliveries (organization_id, endpoint_id, video_id, event, payload, next_attempt_at, created_at)
        SELECT NEW.organization_id, e.id,
            -- What was told of a video goes with it, but for that it goes: outside the bin that is at once.
            CASE WHEN NEW.kind <> 'video_deleted' OR v.deleted_at IS NOT NULL THEN v.id END, happened.event, json_build_object(
                'type', happened.event, 'timestamp', webhook_time(NEW.created_at), 'data', json_build_object(
                    'organization_id', v.organization_id, 'video', json_build_object(
                        'id', v.id, 'title', v.title, 'status', v.status, 'visibility', v.visibility, 'channel_id', v.channel_id,
                        'error_code', v.error_code, 'error_message', v.error_message, 'created_at', webhook_time(v.created_at))))::text,
            NEW.created_at, NEW.created_at
        FROM videos v
        CROSS JOIN LATERAL webhook_event_of(NEW.kind, v.status) AS happened(event)
        JOIN webhook_endpoints e ON e.organization_id = v.organization_id AND e.active AND happened.event = ANY(e.events)
        WHERE v.organization_id = NEW.organization_id AND v.id = NEW.aggregate_id AND v.visibility <> 'private'
        FOR KEY SHARE OF e;
    END IF;
    RETURN NULL;
END $$;

-- Name: refuse_unproved_domain(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.refuse_unproved_domain() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF current_user = 'memoreel_app' AND (TG_OP = 'INSERT' AND NEW.verified_at IS NOT NULL
        OR TG_OP = 'UPDATE' AND (NEW.verified_at, NEW.domain, NEW.verified_by, NEW.checked_at, NEW.failing_since, NEW.failed_checks)
            IS DISTINCT FROM (OLD.verified_at, OLD.domain, OLD.verified_by, OLD.checked_at, OLD.failing_since, OLD.failed_checks)) THEN
        RAISE insufficient_privilege USING MESSAGE = 'a domain is verified by the system';
    END IF;
    RETURN NEW;
END $$;

-- Name: register_embedding_model(text, integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.register_embedding_model(model_name text, model_dimensions integer) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    model embedding_models;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('register_embedding_model'));
    SELECT * INTO model FROM embedding_models WHERE name = model_name;
    IF FOUND THEN
        IF model.dimensions <> model_dimensions THEN
            RAISE EXCEPTION 'embedding model % has % dimensions, not %', model_name, model.dimensions, model_dimensions;
        END IF;
        RETURN model.id;
    END IF;
    INSERT INTO embedding_models (name, dimensions) VALUES (model_name, model_dimensions) RETURNING * INTO model;
    RETURN model.id;
END $$;

-- Name: renamed(text, text); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.renamed(p_filename text, p_extension text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $_$
    SELECT left(regexp_replace(p_filename, '(.)\.[^.]*$', '\1'), 254 - char_length(p_extension)) || '.' || p_extension
$_$;

-- Name: replacements_follow_video(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.replacements_follow_video() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    -- The asset before its uploads, as everywhere.
    UPDATE assets a SET replacement_id = NULL, metadata = a.metadata - 'replacement_error'
        FROM uploads u WHERE a.organization_id = NEW.organization_id AND a.id = NEW.asset_id
            AND u.organization_id = a.organization_id AND u.id = a.replacement_id AND u.user_id IS DISTINCT FROM NEW.author_id;
    UPDATE uploads SET status = 'terminated', source = NULL
        WHERE organization_id = NEW.organization_id AND replaces_id = NEW.asset_id AND user_id IS DISTINCT FROM NEW.author_id
            AND status IN ('importing', 'received');
    RETURN NULL;
END $$;

-- Name: seal_audit_logs(integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.seal_audit_logs(p_limit integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    v_entry audit_logs;
    v_last audit_logs;
    v_count bigint := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('seal_audit_logs', 0));
    FOR v_entry IN
        SELECT * FROM audit_logs WHERE seq IS NULL ORDER BY organization_id, occurred_at, id LIMIT p_limit
    LOOP
        IF v_last.organization_id IS DISTINCT FROM v_entry.organization_id THEN
            v_last := NULL;
            SELECT * INTO v_last FROM audit_logs WHERE organization_id = v_entry.organization_id AND seq IS NOT NULL
                ORDER BY seq DESC LIMIT 1;
        END IF;
        v_entry.seq := coalesce(v_last.seq, 0) + 1;
        v_entry.hash := audit_hash(v_last.hash, v_entry);
        UPDATE audit_logs SET seq = v_entry.seq, hash = v_entry.hash
            WHERE organization_id = v_entry.organization_id AND id = v_entry.id;
        v_last := v_entry;
        v_count := v_count + 1;
    END LOOP;
    RETURN v_count;
END $$;

-- Name: search_chunks(uuid, uuid, text, text, text[], text[], public.vector, uuid, uuid, uuid, text, timestamp with time zone, timestamp with time zone, text[], uuid[], xid8, uuid[], double precision[], integer, boolean, xid8, smallint[], double precision[], double precision, double precision, integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.search_chunks(p_organization_id uuid, p_user_id uuid, p_mode text, p_query text, p_phrases text[], p_excluded text[], p_embedding public.vector, p_model_id uuid, p_video_id uuid, p_channel_id uuid, p_speaker text, p_from timestamp with time zone, p_to timestamp with time zone, p_kinds text[], p_near uuid[], p_near_before xid8, p_worded uuid[], p_worded_words double precision[], p_worded_best integer, p_worded_is_cut boolean, p_worded_before xid8, p_places smallint[], p_rarities double precision[], p_length double precision, p_surroundings double precision, p_limit integer) RETURNS TABLE(chunk_id uuid, video_id uuid, video_title text, channel_id uuid, asset_id uuid, video_created_at timestamp with time zone, text text, configuration text, lexemes text[], start_seconds double precision, end_seconds double precision, spans jsonb, speaker_names jsonb, span_vectors bytea, words_rank bigint, meaning_rank bigint, similarity double precision, score double precision)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET work_mem TO '32MB'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
#variable_conflict use_column
DECLARE
    v_service boolean := current_setting('app.role', true) IS NOT DISTINCT FROM 'service';
    -- Of each kind; what only both together, or what lies around it, would raise is rarely below.
    v_depth integer := CASE p_mode WHEN 'keyword' THEN 2 * p_limit + 20 ELSE greatest(p_limit, 200) END;
    v_configurations regconfig[] := search_configurations(p_organization_id);
    v_chunk_count bigint;
    v_near uuid[] := '{}';
    v_ids uuid[];
    v_words double precision[];
    -- By words alone, about as many as are shown are enough.
    v_wanted integer := CASE p_mode WHEN 'keyword' THEN p_limit ELSE v_depth END;
    v_taken integer := least(p_worded_best, v_wanted + v_wanted / 8 + 8);
    v_counted boolean;
    v_renewed boolean;
    v_chosen uuid[];
    v_chosen_distances double precision[];
    v_ranks bigint[];
BEGIN
    IF p_organization_id IS DISTINCT FROM nullif(current_setting('app.organization_id', true), '')::uuid
        OR p_user_id IS DISTINCT FROM nullif(current_setting('app.user_id', true), '')::uuid THEN
        RAISE EXCEPTION 'search_chunks is asked for another caller than the transaction''s' USING ERRCODE = '42501';
    END IF;

    IF p_mode <> 'keyword' THEN
        SELECT array_agg(near.id ORDER BY near.distance, near.id) INTO v_near
        FROM nearest_chunks(p_organization_id, p_user_id, v_service, p_embedding, p_model_id, p_video_id, p_channel_id,
            p_from, p_to, p_speaker, p_phrases, p_excluded, p_kinds, p_near, p_near_before, v_depth) AS near;
    END IF;

    WHILE p_worded IS NOT NULL LOOP
        SELECT fitting.ids, fitting.distances INTO v_chosen, v_chosen_distances
        FROM fitting_chunks(p_organization_id, p_user_id, v_service, p_video_id, p_channel_id, p_from, p_to, p_speaker, p_phrases,
            p_excluded, p_kinds, p_worded[1:v_taken], ARRAY(SELECT -words FROM unnest(p_worded_words[1:v_taken]) AS words), v_wanted) AS fitting;
        EXIT WHEN v_taken = p_worded_best OR cardinality(v_chosen) >= v_wanted;
        v_taken := p_worded_best;
    END LOOP;
    -- Where too few of the best are left, everything is counted.
    v_counted := p_worded IS NULL OR p_worded_is_cut AND coalesce(cardinality(v_chosen), 0) < p_limit;
    v_renewed := NOT v_counted AND EXISTS (SELECT FROM chunks WHERE organization_id = p_organization_id
        AND written_in >= p_worded_before AND written_in < pg_snapshot_xmax(pg_current_snapshot()));

    IF v_counted OR v_renewed THEN
        -- How rare a word is, is a question of where one looks.
        IF p_video_id IS NULL THEN
            SELECT chunk_count INTO v_chunk_count FROM organization_chunk_counts WHERE organization_id = p_organization_id;
        ELSE
            SELECT count(*) INTO v_chunk_count FROM chunks c WHERE c.organization_id = p_organization_id AND c.video_id = p_video_id
                AND NOT c.is_picture;
        END IF;
        WITH weights AS MATERIALIZED (
            SELECT * FROM matching_chunks(p_organization_id, p_user_id, v_service, p_video_id, p_channel_id, p_from, p_to, p_speaker,
                p_phrases, p_excluded, p_kinds, p_query, v_configurations, CASE WHEN v_renewed THEN p_worded_before END)
            WHERE p_mode <> 'semantic'
        ), rarity AS (
            SELECT place, ln(1 + (greatest(coalesce(v_chunk_count, 0) - count(*), 0) + 0.5) / (count(*) + 0.5)) AS idf
            FROM weights WHERE v_counted GROUP BY place
            UNION ALL
            SELECT given.place, given.idf FROM unnest(p_places, p_rarities) AS given(place, idf) WHERE v_renewed
        ), by_words AS (
            SELECT id, sum(idf * occurrences * 2.2 / (occurrences + 1.2 * (0.25 + 0.75 * coalesce(relative_length, 1)))) AS words
            FROM (SELECT id, place, occurrences,
                      token_count / nullif(CASE WHEN v_renewed THEN p_length ELSE avg(token_count) OVER () END, 0) AS relative_length
                  FROM weights) AS measured
            JOIN rarity USING (place) GROUP BY id ORDER BY words DESC, id LIMIT v_depth
        ), pool AS MATERIALIZED (
            SELECT c.id, c.entity_type, c.entity_id, c.chunk_index
            FROM (SELECT id FROM by_words UNION SELECT near.id FROM unnest(v_near) AS near(id)) AS found
            JOIN chunks c ON c.organization_id = p_organization_id AND c.id = found.id
        ), surroundings AS MATERIALIZED (
            SELECT id, neighbour_id, share, sum(share * token_count) OVER (PARTITION BY id) AS length
            FROM (
                SELECT p.id, n.id AS neighbour_id, n.token_count,
                    CASE abs(n.chunk_index - p.chunk_index) WHEN 0 THEN 1 WHEN 1 THEN 0.5 ELSE 0.3 END::double precision AS share
                FROM pool p JOIN chunks n ON n.organization_id = p_organization_id AND n.entity_type = p.entity_type
                    AND n.entity_id = p.entity_id AND n.chunk_index BETWEEN p.chunk_index - 2 AND p.chunk_index + 2
                WHERE p_mode <> 'semantic') AS near
        ), lent AS (
            SELECT s.id, w.place, sum(s.share * w.occurrences) AS occurrences, min(s.length) / nullif(CASE WHEN v_renewed THEN p_surroundings
                ELSE (SELECT avg(length) FROM (SELECT DISTINCT id, length FROM surroundings) AS lengths) END, 0) AS relative_length
            FROM surroundings s JOIN weights w ON w.id = s.neighbour_id GROUP BY s.id, w.place
        ), worded AS (
            SELECT id, sum(idf * occurrences * 2.2 / (occurrences + 1.2 * (0.25 + 0.75 * coalesce(relative_length, 1)))) AS words
            FROM lent JOIN rarity USING (place) GROUP BY id
        )
        SELECT array_agg(worded.id), array_agg(worded.words) INTO v_ids, v_words FROM worded JOIN pool USING (id);
    END IF;

    IF NOT v_counted THEN
        -- What is near fits, too; what was written since has been counted above and is taken from there.
        SELECT v_ids || array_agg(chosen.id), v_words || array_agg(chosen.words) INTO v_ids, v_words
        FROM (
            SELECT best.id, -best.distance AS words FROM unnest(v_chosen, v_chosen_distances) AS best(id, distance)
            UNION ALL
            SELECT id, words FROM unnest(p_worded[p_worded_best + 1:], p_worded_words[p_worded_best + 1:]) AS other(id, words)
            JOIN unnest(v_near) AS near(id) USING (id)
        ) AS chosen
        WHERE NOT v_renewed OR NOT EXISTS (SELECT FROM chunks c WHERE c.organization_id = p_organization_id AND c.id = chosen.id
            AND c.written_in >= p_worded_before AND c.written_in < pg_snapshot_xmax(pg_current_snapshot()));
    END IF;

    SELECT array_agg(id), array_agg(words), array_agg(rank) INTO v_ids, v_words, v_ranks
    FROM unnest(v_ids, v_words) AS worded(id, words)
    FULL JOIN unnest(v_near) WITH ORDINALITY AS near(id, rank) USING (id);
    RETURN QUERY SELECT * FROM ranked_chunks(p_organization_id, p_mode, p_query, v_configurations, p_embedding, p_model_id,
        v_ids, v_words, v_ranks, p_limit);
END $$;

-- Name: search_chunks_by_meaning(uuid, uuid, boolean, uuid, uuid, timestamp with time zone, timestamp with time zone, text, text[], text[], text[], public.vector, uuid, uuid[], xid8, integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.search_chunks_by_meaning(p_organization_id uuid, p_user_id uuid, p_service boolean, p_video_id uuid, p_channel_id uuid, p_from timestamp with time zone, p_to timestamp with time zone, p_speaker text, p_phrases text[], p_excluded text[], p_kinds text[], p_embedding public.vector, p_model_id uuid, p_near uuid[], p_near_before xid8, p_limit integer) RETURNS TABLE(chunk_id uuid, video_id uuid, video_title text, channel_id uuid, asset_id uuid, video_created_at timestamp with time zone, text text, start_seconds double precision, end_seconds double precision, spans jsonb, speaker_names jsonb, span_vectors bytea, meaning_rank bigint, similarity double precision)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_sort TO 'off'
    AS $_$
        #variable_conflict use_column
        DECLARE
            v_chosen integer := p_limit + p_limit / 8 + 8;
            -- Nothing is left of what was chosen once that was looked through.
            v_left uuid[] := CASE WHEN p_near IS NOT NULL THEN '{}'::uuid[] END;
            v_ids uuid[];
            v_distances double precision[];
        BEGIN
            IF p_organization_id IS DISTINCT FROM nullif(current_setting('app.organization_id', true), '')::uuid
                OR p_user_id IS DISTINCT FROM nullif(current_setting('app.user_id', true), '')::uuid
                OR p_service IS DISTINCT FROM (current_setting('app.role', true) IS NOT DISTINCT FROM 'service') THEN
                RAISE EXCEPTION 'search_chunks_by_meaning is asked for another caller than the transaction''s'
                    USING ERRCODE = '42501';
            END IF;
            -- Nobody looks for anything in one video for which it would pay to look at others.
            WHILE p_near IS NOT NULL AND p_video_id IS NULL LOOP
                RETURN QUERY SELECT hit.chunk_id, hit.video_id, hit.title, hit.channel_id, hit.asset_id, hit.created_at, hit.text,
                    hit.start_seconds, hit.end_seconds, hit.spans,
                    (SELECT jsonb_object_agg(s.label, coalesce(s.name, s.label)) FROM speakers s
                     WHERE s.organization_id = p_organization_id AND s.video_id = hit.video_id AND s.label = ANY(hit.speakers)),
                    hit.span_vectors, hit.rank, 1 - hit.distance
                FROM (SELECT *, row_number() OVER (ORDER BY distance, chunk_id) AS rank, count(*) OVER () AS count FROM (
                    SELECT near.chunk_id, near.distance, near.span_vectors, c.video_id, c.text, c.start_seconds, c.end_seconds,
                        c.spans, c.speakers, v.title, v.channel_id, v.asset_id, v.created_at
                    FROM (
                        SELECT e.chunk_id, e.embedding <=> p_embedding AS distance, e.span_vectors
                        FROM unnest(p_near[1:v_chosen]) AS given(chunk_id)
                        CROSS JOIN LATERAL (SELECT * FROM chunk_embeddings WHERE organization_id = p_organization_id
                            AND chunk_id = given.chunk_id AND model_id >= p_model_id ORDER BY model_id LIMIT 1) AS e
                        -- But those of the other part; rows of another server's database have numbers that are yet to come.
                        WHERE e.model_id = p_model_id AND (e.written_in >= p_near_before
                            AND e.written_in < pg_snapshot_xmax(pg_current_snapshot())) IS NOT TRUE
                        UNION ALL
                        SELECT e.chunk_id, e.embedding <=> p_embedding, e.span_vectors FROM chunk_embeddings e
                        WHERE e.organization_id = p_organization_id AND e.model_id = p_model_id
                            AND e.written_in >= p_near_before AND e.written_in < pg_snapshot_xmax(pg_current_snapshot())
                        ORDER BY 2, 1 LIMIT v_chosen) AS near
                    CROSS JOIN LATERAL (SELECT * FROM chunks WHERE organization_id = p_organization_id AND id >= near.chunk_id
                        ORDER BY organization_id, id LIMIT 1) AS c
                    LEFT JOIN LATERAL (SELECT * FROM videos WHERE organization_id = p_organization_id AND id >= c.video_id
                        ORDER BY organization_id, id LIMIT 1) AS v ON v.id = c.video_id
                    WHERE c.id = near.chunk_id AND (c.video_id IS NULL OR v.id IS NOT NULL) AND 
        c.organization_id = $1 AND v.deleted_at IS NULL
        AND (c.visibility <> 'private' OR c.owner_id = $2 OR $3)
        AND ($4::uuid IS NULL OR c.video_id = $4)
        AND ($5::uuid IS NULL OR v.channel_id = $5)
        AND ($6::timestamptz IS NULL OR coalesce(v.created_at, c.created_at) >= $6)
        AND ($7::timestamptz IS NULL OR coalesce(v.created_at, c.created_at) <= $7)
        AND ($8::text IS NULL OR EXISTS (SELECT FROM speakers s WHERE s.organization_id = $1 AND s.video_id = c.video_id
            AND s.label = ANY(c.speakers) AND (lower(s.label) = lower($8) OR lower(s.name) = lower($8))))
        AND (cardinality($9::text[]) = 0 OR (SELECT bool_and(
            -- Stems alone would take one stop word for another; only passages that pass them are read word by word.
            CASE WHEN c.search_vector @@ phraseto_tsquery(text_search_configuration(c.language), wanted)
                 THEN to_tsvector('simple', c.text) @@ phraseto_tsquery('simple', wanted) ELSE false END) FROM unnest($9) AS wanted))
        AND (cardinality($10::text[]) = 0 OR NOT (SELECT bool_or(
            c.search_vector @@ phraseto_tsquery(text_search_configuration(c.language), unwanted)) FROM unnest($10) AS unwanted))
        AND ($11::text[] IS NULL OR c.entity_type = ANY($11))
    
                    ORDER BY near.distance, near.chunk_id LIMIT p_limit) AS fitting) AS hit
                WHERE hit.count = p_limit ORDER BY hit.rank;
                IF FOUND THEN
                    RETURN;
                END IF;
                EXIT WHEN v_chosen >= cardinality(p_near);
                v_chosen := CASE WHEN v_chosen * 10 < cardinality(p_near) THEN v_chosen * 8 ELSE cardinality(p_near) END;
            END LOOP;
            -- Too little of what was chosen is left, or nothing was. By itself, because it sees what is committed while it runs,
            -- which a statement around it would not find.
            SELECT array_agg(near.id ORDER BY near.rank), array_agg(near.distance ORDER BY near.rank) INTO v_ids, v_distances
            FROM nearest_chunks(p_organization_id, p_user_id, p_service, p_embedding, p_model_id, p_video_id, p_channel_id, p_from,
                p_to, p_speaker, p_phrases, p_excluded, p_kinds, v_left, NULL, p_limit)
                WITH ORDINALITY AS near(id, distance, rank);
            RETURN QUERY SELECT c.id, c.video_id, v.title, v.channel_id, v.asset_id, v.created_at, c.text, c.start_seconds,
                c.end_seconds, c.spans,
                (SELECT jsonb_object_agg(s.label, coalesce(s.name, s.label)) FROM speakers s
                 WHERE s.organization_id = p_organization_id AND s.video_id = c.video_id AND s.label = ANY(c.speakers)),
                (SELECT e.span_vectors FROM chunk_embeddings e
                 WHERE e.organization_id = p_organization_id AND e.chunk_id = near.id AND e.model_id = p_model_id),
                near.rank, 1 - near.distance
            FROM unnest(v_ids, v_distances) WITH ORDINALITY AS near(id, distance, rank)
            CROSS JOIN LATERAL (SELECT * FROM chunks WHERE organization_id = p_organization_id AND id >= near.id
                ORDER BY organization_id, id LIMIT 1) AS c
            LEFT JOIN LATERAL (SELECT * FROM videos WHERE organization_id = p_organization_id AND id >= c.video_id
                ORDER BY organization_id, id LIMIT 1) AS v ON v.id = c.video_id
            WHERE c.id = near.id AND (c.video_id IS NULL OR v.id IS NOT NULL)
            ORDER BY near.rank;
        END $_$;

-- Name: search_conditions(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.search_conditions() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
    SELECT $sql$
        c.organization_id = $1 AND v.deleted_at IS NULL
        AND (c.visibility <> 'private' OR c.owner_id = $2 OR $3)
        AND ($4::uuid IS NULL OR c.video_id = $4)
        AND ($5::uuid IS NULL OR v.channel_id = $5)
        AND ($6::timestamptz IS NULL OR coalesce(v.created_at, c.created_at) >= $6)
        AND ($7::timestamptz IS NULL OR coalesce(v.created_at, c.created_at) <= $7)
        AND ($8::text IS NULL OR EXISTS (SELECT FROM speakers s WHERE s.organization_id = $1 AND s.video_id = c.video_id
            AND s.label = ANY(c.speakers) AND (lower(s.label) = lower($8) OR lower(s.name) = lower($8))))
        AND (cardinality($9::text[]) = 0 OR (SELECT bool_and(
            -- Stems alone would take one stop word for another; only passages that pass them are read word by word.
            CASE WHEN c.search_vector @@ phraseto_tsquery(text_search_configuration(c.language), wanted)
                 THEN to_tsvector('simple', c.text) @@ phraseto_tsquery('simple', wanted) ELSE false END) FROM unnest($9) AS wanted))
        AND (cardinality($10::text[]) = 0 OR NOT (SELECT bool_or(
            c.search_vector @@ phraseto_tsquery(text_search_configuration(c.language), unwanted)) FROM unnest($10) AS unwanted))
        AND ($11::text[] IS NULL OR c.entity_type = ANY($11))
    $sql$
$_$;

-- Name: search_configurations(uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.search_configurations(p_organization_id uuid) RETURNS regconfig[]
    LANGUAGE sql STABLE
    AS $$
    WITH RECURSIVE spoken AS (
        SELECT (SELECT min(coalesce(c.language, '')) FROM chunks c WHERE c.organization_id = p_organization_id) AS language
        UNION ALL
        SELECT (SELECT min(coalesce(c.language, '')) FROM chunks c
            WHERE c.organization_id = p_organization_id AND coalesce(c.language, '') > spoken.language)
        FROM spoken WHERE spoken.language IS NOT NULL
    )
    SELECT coalesce(array_agg(DISTINCT text_search_configuration(language)), '{}') FROM spoken WHERE language IS NOT NULL
$$;

-- Name: search_terms(text, regconfig[]); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.search_terms(p_query text, p_configurations regconfig[]) RETURNS TABLE(configuration regconfig, lexeme text, query tsquery, place smallint)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT spoken.configuration, found.lexeme,
        ('''' || replace(replace(found.lexeme, '\', '\\'), '''', '''''') || '''')::tsquery, found.place
    FROM unnest(p_configurations) AS spoken(configuration)
    CROSS JOIN LATERAL (
        SELECT word.lexeme, word.positions[1] AS place FROM unnest(to_tsvector(spoken.configuration, p_query)) AS word
        WHERE spoken.configuration <> 'pg_catalog.simple'::regconfig OR NOT EXISTS (
            SELECT FROM unnest(p_configurations) AS other(configuration)
            WHERE other.configuration <> spoken.configuration AND to_tsvector(other.configuration, word.lexeme) = '')
        ORDER BY place LIMIT 32) AS found
$$;

-- Name: tell_access_change(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.tell_access_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    v_row jsonb := to_jsonb(OLD);
BEGIN
    PERFORM pg_notify('memoreel_access', CASE TG_TABLE_NAME
        WHEN 'memberships' THEN jsonb_build_object('organization_id', v_row -> 'organization_id', 'user_id', v_row -> 'user_id')
        WHEN 'organizations' THEN jsonb_build_object('organization_id', v_row -> 'id')
        WHEN 'users' THEN jsonb_build_object('user_id', v_row -> 'id')
        ELSE jsonb_build_object('actor_id', v_row -> 'id')
    END::text);
    RETURN NULL;
END $$;

-- Name: text_search_configuration(text); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.text_search_configuration(language text) RETURNS regconfig
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE language
        WHEN 'en' THEN 'pg_catalog.english'::regconfig WHEN 'de' THEN 'pg_catalog.german'::regconfig
        WHEN 'fr' THEN 'pg_catalog.french'::regconfig WHEN 'es' THEN 'pg_catalog.spanish'::regconfig
        WHEN 'it' THEN 'pg_catalog.italian'::regconfig WHEN 'pt' THEN 'pg_catalog.portuguese'::regconfig
        WHEN 'nl' THEN 'pg_catalog.dutch'::regconfig WHEN 'sv' THEN 'pg_catalog.swedish'::regconfig
        ELSE 'pg_catalog.simple'::regconfig END
$$;

-- Name: untold_follow_video(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.untold_follow_video() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    DELETE FROM webhook_deliveries WHERE (organization_id, id) IN (
        SELECT organization_id, id FROM webhook_deliveries
        WHERE organization_id = NEW.organization_id AND video_id = NEW.id AND status <> 'delivered' FOR UPDATE SKIP LOCKED);
    RETURN NULL;
END $$;

-- Name: update_updated_at_column(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.update_updated_at_column() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END $$;

-- Name: verify_audit_logs(text); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.verify_audit_logs(p_head text) RETURNS TABLE(organization_id uuid, slug text, sealed bigint, unsealed bigint, erased bigint, broken_seq bigint, head text, lacks_head boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT o.id, o.slug, count(chain.seq), count(*) FILTER (WHERE chain.seq IS NULL AND chain.id IS NOT NULL),
        count(*) FILTER (WHERE chain.id IS NOT NULL AND chain.details IS NULL),
        min(chain.place) FILTER (WHERE chain.seq IS NOT NULL AND NOT chain.is_whole),
        encode((array_agg(chain.hash ORDER BY chain.seq DESC) FILTER (WHERE chain.seq IS NOT NULL))[1], 'hex'),
        p_head IS NOT NULL AND NOT coalesce(bool_or(encode(chain.hash, 'hex') = lower(p_head)), false)
    FROM organizations o LEFT JOIN LATERAL (
        SELECT a.*, row_number() OVER entries AS place,
            a.seq = row_number() OVER entries AND a.hash = audit_hash(lag(a.hash) OVER entries, a)
            AND (a.details IS NULL OR a.details_digest = audit_digest(a.details_salt, a.details)) AS is_whole
        FROM audit_logs a WHERE a.organization_id = o.id
        -- Those that are not sealed come last.
        WINDOW entries AS (ORDER BY a.seq NULLS LAST)
    ) AS chain ON true
    GROUP BY o.id, o.slug ORDER BY o.slug
$$;

-- Name: webhook_event_of(text, text); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.webhook_event_of(p_kind text, p_video_status text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
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
        WHEN 'image_ready' THEN 'asset.ready'
        WHEN 'image_failed' THEN 'asset.failed'
        WHEN 'image_deleted' THEN 'asset.deleted'
        WHEN 'image_restored' THEN 'asset.restored'
        WHEN 'document_ready' THEN 'asset.ready'
        WHEN 'document_failed' THEN 'asset.failed'
        WHEN 'document_deleted' THEN 'asset.deleted'
        WHEN 'document_restored' THEN 'asset.restored'
    END
$$;

-- Name: webhook_time(timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.webhook_time(p_time timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE
    AS $$
    SELECT to_char(p_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- Name: with_try(jsonb, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.with_try(p_tries jsonb, p_try jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE WHEN jsonb_typeof(p_tries) <> 'array' THEN '[]' WHEN jsonb_array_length(p_tries) >= 20 THEN p_tries - 0 ELSE p_tries END || p_try
$$;

-- Name: words_within(uuid, tsvector); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.words_within(p_organization_id uuid, p_words tsvector) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT pg_catalog.array_to_tsvector(ARRAY[p_organization_id::text]) || p_words
$$;

-- Name: api_keys; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.api_keys (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    token_hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone,
    expires_at timestamp with time zone,
    role text,
    CONSTRAINT api_keys_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100))),
    CONSTRAINT api_keys_role CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text, 'viewer'::text])))
);

ALTER TABLE ONLY public.api_keys FORCE ROW LEVEL SECURITY;

-- Name: asset_terms; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.asset_terms (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    asset_id uuid NOT NULL,
    term text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.asset_terms FORCE ROW LEVEL SECURITY;

-- Name: assets; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.assets (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    kind text,
    filename text NOT NULL,
    original_filename text NOT NULL,
    content_type text,
    byte_size bigint NOT NULL,
    sha256 bytea,
    blob_key text,
    status text DEFAULT 'pending'::text NOT NULL,
    width integer,
    height integer,
    duration_seconds double precision,
    bitrate bigint,
    sample_rate integer,
    channels integer,
    page_count integer,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    blob_id uuid,
    folder_id uuid,
    owner_id uuid,
    visibility text DEFAULT 'organization'::text NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    custom_metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    deleted_at timestamp with time zone,
    retention_until timestamp with time zone,
    description text,
    recognised_text text,
    version integer DEFAULT 1 NOT NULL,
    replacement_id uuid,
    packaging integer DEFAULT 1 NOT NULL,
    picture_bytes bigint DEFAULT 0 NOT NULL,
    last_packaging integer DEFAULT 1 NOT NULL,
    filename_lower text GENERATED ALWAYS AS (lower(filename)) STORED NOT NULL,
    CONSTRAINT assets_byte_size CHECK ((byte_size >= 0)),
    CONSTRAINT assets_custom_metadata_is_object CHECK ((jsonb_typeof(custom_metadata) = 'object'::text)),
    CONSTRAINT assets_deleted CHECK (((deleted_at IS NULL) = (retention_until IS NULL))),
    CONSTRAINT assets_description_length CHECK (((char_length(description) >= 1) AND (char_length(description) <= 2000))),
    CONSTRAINT assets_filename_length CHECK (((char_length(filename) >= 1) AND (char_length(filename) <= 255))),
    CONSTRAINT assets_kind CHECK ((kind = ANY (ARRAY['image'::text, 'video'::text, 'audio'::text, 'document'::text]))),
    CONSTRAINT assets_last_packaging CHECK ((last_packaging >= packaging)),
    CONSTRAINT assets_original_filename_length CHECK (((char_length(original_filename) >= 1) AND (char_length(original_filename) <= 255))),
    CONSTRAINT assets_packaging CHECK ((packaging >= 1)),
    CONSTRAINT assets_picture_bytes CHECK ((picture_bytes >= 0)),
    CONSTRAINT assets_ready_is_stored CHECK (((status <> 'ready'::text) OR ((blob_key IS NOT NULL) AND (sha256 IS NOT NULL) AND (kind IS NOT NULL)))),
    CONSTRAINT assets_recognised_text_length CHECK ((char_length(recognised_text) <= 20000)),
    CONSTRAINT assets_sha256_length CHECK ((octet_length(sha256) = 32)),
    CONSTRAINT assets_status CHECK ((status = ANY (ARRAY['pending'::text, 'ready'::text, 'failed'::text, 'deleted'::text]))),
    CONSTRAINT assets_tags_number CHECK ((cardinality(tags) <= 50)),
    CONSTRAINT assets_version CHECK ((version >= 1)),
    CONSTRAINT assets_visibility CHECK ((visibility = ANY (ARRAY['private'::text, 'organization'::text, 'public'::text])))
);

ALTER TABLE ONLY public.assets FORCE ROW LEVEL SECURITY;

-- Name: blob_deletions; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.blob_deletions (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    blob_key text NOT NULL,
    not_before timestamp with time zone NOT NULL,
    reason text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.blob_deletions FORCE ROW LEVEL SECURITY;

-- Name: blobs; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.blobs (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    sha256 bytea NOT NULL,
    byte_size bigint NOT NULL,
    blob_key text NOT NULL,
    reference_count bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT blobs_byte_size CHECK ((byte_size >= 0)),
    CONSTRAINT blobs_reference_count CHECK ((reference_count >= 0)),
    CONSTRAINT blobs_sha256_length CHECK ((octet_length(sha256) = 32))
);

ALTER TABLE ONLY public.blobs FORCE ROW LEVEL SECURITY;

-- Name: channels; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.channels (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    name text NOT NULL,
    description text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT channels_description_length CHECK ((char_length(description) <= 5000)),
    CONSTRAINT channels_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100)))
);

ALTER TABLE ONLY public.channels FORCE ROW LEVEL SECURITY;

-- Name: chunk_embeddings; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.chunk_embeddings (
    organization_id uuid NOT NULL,
    chunk_id uuid NOT NULL,
    model_id uuid NOT NULL,
    embedding public.vector NOT NULL,
    span_vectors bytea,
    written_in xid8 DEFAULT pg_current_xact_id() NOT NULL
);
ALTER TABLE ONLY public.chunk_embeddings ALTER COLUMN embedding SET STORAGE MAIN;
ALTER TABLE ONLY public.chunk_embeddings ALTER COLUMN span_vectors SET STORAGE EXTERNAL;

ALTER TABLE ONLY public.chunk_embeddings FORCE ROW LEVEL SECURITY;

-- Name: chunks; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.chunks (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    entity_type text NOT NULL,
    entity_id uuid NOT NULL,
    video_id uuid,
    chunk_index integer NOT NULL,
    text text NOT NULL,
    language text,
    token_count integer,
    start_seconds double precision,
    end_seconds double precision,
    speakers text[] DEFAULT '{}'::text[] NOT NULL,
    spans jsonb DEFAULT '[]'::jsonb NOT NULL,
    owner_id uuid,
    visibility text NOT NULL,
    search_vector tsvector GENERATED ALWAYS AS (to_tsvector(public.text_search_configuration(language), text)) STORED,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    context text DEFAULT ''::text NOT NULL,
    context_vector tsvector GENERATED ALWAYS AS (to_tsvector(public.text_search_configuration(language), context)) STORED,
    written_in xid8 DEFAULT pg_current_xact_id() NOT NULL,
    asset_id uuid,
    page_number integer,
    is_description boolean DEFAULT false NOT NULL,
    is_picture boolean DEFAULT false NOT NULL,
    CONSTRAINT chunks_entity_type CHECK ((entity_type = ANY (ARRAY['transcript'::text, 'document'::text, 'key_frame'::text, 'image'::text, 'video'::text]))),
    CONSTRAINT chunks_index CHECK ((chunk_index >= 0)),
    CONSTRAINT chunks_order CHECK ((end_seconds >= start_seconds)),
    CONSTRAINT chunks_picture CHECK (
CASE
    WHEN is_picture THEN ((entity_type = ANY (ARRAY['image'::text, 'key_frame'::text, 'document'::text])) AND (text = ''::text) AND (context = ''::text) AND (NOT is_description) AND (chunk_index >= 1000000000))
    ELSE (chunk_index < 1000000000)
END),
    CONSTRAINT chunks_place CHECK ((
CASE entity_type
    WHEN 'document'::text THEN ((asset_id IS NOT NULL) AND (asset_id = entity_id) AND (page_number IS NOT NULL) AND (video_id IS NULL))
    WHEN 'image'::text THEN ((asset_id IS NOT NULL) AND (asset_id = entity_id) AND (page_number IS NULL) AND (video_id IS NULL))
    WHEN 'key_frame'::text THEN ((asset_id IS NULL) AND (page_number IS NULL) AND (video_id IS NOT NULL) AND (start_seconds IS NOT NULL) AND (end_seconds IS NOT NULL))
    WHEN 'video'::text THEN ((asset_id IS NULL) AND (page_number IS NULL) AND (video_id IS NOT NULL) AND (video_id = entity_id) AND (start_seconds IS NULL) AND (end_seconds IS NULL))
    ELSE ((asset_id IS NULL) AND (page_number IS NULL))
END AND
CASE entity_type
    WHEN 'image'::text THEN true
    WHEN 'video'::text THEN is_description
    ELSE (NOT is_description)
END)),
    CONSTRAINT chunks_visibility CHECK ((visibility = ANY (ARRAY['private'::text, 'organization'::text, 'public'::text])))
);
ALTER TABLE ONLY public.chunks ALTER COLUMN search_vector SET STORAGE MAIN;

ALTER TABLE ONLY public.chunks FORCE ROW LEVEL SECURITY;

-- Name: consents; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.consents (
    user_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    document text NOT NULL,
    version text NOT NULL,
    is_given boolean NOT NULL,
    address text,
    user_agent text,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT consents_document CHECK ((document = ANY (ARRAY['terms'::text, 'privacy'::text, 'marketing'::text]))),
    CONSTRAINT consents_version_length CHECK (((char_length(version) >= 1) AND (char_length(version) <= 50)))
);

ALTER TABLE ONLY public.consents FORCE ROW LEVEL SECURITY;

-- Name: delivery_policies; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.delivery_policies (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    allowed_origins text[] DEFAULT '{}'::text[] NOT NULL,
    referrer_domains text[] DEFAULT '{}'::text[] NOT NULL,
    allows_no_referrer boolean DEFAULT true NOT NULL,
    shared_caching boolean DEFAULT false NOT NULL,
    cache_seconds integer DEFAULT 3600 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT delivery_policies_allowed_origins CHECK ((cardinality(allowed_origins) <= 50)),
    CONSTRAINT delivery_policies_cache_seconds CHECK (((cache_seconds >= 0) AND (cache_seconds <= 31622400))),
    CONSTRAINT delivery_policies_referrer_domains CHECK ((cardinality(referrer_domains) <= 100))
);

ALTER TABLE ONLY public.delivery_policies FORCE ROW LEVEL SECURITY;

-- Name: document_pages; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.document_pages (
    organization_id uuid NOT NULL,
    asset_id uuid NOT NULL,
    page_number integer NOT NULL,
    text text NOT NULL,
    source text NOT NULL,
    headings jsonb DEFAULT '[]'::jsonb NOT NULL,
    image_key text,
    width integer,
    height integer,
    CONSTRAINT document_pages_image CHECK ((((image_key IS NULL) = (width IS NULL)) AND ((image_key IS NULL) = (height IS NULL)))),
    CONSTRAINT document_pages_page_number CHECK ((page_number >= 1)),
    CONSTRAINT document_pages_source CHECK ((source = ANY (ARRAY['text_layer'::text, 'ocr'::text])))
);

ALTER TABLE ONLY public.document_pages FORCE ROW LEVEL SECURITY;

-- Name: email_tokens; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.email_tokens (
    id uuid DEFAULT uuidv7() NOT NULL,
    user_id uuid NOT NULL,
    purpose text NOT NULL,
    email text NOT NULL,
    new_email text,
    used_at timestamp with time zone,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    about text,
    CONSTRAINT email_tokens_about_length CHECK (((char_length(about) >= 1) AND (char_length(about) <= 300))),
    CONSTRAINT email_tokens_change CHECK (((purpose = 'change'::text) = (new_email IS NOT NULL))),
    CONSTRAINT email_tokens_email_length CHECK (((char_length(email) >= 3) AND (char_length(email) <= 254))),
    CONSTRAINT email_tokens_new_email_length CHECK (((char_length(new_email) >= 3) AND (char_length(new_email) <= 254))),
    CONSTRAINT email_tokens_purpose CHECK ((purpose = ANY (ARRAY['confirm'::text, 'reset'::text, 'change'::text, 'taken'::text, 'passkey_added'::text, 'passkey_removed'::text, 'totp_enabled'::text, 'totp_disabled'::text, 'recovery_codes_renewed'::text, 'identity_linked'::text, 'identity_unlinked'::text, 'password_changed'::text, 'domain_failing'::text, 'domain_lost'::text])))
);

ALTER TABLE ONLY public.email_tokens FORCE ROW LEVEL SECURITY;

-- Name: embedding_models; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.embedding_models (
    id uuid DEFAULT uuidv7() NOT NULL,
    name text NOT NULL,
    dimensions integer NOT NULL,
    status text DEFAULT 'live'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT embedding_models_dimensions CHECK (((dimensions >= 1) AND (dimensions <= 4000))),
    CONSTRAINT embedding_models_status CHECK ((status = ANY (ARRAY['building'::text, 'live'::text, 'retired'::text])))
);

-- Name: encoding_settings; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.encoding_settings (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    codec text DEFAULT 'h264'::text NOT NULL,
    heights integer[] DEFAULT '{360}'::integer[] NOT NULL,
    bit_rates bigint[] DEFAULT '{800000}'::bigint[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    loudness integer,
    CONSTRAINT encoding_settings_bit_rates CHECK ((cardinality(bit_rates) = cardinality(heights))),
    CONSTRAINT encoding_settings_codec CHECK ((codec = ANY (ARRAY['h264'::text, 'av1'::text]))),
    CONSTRAINT encoding_settings_heights CHECK (((cardinality(heights) >= 1) AND (cardinality(heights) <= 16))),
    CONSTRAINT encoding_settings_loudness CHECK (((loudness >= '-31'::integer) AND (loudness <= '-9'::integer)))
);

ALTER TABLE ONLY public.encoding_settings FORCE ROW LEVEL SECURITY;

-- Name: erasures; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.erasures (
    id uuid DEFAULT uuidv7() NOT NULL,
    kind text NOT NULL,
    subject_id uuid NOT NULL,
    asked_by text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    plan jsonb,
    report jsonb,
    CONSTRAINT erasures_asked_by CHECK ((asked_by = ANY (ARRAY['person'::text, 'owner'::text, 'operator'::text, 'journal'::text]))),
    CONSTRAINT erasures_kind CHECK ((kind = ANY (ARRAY['person'::text, 'organization'::text]))),
    CONSTRAINT erasures_plan_while_open CHECK (((finished_at IS NULL) OR (plan IS NULL)))
);

ALTER TABLE ONLY public.erasures FORCE ROW LEVEL SECURITY;

-- Name: export_requests; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.export_requests (
    id uuid DEFAULT uuidv7() NOT NULL,
    user_id uuid NOT NULL,
    requested_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    size_bytes bigint,
    expires_at timestamp with time zone,
    deleted_at timestamp with time zone,
    CONSTRAINT export_requests_finished CHECK ((((finished_at IS NULL) = (size_bytes IS NULL)) AND ((finished_at IS NULL) = (expires_at IS NULL))))
);

ALTER TABLE ONLY public.export_requests FORCE ROW LEVEL SECURITY;

-- Name: folders; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.folders (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    parent_id uuid,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT folders_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100)))
);

ALTER TABLE ONLY public.folders FORCE ROW LEVEL SECURITY;

-- Name: idempotency_keys; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.idempotency_keys (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    response_status integer,
    response_body bytea,
    response_content_type text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT idempotency_keys_length CHECK (((char_length(key) >= 1) AND (char_length(key) <= 255)))
);

ALTER TABLE ONLY public.idempotency_keys FORCE ROW LEVEL SECURITY;

-- Name: image_presets; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.image_presets (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    name text NOT NULL,
    options text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT image_presets_name CHECK ((name ~ '^[a-z][a-z0-9-]{0,39}$'::text)),
    CONSTRAINT image_presets_options_length CHECK (((char_length(options) >= 1) AND (char_length(options) <= 256)))
);

ALTER TABLE ONLY public.image_presets FORCE ROW LEVEL SECURITY;

-- Name: key_frames; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.key_frames (
    organization_id uuid NOT NULL,
    asset_id uuid NOT NULL,
    start_ms bigint NOT NULL,
    shown jsonb NOT NULL,
    hash bigint NOT NULL,
    text text DEFAULT ''::text NOT NULL,
    confidence real,
    width integer NOT NULL,
    height integer NOT NULL,
    CONSTRAINT key_frames_confidence CHECK ((((confidence >= (0)::double precision) AND (confidence <= (1)::double precision)) AND ((confidence IS NULL) = (text = ''::text)))),
    CONSTRAINT key_frames_start CHECK ((start_ms >= 0))
);

ALTER TABLE ONLY public.key_frames FORCE ROW LEVEL SECURITY;

-- Name: memberships; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.memberships (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    user_id uuid NOT NULL,
    role text DEFAULT 'member'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT memberships_role CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text, 'viewer'::text])))
);

ALTER TABLE ONLY public.memberships FORCE ROW LEVEL SECURITY;

-- Name: organization_chunk_counts; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.organization_chunk_counts (
    organization_id uuid NOT NULL,
    chunk_count bigint NOT NULL
);

ALTER TABLE ONLY public.organization_chunk_counts FORCE ROW LEVEL SECURITY;

-- Name: organization_domains; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.organization_domains (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    domain text NOT NULL,
    verification_token text NOT NULL,
    verified_at timestamp with time zone,
    join_role text DEFAULT 'none'::text NOT NULL,
    required_provider text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    verified_by text,
    checked_at timestamp with time zone,
    failing_since timestamp with time zone,
    failed_checks integer DEFAULT 0 NOT NULL,
    CONSTRAINT organization_domains_domain_form CHECK ((domain ~ '^[a-z0-9.-]{4,253}$'::text)),
    CONSTRAINT organization_domains_join_role CHECK ((join_role = ANY (ARRAY['none'::text, 'viewer'::text, 'member'::text]))),
    CONSTRAINT organization_domains_verification CHECK (((verified_at IS NULL) = (verified_by IS NULL))),
    CONSTRAINT organization_domains_verified_by CHECK ((verified_by = ANY (ARRAY['record'::text, 'operator'::text])))
);

ALTER TABLE ONLY public.organization_domains FORCE ROW LEVEL SECURITY;

-- Name: organization_exports; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.organization_exports (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    requested_by uuid,
    requested_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    size_bytes bigint,
    expires_at timestamp with time zone,
    deleted_at timestamp with time zone,
    CONSTRAINT organization_exports_finished CHECK ((((finished_at IS NULL) = (size_bytes IS NULL)) AND ((finished_at IS NULL) = (expires_at IS NULL))))
);

ALTER TABLE ONLY public.organization_exports FORCE ROW LEVEL SECURITY;

-- Name: organization_invitations; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.organization_invitations (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    email text NOT NULL,
    role text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    token_hash bytea NOT NULL,
    invited_by uuid,
    accepted_by uuid,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT organization_invitations_email_length CHECK (((char_length(email) >= 3) AND (char_length(email) <= 254))),
    CONSTRAINT organization_invitations_role CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text, 'viewer'::text]))),
    CONSTRAINT organization_invitations_status CHECK ((status = ANY (ARRAY['pending'::text, 'accepted'::text, 'declined'::text, 'expired'::text, 'revoked'::text])))
);

ALTER TABLE ONLY public.organization_invitations FORCE ROW LEVEL SECURITY;

-- Name: organization_stores; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.organization_stores (
    id uuid NOT NULL,
    store text NOT NULL,
    other_store text,
    other_bucket text,
    other_region text,
    other_prefix text,
    state text DEFAULT 'settled'::text NOT NULL,
    generation bigint NOT NULL,
    began_at timestamp with time zone DEFAULT now() NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT organization_stores_other CHECK (((state = 'settled'::text) = (other_store IS NULL))),
    CONSTRAINT organization_stores_state CHECK ((state = ANY (ARRAY['settled'::text, 'copying'::text, 'held'::text, 'switched'::text, 'clearing'::text])))
);

ALTER TABLE ONLY public.organization_stores FORCE ROW LEVEL SECURITY;

-- Name: organizations; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.organizations (
    id uuid DEFAULT uuidv7() NOT NULL,
    name text NOT NULL,
    slug text NOT NULL,
    description text,
    status text DEFAULT 'active'::text NOT NULL,
    personal_owner_id uuid,
    storage_bucket text,
    storage_prefix text,
    region text,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    erased_after timestamp with time zone,
    tasks_held boolean DEFAULT false NOT NULL,
    CONSTRAINT organizations_description_length CHECK ((char_length(description) <= 5000)),
    CONSTRAINT organizations_erased_when_deleted CHECK (((status = 'deleted'::text) = (erased_after IS NOT NULL))),
    CONSTRAINT organizations_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100))),
    CONSTRAINT organizations_slug_form CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,49}$'::text)),
    CONSTRAINT organizations_status CHECK ((status = ANY (ARRAY['active'::text, 'suspended'::text, 'deleted'::text])))
);

ALTER TABLE ONLY public.organizations FORCE ROW LEVEL SECURITY;

-- Name: outbox; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.outbox (
    seq bigint NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    organization_id uuid NOT NULL,
    kind text NOT NULL,
    aggregate_id uuid NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.outbox FORCE ROW LEVEL SECURITY;

-- Name: outbox_seq_seq; Type: SEQUENCE; Schema: public; Owner: -

ALTER TABLE public.outbox ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.outbox_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: passkey_ceremonies; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.passkey_ceremonies (
    token_hash bytea NOT NULL,
    purpose text NOT NULL,
    user_id uuid,
    state jsonb NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT passkey_ceremonies_purpose CHECK ((purpose = ANY (ARRAY['register'::text, 'sign_in'::text]))),
    CONSTRAINT passkey_ceremonies_token_length CHECK ((octet_length(token_hash) = 32)),
    CONSTRAINT passkey_ceremonies_user CHECK (((purpose = 'register'::text) = (user_id IS NOT NULL)))
);

ALTER TABLE ONLY public.passkey_ceremonies FORCE ROW LEVEL SECURITY;

-- Name: provider_sign_ins; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.provider_sign_ins (
    id uuid DEFAULT uuidv7() NOT NULL,
    browser_hash bytea NOT NULL,
    state_hash bytea,
    provider text NOT NULL,
    return_to text NOT NULL,
    linking_user_id uuid,
    verified_user_id uuid,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    agreed jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT provider_sign_ins_browser_length CHECK ((octet_length(browser_hash) = 32)),
    CONSTRAINT provider_sign_ins_stage CHECK (((state_hash IS NULL) = (verified_user_id IS NOT NULL))),
    CONSTRAINT provider_sign_ins_state_length CHECK ((octet_length(state_hash) = 32))
);

ALTER TABLE ONLY public.provider_sign_ins FORCE ROW LEVEL SECURITY;

-- Name: renditions; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.renditions (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    asset_id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    blob_key text NOT NULL,
    content_type text NOT NULL,
    byte_size bigint NOT NULL,
    width integer,
    height integer,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    still_bytes bigint DEFAULT 0 NOT NULL,
    stills int8multirange DEFAULT '{}'::int8multirange NOT NULL,
    CONSTRAINT renditions_kind CHECK ((kind = ANY (ARRAY['file'::text, 'hls_master'::text, 'hls_variant'::text, 'hls_sound'::text, 'subtitles'::text, 'poster'::text, 'thumbnail'::text, 'storyboard'::text, 'waveform'::text, 'speech_audio'::text, 'image'::text, 'sound'::text])))
);

ALTER TABLE ONLY public.renditions FORCE ROW LEVEL SECURITY;

-- Name: request_logs; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.request_logs (
    organization_id uuid,
    id uuid DEFAULT uuidv7() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    user_id uuid,
    request_id text,
    method text NOT NULL,
    route text NOT NULL,
    path text NOT NULL,
    status_code integer NOT NULL,
    duration_ms real DEFAULT 0 NOT NULL,
    bytes_in bigint DEFAULT 0 NOT NULL,
    bytes_out bigint DEFAULT 0 NOT NULL,
    address inet,
    user_agent text
)
PARTITION BY RANGE (created_at);

ALTER TABLE ONLY public.request_logs FORCE ROW LEVEL SECURITY;

-- Name: request_logs_default; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.request_logs_default (
    organization_id uuid,
    id uuid DEFAULT uuidv7() CONSTRAINT request_logs_id_not_null NOT NULL,
    created_at timestamp with time zone DEFAULT now() CONSTRAINT request_logs_created_at_not_null NOT NULL,
    user_id uuid,
    request_id text,
    method text CONSTRAINT request_logs_method_not_null NOT NULL,
    route text CONSTRAINT request_logs_route_not_null NOT NULL,
    path text CONSTRAINT request_logs_path_not_null NOT NULL,
    status_code integer CONSTRAINT request_logs_status_code_not_null NOT NULL,
    duration_ms real DEFAULT 0 CONSTRAINT request_logs_duration_ms_not_null NOT NULL,
    bytes_in bigint DEFAULT 0 CONSTRAINT request_logs_bytes_in_not_null NOT NULL,
    bytes_out bigint DEFAULT 0 CONSTRAINT request_logs_bytes_out_not_null NOT NULL,
    address inet,
    user_agent text
);

ALTER TABLE ONLY public.request_logs_default FORCE ROW LEVEL SECURITY;

-- Name: sessions; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.sessions (
    id uuid DEFAULT uuidv7() NOT NULL,
    user_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    user_agent text,
    address text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    provider text
);

ALTER TABLE ONLY public.sessions FORCE ROW LEVEL SECURITY;

-- Name: sign_in_attempts; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.sign_in_attempts (
    account_key bytea NOT NULL,
    attempts integer NOT NULL,
    attempted_at timestamp with time zone NOT NULL,
    free_at timestamp with time zone NOT NULL,
    CONSTRAINT sign_in_attempts_attempts CHECK ((attempts > 0)),
    CONSTRAINT sign_in_attempts_key_length CHECK ((octet_length(account_key) = 32))
);

ALTER TABLE ONLY public.sign_in_attempts FORCE ROW LEVEL SECURITY;

-- Name: speakers; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.speakers (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    video_id uuid NOT NULL,
    label text NOT NULL,
    name text,
    hue smallint NOT NULL,
    user_id uuid,
    turns jsonb,
    CONSTRAINT speakers_hue CHECK (((hue >= 0) AND (hue <= 7))),
    CONSTRAINT speakers_label_length CHECK (((char_length(label) >= 1) AND (char_length(label) <= 100))),
    CONSTRAINT speakers_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100)))
);

ALTER TABLE ONLY public.speakers FORCE ROW LEVEL SECURITY;

-- Name: store_generations; Type: SEQUENCE; Schema: public; Owner: -

CREATE SEQUENCE public.store_generations
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

-- Name: store_processes; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.store_processes (
    id uuid NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    generation bigint DEFAULT 0 NOT NULL,
    changes jsonb DEFAULT '[]'::jsonb NOT NULL,
    lagging uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT store_processes_changes_are_list CHECK ((jsonb_typeof(changes) = 'array'::text))
);

ALTER TABLE ONLY public.store_processes FORCE ROW LEVEL SECURITY;

-- Name: subtitles; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.subtitles (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    video_id uuid NOT NULL,
    language text NOT NULL,
    name text,
    is_forced boolean DEFAULT false NOT NULL,
    webvtt text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT subtitles_language_length CHECK (((char_length(language) >= 1) AND (char_length(language) <= 35))),
    CONSTRAINT subtitles_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 80))),
    CONSTRAINT subtitles_size CHECK ((octet_length(webvtt) <= 2097152))
);

ALTER TABLE ONLY public.subtitles FORCE ROW LEVEL SECURITY;

-- Name: tasks; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.tasks (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    kind text NOT NULL,
    subject_id uuid NOT NULL,
    payload jsonb DEFAULT '{}'::jsonb NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    priority integer DEFAULT 0 NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    attempts_max integer DEFAULT 4 NOT NULL,
    scheduled_for timestamp with time zone DEFAULT now() NOT NULL,
    lease uuid,
    leased_until timestamp with time zone,
    worker text,
    progress real DEFAULT 0 NOT NULL,
    cancel_requested boolean DEFAULT false NOT NULL,
    error_code text,
    error_message text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    tries jsonb DEFAULT '[]'::jsonb NOT NULL,
    is_side boolean DEFAULT false NOT NULL,
    CONSTRAINT tasks_attempts_max CHECK (((attempts_max >= 1) AND (attempts_max <= 100))),
    CONSTRAINT tasks_lease_when_running CHECK (((status = 'running'::text) = ((lease IS NOT NULL) AND (leased_until IS NOT NULL)))),
    CONSTRAINT tasks_progress CHECK (((progress >= (0)::double precision) AND (progress <= (1)::double precision))),
    CONSTRAINT tasks_status CHECK ((status = ANY (ARRAY['pending'::text, 'held'::text, 'running'::text, 'completed'::text, 'failed'::text, 'cancelled'::text])))
);

ALTER TABLE ONLY public.tasks FORCE ROW LEVEL SECURITY;

-- Name: transcript_segments; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.transcript_segments (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    transcript_id uuid NOT NULL,
    video_id uuid NOT NULL,
    segment_index integer NOT NULL,
    start_ms bigint NOT NULL,
    end_ms bigint NOT NULL,
    speaker_id uuid,
    speaker_uncertain boolean DEFAULT false NOT NULL,
    text text NOT NULL,
    words jsonb DEFAULT '[]'::jsonb NOT NULL,
    confidence real,
    cue_identifier text,
    cue_settings text,
    CONSTRAINT transcript_segments_confidence CHECK (((confidence >= (0)::double precision) AND (confidence <= (1)::double precision))),
    CONSTRAINT transcript_segments_order CHECK ((end_ms >= start_ms)),
    CONSTRAINT transcript_segments_start CHECK ((start_ms >= 0))
);

ALTER TABLE ONLY public.transcript_segments FORCE ROW LEVEL SECURITY;

-- Name: transcripts; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.transcripts (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    video_id uuid NOT NULL,
    language text,
    engine text NOT NULL,
    model text,
    notice text,
    has_speakers boolean DEFAULT false NOT NULL,
    speaker_count integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.transcripts FORCE ROW LEVEL SECURITY;

-- Name: upload_limits; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.upload_limits (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    video_bytes_max bigint DEFAULT '5368709120'::bigint NOT NULL,
    audio_bytes_max bigint DEFAULT 1073741824 NOT NULL,
    image_bytes_max bigint DEFAULT 52428800 NOT NULL,
    document_bytes_max bigint DEFAULT 104857600 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT upload_limits_audio CHECK ((audio_bytes_max >= 1048576)),
    CONSTRAINT upload_limits_document CHECK ((document_bytes_max >= 1048576)),
    CONSTRAINT upload_limits_image CHECK ((image_bytes_max >= 1048576)),
    CONSTRAINT upload_limits_video CHECK ((video_bytes_max >= 1048576))
);

ALTER TABLE ONLY public.upload_limits FORCE ROW LEVEL SECURITY;

-- Name: uploads; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.uploads (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    user_id uuid,
    video_id uuid,
    filename text NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    size_bytes bigint NOT NULL,
    offset_bytes bigint DEFAULT 0 NOT NULL,
    status text DEFAULT 'open'::text NOT NULL,
    asset_id uuid,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    kind text DEFAULT 'video'::text NOT NULL,
    source bytea,
    replaces_id uuid,
    CONSTRAINT uploads_filename_length CHECK (((char_length(filename) >= 1) AND (char_length(filename) <= 255))),
    CONSTRAINT uploads_kind CHECK ((kind = ANY (ARRAY['video'::text, 'image'::text, 'document'::text]))),
    CONSTRAINT uploads_offset CHECK (((offset_bytes >= 0) AND (offset_bytes <= size_bytes))),
    CONSTRAINT uploads_size CHECK ((size_bytes >= 0)),
    CONSTRAINT uploads_source CHECK (((source IS NULL) OR (status = 'importing'::text))),
    CONSTRAINT uploads_status CHECK ((status = ANY (ARRAY['open'::text, 'importing'::text, 'received'::text, 'stored'::text, 'terminated'::text, 'expired'::text]))),
    CONSTRAINT uploads_video CHECK (((kind = 'video'::text) = (video_id IS NOT NULL)))
);

ALTER TABLE ONLY public.uploads FORCE ROW LEVEL SECURITY;

-- Name: user_extensions; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.user_extensions (
    user_id uuid NOT NULL,
    tos_accepted_at timestamp with time zone,
    marketing_consent boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.user_extensions FORCE ROW LEVEL SECURITY;

-- Name: user_identities; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.user_identities (
    id uuid DEFAULT uuidv7() NOT NULL,
    user_id uuid NOT NULL,
    provider text NOT NULL,
    subject text NOT NULL,
    email text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone,
    CONSTRAINT user_identities_provider_length CHECK (((char_length(provider) >= 1) AND (char_length(provider) <= 50))),
    CONSTRAINT user_identities_subject_length CHECK (((char_length(subject) >= 1) AND (char_length(subject) <= 255)))
);

ALTER TABLE ONLY public.user_identities FORCE ROW LEVEL SECURITY;

-- Name: user_passkeys; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.user_passkeys (
    id uuid DEFAULT uuidv7() NOT NULL,
    user_id uuid NOT NULL,
    credential_id bytea NOT NULL,
    credential jsonb NOT NULL,
    name text NOT NULL,
    backed_up boolean NOT NULL,
    last_used_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT user_passkeys_credential_id_length CHECK (((octet_length(credential_id) >= 1) AND (octet_length(credential_id) <= 4096))),
    CONSTRAINT user_passkeys_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100)))
);

ALTER TABLE ONLY public.user_passkeys FORCE ROW LEVEL SECURITY;

-- Name: user_preferences; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.user_preferences (
    user_id uuid NOT NULL,
    time_zone text,
    locale text,
    theme text DEFAULT 'system'::text NOT NULL,
    in_app_notifications boolean DEFAULT true NOT NULL,
    email_notifications text DEFAULT 'instant'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT user_preferences_email_notifications CHECK ((email_notifications = ANY (ARRAY['off'::text, 'instant'::text, 'daily'::text, 'weekly'::text]))),
    CONSTRAINT user_preferences_locale_length CHECK (((char_length(locale) >= 2) AND (char_length(locale) <= 35))),
    CONSTRAINT user_preferences_theme CHECK ((theme = ANY (ARRAY['system'::text, 'light'::text, 'dark'::text]))),
    CONSTRAINT user_preferences_time_zone_length CHECK (((char_length(time_zone) >= 1) AND (char_length(time_zone) <= 64)))
);

ALTER TABLE ONLY public.user_preferences FORCE ROW LEVEL SECURITY;

-- Name: user_recovery_codes; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.user_recovery_codes (
    user_id uuid NOT NULL,
    code_hash bytea NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT user_recovery_codes_hash_length CHECK ((octet_length(code_hash) = 32))
);

ALTER TABLE ONLY public.user_recovery_codes FORCE ROW LEVEL SECURITY;

-- Name: user_totp; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.user_totp (
    user_id uuid NOT NULL,
    secret bytea NOT NULL,
    confirmed_at timestamp with time zone,
    last_step bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.user_totp FORCE ROW LEVEL SECURITY;

-- Name: users; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.users (
    id uuid DEFAULT uuidv7() NOT NULL,
    email text NOT NULL,
    name text,
    avatar_url text,
    password_hash text,
    is_active boolean DEFAULT true NOT NULL,
    email_verified_at timestamp with time zone,
    last_login_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    confirm_first boolean DEFAULT false NOT NULL,
    erased_after timestamp with time zone,
    CONSTRAINT users_email_length CHECK (((char_length(email) >= 3) AND (char_length(email) <= 254))),
    CONSTRAINT users_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100)))
);

ALTER TABLE ONLY public.users FORCE ROW LEVEL SECURITY;

-- Name: video_summaries; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.video_summaries (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    video_id uuid NOT NULL,
    engine text NOT NULL,
    model text,
    sentences jsonb DEFAULT '[]'::jsonb NOT NULL,
    key_points jsonb DEFAULT '[]'::jsonb NOT NULL,
    chapters jsonb DEFAULT '[]'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.video_summaries FORCE ROW LEVEL SECURITY;

-- Name: videos; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.videos (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    asset_id uuid,
    channel_id uuid,
    author_id uuid,
    title text NOT NULL,
    description text,
    source text DEFAULT 'upload'::text NOT NULL,
    visibility text DEFAULT 'organization'::text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    error_code text,
    error_message text,
    playable_at timestamp with time zone,
    completed_at timestamp with time zone,
    deleted_at timestamp with time zone,
    retention_until timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    title_lower text GENERATED ALWAYS AS (lower(title)) STORED NOT NULL,
    CONSTRAINT videos_description_length CHECK ((char_length(description) <= 5000)),
    CONSTRAINT videos_error_when_failed CHECK (((status = 'failed'::text) = ((error_code IS NOT NULL) AND (error_message IS NOT NULL)))),
    CONSTRAINT videos_retention_when_deleted CHECK (((deleted_at IS NULL) = (retention_until IS NULL))),
    CONSTRAINT videos_source CHECK ((source = ANY (ARRAY['upload'::text, 'import'::text, 'recording'::text, 'demo'::text]))),
    CONSTRAINT videos_status CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'completed'::text, 'failed'::text]))),
    CONSTRAINT videos_title_length CHECK (((char_length(title) >= 1) AND (char_length(title) <= 200))),
    CONSTRAINT videos_visibility CHECK ((visibility = ANY (ARRAY['private'::text, 'organization'::text, 'public'::text])))
);

ALTER TABLE ONLY public.videos FORCE ROW LEVEL SECURITY;

-- Name: webhook_deliveries; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.webhook_deliveries (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    endpoint_id uuid NOT NULL,
    video_id uuid,
    event text NOT NULL,
    payload text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone DEFAULT now() NOT NULL,
    lease uuid,
    leased_by text,
    last_attempt_at timestamp with time zone,
    response_status integer,
    response_body text,
    error_code text,
    duration_ms integer,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    replayed_at timestamp with time zone,
    replayed_lease uuid,
    CONSTRAINT webhook_deliveries_event CHECK (((char_length(event) >= 1) AND (char_length(event) <= 100))),
    CONSTRAINT webhook_deliveries_finished CHECK (((status = 'pending'::text) = (finished_at IS NULL))),
    CONSTRAINT webhook_deliveries_lease CHECK (((lease IS NULL) OR (status = 'pending'::text))),
    CONSTRAINT webhook_deliveries_response_body CHECK ((char_length(response_body) <= 1000)),
    CONSTRAINT webhook_deliveries_status CHECK ((status = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text])))
);

ALTER TABLE ONLY public.webhook_deliveries FORCE ROW LEVEL SECURITY;

-- Name: webhook_endpoints; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.webhook_endpoints (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    url text NOT NULL,
    description text,
    events text[] NOT NULL,
    active boolean DEFAULT true NOT NULL,
    failing_since timestamp with time zone,
    disabled_at timestamp with time zone,
    disabled_reason text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    replayed_at timestamp with time zone,
    CONSTRAINT webhook_endpoints_description_length CHECK ((char_length(description) <= 500)),
    CONSTRAINT webhook_endpoints_disabled CHECK ((((disabled_at IS NULL) = (disabled_reason IS NULL)) AND (NOT (active AND (disabled_at IS NOT NULL))))),
    CONSTRAINT webhook_endpoints_disabled_reason CHECK ((disabled_reason = ANY (ARRAY['gone'::text, 'failing'::text]))),
    CONSTRAINT webhook_endpoints_events CHECK (((cardinality(events) >= 1) AND (cardinality(events) <= 50))),
    CONSTRAINT webhook_endpoints_url_length CHECK (((char_length(url) >= 1) AND (char_length(url) <= 2048)))
);

ALTER TABLE ONLY public.webhook_endpoints FORCE ROW LEVEL SECURITY;

-- Name: webhook_secrets; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.webhook_secrets (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    endpoint_id uuid NOT NULL,
    secret bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone
);

ALTER TABLE ONLY public.webhook_secrets FORCE ROW LEVEL SECURITY;

-- Name: request_logs_default; Type: TABLE ATTACH; Schema: public; Owner: -

ALTER TABLE ONLY public.request_logs ATTACH PARTITION public.request_logs_default DEFAULT;

-- Name: api_keys api_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (organization_id, id);

-- Name: api_keys api_keys_token_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_token_key UNIQUE (token_hash);

-- Name: asset_terms asset_terms_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.asset_terms
    ADD CONSTRAINT asset_terms_pkey PRIMARY KEY (organization_id, id);

-- Name: assets assets_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.assets
    ADD CONSTRAINT assets_pkey PRIMARY KEY (organization_id, id);

-- Name: audit_logs audit_logs_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.audit_logs
    ADD CONSTRAINT audit_logs_pkey PRIMARY KEY (organization_id, id);

-- Name: audit_logs audit_logs_seq_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.audit_logs
    ADD CONSTRAINT audit_logs_seq_key UNIQUE (organization_id, seq);

-- Name: blob_deletions blob_deletions_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.blob_deletions
    ADD CONSTRAINT blob_deletions_pkey PRIMARY KEY (organization_id, id);

-- Name: blobs blobs_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.blobs
    ADD CONSTRAINT blobs_pkey PRIMARY KEY (organization_id, id);

-- Name: blobs blobs_sha256_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.blobs
    ADD CONSTRAINT blobs_sha256_key UNIQUE (organization_id, sha256);

-- Name: channels channels_name_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.channels
    ADD CONSTRAINT channels_name_key UNIQUE (organization_id, name);

-- Name: channels channels_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.channels
    ADD CONSTRAINT channels_pkey PRIMARY KEY (organization_id, id);

-- Name: chunk_embeddings chunk_embeddings_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.chunk_embeddings
    ADD CONSTRAINT chunk_embeddings_pkey PRIMARY KEY (organization_id, chunk_id, model_id);

-- Name: chunks chunks_entity_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.chunks
    ADD CONSTRAINT chunks_entity_key UNIQUE (organization_id, entity_type, entity_id, chunk_index);

-- Name: chunks chunks_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.chunks
    ADD CONSTRAINT chunks_pkey PRIMARY KEY (organization_id, id);

-- Name: consents consents_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_pkey PRIMARY KEY (user_id, id);

-- Name: delivery_policies delivery_policies_organization_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.delivery_policies
    ADD CONSTRAINT delivery_policies_organization_key UNIQUE (organization_id);

-- Name: delivery_policies delivery_policies_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.delivery_policies
    ADD CONSTRAINT delivery_policies_pkey PRIMARY KEY (organization_id, id);

-- Name: document_pages document_pages_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.document_pages
    ADD CONSTRAINT document_pages_pkey PRIMARY KEY (organization_id, asset_id, page_number);

-- Name: email_tokens email_tokens_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.email_tokens
    ADD CONSTRAINT email_tokens_pkey PRIMARY KEY (id);

-- Name: embedding_models embedding_models_name_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.embedding_models
    ADD CONSTRAINT embedding_models_name_key UNIQUE (name);

-- Name: embedding_models embedding_models_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.embedding_models
    ADD CONSTRAINT embedding_models_pkey PRIMARY KEY (id);

-- Name: encoding_settings encoding_settings_organization_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.encoding_settings
    ADD CONSTRAINT encoding_settings_organization_key UNIQUE (organization_id);

-- Name: encoding_settings encoding_settings_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.encoding_settings
    ADD CONSTRAINT encoding_settings_pkey PRIMARY KEY (organization_id, id);

-- Name: erasures erasures_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.erasures
    ADD CONSTRAINT erasures_pkey PRIMARY KEY (id);

-- Name: erasures erasures_subject_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.erasures
    ADD CONSTRAINT erasures_subject_key UNIQUE (kind, subject_id);

-- Name: export_requests export_requests_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.export_requests
    ADD CONSTRAINT export_requests_pkey PRIMARY KEY (id);

-- Name: folders folders_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.folders
    ADD CONSTRAINT folders_pkey PRIMARY KEY (organization_id, id);

-- Name: idempotency_keys idempotency_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (organization_id, user_id, key);

-- Name: image_presets image_presets_name_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.image_presets
    ADD CONSTRAINT image_presets_name_key UNIQUE (organization_id, name);

-- Name: image_presets image_presets_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.image_presets
    ADD CONSTRAINT image_presets_pkey PRIMARY KEY (organization_id, id);

-- Name: key_frames key_frames_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.key_frames
    ADD CONSTRAINT key_frames_pkey PRIMARY KEY (organization_id, asset_id, start_ms);

-- Name: memberships memberships_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (organization_id, id);

-- Name: memberships memberships_user_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_user_key UNIQUE (organization_id, user_id);

-- Name: organization_chunk_counts organization_chunk_counts_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.organization_chunk_counts
    ADD CONSTRAINT organization_chunk_counts_pkey PRIMARY KEY (organization_id);

-- Name: organization_domains organization_domains_domain_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.organization_domains
    ADD CONSTRAINT organization_domains_domain_key UNIQUE (organization_id, domain);

-- Name: organization_domains organization_domains_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.organization_domains
    ADD CONSTRAINT organization_domains_pkey PRIMARY KEY (organization_id, id);

-- Name: organization_exports organization_exports_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.organization_exports
    ADD CONSTRAINT organization_exports_pkey PRIMARY KEY (organization_id, id);

-- Name: organization_invitations organization_invitations_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.organization_invitations
    ADD CONSTRAINT organization_invitations_pkey PRIMARY KEY (organization_id, id);

-- Name: organization_invitations organization_invitations_token_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.organization_invitations
    ADD CONSTRAINT organization_invitations_token_key UNIQUE (token_hash);

-- Name: organization_stores organization_stores_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.organization_stores
    ADD CONSTRAINT organization_stores_pkey PRIMARY KEY (id);

-- Name: organizations organizations_personal_owner_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_personal_owner_key UNIQUE (personal_owner_id);

-- Name: organizations organizations_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_pkey PRIMARY KEY (id);

-- Name: organizations organizations_slug_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_slug_key UNIQUE (slug);

-- Name: organizations organizations_storage_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_storage_key UNIQUE (storage_bucket, storage_prefix);

-- Name: outbox outbox_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (seq);

-- Name: passkey_ceremonies passkey_ceremonies_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.passkey_ceremonies
    ADD CONSTRAINT passkey_ceremonies_pkey PRIMARY KEY (token_hash);

-- Name: provider_sign_ins provider_sign_ins_browser_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.provider_sign_ins
    ADD CONSTRAINT provider_sign_ins_browser_key UNIQUE (browser_hash);

-- Name: provider_sign_ins provider_sign_ins_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.provider_sign_ins
    ADD CONSTRAINT provider_sign_ins_pkey PRIMARY KEY (id);

-- Name: renditions renditions_name_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.renditions
    ADD CONSTRAINT renditions_name_key UNIQUE (organization_id, asset_id, name);

-- Name: renditions renditions_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.renditions
    ADD CONSTRAINT renditions_pkey PRIMARY KEY (organization_id, id);

-- Name: request_logs request_logs_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.request_logs
    ADD CONSTRAINT request_logs_pkey PRIMARY KEY (created_at, id);

-- Name: request_logs_default request_logs_default_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.request_logs_default
    ADD CONSTRAINT request_logs_default_pkey PRIMARY KEY (created_at, id);

-- Name: sessions sessions_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

-- Name: sessions sessions_token_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_token_key UNIQUE (token_hash);

-- Name: sign_in_attempts sign_in_attempts_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.sign_in_attempts
    ADD CONSTRAINT sign_in_attempts_pkey PRIMARY KEY (account_key);

-- Name: speakers speakers_label_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.speakers
    ADD CONSTRAINT speakers_label_key UNIQUE (organization_id, video_id, label);

-- Name: speakers speakers_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.speakers
    ADD CONSTRAINT speakers_pkey PRIMARY KEY (organization_id, id);

-- Name: store_processes store_processes_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.store_processes
    ADD CONSTRAINT store_processes_pkey PRIMARY KEY (id);

-- Name: subtitles subtitles_language_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.subtitles
    ADD CONSTRAINT subtitles_language_key UNIQUE (organization_id, video_id, language);

-- Name: subtitles subtitles_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.subtitles
    ADD CONSTRAINT subtitles_pkey PRIMARY KEY (organization_id, id);

-- Name: tasks tasks_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (organization_id, id);

-- Name: transcript_segments transcript_segments_index_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.transcript_segments
    ADD CONSTRAINT transcript_segments_index_key UNIQUE (organization_id, transcript_id, segment_index);

-- Name: transcript_segments transcript_segments_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.transcript_segments
    ADD CONSTRAINT transcript_segments_pkey PRIMARY KEY (organization_id, id);

-- Name: transcripts transcripts_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.transcripts
    ADD CONSTRAINT transcripts_pkey PRIMARY KEY (organization_id, id);

-- Name: transcripts transcripts_video_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.transcripts
    ADD CONSTRAINT transcripts_video_key UNIQUE (organization_id, video_id);

-- Name: upload_limits upload_limits_organization_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.upload_limits
    ADD CONSTRAINT upload_limits_organization_key UNIQUE (organization_id);

-- Name: upload_limits upload_limits_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.upload_limits
    ADD CONSTRAINT upload_limits_pkey PRIMARY KEY (organization_id, id);

-- Name: uploads uploads_id_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_id_key UNIQUE (id);

-- Name: uploads uploads_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (organization_id, id);

-- Name: user_extensions user_extensions_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.user_extensions
    ADD CONSTRAINT user_extensions_pkey PRIMARY KEY (user_id);

-- Name: user_identities user_identities_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.user_identities
    ADD CONSTRAINT user_identities_pkey PRIMARY KEY (id);

-- Name: user_identities user_identities_subject_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.user_identities
    ADD CONSTRAINT user_identities_subject_key UNIQUE (provider, subject);

-- Name: user_passkeys user_passkeys_credential_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.user_passkeys
    ADD CONSTRAINT user_passkeys_credential_key UNIQUE (credential_id);

-- Name: user_passkeys user_passkeys_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.user_passkeys
    ADD CONSTRAINT user_passkeys_pkey PRIMARY KEY (id);

-- Name: user_preferences user_preferences_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.user_preferences
    ADD CONSTRAINT user_preferences_pkey PRIMARY KEY (user_id);

-- Name: user_recovery_codes user_recovery_codes_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.user_recovery_codes
    ADD CONSTRAINT user_recovery_codes_pkey PRIMARY KEY (user_id, code_hash);

-- Name: user_totp user_totp_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.user_totp
    ADD CONSTRAINT user_totp_pkey PRIMARY KEY (user_id);

-- Name: users users_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

-- Name: video_summaries video_summaries_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.video_summaries
    ADD CONSTRAINT video_summaries_pkey PRIMARY KEY (organization_id, id);

-- Name: video_summaries video_summaries_video_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.video_summaries
    ADD CONSTRAINT video_summaries_video_key UNIQUE (organization_id, video_id);

-- Name: videos videos_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.videos
    ADD CONSTRAINT videos_pkey PRIMARY KEY (organization_id, id);

-- Name: webhook_deliveries webhook_deliveries_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (organization_id, id);

-- Name: webhook_endpoints webhook_endpoints_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (organization_id, id);

-- Name: webhook_secrets webhook_secrets_id_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.webhook_secrets
    ADD CONSTRAINT webhook_secrets_id_key UNIQUE (id);

-- Name: webhook_secrets webhook_secrets_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.webhook_secrets
    ADD CONSTRAINT webhook_secrets_pkey PRIMARY KEY (organization_id, id);

-- Name: api_keys_user; Type: INDEX; Schema: public; Owner: -

CREATE INDEX api_keys_user ON public.api_keys USING btree (organization_id, user_id);

-- Name: asset_terms_asset; Type: INDEX; Schema: public; Owner: -

CREATE INDEX asset_terms_asset ON public.asset_terms USING btree (organization_id, asset_id);

-- Name: asset_terms_term; Type: INDEX; Schema: public; Owner: -

CREATE UNIQUE INDEX asset_terms_term ON public.asset_terms USING btree (organization_id, term, asset_id);

-- Name: assets_blob; Type: INDEX; Schema: public; Owner: -

CREATE INDEX assets_blob ON public.assets USING btree (organization_id, blob_id);

-- Name: assets_expiry; Type: INDEX; Schema: public; Owner: -

CREATE INDEX assets_expiry ON public.assets USING btree (expires_at) WHERE (expires_at IS NOT NULL);

-- Name: assets_filename; Type: INDEX; Schema: public; Owner: -

CREATE INDEX assets_filename ON public.assets USING btree (organization_id, ((deleted_at IS NOT NULL)), filename_lower, id);

-- Name: assets_folder; Type: INDEX; Schema: public; Owner: -

CREATE INDEX assets_folder ON public.assets USING btree (organization_id, folder_id, created_at DESC, id DESC);

-- Name: assets_largest; Type: INDEX; Schema: public; Owner: -

CREATE INDEX assets_largest ON public.assets USING btree (organization_id, ((deleted_at IS NOT NULL)), byte_size DESC, id DESC);

-- Name: assets_newest; Type: INDEX; Schema: public; Owner: -

CREATE INDEX assets_newest ON public.assets USING btree (organization_id, ((deleted_at IS NOT NULL)), created_at DESC, id DESC);

-- Name: assets_owner; Type: INDEX; Schema: public; Owner: -

CREATE INDEX assets_owner ON public.assets USING btree (owner_id);

-- Name: assets_retention; Type: INDEX; Schema: public; Owner: -

CREATE INDEX assets_retention ON public.assets USING btree (retention_until) WHERE (retention_until IS NOT NULL);

-- Name: audit_logs_actor; Type: INDEX; Schema: public; Owner: -

CREATE INDEX audit_logs_actor ON public.audit_logs USING btree (organization_id, actor_id, occurred_at DESC);

-- Name: audit_logs_newest; Type: INDEX; Schema: public; Owner: -

CREATE INDEX audit_logs_newest ON public.audit_logs USING btree (organization_id, occurred_at DESC, id DESC);

-- Name: audit_logs_target; Type: INDEX; Schema: public; Owner: -

CREATE INDEX audit_logs_target ON public.audit_logs USING btree (organization_id, target_id, occurred_at DESC);

-- Name: audit_logs_unsealed; Type: INDEX; Schema: public; Owner: -

CREATE INDEX audit_logs_unsealed ON public.audit_logs USING btree (organization_id, occurred_at, id) WHERE (seq IS NULL);

-- Name: blob_deletions_due; Type: INDEX; Schema: public; Owner: -

CREATE INDEX blob_deletions_due ON public.blob_deletions USING btree (not_before);

-- Name: blob_deletions_due_of_organization; Type: INDEX; Schema: public; Owner: -

CREATE INDEX blob_deletions_due_of_organization ON public.blob_deletions USING btree (organization_id, not_before);

-- Name: blobs_key; Type: INDEX; Schema: public; Owner: -

CREATE INDEX blobs_key ON public.blobs USING btree (organization_id, blob_key);

-- Name: chunk_embeddings_model; Type: INDEX; Schema: public; Owner: -

CREATE INDEX chunk_embeddings_model ON public.chunk_embeddings USING btree (model_id);

-- Name: chunk_embeddings_written; Type: INDEX; Schema: public; Owner: -

CREATE INDEX chunk_embeddings_written ON public.chunk_embeddings USING btree (organization_id, written_in);

-- Name: chunks_asset; Type: INDEX; Schema: public; Owner: -

CREATE INDEX chunks_asset ON public.chunks USING btree (organization_id, asset_id);

-- Name: chunks_context; Type: INDEX; Schema: public; Owner: -

CREATE INDEX chunks_context ON public.chunks USING gin (public.words_within(organization_id, context_vector)) WHERE (chunk_index = 0);

-- Name: chunks_language; Type: INDEX; Schema: public; Owner: -

CREATE INDEX chunks_language ON public.chunks USING btree (organization_id, COALESCE(language, ''::text));

-- Name: chunks_pictures; Type: INDEX; Schema: public; Owner: -

CREATE INDEX chunks_pictures ON public.chunks USING btree (organization_id) WHERE is_picture;

-- Name: chunks_video; Type: INDEX; Schema: public; Owner: -

CREATE INDEX chunks_video ON public.chunks USING btree (organization_id, video_id);

-- Name: chunks_words; Type: INDEX; Schema: public; Owner: -

CREATE INDEX chunks_words ON public.chunks USING gin (public.words_within(organization_id, search_vector));

-- Name: chunks_written; Type: INDEX; Schema: public; Owner: -

CREATE INDEX chunks_written ON public.chunks USING btree (organization_id, written_in);

-- Name: consents_newest; Type: INDEX; Schema: public; Owner: -

CREATE INDEX consents_newest ON public.consents USING btree (user_id, document, recorded_at DESC, id DESC);

-- Name: delivery_policies_origins; Type: INDEX; Schema: public; Owner: -

CREATE INDEX delivery_policies_origins ON public.delivery_policies USING gin (allowed_origins);

-- Name: email_tokens_expiry; Type: INDEX; Schema: public; Owner: -

CREATE INDEX email_tokens_expiry ON public.email_tokens USING btree (expires_at);

-- Name: email_tokens_user; Type: INDEX; Schema: public; Owner: -

CREATE INDEX email_tokens_user ON public.email_tokens USING btree (user_id, purpose, created_at);

-- Name: export_requests_newest; Type: INDEX; Schema: public; Owner: -

CREATE INDEX export_requests_newest ON public.export_requests USING btree (user_id, requested_at DESC, id DESC);

-- Name: export_requests_over; Type: INDEX; Schema: public; Owner: -

CREATE INDEX export_requests_over ON public.export_requests USING btree (expires_at);

-- Name: folders_name_key; Type: INDEX; Schema: public; Owner: -

CREATE UNIQUE INDEX folders_name_key ON public.folders USING btree (organization_id, parent_id, lower(name)) NULLS NOT DISTINCT;

-- Name: idempotency_keys_age; Type: INDEX; Schema: public; Owner: -

CREATE INDEX idempotency_keys_age ON public.idempotency_keys USING btree (created_at);

-- Name: memberships_joined; Type: INDEX; Schema: public; Owner: -

CREATE INDEX memberships_joined ON public.memberships USING btree (organization_id, created_at, user_id);

-- Name: memberships_user; Type: INDEX; Schema: public; Owner: -

CREATE INDEX memberships_user ON public.memberships USING btree (user_id);

-- Name: organization_domains_to_check; Type: INDEX; Schema: public; Owner: -

CREATE INDEX organization_domains_to_check ON public.organization_domains USING btree (checked_at) WHERE (verified_by = 'record'::text);

-- Name: organization_domains_verified_key; Type: INDEX; Schema: public; Owner: -

CREATE UNIQUE INDEX organization_domains_verified_key ON public.organization_domains USING btree (domain) WHERE (verified_at IS NOT NULL);

-- Name: organization_exports_newest; Type: INDEX; Schema: public; Owner: -

CREATE INDEX organization_exports_newest ON public.organization_exports USING btree (organization_id, requested_at DESC, id DESC);

-- Name: organization_exports_over; Type: INDEX; Schema: public; Owner: -

CREATE INDEX organization_exports_over ON public.organization_exports USING btree (expires_at);

-- Name: organization_exports_requested_by; Type: INDEX; Schema: public; Owner: -

CREATE INDEX organization_exports_requested_by ON public.organization_exports USING btree (requested_by);

-- Name: organization_invitations_accepted_by; Type: INDEX; Schema: public; Owner: -

CREATE INDEX organization_invitations_accepted_by ON public.organization_invitations USING btree (accepted_by);

-- Name: organization_invitations_expiry; Type: INDEX; Schema: public; Owner: -

CREATE INDEX organization_invitations_expiry ON public.organization_invitations USING btree (expires_at) WHERE (status = 'pending'::text);

-- Name: organization_invitations_invited_by; Type: INDEX; Schema: public; Owner: -

CREATE INDEX organization_invitations_invited_by ON public.organization_invitations USING btree (invited_by);

-- Name: organization_invitations_newest; Type: INDEX; Schema: public; Owner: -

CREATE INDEX organization_invitations_newest ON public.organization_invitations USING btree (organization_id, created_at DESC, id DESC);

-- Name: organization_invitations_pending_key; Type: INDEX; Schema: public; Owner: -

CREATE UNIQUE INDEX organization_invitations_pending_key ON public.organization_invitations USING btree (organization_id, lower(email)) WHERE (status = 'pending'::text);

-- Name: organizations_erasure; Type: INDEX; Schema: public; Owner: -

CREATE INDEX organizations_erasure ON public.organizations USING btree (erased_after) WHERE (status = 'deleted'::text);

-- Name: outbox_organization; Type: INDEX; Schema: public; Owner: -

CREATE INDEX outbox_organization ON public.outbox USING btree (organization_id, seq);

-- Name: passkey_ceremonies_expiry; Type: INDEX; Schema: public; Owner: -

CREATE INDEX passkey_ceremonies_expiry ON public.passkey_ceremonies USING btree (expires_at);

-- Name: passkey_ceremonies_user_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX passkey_ceremonies_user_id ON public.passkey_ceremonies USING btree (user_id);

-- Name: provider_sign_ins_expiry; Type: INDEX; Schema: public; Owner: -

CREATE INDEX provider_sign_ins_expiry ON public.provider_sign_ins USING btree (expires_at);

-- Name: provider_sign_ins_linking_user; Type: INDEX; Schema: public; Owner: -

CREATE INDEX provider_sign_ins_linking_user ON public.provider_sign_ins USING btree (linking_user_id);

-- Name: provider_sign_ins_verified_user; Type: INDEX; Schema: public; Owner: -

CREATE INDEX provider_sign_ins_verified_user ON public.provider_sign_ins USING btree (verified_user_id);

-- Name: request_logs_organization; Type: INDEX; Schema: public; Owner: -

CREATE INDEX request_logs_organization ON ONLY public.request_logs USING btree (organization_id, created_at);

-- Name: request_logs_default_organization_id_created_at_idx; Type: INDEX; Schema: public; Owner: -

CREATE INDEX request_logs_default_organization_id_created_at_idx ON public.request_logs_default USING btree (organization_id, created_at);

-- Name: sessions_expiry; Type: INDEX; Schema: public; Owner: -

CREATE INDEX sessions_expiry ON public.sessions USING btree (expires_at);

-- Name: sessions_user; Type: INDEX; Schema: public; Owner: -

CREATE INDEX sessions_user ON public.sessions USING btree (user_id, created_at);

-- Name: sign_in_attempts_age; Type: INDEX; Schema: public; Owner: -

CREATE INDEX sign_in_attempts_age ON public.sign_in_attempts USING btree (attempted_at);

-- Name: speakers_user; Type: INDEX; Schema: public; Owner: -

CREATE INDEX speakers_user ON public.speakers USING btree (user_id);

-- Name: tasks_claim; Type: INDEX; Schema: public; Owner: -

CREATE INDEX tasks_claim ON public.tasks USING btree (kind, priority DESC, scheduled_for, id) WHERE (status = 'pending'::text);

-- Name: tasks_given_up; Type: INDEX; Schema: public; Owner: -

CREATE INDEX tasks_given_up ON public.tasks USING btree (organization_id, status, id) WHERE (status = ANY (ARRAY['failed'::text, 'cancelled'::text]));

-- Name: tasks_leases; Type: INDEX; Schema: public; Owner: -

CREATE INDEX tasks_leases ON public.tasks USING btree (leased_until) WHERE (status = 'running'::text);

-- Name: tasks_running; Type: INDEX; Schema: public; Owner: -

CREATE INDEX tasks_running ON public.tasks USING btree (organization_id, subject_id, kind) WHERE (status = 'running'::text);

-- Name: tasks_schedule; Type: INDEX; Schema: public; Owner: -

CREATE INDEX tasks_schedule ON public.tasks USING btree (status, scheduled_for);

-- Name: tasks_subject; Type: INDEX; Schema: public; Owner: -

CREATE INDEX tasks_subject ON public.tasks USING btree (subject_id, created_at);

-- Name: tasks_waiting_key; Type: INDEX; Schema: public; Owner: -

CREATE UNIQUE INDEX tasks_waiting_key ON public.tasks USING btree (organization_id, subject_id, kind) WHERE (status = ANY (ARRAY['pending'::text, 'held'::text]));

-- Name: transcript_segments_speaker; Type: INDEX; Schema: public; Owner: -

CREATE INDEX transcript_segments_speaker ON public.transcript_segments USING btree (organization_id, speaker_id);

-- Name: transcript_segments_video; Type: INDEX; Schema: public; Owner: -

CREATE INDEX transcript_segments_video ON public.transcript_segments USING btree (organization_id, video_id, segment_index);

-- Name: uploads_asset; Type: INDEX; Schema: public; Owner: -

CREATE INDEX uploads_asset ON public.uploads USING btree (organization_id, asset_id);

-- Name: uploads_expiry; Type: INDEX; Schema: public; Owner: -

CREATE INDEX uploads_expiry ON public.uploads USING btree (expires_at) WHERE (status = 'open'::text);

-- Name: uploads_importing; Type: INDEX; Schema: public; Owner: -

CREATE INDEX uploads_importing ON public.uploads USING btree (created_at) WHERE (status = 'importing'::text);

-- Name: uploads_replacing; Type: INDEX; Schema: public; Owner: -

CREATE INDEX uploads_replacing ON public.uploads USING btree (organization_id, replaces_id) WHERE (replaces_id IS NOT NULL);

-- Name: uploads_user; Type: INDEX; Schema: public; Owner: -

CREATE INDEX uploads_user ON public.uploads USING btree (user_id);

-- Name: user_identities_user; Type: INDEX; Schema: public; Owner: -

CREATE INDEX user_identities_user ON public.user_identities USING btree (user_id);

-- Name: user_passkeys_user; Type: INDEX; Schema: public; Owner: -

CREATE INDEX user_passkeys_user ON public.user_passkeys USING btree (user_id, created_at);

-- Name: users_email_key; Type: INDEX; Schema: public; Owner: -

CREATE UNIQUE INDEX users_email_key ON public.users USING btree (lower(email));

-- Name: users_erasure; Type: INDEX; Schema: public; Owner: -

CREATE INDEX users_erasure ON public.users USING btree (erased_after) WHERE (erased_after IS NOT NULL);

-- Name: videos_asset; Type: INDEX; Schema: public; Owner: -

CREATE INDEX videos_asset ON public.videos USING btree (organization_id, asset_id);

-- Name: videos_author; Type: INDEX; Schema: public; Owner: -

CREATE INDEX videos_author ON public.videos USING btree (author_id);

-- Name: videos_channel; Type: INDEX; Schema: public; Owner: -

CREATE INDEX videos_channel ON public.videos USING btree (organization_id, channel_id, created_at DESC, id DESC);

-- Name: videos_channel_title; Type: INDEX; Schema: public; Owner: -

CREATE INDEX videos_channel_title ON public.videos USING btree (organization_id, channel_id, title_lower, id) WHERE ((deleted_at IS NULL) AND (channel_id IS NOT NULL));

-- Name: videos_newest; Type: INDEX; Schema: public; Owner: -

CREATE INDEX videos_newest ON public.videos USING btree (organization_id, created_at DESC, id DESC) WHERE (deleted_at IS NULL);

-- Name: videos_pending; Type: INDEX; Schema: public; Owner: -

CREATE INDEX videos_pending ON public.videos USING btree (organization_id, created_at) WHERE (status = 'pending'::text);

-- Name: videos_retention; Type: INDEX; Schema: public; Owner: -

CREATE INDEX videos_retention ON public.videos USING btree (retention_until) WHERE (retention_until IS NOT NULL);

-- Name: videos_title; Type: INDEX; Schema: public; Owner: -

CREATE INDEX videos_title ON public.videos USING btree (organization_id, title_lower, id) WHERE (deleted_at IS NULL);

-- Name: webhook_deliveries_due; Type: INDEX; Schema: public; Owner: -

CREATE INDEX webhook_deliveries_due ON public.webhook_deliveries USING btree (endpoint_id, next_attempt_at, id) WHERE (status = 'pending'::text);

-- Name: webhook_deliveries_endpoint; Type: INDEX; Schema: public; Owner: -

CREATE INDEX webhook_deliveries_endpoint ON public.webhook_deliveries USING btree (organization_id, endpoint_id, created_at DESC, id DESC);

-- Name: webhook_deliveries_newest; Type: INDEX; Schema: public; Owner: -

CREATE INDEX webhook_deliveries_newest ON public.webhook_deliveries USING btree (organization_id, created_at DESC, id DESC);

-- Name: webhook_deliveries_over; Type: INDEX; Schema: public; Owner: -

CREATE INDEX webhook_deliveries_over ON public.webhook_deliveries USING btree (finished_at) WHERE (status <> 'pending'::text);

-- Name: webhook_deliveries_video; Type: INDEX; Schema: public; Owner: -

CREATE INDEX webhook_deliveries_video ON public.webhook_deliveries USING btree (organization_id, video_id);

-- Name: webhook_endpoints_newest; Type: INDEX; Schema: public; Owner: -

CREATE INDEX webhook_endpoints_newest ON public.webhook_endpoints USING btree (organization_id, created_at DESC, id DESC);

-- Name: webhook_secrets_endpoint; Type: INDEX; Schema: public; Owner: -

CREATE INDEX webhook_secrets_endpoint ON public.webhook_secrets USING btree (organization_id, endpoint_id, created_at);

-- Name: webhook_secrets_expiry; Type: INDEX; Schema: public; Owner: -

CREATE INDEX webhook_secrets_expiry ON public.webhook_secrets USING btree (expires_at);

-- Name: request_logs_default_organization_id_created_at_idx; Type: INDEX ATTACH; Schema: public; Owner: -

ALTER INDEX public.request_logs_organization ATTACH PARTITION public.request_logs_default_organization_id_created_at_idx;

-- Name: request_logs_default_pkey; Type: INDEX ATTACH; Schema: public; Owner: -

ALTER INDEX public.request_logs_pkey ATTACH PARTITION public.request_logs_default_pkey;

-- Name: memberships access_changed; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER access_changed AFTER UPDATE ON public.memberships FOR EACH ROW WHEN ((new.role IS DISTINCT FROM old.role)) EXECUTE FUNCTION public.tell_access_change();

-- Name: organizations access_changed; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER access_changed AFTER UPDATE ON public.organizations FOR EACH ROW WHEN ((new.status IS DISTINCT FROM old.status)) EXECUTE FUNCTION public.tell_access_change();

-- Name: sessions access_changed; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER access_changed AFTER UPDATE ON public.sessions FOR EACH ROW WHEN ((new.token_hash IS DISTINCT FROM old.token_hash)) EXECUTE FUNCTION public.tell_access_change();

-- Name: users access_changed; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER access_changed AFTER UPDATE ON public.users FOR EACH ROW WHEN (((new.is_active IS DISTINCT FROM old.is_active) OR (new.erased_after IS DISTINCT FROM old.erased_after))) EXECUTE FUNCTION public.tell_access_change();

-- Name: api_keys access_ended; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER access_ended AFTER DELETE ON public.api_keys FOR EACH ROW EXECUTE FUNCTION public.tell_access_change();

-- Name: memberships access_ended; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER access_ended AFTER DELETE ON public.memberships FOR EACH ROW EXECUTE FUNCTION public.tell_access_change();

-- Name: sessions access_ended; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER access_ended AFTER DELETE ON public.sessions FOR EACH ROW EXECUTE FUNCTION public.tell_access_change();

-- Name: assets asset_terms_follow; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER asset_terms_follow AFTER UPDATE OF tags, custom_metadata ON public.assets FOR EACH ROW WHEN (((new.tags <> old.tags) OR (new.custom_metadata <> old.custom_metadata))) EXECUTE FUNCTION public.asset_terms_follow();

-- Name: assets asset_terms_follow_new; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER asset_terms_follow_new AFTER INSERT ON public.assets FOR EACH ROW WHEN (((new.tags <> '{}'::text[]) OR (new.custom_metadata <> '{}'::jsonb))) EXECUTE FUNCTION public.asset_terms_follow();

-- Name: assets assets_lead_chunks; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER assets_lead_chunks AFTER UPDATE OF deleted_at ON public.assets FOR EACH ROW WHEN (((new.kind = ANY (ARRAY['document'::text, 'image'::text])) AND (new.deleted_at IS NOT NULL) AND (old.deleted_at IS NULL))) EXECUTE FUNCTION public.chunks_follow_asset();

-- Name: assets assets_updated_at; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER assets_updated_at BEFORE UPDATE ON public.assets FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

-- Name: api_keys audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.api_keys FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('api_key', 'user_id', 'name', 'prefix', 'role', 'expires_at');

-- Name: assets audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR UPDATE OF filename, folder_id, tags, custom_metadata, deleted_at, blob_id, description, replacement_id ON public.assets FOR EACH ROW WHEN (((new.kind = ANY (ARRAY['image'::text, 'document'::text])) AND (current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text))) EXECUTE FUNCTION public.record_audit('asset', 'filename', 'folder_id', 'tags', 'custom_metadata', 'deleted_at', 'description', 'replacement_id');

-- Name: channels audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.channels FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('channel', 'name', 'description');

-- Name: delivery_policies audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.delivery_policies FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('delivery_policy', 'allowed_origins', 'referrer_domains', 'allows_no_referrer', 'shared_caching', 'cache_seconds');

-- Name: encoding_settings audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.encoding_settings FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('encoding_settings', 'codec', 'heights', 'bit_rates', 'loudness');

-- Name: folders audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.folders FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('folder', 'name', 'parent_id');

-- Name: image_presets audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.image_presets FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('image_preset', 'name', 'options');

-- Name: memberships audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.memberships FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('membership', 'user_id', 'role');

-- Name: organization_domains audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.organization_domains FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('domain', 'domain', 'verified_at', 'join_role', 'required_provider');

-- Name: organization_exports audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.organization_exports FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('organization_export', 'requested_by', 'deleted_at');

-- Name: organization_invitations audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.organization_invitations FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('invitation', 'email', 'role', 'status', 'invited_by', 'accepted_by', 'expires_at', '!token_hash');

-- Name: organizations audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.organizations FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('organization', 'name', 'slug', 'description', 'status', 'settings', 'storage_bucket', 'storage_prefix', 'region');

-- Name: sessions audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.sessions FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('session', 'address', 'user_agent');

-- Name: speakers audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.speakers FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('speaker', 'video_id', 'name', 'user_id');

-- Name: subtitles audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.subtitles FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('subtitles', 'video_id', 'language', 'name', 'is_forced');

-- Name: transcripts audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.transcripts FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('transcript', 'video_id', 'engine', 'language');

-- Name: upload_limits audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.upload_limits FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('upload_limits', 'video_bytes_max', 'audio_bytes_max', 'image_bytes_max', 'document_bytes_max');

-- Name: user_identities audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.user_identities FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('identity', 'provider', 'subject', 'email');

-- Name: user_passkeys audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.user_passkeys FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('passkey', 'name');

-- Name: user_totp audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.user_totp FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('second_factor', 'confirmed_at', '!secret');

-- Name: users audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.users FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('user', 'email', 'name', 'avatar_url', 'is_active', 'email_verified_at', 'erased_after', '!password_hash');

-- Name: videos audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.videos FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('video', 'title', 'description', 'channel_id', 'author_id', 'visibility', 'source', 'deleted_at');

-- Name: webhook_endpoints audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.webhook_endpoints FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('webhook_endpoint', 'url', 'description', 'events', 'active', 'disabled_reason');

-- Name: webhook_secrets audit; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON public.webhook_secrets FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('webhook_secret', 'endpoint_id', 'expires_at', '!secret');

-- Name: tasks audit_cancelled; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit_cancelled AFTER UPDATE OF cancel_requested ON public.tasks FOR EACH ROW WHEN ((new.cancel_requested AND (NOT old.cancel_requested) AND (new.error_code = 'task_cancelled'::text) AND (current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text))) EXECUTE FUNCTION public.record_audit('task.cancelled', '=kind', '=subject_id');

-- Name: assets audit_deletion; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit_deletion AFTER DELETE ON public.assets FOR EACH ROW WHEN (((old.kind = ANY (ARRAY['image'::text, 'document'::text])) AND (current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text))) EXECUTE FUNCTION public.record_audit('asset', 'filename');

-- Name: assets audit_encoding; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit_encoding AFTER UPDATE OF metadata ON public.assets FOR EACH ROW WHEN (((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text) AND (new.metadata ? 'encoding_asked_at'::text) AND ((new.metadata -> 'encoding_asked_at'::text) IS DISTINCT FROM (old.metadata -> 'encoding_asked_at'::text)))) EXECUTE FUNCTION public.record_audit('asset.encode_wanted', '=filename', '=metadata.encoding_wanted');

-- Name: tasks audit_prioritised; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit_prioritised AFTER UPDATE OF priority ON public.tasks FOR EACH ROW WHEN (((new.priority <> old.priority) AND (new.is_side = old.is_side) AND (current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text))) EXECUTE FUNCTION public.record_audit('task.prioritised', '=kind', '=subject_id', 'priority');

-- Name: assets audit_recording; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit_recording AFTER UPDATE OF filename, folder_id, tags, custom_metadata, description, replacement_id ON public.assets FOR EACH ROW WHEN (((COALESCE(new.kind, 'video'::text) = ANY (ARRAY['video'::text, 'audio'::text])) AND ((((((new.filename IS DISTINCT FROM old.filename) OR (new.folder_id IS DISTINCT FROM old.folder_id)) OR (new.tags IS DISTINCT FROM old.tags)) OR (new.custom_metadata IS DISTINCT FROM old.custom_metadata)) OR (new.description IS DISTINCT FROM old.description)) OR (new.replacement_id IS DISTINCT FROM old.replacement_id)) AND (current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text))) EXECUTE FUNCTION public.record_audit('asset', 'filename', 'folder_id', 'tags', 'custom_metadata', 'description', 'replacement_id');

-- Name: webhook_deliveries audit_replayed; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit_replayed AFTER UPDATE OF replayed_at ON public.webhook_deliveries FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('webhook_delivery.replayed', '=event', '=endpoint_id');

-- Name: webhook_endpoints audit_replayed; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit_replayed AFTER UPDATE OF replayed_at ON public.webhook_endpoints FOR EACH ROW WHEN ((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text)) EXECUTE FUNCTION public.record_audit('webhook_endpoint.replayed', '=url');

-- Name: assets audit_reread; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit_reread AFTER UPDATE OF metadata ON public.assets FOR EACH ROW WHEN (((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text) AND (new.metadata ? 'reread_asked_at'::text) AND ((new.metadata -> 'reread_asked_at'::text) IS DISTINCT FROM (old.metadata -> 'reread_asked_at'::text)))) EXECUTE FUNCTION public.record_audit('asset.reread_wanted', '=filename');

-- Name: tasks audit_retried; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit_retried AFTER UPDATE OF cancel_requested ON public.tasks FOR EACH ROW WHEN (((old.status = ANY (ARRAY['failed'::text, 'cancelled'::text])) AND (new.status = 'pending'::text) AND (current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text))) EXECUTE FUNCTION public.record_audit('task.retried', '=kind', '=subject_id', 'error_code');

-- Name: assets audit_sound; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER audit_sound AFTER UPDATE OF metadata ON public.assets FOR EACH ROW WHEN (((current_setting('app.role'::text, true) IS DISTINCT FROM 'service'::text) AND ((new.metadata -> 'sounds'::text) IS DISTINCT FROM (old.metadata -> 'sounds'::text)))) EXECUTE FUNCTION public.record_audit('asset.sound_wanted', '=filename', 'metadata.sounds');

-- Name: channels channels_updated_at; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER channels_updated_at BEFORE UPDATE ON public.channels FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

-- Name: chunks chunks_are_written; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER chunks_are_written BEFORE UPDATE ON public.chunks FOR EACH ROW EXECUTE FUNCTION public.note_writing();

-- Name: chunks chunks_counted_in; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER chunks_counted_in AFTER INSERT ON public.chunks REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.count_organization_chunks();

-- Name: chunks chunks_counted_out; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER chunks_counted_out AFTER DELETE ON public.chunks REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.count_organization_chunks();

-- Name: delivery_policies delivery_policies_updated_at; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER delivery_policies_updated_at BEFORE UPDATE ON public.delivery_policies FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

-- Name: encoding_settings encoding_settings_updated_at; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER encoding_settings_updated_at BEFORE UPDATE ON public.encoding_settings FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

-- Name: assets files_follow_assets; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER files_follow_assets AFTER INSERT OR UPDATE OF blob_id ON public.assets FOR EACH ROW EXECUTE FUNCTION public.files_follow_assets();

-- Name: assets files_follow_deleted_assets; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER files_follow_deleted_assets AFTER DELETE ON public.assets REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION public.files_follow_deleted_assets();

-- Name: folders folders_form_a_tree; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER folders_form_a_tree BEFORE INSERT OR UPDATE OF parent_id ON public.folders FOR EACH ROW EXECUTE FUNCTION public.folders_form_a_tree();

-- Name: folders folders_updated_at; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER folders_updated_at BEFORE UPDATE ON public.folders FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

-- Name: image_presets image_presets_updated_at; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER image_presets_updated_at BEFORE UPDATE ON public.image_presets FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

-- Name: webhook_endpoints inactive; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER inactive AFTER UPDATE OF active ON public.webhook_endpoints FOR EACH ROW WHEN ((old.active AND (NOT new.active))) EXECUTE FUNCTION public.end_webhook_deliveries();

-- Name: assets leavings_follow_content; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER leavings_follow_content AFTER UPDATE OF version ON public.assets FOR EACH ROW WHEN ((new.version <> old.version)) EXECUTE FUNCTION public.leavings_follow_content();

-- Name: uploads leavings_follow_deleted_uploads; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER leavings_follow_deleted_uploads AFTER DELETE ON public.uploads FOR EACH ROW WHEN (((old.status = 'received'::text) AND (old.asset_id IS NOT NULL))) EXECUTE FUNCTION public.leavings_follow_uploads();

-- Name: uploads leavings_follow_uploads; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER leavings_follow_uploads AFTER UPDATE OF status, asset_id ON public.uploads FOR EACH ROW WHEN (((old.status = 'received'::text) AND ((new.status = 'terminated'::text) OR ((new.status = 'received'::text) AND (old.asset_id IS NOT NULL) AND (new.asset_id IS NULL))))) EXECUTE FUNCTION public.leavings_follow_uploads();

-- Name: organization_domains organization_domains_proved; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER organization_domains_proved BEFORE INSERT OR UPDATE ON public.organization_domains FOR EACH ROW EXECUTE FUNCTION public.refuse_unproved_domain();

-- Name: organization_domains organization_domains_updated_at; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER organization_domains_updated_at BEFORE UPDATE ON public.organization_domains FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

-- Name: organization_invitations organization_invitations_updated_at; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER organization_invitations_updated_at BEFORE UPDATE ON public.organization_invitations FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

-- Name: organizations organizations_held; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER organizations_held BEFORE INSERT OR UPDATE OF status, tasks_held ON public.organizations FOR EACH ROW EXECUTE FUNCTION public.hold_organization();

-- Name: organizations organizations_updated_at; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER organizations_updated_at BEFORE UPDATE ON public.organizations FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

-- Name: organizations request_logs; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER request_logs AFTER DELETE ON public.organizations FOR EACH ROW EXECUTE FUNCTION public.forget_request_logs();

-- Name: users request_logs; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER request_logs AFTER DELETE ON public.users FOR EACH ROW EXECUTE FUNCTION public.forget_request_logs();

-- Name: speakers speakers_lead_chunks; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER speakers_lead_chunks AFTER UPDATE OF name ON public.speakers FOR EACH ROW WHEN ((new.name IS DISTINCT FROM old.name)) EXECUTE FUNCTION public.chunks_follow_speaker();

-- Name: organizations tasks_held; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER tasks_held AFTER UPDATE ON public.organizations FOR EACH ROW WHEN ((old.tasks_held <> new.tasks_held)) EXECUTE FUNCTION public.hold_tasks();

-- Name: upload_limits upload_limits_updated_at; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER upload_limits_updated_at BEFORE UPDATE ON public.upload_limits FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

-- Name: uploads uploads_updated_at; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER uploads_updated_at BEFORE UPDATE ON public.uploads FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

-- Name: user_extensions user_extensions_updated_at; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER user_extensions_updated_at BEFORE UPDATE ON public.user_extensions FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

-- Name: user_preferences user_preferences_updated_at; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER user_preferences_updated_at BEFORE UPDATE ON public.user_preferences FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

-- Name: users users_held; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER users_held AFTER UPDATE OF erased_after ON public.users FOR EACH ROW WHEN (((old.erased_after IS NULL) <> (new.erased_after IS NULL))) EXECUTE FUNCTION public.hold_organization_of_person();

-- Name: users users_updated_at; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER users_updated_at BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

-- Name: videos videos_lead_assets; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER videos_lead_assets AFTER UPDATE OF visibility, author_id, deleted_at, retention_until, asset_id ON public.videos FOR EACH ROW WHEN ((new.asset_id IS NOT NULL)) EXECUTE FUNCTION public.assets_follow_video();

-- Name: videos videos_lead_assets_new; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER videos_lead_assets_new AFTER INSERT ON public.videos FOR EACH ROW WHEN ((new.asset_id IS NOT NULL)) EXECUTE FUNCTION public.assets_follow_video();

-- Name: videos videos_lead_chunks; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER videos_lead_chunks AFTER UPDATE OF deleted_at, visibility, author_id, title ON public.videos FOR EACH ROW EXECUTE FUNCTION public.chunks_follow_video();

-- Name: videos videos_lead_deliveries; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER videos_lead_deliveries AFTER UPDATE OF visibility ON public.videos FOR EACH ROW WHEN (((new.visibility = 'private'::text) AND (old.visibility <> 'private'::text))) EXECUTE FUNCTION public.untold_follow_video();

-- Name: videos videos_lead_replacements; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER videos_lead_replacements AFTER UPDATE OF visibility ON public.videos FOR EACH ROW WHEN (((new.asset_id IS NOT NULL) AND (new.visibility = 'private'::text) AND (old.visibility <> 'private'::text))) EXECUTE FUNCTION public.replacements_follow_video();

-- Name: videos videos_updated_at; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER videos_updated_at BEFORE UPDATE ON public.videos FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

-- Name: webhook_endpoints webhook_endpoints_updated_at; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER webhook_endpoints_updated_at BEFORE UPDATE OF url, description, events, active ON public.webhook_endpoints FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

-- Name: outbox webhooks; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER webhooks AFTER INSERT ON public.outbox FOR EACH ROW EXECUTE FUNCTION public.record_webhook_deliveries();

-- Name: api_keys api_keys_membership; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_membership FOREIGN KEY (organization_id, user_id) REFERENCES public.memberships(organization_id, user_id) ON DELETE CASCADE;

-- Name: api_keys api_keys_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: api_keys api_keys_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: asset_terms asset_terms_organization_id_asset_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.asset_terms
    ADD CONSTRAINT asset_terms_organization_id_asset_id_fkey FOREIGN KEY (organization_id, asset_id) REFERENCES public.assets(organization_id, id) ON DELETE CASCADE;

-- Name: asset_terms asset_terms_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.asset_terms
    ADD CONSTRAINT asset_terms_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: assets assets_blob; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.assets
    ADD CONSTRAINT assets_blob FOREIGN KEY (organization_id, blob_id) REFERENCES public.blobs(organization_id, id);

-- Name: assets assets_folder; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.assets
    ADD CONSTRAINT assets_folder FOREIGN KEY (organization_id, folder_id) REFERENCES public.folders(organization_id, id) ON DELETE SET NULL (folder_id);

-- Name: assets assets_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.assets
    ADD CONSTRAINT assets_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: assets assets_owner_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.assets
    ADD CONSTRAINT assets_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.users(id) ON DELETE SET NULL;

-- Name: audit_logs audit_logs_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.audit_logs
    ADD CONSTRAINT audit_logs_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: blob_deletions blob_deletions_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.blob_deletions
    ADD CONSTRAINT blob_deletions_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: blobs blobs_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.blobs
    ADD CONSTRAINT blobs_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: channels channels_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.channels
    ADD CONSTRAINT channels_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: chunk_embeddings chunk_embeddings_model_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.chunk_embeddings
    ADD CONSTRAINT chunk_embeddings_model_id_fkey FOREIGN KEY (model_id) REFERENCES public.embedding_models(id);

-- Name: chunk_embeddings chunk_embeddings_organization_id_chunk_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.chunk_embeddings
    ADD CONSTRAINT chunk_embeddings_organization_id_chunk_id_fkey FOREIGN KEY (organization_id, chunk_id) REFERENCES public.chunks(organization_id, id) ON DELETE CASCADE;

-- Name: chunk_embeddings chunk_embeddings_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.chunk_embeddings
    ADD CONSTRAINT chunk_embeddings_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: chunks chunks_organization_id_asset_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.chunks
    ADD CONSTRAINT chunks_organization_id_asset_id_fkey FOREIGN KEY (organization_id, asset_id) REFERENCES public.assets(organization_id, id) ON DELETE CASCADE;

-- Name: chunks chunks_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.chunks
    ADD CONSTRAINT chunks_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: chunks chunks_organization_id_video_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.chunks
    ADD CONSTRAINT chunks_organization_id_video_id_fkey FOREIGN KEY (organization_id, video_id) REFERENCES public.videos(organization_id, id) ON DELETE CASCADE;

-- Name: consents consents_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: delivery_policies delivery_policies_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.delivery_policies
    ADD CONSTRAINT delivery_policies_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: document_pages document_pages_organization_id_asset_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.document_pages
    ADD CONSTRAINT document_pages_organization_id_asset_id_fkey FOREIGN KEY (organization_id, asset_id) REFERENCES public.assets(organization_id, id) ON DELETE CASCADE;

-- Name: document_pages document_pages_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.document_pages
    ADD CONSTRAINT document_pages_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: email_tokens email_tokens_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.email_tokens
    ADD CONSTRAINT email_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: encoding_settings encoding_settings_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.encoding_settings
    ADD CONSTRAINT encoding_settings_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: export_requests export_requests_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.export_requests
    ADD CONSTRAINT export_requests_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: folders folders_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.folders
    ADD CONSTRAINT folders_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: folders folders_parent; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.folders
    ADD CONSTRAINT folders_parent FOREIGN KEY (organization_id, parent_id) REFERENCES public.folders(organization_id, id);

-- Name: idempotency_keys idempotency_keys_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: idempotency_keys idempotency_keys_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: image_presets image_presets_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.image_presets
    ADD CONSTRAINT image_presets_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: key_frames key_frames_organization_id_asset_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.key_frames
    ADD CONSTRAINT key_frames_organization_id_asset_id_fkey FOREIGN KEY (organization_id, asset_id) REFERENCES public.assets(organization_id, id) ON DELETE CASCADE;

-- Name: key_frames key_frames_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.key_frames
    ADD CONSTRAINT key_frames_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: memberships memberships_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: memberships memberships_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: organization_chunk_counts organization_chunk_counts_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.organization_chunk_counts
    ADD CONSTRAINT organization_chunk_counts_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: organization_domains organization_domains_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.organization_domains
    ADD CONSTRAINT organization_domains_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: organization_exports organization_exports_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.organization_exports
    ADD CONSTRAINT organization_exports_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: organization_exports organization_exports_requested_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.organization_exports
    ADD CONSTRAINT organization_exports_requested_by_fkey FOREIGN KEY (requested_by) REFERENCES public.users(id) ON DELETE SET NULL;

-- Name: organization_invitations organization_invitations_accepted_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.organization_invitations
    ADD CONSTRAINT organization_invitations_accepted_by_fkey FOREIGN KEY (accepted_by) REFERENCES public.users(id) ON DELETE SET NULL;

-- Name: organization_invitations organization_invitations_invited_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.organization_invitations
    ADD CONSTRAINT organization_invitations_invited_by_fkey FOREIGN KEY (invited_by) REFERENCES public.users(id) ON DELETE SET NULL;

-- Name: organization_invitations organization_invitations_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.organization_invitations
    ADD CONSTRAINT organization_invitations_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: organization_stores organization_stores_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.organization_stores
    ADD CONSTRAINT organization_stores_id_fkey FOREIGN KEY (id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: organizations organizations_personal_owner_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_personal_owner_id_fkey FOREIGN KEY (personal_owner_id) REFERENCES public.users(id) ON DELETE SET NULL;

-- Name: outbox outbox_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: passkey_ceremonies passkey_ceremonies_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.passkey_ceremonies
    ADD CONSTRAINT passkey_ceremonies_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: provider_sign_ins provider_sign_ins_linking_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.provider_sign_ins
    ADD CONSTRAINT provider_sign_ins_linking_user_id_fkey FOREIGN KEY (linking_user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: provider_sign_ins provider_sign_ins_verified_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.provider_sign_ins
    ADD CONSTRAINT provider_sign_ins_verified_user_id_fkey FOREIGN KEY (verified_user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: renditions renditions_organization_id_asset_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.renditions
    ADD CONSTRAINT renditions_organization_id_asset_id_fkey FOREIGN KEY (organization_id, asset_id) REFERENCES public.assets(organization_id, id) ON DELETE CASCADE;

-- Name: renditions renditions_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.renditions
    ADD CONSTRAINT renditions_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: sessions sessions_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: speakers speakers_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.speakers
    ADD CONSTRAINT speakers_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: speakers speakers_organization_id_video_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.speakers
    ADD CONSTRAINT speakers_organization_id_video_id_fkey FOREIGN KEY (organization_id, video_id) REFERENCES public.videos(organization_id, id) ON DELETE CASCADE;

-- Name: speakers speakers_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.speakers
    ADD CONSTRAINT speakers_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE SET NULL;

-- Name: subtitles subtitles_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.subtitles
    ADD CONSTRAINT subtitles_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: subtitles subtitles_organization_id_video_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.subtitles
    ADD CONSTRAINT subtitles_organization_id_video_id_fkey FOREIGN KEY (organization_id, video_id) REFERENCES public.videos(organization_id, id) ON DELETE CASCADE;

-- Name: tasks tasks_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: transcript_segments transcript_segments_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.transcript_segments
    ADD CONSTRAINT transcript_segments_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: transcript_segments transcript_segments_organization_id_speaker_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.transcript_segments
    ADD CONSTRAINT transcript_segments_organization_id_speaker_id_fkey FOREIGN KEY (organization_id, speaker_id) REFERENCES public.speakers(organization_id, id) ON DELETE SET NULL (speaker_id);

-- Name: transcript_segments transcript_segments_organization_id_transcript_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.transcript_segments
    ADD CONSTRAINT transcript_segments_organization_id_transcript_id_fkey FOREIGN KEY (organization_id, transcript_id) REFERENCES public.transcripts(organization_id, id) ON DELETE CASCADE;

-- Name: transcript_segments transcript_segments_organization_id_video_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.transcript_segments
    ADD CONSTRAINT transcript_segments_organization_id_video_id_fkey FOREIGN KEY (organization_id, video_id) REFERENCES public.videos(organization_id, id) ON DELETE CASCADE;

-- Name: transcripts transcripts_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.transcripts
    ADD CONSTRAINT transcripts_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: transcripts transcripts_organization_id_video_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.transcripts
    ADD CONSTRAINT transcripts_organization_id_video_id_fkey FOREIGN KEY (organization_id, video_id) REFERENCES public.videos(organization_id, id) ON DELETE CASCADE;

-- Name: upload_limits upload_limits_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.upload_limits
    ADD CONSTRAINT upload_limits_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: uploads uploads_organization_id_asset_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_organization_id_asset_id_fkey FOREIGN KEY (organization_id, asset_id) REFERENCES public.assets(organization_id, id) ON DELETE SET NULL (asset_id);

-- Name: uploads uploads_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: uploads uploads_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE SET NULL;

-- Name: user_extensions user_extensions_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.user_extensions
    ADD CONSTRAINT user_extensions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: user_identities user_identities_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.user_identities
    ADD CONSTRAINT user_identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: user_passkeys user_passkeys_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.user_passkeys
    ADD CONSTRAINT user_passkeys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: user_preferences user_preferences_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.user_preferences
    ADD CONSTRAINT user_preferences_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: user_recovery_codes user_recovery_codes_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.user_recovery_codes
    ADD CONSTRAINT user_recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: user_totp user_totp_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.user_totp
    ADD CONSTRAINT user_totp_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: video_summaries video_summaries_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.video_summaries
    ADD CONSTRAINT video_summaries_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: video_summaries video_summaries_organization_id_video_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.video_summaries
    ADD CONSTRAINT video_summaries_organization_id_video_id_fkey FOREIGN KEY (organization_id, video_id) REFERENCES public.videos(organization_id, id) ON DELETE CASCADE;

-- Name: videos videos_author_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.videos
    ADD CONSTRAINT videos_author_id_fkey FOREIGN KEY (author_id) REFERENCES public.users(id) ON DELETE SET NULL;

-- Name: videos videos_organization_id_asset_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.videos
    ADD CONSTRAINT videos_organization_id_asset_id_fkey FOREIGN KEY (organization_id, asset_id) REFERENCES public.assets(organization_id, id) ON DELETE SET NULL (asset_id);

-- Name: videos videos_organization_id_channel_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.videos
    ADD CONSTRAINT videos_organization_id_channel_id_fkey FOREIGN KEY (organization_id, channel_id) REFERENCES public.channels(organization_id, id) ON DELETE SET NULL (channel_id);

-- Name: videos videos_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.videos
    ADD CONSTRAINT videos_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: webhook_deliveries webhook_deliveries_organization_id_endpoint_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_organization_id_endpoint_id_fkey FOREIGN KEY (organization_id, endpoint_id) REFERENCES public.webhook_endpoints(organization_id, id) ON DELETE CASCADE;

-- Name: webhook_deliveries webhook_deliveries_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: webhook_deliveries webhook_deliveries_organization_id_video_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_organization_id_video_id_fkey FOREIGN KEY (organization_id, video_id) REFERENCES public.videos(organization_id, id) ON DELETE CASCADE;

-- Name: webhook_endpoints webhook_endpoints_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: webhook_secrets webhook_secrets_organization_id_endpoint_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.webhook_secrets
    ADD CONSTRAINT webhook_secrets_organization_id_endpoint_id_fkey FOREIGN KEY (organization_id, endpoint_id) REFERENCES public.webhook_endpoints(organization_id, id) ON DELETE CASCADE;

-- Name: webhook_secrets webhook_secrets_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.webhook_secrets
    ADD CONSTRAINT webhook_secrets_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

-- Name: api_keys; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.api_keys ENABLE ROW LEVEL SECURITY;

-- Name: api_keys app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.api_keys FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))));

-- Name: asset_terms app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.asset_terms FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.assets a
  WHERE ((a.organization_id = asset_terms.organization_id) AND (a.id = asset_terms.asset_id))))));

-- Name: assets app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.assets FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND ((visibility <> 'private'::text) OR (owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")) OR (( SELECT current_setting('app.role'::text, true) AS current_setting) = 'service'::text))));

-- Name: blob_deletions app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.blob_deletions FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: blobs app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.blobs FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: channels app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.channels FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: chunk_embeddings app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.chunk_embeddings FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.chunks c
  WHERE ((c.organization_id = chunk_embeddings.organization_id) AND (c.id = chunk_embeddings.chunk_id))))));

-- Name: chunks app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.chunks FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND ((visibility <> 'private'::text) OR (owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")) OR (( SELECT current_setting('app.role'::text, true) AS current_setting) = 'service'::text))));

-- Name: delivery_policies app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.delivery_policies FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: document_pages app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.document_pages FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: encoding_settings app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.encoding_settings FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: folders app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.folders FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: idempotency_keys app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.idempotency_keys FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))));

-- Name: image_presets app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.image_presets FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: key_frames app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.key_frames FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.assets a
  WHERE ((a.organization_id = key_frames.organization_id) AND (a.id = key_frames.asset_id))))));

-- Name: memberships app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.memberships FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: organization_chunk_counts app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.organization_chunk_counts FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: organization_domains app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.organization_domains FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: organization_exports app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.organization_exports FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: organization_invitations app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.organization_invitations FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: renditions app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.renditions FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: sessions app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.sessions FOR DELETE TO memoreel_app USING ((user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));

-- Name: speakers app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.speakers FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = speakers.organization_id) AND (v.id = speakers.video_id))))));

-- Name: subtitles app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.subtitles FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = subtitles.organization_id) AND (v.id = subtitles.video_id))))));

-- Name: tasks app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.tasks FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: transcript_segments app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.transcript_segments FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = transcript_segments.organization_id) AND (v.id = transcript_segments.video_id))))));

-- Name: transcripts app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.transcripts FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = transcripts.organization_id) AND (v.id = transcripts.video_id))))));

-- Name: upload_limits app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.upload_limits FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: uploads app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.uploads FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: video_summaries app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.video_summaries FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = video_summaries.organization_id) AND (v.id = video_summaries.video_id))))));

-- Name: videos app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.videos FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND ((visibility <> 'private'::text) OR (author_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")) OR (( SELECT current_setting('app.role'::text, true) AS current_setting) = 'service'::text))));

-- Name: webhook_deliveries app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.webhook_deliveries FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: webhook_endpoints app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.webhook_endpoints FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: webhook_secrets app_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_delete ON public.webhook_secrets FOR DELETE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: api_keys app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.api_keys FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))));

-- Name: asset_terms app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.asset_terms FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.assets a
  WHERE ((a.organization_id = asset_terms.organization_id) AND (a.id = asset_terms.asset_id))))));

-- Name: assets app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.assets FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND ((visibility <> 'private'::text) OR (owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")) OR (( SELECT current_setting('app.role'::text, true) AS current_setting) = 'service'::text))));

-- Name: blob_deletions app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.blob_deletions FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: blobs app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.blobs FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: channels app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.channels FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: chunk_embeddings app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.chunk_embeddings FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.chunks c
  WHERE ((c.organization_id = chunk_embeddings.organization_id) AND (c.id = chunk_embeddings.chunk_id))))));

-- Name: chunks app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.chunks FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND ((visibility <> 'private'::text) OR (owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")) OR (( SELECT current_setting('app.role'::text, true) AS current_setting) = 'service'::text))));

-- Name: consents app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.consents FOR INSERT TO memoreel_app WITH CHECK ((user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));

-- Name: delivery_policies app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.delivery_policies FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: document_pages app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.document_pages FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: encoding_settings app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.encoding_settings FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: folders app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.folders FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: idempotency_keys app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.idempotency_keys FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))));

-- Name: image_presets app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.image_presets FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: key_frames app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.key_frames FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.assets a
  WHERE ((a.organization_id = key_frames.organization_id) AND (a.id = key_frames.asset_id))))));

-- Name: memberships app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.memberships FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: organization_chunk_counts app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.organization_chunk_counts FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: organization_domains app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.organization_domains FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: organization_exports app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.organization_exports FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: organization_invitations app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.organization_invitations FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: outbox app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.outbox FOR INSERT TO memoreel_app WITH CHECK ((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")));

-- Name: renditions app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.renditions FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: speakers app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.speakers FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = speakers.organization_id) AND (v.id = speakers.video_id))))));

-- Name: subtitles app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.subtitles FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = subtitles.organization_id) AND (v.id = subtitles.video_id))))));

-- Name: tasks app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.tasks FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: transcript_segments app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.transcript_segments FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = transcript_segments.organization_id) AND (v.id = transcript_segments.video_id))))));

-- Name: transcripts app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.transcripts FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = transcripts.organization_id) AND (v.id = transcripts.video_id))))));

-- Name: upload_limits app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.upload_limits FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: uploads app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.uploads FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: user_extensions app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.user_extensions FOR INSERT TO memoreel_app WITH CHECK ((user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));

-- Name: user_preferences app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.user_preferences FOR INSERT TO memoreel_app WITH CHECK ((user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));

-- Name: video_summaries app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.video_summaries FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = video_summaries.organization_id) AND (v.id = video_summaries.video_id))))));

-- Name: videos app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.videos FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND ((visibility <> 'private'::text) OR (author_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")) OR (( SELECT current_setting('app.role'::text, true) AS current_setting) = 'service'::text))));

-- Name: webhook_deliveries app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.webhook_deliveries FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: webhook_endpoints app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.webhook_endpoints FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: webhook_secrets app_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_insert ON public.webhook_secrets FOR INSERT TO memoreel_app WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: api_keys app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.api_keys FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))));

-- Name: asset_terms app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.asset_terms FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.assets a
  WHERE ((a.organization_id = asset_terms.organization_id) AND (a.id = asset_terms.asset_id))))));

-- Name: assets app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.assets FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND ((visibility <> 'private'::text) OR (owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")) OR (( SELECT current_setting('app.role'::text, true) AS current_setting) = 'service'::text))));

-- Name: audit_logs app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.audit_logs FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (( SELECT current_setting('app.role'::text, true) AS current_setting) = 'owner'::text)));

-- Name: blob_deletions app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.blob_deletions FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: blobs app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.blobs FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: channels app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.channels FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: chunk_embeddings app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.chunk_embeddings FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.chunks c
  WHERE ((c.organization_id = chunk_embeddings.organization_id) AND (c.id = chunk_embeddings.chunk_id))))));

-- Name: chunks app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.chunks FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND ((visibility <> 'private'::text) OR (owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")) OR (( SELECT current_setting('app.role'::text, true) AS current_setting) = 'service'::text))));

-- Name: consents app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.consents FOR SELECT TO memoreel_app USING ((user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));

-- Name: delivery_policies app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.delivery_policies FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: document_pages app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.document_pages FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: encoding_settings app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.encoding_settings FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: folders app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.folders FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: idempotency_keys app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.idempotency_keys FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))));

-- Name: image_presets app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.image_presets FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: key_frames app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.key_frames FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.assets a
  WHERE ((a.organization_id = key_frames.organization_id) AND (a.id = key_frames.asset_id))))));

-- Name: memberships app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.memberships FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: organization_chunk_counts app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.organization_chunk_counts FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: organization_domains app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.organization_domains FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: organization_exports app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.organization_exports FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: organization_invitations app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.organization_invitations FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: organizations app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.organizations FOR SELECT TO memoreel_app USING ((id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")));

-- Name: renditions app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.renditions FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: request_logs app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.request_logs FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (( SELECT current_setting('app.role'::text, true) AS current_setting) = ANY (ARRAY['owner'::text, 'admin'::text]))));

-- Name: sessions app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.sessions FOR SELECT TO memoreel_app USING ((user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));

-- Name: speakers app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.speakers FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = speakers.organization_id) AND (v.id = speakers.video_id))))));

-- Name: subtitles app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.subtitles FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = subtitles.organization_id) AND (v.id = subtitles.video_id))))));

-- Name: tasks app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.tasks FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: transcript_segments app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.transcript_segments FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = transcript_segments.organization_id) AND (v.id = transcript_segments.video_id))))));

-- Name: transcripts app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.transcripts FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = transcripts.organization_id) AND (v.id = transcripts.video_id))))));

-- Name: upload_limits app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.upload_limits FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: uploads app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.uploads FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: user_extensions app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.user_extensions FOR SELECT TO memoreel_app USING ((user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));

-- Name: user_identities app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.user_identities FOR SELECT TO memoreel_app USING ((user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));

-- Name: user_preferences app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.user_preferences FOR SELECT TO memoreel_app USING ((user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));

-- Name: users app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.users FOR SELECT TO memoreel_app USING (((id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")) OR (EXISTS ( SELECT
   FROM public.memberships m
  WHERE ((m.user_id = users.id) AND (m.organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")))))));

-- Name: video_summaries app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.video_summaries FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = video_summaries.organization_id) AND (v.id = video_summaries.video_id))))));

-- Name: videos app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.videos FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND ((visibility <> 'private'::text) OR (author_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")) OR (( SELECT current_setting('app.role'::text, true) AS current_setting) = 'service'::text))));

-- Name: webhook_deliveries app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.webhook_deliveries FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: webhook_endpoints app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.webhook_endpoints FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: webhook_secrets app_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_select ON public.webhook_secrets FOR SELECT TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: api_keys app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.api_keys FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")))) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))));

-- Name: asset_terms app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.asset_terms FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.assets a
  WHERE ((a.organization_id = asset_terms.organization_id) AND (a.id = asset_terms.asset_id)))))) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.assets a
  WHERE ((a.organization_id = asset_terms.organization_id) AND (a.id = asset_terms.asset_id))))));

-- Name: assets app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.assets FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND ((visibility <> 'private'::text) OR (owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")) OR (( SELECT current_setting('app.role'::text, true) AS current_setting) = 'service'::text)))) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND ((visibility <> 'private'::text) OR (owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")) OR (( SELECT current_setting('app.role'::text, true) AS current_setting) = 'service'::text))));

-- Name: blob_deletions app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.blob_deletions FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true)) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: blobs app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.blobs FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true)) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: channels app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.channels FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true)) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: chunk_embeddings app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.chunk_embeddings FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.chunks c
  WHERE ((c.organization_id = chunk_embeddings.organization_id) AND (c.id = chunk_embeddings.chunk_id)))))) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.chunks c
  WHERE ((c.organization_id = chunk_embeddings.organization_id) AND (c.id = chunk_embeddings.chunk_id))))));

-- Name: chunks app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.chunks FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND ((visibility <> 'private'::text) OR (owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")) OR (( SELECT current_setting('app.role'::text, true) AS current_setting) = 'service'::text)))) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND ((visibility <> 'private'::text) OR (owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")) OR (( SELECT current_setting('app.role'::text, true) AS current_setting) = 'service'::text))));

-- Name: delivery_policies app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.delivery_policies FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true)) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: document_pages app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.document_pages FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true)) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: encoding_settings app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.encoding_settings FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true)) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: folders app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.folders FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true)) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: idempotency_keys app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.idempotency_keys FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")))) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))));

-- Name: image_presets app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.image_presets FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true)) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: key_frames app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.key_frames FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.assets a
  WHERE ((a.organization_id = key_frames.organization_id) AND (a.id = key_frames.asset_id)))))) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.assets a
  WHERE ((a.organization_id = key_frames.organization_id) AND (a.id = key_frames.asset_id))))));

-- Name: memberships app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.memberships FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true)) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: organization_chunk_counts app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.organization_chunk_counts FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true)) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: organization_domains app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.organization_domains FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true)) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: organization_exports app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.organization_exports FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true)) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: organization_invitations app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.organization_invitations FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true)) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: organizations app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.organizations FOR UPDATE TO memoreel_app USING ((id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")));

-- Name: renditions app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.renditions FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true)) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: speakers app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.speakers FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = speakers.organization_id) AND (v.id = speakers.video_id)))))) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = speakers.organization_id) AND (v.id = speakers.video_id))))));

-- Name: subtitles app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.subtitles FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = subtitles.organization_id) AND (v.id = subtitles.video_id)))))) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = subtitles.organization_id) AND (v.id = subtitles.video_id))))));

-- Name: tasks app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.tasks FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true)) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: transcript_segments app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.transcript_segments FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = transcript_segments.organization_id) AND (v.id = transcript_segments.video_id)))))) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = transcript_segments.organization_id) AND (v.id = transcript_segments.video_id))))));

-- Name: transcripts app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.transcripts FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = transcripts.organization_id) AND (v.id = transcripts.video_id)))))) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = transcripts.organization_id) AND (v.id = transcripts.video_id))))));

-- Name: upload_limits app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.upload_limits FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true)) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: uploads app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.uploads FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true)) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: user_extensions app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.user_extensions FOR UPDATE TO memoreel_app USING ((user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));

-- Name: user_preferences app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.user_preferences FOR UPDATE TO memoreel_app USING ((user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));

-- Name: users app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.users FOR UPDATE TO memoreel_app USING ((id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));

-- Name: video_summaries app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.video_summaries FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = video_summaries.organization_id) AND (v.id = video_summaries.video_id)))))) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND (EXISTS ( SELECT
   FROM public.videos v
  WHERE ((v.organization_id = video_summaries.organization_id) AND (v.id = video_summaries.video_id))))));

-- Name: videos app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.videos FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND ((visibility <> 'private'::text) OR (author_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")) OR (( SELECT current_setting('app.role'::text, true) AS current_setting) = 'service'::text)))) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND ((visibility <> 'private'::text) OR (author_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")) OR (( SELECT current_setting('app.role'::text, true) AS current_setting) = 'service'::text))));

-- Name: webhook_deliveries app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.webhook_deliveries FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true)) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: webhook_endpoints app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.webhook_endpoints FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true)) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: webhook_secrets app_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY app_update ON public.webhook_secrets FOR UPDATE TO memoreel_app USING (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true)) WITH CHECK (((organization_id = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS "nullif")) AND true));

-- Name: asset_terms; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.asset_terms ENABLE ROW LEVEL SECURITY;

-- Name: assets; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.assets ENABLE ROW LEVEL SECURITY;

-- Name: audit_logs; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.audit_logs ENABLE ROW LEVEL SECURITY;

-- Name: blob_deletions; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.blob_deletions ENABLE ROW LEVEL SECURITY;

-- Name: blobs; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.blobs ENABLE ROW LEVEL SECURITY;

-- Name: channels; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.channels ENABLE ROW LEVEL SECURITY;

-- Name: chunk_embeddings; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.chunk_embeddings ENABLE ROW LEVEL SECURITY;

-- Name: chunks; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.chunks ENABLE ROW LEVEL SECURITY;

-- Name: consents; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.consents ENABLE ROW LEVEL SECURITY;

-- Name: delivery_policies; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.delivery_policies ENABLE ROW LEVEL SECURITY;

-- Name: document_pages; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.document_pages ENABLE ROW LEVEL SECURITY;

-- Name: email_tokens; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.email_tokens ENABLE ROW LEVEL SECURITY;

-- Name: encoding_settings; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.encoding_settings ENABLE ROW LEVEL SECURITY;

-- Name: erasures; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.erasures ENABLE ROW LEVEL SECURITY;

-- Name: export_requests; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.export_requests ENABLE ROW LEVEL SECURITY;

-- Name: folders; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.folders ENABLE ROW LEVEL SECURITY;

-- Name: idempotency_keys; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.idempotency_keys ENABLE ROW LEVEL SECURITY;

-- Name: image_presets; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.image_presets ENABLE ROW LEVEL SECURITY;

-- Name: key_frames; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.key_frames ENABLE ROW LEVEL SECURITY;

-- Name: memberships; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.memberships ENABLE ROW LEVEL SECURITY;

-- Name: organization_chunk_counts; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.organization_chunk_counts ENABLE ROW LEVEL SECURITY;

-- Name: organization_domains; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.organization_domains ENABLE ROW LEVEL SECURITY;

-- Name: organization_exports; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.organization_exports ENABLE ROW LEVEL SECURITY;

-- Name: organization_invitations; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.organization_invitations ENABLE ROW LEVEL SECURITY;

-- Name: organization_stores; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.organization_stores ENABLE ROW LEVEL SECURITY;

-- Name: organizations; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.organizations ENABLE ROW LEVEL SECURITY;

-- Name: outbox; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.outbox ENABLE ROW LEVEL SECURITY;

-- Name: api_keys owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.api_keys TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: asset_terms owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.asset_terms TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: assets owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.assets TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: audit_logs owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.audit_logs TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: blob_deletions owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.blob_deletions TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: blobs owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.blobs TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: channels owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.channels TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: chunk_embeddings owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.chunk_embeddings TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: chunks owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.chunks TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: consents owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.consents TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: delivery_policies owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.delivery_policies TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: document_pages owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.document_pages TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: email_tokens owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.email_tokens TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: encoding_settings owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.encoding_settings TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: erasures owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.erasures TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: export_requests owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.export_requests TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: folders owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.folders TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: idempotency_keys owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.idempotency_keys TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: image_presets owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.image_presets TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: key_frames owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.key_frames TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: memberships owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.memberships TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: organization_chunk_counts owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.organization_chunk_counts TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: organization_domains owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.organization_domains TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: organization_exports owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.organization_exports TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: organization_invitations owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.organization_invitations TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: organization_stores owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.organization_stores TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: organizations owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.organizations TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: outbox owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.outbox TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: passkey_ceremonies owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.passkey_ceremonies TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: provider_sign_ins owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.provider_sign_ins TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: renditions owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.renditions TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: request_logs owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.request_logs TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: sessions owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.sessions TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: sign_in_attempts owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.sign_in_attempts TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: speakers owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.speakers TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: store_processes owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.store_processes TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: subtitles owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.subtitles TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: tasks owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.tasks TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: transcript_segments owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.transcript_segments TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: transcripts owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.transcripts TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: upload_limits owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.upload_limits TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: uploads owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.uploads TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: user_extensions owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.user_extensions TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: user_identities owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.user_identities TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: user_passkeys owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.user_passkeys TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: user_preferences owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.user_preferences TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: user_recovery_codes owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.user_recovery_codes TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: user_totp owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.user_totp TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: users owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.users TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: video_summaries owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.video_summaries TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: videos owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.videos TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: webhook_deliveries owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.webhook_deliveries TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: webhook_endpoints owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.webhook_endpoints TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: webhook_secrets owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY owner_all ON public.webhook_secrets TO memoreel_owner USING (true) WITH CHECK (true);

-- Name: passkey_ceremonies; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.passkey_ceremonies ENABLE ROW LEVEL SECURITY;

-- Name: provider_sign_ins; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.provider_sign_ins ENABLE ROW LEVEL SECURITY;

-- Name: renditions; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.renditions ENABLE ROW LEVEL SECURITY;

-- Name: request_logs; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.request_logs ENABLE ROW LEVEL SECURITY;

-- Name: request_logs_default; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.request_logs_default ENABLE ROW LEVEL SECURITY;

-- Name: chunk_embeddings search_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY search_select ON public.chunk_embeddings FOR SELECT TO memoreel_search USING (true);

-- Name: chunks search_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY search_select ON public.chunks FOR SELECT TO memoreel_search USING (true);

-- Name: organization_chunk_counts search_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY search_select ON public.organization_chunk_counts FOR SELECT TO memoreel_search USING (true);

-- Name: speakers search_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY search_select ON public.speakers FOR SELECT TO memoreel_search USING (true);

-- Name: videos search_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY search_select ON public.videos FOR SELECT TO memoreel_search USING (true);

-- Name: sessions; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.sessions ENABLE ROW LEVEL SECURITY;

-- Name: sign_in_attempts; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.sign_in_attempts ENABLE ROW LEVEL SECURITY;

-- Name: speakers; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.speakers ENABLE ROW LEVEL SECURITY;

-- Name: store_processes; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.store_processes ENABLE ROW LEVEL SECURITY;

-- Name: subtitles; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.subtitles ENABLE ROW LEVEL SECURITY;

-- Name: api_keys system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.api_keys FOR DELETE TO memoreel_system USING (true);

-- Name: assets system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.assets FOR DELETE TO memoreel_system USING (true);

-- Name: blob_deletions system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.blob_deletions FOR DELETE TO memoreel_system USING (true);

-- Name: email_tokens system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.email_tokens FOR DELETE TO memoreel_system USING (true);

-- Name: export_requests system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.export_requests FOR DELETE TO memoreel_system USING (true);

-- Name: idempotency_keys system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.idempotency_keys FOR DELETE TO memoreel_system USING (true);

-- Name: organization_exports system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.organization_exports FOR DELETE TO memoreel_system USING (true);

-- Name: outbox system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.outbox FOR DELETE TO memoreel_system USING (true);

-- Name: passkey_ceremonies system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.passkey_ceremonies FOR DELETE TO memoreel_system USING (true);

-- Name: provider_sign_ins system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.provider_sign_ins FOR DELETE TO memoreel_system USING (true);

-- Name: sessions system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.sessions FOR DELETE TO memoreel_system USING (true);

-- Name: sign_in_attempts system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.sign_in_attempts FOR DELETE TO memoreel_system USING (true);

-- Name: store_processes system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.store_processes FOR DELETE TO memoreel_system USING (true);

-- Name: tasks system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.tasks FOR DELETE TO memoreel_system USING (true);

-- Name: user_identities system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.user_identities FOR DELETE TO memoreel_system USING (true);

-- Name: user_passkeys system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.user_passkeys FOR DELETE TO memoreel_system USING (true);

-- Name: user_recovery_codes system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.user_recovery_codes FOR DELETE TO memoreel_system USING (true);

-- Name: user_totp system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.user_totp FOR DELETE TO memoreel_system USING (true);

-- Name: videos system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.videos FOR DELETE TO memoreel_system USING (true);

-- Name: webhook_deliveries system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.webhook_deliveries FOR DELETE TO memoreel_system USING (true);

-- Name: webhook_secrets system_delete; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_delete ON public.webhook_secrets FOR DELETE TO memoreel_system USING (true);

-- Name: consents system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.consents FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: email_tokens system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.email_tokens FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: erasures system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.erasures FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: export_requests system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.export_requests FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: memberships system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.memberships FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: organization_domains system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.organization_domains FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: organization_stores system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.organization_stores FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: organizations system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.organizations FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: outbox system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.outbox FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: passkey_ceremonies system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.passkey_ceremonies FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: provider_sign_ins system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.provider_sign_ins FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: request_logs system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.request_logs FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: sessions system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.sessions FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: sign_in_attempts system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.sign_in_attempts FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: store_processes system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.store_processes FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: tasks system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.tasks FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: user_extensions system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.user_extensions FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: user_identities system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.user_identities FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: user_passkeys system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.user_passkeys FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: user_recovery_codes system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.user_recovery_codes FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: user_totp system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.user_totp FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: users system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.users FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: webhook_deliveries system_insert; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_insert ON public.webhook_deliveries FOR INSERT TO memoreel_system WITH CHECK (true);

-- Name: api_keys system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.api_keys FOR SELECT TO memoreel_system USING (true);

-- Name: assets system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.assets FOR SELECT TO memoreel_system USING (true);

-- Name: blob_deletions system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.blob_deletions FOR SELECT TO memoreel_system USING (true);

-- Name: blobs system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.blobs FOR SELECT TO memoreel_system USING (true);

-- Name: delivery_policies system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.delivery_policies FOR SELECT TO memoreel_system USING (true);

-- Name: email_tokens system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.email_tokens FOR SELECT TO memoreel_system USING (true);

-- Name: erasures system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.erasures FOR SELECT TO memoreel_system USING (true);

-- Name: export_requests system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.export_requests FOR SELECT TO memoreel_system USING (true);

-- Name: idempotency_keys system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.idempotency_keys FOR SELECT TO memoreel_system USING (true);

-- Name: memberships system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.memberships FOR SELECT TO memoreel_system USING (true);

-- Name: organization_domains system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.organization_domains FOR SELECT TO memoreel_system USING (true);

-- Name: organization_exports system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.organization_exports FOR SELECT TO memoreel_system USING (true);

-- Name: organization_invitations system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.organization_invitations FOR SELECT TO memoreel_system USING (true);

-- Name: organization_stores system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.organization_stores FOR SELECT TO memoreel_system USING (true);

-- Name: organizations system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.organizations FOR SELECT TO memoreel_system USING (true);

-- Name: outbox system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.outbox FOR SELECT TO memoreel_system USING (true);

-- Name: passkey_ceremonies system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.passkey_ceremonies FOR SELECT TO memoreel_system USING (true);

-- Name: provider_sign_ins system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.provider_sign_ins FOR SELECT TO memoreel_system USING (true);

-- Name: sessions system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.sessions FOR SELECT TO memoreel_system USING (true);

-- Name: sign_in_attempts system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.sign_in_attempts FOR SELECT TO memoreel_system USING (true);

-- Name: store_processes system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.store_processes FOR SELECT TO memoreel_system USING (true);

-- Name: tasks system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.tasks FOR SELECT TO memoreel_system USING (true);

-- Name: uploads system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.uploads FOR SELECT TO memoreel_system USING (true);

-- Name: user_identities system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.user_identities FOR SELECT TO memoreel_system USING (true);

-- Name: user_passkeys system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.user_passkeys FOR SELECT TO memoreel_system USING (true);

-- Name: user_recovery_codes system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.user_recovery_codes FOR SELECT TO memoreel_system USING (true);

-- Name: user_totp system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.user_totp FOR SELECT TO memoreel_system USING (true);

-- Name: users system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.users FOR SELECT TO memoreel_system USING (true);

-- Name: videos system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.videos FOR SELECT TO memoreel_system USING (true);

-- Name: webhook_deliveries system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.webhook_deliveries FOR SELECT TO memoreel_system USING (true);

-- Name: webhook_endpoints system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.webhook_endpoints FOR SELECT TO memoreel_system USING (true);

-- Name: webhook_secrets system_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_select ON public.webhook_secrets FOR SELECT TO memoreel_system USING (true);

-- Name: api_keys system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.api_keys FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: email_tokens system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.email_tokens FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: erasures system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.erasures FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: export_requests system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.export_requests FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: memberships system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.memberships FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: organization_domains system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.organization_domains FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: organization_invitations system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.organization_invitations FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: organization_stores system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.organization_stores FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: organizations system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.organizations FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: provider_sign_ins system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.provider_sign_ins FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: sessions system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.sessions FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: sign_in_attempts system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.sign_in_attempts FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: store_processes system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.store_processes FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: tasks system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.tasks FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: uploads system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.uploads FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: user_identities system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.user_identities FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: user_passkeys system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.user_passkeys FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: user_recovery_codes system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.user_recovery_codes FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: user_totp system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.user_totp FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: users system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.users FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: webhook_deliveries system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.webhook_deliveries FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: webhook_endpoints system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.webhook_endpoints FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: webhook_secrets system_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY system_update ON public.webhook_secrets FOR UPDATE TO memoreel_system USING (true) WITH CHECK (true);

-- Name: tasks; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.tasks ENABLE ROW LEVEL SECURITY;

-- Name: transcript_segments; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.transcript_segments ENABLE ROW LEVEL SECURITY;

-- Name: transcripts; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.transcripts ENABLE ROW LEVEL SECURITY;

-- Name: upload_limits; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.upload_limits ENABLE ROW LEVEL SECURITY;

-- Name: uploads; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.uploads ENABLE ROW LEVEL SECURITY;

-- Name: user_extensions; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.user_extensions ENABLE ROW LEVEL SECURITY;

-- Name: user_identities; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.user_identities ENABLE ROW LEVEL SECURITY;

-- Name: user_passkeys; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.user_passkeys ENABLE ROW LEVEL SECURITY;

-- Name: user_preferences; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.user_preferences ENABLE ROW LEVEL SECURITY;

-- Name: user_recovery_codes; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.user_recovery_codes ENABLE ROW LEVEL SECURITY;

-- Name: user_totp; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.user_totp ENABLE ROW LEVEL SECURITY;

-- Name: users; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;

-- Name: video_summaries; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.video_summaries ENABLE ROW LEVEL SECURITY;

-- Name: videos; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.videos ENABLE ROW LEVEL SECURITY;

-- Name: webhook_deliveries; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.webhook_deliveries ENABLE ROW LEVEL SECURITY;

-- Name: webhook_endpoints; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.webhook_endpoints ENABLE ROW LEVEL SECURITY;

-- Name: webhook_secrets; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.webhook_secrets ENABLE ROW LEVEL SECURITY;

-- Name: SCHEMA public; Type: ACL; Schema: -; Owner: -

GRANT USAGE ON SCHEMA public TO memoreel_app;
GRANT USAGE ON SCHEMA public TO memoreel_system;
GRANT ALL ON SCHEMA public TO memoreel_search;
GRANT ALL ON SCHEMA public TO memoreel_owner;

-- Name: FUNCTION added_count(p_counts jsonb, p_table text, p_rows bigint); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.added_count(p_counts jsonb, p_table text, p_rows bigint) FROM PUBLIC;

-- Name: FUNCTION addresses_of(p_user_id uuid); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.addresses_of(p_user_id uuid) FROM PUBLIC;

-- Name: FUNCTION asset_terms_follow(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.asset_terms_follow() FROM PUBLIC;

-- Name: FUNCTION assets_follow_video(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.assets_follow_video() FROM PUBLIC;

-- Name: TABLE audit_logs; Type: ACL; Schema: public; Owner: -

GRANT SELECT ON TABLE public.audit_logs TO memoreel_app;

-- Name: FUNCTION audited_of(p_user_id uuid); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.audited_of(p_user_id uuid) FROM PUBLIC;

-- Name: FUNCTION chunks_follow_asset(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.chunks_follow_asset() FROM PUBLIC;

-- Name: FUNCTION chunks_follow_speaker(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.chunks_follow_speaker() FROM PUBLIC;

-- Name: FUNCTION chunks_follow_video(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.chunks_follow_video() FROM PUBLIC;

-- Name: FUNCTION claim_tasks(p_kinds text[], p_slots integer[], p_worker text, p_now timestamp with time zone, p_leased_until timestamp with time zone); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.claim_tasks(p_kinds text[], p_slots integer[], p_worker text, p_now timestamp with time zone, p_leased_until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_tasks(p_kinds text[], p_slots integer[], p_worker text, p_now timestamp with time zone, p_leased_until timestamp with time zone) TO memoreel_system;

-- Name: FUNCTION claim_webhook_deliveries(p_endpoints uuid[], p_free integer[], p_others integer, p_limit integer, p_worker text, p_now timestamp with time zone, p_until timestamp with time zone); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.claim_webhook_deliveries(p_endpoints uuid[], p_free integer[], p_others integer, p_limit integer, p_worker text, p_now timestamp with time zone, p_until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_webhook_deliveries(p_endpoints uuid[], p_free integer[], p_others integer, p_limit integer, p_worker text, p_now timestamp with time zone, p_until timestamp with time zone) TO memoreel_system;

-- Name: FUNCTION count_organization_chunks(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.count_organization_chunks() FROM PUBLIC;

-- Name: FUNCTION erase_exports_naming(p_user_id uuid, p_now timestamp with time zone); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.erase_exports_naming(p_user_id uuid, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.erase_exports_naming(p_user_id uuid, p_now timestamp with time zone) TO memoreel_system;

-- Name: FUNCTION erase_mentions(p_words text[]); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.erase_mentions(p_words text[]) FROM PUBLIC;

-- Name: FUNCTION erase_organization(p_organization_id uuid, p_now timestamp with time zone); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.erase_organization(p_organization_id uuid, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.erase_organization(p_organization_id uuid, p_now timestamp with time zone) TO memoreel_system;

-- Name: FUNCTION erase_person(p_user_id uuid, p_now timestamp with time zone); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.erase_person(p_user_id uuid, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.erase_person(p_user_id uuid, p_now timestamp with time zone) TO memoreel_system;

-- Name: FUNCTION files_follow_assets(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.files_follow_assets() FROM PUBLIC;

-- Name: FUNCTION files_follow_deleted_assets(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.files_follow_deleted_assets() FROM PUBLIC;

-- Name: FUNCTION finish_task(p_organization_id uuid, p_id uuid, p_lease uuid, p_subject_id uuid, p_now timestamp with time zone); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.finish_task(p_organization_id uuid, p_id uuid, p_lease uuid, p_subject_id uuid, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.finish_task(p_organization_id uuid, p_id uuid, p_lease uuid, p_subject_id uuid, p_now timestamp with time zone) TO memoreel_app;

-- Name: FUNCTION finish_webhook_deliveries(p_organization_ids uuid[], p_ids uuid[], p_leases uuid[], p_statuses text[], p_next_attempts timestamp with time zone[], p_response_statuses integer[], p_response_bodies text[], p_error_codes text[], p_durations integer[], p_gone uuid[], p_now timestamp with time zone, p_failing_for interval); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.finish_webhook_deliveries(p_organization_ids uuid[], p_ids uuid[], p_leases uuid[], p_statuses text[], p_next_attempts timestamp with time zone[], p_response_statuses integer[], p_response_bodies text[], p_error_codes text[], p_durations integer[], p_gone uuid[], p_now timestamp with time zone, p_failing_for interval) FROM PUBLIC;
GRANT ALL ON FUNCTION public.finish_webhook_deliveries(p_organization_ids uuid[], p_ids uuid[], p_leases uuid[], p_statuses text[], p_next_attempts timestamp with time zone[], p_response_statuses integer[], p_response_bodies text[], p_error_codes text[], p_durations integer[], p_gone uuid[], p_now timestamp with time zone, p_failing_for interval) TO memoreel_system;

-- Name: FUNCTION fitting_chunks(p_organization_id uuid, p_user_id uuid, p_service boolean, p_video_id uuid, p_channel_id uuid, p_from timestamp with time zone, p_to timestamp with time zone, p_speaker text, p_phrases text[], p_excluded text[], p_kinds text[], p_ids uuid[], p_distances double precision[], p_count integer, OUT ids uuid[], OUT distances double precision[]); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.fitting_chunks(p_organization_id uuid, p_user_id uuid, p_service boolean, p_video_id uuid, p_channel_id uuid, p_from timestamp with time zone, p_to timestamp with time zone, p_speaker text, p_phrases text[], p_excluded text[], p_kinds text[], p_ids uuid[], p_distances double precision[], p_count integer, OUT ids uuid[], OUT distances double precision[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.fitting_chunks(p_organization_id uuid, p_user_id uuid, p_service boolean, p_video_id uuid, p_channel_id uuid, p_from timestamp with time zone, p_to timestamp with time zone, p_speaker text, p_phrases text[], p_excluded text[], p_kinds text[], p_ids uuid[], p_distances double precision[], p_count integer, OUT ids uuid[], OUT distances double precision[]) TO memoreel_search;

-- Name: FUNCTION folders_form_a_tree(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.folders_form_a_tree() FROM PUBLIC;

-- Name: FUNCTION forget_request_logs(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.forget_request_logs() FROM PUBLIC;

-- Name: FUNCTION hold_expired_assets(p_now timestamp with time zone, p_assets_max bigint); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.hold_expired_assets(p_now timestamp with time zone, p_assets_max bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.hold_expired_assets(p_now timestamp with time zone, p_assets_max bigint) TO memoreel_system;

-- Name: FUNCTION hold_expired_videos(p_now timestamp with time zone, p_videos_max bigint); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.hold_expired_videos(p_now timestamp with time zone, p_videos_max bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.hold_expired_videos(p_now timestamp with time zone, p_videos_max bigint) TO memoreel_system;

-- Name: FUNCTION hold_organization(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.hold_organization() FROM PUBLIC;

-- Name: FUNCTION hold_organization_of_person(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.hold_organization_of_person() FROM PUBLIC;

-- Name: FUNCTION hold_tasks(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.hold_tasks() FROM PUBLIC;

-- Name: FUNCTION holdings_of_person(p_user_id uuid); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.holdings_of_person(p_user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.holdings_of_person(p_user_id uuid) TO memoreel_system;

-- Name: FUNCTION keep_request_logs(p_now timestamp with time zone, p_ahead integer, p_kept integer); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.keep_request_logs(p_now timestamp with time zone, p_ahead integer, p_kept integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.keep_request_logs(p_now timestamp with time zone, p_ahead integer, p_kept integer) TO memoreel_system;

-- Name: FUNCTION leavings_follow_content(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.leavings_follow_content() FROM PUBLIC;

-- Name: FUNCTION leavings_follow_uploads(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.leavings_follow_uploads() FROM PUBLIC;

-- Name: FUNCTION made_folder(p_organization_id uuid, p_asset_id uuid, p_version integer); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.made_folder(p_organization_id uuid, p_asset_id uuid, p_version integer) FROM PUBLIC;

-- Name: FUNCTION mark_missing_files(p_organization_id uuid, p_keys text[]); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.mark_missing_files(p_organization_id uuid, p_keys text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.mark_missing_files(p_organization_id uuid, p_keys text[]) TO memoreel_system;

-- Name: FUNCTION matching_chunks(p_organization_id uuid, p_user_id uuid, p_service boolean, p_video_id uuid, p_channel_id uuid, p_from timestamp with time zone, p_to timestamp with time zone, p_speaker text, p_phrases text[], p_excluded text[], p_kinds text[], p_query text, p_configurations regconfig[], p_written_since xid8); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.matching_chunks(p_organization_id uuid, p_user_id uuid, p_service boolean, p_video_id uuid, p_channel_id uuid, p_from timestamp with time zone, p_to timestamp with time zone, p_speaker text, p_phrases text[], p_excluded text[], p_kinds text[], p_query text, p_configurations regconfig[], p_written_since xid8) FROM PUBLIC;

-- Name: FUNCTION named_files(p_organization_id uuid); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.named_files(p_organization_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.named_files(p_organization_id uuid) TO memoreel_system;

-- Name: FUNCTION nearest_chunks(p_organization_id uuid, p_user_id uuid, p_service boolean, p_embedding public.vector, p_model_id uuid, p_video_id uuid, p_channel_id uuid, p_from timestamp with time zone, p_to timestamp with time zone, p_speaker text, p_phrases text[], p_excluded text[], p_kinds text[], p_near uuid[], p_near_before xid8, p_count integer); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.nearest_chunks(p_organization_id uuid, p_user_id uuid, p_service boolean, p_embedding public.vector, p_model_id uuid, p_video_id uuid, p_channel_id uuid, p_from timestamp with time zone, p_to timestamp with time zone, p_speaker text, p_phrases text[], p_excluded text[], p_kinds text[], p_near uuid[], p_near_before xid8, p_count integer) FROM PUBLIC;

-- Name: FUNCTION next_store_generation(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.next_store_generation() FROM PUBLIC;
GRANT ALL ON FUNCTION public.next_store_generation() TO memoreel_system;

-- Name: FUNCTION organization_row_counts(p_organization_id uuid); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.organization_row_counts(p_organization_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.organization_row_counts(p_organization_id uuid) TO memoreel_system;

-- Name: FUNCTION organization_uploads(p_organization_id uuid); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.organization_uploads(p_organization_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.organization_uploads(p_organization_id uuid) TO memoreel_system;

-- Name: FUNCTION organizations_naming(p_user_id uuid); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.organizations_naming(p_user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.organizations_naming(p_user_id uuid) TO memoreel_system;

-- Name: FUNCTION private_videos_of(p_user_id uuid); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.private_videos_of(p_user_id uuid) FROM PUBLIC;

-- Name: FUNCTION proved_addresses_of(p_user_id uuid); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.proved_addresses_of(p_user_id uuid) FROM PUBLIC;

-- Name: FUNCTION purge_binned_assets(p_now timestamp with time zone, p_assets_max bigint); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.purge_binned_assets(p_now timestamp with time zone, p_assets_max bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.purge_binned_assets(p_now timestamp with time zone, p_assets_max bigint) TO memoreel_system;

-- Name: FUNCTION purge_binned_videos(p_now timestamp with time zone, p_videos_max bigint); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.purge_binned_videos(p_now timestamp with time zone, p_videos_max bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.purge_binned_videos(p_now timestamp with time zone, p_videos_max bigint) TO memoreel_system;

-- Name: FUNCTION ranked_chunks(p_organization_id uuid, p_mode text, p_query text, p_configurations regconfig[], p_embedding public.vector, p_model_id uuid, p_ids uuid[], p_words double precision[], p_ranks bigint[], p_limit integer); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.ranked_chunks(p_organization_id uuid, p_mode text, p_query text, p_configurations regconfig[], p_embedding public.vector, p_model_id uuid, p_ids uuid[], p_words double precision[], p_ranks bigint[], p_limit integer) FROM PUBLIC;

-- Name: FUNCTION record_audit(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.record_audit() FROM PUBLIC;

-- Name: FUNCTION register_embedding_model(model_name text, model_dimensions integer); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.register_embedding_model(model_name text, model_dimensions integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.register_embedding_model(model_name text, model_dimensions integer) TO memoreel_system;

-- Name: FUNCTION replacements_follow_video(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.replacements_follow_video() FROM PUBLIC;

-- Name: FUNCTION seal_audit_logs(p_limit integer); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.seal_audit_logs(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.seal_audit_logs(p_limit integer) TO memoreel_system;

-- Name: FUNCTION search_chunks(p_organization_id uuid, p_user_id uuid, p_mode text, p_query text, p_phrases text[], p_excluded text[], p_embedding public.vector, p_model_id uuid, p_video_id uuid, p_channel_id uuid, p_speaker text, p_from timestamp with time zone, p_to timestamp with time zone, p_kinds text[], p_near uuid[], p_near_before xid8, p_worded uuid[], p_worded_words double precision[], p_worded_best integer, p_worded_is_cut boolean, p_worded_before xid8, p_places smallint[], p_rarities double precision[], p_length double precision, p_surroundings double precision, p_limit integer); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.search_chunks(p_organization_id uuid, p_user_id uuid, p_mode text, p_query text, p_phrases text[], p_excluded text[], p_embedding public.vector, p_model_id uuid, p_video_id uuid, p_channel_id uuid, p_speaker text, p_from timestamp with time zone, p_to timestamp with time zone, p_kinds text[], p_near uuid[], p_near_before xid8, p_worded uuid[], p_worded_words double precision[], p_worded_best integer, p_worded_is_cut boolean, p_worded_before xid8, p_places smallint[], p_rarities double precision[], p_length double precision, p_surroundings double precision, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.search_chunks(p_organization_id uuid, p_user_id uuid, p_mode text, p_query text, p_phrases text[], p_excluded text[], p_embedding public.vector, p_model_id uuid, p_video_id uuid, p_channel_id uuid, p_speaker text, p_from timestamp with time zone, p_to timestamp with time zone, p_kinds text[], p_near uuid[], p_near_before xid8, p_worded uuid[], p_worded_words double precision[], p_worded_best integer, p_worded_is_cut boolean, p_worded_before xid8, p_places smallint[], p_rarities double precision[], p_length double precision, p_surroundings double precision, p_limit integer) TO memoreel_app;

-- Name: FUNCTION search_chunks_by_meaning(p_organization_id uuid, p_user_id uuid, p_service boolean, p_video_id uuid, p_channel_id uuid, p_from timestamp with time zone, p_to timestamp with time zone, p_speaker text, p_phrases text[], p_excluded text[], p_kinds text[], p_embedding public.vector, p_model_id uuid, p_near uuid[], p_near_before xid8, p_limit integer); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.search_chunks_by_meaning(p_organization_id uuid, p_user_id uuid, p_service boolean, p_video_id uuid, p_channel_id uuid, p_from timestamp with time zone, p_to timestamp with time zone, p_speaker text, p_phrases text[], p_excluded text[], p_kinds text[], p_embedding public.vector, p_model_id uuid, p_near uuid[], p_near_before xid8, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.search_chunks_by_meaning(p_organization_id uuid, p_user_id uuid, p_service boolean, p_video_id uuid, p_channel_id uuid, p_from timestamp with time zone, p_to timestamp with time zone, p_speaker text, p_phrases text[], p_excluded text[], p_kinds text[], p_embedding public.vector, p_model_id uuid, p_near uuid[], p_near_before xid8, p_limit integer) TO memoreel_app;

-- Name: FUNCTION search_configurations(p_organization_id uuid); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.search_configurations(p_organization_id uuid) FROM PUBLIC;

-- Name: FUNCTION search_terms(p_query text, p_configurations regconfig[]); Type: ACL; Schema: public; Owner: -

GRANT ALL ON FUNCTION public.search_terms(p_query text, p_configurations regconfig[]) TO memoreel_app;

-- Name: FUNCTION untold_follow_video(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.untold_follow_video() FROM PUBLIC;

-- Name: FUNCTION verify_audit_logs(p_head text); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.verify_audit_logs(p_head text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.verify_audit_logs(p_head text) TO memoreel_system;

-- Name: TABLE api_keys; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.api_keys TO memoreel_app;
GRANT SELECT,DELETE,UPDATE ON TABLE public.api_keys TO memoreel_system;

-- Name: TABLE asset_terms; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.asset_terms TO memoreel_app;

-- Name: TABLE assets; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.assets TO memoreel_app;
GRANT SELECT,DELETE ON TABLE public.assets TO memoreel_system;

-- Name: TABLE blob_deletions; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.blob_deletions TO memoreel_app;
GRANT SELECT,DELETE ON TABLE public.blob_deletions TO memoreel_system;

-- Name: TABLE blobs; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.blobs TO memoreel_app;
GRANT SELECT ON TABLE public.blobs TO memoreel_system;

-- Name: TABLE channels; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.channels TO memoreel_app;

-- Name: TABLE chunk_embeddings; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.chunk_embeddings TO memoreel_app;
GRANT SELECT ON TABLE public.chunk_embeddings TO memoreel_search;

-- Name: TABLE chunks; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.chunks TO memoreel_app;
GRANT SELECT ON TABLE public.chunks TO memoreel_search;

-- Name: TABLE consents; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.consents TO memoreel_app;
GRANT INSERT ON TABLE public.consents TO memoreel_system;

-- Name: TABLE delivery_policies; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.delivery_policies TO memoreel_app;
GRANT SELECT ON TABLE public.delivery_policies TO memoreel_system;

-- Name: TABLE document_pages; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.document_pages TO memoreel_app;

-- Name: TABLE email_tokens; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.email_tokens TO memoreel_system;

-- Name: TABLE embedding_models; Type: ACL; Schema: public; Owner: -

GRANT SELECT ON TABLE public.embedding_models TO memoreel_app;
GRANT SELECT ON TABLE public.embedding_models TO memoreel_system;
GRANT SELECT ON TABLE public.embedding_models TO memoreel_search;

-- Name: TABLE encoding_settings; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.encoding_settings TO memoreel_app;

-- Name: TABLE erasures; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,UPDATE ON TABLE public.erasures TO memoreel_system;

-- Name: TABLE export_requests; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.export_requests TO memoreel_system;

-- Name: TABLE folders; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.folders TO memoreel_app;

-- Name: TABLE idempotency_keys; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.idempotency_keys TO memoreel_app;
GRANT SELECT,DELETE ON TABLE public.idempotency_keys TO memoreel_system;

-- Name: TABLE image_presets; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.image_presets TO memoreel_app;

-- Name: TABLE key_frames; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.key_frames TO memoreel_app;

-- Name: TABLE memberships; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.memberships TO memoreel_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.memberships TO memoreel_system;

-- Name: TABLE organization_chunk_counts; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.organization_chunk_counts TO memoreel_app;
GRANT SELECT ON TABLE public.organization_chunk_counts TO memoreel_search;

-- Name: TABLE organization_domains; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.organization_domains TO memoreel_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.organization_domains TO memoreel_system;

-- Name: TABLE organization_exports; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.organization_exports TO memoreel_app;
GRANT SELECT,DELETE ON TABLE public.organization_exports TO memoreel_system;

-- Name: TABLE organization_invitations; Type: ACL; Schema: public; Owner: -

GRANT INSERT,DELETE,UPDATE ON TABLE public.organization_invitations TO memoreel_app;
GRANT SELECT,UPDATE ON TABLE public.organization_invitations TO memoreel_system;

-- Name: COLUMN organization_invitations.organization_id; Type: ACL; Schema: public; Owner: -

GRANT SELECT(organization_id) ON TABLE public.organization_invitations TO memoreel_app;

-- Name: COLUMN organization_invitations.id; Type: ACL; Schema: public; Owner: -

GRANT SELECT(id) ON TABLE public.organization_invitations TO memoreel_app;

-- Name: COLUMN organization_invitations.email; Type: ACL; Schema: public; Owner: -

GRANT SELECT(email) ON TABLE public.organization_invitations TO memoreel_app;

-- Name: COLUMN organization_invitations.role; Type: ACL; Schema: public; Owner: -

GRANT SELECT(role) ON TABLE public.organization_invitations TO memoreel_app;

-- Name: COLUMN organization_invitations.status; Type: ACL; Schema: public; Owner: -

GRANT SELECT(status) ON TABLE public.organization_invitations TO memoreel_app;

-- Name: COLUMN organization_invitations.invited_by; Type: ACL; Schema: public; Owner: -

GRANT SELECT(invited_by) ON TABLE public.organization_invitations TO memoreel_app;

-- Name: COLUMN organization_invitations.accepted_by; Type: ACL; Schema: public; Owner: -

GRANT SELECT(accepted_by) ON TABLE public.organization_invitations TO memoreel_app;

-- Name: COLUMN organization_invitations.expires_at; Type: ACL; Schema: public; Owner: -

GRANT SELECT(expires_at) ON TABLE public.organization_invitations TO memoreel_app;

-- Name: COLUMN organization_invitations.created_at; Type: ACL; Schema: public; Owner: -

GRANT SELECT(created_at) ON TABLE public.organization_invitations TO memoreel_app;

-- Name: COLUMN organization_invitations.updated_at; Type: ACL; Schema: public; Owner: -

GRANT SELECT(updated_at) ON TABLE public.organization_invitations TO memoreel_app;

-- Name: TABLE organization_stores; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,UPDATE ON TABLE public.organization_stores TO memoreel_system;

-- Name: TABLE organizations; Type: ACL; Schema: public; Owner: -

GRANT SELECT ON TABLE public.organizations TO memoreel_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.organizations TO memoreel_system;

-- Name: COLUMN organizations.name; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(name) ON TABLE public.organizations TO memoreel_app;

-- Name: COLUMN organizations.slug; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(slug) ON TABLE public.organizations TO memoreel_app;

-- Name: COLUMN organizations.description; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(description) ON TABLE public.organizations TO memoreel_app;

-- Name: COLUMN organizations.status; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(status) ON TABLE public.organizations TO memoreel_app;

-- Name: COLUMN organizations.settings; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(settings) ON TABLE public.organizations TO memoreel_app;

-- Name: COLUMN organizations.erased_after; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(erased_after) ON TABLE public.organizations TO memoreel_app;

-- Name: TABLE outbox; Type: ACL; Schema: public; Owner: -

GRANT INSERT ON TABLE public.outbox TO memoreel_app;
GRANT SELECT,INSERT,DELETE ON TABLE public.outbox TO memoreel_system;

-- Name: TABLE passkey_ceremonies; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE ON TABLE public.passkey_ceremonies TO memoreel_system;

-- Name: TABLE provider_sign_ins; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.provider_sign_ins TO memoreel_system;

-- Name: TABLE renditions; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.renditions TO memoreel_app;

-- Name: TABLE request_logs; Type: ACL; Schema: public; Owner: -

GRANT SELECT ON TABLE public.request_logs TO memoreel_app;
GRANT INSERT ON TABLE public.request_logs TO memoreel_system;

-- Name: TABLE sessions; Type: ACL; Schema: public; Owner: -

GRANT DELETE ON TABLE public.sessions TO memoreel_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sessions TO memoreel_system;

-- Name: COLUMN sessions.id; Type: ACL; Schema: public; Owner: -

GRANT SELECT(id) ON TABLE public.sessions TO memoreel_app;

-- Name: COLUMN sessions.user_id; Type: ACL; Schema: public; Owner: -

GRANT SELECT(user_id) ON TABLE public.sessions TO memoreel_app;

-- Name: COLUMN sessions.user_agent; Type: ACL; Schema: public; Owner: -

GRANT SELECT(user_agent) ON TABLE public.sessions TO memoreel_app;

-- Name: COLUMN sessions.address; Type: ACL; Schema: public; Owner: -

GRANT SELECT(address) ON TABLE public.sessions TO memoreel_app;

-- Name: COLUMN sessions.created_at; Type: ACL; Schema: public; Owner: -

GRANT SELECT(created_at) ON TABLE public.sessions TO memoreel_app;

-- Name: COLUMN sessions.last_seen_at; Type: ACL; Schema: public; Owner: -

GRANT SELECT(last_seen_at) ON TABLE public.sessions TO memoreel_app;

-- Name: COLUMN sessions.expires_at; Type: ACL; Schema: public; Owner: -

GRANT SELECT(expires_at) ON TABLE public.sessions TO memoreel_app;

-- Name: TABLE sign_in_attempts; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sign_in_attempts TO memoreel_system;

-- Name: TABLE speakers; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.speakers TO memoreel_app;
GRANT SELECT ON TABLE public.speakers TO memoreel_search;

-- Name: SEQUENCE store_generations; Type: ACL; Schema: public; Owner: -

GRANT USAGE ON SEQUENCE public.store_generations TO memoreel_system;

-- Name: TABLE store_processes; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.store_processes TO memoreel_system;

-- Name: TABLE subtitles; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.subtitles TO memoreel_app;

-- Name: TABLE tasks; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tasks TO memoreel_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tasks TO memoreel_system;

-- Name: TABLE transcript_segments; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.transcript_segments TO memoreel_app;

-- Name: TABLE transcripts; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.transcripts TO memoreel_app;

-- Name: TABLE upload_limits; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.upload_limits TO memoreel_app;

-- Name: TABLE uploads; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.uploads TO memoreel_app;
GRANT SELECT,UPDATE ON TABLE public.uploads TO memoreel_system;

-- Name: TABLE user_extensions; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,UPDATE ON TABLE public.user_extensions TO memoreel_app;
GRANT INSERT ON TABLE public.user_extensions TO memoreel_system;

-- Name: TABLE user_identities; Type: ACL; Schema: public; Owner: -

GRANT SELECT ON TABLE public.user_identities TO memoreel_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.user_identities TO memoreel_system;

-- Name: TABLE user_passkeys; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.user_passkeys TO memoreel_system;

-- Name: TABLE user_preferences; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,UPDATE ON TABLE public.user_preferences TO memoreel_app;

-- Name: TABLE user_recovery_codes; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.user_recovery_codes TO memoreel_system;

-- Name: TABLE user_totp; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.user_totp TO memoreel_system;

-- Name: TABLE users; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,UPDATE ON TABLE public.users TO memoreel_system;

-- Name: COLUMN users.id; Type: ACL; Schema: public; Owner: -

GRANT SELECT(id) ON TABLE public.users TO memoreel_app;

-- Name: COLUMN users.email; Type: ACL; Schema: public; Owner: -

GRANT SELECT(email) ON TABLE public.users TO memoreel_app;

-- Name: COLUMN users.name; Type: ACL; Schema: public; Owner: -

GRANT SELECT(name),UPDATE(name) ON TABLE public.users TO memoreel_app;

-- Name: COLUMN users.avatar_url; Type: ACL; Schema: public; Owner: -

GRANT SELECT(avatar_url),UPDATE(avatar_url) ON TABLE public.users TO memoreel_app;

-- Name: COLUMN users.is_active; Type: ACL; Schema: public; Owner: -

GRANT SELECT(is_active) ON TABLE public.users TO memoreel_app;

-- Name: COLUMN users.email_verified_at; Type: ACL; Schema: public; Owner: -

GRANT SELECT(email_verified_at) ON TABLE public.users TO memoreel_app;

-- Name: COLUMN users.last_login_at; Type: ACL; Schema: public; Owner: -

GRANT SELECT(last_login_at) ON TABLE public.users TO memoreel_app;

-- Name: COLUMN users.created_at; Type: ACL; Schema: public; Owner: -

GRANT SELECT(created_at) ON TABLE public.users TO memoreel_app;

-- Name: COLUMN users.updated_at; Type: ACL; Schema: public; Owner: -

GRANT SELECT(updated_at) ON TABLE public.users TO memoreel_app;

-- Name: COLUMN users.erased_after; Type: ACL; Schema: public; Owner: -

GRANT SELECT(erased_after) ON TABLE public.users TO memoreel_app;

-- Name: TABLE video_summaries; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.video_summaries TO memoreel_app;

-- Name: TABLE videos; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.videos TO memoreel_app;
GRANT SELECT ON TABLE public.videos TO memoreel_search;
GRANT SELECT,DELETE ON TABLE public.videos TO memoreel_system;

-- Name: TABLE webhook_deliveries; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.webhook_deliveries TO memoreel_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.webhook_deliveries TO memoreel_system;

-- Name: TABLE webhook_endpoints; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.webhook_endpoints TO memoreel_app;
GRANT SELECT,UPDATE ON TABLE public.webhook_endpoints TO memoreel_system;

-- Name: TABLE webhook_secrets; Type: ACL; Schema: public; Owner: -

GRANT INSERT,DELETE,UPDATE ON TABLE public.webhook_secrets TO memoreel_app;
GRANT SELECT,DELETE,UPDATE ON TABLE public.webhook_secrets TO memoreel_system;

-- Name: COLUMN webhook_secrets.organization_id; Type: ACL; Schema: public; Owner: -

GRANT SELECT(organization_id) ON TABLE public.webhook_secrets TO memoreel_app;

-- Name: COLUMN webhook_secrets.id; Type: ACL; Schema: public; Owner: -

GRANT SELECT(id) ON TABLE public.webhook_secrets TO memoreel_app;

-- Name: COLUMN webhook_secrets.endpoint_id; Type: ACL; Schema: public; Owner: -

GRANT SELECT(endpoint_id) ON TABLE public.webhook_secrets TO memoreel_app;

-- Name: COLUMN webhook_secrets.created_at; Type: ACL; Schema: public; Owner: -

GRANT SELECT(created_at) ON TABLE public.webhook_secrets TO memoreel_app;

-- Name: COLUMN webhook_secrets.expires_at; Type: ACL; Schema: public; Owner: -

GRANT SELECT(expires_at) ON TABLE public.webhook_secrets TO memoreel_app;
