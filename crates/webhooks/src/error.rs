//! Why the slice refuses.

use crate::model::{ENDPOINTS_MAX, OVERLAP_HOURS_MAX};
use memoreel_db::DbError;
use memoreel_outbound::Refusal;
use memoreel_web::{Problem, SealError};

/// An error of the webhooks slice.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// No such endpoint or delivery, or of another organization.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The address cannot be read, or is too long.
    #[error("the address must be an absolute one of at most 2,048 characters, without a fragment")]
    UrlMalformed,
    /// The address may not be sent to.
    #[error(transparent)]
    UrlRefused(#[from] Refusal),
    /// The description is too long.
    #[error("the description must have at most 500 characters")]
    Description,
    /// No event is named.
    #[error("an endpoint must be told at least one event")]
    NoEvents,
    /// The organization has as many endpoints as it may have.
    #[error("an organization may have {ENDPOINTS_MAX} endpoints")]
    Full,
    /// Nothing is sent to an endpoint that is switched off.
    #[error("the endpoint is switched off")]
    Inactive,
    /// Nothing is told of a video that is private.
    #[error("the video is private")]
    Private,
    /// The end of a range is not after its beginning.
    #[error("the range must end after it begins")]
    Range,
    /// A former secret may not sign as long as that.
    #[error("former secrets may sign for at most {OVERLAP_HOURS_MAX} hours")]
    Overlap,
    /// A secret could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<sqlx::Error> for WebhookError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::NotFound(what) => Self::not_found(what),
            WebhookError::UrlMalformed => Self::invalid_field(
                "url",
                "url_invalid",
                "The address must be an absolute one of at most 2,048 characters, without a fragment.",
            ),
            WebhookError::UrlRefused(refusal) => refused(refusal),
            WebhookError::Description => Self::invalid_field(
                "description",
                "length_invalid",
                "The description must have at most 500 characters.",
            ),
            WebhookError::NoEvents => {
                Self::invalid_field("events", "events_empty", "Choose at least one event that is told.")
            }
            WebhookError::Full => Self::conflict(
                "webhook_endpoints_full",
                format!("This organization has {ENDPOINTS_MAX} endpoints, which is as many as it may have."),
            )
            .hint("Delete one that is not needed any more."),
            WebhookError::Inactive => {
                Self::conflict("webhook_endpoint_inactive", "The endpoint is switched off.")
                    .hint("Switch it on first.")
            }
            WebhookError::Private => {
                Self::conflict("video_private", "The video is private now, and nothing is told of it.")
            }
            WebhookError::Range => {
                Self::invalid_field("to", "period_invalid", "The range must end after it begins.")
            }
            WebhookError::Overlap => Self::invalid_field(
                "overlap_hours",
                "overlap_invalid",
                format!("Former secrets may go on signing for at most {OVERLAP_HOURS_MAX} hours."),
            ),
            WebhookError::Seal(error) => Self::internal(error),
            WebhookError::Database(error) => error.into(),
        }
    }
}

fn refused(refusal: Refusal) -> Problem {
    let detail = match refusal {
        Refusal::Scheme | Refusal::Plain => "The address must begin with https://.",
        Refusal::Credentials => "The address must hold no user name and no password.",
        Refusal::Host => "The address names no host.",
        Refusal::Private => "The address leads to a private network, which this server does not send to.",
    };
    let hint = refusal.remedy().unwrap_or(match refusal {
        Refusal::Credentials => "Messages are signed; check the signature instead.",
        _ => "An example is https://example.com/hooks/memoreel.",
    });
    Problem::invalid_field("url", "url_refused", detail).hint(hint)
}
