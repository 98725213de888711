//! The second thing asked for at sign-in: a code of an authenticator app, or one of ten codes kept on paper.

use crate::{
    IdentityError,
    authenticate::session_of,
    notices::{self, Notice},
    passwords::prove_presence,
    sealed::TOTP_SECRET,
    store::{self, Totp},
    throttle::{self, Account},
    totp,
};
use memoreel_db::{SystemReason, SystemTx};
use memoreel_kernel::{Caller, Timestamp, UserId};
use memoreel_web::App;
use sha2::{Digest, Sha256};

/// How many recovery codes there are.
const RECOVERY_CODES: usize = 10;
/// With 80 random bits in a code a plain hash is enough: there is nothing to guess.
const RECOVERY_CODE_BYTES: usize = 10;
const RECOVERY_CODE_GROUP: usize = 4;

/// What an authenticator app is to be given. No `Debug`, because of the secret.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(crate) struct TotpSecret {
    /// To be typed into an app, in base 32.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// To be shown as a QR code.
    #[schema(
        example = "otpauth://totp/Memoreel:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Memoreel"
    )]
    uri: String,
}

/// Makes a secret, which counts once a code of it was confirmed. Beginning again replaces it. Whoever found a session open must not lock its
/// owner out.
///
/// # Errors
/// [`IdentityError::SessionRequired`], [`IdentityError::SessionEnded`], [`IdentityError::RecentSignInRequired`],
/// [`IdentityError::PasswordWrong`], [`IdentityError::SignInThrottled`], [`IdentityError::TotpEnabled`].
pub(crate) async fn begin(
    app: &App,
    caller: &Caller,
    user_id: UserId,
    password: Option<String>,
) -> Result<TotpSecret, IdentityError> {
    prove_presence(app, caller, user_id, password).await?;
    let secret = totp::new_secret();
    let sealed = app.secrets.seal(&secret, TOTP_SECRET.place(user_id.uuid()))?;
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    store::lock_user_in_session(&mut tx, user_id, session_of(caller)?, now).await?;
    let owner = store::find_owner(&mut tx, user_id).await?.ok_or(IdentityError::NotFound("user"))?;
    if !store::begin_totp(&mut tx, user_id, &sealed, now).await? {
        return Err(IdentityError::TotpEnabled);
    }
    tx.commit().await?;
    Ok(TotpSecret { secret: totp::base32(&secret), uri: totp::uri(&secret, &owner.email) })
}

/// From here on sign-in asks for codes. Returns the recovery codes, which are not shown again.
///
/// # Errors
/// [`IdentityError::SessionRequired`], [`IdentityError::SessionEnded`], [`IdentityError::NotFound`] when none was begun,
/// [`IdentityError::TotpEnabled`], [`IdentityError::ConfirmationCodeWrong`], [`IdentityError::SignInThrottled`].
pub(crate) async fn confirm(
    app: &App,
    caller: &Caller,
    user_id: UserId,
    code: &str,
) -> Result<Vec<String>, IdentityError> {
    let session_id = session_of(caller)?;
    let attempt = throttle::begin(app, Account::InSession(user_id)).await?;
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    store::lock_user_in_session(&mut tx, user_id, session_id, now).await?;
    let totp = store::find_totp(&mut tx, user_id).await?.ok_or(IdentityError::NotFound("authenticator"))?;
    if totp.is_confirmed {
        return Err(IdentityError::TotpEnabled);
    }
    let step = matching_step(app, user_id, &totp, code.trim(), now)?;
    let step = step.ok_or(IdentityError::ConfirmationCodeWrong)?;
    if !store::confirm_totp(&mut tx, user_id, &totp.secret, step, now).await? {
        return Err(IdentityError::ConfirmationCodeWrong);
    }
    let codes = replace_recovery_codes(&mut tx, user_id).await?;
    throttle::forget(&mut tx, &attempt).await?;
    notices::tell(&mut tx, user_id, Notice::TotpEnabled, None, now).await?;
    tx.commit().await?;
    Ok(codes)
}

/// Makes other recovery codes; the former ones open nothing any more.
///
/// # Errors
/// [`IdentityError::SessionRequired`], [`IdentityError::SessionEnded`], [`IdentityError::RecentSignInRequired`],
/// [`IdentityError::PasswordWrong`], [`IdentityError::SignInThrottled`], [`IdentityError::NotFound`] without an authenticator.
pub(crate) async fn renew_recovery_codes(
    app: &App,
    caller: &Caller,
    user_id: UserId,
    password: Option<String>,
) -> Result<Vec<String>, IdentityError> {
    prove_presence(app, caller, user_id, password).await?;
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    store::lock_user_in_session(&mut tx, user_id, session_of(caller)?, now).await?;
    let totp = store::find_totp(&mut tx, user_id).await?.filter(|totp| totp.is_confirmed);
    totp.ok_or(IdentityError::NotFound("authenticator"))?;
    let codes = replace_recovery_codes(&mut tx, user_id).await?;
    notices::tell(&mut tx, user_id, Notice::RecoveryCodesRenewed, None, now).await?;
    tx.commit().await?;
    Ok(codes)
}

async fn replace_recovery_codes(tx: &mut SystemTx, user_id: UserId) -> Result<Vec<String>, IdentityError> {
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| new_recovery_code()).collect();
    let hashes: Vec<Vec<u8>> = codes.iter().map(|code| recovery_code_hash(code).to_vec()).collect();
    store::replace_recovery_codes(tx, user_id, &hashes).await?;
    Ok(codes)
}

/// From here on sign-in asks for the password alone. Doing so twice is no mistake.
///
/// # Errors
/// [`IdentityError::SessionRequired`], [`IdentityError::SessionEnded`], [`IdentityError::RecentSignInRequired`],
/// [`IdentityError::PasswordWrong`], [`IdentityError::SignInThrottled`].
pub(crate) async fn delete(
    app: &App,
    caller: &Caller,
    user_id: UserId,
    password: Option<String>,
) -> Result<(), IdentityError> {
    prove_presence(app, caller, user_id, password).await?;
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    store::lock_user_in_session(&mut tx, user_id, session_of(caller)?, now).await?;
    if store::delete_totp(&mut tx, user_id).await? {
        notices::tell(&mut tx, user_id, Notice::TotpDisabled, None, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Asks somebody who knows the password for a code, if the account has an authenticator. A code that opened a session
/// opens no other; `tx` is the transaction in which the session is opened.
///
/// # Errors
/// [`IdentityError::CodeRequired`], [`IdentityError::CodeWrong`].
pub(crate) async fn check(
    app: &App,
    tx: &mut SystemTx,
    user_id: UserId,
    code: Option<&str>,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let Some(totp) = store::find_totp(tx, user_id).await?.filter(|totp| totp.is_confirmed) else {
        return Ok(());
    };
    let code = code.map(str::trim).filter(|code| !code.is_empty()).ok_or(IdentityError::CodeRequired)?;
    let is_good = if totp::is_code(code) {
        match matching_step(app, user_id, &totp, code, now)? {
            Some(step) => store::use_totp_step(tx, user_id, step).await?,
            None => false,
        }
    } else {
        store::use_recovery_code(tx, user_id, &recovery_code_hash(code), now).await?
    };
    if is_good { Ok(()) } else { Err(IdentityError::CodeWrong) }
}

/// Whether the account has an authenticator that sign-in asks.
pub(crate) async fn is_asked_for(tx: &mut SystemTx, user_id: UserId) -> Result<bool, IdentityError> {
    Ok(store::find_totp(tx, user_id).await?.is_some_and(|totp| totp.is_confirmed))
}

fn matching_step(
    app: &App,
    user_id: UserId,
    totp: &Totp,
    code: &str,
    now: Timestamp,
) -> Result<Option<i64>, IdentityError> {
    let secret = app.secrets.open(&totp.secret, TOTP_SECRET.place(user_id.uuid()))?;
    let secret = secret.try_into().map_err(|_| memoreel_web::SealError::Malformed)?;
    Ok(totp::step_of(&secret, code, now))
}

/// Sixteen letters and digits in groups of four.
fn new_recovery_code() -> String {
    let code = totp::base32(&rand::random::<[u8; RECOVERY_CODE_BYTES]>()).to_lowercase();
    let mut grouped = String::new();
    for (place, character) in code.chars().enumerate() {
        if place > 0 && place % RECOVERY_CODE_GROUP == 0 {
            grouped.push('-');
        }
        grouped.push(character);
    }
    grouped
}

/// What is kept of a recovery code, however it is written.
fn recovery_code_hash(code: &str) -> [u8; 32] {
    let bare: String = code.chars().filter(|character| character.is_alphanumeric()).collect();
    Sha256::digest(bare.to_lowercase().as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_code_is_known_however_it_is_typed() {
        let code = new_recovery_code();
        assert_eq!(code.len(), 19, "{code}");
        assert_ne!(code, new_recovery_code());
        let typed = [code.to_uppercase(), code.replace('-', " "), format!(" {} ", code.replace('-', ""))];
        for typed in typed {
            assert_eq!(recovery_code_hash(&typed), recovery_code_hash(&code), "{typed}");
        }
        assert!(!totp::is_code(&code));
    }
}
