-- Assets as a media backend needs them: one blob per content, folders, tags, custom metadata, a bin, and the privacy of their videos.

-- What is stored once, however many assets of the organization have it.
CREATE TABLE blobs (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    sha256 bytea NOT NULL CONSTRAINT blobs_sha256_length CHECK (octet_length(sha256) = 32),
    byte_size bigint NOT NULL CONSTRAINT blobs_byte_size CHECK (byte_size >= 0),
    -- A file in a folder of its own, which no other content ever has.
    blob_key text NOT NULL,
    -- How many assets have it; kept by trigger.
    reference_count bigint NOT NULL DEFAULT 0 CONSTRAINT blobs_reference_count CHECK (reference_count >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CONSTRAINT blobs_sha256_key UNIQUE (organization_id, sha256)
);
CALL protect_organization_table('blobs');

CREATE TABLE folders (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    parent_id uuid,
    name text NOT NULL CONSTRAINT folders_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    -- One that holds others is not deleted.
    CONSTRAINT folders_parent FOREIGN KEY (organization_id, parent_id) REFERENCES folders
);
CREATE UNIQUE INDEX folders_name_key ON folders (organization_id, parent_id, lower(name)) NULLS NOT DISTINCT;
CREATE TRIGGER folders_updated_at BEFORE UPDATE ON folders FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CALL protect_organization_table('folders');
CALL audit_table('folders', 'folder', 'name', 'parent_id');

-- No folder lies in itself, however deep, nor deeper than sixteen. Those of one organization are moved one after the other.
CREATE FUNCTION folders_form_a_tree() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_above uuid := NEW.parent_id;
    v_depth integer := 1;
    v_height integer;
BEGIN
    IF NEW.parent_id IS NULL THEN
        RETURN NEW;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('folders ' || NEW.organization_id, 0));
    WHILE v_above IS NOT NULL LOOP
        IF v_above = NEW.id THEN
            RAISE EXCEPTION 'a folder cannot lie in itself' USING ERRCODE = 'check_violation', CONSTRAINT = 'folders_no_cycle';
        END IF;
        v_depth := v_depth + 1;
        SELECT parent_id INTO v_above FROM folders WHERE organization_id = NEW.organization_id AND id = v_above;
    END LOOP;
    WITH RECURSIVE below AS (
        SELECT NEW.id AS id, 0 AS height
        UNION ALL
        SELECT f.id, below.height + 1 FROM below JOIN folders f ON f.organization_id = NEW.organization_id AND f.parent_id = below.id
    ) SELECT max(height) INTO v_height FROM below;
    IF v_depth + v_height > 16 THEN
        RAISE EXCEPTION 'folders lie too deep' USING ERRCODE = 'check_violation', CONSTRAINT = 'folders_depth';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION folders_form_a_tree() FROM public;
CREATE TRIGGER folders_form_a_tree BEFORE INSERT OR UPDATE OF parent_id ON folders
    FOR EACH ROW EXECUTE FUNCTION folders_form_a_tree();

ALTER TABLE assets
    ADD COLUMN blob_id uuid,
    ADD COLUMN folder_id uuid,
    ADD COLUMN owner_id uuid REFERENCES users ON DELETE SET NULL,
    ADD COLUMN visibility text NOT NULL DEFAULT 'organization'
        CONSTRAINT assets_visibility CHECK (visibility IN ('private', 'organization', 'public')),
    ADD COLUMN tags text[] NOT NULL DEFAULT '{}' CONSTRAINT assets_tags_number CHECK (cardinality(tags) <= 50),
    ADD COLUMN custom_metadata jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT assets_custom_metadata_is_object CHECK (jsonb_typeof(custom_metadata) = 'object'),
    ADD COLUMN deleted_at timestamptz,
    ADD COLUMN retention_until timestamptz,
    ADD CONSTRAINT assets_blob FOREIGN KEY (organization_id, blob_id) REFERENCES blobs,
    ADD CONSTRAINT assets_folder FOREIGN KEY (organization_id, folder_id) REFERENCES folders ON DELETE SET NULL (folder_id),
    ADD CONSTRAINT assets_deleted CHECK ((deleted_at IS NULL) = (retention_until IS NULL));
DROP INDEX assets_images;
CREATE INDEX assets_newest ON assets (organization_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX assets_blob ON assets (organization_id, blob_id);
CREATE INDEX assets_folder ON assets (organization_id, folder_id, created_at DESC, id DESC);
CREATE INDEX assets_owner ON assets (owner_id);
CREATE INDEX assets_retention ON assets (retention_until) WHERE retention_until IS NOT NULL;
CREATE INDEX assets_expiry ON assets (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX videos_retention ON videos (retention_until) WHERE retention_until IS NOT NULL;

-- What an asset is found by: `tag:` and a tag, or a name of its metadata with `=` and the value. Kept by trigger.
CREATE TABLE asset_terms (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    asset_id uuid NOT NULL,
    term text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, asset_id) REFERENCES assets ON DELETE CASCADE
);
CREATE UNIQUE INDEX asset_terms_term ON asset_terms (organization_id, term, asset_id);
CREATE INDEX asset_terms_asset ON asset_terms (organization_id, asset_id);
CALL protect_organization_table('asset_terms',
    'EXISTS (SELECT FROM assets a WHERE a.organization_id = asset_terms.organization_id AND a.id = asset_terms.asset_id)');

CREATE FUNCTION asset_terms_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM asset_terms WHERE organization_id = NEW.organization_id AND asset_id = NEW.id;
    INSERT INTO asset_terms (organization_id, term, asset_id)
    SELECT NEW.organization_id, 'tag:' || tag, NEW.id FROM unnest(NEW.tags) AS tag
    UNION
    SELECT NEW.organization_id, key || '=' || value, NEW.id FROM jsonb_each_text(NEW.custom_metadata)
    WHERE jsonb_typeof(NEW.custom_metadata -> key) IN ('string', 'number', 'boolean') AND length(value) <= 500;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION asset_terms_follow() FROM public;
CREATE TRIGGER asset_terms_follow_new AFTER INSERT ON assets
    FOR EACH ROW WHEN (NEW.tags <> '{}' OR NEW.custom_metadata <> '{}') EXECUTE FUNCTION asset_terms_follow();
CREATE TRIGGER asset_terms_follow AFTER UPDATE OF tags, custom_metadata ON assets
    FOR EACH ROW WHEN (NEW.tags <> OLD.tags OR NEW.custom_metadata <> OLD.custom_metadata) EXECUTE FUNCTION asset_terms_follow();

-- Files go when nothing has them any more: a content with its last asset, and what was made of an asset with the asset. Of an
-- organization that goes as a whole they go as a whole.
CREATE FUNCTION files_follow_assets() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_key text;
BEGIN
    IF TG_OP <> 'DELETE' AND NEW.blob_id IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.blob_id IS DISTINCT FROM OLD.blob_id) THEN
        UPDATE blobs SET reference_count = reference_count + 1 WHERE organization_id = NEW.organization_id AND id = NEW.blob_id;
    END IF;
    IF TG_OP <> 'INSERT' AND OLD.blob_id IS NOT NULL AND (TG_OP = 'DELETE' OR NEW.blob_id IS DISTINCT FROM OLD.blob_id) THEN
        UPDATE blobs SET reference_count = reference_count - 1 WHERE organization_id = OLD.organization_id AND id = OLD.blob_id;
        DELETE FROM blobs WHERE organization_id = OLD.organization_id AND id = OLD.blob_id AND reference_count = 0
            RETURNING blob_key INTO v_key;
        INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
        SELECT OLD.organization_id, v_key, 'epoch', 'no asset has it' FROM organizations WHERE id = OLD.organization_id AND v_key IS NOT NULL;
    END IF;
    IF TG_OP = 'DELETE' THEN
        INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
        SELECT OLD.organization_id, 'organizations/' || OLD.organization_id || '/assets/' || OLD.id, 'epoch', 'asset deleted'
        FROM organizations WHERE id = OLD.organization_id;
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION files_follow_assets() FROM public;
CREATE TRIGGER files_follow_assets AFTER INSERT OR UPDATE OF blob_id OR DELETE ON assets
    FOR EACH ROW EXECUTE FUNCTION files_follow_assets();

-- A recording's file is seen by those who see the video, and goes to the bin with it.
CREATE FUNCTION assets_follow_video() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE assets SET visibility = NEW.visibility, owner_id = NEW.author_id, deleted_at = NEW.deleted_at,
        retention_until = NEW.retention_until
    WHERE organization_id = NEW.organization_id AND id = NEW.asset_id;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION assets_follow_video() FROM public;
CREATE TRIGGER videos_lead_assets_new AFTER INSERT ON videos
    FOR EACH ROW WHEN (NEW.asset_id IS NOT NULL) EXECUTE FUNCTION assets_follow_video();
CREATE TRIGGER videos_lead_assets AFTER UPDATE OF visibility, author_id, deleted_at, retention_until, asset_id ON videos
    FOR EACH ROW WHEN (NEW.asset_id IS NOT NULL) EXECUTE FUNCTION assets_follow_video();
UPDATE assets a SET visibility = v.visibility, owner_id = v.author_id, deleted_at = v.deleted_at, retention_until = v.retention_until
    FROM videos v WHERE v.organization_id = a.organization_id AND v.asset_id = a.id;

DROP POLICY app_select ON assets;
DROP POLICY app_insert ON assets;
DROP POLICY app_update ON assets;
DROP POLICY app_delete ON assets;
DROP POLICY owner_all ON assets;
CALL protect_organization_table('assets', $$visibility <> 'private'
    OR owner_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
    OR (SELECT current_setting('app.role', true)) = 'service'$$);

-- What is over is removed by maintenance.
CALL admit_system('assets', 'select, delete');
CALL admit_system('videos', 'select, delete');
-- And erasures count what is of somebody alone.
CALL admit_system('blobs', 'select');

-- People change assets, too, and put them into the bin; recordings' are audited as videos.
DROP TRIGGER audit ON assets;
CREATE TRIGGER audit AFTER INSERT OR UPDATE OF filename, folder_id, tags, custom_metadata, deleted_at, blob_id ON assets FOR EACH ROW
    WHEN (NEW.kind IN ('image', 'document') AND current_setting('app.role', true) IS DISTINCT FROM 'service')
    EXECUTE FUNCTION record_audit('asset', 'filename', 'folder_id', 'tags', 'custom_metadata', 'deleted_at');
DROP TRIGGER audit_deletion ON assets;
CREATE TRIGGER audit_deletion AFTER DELETE ON assets FOR EACH ROW
    WHEN (OLD.kind IN ('image', 'document') AND current_setting('app.role', true) IS DISTINCT FROM 'service')
    EXECUTE FUNCTION record_audit('asset', 'filename');

-- An upload may take the place of an asset's file, be for a day alone, and be put where and as people say.
ALTER TABLE uploads ADD COLUMN replaces_id uuid;
