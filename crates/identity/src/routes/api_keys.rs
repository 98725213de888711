//! Bearer keys for programs.

use super::NO_STORE;
use crate::{
    IdentityError, accounts,
    authenticate::{session_of, user_of},
    model::{ApiKey, IssuedApiKey, NewApiKey},
    store,
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use memoreel_kernel::{ApiKeyId, Cursor, Page};
use memoreel_web::{App, Json, May, PageParams, Params, ProblemBody, ResourceId, Result, action::UseApiKeys};

/// List API keys
///
/// The caller's own keys in this organization, newest first, without their secrets.
#[utoipa::path(
    get, path = "/api-keys", operation_id = "list_api_keys", tag = "API keys",
    params(PageParams),
    responses(
        (status = 200, description = "A page of keys", body = Page<ApiKey>),
        (status = 401, description = "`unauthenticated` or `api_key_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`organization_suspended` or `organization_deleted`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`cursor_invalid` or `limit_invalid`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list_api_keys(
    State(app): State<App>,
    May(caller, _): May<UseApiKeys>,
    Params(params): Params<PageParams>,
) -> Result<Json<Page<ApiKey>>> {
    let page = params.page_request()?;
    let mut tx = app.db.tenant(&caller).await?;
    let keys = store::api_keys(&mut tx, user_of(&caller)?, &page).await?;
    Ok(Json(page.page(keys, |key| Cursor { time: key.created_at, id: key.id.uuid() })))
}

/// Make an API key
///
/// The key acts for the signed-in person in this organization only, with the lesser of its own role and the role that the
/// person has at the time. Its secret is shown in this answer and never again.
#[utoipa::path(
    post, path = "/api-keys", operation_id = "create_api_key", tag = "API keys",
    request_body = NewApiKey,
    responses(
        (status = 201, description = "The key, with its secret", body = IssuedApiKey),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`api_keys_full`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`name_invalid`, `role_too_high` or `expiry_past`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn create_api_key(
    State(app): State<App>,
    May(caller, _): May<UseApiKeys>,
    Json(new): Json<NewApiKey>,
) -> Result<Response> {
    // A key that leaked must not be able to outlive its revocation.
    session_of(&caller)?;
    let key = accounts::create_api_key(&app.db, &*app.clock, &caller, new).await?;
    Ok((StatusCode::CREATED, [NO_STORE], Json(key)).into_response())
}

/// Revoke an API key
#[utoipa::path(
    delete, path = "/api-keys/{id}", operation_id = "delete_api_key", tag = "API keys",
    params(("id" = ApiKeyId, Path, description = "The key")),
    responses(
        (status = 204, description = "The key no longer works"),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn delete_api_key(
    State(app): State<App>,
    May(caller, _): May<UseApiKeys>,
    ResourceId(id): ResourceId<ApiKeyId>,
) -> Result<StatusCode> {
    session_of(&caller)?;
    let mut tx = app.db.tenant(&caller).await?;
    if !store::delete_api_key(&mut tx, user_of(&caller)?, id).await? {
        return Err(IdentityError::NotFound("API key").into());
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
