//! Signing up.

use super::{device, welcome};
use crate::{
    accounts,
    consents::Agreed,
    model::{Me, NewUser},
};
use axum::{
    extract::{FromRequest, Request, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use memoreel_web::{App, Json, ProblemBody, Result};
use serde::Deserialize;
use utoipa::ToSchema;

/// What a new account is made of. No `Debug`, because of the password.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewUser)]
#[serde(deny_unknown_fields)]
pub(super) struct SignUp {
    /// Address to sign in with, unique whatever its case.
    #[schema(example = "ada@example.com", max_length = 254)]
    email: String,
    /// What others see, 1 to 100 characters.
    #[schema(
        example = "Ada Lovelace",
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    name: String,
    /// 10 to 1024 characters.
    #[schema(format = Password, min_length = 10, max_length = 1024)]
    password: String,
    /// What one agrees to: the versions one read, by document. Everything that `GET /auth/providers` lists is needed.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, String>)]
    agreed: Agreed,
}

/// Sign up
///
/// Makes an account with its own organization, and signs in: the answer sets the session cookie. A mail asks to confirm the
/// address. Where a mail server is configured, the mailed link opens the session instead, and an address that is taken is answered
/// alike.
#[utoipa::path(
    post, path = "/users", operation_id = "create_user", tag = "Accounts",
    security(()),
    request_body = SignUp,
    responses(
        (status = 201, description = "Signed up and signed in", body = Me),
        (status = 202, description = "A mail is on its way, to sign in by or to tell the address that it has an account"),
        (status = 403, description = "`sign_up_closed`, `provider_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`email_taken`, where no mail server is configured, or `consent_version_stale`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`email_invalid`, `name_invalid`, `password_weak` or `consent_required`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`sign_in_busy`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn create_user(State(app): State<App>, request: Request) -> Result<Response> {
    let device = device(&request);
    app.limits.sign_in.take(&device.address)?;
    let Json(new) = Json::<SignUp>::from_request(request, &app).await?;
    let SignUp { email, name, password, agreed } = new;
    Ok(match accounts::sign_up(&app, NewUser { email, name, password }, agreed, &device).await? {
        Some(signed_in) => welcome(&app, signed_in),
        None => StatusCode::ACCEPTED.into_response(),
    })
}
