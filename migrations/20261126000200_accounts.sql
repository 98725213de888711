-- Links that are mailed to people. What makes a link valid is derived from the instance's secret and the row's id, so the
-- row holds nothing to guess or steal. The serving role has no access: whoever presents a link may be nobody yet.
CREATE TABLE email_tokens (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    purpose text NOT NULL CONSTRAINT email_tokens_purpose CHECK (purpose IN ('confirm', 'reset', 'change')),
    -- The address the link is mailed to, and with a change the address to be.
    email text NOT NULL CONSTRAINT email_tokens_email_length CHECK (char_length(email) BETWEEN 3 AND 254),
    new_email text CONSTRAINT email_tokens_new_email_length CHECK (char_length(new_email) BETWEEN 3 AND 254),
    used_at timestamptz,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT email_tokens_change CHECK ((purpose = 'change') = (new_email IS NOT NULL))
);
CREATE INDEX email_tokens_user ON email_tokens (user_id, purpose, created_at);
CREATE INDEX email_tokens_expiry ON email_tokens (expires_at);
ALTER TABLE email_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE email_tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON email_tokens TO memoreel_owner USING (true) WITH CHECK (true);
CALL admit_system('email_tokens', 'select, insert, update, delete');

-- What is done while nobody is signed in enqueues its mails, too.
CALL admit_system('tasks', 'insert');
