//! The background step that makes an image findable by how people describe it, and by what is written in it.

use crate::chunking::ChunkDraft;
use crate::jobs::embedded;
use crate::looks::wanted;
use crate::model::{Model, Span};
use crate::store::files::{NewPassage, Whose, WrittenIn, clear_passages, insert_passages};
use crate::{documents, key_frames};
use async_trait::async_trait;
use memoreel_ai::Embed;
use memoreel_assets::{ImageText, TextOnScreen, image_text};
use memoreel_kernel::{AssetId, Pictured};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use memoreel_web::App;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What to index.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct IndexImagePayload {
    /// The image that is indexed.
    pub asset_id: AssetId,
}

/// Cuts what an image says into passages, embeds them, and replaces what was indexed before.
#[derive(Debug)]
pub struct IndexImage {
    app: App,
    model: Model,
}

impl IndexImage {
    /// The step with its engine.
    pub fn new(app: App, embed: Arc<dyn Embed>) -> Self {
        Self { app, model: Model::new(embed) }
    }
}

#[async_trait]
impl Handle for IndexImage {
    const KIND: &'static str = "index_image";
    const CONCURRENCY: usize = 1;
    type Payload = IndexImagePayload;

    async fn run(
        &self,
        run: &TaskRun,
        IndexImagePayload { asset_id }: IndexImagePayload,
    ) -> Result<Finished, TaskFailure> {
        let mut tx = run.begin().await?;
        let Some(said) = image_text(&mut tx, asset_id).await? else { return run.finish(tx, &[]).await };
        drop(tx);
        let model_id = self.model.id(&self.app.db).await?;
        let [described, written] = passages(&said);
        let described_count = described.len();
        let (drafts, spans) = described.into_iter().chain(written).unzip();
        let chunks = embedded(self.model.embed(), run, drafts, spans).await?;
        let passages = chunks.into_iter().enumerate().map(|(at, chunk)| {
            let is_description = at < described_count;
            let language = if is_description { said.description_language } else { said.text_language };
            NewPassage { page_number: None, is_description, language, chunk }
        });
        let passages = passages.collect();

        let now = run.clock().now();
        let mut tx = run.begin().await?;
        if clear_passages(&mut tx, asset_id, WrittenIn::Image).await? {
            let whose =
                Whose { kind: WrittenIn::Image, asset_id, title: &said.title, created_at: said.created_at };
            insert_passages(&mut tx, &whose, model_id, passages, now).await?;
        }
        let wanted = wanted(run, &mut tx, &self.model, Pictured::Image(asset_id)).await?;
        run.finish(tx, &wanted).await
    }
}

/// The passages of its description, and those of what is written in it, with their moments, which have a place but no time.
fn passages(said: &ImageText) -> [Vec<(ChunkDraft, Vec<Span>)>; 2] {
    let described = said.description.as_deref().map(documents::passages).unwrap_or_default();
    // Lines of one picture, as of one slide that does not change.
    let written = said.text.clone().unwrap_or_default();
    let written = key_frames::passages(&[TextOnScreen { start_ms: 0, end_ms: 0, text: written }]);
    [described, written]
}

#[cfg(test)]
mod tests {
    use super::*;
    use memoreel_kernel::Timestamp;

    #[test]
    fn an_image_says_what_is_said_of_it_and_what_is_written_in_it_and_may_say_nothing() {
        let image = |description: Option<&str>, text: Option<&str>| ImageText {
            title: "a.png".to_owned(),
            description: description.map(str::to_owned),
            description_language: None,
            text: text.map(str::to_owned),
            text_language: None,
            created_at: Timestamp::UNIX_EPOCH,
        };
        let [described, written] = passages(&image(Some("Cranes at dusk."), Some("Quay 4\nNo entry")));
        assert_eq!((described.len(), written.len()), (1, 1), "{described:#?} {written:#?}");
        assert_eq!(described[0].0.text, "Cranes at dusk.");
        assert_eq!(written[0].0.text, "Quay 4 No entry");
        for nothing in [image(None, None), image(None, Some(""))] {
            let [described, written] = passages(&nothing);
            assert!(described.is_empty() && written.is_empty(), "{described:#?} {written:#?}");
        }
    }
}
