//! The HTTP face of operations.

mod analytics;
mod tasks;

use memoreel_web::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Background tasks, and analytics.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(tasks::list_tasks))
        .routes(routes!(tasks::get_task_stats))
        .routes(routes!(tasks::get_task, tasks::update_task))
        .routes(routes!(tasks::cancel_task))
        .routes(routes!(tasks::retry_task))
        .routes(routes!(analytics::get_traffic))
        .routes(routes!(analytics::list_route_traffic))
        .routes(routes!(analytics::get_storage))
        .routes(routes!(analytics::export_request_log))
}
