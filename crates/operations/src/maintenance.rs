//! What is not needed any more.

use crate::store;
use chrono::TimeDelta;
use memoreel_db::{Db, DbError, SystemReason};
use memoreel_kernel::Timestamp;
use memoreel_tasks::delete_old_tasks;

/// How long what was completed or cancelled can be looked at.
const KEPT_FOR: TimeDelta = TimeDelta::days(30);
/// How many go in one transaction.
const BATCH: i64 = 5_000;

/// Removes tasks that came to their end long ago; returns how many.
///
/// # Errors
/// When the database refuses; what was removed until then stays removed.
pub async fn remove_old_tasks(db: &Db, now: Timestamp) -> Result<u64, DbError> {
    let mut removed = 0;
    loop {
        let mut tx = db.system(SystemReason::Maintain).await?;
        let count = delete_old_tasks(&mut tx, now - KEPT_FOR, BATCH).await?;
        tx.commit().await?;
        removed += count;
        if count < BATCH.unsigned_abs() {
            return Ok(removed);
        }
    }
}

/// How many days ahead the log of requests has room for.
const DAYS_AHEAD: i32 = 7;

/// Makes room in the log of requests for the week to come, and drops the days before the last `days_kept`; all of them if that is none.
/// Returns how many days were dropped.
///
/// # Errors
/// When the database refuses, for instance because somebody reads what is to go; an hour later it is tried again.
pub async fn keep_request_logs(db: &Db, now: Timestamp, days_kept: u16) -> Result<i32, DbError> {
    let mut tx = db.system(SystemReason::LogRequests).await?;
    let dropped = store::keep_request_logs(&mut tx, now, DAYS_AHEAD, i32::from(days_kept)).await?;
    tx.commit().await?;
    Ok(dropped)
}
