-- Whoever deletes something has its files removed at once. Those of their organization were looked for among everybody's that are due.

CREATE INDEX blob_deletions_due_of_organization ON blob_deletions (organization_id, not_before);
