-- A condition of a trigger is planned anew for each statement that fires it, and a function in it is parsed anew: it took a third of the time
-- of an event. Within the function both are planned once.
--
-- What happened to an asset is looked for among assets alone, and to a video among videos.

DROP TRIGGER webhooks ON outbox;

CREATE OR REPLACE FUNCTION record_webhook_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- What it is called; a video may have failed instead.
    v_event text := webhook_event_of(NEW.kind, 'completed');
BEGIN
    IF v_event IS NULL
        OR NOT EXISTS (SELECT FROM webhook_endpoints e WHERE e.organization_id = NEW.organization_id AND e.active) THEN
        RETURN NULL;
    END IF;
    IF starts_with(v_event, 'asset.') THEN
        INSERT INTO webhook_deliveries (organization_id, endpoint_id, event, payload, next_attempt_at, created_at)
        SELECT NEW.organization_id, e.id, v_event, json_build_object(
                'type', v_event, 'timestamp', webhook_time(NEW.created_at), 'data', json_build_object(
                    'organization_id', a.organization_id, 'asset', json_build_object(
                        'id', a.id, 'kind', a.kind, 'filename', a.filename, 'status', a.status, 'folder_id', a.folder_id,
                        'error_code', a.metadata #>> '{error,code}', 'error_message', a.metadata #>> '{error,message}',
                        'created_at', webhook_time(a.created_at))))::text,
            NEW.created_at, NEW.created_at
        FROM assets a
        JOIN webhook_endpoints e ON e.organization_id = a.organization_id AND e.active AND v_event = ANY(e.events)
        WHERE a.organization_id = NEW.organization_id AND a.id = NEW.aggregate_id AND a.visibility <> 'private'
            AND a.kind IN ('image', 'document');
    ELSE
        INSERT INTO webhook_deliveries (organization_id, endpoint_id, video_id, event, payload, next_attempt_at, created_at)
        SELECT NEW.organization_id, e.id, v.id, happened.event, json_build_object(
                'type', happened.event, 'timestamp', webhook_time(NEW.created_at), 'data', json_build_object(
                    'organization_id', v.organization_id, 'video', json_build_object(
                        'id', v.id, 'title', v.title, 'status', v.status, 'visibility', v.visibility, 'channel_id', v.channel_id,
                        'error_code', v.error_code, 'error_message', v.error_message, 'created_at', webhook_time(v.created_at))))::text,
            NEW.created_at, NEW.created_at
        FROM videos v
        CROSS JOIN LATERAL webhook_event_of(NEW.kind, v.status) AS happened(event)
        JOIN webhook_endpoints e ON e.organization_id = v.organization_id AND e.active AND happened.event = ANY(e.events)
        WHERE v.organization_id = NEW.organization_id AND v.id = NEW.aggregate_id AND v.visibility <> 'private';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER webhooks AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION record_webhook_deliveries();
