-- Invitations are in the audit log; of a token only that there is another.
CALL audit_table('organization_invitations', 'invitation', 'email', 'role', 'status', 'invited_by', 'accepted_by', 'expires_at',
    '!token_hash');
