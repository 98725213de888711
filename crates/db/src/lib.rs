//! The database: pools, the kinds of transaction, roles, migrations, and the embedded server.
//!
//! [`Db::tenant`] is the only way to an organization's rows and [`Db::system`] the only way across organizations.
//! Nothing here knows what the tables mean, but that an organization is a row, by which its callers take turns.

mod access;
mod announcements;
mod bootstrap;
mod constraint;
pub mod embedded;
mod error;
mod origin;
mod pattern;
mod pool;
mod transaction;

pub use access::{DatabaseAccess, Role, derive_password};
pub use bootstrap::{MIGRATOR, POSTGRES_VERSION_MIN, VECTOR_VERSION_MIN, adopt_password, migrate, prepare};
pub use constraint::violated_constraint;
pub use error::{DbError, is_contention, is_duplicate, is_outage, is_overtaken};
pub use origin::Origin;
pub use pattern::contains_pattern;
pub use pool::{Db, PoolSizes};
pub use transaction::{SystemConnection, SystemReason, SystemTx, TenantTx};
