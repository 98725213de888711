//! Signing in and out, and the devices one is signed in on.

use super::{NO_STORE, device, welcome};
use crate::{
    IdentityError, accounts,
    authenticate::session_of,
    cookie,
    model::{Me, Session},
    store,
};
use axum::{
    extract::{FromRequest, Request, State},
    response::{AppendHeaders, IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use memoreel_db::SystemReason;
use memoreel_kernel::{Page, SessionId};
use memoreel_web::{App, Json, Problem, ProblemBody, ResourceId, Result, SignedIn};
use serde::Deserialize;
use utoipa::ToSchema;

/// What a person signs in with. No `Debug`, because of the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    /// The address of the account, in any case.
    #[schema(example = "ada@example.com")]
    email: String,
    /// Its password.
    #[schema(format = Password)]
    password: String,
    /// For accounts with an authenticator app: the code it shows, or a recovery code.
    #[schema(example = "287082", nullable = false)]
    code: Option<String>,
}

/// Sign in
///
/// The answer sets the session cookie. A sixth session ends the user's oldest one.
#[utoipa::path(
    post, path = "/sessions", operation_id = "create_session", tag = "Accounts",
    security(()),
    request_body = Credentials,
    responses(
        (status = 201, description = "Signed in", body = Me),
        (status = 401, description = "`credentials_wrong`; with the password right, `code_required` or `code_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`provider_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`body_invalid`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited` or `sign_in_throttled`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`sign_in_busy`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn create_session(State(app): State<App>, request: Request) -> Result<Response> {
    let device = device(&request);
    app.limits.sign_in.take(&device.address)?;
    let Json(Credentials { email, password, code }) = Json::from_request(request, &app).await?;
    let credentials = accounts::Credentials { email, password, code };
    let signed_in = accounts::sign_in(&app, credentials, &device).await?;
    Ok(welcome(&app, signed_in))
}

/// Sign out
///
/// Ends the session of the cookie and clears the cookie.
#[utoipa::path(
    delete, path = "/sessions/current", operation_id = "delete_current_session", tag = "Accounts",
    responses(
        (status = 204, description = "Signed out"),
        (status = 401, description = "`unauthenticated`: there is no session cookie", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn delete_current_session(State(app): State<App>, headers: HeaderMap) -> Result<Response> {
    // By the cookie and not by the caller: a session that ended by itself is signed out of all the same.
    cookie::session_token(&headers).ok_or_else(Problem::unauthenticated)?;
    if let Some(session) = cookie::presented_session(&headers) {
        let mut tx = app.db.system(SystemReason::SignIn).await?;
        store::delete_session_of_token(&mut tx, &session).await?;
        tx.commit().await?;
    }
    let cleared = cookie::clear_session(app.secure_cookies).map(|value| (header::SET_COOKIE, value));
    Ok((StatusCode::NO_CONTENT, AppendHeaders(cleared), [NO_STORE]).into_response())
}

/// List sessions
///
/// The devices the signed-in person is signed in on, newest first; five at most, so always one page.
#[utoipa::path(
    get, path = "/sessions", operation_id = "list_sessions", tag = "Accounts",
    responses(
        (status = 200, description = "The sessions", body = Page<Session>),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list_sessions(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
) -> Result<Json<Page<Session>>> {
    let current = session_of(&caller)?;
    let mut tx = app.db.tenant(&caller).await?;
    let items = store::sessions(&mut tx, user_id, current, app.clock.now()).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

/// End all other sessions
///
/// Signs every device out but the one that asks.
#[utoipa::path(
    delete, path = "/sessions", operation_id = "delete_other_sessions", tag = "Accounts",
    responses(
        (status = 204, description = "This is the only session left"),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn delete_other_sessions(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
) -> Result<StatusCode> {
    let current = session_of(&caller)?;
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    // What was begun in another session is done, or is refused: see `lock_user_in_session`.
    store::lock_user(&mut tx, user_id).await?;
    store::delete_sessions_except(&mut tx, user_id, Some(current)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End a session
///
/// Signs another device out, or this one.
#[utoipa::path(
    delete, path = "/sessions/{id}", operation_id = "delete_session", tag = "Accounts",
    params(("id" = SessionId, Path, description = "The session")),
    responses(
        (status = 204, description = "The session has ended"),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn delete_session(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
    ResourceId(id): ResourceId<SessionId>,
) -> Result<StatusCode> {
    session_of(&caller)?;
    let mut tx = app.db.tenant(&caller).await?;
    store::lock_own_user(&mut tx, user_id).await?;
    if !store::delete_session(&mut tx, user_id, id).await? {
        return Err(IdentityError::NotFound("session").into());
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
