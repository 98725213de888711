//! Traffic, routes, storage, and the log of requests as a file.

use crate::{
    analytics::{Range, RouteOrder, RouteTrafficList, Step, Storage, Traffic},
    export, store,
};
use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use memoreel_web::{
    App, Json, LogFormat, May, Params, ProblemBody, Result, action::ReadAnalytics, send_log_file,
};
use serde::Deserialize;
use utoipa::IntoParams;

/// Routes of one answer.
const ROUTES_MAX: i64 = 100;

/// Which traffic.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct TrafficParams {
    /// From this time on; a day before the end if not given.
    from: Option<DateTime<Utc>>,
    /// Before this time; until now if not given.
    to: Option<DateTime<Utc>>,
    /// By `hour` (the default) or `day`; at most 750 of them.
    #[param(inline)]
    step: Option<Step>,
}

/// Get traffic
///
/// What was asked and sent, by hour or day. A request is counted when its answer is over, and seen within seconds.
#[utoipa::path(get, path = "/analytics/traffic", operation_id = "get_traffic", tag = "Analytics", params(TrafficParams),
    responses((status = 200, body = Traffic), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 422, description = "`period_invalid`", body = ProblemBody)))]
pub(super) async fn get_traffic(
    State(app): State<App>,
    May(caller, _): May<ReadAnalytics>,
    Params(TrafficParams { from, to, step }): Params<TrafficParams>,
) -> Result<Json<Traffic>> {
    let range = Range::new(from, to, step.unwrap_or_default(), app.clock.now())?;
    let mut tx = app.db.tenant(&caller).await?;
    let points = store::traffic(&mut tx, &range).await?;
    Ok(Json(Traffic { from: range.from, to: range.to, points }))
}

/// Which routes.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct RouteParams {
    /// From this time on; a day before the end if not given.
    from: Option<DateTime<Utc>>,
    /// Before this time; until now if not given.
    to: Option<DateTime<Utc>>,
    /// `slowest` (the default), `errors` or `requests`.
    #[param(inline)]
    sort: Option<RouteOrder>,
}

/// List routes by what they took
#[utoipa::path(get, path = "/analytics/routes", operation_id = "list_route_traffic", tag = "Analytics", params(RouteParams),
    responses((status = 200, body = RouteTrafficList), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 422, description = "`period_invalid`", body = ProblemBody)))]
pub(super) async fn list_route_traffic(
    State(app): State<App>,
    May(caller, _): May<ReadAnalytics>,
    Params(RouteParams { from, to, sort }): Params<RouteParams>,
) -> Result<Json<RouteTrafficList>> {
    let range = Range::new(from, to, Step::Day, app.clock.now())?;
    let mut tx = app.db.tenant(&caller).await?;
    let items = store::routes(&mut tx, &range, sort.unwrap_or_default(), ROUTES_MAX).await?;
    Ok(Json(RouteTrafficList { items }))
}

/// Get storage
///
/// What is kept, by kind of file and by channel. A content that several files have is stored once, and counts for the oldest of them; what
/// was never stored does not count. Pictures of pages and key frames that were stored by an earlier version count when they are made again.
#[utoipa::path(get, path = "/analytics/storage", operation_id = "get_storage", tag = "Analytics",
    responses((status = 200, body = Storage), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody)))]
pub(super) async fn get_storage(
    State(app): State<App>,
    May(caller, _): May<ReadAnalytics>,
) -> Result<Json<Storage>> {
    let mut tx = app.db.tenant(&caller).await?;
    Ok(Json(store::storage(&mut tx).await?))
}

/// What of the log.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ExportParams {
    /// `jsonl` (the default) or `csv`.
    #[param(inline)]
    format: Option<LogFormat>,
    /// From this time on; a day before the end if not given.
    from: Option<DateTime<Utc>>,
    /// Before this time; until now if not given.
    to: Option<DateTime<Utc>>,
}

/// Export the log of requests
///
/// Every request of the organization in that time, newest first, as a file.
#[utoipa::path(get, path = "/analytics/export", operation_id = "export_request_log", tag = "Analytics", params(ExportParams),
    responses((status = 200, description = "The file", content((String = "application/jsonl"), (String = "text/csv"))),
        (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 422, description = "`period_invalid`", body = ProblemBody),
        (status = 429, description = "`organization_busy` or `rate_limited`", body = ProblemBody),
        (status = 503, description = "`server_busy`", body = ProblemBody)))]
pub(super) async fn export_request_log(
    State(app): State<App>,
    May(caller, _): May<ReadAnalytics>,
    Params(ExportParams { format, from, to }): Params<ExportParams>,
) -> Result<Response> {
    let range = Range::new(from, to, Step::Day, app.clock.now())?;
    let format = format.unwrap_or_default();
    let place = app.limits.exports.enter(&caller.organization_id.to_string()).await?;
    let file = export::file(app.db.clone(), caller, range, format);
    Ok(send_log_file("requests", format, file, place))
}
