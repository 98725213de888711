-- People, their sessions and keys, and the organizations they belong to.

CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    email text NOT NULL CONSTRAINT users_email_length CHECK (char_length(email) BETWEEN 3 AND 254),
    name text CONSTRAINT users_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    avatar_url text,
    password_hash text,
    is_active boolean NOT NULL DEFAULT true,
    email_verified_at timestamptz,
    last_login_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email_key ON users (lower(email));
CREATE TRIGGER users_updated_at BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

CREATE TABLE organizations (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    name text NOT NULL CONSTRAINT organizations_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    slug text NOT NULL CONSTRAINT organizations_slug_key UNIQUE
        CONSTRAINT organizations_slug_form CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,49}$'),
    description text,
    status text NOT NULL DEFAULT 'active' CONSTRAINT organizations_status CHECK (status IN ('active', 'suspended', 'deleted')),
    personal_owner_id uuid CONSTRAINT organizations_personal_owner_key UNIQUE REFERENCES users ON DELETE SET NULL,
    storage_bucket text,
    storage_prefix text,
    region text,
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT organizations_storage_key UNIQUE (storage_bucket, storage_prefix)
);
CREATE TRIGGER organizations_updated_at BEFORE UPDATE ON organizations FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

CREATE TABLE memberships (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role text NOT NULL DEFAULT 'member' CONSTRAINT memberships_role CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CONSTRAINT memberships_user_key UNIQUE (organization_id, user_id)
);
CREATE INDEX memberships_user ON memberships (user_id);

CREATE TABLE sessions (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    token_hash bytea NOT NULL CONSTRAINT sessions_token_key UNIQUE,
    user_agent text,
    address text,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id, created_at);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE api_keys (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL CONSTRAINT api_keys_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    prefix text NOT NULL,
    token_hash bytea NOT NULL CONSTRAINT api_keys_token_key UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    expires_at timestamptz,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX api_keys_user ON api_keys (organization_id, user_id);

CREATE TABLE idempotency_keys (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    key text NOT NULL CONSTRAINT idempotency_keys_length CHECK (char_length(key) BETWEEN 1 AND 255),
    request_hash bytea NOT NULL,
    response_status integer,
    response_body bytea,
    response_content_type text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, user_id, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- A user sees themselves and the people they share the current organization with.
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY app_select ON users FOR SELECT TO memoreel_app USING (
    id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
    OR EXISTS (SELECT FROM memberships m WHERE m.user_id = users.id
        AND m.organization_id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid)));
CREATE POLICY app_update ON users FOR UPDATE TO memoreel_app
    USING (id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid))
    WITH CHECK (id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY owner_all ON users TO memoreel_owner USING (true) WITH CHECK (true);
-- The password hash is never readable by the serving role.
GRANT SELECT (id, email, name, avatar_url, is_active, email_verified_at, last_login_at, created_at, updated_at),
    UPDATE (name, avatar_url) ON users TO memoreel_app;
CALL admit_system('users', 'select, insert, update');

ALTER TABLE organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE organizations FORCE ROW LEVEL SECURITY;
CREATE POLICY app_select ON organizations FOR SELECT TO memoreel_app
    USING (id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid));
CREATE POLICY app_update ON organizations FOR UPDATE TO memoreel_app
    USING (id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid))
    WITH CHECK (id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid));
CREATE POLICY owner_all ON organizations TO memoreel_owner USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE (name, description, settings) ON organizations TO memoreel_app;
CALL admit_system('organizations', 'select, insert, update');

ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY app_select ON sessions FOR SELECT TO memoreel_app
    USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY app_delete ON sessions FOR DELETE TO memoreel_app
    USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY owner_all ON sessions TO memoreel_owner USING (true) WITH CHECK (true);
GRANT SELECT (id, user_id, user_agent, address, created_at, last_seen_at, expires_at), DELETE ON sessions TO memoreel_app;
CALL admit_system('sessions', 'select, insert, update, delete');

CALL protect_organization_table('memberships');
CALL admit_system('memberships', 'select, insert');
CALL protect_organization_table('api_keys', 'user_id = (SELECT nullif(current_setting(''app.user_id'', true), '''')::uuid)');
CALL admit_system('api_keys', 'select, update');
CALL protect_organization_table('idempotency_keys', 'user_id = (SELECT nullif(current_setting(''app.user_id'', true), '''')::uuid)');
CALL admit_system('idempotency_keys', 'select, delete');
