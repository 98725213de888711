//! The files of an embedded cluster: their layout, their creation, their settings and the log.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::account::Account;
use super::{ADMIN_USER, EmbeddedError, EmbeddedOptions, postmaster, sys};

pub(super) const PORT: u16 = 5432;
const POSTGRES_MAJOR: &str = "18";
/// `sockaddr_un` holds 108 bytes, one of them the terminating zero.
const SOCKET_PATH_LENGTH_MAX: usize = 107;
const LOG_SIZE_BYTES_MAX: u64 = 16 * 1024 * 1024;
const LOG_TAIL_BYTES: u64 = 2_000;
const SETTINGS_FILE: &str = "memoreel.conf";
/// How long killed processes are waited for, and how often they are looked for.
const LINGER_MAX: Duration = Duration::from_secs(10);
const LINGER_POLL: Duration = Duration::from_millis(20);

/// A cluster on disk, complete or yet to be created.
pub(super) struct Cluster {
    pub options: EmbeddedOptions,
    pub account: Account,
    /// PostgreSQL's data directory; it exists when, and only when, it is complete.
    pub dir: PathBuf,
    pub socket_dir: PathBuf,
    pub log: PathBuf,
}

impl Cluster {
    /// Creates the folders around the cluster and decides who runs it.
    pub(super) fn prepare(mut options: EmbeddedOptions) -> Result<Self, EmbeddedError> {
        let data_dir = &options.data_dir;
        if !data_dir.is_dir() {
            let mut builder = DirBuilder::new();
            // Everybody may pass through, nobody may look around: the cluster inside is its user's alone.
            builder.recursive(true).mode(0o711);
            builder.create(data_dir).map_err(EmbeddedError::io("create", data_dir))?;
        }
        // PostgreSQL changes into its folder; comparing that with ours needs the path without links.
        options.data_dir = fs::canonicalize(data_dir).map_err(EmbeddedError::io("resolve", data_dir))?;
        let install_dir = &options.install_dir;
        options.install_dir =
            fs::canonicalize(install_dir).map_err(EmbeddedError::io("resolve", install_dir))?;
        let dir = options.data_dir.join("cluster");
        let account = Account::choose(&dir)?;
        account.check_reach(&options.data_dir)?;
        account.check_reach(&options.install_dir.join("bin"))?;
        let socket_dir = socket_dir(&options)?;
        let log = options.data_dir.join("postgres.log");
        Ok(Self { options, account, dir, socket_dir, log })
    }

    /// The lock whose holder owns the postmaster.
    pub(super) fn lock_path(&self) -> PathBuf {
        self.options.data_dir.join("owner.lock")
    }

    /// Creates the cluster if there is none and brings its settings up to date. Only the holder of the lock may.
    pub(super) fn create_or_check(&self) -> Result<(), EmbeddedError> {
        if self.dir.is_dir() {
            self.check_version()?;
        } else {
            self.create()?;
        }
        self.write_settings()?;
        self.create_socket_dir()
    }

    fn check_version(&self) -> Result<(), EmbeddedError> {
        let file = self.dir.join("PG_VERSION");
        let found = fs::read_to_string(&file).map_err(EmbeddedError::io("read", &file))?.trim().to_owned();
        if found == POSTGRES_MAJOR {
            return Ok(());
        }
        Err(EmbeddedError::VersionMismatch { path: self.dir.clone(), found, expected: POSTGRES_MAJOR })
    }

    fn create(&self) -> Result<(), EmbeddedError> {
        let partial = self.options.data_dir.join("cluster.partial");
        let password_file = self.options.data_dir.join("initdb.password");
        remove_if_there(&password_file)?;
        remove_left_over(&partial)?;
        tracing::info!(folder = %self.dir.display(), "creating the database cluster");
        DirBuilder::new().mode(0o700).create(&partial).map_err(EmbeddedError::io("create", &partial))?;
        self.account.give(&partial)?;
        let initialised =
            self.write_password(&password_file).and_then(|()| self.run_initdb(&partial, &password_file));
        remove_if_there(&password_file)?;
        initialised?;
        let main_settings = partial.join("postgresql.conf");
        append(&main_settings, &format!("\ninclude_if_exists = '{SETTINGS_FILE}'\n"))?;
        fs::rename(&partial, &self.dir).map_err(EmbeddedError::io("rename", &partial))?;
        sync_dir(&self.options.data_dir)
    }

    fn write_password(&self, path: &Path) -> Result<(), EmbeddedError> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(EmbeddedError::io("create", path))?;
        writeln!(file, "{}", self.options.admin_password).map_err(EmbeddedError::io("write", path))?;
        self.account.give(path)
    }

    fn run_initdb(&self, target: &Path, password_file: &Path) -> Result<(), EmbeddedError> {
        let program = self.program("initdb");
        let mut command = self.command("initdb");
        command
            .args(["--locale-provider=builtin", "--locale=C.UTF-8", "--encoding=UTF8", "--data-checksums"])
            // One call for the whole file system takes a fraction of the time of one for each of a thousand files.
            .args(["--sync-method=syncfs", "--auth=scram-sha-256", "--username", ADMIN_USER])
            .arg(flag("--pwfile=", password_file))
            .arg(flag("--pgdata=", target))
            .stdin(Stdio::null());
        sys::signal_at_parent_death(&mut command, sys::KILL);
        let output = command.output().map_err(EmbeddedError::io("run", &program))?;
        if output.status.success() {
            return Ok(());
        }
        let text = [output.stdout, output.stderr].concat();
        Err(EmbeddedError::Initdb { output: String::from_utf8_lossy(&text).trim().to_owned() })
    }

    /// A program of the installation, run as the database's user and without our environment, which holds secrets.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.program(program));
        command.env_clear().env("LC_ALL", "C").env("PATH", "/usr/bin:/bin").current_dir("/");
        self.account.apply(&mut command);
        command
    }

    /// The path of a program of the installation.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.options.install_dir.join("bin").join(name)
    }

    /// Our settings have a file of their own, renewed at each start. `ALTER SYSTEM` overrides them.
    fn write_settings(&self) -> Result<(), EmbeddedError> {
        let path = self.dir.join(SETTINGS_FILE);
        let text = settings(memory_bytes(), &self.options.settings);
        if fs::read_to_string(&path).is_ok_and(|current| current == text) {
            return Ok(());
        }
        let partial = self.dir.join("memoreel.conf.partial");
        // The folder is the database user's; a link planted there must not be followed by root.
        remove_if_there(&partial)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&partial)
            .map_err(EmbeddedError::io("create", &partial))?;
        file.write_all(text.as_bytes()).map_err(EmbeddedError::io("write", &partial))?;
        self.account.give(&partial)?;
        fs::rename(&partial, &path).map_err(EmbeddedError::io("rename", &partial))
    }

    fn create_socket_dir(&self) -> Result<(), EmbeddedError> {
        let dir = &self.socket_dir;
        match DirBuilder::new().mode(0o700).create(dir) {
            Ok(()) => self.account.give(dir),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // In a shared folder somebody else could have been there first, to listen in our place.
                let metadata = fs::symlink_metadata(dir).map_err(EmbeddedError::io("look at", dir))?;
                if metadata.is_dir() && metadata.uid() == self.account.uid {
                    return Ok(());
                }
                let (owner, uid) = (metadata.uid(), self.account.uid);
                Err(EmbeddedError::ForeignOwner { path: dir.clone(), owner, uid })
            }
            Err(error) => Err(EmbeddedError::io("create", dir)(error)),
        }
    }

    /// The log, opened for appending.
    pub(super) fn open_log(&self) -> Result<File, EmbeddedError> {
        self.rotate_log();
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.log)
            .map_err(EmbeddedError::io("open", &self.log))?;
        Ok(file)
    }

    /// Keeps the log and one predecessor below a size. PostgreSQL holds the file open, so it is copied and emptied.
    pub(super) fn rotate_log(&self) {
        if fs::metadata(&self.log).map_or(0, |metadata| metadata.len()) < LOG_SIZE_BYTES_MAX {
            return;
        }
        let previous = self.log.with_extension("log.1");
        let emptied = fs::copy(&self.log, previous)
            .and_then(|_| OpenOptions::new().write(true).open(&self.log))
            .and_then(|file| file.set_len(0));
        if let Err(error) = emptied {
            tracing::warn!(%error, log = %self.log.display(), "the database log cannot be rotated");
        }
    }

    /// The last lines of the log, none of them from before `offset`.
    pub(super) fn log_tail(&self, offset: u64) -> String {
        let read = || -> io::Result<String> {
            let mut file = File::open(&self.log)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(offset.max(length.saturating_sub(LOG_TAIL_BYTES))))?;
            let mut bytes = Vec::new();
            file.take(LOG_TAIL_BYTES).read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
        };
        read().unwrap_or_else(|error| format!("cannot be read: {error}"))
    }
}

fn socket_dir(options: &EmbeddedOptions) -> Result<PathBuf, EmbeddedError> {
    let fits =
        |dir: &Path| dir.as_os_str().len() + format!("/.s.PGSQL.{PORT}").len() <= SOCKET_PATH_LENGTH_MAX;
    if let Some(wished) = &options.socket_dir {
        let wished = std::path::absolute(wished).map_err(EmbeddedError::io("resolve", wished))?;
        return if fits(&wished) {
            Ok(wished)
        } else {
            Err(EmbeddedError::SocketPathLength { path: wished })
        };
    }
    let beside = options.data_dir.join("run");
    // PostgreSQL reads the setting as a list and has its own quoting; plain names need none.
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    if fits(&beside) && beside.as_os_str().as_bytes().iter().all(plain) {
        return Ok(beside);
    }
    let hash = hex::encode(Sha256::digest(options.data_dir.as_os_str().as_bytes()));
    Ok(PathBuf::from("/tmp").join(format!("memoreel-{}", hash.get(..16).unwrap_or(&hash))))
}

fn settings(memory_bytes: u64, more: &[(String, String)]) -> String {
    const MIB: u64 = 1024 * 1024;
    // A sixteenth of the memory: the pages of files that transcoding reads want the rest.
    let shared_mib = (memory_bytes / 16 / MIB).clamp(64, 1024);
    let cached_mib = (memory_bytes / 2 / MIB).max(256);
    let mut text = format!(
        "# Written at each start. To change a setting for good, use ALTER SYSTEM.\n\
         shared_buffers = '{shared_mib}MB'\n\
         effective_cache_size = '{cached_mib}MB'\n\
         maintenance_work_mem = '128MB'\n\
         max_connections = 100\n\
         # Statements here are short; compiling them costs more than it saves.\n\
         jit = off\n\
         random_page_cost = 1.1\n\
         wal_compression = on\n\
         # After a crash one call syncs everything, rather than one for each file.\n\
         recovery_init_sync_method = syncfs\n\
         # Parallel index builds need more shared memory than a container gets by default.\n\
         max_parallel_maintenance_workers = 0\n\
         timezone = 'UTC'\n\
         log_timezone = 'UTC'\n\
         log_checkpoints = off\n\
         # Details of errors quote values, which belong to the tenants.\n\
         log_error_verbosity = terse\n"
    );
    for (name, value) in more {
        text.push_str(&format!("{name} = '{}'\n", value.replace('\'', "''")));
    }
    text
}

/// The machine's memory; 2 GiB when it cannot be told.
fn memory_bytes() -> u64 {
    let kibibytes = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    });
    kibibytes.unwrap_or(2 * 1024 * 1024) * 1024
}

fn flag(name: &str, path: &Path) -> std::ffi::OsString {
    let mut text = std::ffi::OsString::from(name);
    text.push(AsRef::<OsStr>::as_ref(path));
    text
}

fn append(path: &Path, text: &str) -> Result<(), EmbeddedError> {
    let mut file = OpenOptions::new().append(true).open(path).map_err(EmbeddedError::io("open", path))?;
    file.write_all(text.as_bytes()).map_err(EmbeddedError::io("write", path))?;
    file.set_permissions(Permissions::from_mode(0o600))
        .map_err(EmbeddedError::io("set the mode of", path))?;
    file.sync_all().map_err(EmbeddedError::io("sync", path))
}

fn remove_if_there(path: &Path) -> Result<(), EmbeddedError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(EmbeddedError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// Removes a cluster that a killed process left half made. We hold the lock, so that only its children may linger; one that is
/// being killed can still write a file into a folder that is being removed.
fn remove_left_over(partial: &Path) -> Result<(), EmbeddedError> {
    let patience = Instant::now() + LINGER_MAX;
    loop {
        for pid in postmaster::processes_in(partial) {
            sys::signal(pid, sys::KILL);
        }
        match fs::remove_dir_all(partial) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty && Instant::now() < patience => {
                thread::sleep(LINGER_POLL);
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(EmbeddedError::io("remove", partial)(error));
            }
            _ => return Ok(()),
        }
    }
}

fn sync_dir(path: &Path) -> Result<(), EmbeddedError> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(EmbeddedError::io("sync", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(data_dir: &str, socket_dir: Option<&str>) -> EmbeddedOptions {
        EmbeddedOptions {
            socket_dir: socket_dir.map(PathBuf::from),
            ..EmbeddedOptions::new("/install", data_dir, "secret")
        }
    }

    #[test]
    fn the_socket_lies_beside_the_cluster_unless_its_path_would_be_too_long_or_needs_quoting() {
        assert_eq!(
            socket_dir(&options("/var/lib/memoreel", None)).unwrap(),
            Path::new("/var/lib/memoreel/run")
        );
        for awkward in ["/a,b", "/with space", &format!("/{}", "x".repeat(100))] {
            let dir = socket_dir(&options(awkward, None)).unwrap();
            assert!(dir.starts_with("/tmp") && dir.as_os_str().len() < 40, "{}", dir.display());
        }
        let longest = format!("/{}", "x".repeat(107 - 1 - "/run/.s.PGSQL.5432".len()));
        assert_eq!(socket_dir(&options(&longest, None)).unwrap(), Path::new(&longest).join("run"));
        let longer = format!("{longest}x");
        assert!(socket_dir(&options(&longer, None)).unwrap().starts_with("/tmp"));
        let too_long = socket_dir(&options("/d", Some(&format!("/{}", "x".repeat(100)))));
        assert!(matches!(too_long, Err(EmbeddedError::SocketPathLength { .. })));
    }

    #[test]
    fn settings_follow_the_memory_within_bounds_and_the_callers_come_last() {
        let mib = 1024 * 1024;
        assert!(settings(512 * mib, &[]).contains("shared_buffers = '64MB'"));
        assert!(settings(4096 * mib, &[]).contains("shared_buffers = '256MB'"));
        assert!(settings(1_000_000 * mib, &[]).contains("shared_buffers = '1024MB'"));
        let more = [("application_name".to_owned(), "it's".to_owned())];
        assert!(settings(mib, &more).ends_with("application_name = 'it''s'\n"));
    }
}
