//! A database for one test, cloned from a migrated template.

use crate::cluster;
use anyhow::{Context, Result};
use memoreel_db::{DatabaseAccess, Db, MIGRATOR, PoolSizes, prepare};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// Keeps processes from cloning the template while another one makes it.
const TEMPLATE_LOCK: i64 = 0x7465_7374_6b69_7400;

/// The server waits with dropping for connections that are just being made. They may be those of this thread's own
/// runtime, which goes on only when this value is gone.
const DROP_PATIENCE: Duration = Duration::from_secs(2);

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A migrated, empty database that is dropped with this value.
#[derive(Debug)]
pub struct TestDatabase {
    access: DatabaseAccess,
}

impl TestDatabase {
    /// Clones the template, which is made first if the migrations changed.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn create() -> Result<Self> {
        let cluster = cluster().await?;
        let template = template_name();
        let name = format!("memoreel_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut admin = PgConnection::connect_with(&cluster.maintenance()).await?;
        sqlx::query("SELECT pg_advisory_lock($1)").bind(TEMPLATE_LOCK).execute(&mut admin).await?;
        let made: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)",
        )
        .bind(&template)
        .fetch_one(&mut admin)
        .await?;
        if !made {
            prepare(&cluster.with_database(&template))
                .await
                .context("the template database could not be made")?;
            run(&mut admin, &format!("ALTER DATABASE {template} IS_TEMPLATE true")).await?;
        }
        // Copied as files: by way of the log, as is the default, takes a processor several times as long.
        let copied =
            format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy OWNER memoreel_owner");
        run(&mut admin, &copied).await?;
        run(&mut admin, &format!("REVOKE ALL ON DATABASE {name} FROM public; GRANT CONNECT ON DATABASE {name} TO memoreel_app, memoreel_system")).await?;
        admin.close().await?;
        Ok(Self { access: cluster.with_database(name) })
    }

    /// How to sign in to it.
    pub fn access(&self) -> &DatabaseAccess {
        &self.access
    }

    /// Opens pools small enough for many tests at once.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn open(&self) -> Result<Db> {
        Ok(Db::connect(&self.access, PoolSizes { app: 6, system: 4 }).await?)
    }

    /// A superuser's connection, for looking behind row-level security.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn superuser(&self) -> Result<PgConnection> {
        Ok(PgConnection::connect_with(&self.access.maintenance().database(self.access.database())).await?)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let access = self.access.clone();
        // A runtime of its own: the test's may be ending. Failing to drop only leaves a database in a throw-away server.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut admin = PgConnection::connect_with(&access.maintenance()).await?;
                run(&mut admin, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", access.database())).await
            })
        });
        let deadline = Instant::now() + DROP_PATIENCE;
        while !dropped.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Named by the migrations, so that a change of them makes a new one.
fn template_name() -> String {
    let mut hash = Sha256::new();
    for migration in MIGRATOR.iter() {
        hash.update(&migration.checksum);
    }
    format!("memoreel_template_{}", &hex::encode(hash.finalize())[..16])
}

async fn run(connection: &mut PgConnection, statements: &str) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(connection).await?;
    Ok(())
}
