//! Names of those who hold leases, which tell whether their process is gone.

use std::path::Path;
use uuid::Uuid;

/// A name for something in this process that takes leases: `host/process/random`.
pub fn new_name() -> String {
    format!("{}/{}/{}", host(), std::process::id(), Uuid::now_v7().simple())
}

/// Whether whoever has this name ran on this host, in a process that is gone. Leases are fenced, so that a wrong answer does no
/// harm.
pub fn is_gone(name: &str) -> bool {
    let mut parts = name.split('/');
    let (Some(host_name), Some(pid)) = (parts.next(), parts.next()) else { return false };
    let is_same_process = pid == std::process::id().to_string();
    host_name == host() && !is_same_process && !Path::new("/proc").join(pid).exists()
}

/// The first part of names of this machine.
pub(crate) fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "localhost".to_owned(), |name| name.trim().replace('/', "-"))
}
