//! What people agreed to and withdrew. Rows are added and never changed.

use crate::{IdentityError, accounts::Device, consents::Agreed};
use memoreel_db::{Origin, SystemTx, TenantTx};
use memoreel_kernel::{Timestamp, UserId};
use memoreel_web::Document;
use uuid::Uuid;

/// An agreement, or the end of one.
#[derive(Debug, Clone)]
pub(crate) struct KeptConsent {
    pub(crate) document: String,
    pub(crate) version: String,
    pub(crate) is_given: bool,
    pub(crate) address: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) recorded_at: Timestamp,
}

/// How things stand: the newest of each document.
pub(crate) async fn standing_consents(
    tx: &mut TenantTx,
    user_id: UserId,
) -> Result<Vec<KeptConsent>, IdentityError> {
    let kept = sqlx::query_as!(
        KeptConsent,
        "SELECT DISTINCT ON (document) document, version, is_given, address, user_agent, recorded_at
         FROM consents WHERE user_id = $1 ORDER BY document, recorded_at DESC, id DESC",
        user_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(kept)
}

/// The newest so many.
pub(crate) async fn consents(
    tx: &mut TenantTx,
    user_id: UserId,
    limit: i64,
) -> Result<Vec<KeptConsent>, IdentityError> {
    let kept = sqlx::query_as!(
        KeptConsent,
        "SELECT document, version, is_given, address, user_agent, recorded_at
         FROM consents WHERE user_id = $1 ORDER BY recorded_at DESC, id DESC LIMIT $2",
        user_id.uuid(),
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(kept)
}

/// Adds one, and with it changes how things stand in `user_extensions`.
pub(crate) async fn insert_consent(
    tx: &mut TenantTx,
    user_id: UserId,
    document: Document,
    version: &str,
    is_given: bool,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let (address, user_agent) =
        Origin::current().map(|origin| (Some(origin.address), origin.user_agent)).unwrap_or_default();
    let id = new_id(now);
    sqlx::query!(
        "INSERT INTO consents (user_id, id, document, version, is_given, address, user_agent, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        user_id.uuid(),
        id,
        document.as_str(),
        version,
        is_given,
        address,
        user_agent,
        now,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "INSERT INTO user_extensions AS kept (user_id, tos_accepted_at, marketing_consent, created_at, updated_at)
         VALUES ($1, CASE WHEN $2 = 'terms' AND $3 THEN $4::timestamptz END, $2 = 'marketing' AND $3, $4, $4)
         ON CONFLICT (user_id) DO UPDATE SET
             tos_accepted_at = CASE WHEN $2 = 'terms' THEN excluded.tos_accepted_at ELSE kept.tos_accepted_at END,
             marketing_consent = CASE WHEN $2 = 'marketing' THEN $3 ELSE kept.marketing_consent END",
        user_id.uuid(),
        document.as_str(),
        is_given,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Keeps what somebody agreed to as they made their account, and so how things stand.
pub(crate) async fn insert_first_consents(
    tx: &mut SystemTx,
    user_id: UserId,
    agreed: &Agreed,
    device: &Device,
    now: Timestamp,
) -> Result<(), IdentityError> {
    if agreed.is_empty() {
        return Ok(());
    }
    let documents: Vec<String> = agreed.keys().map(|document| document.as_str().to_owned()).collect();
    let versions: Vec<String> = agreed.values().cloned().collect();
    let ids: Vec<Uuid> = agreed.iter().map(|_| new_id(now)).collect();
    sqlx::query!(
        "INSERT INTO consents (user_id, id, document, version, is_given, address, user_agent, recorded_at)
         SELECT $1, agreed.id, agreed.document, agreed.version, true, $5, $6, $7
         FROM UNNEST($2::uuid[], $3::text[], $4::text[]) AS agreed(id, document, version)",
        user_id.uuid(),
        &ids,
        &documents,
        &versions,
        device.address,
        device.user_agent,
        now,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "INSERT INTO user_extensions (user_id, tos_accepted_at, marketing_consent, created_at, updated_at)
         VALUES ($1, CASE WHEN 'terms' = ANY($2::text[]) THEN $3::timestamptz END, 'marketing' = ANY($2), $3, $3)",
        user_id.uuid(),
        &documents,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn new_id(now: Timestamp) -> Uuid {
    Uuid::new_v7(uuid::Timestamp::from_unix(
        uuid::NoContext,
        now.timestamp().max(0).cast_unsigned(),
        now.timestamp_subsec_nanos(),
    ))
}
