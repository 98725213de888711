-- Videos are found by how people describe them, as images are.

ALTER TABLE chunks DROP CONSTRAINT chunks_entity_type;
ALTER TABLE chunks ADD CONSTRAINT chunks_entity_type CHECK (entity_type IN ('transcript', 'document', 'key_frame', 'image', 'video'));
ALTER TABLE chunks DROP CONSTRAINT chunks_place;
ALTER TABLE chunks ADD CONSTRAINT chunks_place CHECK (CASE entity_type
    WHEN 'document' THEN asset_id IS NOT NULL AND asset_id = entity_id AND page_number IS NOT NULL AND video_id IS NULL
    WHEN 'image' THEN asset_id IS NOT NULL AND asset_id = entity_id AND page_number IS NULL AND video_id IS NULL
    WHEN 'key_frame' THEN asset_id IS NULL AND page_number IS NULL AND video_id IS NOT NULL
        AND start_seconds IS NOT NULL AND end_seconds IS NOT NULL
    -- What is said of a video is said of all of it, at no second.
    WHEN 'video' THEN asset_id IS NULL AND page_number IS NULL AND video_id IS NOT NULL AND video_id = entity_id
        AND start_seconds IS NULL AND end_seconds IS NULL
    ELSE asset_id IS NULL AND page_number IS NULL END
    AND CASE entity_type WHEN 'image' THEN true WHEN 'video' THEN is_description ELSE NOT is_description END);

-- What is said of a video stays when its file is replaced.
CREATE OR REPLACE FUNCTION leavings_follow_content() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
        FROM unnest(ARRAY['hls', 'preview', 'frames', 'speech', 'sounds']) AS name,
            (VALUES ('epoch'::timestamptz, 'replaced'), (now() + interval '2 days', 'written late')) AS due (not_before, reason)
        WHERE v_is_recording;
    DELETE FROM chunks WHERE organization_id = NEW.organization_id AND asset_id = NEW.id AND NOT is_description;
    IF v_is_recording THEN
        SELECT array_agg(id) INTO v_video_ids FROM videos WHERE organization_id = NEW.organization_id AND asset_id = NEW.id;
        DELETE FROM key_frames WHERE organization_id = NEW.organization_id AND asset_id = NEW.id;
        DELETE FROM chunks WHERE organization_id = NEW.organization_id AND video_id = ANY(v_video_ids) AND NOT is_description;
        DELETE FROM video_summaries WHERE organization_id = NEW.organization_id AND video_id = ANY(v_video_ids);
        DELETE FROM transcripts WHERE organization_id = NEW.organization_id AND video_id = ANY(v_video_ids);
        DELETE FROM speakers WHERE organization_id = NEW.organization_id AND video_id = ANY(v_video_ids);
        UPDATE videos SET status = 'processing', error_code = NULL, error_message = NULL, playable_at = NULL, completed_at = NULL
            WHERE organization_id = NEW.organization_id AND id = ANY(v_video_ids);
    END IF;
    RETURN NULL;
END $$;

-- Those that are described already, after whatever else waits.
INSERT INTO tasks (organization_id, kind, subject_id, payload, priority, status)
    SELECT v.organization_id, 'index_description', v.id, jsonb_build_object('video_id', v.id), -20,
        CASE WHEN o.tasks_held THEN 'held' ELSE 'pending' END
    FROM videos v JOIN organizations o ON o.id = v.organization_id
    WHERE v.deleted_at IS NULL AND v.description ~ '\S';
