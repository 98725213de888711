//! What people choose for themselves.

use crate::{
    authenticate::session_of,
    preferences::{self, EmailRhythm, Preferences, Theme},
    store,
};
use axum::extract::State;
use memoreel_web::{App, Json, ProblemBody, Result, SignedIn, nullable};
use serde::Deserialize;
use utoipa::ToSchema;

/// What to choose otherwise. What is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PreferenceChanges {
    /// A name of the IANA time zone database; null for the device's own zone.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    time_zone: Option<Option<String>>,
    /// A language tag (BCP 47); null for the browser's own.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, example = "de-AT", max_length = 35, pattern = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")]
    locale: Option<Option<String>>,
    /// How the web app looks.
    theme: Option<Theme>,
    /// Whether notifications are shown in the web app.
    notify_in_app: Option<bool>,
    /// How often notifications are mailed.
    notify_by_email: Option<EmailRhythm>,
}

/// One's preferences
#[utoipa::path(
    get, path = "/me/preferences", operation_id = "get_preferences", tag = "Accounts",
    responses(
        (status = 200, description = "What the person chose, or the defaults", body = Preferences),
        (status = 401, description = "`unauthenticated` or `api_key_wrong`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get_preferences(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
) -> Result<Json<Preferences>> {
    let mut tx = app.db.tenant(&caller).await?;
    Ok(Json(store::preferences(&mut tx, user_id).await?))
}

/// Change one's preferences
///
/// What one agrees to is changed by `POST /me/consents` alone.
#[utoipa::path(
    patch, path = "/me/preferences", operation_id = "update_preferences", tag = "Accounts",
    request_body = PreferenceChanges,
    responses(
        (status = 200, description = "The preferences as changed", body = Preferences),
        (status = 401, description = "`unauthenticated` or `api_key_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`time_zone_unknown` or `locale_invalid`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn update_preferences(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
    Json(changes): Json<PreferenceChanges>,
) -> Result<Json<Preferences>> {
    session_of(&caller)?;
    if let Some(Some(name)) = &changes.time_zone {
        preferences::time_zone(name)?;
    }
    if let Some(Some(tag)) = &changes.locale {
        preferences::locale(tag)?;
    }
    let now = app.clock.now();
    let mut tx = app.db.tenant(&caller).await?;
    store::lock_own_user(&mut tx, user_id).await?;
    let kept = store::preferences(&mut tx, user_id).await?;
    let chosen = Preferences {
        time_zone: changes.time_zone.unwrap_or(kept.time_zone),
        locale: changes.locale.unwrap_or(kept.locale),
        theme: changes.theme.unwrap_or(kept.theme),
        notify_in_app: changes.notify_in_app.unwrap_or(kept.notify_in_app),
        notify_by_email: changes.notify_by_email.unwrap_or(kept.notify_by_email),
        ..kept
    };
    store::keep_preferences(&mut tx, user_id, &chosen, now).await?;
    let chosen = store::preferences(&mut tx, user_id).await?;
    tx.commit().await?;
    Ok(Json(chosen))
}
