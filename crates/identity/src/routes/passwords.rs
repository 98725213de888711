//! Changing a password, and setting another one by mail.

use super::NO_STORE;
use crate::{cookie, passwords};
use axum::{
    extract::{FromRequest, Request, State},
    response::{AppendHeaders, IntoResponse, Response},
};
use http::{StatusCode, header};
use memoreel_web::{App, Json, ProblemBody, Result, SignedIn, client_address};
use serde::Deserialize;
use utoipa::ToSchema;

/// A password and the one to take its place. No `Debug`, because of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordChange {
    /// The present password.
    #[schema(format = Password)]
    current_password: String,
    /// 10 to 1024 characters that are not easily guessed.
    #[schema(format = Password, min_length = 10, max_length = 1024)]
    new_password: String,
}

/// Change one's password
///
/// Ends every other session. The answer sets the session cookie anew: the former token opens nothing any more.
#[utoipa::path(
    put, path = "/me/password", operation_id = "change_password", tag = "Accounts",
    request_body = PasswordChange,
    responses(
        (status = 204, description = "The password is changed"),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`password_wrong` or `password_weak`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`sign_in_throttled`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`sign_in_busy`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn change_password(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
    Json(PasswordChange { current_password, new_password }): Json<PasswordChange>,
) -> Result<Response> {
    let token = passwords::change(&app, &caller, user_id, current_password, new_password).await?;
    let cookie = cookie::set_session(&token, app.secure_cookies).map(|value| (header::SET_COOKIE, value));
    Ok((StatusCode::NO_CONTENT, AppendHeaders(cookie), [NO_STORE]).into_response())
}

/// Whose password is forgotten.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordResetRequest {
    /// The address of the account, in any case.
    #[schema(example = "ada@example.com")]
    email: String,
}

/// Ask for a new password
///
/// Mails a link that sets another password, if there is an account with this address. The answer and its time are the same
/// if there is none. Where the domain of the address requires a provider, everybody is told so.
#[utoipa::path(
    post, path = "/password-resets", operation_id = "request_password_reset", tag = "Accounts",
    security(()),
    request_body = PasswordResetRequest,
    responses(
        (status = 202, description = "If there is such an account, a mail is on its way"),
        (status = 403, description = "`provider_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`body_invalid`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn request_password_reset(State(app): State<App>, request: Request) -> Result<StatusCode> {
    app.limits.sign_in.take(&client_address(&request))?;
    let Json(PasswordResetRequest { email }) = Json::from_request(request, &app).await?;
    let time = tokio::time::sleep(passwords::MAILED_ANSWERED_AFTER);
    let (requested, ()) = tokio::join!(passwords::request_reset(&app, &email), time);
    requested?;
    Ok(StatusCode::ACCEPTED)
}

/// A new password and the right to set it. No `Debug`, because of both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordReset {
    /// What stands behind the `#` of the link.
    token: String,
    /// 10 to 1024 characters that are not easily guessed.
    #[schema(format = Password, min_length = 10, max_length = 1024)]
    password: String,
}

/// Set a new password
///
/// With the token of the mail, which works once and for an hour. Ends every session of the account.
#[utoipa::path(
    post, path = "/password-resets/confirm", operation_id = "reset_password", tag = "Accounts",
    security(()),
    request_body = PasswordReset,
    responses(
        (status = 204, description = "The password is set; sign in with it"),
        (status = 403, description = "`provider_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`token_wrong` or `password_weak`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`sign_in_busy`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn reset_password(State(app): State<App>, request: Request) -> Result<StatusCode> {
    app.limits.sign_in.take(&client_address(&request))?;
    let Json(PasswordReset { token, password }) = Json::from_request(request, &app).await?;
    passwords::reset(&app, &token, password).await?;
    Ok(StatusCode::NO_CONTENT)
}
