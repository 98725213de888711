-- What a task writes after its asset went goes as well. A task that is at work then may not know it: nobody tells it when time removes the
-- asset, nor when it lost its lease while the database was away; and one that is killed removes nothing of what it wrote. It runs for six
-- hours at most for each file that it makes (`Limits::wall_time` of crates/media), of which there are a handful, and stores them when it
-- has made them. So what is deleted at once is deleted again two days later, when none of them is at work any more.

-- As before, and the folder of the asset, below which everything lies that is made of it, once more later.
CREATE OR REPLACE FUNCTION files_follow_assets() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_key text;
BEGIN
    IF TG_OP <> 'DELETE' AND NEW.blob_id IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.blob_id IS DISTINCT FROM OLD.blob_id) THEN
        UPDATE blobs SET reference_count = reference_count + 1 WHERE organization_id = NEW.organization_id AND id = NEW.blob_id;
    END IF;
    IF TG_OP <> 'INSERT' AND OLD.blob_id IS NOT NULL AND (TG_OP = 'DELETE' OR NEW.blob_id IS DISTINCT FROM OLD.blob_id) THEN
        UPDATE blobs SET reference_count = reference_count - 1 WHERE organization_id = OLD.organization_id AND id = OLD.blob_id;
        DELETE FROM blobs WHERE organization_id = OLD.organization_id AND id = OLD.blob_id AND reference_count = 0
            RETURNING blob_key INTO v_key;
        INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
        SELECT OLD.organization_id, v_key, 'epoch', 'no asset has it' FROM organizations WHERE id = OLD.organization_id AND v_key IS NOT NULL;
    END IF;
    IF TG_OP = 'DELETE' THEN
        INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
        SELECT OLD.organization_id, 'organizations/' || OLD.organization_id || '/assets/' || OLD.id, due.not_before, due.reason
        FROM organizations, (VALUES ('epoch'::timestamptz, 'asset deleted'), (now() + interval '2 days', 'written late'))
            AS due (not_before, reason)
        WHERE organizations.id = OLD.organization_id;
    END IF;
    RETURN NULL;
END $$;

-- A file that arrived whole is stored where its upload says, in the transaction that gives it to its asset. When the asset goes before that,
-- or another file is to replace it instead, whatever was stored is nobody's: its content, and the pages that were read of it. An upload that
-- is stored names the place of a content that others may have, which goes with the last of them.
CREATE FUNCTION leavings_follow_uploads() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
REVOKE ALL ON FUNCTION leavings_follow_uploads() FROM public;
CREATE TRIGGER leavings_follow_uploads AFTER UPDATE OF status, asset_id ON uploads
    FOR EACH ROW WHEN (OLD.status = 'received' AND (NEW.status = 'terminated'
        OR (NEW.status = 'received' AND OLD.asset_id IS NOT NULL AND NEW.asset_id IS NULL)))
    EXECUTE FUNCTION leavings_follow_uploads();

-- As before, with the tasks of the assets of private videos, and what their uploads left.
CREATE OR REPLACE FUNCTION erase_person(p_user_id uuid, p_now timestamptz) RETURNS jsonb
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

    v_mentions := erase_mentions(ARRAY[p_user_id::text, v_personal::text] || v_videos::text[]
        -- As whole values: one address may be the end of another.
        || ARRAY(SELECT to_jsonb(address)::text FROM unnest(v_addresses) AS address));
    v_removed := added_count(v_removed, 'idempotency_keys', (v_mentions ->> 'idempotency_keys')::bigint);
    v_cleared := added_count(v_cleared, 'audit_logs', (v_mentions ->> 'audit_logs')::bigint);
    RETURN jsonb_build_object('removed', v_removed, 'cleared', v_cleared);
END $$;
