//! Files of what was deleted, and bytes of uploads that are over: removed once that is certain, however often it is interrupted.

use crate::{
    AssetsError,
    model::UPLOAD_LIFETIME,
    store::{self, Deletion, Staged},
};
use memoreel_blob::{BlobError, BlobKey, SingleStore};
use memoreel_db::SystemReason;
use memoreel_kernel::OrganizationId;
use memoreel_web::App;
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// How long one store is waited for in vain before everything else in it is left for the next time.
const STORE_PATIENCE: Duration = Duration::from_secs(120);

/// Removes files that are due, of one organization or of all. The row goes last, so that what was interrupted is done again. What cannot be
/// removed keeps nothing of others from going: the rest of its organization is left for the next time, so that a store that is away
/// is waited for once.
///
/// # Errors
/// [`AssetsError::FilesLeft`] when all that could be done is done and some was left, which is logged by organization; when the database
/// refuses. What was not done is done the next time.
pub async fn sweep_deletions(app: &App, organization_id: Option<OrganizationId>) -> Result<(), AssetsError> {
    let now = app.clock.now();
    let mut left = Left::default();
    // Each round forgets all that it finds, or leaves one organization more.
    loop {
        let mut tx = app.db.system(SystemReason::Maintain).await?;
        let due = match organization_id {
            Some(id) if left.organizations.contains(&id) => Vec::new(),
            Some(id) => store::due_deletions_of(&mut tx, id, now).await?,
            None => {
                let passed_over: Vec<Uuid> = left.organizations.iter().map(|id| id.uuid()).collect();
                store::due_deletions(&mut tx, &passed_over, now).await?
            }
        };
        drop(tx);
        if due.is_empty() {
            return left.end();
        }
        let mut done = Vec::with_capacity(due.len());
        for deletion in due {
            if left.is_left(app, deletion.organization_id) {
                continue;
            }
            let began = Instant::now();
            match remove(app, &deletion).await {
                Ok(()) => done.push(deletion),
                Err(error) => left.add(app, deletion.organization_id, &error, began.elapsed()),
            }
        }
        let mut tx = app.db.system(SystemReason::Maintain).await?;
        store::forget_deletions(&mut tx, &done).await?;
        tx.commit().await?;
    }
}

async fn remove(app: &App, deletion: &Deletion) -> Result<(), BlobError> {
    let Ok(key) = deletion.blob_key.parse::<BlobKey>() else {
        // Nothing can lie there.
        tracing::error!(organization_id = %deletion.organization_id, "what is to be deleted is not the key of a file");
        return Ok(());
    };
    app.blobs.delete_prefix(&key).await?;
    app.blobs.delete(&key).await
}

/// What a sweep leaves for the next one.
#[derive(Default)]
struct Left {
    organizations: BTreeSet<OrganizationId>,
    /// How long stores were waited for in vain.
    waited: Vec<(SingleStore, Duration)>,
}

impl Left {
    fn is_left(&mut self, app: &App, id: OrganizationId) -> bool {
        if self.organizations.contains(&id) {
            return true;
        }
        let home = app.blobs.placements().home(id);
        let waited = self.waited.iter().find(|(store, _)| store.is(&home));
        if waited.is_none_or(|(_, waited)| *waited < STORE_PATIENCE) {
            return false;
        }
        tracing::warn!(organization_id = %id, "files of what was deleted are left for later: their store is not waited for any more");
        self.organizations.insert(id)
    }

    fn add(&mut self, app: &App, id: OrganizationId, error: &BlobError, waited: Duration) {
        let cause = error as &dyn std::error::Error;
        tracing::warn!(organization_id = %id, error = cause, "files of what was deleted are left for later");
        self.organizations.insert(id);
        let home = app.blobs.placements().home(id);
        match self.waited.iter_mut().find(|(store, _)| store.is(&home)) {
            Some((_, sum)) => *sum += waited,
            None => self.waited.push((home, waited)),
        }
    }

    fn end(self) -> Result<(), AssetsError> {
        match self.organizations.len() {
            0 => Ok(()),
            organizations => Err(AssetsError::FilesLeft { organizations }),
        }
    }
}

/// Removes bytes in the staging folder that nobody needs any more: those of uploads that are over, because whoever was to remove them was
/// killed before; and, two days after they were written, those of which there is no row, left by a crash between two steps of ours, and
/// those whose task was given up and not tried again. What a task is still to be done with stays, however long its organization is held.
///
/// # Errors
/// When the database or the disk refuses; what was not done is done the next time.
pub async fn sweep_staging(app: &App) -> Result<(), AssetsError> {
    let before = app.clock.now() - UPLOAD_LIFETIME * 2;
    let ids = app.staging.ids().await?;
    let staged: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let mut tx = app.db.system(SystemReason::Maintain).await?;
    let known = store::staged_uploads(&mut tx, &staged, before).await?;
    drop(tx);
    let mut outcome = Ok(());
    for id in ids {
        let removed = match known.get(&id) {
            Some(Staged::Over) => app.staging.remove(id).await,
            Some(Staged::Needed) => continue,
            Some(Staged::GivenUp) | None => app.staging.remove_older(id, before).await,
        };
        match removed {
            Ok(_) | Err(BlobError::Locked) => {}
            Err(error) => outcome = Err(error.into()),
        }
    }
    outcome
}

/// Removes files of what was just deleted. What is not removed now, because this process dies or their store is away, is removed within
/// the hour.
pub(crate) async fn remove_files(app: &App, organization_id: OrganizationId) {
    match sweep_deletions(app, Some(organization_id)).await {
        // It is logged what was left.
        Ok(()) | Err(AssetsError::FilesLeft { .. }) => {}
        Err(error) => tracing::warn!(%error, "files of what was deleted were left for later"),
    }
}
