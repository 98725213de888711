//! What can go wrong.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Response, header};
use serde::Deserialize;
use std::{
    error::Error,
    io,
    path::PathBuf,
    time::{Duration, SystemTime},
};

/// No server is left alone for longer, whatever it asks for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server understood and refused.
    #[error("{0}")]
    Refused(Box<Problem>),
    /// There was no answer, or it broke off.
    #[error("the server {server} does not answer")]
    Unreachable {
        /// Where it was looked for.
        server: String,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The answer is not one that this client understands.
    #[error("the server's answer cannot be read: {reason}")]
    Unexpected {
        /// What is wrong with it.
        reason: String,
    },
    /// The file to upload.
    #[error("cannot read {}", path.display())]
    File {
        /// Where it lies.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file became shorter while it was sent.
    #[error("{} changed while it was being uploaded", path.display())]
    FileChanged {
        /// Where it lies.
        path: PathBuf,
    },
    /// The server's address or the key cannot be used as they are.
    #[error("{reason}")]
    Settings {
        /// What is wrong with them.
        reason: String,
    },
}

impl ClientError {
    /// The stable code of a refusal.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(problem) => Some(&problem.code),
            _ => None,
        }
    }

    /// What the server said, if it said something.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            _ => None,
        }
    }

    /// How long the server wants to be left alone, if it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.problem()?.retry_after
    }

    /// Whether the same may succeed a little later. What is at odds with how things stand (409) is to be looked at first, but for a request
    /// whose `Idempotency-Key` another one still has.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused(problem) => {
                problem.status >= 500
                    || matches!(problem.status, 408 | 423 | 429)
                    || problem.code == "idempotency_key_in_use"
            }
            _ => false,
        }
    }
}

impl From<url::ParseError> for ClientError {
    fn from(error: url::ParseError) -> Self {
        Self::Settings { reason: format!("this is not the address of a server: {error}") }
    }
}

/// A refusal, as problem details (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The status in words.
    #[serde(default)]
    pub title: String,
    /// Stable, for programs.
    pub code: String,
    /// What happened, in a sentence.
    pub detail: String,
    /// What to do about it.
    #[serde(default)]
    pub hint: Option<String>,
    /// Names the request in the server's log.
    #[serde(default)]
    pub request_id: Option<String>,
    /// Field by field, for invalid input.
    #[serde(default)]
    pub errors: Vec<FieldError>,
    /// How long the server wants to be left alone (`Retry-After`), five minutes at most.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
}

/// What is wrong with one field of the input.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FieldError {
    /// Path of the field, dots between levels.
    pub field: String,
    /// Stable, for programs.
    pub code: String,
    /// A sentence.
    pub detail: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)?;
        match &self.hint {
            Some(hint) => write!(f, " {hint}"),
            None => Ok(()),
        }
    }
}

impl Problem {
    /// What a refusal says. Of what is no problem details, such as a proxy's page, only the status is known.
    pub(crate) fn read(answer: &Response<Bytes>) -> Self {
        let status = answer.status();
        let told = serde_json::from_slice(answer.body()).unwrap_or_else(|_| Self {
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            code: "unexpected_answer".to_owned(),
            detail: format!("The server answered with status {} and no explanation.", status.as_u16()),
            hint: None,
            request_id: None,
            errors: Vec::new(),
            retry_after: None,
        });
        Self { retry_after: retry_after(answer.headers()), ..told }
    }
}

/// What `Retry-After` asks for (RFC 9110, section 10.2.3): seconds, or a time, by the clock of the server where its answer tells that.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let asked_for = text(header::RETRY_AFTER)?;
    let wait = match asked_for.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = httpdate::parse_http_date(asked_for).ok()?;
            let now = text(header::DATE).and_then(|date| httpdate::parse_http_date(date).ok());
            until.duration_since(now.unwrap_or_else(SystemTime::now)).unwrap_or_default()
        }
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderValue, StatusCode};

    fn refusal(status: StatusCode, body: &[u8]) -> Problem {
        let mut answer = Response::new(Bytes::copy_from_slice(body));
        *answer.status_mut() = status;
        Problem::read(&answer)
    }

    #[test]
    fn a_refusal_says_what_happened_and_what_to_do() {
        let body =
            br#"{"type":"/api/docs#problem-forbidden","title":"Forbidden","status":403,"code":"forbidden",
            "detail":"Your role does not allow this.","hint":"Ask an owner.","request_id":"r1","more":{}}"#;
        let error = ClientError::Refused(Box::new(refusal(StatusCode::FORBIDDEN, body)));
        assert_eq!(error.code(), Some("forbidden"));
        assert_eq!(error.to_string(), "Your role does not allow this. Ask an owner.");
        assert!(!error.is_transient());
    }

    #[test]
    fn an_upload_that_stood_still_goes_on_a_little_later() {
        let body = br#"{"title":"Request Timeout","status":408,"code":"upload_interrupted",
            "detail":"The upload was interrupted at byte 7."}"#;
        let problem = refusal(StatusCode::REQUEST_TIMEOUT, body);
        assert!(ClientError::Refused(Box::new(problem)).is_transient());
    }

    #[test]
    fn what_is_at_odds_with_how_things_stand_is_not_sent_again_blindly() {
        let is_transient = |code: &str| {
            let body = format!(r#"{{"status":409,"code":"{code}","detail":"It is so."}}"#);
            ClientError::Refused(Box::new(refusal(StatusCode::CONFLICT, body.as_bytes()))).is_transient()
        };
        for code in ["changed_meanwhile", "already_exists", "upload_offset_mismatch"] {
            assert!(!is_transient(code), "{code}");
        }
        assert!(is_transient("idempotency_key_in_use"));
    }

    #[test]
    fn the_page_of_a_proxy_is_a_refusal_too() {
        let problem = refusal(StatusCode::BAD_GATEWAY, b"<html>502 Bad Gateway</html>");
        assert_eq!((problem.status, problem.code.as_str()), (502, "unexpected_answer"));
        assert!(ClientError::Refused(Box::new(problem)).is_transient());
    }

    #[test]
    fn a_server_says_in_seconds_or_by_a_time_how_long_it_wants_to_be_left_alone() {
        let wait = |asked_for: &'static str| {
            let mut answer = Response::new(Bytes::new());
            let noon = HeaderValue::from_static("Sun, 01 Mar 2026 12:00:00 GMT");
            answer.headers_mut().insert(header::DATE, noon);
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(asked_for));
            Problem::read(&answer).retry_after.map(|wait| wait.as_secs())
        };
        for (asked_for, seconds) in [
            ("7", Some(7)),
            ("0", Some(0)),
            ("Sun, 01 Mar 2026 12:00:09 GMT", Some(9)),
            ("Sun, 01 Mar 2026 11:59:00 GMT", Some(0)),
            ("86400", Some(300)),
            ("Sun, 01 Mar 2099 12:00:00 GMT", Some(300)),
            ("-5", None),
            ("soon", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(wait(asked_for), seconds, "{asked_for}");
        }
        assert_eq!(refusal(StatusCode::BAD_GATEWAY, b"").retry_after, None);
        let later = HeaderValue::from_str(&httpdate::fmt_http_date(SystemTime::now() + RETRY_AFTER_MAX / 2));
        let mut answer = Response::new(Bytes::new());
        answer.headers_mut().insert(header::RETRY_AFTER, later.unwrap());
        let wait = Problem::read(&answer).retry_after.unwrap();
        assert!(wait > RETRY_AFTER_MAX / 4 && wait < RETRY_AFTER_MAX, "by our own clock: {wait:?}");
    }
}
