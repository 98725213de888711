//! Domains of organizations: showing that one is one's own, who joins by having an address of it, and through which provider
//! its people sign in.
//!
//! Where a domain requires a provider, an address of it is refused every other way in, whether there is such an account or
//! not. Owners of the organization that requires it are let in nevertheless, or a provider that is gone or misconfigured would
//! lock out everybody who could mend that. Whether an address is an owner's is not told: whoever does not get in is answered
//! like everybody else. When the rule begins to hold, for all or for one, sessions that could not be opened under it end.

use crate::{
    DOMAINS_PER_ORGANIZATION_MAX, IdentityError,
    authenticate::session_of,
    dns, domain_name,
    model::{Domain, JoinRole},
    store::{self, RequiredRow},
    token,
};
use memoreel_db::{Db, SystemReason, SystemTx, TenantTx};
use memoreel_kernel::{Caller, Clock, DomainId, OrganizationId, Timestamp, UserId};
use memoreel_web::App;

/// Adds a domain, which means nothing until it is verified.
///
/// # Errors
/// [`IdentityError::SessionRequired`], [`IdentityError::DomainInvalid`], [`IdentityError::DomainShared`],
/// [`IdentityError::DomainExists`], [`IdentityError::DomainsFull`].
pub(crate) async fn add(app: &App, caller: &Caller, domain: &str) -> Result<Domain, IdentityError> {
    session_of(caller)?;
    let domain = domain_name::check(domain)?;
    let now = app.clock.now();
    let id = DomainId::new(now);
    let mut tx = app.db.tenant(caller).await?;
    // Those that are added at once count each other.
    store::hold_organization(&mut tx).await?;
    if !store::insert_domain(&mut tx, id, &domain, &token::new_domain_token(), now).await? {
        return Err(IdentityError::DomainExists);
    }
    if store::count_domains(&mut tx).await? > DOMAINS_PER_ORGANIZATION_MAX {
        return Err(IdentityError::DomainsFull);
    }
    let added = find(&mut tx, id).await?;
    tx.commit().await?;
    Ok(added)
}

/// Looks whether the record of the domain is there, and notes it.
///
/// # Errors
/// [`IdentityError::SessionRequired`], [`IdentityError::NotFound`], [`IdentityError::DomainUnproved`],
/// [`IdentityError::DomainTaken`], [`IdentityError::DnsUnavailable`].
pub(crate) async fn verify(
    app: &App,
    caller: &Caller,
    user_id: UserId,
    id: DomainId,
) -> Result<Domain, IdentityError> {
    session_of(caller)?;
    // No transaction is held while name servers are asked.
    let claimed = find(&mut app.db.tenant(caller).await?, id).await?;
    if !dns::has_text(app.sign_in.dns_server, &claimed.record_name, &claimed.record_value).await? {
        return Err(IdentityError::DomainUnproved);
    }
    let mut tx = app.db.system(SystemReason::VerifyDomain).await?;
    let now = app.clock.now();
    if !store::verify_domain(&mut tx, caller.organization_id, id, Some(user_id), now).await? {
        return Err(IdentityError::NotFound("domain"));
    }
    end_other_sessions(&mut tx, caller.organization_id, &claimed.domain).await?;
    tx.commit().await?;
    find(&mut app.db.tenant(caller).await?, id).await
}

/// What is to be changed of a domain.
pub(crate) struct DomainChanges<'a> {
    pub(crate) join_role: Option<JoinRole>,
    pub(crate) required_provider: Option<Option<&'a str>>,
}

/// Changes how people of the domain join and sign in.
///
/// # Errors
/// [`IdentityError::SessionRequired`], [`IdentityError::NotFound`], [`IdentityError::ProviderUnknown`].
pub(crate) async fn update(
    app: &App,
    caller: &Caller,
    user_id: UserId,
    id: DomainId,
    changes: &DomainChanges<'_>,
) -> Result<Domain, IdentityError> {
    session_of(caller)?;
    let domain = find(&mut app.db.tenant(caller).await?, id).await?.domain;
    if let Some(Some(provider)) = changes.required_provider
        && app.sign_in.provider(provider).is_none()
    {
        return Err(IdentityError::ProviderUnknown);
    }
    // Not as the caller, who sees nobody's sessions but their own.
    let mut tx = app.db.system(SystemReason::VerifyDomain).await?;
    store::act_as(&mut tx, Some(user_id)).await?;
    let (organization_id, join_role) = (caller.organization_id, changes.join_role);
    if !store::update_domain(&mut tx, organization_id, id, join_role, changes.required_provider).await? {
        return Err(IdentityError::NotFound("domain"));
    }
    if changes.required_provider.is_some() {
        end_other_sessions(&mut tx, organization_id, &domain).await?;
    }
    tx.commit().await?;
    find(&mut app.db.tenant(caller).await?, id).await
}

/// Ends the sessions of the domain's people that could not be opened now: those of another way in than the provider that is
/// required. Owners of the organization may come another way, so theirs stay, that of whoever makes the change among them: nobody
/// locks out whoever could mend it. Does nothing where the organization requires none.
async fn end_other_sessions(
    tx: &mut SystemTx,
    organization_id: OrganizationId,
    domain: &str,
) -> Result<(), IdentityError> {
    let Some(required) = store::find_required(tx, domain).await? else { return Ok(()) };
    if required.organization_id != organization_id {
        return Ok(());
    }
    let found = store::signed_in_beside(tx, organization_id, domain, &required.provider).await?;
    let theirs =
        found.into_iter().filter(|(_, email)| domain_name::of_email(email).as_deref() == Some(domain));
    let user_ids: Vec<UserId> = theirs.map(|(user_id, _)| user_id).collect();
    store::delete_sessions_beside(tx, &user_ids, &required.provider).await
}

/// Ends the sessions that could not be opened any more, once it was decided that somebody does not own the organization any longer,
/// or that it is at work again. That decision stands: what cannot be done now is done within the hour.
pub(crate) async fn follow_change(db: &Db, organization_id: OrganizationId) {
    if let Err(error) = end_overtaken_sessions_in(db, organization_id).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "sessions of another way in go on for an hour at most"
        );
    }
}

/// Ends the sessions that could not be opened any more, in every organization.
///
/// # Errors
/// When the database refuses.
pub async fn end_overtaken_sessions(db: &Db) -> Result<(), IdentityError> {
    let mut tx = db.system(SystemReason::VerifyDomain).await?;
    let organization_ids = store::requiring_organizations(&mut tx).await?;
    drop(tx);
    for organization_id in organization_ids {
        end_overtaken_sessions_in(db, organization_id).await?;
    }
    Ok(())
}

async fn end_overtaken_sessions_in(db: &Db, organization_id: OrganizationId) -> Result<(), IdentityError> {
    let mut tx = db.system(SystemReason::VerifyDomain).await?;
    end_overtaken_sessions_of(&mut tx, organization_id).await?;
    Ok(tx.commit().await?)
}

/// Ends the sessions that people of the organization's domains could not open any more.
pub(crate) async fn end_overtaken_sessions_of(
    tx: &mut SystemTx,
    organization_id: OrganizationId,
) -> Result<(), IdentityError> {
    for domain in store::hold_requiring_domains(tx, organization_id).await? {
        end_other_sessions(tx, organization_id, &domain).await?;
    }
    Ok(())
}

async fn find(tx: &mut TenantTx, id: DomainId) -> Result<Domain, IdentityError> {
    store::find_domain(tx, id).await?.ok_or(IdentityError::NotFound("domain"))
}

/// Verifies a domain on the word of whoever runs the server; adds it if it is not there.
///
/// # Errors
/// [`IdentityError::DomainInvalid`], [`IdentityError::DomainShared`], [`IdentityError::DomainTaken`],
/// [`IdentityError::NotFound`] when no organization has that slug.
pub async fn verify_domain(
    db: &Db,
    clock: &dyn Clock,
    slug: &str,
    domain: &str,
) -> Result<String, IdentityError> {
    let domain = domain_name::check(domain)?;
    let mut tx = db.system(SystemReason::Operate).await?;
    let now = clock.now();
    let verified =
        store::insert_verified_domain(&mut tx, slug, &domain, &token::new_domain_token(), now).await?;
    let organization_id = verified.ok_or(IdentityError::NotFound("organization"))?;
    end_other_sessions(&mut tx, organization_id, &domain).await?;
    tx.commit().await?;
    Ok(domain)
}

/// The only provider through which this address signs in, if its domain has one.
pub(crate) async fn required(tx: &mut SystemTx, email: &str) -> Result<Option<RequiredRow>, IdentityError> {
    match domain_name::of_email(email) {
        Some(domain) => store::find_required(tx, &domain).await,
        None => Ok(None),
    }
}

/// What whoever comes another way is told.
pub(crate) fn refusal(app: &App, required: &RequiredRow) -> IdentityError {
    IdentityError::ProviderRequired { name: app.sign_in.provider_name(&required.provider).to_owned() }
}

/// Lets in by `provider`, or another way for none: whom no provider is required of, or this one, and owners of the organization
/// that requires it. What the domain requires stays so until the end of the transaction, so that whoever changes it ends the
/// sessions that were opened before. Only for somebody who has shown that the account is theirs; it tells whether they own the
/// organization.
///
/// # Errors
/// [`IdentityError::ProviderRequired`].
pub(crate) async fn check_way(
    app: &App,
    tx: &mut SystemTx,
    user_id: UserId,
    email: &str,
    provider: Option<&str>,
) -> Result<(), IdentityError> {
    match refused_way(tx, user_id, email, provider).await? {
        Some(required) => Err(refusal(app, &required)),
        None => Ok(()),
    }
}

/// Ends the sessions of somebody whose address is of another domain now that could not be opened any more.
pub(crate) async fn end_refused_sessions(
    tx: &mut SystemTx,
    user_id: UserId,
    email: &str,
) -> Result<(), IdentityError> {
    match refused_way(tx, user_id, email, None).await? {
        Some(required) => store::delete_sessions_beside(tx, &[user_id], &required.provider).await,
        None => Ok(()),
    }
}

/// What is required of the person instead of this way in.
async fn refused_way(
    tx: &mut SystemTx,
    user_id: UserId,
    email: &str,
    provider: Option<&str>,
) -> Result<Option<RequiredRow>, IdentityError> {
    let Some(domain) = domain_name::of_email(email) else { return Ok(None) };
    store::hold_domain(tx, &domain).await?;
    let Some(required) = store::find_required(tx, &domain).await? else { return Ok(None) };
    let may = provider == Some(required.provider.as_str())
        || store::is_owner(tx, required.organization_id, user_id).await?;
    Ok((!may).then_some(required))
}

/// Makes the person a member of organizations whose domain their confirmed address is of.
pub(crate) async fn join(
    tx: &mut SystemTx,
    user_id: UserId,
    email: &str,
    now: Timestamp,
) -> Result<(), IdentityError> {
    match domain_name::of_email(email) {
        Some(domain) => store::join_by_domain(tx, user_id, &domain, now).await,
        None => Ok(()),
    }
}
