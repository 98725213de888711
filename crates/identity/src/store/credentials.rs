//! From a presented token to who is behind it, and in which organization. One statement each.

use super::{Place, role};
use crate::{IdentityError, SESSION_IDLE_MAX, token::TokenHash};
use memoreel_db::{Db, SystemReason, SystemTx};
use memoreel_kernel::{ApiKeyId, OrganizationId, Role, SessionId, Timestamp, UserId};

/// A live session.
pub(crate) struct Cookie {
    pub(crate) session_id: SessionId,
    pub(crate) user_id: UserId,
    pub(crate) last_seen_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// When the account is erased, if it is closed.
    pub(crate) erased_after: Option<Timestamp>,
    /// Absent when the user is no member of the wanted organization.
    pub(crate) place: Option<Place>,
}

/// The live session with this token, in the organization `wanted`, or else in the personal one (or else in the one
/// the user joined first).
pub(crate) async fn find_cookie(
    db: &Db,
    token_hash: &TokenHash,
    wanted: Option<OrganizationId>,
    now: Timestamp,
) -> Result<Option<Cookie>, IdentityError> {
    let row = db.system_read(SystemReason::SignIn, |mut connection| async move {
        sqlx::query!(
        r#"SELECT s.id AS "session_id: SessionId", s.user_id AS "user_id: UserId", s.last_seen_at, s.expires_at,
                  u.erased_after AS account_erased_after, place.organization_id AS "organization_id?: OrganizationId", place.role AS "role?",
                  place.status AS "status?", place.erased_after
           FROM sessions s
           JOIN users u ON u.id = s.user_id AND u.is_active
           LEFT JOIN LATERAL (
               SELECT m.organization_id, m.role, o.status, o.erased_after FROM memberships m
               JOIN organizations o ON o.id = m.organization_id
               WHERE m.user_id = s.user_id AND ($2::uuid IS NULL OR m.organization_id = $2)
               ORDER BY o.personal_owner_id IS NOT DISTINCT FROM s.user_id DESC, m.created_at, m.id LIMIT 1) place ON true
           WHERE s.token_hash = $1 AND s.expires_at > $3"#,
        token_hash,
        wanted.map(OrganizationId::uuid),
        now,
    )
    .fetch_optional(&mut *connection)
    .await
    });
    let row = row.await?;
    let Some(row) = row else { return Ok(None) };
    let place = match (row.organization_id, row.role, row.status) {
        (Some(organization_id), Some(role), Some(status)) => {
            Some(Place::of(organization_id, &role, &status, row.erased_after)?)
        }
        _ => None,
    };
    Ok(Some(Cookie {
        session_id: row.session_id,
        user_id: row.user_id,
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at,
        erased_after: row.account_erased_after,
        place,
    }))
}

/// Pushes the end of a session last seen before `seen_before`.
pub(crate) async fn renew_session(
    tx: &mut SystemTx,
    id: SessionId,
    now: Timestamp,
    seen_before: Timestamp,
) -> Result<(), IdentityError> {
    sqlx::query!(
        "UPDATE sessions SET last_seen_at = $2, expires_at = $3 WHERE id = $1 AND last_seen_at <= $4",
        id.uuid(),
        now,
        now + SESSION_IDLE_MAX,
        seen_before,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A live API key, whose user is still a member of its organization.
pub(crate) struct Bearer {
    pub(crate) api_key_id: ApiKeyId,
    pub(crate) user_id: UserId,
    pub(crate) place: Place,
    /// When the account is erased, if it is closed.
    pub(crate) erased_after: Option<Timestamp>,
    pub(crate) last_used_at: Option<Timestamp>,
    pub(crate) expires_at: Option<Timestamp>,
}

/// The live API key with this hash.
pub(crate) async fn find_bearer(
    db: &Db,
    key_hash: &TokenHash,
    now: Timestamp,
) -> Result<Option<Bearer>, IdentityError> {
    let row = db.system_read(SystemReason::SignIn, |mut connection| async move {
        sqlx::query!(
        r#"SELECT k.id AS "api_key_id: ApiKeyId", k.user_id AS "user_id: UserId", k.last_used_at, k.expires_at,
                   k.organization_id AS "organization_id: OrganizationId", m.role, k.role AS role_max, o.status, o.erased_after,
                   u.erased_after AS account_erased_after
           FROM api_keys k
           JOIN users u ON u.id = k.user_id AND u.is_active
           JOIN organizations o ON o.id = k.organization_id
           JOIN memberships m ON m.organization_id = k.organization_id AND m.user_id = k.user_id
           WHERE k.token_hash = $1 AND (k.expires_at IS NULL OR k.expires_at > $2)"#,
        key_hash,
        now,
    )
    .fetch_optional(&mut *connection)
    .await
    });
    let row = row.await?;
    let Some(row) = row else { return Ok(None) };
    // Whichever is less: a key outlives neither what its maker may do now nor what it was made for.
    let role_max = row.role_max.as_deref().map_or(Ok(Role::Owner), role)?;
    let mut place = Place::of(row.organization_id, &row.role, &row.status, row.erased_after)?;
    place.role = place.role.min(role_max);
    Ok(Some(Bearer {
        api_key_id: row.api_key_id,
        user_id: row.user_id,
        place,
        erased_after: row.account_erased_after,
        last_used_at: row.last_used_at,
        expires_at: row.expires_at,
    }))
}

/// Notes the use of a key not used since `used_before`.
pub(crate) async fn mark_key_used(
    tx: &mut SystemTx,
    organization_id: OrganizationId,
    id: ApiKeyId,
    now: Timestamp,
    used_before: Timestamp,
) -> Result<(), IdentityError> {
    sqlx::query!(
        "UPDATE api_keys SET last_used_at = $3
         WHERE organization_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at <= $4)",
        organization_id.uuid(),
        id.uuid(),
        now,
        used_before,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The organization with this id or this name in addresses, if the active user is a member.
pub(crate) async fn find_place(
    tx: &mut SystemTx,
    user_id: UserId,
    organization: &str,
) -> Result<Option<Place>, IdentityError> {
    let id = organization.parse::<OrganizationId>().ok();
    // Somebody may have chosen another organization's id as a name.
    let row = sqlx::query!(
        r#"SELECT o.id AS "organization_id: OrganizationId", m.role, o.status, o.erased_after FROM memberships m
           JOIN users u ON u.id = m.user_id AND u.is_active
           JOIN organizations o ON o.id = m.organization_id
           WHERE m.user_id = $1 AND CASE WHEN $2::uuid IS NULL THEN o.slug = $3 ELSE o.id = $2 END"#,
        user_id.uuid(),
        id.map(OrganizationId::uuid),
        organization,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Place::of(row.organization_id, &row.role, &row.status, row.erased_after)?))
}

/// The active user's own organization.
pub(crate) async fn find_personal_place(
    tx: &mut SystemTx,
    user_id: UserId,
) -> Result<Option<Place>, IdentityError> {
    let row = sqlx::query!(
        r#"SELECT o.id AS "organization_id: OrganizationId", m.role, o.status, o.erased_after FROM organizations o
           JOIN users u ON u.id = o.personal_owner_id AND u.is_active
           JOIN memberships m ON m.organization_id = o.id AND m.user_id = u.id
           WHERE o.personal_owner_id = $1 AND o.status = 'active'"#,
        user_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Place::of(row.organization_id, &row.role, &row.status, row.erased_after)?))
}
