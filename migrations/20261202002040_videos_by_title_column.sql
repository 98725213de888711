-- A page by title was walked to from the first title on, the further the later the page, and that of a channel past the videos of all others.
-- Under row-level security no index is searched by what `lower` gives, which is not known to keep to itself what it is given; by what stands in a
-- column it is searched.
--
-- A channel's videos by title have an index of their own, as they may be few among many, and too many to sort for each page. What is in no
-- channel pays nothing for it.

DROP INDEX videos_title;
ALTER TABLE videos ADD COLUMN title_lower text NOT NULL GENERATED ALWAYS AS (lower(title)) STORED;
CREATE INDEX videos_title ON videos (organization_id, title_lower, id) WHERE deleted_at IS NULL;
CREATE INDEX videos_channel_title ON videos (organization_id, channel_id, title_lower, id) WHERE deleted_at IS NULL AND channel_id IS NOT NULL;
