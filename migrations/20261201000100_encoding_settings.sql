-- Which versions are made of the videos that come in. What is decided for a recording is kept with it, so that a change of these settings
-- touches nothing that is there.

CREATE TABLE encoding_settings (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    -- AV1 comes beside H.264, of which then only the smallest size is made.
    codec text NOT NULL DEFAULT 'h264' CONSTRAINT encoding_settings_codec CHECK (codec IN ('h264', 'av1')),
    -- The shorter sides of the pictures, lowest first, and the highest bit rate of each.
    heights integer[] NOT NULL DEFAULT '{360}' CONSTRAINT encoding_settings_heights CHECK (cardinality(heights) BETWEEN 1 AND 16),
    bit_rates bigint[] NOT NULL DEFAULT '{800000}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CONSTRAINT encoding_settings_organization_key UNIQUE (organization_id),
    CONSTRAINT encoding_settings_bit_rates CHECK (cardinality(bit_rates) = cardinality(heights))
);
CREATE TRIGGER encoding_settings_updated_at BEFORE UPDATE ON encoding_settings FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CALL protect_organization_table('encoding_settings');
CALL audit_table('encoding_settings', 'encoding_settings', 'codec', 'heights', 'bit_rates');
