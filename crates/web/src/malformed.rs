//! What is wrong with input that cannot be read as what was asked for, field by field.

use crate::{Problem, problem::sentence};
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::http::StatusCode;
use serde_path_to_error::{Error as At, Path, Segment};
use std::error::Error;

/// What is told of what was sent, which may be as long as a body.
const TOLD_CHARS_MAX: usize = 300;

/// Of query parameters.
pub(crate) fn parameters(rejection: &QueryRejection) -> Problem {
    match source::<At<serde::de::value::Error>>(rejection) {
        Some(at) => field("parameters_invalid", at.path(), &at.inner().to_string()),
        None => Problem::invalid("parameters_invalid", rejection.body_text()),
    }
}

/// Of a JSON body.
pub(crate) fn json(rejection: &JsonRejection) -> Problem {
    let parsed = source::<At<serde_json::Error>>(rejection);
    match (rejection, parsed) {
        (JsonRejection::JsonDataError(_), Some(at)) => {
            field("body_invalid", at.path(), &without_place(at.inner()))
        }
        (JsonRejection::JsonDataError(error), None) => Problem::invalid("body_invalid", error.body_text()),
        (JsonRejection::JsonSyntaxError(error), parsed) => {
            let reason = parsed.map_or_else(|| error.body_text(), |at| at.inner().to_string());
            Problem::bad_request("body_not_json", format!("The body is not JSON: {reason}."))
        }
        (JsonRejection::MissingJsonContentType(_), _) => Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "body_type",
            "The body must be JSON and say so in Content-Type: application/json.",
        ),
        (other, _) if other.status() == StatusCode::PAYLOAD_TOO_LARGE => Problem::body_too_large(),
        (other, _) => Problem::bad_request("body_unreadable", other.body_text()),
    }
}

/// The cause of this type among the causes of an error.
fn source<'e, Cause: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e Cause> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
}

/// The place in the body is that of the field, which is named.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

fn field(code: &'static str, path: &Path, reason: &str) -> Problem {
    let mut levels: Vec<String> = path.iter().filter_map(level).collect();
    // It is named in words alone, and its place is where it would be.
    let missing = reason.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
    levels.extend(missing.map(str::to_owned));
    let cut = |text: &str| text.chars().take(TOLD_CHARS_MAX).collect::<String>();
    let reason = cut(reason);
    let Some(name) = levels.last().map(|name| cut(name)) else {
        return Problem::invalid(code, sentence(reason));
    };
    let path = cut(&levels.join("."));
    // A place in a list is a number, and that may be said of the value.
    let is_named = name.parse::<usize>().is_err() && reason.contains(&format!("`{name}`"));
    let told = if is_named { sentence(reason) } else { format!("`{path}`: {reason}.") };
    Problem::invalid_field(&path, code, told)
}

fn level(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { variant } => Some(variant.clone()),
        Segment::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::{Value, json};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "it is only read")]
    struct Outer {
        steps: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "it is only read")]
    struct Inner {
        height: u32,
    }

    fn told(body: &Value) -> (String, String) {
        let error = serde_path_to_error::deserialize::<_, Outer>(body).unwrap_err();
        let problem = field("body_invalid", error.path(), &error.inner().to_string());
        (problem.errors()[0].field.clone(), problem.detail().to_owned())
    }

    #[test]
    fn a_field_is_named_by_its_path_and_what_is_wrong_by_a_sentence() {
        for (body, at, words) in [
            (json!({}), "steps", "Missing field `steps`."),
            (json!({ "steps": [{ "height": 1 }, {}] }), "steps.1.height", "Missing field `height`."),
            (
                json!({ "steps": [{ "height": "x" }] }),
                "steps.0.height",
                "`steps.0.height`: invalid type: string \"x\", expected u32.",
            ),
            (
                json!({ "steps": [0] }),
                "steps.0",
                "`steps.0`: invalid type: integer `0`, expected struct Inner.",
            ),
            (json!({ "steps": [], "size": 1 }), "size", "Unknown field `size`, expected `steps`."),
        ] {
            assert_eq!(told(&body), (at.to_owned(), words.to_owned()));
        }
    }

    #[test]
    fn what_was_sent_is_not_sent_back_whole() {
        let (field, detail) = told(&json!({ "x".repeat(1 << 20): 1 }));
        assert!(field.len() + detail.len() < 1000);
    }
}
