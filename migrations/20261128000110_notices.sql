-- Mails that tell people what happened to their account or a domain of theirs. Like the one about an address that is taken, they
-- are rows here, so that they leave if and only if it happened; their links open nothing.
ALTER TABLE email_tokens DROP CONSTRAINT email_tokens_purpose;
ALTER TABLE email_tokens ADD CONSTRAINT email_tokens_purpose CHECK (purpose IN ('confirm', 'reset', 'change', 'taken',
    'passkey_added', 'passkey_removed', 'totp_enabled', 'totp_disabled', 'recovery_codes_renewed', 'identity_linked',
    'identity_unlinked', 'password_changed', 'domain_failing', 'domain_lost'));
-- What it happened to: the name of a passkey, of a provider, a domain.
ALTER TABLE email_tokens ADD COLUMN about text CONSTRAINT email_tokens_about_length CHECK (char_length(about) BETWEEN 1 AND 300);
