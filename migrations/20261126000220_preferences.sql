-- What people choose for themselves and agreed to, each their own; and keys that do less than their makers.
CREATE TABLE user_preferences (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    time_zone text CONSTRAINT user_preferences_time_zone_length CHECK (char_length(time_zone) BETWEEN 1 AND 64),
    locale text CONSTRAINT user_preferences_locale_length CHECK (char_length(locale) BETWEEN 2 AND 35),
    theme text NOT NULL DEFAULT 'system' CONSTRAINT user_preferences_theme CHECK (theme IN ('system', 'light', 'dark')),
    in_app_notifications boolean NOT NULL DEFAULT true,
    email_notifications text NOT NULL DEFAULT 'instant'
        CONSTRAINT user_preferences_email_notifications CHECK (email_notifications IN ('off', 'instant', 'daily', 'weekly')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER user_preferences_updated_at BEFORE UPDATE ON user_preferences
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

CREATE TABLE user_extensions (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    tos_accepted_at timestamptz,
    marketing_consent boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER user_extensions_updated_at BEFORE UPDATE ON user_extensions
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

ALTER TABLE user_preferences ENABLE ROW LEVEL SECURITY;
ALTER TABLE user_preferences FORCE ROW LEVEL SECURITY;
CREATE POLICY app_select ON user_preferences FOR SELECT TO memoreel_app
    USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY app_insert ON user_preferences FOR INSERT TO memoreel_app
    WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY app_update ON user_preferences FOR UPDATE TO memoreel_app
    USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid))
    WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY owner_all ON user_preferences TO memoreel_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON user_preferences TO memoreel_app;

ALTER TABLE user_extensions ENABLE ROW LEVEL SECURITY;
ALTER TABLE user_extensions FORCE ROW LEVEL SECURITY;
CREATE POLICY app_select ON user_extensions FOR SELECT TO memoreel_app
    USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY app_insert ON user_extensions FOR INSERT TO memoreel_app
    WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY app_update ON user_extensions FOR UPDATE TO memoreel_app
    USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid))
    WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY owner_all ON user_extensions TO memoreel_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON user_extensions TO memoreel_app;

-- What the key may do at most; absent, whatever its maker may do.
ALTER TABLE api_keys ADD COLUMN role text
    CONSTRAINT api_keys_role CHECK (role IN ('owner', 'admin', 'member', 'viewer'));
