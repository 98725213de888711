-- Reads all assets, and keeps nobody from them.
ALTER TABLE assets VALIDATE CONSTRAINT assets_picture_bytes;
