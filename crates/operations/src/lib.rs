//! What an installation is about for those who keep it going: background tasks as people see and steer them, the log of requests, and
//! what it comes to.
//!
//! The queue itself is `memoreel-tasks`; what a task does is the business of the slice whose task it is.

mod advice;
mod analytics;
mod error;
mod export;
mod maintenance;
mod model;
mod request_log;
mod routes;
mod store;

pub use error::OperationsError;
pub use maintenance::{keep_request_logs, remove_old_tasks};
pub use request_log::{AddressPolicy, RequestLog, RequestLogWriter, record_request};
pub use routes::router;
