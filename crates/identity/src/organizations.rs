//! Making, changing, deleting and restoring organizations, for the routes, the command line and maintenance.

use crate::{
    IdentityError, ORGANIZATION_KEPT_FOR, ORGANIZATIONS_OWNED_MAX, domains, input,
    model::{KnownOrganization, Organization},
    slug,
    store::{self, NewOrganization, OrganizationChanges},
};
use memoreel_db::{Db, SystemReason, SystemTx, TenantTx};
use memoreel_kernel::{Clock, OrganizationId, OrganizationStatus, Role, Timestamp, UserId};

/// What a new organization is to be called.
pub(crate) struct Wanted<'a> {
    pub(crate) name: &'a str,
    pub(crate) slug: Option<&'a str>,
    pub(crate) description: Option<&'a str>,
}

/// Makes an organization that the user owns.
pub(crate) async fn create(
    db: &Db,
    clock: &dyn Clock,
    user_id: UserId,
    wanted: &Wanted<'_>,
) -> Result<Organization, IdentityError> {
    let now = clock.now();
    let new = NewOrganization {
        id: OrganizationId::new(now),
        name: input::name(wanted.name)?,
        description: wanted.description.map(input::description).transpose()?,
        personal_owner_id: None,
        now,
    };
    let slug = wanted.slug.map(slug::check).transpose()?;
    let mut tx = db.system(SystemReason::JoinOrganization).await?;
    store::act_as(&mut tx, Some(user_id)).await?;
    if store::count_owned(&mut tx, user_id).await? >= ORGANIZATIONS_OWNED_MAX {
        return Err(IdentityError::OrganizationsFull);
    }
    let slug = match slug {
        None => store::insert_organization_by_name(&mut tx, &new, "").await?,
        Some(slug) => store::insert_organization(&mut tx, &new, &[slug.to_owned()])
            .await?
            .ok_or(IdentityError::SlugTaken)?,
    };
    store::join(&mut tx, new.id, user_id, Role::Owner, now).await?;
    tx.commit().await?;
    Ok(Organization {
        id: new.id,
        name: new.name.to_owned(),
        slug,
        description: new.description.map(str::to_owned),
        status: OrganizationStatus::Active,
        is_personal: false,
        role: Role::Owner,
        member_count: 1,
        created_at: now,
        erased_after: None,
    })
}

/// The caller's organization, as the user sees it.
pub(crate) async fn find(tx: &mut TenantTx, user_id: UserId) -> Result<Organization, IdentityError> {
    store::find_organization(tx, user_id).await?.ok_or(IdentityError::NotFound("organization"))
}

/// Changes what is named.
pub(crate) async fn update(
    tx: &mut TenantTx,
    name: Option<&str>,
    slug: Option<&str>,
    description: Option<Option<&str>>,
) -> Result<(), IdentityError> {
    let changes = OrganizationChanges {
        name: name.map(input::name).transpose()?,
        slug: slug.map(slug::check).transpose()?,
        description: description
            .map(|description| description.map(input::description).transpose())
            .transpose()?,
    };
    store::update_organization(tx, &changes).await
}

/// Deletes the caller's organization; it can be restored for [`ORGANIZATION_KEPT_FOR`]. `slug` shows that it is the one meant.
pub(crate) async fn delete(tx: &mut TenantTx, slug: &str, now: Timestamp) -> Result<(), IdentityError> {
    let held = store::hold_organization(tx).await?;
    if held.personal_owner_id.is_some() {
        return Err(IdentityError::OrganizationPersonal);
    }
    if held.slug != slug.trim() {
        return Err(IdentityError::ConfirmationWrong);
    }
    let deleted = store::delete_organization(tx, now + ORGANIZATION_KEPT_FOR).await?;
    if deleted { Ok(()) } else { Err(IdentityError::NotFound("organization")) }
}

/// Brings the caller's organization back. One that is at work stays as it is; one whose time is over is no more.
pub(crate) async fn restore(
    tx: &mut TenantTx,
    user_id: UserId,
    now: Timestamp,
) -> Result<Organization, IdentityError> {
    store::restore_organization(tx, now).await?;
    let organization = find(tx, user_id).await?;
    match organization.status {
        OrganizationStatus::Active => Ok(organization),
        OrganizationStatus::Suspended | OrganizationStatus::Deleted => {
            Err(IdentityError::NotFound("organization"))
        }
    }
}

/// Every organization of the installation, by slug.
///
/// # Errors
/// When the database refuses.
pub async fn list_organizations(db: &Db) -> Result<Vec<KnownOrganization>, IdentityError> {
    store::organizations(&mut db.system(SystemReason::Operate).await?).await
}

/// Stops an organization that is at work: nothing in it can be read or changed until it is resumed.
///
/// # Errors
/// [`IdentityError::NotFound`] when no organization at work has that slug.
pub async fn suspend_organization(db: &Db, slug: &str) -> Result<(), IdentityError> {
    let mut tx = db.system(SystemReason::Operate).await?;
    let (from, to) = (OrganizationStatus::Active, OrganizationStatus::Suspended);
    let suspended = store::switch_status(&mut tx, slug, from, to).await?;
    suspended.ok_or(IdentityError::NotFound("organization at work"))?;
    Ok(tx.commit().await?)
}

/// Lets a suspended organization work again, by its own rules: whoever came in meanwhile another way than it lets them is out.
///
/// # Errors
/// [`IdentityError::NotFound`] when no suspended organization has that slug.
pub async fn resume_organization(db: &Db, slug: &str) -> Result<(), IdentityError> {
    let mut tx = db.system(SystemReason::Operate).await?;
    let (from, to) = (OrganizationStatus::Suspended, OrganizationStatus::Active);
    let resumed = store::switch_status(&mut tx, slug, from, to).await?;
    let resumed = resumed.ok_or(IdentityError::NotFound("suspended organization"))?;
    domains::end_overtaken_sessions_of(&mut tx, resumed).await?;
    Ok(tx.commit().await?)
}

/// The deleted organizations whose grace period is over. Expects a transaction for `SystemReason::Maintain`.
///
/// # Errors
/// When the database refuses.
pub async fn overdue_organizations(
    tx: &mut SystemTx,
    now: Timestamp,
) -> Result<Vec<OrganizationId>, IdentityError> {
    store::overdue_organizations(tx, now).await
}
