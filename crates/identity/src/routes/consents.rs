//! What people agree to.

use crate::{
    IdentityError,
    authenticate::session_of,
    consents::{self, Consents},
    store,
};
use axum::extract::State;
use memoreel_web::{App, Document, Json, ProblemBody, Result, SignedIn};
use serde::Deserialize;
use utoipa::ToSchema;

/// What to agree to, or no longer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewConsent {
    /// Which document.
    document: Document,
    /// The version that was read; needed to agree.
    #[schema(max_length = 50)]
    version: Option<String>,
    /// True agrees, false withdraws.
    is_given: bool,
}

/// What one agreed to
///
/// How things stand with each document, and every agreement and withdrawal that led there.
#[utoipa::path(
    get, path = "/me/consents", operation_id = "list_consents", tag = "Privacy",
    responses(
        (status = 200, description = "What the person agreed to", body = Consents),
        (status = 401, description = "`unauthenticated` or `api_key_wrong`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list_consents(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
) -> Result<Json<Consents>> {
    let mut tx = app.db.tenant(&caller).await?;
    Ok(Json(consents::list(&app, &mut tx, user_id).await?))
}

/// Agree to something, or no longer
///
/// Only the version that holds now can be agreed to, and only what is optional withdrawn. Doing so twice is no mistake.
#[utoipa::path(
    post, path = "/me/consents", operation_id = "record_consent", tag = "Privacy",
    request_body = NewConsent,
    responses(
        (status = 200, description = "What the person agrees to now", body = Consents),
        (status = 401, description = "`unauthenticated` or `api_key_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`consent_version_stale`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`consent_needed`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn record_consent(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
    Json(NewConsent { document, version, is_given }): Json<NewConsent>,
) -> Result<Json<Consents>> {
    session_of(&caller)?;
    if is_given && version.as_deref() != Some(app.documents.of(document).version.as_str()) {
        return Err(IdentityError::ConsentVersionStale.into());
    }
    let mut tx = app.db.tenant(&caller).await?;
    store::lock_own_user(&mut tx, user_id).await?;
    consents::record(&app, &mut tx, user_id, document, is_given).await?;
    let consents = consents::list(&app, &mut tx, user_id).await?;
    tx.commit().await?;
    Ok(Json(consents))
}
