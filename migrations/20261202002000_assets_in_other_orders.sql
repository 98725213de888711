-- Files are listed by name and by size, too. Without an index all of those of the organization would be read and sorted for each page.
--
-- Under row-level security no index is searched by what `lower` gives, which is not known to keep to itself what it is given; only its order is
-- walked, from the beginning for each page. By what stands in a column it is searched.
--
-- These two take the bin along, as the index of the newest does. There is none by folder: the files of a folder are read by theirs, and sorted.
-- Three more would have to be written for each upload, for lists that are as long as a folder.

ALTER TABLE assets ADD COLUMN filename_lower text NOT NULL GENERATED ALWAYS AS (lower(filename)) STORED;
CREATE INDEX assets_filename ON assets (organization_id, (deleted_at IS NOT NULL), filename_lower, id);
CREATE INDEX assets_largest ON assets (organization_id, (deleted_at IS NOT NULL), byte_size DESC, id DESC);
