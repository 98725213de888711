//! What providers know the signed-in person as.

use crate::{identities, model::Identity};
use axum::extract::State;
use http::StatusCode;
use memoreel_kernel::{IdentityId, Page};
use memoreel_web::{App, Json, ProblemBody, ResourceId, Result, SignedIn};

/// List linked identities
///
/// What providers know the signed-in person as, oldest first; always one page.
#[utoipa::path(
    get, path = "/identities", operation_id = "list_identities", tag = "Accounts",
    responses(
        (status = 200, description = "The identities", body = Page<Identity>),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list_identities(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
) -> Result<Json<Page<Identity>>> {
    let items = identities::list(&app, &caller, user_id).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

/// Unlink an identity
///
/// It opens the account no more. The last way into an account cannot be removed.
#[utoipa::path(
    delete, path = "/identities/{id}", operation_id = "delete_identity", tag = "Accounts",
    params(("id" = IdentityId, Path, description = "The identity")),
    responses(
        (status = 204, description = "Unlinked"),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`last_way_in`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn delete_identity(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
    ResourceId(id): ResourceId<IdentityId>,
) -> Result<StatusCode> {
    identities::unlink(&app, &caller, user_id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
