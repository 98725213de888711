//! What is not needed any more, and what waits in vain.

use crate::store;
use chrono::TimeDelta;
use memoreel_db::{Db, DbError, SystemReason};
use memoreel_kernel::Timestamp;

/// How long what was delivered or given up can be looked at and sent again.
const KEPT_FOR: TimeDelta = TimeDelta::days(30);
/// How many go in one transaction.
const BATCH: i64 = 5_000;

/// Ends deliveries that wait for endpoints that are switched off, and removes old ones and secrets that sign no more; returns how many
/// deliveries were removed.
///
/// # Errors
/// When the database refuses; what was removed until then stays removed.
pub async fn remove_old(db: &Db, now: Timestamp) -> Result<u64, DbError> {
    let mut tx = db.system(SystemReason::Maintain).await?;
    store::fail_inactive(&mut tx, now).await?;
    tx.commit().await?;
    let mut removed = 0;
    loop {
        let mut tx = db.system(SystemReason::Maintain).await?;
        let count = store::delete_old_deliveries(&mut tx, now - KEPT_FOR, BATCH).await?;
        store::delete_expired_secrets(&mut tx, now).await?;
        tx.commit().await?;
        removed += count;
        if count < BATCH.unsigned_abs() {
            return Ok(removed);
        }
    }
}
