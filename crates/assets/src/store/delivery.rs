//! SQL of the policy of delivery, and of whether files are to be had.

use crate::{
    delivery::{Deliverer, DomainPattern, OriginPattern, Policy, Standing},
    keys::Part,
};
use memoreel_db::{SystemTx, TenantTx};
use memoreel_kernel::Timestamp;

/// The organization as it delivers: where it says nothing, by the default. Of one that is not there nothing is to be had.
pub(crate) async fn find_deliverer(tx: &mut TenantTx) -> Result<Deliverer, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        r#"SELECT o.tasks_held, o.status = 'suspended' AS "is_suspended!", d.allowed_origins AS "allowed_origins?",
               d.referrer_domains AS "referrer_domains?", d.allows_no_referrer AS "allows_no_referrer?",
               d.shared_caching AS "shared_caching?", d.cache_seconds AS "cache_seconds?"
           FROM organizations o LEFT JOIN delivery_policies d ON d.organization_id = o.id WHERE o.id = $1"#,
        organization_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(Deliverer::default()) };
    let standing = match (row.is_suspended, row.tasks_held) {
        (true, _) => Standing::Suspended,
        (false, true) => Standing::Gone,
        (false, false) => Standing::Active,
    };
    let default = Policy::default();
    // They were written in their one spelling, which can be read again.
    let origins = row.allowed_origins.unwrap_or_default();
    let domains = row.referrer_domains.unwrap_or_default();
    let policy = Policy {
        allowed_origins: origins.iter().filter_map(|one| OriginPattern::parse(one).ok()).collect(),
        referrer_domains: domains.iter().filter_map(|one| DomainPattern::parse(one).ok()).collect(),
        allows_no_referrer: row.allows_no_referrer.unwrap_or(default.allows_no_referrer),
        shared_caching: row.shared_caching.unwrap_or(default.shared_caching),
        cache_seconds: row
            .cache_seconds
            .map_or(default.cache_seconds, |seconds| seconds.max(0).cast_unsigned()),
    };
    Ok(Deliverer { policy, standing })
}

/// Whether something outside the bin has these files, and others than its author see it unless the address was given in private. What is taken along
/// lies in no bin.
pub(crate) async fn is_shown(tx: &mut TenantTx, part: &Part, in_private: bool) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let (asset_id, content) = match part {
        Part::Asset(id) => (Some(id.uuid()), None),
        Part::Content(key) => (None, Some(key.as_str())),
        Part::PersonsExport | Part::OrganizationsExport => return Ok(true),
    };
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM assets WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL
                   AND ($4 OR visibility <> 'private'))
               OR EXISTS (SELECT FROM blobs b JOIN assets a ON a.organization_id = b.organization_id AND a.blob_id = b.id
                   WHERE b.organization_id = $1 AND b.blob_key = $3 AND a.deleted_at IS NULL
                       AND ($4 OR a.visibility <> 'private')) AS "is_shown!""#,
        organization_id.uuid(),
        asset_id,
        content,
        in_private,
    )
    .fetch_one(&mut **tx)
    .await
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
