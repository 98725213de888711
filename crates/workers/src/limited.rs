//! Children of other people's programs: each in a process group of its own, with limits it cannot raise, which ends with us.
#![expect(unsafe_code, reason = "resource limits and group signals have no safe interface")]

use crate::start;
use std::io;
use std::mem;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

/// What a child, and each process it starts, may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChildLimits {
    /// Private memory (`RLIMIT_DATA`).
    pub memory_bytes: u64,
    /// The largest file it may write (`RLIMIT_FSIZE`).
    pub file_bytes: u64,
    /// Time of processors (`RLIMIT_CPU`), in whole seconds. It ends what loops on where nobody is left to end it.
    pub processor_time: Option<Duration>,
    /// How far it gives way to others, 0 to 19.
    pub nice: i32,
}

/// A running child that leads its own process group. Dropping it kills the whole group.
#[derive(Debug)]
pub struct ChildGroup {
    /// The first of the group. It is waited for with [`ChildGroup::wait`]: what it started is out of reach once its own `wait` has returned.
    pub child: Child,
    group: Option<i32>,
}

impl ChildGroup {
    /// Kills the group; harmless once the child has been waited for.
    pub fn kill(&mut self) {
        if let (Some(group), Some(_still_ours)) = (self.group.take(), self.child.id()) {
            // SAFETY: `kill` takes two integers. The child has not been reaped (its id is still known), so the
            // group id cannot have been given to another process.
            unsafe { libc::kill(-group, libc::SIGKILL) };
        }
    }

    /// How the first of the group ended. What it started ends with it.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        // One that reads to the end of its input would not end.
        drop(self.child.stdin.take());
        // Listened to before the first look, so that no end comes between the two.
        let mut somebody_ended = signal(SignalKind::child())?;
        while let Some(id) = self.child.id()
            && !has_ended(id)?
        {
            somebody_ended.recv().await;
        }
        self.kill();
        self.child.wait().await
    }
}

/// Whether a child of ours has ended. It is not reaped: its id, which is that of its group, stays its own.
fn has_ended(id: libc::id_t) -> io::Result<bool> {
    // SAFETY: a `siginfo_t` of zeros is one that says nothing.
    let mut found: libc::siginfo_t = unsafe { mem::zeroed() };
    let looked = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: the call gets a valid pointer to a `siginfo_t` that lives through the call.
    if unsafe { libc::waitid(libc::P_PID, id, &raw mut found, looked) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was filled by `waitid`, or is still zeros.
    Ok(unsafe { found.si_pid() } != 0)
}

impl Drop for ChildGroup {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts `command` under `limits`, in a new process group, whose first is killed when this process ends.
///
/// # Errors
/// It cannot be started.
pub async fn start_limited(mut command: Command, limits: ChildLimits) -> io::Result<ChildGroup> {
    prepare(&mut command, limits);
    let child = start(command).await?;
    let group = child.id().and_then(|id| i32::try_from(id).ok());
    Ok(ChildGroup { child, group })
}

fn prepare(command: &mut Command, limits: ChildLimits) {
    command.process_group(0).kill_on_drop(true);
    let ChildLimits { memory_bytes, file_bytes, processor_time, nice } = limits;
    let processor_seconds = processor_time.map(|time| time.as_secs().max(1));
    // SAFETY: the closure runs in the forked child before exec and calls async-signal-safe functions only; it
    // neither allocates nor takes locks, and captures plain integers.
    unsafe {
        command.pre_exec(move || {
            limit(libc::RLIMIT_DATA as _, memory_bytes)?;
            limit(libc::RLIMIT_FSIZE as _, file_bytes)?;
            limit(libc::RLIMIT_CORE as _, 0)?;
            if let Some(seconds) = processor_seconds {
                limit(libc::RLIMIT_CPU as _, seconds)?;
            }
            if nice > 0 {
                // Not being nicer is no reason to refuse the work.
                libc::setpriority(libc::PRIO_PROCESS as _, 0, nice);
            }
            Ok(())
        });
    }
}

/// Lowers one resource limit of the calling process, never above what it already is.
fn limit(resource: libc::c_int, most: u64) -> io::Result<()> {
    let mut current = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls get a valid pointer to a `rlimit` that lives through the call.
    unsafe {
        if libc::getrlimit(resource as _, &raw mut current) != 0 {
            return Err(io::Error::last_os_error());
        }
        let most = (most as libc::rlim_t).min(current.rlim_max);
        current = libc::rlimit { rlim_cur: most, rlim_max: most };
        if libc::setrlimit(resource as _, &raw const current) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}
