//! Links that are mailed to people, and the tasks that mail them. The serving role sees neither table row.

use crate::{
    IdentityError,
    email_tokens::Purpose,
    mails::{MAIL_ATTEMPTS_MAX, MAIL_PRIORITY, MailTask, SEND_MAIL},
};
use memoreel_db::SystemTx;
use memoreel_kernel::{EmailTokenId, TaskId, Timestamp, UserId};

/// A link to be mailed.
pub(crate) struct NewEmailToken<'a> {
    pub(crate) id: EmailTokenId,
    pub(crate) user_id: UserId,
    pub(crate) purpose: Purpose,
    pub(crate) email: &'a str,
    pub(crate) new_email: Option<&'a str>,
    /// What a notice is about.
    pub(crate) about: Option<&'a str>,
    pub(crate) now: Timestamp,
}

/// Keeps the link.
pub(crate) async fn insert_email_token(
    tx: &mut SystemTx,
    token: &NewEmailToken<'_>,
) -> Result<(), IdentityError> {
    sqlx::query!(
        "INSERT INTO email_tokens (id, user_id, purpose, email, new_email, about, expires_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        token.id.uuid(),
        token.user_id.uuid(),
        token.purpose.as_str(),
        token.email,
        token.new_email,
        token.about,
        token.now + token.purpose.lifetime(),
        token.now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Enqueues the mail with this link, in the person's own organization. The link is the task's subject: two mails to one
/// person may wait at the same time, while two tasks of one kind and subject may not.
pub(crate) async fn enqueue_mail(
    tx: &mut SystemTx,
    user_id: UserId,
    id: EmailTokenId,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let payload = serde_json::to_value(MailTask { email_token_id: id })
        .unwrap_or_else(|error| unreachable!("payloads are plain data: {error}"));
    sqlx::query!(
        r#"WITH enqueued AS (
               INSERT INTO tasks (organization_id, id, kind, subject_id, payload, priority, attempts_max, scheduled_for, created_at)
               SELECT o.id, $2, $3, $4, $5, $6, $7, $8, $8 FROM organizations o WHERE o.personal_owner_id = $1
               RETURNING kind
           )
           SELECT pg_notify('memoreel_tasks', kind)::text AS "notified" FROM enqueued"#,
        user_id.uuid(),
        TaskId::new(now).uuid(),
        SEND_MAIL,
        id.uuid(),
        payload,
        MAIL_PRIORITY,
        MAIL_ATTEMPTS_MAX,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(())
}

/// How many links of a purpose the person was mailed since `since`.
pub(crate) async fn count_email_tokens(
    tx: &mut SystemTx,
    user_id: UserId,
    purpose: Purpose,
    since: Timestamp,
) -> Result<i64, IdentityError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM email_tokens WHERE user_id = $1 AND purpose = $2 AND created_at > $3"#,
        user_id.uuid(),
        purpose.as_str(),
        since,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(count)
}

/// A link with the person it was mailed to.
pub(crate) struct EmailToken {
    pub(crate) user_id: UserId,
    pub(crate) user_email: String,
    pub(crate) user_name: String,
    pub(crate) purpose: Purpose,
    pub(crate) email: String,
    pub(crate) new_email: Option<String>,
    pub(crate) about: Option<String>,
    pub(crate) is_used: bool,
    pub(crate) created_at: Timestamp,
}

/// The link that is still good at `now`, used or not, of a person whose account is open.
pub(crate) async fn find_email_token(
    tx: &mut SystemTx,
    id: EmailTokenId,
    now: Timestamp,
) -> Result<Option<EmailToken>, IdentityError> {
    let row = sqlx::query!(
        r#"SELECT t.user_id AS "user_id: UserId", u.email AS user_email,
                  coalesce(u.name, split_part(u.email, '@', 1)) AS "user_name!", t.purpose, t.email, t.new_email, t.about,
                  t.used_at IS NOT NULL AS "is_used!", t.created_at
           FROM email_tokens t JOIN users u ON u.id = t.user_id AND u.is_active
           WHERE t.id = $1 AND t.expires_at > $2"#,
        id.uuid(),
        now,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.and_then(|row| {
        Some(EmailToken {
            user_id: row.user_id,
            user_email: row.user_email,
            user_name: row.user_name,
            purpose: Purpose::parse(&row.purpose)?,
            email: row.email,
            new_email: row.new_email,
            about: row.about,
            is_used: row.is_used,
            created_at: row.created_at,
        })
    }))
}

/// Marks the link as used. False when it was used before, or is gone.
pub(crate) async fn use_email_token(
    tx: &mut SystemTx,
    id: EmailTokenId,
    now: Timestamp,
) -> Result<bool, IdentityError> {
    let used = sqlx::query!(
        "UPDATE email_tokens SET used_at = $2 WHERE id = $1 AND used_at IS NULL AND expires_at > $2",
        id.uuid(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(used.rows_affected() == 1)
}

/// Makes the links of an earlier change of address worthless; they still count as mails.
pub(crate) async fn withdraw_change(
    tx: &mut SystemTx,
    user_id: UserId,
    now: Timestamp,
) -> Result<(), IdentityError> {
    sqlx::query!(
        "UPDATE email_tokens SET expires_at = $2 WHERE user_id = $1 AND purpose = 'change' AND expires_at > $2",
        user_id.uuid(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// An address that was asked to agree to a change.
pub(crate) struct ChangeLink {
    pub(crate) email: String,
    pub(crate) new_email: String,
    pub(crate) has_agreed: bool,
    pub(crate) expires_at: Timestamp,
}

/// The links of the person's change of address that is under way, the present address first.
pub(crate) async fn change_links(
    tx: &mut SystemTx,
    user_id: UserId,
    now: Timestamp,
) -> Result<Vec<ChangeLink>, IdentityError> {
    let links = sqlx::query_as!(
        ChangeLink,
        r#"SELECT email, new_email AS "new_email!", used_at IS NOT NULL AS "has_agreed!", expires_at FROM email_tokens
           WHERE user_id = $1 AND purpose = 'change' AND expires_at > $2 ORDER BY email = new_email, created_at"#,
        user_id.uuid(),
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(links)
}

/// Whether a link of the person's change of address has yet to be used.
pub(crate) async fn is_change_waiting(
    tx: &mut SystemTx,
    user_id: UserId,
    now: Timestamp,
) -> Result<bool, IdentityError> {
    let waiting = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM email_tokens
               WHERE user_id = $1 AND purpose = 'change' AND used_at IS NULL AND expires_at > $2) AS "waiting!""#,
        user_id.uuid(),
        now,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(waiting)
}

/// Makes the person's links of this purpose worthless, or all that open something: a notice that waits still leaves.
pub(crate) async fn delete_email_tokens(
    tx: &mut SystemTx,
    user_id: UserId,
    purpose: Option<Purpose>,
) -> Result<(), IdentityError> {
    sqlx::query!(
        "DELETE FROM email_tokens WHERE user_id = $1
             AND (purpose = $2 OR $2::text IS NULL AND purpose IN ('confirm', 'reset', 'change', 'taken'))",
        user_id.uuid(),
        purpose.map(Purpose::as_str),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes links that were good until `before` at most; returns how many.
pub(crate) async fn delete_expired_email_tokens(
    tx: &mut SystemTx,
    before: Timestamp,
) -> Result<u64, IdentityError> {
    let deleted =
        sqlx::query!("DELETE FROM email_tokens WHERE expires_at <= $1", before).execute(&mut **tx).await?;
    Ok(deleted.rows_affected())
}
