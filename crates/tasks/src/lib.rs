//! The task queue and the outbox: work that is enqueued in the caller's transaction, leased by workers, retried and settled.
//!
//! What follows what is not known here: [`Events`] is given one function, the pipeline, that maps an event to the next tasks.

mod backoff;
mod events;
mod failure;
mod model;
pub mod process;
mod registry;
mod run;
mod slots;
mod store;
mod worker;

pub use events::{Events, LIVE_CHANNEL, SubjectObserver};
pub use failure::TaskFailure;
pub use model::{NewTask, StageStatus, TaskStage};
pub use registry::{Handle, Registry};
pub use run::{Finished, TaskRun, apart};
pub use store::{
    Settlement, cancel_gone_tasks, cancel_tasks, delete_old_tasks, enqueue_side_tasks, lock_subject,
    prioritise_task, retry_failed_tasks, settlement_of, stages_of, waiting_tasks, withdraw_tasks,
};
pub use worker::{Worker, WorkerSettings};
