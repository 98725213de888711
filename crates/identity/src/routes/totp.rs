//! The authenticator app that is asked for a code at sign-in.

use super::{NO_STORE, Presence};
use crate::second_factor::{self, TotpSecret};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use memoreel_web::{App, Json, ProblemBody, Result, SignedIn};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Begin with an authenticator app
///
/// Makes a secret for the app. Sign-in asks for codes only after one was confirmed.
#[utoipa::path(
    post, path = "/me/totp", operation_id = "begin_totp", tag = "Accounts",
    request_body = Presence,
    responses(
        (status = 201, description = "The secret, shown once", body = TotpSecret),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`recent_sign_in_required`, `session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`totp_enabled`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`password_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`sign_in_throttled`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`sign_in_busy`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn begin_totp(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
    Json(Presence { password }): Json<Presence>,
) -> Result<Response> {
    let secret = second_factor::begin(&app, &caller, user_id, password).await?;
    Ok((StatusCode::CREATED, [NO_STORE], Json(secret)).into_response())
}

/// What the app shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TotpConfirmation {
    /// Six digits.
    #[schema(example = "287082")]
    code: String,
}

/// For when the app is lost. No `Debug`, because of the codes.
#[derive(Serialize, ToSchema)]
pub(super) struct RecoveryCodes {
    /// Ten codes, each of which opens one session in place of a code of the app.
    recovery_codes: Vec<String>,
}

/// Confirm the authenticator app
///
/// With a code that the app shows. From here on sign-in asks for one. The recovery codes are shown in this answer and never
/// again.
#[utoipa::path(
    post, path = "/me/totp/confirm", operation_id = "confirm_totp", tag = "Accounts",
    request_body = TotpConfirmation,
    responses(
        (status = 200, description = "The recovery codes", body = RecoveryCodes),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: none was begun", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`totp_enabled`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`confirmation_code_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`sign_in_throttled`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn confirm_totp(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
    Json(TotpConfirmation { code }): Json<TotpConfirmation>,
) -> Result<Response> {
    let recovery_codes = second_factor::confirm(&app, &caller, user_id, &code).await?;
    Ok(([NO_STORE], Json(RecoveryCodes { recovery_codes })).into_response())
}

/// Do without the authenticator app
///
/// Removes the secret and the recovery codes.
#[utoipa::path(
    delete, path = "/me/totp", operation_id = "delete_totp", tag = "Accounts",
    request_body = Presence,
    responses(
        (status = 204, description = "Sign-in asks for the password alone"),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`recent_sign_in_required`, `session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`password_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`sign_in_throttled`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`sign_in_busy`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn delete_totp(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
    Json(Presence { password }): Json<Presence>,
) -> Result<StatusCode> {
    second_factor::delete(&app, &caller, user_id, password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make other recovery codes
///
/// They are shown in this answer and never again. The former ones open nothing any more.
#[utoipa::path(
    post, path = "/me/totp/recovery-codes", operation_id = "renew_recovery_codes", tag = "Accounts",
    request_body = Presence,
    responses(
        (status = 200, description = "The recovery codes", body = RecoveryCodes),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`recent_sign_in_required`, `session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: there is no authenticator app", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`password_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`sign_in_throttled`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`sign_in_busy`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn renew_recovery_codes(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
    Json(Presence { password }): Json<Presence>,
) -> Result<Response> {
    let recovery_codes = second_factor::renew_recovery_codes(&app, &caller, user_id, password).await?;
    Ok(([NO_STORE], Json(RecoveryCodes { recovery_codes })).into_response())
}
