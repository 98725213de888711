//! Logs as files: JSON Lines or CSV (RFC 4180), page by page, so that no length is held in memory.

use crate::{
    Permit,
    taken::{STALLED_AFTER, while_taken},
};
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{Stream, stream};
use serde::{Deserialize, Serialize};
use std::{error::Error, io};
use utoipa::ToSchema;

/// Why a file ends before its end.
pub type LogFileError = Box<dyn Error + Send + Sync>;

/// The form of the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// A JSON object per line, as in the list.
    #[default]
    Jsonl,
    /// A table with a line of headings.
    Csv,
}

/// What a log consists of.
pub trait LogLine: Serialize {
    /// The headings of the table.
    const COLUMNS: &'static [&'static str];
    /// By which the lines that follow this one are found.
    type Place;

    /// A cell for each heading.
    fn cells(&self) -> Vec<String>;

    /// Where it is in the log.
    fn place(&self) -> Self::Place;
}

enum From<P> {
    Start,
    After(P),
    End,
}

/// The file, read while it is sent: `read` gives the lines after a place, at most `page`, and fewer at the end alone.
pub fn log_file<L, R>(
    format: LogFormat,
    page: usize,
    read: impl FnMut(Option<L::Place>) -> R,
) -> impl Stream<Item = Result<Bytes, LogFileError>>
where
    L: LogLine,
    R: Future<Output = Result<Vec<L>, LogFileError>>,
{
    stream::try_unfold((From::Start, read), move |(from, mut read)| async move {
        let (is_first, after) = match from {
            From::Start => (true, None),
            From::After(place) => (false, Some(place)),
            From::End => return Ok(None),
        };
        let lines = read(after).await?;
        let next = match lines.last() {
            Some(last) if lines.len() == page => From::After(last.place()),
            _ => From::End,
        };
        Ok(Some((format.write(is_first, &lines)?, (next, read))))
    })
}

/// The answer that sends a file called `name`. The place is held until its end is on its way, or it is not taken any more.
pub fn send_log_file(
    name: &str,
    format: LogFormat,
    file: impl Stream<Item = Result<Bytes, LogFileError>> + Send + 'static,
    place: Permit,
) -> Response {
    let (content_type, extension) = match format {
        LogFormat::Jsonl => ("application/jsonl", "jsonl"),
        LogFormat::Csv => ("text/csv; charset=utf-8", "csv"),
    };
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.{extension}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, while_taken(file, place, STALLED_AFTER)).into_response()
}

impl LogFormat {
    fn write<L: LogLine>(self, is_first: bool, lines: &[L]) -> io::Result<Bytes> {
        let mut written = Vec::new();
        match self {
            Self::Jsonl => {
                for line in lines {
                    serde_json::to_writer(&mut written, line)?;
                    written.push(b'\n');
                }
            }
            Self::Csv => {
                let mut csv =
                    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut written);
                if is_first {
                    csv.write_record(L::COLUMNS)?;
                }
                for line in lines {
                    csv.write_record(line.cells().iter().map(|cell| harmless(cell)))?;
                }
                csv.flush()?;
            }
        }
        Ok(written.into())
    }
}

/// A cell that no spreadsheet takes for a formula.
fn harmless(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;

    #[derive(Serialize)]
    struct Line(u32, &'static str);

    impl LogLine for Line {
        const COLUMNS: &'static [&'static str] = &["number", "text"];
        type Place = u32;

        fn cells(&self) -> Vec<String> {
            vec![self.0.to_string(), self.1.to_owned()]
        }

        fn place(&self) -> u32 {
            self.0
        }
    }

    /// As CSV, with the places that were asked for.
    fn file(texts: &'static [&'static str], page: usize) -> (String, Vec<Option<u32>>) {
        let mut asked = Vec::new();
        let all = log_file(LogFormat::Csv, page, |after: Option<u32>| {
            asked.push(after);
            let from = after.map_or(0, |place| place + 1) as usize;
            let lines = texts.iter().enumerate().skip(from).take(page);
            let lines = lines.map(|(number, text)| Line(number as u32, text)).collect();
            std::future::ready(Ok(lines))
        });
        let bytes = futures::executor::block_on(all.try_collect::<Vec<_>>()).expect("a file").concat();
        (String::from_utf8(bytes).expect("text"), asked)
    }

    #[test]
    fn a_cell_with_quotes_commas_or_line_ends_comes_back_as_it_was() {
        let (text, _) = file(&["A, \"B\"", "Two\nlines"], 10);
        let mut csv = csv::Reader::from_reader(text.as_bytes());
        let records: Vec<_> = csv.records().map(|record| record.expect("readable")[1].to_owned()).collect();
        assert_eq!(records, ["A, \"B\"", "Two\nlines"]);
    }

    #[test]
    fn no_cell_is_a_formula() {
        for (text, cell) in
            [("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("1=1", "1=1")]
        {
            let texts: &'static [&'static str] = Box::leak(Box::new([text]));
            assert_eq!(file(texts, 10).0, format!("number,text\r\n0,{cell}\r\n"));
        }
    }

    #[test]
    fn pages_follow_each_other_under_one_heading() {
        let (text, asked) = file(&["a", "b", "c", "d"], 2);
        assert_eq!(text, "number,text\r\n0,a\r\n1,b\r\n2,c\r\n3,d\r\n");
        assert_eq!(asked, [None, Some(1), Some(3)]);
        assert_eq!(file(&[], 2).0, "number,text\r\n");
    }
}
