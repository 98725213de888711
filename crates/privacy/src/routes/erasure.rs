//! Closing one's account, and taking that back.

use super::NO_STORE;
use crate::{PrivacyError, model::ErasureState, store};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use memoreel_db::SystemReason;
use memoreel_identity::{ACCOUNT_KEPT_FOR, close_account, hold_ownerships, reopen_account};
use memoreel_kernel::UserId;
use memoreel_web::{App, Json, MaybeClosing, ProblemBody, Result, SignedIn};
use serde::Deserialize;
use utoipa::ToSchema;

/// Who wants everything to go. No `Debug`, because of the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ErasureWish {
    /// The address of the account, to confirm.
    #[schema(max_length = 254)]
    email: String,
    /// The password; without it one must have signed in within the last 15 minutes.
    #[schema(format = Password)]
    password: Option<String>,
}

/// What closing one's account means
///
/// Whether it is closed, and what goes and what stays with whom.
#[utoipa::path(
    get, path = "/me/erasure", operation_id = "get_erasure", tag = "Privacy",
    responses(
        (status = 200, description = "How things stand", body = ErasureState),
        (status = 401, description = "`unauthenticated` or `api_key_wrong`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get_erasure(
    State(app): State<App>,
    MaybeClosing(_caller, user_id): MaybeClosing,
) -> Result<Response> {
    Ok(([NO_STORE], Json(state(&app, user_id).await?)).into_response())
}

/// Close one's account
///
/// Every other session ends, and from then on only taking it back is possible. After seven days everything of the person is
/// removed for good, their own organization included; what they shared with other organizations stays there without their name.
#[utoipa::path(
    post, path = "/me/erasure", operation_id = "request_erasure", tag = "Privacy",
    request_body = ErasureWish,
    responses(
        (status = 200, description = "The account is closed", body = ErasureState),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required`, `recent_sign_in_required`, `account_closing` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`sole_owner`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`password_wrong` or `confirmation_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`sign_in_throttled`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`sign_in_busy`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn request_erasure(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
    Json(ErasureWish { email, password }): Json<ErasureWish>,
) -> Result<Response> {
    close_account(&app, &caller, user_id, password, &email).await?;
    Ok(([NO_STORE], Json(state(&app, user_id).await?)).into_response())
}

/// Take the closing of one's account back
#[utoipa::path(
    delete, path = "/me/erasure", operation_id = "withdraw_erasure", tag = "Privacy",
    responses(
        (status = 204, description = "The account is open again"),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`not_closing`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn withdraw_erasure(
    State(app): State<App>,
    MaybeClosing(caller, user_id): MaybeClosing,
) -> Result<StatusCode> {
    reopen_account(&app, &caller, user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn state(app: &App, user_id: UserId) -> Result<ErasureState, PrivacyError> {
    let mut tx = app.db.system(SystemReason::Privacy).await?;
    let erased_after = store::erased_after(&mut tx, user_id).await?;
    let holdings = store::holdings(&mut tx, user_id).await?;
    let sole_owner_of = hold_ownerships(&mut tx, user_id).await?;
    Ok(ErasureState {
        erased_after,
        grace_days: ACCOUNT_KEPT_FOR.num_days(),
        own_videos: holdings.own_videos,
        private_videos: i64::try_from(holdings.private.len()).unwrap_or(i64::MAX),
        shared_videos: holdings.shared_videos,
        sole_owner_of,
    })
}
