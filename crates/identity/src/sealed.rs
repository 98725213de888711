//! Values that lie sealed in the database, and sealing them anew after the instance's secret was changed.

use crate::{IdentityError, store};
use memoreel_db::{Db, SystemReason};
use memoreel_web::{SealedPlace, Secrets};
use uuid::Uuid;

/// A column whose values are sealed ([`Secrets::seal`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedColumn {
    /// Table and column, as they are bound into each value: `user_totp.secret`.
    pub name: &'static str,
    /// The column that tells rows apart, a UUID, which is bound into each value too.
    pub key: &'static str,
}

/// The secrets of authenticator apps.
pub(crate) const TOTP_SECRET: SealedColumn = SealedColumn { name: "user_totp.secret", key: "user_id" };

/// What webhooks are signed with.
const WEBHOOK_SECRET: SealedColumn = SealedColumn { name: "webhook_secrets.secret", key: "id" };

/// Where files are fetched from.
const UPLOAD_SOURCE: SealedColumn = SealedColumn { name: "uploads.source", key: "id" };

/// Every column that is sealed. A test holds it against the catalog.
pub const SEALED_COLUMNS: &[SealedColumn] = &[TOTP_SECRET, WEBHOOK_SECRET, UPLOAD_SOURCE];

/// How many values are sealed anew in one transaction.
const BATCH: i64 = 200;

impl SealedColumn {
    /// Where the value of a row lies.
    pub(crate) fn place(self, row: Uuid) -> SealedPlace<'static> {
        SealedPlace { column: self.name, row }
    }
}

/// What became of the values of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resealed {
    /// Which.
    pub column: SealedColumn,
    /// How many were sealed under a former secret, and now are under the present one.
    pub anew: u64,
    /// How many were sealed under a secret that is not among the former ones, or are damaged. They are left as they are.
    pub unreadable: u64,
}

/// Seals under the present secret whatever is sealed under a former one. It may be repeated, and killed at any time: each
/// batch is a transaction, and what is sealed under the present secret is not looked at. Whoever changes a value
/// meanwhile waits for its batch.
///
/// # Errors
/// When the database refuses.
pub async fn reseal(db: &Db, secrets: &Secrets) -> Result<Vec<Resealed>, IdentityError> {
    let mut done = Vec::new();
    for &column in SEALED_COLUMNS {
        let mut resealed = Resealed { column, anew: 0, unreadable: 0 };
        let mut after = Uuid::nil();
        loop {
            let mut tx = db.system(SystemReason::Reseal).await?;
            let former = store::hold_former(&mut tx, column, &secrets.key_id(), after, BATCH).await?;
            let Some((last, _)) = former.last() else { break };
            after = *last;
            for (row, value) in &former {
                match secrets.open(value, column.place(*row)) {
                    Ok(plain) => {
                        let anew = secrets.seal(&plain, column.place(*row))?;
                        store::replace_sealed(&mut tx, column, *row, &anew).await?;
                        resealed.anew += 1;
                    }
                    Err(error) => {
                        tracing::warn!(column = column.name, %row, %error, "a sealed value was left as it is");
                        resealed.unreadable += 1;
                    }
                }
            }
            tx.commit().await?;
        }
        done.push(resealed);
    }
    Ok(done)
}
