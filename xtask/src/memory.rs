//! How much memory the server and the processes below it use.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde::Serialize;

const SAMPLE_INTERVAL: Duration = Duration::from_millis(250);
const SETTLE: Duration = Duration::from_secs(1);

/// Sizes in bytes.
#[derive(Serialize)]
pub struct Memory {
    /// The server itself, after the work (`VmRSS`).
    pub server_bytes: u64,
    /// The most that the server itself used (`VmHWM`).
    pub server_peak_bytes: u64,
    /// The server, its database and its helpers, after the work. Shared pages are counted once (`Pss`).
    pub all_bytes: u64,
    /// The most that was seen of those.
    pub all_peak_bytes: u64,
}

/// Looks at the processes again and again until it is asked what it saw.
pub struct MemoryWatch {
    pid: u32,
    peak_bytes: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl MemoryWatch {
    pub fn start(pid: u32) -> Self {
        let (peak_bytes, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (peak, done) = (Arc::clone(&peak_bytes), Arc::clone(&over));
        let thread = thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                peak.fetch_max(tree_bytes(pid), Ordering::Relaxed);
                thread::sleep(SAMPLE_INTERVAL);
            }
        });
        Self { pid, peak_bytes, over, thread }
    }

    pub fn finish(self) -> Memory {
        // What was needed for the last request is given back first.
        thread::sleep(SETTLE);
        self.over.store(true, Ordering::Relaxed);
        let _ = self.thread.join();
        let field = |name| status_bytes(self.pid, name).unwrap_or_default();
        Memory {
            server_bytes: field("VmRSS:"),
            server_peak_bytes: field("VmHWM:"),
            all_bytes: tree_bytes(self.pid),
            all_peak_bytes: self.peak_bytes.load(Ordering::Relaxed),
        }
    }
}

/// The memory of a process and all its descendants.
pub fn tree_bytes(root: u32) -> u64 {
    tree(root).into_iter().filter_map(process_bytes).sum()
}

/// The proportional size, or the resident size where we may not see the former.
fn process_bytes(pid: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok();
    rollup.and_then(|text| kibibytes(&text, "Pss:")).or_else(|| status_bytes(pid, "VmRSS:"))
}

/// Has the kernel forget the most that a process used (`VmHWM`) so far.
pub fn forget_peak(pid: u32) -> io::Result<()> {
    // See proc(5): 5 resets the peak resident set size.
    fs::write(format!("/proc/{pid}/clear_refs"), "5")
}

/// A size in the kernel's status of a process, such as `VmRSS:`.
pub fn status_bytes(pid: u32, field: &str) -> Option<u64> {
    kibibytes(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?, field)
}

/// The bytes in a line such as `VmRSS:   1234 kB`.
fn kibibytes(text: &str, field: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

fn tree(root: u32) -> BTreeSet<u32> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else { continue };
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse::<u32>().ok());
        parents.extend(parent.map(|parent| (pid, parent)));
    }
    let mut members = BTreeSet::from([root]);
    loop {
        let known = members.len();
        members.extend(
            parents
                .iter()
                .filter(|(_, parent)| members.contains(parent))
                .map(|(pid, _)| *pid)
                .collect::<Vec<_>>(),
        );
        if members.len() == known {
            return members;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_the_kernel_writes_them() {
        assert_eq!(kibibytes("VmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n", "VmRSS:"), Some(1024 * 1024));
        assert_eq!(kibibytes("Pss_Anon: 5 kB\n", "Pss:"), None);
    }

    #[test]
    fn a_child_counts_towards_its_parent() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let members = tree(std::process::id());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(members.contains(&child.id()) && members.contains(&std::process::id()));
    }
}
