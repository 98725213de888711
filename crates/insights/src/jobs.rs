//! The background step that summarises.

use crate::generated::generated;
use crate::material::Material;
use crate::model::{Summary, SummaryContent};
use crate::{EXTRACTIVE_ENGINE, store};
use async_trait::async_trait;
use memoreel_ai::{AiError, Embed, Generate, embed_all};
use memoreel_kernel::{Event, VideoId};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun, apart};
use memoreel_transcripts::{StepPlaces, engine_failure, transcript_of, video_exists};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// So many sentences have vectors at most; a day of speech has about 25,000.
const EMBEDDED_MAX: usize = 30_000;

/// What to summarise.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct SummarisePayload {
    /// The video whose transcript is summarised.
    pub video_id: VideoId,
}

/// Writes the summary, key points and chapters of a video from its transcript.
///
/// A language model, where there is one, is asked first; where it fails or makes things up, the summary is made of the
/// recording's own sentences. What made it is recorded with it.
pub struct Summarise {
    embed: Arc<dyn Embed>,
    generate: Option<Arc<dyn Generate>>,
    places: StepPlaces,
}

impl std::fmt::Debug for Summarise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let generate = self.generate.as_ref().map(|model| model.engine());
        f.debug_struct("Summarise")
            .field("embed", &self.embed.model())
            .field("generate", &generate)
            .finish_non_exhaustive()
    }
}

impl Summarise {
    /// The step with its engines.
    pub fn new(embed: Arc<dyn Embed>, generate: Option<Arc<dyn Generate>>) -> Self {
        Self { embed, generate, places: StepPlaces::new("summaries") }
    }

    async fn summary(&self, run: &TaskRun, material: Material) -> Result<Summary, TaskFailure> {
        if let Some(summary) = self.generated(run, &material).await? {
            return Ok(summary);
        }
        let content = self.extracted(run, material).await?;
        Ok(Summary { engine: EXTRACTIVE_ENGINE.to_owned(), model: Some(self.embed.model().name), content })
    }

    async fn generated(&self, run: &TaskRun, material: &Material) -> Result<Option<Summary>, TaskFailure> {
        let Some(model) = &self.generate else { return Ok(None) };
        let answer = tokio::select! {
            answer = generated(&**model, material) => answer,
            () = run.cancelled().cancelled() => Err(AiError::Cancelled),
        };
        match answer {
            Ok(content) => {
                let name = model.engine();
                Ok(content.map(|content| Summary { engine: name.engine, model: Some(name.model), content }))
            }
            Err(error @ AiError::Cancelled) => Err(engine_failure(error)),
            Err(error) => {
                tracing::warn!(%error, "the language model gave no summary; making one of the recording's own sentences");
                Ok(None)
            }
        }
    }

    async fn extracted(&self, run: &TaskRun, mut material: Material) -> Result<SummaryContent, TaskFailure> {
        // Where there are more, those between them go without, and count by their words, place and length alone.
        let step = step_between(material.sentences.len());
        let texts = material.sentences.iter().step_by(step).map(|sentence| sentence.text.clone());
        let texts: Vec<String> = texts.collect();
        let vectors = embed_all(&*self.embed, &texts, run.cancelled(), run.progress_between(0.0, 0.9)).await;
        let vectors = vectors.map_err(engine_failure)?;
        for (sentence, vector) in material.sentences.iter_mut().step_by(step).zip(vectors) {
            sentence.embedding = vector;
        }
        apart(move || material.extracted()).await
    }
}

/// Of so many sentences, how far apart those lie that have vectors: 1 where each has one.
fn step_between(sentences: usize) -> usize {
    sentences.div_ceil(EMBEDDED_MAX).max(1)
}

#[async_trait]
impl Handle for Summarise {
    const KIND: &'static str = "summarise";
    const CONCURRENCY: usize = StepPlaces::COUNT;
    type Payload = SummarisePayload;

    async fn run(
        &self,
        run: &TaskRun,
        SummarisePayload { video_id }: SummarisePayload,
    ) -> Result<Finished, TaskFailure> {
        let _place = self.places.enter(run).await?;
        let mut tx = run.begin().await?;
        let exists = video_exists(&mut tx, video_id).await?;
        let transcript = transcript_of(&mut tx, video_id).await?;
        let duration_ms = store::duration_of(&mut tx, video_id).await?;
        let Some(transcript) = transcript.filter(|_| exists) else { return run.finish(tx, &[]).await };
        let material = apart(move || Material::new(&transcript, duration_ms)).await?;
        if material.sentences.is_empty() {
            store::delete_summary(&mut tx, video_id).await?;
            return run.finish(tx, &[]).await;
        }
        drop(tx);

        let summary = self.summary(run, material).await?;

        let mut tx = run.begin().await?;
        // Deleted for good meanwhile: there is nothing to write to, and nothing to complain about.
        if !video_exists(&mut tx, video_id).await? {
            return run.finish(tx, &[]).await;
        }
        store::replace_summary(&mut tx, video_id, &summary, run.clock().now()).await?;
        run.finish(tx, &[Event::SummaryReady { video_id }]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_of_a_day_has_a_vector_and_of_more_no_more_have_one() {
        for (sentences, step) in [(0, 1), (1, 1), (25_000, 1), (EMBEDDED_MAX, 1), (EMBEDDED_MAX + 1, 2)] {
            assert_eq!(step_between(sentences), step, "{sentences}");
        }
        let embedded = |sentences: usize| sentences.div_ceil(step_between(sentences));
        assert!([EMBEDDED_MAX + 1, 400_000].into_iter().all(|sentences| embedded(sentences) <= EMBEDDED_MAX));
    }
}
