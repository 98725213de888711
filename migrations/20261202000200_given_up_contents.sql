-- What was to become the content of an asset goes with the asset, too. Whoever stores it at this moment is told too late to stop, so that
-- is looked for after the two hours in which a run that was given up may still write (LATE_WRITES).
CREATE FUNCTION unstored_files_follow_assets() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
    SELECT u.organization_id, 'organizations/' || u.organization_id || '/contents/' || u.id, now() + interval '2 hours', 'asset deleted'
    FROM uploads u JOIN organizations o ON o.id = u.organization_id
    WHERE u.organization_id = OLD.organization_id AND u.asset_id = OLD.id AND u.status = 'received';
    RETURN OLD;
END $$;
REVOKE ALL ON FUNCTION unstored_files_follow_assets() FROM public;
-- Before, because then the uploads still say whose they are.
CREATE TRIGGER unstored_files_follow_assets BEFORE DELETE ON assets
    FOR EACH ROW EXECUTE FUNCTION unstored_files_follow_assets();
