//! The log as a file: JSON Lines or CSV (RFC 4180), page by page, so that no length is held in memory.

use crate::{
    model::AuditEntry,
    store::{self, EntryFilter},
};
use axum::body::Body;
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use memoreel_db::{Db, DbError};
use memoreel_kernel::{Caller, Cursor};
use memoreel_web::Permit;
use serde::Deserialize;
use serde_json::Value;
use std::{error::Error, io};
use utoipa::ToSchema;

const PAGE: i64 = 500;
const COLUMNS: [&str; 16] = [
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

/// The form of the file.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExportFormat {
    /// A JSON object per line, as in the list.
    Jsonl,
    /// A table with a line of headings.
    Csv,
}

impl ExportFormat {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Jsonl => "application/jsonl",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Self::Jsonl => "audit-log.jsonl",
            Self::Csv => "audit-log.csv",
        }
    }

    fn heading(self) -> io::Result<Bytes> {
        match self {
            Self::Jsonl => Ok(Bytes::new()),
            Self::Csv => written(|csv| csv.write_record(COLUMNS)),
        }
    }

    fn lines(self, entries: &[AuditEntry]) -> io::Result<Bytes> {
        match self {
            Self::Jsonl => {
                let mut lines = Vec::new();
                for entry in entries {
                    serde_json::to_writer(&mut lines, entry)?;
                    lines.push(b'\n');
                }
                Ok(lines.into())
            }
            Self::Csv => written(|csv| entries.iter().try_for_each(|entry| csv.write_record(cells(entry)))),
        }
    }
}

/// Everything that fits the filter, newest first, read while it is sent.
pub(crate) fn body(db: Db, caller: Caller, filter: EntryFilter, format: ExportFormat, place: Permit) -> Body {
    let pages = pages(db, caller, filter, format);
    // The place is held as long as there is something to send.
    Body::from_stream(pages.inspect(move |_| _ = &place))
}

/// The whole log of the caller's organization, newest first, an entry on each line as in the list.
pub fn json_lines(
    db: Db,
    caller: Caller,
) -> impl Stream<Item = Result<Bytes, Box<dyn Error + Send + Sync>>> + Send {
    pages(db, caller, EntryFilter::default(), ExportFormat::Jsonl)
}

enum Place {
    Start,
    After(Cursor),
    End,
}

fn pages(
    db: Db,
    caller: Caller,
    filter: EntryFilter,
    format: ExportFormat,
) -> impl Stream<Item = Result<Bytes, Box<dyn Error + Send + Sync>>> {
    stream::try_unfold((Place::Start, db, filter), move |(place, db, filter)| async move {
        let (heading, after) = match place {
            Place::Start => (format.heading()?, None),
            Place::After(cursor) => (Bytes::new(), Some(cursor)),
            Place::End => return Ok(None),
        };
        let mut tx = db.tenant(&caller).await?;
        let entries = store::entries(&mut tx, &filter, after, PAGE).await.map_err(DbError::from)?;
        drop(tx);
        let next = match entries.last() {
            Some(last) if entries.len() as i64 == PAGE => {
                Place::After(Cursor { time: last.occurred_at, id: last.id.uuid() })
            }
            _ => Place::End,
        };
        let page = [heading, format.lines(&entries)?].concat();
        Ok(Some((Bytes::from(page), (next, db, filter))))
    })
}

fn written(write: impl FnOnce(&mut csv::Writer<&mut Vec<u8>>) -> csv::Result<()>) -> io::Result<Bytes> {
    let mut bytes = Vec::new();
    let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut bytes);
    write(&mut csv)?;
    csv.flush()?;
    drop(csv);
    Ok(bytes.into())
}

fn cells(entry: &AuditEntry) -> [String; COLUMNS.len()] {
    let optional = |text: &Option<String>| text.as_deref().map(harmless).unwrap_or_default();
    let values = |values: &Value| if values.is_null() { String::new() } else { values.to_string() };
    [
        entry.seq.map(|seq| seq.to_string()).unwrap_or_default(),
        entry.occurred_at.to_rfc3339(),
        entry.actor.kind.clone(),
        entry.actor.id.map(|id| id.to_string()).unwrap_or_default(),
        optional(&entry.actor.name),
        entry.action.clone(),
        entry.target_kind.clone(),
        entry.target_id.to_string(),
        optional(&entry.label),
        values(&entry.old),
        values(&entry.new),
        optional(&entry.address),
        optional(&entry.user_agent),
        optional(&entry.request_id),
        entry.hash.clone().unwrap_or_default(),
        entry.is_erased.to_string(),
    ]
}

/// A cell that no spreadsheet takes for a formula.
fn harmless(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AuditActor;
    use chrono::DateTime;
    use memoreel_kernel::AuditEntryId;
    use serde_json::json;
    use uuid::Uuid;

    fn entry(label: &str) -> AuditEntry {
        AuditEntry {
            id: AuditEntryId(Uuid::nil()),
            occurred_at: DateTime::UNIX_EPOCH,
            actor: AuditActor { kind: "session".to_owned(), id: None, name: None },
            action: "video.updated".to_owned(),
            target_kind: "video".to_owned(),
            target_id: Uuid::nil(),
            label: Some(label.to_owned()),
            old: json!({ "title": "A, \"B\"" }),
            new: json!({}),
            address: None,
            user_agent: None,
            request_id: None,
            seq: Some(1),
            hash: None,
            is_erased: false,
        }
    }

    #[test]
    fn a_cell_with_quotes_commas_or_line_ends_comes_back_as_it_was() {
        let lines = ExportFormat::Csv.lines(&[entry("Two\nlines")]).expect("lines");
        let mut csv = csv::ReaderBuilder::new().has_headers(false).from_reader(&lines[..]);
        let record = csv.records().next().expect("a record").expect("readable");
        assert_eq!((&record[8], &record[9]), ("Two\nlines", r#"{"title":"A, \"B\""}"#));
        assert_eq!(record.len(), COLUMNS.len());
    }

    #[test]
    fn no_cell_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
            assert_eq!(cells(&entry(text))[8], format!("'{text}"));
        }
        assert_eq!(cells(&entry("1=1"))[8], "1=1");
    }
}
