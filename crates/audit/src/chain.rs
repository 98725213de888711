//! The chain of hashes that shows whether the log was tampered with.

use crate::store;
use memoreel_db::{Db, DbError, SystemReason};
use memoreel_kernel::OrganizationId;

/// Entries sealed in one transaction.
const SEALED_AT_ONCE: i32 = 1_000;

/// What going over an organization's chain showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The organization's name in addresses.
    pub slug: String,
    /// Entries in the chain.
    pub sealed: i64,
    /// Entries that are too young to be in it.
    pub unsealed: i64,
    /// Entries whose names, values and addresses were erased.
    pub erased: i64,
    /// The first entry that is missing, or is not what was sealed.
    pub broken_seq: Option<i64>,
    /// The hash of the last entry, in hexadecimal. Whoever keeps it elsewhere can tell later that nothing was cut off the end.
    pub head: Option<String>,
    /// Whether no entry has the hash that was asked for: its end was cut off.
    pub lacks_head: bool,
}

/// Takes what was committed since into the chains of its organizations; returns how many entries. To be called every minute.
///
/// # Errors
/// When the database refuses.
pub async fn seal(db: &Db) -> Result<i64, DbError> {
    let mut total = 0;
    loop {
        let mut tx = db.system(SystemReason::Maintain).await?;
        let sealed = store::seal(&mut tx, SEALED_AT_ONCE).await?;
        tx.commit().await?;
        total += sealed;
        if sealed < i64::from(SEALED_AT_ONCE) {
            return Ok(total);
        }
    }
}

/// Goes over the chains of all organizations, each of which may be asked for a hash it must contain.
///
/// # Errors
/// When the database refuses.
pub async fn verify(db: &Db, head: Option<&str>) -> Result<Vec<Chain>, DbError> {
    let mut tx = db.system(SystemReason::Maintain).await?;
    Ok(store::verify(&mut tx, head).await?)
}
