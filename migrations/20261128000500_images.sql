-- Images: uploads that become one, what is made of them, and the presets that name what is to be made.

-- The video an upload becomes, named before the first byte; an image has the id of its upload.
ALTER TABLE uploads ADD COLUMN kind text NOT NULL DEFAULT 'video' CONSTRAINT uploads_kind CHECK (kind IN ('video', 'image'));
ALTER TABLE uploads ALTER COLUMN video_id DROP NOT NULL;
ALTER TABLE uploads ADD CONSTRAINT uploads_video CHECK ((kind = 'video') = (video_id IS NOT NULL));

CREATE INDEX assets_images ON assets (organization_id, created_at DESC, id DESC) WHERE kind = 'image';

ALTER TABLE renditions DROP CONSTRAINT renditions_kind;
ALTER TABLE renditions ADD CONSTRAINT renditions_kind CHECK (kind IN ('file', 'hls_master', 'hls_variant', 'poster', 'thumbnail',
    'storyboard', 'waveform', 'speech_audio', 'image'));

-- Of assets, people add and delete images; all others follow from videos, which are audited.
CREATE TRIGGER audit AFTER INSERT ON assets FOR EACH ROW
    WHEN (NEW.kind = 'image' AND current_setting('app.role', true) IS DISTINCT FROM 'service')
    EXECUTE FUNCTION record_audit('image', 'filename');
CREATE TRIGGER audit_deletion AFTER DELETE ON assets FOR EACH ROW
    WHEN (OLD.kind = 'image' AND current_setting('app.role', true) IS DISTINCT FROM 'service')
    EXECUTE FUNCTION record_audit('image', 'filename');

CREATE TABLE image_presets (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    name text NOT NULL CONSTRAINT image_presets_name CHECK (name ~ '^[a-z][a-z0-9-]{0,39}$'),
    -- In their one spelling; none of them names a preset.
    options text NOT NULL CONSTRAINT image_presets_options_length CHECK (char_length(options) BETWEEN 1 AND 256),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CONSTRAINT image_presets_name_key UNIQUE (organization_id, name)
);
CREATE TRIGGER image_presets_updated_at BEFORE UPDATE ON image_presets FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CALL protect_organization_table('image_presets');
CALL audit_table('image_presets', 'image_preset', 'name', 'options');
