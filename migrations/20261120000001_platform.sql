-- What every later migration builds on: the tenant setting, protection of tables, and the updated_at trigger.

CREATE FUNCTION update_updated_at_column() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END $$;

-- Row-level security for a table with organization_id: enabled, forced, one policy per verb for the serving role.
-- `condition` narrows further (a person's own rows, children of a visible parent); it may name the table's columns.
CREATE PROCEDURE protect_organization_table(target regclass, condition text DEFAULT 'true') LANGUAGE plpgsql AS $$
DECLARE
    mine text := format(
        'organization_id = (SELECT nullif(current_setting(''app.organization_id'', true), '''')::uuid) AND (%s)', condition);
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY app_select ON %s FOR SELECT TO memoreel_app USING (%s)', target, mine);
    EXECUTE format('CREATE POLICY app_insert ON %s FOR INSERT TO memoreel_app WITH CHECK (%s)', target, mine);
    EXECUTE format('CREATE POLICY app_update ON %s FOR UPDATE TO memoreel_app USING (%s) WITH CHECK (%s)', target, mine, mine);
    EXECUTE format('CREATE POLICY app_delete ON %s FOR DELETE TO memoreel_app USING (%s)', target, mine);
    EXECUTE format('CREATE POLICY owner_all ON %s TO memoreel_owner USING (true) WITH CHECK (true)', target);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO memoreel_app', target);
END $$;

-- What the system role may do across organizations, verb by verb ('select, insert, update, delete').
CREATE PROCEDURE admit_system(target regclass, verbs text) LANGUAGE plpgsql AS $$
DECLARE
    verb text;
BEGIN
    EXECUTE format('GRANT %s ON %s TO memoreel_system', verbs, target);
    FOREACH verb IN ARRAY regexp_split_to_array(verbs, '\s*,\s*') LOOP
        EXECUTE format('CREATE POLICY system_%s ON %s FOR %s TO memoreel_system %s', verb, target, verb,
            CASE verb WHEN 'insert' THEN 'WITH CHECK (true)'
                      WHEN 'update' THEN 'USING (true) WITH CHECK (true)'
                      ELSE 'USING (true)' END);
    END LOOP;
END $$;

-- Lets the search functions, which apply organization and visibility themselves, read a table.
CREATE PROCEDURE admit_search(target regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT SELECT ON %s TO memoreel_search', target);
    EXECUTE format('CREATE POLICY search_select ON %s FOR SELECT TO memoreel_search USING (true)', target);
END $$;
