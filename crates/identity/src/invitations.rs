//! Inviting people into an organization, and answering.

use crate::{
    INVITATION_LIFETIME, INVITATION_MAILS_PER_ADDRESS, INVITATION_MAILS_PER_HOUR, INVITATIONS_PENDING_MAX,
    IdentityError, input, members,
    model::{Invitation, InvitationOffer, InvitationStatus, IssuedInvitation, MyOrganization},
    store::{self, HeldOffer, NewInvitation},
    token::{self, TokenHash},
};
use chrono::TimeDelta;
use memoreel_db::{Db, SystemReason, SystemTx, TenantTx};
use memoreel_kernel::{Action, Caller, InvitationId, Role, Timestamp, UserId};
use memoreel_web::App;

/// Invites whoever has the address; what waited for their answer is replaced.
pub(crate) async fn invite(
    app: &App,
    caller: &Caller,
    email: &str,
    role: Role,
) -> Result<IssuedInvitation, IdentityError> {
    let email = input::email(email)?;
    let now = app.clock.now();
    let (id, expires_at) = (InvitationId::new(now), now + INVITATION_LIFETIME);
    let token = token::invitation_token(&app.secrets, id, expires_at);
    let mut tx = app.db.tenant(caller).await?;
    hold_and_demand(&mut tx, role).await?;
    make_room(&mut tx, email, None, now).await?;
    let new = NewInvitation {
        id,
        email,
        role,
        token_hash: &token.hash,
        invited_by: caller.user_id,
        expires_at,
        now,
    };
    store::insert_invitation(&mut tx, &new).await?;
    issue(app, tx, id, &token.token, now).await
}

/// Gives an invitation that waits, or waited too long, another link and more time.
pub(crate) async fn resend(
    app: &App,
    caller: &Caller,
    id: InvitationId,
) -> Result<IssuedInvitation, IdentityError> {
    let now = app.clock.now();
    let mut tx = app.db.tenant(caller).await?;
    let found = find(&mut tx, id, now).await?;
    hold_and_demand(&mut tx, found.role).await?;
    if !matches!(found.status, InvitationStatus::Pending | InvitationStatus::Expired) {
        return Err(IdentityError::InvitationClosed);
    }
    make_room(&mut tx, &found.email, Some(id), now).await?;
    // The link comes from this time: another one needs a later one.
    let expires_at = (now + INVITATION_LIFETIME).max(found.expires_at + TimeDelta::microseconds(1));
    let token = token::invitation_token(&app.secrets, id, expires_at);
    if !store::renew_invitation(&mut tx, id, &token.hash, expires_at).await? {
        return Err(IdentityError::InvitationClosed);
    }
    issue(app, tx, id, &token.token, now).await
}

/// Takes an invitation back.
pub(crate) async fn revoke(tx: &mut TenantTx, id: InvitationId, now: Timestamp) -> Result<(), IdentityError> {
    find(tx, id, now).await?;
    let revoked = store::revoke_invitation(tx, id).await?;
    if revoked { Ok(()) } else { Err(IdentityError::InvitationClosed) }
}

/// Holds the organization's row, so that nobody's role changes any more, and asks whether the caller may invite into that role by now.
async fn hold_and_demand(tx: &mut TenantTx, role: Role) -> Result<(), IdentityError> {
    store::hold_organization(tx).await?;
    let caller = members::caller_now(tx).await?;
    members::demand(&caller, Action::InviteMembers)?;
    if role == Role::Owner { members::demand(&caller, Action::ManageOwners) } else { Ok(()) }
}

async fn find(tx: &mut TenantTx, id: InvitationId, now: Timestamp) -> Result<Invitation, IdentityError> {
    store::find_invitation(tx, id, now).await?.ok_or(IdentityError::NotFound("invitation"))
}

/// Sees to it that `renewed`, or a new invitation, can wait for an answer from this address. The organization's row is held.
async fn make_room(
    tx: &mut TenantTx,
    email: &str,
    renewed: Option<InvitationId>,
    now: Timestamp,
) -> Result<(), IdentityError> {
    check_mails(tx, email, now).await?;
    if store::is_member(tx, email).await? {
        return Err(IdentityError::AlreadyMember);
    }
    store::revoke_pending(tx, email, renewed).await?;
    let pending = store::count_pending(tx, now).await?;
    let counts_itself = match renewed {
        Some(id) => find(tx, id, now).await?.status == InvitationStatus::Pending,
        None => false,
    };
    if pending >= INVITATIONS_PENDING_MAX && !counts_itself {
        return Err(IdentityError::InvitationsFull);
    }
    Ok(())
}

/// Strangers are written to in the name of this installation: no more often than they can bear.
async fn check_mails(tx: &mut TenantTx, email: &str, now: Timestamp) -> Result<(), IdentityError> {
    let mailed = store::count_mailed(tx, email, now - TimeDelta::hours(1)).await?;
    let may = mailed.to_all < INVITATION_MAILS_PER_HOUR && mailed.to_address < INVITATION_MAILS_PER_ADDRESS;
    if may { Ok(()) } else { Err(IdentityError::InvitationMailsFull) }
}

/// Enqueues the mail, commits, and makes the link that is shown.
async fn issue(
    app: &App,
    mut tx: TenantTx,
    id: InvitationId,
    token: &str,
    now: Timestamp,
) -> Result<IssuedInvitation, IdentityError> {
    let invitation = find(&mut tx, id, now).await?;
    store::enqueue_invitation_mail(&mut tx, id, now).await?;
    tx.commit().await?;
    Ok(IssuedInvitation { invitation, link: link(&app.public_url, token) })
}

/// What follows the # stays in the browser, and so out of every log on the way.
pub(crate) fn link(public_url: &str, token: &str) -> String {
    format!("{public_url}/invitation#{token}")
}

/// What a token offers.
pub(crate) async fn look_up(db: &Db, token: &str, now: Timestamp) -> Result<InvitationOffer, IdentityError> {
    let mut tx = db.system(SystemReason::JoinOrganization).await?;
    Ok(hold(&mut tx, token, now).await?.offer)
}

/// Makes the user a member of the organization that invites them.
pub(crate) async fn accept(
    db: &Db,
    user_id: UserId,
    token: &str,
    now: Timestamp,
) -> Result<MyOrganization, IdentityError> {
    let mut tx = db.system(SystemReason::JoinOrganization).await?;
    let held = hold(&mut tx, token, now).await?;
    if !store::is_address_of(&mut tx, user_id, &held.offer.email).await? {
        return Err(IdentityError::InvitationForAnother);
    }
    check_open(&held)?;
    store::join(&mut tx, held.organization_id, user_id, held.offer.role, now).await?;
    store::close_invitation(&mut tx, &held, InvitationStatus::Accepted, Some(user_id)).await?;
    let me = store::find_me(&mut tx, user_id, Some(held.organization_id), true).await?;
    tx.commit().await?;
    Ok(me.ok_or(IdentityError::NotFound("organization"))?.organization)
}

/// Says no for whoever holds the token.
pub(crate) async fn decline(db: &Db, token: &str, now: Timestamp) -> Result<(), IdentityError> {
    let mut tx = db.system(SystemReason::JoinOrganization).await?;
    let held = hold(&mut tx, token, now).await?;
    check_open(&held)?;
    store::close_invitation(&mut tx, &held, InvitationStatus::Declined, None).await?;
    Ok(tx.commit().await?)
}

async fn hold(tx: &mut SystemTx, token: &str, now: Timestamp) -> Result<HeldOffer, IdentityError> {
    let unknown = IdentityError::NotFound("invitation");
    let Some(hash): Option<TokenHash> = token::invitation_token_hash(token) else { return Err(unknown) };
    store::hold_offer(tx, &hash, now).await?.ok_or(unknown)
}

fn check_open(held: &HeldOffer) -> Result<(), IdentityError> {
    match held.offer.status {
        InvitationStatus::Pending => Ok(()),
        InvitationStatus::Accepted
        | InvitationStatus::Declined
        | InvitationStatus::Expired
        | InvitationStatus::Revoked => Err(IdentityError::InvitationClosed),
    }
}
