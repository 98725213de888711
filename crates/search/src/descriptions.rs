//! The background step that makes a video findable by how people describe it.

use crate::chunking::ChunkDraft;
use crate::documents;
use crate::jobs::embedded;
use crate::model::{Model, Span};
use crate::store::videos::{Told, clear_chunks, description_of, insert_described};
use async_trait::async_trait;
use memoreel_ai::Embed;
use memoreel_documents::language_of;
use memoreel_kernel::VideoId;
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use memoreel_web::App;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What to index.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct IndexDescriptionPayload {
    /// The video whose description is indexed.
    pub video_id: VideoId,
}

/// Cuts the description of a video into passages, embeds them, and replaces what was indexed before. It is a side task (`is_side_task` in the
/// database): the video is what it is, whatever becomes of this.
#[derive(Debug)]
pub struct IndexDescription {
    app: App,
    model: Model,
}

impl IndexDescription {
    /// The step with its engine.
    pub fn new(app: App, embed: Arc<dyn Embed>) -> Self {
        Self { app, model: Model::new(embed) }
    }
}

#[async_trait]
impl Handle for IndexDescription {
    const KIND: &'static str = "index_description";
    const CONCURRENCY: usize = 1;
    type Payload = IndexDescriptionPayload;

    async fn run(
        &self,
        run: &TaskRun,
        IndexDescriptionPayload { video_id }: IndexDescriptionPayload,
    ) -> Result<Finished, TaskFailure> {
        let mut tx = run.begin().await?;
        let description = description_of(&mut tx, video_id).await?.unwrap_or_default();
        drop(tx);
        let passages = documents::passages(&description);
        let (drafts, spans): (Vec<ChunkDraft>, Vec<Vec<Span>>) = passages.into_iter().unzip();
        let model_id = match drafts.is_empty() {
            true => None,
            false => Some(self.model.id(&self.app.db).await?),
        };
        let chunks = embedded(self.model.embed(), run, drafts, spans).await?;

        let now = run.clock().now();
        let mut tx = run.begin().await?;
        if clear_chunks(&mut tx, video_id, Told::Described).await?
            && let Some(model_id) = model_id
        {
            insert_described(&mut tx, video_id, language_of(&description), model_id, &chunks, now).await?;
        }
        run.finish(tx, &[]).await
    }
}
