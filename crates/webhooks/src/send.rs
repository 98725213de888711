//! One sending of one message: signed, sent, and its answer read as far as it is kept.

use crate::{
    endpoints::SECRET_COLUMN,
    model::ANSWER_CHARS_MAX,
    retry,
    signature::SigningSecret,
    store::{Claimed, Ended},
};
use chrono::TimeDelta;
use futures::FutureExt;
use http::{StatusCode, header};
use memoreel_kernel::{Clock, Timestamp};
use memoreel_outbound::OutboundError;
use memoreel_web::{App, SealedPlace};
use reqwest::Response;
use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};
use url::Url;

/// What is read of an answer, so that its connection can be used again; of a longer one the connection is closed.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// How a receiver answered.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    body: String,
    retry_after: Option<String>,
}

/// Sends it, and says what became of it. `wait` is for everything from the look-up of the name to the end of the answer.
pub(crate) async fn send(app: &App, claimed: &Claimed, wait: Duration) -> Ended {
    failed_if_it_panics(claimed, &*app.clock, async {
        let started = Instant::now();
        let answered = match signatures(app, claimed) {
            Some(signed) => match tokio::time::timeout(wait, exchange(app, claimed, &signed)).await {
                Ok(answered) => answered.map_err(OutboundError::code),
                Err(_) => Err(OutboundError::TimedOut.code()),
            },
            None => Err("secret_unreadable"),
        };
        ended(claimed, answered, started.elapsed(), app.clock.now())
    })
    .await
}

/// What became of it; of one that panics that it failed, so that its place comes back, and the message is sent again later, as with any
/// failure.
async fn failed_if_it_panics(
    claimed: &Claimed,
    clock: &dyn Clock,
    sending: impl Future<Output = Ended>,
) -> Ended {
    let started = Instant::now();
    AssertUnwindSafe(sending).catch_unwind().await.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<&str>().copied();
        let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        tracing::error!(delivery = %claimed.id, said, "the sending of a webhook panicked");
        ended(claimed, Err("internal"), started.elapsed(), clock.now())
    })
}

/// What goes into the headers `webhook-timestamp` and `webhook-signature`; `None` when no secret opens.
fn signatures(app: &App, claimed: &Claimed) -> Option<(i64, String)> {
    let timestamp = app.clock.now().timestamp();
    let id = claimed.id.to_string();
    let mut signatures = Vec::with_capacity(claimed.secrets.len());
    for (row, sealed) in claimed.secret_ids.iter().zip(&claimed.secrets) {
        match app.secrets.open(sealed, SealedPlace { column: SECRET_COLUMN, row: *row }) {
            Ok(bytes) => {
                let secret = SigningSecret::from_bytes(&bytes);
                signatures.extend(secret.map(|secret| secret.sign(&id, timestamp, &claimed.payload)));
            }
            Err(error) => tracing::error!(%error, secret = %row, "a webhook's secret does not open"),
        }
    }
    (!signatures.is_empty()).then(|| (timestamp, signatures.join(" ")))
}

async fn exchange(
    app: &App,
    claimed: &Claimed,
    (timestamp, signatures): &(i64, String),
) -> Result<Answer, OutboundError> {
    let url = Url::parse(&claimed.url).map_err(|_| OutboundError::Unreachable)?;
    let response = app
        .outbound
        .send(|http| {
            http.post(url)
                .header("webhook-id", claimed.id.to_string())
                .header("webhook-timestamp", timestamp.to_string())
                .header("webhook-signature", signatures)
                .header(header::CONTENT_TYPE, "application/json")
                .body(claimed.payload.clone())
        })
        .await?;
    let status = response.status();
    let retry_after =
        response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    // Whoever took it has taken it, whatever becomes of the rest of the answer.
    let body = match beginning(response).await {
        Err(error) if !status.is_success() => return Err(error),
        body => body.unwrap_or_default(),
    };
    Ok(Answer { status, body, retry_after })
}

/// The first characters of the answer.
async fn beginning(mut response: Response) -> Result<String, OutboundError> {
    let (mut kept, mut length) = (Vec::new(), 0);
    while let Some(chunk) = response.chunk().await? {
        length += chunk.len();
        // No character takes more than four bytes.
        let room = (ANSWER_CHARS_MAX * 4).saturating_sub(kept.len());
        kept.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if length > ANSWER_BYTES_MAX {
            break;
        }
    }
    let text = String::from_utf8_lossy(&kept);
    // The database keeps no NUL.
    Ok(text.chars().filter(|character| *character != '\0').take(ANSWER_CHARS_MAX).collect())
}

fn ended(
    claimed: &Claimed,
    answered: Result<Answer, &'static str>,
    duration: Duration,
    now: Timestamp,
) -> Ended {
    let (status, body, asked_for, error_code) = match answered {
        Ok(answer) => {
            let asked_for = answer.retry_after.and_then(|value| retry::retry_after(&value, now));
            let error_code = (!answer.status.is_success()).then_some("http_status");
            (Some(answer.status), Some(answer.body), asked_for, error_code)
        }
        Err(code) => (None, None, None, Some(code)),
    };
    let is_gone = status == Some(StatusCode::GONE);
    let (outcome, next_attempt_at) =
        outcome(claimed.attempts + 1, error_code.is_none(), is_gone, asked_for, now);
    Ended {
        organization_id: claimed.organization_id,
        id: claimed.id,
        endpoint_id: claimed.endpoint_id,
        lease: claimed.lease,
        status: outcome,
        next_attempt_at,
        response_status: status.map(|status| status.as_u16().into()),
        response_body: body,
        error_code,
        duration_ms: i32::try_from(duration.as_millis()).unwrap_or(i32::MAX),
        is_gone,
    }
}

fn outcome(
    attempts: i32,
    is_taken: bool,
    is_gone: bool,
    asked_for: Option<TimeDelta>,
    now: Timestamp,
) -> (&'static str, Timestamp) {
    if is_taken {
        return ("delivered", now);
    }
    match retry::next_attempt(attempts, asked_for, rand::random(), now) {
        Some(at) if !is_gone => ("pending", at),
        _ => ("failed", now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memoreel_kernel::{FakeClock, OrganizationId, WebhookDeliveryId, WebhookEndpointId};
    use uuid::Uuid;

    async fn panicking() -> Ended {
        panic!("on purpose")
    }

    #[tokio::test]
    async fn a_sending_that_panics_has_failed_and_is_tried_again() {
        let clock = FakeClock::at("2026-03-01T12:00:00Z".parse().unwrap());
        let claimed = Claimed {
            organization_id: OrganizationId(Uuid::from_u128(1)),
            id: WebhookDeliveryId(Uuid::from_u128(2)),
            endpoint_id: WebhookEndpointId(Uuid::from_u128(3)),
            url: "https://receiver.example".to_owned(),
            payload: "{}".to_owned(),
            attempts: 0,
            lease: Uuid::from_u128(4),
            secret_ids: Vec::new(),
            secrets: Vec::new(),
        };

        let ended = failed_if_it_panics(&claimed, &clock, panicking()).await;

        assert_eq!((ended.status, ended.error_code), ("pending", Some("internal")));
        assert_eq!((ended.endpoint_id, ended.lease), (claimed.endpoint_id, claimed.lease));
        assert!(ended.next_attempt_at > clock.now());
    }
}
