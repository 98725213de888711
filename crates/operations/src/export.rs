//! The log of requests as a file: JSON Lines or CSV (RFC 4180), page by page, so that no length is held in memory.

use crate::{
    analytics::{LoggedRequest, Range, RequestLogCursor},
    store,
};
use axum::body::Body;
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use memoreel_db::{Db, DbError};
use memoreel_kernel::Caller;
use memoreel_web::Permit;
use serde::Deserialize;
use std::{error::Error, io};
use utoipa::ToSchema;

const PAGE: i64 = 1_000;
const COLUMNS: [&str; 12] = [
    "created_at",
    "user_id",
    "request_id",
    "method",
    "route",
    "path",
    "status_code",
    "duration_ms",
    "bytes_in",
    "bytes_out",
    "address",
    "user_agent",
];

/// The form of the file.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RequestLogFormat {
    /// A JSON object per line.
    #[default]
    Jsonl,
    /// A table with a line of headings.
    Csv,
}

impl RequestLogFormat {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Jsonl => "application/jsonl",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Self::Jsonl => "requests.jsonl",
            Self::Csv => "requests.csv",
        }
    }

    fn lines(self, is_first: bool, requests: &[LoggedRequest]) -> io::Result<Bytes> {
        let mut lines = Vec::new();
        match self {
            Self::Jsonl => {
                for request in requests {
                    serde_json::to_writer(&mut lines, request)?;
                    lines.push(b'\n');
                }
            }
            Self::Csv => {
                let mut csv =
                    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut lines);
                if is_first {
                    csv.write_record(COLUMNS)?;
                }
                requests.iter().try_for_each(|request| csv.write_record(cells(request)))?;
                csv.flush()?;
            }
        }
        Ok(lines.into())
    }
}

/// Everything of the range, newest first, read while it is sent. The place is held as long as there is something to send.
pub(crate) fn body(db: Db, caller: Caller, range: Range, format: RequestLogFormat, place: Permit) -> Body {
    Body::from_stream(pages(db, caller, range, format).inspect(move |_| _ = &place))
}

enum Place {
    Start,
    After(RequestLogCursor),
    End,
}

fn pages(
    db: Db,
    caller: Caller,
    range: Range,
    format: RequestLogFormat,
) -> impl Stream<Item = Result<Bytes, Box<dyn Error + Send + Sync>>> {
    stream::try_unfold((Place::Start, db), move |(place, db)| async move {
        let (is_first, after) = match place {
            Place::Start => (true, None),
            Place::After(cursor) => (false, Some(cursor)),
            Place::End => return Ok(None),
        };
        let mut tx = db.tenant(&caller).await?;
        let requests = store::logged_requests(&mut tx, &range, after, PAGE).await.map_err(DbError::from)?;
        drop(tx);
        let next = match requests.last() {
            Some(last) if requests.len() as i64 == PAGE => Place::After((last.created_at, last.id)),
            _ => Place::End,
        };
        Ok(Some((format.lines(is_first, &requests)?, (next, db))))
    })
}

fn cells(request: &LoggedRequest) -> [String; COLUMNS.len()] {
    let optional = |text: &Option<String>| text.as_deref().map(harmless).unwrap_or_default();
    [
        request.created_at.to_rfc3339(),
        request.user_id.map(|id| id.to_string()).unwrap_or_default(),
        optional(&request.request_id),
        harmless(&request.method),
        request.route.clone(),
        request.path.clone(),
        request.status_code.to_string(),
        request.duration_ms.to_string(),
        request.bytes_in.to_string(),
        request.bytes_out.to_string(),
        optional(&request.address),
        optional(&request.user_agent),
    ]
}

/// A cell that no spreadsheet takes for a formula.
fn harmless(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}
