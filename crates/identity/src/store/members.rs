//! Who belongs to an organization, and as what.

use super::role;
use crate::{IdentityError, model::Member};
use memoreel_db::{SystemTx, TenantTx};
use memoreel_kernel::{OrganizationId, PageRequest, Role, Timestamp, UserId};

/// A page of the members, oldest first, with one row more than wanted. `me` is who asks.
pub(crate) async fn members(
    tx: &mut TenantTx,
    me: Option<UserId>,
    page: &PageRequest,
) -> Result<Vec<Member>, IdentityError> {
    let after = page.rises_from();
    let rows = sqlx::query!(
        r#"SELECT m.user_id AS "user_id: UserId", coalesce(u.name, split_part(u.email, '@', 1)) AS "name!", u.email,
                  m.role, m.created_at
           FROM memberships m JOIN users u ON u.id = m.user_id
           WHERE m.organization_id = $1 AND (m.created_at, m.user_id) > ($2::timestamptz, $3::uuid)
           ORDER BY m.created_at, m.user_id LIMIT $4"#,
        tx.organization_id().uuid(),
        after.time,
        after.id,
        page.limit_plus_one(),
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Member {
                user_id: row.user_id,
                name: row.name,
                email: row.email,
                role: role(&row.role)?,
                joined_at: row.created_at,
                is_me: me == Some(row.user_id),
            })
        })
        .collect()
}

/// One member.
pub(crate) async fn find_member(
    tx: &mut TenantTx,
    me: Option<UserId>,
    user_id: UserId,
) -> Result<Option<Member>, IdentityError> {
    let row = sqlx::query!(
        r#"SELECT coalesce(u.name, split_part(u.email, '@', 1)) AS "name!", u.email, m.role, m.created_at
           FROM memberships m JOIN users u ON u.id = m.user_id
           WHERE m.organization_id = $1 AND m.user_id = $2"#,
        tx.organization_id().uuid(),
        user_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Member {
        user_id,
        name: row.name,
        email: row.email,
        role: role(&row.role)?,
        joined_at: row.created_at,
        is_me: me == Some(user_id),
    }))
}

/// Whether anybody with this address is a member.
pub(crate) async fn is_member(tx: &mut TenantTx, email: &str) -> Result<bool, IdentityError> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM memberships m JOIN users u ON u.id = m.user_id
               WHERE m.organization_id = $1 AND lower(u.email) = lower($2)) AS "found!""#,
        tx.organization_id().uuid(),
        email,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(found)
}

/// Whether anybody but this member owns the organization, can sign in and is not about to be erased.
pub(crate) async fn has_other_owner(tx: &mut TenantTx, user_id: UserId) -> Result<bool, IdentityError> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM memberships m JOIN users u ON u.id = m.user_id AND u.is_active AND u.erased_after IS NULL
               WHERE m.organization_id = $1 AND m.user_id <> $2 AND m.role = 'owner') AS "found!""#,
        tx.organization_id().uuid(),
        user_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(found)
}

/// Gives a member another role. False when there is no such member.
pub(crate) async fn update_role(
    tx: &mut TenantTx,
    user_id: UserId,
    role: Role,
) -> Result<bool, IdentityError> {
    let updated = sqlx::query!(
        "UPDATE memberships SET role = $3 WHERE organization_id = $1 AND user_id = $2",
        tx.organization_id().uuid(),
        user_id.uuid(),
        role.as_str(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Removes a member, and with the membership their API keys. False when there is no such member.
pub(crate) async fn delete_member(tx: &mut TenantTx, user_id: UserId) -> Result<bool, IdentityError> {
    let deleted = sqlx::query!(
        "DELETE FROM memberships WHERE organization_id = $1 AND user_id = $2",
        tx.organization_id().uuid(),
        user_id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Makes the user a member; whoever is one already keeps the higher role.
pub(crate) async fn join(
    tx: &mut SystemTx,
    organization_id: OrganizationId,
    user_id: UserId,
    as_role: Role,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let inserted = sqlx::query!(
        "INSERT INTO memberships (organization_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (organization_id, user_id) DO NOTHING",
        organization_id.uuid(),
        user_id.uuid(),
        as_role.as_str(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(());
    }
    let lower: Vec<String> = Role::ALL
        .into_iter()
        .filter(|lower| *lower < as_role)
        .map(|lower| lower.as_str().to_owned())
        .collect();
    sqlx::query!(
        "UPDATE memberships SET role = $3 WHERE organization_id = $1 AND user_id = $2 AND role = ANY($4)",
        organization_id.uuid(),
        user_id.uuid(),
        as_role.as_str(),
        &lower,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
