//! How often an account's password or code may be tried, whoever tries: ten times at once, then ever more slowly.
//!
//! Counted in the database and not in memory: there may be several processes, and one that restarts must not begin at
//! nothing. An attempt counts before it is looked at, in one statement, so that attempts made at once count each other; one
//! that succeeds takes the count away. An address without an account is counted and refused like one that has an account.
//! The price is that somebody else can make the owner wait to sign in, a quarter of an hour for each of their attempts; sessions go on
//! meanwhile, and what is proved within one is counted apart.

use crate::{
    IdentityError,
    store::{self, Attempt},
};
use chrono::TimeDelta;
use memoreel_db::{SystemReason, SystemTx};
use memoreel_kernel::UserId;
use memoreel_web::App;

/// How many attempts may follow each other at once.
pub(crate) const FREE_ATTEMPTS: i32 = 10;
/// The wait after the last of them; each further one doubles it.
pub(crate) const FIRST_WAIT_SECONDS: i32 = 30;
/// The longest wait.
pub(crate) const WAIT_SECONDS_MAX: i32 = 900;
/// Attempts are forgotten when none was made for so long.
pub(crate) const ATTEMPTS_KEPT_FOR: TimeDelta = TimeDelta::days(1);

/// Whose password or code is tried.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Account<'a> {
    /// There is such an account.
    Known(UserId),
    /// There is none with this address.
    Unknown(&'a str),
    /// Whoever tries has a session of the account: counted apart, so that strangers cannot make its owner wait there.
    InSession(UserId),
}

/// What attempts are counted under: a code of the account that tells nobody whose it is.
pub(crate) type AttemptKey = [u8; 32];

/// Counts an attempt.
///
/// # Errors
/// [`IdentityError::SignInThrottled`] when it comes too early; it is not looked at then.
pub(crate) async fn begin(app: &App, account: Account<'_>) -> Result<AttemptKey, IdentityError> {
    let key = key_of(app, account);
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    let attempt = store::begin_attempt(&mut tx, &key, now).await?;
    tx.commit().await?;
    match attempt {
        Attempt::Free => Ok(key),
        Attempt::Early { free_at } => {
            Err(IdentityError::SignInThrottled { seconds: (free_at - now).num_seconds().max(0) + 1 })
        }
    }
}

fn key_of(app: &App, account: Account<'_>) -> AttemptKey {
    match account {
        Account::Known(user_id) => app.secrets.sign("sign-in of", &[user_id.uuid().as_bytes()]),
        Account::InSession(user_id) => app.secrets.sign("proof of", &[user_id.uuid().as_bytes()]),
        Account::Unknown(email) => app.secrets.sign("sign-in to", &[email.to_lowercase().as_bytes()]),
    }
}

/// Takes the count away with the account; returns how many there were.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn forget_account(
    app: &App,
    tx: &mut SystemTx,
    account: Account<'_>,
) -> Result<u64, IdentityError> {
    store::delete_attempts(tx, &key_of(app, account)).await
}

/// Takes the count away after an attempt that succeeded.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn forget(tx: &mut SystemTx, key: &AttemptKey) -> Result<(), IdentityError> {
    store::delete_attempts(tx, key).await?;
    Ok(())
}
