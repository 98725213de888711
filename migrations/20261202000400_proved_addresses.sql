-- What an erasure takes along elsewhere, because it is about an address, is about somebody else where the address never was the
-- person's own: whoever signs up may name any.

CREATE FUNCTION proved_addresses_of(p_user_id uuid) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT lower(address) FROM (
        SELECT email AS address FROM users WHERE id = p_user_id AND email_verified_at IS NOT NULL
        -- They held the link that was mailed to it.
        UNION ALL SELECT email FROM organization_invitations WHERE accepted_by = p_user_id
        -- A change is confirmed at both addresses.
        UNION ALL SELECT a.details #>> ARRAY[side, 'email'] FROM audit_logs a
            JOIN organizations o ON o.id = a.organization_id AND o.personal_owner_id = p_user_id
            CROSS JOIN unnest(ARRAY['old', 'new']) AS side
            WHERE a.target_kind = 'user' AND a.target_id = p_user_id AND a.details #>> '{old,email}' IS NOT NULL
    ) AS known WHERE address IS NOT NULL
$$;
REVOKE ALL ON FUNCTION proved_addresses_of FROM public;

DO $$
DECLARE
    v_function regproc;
    v_definition text;
BEGIN
    FOREACH v_function IN ARRAY ARRAY['erase_person', 'organizations_naming']::regproc[] LOOP
        v_definition := pg_get_functiondef(v_function);
        IF position(' addresses_of(p_user_id)' IN v_definition) = 0 THEN
            RAISE EXCEPTION '% asks for no addresses', v_function;
        END IF;
        EXECUTE replace(v_definition, ' addresses_of(p_user_id)', ' proved_addresses_of(p_user_id)');
    END LOOP;
END $$;

-- The log says what a key may do.
DROP TRIGGER audit ON api_keys;
CALL audit_table('api_keys', 'api_key', 'user_id', 'name', 'prefix', 'role', 'expires_at');
