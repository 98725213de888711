//! The two kinds of transaction.

use crate::DbError;
use memoreel_kernel::{Caller, OrganizationId};
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, Transaction};
use std::ops::{Deref, DerefMut};

/// A transaction that sees one organization's rows, as one caller.
///
/// Dropped without [`TenantTx::commit`], it rolls back. It dereferences to the connection: `query.fetch_all(&mut *tx)`.
#[derive(Debug)]
pub struct TenantTx {
    transaction: Transaction<'static, Postgres>,
    caller: Caller,
}

impl TenantTx {
    pub(crate) async fn begin(pool: &PgPool, caller: &Caller) -> Result<Self, DbError> {
        // Ids and role names hold no quote. The settings are LOCAL: they end with the transaction, so that a pooled
        // connection carries nothing into the next request.
        let begin = format!(
            "BEGIN; SELECT set_config('app.organization_id', '{}', true), set_config('app.user_id', '{}', true), \
             set_config('app.role', '{}', true)",
            caller.organization_id,
            caller.user_id.map(|id| id.to_string()).unwrap_or_default(),
            caller.role_name(),
        );
        let transaction = pool.begin_with(AssertSqlSafe(begin)).await?;
        Ok(Self { transaction, caller: *caller })
    }

    /// Whose rows this transaction sees; statements name it themselves too, for the planner's sake.
    pub fn organization_id(&self) -> OrganizationId {
        self.caller.organization_id
    }

    /// Who is calling.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Makes the writes durable.
    ///
    /// # Errors
    /// When the server could not commit; nothing was written then.
    pub async fn commit(self) -> Result<(), DbError> {
        Ok(self.transaction.commit().await?)
    }
}

/// Why a statement needs to cross organizations. Each names the tables it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemReason {
    /// Nobody is signed in yet: users, sessions, api_keys, memberships, organizations.
    SignIn,
    /// A worker looks for work, renews or takes back leases: tasks.
    ClaimTasks,
    /// Expired rows of all organizations are removed: sessions, uploads, idempotency_keys, blob_deletions.
    Maintain,
    /// Models and counts that belong to no organization: embedding_models.
    Configure,
}

/// A transaction of the system role, which sees named tables across organizations.
#[derive(Debug)]
pub struct SystemTx {
    transaction: Transaction<'static, Postgres>,
}

impl SystemTx {
    pub(crate) async fn begin(pool: &PgPool, reason: SystemReason) -> Result<Self, DbError> {
        tracing::trace!(?reason, "system transaction");
        let transaction = pool.begin_with("BEGIN").await?;
        Ok(Self { transaction })
    }

    /// Makes the writes durable.
    ///
    /// # Errors
    /// When the server could not commit; nothing was written then.
    pub async fn commit(self) -> Result<(), DbError> {
        Ok(self.transaction.commit().await?)
    }
}

macro_rules! derefs_to_connection {
    ($($name:ident)*) => {$(
        impl Deref for $name {
            type Target = PgConnection;
            fn deref(&self) -> &PgConnection {
                &self.transaction
            }
        }

        impl DerefMut for $name {
            fn deref_mut(&mut self) -> &mut PgConnection {
                &mut self.transaction
            }
        }
    )*};
}

derefs_to_connection!(TenantTx SystemTx);
