-- Signing in through OpenID Connect providers, and the domains of organizations.

-- What providers know people as. A person sees their own; only the system links and unlinks.
CREATE TABLE user_identities (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    provider text NOT NULL CONSTRAINT user_identities_provider_length CHECK (char_length(provider) BETWEEN 1 AND 50),
    subject text NOT NULL CONSTRAINT user_identities_subject_length CHECK (char_length(subject) BETWEEN 1 AND 255),
    -- What the provider said last, for people to tell one from another; nothing goes by it.
    email text,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    CONSTRAINT user_identities_subject_key UNIQUE (provider, subject)
);
CREATE INDEX user_identities_user ON user_identities (user_id);
ALTER TABLE user_identities ENABLE ROW LEVEL SECURITY;
ALTER TABLE user_identities FORCE ROW LEVEL SECURITY;
CREATE POLICY app_select ON user_identities FOR SELECT TO memoreel_app
    USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY owner_all ON user_identities TO memoreel_owner USING (true) WITH CHECK (true);
GRANT SELECT ON user_identities TO memoreel_app;
CALL admit_system('user_identities', 'select, insert, update, delete');
CALL audit_table('user_identities', 'identity', 'provider', 'subject', 'email');

-- Somebody is on their way to a provider and back, or has yet to give a code. What is sent along is derived from the browser's
-- cookie and the instance's secret, so the row holds nothing to guess or steal.
CREATE TABLE provider_sign_ins (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    browser_hash bytea NOT NULL CONSTRAINT provider_sign_ins_browser_key UNIQUE
        CONSTRAINT provider_sign_ins_browser_length CHECK (octet_length(browser_hash) = 32),
    -- Absent once they are back.
    state_hash bytea CONSTRAINT provider_sign_ins_state_length CHECK (octet_length(state_hash) = 32),
    provider text NOT NULL,
    return_to text NOT NULL,
    -- Who is signed in and links an identity.
    linking_user_id uuid REFERENCES users ON DELETE CASCADE,
    -- Whom the provider vouched for, and who has yet to give a code.
    verified_user_id uuid REFERENCES users ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT provider_sign_ins_stage CHECK ((state_hash IS NULL) = (verified_user_id IS NOT NULL))
);
CREATE INDEX provider_sign_ins_expiry ON provider_sign_ins (expires_at);
CREATE INDEX provider_sign_ins_linking_user ON provider_sign_ins (linking_user_id);
CREATE INDEX provider_sign_ins_verified_user ON provider_sign_ins (verified_user_id);
ALTER TABLE provider_sign_ins ENABLE ROW LEVEL SECURITY;
ALTER TABLE provider_sign_ins FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON provider_sign_ins TO memoreel_owner USING (true) WITH CHECK (true);
CALL admit_system('provider_sign_ins', 'select, insert, update, delete');

CREATE TABLE organization_domains (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    -- In lower-case ASCII, as name servers know it.
    domain text NOT NULL CONSTRAINT organization_domains_domain_form CHECK (domain ~ '^[a-z0-9.-]{4,253}$'),
    -- Stands in a public record; it tells whose claim the record confirms.
    verification_token text NOT NULL,
    verified_at timestamptz,
    join_role text NOT NULL DEFAULT 'none'
        CONSTRAINT organization_domains_join_role CHECK (join_role IN ('none', 'viewer', 'member')),
    required_provider text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CONSTRAINT organization_domains_domain_key UNIQUE (organization_id, domain)
);
CREATE UNIQUE INDEX organization_domains_verified_key ON organization_domains (domain) WHERE verified_at IS NOT NULL;
CREATE TRIGGER organization_domains_updated_at BEFORE UPDATE ON organization_domains
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CALL protect_organization_table('organization_domains');
CALL admit_system('organization_domains', 'select, insert, update');

-- Whose a domain is decides who signs in where: the serving role can claim one and not verify it, nor exchange a verified one.
CREATE FUNCTION refuse_unproved_domain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'memoreel_app' AND (TG_OP = 'INSERT' AND NEW.verified_at IS NOT NULL
        OR TG_OP = 'UPDATE' AND (NEW.verified_at, NEW.domain) IS DISTINCT FROM (OLD.verified_at, OLD.domain)) THEN
        RAISE insufficient_privilege USING MESSAGE = 'a domain is verified by the system';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER organization_domains_proved BEFORE INSERT OR UPDATE ON organization_domains
    FOR EACH ROW EXECUTE FUNCTION refuse_unproved_domain();
CALL audit_table('organization_domains', 'domain', 'domain', 'verified_at', 'join_role', 'required_provider');
