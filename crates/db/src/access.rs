//! Who signs in to the database, and how.
//!
//! One address (the administrator's) is configured. The roles Memoreel works under are created by it, and their passwords are
//! derived from the instance's secret, so that several machines sharing the secret agree on them without storing any.

use crate::DbError;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sqlx::postgres::PgConnectOptions;

/// The roles Memoreel signs in as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Owns the schema and migrates it.
    Owner,
    /// Serves requests and tasks, under row-level security.
    App,
    /// Signs people in, claims tasks and relays events, across organizations, on named tables only.
    System,
}

impl Role {
    /// All of them.
    pub const ALL: [Role; 3] = [Role::Owner, Role::App, Role::System];

    /// The role's name on the server.
    pub fn name(self) -> &'static str {
        match self {
            Role::Owner => "memoreel_owner",
            Role::App => "memoreel_app",
            Role::System => "memoreel_system",
        }
    }
}

/// How to sign in as each role.
#[derive(Clone)]
pub struct DatabaseAccess {
    admin: PgConnectOptions,
    database: String,
    secret: [u8; 32],
}

impl std::fmt::Debug for DatabaseAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatabaseAccess").field("database", &self.database).finish_non_exhaustive()
    }
}

impl DatabaseAccess {
    /// `admin` may create roles and databases; `database` is Memoreel's own and is created when missing.
    pub fn new(admin: PgConnectOptions, database: impl Into<String>, secret: [u8; 32]) -> Self {
        Self { admin, database: database.into(), secret }
    }

    /// Reads an address such as `postgres://admin:password@host/memoreel`.
    ///
    /// # Errors
    /// [`DbError::Address`] when it is malformed or names no database.
    pub fn from_url(address: &str, secret: [u8; 32]) -> Result<Self, DbError> {
        let admin: PgConnectOptions =
            address.parse().map_err(|error: sqlx::Error| DbError::Address(error.to_string()))?;
        let database = admin.get_database().unwrap_or("memoreel").to_owned();
        Ok(Self::new(admin, database, secret))
    }

    /// The same server and secret, another database.
    pub fn with_database(&self, database: impl Into<String>) -> Self {
        Self { database: database.into(), ..self.clone() }
    }

    /// Memoreel's database.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The administrator, on the server's own database, for creating and dropping others.
    pub fn maintenance(&self) -> PgConnectOptions {
        self.admin("postgres")
    }

    /// The administrator, on `database`.
    pub(crate) fn admin(&self, database: &str) -> PgConnectOptions {
        self.admin.clone().database(database).application_name("memoreel-admin")
    }

    /// One of Memoreel's roles, on Memoreel's database.
    pub fn options(&self, role: Role) -> PgConnectOptions {
        self.admin
            .clone()
            .database(&self.database)
            .username(role.name())
            .password(&self.password(role))
            .application_name(role.name())
            .options([
                // A forgotten transaction holds back every vacuum, a runaway statement every request behind it.
                ("statement_timeout", "60s"),
                ("idle_in_transaction_session_timeout", "60s"),
                // A statement under row-level security takes longer to plan than to carry out: each is planned once for a
                // connection, for any organization.
                ("plan_cache_mode", "force_generic_plan"),
            ])
    }

    pub(crate) fn password(&self, role: Role) -> String {
        derive_password(&self.secret, role.name())
    }
}

/// A role's password: HMAC-SHA-256 of its name under the instance's secret, in hexadecimal.
pub fn derive_password(secret: &[u8; 32], role: &str) -> String {
    // HMAC pads a key shorter than its 64-byte block with zeros; padding it here is the same key.
    let mut block = [0; 64];
    block[..32].copy_from_slice(secret);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    mac.update(b"database-role:");
    mac.update(role.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}
