//! Passkeys, and the ceremonies in which they are made and used. The serving role sees neither.

use crate::{IdentityError, model::Passkey, token::TokenHash};
use memoreel_db::{SystemTx, violated_constraint};
use memoreel_kernel::{PasskeyId, Timestamp, UserId};
use serde_json::Value;

/// What a ceremony is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CeremonyPurpose {
    /// To make a passkey of somebody who is signed in.
    Register,
    /// To sign in with one.
    SignIn,
}

impl CeremonyPurpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::SignIn => "sign_in",
        }
    }
}

/// A challenge that was just made.
pub(crate) struct NewCeremony<'a> {
    pub(crate) token_hash: &'a TokenHash,
    pub(crate) purpose: CeremonyPurpose,
    /// Whose passkey it is to be.
    pub(crate) user_id: Option<UserId>,
    pub(crate) state: Value,
    pub(crate) expires_at: Timestamp,
}

/// Remembers the challenge.
pub(crate) async fn insert_ceremony(
    tx: &mut SystemTx,
    ceremony: &NewCeremony<'_>,
) -> Result<(), IdentityError> {
    sqlx::query!(
        "INSERT INTO passkey_ceremonies (token_hash, purpose, user_id, state, expires_at) VALUES ($1, $2, $3, $4, $5)",
        ceremony.token_hash,
        ceremony.purpose.as_str(),
        ceremony.user_id.map(UserId::uuid),
        ceremony.state,
        ceremony.expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Forgets the challenge and returns what was remembered of it, if it is for this and may still be answered.
pub(crate) async fn take_ceremony(
    tx: &mut SystemTx,
    token_hash: &TokenHash,
    purpose: CeremonyPurpose,
    user_id: Option<UserId>,
    now: Timestamp,
) -> Result<Option<Value>, IdentityError> {
    let state = sqlx::query_scalar!(
        "DELETE FROM passkey_ceremonies
         WHERE token_hash = $1 AND purpose = $2 AND user_id IS NOT DISTINCT FROM $3 AND expires_at > $4
         RETURNING state",
        token_hash,
        purpose.as_str(),
        user_id.map(UserId::uuid),
        now,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(state)
}

/// Removes challenges that could be answered until `now` at most; returns how many.
pub(crate) async fn delete_expired_ceremonies(
    tx: &mut SystemTx,
    now: Timestamp,
) -> Result<u64, IdentityError> {
    let deleted =
        sqlx::query!("DELETE FROM passkey_ceremonies WHERE expires_at <= $1", now).execute(&mut **tx).await?;
    Ok(deleted.rows_affected())
}

/// What the person's authenticators call their passkeys.
pub(crate) async fn credential_ids(
    tx: &mut SystemTx,
    user_id: UserId,
) -> Result<Vec<Vec<u8>>, IdentityError> {
    let ids =
        sqlx::query_scalar!("SELECT credential_id FROM user_passkeys WHERE user_id = $1", user_id.uuid())
            .fetch_all(&mut **tx)
            .await?;
    Ok(ids)
}

/// A passkey that was just made.
pub(crate) struct NewPasskey<'a> {
    pub(crate) id: PasskeyId,
    pub(crate) user_id: UserId,
    pub(crate) credential_id: &'a [u8],
    pub(crate) credential: Value,
    pub(crate) name: &'a str,
    pub(crate) now: Timestamp,
}

/// Keeps the passkey.
///
/// # Errors
/// [`IdentityError::PasskeyTaken`].
pub(crate) async fn insert_passkey(
    tx: &mut SystemTx,
    new: &NewPasskey<'_>,
) -> Result<Passkey, IdentityError> {
    let inserted = sqlx::query_as!(
        Passkey,
        r#"INSERT INTO user_passkeys (id, user_id, credential_id, credential, backed_up, name, created_at)
           VALUES ($1, $2, $3, $4, coalesce(($4::jsonb #>> '{cred,backup_state}')::boolean, false), $5, $6)
           RETURNING id AS "id: _", name, backed_up, created_at, last_used_at"#,
        new.id.uuid(),
        new.user_id.uuid(),
        new.credential_id,
        new.credential,
        new.name,
        new.now,
    )
    .fetch_one(&mut **tx)
    .await;
    match inserted {
        Ok(passkey) => Ok(passkey),
        Err(error) if violated_constraint(&error) == Some("user_passkeys_credential_key") => {
            Err(IdentityError::PasskeyTaken)
        }
        Err(error) => Err(error.into()),
    }
}

/// The person's passkeys, oldest first.
pub(crate) async fn passkeys(tx: &mut SystemTx, user_id: UserId) -> Result<Vec<Passkey>, IdentityError> {
    let passkeys = sqlx::query_as!(
        Passkey,
        r#"SELECT id AS "id: _", name, backed_up, created_at, last_used_at
           FROM user_passkeys WHERE user_id = $1 ORDER BY created_at, id"#,
        user_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(passkeys)
}

/// Whose passkey an authenticator names, as it is at this moment.
pub(crate) async fn passkey_owner(
    tx: &mut SystemTx,
    credential_id: &[u8],
) -> Result<Option<UserId>, IdentityError> {
    let owner = sqlx::query_scalar!(
        r#"SELECT user_id AS "user_id: UserId" FROM user_passkeys WHERE credential_id = $1"#,
        credential_id,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(owner)
}

/// A passkey somebody signs in with.
pub(crate) struct HeldPasskey {
    pub(crate) id: PasskeyId,
    pub(crate) user_id: UserId,
    pub(crate) credential: Value,
}

/// The passkey an authenticator names, held until the end of the transaction.
pub(crate) async fn hold_passkey(
    tx: &mut SystemTx,
    credential_id: &[u8],
) -> Result<Option<HeldPasskey>, IdentityError> {
    let held = sqlx::query_as!(
        HeldPasskey,
        r#"SELECT id AS "id: _", user_id AS "user_id: _", credential FROM user_passkeys
           WHERE credential_id = $1 FOR UPDATE"#,
        credential_id,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(held)
}

/// Keeps what the authenticator said of itself this time.
pub(crate) async fn mark_passkey_used(
    tx: &mut SystemTx,
    id: PasskeyId,
    credential: &Value,
    now: Timestamp,
) -> Result<(), IdentityError> {
    sqlx::query!(
        "UPDATE user_passkeys
         SET credential = $2, backed_up = coalesce(($2::jsonb #>> '{cred,backup_state}')::boolean, false), last_used_at = $3
         WHERE id = $1",
        id.uuid(),
        credential,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives one of the person's passkeys another name. `None` when there is none with that id.
pub(crate) async fn rename_passkey(
    tx: &mut SystemTx,
    user_id: UserId,
    id: PasskeyId,
    name: &str,
) -> Result<Option<Passkey>, IdentityError> {
    let renamed = sqlx::query_as!(
        Passkey,
        r#"UPDATE user_passkeys SET name = $3 WHERE user_id = $1 AND id = $2
           RETURNING id AS "id: _", name, backed_up, created_at, last_used_at"#,
        user_id.uuid(),
        id.uuid(),
        name,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(renamed)
}

/// Removes one of the person's passkeys and returns its name. `None` when there is none with that id.
pub(crate) async fn delete_passkey(
    tx: &mut SystemTx,
    user_id: UserId,
    id: PasskeyId,
) -> Result<Option<String>, IdentityError> {
    let name = sqlx::query_scalar!(
        "DELETE FROM user_passkeys WHERE user_id = $1 AND id = $2 RETURNING name",
        user_id.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(name)
}
