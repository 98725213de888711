//! The background step that makes a transcript findable.

use crate::chunking::{ChunkDraft, ChunkInput, ChunkOptions, chunk};
use crate::model::{Model, NewChunk, Span};
use crate::moments::{moments, text_of};
use crate::store::videos::{Told, clear_chunks, insert_spoken, speak_as};
use crate::vectors::push_packed;
use async_trait::async_trait;
use memoreel_ai::{Embed, embed_all};
use memoreel_kernel::{Event, SpeakerId, VideoId};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun, apart};
use memoreel_transcripts::{StepPlaces, Transcript, engine_failure, transcript_of, video_for_transcript};
use memoreel_web::App;
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, sync::Arc};

/// A sentence with fewer words has no meaning to be found by.
const MOMENT_WORDS_MIN: usize = 3;
/// So many passages are embedded with their sentences before the vectors of these are packed to a quarter: those of all sentences of
/// a long text would take hundreds of megabytes.
const PASSAGES_AT_ONCE: usize = 256;

/// What to index.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct IndexPayload {
    /// The video whose transcript is indexed.
    pub video_id: VideoId,
}

/// Cuts the transcript of a video into passages, embeds them and their sentences, and replaces what was indexed before.
#[derive(Debug)]
pub struct Index {
    app: App,
    model: Model,
    places: StepPlaces,
}

impl Index {
    /// The step with its engine.
    pub fn new(app: App, embed: Arc<dyn Embed>) -> Self {
        Self { app, model: Model::new(embed), places: StepPlaces::new("transcripts") }
    }
}

#[async_trait]
impl Handle for Index {
    const KIND: &'static str = "index";
    const CONCURRENCY: usize = StepPlaces::COUNT;
    type Payload = IndexPayload;

    async fn run(
        &self,
        run: &TaskRun,
        IndexPayload { video_id }: IndexPayload,
    ) -> Result<Finished, TaskFailure> {
        let _place = self.places.enter(run).await?;
        let mut tx = run.begin().await?;
        let visible = video_for_transcript(&mut tx, video_id).await?.is_some();
        let transcript = transcript_of(&mut tx, video_id).await?;
        let Some(transcript) = transcript.filter(|_| visible) else { return run.finish(tx, &[]).await };
        drop(tx);

        let model_id = self.model.id(&self.app.db).await?;
        let (transcript_id, language) = (transcript.id, transcript.language.clone());
        let (drafts, spans): (Vec<ChunkDraft>, Vec<Vec<Span>>) =
            apart(move || passages(&transcript).into_iter().unzip()).await?;
        let chunks = embedded(self.model.embed(), run, drafts, spans).await?;

        let now = run.clock().now();
        let mut tx = run.begin().await?;
        if !clear_chunks(&mut tx, video_id, Told::Spoken).await? {
            return run.finish(tx, &[]).await;
        }
        let language = language.as_deref();
        insert_spoken(&mut tx, video_id, transcript_id, language, model_id, &chunks, now).await?;
        if let Some(language) = language {
            speak_as(&mut tx, video_id, language).await?;
        }
        // What was found before is no news.
        let told = match run.is_side(&mut tx).await? {
            true => Vec::new(),
            false => vec![Event::VideoIndexed { video_id }],
        };
        run.finish(tx, &told).await
    }
}

/// The passages of a transcript with their sentences; speakers by label, because names change.
fn passages(transcript: &Transcript) -> Vec<(ChunkDraft, Vec<Span>)> {
    // There may be as many speakers as lines.
    let labels: HashMap<SpeakerId, &str> =
        transcript.speakers.iter().map(|speaker| (speaker.id, speaker.label.as_str())).collect();
    let inputs: Vec<ChunkInput> = transcript
        .segments
        .iter()
        .enumerate()
        .map(|(segment_index, segment)| ChunkInput {
            segment_index,
            start_ms: segment.start_ms,
            end_ms: segment.end_ms,
            speaker: segment.speaker_id.and_then(|id| labels.get(&id)).map(|label| (*label).to_owned()),
            text: segment.text.clone(),
        })
        .collect();
    let with_moments = |draft: ChunkDraft| {
        let spans = moments(&draft.text, &draft.spans);
        (draft, spans)
    };
    chunk(&inputs, ChunkOptions::default()).into_iter().map(with_moments).collect()
}

/// These passages with their vectors, and those of their sentences.
pub(crate) async fn embedded(
    embed: &dyn Embed,
    run: &TaskRun,
    drafts: Vec<ChunkDraft>,
    spans: Vec<Vec<Span>>,
) -> Result<Vec<NewChunk>, TaskFailure> {
    let count = drafts.len();
    let done = |passages: usize| 0.95 * passages as f32 / count.max(1) as f32;
    let mut chunks = Vec::with_capacity(count);
    let mut said = drafts.into_iter().zip(spans).peekable();
    while said.peek().is_some() {
        let (some, of_some): (Vec<_>, Vec<_>) = said.by_ref().take(PASSAGES_AT_ONCE).unzip();
        let progress = run.progress_between(done(chunks.len()), done(chunks.len() + some.len()));
        chunks.extend(embedded_at_once(embed, run, some, of_some, progress).await?);
    }
    Ok(chunks)
}

async fn embedded_at_once(
    embed: &dyn Embed,
    run: &TaskRun,
    drafts: Vec<ChunkDraft>,
    spans: Vec<Vec<Span>>,
    progress: impl Fn(f32) + Send + Sync,
) -> Result<Vec<NewChunk>, TaskFailure> {
    let dimensions = embed.model().dimensions;
    let sentences = drafts.iter().zip(&spans).map(|(draft, spans)| sentences_of(draft, spans));
    let sentences: Vec<Vec<Option<String>>> = sentences.collect();
    let texts: Vec<String> = drafts
        .iter()
        .map(|draft| draft.text.clone())
        .chain(sentences.iter().flatten().flatten().cloned())
        .collect();
    let vectors = embed_all(embed, &texts, run.cancelled(), progress).await;
    let mut vectors = vectors.map_err(engine_failure)?.into_iter();
    let passages: Vec<Vec<f32>> = vectors.by_ref().take(drafts.len()).collect();
    let chunks = drafts.into_iter().zip(spans).zip(sentences).zip(passages);
    Ok(chunks
        .map(|(((draft, spans), sentences), embedding)| {
            let mut span_vectors = Vec::new();
            for sentence in sentences {
                let vector = sentence.and_then(|_| vectors.next());
                push_packed(&mut span_vectors, vector.as_deref(), dimensions);
            }
            NewChunk {
                text: draft.text,
                word_count: draft.word_count,
                start_ms: draft.start_ms,
                end_ms: draft.end_ms,
                speakers: draft.speakers,
                spans,
                embedding,
                span_vectors,
            }
        })
        .collect())
}

/// The sentences of a passage that are worth a vector; none where the passage is one sentence.
fn sentences_of(draft: &ChunkDraft, spans: &[Span]) -> Vec<Option<String>> {
    let text = |span: &Span| {
        Some(text_of(&draft.text, span))
            .filter(|text| text.split_whitespace().nth(MOMENT_WORDS_MIN - 1).is_some())
    };
    spans.iter().map(|span| if spans.len() > 1 { text(span) } else { None }).collect()
}
