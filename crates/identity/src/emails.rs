//! Showing that an address is one's own, and changing it.

use crate::{
    IdentityError,
    accounts::{self, Device, SignedIn},
    authenticate::session_of,
    domains,
    email_tokens::{self, Purpose},
    input, mails,
    passwords::prove_password,
    store::{self, NewEmailToken},
};
use chrono::{DateTime, TimeDelta, Utc};
use memoreel_db::SystemReason;
use memoreel_kernel::{Caller, UserId};
use memoreel_web::App;

/// How many mails of one purpose a person may ask for in an hour.
const MAILS_PER_HOUR_MAX: i64 = 5;

/// How whoever follows a link shows that the account is theirs. Whoever made it may have named somebody else's address, who is then
/// mailed the link, and would vouch for an account to which another has the password.
pub(crate) struct Proof {
    /// Who is signed in where the link was opened.
    pub(crate) user_id: Option<UserId>,
    /// The password of the account.
    pub(crate) password: Option<String>,
}

/// Notes that the address is its person's, who joins where people of its domain do. Doing so twice is no mistake: mail programs
/// open links, too, and are refused as long as nobody has shown that the account is theirs. The first time, it opens the session
/// that signing up did not.
///
/// # Errors
/// [`IdentityError::TokenWrong`], [`IdentityError::AccountUnproved`], [`IdentityError::PasswordWrong`],
/// [`IdentityError::SignInFirst`], [`IdentityError::SignInThrottled`]; [`IdentityError::ProviderRequired`] when the address is
/// confirmed and opens no session.
pub(crate) async fn confirm(
    app: &App,
    token: &str,
    proof: Proof,
    device: &Device,
) -> Result<Option<SignedIn>, IdentityError> {
    let id = email_tokens::read(&app.secrets, Purpose::Confirm, token).ok_or(IdentityError::TokenWrong)?;
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    let token = store::find_email_token(&mut tx, id, now).await?.ok_or(IdentityError::TokenWrong)?;
    drop(tx);
    prove_own(app, token.user_id, proof).await?;
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    store::lock_user(&mut tx, token.user_id).await?;
    let is_first = store::use_email_token(&mut tx, id, now).await?;
    let opens = is_first && store::is_to_confirm(&mut tx, token.user_id).await?;
    if !store::verify_email(&mut tx, token.user_id, &token.email, now).await? {
        return Err(IdentityError::TokenWrong);
    }
    domains::join(&mut tx, token.user_id, &token.email, now).await?;
    if !opens {
        tx.commit().await?;
        return Ok(None);
    }
    let way = domains::check_way(app, &mut tx, token.user_id, &token.email, None).await;
    if way.is_err() {
        // The address is confirmed all the same, so that the provider opens this account.
        tx.commit().await?;
        return way.map(|()| None);
    }
    accounts::enter(app, tx, token.user_id, device, None, now).await.map(Some)
}

/// Whether it was shown whose account it is: before, by being signed in to it, or by its password.
async fn prove_own(app: &App, user_id: UserId, proof: Proof) -> Result<(), IdentityError> {
    let owner = store::find_owner(&mut app.db.system(SystemReason::SignIn).await?, user_id).await?;
    let owner = owner.ok_or(IdentityError::TokenWrong)?;
    if owner.email_verified || proof.user_id == Some(user_id) {
        return Ok(());
    }
    match proof.password {
        Some(password) => prove_password(app, user_id, password).await.map(drop),
        None if owner.password_hash.is_some() => Err(IdentityError::AccountUnproved),
        None => Err(IdentityError::SignInFirst),
    }
}

/// Mails another link to confirm the address.
///
/// # Errors
/// [`IdentityError::EmailVerified`], [`IdentityError::MailsFull`].
pub(crate) async fn resend_confirmation(app: &App, user_id: UserId) -> Result<(), IdentityError> {
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    store::lock_user(&mut tx, user_id).await?;
    let owner = store::find_owner(&mut tx, user_id).await?.ok_or(IdentityError::NotFound("user"))?;
    if owner.email_verified {
        return Err(IdentityError::EmailVerified);
    }
    let since = now - TimeDelta::hours(1);
    if store::count_email_tokens(&mut tx, user_id, Purpose::Confirm, since).await? >= MAILS_PER_HOUR_MAX {
        return Err(IdentityError::MailsFull);
    }
    mails::enqueue(&mut tx, &mails::link(user_id, Purpose::Confirm, &owner.email, now)).await?;
    tx.commit().await?;
    Ok(())
}

/// Asks both addresses to agree to a change; one that was never confirmed need not agree to be left. A change that was
/// asked for before is off. An address that is taken gets no mail, and nothing else differs.
///
/// # Errors
/// [`IdentityError::EmailInvalid`], [`IdentityError::SessionRequired`], [`IdentityError::SessionEnded`],
/// [`IdentityError::PasswordWrong`], [`IdentityError::MailsFull`].
pub(crate) async fn request_change(
    app: &App,
    caller: &Caller,
    user_id: UserId,
    email: &str,
    password: String,
) -> Result<(), IdentityError> {
    let session_id = session_of(caller)?;
    let new_email = input::email(email)?;
    let (_, kept) = prove_password(app, user_id, password).await?;
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    store::lock_user_in_session(&mut tx, user_id, session_id, now).await?;
    let owner = store::find_owner(&mut tx, user_id).await?.ok_or(IdentityError::NotFound("user"))?;
    // Whoever set another password meanwhile withdrew the changes that were asked for with the former one.
    if owner.password_hash.as_deref() != Some(kept.as_str()) {
        return Err(IdentityError::PasswordWrong);
    }
    // Asking again and again would write to strangers; the former requests count while their links are good.
    let since = now - TimeDelta::hours(1);
    if store::count_email_tokens(&mut tx, user_id, Purpose::Change, since).await? >= MAILS_PER_HOUR_MAX * 2 {
        return Err(IdentityError::MailsFull);
    }
    store::withdraw_change(&mut tx, user_id, now).await?;
    let link = |email| NewEmailToken {
        new_email: Some(new_email),
        ..mails::link(user_id, Purpose::Change, email, now)
    };
    let to_new = link(new_email);
    if store::find_user(&mut tx, new_email).await?.is_none() {
        mails::enqueue(&mut tx, &to_new).await?;
    } else {
        store::insert_email_token(&mut tx, &to_new).await?;
    }
    if owner.email_verified {
        mails::enqueue(&mut tx, &link(owner.email.as_str())).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// An address that was asked to agree to a change.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(crate) struct AskedAddress {
    /// Where the link was mailed to.
    email: String,
    /// Whether it was used.
    has_agreed: bool,
}

/// A change of address that is under way.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(crate) struct PendingEmailChange {
    /// The address to be.
    new_email: String,
    /// Who has to agree.
    addresses: Vec<AskedAddress>,
    /// Until when.
    expires_at: DateTime<Utc>,
}

/// How far the person's change of address is, if one is under way. That the address to be is somebody else's is not told.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn pending_change(
    app: &App,
    user_id: UserId,
) -> Result<Option<PendingEmailChange>, IdentityError> {
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    let links = store::change_links(&mut tx, user_id, app.clock.now()).await?;
    let Some(first) = links.first() else { return Ok(None) };
    let (new_email, expires_at) = (first.new_email.clone(), first.expires_at);
    let asked = links.into_iter().map(|link| AskedAddress { email: link.email, has_agreed: link.has_agreed });
    Ok(Some(PendingEmailChange { new_email, addresses: asked.collect(), expires_at }))
}

/// Makes the links of a change that is under way worthless. Doing so twice is no mistake.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn withdraw_change(app: &App, user_id: UserId) -> Result<(), IdentityError> {
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    store::lock_user(&mut tx, user_id).await?;
    store::withdraw_change(&mut tx, user_id, app.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Whether a change of address has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChangeStatus {
    /// The other address has yet to agree.
    Waiting,
    /// The account has the new address now.
    Changed,
}

/// Notes that one address agrees, and changes the address when none is left to ask.
///
/// # Errors
/// [`IdentityError::TokenWrong`], [`IdentityError::EmailTaken`].
pub(crate) async fn confirm_change(app: &App, token: &str) -> Result<ChangeStatus, IdentityError> {
    let id = email_tokens::read(&app.secrets, Purpose::Change, token).ok_or(IdentityError::TokenWrong)?;
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    let token = store::find_email_token(&mut tx, id, now).await?.ok_or(IdentityError::TokenWrong)?;
    store::lock_user(&mut tx, token.user_id).await?;
    let (true, Some(new_email)) = (store::use_email_token(&mut tx, id, now).await?, token.new_email) else {
        return Err(IdentityError::TokenWrong);
    };
    let status = if store::is_change_waiting(&mut tx, token.user_id, now).await? {
        ChangeStatus::Waiting
    } else {
        store::change_email(&mut tx, token.user_id, &new_email, now).await?;
        domains::join(&mut tx, token.user_id, &new_email, now).await?;
        domains::end_refused_sessions(&mut tx, token.user_id, &new_email).await?;
        // Links to the address that was left must not open the account any more.
        store::delete_email_tokens(&mut tx, token.user_id, None).await?;
        ChangeStatus::Changed
    };
    tx.commit().await?;
    Ok(status)
}
