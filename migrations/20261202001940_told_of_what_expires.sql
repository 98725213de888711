-- What is for a day alone goes by the hourly sweep, which crosses organizations: it tells of that as whoever deletes something does.
CALL admit_system('outbox', 'insert');
CALL admit_system('webhook_deliveries', 'insert');

-- An endpoint may go at the moment at which it is told something, and so may a video: what was to be told goes with it, and nothing else fails
-- for that. Held as the foreign keys hold them, those that are gone are not found.
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
            AND a.kind IN ('image', 'document')
        FOR KEY SHARE OF e;
    ELSE
        -- Whoever sweeps may not hold it, and tells of nothing but what is held and goes.
        IF has_any_column_privilege('videos', 'UPDATE') THEN
            PERFORM FROM videos v WHERE v.organization_id = NEW.organization_id AND v.id = NEW.aggregate_id FOR KEY SHARE;
        END IF;
        INSERT INTO webhook_deliveries (organization_id, endpoint_id, video_id, event, payload, next_attempt_at, created_at)
        SELECT NEW.organization_id, e.id,
            -- What was told of a video goes with it, but for that it goes: outside the bin that is at once.
            CASE WHEN NEW.kind <> 'video_deleted' OR v.deleted_at IS NOT NULL THEN v.id END, happened.event, json_build_object(
                'type', happened.event, 'timestamp', webhook_time(NEW.created_at), 'data', json_build_object(
                    'organization_id', v.organization_id, 'video', json_build_object(
                        'id', v.id, 'title', v.title, 'status', v.status, 'visibility', v.visibility, 'channel_id', v.channel_id,
                        'error_code', v.error_code, 'error_message', v.error_message, 'created_at', webhook_time(v.created_at))))::text,
            NEW.created_at, NEW.created_at
        FROM videos v
        CROSS JOIN LATERAL webhook_event_of(NEW.kind, v.status) AS happened(event)
        JOIN webhook_endpoints e ON e.organization_id = v.organization_id AND e.active AND happened.event = ANY(e.events)
        WHERE v.organization_id = NEW.organization_id AND v.id = NEW.aggregate_id AND v.visibility <> 'private'
        FOR KEY SHARE OF e;
    END IF;
    RETURN NULL;
END $$;
