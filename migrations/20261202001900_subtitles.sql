-- Subtitles that somebody added to a recording, in any language. They belong to its video as what is said in it does, and not to what is made of
-- its file for players: encoding that anew leaves them, and another file takes them along.

CREATE TABLE subtitles (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    video_id uuid NOT NULL,
    -- BCP 47, in one spelling.
    language text NOT NULL CONSTRAINT subtitles_language_length CHECK (char_length(language) BETWEEN 1 AND 35),
    -- What menus show in place of the language.
    name text CONSTRAINT subtitles_name_length CHECK (char_length(name) BETWEEN 1 AND 80),
    is_forced boolean NOT NULL DEFAULT false,
    webvtt text NOT NULL CONSTRAINT subtitles_size CHECK (octet_length(webvtt) <= 2097152),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CONSTRAINT subtitles_language_key UNIQUE (organization_id, video_id, language),
    FOREIGN KEY (organization_id, video_id) REFERENCES videos ON DELETE CASCADE
);
CALL protect_organization_table('subtitles',
    'EXISTS (SELECT FROM videos v WHERE v.organization_id = subtitles.organization_id AND v.id = subtitles.video_id)');
-- Rows are never changed: those that take the place of others are others, so that each entry names the video with which it is forgotten.
CALL audit_table('subtitles', 'subtitles', 'video_id', 'language', 'name', 'is_forced');

-- As before, and with the old file go the subtitles that were in time with it.
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
                || ARRAY(SELECT 'hls-' || packaging FROM generate_series(2, OLD.packaging + 1) AS packaging)) AS name,
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
