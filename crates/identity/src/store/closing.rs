//! Accounts on their way out.

use crate::IdentityError;
use memoreel_db::SystemTx;
use memoreel_kernel::{Timestamp, UserId};

/// Holds every organization the person is a member of until the end of the transaction, so that its owners stay who they are,
/// and nobody hands it to this person meanwhile.
pub(crate) async fn hold_organizations_of(tx: &mut SystemTx, user_id: UserId) -> Result<(), IdentityError> {
    sqlx::query!(
        "SELECT o.id FROM organizations o JOIN memberships m ON m.organization_id = o.id
         WHERE m.user_id = $1 ORDER BY o.id FOR NO KEY UPDATE OF o",
        user_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(())
}

/// The names, with those in addresses, of what would be left without an owner; the person's own organization goes with
/// them, and a deleted one goes by itself.
pub(crate) async fn sole_ownerships(
    tx: &mut SystemTx,
    user_id: UserId,
) -> Result<Vec<(String, String)>, IdentityError> {
    let rows = sqlx::query!(
        "SELECT o.name, o.slug FROM organizations o JOIN memberships m ON m.organization_id = o.id AND m.role = 'owner'
         WHERE m.user_id = $1 AND o.personal_owner_id IS DISTINCT FROM $1 AND o.status <> 'deleted'
             AND NOT EXISTS (SELECT FROM memberships other JOIN users u ON u.id = other.user_id
                 WHERE other.organization_id = o.id AND other.user_id <> $1 AND other.role = 'owner'
                     AND u.is_active AND u.erased_after IS NULL)
         ORDER BY o.slug",
        user_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.name, row.slug)).collect())
}

/// Closes the account, to be erased after that. False when there is none that is open.
pub(crate) async fn close_account(
    tx: &mut SystemTx,
    user_id: UserId,
    erased_after: Timestamp,
) -> Result<bool, IdentityError> {
    let closed = sqlx::query!(
        "UPDATE users SET erased_after = $2 WHERE id = $1 AND (erased_after IS NULL OR erased_after > $2)",
        user_id.uuid(),
        erased_after,
    )
    .execute(&mut **tx)
    .await?;
    Ok(closed.rows_affected() == 1)
}

/// Closes the accounts that were made before `made_before` and whose address nobody confirmed, without which nobody enters them,
/// to be erased at once; returns how many.
pub(crate) async fn close_unconfirmed(
    tx: &mut SystemTx,
    made_before: Timestamp,
    now: Timestamp,
) -> Result<u64, IdentityError> {
    let closed = sqlx::query!(
        "UPDATE users SET erased_after = $2
         WHERE confirm_first AND email_verified_at IS NULL AND erased_after IS NULL AND last_login_at IS NULL AND created_at < $1",
        made_before,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(closed.rows_affected())
}

/// Takes that back. False when the account is not closed, or its time is over.
pub(crate) async fn reopen_account(
    tx: &mut SystemTx,
    user_id: UserId,
    now: Timestamp,
) -> Result<bool, IdentityError> {
    let reopened = sqlx::query!(
        "UPDATE users SET erased_after = NULL WHERE id = $1 AND erased_after > $2",
        user_id.uuid(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(reopened.rows_affected() == 1)
}

/// The people whose accounts are closed and whose time is over.
pub(crate) async fn overdue_people(tx: &mut SystemTx, now: Timestamp) -> Result<Vec<UserId>, IdentityError> {
    let ids = sqlx::query_scalar!(r#"SELECT id AS "id: UserId" FROM users WHERE erased_after <= $1"#, now)
        .fetch_all(&mut **tx)
        .await?;
    Ok(ids)
}

/// The address and the name of an account.
pub(crate) async fn person_of_account(
    tx: &mut SystemTx,
    user_id: UserId,
) -> Result<Option<String>, IdentityError> {
    let email = sqlx::query_scalar!("SELECT email FROM users WHERE id = $1", user_id.uuid())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(email)
}
