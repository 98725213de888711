//! The kinds of transaction.

use crate::{DbError, announcements::Announcements, is_outage, origin::set_origin};
use memoreel_kernel::{Caller, OrganizationId};
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, Transaction, pool::PoolConnection};
use std::ops::{Deref, DerefMut};

/// A transaction that sees one organization's rows, as one caller.
///
/// Dropped without [`TenantTx::commit`], it rolls back. It dereferences to the connection: `query.fetch_all(&mut *tx)`.
#[derive(Debug)]
pub struct TenantTx {
    transaction: Transaction<'static, Postgres>,
    caller: Caller,
    announcements: Announcements,
}

impl TenantTx {
    pub(crate) async fn begin(
        pool: &PgPool,
        caller: &Caller,
        announcements: Announcements,
    ) -> Result<Self, DbError> {
        let begin = format!("BEGIN; {}", Self::settings(caller));
        Ok(Self { transaction: begin_on_live(pool, &begin).await?, caller: *caller, announcements })
    }

    /// The statements that tell the database who is calling, which the policies go by.
    ///
    /// They are LOCAL: they end with the transaction, so that a pooled connection carries nothing into the next request.
    /// Unlike a SELECT of set_config, SET is not planned. Ids and role names hold no quote.
    pub fn settings(caller: &Caller) -> String {
        format!(
            "SET LOCAL app.organization_id = '{}'; SET LOCAL app.user_id = '{}'; SET LOCAL app.role = '{}'{}",
            caller.organization_id,
            caller.user_id.map(|id| id.to_string()).unwrap_or_default(),
            caller.role_name(),
            set_origin(Some(caller)),
        )
    }

    /// Whose rows this transaction sees; statements name it themselves too, for the planner's sake.
    pub fn organization_id(&self) -> OrganizationId {
        self.caller.organization_id
    }

    /// Who is calling.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// From here to the end of their transactions, those who change what only one of them may change at a time take turns. Who counts afterwards
    /// what the organization may have so many of counts what the others added.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn hold_organization(&mut self) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT FROM organizations WHERE id = $1 FOR NO KEY UPDATE")
            .bind(self.organization_id().uuid())
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    /// Tells whoever listens to `channel`, once this is committed. It is a hint: see [`crate::announcements`].
    pub fn announce(&mut self, channel: &'static str, payload: String) {
        self.announcements.push(channel, payload);
    }

    /// Makes the writes durable.
    ///
    /// # Errors
    /// When the server could not commit; nothing was written then.
    pub async fn commit(self) -> Result<(), DbError> {
        let _told = self.announcements.on_drop();
        Ok(self.transaction.commit().await?)
    }
}

/// Begins a transaction on a connection that works. The pools do not try connections before they hand them out, which would
/// cost everybody a round trip; one that did not survive a restart of the server is found out here, and dropped.
pub(crate) async fn begin_on_live(
    pool: &PgPool,
    begin: &str,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let mut dead_connections = 0;
    loop {
        match pool.begin_with(AssertSqlSafe(begin)).await {
            Err(error) if is_broken(&error) && dead_connections < pool.options().get_max_connections() => {
                dead_connections += 1;
            }
            begun => return begun,
        }
    }
}

/// Whether this connection, rather than the server, is gone.
fn is_broken(error: &sqlx::Error) -> bool {
    is_outage(error) && !matches!(error, sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed)
}

/// Why a statement needs to cross organizations. Each names the tables it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemReason {
    /// Nobody is signed in yet, or what only the system may read of a person is asked: users, sessions, api_keys,
    /// memberships, organizations, email_tokens, authenticators, passkeys, user_identities, provider_sign_ins,
    /// organization_domains, consents and user_extensions of whoever signs up, and the tasks that send mails.
    SignIn,
    /// Somebody makes an organization, or answers an invitation into one they do not belong to yet: users,
    /// organizations, memberships, organization_invitations.
    JoinOrganization,
    /// Somebody showed that a domain is their organization's, or changed how its people join and sign in: organization_domains,
    /// memberships, users, sessions.
    VerifyDomain,
    /// Whoever runs the server lists, suspends or resumes organizations, or verifies a domain: organizations, memberships,
    /// organization_domains, and the sessions that end thereby.
    Operate,
    /// A mail is about to be sent: email_tokens, users, organizations, organization_invitations.
    SendMail,
    /// A worker looks for work, renews or takes back leases: tasks.
    ClaimTasks,
    /// Webhooks are sent, and their ends written down: webhook_endpoints, webhook_secrets, webhook_deliveries, memberships, users,
    /// organizations, and the tasks that mail notices of them.
    Deliver,
    /// A browser asks whether a page may send a key along, before it does: delivery_policies.
    AdmitOrigin,
    /// Expired rows of all organizations are removed: sessions, uploads, idempotency_keys, email_tokens, provider_sign_ins,
    /// organization_invitations, assets and videos, of which the outbox and webhook_deliveries tell and whose tasks end, blob_deletions,
    /// webhook_deliveries, webhook_secrets, tasks that are over, deleted organizations. And verified domains are looked at again:
    /// organization_domains, and mails to owners.
    Maintain,
    /// The instance's secret was changed: sealed columns of any table.
    Reseal,
    /// What people take along, and what is erased, wherever it lies: export_requests, erasures, users, memberships, organizations,
    /// organization_invitations, email_tokens, tasks, uploads and their videos, and the functions that find and remove everything of a person or an
    /// organization.
    Privacy,
    /// What was asked and answered is written down, and its days are kept: request_logs, organizations and users.
    LogRequests,
    /// Where organizations' files lie, and which rows name them: organization_stores, store_processes, organizations, blobs, and the
    /// functions that know the other rows.
    PlaceFiles,
    /// Models and counts that belong to no organization: embedding_models.
    Configure,
    /// Listeners are told of what was committed: no table.
    Announce,
}

/// A transaction of the system role, which sees named tables across organizations.
#[derive(Debug)]
pub struct SystemTx {
    transaction: Transaction<'static, Postgres>,
}

impl SystemTx {
    pub(crate) async fn begin(pool: &PgPool, reason: SystemReason) -> Result<Self, DbError> {
        tracing::trace!(?reason, "system transaction");
        let begin = format!("BEGIN{}", set_origin(None));
        Ok(Self { transaction: begin_on_live(pool, &begin).await? })
    }

    /// Makes the writes durable.
    ///
    /// # Errors
    /// When the server could not commit; nothing was written then.
    pub async fn commit(self) -> Result<(), DbError> {
        Ok(self.transaction.commit().await?)
    }
}

/// A connection of the system role on which each statement is a transaction of its own.
#[derive(Debug)]
pub struct SystemConnection {
    connection: PoolConnection<Postgres>,
}

impl SystemConnection {
    pub(crate) async fn acquire(pool: &PgPool, reason: SystemReason) -> Result<Self, DbError> {
        tracing::trace!(?reason, "system connection");
        Ok(Self { connection: pool.acquire().await? })
    }

    /// What one statement answers, which `read` runs: again when its connection turns out not to have survived a restart of the server.
    pub(crate) async fn read<T, F>(
        pool: &PgPool,
        reason: SystemReason,
        read: impl Fn(Self) -> F,
    ) -> Result<T, DbError>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        let mut dead_connections = 0;
        loop {
            match read(Self::acquire(pool, reason).await?).await {
                Err(error)
                    if is_broken(&error) && dead_connections < pool.options().get_max_connections() =>
                {
                    dead_connections += 1;
                }
                answered => return Ok(answered?),
            }
        }
    }
}

macro_rules! derefs_to_connection {
    ($($name:ident $field:ident),*) => {$(
        impl Deref for $name {
            type Target = PgConnection;
            fn deref(&self) -> &PgConnection {
                &self.$field
            }
        }

        impl DerefMut for $name {
            fn deref_mut(&mut self) -> &mut PgConnection {
                &mut self.$field
            }
        }
    )*};
}

derefs_to_connection!(TenantTx transaction, SystemTx transaction, SystemConnection connection);
