//! What processes that were killed left behind. `xtask` has this file, too, and none of the crates that this one depends on.

use std::fs;
use std::path::Path;

/// Removes the folders in `parent` that are called `prefix` and the id of a process that is gone, with or without `-` and more behind it.
pub(crate) fn remove_abandoned(parent: &Path, prefix: &str) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid =
            name.to_str().and_then(|name| name.strip_prefix(prefix)?.split('-').next()?.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
            // Another process may be doing the same.
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}
