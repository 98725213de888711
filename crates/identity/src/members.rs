//! Changing who belongs to an organization, and as what.
//!
//! Every change holds the organization's row first, so that two of them see each other: an organization always has an
//! owner, and a role that was taken away a moment ago decides nothing any more.

use crate::{
    IdentityError,
    model::Member,
    store::{self, HeldOrganization},
};
use memoreel_db::TenantTx;
use memoreel_kernel::{Action, Caller, Role, UserId};

/// Gives a member another role.
pub(crate) async fn change_role(
    tx: &mut TenantTx,
    user_id: UserId,
    role: Role,
) -> Result<Member, IdentityError> {
    let held = store::hold_organization(tx).await?;
    let caller = caller_now(tx).await?;
    demand(&caller, Action::ManageMembers)?;
    let member = find(tx, &caller, user_id).await?;
    if role == Role::Owner || member.role == Role::Owner {
        demand(&caller, Action::ManageOwners)?;
    }
    if role == member.role {
        return Ok(member);
    }
    keep_owner(tx, &held, &member).await?;
    store::update_role(tx, user_id, role).await?;
    Ok(Member { role, ..member })
}

/// Removes a member, or lets the caller leave.
pub(crate) async fn remove(tx: &mut TenantTx, user_id: UserId) -> Result<(), IdentityError> {
    let held = store::hold_organization(tx).await?;
    let caller = caller_now(tx).await?;
    let leaves = caller.user_id == Some(user_id);
    if !leaves {
        demand(&caller, Action::ManageMembers)?;
    }
    let member = find(tx, &caller, user_id).await?;
    if !leaves && member.role == Role::Owner {
        demand(&caller, Action::ManageOwners)?;
    }
    keep_owner(tx, &held, &member).await?;
    store::delete_member(tx, user_id).await?;
    Ok(())
}

/// Makes another member the owner in the caller's place; the caller becomes an admin.
pub(crate) async fn transfer(tx: &mut TenantTx, to: UserId) -> Result<(), IdentityError> {
    let held = store::hold_organization(tx).await?;
    let caller = caller_now(tx).await?;
    demand(&caller, Action::TransferOrganization)?;
    let from = caller.user_id.ok_or(IdentityError::SessionRequired)?;
    let member = find(tx, &caller, to).await?;
    if held.personal_owner_id == Some(from) {
        return Err(IdentityError::OrganizationPersonal);
    }
    if !member.is_me {
        store::update_role(tx, to, Role::Owner).await?;
        // Not to somebody whose account is closed, if nobody else is left to own it.
        if !store::has_other_owner(tx, from).await? {
            return Err(IdentityError::LastOwner);
        }
        store::update_role(tx, from, Role::Admin).await?;
    }
    Ok(())
}

/// The caller with the role they have by now, or the one they asked with if that is less: a key of an owner may be narrower. To be asked
/// while the organization's row is held.
pub(crate) async fn caller_now(tx: &mut TenantTx) -> Result<Caller, IdentityError> {
    let caller = *tx.caller();
    let Some(user_id) = caller.user_id else { return Ok(caller) };
    let member = store::find_member(tx, Some(user_id), user_id).await?;
    let member = member.ok_or(IdentityError::NotFound("organization"))?;
    let role = caller.role.map_or(member.role, |held| held.min(member.role));
    Ok(Caller { role: Some(role), ..caller })
}

/// Whether the caller may do it.
///
/// # Errors
/// [`IdentityError::Forbidden`].
pub(crate) fn demand(caller: &Caller, action: Action) -> Result<(), IdentityError> {
    if caller.may(action) { Ok(()) } else { Err(IdentityError::Forbidden) }
}

async fn find(tx: &mut TenantTx, caller: &Caller, user_id: UserId) -> Result<Member, IdentityError> {
    store::find_member(tx, caller.user_id, user_id).await?.ok_or(IdentityError::NotFound("member"))
}

/// Before a member goes or gets another role: a personal organization keeps its person as owner, and every organization
/// keeps one owner.
async fn keep_owner(
    tx: &mut TenantTx,
    held: &HeldOrganization,
    member: &Member,
) -> Result<(), IdentityError> {
    if member.role != Role::Owner {
        return Ok(());
    }
    if held.personal_owner_id == Some(member.user_id) {
        return Err(IdentityError::OrganizationPersonal);
    }
    if store::has_other_owner(tx, member.user_id).await? { Ok(()) } else { Err(IdentityError::LastOwner) }
}
