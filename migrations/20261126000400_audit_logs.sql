-- Who changed what, from where: written by triggers in the transaction of the change itself, so that nothing that changes can
-- be left out, and readable by owners alone. Nobody but the trigger writes here, and nobody changes what was written.

CREATE TABLE audit_logs (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    occurred_at timestamptz NOT NULL DEFAULT now(),
    -- Who did it. No reference: what somebody did outlives them.
    actor_id uuid,
    actor_kind text NOT NULL CONSTRAINT audit_logs_actor_kind CHECK (actor_kind IN ('session', 'api_key', 'system')),
    action text NOT NULL,
    target_kind text NOT NULL,
    target_id uuid NOT NULL,
    request_id text,
    -- What may be about a person: names, values, addresses. It can be erased without breaking the chain, which holds only its digest,
    -- salted so that nobody finds out by trying what was erased.
    details jsonb,
    details_salt uuid DEFAULT gen_random_uuid(),
    details_digest bytea NOT NULL,
    -- The chain: given by the sealer, after the transaction. Chaining inside it would make all changes of an organization wait for each
    -- other.
    seq bigint,
    hash bytea,
    PRIMARY KEY (organization_id, id),
    CONSTRAINT audit_logs_seq_key UNIQUE (organization_id, seq),
    CONSTRAINT audit_logs_sealed CHECK ((seq IS NULL) = (hash IS NULL)),
    CONSTRAINT audit_logs_details CHECK ((details IS NULL) = (details_salt IS NULL))
);
CREATE INDEX audit_logs_newest ON audit_logs (organization_id, occurred_at DESC, id DESC);
CREATE INDEX audit_logs_target ON audit_logs (organization_id, target_id, occurred_at DESC);
CREATE INDEX audit_logs_actor ON audit_logs (organization_id, actor_id, occurred_at DESC);
CREATE INDEX audit_logs_unsealed ON audit_logs (organization_id, occurred_at, id) WHERE seq IS NULL;

ALTER TABLE audit_logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_logs FORCE ROW LEVEL SECURITY;
CREATE POLICY app_select ON audit_logs FOR SELECT TO memoreel_app
    USING (organization_id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid)
        AND (SELECT current_setting('app.role', true)) = 'owner');
CREATE POLICY owner_all ON audit_logs TO memoreel_owner USING (true) WITH CHECK (true);
GRANT SELECT ON audit_logs TO memoreel_app;

-- What is told of a value: the beginning of a long text.
CREATE FUNCTION audit_value(p_value jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN jsonb_typeof(p_value) = 'string' AND char_length(p_value #>> '{}') > 500
        THEN to_jsonb(left(p_value #>> '{}', 500) || '…') ELSE p_value END
$$;

CREATE FUNCTION audit_digest(p_salt uuid, p_details jsonb) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(uuid_send(p_salt) || convert_to(p_details::text, 'UTF8'))
$$;

-- Trigger of the tables that are audited. Its arguments: what a row is called, and the columns that are told of it; of those with
-- a ! only that they changed. A change of none of them is no entry. Rows of a person, in no organization, belong into the log of their personal one.
CREATE FUNCTION record_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
    v_verb text := CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'DELETE' THEN 'deleted' ELSE 'updated' END;
    v_details jsonb;
    v_salt uuid := gen_random_uuid();
BEGIN
    SELECT jsonb_object_agg(told.name, told.old) FILTER (WHERE told.old IS NOT NULL),
        jsonb_object_agg(told.name, told.new) FILTER (WHERE told.new IS NOT NULL)
    INTO v_old, v_new
    FROM (
        SELECT ltrim(argument, '!') AS name,
            CASE WHEN argument LIKE '!%' THEN to_jsonb('•••'::text) ELSE audit_value(v_before -> argument) END AS old,
            CASE WHEN argument LIKE '!%' THEN to_jsonb('•••'::text) ELSE audit_value(v_after -> argument) END AS new
        FROM unnest(TG_ARGV[1:]) AS argument
        WHERE (v_before -> ltrim(argument, '!')) IS DISTINCT FROM (v_after -> ltrim(argument, '!'))
    ) AS told;
    IF TG_OP = 'UPDATE' AND v_old IS NULL AND v_new IS NULL THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' AND (v_before -> 'deleted_at') IS DISTINCT FROM (v_after -> 'deleted_at') THEN
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
    v_details := jsonb_strip_nulls(jsonb_build_object(
        'label', coalesce(v_row ->> 'title', v_row ->> 'name', v_row ->> 'email', (SELECT name FROM users WHERE id = v_user_id)),
        'address', v_origin ->> 'address', 'user_agent', v_origin ->> 'user_agent'))
        || jsonb_build_object('old', coalesce(v_old, '{}'), 'new', coalesce(v_new, '{}'));
    INSERT INTO audit_logs (organization_id, actor_id, actor_kind, action, target_kind, target_id, request_id, details, details_salt,
        details_digest)
    VALUES (v_organization_id, v_actor_id,
        coalesce(v_origin ->> 'actor', CASE WHEN v_actor_id IS NULL THEN 'system' ELSE 'session' END),
        TG_ARGV[0] || '.' || v_verb, TG_ARGV[0], coalesce(v_row ->> 'id', v_row ->> 'user_id')::uuid, v_origin ->> 'request_id', v_details, v_salt,
        audit_digest(v_salt, v_details));
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION record_audit FROM public;

-- What background tasks change is no entry: it follows from what people did.
CREATE PROCEDURE audit_table(target regclass, kind text, VARIADIC columns text[]) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW
        WHEN (current_setting(''app.role'', true) IS DISTINCT FROM ''service'') EXECUTE FUNCTION record_audit(%s)',
        target, (SELECT string_agg(quote_literal(argument), ', ' ORDER BY place)
                 FROM unnest(ARRAY[kind] || columns) WITH ORDINALITY AS given(argument, place)));
END $$;

CALL audit_table('organizations', 'organization', 'name', 'slug', 'description', 'status', 'settings', 'storage_bucket',
    'storage_prefix', 'region');
CALL audit_table('memberships', 'membership', 'user_id', 'role');
CALL audit_table('api_keys', 'api_key', 'user_id', 'name', 'prefix', 'expires_at');
CALL audit_table('channels', 'channel', 'name', 'description');
CALL audit_table('videos', 'video', 'title', 'description', 'channel_id', 'author_id', 'visibility', 'source', 'deleted_at');
CALL audit_table('speakers', 'speaker', 'video_id', 'name', 'user_id');
CALL audit_table('transcripts', 'transcript', 'video_id', 'engine', 'language');
CALL audit_table('users', 'user', 'email', 'name', 'avatar_url', 'is_active', 'email_verified_at', '!password_hash');
CALL audit_table('sessions', 'session', 'address', 'user_agent');

-- The hash of an entry in the chain: of the one before and of everything that is not erased.
CREATE FUNCTION audit_hash(p_before bytea, p_entry audit_logs) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(coalesce(p_before, ''::bytea) || convert_to(jsonb_build_array(p_entry.organization_id, p_entry.seq, p_entry.id,
        extract(epoch FROM p_entry.occurred_at), p_entry.actor_id, p_entry.actor_kind, p_entry.action, p_entry.target_kind,
        p_entry.target_id, p_entry.request_id, encode(p_entry.details_digest, 'hex'))::text, 'UTF8'))
$$;

-- Takes committed entries into the chains of their organizations, at most so many; returns how many. One runs at a time.
CREATE FUNCTION seal_audit_logs(p_limit integer) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
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
REVOKE ALL ON FUNCTION seal_audit_logs FROM public;
GRANT EXECUTE ON FUNCTION seal_audit_logs TO memoreel_system;

-- Goes over the chain of each organization. `broken_seq` is the first entry that is missing or is not what was sealed; `lacks_head`
-- is whether no entry has the given hash.
CREATE FUNCTION verify_audit_logs(p_head text)
RETURNS TABLE (organization_id uuid, slug text, sealed bigint, unsealed bigint, erased bigint, broken_seq bigint, head text,
    lacks_head boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
REVOKE ALL ON FUNCTION verify_audit_logs FROM public;
GRANT EXECUTE ON FUNCTION verify_audit_logs TO memoreel_system;
