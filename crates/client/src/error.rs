//! What can go wrong.

use serde::Deserialize;
use std::{error::Error, io, path::PathBuf};

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
    pub(crate) fn read(status: http::StatusCode, body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_else(|_| Self {
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            code: "unexpected_answer".to_owned(),
            detail: format!("The server answered with status {} and no explanation.", status.as_u16()),
            hint: None,
            request_id: None,
            errors: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    #[test]
    fn a_refusal_says_what_happened_and_what_to_do() {
        let body =
            br#"{"type":"/api/docs#problem-forbidden","title":"Forbidden","status":403,"code":"forbidden",
            "detail":"Your role does not allow this.","hint":"Ask an owner.","request_id":"r1","more":{}}"#;
        let error = ClientError::Refused(Box::new(Problem::read(StatusCode::FORBIDDEN, body)));
        assert_eq!(error.code(), Some("forbidden"));
        assert_eq!(error.to_string(), "Your role does not allow this. Ask an owner.");
        assert!(!error.is_transient());
    }

    #[test]
    fn an_upload_that_stood_still_goes_on_a_little_later() {
        let body = br#"{"title":"Request Timeout","status":408,"code":"upload_interrupted",
            "detail":"The upload was interrupted at byte 7."}"#;
        let problem = Problem::read(StatusCode::REQUEST_TIMEOUT, body);
        assert!(ClientError::Refused(Box::new(problem)).is_transient());
    }

    #[test]
    fn what_is_at_odds_with_how_things_stand_is_not_sent_again_blindly() {
        let is_transient = |code: &str| {
            let body = format!(r#"{{"status":409,"code":"{code}","detail":"It is so."}}"#);
            ClientError::Refused(Box::new(Problem::read(StatusCode::CONFLICT, body.as_bytes())))
                .is_transient()
        };
        for code in ["changed_meanwhile", "already_exists", "upload_offset_mismatch"] {
            assert!(!is_transient(code), "{code}");
        }
        assert!(is_transient("idempotency_key_in_use"));
    }

    #[test]
    fn the_page_of_a_proxy_is_a_refusal_too() {
        let problem = Problem::read(StatusCode::BAD_GATEWAY, b"<html>502 Bad Gateway</html>");
        assert_eq!((problem.status, problem.code.as_str()), (502, "unexpected_answer"));
        assert!(ClientError::Refused(Box::new(problem)).is_transient());
    }
}
