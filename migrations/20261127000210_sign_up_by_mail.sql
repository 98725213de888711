-- Where a mail server is configured, signing up opens no session: the mailed link does, so that an address that is taken can be answered
-- like one that is not.

-- Made by such a sign-up: nobody signs in before the address is confirmed, or signing in would tell what signing up does not.
ALTER TABLE users ADD COLUMN confirm_first boolean NOT NULL DEFAULT false;

-- Tells the owner of an address that somebody tried to sign up with it.
ALTER TABLE email_tokens DROP CONSTRAINT email_tokens_purpose;
ALTER TABLE email_tokens ADD CONSTRAINT email_tokens_purpose CHECK (purpose IN ('confirm', 'reset', 'change', 'taken'));
