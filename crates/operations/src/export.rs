//! The log of requests as a file.

use crate::{
    analytics::{LoggedRequest, Range, RequestLogCursor},
    store,
};
use bytes::Bytes;
use futures::Stream;
use memoreel_db::{Db, DbError};
use memoreel_kernel::Caller;
use memoreel_web::{LogFileError, LogFormat, LogLine, log_file};

const PAGE: usize = 1_000;

impl LogLine for LoggedRequest {
    const COLUMNS: &'static [&'static str] = &[
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
    type Place = RequestLogCursor;

    fn cells(&self) -> Vec<String> {
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            self.created_at.to_rfc3339(),
            self.user_id.map(|id| id.to_string()).unwrap_or_default(),
            optional(&self.request_id),
            self.method.clone(),
            self.route.clone(),
            self.path.clone(),
            self.status_code.to_string(),
            self.duration_ms.to_string(),
            self.bytes_in.to_string(),
            self.bytes_out.to_string(),
            optional(&self.address),
            optional(&self.user_agent),
        ]
    }

    fn place(&self) -> RequestLogCursor {
        (self.created_at, self.id)
    }
}

/// Everything of the range, newest first.
pub(crate) fn file(
    db: Db,
    caller: Caller,
    range: Range,
    format: LogFormat,
) -> impl Stream<Item = Result<Bytes, LogFileError>> + Send {
    log_file(format, PAGE, move |after| {
        let db = db.clone();
        async move {
            let mut tx = db.tenant(&caller).await?;
            Ok(store::logged_requests(&mut tx, &range, after, PAGE as i64).await.map_err(DbError::from)?)
        }
    })
}
