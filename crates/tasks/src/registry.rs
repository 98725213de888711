//! Which handler runs which kind of task.

use crate::{Finished, TaskFailure, TaskRun};
use async_trait::async_trait;
use serde::{Serialize, de::DeserializeOwned};
use std::{collections::BTreeMap, sync::Arc};

/// Runs tasks of one kind.
///
/// A run may be killed at any moment and started again elsewhere: everything it writes must either be replaced by the next
/// run or go into the transaction passed to [`TaskRun::finish`].
#[async_trait]
pub trait Handle: Send + Sync + 'static {
    /// The name in `tasks.kind`.
    const KIND: &'static str;
    /// How many may run at once in one process.
    const CONCURRENCY: usize;
    /// The input.
    type Payload: Serialize + DeserializeOwned + Send + Sync;

    /// Does the work.
    async fn run(&self, run: &TaskRun, payload: Self::Payload) -> Result<Finished, TaskFailure>;
}

#[async_trait]
pub(crate) trait ErasedHandle: Send + Sync {
    async fn run(&self, run: &TaskRun, payload: serde_json::Value) -> Result<Finished, TaskFailure>;
}

struct Erased<H>(H);

#[async_trait]
impl<H: Handle> ErasedHandle for Erased<H> {
    async fn run(&self, run: &TaskRun, payload: serde_json::Value) -> Result<Finished, TaskFailure> {
        let payload = serde_json::from_value(payload).map_err(|error| {
            TaskFailure::permanent(
                "task_unreadable",
                "This step was queued by another version of Memoreel. Retry it.",
            )
            .caused_by(error)
        })?;
        self.0.run(run, payload).await
    }
}

#[derive(Clone)]
pub(crate) struct Registered {
    pub(crate) handler: Arc<dyn ErasedHandle>,
    pub(crate) concurrency: usize,
}

/// All the handlers of a process.
#[derive(Default, Clone)]
pub struct Registry {
    handlers: BTreeMap<&'static str, Registered>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.handlers.keys()).finish()
    }
}

impl Registry {
    /// Adds a handler; the last one of a kind wins.
    #[must_use]
    pub fn with<H: Handle>(mut self, handler: H) -> Self {
        let registered = Registered { handler: Arc::new(Erased(handler)), concurrency: H::CONCURRENCY };
        self.handlers.insert(H::KIND, registered);
        self
    }

    /// The kinds this process can run.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.handlers.keys().copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &Registered)> {
        self.handlers.iter().map(|(kind, registered)| (*kind, registered))
    }

    pub(crate) fn get(&self, kind: &str) -> Option<&Registered> {
        self.handlers.get(kind)
    }
}
