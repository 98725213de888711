//! A video's status follows its tasks; of a subject that is no video, the assets decide.

use crate::store;
use async_trait::async_trait;
use memoreel_assets::{asset_retried, asset_settled};
use memoreel_db::TenantTx;
use memoreel_kernel::{Clock, Event, VideoId};
use memoreel_tasks::SubjectObserver;
use std::sync::Arc;
use uuid::Uuid;

/// Keeps status, error and the moment of first playability, in the transaction that ends a task.
#[derive(Debug)]
pub struct VideoObserver(pub Arc<dyn Clock>);

#[async_trait]
impl SubjectObserver for VideoObserver {
    async fn advanced(&self, tx: &mut TenantTx, subject_id: Uuid) -> Result<(), sqlx::Error> {
        store::mark_processing(tx, VideoId(subject_id), self.0.now()).await
    }

    async fn retried(&self, tx: &mut TenantTx, subject_id: Uuid) -> Result<(), sqlx::Error> {
        self.advanced(tx, subject_id).await?;
        asset_retried(tx, subject_id).await
    }

    async fn settled(
        &self,
        tx: &mut TenantTx,
        subject_id: Uuid,
        failure: Option<(String, String)>,
    ) -> Result<Option<Event>, sqlx::Error> {
        let video_id = VideoId(subject_id);
        if store::mark_settled(tx, video_id, failure, self.0.now()).await? {
            return Ok(Some(Event::VideoSettled { video_id }));
        }
        asset_settled(tx, subject_id).await
    }
}
