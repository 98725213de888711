//! Keyset paging: an opaque cursor that names the last row seen.

use crate::Timestamp;
use chrono::{Datelike, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Rows on a page when the caller names no limit.
pub const PAGE_LIMIT_DEFAULT: u32 = 20;
/// The most rows a page may hold.
pub const PAGE_LIMIT_MAX: u32 = 100;

/// One page of a list, newest first unless the list says otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Pass as `cursor` to read on; absent on the last page.
    pub next_cursor: Option<String>,
}

/// No row of ours has a time outside these years, and the database does not know all of the others.
const ROW_YEARS: std::ops::RangeInclusive<i32> = 1970..=9999;

/// The position after a row, in lists ordered by `(time, id)` descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The row's ordering time.
    pub time: Timestamp,
    /// The row's id, which breaks ties.
    pub id: Uuid,
}

impl Cursor {
    /// Behind no row: all of them are older.
    pub const NEWEST: Self = Self {
        time: match NaiveDate::from_ymd_opt(*ROW_YEARS.end(), 12, 31) {
            Some(day) => day.and_time(NaiveTime::MIN).and_utc(),
            None => Timestamp::MAX_UTC,
        },
        id: Uuid::max(),
    };
    /// Before every row, in a list that has the oldest first.
    const OLDEST: Self = Self { time: Timestamp::UNIX_EPOCH, id: Uuid::nil() };

    /// This, or where a list goes on that has nothing of `end` and later, if that is further down.
    #[must_use]
    pub fn before(self, end: Option<Timestamp>) -> Self {
        match end {
            Some(end) if end <= self.time => Self { time: end, id: Uuid::nil() },
            _ => self,
        }
    }
}

/// The cursor was not one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not one this list returned")]
pub struct CursorError;

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}{}", self.time.timestamp_micros(), self.id.simple())
    }
}

impl std::str::FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let (time, id) = text.split_at_checked(16).ok_or(CursorError)?;
        let micros = i64::from_str_radix(time, 16).map_err(|_| CursorError)?;
        let time = Timestamp::from_timestamp_micros(micros).filter(|time| ROW_YEARS.contains(&time.year()));
        Ok(Self { time: time.ok_or(CursorError)?, id: Uuid::try_parse(id).map_err(|_| CursorError)? })
    }
}

/// A validated request for a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// Where to continue, or the start of the list.
    pub after: Option<Cursor>,
    /// Rows wanted, 1 to [`PAGE_LIMIT_MAX`].
    pub limit: u32,
}

impl PageRequest {
    /// What all rows of the page come after, in a list that has the newest first; the first page has a cursor as well. A statement that compares
    /// with it walks an index in its order from there, which one that also asks whether there is a cursor does not.
    pub fn begins_after(&self) -> Cursor {
        self.after.unwrap_or(Cursor::NEWEST)
    }

    /// [`Self::begins_after`] of a list that has the oldest first.
    pub fn rises_from(&self) -> Cursor {
        self.after.unwrap_or(Cursor::OLDEST)
    }

    /// The `LIMIT` that also tells whether another page follows.
    pub fn limit_plus_one(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// Cuts the extra row off `rows` and names the cursor of the last one kept.
    pub fn page<T>(&self, mut rows: Vec<T>, cursor_of: impl Fn(&T) -> Cursor) -> Page<T> {
        let more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        let next_cursor = rows.last().filter(|_| more).map(|row| cursor_of(row).to_string());
        Page { items: rows, next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_trip_through_text() {
        let time = Timestamp::from_timestamp_micros(1_790_000_000_123_456).expect("in range");
        let cursor = Cursor { time, id: Uuid::from_u128(7) };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }

    #[test]
    fn the_first_page_begins_after_a_cursor_as_others_do() {
        let first = PageRequest { after: None, limit: 20 };
        assert_eq!(first.begins_after().to_string().parse(), Ok(Cursor::NEWEST));
        let cursor = Cursor { time: Timestamp::UNIX_EPOCH, id: Uuid::from_u128(7) };
        assert_eq!(first.rises_from().to_string().parse(), Ok(Cursor::OLDEST));
        let further = PageRequest { after: Some(cursor), ..first };
        assert_eq!((further.begins_after(), further.rises_from()), (cursor, cursor));
    }

    #[test]
    fn a_list_that_ends_earlier_goes_on_there() {
        let at = |seconds: i64| Timestamp::from_timestamp(seconds, 0).expect("in range");
        let cursor = Cursor { time: at(7), id: Uuid::from_u128(7) };
        assert_eq!((cursor.before(None), cursor.before(Some(at(8)))), (cursor, cursor));
        for seconds in [6, 7] {
            let end = Cursor { time: at(seconds), id: Uuid::nil() };
            assert_eq!(cursor.before(Some(at(seconds))), end);
        }
    }

    #[test]
    fn foreign_text_is_no_cursor() {
        for text in [
            "",
            "x",
            "0000000000000000",
            "zzzzzzzzzzzzzzzz00000000000000000000000000000007",
            "äääääääää",
            "-80000000000000000000000000000000000000000000007",
            "0fffffffffffffff00000000000000000000000000000007",
        ] {
            assert_eq!(text.parse::<Cursor>(), Err(CursorError), "{text:?}");
        }
    }
}
