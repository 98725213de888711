//! The thread that keeps the database running while its handle lives.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::cluster::{Cluster, PORT};
use super::postmaster::{PidFile, Postmaster, State};
use super::{EmbeddedError, EmbeddedOptions, Status};

const POLL: Duration = Duration::from_millis(100);
const POLL_WHILE_STARTING: Duration = Duration::from_millis(10);
const LOG_CHECK_INTERVAL: Duration = Duration::from_secs(60);
const RETRY_DELAY_MIN: Duration = Duration::from_millis(100);
const RETRY_DELAY_MAX: Duration = Duration::from_secs(10);

/// Where the first start reports to: the socket folder and port.
type Started = oneshot::Sender<Result<(PathBuf, u16), EmbeddedError>>;

pub(super) struct Supervisor<'a> {
    cluster: Cluster,
    status: &'a watch::Sender<Status>,
    /// Held by the owner. The kernel releases it when the process dies, however it dies.
    lock: Option<File>,
    postmaster: Option<Postmaster>,
}

impl<'a> Supervisor<'a> {
    /// Runs until the other end of `stop` is dropped, or the first start fails.
    pub(super) fn run(
        options: EmbeddedOptions,
        status: &'a watch::Sender<Status>,
        stop: &Receiver<()>,
        started: Started,
    ) {
        let deadline = Instant::now() + options.start_timeout;
        let cluster = match Cluster::prepare(options) {
            Ok(cluster) => cluster,
            Err(error) => return report(started, Err(error)),
        };
        let mut supervisor = Self { cluster, status, lock: None, postmaster: None };
        match supervisor.first_start(deadline) {
            Ok(place) => report(started, Ok(place)),
            Err(error) => return report(started, Err(error)),
        }
        supervisor.watch(stop);
        if let Some(mut postmaster) = supervisor.postmaster.take() {
            tracing::info!(pid = postmaster.pid, "stopping the database");
            postmaster.stop();
        }
    }

    fn first_start(&mut self, deadline: Instant) -> Result<(PathBuf, u16), EmbeddedError> {
        loop {
            if self.advance()?
                && let Status::Ready { socket_dir, port, .. } = &*self.status.borrow()
            {
                return Ok((socket_dir.clone(), *port));
            }
            if Instant::now() > deadline {
                let seconds = self.cluster.options.start_timeout.as_secs();
                return Err(EmbeddedError::StartTimeout { seconds, log: self.cluster.log.clone() });
            }
            std::thread::sleep(POLL_WHILE_STARTING);
        }
    }

    fn watch(&mut self, stop: &Receiver<()>) {
        let mut retry_delay = RETRY_DELAY_MIN;
        let mut ready_since = Instant::now();
        let mut log_checked = Instant::now();
        loop {
            let wait = match self.advance() {
                Ok(true) => {
                    // Only a database that stays up has earned quick restarts again.
                    if ready_since.elapsed() > RETRY_DELAY_MAX {
                        retry_delay = RETRY_DELAY_MIN;
                    }
                    POLL
                }
                Ok(false) => POLL_WHILE_STARTING,
                Err(error) => {
                    tracing::error!(error = %Chain(&error), "the database cannot be started; trying again");
                    ready_since = Instant::now();
                    retry_delay = (retry_delay * 2).min(RETRY_DELAY_MAX);
                    retry_delay
                }
            };
            if self.lock.is_some() && log_checked.elapsed() > LOG_CHECK_INTERVAL {
                log_checked = Instant::now();
                self.cluster.rotate_log();
            }
            match stop.recv_timeout(wait) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// One step towards a database that accepts connections; whether it does.
    fn advance(&mut self) -> Result<bool, EmbeddedError> {
        if self.lock.is_none() {
            self.lock = self.try_lock()?;
        }
        if self.lock.is_none() {
            return Ok(self.advance_as_guest());
        }
        if let Some(postmaster) = &mut self.postmaster {
            if postmaster.is_running() {
                return Ok(true);
            }
            tracing::warn!(pid = postmaster.pid, "the database ended unexpectedly; starting it again");
            self.postmaster = None;
            self.set(Status::Starting);
        }
        self.cluster.create_or_check()?;
        let postmaster = Postmaster::start(&self.cluster)?;
        self.set(Status::Ready {
            socket_dir: self.cluster.socket_dir.clone(),
            port: PORT,
            postmaster_pid: postmaster.pid,
            owned: true,
        });
        self.postmaster = Some(postmaster);
        Ok(true)
    }

    fn advance_as_guest(&self) -> bool {
        let file = PidFile::read(&self.cluster.dir);
        // A connection costs the database a process, so it is tried once per postmaster and not at every look.
        let known = match *self.status.borrow() {
            Status::Ready { postmaster_pid, .. } => Some(postmaster_pid),
            Status::Starting | Status::Stopped => None,
        };
        let serves = |file: &PidFile| match known {
            Some(pid) if pid == file.pid => file.state == State::Ready,
            _ => file.accepts_connections(),
        };
        match file.filter(serves) {
            Some(PidFile { pid, port, socket_dir, .. }) => {
                self.set(Status::Ready { socket_dir, port, postmaster_pid: pid, owned: false });
                true
            }
            None => {
                self.set(Status::Starting);
                false
            }
        }
    }

    fn try_lock(&self) -> Result<Option<File>, EmbeddedError> {
        let path = self.cluster.lock_path();
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(EmbeddedError::io("open the lock", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(EmbeddedError::io("lock", &path)(error)),
        }
    }

    /// Tells the watchers, when there is something new.
    fn set(&self, status: Status) {
        self.status.send_if_modified(|current| {
            let changed = *current != status;
            *current = status;
            changed
        });
    }
}

fn report(started: Started, outcome: Result<(PathBuf, u16), EmbeddedError>) {
    // Nobody listens when the caller stopped waiting; the end of the stop channel then ends the supervisor.
    let _ = started.send(outcome);
}

/// An error with all its causes on one line.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(formatter, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
