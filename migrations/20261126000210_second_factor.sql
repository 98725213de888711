-- The second thing asked for at sign-in, and how often the first may be tried. The serving role has no access to either.
CREATE TABLE user_totp (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    -- Sealed with a key derived from the instance's secret.
    secret bytea NOT NULL,
    confirmed_at timestamptz,
    -- Of the latest code that was used: none is accepted twice.
    last_step bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE user_recovery_codes (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    code_hash bytea NOT NULL CONSTRAINT user_recovery_codes_hash_length CHECK (octet_length(code_hash) = 32),
    used_at timestamptz,
    PRIMARY KEY (user_id, code_hash)
);
CREATE TABLE sign_in_attempts (
    -- A code of the account, or of an address without one, that tells nobody whose it is.
    account_key bytea PRIMARY KEY CONSTRAINT sign_in_attempts_key_length CHECK (octet_length(account_key) = 32),
    attempts integer NOT NULL CONSTRAINT sign_in_attempts_attempts CHECK (attempts > 0),
    attempted_at timestamptz NOT NULL,
    -- When the next attempt may be made.
    free_at timestamptz NOT NULL
);
CREATE INDEX sign_in_attempts_age ON sign_in_attempts (attempted_at);

ALTER TABLE user_totp ENABLE ROW LEVEL SECURITY;
ALTER TABLE user_totp FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON user_totp TO memoreel_owner USING (true) WITH CHECK (true);
CALL admit_system('user_totp', 'select, insert, update, delete');
ALTER TABLE user_recovery_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE user_recovery_codes FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON user_recovery_codes TO memoreel_owner USING (true) WITH CHECK (true);
CALL admit_system('user_recovery_codes', 'select, insert, update, delete');
ALTER TABLE sign_in_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE sign_in_attempts FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON sign_in_attempts TO memoreel_owner USING (true) WITH CHECK (true);
CALL admit_system('sign_in_attempts', 'select, insert, update, delete');
