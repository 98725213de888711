//! What is not needed any more.

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
