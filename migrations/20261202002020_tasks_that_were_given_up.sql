-- Lists of what failed or was cancelled, which are few among many and often old ones, walked all that are newer. What goes well pays nothing for it.

CREATE INDEX tasks_given_up ON tasks (organization_id, status, id) WHERE status IN ('failed', 'cancelled');
