-- What people take along: each row becomes a zip in the blob store, which its task writes and which is kept for a week. The key of the
-- zip follows from the row's id and the person's own organization. The serving role has no access: a person's things lie in many
-- organizations.
CREATE TABLE export_requests (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    requested_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    size_bytes bigint,
    -- Until then it can be fetched; afterwards, or once it was deleted, its zip goes first and then the row.
    expires_at timestamptz,
    deleted_at timestamptz,
    CONSTRAINT export_requests_finished CHECK ((finished_at IS NULL) = (size_bytes IS NULL) AND (finished_at IS NULL) = (expires_at IS NULL))
);
CREATE INDEX export_requests_newest ON export_requests (user_id, requested_at DESC, id DESC);
CREATE INDEX export_requests_over ON export_requests (expires_at);
ALTER TABLE export_requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE export_requests FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON export_requests TO memoreel_owner USING (true) WITH CHECK (true);
CALL admit_system('export_requests', 'select, insert, update, delete');
