//! Domains of the organization.

use crate::{
    IdentityError,
    authenticate::{session_of, user_of},
    domains::{self, DomainChanges},
    model::{Domain, JoinRole},
    store,
};
use axum::extract::State;
use http::StatusCode;
use memoreel_kernel::{DomainId, Page};
use memoreel_web::{App, Json, May, ProblemBody, ResourceId, Result, action::ManageDomains, nullable};
use serde::Deserialize;
use utoipa::ToSchema;

/// List domains
///
/// Those of the organization by name, at most twenty; always one page.
#[utoipa::path(
    get, path = "/domains", operation_id = "list_domains", tag = "Organizations",
    responses(
        (status = 200, description = "The domains", body = Page<Domain>),
        (status = 401, description = "`unauthenticated` or `api_key_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`, `organization_suspended` or `organization_deleted`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list_domains(
    State(app): State<App>,
    May(caller, _): May<ManageDomains>,
) -> Result<Json<Page<Domain>>> {
    let items = store::domains(&mut app.db.tenant(&caller).await?).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

/// A domain to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateDomain {
    /// What stands behind the @ of addresses.
    #[schema(example = "example.com", max_length = 253)]
    domain: String,
}

/// Add a domain
///
/// It means nothing until it is verified by the record the answer names.
#[utoipa::path(
    post, path = "/domains", operation_id = "create_domain", tag = "Organizations",
    request_body = CreateDomain,
    responses(
        (status = 201, description = "The domain", body = Domain),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`, `session_required`, `csrf_header_missing`, `organization_suspended` or `organization_deleted`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`domain_exists` or `domains_full`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`domain_invalid` or `domain_shared`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn create_domain(
    State(app): State<App>,
    May(caller, _): May<ManageDomains>,
    Json(new): Json<CreateDomain>,
) -> Result<(StatusCode, Json<Domain>)> {
    Ok((StatusCode::CREATED, Json(domains::add(&app, &caller, &new.domain).await?)))
}

/// Verify a domain
///
/// Asks name servers for its record. A domain is verified for one organization at most.
#[utoipa::path(
    post, path = "/domains/{id}/verify", operation_id = "verify_domain", tag = "Organizations",
    params(("id" = DomainId, Path, description = "The domain")),
    responses(
        (status = 200, description = "The domain, verified", body = Domain),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`, `session_required`, `csrf_header_missing`, `organization_suspended` or `organization_deleted`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`domain_unproved` or `domain_taken`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`dns_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn verify_domain(
    State(app): State<App>,
    May(caller, _): May<ManageDomains>,
    ResourceId(id): ResourceId<DomainId>,
) -> Result<Json<Domain>> {
    Ok(Json(domains::verify(&app, &caller, user_of(&caller)?, id).await?))
}

/// What may be changed of a domain. Absent fields stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateDomain {
    /// As what people with a confirmed address of it join; kept if absent or null.
    join_role: Option<JoinRole>,
    /// The only provider through which addresses of it sign in; null lets them in any way.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 50)]
    required_provider: Option<Option<String>>,
}

/// Update a domain
///
/// Says how people with addresses of the domain join and sign in. Where a provider is required, their sessions that were opened
/// another way end. Owners can still sign in with a password and keep their sessions, so that nobody is locked out.
#[utoipa::path(
    patch, path = "/domains/{id}", operation_id = "update_domain", tag = "Organizations",
    params(("id" = DomainId, Path, description = "The domain")),
    request_body = UpdateDomain,
    responses(
        (status = 200, description = "The domain, as changed", body = Domain),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`, `session_required`, `csrf_header_missing`, `organization_suspended` or `organization_deleted`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`provider_unknown`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn update_domain(
    State(app): State<App>,
    May(caller, _): May<ManageDomains>,
    ResourceId(id): ResourceId<DomainId>,
    Json(update): Json<UpdateDomain>,
) -> Result<Json<Domain>> {
    let changes = DomainChanges {
        join_role: update.join_role,
        required_provider: update.required_provider.as_ref().map(Option::as_deref),
    };
    Ok(Json(domains::update(&app, &caller, user_of(&caller)?, id, &changes).await?))
}

/// Remove a domain
///
/// Nobody joins by it any more, and its people sign in as they like.
#[utoipa::path(
    delete, path = "/domains/{id}", operation_id = "delete_domain", tag = "Organizations",
    params(("id" = DomainId, Path, description = "The domain")),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`, `session_required`, `csrf_header_missing`, `organization_suspended` or `organization_deleted`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn delete_domain(
    State(app): State<App>,
    May(caller, _): May<ManageDomains>,
    ResourceId(id): ResourceId<DomainId>,
) -> Result<StatusCode> {
    session_of(&caller)?;
    let mut tx = app.db.tenant(&caller).await?;
    if !store::delete_domain(&mut tx, id).await? {
        return Err(IdentityError::NotFound("domain").into());
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
