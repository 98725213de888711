-- What is asked of the log is asked of one organization and a span of time, which has an index. By path or by status alone nobody may ask, and
-- two more indexes were a good part of what a row costs.
DROP INDEX request_logs_path;
DROP INDEX request_logs_status_code;
