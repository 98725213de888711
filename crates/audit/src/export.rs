//! The log as a file.

use crate::{
    model::AuditEntry,
    store::{self, EntryFilter},
};
use bytes::Bytes;
use futures::Stream;
use memoreel_db::{Db, DbError};
use memoreel_kernel::{Caller, Cursor};
use memoreel_web::{LogFileError, LogFormat, LogLine, log_file};
use serde_json::Value;

const PAGE: usize = 500;

impl LogLine for AuditEntry {
    const COLUMNS: &'static [&'static str] = &[
        "seq",
        "occurred_at",
        "actor_kind",
        "actor_id",
        "actor_name",
        "action",
        "target_kind",
        "target_id",
        "label",
        "old",
        "new",
        "address",
        "user_agent",
        "request_id",
        "hash",
        "is_erased",
    ];
    type Place = Cursor;

    fn cells(&self) -> Vec<String> {
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        let values = |values: &Value| if values.is_null() { String::new() } else { values.to_string() };
        vec![
            self.seq.map(|seq| seq.to_string()).unwrap_or_default(),
            self.occurred_at.to_rfc3339(),
            self.actor.kind.clone(),
            self.actor.id.map(|id| id.to_string()).unwrap_or_default(),
            optional(&self.actor.name),
            self.action.clone(),
            self.target_kind.clone(),
            self.target_id.to_string(),
            optional(&self.label),
            values(&self.old),
            values(&self.new),
            optional(&self.address),
            optional(&self.user_agent),
            optional(&self.request_id),
            self.hash.clone().unwrap_or_default(),
            self.is_erased.to_string(),
        ]
    }

    fn place(&self) -> Cursor {
        Cursor { time: self.occurred_at, id: self.id.uuid() }
    }
}

/// Everything that fits the filter, newest first.
pub(crate) fn file(
    db: Db,
    caller: Caller,
    filter: EntryFilter,
    format: LogFormat,
) -> impl Stream<Item = Result<Bytes, LogFileError>> + Send {
    log_file(format, PAGE, move |after| {
        let (db, filter) = (db.clone(), filter.clone());
        async move {
            let mut tx = db.tenant(&caller).await?;
            Ok(store::entries(&mut tx, &filter, after, PAGE as i64).await.map_err(DbError::from)?)
        }
    })
}

/// The whole log of the caller's organization, newest first, an entry on each line as in the list.
pub fn json_lines(db: Db, caller: Caller) -> impl Stream<Item = Result<Bytes, LogFileError>> + Send {
    file(db, caller, EntryFilter::default(), LogFormat::Jsonl)
}
