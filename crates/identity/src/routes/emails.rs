//! Confirming an address, and changing it.

use super::{NO_STORE, device};
use crate::{
    authenticate::session_of,
    cookie,
    emails::{self, ChangeStatus, PendingEmailChange, Proof},
};
use axum::{
    extract::{FromRequest, Request, State},
    response::{AppendHeaders, IntoResponse, Response},
};
use http::{StatusCode, header};
use memoreel_kernel::Caller;
use memoreel_web::{App, Json, ProblemBody, Result, SignedIn, client_address};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A link that was mailed. No `Debug`, because of the token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MailedToken {
    /// What stands behind the `#` of the link.
    token: String,
}

/// What an address is confirmed with. No `Debug`, because of the token and the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EmailConfirmation {
    /// What stands behind the `#` of the link.
    token: String,
    /// The password of the account.
    #[schema(format = Password)]
    password: Option<String>,
}

/// Confirm an e-mail address
///
/// With the token of the mail that was sent at sign-up, by whoever is signed in to the account or gives its password: others may have
/// named an address that is not theirs. Confirming twice is no mistake. Where signing up opens no session, the first time does: the
/// answer sets the session cookie then.
#[utoipa::path(
    post, path = "/email-confirmations", operation_id = "confirm_email", tag = "Accounts",
    security(()),
    request_body = EmailConfirmation,
    responses(
        (status = 204, description = "The address is confirmed"),
        (status = 403, description = "`csrf_header_missing`, `sign_in_first` or, when the address is confirmed and the way in is another one, `provider_required`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`token_wrong`, `password_required` or `password_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited` or `sign_in_throttled`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`sign_in_busy`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn confirm_email(State(app): State<App>, request: Request) -> Result<Response> {
    let device = device(&request);
    app.limits.sign_in.take(&device.address)?;
    let user_id = request.extensions().get::<Caller>().and_then(|caller| caller.user_id);
    let Json(EmailConfirmation { token, password }) = Json::from_request(request, &app).await?;
    let signed_in = emails::confirm(&app, &token, Proof { user_id, password }, &device).await?;
    let cookie = signed_in.and_then(|signed_in| cookie::set_session(&signed_in.token, app.secure_cookies));
    let cookie = cookie.map(|value| (header::SET_COOKIE, value));
    Ok((StatusCode::NO_CONTENT, AppendHeaders(cookie), [NO_STORE]).into_response())
}

/// Mail another confirmation
///
/// To the address of the account; five an hour at most.
#[utoipa::path(
    post, path = "/email-confirmations/resend", operation_id = "resend_confirmation", tag = "Accounts",
    responses(
        (status = 202, description = "The mail is on its way"),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`email_verified`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`mails_full`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn resend_confirmation(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
) -> Result<StatusCode> {
    session_of(&caller)?;
    emails::resend_confirmation(&app, user_id).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Where a person wants to be written to. No `Debug`, because of the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EmailChange {
    /// The address to be.
    #[schema(example = "ada@example.org", max_length = 254)]
    email: String,
    /// The password of the account.
    #[schema(format = Password)]
    password: String,
}

/// Change one's e-mail address
///
/// Links go to the new address and, if it was confirmed, to the present one. The address changes when every link was used.
/// An address that belongs to another account is answered alike.
#[utoipa::path(
    put, path = "/me/email", operation_id = "change_email", tag = "Accounts",
    request_body = EmailChange,
    responses(
        (status = 202, description = "The mails are on their way"),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`email_invalid` or `password_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`mails_full` or `sign_in_throttled`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`sign_in_busy`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn change_email(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
    Json(EmailChange { email, password }): Json<EmailChange>,
) -> Result<StatusCode> {
    emails::request_change(&app, &caller, user_id, &email, password).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Whether the address of an account is to become another.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EmailStatus {
    /// The change that is under way, if one is.
    pending: Option<PendingEmailChange>,
}

/// One's change of e-mail address
///
/// Who was asked to agree to it, and who has.
#[utoipa::path(
    get, path = "/me/email-change", operation_id = "get_email_change", tag = "Accounts",
    responses(
        (status = 200, description = "How far it is", body = EmailStatus),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get_email_change(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
) -> Result<Response> {
    session_of(&caller)?;
    let pending = emails::pending_change(&app, user_id).await?;
    Ok(([NO_STORE], Json(EmailStatus { pending })).into_response())
}

/// Leave one's e-mail address as it is
///
/// The links that were mailed for a change work no more.
#[utoipa::path(
    delete, path = "/me/email-change", operation_id = "withdraw_email_change", tag = "Accounts",
    responses(
        (status = 204, description = "No change is under way"),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn withdraw_email_change(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
) -> Result<StatusCode> {
    session_of(&caller)?;
    emails::withdraw_change(&app, user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How far a change of address is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EmailChangeState {
    /// Whether the other address has yet to agree.
    status: ChangeStatus,
}

/// Agree to a change of e-mail address
///
/// With the token of a mail that asked for it. When no address is left to ask, the account has the new one.
#[utoipa::path(
    post, path = "/email-changes/confirm", operation_id = "confirm_email_change", tag = "Accounts",
    security(()),
    request_body = MailedToken,
    responses(
        (status = 200, description = "Noted", body = EmailChangeState),
        (status = 403, description = "`csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`email_taken`: somebody signed up with the new address meanwhile", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`token_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn confirm_email_change(State(app): State<App>, request: Request) -> Result<Response> {
    app.limits.sign_in.take(&client_address(&request))?;
    let Json(MailedToken { token }) = Json::from_request(request, &app).await?;
    let status = emails::confirm_change(&app, &token).await?;
    Ok(([NO_STORE], Json(EmailChangeState { status })).into_response())
}
