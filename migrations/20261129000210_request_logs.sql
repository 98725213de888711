-- Every request that was answered: for traffic, slow routes and bandwidth. Days are partitions, so that what is old goes at once.

CREATE TABLE request_logs (
    -- Absent where nobody was signed in and nothing of an organization was sent. No references: a check of each row would cost more than
    -- the row. Who writes keeps both from going meanwhile, and what goes takes its rows along, below.
    organization_id uuid,
    id uuid NOT NULL DEFAULT uuidv7(),
    created_at timestamptz NOT NULL DEFAULT now(),
    user_id uuid,
    request_id text,
    method text NOT NULL,
    -- As the router knows it, with its placeholders.
    route text NOT NULL,
    -- As it was asked for, without its query; the route again where it holds what opens something, or who somebody is.
    path text NOT NULL,
    status_code integer NOT NULL,
    -- Until the answer began.
    duration_ms real NOT NULL DEFAULT 0,
    -- Of bodies, as they went over the wire.
    bytes_in bigint NOT NULL DEFAULT 0,
    bytes_out bigint NOT NULL DEFAULT 0,
    -- A network of 24 or 48 bits, unless the server is told otherwise.
    address inet,
    user_agent text,
    PRIMARY KEY (created_at, id)
) PARTITION BY RANGE (created_at);
CREATE INDEX request_logs_organization ON request_logs (organization_id, created_at);
CREATE INDEX request_logs_path ON request_logs (path, created_at);
CREATE INDEX request_logs_status_code ON request_logs (status_code, created_at);
ALTER TABLE request_logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE request_logs FORCE ROW LEVEL SECURITY;
CREATE POLICY app_select ON request_logs FOR SELECT TO memoreel_app
    USING (organization_id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid)
        AND (SELECT current_setting('app.role', true)) IN ('owner', 'admin'));
CREATE POLICY owner_all ON request_logs TO memoreel_owner USING (true) WITH CHECK (true);
GRANT SELECT ON request_logs TO memoreel_app;
CALL admit_system('request_logs', 'insert');

-- For what comes on a day that has no partition. Nobody may touch a partition but through the table.
CREATE TABLE request_logs_default PARTITION OF request_logs DEFAULT;
ALTER TABLE request_logs_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE request_logs_default FORCE ROW LEVEL SECURITY;

-- Makes the partitions of the days from the one of `p_now` on, `p_ahead` of them, and drops those of more than `p_kept` days before it;
-- none of which is kept when that is 0. Returns how many were dropped. One process at a time.
CREATE FUNCTION keep_request_logs(p_now timestamptz, p_ahead integer, p_kept integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
    v_today date := (p_now AT TIME ZONE 'UTC')::date;
    v_oldest date := v_today - p_kept;
    v_day date;
    v_from timestamptz;
    v_to timestamptz;
    v_name text;
    v_dropped integer := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('keep_request_logs', 0)) THEN
        RETURN 0;
    END IF;
    FOR v_name IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'request_logs'::regclass AND c.relname ~ '^request_logs_[0-9]{8}$'
            AND (p_kept = 0 OR to_date(right(c.relname, 8), 'YYYYMMDD') < v_oldest)
    LOOP
        EXECUTE format('DROP TABLE %I', v_name);
        v_dropped := v_dropped + 1;
    END LOOP;
    DELETE FROM request_logs WHERE p_kept = 0 OR created_at < (v_oldest::timestamp AT TIME ZONE 'UTC');
    IF p_kept = 0 THEN
        RETURN v_dropped;
    END IF;
    FOR v_day IN SELECT v_today + step FROM generate_series(0, p_ahead) AS step LOOP
        v_name := 'request_logs_' || to_char(v_day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(v_name) IS NOT NULL;
        v_from := v_day::timestamp AT TIME ZONE 'UTC';
        v_to := (v_day + 1)::timestamp AT TIME ZONE 'UTC';
        -- What came before its partition moves into it, and nothing comes meanwhile.
        LOCK TABLE request_logs_default IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('CREATE TABLE %I (LIKE request_logs INCLUDING DEFAULTS)', v_name);
        EXECUTE format('WITH moved AS (DELETE FROM request_logs WHERE created_at >= %L AND created_at < %L RETURNING *)
            INSERT INTO %I SELECT * FROM moved', v_from, v_to, v_name);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', v_name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', v_name);
        EXECUTE format('ALTER TABLE request_logs ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', v_name, v_from, v_to);
    END LOOP;
    RETURN v_dropped;
END $$;
REVOKE ALL ON FUNCTION keep_request_logs FROM public;
GRANT EXECUTE ON FUNCTION keep_request_logs TO memoreel_system;

-- What an organization or a person leaves behind goes with them.
CREATE FUNCTION forget_request_logs() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'organizations' THEN
        DELETE FROM request_logs WHERE organization_id = OLD.id;
    ELSE
        DELETE FROM request_logs WHERE user_id = OLD.id;
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION forget_request_logs FROM public;
CREATE TRIGGER request_logs AFTER DELETE ON organizations FOR EACH ROW EXECUTE FUNCTION forget_request_logs();
CREATE TRIGGER request_logs AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION forget_request_logs();
