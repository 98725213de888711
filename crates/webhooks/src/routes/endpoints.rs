//! Endpoints, their secrets, and what they can be told.

use super::NO_STORE;
use crate::{
    WebhookError,
    endpoints::{self, NewEndpoint},
    event::WebhookEvent,
    model::{IssuedWebhookSecret, OVERLAP_HOURS_DEFAULT, WebhookDelivery, WebhookEndpoint},
    store::{self, EndpointChanges},
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use memoreel_kernel::{Cursor, Page, WebhookEndpointId};
use memoreel_web::{
    App, Json, May, PageParams, Params, ProblemBody, ResourceId, Result, action::ManageWebhooks, nullable,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What endpoints can be told.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookEventCatalogue {
    /// In the order in which they usually happen.
    items: Vec<WebhookEventDescription>,
}

/// Something that endpoints can be told.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookEventDescription {
    /// The `type` of its messages.
    #[serde(rename = "type")]
    event: WebhookEvent,
    /// When it is told.
    description: &'static str,
    /// A message.
    example: Value,
}

/// List webhook events
///
/// Everything that endpoints can be told, each with an example. The forms of the messages are in the section `webhooks` of this
/// description.
#[utoipa::path(get, path = "/webhook-events", operation_id = "list_webhook_events", tag = "Webhooks",
    responses((status = 200, body = WebhookEventCatalogue), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody)))]
pub(super) async fn list_webhook_events(_: May<ManageWebhooks>) -> Json<WebhookEventCatalogue> {
    let describe = |event: WebhookEvent| WebhookEventDescription {
        event,
        description: event.description(),
        example: event.example(),
    };
    Json(WebhookEventCatalogue { items: WebhookEvent::ALL.map(describe).into() })
}

/// List webhook endpoints
#[utoipa::path(get, path = "/webhook-endpoints", operation_id = "list_webhook_endpoints", tag = "Webhooks", params(PageParams),
    responses((status = 200, body = Page<WebhookEndpoint>), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub(super) async fn list_webhook_endpoints(
    State(app): State<App>,
    May(caller, _): May<ManageWebhooks>,
    Params(paging): Params<PageParams>,
) -> Result<Json<Page<WebhookEndpoint>>> {
    let page = paging.page_request()?;
    let mut tx = app.db.tenant(&caller).await?;
    let rows = store::endpoints(&mut tx, &page, app.clock.now()).await?;
    Ok(Json(page.page(rows, |row| Cursor { time: row.created_at, id: row.id.uuid() })))
}

/// A new endpoint.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWebhookEndpoint {
    /// Where messages are sent: https, and no private address, unless whoever runs the server allows it.
    #[schema(max_length = 2048, format = "uri", example = "https://example.com/hooks/memoreel")]
    url: String,
    /// At most 500 characters.
    #[schema(max_length = 500, pattern = r"^[^\u0000]*$")]
    description: Option<String>,
    /// What it is told; at least one.
    #[schema(min_items = 1)]
    events: Vec<WebhookEvent>,
}

/// Add a webhook endpoint
///
/// It is told what happens from now on. The secret is shown in this answer and never again.
#[utoipa::path(post, path = "/webhook-endpoints", operation_id = "create_webhook_endpoint", tag = "Webhooks",
    request_body = NewWebhookEndpoint,
    responses((status = 201, body = IssuedWebhookSecret), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 409, description = "`webhook_endpoints_full`", body = ProblemBody),
        (status = 422, description = "`url_invalid`, `url_refused`, `events_empty` or `length_invalid`", body = ProblemBody)))]
pub(super) async fn create_webhook_endpoint(
    State(app): State<App>,
    May(caller, _): May<ManageWebhooks>,
    Json(new): Json<NewWebhookEndpoint>,
) -> Result<Response> {
    let new = NewEndpoint { url: &new.url, description: new.description.as_deref(), events: new.events };
    let issued = endpoints::add(&app, &caller, new).await?;
    Ok((StatusCode::CREATED, [NO_STORE], Json(issued)).into_response())
}

/// Get a webhook endpoint
#[utoipa::path(get, path = "/webhook-endpoints/{id}", operation_id = "get_webhook_endpoint", tag = "Webhooks",
    params(("id" = WebhookEndpointId, Path)),
    responses((status = 200, body = WebhookEndpoint), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody)))]
pub(super) async fn get_webhook_endpoint(
    State(app): State<App>,
    May(caller, _): May<ManageWebhooks>,
    ResourceId(id): ResourceId<WebhookEndpointId>,
) -> Result<Json<WebhookEndpoint>> {
    let mut tx = app.db.tenant(&caller).await?;
    Ok(Json(endpoints::find(&mut tx, id, app.clock.now()).await?))
}

/// What may be changed of an endpoint. Absent fields stay; null clears what may be empty, and leaves the rest as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateWebhookEndpoint {
    /// Where messages are sent; what waits is sent there too.
    #[schema(max_length = 2048, format = "uri")]
    url: Option<String>,
    /// At most 500 characters.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 500, pattern = r"^[^\u0000]*$")]
    description: Option<Option<String>>,
    /// What it is told; at least one.
    #[schema(min_items = 1)]
    events: Option<Vec<WebhookEvent>>,
    /// Whether it is told anything. What waits when it is switched off has failed, and can be sent again.
    active: Option<bool>,
}

/// Update a webhook endpoint
#[utoipa::path(patch, path = "/webhook-endpoints/{id}", operation_id = "update_webhook_endpoint", tag = "Webhooks",
    params(("id" = WebhookEndpointId, Path)), request_body = UpdateWebhookEndpoint,
    responses((status = 200, body = WebhookEndpoint), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 422, description = "`url_invalid`, `url_refused`, `events_empty` or `length_invalid`", body = ProblemBody)))]
pub(super) async fn update_webhook_endpoint(
    State(app): State<App>,
    May(caller, _): May<ManageWebhooks>,
    ResourceId(id): ResourceId<WebhookEndpointId>,
    Json(update): Json<UpdateWebhookEndpoint>,
) -> Result<Json<WebhookEndpoint>> {
    let changes = EndpointChanges {
        url: update.url.as_deref(),
        description: update.description.as_ref().map(Option::as_deref),
        events: update.events.as_deref(),
        active: update.active,
    };
    Ok(Json(endpoints::update(&app, &caller, id, changes).await?))
}

/// Delete a webhook endpoint
///
/// With its secrets, and everything that it was told or waits to be told.
#[utoipa::path(delete, path = "/webhook-endpoints/{id}", operation_id = "delete_webhook_endpoint", tag = "Webhooks",
    params(("id" = WebhookEndpointId, Path)),
    responses((status = 204, description = "Gone"), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody)))]
pub(super) async fn delete_webhook_endpoint(
    State(app): State<App>,
    May(caller, _): May<ManageWebhooks>,
    ResourceId(id): ResourceId<WebhookEndpointId>,
) -> Result<StatusCode> {
    let mut tx = app.db.tenant(&caller).await?;
    if !store::delete_endpoint(&mut tx, id).await? {
        return Err(WebhookError::NotFound("webhook endpoint").into());
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How a secret is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RotateWebhookSecret {
    /// For how many hours former secrets go on signing beside the new one, 0 to 168; 24 if not given.
    #[schema(minimum = 0, maximum = 168)]
    overlap_hours: Option<u32>,
}

/// Replace the secret of a webhook endpoint
///
/// Meanwhile messages carry a signature by each, so that the receiver can change over in peace. The new secret is shown in this
/// answer and never again.
#[utoipa::path(post, path = "/webhook-endpoints/{id}/secrets", operation_id = "rotate_webhook_secret", tag = "Webhooks",
    params(("id" = WebhookEndpointId, Path)), request_body = RotateWebhookSecret,
    responses((status = 201, body = IssuedWebhookSecret), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 422, description = "`overlap_invalid`", body = ProblemBody)))]
pub(super) async fn rotate_webhook_secret(
    State(app): State<App>,
    May(caller, _): May<ManageWebhooks>,
    ResourceId(id): ResourceId<WebhookEndpointId>,
    Json(rotate): Json<RotateWebhookSecret>,
) -> Result<Response> {
    let overlap_hours = rotate.overlap_hours.unwrap_or(OVERLAP_HOURS_DEFAULT);
    let issued = endpoints::rotate(&app, &caller, id, overlap_hours).await?;
    Ok((StatusCode::CREATED, [NO_STORE], Json(issued)).into_response())
}

/// Test a webhook endpoint
///
/// Sends it a message of the type `webhook.test`, as every other one is sent. The delivery tells what became of it.
#[utoipa::path(post, path = "/webhook-endpoints/{id}/test", operation_id = "test_webhook_endpoint", tag = "Webhooks",
    params(("id" = WebhookEndpointId, Path)),
    responses((status = 201, body = WebhookDelivery), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, description = "`webhook_endpoint_inactive`", body = ProblemBody)))]
pub(super) async fn test_webhook_endpoint(
    State(app): State<App>,
    May(caller, _): May<ManageWebhooks>,
    ResourceId(id): ResourceId<WebhookEndpointId>,
) -> Result<(StatusCode, Json<WebhookDelivery>)> {
    Ok((StatusCode::CREATED, Json(endpoints::test(&app, &caller, id).await?)))
}
