//! Closing an account, to be erased when nobody takes that back. What is erased, and how, is not known here.

use crate::{
    ACCOUNT_KEPT_FOR, IdentityError, authenticate::session_of, passwords::prove_presence, store, throttle,
};
use memoreel_db::{Db, SystemReason, SystemTx};
use memoreel_kernel::{Caller, Timestamp, UserId};
use memoreel_web::App;

/// An organization that would be left without an owner.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct SoleOwnership {
    /// Its name.
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
}

/// What stands in the way of the person's going, and stays so until the end of the transaction.
///
/// # Errors
/// When the database refuses.
pub async fn hold_ownerships(
    tx: &mut SystemTx,
    user_id: UserId,
) -> Result<Vec<SoleOwnership>, IdentityError> {
    // First, so that they make no organization meanwhile.
    store::lock_user(tx, user_id).await?;
    store::hold_organizations_of(tx, user_id).await?;
    let found = store::sole_ownerships(tx, user_id).await?;
    Ok(found.into_iter().map(|(name, slug)| SoleOwnership { name, slug }).collect())
}

async fn refuse_sole_owner(tx: &mut SystemTx, user_id: UserId) -> Result<(), IdentityError> {
    let names: Vec<String> = hold_ownerships(tx, user_id).await?.into_iter().map(|one| one.name).collect();
    if names.is_empty() { Ok(()) } else { Err(IdentityError::SoleOwner(names.join(", "))) }
}

/// Closes the caller's account: every other session ends, nothing can be done with this one but to take it back, and after
/// [`ACCOUNT_KEPT_FOR`], which ends at the returned time, everything goes. `email` shows that it is the account meant;
/// without the password the caller must have signed in just now.
///
/// # Errors
/// [`IdentityError::SessionRequired`], [`IdentityError::PasswordWrong`], [`IdentityError::SignInThrottled`],
/// [`IdentityError::RecentSignInRequired`], [`IdentityError::AddressConfirmationWrong`], [`IdentityError::SoleOwner`].
pub async fn close_account(
    app: &App,
    caller: &Caller,
    user_id: UserId,
    password: Option<String>,
    email: &str,
) -> Result<Timestamp, IdentityError> {
    let session_id = session_of(caller)?;
    let now = app.clock.now();
    prove_presence(app, caller, user_id, password).await?;
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    let kept = store::person_of_account(&mut tx, user_id).await?.ok_or(IdentityError::NotFound("user"))?;
    if kept.to_lowercase() != email.trim().to_lowercase() {
        return Err(IdentityError::AddressConfirmationWrong);
    }
    refuse_sole_owner(&mut tx, user_id).await?;
    let erased_after = now + ACCOUNT_KEPT_FOR;
    if !store::close_account(&mut tx, user_id, erased_after).await? {
        return Err(IdentityError::NotFound("user"));
    }
    store::delete_sessions_except(&mut tx, user_id, Some(session_id)).await?;
    tx.commit().await?;
    Ok(erased_after)
}

/// Closes an account whose time is over at once, for whoever runs the server. Doing so twice is no mistake.
///
/// # Errors
/// [`IdentityError::SoleOwner`].
pub async fn close_account_now(db: &Db, user_id: UserId, now: Timestamp) -> Result<(), IdentityError> {
    let mut tx = db.system(SystemReason::SignIn).await?;
    refuse_sole_owner(&mut tx, user_id).await?;
    store::close_account(&mut tx, user_id, now).await?;
    store::delete_sessions_except(&mut tx, user_id, None).await?;
    Ok(tx.commit().await?)
}

/// Opens a closed account again.
///
/// # Errors
/// [`IdentityError::SessionRequired`], [`IdentityError::NotClosing`] also when its time is over.
pub async fn reopen_account(app: &App, caller: &Caller, user_id: UserId) -> Result<(), IdentityError> {
    session_of(caller)?;
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    if !store::reopen_account(&mut tx, user_id, app.clock.now()).await? {
        return Err(IdentityError::NotClosing);
    }
    Ok(tx.commit().await?)
}

/// The people whose accounts are closed and whose time is over.
///
/// # Errors
/// When the database refuses.
pub async fn overdue_people(tx: &mut SystemTx, now: Timestamp) -> Result<Vec<UserId>, IdentityError> {
    store::overdue_people(tx, now).await
}

/// Forgets how often somebody tried to sign in as this person, by whichever address; returns how many counts went.
///
/// # Errors
/// When the database refuses.
pub async fn forget_attempts(
    app: &App,
    tx: &mut SystemTx,
    user_id: UserId,
    addresses: &[String],
) -> Result<u64, IdentityError> {
    let mut forgotten = throttle::forget_account(app, tx, throttle::Account::Known(user_id)).await?;
    forgotten += throttle::forget_account(app, tx, throttle::Account::InSession(user_id)).await?;
    for address in addresses {
        forgotten += throttle::forget_account(app, tx, throttle::Account::Unknown(address)).await?;
    }
    Ok(forgotten)
}
