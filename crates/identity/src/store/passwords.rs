//! Passwords and addresses of people who have an account already, and the sessions that end with them.

use super::session_lives;
use crate::{IdentityError, token::TokenHash};
use memoreel_db::{SystemTx, violated_constraint};
use memoreel_kernel::{SessionId, Timestamp, UserId};

/// What a person is checked against once they are signed in.
pub(crate) struct Owner {
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) email_verified: bool,
    pub(crate) password_hash: Option<String>,
}

/// The active user with this id.
pub(crate) async fn find_owner(tx: &mut SystemTx, user_id: UserId) -> Result<Option<Owner>, IdentityError> {
    let owner = sqlx::query_as!(
        Owner,
        r#"SELECT email, coalesce(name, split_part(email, '@', 1)) AS "name!",
                  email_verified_at IS NOT NULL AS "email_verified!", password_hash
           FROM users WHERE id = $1 AND is_active"#,
        user_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(owner)
}

/// Replaces the password. `former` is the hash it was checked against; without it the person proved otherwise who they
/// are. False when the account was closed or the password changed meanwhile.
pub(crate) async fn change_password(
    tx: &mut SystemTx,
    user_id: UserId,
    former: Option<&str>,
    password_hash: &str,
) -> Result<bool, IdentityError> {
    let updated = sqlx::query!(
        "UPDATE users SET password_hash = $3 WHERE id = $1 AND ($2::text IS NULL OR password_hash = $2) AND is_active",
        user_id.uuid(),
        former,
        password_hash,
    )
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Removes what opens the account beside a password: passkeys, API keys, what providers know the person as, and the authenticator that is asked
/// after a password.
pub(crate) async fn delete_other_ways_in(tx: &mut SystemTx, user_id: UserId) -> Result<(), IdentityError> {
    sqlx::query!(
        "WITH codes AS (DELETE FROM user_recovery_codes WHERE user_id = $1),
              authenticator AS (DELETE FROM user_totp WHERE user_id = $1),
              passkeys AS (DELETE FROM user_passkeys WHERE user_id = $1),
              identities AS (DELETE FROM user_identities WHERE user_id = $1),
              arriving AS (DELETE FROM provider_sign_ins WHERE verified_user_id = $1)
         DELETE FROM api_keys WHERE user_id = $1",
        user_id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Ends the person's sessions, all but `kept`. Returns how many.
pub(crate) async fn delete_sessions_except(
    tx: &mut SystemTx,
    user_id: UserId,
    kept: Option<SessionId>,
) -> Result<u64, IdentityError> {
    let deleted = sqlx::query!(
        "DELETE FROM sessions WHERE user_id = $1 AND ($2::uuid IS NULL OR id <> $2)",
        user_id.uuid(),
        kept.map(SessionId::uuid),
    )
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected())
}

/// Gives the session another token; the old one opens nothing any more. False when the session has ended.
pub(crate) async fn rotate_session(
    tx: &mut SystemTx,
    user_id: UserId,
    id: SessionId,
    token_hash: &TokenHash,
) -> Result<bool, IdentityError> {
    let updated = sqlx::query!(
        "UPDATE sessions SET token_hash = $3 WHERE user_id = $1 AND id = $2",
        user_id.uuid(),
        id.uuid(),
        token_hash,
    )
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Notes that mail to `email` reaches the person, and keeps an account that was to go because nobody had confirmed that. False
/// when it is not their address any more, and when the account is being erased: files of it may be gone already. Whoever calls this holds
/// the person's row since an earlier statement, so that an erasure that begins is seen.
pub(crate) async fn verify_email(
    tx: &mut SystemTx,
    user_id: UserId,
    email: &str,
    now: Timestamp,
) -> Result<bool, IdentityError> {
    let updated = sqlx::query!(
        "UPDATE users SET email_verified_at = coalesce(email_verified_at, $3),
             erased_after = CASE WHEN NOT confirm_first OR email_verified_at IS NOT NULL THEN erased_after END
         WHERE id = $1 AND lower(email) = lower($2) AND is_active
             AND NOT EXISTS (SELECT FROM erasures WHERE kind = 'person' AND subject_id = $1 AND finished_at IS NULL)",
        user_id.uuid(),
        email,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Holds the person's row until the end of the transaction, so that what is done at once to one account follows each other. Whatever else is
/// held of the person, or of their organizations, is held after it. Rows that refer to the person may be made meanwhile: whoever makes one
/// may hold what is needed next.
pub(crate) async fn lock_user(tx: &mut SystemTx, user_id: UserId) -> Result<(), IdentityError> {
    sqlx::query!("SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE", user_id.uuid())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(())
}

/// Holds the person's row as [`lock_user`] does, for something that is done in a session of theirs: whatever ended it meanwhile, such as
/// another password, is over.
///
/// # Errors
/// [`IdentityError::SessionEnded`].
pub(crate) async fn lock_user_in_session(
    tx: &mut SystemTx,
    user_id: UserId,
    session_id: SessionId,
    now: Timestamp,
) -> Result<(), IdentityError> {
    lock_user(tx, user_id).await?;
    let lives = session_lives(tx, user_id, session_id, now).await?;
    if lives { Ok(()) } else { Err(IdentityError::SessionEnded) }
}

/// Gives the person another address, known to reach them.
///
/// # Errors
/// [`IdentityError::EmailTaken`].
pub(crate) async fn change_email(
    tx: &mut SystemTx,
    user_id: UserId,
    email: &str,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let changed = sqlx::query!(
        "UPDATE users SET email = $2, email_verified_at = $3 WHERE id = $1",
        user_id.uuid(),
        email,
        now,
    )
    .execute(&mut **tx)
    .await;
    match changed {
        Ok(_) => Ok(()),
        Err(error) if violated_constraint(&error) == Some("users_email_key") => {
            Err(IdentityError::EmailTaken)
        }
        Err(error) => Err(error.into()),
    }
}
