//! What an installation is about for those who keep it going: background tasks as people see and steer them.
//!
//! The queue itself is `memoreel-tasks`; what a task does is the business of the slice whose task it is.

mod advice;
mod error;
mod maintenance;
mod model;
mod routes;
mod store;

pub use error::OperationsError;
pub use maintenance::remove_old_tasks;
pub use routes::router;
