//! A PostgreSQL of our own: created, started, supervised and stopped with the process that needs it.
//!
//! It listens on a Unix socket alone and asks for a password. Started by root, it runs as an unprivileged user, because
//! PostgreSQL refuses root. This module knows no schema and no tenant; it hands out connection options.
//!
//! # Several processes, one data folder
//! The first process to start holds a file lock and owns the postmaster: it restarts it when it dies and stops it at
//! the end. A process that finds the lock taken is a guest: it waits until the database accepts connections and never
//! stops it. When the owner goes, the first guest to notice takes the lock and the duty, and starts the database again;
//! its connections break once.
//!
//! # When things are killed
//! | killed | what follows |
//! |---|---|
//! | a backend | PostgreSQL recovers by itself |
//! | the postmaster | the owner ends the orphaned backends, starts a new postmaster, and waits longer after each failure |
//! | the owner | the kernel sends the postmaster SIGINT, a fast and clean stop; the next owner waits for its end and starts its own |
//! | `initdb` halfway | nothing: the cluster appears by a rename once it is complete |

mod account;
mod cluster;
mod error;
mod postmaster;
mod supervisor;
mod sys;

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::sync::{oneshot, watch};

pub use error::EmbeddedError;
use supervisor::Supervisor;

/// The superuser of an embedded cluster.
pub const ADMIN_USER: &str = "memoreel_admin";

/// How to run an embedded PostgreSQL.
#[derive(Clone)]
pub struct EmbeddedOptions {
    /// The installation: a folder with `bin/`, `lib/` and `share/`.
    pub install_dir: PathBuf,
    /// Where the cluster, its log and its socket live; created when absent.
    pub data_dir: PathBuf,
    /// The password of [`ADMIN_USER`]: set when the cluster is created, and unused after that.
    pub admin_password: String,
    /// The folder of the socket. By default below `data_dir`, or below `/tmp` when that path is too long for a socket.
    pub socket_dir: Option<PathBuf>,
    /// Settings beyond the defaults of this module, such as `("max_wal_size", "16GB")`.
    pub settings: Vec<(String, String)>,
    /// How long the first start may take; recovery after a crash is part of it.
    pub start_timeout: Duration,
}

impl EmbeddedOptions {
    /// The defaults for an installation and a data folder.
    pub fn new(
        install_dir: impl Into<PathBuf>,
        data_dir: impl Into<PathBuf>,
        admin_password: impl Into<String>,
    ) -> Self {
        Self {
            install_dir: install_dir.into(),
            data_dir: data_dir.into(),
            admin_password: admin_password.into(),
            socket_dir: None,
            settings: Vec::new(),
            start_timeout: Duration::from_secs(120),
        }
    }

    /// For a cluster that outlives nobody who uses it: nothing is made to reach the disk, and nothing is compressed on its way there.
    #[must_use]
    pub fn throw_away(mut self) -> Self {
        let names = ["fsync", "synchronous_commit", "full_page_writes", "wal_compression"];
        self.settings.extend(names.map(|name| (name.to_owned(), "off".to_owned())));
        self
    }
}

/// What the supervisor last saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Not accepting connections yet, or not any more: it is being started.
    Starting,
    /// Accepting connections.
    Ready {
        /// The folder of the socket.
        socket_dir: PathBuf,
        /// The port number that is part of the socket's name.
        port: u16,
        /// The process id of the postmaster.
        postmaster_pid: u32,
        /// Whether this process owns the postmaster.
        owned: bool,
    },
    /// Stopped for good.
    Stopped,
}

/// A running PostgreSQL. Dropping the handle stops it without waiting for the end; [`stop`](Self::stop) waits.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    status: watch::Receiver<Status>,
    socket_dir: PathBuf,
    port: u16,
    /// The supervisor takes the other end going away as the request to stop.
    stop: mpsc::Sender<()>,
    stopped: oneshot::Receiver<()>,
}

impl EmbeddedPostgres {
    /// Creates the cluster if there is none, starts it if nobody runs it, and returns once it accepts connections.
    ///
    /// # Errors
    /// See [`EmbeddedError`]. After an error nothing is left running.
    pub async fn start(options: EmbeddedOptions) -> Result<Self, EmbeddedError> {
        let (status_sender, status) = watch::channel(Status::Starting);
        let (stop, stop_receiver) = mpsc::channel();
        let (started_sender, started) = oneshot::channel();
        let (stopped_sender, stopped) = oneshot::channel();
        // A thread of its own that lives as long as the database: the kernel's signal to the postmaster on the death of
        // its parent goes by the thread that spawned it, and the threads of the runtime come and go.
        std::thread::Builder::new()
            .name("postgres-supervisor".to_owned())
            .spawn(move || {
                Supervisor::run(options, &status_sender, &stop_receiver, started_sender);
                status_sender.send_replace(Status::Stopped);
                // Nobody listens when the handle was dropped.
                let _ = stopped_sender.send(());
            })
            .map_err(EmbeddedError::Thread)?;
        let (socket_dir, port) = started.await.map_err(|_| EmbeddedError::SupervisorGone)??;
        Ok(Self { status, socket_dir, port, stop, stopped })
    }

    /// Stops PostgreSQL when this process owns it, and waits until it has ended.
    ///
    /// # Errors
    /// [`EmbeddedError::SupervisorGone`] when the supervisor ended before it could say so.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        drop(self.stop);
        self.stopped.await.map_err(|_| EmbeddedError::SupervisorGone)
    }

    /// What the supervisor last saw, and what it will see.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// The process id of the postmaster, unless it is being started.
    #[must_use]
    pub fn postmaster_pid(&self) -> Option<u32> {
        match *self.status.borrow() {
            Status::Ready { postmaster_pid, .. } => Some(postmaster_pid),
            Status::Starting | Status::Stopped => None,
        }
    }

    /// The folder of the socket.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// How to connect to a database of this cluster as a user of it.
    #[must_use]
    pub fn connect_options(&self, database: &str, user: &str, password: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.socket_dir)
            .port(self.port)
            .database(database)
            .username(user)
            .password(password)
    }

    /// The same as an address, for tools that want one.
    #[must_use]
    pub fn connect_url(&self, database: &str, user: &str, password: &str) -> String {
        let encode =
            |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };
        // The form encoding writes a space as `+`, which in a path means itself.
        let encode = |text: &str| encode(text).replace('+', "%20");
        let (user, password, database) = (encode(user), encode(password), encode(database));
        let socket_dir = encode(&self.socket_dir.to_string_lossy());
        format!("postgres://{user}:{password}@{socket_dir}:{}/{database}", self.port)
    }
}
