//! The audit log over HTTP, for owners.

use crate::{
    export,
    model::AuditEntry,
    store::{self, EntryFilter},
};
use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use memoreel_kernel::{Page, UserId};
use memoreel_web::{
    App, Json, LogFormat, LogLine, May, PageParams, Params, ProblemBody, Result, action::ReadAuditLog,
    known_time, send_log_file,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The audit log and its export.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_audit_entries)).routes(routes!(export_audit_log))
}

/// How entries are narrowed down and paged.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ListEntries {
    /// The `next_cursor` of the page before.
    #[param(pattern = "^[0-9a-f]{48}$")]
    cursor: Option<String>,
    /// Rows wanted, 1 to 100; 20 if not given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// Only what this person did.
    actor_id: Option<UserId>,
    /// Only this action (`video.deleted`), or everything done to one kind of thing (`video`).
    action: Option<String>,
    /// Only what was done to this one.
    target_id: Option<Uuid>,
    /// Only from this time on.
    #[serde(default, deserialize_with = "known_time")]
    from: Option<DateTime<Utc>>,
    /// Only before this time.
    #[serde(default, deserialize_with = "known_time")]
    to: Option<DateTime<Utc>>,
}

/// How entries are exported.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ExportEntries {
    /// `jsonl` (the default) or `csv`.
    #[param(inline)]
    format: Option<LogFormat>,
    /// Only what this person did.
    actor_id: Option<UserId>,
    /// Only this action (`video.deleted`), or everything done to one kind of thing (`video`).
    action: Option<String>,
    /// Only what was done to this one.
    target_id: Option<Uuid>,
    /// Only from this time on.
    #[serde(default, deserialize_with = "known_time")]
    from: Option<DateTime<Utc>>,
    /// Only before this time.
    #[serde(default, deserialize_with = "known_time")]
    to: Option<DateTime<Utc>>,
}

/// List audit entries
///
/// Who changed what in this organization, newest first.
#[utoipa::path(
    get, path = "/audit-log", operation_id = "list_audit_entries", tag = "Audit log", params(ListEntries),
    responses(
        (status = 200, description = "A page of entries", body = Page<AuditEntry>),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: only owners read it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`cursor_invalid`, `limit_invalid` or `parameters_invalid`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn list_audit_entries(
    State(app): State<App>,
    May(caller, _): May<ReadAuditLog>,
    Params(wanted): Params<ListEntries>,
) -> Result<Json<Page<AuditEntry>>> {
    let ListEntries { cursor, limit, actor_id, action, target_id, from, to } = wanted;
    let page = PageParams { cursor, limit }.page_request()?;
    let filter = EntryFilter { actor_id, action, target_id, from, to };
    let mut tx = app.db.tenant(&caller).await?;
    let entries = store::entries(&mut tx, &filter, page.after, page.limit_plus_one()).await?;
    Ok(Json(page.page(entries, LogLine::place)))
}

/// Export the audit log
///
/// All entries that fit, newest first, as a file.
#[utoipa::path(
    get, path = "/audit-log/export", operation_id = "export_audit_log", tag = "Audit log", params(ExportEntries),
    responses(
        (status = 200, description = "The file", content((String = "application/jsonl"), (String = "text/csv"))),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: only owners read it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`parameters_invalid`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`organization_busy` or `rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`server_busy`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn export_audit_log(
    State(app): State<App>,
    May(caller, _): May<ReadAuditLog>,
    Params(wanted): Params<ExportEntries>,
) -> Result<Response> {
    let ExportEntries { format, actor_id, action, target_id, from, to } = wanted;
    let format = format.unwrap_or_default();
    let filter = EntryFilter { actor_id, action, target_id, from, to };
    let place = app.limits.exports.enter(&caller.organization_id.to_string()).await?;
    let file = export::file(app.db.clone(), caller, filter, format);
    Ok(send_log_file("audit-log", format, file, place))
}
