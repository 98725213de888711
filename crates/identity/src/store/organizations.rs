//! Organizations: made by people, changed by those who run them, stopped and erased by the system.

use super::{closed, role, status};
use crate::{
    IdentityError,
    model::{KnownOrganization, Organization},
    slug,
};
use memoreel_db::{SystemTx, TenantTx, violated_constraint};
use memoreel_kernel::{OrganizationId, OrganizationStatus, Role, Timestamp, UserId};
use memoreel_web::Closed;

/// An organization to be, with checked fields.
pub(crate) struct NewOrganization<'a> {
    pub(crate) id: OrganizationId,
    pub(crate) name: &'a str,
    pub(crate) description: Option<&'a str>,
    /// Whose own it is.
    pub(crate) personal_owner_id: Option<UserId>,
    pub(crate) now: Timestamp,
}

/// Inserts the organization under the first of `slugs` that is free, and returns which. `None` when none is.
pub(crate) async fn insert_organization(
    tx: &mut SystemTx,
    new: &NewOrganization<'_>,
    slugs: &[String],
) -> Result<Option<String>, IdentityError> {
    let slug = sqlx::query_scalar!(
        "INSERT INTO organizations (id, name, slug, description, personal_owner_id, created_at, updated_at)
         SELECT $1, $2, candidate.slug, $3, $4, $5, $5 FROM unnest($6::text[]) WITH ORDINALITY AS candidate (slug, position)
         WHERE NOT EXISTS (SELECT FROM organizations taken WHERE taken.slug = candidate.slug)
         ORDER BY candidate.position LIMIT 1
         ON CONFLICT (slug) DO NOTHING
         RETURNING slug",
        new.id.uuid(),
        new.name,
        new.description,
        new.personal_owner_id.map(UserId::uuid),
        new.now,
        slugs,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(slug)
}

/// Inserts the organization under a slug made of its name, or else of `email`, and returns it.
pub(crate) async fn insert_organization_by_name(
    tx: &mut SystemTx,
    new: &NewOrganization<'_>,
    email: &str,
) -> Result<String, IdentityError> {
    // Two of one name may be made at once: whoever comes second sees the first's slug at the next attempt.
    for _ in 0..3 {
        let slugs = slug::candidates(new.name, email, rand::random());
        if let Some(slug) = insert_organization(tx, new, &slugs).await? {
            return Ok(slug);
        }
    }
    Err(IdentityError::SlugsExhausted(new.name.to_owned()))
}

/// How many organizations the user owns, and holds the user's row until the end of the transaction, so that
/// organizations made at once count each other, and none is made for somebody who goes.
///
/// # Errors
/// [`IdentityError::AccountClosed`], [`IdentityError::AccountClosing`].
pub(crate) async fn count_owned(tx: &mut SystemTx, user_id: UserId) -> Result<i64, IdentityError> {
    let held = sqlx::query!(
        "SELECT erased_after FROM users WHERE id = $1 AND is_active FOR UPDATE",
        user_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    if let Some(erased_after) = held.ok_or(IdentityError::AccountClosed)?.erased_after {
        return Err(IdentityError::AccountClosing(erased_after));
    }
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM memberships WHERE user_id = $1 AND role = 'owner'"#,
        user_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(count)
}

/// The caller's organization, as the user sees it.
pub(crate) async fn find_organization(
    tx: &mut TenantTx,
    user_id: UserId,
) -> Result<Option<Organization>, IdentityError> {
    let row = sqlx::query!(
        r#"SELECT o.id AS "id: OrganizationId", o.name, o.slug, o.description, o.status,
                  o.personal_owner_id IS NOT NULL AS "is_personal!", o.created_at, o.erased_after, m.role,
                  (SELECT count(*) FROM memberships WHERE organization_id = $1) AS "member_count!"
           FROM organizations o
           JOIN memberships m ON m.organization_id = $1 AND m.user_id = $2
           WHERE o.id = $1"#,
        tx.organization_id().uuid(),
        user_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Organization {
        id: row.id,
        name: row.name,
        slug: row.slug,
        description: row.description,
        status: status(&row.status)?,
        is_personal: row.is_personal,
        role: role(&row.role)?,
        member_count: row.member_count,
        created_at: row.created_at,
        erased_after: row.erased_after,
    }))
}

/// What decides about changes to the organization and its members.
pub(crate) struct HeldOrganization {
    pub(crate) slug: String,
    pub(crate) personal_owner_id: Option<UserId>,
}

/// Holds the caller's organization until the end of the transaction: changes of its members, owners and invitations
/// happen one after the other. What is read after this is how it stays.
pub(crate) async fn hold_organization(tx: &mut TenantTx) -> Result<HeldOrganization, IdentityError> {
    let held = sqlx::query_as!(
        HeldOrganization,
        r#"SELECT slug, personal_owner_id AS "personal_owner_id: _" FROM organizations WHERE id = $1 FOR NO KEY UPDATE"#,
        tx.organization_id().uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    held.ok_or(IdentityError::NotFound("organization"))
}

/// What is to be changed of an organization, with checked fields.
#[derive(Debug, Default)]
pub(crate) struct OrganizationChanges<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) slug: Option<&'a str>,
    pub(crate) description: Option<Option<&'a str>>,
}

/// Changes the caller's organization.
///
/// # Errors
/// [`IdentityError::SlugTaken`].
pub(crate) async fn update_organization(
    tx: &mut TenantTx,
    changes: &OrganizationChanges<'_>,
) -> Result<(), IdentityError> {
    let updated = sqlx::query!(
        "UPDATE organizations SET name = coalesce($2, name), slug = coalesce($3, slug),
             description = CASE WHEN $4 THEN $5 ELSE description END
         WHERE id = $1",
        tx.organization_id().uuid(),
        changes.name,
        changes.slug,
        changes.description.is_some(),
        changes.description.flatten(),
    )
    .execute(&mut **tx)
    .await;
    match updated {
        Ok(done) if done.rows_affected() == 1 => Ok(()),
        Ok(_) => Err(IdentityError::NotFound("organization")),
        Err(error) if violated_constraint(&error) == Some("organizations_slug_key") => {
            Err(IdentityError::SlugTaken)
        }
        Err(error) => Err(error.into()),
    }
}

/// Deletes the caller's organization, to be erased after `erased_after`. False when it is not at work.
pub(crate) async fn delete_organization(
    tx: &mut TenantTx,
    erased_after: Timestamp,
) -> Result<bool, IdentityError> {
    let deleted = sqlx::query!(
        "UPDATE organizations SET status = 'deleted', erased_after = $2 WHERE id = $1 AND status = 'active'",
        tx.organization_id().uuid(),
        erased_after,
    )
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Brings the caller's organization back if it is deleted and not to be erased yet.
pub(crate) async fn restore_organization(tx: &mut TenantTx, now: Timestamp) -> Result<(), IdentityError> {
    sqlx::query!(
        "UPDATE organizations SET status = 'active', erased_after = NULL
         WHERE id = $1 AND status = 'deleted' AND erased_after > $2",
        tx.organization_id().uuid(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Every organization, by slug.
pub(crate) async fn organizations(tx: &mut SystemTx) -> Result<Vec<KnownOrganization>, IdentityError> {
    let rows = sqlx::query!(
        r#"SELECT o.id AS "id: OrganizationId", o.slug, o.name, o.status, count(m.user_id) AS "member_count!"
           FROM organizations o LEFT JOIN memberships m ON m.organization_id = o.id
           GROUP BY o.id ORDER BY o.slug"#,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let status = status(&row.status)?;
            let (id, slug, name, member_count) = (row.id, row.slug, row.name, row.member_count);
            Ok(KnownOrganization { id, slug, name, status, member_count })
        })
        .collect()
}

/// Takes an organization from one status to another. `None` when there is none with that slug and status.
pub(crate) async fn switch_status(
    tx: &mut SystemTx,
    slug: &str,
    from: OrganizationStatus,
    to: OrganizationStatus,
) -> Result<Option<OrganizationId>, IdentityError> {
    let id = sqlx::query_scalar!(
        r#"UPDATE organizations SET status = $3 WHERE slug = $1 AND status = $2 RETURNING id AS "id: OrganizationId""#,
        slug,
        from.as_str(),
        to.as_str(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(id)
}

/// The deleted organizations whose grace period is over.
pub(crate) async fn overdue_organizations(
    tx: &mut SystemTx,
    now: Timestamp,
) -> Result<Vec<OrganizationId>, IdentityError> {
    let ids = sqlx::query_scalar!(
        r#"SELECT id AS "id: OrganizationId" FROM organizations WHERE status = 'deleted' AND erased_after <= $1"#,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids)
}

/// An organization, what somebody may do there, and whether anything can be done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) organization_id: OrganizationId,
    pub(crate) role: Role,
    pub(crate) closed: Option<Closed>,
}

impl Place {
    /// From the columns of the organization and the membership.
    pub(crate) fn of(
        organization_id: OrganizationId,
        role_text: &str,
        status_text: &str,
        erased_after: Option<Timestamp>,
    ) -> Result<Self, IdentityError> {
        Ok(Self { organization_id, role: role(role_text)?, closed: closed(status_text, erased_after)? })
    }
}
