//! SQL of the policy of delivery.

use crate::delivery::{DomainPattern, OriginPattern, Policy};
use memoreel_db::{SystemTx, TenantTx};
use memoreel_kernel::Timestamp;

/// What the organization says of its delivery, if it says something.
pub(crate) async fn find_delivery_policy(tx: &mut TenantTx) -> Result<Option<Policy>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        "SELECT allowed_origins, referrer_domains, allows_no_referrer, shared_caching, cache_seconds
         FROM delivery_policies WHERE organization_id = $1",
        organization_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    // They were written in their one spelling, which can be read again.
    Ok(row.map(|row| Policy {
        allowed_origins: row
            .allowed_origins
            .iter()
            .filter_map(|one| OriginPattern::parse(one).ok())
            .collect(),
        referrer_domains: row
            .referrer_domains
            .iter()
            .filter_map(|one| DomainPattern::parse(one).ok())
            .collect(),
        allows_no_referrer: row.allows_no_referrer,
        shared_caching: row.shared_caching,
        cache_seconds: row.cache_seconds.max(0).cast_unsigned(),
    }))
}

pub(crate) async fn put_delivery_policy(
    tx: &mut TenantTx,
    policy: &Policy,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    let origins: Vec<String> = policy.allowed_origins.iter().map(|one| one.as_str().to_owned()).collect();
    let domains: Vec<String> = policy.referrer_domains.iter().map(|one| one.as_str().to_owned()).collect();
    sqlx::query!(
        "INSERT INTO delivery_policies (organization_id, allowed_origins, referrer_domains, allows_no_referrer, shared_caching,
             cache_seconds, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
         ON CONFLICT (organization_id) DO UPDATE SET allowed_origins = excluded.allowed_origins,
             referrer_domains = excluded.referrer_domains, allows_no_referrer = excluded.allows_no_referrer,
             shared_caching = excluded.shared_caching, cache_seconds = excluded.cache_seconds",
        organization_id.uuid(),
        &origins,
        &domains,
        policy.allows_no_referrer,
        policy.shared_caching,
        policy.cache_seconds.cast_signed(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether any organization has one of these among its origins.
pub(crate) async fn is_origin_admitted(tx: &mut SystemTx, patterns: &[String]) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM delivery_policies WHERE allowed_origins && $1) AS "is_admitted!""#,
        patterns,
    )
    .fetch_one(&mut **tx)
    .await
}
