//! Authenticator secrets and recovery codes. The serving role sees neither.

use crate::IdentityError;
use memoreel_db::SystemTx;
use memoreel_kernel::{Timestamp, UserId};

/// The person's authenticator.
pub(crate) struct Totp {
    /// Sealed for `user_totp.secret` and the person.
    pub(crate) secret: Vec<u8>,
    pub(crate) is_confirmed: bool,
}

/// The person's authenticator, confirmed or only begun, held until the end of the transaction: its secret may be sealed anew
/// at any time.
pub(crate) async fn find_totp(tx: &mut SystemTx, user_id: UserId) -> Result<Option<Totp>, IdentityError> {
    let totp = sqlx::query_as!(
        Totp,
        r#"SELECT secret, confirmed_at IS NOT NULL AS "is_confirmed!" FROM user_totp WHERE user_id = $1 FOR UPDATE"#,
        user_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(totp)
}

/// Keeps a secret to be confirmed, in place of an earlier one. False when one is confirmed.
pub(crate) async fn begin_totp(
    tx: &mut SystemTx,
    user_id: UserId,
    secret: &[u8],
    now: Timestamp,
) -> Result<bool, IdentityError> {
    let kept = sqlx::query!(
        "INSERT INTO user_totp AS kept (user_id, secret, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at
             WHERE kept.confirmed_at IS NULL",
        user_id.uuid(),
        secret,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(kept.rows_affected() == 1)
}

/// Confirms the secret with the code of a step. False when another secret has taken its place.
pub(crate) async fn confirm_totp(
    tx: &mut SystemTx,
    user_id: UserId,
    secret: &[u8],
    step: i64,
    now: Timestamp,
) -> Result<bool, IdentityError> {
    let confirmed = sqlx::query!(
        "UPDATE user_totp SET confirmed_at = $4, last_step = $3 WHERE user_id = $1 AND secret = $2 AND confirmed_at IS NULL",
        user_id.uuid(),
        secret,
        step,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(confirmed.rows_affected() == 1)
}

/// Notes that the code of a step was used. False when it, or a later one, was used before.
pub(crate) async fn use_totp_step(
    tx: &mut SystemTx,
    user_id: UserId,
    step: i64,
) -> Result<bool, IdentityError> {
    let used = sqlx::query!(
        "UPDATE user_totp SET last_step = $2 WHERE user_id = $1 AND last_step < $2",
        user_id.uuid(),
        step,
    )
    .execute(&mut **tx)
    .await?;
    Ok(used.rows_affected() == 1)
}

/// Removes the authenticator and its recovery codes. False when sign-in asked for none.
pub(crate) async fn delete_totp(tx: &mut SystemTx, user_id: UserId) -> Result<bool, IdentityError> {
    // In the order of a sign-in with a recovery code, which holds the authenticator first.
    let was_confirmed = sqlx::query_scalar!(
        r#"DELETE FROM user_totp WHERE user_id = $1 RETURNING confirmed_at IS NOT NULL AS "was_confirmed!""#,
        user_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    sqlx::query!("DELETE FROM user_recovery_codes WHERE user_id = $1", user_id.uuid())
        .execute(&mut **tx)
        .await?;
    Ok(was_confirmed == Some(true))
}

/// Keeps these recovery codes and no others.
pub(crate) async fn replace_recovery_codes(
    tx: &mut SystemTx,
    user_id: UserId,
    hashes: &[Vec<u8>],
) -> Result<(), IdentityError> {
    sqlx::query!("DELETE FROM user_recovery_codes WHERE user_id = $1", user_id.uuid())
        .execute(&mut **tx)
        .await?;
    sqlx::query!(
        "INSERT INTO user_recovery_codes (user_id, code_hash) SELECT $1, code.hash FROM UNNEST($2::bytea[]) AS code(hash)",
        user_id.uuid(),
        hashes,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Uses a recovery code up. False when the person has no such code, or used it before.
pub(crate) async fn use_recovery_code(
    tx: &mut SystemTx,
    user_id: UserId,
    hash: &[u8; 32],
    now: Timestamp,
) -> Result<bool, IdentityError> {
    let used = sqlx::query!(
        "UPDATE user_recovery_codes SET used_at = $3 WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL",
        user_id.uuid(),
        hash.as_slice(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(used.rows_affected() == 1)
}
