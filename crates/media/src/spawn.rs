//! Starting one child with its limits, so that it cannot outlive us and cannot use more than it may.
#![expect(unsafe_code, reason = "resource limits and group signals have no safe API")]

use std::io;

use tokio::process::{Child, Command};

use crate::Limits;

/// A running child that leads its own process group. Dropping it kills the whole group.
pub(crate) struct ChildGroup {
    pub(crate) child: Child,
    group: Option<i32>,
}

impl ChildGroup {
    /// Kills the group; harmless once the child has been waited for.
    pub(crate) fn kill(&mut self) {
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

/// Starts `command` under `limits`, in a new process group that dies with this process.
pub(crate) async fn start(mut command: Command, limits: &Limits) -> io::Result<ChildGroup> {
    prepare(&mut command, limits);
    let child = memoreel_workers::start(command).await?;
    let group = child.id().and_then(|id| i32::try_from(id).ok());
    Ok(ChildGroup { child, group })
}

fn prepare(command: &mut Command, limits: &Limits) {
    command.process_group(0).kill_on_drop(true);
    let (memory_bytes, output_bytes, nice) = (limits.memory_bytes, limits.output_bytes_max, limits.nice);
    // SAFETY: the closure runs in the forked child before exec and calls async-signal-safe functions only; it
    // neither allocates nor takes locks, and captures plain integers.
    unsafe {
        command.pre_exec(move || {
            limit(libc::RLIMIT_DATA as _, memory_bytes)?;
            limit(libc::RLIMIT_FSIZE as _, output_bytes)?;
            limit(libc::RLIMIT_CORE as _, 0)?;
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
