//! Domains of organizations.

use super::act_as;
use crate::{
    IdentityError,
    model::{Domain, JoinRole},
};
use memoreel_db::{SystemTx, TenantTx, violated_constraint};
use memoreel_kernel::{DomainId, OrganizationId, Timestamp, UserId};

/// A domain as it is kept.
struct Row {
    id: DomainId,
    domain: String,
    verification_token: String,
    verified_at: Option<Timestamp>,
    failing_since: Option<Timestamp>,
    join_role: String,
    required_provider: Option<String>,
    created_at: Timestamp,
}

impl Row {
    fn read(self) -> Result<Domain, IdentityError> {
        let join_role = JoinRole::parse(&self.join_role).ok_or(IdentityError::RoleUnknown(self.join_role))?;
        Ok(Domain {
            id: self.id,
            record_name: Domain::record_name(&self.domain),
            record_value: Domain::record_value(&self.verification_token),
            domain: self.domain,
            verified_at: self.verified_at,
            failing_since: self.failing_since,
            join_role,
            required_provider: self.required_provider,
            created_at: self.created_at,
        })
    }
}

/// The domains of the caller's organization, by name.
pub(crate) async fn domains(tx: &mut TenantTx) -> Result<Vec<Domain>, IdentityError> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: _", domain, verification_token, verified_at, failing_since, join_role, required_provider,
                  created_at
           FROM organization_domains WHERE organization_id = $1 ORDER BY domain"#,
        tx.organization_id().uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// One domain of the caller's organization.
pub(crate) async fn find_domain(tx: &mut TenantTx, id: DomainId) -> Result<Option<Domain>, IdentityError> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: _", domain, verification_token, verified_at, failing_since, join_role, required_provider,
                  created_at
           FROM organization_domains WHERE organization_id = $1 AND id = $2"#,
        tx.organization_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Row::read).transpose()
}

/// How many domains the caller's organization has.
pub(crate) async fn count_domains(tx: &mut TenantTx) -> Result<i64, IdentityError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM organization_domains WHERE organization_id = $1"#,
        tx.organization_id().uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(count)
}

/// Adds a domain that is not verified. False when the organization has it already.
pub(crate) async fn insert_domain(
    tx: &mut TenantTx,
    id: DomainId,
    domain: &str,
    verification_token: &str,
    now: Timestamp,
) -> Result<bool, IdentityError> {
    let inserted = sqlx::query!(
        "INSERT INTO organization_domains (organization_id, id, domain, verification_token, created_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (organization_id, domain) DO NOTHING",
        tx.organization_id().uuid(),
        id.uuid(),
        domain,
        verification_token,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Changes what is named. False when there is no such domain.
pub(crate) async fn update_domain(
    tx: &mut SystemTx,
    organization_id: OrganizationId,
    id: DomainId,
    join_role: Option<JoinRole>,
    required_provider: Option<Option<&str>>,
) -> Result<bool, IdentityError> {
    let updated = sqlx::query!(
        "UPDATE organization_domains SET join_role = coalesce($3, join_role),
             required_provider = CASE WHEN $4 THEN $5 ELSE required_provider END
         WHERE organization_id = $1 AND id = $2",
        organization_id.uuid(),
        id.uuid(),
        join_role.map(JoinRole::as_str),
        required_provider.is_some(),
        required_provider.flatten(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Removes a domain. False when there is none with that id.
pub(crate) async fn delete_domain(tx: &mut TenantTx, id: DomainId) -> Result<bool, IdentityError> {
    let deleted = sqlx::query!(
        "DELETE FROM organization_domains WHERE organization_id = $1 AND id = $2",
        tx.organization_id().uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Notes that the domain is the organization's, and that `user_id` had it checked. False when there is no such domain.
///
/// # Errors
/// [`IdentityError::DomainTaken`].
pub(crate) async fn verify_domain(
    tx: &mut SystemTx,
    organization_id: OrganizationId,
    id: DomainId,
    user_id: Option<UserId>,
    now: Timestamp,
) -> Result<bool, IdentityError> {
    act_as(tx, user_id).await?;
    let verified = sqlx::query!(
        "UPDATE organization_domains SET verified_at = coalesce(verified_at, $3), verified_by = coalesce(verified_by, 'record'),
             checked_at = $3, failing_since = NULL, failed_checks = 0
         WHERE organization_id = $1 AND id = $2",
        organization_id.uuid(),
        id.uuid(),
        now,
    )
    .execute(&mut **tx)
    .await;
    verified.map(|done| done.rows_affected() == 1).map_err(taken)
}

/// Adds a domain, or takes one that is there, and notes that it is the organization's, which is returned. `None` when no
/// organization has that slug.
///
/// # Errors
/// [`IdentityError::DomainTaken`].
pub(crate) async fn insert_verified_domain(
    tx: &mut SystemTx,
    slug: &str,
    domain: &str,
    verification_token: &str,
    now: Timestamp,
) -> Result<Option<OrganizationId>, IdentityError> {
    let verified = sqlx::query_scalar!(
        r#"INSERT INTO organization_domains AS kept (organization_id, id, domain, verification_token, verified_at, verified_by, created_at)
         SELECT id, $2, $3, $4, $5, 'operator', $5 FROM organizations WHERE slug = $1
         ON CONFLICT (organization_id, domain) DO UPDATE SET verified_at = coalesce(kept.verified_at, excluded.verified_at),
             verified_by = 'operator', failing_since = NULL, failed_checks = 0
         RETURNING organization_id AS "organization_id: OrganizationId""#,
        slug,
        DomainId::new(now).uuid(),
        domain,
        verification_token,
        now,
    )
    .fetch_optional(&mut **tx)
    .await;
    verified.map_err(taken)
}

fn taken(error: sqlx::Error) -> IdentityError {
    match violated_constraint(&error) {
        Some("organization_domains_verified_key") => IdentityError::DomainTaken,
        _ => error.into(),
    }
}

/// The only provider through which addresses of a domain sign in, and whose rule that is.
pub(crate) struct RequiredRow {
    pub(crate) organization_id: OrganizationId,
    pub(crate) provider: String,
}

/// Keeps what is said of the domain, by whichever organization, as it is until the end of the transaction.
pub(crate) async fn hold_domain(tx: &mut SystemTx, domain: &str) -> Result<(), IdentityError> {
    sqlx::query!("SELECT id FROM organization_domains WHERE domain = $1 FOR SHARE", domain)
        .fetch_all(&mut **tx)
        .await?;
    Ok(())
}

/// What the organization at work that verified the domain requires, if it requires any.
pub(crate) async fn find_required(
    tx: &mut SystemTx,
    domain: &str,
) -> Result<Option<RequiredRow>, IdentityError> {
    let row = sqlx::query_as!(
        RequiredRow,
        r#"SELECT d.organization_id AS "organization_id: _", d.required_provider AS "provider!"
           FROM organization_domains d JOIN organizations o ON o.id = d.organization_id AND o.status = 'active'
           WHERE d.domain = $1 AND d.verified_at IS NOT NULL AND d.required_provider IS NOT NULL"#,
        domain,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row)
}

/// Domains of the organization whose people sign in through a provider alone. Nobody of them signs in until the end of the
/// transaction, and who did before is there to be seen.
pub(crate) async fn hold_requiring_domains(
    tx: &mut SystemTx,
    organization_id: OrganizationId,
) -> Result<Vec<String>, IdentityError> {
    let domains = sqlx::query_scalar!(
        "SELECT domain FROM organization_domains
         WHERE organization_id = $1 AND verified_at IS NOT NULL AND required_provider IS NOT NULL
         ORDER BY domain FOR NO KEY UPDATE",
        organization_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(domains)
}

/// Organizations that require a provider of their domains' people.
pub(crate) async fn requiring_organizations(tx: &mut SystemTx) -> Result<Vec<OrganizationId>, IdentityError> {
    let ids = sqlx::query_scalar!(
        r#"SELECT DISTINCT organization_id AS "id: OrganizationId" FROM organization_domains
           WHERE verified_at IS NOT NULL AND required_provider IS NOT NULL"#,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids)
}

/// Whether the person owns the organization.
pub(crate) async fn is_owner(
    tx: &mut SystemTx,
    organization_id: OrganizationId,
    user_id: UserId,
) -> Result<bool, IdentityError> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM memberships WHERE organization_id = $1 AND user_id = $2 AND role = 'owner')
               AS "found!""#,
        organization_id.uuid(),
        user_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(found)
}

/// Makes the person a member where the domain of their confirmed address is verified and its people join by themselves. Who
/// is a member already stays what they are.
pub(crate) async fn join_by_domain(
    tx: &mut SystemTx,
    user_id: UserId,
    domain: &str,
    now: Timestamp,
) -> Result<(), IdentityError> {
    sqlx::query!(
        "INSERT INTO memberships (organization_id, user_id, role, created_at)
         SELECT d.organization_id, u.id, d.join_role, $3
         FROM users u, organization_domains d JOIN organizations o ON o.id = d.organization_id AND o.status = 'active'
         WHERE u.id = $1 AND u.email_verified_at IS NOT NULL
             AND d.domain = $2 AND d.verified_at IS NOT NULL AND d.join_role <> 'none'
         ON CONFLICT (organization_id, user_id) DO NOTHING",
        user_id.uuid(),
        domain,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
