//! Invitations into an organization. Its members read them under its own permissions; whoever holds a token is looked
//! up by the system, because they may be nobody's member yet.

use super::role;
use crate::{
    INVITATION_LIFETIME, IdentityError,
    invitation_mails::{InvitationMail, SEND_INVITATION},
    mails::{MAIL_ATTEMPTS_MAX, MAIL_PRIORITY},
    model::{Invitation, InvitationOffer, InvitationStatus},
    token::TokenHash,
};
use memoreel_db::{SystemTx, TenantTx};
use memoreel_kernel::{InvitationId, OrganizationId, PageRequest, Role, TaskId, Timestamp, UserId};

fn status(text: &str, expires_at: Timestamp, now: Timestamp) -> Result<InvitationStatus, IdentityError> {
    match InvitationStatus::parse(text) {
        Some(InvitationStatus::Pending) if expires_at <= now => Ok(InvitationStatus::Expired),
        Some(status) => Ok(status),
        None => Err(IdentityError::StatusUnknown(text.to_owned())),
    }
}

/// A page of the invitations, newest first, with one row more than wanted.
pub(crate) async fn invitations(
    tx: &mut TenantTx,
    page: &PageRequest,
    now: Timestamp,
) -> Result<Vec<Invitation>, IdentityError> {
    let after = page.begins_after();
    let rows = sqlx::query!(
        r#"SELECT i.id AS "id: InvitationId", i.email, i.role, i.status, i.created_at, i.expires_at,
                  coalesce(u.name, split_part(u.email, '@', 1)) AS invited_by_name
           FROM organization_invitations i LEFT JOIN users u ON u.id = i.invited_by
           WHERE i.organization_id = $1 AND (i.created_at, i.id) < ($2::timestamptz, $3::uuid)
           ORDER BY i.created_at DESC, i.id DESC LIMIT $4"#,
        tx.organization_id().uuid(),
        after.time,
        after.id,
        page.limit_plus_one(),
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Invitation {
                id: row.id,
                email: row.email,
                role: role(&row.role)?,
                status: status(&row.status, row.expires_at, now)?,
                invited_by_name: row.invited_by_name,
                created_at: row.created_at,
                expires_at: row.expires_at,
            })
        })
        .collect()
}

/// One invitation.
pub(crate) async fn find_invitation(
    tx: &mut TenantTx,
    id: InvitationId,
    now: Timestamp,
) -> Result<Option<Invitation>, IdentityError> {
    let row = sqlx::query!(
        r#"SELECT i.email, i.role, i.status, i.created_at, i.expires_at,
                  coalesce(u.name, split_part(u.email, '@', 1)) AS invited_by_name
           FROM organization_invitations i LEFT JOIN users u ON u.id = i.invited_by
           WHERE i.organization_id = $1 AND i.id = $2"#,
        tx.organization_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Invitation {
        id,
        email: row.email,
        role: role(&row.role)?,
        status: status(&row.status, row.expires_at, now)?,
        invited_by_name: row.invited_by_name,
        created_at: row.created_at,
        expires_at: row.expires_at,
    }))
}

/// How many invitations wait for an answer.
pub(crate) async fn count_pending(tx: &mut TenantTx, now: Timestamp) -> Result<i64, IdentityError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM organization_invitations
           WHERE organization_id = $1 AND status = 'pending' AND expires_at > $2"#,
        tx.organization_id().uuid(),
        now,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(count)
}

/// How many mails with invitations were made since a time.
pub(crate) struct MailedInvitations {
    pub(crate) to_all: i64,
    pub(crate) to_address: i64,
}

/// How many invitations the organization had mailed since `since`, to everybody and to this address, whatever became of them.
pub(crate) async fn count_mailed(
    tx: &mut TenantTx,
    email: &str,
    since: Timestamp,
) -> Result<MailedInvitations, IdentityError> {
    let counts = sqlx::query_as!(
        MailedInvitations,
        r#"SELECT count(*) AS "to_all!", count(*) FILTER (WHERE lower(i.email) = lower($2)) AS "to_address!"
           FROM organization_invitations i JOIN tasks t ON t.subject_id = i.id AND t.organization_id = i.organization_id
           WHERE i.organization_id = $1 AND i.expires_at > $4 AND t.kind = $5 AND t.created_at > $3"#,
        tx.organization_id().uuid(),
        email,
        since,
        since + INVITATION_LIFETIME,
        SEND_INVITATION,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(counts)
}

/// Takes back what waits for an answer from this address, but `except`.
pub(crate) async fn revoke_pending(
    tx: &mut TenantTx,
    email: &str,
    except: Option<InvitationId>,
) -> Result<(), IdentityError> {
    sqlx::query!(
        "UPDATE organization_invitations SET status = 'revoked'
         WHERE organization_id = $1 AND lower(email) = lower($2) AND status = 'pending' AND id IS DISTINCT FROM $3",
        tx.organization_id().uuid(),
        email,
        except.map(InvitationId::uuid),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// An invitation to be, with checked fields.
pub(crate) struct NewInvitation<'a> {
    pub(crate) id: InvitationId,
    pub(crate) email: &'a str,
    pub(crate) role: Role,
    pub(crate) token_hash: &'a TokenHash,
    pub(crate) invited_by: Option<UserId>,
    pub(crate) expires_at: Timestamp,
    pub(crate) now: Timestamp,
}

/// Keeps a new invitation.
pub(crate) async fn insert_invitation(
    tx: &mut TenantTx,
    new: &NewInvitation<'_>,
) -> Result<(), IdentityError> {
    sqlx::query!(
        "INSERT INTO organization_invitations
             (organization_id, id, email, role, token_hash, invited_by, expires_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        tx.organization_id().uuid(),
        new.id.uuid(),
        new.email,
        new.role.as_str(),
        new.token_hash,
        new.invited_by.map(UserId::uuid),
        new.expires_at,
        new.now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lets an invitation wait again, under another token. False when it was answered or revoked.
pub(crate) async fn renew_invitation(
    tx: &mut TenantTx,
    id: InvitationId,
    token_hash: &TokenHash,
    expires_at: Timestamp,
) -> Result<bool, IdentityError> {
    let renewed = sqlx::query!(
        "UPDATE organization_invitations SET status = 'pending', token_hash = $3, expires_at = $4
         WHERE organization_id = $1 AND id = $2 AND status IN ('pending', 'expired')",
        tx.organization_id().uuid(),
        id.uuid(),
        token_hash,
        expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(renewed.rows_affected() == 1)
}

/// Enqueues the mail with the invitation's link. One that waits already is enough, for it is written when it leaves, and is held until
/// this is committed.
pub(crate) async fn enqueue_invitation_mail(
    tx: &mut TenantTx,
    id: InvitationId,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let payload = serde_json::to_value(InvitationMail { invitation_id: id })
        .unwrap_or_else(|error| unreachable!("payloads are plain data: {error}"));
    sqlx::query!(
        r#"WITH enqueued AS (
               INSERT INTO tasks (organization_id, id, kind, subject_id, payload, priority, attempts_max, scheduled_for, created_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
               ON CONFLICT (organization_id, subject_id, kind) WHERE status IN ('pending', 'held')
                   DO UPDATE SET priority = greatest(tasks.priority, excluded.priority)
               RETURNING kind
           )
           SELECT pg_notify('memoreel_tasks', kind)::text AS "notified" FROM enqueued"#,
        tx.organization_id().uuid(),
        TaskId::new(now).uuid(),
        SEND_INVITATION,
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

/// What the mail with an invitation says.
pub(crate) struct MailedInvitation {
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) organization_name: String,
    pub(crate) invited_by: Option<Inviter>,
    pub(crate) token_hash: Vec<u8>,
    pub(crate) expires_at: Timestamp,
}

/// Who invites.
pub(crate) struct Inviter {
    pub(crate) name: String,
    pub(crate) email: String,
}

/// The invitation, if it waits for an answer at `now`.
pub(crate) async fn find_mailed_invitation(
    tx: &mut SystemTx,
    organization_id: OrganizationId,
    id: InvitationId,
    now: Timestamp,
) -> Result<Option<MailedInvitation>, IdentityError> {
    let row = sqlx::query!(
        r#"SELECT i.email, i.role, o.name AS organization_name, i.token_hash, i.expires_at,
                  coalesce(u.name, split_part(u.email, '@', 1)) AS inviter_name, u.email AS "inviter_email?"
           FROM organization_invitations i
           JOIN organizations o ON o.id = i.organization_id
           LEFT JOIN users u ON u.id = i.invited_by
           WHERE i.organization_id = $1 AND i.id = $2 AND i.status = 'pending' AND i.expires_at > $3"#,
        organization_id.uuid(),
        id.uuid(),
        now,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(MailedInvitation {
        email: row.email,
        role: role(&row.role)?,
        organization_name: row.organization_name,
        invited_by: row.inviter_name.zip(row.inviter_email).map(|(name, email)| Inviter { name, email }),
        token_hash: row.token_hash,
        expires_at: row.expires_at,
    }))
}

/// Takes an invitation back. False when it was answered or revoked.
pub(crate) async fn revoke_invitation(tx: &mut TenantTx, id: InvitationId) -> Result<bool, IdentityError> {
    let revoked = sqlx::query!(
        "UPDATE organization_invitations SET status = 'revoked'
         WHERE organization_id = $1 AND id = $2 AND status IN ('pending', 'expired')",
        tx.organization_id().uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(revoked.rows_affected() == 1)
}

/// What whoever holds a token is offered, and by which organization.
pub(crate) struct HeldOffer {
    pub(crate) organization_id: OrganizationId,
    pub(crate) id: InvitationId,
    pub(crate) offer: InvitationOffer,
}

/// The invitation with this token, held until the end of the transaction. One into an organization that is not at
/// work counts as revoked.
pub(crate) async fn hold_offer(
    tx: &mut SystemTx,
    token_hash: &TokenHash,
    now: Timestamp,
) -> Result<Option<HeldOffer>, IdentityError> {
    let row = sqlx::query!(
        r#"SELECT i.organization_id AS "organization_id: OrganizationId", i.id AS "id: InvitationId", i.email, i.role,
                  i.expires_at, o.name AS organization_name,
                  CASE WHEN i.status = 'pending' AND o.status <> 'active' THEN 'revoked' ELSE i.status END AS "status!",
                  coalesce(u.name, split_part(u.email, '@', 1)) AS invited_by_name
           FROM organization_invitations i
           JOIN organizations o ON o.id = i.organization_id
           LEFT JOIN users u ON u.id = i.invited_by
           WHERE i.token_hash = $1 FOR UPDATE OF i"#,
        token_hash,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let offer = InvitationOffer {
        organization_name: row.organization_name,
        email: row.email,
        role: role(&row.role)?,
        invited_by_name: row.invited_by_name,
        expires_at: row.expires_at,
        status: status(&row.status, row.expires_at, now)?,
    };
    Ok(Some(HeldOffer { organization_id: row.organization_id, id: row.id, offer }))
}

/// Whether the address is the user's, whatever its case.
pub(crate) async fn is_address_of(
    tx: &mut SystemTx,
    user_id: UserId,
    email: &str,
) -> Result<bool, IdentityError> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM users WHERE id = $1 AND lower(email) = lower($2)) AS "found!""#,
        user_id.uuid(),
        email,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(found)
}

/// Writes down how an invitation was answered, and by whom it was accepted.
pub(crate) async fn close_invitation(
    tx: &mut SystemTx,
    held: &HeldOffer,
    status: InvitationStatus,
    accepted_by: Option<UserId>,
) -> Result<(), IdentityError> {
    sqlx::query!(
        "UPDATE organization_invitations SET status = $3, accepted_by = $4 WHERE organization_id = $1 AND id = $2",
        held.organization_id.uuid(),
        held.id.uuid(),
        status.as_str(),
        accepted_by.map(UserId::uuid),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Marks what was not answered in time; returns how many.
pub(crate) async fn expire_invitations(tx: &mut SystemTx, now: Timestamp) -> Result<u64, IdentityError> {
    let count = sqlx::query_scalar!(r#"SELECT cleanup_expired_invitations($1) AS "count!""#, now)
        .fetch_one(&mut **tx)
        .await?;
    Ok(count.cast_unsigned())
}
