//! The pools, opened once per process.

use crate::announcements::Announcer;
use crate::transaction::begin_on_live;
use crate::{DatabaseAccess, DbError, Role, SystemConnection, SystemReason, SystemTx, TenantTx};
use memoreel_kernel::Caller;
use sqlx::{PgPool, postgres::PgListener, postgres::PgPoolOptions};
use std::time::Duration;

/// A connection that nobody needed for so long is closed: a process of the database stands behind each, with some MiB of plans.
const IDLE_TIME_MAX: Duration = Duration::from_secs(180);

/// How many connections each pool may hold.
#[derive(Debug, Clone, Copy)]
pub struct PoolSizes {
    /// For requests and tasks.
    pub app: u32,
    /// For sign-in, claiming and maintenance; up to four of them listen all the time.
    pub system: u32,
}

impl Default for PoolSizes {
    fn default() -> Self {
        Self { app: 16, system: 10 }
    }
}

/// The database as the rest of the product sees it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    app: PgPool,
    system: PgPool,
    announcer: Announcer,
}

impl Db {
    /// Opens the pools and refuses roles that row-level security does not bind.
    ///
    /// # Errors
    /// [`DbError::Unreachable`], or [`DbError::UnsafeRole`] when the serving role is a superuser, may bypass row-level
    /// security, or owns tables.
    pub async fn connect(access: &DatabaseAccess, sizes: PoolSizes) -> Result<Self, DbError> {
        let app = open(access, Role::App, sizes.app).await?;
        let system = open(access, Role::System, sizes.system).await?;
        for pool in [&app, &system] {
            refuse_unsafe_role(pool).await?;
        }
        let announcer = Announcer::start(system.clone());
        Ok(Self { app, system, announcer })
    }

    /// Begins a transaction that sees `caller`'s organization, in one round trip.
    ///
    /// # Errors
    /// When no connection could be had in time.
    pub async fn tenant(&self, caller: &Caller) -> Result<TenantTx, DbError> {
        TenantTx::begin(&self.app, caller, self.announcer.announcements()).await
    }

    /// Begins a transaction across organizations, for a named reason.
    ///
    /// # Errors
    /// When no connection could be had in time.
    pub async fn system(&self, reason: SystemReason) -> Result<SystemTx, DbError> {
        SystemTx::begin(&self.system, reason).await
    }

    /// A connection across organizations, for a named reason, on which each statement is a transaction of its own. The
    /// first may find that the connection is dead; another one is then to be asked for.
    ///
    /// # Errors
    /// When no connection could be had in time.
    pub async fn system_connection(&self, reason: SystemReason) -> Result<SystemConnection, DbError> {
        SystemConnection::acquire(&self.system, reason).await
    }

    /// Reads across organizations, for a named reason, by one statement: a single round trip. `read` is run again when its
    /// connection turns out not to have survived a restart of the server.
    ///
    /// # Errors
    /// When no connection could be had in time, or the statement failed.
    pub async fn system_read<T, F>(
        &self,
        reason: SystemReason,
        read: impl Fn(SystemConnection) -> F,
    ) -> Result<T, DbError>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        SystemConnection::read(&self.system, reason, read).await
    }

    /// A connection that hears notifications of these channels, in the order in which they were committed; it reconnects by itself.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn listen(&self, channels: &[&str]) -> Result<PgListener, DbError> {
        let mut listener = PgListener::connect_with(&self.system).await?;
        listener.listen_all(channels.iter().copied()).await?;
        Ok(listener)
    }

    /// Asks the server for an answer, for health checks.
    ///
    /// # Errors
    /// When there is none.
    pub async fn ping(&self) -> Result<(), DbError> {
        let mut transaction = begin_on_live(&self.app, "BEGIN").await?;
        sqlx::query("SELECT 1").execute(&mut *transaction).await?;
        Ok(())
    }

    /// The versions of PostgreSQL and pgvector, for people.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn versions(&self) -> Result<(String, String), DbError> {
        let versions = sqlx::query_as(
            "SELECT split_part(current_setting('server_version'), ' ', 1), extversion FROM pg_extension WHERE extname = 'vector'",
        )
        .fetch_one(&self.app)
        .await?;
        Ok(versions)
    }

    /// Connections in use and idle in the serving pool.
    pub fn pool_gauge(&self) -> (u32, usize) {
        (self.app.size(), self.app.num_idle())
    }

    /// Closes both pools after their connections are returned, and listeners are told of what was committed.
    pub async fn close(&self) {
        self.app.close().await;
        self.announcer.flush().await;
        self.system.close().await;
    }
}

async fn open(access: &DatabaseAccess, role: Role, connections_max: u32) -> Result<PgPool, DbError> {
    PgPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(Duration::from_secs(10))
        .idle_timeout(IDLE_TIME_MAX)
        // Whoever uses a connection finds out by itself, and needs no round trip for it beforehand.
        .test_before_acquire(false)
        .connect_with(access.options(role))
        .await
        .map_err(DbError::Unreachable)
}

async fn refuse_unsafe_role(pool: &PgPool) -> Result<(), DbError> {
    let (role, superuser, bypass, owner): (String, bool, bool, bool) = sqlx::query_as(
        "SELECT current_user::text, rolsuper, rolbypassrls,
                EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace
                    AND relkind IN ('r', 'p') AND pg_has_role(current_user, relowner, 'MEMBER'))
         FROM pg_roles WHERE rolname = current_user",
    )
    .fetch_one(pool)
    .await?;
    let reason = match (superuser, bypass, owner) {
        (true, _, _) => "it is a superuser",
        (_, true, _) => "it has BYPASSRLS",
        (_, _, true) => "it owns tables",
        _ => return Ok(()),
    };
    Err(DbError::UnsafeRole { role, reason })
}
