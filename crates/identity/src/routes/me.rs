//! Who is signed in.

use super::NO_STORE;
use crate::{IdentityError, authenticate::session_of, input, model::Me, store};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use memoreel_db::SystemReason;
use memoreel_kernel::{Actor, Caller, UserId};
use memoreel_web::{App, Json, MaybeClosing, ProblemBody, Result, SignedIn};
use serde::Deserialize;
use utoipa::ToSchema;

/// What a person may change about themselves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MeChanges {
    /// What others see, 1 to 100 printable characters; kept if absent or null.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    name: Option<String>,
}

/// Who is signed in
///
/// The person, the organization this request is about, and every organization the credentials open.
#[utoipa::path(
    get, path = "/me", operation_id = "get_me", tag = "Accounts",
    responses(
        (status = 200, description = "Who is signed in", body = Me),
        (status = 401, description = "`unauthenticated` or `api_key_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the organization of the header", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get_me(
    State(app): State<App>,
    MaybeClosing(caller, user_id): MaybeClosing,
) -> Result<Response> {
    Ok(([NO_STORE], Json(me(&app, &caller, user_id).await?)).into_response())
}

/// Change one's name
#[utoipa::path(
    patch, path = "/me", operation_id = "update_me", tag = "Accounts",
    request_body = MeChanges,
    responses(
        (status = 200, description = "Who is signed in, as changed", body = Me),
        (status = 401, description = "`unauthenticated` or `api_key_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`name_invalid`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn update_me(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
    Json(changes): Json<MeChanges>,
) -> Result<Response> {
    session_of(&caller)?;
    if let Some(name) = changes.name {
        let name = input::name(&name)?;
        let mut tx = app.db.tenant(&caller).await?;
        if !store::rename_user(&mut tx, user_id, name).await? {
            return Err(IdentityError::NotFound("user").into());
        }
        tx.commit().await?;
    }
    Ok(([NO_STORE], Json(me(&app, &caller, user_id).await?)).into_response())
}

/// Memberships in other organizations lie outside the caller's own, so this is read by the system.
async fn me(app: &App, caller: &Caller, user_id: UserId) -> Result<Me, IdentityError> {
    let only_here = matches!(caller.actor, Actor::ApiKey(_));
    let here = Some(caller.organization_id);
    let rows = app.db.system_read(SystemReason::SignIn, |mut connection| async move {
        store::find_me_rows(&mut connection, user_id, here, only_here).await
    });
    let mut me = store::me(user_id, here, rows.await?)?.ok_or(IdentityError::NotFound("organization"))?;
    if let Some(role) = caller.role.filter(|_| only_here) {
        // A key may do less than its person.
        me.organization.role = role;
        me.organizations.iter_mut().for_each(|organization| organization.role = role);
        if me.erased_after.is_none() {
            me.may = me.organization.may();
        }
    }
    Ok(me)
}
