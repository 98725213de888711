//! Adding and changing endpoints, and giving them secrets.

use crate::{
    WebhookError,
    event::{TEST, WebhookEvent},
    model::{
        DESCRIPTION_LENGTH_MAX, ENDPOINTS_MAX, IssuedWebhookSecret, OVERLAP_HOURS_MAX, URL_LENGTH_MAX,
        WebhookDelivery, WebhookEndpoint,
    },
    signature::SigningSecret,
    store::{self, EndpointChanges},
};
use chrono::{SecondsFormat, TimeDelta};
use memoreel_db::TenantTx;
use memoreel_kernel::{Caller, Timestamp, WebhookDeliveryId, WebhookEndpointId, WebhookSecretId};
use memoreel_web::{App, SealedPlace};
use url::Url;

/// Where secrets lie, sealed.
pub(crate) const SECRET_COLUMN: &str = "webhook_secrets.secret";

/// An endpoint to be added.
pub(crate) struct NewEndpoint<'a> {
    pub(crate) url: &'a str,
    pub(crate) description: Option<&'a str>,
    pub(crate) events: Vec<WebhookEvent>,
}

/// Adds an endpoint with its first secret.
///
/// # Errors
/// [`WebhookError`], when a field is not acceptable or the organization has as many as it may have.
pub(crate) async fn add(
    app: &App,
    caller: &Caller,
    new: NewEndpoint<'_>,
) -> Result<IssuedWebhookSecret, WebhookError> {
    let url = check_url(app, new.url)?;
    check_description(new.description)?;
    let events = check_events(new.events)?;
    let now = app.clock.now();
    let id = WebhookEndpointId::new(now);
    let mut tx = app.db.tenant(caller).await?;
    tx.hold_organization().await?;
    if store::count_endpoints(&mut tx).await? >= ENDPOINTS_MAX {
        return Err(WebhookError::Full);
    }
    store::insert_endpoint(&mut tx, id, &url, new.description, &events, now).await?;
    let secret = add_secret(app, &mut tx, id, now).await?;
    let endpoint = find(&mut tx, id, now).await?;
    tx.commit().await?;
    Ok(IssuedWebhookSecret { endpoint, secret })
}

/// Changes an endpoint.
///
/// # Errors
/// [`WebhookError`].
pub(crate) async fn update(
    app: &App,
    caller: &Caller,
    id: WebhookEndpointId,
    changes: EndpointChanges<'_>,
) -> Result<WebhookEndpoint, WebhookError> {
    let url = changes.url.map(|url| check_url(app, url)).transpose()?;
    check_description(changes.description.flatten())?;
    let events = changes.events.map(|events| check_events(events.to_vec())).transpose()?;
    let changes = EndpointChanges { url: url.as_deref(), events: events.as_deref(), ..changes };
    let mut tx = app.db.tenant(caller).await?;
    if !store::update_endpoint(&mut tx, id, &changes).await? {
        return Err(WebhookError::NotFound("webhook endpoint"));
    }
    let endpoint = find(&mut tx, id, app.clock.now()).await?;
    tx.commit().await?;
    Ok(endpoint)
}

/// Gives an endpoint another secret. Those it has go on signing for `overlap_hours`.
///
/// # Errors
/// [`WebhookError`].
pub(crate) async fn rotate(
    app: &App,
    caller: &Caller,
    id: WebhookEndpointId,
    overlap_hours: u32,
) -> Result<IssuedWebhookSecret, WebhookError> {
    if overlap_hours > OVERLAP_HOURS_MAX {
        return Err(WebhookError::Overlap);
    }
    let now = app.clock.now();
    let mut tx = app.db.tenant(caller).await?;
    if !store::hold_endpoint(&mut tx, id).await? {
        return Err(WebhookError::NotFound("webhook endpoint"));
    }
    store::expire_secrets(&mut tx, id, now + TimeDelta::hours(overlap_hours.into()), now).await?;
    let secret = add_secret(app, &mut tx, id, now).await?;
    let endpoint = find(&mut tx, id, now).await?;
    tx.commit().await?;
    Ok(IssuedWebhookSecret { endpoint, secret })
}

/// Tells an endpoint something that did not happen.
///
/// # Errors
/// [`WebhookError::NotFound`], [`WebhookError::Inactive`].
pub(crate) async fn test(
    app: &App,
    caller: &Caller,
    endpoint_id: WebhookEndpointId,
) -> Result<WebhookDelivery, WebhookError> {
    let now = app.clock.now();
    let id = WebhookDeliveryId::new(now);
    let payload = serde_json::json!({
        "type": TEST,
        "timestamp": now.to_rfc3339_opts(SecondsFormat::Micros, true),
        "data": { "organization_id": caller.organization_id, "endpoint_id": endpoint_id },
    });
    let mut tx = app.db.tenant(caller).await?;
    // It stays until what it is to be told is written down.
    if !store::hold_endpoint(&mut tx, endpoint_id).await? {
        return Err(WebhookError::NotFound("webhook endpoint"));
    }
    find_active(&mut tx, endpoint_id, now).await?;
    store::insert_test_delivery(&mut tx, id, endpoint_id, TEST, &payload.to_string(), now).await?;
    let delivery = find_delivery(&mut tx, id).await?;
    tx.commit().await?;
    Ok(delivery)
}

/// Sends a delivery again.
///
/// # Errors
/// [`WebhookError::NotFound`], [`WebhookError::Inactive`], [`WebhookError::Private`].
pub(crate) async fn replay(
    app: &App,
    caller: &Caller,
    id: WebhookDeliveryId,
) -> Result<WebhookDelivery, WebhookError> {
    let now = app.clock.now();
    let mut tx = app.db.tenant(caller).await?;
    let delivery = find_delivery(&mut tx, id).await?;
    find_active(&mut tx, delivery.endpoint_id, now).await?;
    if !store::replay_delivery(&mut tx, id, now).await? {
        // What was told of a video goes with it, perhaps at this moment.
        find_delivery(&mut tx, id).await?;
        return Err(WebhookError::Private);
    }
    let delivery = find_delivery(&mut tx, id).await?;
    tx.commit().await?;
    Ok(delivery)
}

/// # Errors
/// [`WebhookError::NotFound`].
pub(crate) async fn find(
    tx: &mut TenantTx,
    id: WebhookEndpointId,
    now: Timestamp,
) -> Result<WebhookEndpoint, WebhookError> {
    store::find_endpoint(tx, id, now).await?.ok_or(WebhookError::NotFound("webhook endpoint"))
}

/// # Errors
/// [`WebhookError::NotFound`], [`WebhookError::Inactive`].
pub(crate) async fn find_active(
    tx: &mut TenantTx,
    id: WebhookEndpointId,
    now: Timestamp,
) -> Result<WebhookEndpoint, WebhookError> {
    Some(find(tx, id, now).await?).filter(|endpoint| endpoint.active).ok_or(WebhookError::Inactive)
}

async fn find_delivery(tx: &mut TenantTx, id: WebhookDeliveryId) -> Result<WebhookDelivery, WebhookError> {
    store::find_delivery(tx, id).await?.ok_or(WebhookError::NotFound("webhook delivery"))
}

async fn add_secret(
    app: &App,
    tx: &mut TenantTx,
    endpoint_id: WebhookEndpointId,
    now: Timestamp,
) -> Result<String, WebhookError> {
    let secret = SigningSecret::new();
    let id = WebhookSecretId::new(now);
    let sealed = app.secrets.seal(secret.bytes(), SealedPlace { column: SECRET_COLUMN, row: id.uuid() })?;
    store::insert_secret(tx, endpoint_id, id, &sealed, now).await?;
    Ok(secret.text())
}

/// The address as it is kept.
fn check_url(app: &App, text: &str) -> Result<String, WebhookError> {
    let url = Url::parse(text.trim()).map_err(|_| WebhookError::UrlMalformed)?;
    // What is parsed may be longer than what was written.
    if url.as_str().chars().count() > URL_LENGTH_MAX || url.fragment().is_some() {
        return Err(WebhookError::UrlMalformed);
    }
    app.outbound.policy().check(&url)?;
    Ok(url.into())
}

fn check_description(description: Option<&str>) -> Result<(), WebhookError> {
    let description = description.unwrap_or_default();
    if description.chars().count() > DESCRIPTION_LENGTH_MAX || description.contains('\0') {
        return Err(WebhookError::Description);
    }
    Ok(())
}

/// Each once, in the order of the catalogue.
fn check_events(events: Vec<WebhookEvent>) -> Result<Vec<WebhookEvent>, WebhookError> {
    if events.is_empty() {
        return Err(WebhookError::NoEvents);
    }
    Ok(WebhookEvent::ALL.into_iter().filter(|event| events.contains(event)).collect())
}
