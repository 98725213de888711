-- Without it, all videos of the organization are read and sorted for each page of the list by title.

CREATE INDEX videos_title ON videos (organization_id, lower(title), id) WHERE deleted_at IS NULL;
