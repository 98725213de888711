//! What endpoints were told, and telling them again.

use crate::{
    WebhookError, endpoints,
    event::WebhookEvent,
    model::{DeliveryStatus, WebhookDelivery, WebhookDeliveryDetails},
    store::{self, DeliveryFilter, Replayed},
};
use axum::extract::State;
use chrono::{DateTime, Utc};
use memoreel_kernel::{Cursor, Page, WebhookDeliveryId, WebhookEndpointId};
use memoreel_web::{
    App, Json, May, PageParams, Params, ProblemBody, ResourceId, Result, action::ManageWebhooks, known_time,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How deliveries are narrowed down and paged.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListDeliveries {
    /// The `next_cursor` of the page before.
    #[param(pattern = "^[0-9a-f]{48}$")]
    cursor: Option<String>,
    /// Rows wanted, 1 to 100; 20 if not given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// Only what this endpoint was told.
    endpoint_id: Option<WebhookEndpointId>,
    /// Only what stands like this.
    #[param(inline)]
    status: Option<DeliveryStatus>,
    /// Only about this event.
    #[param(inline)]
    event: Option<WebhookEvent>,
    /// Only from this time on.
    #[serde(default, deserialize_with = "known_time")]
    from: Option<DateTime<Utc>>,
    /// Only before this time.
    #[serde(default, deserialize_with = "known_time")]
    to: Option<DateTime<Utc>>,
}

/// List webhook deliveries
///
/// What endpoints were told or wait to be told, newest first. What came to an end is kept for thirty days.
#[utoipa::path(get, path = "/webhook-deliveries", operation_id = "list_webhook_deliveries", tag = "Webhooks", params(ListDeliveries),
    responses((status = 200, body = Page<WebhookDelivery>), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub(super) async fn list_webhook_deliveries(
    State(app): State<App>,
    May(caller, _): May<ManageWebhooks>,
    Params(wanted): Params<ListDeliveries>,
) -> Result<Json<Page<WebhookDelivery>>> {
    let ListDeliveries { cursor, limit, endpoint_id, status, event, from, to } = wanted;
    let page = PageParams { cursor, limit }.page_request()?;
    let filter = DeliveryFilter { endpoint_id, status, event, from, to };
    let mut tx = app.db.tenant(&caller).await?;
    let rows = store::deliveries(&mut tx, &filter, &page).await?;
    Ok(Json(page.page(rows, |row| Cursor { time: row.created_at, id: row.id.uuid() })))
}

/// Get a webhook delivery
///
/// With the message and the beginning of the last answer.
#[utoipa::path(get, path = "/webhook-deliveries/{id}", operation_id = "get_webhook_delivery", tag = "Webhooks",
    params(("id" = WebhookDeliveryId, Path)),
    responses((status = 200, body = WebhookDeliveryDetails), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody)))]
pub(super) async fn get_webhook_delivery(
    State(app): State<App>,
    May(caller, _): May<ManageWebhooks>,
    ResourceId(id): ResourceId<WebhookDeliveryId>,
) -> Result<Json<WebhookDeliveryDetails>> {
    let mut tx = app.db.tenant(&caller).await?;
    let details = store::find_details(&mut tx, id).await?;
    Ok(Json(details.ok_or(WebhookError::NotFound("webhook delivery"))?))
}

/// Send a webhook delivery again
///
/// At once, with all its tries, and under the same `webhook-id`. One that is on its way is sent again when that try is over, unless it was
/// taken.
#[utoipa::path(post, path = "/webhook-deliveries/{id}/replay", operation_id = "replay_webhook_delivery", tag = "Webhooks",
    params(("id" = WebhookDeliveryId, Path)),
    responses((status = 200, body = WebhookDelivery), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "`webhook_endpoint_inactive` or `video_private`", body = ProblemBody)))]
pub(super) async fn replay_webhook_delivery(
    State(app): State<App>,
    May(caller, _): May<ManageWebhooks>,
    ResourceId(id): ResourceId<WebhookDeliveryId>,
) -> Result<Json<WebhookDelivery>> {
    Ok(Json(endpoints::replay(&app, &caller, id).await?))
}

/// What is sent again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayWebhookDeliveries {
    /// What happened from this time on.
    #[serde(deserialize_with = "known_time")]
    from: DateTime<Utc>,
    /// And before this time; until now if not given.
    to: Option<DateTime<Utc>>,
    /// Only what stands like this; `failed` if not given.
    status: Option<DeliveryStatus>,
}

/// How much is sent again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReplayedWebhookDeliveries {
    /// Deliveries that are due now, or when the try that is on its way is over, at most 10,000.
    count: i64,
    /// Where these were not all: ask for the rest from this time on.
    next_from: Option<DateTime<Utc>>,
}

/// Send again what an endpoint was told
///
/// Everything of a range of time, the oldest first, each under its own `webhook-id`.
#[utoipa::path(post, path = "/webhook-endpoints/{id}/replay", operation_id = "replay_webhook_deliveries", tag = "Webhooks",
    params(("id" = WebhookEndpointId, Path)), request_body = ReplayWebhookDeliveries,
    responses((status = 200, body = ReplayedWebhookDeliveries), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, description = "`webhook_endpoint_inactive`", body = ProblemBody),
        (status = 422, description = "`period_invalid`", body = ProblemBody)))]
pub(super) async fn replay_webhook_deliveries(
    State(app): State<App>,
    May(caller, _): May<ManageWebhooks>,
    ResourceId(id): ResourceId<WebhookEndpointId>,
    Json(wanted): Json<ReplayWebhookDeliveries>,
) -> Result<Json<ReplayedWebhookDeliveries>> {
    let ReplayWebhookDeliveries { from, to, status } = wanted;
    if to.is_some_and(|to| to <= from) {
        return Err(WebhookError::Range.into());
    }
    let now = app.clock.now();
    let mut tx = app.db.tenant(&caller).await?;
    if !store::hold_endpoint(&mut tx, id).await? {
        return Err(WebhookError::NotFound("webhook endpoint").into());
    }
    endpoints::find_active(&mut tx, id, now).await?;
    let status = status.unwrap_or(DeliveryStatus::Failed);
    let Replayed { count, next_from } = store::replay_deliveries(&mut tx, id, status, from, to, now).await?;
    if count > 0 {
        store::note_replay(&mut tx, id, now).await?;
    }
    tx.commit().await?;
    Ok(Json(ReplayedWebhookDeliveries { count, next_from }))
}
