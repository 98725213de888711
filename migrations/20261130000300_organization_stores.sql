-- Where the files of an organization lie, where that is not the store of the whole installation, and its move from one store to another.

-- Of those organizations alone that were moved. `store` is a name in the configuration of the server, which holds how to get in;
-- bucket, region and prefix, where they differ from that store's own, stand with the organization.
CREATE TABLE organization_stores (
    -- The organization's.
    id uuid PRIMARY KEY REFERENCES organizations (id) ON DELETE CASCADE,
    -- Where its files are read from and, unless they wait, written to.
    store text NOT NULL,
    -- Where they are copied to, or where they were copied from and are removed now.
    other_store text,
    other_bucket text,
    other_region text,
    other_prefix text,
    -- settled: in `store` alone. copying: every process notes what changes. held: writing waits, for the last of it to be copied.
    -- switched: `store` is the new one, and writing waits until everybody reads from there. clearing: the other one is emptied.
    state text NOT NULL DEFAULT 'settled'
        CONSTRAINT organization_stores_state CHECK (state IN ('settled', 'copying', 'held', 'switched', 'clearing')),
    -- Of all changes of this table, in the order in which they were committed: processes tell up to which one they know.
    generation bigint NOT NULL,
    began_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT organization_stores_other CHECK ((state = 'settled') = (other_store IS NULL))
);
ALTER TABLE organization_stores ENABLE ROW LEVEL SECURITY;
ALTER TABLE organization_stores FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON organization_stores TO memoreel_owner USING (true) WITH CHECK (true);
CALL admit_system('organization_stores', 'select, insert, update');

CREATE SEQUENCE store_generations;
GRANT USAGE ON SEQUENCE store_generations TO memoreel_system;

-- The processes that read and write files. One that was not seen for a while does not write any more until it was seen again.
CREATE TABLE store_processes (
    id uuid PRIMARY KEY,
    seen_at timestamptz NOT NULL DEFAULT now(),
    -- Up to which change of organization_stores it knows.
    generation bigint NOT NULL DEFAULT 0,
    -- Files that it wrote or deleted in organizations that are being copied: {"organization_id", "key", "is_folder"}.
    changes jsonb NOT NULL DEFAULT '[]' CONSTRAINT store_processes_changes_are_list CHECK (jsonb_typeof(changes) = 'array'),
    -- Organizations of which it is still writing something to a store that is not theirs any more; it takes that along itself.
    lagging uuid[] NOT NULL DEFAULT '{}',
    -- When it ended in good order, with everything told.
    ended_at timestamptz
);
ALTER TABLE store_processes ENABLE ROW LEVEL SECURITY;
ALTER TABLE store_processes FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON store_processes TO memoreel_owner USING (true) WITH CHECK (true);
CALL admit_system('store_processes', 'select, insert, update, delete');

-- Changes the place of an organization's files, one at a time, so that numbers are in the order of commits. Returns the number.
CREATE FUNCTION next_store_generation() RETURNS bigint LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('store_generations', 0));
    PERFORM pg_notify('memoreel_stores', '');
    RETURN nextval('store_generations');
END $$;
REVOKE ALL ON FUNCTION next_store_generation FROM public;
GRANT EXECUTE ON FUNCTION next_store_generation TO memoreel_system;
