-- Images are found: by how people describe them, and by what is written in them.

ALTER TABLE assets
    -- What there is to see or hear, for those who do not; an image is found by it.
    ADD COLUMN description text CONSTRAINT assets_description_length CHECK (char_length(description) BETWEEN 1 AND 2000),
    -- What is written in an image, line by line; absent until it was looked for.
    ADD COLUMN recognised_text text CONSTRAINT assets_recognised_text_length CHECK (char_length(recognised_text) <= 20000);

DROP TRIGGER audit ON assets;
CREATE TRIGGER audit AFTER INSERT OR UPDATE OF filename, folder_id, tags, custom_metadata, deleted_at, blob_id, description ON assets FOR EACH ROW
    WHEN (NEW.kind IN ('image', 'document') AND current_setting('app.role', true) IS DISTINCT FROM 'service')
    EXECUTE FUNCTION record_audit('asset', 'filename', 'folder_id', 'tags', 'custom_metadata', 'deleted_at', 'description');

-- The passages of an image are its description's, and then those of what is written in it.
ALTER TABLE chunks ADD COLUMN is_description boolean NOT NULL DEFAULT false;
ALTER TABLE chunks DROP CONSTRAINT chunks_entity_type;
ALTER TABLE chunks ADD CONSTRAINT chunks_entity_type CHECK (entity_type IN ('transcript', 'document', 'key_frame', 'image'));
ALTER TABLE chunks DROP CONSTRAINT chunks_place;
ALTER TABLE chunks ADD CONSTRAINT chunks_place CHECK (CASE entity_type
    WHEN 'document' THEN asset_id IS NOT NULL AND asset_id = entity_id AND page_number IS NOT NULL AND video_id IS NULL
    WHEN 'image' THEN asset_id IS NOT NULL AND asset_id = entity_id AND page_number IS NULL AND video_id IS NULL
    WHEN 'key_frame' THEN asset_id IS NULL AND page_number IS NULL AND video_id IS NOT NULL
        AND start_seconds IS NOT NULL AND end_seconds IS NOT NULL
    ELSE asset_id IS NULL AND page_number IS NULL END AND (entity_type = 'image' OR NOT is_description));

-- As a document's, an image's passages vanish when it goes to the bin; when it comes back, they are made again.
DROP TRIGGER assets_lead_chunks ON assets;
CREATE TRIGGER assets_lead_chunks AFTER UPDATE OF deleted_at ON assets
    FOR EACH ROW WHEN (NEW.kind IN ('document', 'image') AND NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL)
    EXECUTE FUNCTION chunks_follow_asset();
