//! Sessions. They belong to a user, not to an organization.

use crate::{IdentityError, SESSION_IDLE_MAX, SESSIONS_PER_USER_MAX, model::Session, token::TokenHash};
use memoreel_db::{SystemTx, TenantTx};
use memoreel_kernel::{OrganizationId, SessionId, Timestamp, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

/// A device that signs in.
pub(crate) struct NewSession<'a> {
    pub(crate) user_id: UserId,
    pub(crate) token_hash: &'a TokenHash,
    pub(crate) user_agent: Option<&'a str>,
    pub(crate) address: &'a str,
    /// The provider they came through.
    pub(crate) provider: Option<&'a str>,
    pub(crate) now: Timestamp,
}

/// Opens the session and ends the user's oldest ones beyond [`SESSIONS_PER_USER_MAX`].
pub(crate) async fn open_session(tx: &mut SystemTx, session: &NewSession<'_>) -> Result<(), IdentityError> {
    let id = SessionId::new(session.now);
    sqlx::query!(
        "INSERT INTO sessions (id, user_id, token_hash, user_agent, address, provider, created_at, last_seen_at,
             expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)",
        id.uuid(),
        session.user_id.uuid(),
        session.token_hash,
        session.user_agent,
        session.address,
        session.provider,
        session.now,
        session.now + SESSION_IDLE_MAX,
    )
    .execute(&mut **tx)
    .await?;
    // The new one is kept whatever the clock of its elders said.
    sqlx::query!(
        "DELETE FROM sessions WHERE id IN (
             SELECT id FROM sessions WHERE user_id = $1
             ORDER BY id = $2 DESC, expires_at > $3 DESC, created_at DESC, id DESC OFFSET $4)",
        session.user_id.uuid(),
        id.uuid(),
        session.now,
        SESSIONS_PER_USER_MAX,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The user's live sessions, newest first.
pub(crate) async fn sessions(
    tx: &mut TenantTx,
    user_id: UserId,
    current: SessionId,
    now: Timestamp,
) -> Result<Vec<Session>, IdentityError> {
    let sessions = sqlx::query_as!(
        Session,
        r#"SELECT id AS "id: _", user_agent, address, created_at, last_seen_at, expires_at, id = $2 AS "is_current!"
           FROM sessions WHERE user_id = $1 AND expires_at > $3
           ORDER BY created_at DESC, id DESC"#,
        user_id.uuid(),
        current.uuid(),
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(sessions)
}

/// When the session was opened, if it lives.
pub(crate) async fn find_session_start(
    tx: &mut SystemTx,
    user_id: UserId,
    id: SessionId,
) -> Result<Option<Timestamp>, IdentityError> {
    let start = sqlx::query_scalar!(
        "SELECT created_at FROM sessions WHERE user_id = $1 AND id = $2",
        user_id.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(start)
}

/// Whether the user has this session, and it has not ended by `now`.
pub(crate) async fn session_lives(
    connection: &mut PgConnection,
    user_id: UserId,
    id: SessionId,
    now: Timestamp,
) -> Result<bool, IdentityError> {
    let lives = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM sessions WHERE user_id = $1 AND id = $2 AND expires_at > $3) AS "lives!""#,
        user_id.uuid(),
        id.uuid(),
        now,
    )
    .fetch_one(connection)
    .await?;
    Ok(lives)
}

/// Ends one of the user's sessions. False when there is none with that id.
pub(crate) async fn delete_session(
    tx: &mut TenantTx,
    user_id: UserId,
    id: SessionId,
) -> Result<bool, IdentityError> {
    let deleted =
        sqlx::query!("DELETE FROM sessions WHERE user_id = $1 AND id = $2", user_id.uuid(), id.uuid())
            .execute(&mut **tx)
            .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Ends the session with this token, if there is one.
pub(crate) async fn delete_session_of_token(
    tx: &mut SystemTx,
    token_hash: &TokenHash,
) -> Result<(), IdentityError> {
    sqlx::query!("DELETE FROM sessions WHERE token_hash = $1", token_hash).execute(&mut **tx).await?;
    Ok(())
}

/// Removes sessions that ended by `now`; returns how many.
pub(crate) async fn delete_expired_sessions(tx: &mut SystemTx, now: Timestamp) -> Result<u64, IdentityError> {
    let deleted = sqlx::query!("DELETE FROM sessions WHERE expires_at <= $1", now).execute(&mut **tx).await?;
    Ok(deleted.rows_affected())
}

/// Removes idempotency keys from before `before`; returns how many.
pub(crate) async fn delete_old_idempotency_keys(
    tx: &mut SystemTx,
    before: Timestamp,
) -> Result<u64, IdentityError> {
    let deleted = sqlx::query!("DELETE FROM idempotency_keys WHERE created_at <= $1", before)
        .execute(&mut **tx)
        .await?;
    Ok(deleted.rows_affected())
}

/// People who may have addresses of the domain, and are signed in another way than through the provider: their ids and addresses.
/// Owners of the organization are not among them. What is no plain name is left to the caller to compare.
pub(crate) async fn signed_in_beside(
    tx: &mut SystemTx,
    organization_id: OrganizationId,
    domain: &str,
    provider: &str,
) -> Result<Vec<(UserId, String)>, IdentityError> {
    let rows = sqlx::query!(
        r#"SELECT u.id AS "id: UserId", u.email FROM users u
           WHERE (rtrim(lower(split_part(u.email, '@', -1)), '.') = $2 OR u.email !~ '@[A-Za-z0-9.-]+$')
               AND EXISTS (SELECT FROM sessions s WHERE s.user_id = u.id AND s.provider IS DISTINCT FROM $3)
               AND NOT EXISTS (SELECT FROM memberships m
                   WHERE m.organization_id = $1 AND m.user_id = u.id AND m.role = 'owner')"#,
        organization_id.uuid(),
        domain,
        provider,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.email)).collect())
}

/// Ends these people's sessions that were opened another way than through the provider.
pub(crate) async fn delete_sessions_beside(
    tx: &mut SystemTx,
    user_ids: &[UserId],
    provider: &str,
) -> Result<(), IdentityError> {
    let user_ids: Vec<Uuid> = user_ids.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        "DELETE FROM sessions WHERE user_id = ANY($1) AND provider IS DISTINCT FROM $2",
        &user_ids,
        provider,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
