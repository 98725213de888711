-- Organizations that are made, deleted and restored by their owners, and invitations into them.

-- A deleted organization can be restored until then, and is erased afterwards.
ALTER TABLE organizations ADD COLUMN erased_after timestamptz;
UPDATE organizations SET erased_after = now() + interval '30 days' WHERE status = 'deleted';
ALTER TABLE organizations
    ADD CONSTRAINT organizations_erased_when_deleted CHECK ((status = 'deleted') = (erased_after IS NOT NULL)),
    ADD CONSTRAINT organizations_description_length CHECK (char_length(description) <= 5000);
CREATE INDEX organizations_erasure ON organizations (erased_after) WHERE status = 'deleted';
GRANT UPDATE (slug, status, erased_after) ON organizations TO memoreel_app;
-- What is not deleted cannot be erased, whatever the server asks for.
GRANT DELETE ON organizations TO memoreel_system;
CREATE POLICY system_delete ON organizations FOR DELETE TO memoreel_system USING (status = 'deleted');

-- Accepting an invitation may raise a role.
CALL admit_system('memberships', 'update');

-- Whoever leaves an organization leaves their keys to it behind, in the same transaction and without anybody else seeing them.
DELETE FROM api_keys k WHERE NOT EXISTS (
    SELECT FROM memberships m WHERE m.organization_id = k.organization_id AND m.user_id = k.user_id);
ALTER TABLE api_keys ADD CONSTRAINT api_keys_membership
    FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE;

CREATE TABLE organization_invitations (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    email text NOT NULL CONSTRAINT organization_invitations_email_length CHECK (char_length(email) BETWEEN 3 AND 254),
    role text NOT NULL CONSTRAINT organization_invitations_role CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    status text NOT NULL DEFAULT 'pending'
        CONSTRAINT organization_invitations_status CHECK (status IN ('pending', 'accepted', 'declined', 'expired', 'revoked')),
    token_hash bytea NOT NULL CONSTRAINT organization_invitations_token_key UNIQUE,
    invited_by uuid REFERENCES users ON DELETE SET NULL,
    accepted_by uuid REFERENCES users ON DELETE SET NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX organization_invitations_pending_key ON organization_invitations (organization_id, lower(email))
    WHERE status = 'pending';
CREATE INDEX organization_invitations_newest ON organization_invitations (organization_id, created_at DESC, id DESC);
CREATE INDEX organization_invitations_expiry ON organization_invitations (expires_at) WHERE status = 'pending';
CREATE INDEX organization_invitations_invited_by ON organization_invitations (invited_by);
CREATE INDEX organization_invitations_accepted_by ON organization_invitations (accepted_by);
CREATE TRIGGER organization_invitations_updated_at BEFORE UPDATE ON organization_invitations
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CALL protect_organization_table('organization_invitations');
-- Whoever holds a token may be nobody's member yet.
CALL admit_system('organization_invitations', 'select, update');
-- The serving role finds no invitation by its token.
REVOKE SELECT ON organization_invitations FROM memoreel_app;
GRANT SELECT (organization_id, id, email, role, status, invited_by, accepted_by, expires_at, created_at, updated_at)
    ON organization_invitations TO memoreel_app;

-- Marks what was not answered in time; returns how many.
CREATE FUNCTION cleanup_expired_invitations(p_now timestamptz DEFAULT now()) RETURNS bigint LANGUAGE sql AS $$
    WITH expired AS (
        UPDATE organization_invitations SET status = 'expired' WHERE status = 'pending' AND expires_at <= p_now RETURNING id)
    SELECT count(*) FROM expired
$$;
