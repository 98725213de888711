//! Children of other people's programs: each in a process group of its own, with limits it cannot raise, which ends with us.
#![expect(unsafe_code, reason = "resource limits and group signals have no safe interface")]

use crate::start;
use std::io;
use std::time::Duration;
use tokio::process::{Child, Command};

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
    /// The first of the group.
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
