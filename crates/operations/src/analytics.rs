//! What people see of traffic and storage.

use crate::OperationsError;
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use memoreel_kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The most hours or days of one answer.
const POINTS_MAX: i64 = 750;
/// No request was or will be outside these, and the database does not know all of the others.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9999;

/// The width of a point.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// An hour.
    #[default]
    Hour,
    /// A day, in UTC.
    Day,
}

impl Step {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    fn width(self) -> TimeDelta {
        match self {
            Self::Hour => TimeDelta::hours(1),
            Self::Day => TimeDelta::days(1),
        }
    }
}

/// A span of time, from its beginning on and before its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) step: Step,
}

impl Range {
    /// The last day, unless asked for something else.
    pub(crate) fn new(
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        step: Step,
        now: Timestamp,
    ) -> Result<Self, OperationsError> {
        let is_known = |time: &Timestamp| YEARS.contains(&time.year());
        let to = Some(to.unwrap_or(now)).filter(is_known).ok_or(OperationsError::Range)?;
        let from =
            Some(from.unwrap_or(to - TimeDelta::days(1))).filter(is_known).ok_or(OperationsError::Range)?;
        let width = (to - from).num_seconds();
        if width <= 0 || width / step.width().num_seconds() > POINTS_MAX {
            return Err(OperationsError::Range);
        }
        Ok(Self { from, to, step })
    }
}

/// The requests of an hour or a day.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TrafficPoint {
    /// When it begins.
    pub at: DateTime<Utc>,
    /// How many were answered.
    pub requests: i64,
    /// How many of them were refused: 400 to 499.
    pub refusals: i64,
    /// How many of them failed for the server's own reasons: 500 and above.
    pub errors: i64,
    /// What was received in bodies.
    pub bytes_in: i64,
    /// What was sent in bodies, as far as it was really sent.
    pub bytes_out: i64,
    /// What of that was media: videos, their parts, images, downloads.
    pub media_bytes_out: i64,
}

/// Traffic over a span of time.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Traffic {
    /// From this time on.
    pub from: DateTime<Utc>,
    /// And before this one.
    pub to: DateTime<Utc>,
    /// Oldest first, without gaps.
    pub points: Vec<TrafficPoint>,
}

/// The order of routes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RouteOrder {
    /// By what nineteen of twenty requests took at most.
    #[default]
    Slowest,
    /// By how large a part failed.
    Errors,
    /// By how many there were.
    Requests,
}

impl RouteOrder {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Slowest => "slowest",
            Self::Errors => "errors",
            Self::Requests => "requests",
        }
    }
}

/// What a route took.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RouteTraffic {
    /// The method.
    pub method: String,
    /// The route with its placeholders; `unmatched` for pages of the web app and what is nowhere.
    #[schema(example = "/api/v1/videos/{id}")]
    pub route: String,
    /// How many were answered.
    pub requests: i64,
    /// How many of them were refused: 400 to 499.
    pub refusals: i64,
    /// How many of them failed for the server's own reasons: 500 and above.
    pub errors: i64,
    /// Errors among requests, 0 to 1.
    pub error_rate: f64,
    /// How long half of them took at most until the answer began.
    pub duration_ms_p50: f64,
    /// How long nineteen of twenty took at most.
    pub duration_ms_p95: f64,
    /// What was sent in bodies.
    pub bytes_out: i64,
}

/// What each route took.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RouteTrafficList {
    /// At most a hundred.
    pub items: Vec<RouteTraffic>,
}

/// Files of a kind.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KindStorage {
    /// `video`, `audio`, `image` or `document`; absent until it is known.
    pub kind: Option<String>,
    /// How many are stored.
    pub files: i64,
    /// What was uploaded: each content once, however many files have it.
    pub original_bytes: i64,
    /// What was made of it: renditions, pictures of pages and key frames, and stills of a second that players asked for.
    pub rendition_bytes: i64,
}

/// Files of a channel's videos.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChannelStorage {
    /// The channel; absent for videos in none.
    pub channel_id: Option<Uuid>,
    /// Its name.
    pub channel_name: Option<String>,
    /// How many videos of it the caller may see, those in the bin included.
    pub videos: i64,
    /// What was uploaded and made of them, each content once.
    pub bytes: i64,
}

/// What an organization keeps.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Storage {
    /// By kind of file.
    pub kinds: Vec<KindStorage>,
    /// By channel, the largest first; at most two hundred.
    pub channels: Vec<ChannelStorage>,
}

/// Where a page of the log ended.
pub(crate) type RequestLogCursor = (Timestamp, Uuid);

/// A line of the log of requests.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LoggedRequest {
    #[serde(skip)]
    pub(crate) id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) user_id: Option<Uuid>,
    pub(crate) request_id: Option<String>,
    pub(crate) method: String,
    pub(crate) route: String,
    pub(crate) path: String,
    pub(crate) status_code: i32,
    pub(crate) duration_ms: f32,
    pub(crate) bytes_in: i64,
    pub(crate) bytes_out: i64,
    pub(crate) address: Option<String>,
    pub(crate) user_agent: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_ends_after_it_begins_and_has_so_many_points_at_most() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().expect("a time");
        let range = |hours: i64, step| Range::new(Some(now - TimeDelta::hours(hours)), None, step, now);
        assert!(range(0, Step::Hour).is_err() && range(-1, Step::Hour).is_err());
        assert!(range(750, Step::Hour).is_ok() && range(751, Step::Hour).is_err());
        assert!(range(751, Step::Day).is_ok());
        for time in [Timestamp::MIN_UTC, Timestamp::MAX_UTC] {
            assert!(Range::new(Some(time), None, Step::Day, now).is_err());
            assert!(Range::new(None, Some(time), Step::Day, now).is_err());
        }
        let usual = Range::new(None, None, Step::Hour, now).expect("a range");
        assert_eq!((usual.to, usual.to - usual.from), (now, TimeDelta::days(1)));
    }
}
