-- The file of a recording may be replaced, too: the video stays as it is, and what was made of the old file, heard in it and seen in it goes as
-- soon as it is known that the new one can be played.

ALTER TABLE uploads DROP CONSTRAINT uploads_replaces;

-- Where lies what is made of one of the files that a recording has or had (`Recording` of memoreel-assets).
CREATE FUNCTION made_folder(p_organization_id uuid, p_asset_id uuid, p_version integer) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT 'organizations/' || p_organization_id || '/assets/' || p_asset_id || CASE WHEN p_version > 1 THEN '/v' || p_version ELSE '' END
$$;
REVOKE ALL ON FUNCTION made_folder FROM public;

CREATE OR REPLACE FUNCTION leavings_follow_content() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_video_ids uuid[];
BEGIN
    WITH gone AS (
        DELETE FROM renditions WHERE organization_id = NEW.organization_id AND asset_id = NEW.id RETURNING blob_key
    ), unread AS (
        DELETE FROM document_pages WHERE organization_id = NEW.organization_id AND asset_id = NEW.id RETURNING image_key
    )
    INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
    -- The file itself may be a rendition of a recording, and other assets may have the same.
    SELECT NEW.organization_id, blob_key, 'epoch'::timestamptz, 'replaced' FROM gone WHERE OLD.kind IN ('image', 'document')
    UNION ALL
    SELECT NEW.organization_id, image_key, 'epoch'::timestamptz, 'replaced' FROM unread WHERE image_key IS NOT NULL
    UNION ALL
    SELECT NEW.organization_id, made_folder(NEW.organization_id, NEW.id, OLD.version) || '/' || name, due.not_before, due.reason
        FROM unnest(ARRAY['hls', 'preview', 'frames', 'speech', 'sounds']) AS name,
            (VALUES ('epoch'::timestamptz, 'replaced'), (now() + interval '2 days', 'written late')) AS due (not_before, reason)
        WHERE OLD.kind IN ('video', 'audio');
    DELETE FROM chunks WHERE organization_id = NEW.organization_id AND asset_id = NEW.id AND NOT is_description;
    IF OLD.kind IN ('video', 'audio') THEN
        SELECT array_agg(id) INTO v_video_ids FROM videos WHERE organization_id = NEW.organization_id AND asset_id = NEW.id;
        DELETE FROM key_frames WHERE organization_id = NEW.organization_id AND asset_id = NEW.id;
        DELETE FROM chunks WHERE organization_id = NEW.organization_id AND video_id = ANY(v_video_ids);
        DELETE FROM video_summaries WHERE organization_id = NEW.organization_id AND video_id = ANY(v_video_ids);
        DELETE FROM transcripts WHERE organization_id = NEW.organization_id AND video_id = ANY(v_video_ids);
        DELETE FROM speakers WHERE organization_id = NEW.organization_id AND video_id = ANY(v_video_ids);
        UPDATE videos SET status = 'processing', error_code = NULL, error_message = NULL, playable_at = NULL, completed_at = NULL
            WHERE organization_id = NEW.organization_id AND id = ANY(v_video_ids);
    END IF;
    RETURN NULL;
END $$;

-- What is done to a recording is told of its video, but that its file is replaced.
CREATE TRIGGER audit_replacement AFTER UPDATE OF replacement_id ON assets
    FOR EACH ROW WHEN (NEW.kind IN ('video', 'audio') AND NEW.replacement_id IS DISTINCT FROM OLD.replacement_id
        AND current_setting('app.role', true) IS DISTINCT FROM 'service')
    EXECUTE FUNCTION record_audit('asset', 'replacement_id');

-- The pictures of key frames lie with what else is made of the recording's file.
CREATE OR REPLACE FUNCTION named_files(p_organization_id uuid) RETURNS TABLE (source text, id uuid, blob_key text, is_folder boolean, is_promised boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
        WHERE r.organization_id = p_organization_id AND r.kind IN ('hls_variant', 'storyboard', 'poster')
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
$$;
