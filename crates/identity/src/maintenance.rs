//! What time removes.

use crate::{IdentityError, store, throttle::ATTEMPTS_KEPT_FOR};
use chrono::TimeDelta;
use memoreel_db::SystemTx;
use memoreel_kernel::Timestamp;

/// How long a request may be repeated under its idempotency key.
pub const IDEMPOTENCY_KEYS_KEPT_FOR: TimeDelta = TimeDelta::hours(24);

/// How long links that were mailed are remembered after they ended, so that mails can be counted.
pub const EMAIL_TOKENS_KEPT_FOR: TimeDelta = TimeDelta::hours(2);

/// How long an account waits for its address to be confirmed, where nobody enters it before.
pub const UNCONFIRMED_KEPT_FOR: TimeDelta = TimeDelta::days(14);

/// How many rows went, or came to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// Sessions that had ended.
    pub sessions: u64,
    /// Idempotency keys older than [`IDEMPOTENCY_KEYS_KEPT_FOR`].
    pub idempotency_keys: u64,
    /// Invitations that were not answered in time; they are kept, as expired.
    pub invitations: u64,
    /// Links that had been worthless for longer than [`EMAIL_TOKENS_KEPT_FOR`].
    pub email_tokens: u64,
    /// Challenges to passkeys that nobody answered in time.
    pub passkey_ceremonies: u64,
    /// Accounts at which nobody had tried to sign in for a day.
    pub sign_in_attempts: u64,
    /// Trips to providers from which nobody came back in time.
    pub provider_sign_ins: u64,
    /// Accounts whose address nobody confirmed within [`UNCONFIRMED_KEPT_FOR`]; they are closed, and erased like every account
    /// whose time is over.
    pub unconfirmed: u64,
}

/// Removes ended sessions, mailed links, challenges and trips to providers, old idempotency keys and attempts to sign in, of
/// everybody, ends invitations that were not answered, and closes accounts that nobody confirmed. Expects a transaction for `SystemReason::Maintain`,
/// and leaves committing to the caller.
///
/// # Errors
/// When the database refuses.
pub async fn remove_expired(tx: &mut SystemTx, now: Timestamp) -> Result<Removed, IdentityError> {
    let sessions = store::delete_expired_sessions(tx, now).await?;
    let idempotency_keys = store::delete_old_idempotency_keys(tx, now - IDEMPOTENCY_KEYS_KEPT_FOR).await?;
    let invitations = store::expire_invitations(tx, now).await?;
    let email_tokens = store::delete_expired_email_tokens(tx, now - EMAIL_TOKENS_KEPT_FOR).await?;
    let passkey_ceremonies = store::delete_expired_ceremonies(tx, now).await?;
    let sign_in_attempts = store::delete_old_attempts(tx, now - ATTEMPTS_KEPT_FOR).await?;
    let provider_sign_ins = store::delete_expired_trips(tx, now).await?;
    let unconfirmed = store::close_unconfirmed(tx, now - UNCONFIRMED_KEPT_FOR, now).await?;
    Ok(Removed {
        sessions,
        idempotency_keys,
        invitations,
        email_tokens,
        passkey_ceremonies,
        sign_in_attempts,
        provider_sign_ins,
        unconfirmed,
    })
}
