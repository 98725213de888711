-- The pictures a video consists of, such as its slides, when each of them is shown, and what is written on them; and passages of that
-- beside those of what is said.

CREATE TABLE key_frames (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    -- The file of the video.
    asset_id uuid NOT NULL,
    -- When it is shown first. Its pictures are named by it.
    start_ms bigint NOT NULL CONSTRAINT key_frames_start CHECK (start_ms >= 0),
    -- [{start_ms, end_ms}]: as often as it is shown, in order.
    shown jsonb NOT NULL,
    -- What it looks like: its perceptual hash, of which few bits differ where two look alike.
    hash bigint NOT NULL,
    -- What is written on it, line by line, and how sure the recognition is of that, from 0 to 1.
    text text NOT NULL DEFAULT '',
    confidence real,
    -- Of its picture, in pixels.
    width integer NOT NULL,
    height integer NOT NULL,
    PRIMARY KEY (organization_id, asset_id, start_ms),
    FOREIGN KEY (organization_id, asset_id) REFERENCES assets ON DELETE CASCADE,
    CONSTRAINT key_frames_confidence CHECK (confidence BETWEEN 0 AND 1 AND (confidence IS NULL) = (text = ''))
);
CALL protect_organization_table('key_frames',
    'EXISTS (SELECT FROM assets a WHERE a.organization_id = key_frames.organization_id AND a.id = key_frames.asset_id)');

-- A passage of a key frame belongs to the video, whose visibility and bin it follows like those of what is said.
ALTER TABLE chunks DROP CONSTRAINT chunks_entity_type;
ALTER TABLE chunks ADD CONSTRAINT chunks_entity_type CHECK (entity_type IN ('transcript', 'document', 'key_frame'));
ALTER TABLE chunks DROP CONSTRAINT chunks_place;
ALTER TABLE chunks ADD CONSTRAINT chunks_place CHECK (CASE entity_type
    WHEN 'document' THEN asset_id IS NOT NULL AND asset_id = entity_id AND page_number IS NOT NULL AND video_id IS NULL
    WHEN 'key_frame' THEN asset_id IS NULL AND page_number IS NULL AND video_id IS NOT NULL
        AND start_seconds IS NOT NULL AND end_seconds IS NOT NULL
    ELSE asset_id IS NULL AND page_number IS NULL END);
