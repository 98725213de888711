//! The routes of all slices, in the layers every request passes.

use crate::{describe::describe_everywhere, dev_mails, docs, engines::Engines, headers, health, mcp, ui};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    handler::Handler,
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use memoreel_assets::{CrossOrigin, DeliveryPolicies, Players, ReceiveUpload, Renditions, cross_origin};
use memoreel_identity::authenticate;
use memoreel_library::VideoBin;
use memoreel_mail::MailFolder;
use memoreel_operations::{RequestLog, record_request};
use memoreel_transcripts::CaptionReader;
use memoreel_web::{
    App, JSON_TIME_MAX, Problem, WholeBodies, idempotency, limit_requests, observe, read_whole, request_id,
};
use std::sync::Arc;
use tower::ServiceBuilder;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

/// The largest JSON body.
pub(crate) const JSON_BYTES_MAX: usize = 1 << 20;

/// The document's frame; paths and schemas come from the slices.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Memoreel",
        description = "A self-hosted memory for what an organisation says and shows on video. \
            Errors are problem details (RFC 9457) with a stable `code`. Lists are paged by `cursor`. \
            POST accepts `Idempotency-Key`, except where it sends a file. Cookie-authenticated writes need the header `X-Memoreel-Request`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/", description = "This server")),
    security(("session" = []), ("api_key" = [])),
    modifiers(&SecuritySchemes)
)]
struct Document;

struct SecuritySchemes;

impl utoipa::Modify for SecuritySchemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
        let components = document.components.get_or_insert_with(Default::default);
        let cookie = ApiKey::Cookie(ApiKeyValue::new(memoreel_identity::SESSION_COOKIE));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("api_key", SecurityScheme::Http(bearer));
    }
}

/// The API's routes with their description.
fn api(
    engines: &Engines,
    receiver: Arc<dyn ReceiveUpload>,
    policies: DeliveryPolicies,
    renditions: Renditions,
) -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(memoreel_identity::router())
        .merge(memoreel_assets::upload_router(Arc::clone(&receiver)))
        .merge(memoreel_assets::asset_router(
            Arc::new(VideoBin),
            receiver,
            policies,
            renditions,
            Arc::new(CaptionReader),
        ))
        .merge(memoreel_library::router())
        .merge(memoreel_transcripts::router())
        .merge(memoreel_search::router(Arc::clone(&engines.embed), engines.passages.clone()))
        .merge(memoreel_insights::router())
        .merge(memoreel_audit::router())
        .merge(memoreel_webhooks::router())
        .merge(memoreel_operations::router())
        .merge(memoreel_privacy::router())
}

/// The OpenAPI document.
pub fn openapi(engines: &Engines, receiver: Arc<dyn ReceiveUpload>) -> utoipa::openapi::OpenApi {
    let renditions = Renditions::new(engines.images.clone());
    document(api(engines, receiver, DeliveryPolicies::default(), renditions).into_openapi())
}

/// The whole document around what the routes of the API say of themselves.
fn document(api: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi().nest("/api/v1", api);
    memoreel_webhooks::describe(&mut document);
    describe_everywhere(&mut document);
    document
}

/// Everything that is served. `shown_mails` are shown on a page of their own, which is for development only. Requests are noted in the
/// log, if there is one.
pub fn router(
    app: App,
    engines: &Engines,
    receiver: Arc<dyn ReceiveUpload>,
    shown_mails: Option<MailFolder>,
    request_log: Option<RequestLog>,
) -> Router {
    let policies = DeliveryPolicies::default();
    let renditions = Renditions::new(engines.images.clone());
    let images = memoreel_assets::image_router(renditions.clone(), policies.clone());
    let players = Players::new(Arc::new(CaptionReader));
    let media = memoreel_assets::media_router(policies.clone(), players);
    let around = CrossOrigin { app: app.clone(), policies: policies.clone() };
    let places = app.limits.bodies.clone();
    let bodies = WholeBodies { bytes_max: JSON_BYTES_MAX, time_max: JSON_TIME_MAX, places };
    let (api, described) = api(engines, receiver, policies, renditions).split_for_parts();
    // Several layers are one, outermost first: a router keeps each that it is given in a box, and copies those below it for each request.
    let api_layers = ServiceBuilder::new()
        .layer(CompressionLayer::new())
        .layer(DefaultBodyLimit::max(JSON_BYTES_MAX))
        // A browser that asks whether it may send a key does not send one.
        .layer(from_fn_with_state(around, cross_origin))
        // What a body holds back must not outlive what its sender may do.
        .layer(from_fn_with_state(bodies, read_whole))
        // Before what asks who is calling.
        .layer(from_fn_with_state(app.clone(), authenticate))
        .layer(from_fn_with_state(app.clone(), limit_requests))
        .layer(from_fn_with_state(app.clone(), idempotency));
    let api = api
        .fallback(async || route_not_found())
        .method_not_allowed_fallback(async || method_not_allowed())
        .layer(api_layers);
    // Assistants ask the API from within; each of their requests is noted as one.
    let within = Router::new()
        .nest("/api/v1", api.clone())
        .layer(catch_panics())
        .layer(from_fn(request_id))
        .with_state(app.clone());
    let assistants = mcp::router(&app, within)
        .layer(from_fn_with_state(app.clone(), limit_requests))
        .layer(from_fn_with_state(app.clone(), authenticate));
    let routes = Router::new()
        .nest("/api/v1", api)
        .merge(assistants)
        .merge(media)
        .merge(images)
        .merge(health::router())
        .merge(docs::router(document(described)).layer(CompressionLayer::new()))
        .merge(shown_mails.map(dev_mails::router).unwrap_or_default())
        .fallback(ui::serve.layer(CompressionLayer::new()))
        .method_not_allowed_fallback(async || method_not_allowed());
    let layers = ServiceBuilder::new()
        .layer(from_fn(request_id))
        .option_layer(request_log.map(|log| from_fn_with_state(log, record_request)))
        .layer(from_fn(observe))
        .layer(from_fn_with_state(app.clone(), headers::protect))
        .layer(catch_panics());
    routes.layer(layers).with_state(app)
}

type AnswerPanic = fn(Box<dyn std::any::Any + Send>) -> Response;

fn catch_panics() -> CatchPanicLayer<AnswerPanic> {
    CatchPanicLayer::custom(|_| Problem::internal("a handler panicked").into_response())
}

fn route_not_found() -> Problem {
    Problem::new(axum::http::StatusCode::NOT_FOUND, "route_not_found", "There is nothing at this address.")
        .hint("The API is described at /api/docs.")
}

fn method_not_allowed() -> Problem {
    Problem::new(
        axum::http::StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This address does not answer to this method.",
    )
    .hint("The header Allow names those it answers to.")
}
