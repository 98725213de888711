-- What owners take along of an organization: each row becomes a zip in the blob store, which its task writes and which is kept for a week.
-- It is the organization's: whoever asked for it, all owners may fetch it.
CREATE TABLE organization_exports (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    requested_by uuid REFERENCES users ON DELETE SET NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    size_bytes bigint,
    -- Until then it can be fetched; afterwards, or once it was deleted, its zip goes first and then the row.
    expires_at timestamptz,
    deleted_at timestamptz,
    PRIMARY KEY (organization_id, id),
    CONSTRAINT organization_exports_finished
        CHECK ((finished_at IS NULL) = (size_bytes IS NULL) AND (finished_at IS NULL) = (expires_at IS NULL))
);
CREATE INDEX organization_exports_newest ON organization_exports (organization_id, requested_at DESC, id DESC);
CREATE INDEX organization_exports_over ON organization_exports (expires_at);
CREATE INDEX organization_exports_requested_by ON organization_exports (requested_by);
CALL protect_organization_table('organization_exports');
CALL admit_system('organization_exports', 'select, delete');
CALL audit_table('organization_exports', 'organization_export', 'requested_by', 'deleted_at');

-- The organizations in whose exports a person may be named: where a row refers to them, an invitation went to them, or the log knows them.
CREATE FUNCTION organizations_naming(p_user_id uuid) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_reference record;
BEGIN
    FOR v_reference IN
        SELECT k.conrelid::regclass::text AS name, a.attname AS of_column
        FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
        WHERE k.contype = 'f' AND k.confrelid = 'users'::regclass AND cardinality(k.conkey) = 1 AND EXISTS (SELECT FROM pg_attribute o
            WHERE o.attrelid = k.conrelid AND o.attname = 'organization_id' AND NOT o.attisdropped)
    LOOP
        RETURN QUERY EXECUTE format('SELECT DISTINCT organization_id FROM %s WHERE %I = $1', v_reference.name, v_reference.of_column)
            USING p_user_id;
    END LOOP;
    RETURN QUERY SELECT i.organization_id FROM organization_invitations i
        WHERE lower(i.email) IN (SELECT address FROM addresses_of(p_user_id) AS address);
    RETURN QUERY SELECT DISTINCT a.organization_id FROM audit_logs a WHERE a.actor_id = p_user_id OR a.target_id = p_user_id;
END $$;
REVOKE ALL ON FUNCTION organizations_naming FROM public;
GRANT EXECUTE ON FUNCTION organizations_naming TO memoreel_system;

-- Removes every export of an organization in which a person may be named whose account is closed and whose time is over; each can be
-- made again. Their own organization goes as a whole. Returns which went, as pairs of organization and export.
CREATE FUNCTION erase_exports_naming(p_user_id uuid, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_organizations uuid[];
    v_gone jsonb;
BEGIN
    PERFORM FROM users WHERE id = p_user_id AND erased_after <= p_now FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '[]';
    END IF;
    PERFORM set_config('app.role', 'service', true);
    SELECT array_agg(DISTINCT named.id) INTO v_organizations FROM organizations_naming(p_user_id) AS named(id)
        WHERE NOT EXISTS (SELECT FROM organizations o WHERE o.id = named.id AND o.personal_owner_id = p_user_id);
    DELETE FROM tasks t USING organization_exports e
        WHERE e.organization_id = ANY(v_organizations) AND t.organization_id = e.organization_id AND t.subject_id = e.id;
    WITH gone AS (DELETE FROM organization_exports WHERE organization_id = ANY(v_organizations) RETURNING organization_id, id)
    SELECT coalesce(jsonb_agg(jsonb_build_array(organization_id, id)), '[]') INTO v_gone FROM gone;
    PERFORM set_config('app.role', '', true);
    RETURN v_gone;
END $$;
REVOKE ALL ON FUNCTION erase_exports_naming FROM public;
GRANT EXECUTE ON FUNCTION erase_exports_naming TO memoreel_system;
