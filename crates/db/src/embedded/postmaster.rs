//! The postmaster process: starting, finding, judging and ending it.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::cluster::{Cluster, PORT};
use super::{EmbeddedError, sys};

const POLL: Duration = Duration::from_millis(10);
const ANSWER_WAIT: Duration = Duration::from_secs(1);
const FAST_SHUTDOWN_WAIT: Duration = Duration::from_secs(60);
const IMMEDIATE_SHUTDOWN_WAIT: Duration = Duration::from_secs(10);
const SIGNAL_INTERVAL: Duration = Duration::from_secs(1);

/// A postmaster that this process owns.
pub(super) struct Postmaster {
    pub pid: u32,
    child: Child,
}

/// What `postmaster.pid` says. PostgreSQL documents the lines in `miscadmin.h`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PidFile {
    pub pid: u32,
    pub port: u16,
    pub socket_dir: PathBuf,
    pub state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Starting,
    Ready,
    Stopping,
}

impl PidFile {
    /// `None` when there is no such file, or it is being written.
    pub(super) fn read(cluster_dir: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(cluster_dir.join("postmaster.pid")).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let line = |number: usize| text.lines().nth(number - 1).map(str::trim);
        let state = match line(8) {
            Some("ready") => State::Ready,
            Some("stopping") => State::Stopping,
            _ => State::Starting,
        };
        let pid = line(1)?.parse().ok()?;
        let port = line(4).and_then(|port| port.parse().ok()).unwrap_or(PORT);
        Some(Self { pid, port, socket_dir: PathBuf::from(line(5).unwrap_or_default()), state })
    }

    /// Whether the database says that it is ready and answers on its socket.
    pub(super) fn accepts_connections(&self) -> bool {
        self.state == State::Ready && self.answers().unwrap_or(false)
    }

    /// Asks for encryption, the one request with an answer that needs no password (PostgreSQL protocol, `SSLRequest`).
    /// Connecting alone would prove nothing: the kernel accepts for a process that is dying.
    fn answers(&self) -> io::Result<bool> {
        const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
        let mut stream = UnixStream::connect(self.socket_dir.join(format!(".s.PGSQL.{}", self.port)))?;
        stream.set_read_timeout(Some(ANSWER_WAIT))?;
        stream.write_all(&SSL_REQUEST)?;
        let mut answer = [0];
        stream.read_exact(&mut answer)?;
        Ok(matches!(&answer, b"N" | b"S"))
    }
}

impl Postmaster {
    /// Ends what an earlier owner left behind and starts a postmaster. Only the holder of the lock may.
    pub(super) fn start(cluster: &Cluster) -> Result<Self, EmbeddedError> {
        let deadline = Instant::now() + cluster.options.start_timeout;
        end_predecessor(cluster, deadline)?;
        remove_stale_lock_files(cluster)?;
        Self::spawn(cluster, deadline)
    }

    fn spawn(cluster: &Cluster, deadline: Instant) -> Result<Self, EmbeddedError> {
        let log = cluster.open_log()?;
        let log_offset = log.metadata().map_or(0, |metadata| metadata.len());
        let log_again = log.try_clone().map_err(EmbeddedError::io("open", &cluster.log))?;
        let program = cluster.program("postgres");
        let mut command = cluster.command("postgres");
        let setting = |name: &str, value: &str| format!("{name}={value}");
        command
            .arg("-D")
            .arg(&cluster.dir)
            .args(["-c", &setting("listen_addresses", "")])
            .args(["-c", &setting("unix_socket_directories", &cluster.socket_dir.to_string_lossy())])
            .args(["-c", &setting("unix_socket_permissions", "0700")])
            .args(["-c", &setting("port", &PORT.to_string())])
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(log_again)
            // Ctrl-C in a terminal goes to the whole group; the database must outlive our own orderly end.
            .process_group(0);
        sys::signal_at_parent_death(&mut command, sys::FAST_SHUTDOWN);
        let child = command.spawn().map_err(EmbeddedError::io("run", &program))?;
        let pid = child.id();
        let mut postmaster = Self { pid, child };
        loop {
            if !postmaster.is_running() {
                return Err(EmbeddedError::Start {
                    log: cluster.log.clone(),
                    tail: cluster.log_tail(log_offset),
                });
            }
            if PidFile::read(&cluster.dir).is_some_and(|file| file.pid == pid && file.accepts_connections()) {
                return Ok(postmaster);
            }
            if Instant::now() > deadline {
                postmaster.stop();
                return Err(timeout(cluster));
            }
            thread::sleep(POLL);
        }
    }

    /// Whether the process lives. Reaps it when it has ended.
    pub(super) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Stops it: fast and clean, or at once when that takes too long.
    pub(super) fn stop(&mut self) {
        for (signal, wait) in
            [(sys::FAST_SHUTDOWN, FAST_SHUTDOWN_WAIT), (sys::IMMEDIATE_SHUTDOWN, IMMEDIATE_SHUTDOWN_WAIT)]
        {
            if !self.is_running() {
                return;
            }
            sys::signal(self.pid, signal);
            let deadline = Instant::now() + wait;
            while self.is_running() && Instant::now() < deadline {
                thread::sleep(POLL);
            }
        }
        if self.is_running() {
            tracing::error!(pid = self.pid, "the database does not end");
        }
    }
}

/// Waits until no process works in the cluster, having told those that do to end.
///
/// The postmaster of a killed owner got its signal from the kernel already, and may not have noticed yet: serving from
/// it would serve from a database about to stop. The backends of a killed postmaster run on until they notice, and hold
/// the shared memory that a new one would refuse to share; the new one recovers from the log whatever they were at.
fn end_predecessor(cluster: &Cluster, deadline: Instant) -> Result<(), EmbeddedError> {
    let mut signal_next = Instant::now();
    loop {
        let postmaster =
            PidFile::read(&cluster.dir).map(|file| file.pid).filter(|pid| runs_in(*pid, &cluster.dir));
        let (pids, signal) = match postmaster {
            Some(pid) => (vec![pid], sys::FAST_SHUTDOWN),
            None => (processes_in(&cluster.dir), sys::IMMEDIATE_SHUTDOWN),
        };
        if pids.is_empty() {
            return Ok(());
        }
        if Instant::now() >= signal_next {
            tracing::warn!(?pids, "ending what an earlier owner of the database left behind");
            pids.into_iter().for_each(|pid| sys::signal(pid, signal));
            signal_next = Instant::now() + SIGNAL_INTERVAL;
        }
        if Instant::now() > deadline {
            return Err(timeout(cluster));
        }
        thread::sleep(POLL);
    }
}

/// PostgreSQL refuses to start while the process number in a left-over lock file is in use by anything: in a container
/// that happens often, and a dead parent that nobody reaps counts too. We hold the lock and saw that no process works in
/// the cluster, so the files mean nothing.
fn remove_stale_lock_files(cluster: &Cluster) -> Result<(), EmbeddedError> {
    let socket_lock = cluster.socket_dir.join(format!(".s.PGSQL.{PORT}.lock"));
    // A socket folder of the caller's choice may be shared; the second line says whose lock this is.
    let ours = fs::read_to_string(&socket_lock)
        .is_ok_and(|text| text.lines().nth(1).is_some_and(|dir| Path::new(dir) == cluster.dir));
    for path in
        [Some(cluster.dir.join("postmaster.pid")), Some(socket_lock).filter(|_| ours)].into_iter().flatten()
    {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(EmbeddedError::io("remove", &path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn timeout(cluster: &Cluster) -> EmbeddedError {
    EmbeddedError::StartTimeout { seconds: cluster.options.start_timeout.as_secs(), log: cluster.log.clone() }
}

/// PostgreSQL processes that work in the given folder. All of them change into their cluster.
pub(super) fn processes_in(dir: &Path) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| runs_in(*pid, dir)).collect()
}

fn runs_in(pid: u32, dir: &Path) -> bool {
    let folder = fs::read_link(format!("/proc/{pid}/cwd"));
    // The folder is compared first: it tells most processes apart, and a shell may stand in it too.
    folder.is_ok_and(|folder| folder == dir)
        && executable(pid).is_some_and(|path| {
            // The kernel marks a program that was deleted since.
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("postgres"))
        })
}

fn executable(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pid_file_is_read_as_postgresql_writes_it() {
        let text = "4711\n/data/cluster\n1795190000\n5432\n/data/run\n\n  65541         3\nready   \n";
        let expected =
            PidFile { pid: 4711, port: 5432, socket_dir: PathBuf::from("/data/run"), state: State::Ready };
        assert_eq!(PidFile::parse(text).unwrap(), expected);
        assert_eq!(PidFile::parse(&text.replace("ready   ", "stopping")).unwrap().state, State::Stopping);
    }

    #[test]
    fn a_pid_file_that_is_being_written_is_a_starting_database_or_none() {
        assert_eq!(PidFile::parse("4711\n/data/cluster\n").unwrap().state, State::Starting);
        assert_eq!(PidFile::parse(""), None);
        assert_eq!(PidFile::parse("nonsense\n"), None);
    }

    #[test]
    fn a_process_that_is_not_postgresql_does_not_count_as_one_wherever_it_stands() {
        let here = std::env::current_dir().unwrap();
        assert!(!runs_in(std::process::id(), &here));
    }
}
