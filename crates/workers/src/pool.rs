//! The server's side: workers that are started when needed, kept, and replaced when they die or take too long.

use crate::{
    frames::{frame_head, lengths},
    spawn,
};
use serde::{Serialize, de::DeserializeOwned};
use std::ffi::OsString;
use std::io;
use std::os::fd::AsRawFd;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Semaphore, SemaphorePermit};

/// A worker is replaced after so many jobs, so that what libraries leak stays small.
const JOBS_MAX: u32 = 1_000;
/// What Linux lets everybody have.
const PIPE_BYTES: libc::c_int = 1 << 20;
/// Workers that had nothing to do for so long end, and give back the memory that large files took.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// No answer is larger, as none of what answers may have so much memory. What a file has taken over may say anything, and is believed no more.
const ANSWER_BYTES_MAX: u64 = 1 << 30;
/// How long a worker whose answer broke off takes to end at most.
const ENDED_WITHIN: Duration = Duration::from_secs(1);

/// How many work, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolLimits {
    /// Longest work on one job.
    pub wall_time: Duration,
    /// Workers, and with that turns at once.
    pub workers: usize,
    /// How many more may wait for a worker.
    pub waiting_max: usize,
}

/// Why a job was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkError {
    /// Too many wait already.
    #[error("too much is waiting for a worker")]
    Busy,
    /// It took too much time or memory, or broke the worker.
    #[error("the worker ended: {detail}")]
    TooCostly {
        /// How the worker ended.
        detail: String,
    },
    /// No worker can be started, or it answers nonsense.
    #[error("{reason}")]
    Unavailable {
        /// Why.
        reason: String,
    },
}

/// Workers of one kind, each of which is told an `S` when it starts. Cheap to clone; the clones share them.
pub struct Pool<S>(Arc<Shared<S>>);

struct Shared<S> {
    name: &'static str,
    command: Vec<OsString>,
    environment: &'static [(&'static str, &'static str)],
    start: Option<S>,
    limits: PoolLimits,
    permits: Semaphore,
    waiting: AtomicUsize,
    idle: Mutex<Vec<Worker>>,
    /// Whether somebody will look for idle workers.
    is_swept: AtomicBool,
}

struct Worker {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    jobs: u32,
    idle_since: Instant,
}

impl<S> Clone for Pool<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> std::fmt::Debug for Pool<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("name", &self.0.name)
            .field("limits", &self.0.limits)
            .finish_non_exhaustive()
    }
}

impl<S: Serialize + Send + Sync + 'static> Pool<S> {
    /// `command` runs [`crate::work`], with nothing in its environment but `environment`. Without a `start` every job is refused. Nothing
    /// is started yet. `name` is for logs.
    #[must_use]
    pub fn new(
        name: &'static str,
        command: Vec<OsString>,
        environment: &'static [(&'static str, &'static str)],
        start: Option<S>,
        limits: PoolLimits,
    ) -> Self {
        let permits = Semaphore::new(limits.workers);
        let (waiting, idle, is_swept) = (AtomicUsize::new(0), Mutex::default(), AtomicBool::new(false));
        Self(Arc::new(Shared { name, command, environment, start, limits, permits, waiting, idle, is_swept }))
    }

    /// Waits for a worker to be free, for whoever reads a file only when its turn has come.
    ///
    /// # Errors
    /// [`WorkError::Busy`] when too many wait already.
    pub async fn turn(&self) -> Result<Turn<'_, S>, WorkError> {
        struct Waiting<'a>(&'a AtomicUsize);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let shared = &self.0;
        if let Ok(permit) = shared.permits.try_acquire() {
            return Ok(Turn { _permit: permit, shared });
        }
        let ahead = shared.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&shared.waiting);
        if ahead >= shared.limits.waiting_max {
            return Err(WorkError::Busy);
        }
        let permit = shared.permits.acquire().await.map_err(|_| WorkError::Busy)?;
        Ok(Turn { _permit: permit, shared })
    }
}

/// A worker that is free until this is dropped.
pub struct Turn<'a, S> {
    _permit: SemaphorePermit<'a>,
    shared: &'a Arc<Shared<S>>,
}

impl<S> std::fmt::Debug for Turn<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turn").field("name", &self.shared.name).finish_non_exhaustive()
    }
}

impl<'a, S: Serialize + Send + Sync + 'static> Turn<'a, S> {
    /// Has a worker do a job that stands for itself.
    ///
    /// # Errors
    /// [`WorkError`].
    pub async fn ask<J: Serialize, A: DeserializeOwned>(
        &self,
        job: &J,
        bytes: &[u8],
    ) -> Result<(A, Vec<u8>), WorkError> {
        let worker = self.shared.worker().await?;
        let (worker, answer) = self.shared.ask(worker, job, bytes).await?;
        self.shared.put_back(worker);
        Ok(answer)
    }

    /// The same worker for jobs that build on each other.
    ///
    /// # Errors
    /// [`WorkError::Unavailable`].
    pub async fn session(self) -> Result<Session<'a, S>, WorkError> {
        let worker = self.shared.worker().await?;
        Ok(Session { worker: Some(worker), turn: self })
    }
}

/// One worker for several jobs. One that failed a job is gone, and with it what it knew.
pub struct Session<'a, S: Serialize + Send + Sync + 'static> {
    worker: Option<Worker>,
    turn: Turn<'a, S>,
}

impl<S: Serialize + Send + Sync + 'static> Session<'_, S> {
    /// Has the worker do a job.
    ///
    /// # Errors
    /// [`WorkError`]; whatever is asked after one is [`WorkError::Unavailable`].
    pub async fn ask<J: Serialize, A: DeserializeOwned>(
        &mut self,
        job: &J,
        bytes: &[u8],
    ) -> Result<(A, Vec<u8>), WorkError> {
        let gone = || WorkError::Unavailable { reason: "the worker of this session is gone".to_owned() };
        let worker = self.worker.take().ok_or_else(gone)?;
        let (worker, answer) = self.turn.shared.ask(worker, job, bytes).await?;
        self.worker = Some(worker);
        Ok(answer)
    }
}

impl<S: Serialize + Send + Sync + 'static> Drop for Session<'_, S> {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take() {
            self.turn.shared.put_back(worker);
        }
    }
}

impl<S: Serialize + Send + Sync + 'static> Shared<S> {
    /// One that is idle, or a new one; whoever calls this holds a permit.
    async fn worker(&self) -> Result<Worker, WorkError> {
        match self.idle_worker() {
            Some(worker) => Ok(worker),
            None => self.start().await,
        }
    }

    /// One that ended while it had nothing to do, as where the system was short of memory, would be taken to have ended by the next job.
    fn idle_worker(&self) -> Option<Worker> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(mut worker) = idle.pop() {
            if matches!(worker.child.try_wait(), Ok(None)) {
                return Some(worker);
            }
        }
        None
    }

    async fn ask<J: Serialize, A: DeserializeOwned>(
        &self,
        mut worker: Worker,
        job: &J,
        bytes: &[u8],
    ) -> Result<(Worker, (A, Vec<u8>)), WorkError> {
        // A worker that is dropped on the way, because whoever asked is gone or time is up, is killed.
        match tokio::time::timeout(self.limits.wall_time, worker.answer(job, bytes)).await {
            Err(_) => Err(WorkError::TooCostly { detail: format!("it took {:?}", self.limits.wall_time) }),
            Ok(Err(error)) => {
                // It has ended, or says what it must not; either way it goes.
                let ended = tokio::time::timeout(ENDED_WITHIN, worker.child.wait()).await;
                let ended = ended.map_or_else(
                    |_| "it was killed".to_owned(),
                    |status| status.map_or_else(|error| error.to_string(), |status| status.to_string()),
                );
                tracing::warn!(%error, ended, worker = self.name, "a worker died");
                Err(WorkError::TooCostly { detail: ended })
            }
            Ok(Ok(answer)) => {
                worker.jobs += 1;
                Ok((worker, answer))
            }
        }
    }

    fn put_back(self: &Arc<Self>, mut worker: Worker) {
        if worker.jobs < JOBS_MAX {
            worker.idle_since = Instant::now();
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
            self.sweep_later();
        }
    }

    /// Looks for idle workers until there are none.
    fn sweep_later(self: &Arc<Self>) {
        if self.is_swept.swap(true, Ordering::Relaxed) {
            return;
        }
        let shared = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(IDLE_MAX).await;
                let Some(shared) = shared.upgrade() else { return };
                let mut idle = shared.idle.lock().unwrap_or_else(PoisonError::into_inner);
                idle.retain(|worker| worker.idle_since.elapsed() < IDLE_MAX);
                // Who is at work now looks for itself afterwards.
                if idle.is_empty() {
                    shared.is_swept.store(false, Ordering::Relaxed);
                    return;
                }
            }
        });
    }

    async fn start(&self) -> Result<Worker, WorkError> {
        let unavailable = |error: io::Error| WorkError::Unavailable { reason: error.to_string() };
        let (Some(start), Some((program, arguments))) = (&self.start, self.command.split_first()) else {
            return Err(WorkError::Unavailable {
                reason: "this server lacks the part that does this".to_owned(),
            });
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .env_clear()
            .envs(self.environment.iter().copied());
        let mut child = spawn::start(command).await.map_err(unavailable)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(WorkError::Unavailable { reason: "the worker has no pipes".to_owned() });
        };
        widen(&input);
        widen(&output);
        let mut worker = Worker { child, input, output, jobs: 0, idle_since: Instant::now() };
        let head = frame_head(start, 0).map_err(unavailable)?;
        worker.input.write_all(&head).await.map_err(unavailable)?;
        Ok(worker)
    }
}

/// As large a pipe as anybody may have, so that a file passes with few changes between the two sides. Where that is not allowed,
/// it passes in smaller pieces.
#[expect(unsafe_code, reason = "the size of a pipe has no safe interface")]
fn widen(pipe: &impl AsRawFd) {
    #[cfg(target_os = "linux")]
    // SAFETY: the descriptor is open, and nothing but numbers is handed over.
    unsafe {
        libc::fcntl(pipe.as_raw_fd(), libc::F_SETPIPE_SZ, PIPE_BYTES);
    }
}

impl Worker {
    async fn answer<J: Serialize, A: DeserializeOwned>(
        &mut self,
        job: &J,
        bytes: &[u8],
    ) -> io::Result<(A, Vec<u8>)> {
        self.input.write_all(&frame_head(job, bytes.len())?).await?;
        self.input.write_all(bytes).await?;
        self.input.flush().await?;
        let mut head = [0; 12];
        self.output.read_exact(&mut head).await?;
        let (header, made) = lengths(head, ANSWER_BYTES_MAX)?;
        let mut buffer = vec![0; header];
        self.output.read_exact(&mut buffer).await?;
        let answer = serde_json::from_slice(&buffer)?;
        let mut content = Vec::new();
        (&mut self.output).take(made as u64).read_to_end(&mut content).await?;
        if content.len() != made {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        Ok((answer, content))
    }
}
