//! Taking an organization along, for its owners.

use super::{
    NO_STORE,
    exports::{ADDRESS_LIFETIME, require_session},
};
use crate::{
    EXPORTS_KEPT_MAX, PrivacyError,
    model::{ExportStatus, OrganizationExport},
    organization_export::{EXPORT_ORGANIZATION, organization_export_key, remove_organization_export},
    store,
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use memoreel_blob::{Grant, Purpose};
use memoreel_kernel::{Caller, OrganizationExportId, OrganizationId, Page};
use memoreel_tasks::cancel_tasks;
use memoreel_web::{App, Json, May, Problem, ProblemBody, ResourceId, Result, action::ExportOrganization};

const FILE_NAME: &str = "memoreel-organization.zip";

/// The organization's exports
///
/// Newest first, never more than one page. Each is kept for seven days, for every owner.
#[utoipa::path(
    get, path = "/organization/exports", operation_id = "list_organization_exports", tag = "Privacy",
    responses(
        (status = 200, description = "The exports", body = Page<OrganizationExport>),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`, `session_required`, `account_closing`, `organization_suspended` or `organization_deleted`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list_organization_exports(
    State(app): State<App>,
    May(caller, _): May<ExportOrganization>,
) -> Result<Response> {
    require_session(&caller)?;
    let items = exports(&app, &caller, None).await?;
    Ok(([NO_STORE], Json(Page { items, next_cursor: None })).into_response())
}

/// Take the organization along
///
/// A task writes everything an owner may see in it, and the recordings, into a zip. One at a time, and not while three are kept. Private
/// videos are not in it: they are in their authors' own exports.
#[utoipa::path(
    post, path = "/organization/exports", operation_id = "create_organization_export", tag = "Privacy",
    responses(
        (status = 201, description = "It is being made", body = OrganizationExport),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`, `session_required`, `csrf_header_missing`, `account_closing`, `organization_suspended` or `organization_deleted`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`export_waiting` or `exports_full`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn create_organization_export(
    State(app): State<App>,
    May(caller, _): May<ExportOrganization>,
) -> Result<Response> {
    require_session(&caller)?;
    let user_id = caller.user_id.ok_or_else(Problem::unauthenticated)?;
    let now = app.clock.now();
    let id = OrganizationExportId::new(now);
    let mut tx = app.db.tenant(&caller).await?;
    tx.hold_organization().await?;
    if store::count_kept_organization_exports(&mut tx, now).await? >= EXPORTS_KEPT_MAX {
        return Err(PrivacyError::ExportsFull.into());
    }
    if !store::insert_organization_export(&mut tx, user_id, id, EXPORT_ORGANIZATION, now).await? {
        return Err(PrivacyError::ExportWaiting.into());
    }
    tx.commit().await?;
    let export = one(&app, &caller, id).await?;
    Ok((StatusCode::CREATED, [NO_STORE], Json(export)).into_response())
}

/// One of the organization's exports
#[utoipa::path(
    get, path = "/organization/exports/{id}", operation_id = "get_organization_export", tag = "Privacy",
    params(("id" = OrganizationExportId, Path, description = "The export")),
    responses(
        (status = 200, description = "The export", body = OrganizationExport),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`, `session_required`, `account_closing`, `organization_suspended` or `organization_deleted`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get_organization_export(
    State(app): State<App>,
    May(caller, _): May<ExportOrganization>,
    ResourceId(id): ResourceId<OrganizationExportId>,
) -> Result<Response> {
    require_session(&caller)?;
    Ok(([NO_STORE], Json(one(&app, &caller, id).await?)).into_response())
}

/// Delete an export of the organization
///
/// Its zip is gone at once, and so is its address. One that is being made is stopped.
#[utoipa::path(
    delete, path = "/organization/exports/{id}", operation_id = "delete_organization_export", tag = "Privacy",
    params(("id" = OrganizationExportId, Path, description = "The export")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`, `session_required`, `csrf_header_missing`, `account_closing`, `organization_suspended` or `organization_deleted`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn delete_organization_export(
    State(app): State<App>,
    May(caller, _): May<ExportOrganization>,
    ResourceId(id): ResourceId<OrganizationExportId>,
) -> Result<StatusCode> {
    require_session(&caller)?;
    let now = app.clock.now();
    let mut tx = app.db.tenant(&caller).await?;
    if !store::mark_organization_export_deleted(&mut tx, id, now).await? {
        return Err(PrivacyError::ExportNotFound.into());
    }
    cancel_tasks(&mut tx, id.uuid(), &[EXPORT_ORGANIZATION], now).await?;
    tx.commit().await?;
    remove_organization_export(&app, caller.organization_id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn one(app: &App, caller: &Caller, id: OrganizationExportId) -> Result<OrganizationExport> {
    let found = exports(app, caller, Some(id)).await?.into_iter().next();
    Ok(found.ok_or(PrivacyError::ExportNotFound)?)
}

async fn exports(
    app: &App,
    caller: &Caller,
    only: Option<OrganizationExportId>,
) -> Result<Vec<OrganizationExport>, PrivacyError> {
    let mut tx = app.db.tenant(caller).await?;
    let found = store::organization_exports(&mut tx, only, app.clock.now()).await?;
    drop(tx);
    found.into_iter().map(|export| with_address(app, caller.organization_id, export)).collect()
}

/// Only owners get to see the address, and it ends soon.
fn with_address(
    app: &App,
    organization_id: OrganizationId,
    export: OrganizationExport,
) -> Result<OrganizationExport, PrivacyError> {
    if export.status != ExportStatus::Ready {
        return Ok(export);
    }
    let grant = Grant {
        organization_id,
        purpose: Purpose::Download,
        is_private: false,
        prefix: organization_export_key(organization_id, export.id)?,
        expires_at: app.clock.now() + ADDRESS_LIFETIME,
        download_name: Some(FILE_NAME.to_owned()),
    };
    Ok(OrganizationExport { download_url: Some(format!("/media/{}/", app.signer.sign(&grant))), ..export })
}
