//! The organization of a request, and new ones.

use crate::{
    authenticate::{session_of, user_of},
    domains,
    model::Organization,
    organizations::{self, Wanted},
};
use axum::extract::State;
use http::StatusCode;
use memoreel_kernel::Action;
use memoreel_web::{
    App, Json, May, ProblemBody, Result, SignedIn,
    action::{DeleteOrganization, ManageOrganization, RestoreOrganization, SeeOrganization},
    nullable, require,
};
use serde::Deserialize;
use utoipa::ToSchema;

/// A new organization.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateOrganization {
    /// 1 to 100 characters.
    #[schema(
        example = "Harbour Board",
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    name: String,
    /// Its name in addresses: 1 to 50 lower-case letters, digits and single hyphens; made of the name if absent.
    #[schema(
        example = "harbour-board",
        min_length = 1,
        max_length = 50,
        pattern = "^[a-z0-9]+(-[a-z0-9]+)*$"
    )]
    slug: Option<String>,
    /// At most 5,000 characters.
    #[schema(max_length = 5000, pattern = r"^[^\u0000]*$")]
    description: Option<String>,
}

/// Make an organization
///
/// Whoever is signed in becomes its owner.
#[utoipa::path(
    post, path = "/organizations", operation_id = "create_organization", tag = "Organizations",
    request_body = CreateOrganization,
    responses(
        (status = 201, description = "The organization", body = Organization),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required`, `csrf_header_missing`, `account_closing` or `account_closed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`slug_taken` or `organizations_full`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`name_invalid`, `slug_invalid` or `description_invalid`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn create_organization(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
    Json(new): Json<CreateOrganization>,
) -> Result<(StatusCode, Json<Organization>)> {
    session_of(&caller)?;
    let wanted =
        Wanted { name: &new.name, slug: new.slug.as_deref(), description: new.description.as_deref() };
    let organization = organizations::create(&app.db, &*app.clock, user_id, &wanted).await?;
    Ok((StatusCode::CREATED, Json(organization)))
}

/// Get the organization
///
/// The one this request is about, also while it is suspended or deleted.
#[utoipa::path(
    get, path = "/organization", operation_id = "get_organization", tag = "Organizations",
    responses(
        (status = 200, description = "The organization", body = Organization),
        (status = 401, description = "`unauthenticated` or `api_key_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get_organization(
    State(app): State<App>,
    May(caller, _): May<SeeOrganization>,
) -> Result<Json<Organization>> {
    let mut tx = app.db.tenant(&caller).await?;
    Ok(Json(organizations::find(&mut tx, user_of(&caller)?).await?))
}

/// What may be changed of an organization. Absent fields stay; null clears the description.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateOrganization {
    /// 1 to 100 characters; kept if absent or null.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    name: Option<String>,
    /// Its name in addresses, for owners to change: 1 to 50 lower-case letters, digits and single hyphens;
    /// kept if absent or null.
    #[schema(min_length = 1, max_length = 50, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$")]
    slug: Option<String>,
    /// At most 5,000 characters.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 5000, pattern = r"^[^\u0000]*$")]
    description: Option<Option<String>>,
}

/// Update the organization
#[utoipa::path(
    patch, path = "/organization", operation_id = "update_organization", tag = "Organizations",
    request_body = UpdateOrganization,
    responses(
        (status = 200, description = "The organization, as changed", body = Organization),
        (status = 401, description = "`unauthenticated` or `api_key_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`, `csrf_header_missing`, `organization_suspended` or `organization_deleted`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`slug_taken`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`name_invalid`, `slug_invalid` or `description_invalid`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn update_organization(
    State(app): State<App>,
    May(caller, _): May<ManageOrganization>,
    Json(update): Json<UpdateOrganization>,
) -> Result<Json<Organization>> {
    if update.slug.is_some() {
        require(&caller, Action::ChangeSlug)?;
    }
    let description = update.description.as_ref().map(Option::as_deref);
    let mut tx = app.db.tenant(&caller).await?;
    organizations::update(&mut tx, update.name.as_deref(), update.slug.as_deref(), description).await?;
    let organization = organizations::find(&mut tx, user_of(&caller)?).await?;
    tx.commit().await?;
    Ok(Json(organization))
}

/// Shows that this organization is the one meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeletionConfirmation {
    /// The organization's name in addresses.
    slug: String,
}

/// Delete the organization
///
/// Nothing in it can be read or changed from then on. For 30 days an owner can restore it; then it is erased with
/// everything it keeps.
#[utoipa::path(
    delete, path = "/organization", operation_id = "delete_organization", tag = "Organizations",
    request_body = DeletionConfirmation,
    responses(
        (status = 204, description = "Deleted"),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`, `session_required`, `csrf_header_missing`, `organization_suspended` or `organization_deleted`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`organization_personal`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`confirmation_wrong`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn delete_organization(
    State(app): State<App>,
    May(caller, _): May<DeleteOrganization>,
    Json(confirmation): Json<DeletionConfirmation>,
) -> Result<StatusCode> {
    session_of(&caller)?;
    let mut tx = app.db.tenant(&caller).await?;
    organizations::delete(&mut tx, &confirmation.slug, app.clock.now()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Restore the organization
///
/// Brings a deleted organization back; one at work stays as it is.
#[utoipa::path(
    post, path = "/organization/restore", operation_id = "restore_organization", tag = "Organizations",
    responses(
        (status = 200, description = "The organization", body = Organization),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`, `session_required`, `csrf_header_missing` or `organization_suspended`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: its time is over", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn restore_organization(
    State(app): State<App>,
    May(caller, _): May<RestoreOrganization>,
) -> Result<Json<Organization>> {
    session_of(&caller)?;
    let mut tx = app.db.tenant(&caller).await?;
    let organization = organizations::restore(&mut tx, user_of(&caller)?, app.clock.now()).await?;
    tx.commit().await?;
    domains::follow_change(&app.db, caller.organization_id).await;
    Ok(Json(organization))
}
