-- Stored files, what is derived from them, and uploads on their way.

CREATE TABLE assets (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    kind text CONSTRAINT assets_kind CHECK (kind IN ('image', 'video', 'audio', 'document')),
    filename text NOT NULL CONSTRAINT assets_filename_length CHECK (char_length(filename) BETWEEN 1 AND 255),
    original_filename text NOT NULL CONSTRAINT assets_original_filename_length CHECK (char_length(original_filename) BETWEEN 1 AND 255),
    content_type text,
    byte_size bigint NOT NULL CONSTRAINT assets_byte_size CHECK (byte_size >= 0),
    sha256 bytea CONSTRAINT assets_sha256_length CHECK (octet_length(sha256) = 32),
    blob_key text,
    status text NOT NULL DEFAULT 'pending' CONSTRAINT assets_status CHECK (status IN ('pending', 'ready', 'failed', 'deleted')),
    width integer,
    height integer,
    duration_seconds double precision,
    bitrate bigint,
    sample_rate integer,
    channels integer,
    page_count integer,
    metadata jsonb NOT NULL DEFAULT '{}',
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CONSTRAINT assets_ready_is_stored CHECK (status <> 'ready' OR (blob_key IS NOT NULL AND sha256 IS NOT NULL AND kind IS NOT NULL))
);
CREATE TRIGGER assets_updated_at BEFORE UPDATE ON assets FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CALL protect_organization_table('assets');

CREATE TABLE renditions (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    asset_id uuid NOT NULL,
    kind text NOT NULL CONSTRAINT renditions_kind
        CHECK (kind IN ('hls_master', 'hls_variant', 'poster', 'thumbnail', 'storyboard', 'waveform', 'speech_audio')),
    name text NOT NULL,
    -- A single blob, or the playlist of a folder of blobs.
    blob_key text NOT NULL,
    content_type text NOT NULL,
    byte_size bigint NOT NULL,
    width integer,
    height integer,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CONSTRAINT renditions_name_key UNIQUE (organization_id, asset_id, name),
    FOREIGN KEY (organization_id, asset_id) REFERENCES assets ON DELETE CASCADE
);
CALL protect_organization_table('renditions');

CREATE TABLE uploads (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid REFERENCES users ON DELETE SET NULL,
    -- The video this upload becomes, named before the first byte so that clients can link to it.
    video_id uuid NOT NULL,
    filename text NOT NULL CONSTRAINT uploads_filename_length CHECK (char_length(filename) BETWEEN 1 AND 255),
    metadata jsonb NOT NULL DEFAULT '{}',
    size_bytes bigint NOT NULL CONSTRAINT uploads_size CHECK (size_bytes >= 0),
    offset_bytes bigint NOT NULL DEFAULT 0 CONSTRAINT uploads_offset CHECK (offset_bytes BETWEEN 0 AND size_bytes),
    status text NOT NULL DEFAULT 'open' CONSTRAINT uploads_status CHECK (status IN ('open', 'received', 'stored', 'terminated', 'expired')),
    asset_id uuid,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, asset_id) REFERENCES assets ON DELETE SET NULL (asset_id)
);
CREATE INDEX uploads_asset ON uploads (organization_id, asset_id);
CREATE INDEX uploads_user ON uploads (user_id);
CREATE INDEX uploads_expiry ON uploads (expires_at) WHERE status = 'open';
CREATE TRIGGER uploads_updated_at BEFORE UPDATE ON uploads FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CALL protect_organization_table('uploads');
CALL admit_system('uploads', 'select, update');

CREATE TABLE blob_deletions (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    blob_key text NOT NULL,
    not_before timestamptz NOT NULL,
    reason text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX blob_deletions_due ON blob_deletions (not_before);
CALL protect_organization_table('blob_deletions');
CALL admit_system('blob_deletions', 'select, delete');
