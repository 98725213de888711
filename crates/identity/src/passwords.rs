//! Changing a password that is known, and setting another one in place of a password that is not.

use crate::{
    IdentityError,
    authenticate::session_of,
    domains,
    email_tokens::{self, Purpose},
    input, mails,
    notices::{self, Notice},
    password::Desk,
    store::{self, Owner},
    throttle::{self, Account},
    token,
};
use chrono::TimeDelta;
use memoreel_db::SystemReason;
use memoreel_kernel::{Caller, UserId};
use memoreel_web::App;
use std::time::Duration;

/// How many links to set a password an account is mailed in an hour.
const RESETS_PER_HOUR_MAX: i64 = 5;
/// How long whoever signed in need not show again who they are.
const SIGN_IN_RECENT_FOR: TimeDelta = TimeDelta::minutes(15);
/// How long every request for a mail takes that is sent to an account alone, so that its time does not tell whether there is one: a database
/// that writes a link and one that has nothing to write are both done long before.
pub(crate) const MAILED_ANSWERED_AFTER: Duration = Duration::from_millis(300);

/// The person behind a caller who has just typed the password.
///
/// # Errors
/// [`IdentityError::PasswordWrong`], [`IdentityError::SignInThrottled`].
pub(crate) async fn prove_password(
    app: &App,
    user_id: UserId,
    password: String,
) -> Result<(Owner, String), IdentityError> {
    let owner = store::find_owner(&mut app.db.system(SystemReason::SignIn).await?, user_id).await?;
    let mut owner = owner.ok_or(IdentityError::NotFound("user"))?;
    let attempt = throttle::begin(app, Account::InSession(user_id)).await?;
    let known = Desk::of(app, &user_id.to_string()).verify(password, owner.password_hash.take()).await?;
    let known = known.ok_or(IdentityError::PasswordWrong)?;
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    throttle::forget(&mut tx, &attempt).await?;
    tx.commit().await?;
    Ok((owner, known.kept))
}

/// Shows that the person of the session is sitting there: by the password, or because the session was opened just now.
///
/// # Errors
/// [`IdentityError::SessionRequired`], [`IdentityError::RecentSignInRequired`], [`IdentityError::PasswordWrong`],
/// [`IdentityError::SignInThrottled`].
pub(crate) async fn prove_presence(
    app: &App,
    caller: &Caller,
    user_id: UserId,
    password: Option<String>,
) -> Result<(), IdentityError> {
    let session_id = session_of(caller)?;
    if let Some(password) = password {
        prove_password(app, user_id, password).await?;
        return Ok(());
    }
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    let start = store::find_session_start(&mut tx, user_id, session_id).await?;
    let is_recent = start.is_some_and(|start| app.clock.now() - start <= SIGN_IN_RECENT_FOR);
    if is_recent { Ok(()) } else { Err(IdentityError::RecentSignInRequired) }
}

/// Changes the password, ends every other session, and gives this one another token, which is returned. A change of address that is under way
/// is withdrawn: somebody else may have asked for it.
///
/// # Errors
/// [`IdentityError::SessionRequired`], [`IdentityError::PasswordWrong`], [`IdentityError::PasswordWeak`].
pub(crate) async fn change(
    app: &App,
    caller: &Caller,
    user_id: UserId,
    current: String,
    new: String,
) -> Result<String, IdentityError> {
    let session_id = session_of(caller)?;
    let (owner, kept) = prove_password(app, user_id, current).await?;
    let whose = user_id.to_string();
    let desk = Desk::of(app, &whose);
    desk.check(&new, &owner.email, &owner.name).await?;
    let password_hash = desk.hash(new).await?;
    let session = token::new_session_token();
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    if !store::change_password(&mut tx, user_id, Some(&kept), &password_hash).await? {
        return Err(IdentityError::PasswordWrong);
    }
    store::delete_email_tokens(&mut tx, user_id, Some(Purpose::Reset)).await?;
    store::withdraw_change(&mut tx, user_id, app.clock.now()).await?;
    store::delete_sessions_except(&mut tx, user_id, Some(session_id)).await?;
    if !store::rotate_session(&mut tx, user_id, session_id, &session.hash).await? {
        return Err(IdentityError::NotFound("session"));
    }
    notices::tell(&mut tx, user_id, Notice::PasswordChanged, None, app.clock.now()).await?;
    tx.commit().await?;
    Ok(session.token)
}

/// Mails a link that sets another password, if there is an account with that address; says nothing either way. Where the domain
/// of the address requires a provider, everybody is told so, and an owner is mailed a link nevertheless.
///
/// # Errors
/// [`IdentityError::ProviderRequired`].
pub(crate) async fn request_reset(app: &App, email: &str) -> Result<(), IdentityError> {
    let Ok(email) = input::email(email) else { return Ok(()) };
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    let required = domains::required(&mut tx, email).await?;
    if let Some(user) = store::find_sign_in(&mut tx, email).await? {
        let may = match &required {
            Some(required) => store::is_owner(&mut tx, required.organization_id, user.id).await?,
            None => true,
        };
        let since = now - TimeDelta::hours(1);
        let mailed = store::count_email_tokens(&mut tx, user.id, Purpose::Reset, since).await?;
        if may && mailed < RESETS_PER_HOUR_MAX {
            // To the address as it is kept, not as somebody typed it.
            mails::enqueue(&mut tx, &mails::link(user.id, Purpose::Reset, &user.email, now)).await?;
            tx.commit().await?;
        }
    }
    match required {
        Some(required) => Err(domains::refusal(app, &required)),
        None => Ok(()),
    }
}

/// Sets the password of whoever got the link, ends all of their sessions, and withdraws a change of address that is under way. Where nobody had
/// shown before that the address is theirs, somebody else may have made the account: what they put on it goes as well.
///
/// # Errors
/// [`IdentityError::TokenWrong`], [`IdentityError::PasswordWeak`], [`IdentityError::ProviderRequired`].
pub(crate) async fn reset(app: &App, token: &str, new: String) -> Result<(), IdentityError> {
    let id = email_tokens::read(&app.secrets, Purpose::Reset, token).ok_or(IdentityError::TokenWrong)?;
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    let token = store::find_email_token(&mut tx, id, now).await?;
    drop(tx);
    let token = token.filter(|token| !token.is_used).ok_or(IdentityError::TokenWrong)?;
    let whose = token.user_id.to_string();
    let desk = Desk::of(app, &whose);
    desk.check(&new, &token.user_email, &token.user_name).await?;
    let password_hash = desk.hash(new).await?;
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    store::lock_user(&mut tx, token.user_id).await?;
    let is_first = store::use_email_token(&mut tx, id, now).await?;
    if !is_first || !store::change_password(&mut tx, token.user_id, None, &password_hash).await? {
        return Err(IdentityError::TokenWrong);
    }
    let owner = store::find_owner(&mut tx, token.user_id).await?;
    let was_verified = owner.ok_or(IdentityError::TokenWrong)?.email_verified;
    domains::check_way(app, &mut tx, token.user_id, &token.user_email, None).await?;
    // Whoever read the mail has the address.
    if !store::verify_email(&mut tx, token.user_id, &token.email, now).await? {
        return Err(IdentityError::TokenWrong);
    }
    domains::join(&mut tx, token.user_id, &token.user_email, now).await?;
    store::delete_email_tokens(&mut tx, token.user_id, Some(Purpose::Reset)).await?;
    store::withdraw_change(&mut tx, token.user_id, now).await?;
    store::delete_sessions_except(&mut tx, token.user_id, None).await?;
    if !was_verified {
        store::delete_other_ways_in(&mut tx, token.user_id).await?;
    }
    notices::tell(&mut tx, token.user_id, Notice::PasswordChanged, None, now).await?;
    tx.commit().await?;
    Ok(())
}
