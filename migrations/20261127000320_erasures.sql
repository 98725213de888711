-- Accounts that are closed, to be erased, and what was erased.

-- A closed account can be taken back until then, and is erased afterwards.
ALTER TABLE users ADD COLUMN erased_after timestamptz;
GRANT SELECT (erased_after) ON users TO memoreel_app;
CREATE INDEX users_erasure ON users (erased_after) WHERE erased_after IS NOT NULL;
DROP TRIGGER audit ON users;
CALL audit_table('users', 'user', 'email', 'name', 'avatar_url', 'is_active', 'email_verified_at', 'erased_after', '!password_hash');

-- What was erased and how much of it: ids and numbers alone, so that the row may outlive what it is about. `plan` is what was found
-- before anything was removed, so that an erasure that was interrupted still knows at its end; its lists of keys and addresses go
-- when it is finished.
CREATE TABLE erasures (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    kind text NOT NULL CONSTRAINT erasures_kind CHECK (kind IN ('person', 'organization')),
    subject_id uuid NOT NULL,
    asked_by text NOT NULL CONSTRAINT erasures_asked_by CHECK (asked_by IN ('person', 'owner', 'operator', 'journal')),
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    plan jsonb,
    report jsonb,
    CONSTRAINT erasures_subject_key UNIQUE (kind, subject_id),
    CONSTRAINT erasures_plan_while_open CHECK (finished_at IS NULL OR plan IS NULL)
);
ALTER TABLE erasures ENABLE ROW LEVEL SECURITY;
ALTER TABLE erasures FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON erasures TO memoreel_owner USING (true) WITH CHECK (true);
CALL admit_system('erasures', 'select, insert, update');

-- The private videos of a person in other organizations than their own: nobody else sees them, so they go with the person.
CREATE FUNCTION private_videos_of(p_user_id uuid) RETURNS TABLE (organization_id uuid, video_id uuid, asset_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT v.organization_id, v.id, v.asset_id FROM videos v JOIN organizations o ON o.id = v.organization_id
    WHERE v.author_id = p_user_id AND v.visibility = 'private' AND o.personal_owner_id IS DISTINCT FROM p_user_id
$$;
REVOKE ALL ON FUNCTION private_videos_of FROM public;

-- Every address a person is known to have had.
CREATE FUNCTION addresses_of(p_user_id uuid) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
REVOKE ALL ON FUNCTION addresses_of FROM public;

-- What of a person lies elsewhere than in rows, or is told to them beforehand.
CREATE FUNCTION holdings_of_person(p_user_id uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
REVOKE ALL ON FUNCTION holdings_of_person FROM public;
GRANT EXECUTE ON FUNCTION holdings_of_person TO memoreel_system;

-- How many rows each table holds of an organization.
CREATE FUNCTION organization_row_counts(p_organization_id uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
END $$;
REVOKE ALL ON FUNCTION organization_row_counts FROM public;
GRANT EXECUTE ON FUNCTION organization_row_counts TO memoreel_system;

CREATE FUNCTION organization_uploads(p_organization_id uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(jsonb_agg(id), '[]') FROM uploads WHERE organization_id = p_organization_id
$$;
REVOKE ALL ON FUNCTION organization_uploads FROM public;
GRANT EXECUTE ON FUNCTION organization_uploads TO memoreel_system;

-- Adds a number to one table's in a report.
CREATE FUNCTION added_count(p_counts jsonb, p_table text, p_rows bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_rows = 0 THEN p_counts
        ELSE p_counts || jsonb_build_object(p_table, coalesce((p_counts ->> p_table)::bigint, 0) + p_rows) END
$$;
REVOKE ALL ON FUNCTION added_count FROM public;

-- Takes everything that an answer kept for repeated requests, or the log, says about what these words name. The chain of the log stays
-- whole: it holds salted digests, and the salt goes too.
CREATE FUNCTION erase_mentions(p_words text[]) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
REVOKE ALL ON FUNCTION erase_mentions FROM public;

-- Removes a person whose account is closed and whose time is over: their own organization, their private videos in others, and every row
-- about them. What belongs to an organization stays without them. Nothing and null when there is nobody to erase.
CREATE FUNCTION erase_person(p_user_id uuid, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_personal uuid;
    v_videos uuid[];
    v_assets uuid[];
    v_addresses text[];
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
    SELECT coalesce(array_agg(address), '{}') INTO v_addresses FROM addresses_of(p_user_id) AS address;

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
    DELETE FROM uploads WHERE video_id = ANY(v_videos);
    DELETE FROM uploads WHERE user_id = p_user_id AND organization_id IS DISTINCT FROM v_personal;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    v_removed := added_count(v_removed, 'uploads', v_rows);
    DELETE FROM tasks WHERE subject_id = ANY(v_videos);
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    v_removed := added_count(v_removed, 'tasks', v_rows);
    DELETE FROM outbox WHERE aggregate_id = ANY(v_videos);
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

    v_mentions := erase_mentions(ARRAY[p_user_id::text, v_personal::text] || v_videos::text[]
        -- As whole values: one address may be the end of another.
        || ARRAY(SELECT to_jsonb(address)::text FROM unnest(v_addresses) AS address));
    v_removed := added_count(v_removed, 'idempotency_keys', (v_mentions ->> 'idempotency_keys')::bigint);
    v_cleared := added_count(v_cleared, 'audit_logs', (v_mentions ->> 'audit_logs')::bigint);
    RETURN jsonb_build_object('removed', v_removed, 'cleared', v_cleared);
END $$;
REVOKE ALL ON FUNCTION erase_person FROM public;
GRANT EXECUTE ON FUNCTION erase_person TO memoreel_system;

-- Removes a deleted organization whose time is over, and is the only way to. Nothing and null when there is none.
DROP POLICY system_delete ON organizations;
REVOKE DELETE ON organizations FROM memoreel_system;
CREATE FUNCTION erase_organization(p_organization_id uuid, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
REVOKE ALL ON FUNCTION erase_organization FROM public;
GRANT EXECUTE ON FUNCTION erase_organization TO memoreel_system;
