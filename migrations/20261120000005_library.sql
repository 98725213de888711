-- What people watch and where it lives.

CREATE TABLE channels (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    name text NOT NULL CONSTRAINT channels_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    description text CONSTRAINT channels_description_length CHECK (char_length(description) <= 5000),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CONSTRAINT channels_name_key UNIQUE (organization_id, name)
);
CREATE TRIGGER channels_updated_at BEFORE UPDATE ON channels FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CALL protect_organization_table('channels');

CREATE TABLE videos (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    asset_id uuid,
    channel_id uuid,
    author_id uuid REFERENCES users ON DELETE SET NULL,
    title text NOT NULL CONSTRAINT videos_title_length CHECK (char_length(title) BETWEEN 1 AND 200),
    description text CONSTRAINT videos_description_length CHECK (char_length(description) <= 5000),
    source text NOT NULL DEFAULT 'upload' CONSTRAINT videos_source CHECK (source IN ('upload', 'import', 'recording', 'demo')),
    visibility text NOT NULL DEFAULT 'organization'
        CONSTRAINT videos_visibility CHECK (visibility IN ('private', 'organization', 'public')),
    status text NOT NULL DEFAULT 'pending'
        CONSTRAINT videos_status CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
    error_code text,
    error_message text,
    playable_at timestamptz,
    completed_at timestamptz,
    deleted_at timestamptz,
    retention_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CONSTRAINT videos_error_when_failed CHECK ((status = 'failed') = (error_code IS NOT NULL AND error_message IS NOT NULL)),
    CONSTRAINT videos_retention_when_deleted CHECK ((deleted_at IS NULL) = (retention_until IS NULL)),
    FOREIGN KEY (organization_id, asset_id) REFERENCES assets ON DELETE SET NULL (asset_id),
    FOREIGN KEY (organization_id, channel_id) REFERENCES channels ON DELETE SET NULL (channel_id)
);
CREATE INDEX videos_newest ON videos (organization_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX videos_channel ON videos (organization_id, channel_id);
CREATE INDEX videos_asset ON videos (organization_id, asset_id);
CREATE INDEX videos_author ON videos (author_id);
CREATE INDEX videos_pending ON videos (organization_id, created_at) WHERE status = 'pending';
CREATE TRIGGER videos_updated_at BEFORE UPDATE ON videos FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
-- A private video is seen by its author and by the pipeline, and by nobody else.
CALL protect_organization_table('videos', $$visibility <> 'private'
    OR author_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
    OR (SELECT current_setting('app.role', true)) = 'service'$$);
