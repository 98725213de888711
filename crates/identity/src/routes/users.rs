//! Signing up.

use super::{device, welcome};
use crate::{
    accounts,
    model::{Me, NewUser},
};
use axum::{
    extract::{FromRequest, Request, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use memoreel_web::{App, Json, ProblemBody, Result};

/// Sign up
///
/// Makes an account with its own organization, and signs in: the answer sets the session cookie. A mail asks to confirm the
/// address. Where a mail server is configured, the mailed link opens the session instead, and an address that is taken is answered
/// alike.
#[utoipa::path(
    post, path = "/users", operation_id = "create_user", tag = "Accounts",
    security(()),
    request_body = NewUser,
    responses(
        (status = 201, description = "Signed up and signed in", body = Me),
        (status = 202, description = "A mail is on its way, to sign in by or to tell the address that it has an account"),
        (status = 403, description = "`sign_up_closed`, `provider_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`email_taken`, where no mail server is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`email_invalid`, `name_invalid` or `password_weak`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`sign_in_busy`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn create_user(State(app): State<App>, request: Request) -> Result<Response> {
    let device = device(&request);
    app.limits.sign_in.take(&device.address)?;
    let Json(new) = Json::<NewUser>::from_request(request, &app).await?;
    Ok(match accounts::sign_up(&app, new, &device).await? {
        Some(signed_in) => welcome(&app, signed_in),
        None => StatusCode::ACCEPTED.into_response(),
    })
}
