-- A verified domain is looked at again: whose it was a year ago need not be whose it is.
ALTER TABLE organization_domains
    -- The record in the domain, or the word of whoever runs the server, which is not looked at again.
    ADD COLUMN verified_by text CONSTRAINT organization_domains_verified_by CHECK (verified_by IN ('record', 'operator')),
    ADD COLUMN checked_at timestamptz,
    -- Since when the record is missing, and how often it was.
    ADD COLUMN failing_since timestamptz,
    ADD COLUMN failed_checks integer NOT NULL DEFAULT 0;
-- Who verified them stands in the log: somebody with the record, or nobody but the operator.
UPDATE organization_domains d SET checked_at = d.verified_at, verified_by = CASE WHEN EXISTS (
        SELECT FROM audit_logs a WHERE a.organization_id = d.organization_id AND a.target_id = d.id AND a.target_kind = 'domain'
            AND a.actor_id IS NOT NULL AND a.details -> 'new' ? 'verified_at')
    THEN 'record' ELSE 'operator' END
WHERE d.verified_at IS NOT NULL;
ALTER TABLE organization_domains ADD CONSTRAINT organization_domains_verification
    CHECK ((verified_at IS NULL) = (verified_by IS NULL));
CREATE INDEX organization_domains_to_check ON organization_domains (checked_at) WHERE verified_by = 'record';

-- Nor may the serving role say that a domain was looked at.
CREATE OR REPLACE FUNCTION refuse_unproved_domain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'memoreel_app' AND (TG_OP = 'INSERT' AND NEW.verified_at IS NOT NULL
        OR TG_OP = 'UPDATE' AND (NEW.verified_at, NEW.domain, NEW.verified_by, NEW.checked_at, NEW.failing_since, NEW.failed_checks)
            IS DISTINCT FROM (OLD.verified_at, OLD.domain, OLD.verified_by, OLD.checked_at, OLD.failing_since, OLD.failed_checks)) THEN
        RAISE insufficient_privilege USING MESSAGE = 'a domain is verified by the system';
    END IF;
    RETURN NEW;
END $$;
