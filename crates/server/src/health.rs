//! Whether the process lives, whether it can serve, and its metrics.

use axum::{Json, Router, extract::State, http::header, response::IntoResponse, routing::get};
use memoreel_db::SystemReason;
use memoreel_web::{App, Problem};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::{sync::OnceLock, time::Duration};
use tokio_util::sync::CancellationToken;

const SUMMED_UP_EVERY: Duration = Duration::from_secs(5);

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Installs the recorder of this process, once.
pub fn install_metrics() {
    RECORDER.get_or_init(|| {
        let buckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0];
        let builder =
            PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("seconds".to_owned()), &buckets);
        builder.and_then(PrometheusBuilder::install_recorder).ok()
    });
}

/// Sums up what was measured, until `stop` fires. Until somebody reads the metrics or this is done, every single value is kept.
pub async fn sum_up_metrics(stop: CancellationToken) {
    let mut times = tokio::time::interval(SUMMED_UP_EVERY);
    let Some(recorder) = RECORDER.get().and_then(Option::as_ref) else { return };
    loop {
        tokio::select! {
            _ = times.tick() => recorder.run_upkeep(),
            () = stop.cancelled() => return,
        }
    }
}

/// `/health/live`, `/health/ready` and `/metrics`.
pub fn router() -> Router<App> {
    Router::new()
        .route("/health/live", get(async || Json(serde_json::json!({ "status": "live" }))))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
}

async fn ready(State(app): State<App>) -> Result<impl IntoResponse, Problem> {
    app.db.ping().await?;
    Ok(Json(serde_json::json!({ "status": "ready", "version": env!("CARGO_PKG_VERSION") })))
}

async fn metrics(State(app): State<App>) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.system(SystemReason::ClaimTasks).await?;
    for (kind, status, number) in memoreel_tasks::waiting_tasks(&mut tx).await? {
        metrics::gauge!("memoreel_tasks", "kind" => kind, "status" => status).set(number as f64);
    }
    let (size, idle) = app.db.pool_gauge();
    metrics::gauge!("memoreel_database_connections").set(f64::from(size));
    metrics::gauge!("memoreel_database_connections_idle").set(idle as f64);
    let text = RECORDER.get().and_then(Option::as_ref).map(PrometheusHandle::render).unwrap_or_default();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text))
}
