-- What people agreed to and withdrew: which document, in which version, when and from where. Nothing here is changed: an agreement
-- that ends is another row. `user_extensions` keeps how things stand, written in the same transaction.
CREATE TABLE consents (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    document text NOT NULL CONSTRAINT consents_document CHECK (document IN ('terms', 'privacy', 'marketing')),
    version text NOT NULL CONSTRAINT consents_version_length CHECK (char_length(version) BETWEEN 1 AND 50),
    is_given boolean NOT NULL,
    address text,
    user_agent text,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, id)
);
CREATE INDEX consents_newest ON consents (user_id, document, recorded_at DESC, id DESC);

ALTER TABLE consents ENABLE ROW LEVEL SECURITY;
ALTER TABLE consents FORCE ROW LEVEL SECURITY;
CREATE POLICY app_select ON consents FOR SELECT TO memoreel_app
    USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY app_insert ON consents FOR INSERT TO memoreel_app
    WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY owner_all ON consents TO memoreel_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON consents TO memoreel_app;

-- What was agreed to before versions were kept.
INSERT INTO consents (user_id, document, version, is_given, recorded_at)
SELECT user_id, 'terms', 'unrecorded', true, tos_accepted_at FROM user_extensions WHERE tos_accepted_at IS NOT NULL
UNION ALL
SELECT user_id, 'marketing', 'unrecorded', true, updated_at FROM user_extensions WHERE marketing_consent;
