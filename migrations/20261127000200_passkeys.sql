-- Passkeys people sign in with, and the ceremonies in which they are made and used. The serving role has no access to either: which
-- passkeys somebody has is nobody else's to know, and whoever could write here could sign in as anybody.
CREATE TABLE user_passkeys (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    -- What the authenticator calls it.
    credential_id bytea NOT NULL CONSTRAINT user_passkeys_credential_id_length CHECK (octet_length(credential_id) BETWEEN 1 AND 4096),
    -- Its public key, counter and flags, as the library that verifies them keeps them.
    credential jsonb NOT NULL,
    name text NOT NULL CONSTRAINT user_passkeys_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    backed_up boolean NOT NULL,
    last_used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- No two accounts have the same: it would be a sign of somebody who replays what another person's device said.
    CONSTRAINT user_passkeys_credential_key UNIQUE (credential_id)
);
CREATE INDEX user_passkeys_user ON user_passkeys (user_id, created_at);
ALTER TABLE user_passkeys ENABLE ROW LEVEL SECURITY;
ALTER TABLE user_passkeys FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON user_passkeys TO memoreel_owner USING (true) WITH CHECK (true);
CALL admit_system('user_passkeys', 'select, insert, update, delete');
CALL audit_table('user_passkeys', 'passkey', 'name');

-- A challenge that waits for its answer. The browser holds a random token, of which only the hash lies here; the row is deleted when
-- an answer comes, so that no challenge is answered twice.
CREATE TABLE passkey_ceremonies (
    token_hash bytea PRIMARY KEY CONSTRAINT passkey_ceremonies_token_length CHECK (octet_length(token_hash) = 32),
    purpose text NOT NULL CONSTRAINT passkey_ceremonies_purpose CHECK (purpose IN ('register', 'sign_in')),
    -- Whose passkey it is to be; nobody is known yet at sign-in.
    user_id uuid REFERENCES users ON DELETE CASCADE,
    state jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT passkey_ceremonies_user CHECK ((purpose = 'register') = (user_id IS NOT NULL))
);
CREATE INDEX passkey_ceremonies_expiry ON passkey_ceremonies (expires_at);
CREATE INDEX passkey_ceremonies_user_id ON passkey_ceremonies (user_id);
ALTER TABLE passkey_ceremonies ENABLE ROW LEVEL SECURITY;
ALTER TABLE passkey_ceremonies FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON passkey_ceremonies TO memoreel_owner USING (true) WITH CHECK (true);
CALL admit_system('passkey_ceremonies', 'select, insert, delete');
