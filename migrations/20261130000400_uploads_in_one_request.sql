-- The file of an asset may be fetched from an address that somebody names. The address may open what is not everybody's: it lies sealed, and
-- only until the file was fetched.
ALTER TABLE uploads ADD COLUMN source bytea;
ALTER TABLE uploads DROP CONSTRAINT uploads_status;
ALTER TABLE uploads ADD CONSTRAINT uploads_status
    CHECK (status IN ('open', 'importing', 'received', 'stored', 'terminated', 'expired'));
ALTER TABLE uploads ADD CONSTRAINT uploads_source CHECK (source IS NULL OR status = 'importing');
CREATE INDEX uploads_importing ON uploads (created_at) WHERE status = 'importing';
-- A sealed value is bound to its row.
ALTER TABLE uploads ADD CONSTRAINT uploads_id_key UNIQUE (id);

-- It was never used.
ALTER TABLE uploads DROP COLUMN replaces_id;
