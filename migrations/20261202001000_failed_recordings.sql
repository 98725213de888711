-- The file of a recording that was not stored has failed with it, and may be replaced: of what kind it would have been is not known.

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
        DELETE FROM chunks WHERE organization_id = NEW.organization_id AND video_id = ANY(v_video_ids);
        DELETE FROM video_summaries WHERE organization_id = NEW.organization_id AND video_id = ANY(v_video_ids);
        DELETE FROM transcripts WHERE organization_id = NEW.organization_id AND video_id = ANY(v_video_ids);
        DELETE FROM speakers WHERE organization_id = NEW.organization_id AND video_id = ANY(v_video_ids);
        UPDATE videos SET status = 'processing', error_code = NULL, error_message = NULL, playable_at = NULL, completed_at = NULL
            WHERE organization_id = NEW.organization_id AND id = ANY(v_video_ids);
    END IF;
    RETURN NULL;
END $$;

UPDATE assets a SET status = 'failed', metadata = a.metadata || jsonb_build_object('error', jsonb_build_object('code', v.error_code, 'message', v.error_message))
    FROM videos v WHERE v.organization_id = a.organization_id AND v.asset_id = a.id AND v.status = 'failed' AND a.status = 'pending'
        AND v.error_code IS NOT NULL AND v.error_message IS NOT NULL;
