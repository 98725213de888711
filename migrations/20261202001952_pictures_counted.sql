-- Pictures of a document's pages and of a recording's key frames take room, and are no renditions. Those that were stored before are counted
-- when they are made again: how large they are is known to the store alone.
ALTER TABLE assets ADD COLUMN picture_bytes bigint NOT NULL DEFAULT 0;
-- Looked at by the next migration, while others go on.
ALTER TABLE assets ADD CONSTRAINT assets_picture_bytes CHECK (picture_bytes >= 0) NOT VALID;
