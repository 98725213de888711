-- Background tasks and the outbox of what happened.

CREATE TABLE tasks (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    kind text NOT NULL,
    -- What the task works on; tasks of one subject are shown, retried and settled together.
    subject_id uuid NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    status text NOT NULL DEFAULT 'pending'
        CONSTRAINT tasks_status CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    priority integer NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    attempts_max integer NOT NULL DEFAULT 4 CONSTRAINT tasks_attempts_max CHECK (attempts_max BETWEEN 1 AND 100),
    scheduled_for timestamptz NOT NULL DEFAULT now(),
    -- The lease proves that the worker holding it may still write; it is renewed by heartbeat.
    lease uuid,
    leased_until timestamptz,
    worker text,
    progress real NOT NULL DEFAULT 0 CONSTRAINT tasks_progress CHECK (progress BETWEEN 0 AND 1),
    cancel_requested boolean NOT NULL DEFAULT false,
    error_code text,
    error_message text,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (organization_id, id),
    CONSTRAINT tasks_lease_when_running CHECK ((status = 'running') = (lease IS NOT NULL AND leased_until IS NOT NULL))
);
CREATE INDEX tasks_claim ON tasks (kind, priority DESC, scheduled_for, id) WHERE status = 'pending';
CREATE INDEX tasks_leases ON tasks (leased_until) WHERE status = 'running';
CREATE INDEX tasks_schedule ON tasks (status, scheduled_for);
CREATE INDEX tasks_subject ON tasks (organization_id, subject_id, created_at);
-- One waiting task per step and subject: asking twice adds nothing, asking while one runs lets one more follow.
CREATE UNIQUE INDEX tasks_waiting_key ON tasks (organization_id, subject_id, kind) WHERE status = 'pending';
CREATE INDEX tasks_running ON tasks (organization_id, subject_id, kind) WHERE status = 'running';
CALL protect_organization_table('tasks');
CALL admit_system('tasks', 'select, update');

CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    kind text NOT NULL,
    aggregate_id uuid NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_organization ON outbox (organization_id, seq);
ALTER TABLE outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE outbox FORCE ROW LEVEL SECURITY;
-- The serving role writes what happened and never reads it back.
CREATE POLICY app_insert ON outbox FOR INSERT TO memoreel_app
    WITH CHECK (organization_id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid));
CREATE POLICY owner_all ON outbox TO memoreel_owner USING (true) WITH CHECK (true);
GRANT INSERT ON outbox TO memoreel_app;
CALL admit_system('outbox', 'select, delete');
