//! Errors on the wire: problem details of RFC 9457 with a stable code.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use memoreel_blob::BlobError;
use memoreel_db::{DbError, is_contention, is_duplicate, is_outage, is_overtaken};
use memoreel_kernel::Timestamp;
use memoreel_tasks::TaskFailure;
use serde::Serialize;
use std::borrow::Cow;

/// Of requests that others overtook.
const CHANGED_MEANWHILE: &str = "changed_meanwhile";
/// Of requests that make something once more that there may be once.
const ALREADY_EXISTS: &str = "already_exists";

/// An error answer. Slices turn their errors into one of these.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    hint: Option<Cow<'static, str>>,
    errors: Vec<FieldError>,
    headers: Vec<(header::HeaderName, HeaderValue)>,
}

/// What is wrong with one field of the input.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// Path of the field, dots between levels.
    pub field: String,
    /// Stable code.
    pub code: String,
    /// A sentence.
    pub detail: String,
}

/// Problem details (RFC 9457).
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// A URI reference that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable code for programs.
    pub code: String,
    /// What happened, in a sentence.
    pub detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Names the request in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Field by field, for invalid input.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// A problem with a stable code and a sentence.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, detail: detail.into(), hint: None, errors: Vec::new(), headers: Vec::new() }
    }

    /// 400: the request itself cannot be understood.
    pub fn bad_request(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 401.
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "You are not signed in.")
            .hint("Sign in, or send an API key as `Authorization: Bearer mrl_…`.")
    }

    /// 403: the role does not allow it.
    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Your role in this organization does not allow this.")
    }

    /// 403: whoever runs the server has stopped the organization.
    pub fn organization_suspended() -> Self {
        Self::new(StatusCode::FORBIDDEN, "organization_suspended", "This organization has been suspended.")
            .hint("Ask whoever runs this server.")
    }

    /// 403: the organization was deleted, and goes for good at `erased_after`.
    pub fn organization_deleted(erased_after: Timestamp) -> Self {
        let until = erased_after.format("%Y-%m-%d %H:%M UTC");
        Self::new(
            StatusCode::FORBIDDEN,
            "organization_deleted",
            format!("This organization was deleted. It can be restored until {until}."),
        )
        .hint("An owner can restore it in its settings.")
    }

    /// 403: the account is closed, and goes for good at `erased_after`.
    pub fn account_closing(erased_after: Timestamp) -> Self {
        let until = erased_after.format("%Y-%m-%d %H:%M UTC");
        Self::new(
            StatusCode::FORBIDDEN,
            "account_closing",
            format!("This account is closed and will be erased. It can be taken back until {until}."),
        )
        .hint("Take it back with DELETE /me/erasure.")
    }

    /// 404, also for what belongs to another organization. `what` is a noun: "video".
    pub fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("There is no such {what}, or you may not see it."),
        )
    }

    /// 409: it contradicts the present state.
    pub fn conflict(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 413.
    pub(crate) fn body_too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            "The body is larger than this request may be.",
        )
    }

    /// 422: understood, but not acceptable.
    pub fn invalid(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// 422 about one field.
    pub fn invalid_field(field: &str, code: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let error = FieldError { field: field.to_owned(), code: code.to_owned(), detail: detail.clone() };
        Self { errors: vec![error], ..Self::invalid(code, detail) }
    }

    /// 500. The cause is logged here, once, and not told to the client.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong inside Memoreel.")
            .hint("Try again; if it stays, give the request id to whoever runs this server.")
    }

    /// 503 with a time to come back.
    pub fn unavailable(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
            .header(header::RETRY_AFTER, HeaderValue::from_static("5"))
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<Cow<'static, str>>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Adds a response header.
    #[must_use]
    pub fn header(mut self, name: header::HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What happened, in a sentence.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Field by field, for invalid input.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// Whether it comes of a statement that the database refused or did not do, after which its transaction can do nothing more.
    pub fn ends_transaction(&self) -> bool {
        self.status.is_server_error() || [CHANGED_MEANWHILE, ALREADY_EXISTS].contains(&self.code)
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }
}

/// An error's text as a sentence: with a capital letter and a full stop.
pub fn sentence(error: impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).chain(['.']).collect())
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = ProblemBody {
            kind: format!("/api/docs#problem-{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            detail: self.detail.into_owned(),
            hint: self.hint.map(Cow::into_owned),
            request_id: crate::layers::current_request_id(),
            errors: self.errors,
        };
        let json = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (self.status, json).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.headers);
        if self.status == StatusCode::UNAUTHORIZED {
            // Each has one (RFC 9110, section 15.5.2).
            headers.entry(header::WWW_AUTHENTICATE).or_insert(HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Statement(error) => error.into(),
            other => unreachable_database(&other),
        }
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        if is_outage(&error) {
            return unreachable_database(&error);
        }
        if is_contention(&error) {
            return contended(&error);
        }
        if is_overtaken(&error) {
            return overtaken(&error);
        }
        if is_duplicate(&error) {
            return duplicate(&error);
        }
        Self::internal(error)
    }
}

/// Others hold what it takes. Nothing was done, so that it may be done again at once.
fn contended(error: &sqlx::Error) -> Problem {
    tracing::warn!(%error, "requests stood in each other's way");
    let detail = "Others were changing the same things at this moment.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "server_busy", detail)
        .hint("Try again in a second.")
        .header(header::RETRY_AFTER, HeaderValue::from_static("1"))
}

/// What it needs has just gone, or what it removes has just been named.
fn overtaken(error: &sqlx::Error) -> Problem {
    tracing::warn!(%error, "a request was overtaken by another");
    Problem::conflict(
        CHANGED_MEANWHILE,
        "Something that this is about was removed, or came to be used, at this moment.",
    )
    .hint("Look at how things stand, and try again.")
}

/// What it makes is there, and no slice says by which of its errors. That is a fault of the product, so that it is logged as one.
fn duplicate(error: &sqlx::Error) -> Problem {
    tracing::error!(%error, "what a request makes is there already, and nothing says what that means");
    Problem::conflict(ALREADY_EXISTS, "What this would make is there already, perhaps since this moment.")
        .hint("Look at how things stand before you try again.")
}

fn unreachable_database(error: &(dyn std::error::Error + 'static)) -> Problem {
    tracing::warn!(error, "the database cannot be used");
    Problem::unavailable("database_unavailable", "The database cannot be reached at the moment.")
        .hint("Try again in a few seconds.")
}

/// Why a task failed that needs the file store, whose trouble may be over at the next try.
pub fn storage_failure(error: BlobError) -> TaskFailure {
    match error {
        BlobError::Full => {
            TaskFailure::transient("storage_full", "The server has no space left for this file.")
                .caused_by(error)
        }
        BlobError::Unavailable(_) | BlobError::Denied(_) | BlobError::ConfigInvalid { .. } => {
            let message = "The file store cannot be reached at the moment.";
            TaskFailure::transient("storage_unavailable", message).caused_by(error)
        }
        BlobError::Locked => {
            let message = "Something else is writing to this file at the moment.";
            TaskFailure::transient("upload_locked", message).caused_by(error)
        }
        other => TaskFailure::internal(other),
    }
}

impl From<BlobError> for Problem {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::NotFound { .. } => Self::not_found("file"),
            BlobError::Full => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "storage_full",
                "The server has no space left for this file.",
            )
            .hint("Whoever runs this server has to make room."),
            other if other.is_permanent() => Self::internal(other),
            other => {
                tracing::warn!(error = %other, "the blob store cannot be used");
                Self::unavailable("storage_unavailable", "The file store cannot be reached at the moment.")
                    .hint("Try again in a few seconds.")
            }
        }
    }
}
