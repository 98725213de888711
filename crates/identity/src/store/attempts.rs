//! Attempts at passwords and codes, by account.

use crate::{
    IdentityError,
    throttle::{ATTEMPTS_KEPT_FOR, AttemptKey, FIRST_WAIT_SECONDS, FREE_ATTEMPTS, WAIT_SECONDS_MAX},
};
use memoreel_db::SystemTx;
use memoreel_kernel::Timestamp;

/// Whether an attempt may be made.
pub(crate) enum Attempt {
    /// It counts from now on.
    Free,
    /// It does not count; the next may be made then.
    Early { free_at: Timestamp },
}

/// Counts an attempt at `now` unless it comes too early.
pub(crate) async fn begin_attempt(
    tx: &mut SystemTx,
    key: &AttemptKey,
    now: Timestamp,
) -> Result<Attempt, IdentityError> {
    let counted = sqlx::query!(
        r#"INSERT INTO sign_in_attempts AS kept (account_key, attempts, attempted_at, free_at) VALUES ($1, 1, $2, $2)
           ON CONFLICT (account_key) DO UPDATE SET
               attempts = CASE WHEN kept.attempted_at > $3 THEN kept.attempts + 1 ELSE 1 END,
               attempted_at = $2,
               free_at = CASE WHEN kept.attempted_at > $3 AND kept.attempts + 1 >= $4
                   THEN $2 + interval '1 second' * least($5 * 2::float8 ^ least(kept.attempts + 1 - $4, 20), $6)
                   ELSE $2 END
           WHERE kept.free_at <= $2
           RETURNING attempts"#,
        key.as_slice(),
        now,
        now - ATTEMPTS_KEPT_FOR,
        FREE_ATTEMPTS,
        f64::from(FIRST_WAIT_SECONDS),
        f64::from(WAIT_SECONDS_MAX),
    )
    .fetch_optional(&mut **tx)
    .await?;
    if counted.is_some() {
        return Ok(Attempt::Free);
    }
    let free_at =
        sqlx::query_scalar!("SELECT free_at FROM sign_in_attempts WHERE account_key = $1", key.as_slice())
            .fetch_optional(&mut **tx)
            .await?;
    // Somebody succeeded between the two statements: whoever was refused tries again.
    Ok(Attempt::Early { free_at: free_at.unwrap_or(now) })
}

/// Takes the count away; returns whether there was one, as a number.
pub(crate) async fn delete_attempts(tx: &mut SystemTx, key: &AttemptKey) -> Result<u64, IdentityError> {
    let deleted = sqlx::query!("DELETE FROM sign_in_attempts WHERE account_key = $1", key.as_slice())
        .execute(&mut **tx)
        .await?;
    Ok(deleted.rows_affected())
}

/// Forgets accounts at which nobody tried since `before`; returns how many.
pub(crate) async fn delete_old_attempts(tx: &mut SystemTx, before: Timestamp) -> Result<u64, IdentityError> {
    let deleted = sqlx::query!("DELETE FROM sign_in_attempts WHERE attempted_at <= $1", before)
        .execute(&mut **tx)
        .await?;
    Ok(deleted.rows_affected())
}
