-- Sound in other languages, which lies in folders as versions of the picture do, and subtitles.
ALTER TABLE renditions DROP CONSTRAINT renditions_kind;
ALTER TABLE renditions ADD CONSTRAINT renditions_kind CHECK (kind IN ('file', 'hls_master', 'hls_variant', 'hls_sound', 'subtitles', 'poster',
    'thumbnail', 'storyboard', 'waveform', 'speech_audio', 'image', 'sound'));

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
$$;
