//! The turn of an organization: what moves its files, and what looks for those that lost their rows, is not done by two at once.

use crate::{StoresError, model::KnownPlacement, store};
use memoreel_db::{Db, SystemTx};
use memoreel_kernel::OrganizationId;
use std::time::Duration;

/// A transaction that is idle for longer than a minute ends.
const KEPT_EVERY: Duration = Duration::from_secs(15);

/// Held as long as the connection that says so is there: whoever was killed has let go.
#[derive(Debug)]
pub(crate) struct Turn {
    transaction: SystemTx,
    id: OrganizationId,
}

impl Turn {
    /// The turn of this organization, unless somebody else has it.
    pub(crate) async fn take(db: &Db, id: OrganizationId) -> Result<Option<Self>, StoresError> {
        let mut transaction = store::begin(db).await?;
        let is_taken = store::try_take_turn(&mut transaction, id).await?;
        Ok(is_taken.then_some(Self { transaction, id }))
    }

    /// Where its files lie, which nobody else changes now.
    pub(crate) async fn placement(&mut self) -> Result<Option<KnownPlacement>, StoresError> {
        Ok(store::placement(&mut self.transaction, self.id).await?)
    }

    /// Does something while it is held, and stops when it is lost.
    pub(crate) async fn keep<T>(
        mut self,
        work: impl Future<Output = Result<T, StoresError>>,
    ) -> Result<T, StoresError> {
        let keep = async {
            loop {
                tokio::time::sleep(KEPT_EVERY).await;
                if let Err(error) = store::keep_turn(&mut self.transaction).await {
                    return error;
                }
            }
        };
        tokio::select! {
            done = work => done,
            error = keep => Err(error.into()),
        }
    }
}
