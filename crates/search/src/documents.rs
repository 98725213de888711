//! The background step that makes a document findable: by passages, each of which is on one page.

use crate::chunking::{ChunkDraft, ChunkInput, ChunkOptions, chunk};
use crate::jobs::embedded;
use crate::looks::wanted;
use crate::model::{Model, Span};
use crate::moments::moments;
use crate::store::files::{NewPassage, Whose, WrittenIn, clear_passages, insert_passages};
use async_trait::async_trait;
use memoreel_ai::Embed;
use memoreel_assets::{PageOfText, document_text};
use memoreel_kernel::{AssetId, Pictured};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun, apart};
use memoreel_transcripts::StepPlaces;
use memoreel_web::App;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Paragraphs lie as far from each other as sentences between which somebody pauses, so that passages end there.
const PARAGRAPH_MS: i64 = 10_000;

/// What to index.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct IndexDocumentPayload {
    /// The document whose pages are indexed.
    pub asset_id: AssetId,
}

/// Cuts the pages of a document into passages, embeds them and their sentences, and replaces what was indexed before.
#[derive(Debug)]
pub struct IndexDocument {
    app: App,
    model: Model,
    places: StepPlaces,
}

impl IndexDocument {
    /// The step with its engine.
    pub fn new(app: App, embed: Arc<dyn Embed>) -> Self {
        Self { app, model: Model::new(embed), places: StepPlaces::new("documents") }
    }
}

#[async_trait]
impl Handle for IndexDocument {
    const KIND: &'static str = "index_document";
    const CONCURRENCY: usize = StepPlaces::COUNT;
    type Payload = IndexDocumentPayload;

    async fn run(
        &self,
        run: &TaskRun,
        IndexDocumentPayload { asset_id }: IndexDocumentPayload,
    ) -> Result<Finished, TaskFailure> {
        let _place = self.places.enter(run).await?;
        let mut tx = run.begin().await?;
        let Some(text) = document_text(&mut tx, asset_id).await? else { return run.finish(tx, &[]).await };
        drop(tx);
        let model_id = self.model.id(&self.app.db).await?;
        let pages = text.pages;
        let of_page = |page: PageOfText| {
            passages(&page.text).into_iter().map(move |passage| (Some(page.page_number), passage))
        };
        let said = apart(move || pages.into_iter().flat_map(of_page).collect::<Vec<_>>()).await?;
        let (numbers, said): (Vec<_>, Vec<_>) = said.into_iter().unzip();
        let (drafts, spans) = said.into_iter().unzip();
        let chunks = embedded(self.model.embed(), run, drafts, spans).await?;
        let passages = numbers.into_iter().zip(chunks);
        let language = text.language.as_deref();
        let passages = passages
            .map(|(page_number, chunk)| NewPassage { page_number, is_description: false, language, chunk })
            .collect();

        let now = run.clock().now();
        let mut tx = run.begin().await?;
        if clear_passages(&mut tx, asset_id, WrittenIn::Document).await? {
            let whose = Whose {
                kind: WrittenIn::Document,
                asset_id,
                title: &text.title,
                created_at: text.created_at,
            };
            insert_passages(&mut tx, &whose, model_id, passages, now).await?;
        }
        let wanted = wanted(run, &mut tx, &self.model, Pictured::Document(asset_id)).await?;
        run.finish(tx, &wanted).await
    }
}

/// The passages of what is written with their sentences, which have a place but no time.
pub(crate) fn passages(text: &str) -> Vec<(ChunkDraft, Vec<Span>)> {
    let paragraphs = text.split("\n\n").enumerate();
    let inputs: Vec<ChunkInput> = paragraphs
        .map(|(at, text)| {
            let place = i64::try_from(at).unwrap_or(i64::MAX / PARAGRAPH_MS) * PARAGRAPH_MS;
            ChunkInput {
                segment_index: at,
                start_ms: place,
                end_ms: place,
                speaker: None,
                text: text.to_owned(),
            }
        })
        .collect();
    let with_moments = |draft: ChunkDraft| {
        let mut spans = moments(&draft.text, &draft.spans);
        for span in &mut spans {
            (span.start_ms, span.end_ms) = (0, 0);
        }
        (draft, spans)
    };
    chunk(&inputs, ChunkOptions::default()).into_iter().map(with_moments).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_end_with_paragraphs_and_lose_no_word() {
        let paragraph = |word: &str| format!("{} ends.", format!("{word} ").repeat(70).trim_end());
        let text = [paragraph("one"), paragraph("two"), "A short one.".to_owned()].join("\n\n");
        let found = passages(&text);
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(found[0].0.text.ends_with("one ends.") && found[1].0.text.ends_with("A short one."));
        let words = |text: &str| text.split_whitespace().count();
        assert_eq!(found.iter().map(|(draft, _)| words(&draft.text)).sum::<usize>(), words(&text));
        assert!(found.iter().flat_map(|(_, spans)| spans).all(|span| (span.start_ms, span.end_ms) == (0, 0)));
    }
}
