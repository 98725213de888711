-- The file of an image or a document may be replaced: the asset stays as it is, and its content is another one as soon as that was read.

-- The asset whose file an upload replaces. It references nothing: an upload whose asset goes meanwhile becomes no asset of its own.
ALTER TABLE uploads ADD COLUMN replaces_id uuid CONSTRAINT uploads_replaces CHECK (replaces_id IS NULL OR kind <> 'video');
CREATE INDEX uploads_replacing ON uploads (organization_id, replaces_id) WHERE replaces_id IS NOT NULL;

ALTER TABLE assets
    -- How many contents it has had, by which addresses of what is made of them differ.
    ADD COLUMN version integer NOT NULL DEFAULT 1 CONSTRAINT assets_version CHECK (version >= 1),
    -- The upload that brings another content, until that is ready; where it failed, `replacement_error` of the metadata says why.
    ADD COLUMN replacement_id uuid;

DROP TRIGGER audit ON assets;
CREATE TRIGGER audit AFTER INSERT OR UPDATE OF filename, folder_id, tags, custom_metadata, deleted_at, blob_id, description, replacement_id ON assets
    FOR EACH ROW WHEN (NEW.kind IN ('image', 'document') AND current_setting('app.role', true) IS DISTINCT FROM 'service')
    EXECUTE FUNCTION record_audit('asset', 'filename', 'folder_id', 'tags', 'custom_metadata', 'deleted_at', 'description', 'replacement_id');

-- What was made of a content, and what was found in it, goes with it. The content itself does where no other asset has it (files_follow_assets).
CREATE FUNCTION leavings_follow_content() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    WITH gone AS (
        DELETE FROM renditions WHERE organization_id = NEW.organization_id AND asset_id = NEW.id RETURNING blob_key
    ), unread AS (
        DELETE FROM document_pages WHERE organization_id = NEW.organization_id AND asset_id = NEW.id RETURNING image_key
    )
    INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
    SELECT NEW.organization_id, blob_key, 'epoch'::timestamptz, 'replaced' FROM gone
    UNION ALL
    SELECT NEW.organization_id, image_key, 'epoch'::timestamptz, 'replaced' FROM unread WHERE image_key IS NOT NULL;
    DELETE FROM chunks WHERE organization_id = NEW.organization_id AND asset_id = NEW.id AND NOT is_description;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION leavings_follow_content() FROM public;
CREATE TRIGGER leavings_follow_content AFTER UPDATE OF version ON assets
    FOR EACH ROW WHEN (NEW.version <> OLD.version) EXECUTE FUNCTION leavings_follow_content();
