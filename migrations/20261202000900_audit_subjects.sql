-- Entries of the audit log say whom they are about, so that they go with the person and are in what the person takes along. A change of
-- a role told of the role alone, under the name of the member.

CREATE FUNCTION audit_is_about(p_details jsonb, p_user_id uuid) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(p_user_id::text IN (p_details ->> 'subject', p_details #>> '{old,user_id}', p_details #>> '{new,user_id}'), false)
$$;

-- As before, with whom the row is about.
CREATE OR REPLACE FUNCTION record_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
    -- Whom the row is about is told of every change: the label may be their name.
    v_details := jsonb_strip_nulls(jsonb_build_object(
        'label', coalesce(v_row ->> 'title', v_row ->> 'name', v_row ->> 'email', (SELECT name FROM users WHERE id = v_user_id)),
        'subject', v_row ->> 'user_id', 'address', v_origin ->> 'address', 'user_agent', v_origin ->> 'user_agent'))
        || jsonb_build_object('old', coalesce(v_old, '{}'), 'new', coalesce(v_new, '{}'));
    INSERT INTO audit_logs (organization_id, actor_id, actor_kind, action, target_kind, target_id, request_id, details, details_salt,
        details_digest)
    VALUES (v_organization_id, v_actor_id,
        coalesce(v_origin ->> 'actor', CASE WHEN v_actor_id IS NULL THEN 'system' ELSE 'session' END),
        TG_ARGV[0] || '.' || v_verb, TG_ARGV[0], coalesce(v_row ->> 'id', v_row ->> 'user_id')::uuid, v_origin ->> 'request_id', v_details, v_salt,
        audit_digest(v_salt, v_details));
    RETURN NULL;
END $$;

-- What is or was of a person in organizations that are not theirs: memberships, keys, voices. What entries say of these may name them,
-- also in those from before they said whom they are about, and from before a voice was known to be theirs.
CREATE FUNCTION audited_of(p_user_id uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT id FROM memberships WHERE user_id = p_user_id
    UNION SELECT id FROM api_keys WHERE user_id = p_user_id
    UNION SELECT id FROM speakers WHERE user_id = p_user_id
    UNION SELECT a.target_id FROM audit_logs a WHERE audit_is_about(a.details, p_user_id)
        AND NOT EXISTS (SELECT FROM organizations o WHERE o.id = a.organization_id AND o.personal_owner_id = p_user_id)
$$;
REVOKE ALL ON FUNCTION audited_of FROM public;

-- As before, and where the log names the person.
CREATE OR REPLACE FUNCTION organizations_naming(p_user_id uuid) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
END $$;

-- As before, with what the log says of what was theirs.
CREATE OR REPLACE FUNCTION erase_person(p_user_id uuid, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
            WHERE organization_id = v_speaker.organization_id AND video_id = v_speaker.video_id;
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

    v_mentions := erase_mentions(ARRAY[p_user_id::text, v_personal::text] || v_videos::text[] || v_audited::text[]
        -- As whole values: one address may be the end of another.
        || ARRAY(SELECT to_jsonb(address)::text FROM unnest(v_addresses) AS address));
    v_removed := added_count(v_removed, 'idempotency_keys', (v_mentions ->> 'idempotency_keys')::bigint);
    v_cleared := added_count(v_cleared, 'audit_logs', (v_mentions ->> 'audit_logs')::bigint);
    RETURN jsonb_build_object('removed', v_removed, 'cleared', v_cleared);
END $$;
