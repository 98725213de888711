-- Whoever sends messages hears of events after their commit, and not from here: a NOTIFY would keep commits from being written to the disk
-- together.

CREATE OR REPLACE FUNCTION record_webhook_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM webhook_endpoints e WHERE e.organization_id = NEW.organization_id AND e.active) THEN
        RETURN NULL;
    END IF;
    INSERT INTO webhook_deliveries (organization_id, endpoint_id, video_id, event, payload, next_attempt_at, created_at)
    SELECT NEW.organization_id, e.id, about.video_id, about.event, json_build_object(
            'type', about.event, 'timestamp', webhook_time(NEW.created_at), 'data', about.data)::text,
        NEW.created_at, NEW.created_at
    FROM (
        SELECT v.id AS video_id, webhook_event_of(NEW.kind, v.status) AS event, json_build_object(
            'organization_id', v.organization_id, 'video', json_build_object(
                'id', v.id, 'title', v.title, 'status', v.status, 'visibility', v.visibility, 'channel_id', v.channel_id,
                'error_code', v.error_code, 'error_message', v.error_message, 'created_at', webhook_time(v.created_at))) AS data
        FROM videos v WHERE v.organization_id = NEW.organization_id AND v.id = NEW.aggregate_id AND v.visibility <> 'private'
        UNION ALL
        SELECT NULL, webhook_event_of(NEW.kind, NULL), json_build_object(
            'organization_id', a.organization_id, 'asset', json_build_object(
                'id', a.id, 'kind', a.kind, 'filename', a.filename, 'status', a.status, 'folder_id', a.folder_id,
                'error_code', a.metadata #>> '{error,code}', 'error_message', a.metadata #>> '{error,message}',
                'created_at', webhook_time(a.created_at)))
        FROM assets a WHERE a.organization_id = NEW.organization_id AND a.id = NEW.aggregate_id AND a.visibility <> 'private'
            AND a.kind IN ('image', 'document')
    ) AS about
    JOIN webhook_endpoints e ON e.organization_id = NEW.organization_id AND e.active AND about.event = ANY(e.events);
    RETURN NULL;
END $$;
