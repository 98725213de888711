-- Each run that packages a recording anew stores it in a folder of its own, so that one that was taken for dead, and is not, spoils nothing of
-- the one that followed it. This is the last packaging of a file that was begun.

ALTER TABLE assets ADD COLUMN last_packaging integer NOT NULL DEFAULT 1;
-- What was begun before is the next one of what is there.
UPDATE assets SET last_packaging = packaging + 1 WHERE packaging > 1 OR metadata ? 'encoding_wanted';
ALTER TABLE assets ADD CONSTRAINT assets_last_packaging CHECK (last_packaging >= packaging);

-- As before, and all that were begun go.
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
