//! API keys. They belong to a user in one organization.

use super::{role, session_lives};
use crate::{
    API_KEYS_PER_USER_MAX, IdentityError,
    model::{ApiKey, NewApiKey},
    token::NewKeyToken,
};
use memoreel_db::TenantTx;
use memoreel_kernel::{ApiKeyId, PageRequest, Role, SessionId, Timestamp, UserId};

/// A page of the user's keys, newest first, with one row more than wanted.
pub(crate) async fn api_keys(
    tx: &mut TenantTx,
    user_id: UserId,
    page: &PageRequest,
) -> Result<Vec<ApiKey>, IdentityError> {
    let after = page.begins_after();
    let rows = sqlx::query!(
        r#"SELECT id AS "id: ApiKeyId", name, prefix, role, created_at, expires_at, last_used_at FROM api_keys
           WHERE organization_id = $1 AND user_id = $2 AND (created_at, id) < ($3::timestamptz, $4::uuid)
           ORDER BY created_at DESC, id DESC LIMIT $5"#,
        tx.organization_id().uuid(),
        user_id.uuid(),
        after.time,
        after.id,
        page.limit_plus_one(),
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(ApiKey {
                id: row.id,
                name: row.name,
                prefix: row.prefix,
                role: row.role.as_deref().map(role).transpose()?,
                created_at: row.created_at,
                expires_at: row.expires_at,
                last_used_at: row.last_used_at,
            })
        })
        .collect()
}

/// Keeps a new key of the user, with a checked name, if the session that makes it still lives.
///
/// # Errors
/// [`IdentityError::ApiKeysFull`] when the user has [`API_KEYS_PER_USER_MAX`] of them, [`IdentityError::SessionEnded`].
pub(crate) async fn insert_api_key(
    tx: &mut TenantTx,
    user_id: UserId,
    session_id: Option<SessionId>,
    new: &NewApiKey,
    token: &NewKeyToken,
    now: Timestamp,
) -> Result<ApiKeyId, IdentityError> {
    let id = ApiKeyId::new(now);
    let inserted = sqlx::query!(
        "INSERT INTO api_keys (organization_id, id, user_id, name, prefix, token_hash, created_at, role, expires_at)
         SELECT $1, $2, $3, $4, $5, $6, $7, $9, $10
         WHERE (SELECT count(*) FROM api_keys WHERE organization_id = $1 AND user_id = $3) < $8
             AND ($11::uuid IS NULL OR EXISTS (SELECT FROM sessions WHERE user_id = $3 AND id = $11 AND expires_at > $7))",
        tx.organization_id().uuid(),
        id.uuid(),
        user_id.uuid(),
        new.name,
        token.prefix,
        token.hash.as_slice(),
        now,
        API_KEYS_PER_USER_MAX,
        new.role.map(Role::as_str),
        new.expires_at,
        session_id.map(SessionId::uuid),
    )
    .execute(&mut **tx)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(id);
    }
    match session_id {
        Some(session_id) if !session_lives(tx, user_id, session_id, now).await? => {
            Err(IdentityError::SessionEnded)
        }
        _ => Err(IdentityError::ApiKeysFull),
    }
}

/// Revokes one of the user's keys. False when there is none with that id.
pub(crate) async fn delete_api_key(
    tx: &mut TenantTx,
    user_id: UserId,
    id: ApiKeyId,
) -> Result<bool, IdentityError> {
    let deleted = sqlx::query!(
        "DELETE FROM api_keys WHERE organization_id = $1 AND user_id = $2 AND id = $3",
        tx.organization_id().uuid(),
        user_id.uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected() == 1)
}
