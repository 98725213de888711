//! What people see of endpoints and deliveries.

use crate::event::WebhookEvent;
use chrono::{DateTime, Utc};
use memoreel_kernel::{VideoId, WebhookDeliveryId, WebhookEndpointId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The longest address of an endpoint.
pub(crate) const URL_LENGTH_MAX: usize = 2048;
/// The longest description of an endpoint.
pub(crate) const DESCRIPTION_LENGTH_MAX: usize = 500;
/// Endpoints of an organization.
pub(crate) const ENDPOINTS_MAX: i64 = 50;
/// Secrets of an endpoint that sign at once.
pub(crate) const SECRETS_MAX: i64 = 5;
/// How long a former secret goes on signing, unless said otherwise, and at most.
pub(crate) const OVERLAP_HOURS_DEFAULT: u32 = 24;
pub(crate) const OVERLAP_HOURS_MAX: u32 = 168;
/// What is kept of an answer.
pub(crate) const ANSWER_CHARS_MAX: usize = 1_000;
/// Deliveries that one request sends again.
pub(crate) const REPLAY_MAX: i64 = 10_000;

/// An address that is told what happens.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookEndpoint {
    /// Its id.
    pub id: WebhookEndpointId,
    /// Where messages are sent.
    pub url: String,
    /// What people say of it.
    pub description: Option<String>,
    /// What it is told.
    pub events: Vec<WebhookEvent>,
    /// Whether it is told anything at present.
    pub active: bool,
    /// Since when it has taken nothing; absent once it takes something.
    pub failing_since: Option<DateTime<Utc>>,
    /// When the server itself stopped telling it.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Why the server stopped telling it.
    pub disabled_reason: Option<DisabledReason>,
    /// Until when a former secret signs beside the present one; absent when there is only one.
    pub former_secrets_until: Option<DateTime<Utc>>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// Why the server stopped telling an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DisabledReason {
    /// It answered 410.
    Gone,
    /// It took nothing for five days.
    Failing,
}

impl DisabledReason {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "gone" => Some(Self::Gone),
            "failing" => Some(Self::Failing),
            _ => None,
        }
    }
}

/// An endpoint with a new secret, which is never shown again. No `Debug`, because of the secret.
#[derive(Serialize, ToSchema)]
pub struct IssuedWebhookSecret {
    /// The endpoint.
    pub endpoint: WebhookEndpoint,
    /// What its messages are signed with, to be entered where they are received.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=")]
    pub secret: String,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// It is sent, or sent again, at `next_attempt_at`.
    Pending,
    /// It was taken.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    pub(crate) fn from_column(status: &str) -> Self {
        match status {
            "delivered" => Self::Delivered,
            "failed" => Self::Failed,
            _ => Self::Pending,
        }
    }
}

/// One message to one endpoint.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookDelivery {
    /// Its id, which is the message's `webhook-id`.
    pub id: WebhookDeliveryId,
    /// Whom it is for.
    pub endpoint_id: WebhookEndpointId,
    /// What happened; `webhook.test` for what the test button sends.
    #[schema(example = "video.completed")]
    pub event: String,
    /// The video it is about.
    pub video_id: Option<VideoId>,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// How often it was sent since it was last asked for.
    pub attempts: i32,
    /// When it is sent next; absent while it is being sent and when it is not sent any more.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When it was last sent.
    pub last_attempt_at: Option<DateTime<Utc>>,
    /// The status of the last answer; absent when there was none.
    pub response_status: Option<i32>,
    /// Why the last try failed: `http_status`, `timed_out`, `unreachable`, `url_refused`, `answer_unreadable`,
    /// `secret_unreadable`, `internal` when something went wrong here, or `endpoint_inactive` when the endpoint was switched off before
    /// there was one.
    pub error_code: Option<String>,
    /// How long the last try took.
    pub duration_ms: Option<i32>,
    /// When it happened.
    pub created_at: DateTime<Utc>,
}

/// A delivery with what was sent and answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookDeliveryDetails {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: WebhookDelivery,
    /// The message.
    pub payload: Value,
    /// The beginning of the last answer, at most 1,000 characters.
    pub response_body: Option<String>,
}
