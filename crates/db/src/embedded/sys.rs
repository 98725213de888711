//! The system calls that the standard library does not offer.
#![expect(unsafe_code, reason = "signals, user ids and parent-death signals exist only as C functions")]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// PostgreSQL: end all sessions, write a checkpoint, end.
pub(super) const FAST_SHUTDOWN: i32 = libc::SIGINT;
/// PostgreSQL: end at once; the next start recovers.
pub(super) const IMMEDIATE_SHUTDOWN: i32 = libc::SIGQUIT;
pub(super) const KILL: i32 = libc::SIGKILL;

/// The user this process acts as.
pub(super) fn effective_uid() -> u32 {
    // SAFETY: geteuid takes nothing, touches no memory and cannot fail.
    unsafe { libc::geteuid() }
}

/// The group this process acts as.
pub(super) fn effective_gid() -> u32 {
    // SAFETY: getegid takes nothing, touches no memory and cannot fail.
    unsafe { libc::getegid() }
}

/// Sends a signal; a process that has gone is no error.
pub(super) fn signal(pid: u32, signal: i32) {
    let Ok(pid) = libc::pid_t::try_from(pid) else { return };
    // Zero and negative numbers would mean whole groups of processes, ours among them.
    if pid > 1 {
        // SAFETY: kill takes two numbers and touches no memory.
        unsafe { libc::kill(pid, signal) };
    }
}

/// Has the child receive `signal` when the thread that spawns it ends.
pub(super) fn signal_at_parent_death(command: &mut Command, signal: i32) {
    let parent = std::process::id();
    let set = move || {
        // SAFETY: prctl with PR_SET_PDEATHSIG and getppid take numbers only and are async-signal-safe. The standard
        // library runs this after it has changed the user, which would have cleared the setting.
        let (status, current_parent) =
            unsafe { (libc::prctl(libc::PR_SET_PDEATHSIG, signal as libc::c_ulong), libc::getppid()) };
        if status != 0 {
            return Err(io::Error::last_os_error());
        }
        // The parent may have died before the setting took hold; then no signal would ever come.
        if u32::try_from(current_parent) == Ok(parent) {
            Ok(())
        } else {
            Err(io::Error::from_raw_os_error(libc::ESRCH))
        }
    };
    // SAFETY: the closure runs between fork and exec, allocates nothing and takes no lock.
    unsafe { command.pre_exec(set) };
}
