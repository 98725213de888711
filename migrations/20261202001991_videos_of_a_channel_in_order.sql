-- The videos of a channel were looked for among all that are newer.

DROP INDEX videos_channel;
CREATE INDEX videos_channel ON videos (organization_id, channel_id, created_at DESC, id DESC);
