//! Verified domains that are looked at again, of all organizations.

use crate::{IdentityError, model::Domain};
use memoreel_db::SystemTx;
use memoreel_kernel::{DomainId, OrganizationId, Timestamp, UserId};

/// A domain whose record is to be looked up.
pub(crate) struct CheckedDomain {
    pub(crate) organization_id: OrganizationId,
    pub(crate) id: DomainId,
    pub(crate) domain: String,
    pub(crate) record_name: String,
    pub(crate) record_value: String,
    /// When it was looked up last.
    checked_at: Timestamp,
}

/// Those that were verified by their record and looked up before `due_before`, of organizations at work, the longest ago first.
pub(crate) async fn domains_to_check(
    tx: &mut SystemTx,
    due_before: Timestamp,
    limit: i64,
) -> Result<Vec<CheckedDomain>, IdentityError> {
    let rows = sqlx::query!(
        r#"SELECT d.organization_id AS "organization_id: OrganizationId", d.id AS "id: DomainId", d.domain,
                  d.verification_token, d.checked_at AS "checked_at!"
           FROM organization_domains d JOIN organizations o ON o.id = d.organization_id AND o.status = 'active'
           WHERE d.verified_by = 'record' AND d.checked_at <= $1 ORDER BY d.checked_at LIMIT $2"#,
        due_before,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    let domains = rows.into_iter().map(|row| CheckedDomain {
        organization_id: row.organization_id,
        id: row.id,
        record_name: Domain::record_name(&row.domain),
        record_value: Domain::record_value(&row.verification_token),
        domain: row.domain,
        checked_at: row.checked_at,
    });
    Ok(domains.collect())
}

/// What is known of a record that was looked up.
pub(crate) struct DomainCheck {
    pub(crate) failing_since: Option<Timestamp>,
    pub(crate) failed_checks: i32,
}

/// Notes that the record was looked up, and whether it is there if that could be found out. `None` when the domain is gone, or
/// somebody else looked since.
pub(crate) async fn note_domain_check(
    tx: &mut SystemTx,
    domain: &CheckedDomain,
    is_there: Option<bool>,
    now: Timestamp,
) -> Result<Option<DomainCheck>, IdentityError> {
    let check = sqlx::query_as!(
        DomainCheck,
        "UPDATE organization_domains SET checked_at = $4,
             failing_since = CASE $5::boolean WHEN true THEN NULL WHEN false THEN coalesce(failing_since, $4) ELSE failing_since END,
             failed_checks = CASE $5::boolean WHEN true THEN 0 WHEN false THEN failed_checks + 1 ELSE failed_checks END
         WHERE organization_id = $1 AND id = $2 AND verified_by = 'record' AND checked_at = $3
         RETURNING failing_since, failed_checks",
        domain.organization_id.uuid(),
        domain.id.uuid(),
        domain.checked_at,
        now,
        is_there,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(check)
}

/// From here on the domain means nothing until it is verified again.
pub(crate) async fn unverify_domain(tx: &mut SystemTx, domain: &CheckedDomain) -> Result<(), IdentityError> {
    sqlx::query!(
        "UPDATE organization_domains
         SET verified_at = NULL, verified_by = NULL, checked_at = NULL, failing_since = NULL, failed_checks = 0
         WHERE organization_id = $1 AND id = $2",
        domain.organization_id.uuid(),
        domain.id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Who owns the organization.
pub(crate) async fn owners(
    tx: &mut SystemTx,
    organization_id: OrganizationId,
) -> Result<Vec<UserId>, IdentityError> {
    let owners = sqlx::query_scalar!(
        r#"SELECT user_id AS "user_id: UserId" FROM memberships WHERE organization_id = $1 AND role = 'owner'
           ORDER BY created_at, id"#,
        organization_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(owners)
}
