-- One statement lists what is in the bin and what is outside, and is planned once for both: an index of what is outside alone is of no use to
-- it, and all assets of the organization were read and sorted for each page.

DROP INDEX assets_newest;
CREATE INDEX assets_newest ON assets (organization_id, (deleted_at IS NOT NULL), created_at DESC, id DESC);
