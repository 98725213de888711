-- Without it, all members of the organization are read, with who they are, and sorted for each page of them.

CREATE INDEX memberships_joined ON memberships (organization_id, created_at, user_id);
