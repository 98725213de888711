//! Passkeys: making them, signing in with them, and looking after them.

use super::{NO_STORE, Presence, device, welcome};
use crate::{
    authenticate::session_of,
    model::{Me, Passkey},
    passkeys::{self, PasskeyCeremony},
    store,
};
use axum::{
    extract::{FromRequest, Request, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use memoreel_db::SystemReason;
use memoreel_kernel::{Page, PasskeyId};
use memoreel_web::{App, Json, ProblemBody, ResourceId, Result, SignedIn, client_address};
use serde::Deserialize;
use utoipa::ToSchema;
use webauthn_rs::prelude::{PublicKeyCredential, RegisterPublicKeyCredential};

/// Begin to make a passkey
///
/// For `navigator.credentials.create()`.
#[utoipa::path(
    post, path = "/passkeys/begin", operation_id = "begin_passkey", tag = "Accounts",
    request_body = Presence,
    responses(
        (status = 201, description = "What to ask the authenticator", body = PasskeyCeremony),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`recent_sign_in_required`, `session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`passkeys_full`, or `passkeys_unavailable`: the server's address allows none", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`password_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`sign_in_throttled`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`sign_in_busy`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn begin_passkey(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
    Json(Presence { password }): Json<Presence>,
) -> Result<Response> {
    let ceremony = passkeys::begin_registration(&app, &caller, user_id, password).await?;
    Ok((StatusCode::CREATED, [NO_STORE], Json(ceremony)).into_response())
}

/// A passkey that an authenticator made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPasskey {
    /// What came with the options.
    #[schema(example = "bG9va3MgbGlrZSB0aGlzIGFuZCBpcyBuZXZlciB0aGU")]
    ceremony: String,
    /// For its owner to know it by, 1 to 100 characters.
    #[schema(
        example = "Laptop",
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    name: String,
    /// What `navigator.credentials.create()` gave, by its `toJSON()`.
    #[schema(value_type = Object)]
    credential: RegisterPublicKeyCredential,
}

/// Add a passkey
///
/// From here on one can sign in with it, without password and code.
#[utoipa::path(
    post, path = "/passkeys", operation_id = "create_passkey", tag = "Accounts",
    request_body = NewPasskey,
    responses(
        (status = 201, description = "The passkey", body = Passkey),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`passkey_taken`, `passkeys_full` or `passkeys_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`passkey_invalid`, `name_invalid` or `body_invalid`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn create_passkey(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
    Json(NewPasskey { ceremony, name, credential }): Json<NewPasskey>,
) -> Result<Response> {
    let passkey =
        passkeys::finish_registration(&app, &caller, user_id, &ceremony, &name, &credential).await?;
    Ok((StatusCode::CREATED, Json(passkey)).into_response())
}

/// List one's passkeys
///
/// Oldest first; twenty at most, so always one page.
#[utoipa::path(
    get, path = "/passkeys", operation_id = "list_passkeys", tag = "Accounts",
    responses(
        (status = 200, description = "The passkeys", body = Page<Passkey>),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list_passkeys(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
) -> Result<Json<Page<Passkey>>> {
    session_of(&caller)?;
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    let items = store::passkeys(&mut tx, user_id).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

/// What to call a passkey.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasskeyChanges {
    /// For its owner to know it by, 1 to 100 characters.
    #[schema(
        example = "Laptop",
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    name: String,
}

/// Rename a passkey
#[utoipa::path(
    patch, path = "/passkeys/{id}", operation_id = "update_passkey", tag = "Accounts",
    params(("id" = PasskeyId, Path, description = "The passkey")),
    request_body = PasskeyChanges,
    responses(
        (status = 200, description = "The passkey as changed", body = Passkey),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`name_invalid`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn update_passkey(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
    ResourceId(id): ResourceId<PasskeyId>,
    Json(PasskeyChanges { name }): Json<PasskeyChanges>,
) -> Result<Json<Passkey>> {
    Ok(Json(passkeys::rename(&app, &caller, user_id, id, &name).await?))
}

/// Remove a passkey
///
/// From here on it opens nothing. Sessions that it opened go on.
#[utoipa::path(
    delete, path = "/passkeys/{id}", operation_id = "delete_passkey", tag = "Accounts",
    params(("id" = PasskeyId, Path, description = "The passkey")),
    request_body = Presence,
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`recent_sign_in_required`, `session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`password_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`sign_in_throttled`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`sign_in_busy`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn delete_passkey(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
    ResourceId(id): ResourceId<PasskeyId>,
    Json(Presence { password }): Json<Presence>,
) -> Result<StatusCode> {
    passkeys::delete(&app, &caller, user_id, id, password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begin to sign in with a passkey
///
/// For `navigator.credentials.get()`. Nobody needs to say who they are: the authenticator does.
#[utoipa::path(
    post, path = "/sessions/passkey/begin", operation_id = "begin_passkey_sign_in", tag = "Accounts",
    security(()),
    responses(
        (status = 201, description = "What to ask the authenticator", body = PasskeyCeremony),
        (status = 403, description = "`csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`passkeys_unavailable`: the server's address allows none", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn begin_passkey_sign_in(State(app): State<App>, request: Request) -> Result<Response> {
    app.limits.passkeys.take(&client_address(&request))?;
    let ceremony = passkeys::begin_sign_in(&app).await?;
    Ok((StatusCode::CREATED, [NO_STORE], Json(ceremony)).into_response())
}

/// What an authenticator said to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasskeySignIn {
    /// What came with the options.
    #[schema(example = "bG9va3MgbGlrZSB0aGlzIGFuZCBpcyBuZXZlciB0aGU")]
    ceremony: String,
    /// What `navigator.credentials.get()` gave, by its `toJSON()`.
    #[schema(value_type = Object)]
    credential: PublicKeyCredential,
}

/// Sign in with a passkey
///
/// The answer sets the session cookie. No code is asked for: the authenticator has checked who is there.
#[utoipa::path(
    post, path = "/sessions/passkey", operation_id = "create_session_by_passkey", tag = "Accounts",
    security(()),
    request_body = PasskeySignIn,
    responses(
        (status = 201, description = "Signed in", body = Me),
        (status = 401, description = "`passkey_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`passkeys_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`body_invalid`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn create_session_by_passkey(State(app): State<App>, request: Request) -> Result<Response> {
    let device = device(&request);
    app.limits.sign_in.take(&device.address)?;
    let Json(PasskeySignIn { ceremony, credential }) = Json::from_request(request, &app).await?;
    let signed_in = passkeys::sign_in(&app, &ceremony, &credential, &device).await?;
    Ok(welcome(&app, signed_in))
}
