//! All SQL of the slice.

mod analytics;
mod request_logs;
mod tasks;

pub(crate) use analytics::{logged_requests, routes, storage, traffic};
pub(crate) use request_logs::{RequestLogRow, insert_request_logs, keep_request_logs};
pub(crate) use tasks::{TaskFilter, Visible, find_details, find_task, list_tasks, task_stats};
