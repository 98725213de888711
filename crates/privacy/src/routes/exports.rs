//! Taking one's data along.

use super::NO_STORE;
use crate::{
    EXPORTS_KEPT_MAX, PrivacyError,
    export::{EXPORT_PERSON, export_key, remove},
    model::{Export, ExportStatus},
    store,
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;
use http::StatusCode;
use memoreel_blob::{Grant, Purpose};
use memoreel_db::SystemReason;
use memoreel_kernel::{Actor, Caller, ExportId, OrganizationId, Page, UserId};
use memoreel_tasks::cancel_tasks;
use memoreel_web::{App, Json, Problem, ProblemBody, ResourceId, Result, SignedIn};

/// How long an address opens the zip, at least.
pub(super) const ADDRESS_LIFETIME: TimeDelta = TimeDelta::hours(1);
const FILE_NAME: &str = "memoreel-export.zip";

/// One's exports
///
/// Newest first, never more than one page. Each is kept for seven days.
#[utoipa::path(
    get, path = "/me/exports", operation_id = "list_exports", tag = "Privacy",
    responses(
        (status = 200, description = "The exports", body = Page<Export>),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list_exports(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
) -> Result<Response> {
    require_session(&caller)?;
    let items = exports(&app, user_id, None).await?;
    Ok(([NO_STORE], Json(Page { items, next_cursor: None })).into_response())
}

/// Take one's data along
///
/// A task writes everything about the person, and the recordings they added, into a zip. One at a time, and not while three are kept.
#[utoipa::path(
    post, path = "/me/exports", operation_id = "create_export", tag = "Privacy",
    responses(
        (status = 201, description = "It is being made", body = Export),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`export_waiting` or `exports_full`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn create_export(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
) -> Result<Response> {
    require_session(&caller)?;
    let now = app.clock.now();
    let id = ExportId::new(now);
    let mut tx = app.db.system(SystemReason::Privacy).await?;
    store::lock_person(&mut tx, user_id).await?;
    if store::is_export_waiting(&mut tx, user_id).await? {
        return Err(PrivacyError::ExportWaiting.into());
    }
    if store::count_kept_exports(&mut tx, user_id, now).await? >= EXPORTS_KEPT_MAX {
        return Err(PrivacyError::ExportsFull.into());
    }
    if !store::insert_export(&mut tx, user_id, id, EXPORT_PERSON, now).await? {
        return Err(Problem::not_found("organization"));
    }
    tx.commit().await?;
    let export = one(&app, user_id, id).await?;
    Ok((StatusCode::CREATED, [NO_STORE], Json(export)).into_response())
}

/// One of one's exports
#[utoipa::path(
    get, path = "/me/exports/{id}", operation_id = "get_export", tag = "Privacy",
    params(("id" = ExportId, Path, description = "The export")),
    responses(
        (status = 200, description = "The export", body = Export),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get_export(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
    ResourceId(id): ResourceId<ExportId>,
) -> Result<Response> {
    require_session(&caller)?;
    Ok(([NO_STORE], Json(one(&app, user_id, id).await?)).into_response())
}

/// Delete an export
///
/// Its zip is gone at once, and so is its address. One that is being made is stopped.
#[utoipa::path(
    delete, path = "/me/exports/{id}", operation_id = "delete_export", tag = "Privacy",
    params(("id" = ExportId, Path, description = "The export")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn delete_export(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
    ResourceId(id): ResourceId<ExportId>,
) -> Result<StatusCode> {
    require_session(&caller)?;
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::Privacy).await?;
    let found = store::exports(&mut tx, user_id, Some(id), now).await?;
    if !store::mark_export_deleted(&mut tx, user_id, id, now).await? {
        return Err(PrivacyError::ExportNotFound.into());
    }
    tx.commit().await?;
    if let Some(organization_id) = found.into_iter().find_map(|(_, organization_id)| organization_id) {
        let mut tx = app.db.tenant(&Caller::service(organization_id)).await?;
        cancel_tasks(&mut tx, id.uuid(), &[EXPORT_PERSON], now).await?;
        tx.commit().await?;
        remove(&app, organization_id, id).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// A key is for what programs do from day to day; this is everything of a person, or of an organization.
pub(super) fn require_session(caller: &Caller) -> Result<()> {
    match caller.actor {
        Actor::Session(_) => Ok(()),
        Actor::ApiKey(_) | Actor::Service => Err(memoreel_identity::IdentityError::SessionRequired.into()),
    }
}

async fn one(app: &App, user_id: UserId, id: ExportId) -> Result<Export> {
    let found = exports(app, user_id, Some(id)).await?.into_iter().next();
    Ok(found.ok_or(PrivacyError::ExportNotFound)?)
}

async fn exports(app: &App, user_id: UserId, only: Option<ExportId>) -> Result<Vec<Export>, PrivacyError> {
    let mut tx = app.db.system(SystemReason::Privacy).await?;
    let found = store::exports(&mut tx, user_id, only, app.clock.now()).await?;
    drop(tx);
    found.into_iter().map(|(export, organization_id)| with_address(app, export, organization_id)).collect()
}

/// Only the person gets to see the address, and it ends soon.
fn with_address(
    app: &App,
    export: Export,
    organization_id: Option<OrganizationId>,
) -> Result<Export, PrivacyError> {
    let Some(organization_id) = organization_id.filter(|_| export.status == ExportStatus::Ready) else {
        return Ok(export);
    };
    let grant = Grant {
        organization_id,
        purpose: Purpose::Download,
        is_private: false,
        prefix: export_key(organization_id, export.id)?,
        expires_at: app.clock.now() + ADDRESS_LIFETIME,
        download_name: Some(FILE_NAME.to_owned()),
    };
    Ok(Export { download_url: Some(format!("/media/{}/", app.signer.sign(&grant))), ..export })
}
