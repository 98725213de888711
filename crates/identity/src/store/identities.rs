//! What providers know people as, and who is on the way to one.

use crate::{IdentityError, consents::Agreed, provider_sign_in::NewTrip, token::TokenHash};
use memoreel_db::{SystemTx, TenantTx};
use memoreel_kernel::{IdentityId, Timestamp, UserId};

/// An identity as it is kept.
pub(crate) struct IdentityRow {
    pub(crate) id: IdentityId,
    pub(crate) provider: String,
    pub(crate) email: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) last_used_at: Option<Timestamp>,
}

/// The person's own identities, oldest first.
pub(crate) async fn identities(
    tx: &mut TenantTx,
    user_id: UserId,
) -> Result<Vec<IdentityRow>, IdentityError> {
    let identities = sqlx::query_as!(
        IdentityRow,
        r#"SELECT id AS "id: _", provider, email, created_at, last_used_at
           FROM user_identities WHERE user_id = $1 ORDER BY created_at, id"#,
        user_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(identities)
}

/// Whose identity this is.
pub(crate) async fn find_identity(
    tx: &mut SystemTx,
    provider: &str,
    subject: &str,
) -> Result<Option<UserId>, IdentityError> {
    let user_id = sqlx::query_scalar!(
        r#"SELECT user_id AS "user_id: UserId" FROM user_identities WHERE provider = $1 AND subject = $2"#,
        provider,
        subject,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(user_id)
}

/// An identity to be.
pub(crate) struct NewIdentity<'a> {
    pub(crate) user_id: UserId,
    pub(crate) provider: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) email: Option<&'a str>,
    pub(crate) now: Timestamp,
}

/// Links the identity. False when it is linked already, to this person or to another.
pub(crate) async fn insert_identity(tx: &mut SystemTx, new: &NewIdentity<'_>) -> Result<bool, IdentityError> {
    let inserted = sqlx::query!(
        "INSERT INTO user_identities (id, user_id, provider, subject, email, created_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (provider, subject) DO NOTHING",
        IdentityId::new(new.now).uuid(),
        new.user_id.uuid(),
        new.provider,
        new.subject,
        new.email,
        new.now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Notes that the identity opened a session, and what address its provider told.
pub(crate) async fn use_identity(
    tx: &mut SystemTx,
    provider: &str,
    subject: &str,
    email: Option<&str>,
    now: Timestamp,
) -> Result<(), IdentityError> {
    sqlx::query!(
        "UPDATE user_identities SET last_used_at = $4, email = coalesce($3, email) WHERE provider = $1 AND subject = $2",
        provider,
        subject,
        email,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The providers of the person's identities, each with its identity.
pub(crate) async fn identity_providers(
    tx: &mut SystemTx,
    user_id: UserId,
) -> Result<Vec<(IdentityId, String)>, IdentityError> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: IdentityId", provider FROM user_identities WHERE user_id = $1"#,
        user_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.provider)).collect())
}

/// Unlinks one of the person's identities. False when there is none with that id.
pub(crate) async fn delete_identity(
    tx: &mut SystemTx,
    user_id: UserId,
    id: IdentityId,
) -> Result<bool, IdentityError> {
    let deleted =
        sqlx::query!("DELETE FROM user_identities WHERE user_id = $1 AND id = $2", user_id.uuid(), id.uuid())
            .execute(&mut **tx)
            .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Keeps what is to be remembered of a browser that was sent to a provider, or that has yet to give a code.
pub(crate) async fn insert_trip(tx: &mut SystemTx, new: &NewTrip<'_>) -> Result<(), IdentityError> {
    sqlx::query!(
        "INSERT INTO provider_sign_ins (browser_hash, state_hash, provider, return_to, linking_user_id, verified_user_id,
             agreed, expires_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        new.browser_hash.as_slice(),
        new.state_hash.map(<[u8; 32]>::as_slice),
        new.provider,
        new.return_to,
        new.linking_user_id.map(UserId::uuid),
        new.verified_user_id.map(UserId::uuid),
        sqlx::types::Json(new.agreed) as _,
        new.expires_at,
        new.now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A trip that ended.
pub(crate) struct EndedTrip {
    pub(crate) return_to: String,
    pub(crate) linking_user_id: Option<UserId>,
    pub(crate) agreed: Agreed,
}

/// Ends the trip of this browser to this provider; nobody can end it again.
pub(crate) async fn end_trip(
    tx: &mut SystemTx,
    browser_hash: &TokenHash,
    state_hash: &TokenHash,
    provider: &str,
    now: Timestamp,
) -> Result<Option<EndedTrip>, IdentityError> {
    let row = sqlx::query!(
        r#"DELETE FROM provider_sign_ins WHERE browser_hash = $1 AND state_hash = $2 AND provider = $3 AND expires_at > $4
           RETURNING return_to, linking_user_id AS "linking_user_id: UserId",
               agreed AS "agreed: sqlx::types::Json<Agreed>""#,
        browser_hash.as_slice(),
        state_hash.as_slice(),
        provider,
        now,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| EndedTrip {
        return_to: row.return_to,
        linking_user_id: row.linking_user_id,
        agreed: row.agreed.0,
    }))
}

/// Who has yet to give a code in this browser.
pub(crate) async fn find_verified(
    tx: &mut SystemTx,
    browser_hash: &TokenHash,
    now: Timestamp,
) -> Result<Option<UserId>, IdentityError> {
    let user_id = sqlx::query_scalar!(
        r#"SELECT verified_user_id AS "user_id!: UserId" FROM provider_sign_ins
           WHERE browser_hash = $1 AND verified_user_id IS NOT NULL AND expires_at > $2"#,
        browser_hash.as_slice(),
        now,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(user_id)
}

/// Whoever had yet to give a code gave it. Returns where they wanted to go, and the provider they came through; `None` when they
/// gave it before.
pub(crate) async fn end_verified(
    tx: &mut SystemTx,
    browser_hash: &TokenHash,
    user_id: UserId,
) -> Result<Option<(String, String)>, IdentityError> {
    let ended = sqlx::query!(
        "DELETE FROM provider_sign_ins WHERE browser_hash = $1 AND verified_user_id = $2 RETURNING return_to, provider",
        browser_hash.as_slice(),
        user_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(ended.map(|ended| (ended.return_to, ended.provider)))
}

/// Forgets trips that took too long; returns how many.
pub(crate) async fn delete_expired_trips(tx: &mut SystemTx, now: Timestamp) -> Result<u64, IdentityError> {
    let deleted =
        sqlx::query!("DELETE FROM provider_sign_ins WHERE expires_at <= $1", now).execute(&mut **tx).await?;
    Ok(deleted.rows_affected())
}
