-- How large the files are that an organization takes, by what they are. What the server bears at most is in its program, which holds whatever is
-- written here to it.

CREATE TABLE upload_limits (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    video_bytes_max bigint NOT NULL DEFAULT 5368709120 CONSTRAINT upload_limits_video CHECK (video_bytes_max >= 1048576),
    audio_bytes_max bigint NOT NULL DEFAULT 1073741824 CONSTRAINT upload_limits_audio CHECK (audio_bytes_max >= 1048576),
    image_bytes_max bigint NOT NULL DEFAULT 52428800 CONSTRAINT upload_limits_image CHECK (image_bytes_max >= 1048576),
    document_bytes_max bigint NOT NULL DEFAULT 104857600 CONSTRAINT upload_limits_document CHECK (document_bytes_max >= 1048576),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CONSTRAINT upload_limits_organization_key UNIQUE (organization_id)
);
CREATE TRIGGER upload_limits_updated_at BEFORE UPDATE ON upload_limits FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CALL protect_organization_table('upload_limits');
CALL audit_table('upload_limits', 'upload_limits', 'video_bytes_max', 'audio_bytes_max', 'image_bytes_max', 'document_bytes_max');
