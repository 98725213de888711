-- What happens at once neither fails nor waits in a circle.

CREATE FUNCTION pg_temp.amend(p_function regproc, p_before text, p_after text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_definition text := pg_get_functiondef(p_function);
BEGIN
    IF strpos(v_definition, p_before) = 0 THEN
        RAISE EXCEPTION '% does not say %', p_function, p_before;
    END IF;
    EXECUTE replace(v_definition, p_before, p_after);
END $$;

-- Whoever deletes an endpoint holds it before what it was to be told: whoever writes down what became of that does so, too.
SELECT pg_temp.amend('finish_webhook_deliveries',
    $sql$    -- The first from its key on in the order of the key$sql$,
    $sql$    PERFORM FROM unnest(p_organization_ids, p_ids) AS given(organization_id, id)
        CROSS JOIN LATERAL (SELECT d.id, d.endpoint_id FROM webhook_deliveries d
            WHERE d.organization_id = given.organization_id AND d.id >= given.id ORDER BY d.organization_id, d.id LIMIT 1) AS found
        CROSS JOIN LATERAL (SELECT FROM webhook_endpoints e
            WHERE e.organization_id = given.organization_id AND e.id = found.endpoint_id FOR KEY SHARE) AS held
        WHERE found.id = given.id;
    -- The first from its key on in the order of the key$sql$);
DROP FUNCTION pg_temp.amend(regproc, text, text);

-- The contents of many assets that go in one statement are held in the order of their ids, as whoever else holds several holds them.
CREATE OR REPLACE FUNCTION files_follow_assets() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path TO 'public', 'pg_temp' AS $$
DECLARE
    v_key text;
BEGIN
    IF NEW.blob_id IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.blob_id IS DISTINCT FROM OLD.blob_id) THEN
        UPDATE blobs SET reference_count = reference_count + 1 WHERE organization_id = NEW.organization_id AND id = NEW.blob_id;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.blob_id IS NOT NULL AND NEW.blob_id IS DISTINCT FROM OLD.blob_id THEN
        UPDATE blobs SET reference_count = reference_count - 1 WHERE organization_id = OLD.organization_id AND id = OLD.blob_id;
        DELETE FROM blobs WHERE organization_id = OLD.organization_id AND id = OLD.blob_id AND reference_count = 0
            RETURNING blob_key INTO v_key;
        INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
        SELECT OLD.organization_id, v_key, 'epoch', 'no asset has it' FROM organizations WHERE id = OLD.organization_id AND v_key IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER files_follow_assets ON assets;
CREATE TRIGGER files_follow_assets AFTER INSERT OR UPDATE OF blob_id ON assets FOR EACH ROW EXECUTE FUNCTION files_follow_assets();

CREATE FUNCTION files_follow_deleted_assets() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path TO 'public', 'pg_temp' AS $$
BEGIN
    PERFORM FROM blobs b WHERE (b.organization_id, b.id) IN (SELECT gone.organization_id, gone.blob_id FROM gone)
        ORDER BY b.organization_id, b.id FOR UPDATE OF b;
    UPDATE blobs b SET reference_count = b.reference_count - had.number
        FROM (SELECT organization_id, blob_id, count(*) AS number FROM gone WHERE blob_id IS NOT NULL GROUP BY organization_id, blob_id) AS had
        WHERE b.organization_id = had.organization_id AND b.id = had.blob_id;
    WITH unused AS (
        DELETE FROM blobs b USING (SELECT DISTINCT organization_id, blob_id FROM gone) AS had
        WHERE b.organization_id = had.organization_id AND b.id = had.blob_id AND b.reference_count = 0
        RETURNING b.organization_id, b.blob_key
    )
    INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
    SELECT unused.organization_id, unused.blob_key, 'epoch', 'no asset has it'
    FROM unused JOIN organizations o ON o.id = unused.organization_id;
    INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
    SELECT gone.organization_id, 'organizations/' || gone.organization_id || '/assets/' || gone.id, due.not_before, due.reason
    FROM gone JOIN organizations o ON o.id = gone.organization_id
    CROSS JOIN (VALUES ('epoch'::timestamptz, 'asset deleted'), (now() + interval '2 days', 'written late')) AS due (not_before, reason);
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION files_follow_deleted_assets() FROM public;
CREATE TRIGGER files_follow_deleted_assets AFTER DELETE ON assets REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION files_follow_deleted_assets();

-- Removes assets in the bin that are no recordings and whose time is over, at most so many, and returns how many. Those that somebody is at
-- work with are left for the next time, so that nobody is waited for while many are held. Whoever tidies up may remove assets and not
-- change them, which is what holding them takes.
CREATE FUNCTION purge_binned_assets(p_now timestamptz, p_assets_max bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path TO 'public', 'pg_temp' AS $$
DECLARE
    v_count bigint;
BEGIN
    WITH due AS (
        SELECT a.organization_id, a.id FROM assets a WHERE (a.retention_until < p_now OR a.expires_at < p_now) AND a.deleted_at IS NOT NULL
            AND NOT EXISTS (SELECT FROM videos v WHERE v.organization_id = a.organization_id AND v.asset_id = a.id)
        LIMIT p_assets_max FOR UPDATE OF a SKIP LOCKED
    )
    DELETE FROM assets a USING due WHERE a.organization_id = due.organization_id AND a.id = due.id;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION purge_binned_assets(timestamptz, bigint) FROM public;
GRANT EXECUTE ON FUNCTION purge_binned_assets(timestamptz, bigint) TO memoreel_system;

-- The same for videos whose time in the bin is over, or whose file was for a day alone, at most so many of each.
CREATE FUNCTION purge_binned_videos(p_now timestamptz, p_videos_max bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path TO 'public', 'pg_temp' AS $$
DECLARE
    v_binned bigint;
    v_expired bigint;
BEGIN
    WITH due AS (
        SELECT organization_id, id FROM videos WHERE retention_until < p_now LIMIT p_videos_max FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM videos v USING due WHERE v.organization_id = due.organization_id AND v.id = due.id
        RETURNING v.organization_id, v.asset_id
    ), files AS (
        DELETE FROM assets a USING gone WHERE a.organization_id = gone.organization_id AND a.id = gone.asset_id
    )
    SELECT count(*) INTO v_binned FROM gone;
    WITH due AS (
        SELECT v.organization_id, v.id FROM assets a
        JOIN videos v ON v.organization_id = a.organization_id AND v.asset_id = a.id
        WHERE a.expires_at < p_now AND a.deleted_at IS NOT NULL
        LIMIT p_videos_max FOR UPDATE OF v, a SKIP LOCKED
    ), gone AS (
        DELETE FROM videos v USING due WHERE v.organization_id = due.organization_id AND v.id = due.id
        RETURNING v.organization_id, v.asset_id
    ), files AS (
        DELETE FROM assets a USING gone WHERE a.organization_id = gone.organization_id AND a.id = gone.asset_id
    )
    SELECT count(*) INTO v_expired FROM gone;
    RETURN v_binned + v_expired;
END $$;
REVOKE ALL ON FUNCTION purge_binned_videos(timestamptz, bigint) FROM public;
GRANT EXECUTE ON FUNCTION purge_binned_videos(timestamptz, bigint) TO memoreel_system;

-- Holds what was for a day alone, which is over, and is not in the bin: before it goes, that is told.
CREATE FUNCTION hold_expired_assets(p_now timestamptz, p_assets_max bigint)
    RETURNS TABLE (organization_id uuid, id uuid, kind text)
    LANGUAGE sql SECURITY DEFINER SET search_path TO 'public', 'pg_temp' AS $$
    SELECT a.organization_id, a.id, a.kind FROM assets a WHERE a.expires_at < p_now AND a.deleted_at IS NULL
        AND NOT EXISTS (SELECT FROM videos v WHERE v.organization_id = a.organization_id AND v.asset_id = a.id)
    LIMIT p_assets_max FOR UPDATE OF a SKIP LOCKED
$$;
REVOKE ALL ON FUNCTION hold_expired_assets(timestamptz, bigint) FROM public;
GRANT EXECUTE ON FUNCTION hold_expired_assets(timestamptz, bigint) TO memoreel_system;

CREATE FUNCTION hold_expired_videos(p_now timestamptz, p_videos_max bigint)
    RETURNS TABLE (organization_id uuid, id uuid, asset_id uuid)
    LANGUAGE sql SECURITY DEFINER SET search_path TO 'public', 'pg_temp' AS $$
    SELECT v.organization_id, v.id, a.id FROM assets a
    JOIN videos v ON v.organization_id = a.organization_id AND v.asset_id = a.id
    WHERE a.expires_at < p_now AND a.deleted_at IS NULL
    LIMIT p_videos_max FOR UPDATE OF v, a SKIP LOCKED
$$;
REVOKE ALL ON FUNCTION hold_expired_videos(timestamptz, bigint) FROM public;
GRANT EXECUTE ON FUNCTION hold_expired_videos(timestamptz, bigint) TO memoreel_system;
