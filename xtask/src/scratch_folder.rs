//! Folders that live as long as one command.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Result;
use tempfile::{Builder, TempDir};

use crate::shell;
use abandoned::remove_abandoned;

#[path = "../../crates/testkit/src/abandoned.rs"]
mod abandoned;

/// Where Linux keeps files in memory.
const MEMORY: &str = "/dev/shm";
/// What has to be free of it, far more than databases of tests were seen to take (150 MiB).
const ROOM_BYTES: u64 = 4 << 30;

/// A folder on disk that is removed when it is dropped, for a data folder inside it.
pub fn open_folder(prefix: &str) -> Result<TempDir> {
    opened(Builder::new().prefix(prefix).tempdir()?)
}

/// The same in memory where there is plenty, else on disk: for a database that makes others all the time.
///
/// Each is hundreds of files: on ext4 one took 0.8 s of a processor, in memory it takes 0.05 s. What the server stores is not for
/// memory, where Linux refuses what it does with files on a disk (`RWF_NOWAIT`).
pub fn open_folder_in_memory(prefix: &str) -> Result<TempDir> {
    if !has_room_in_memory() {
        return open_folder(prefix);
    }
    remove_abandoned(Path::new(MEMORY), prefix);
    opened(Builder::new().prefix(&format!("{prefix}{}-", std::process::id())).tempdir_in(MEMORY)?)
}

fn opened(folder: TempDir) -> Result<TempDir> {
    // The database may run as a user who cannot enter a private folder.
    fs::set_permissions(folder.path(), Permissions::from_mode(0o711))?;
    Ok(folder)
}

/// Whether both the folder and the machine have room. What runs beside it wants memory as well.
fn has_room_in_memory() -> bool {
    if !Path::new(MEMORY).is_dir() {
        return false;
    }
    let folder_bytes = shell::output(shell::command("df").args(["--block-size=1", "--output=avail", MEMORY]))
        .ok()
        .and_then(|told| String::from_utf8(told).ok()?.lines().last()?.trim().parse::<u64>().ok());
    let machine_kib = fs::read_to_string("/proc/meminfo").ok().and_then(|told| {
        let line = told.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    });
    folder_bytes.is_some_and(|bytes| bytes >= ROOM_BYTES)
        && machine_kib.is_some_and(|kib| kib >= 2 * ROOM_BYTES / 1024)
}
