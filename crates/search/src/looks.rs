//! The background step that makes images, videos and documents findable by what they look like, where the model takes pictures.
//!
//! A picture is indexed as a passage without text, whose vector lies under a model of its own: see [`crate::pictures`] for why.

use crate::model::{Model, NewChunk, Span};
use crate::store::pictures::{
    clear_looks, hold_pictured, insert_looks, insert_moments, note_unseen, places_of,
};
use crate::vectors::push_packed;
use async_trait::async_trait;
use memoreel_ai::{AiError, Embed, PICTURES_PER_CALL, Picture};
use memoreel_assets::{Sight, SmallPictures};
use memoreel_db::TenantTx;
use memoreel_kernel::{EmbeddingModelId, Event, Pictured};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use memoreel_transcripts::engine_failure;
use memoreel_web::App;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The first place of pictures among the passages of the same: they stand behind all texts, which come and go without them.
const PLACES_FROM: i32 = 1_000_000_000;

/// So many pictures refused before one is taken are no accident: the provider does not know pictures, or not in this form.
const REFUSED_MAX: usize = 2 * PICTURES_PER_CALL;

/// What to index.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct IndexPicturesPayload {
    /// What has the pictures.
    pub of: Pictured,
    /// Whether those that are indexed already are looked at again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_anew: bool,
}

/// Embeds what an image looks like, what is on screen in a video at its key frames, or what pages look like that say nearly nothing. Pictures
/// that are indexed already are not looked at again, unless the task says so. It is a side task (`is_side_task` in the database): whatever
/// becomes of it, texts are found, and the video is what it is.
#[derive(Debug)]
pub struct IndexPictures {
    app: App,
    model: Model,
    source: SmallPictures,
}

impl IndexPictures {
    /// The step with its engine, and what shows it pictures.
    pub fn new(app: App, embed: Arc<dyn Embed>, source: SmallPictures) -> Self {
        Self { app, model: Model::new(embed), source }
    }
}

/// What follows once the texts of something are written: its pictures, where the model takes any. Whoever had the texts written again beside
/// everything else has asked for its pictures, too, if they are wanted.
pub(crate) async fn wanted(
    run: &TaskRun,
    tx: &mut TenantTx,
    model: &Model,
    of: Pictured,
) -> Result<Vec<Event>, TaskFailure> {
    if !model.embed().takes_pictures() || run.is_side(tx).await? {
        return Ok(Vec::new());
    }
    Ok(vec![Event::PicturesWanted { of }])
}

/// Pictures about to be indexed.
#[derive(Debug)]
pub(crate) struct Looks {
    /// Under which their vectors lie.
    pub(crate) model_id: EmbeddingModelId,
    /// Where they are among the passages of the same, one by one.
    pub(crate) places: Vec<i32>,
    /// On which pages they are; nothing where there are none.
    pub(crate) page_numbers: Vec<Option<i32>>,
    pub(crate) chunks: Vec<NewChunk>,
}

#[async_trait]
impl Handle for IndexPictures {
    const KIND: &'static str = "index_pictures";
    const CONCURRENCY: usize = 1;
    type Payload = IndexPicturesPayload;

    async fn run(
        &self,
        run: &TaskRun,
        IndexPicturesPayload { of, is_anew }: IndexPicturesPayload,
    ) -> Result<Finished, TaskFailure> {
        // The setting may be another one by now.
        let Some(model_id) = self.model.pictures_id(&self.app.db).await? else {
            return run.finish(run.begin().await?, &[]).await;
        };
        let sights = match of {
            Pictured::Image(id) => self.source.image(run, id).await?,
            Pictured::Document(id) => self.source.pages(run, id).await?,
            Pictured::Video(id) => self.source.moments(run, id).await?,
        };
        let mut tx = run.begin().await?;
        let Some(sights) = sights else { return run.finish(tx, &[]).await };
        let known = if is_anew { Vec::new() } else { places_of(&mut tx, of, model_id).await? };
        drop(tx);
        let placed = sights.all.iter().filter_map(|sight| Some((place_of(sight)?, sight)));
        let (kept, new): (Vec<_>, Vec<_>) = placed.partition(|(place, _)| known.contains(place));
        let mut looks = Looks { model_id, places: Vec::new(), page_numbers: Vec::new(), chunks: Vec::new() };
        let looked = match self.look_at(run, &new, kept.is_empty(), &mut looks).await {
            // Nothing is found by its pictures, and whoever runs the server is to see why.
            Ok(Some(refusal)) if kept.is_empty() && looks.chunks.is_empty() => Err(engine_failure(refusal)),
            Ok(_) => Ok(()),
            Err(failure) => Err(failure),
        };
        let looked = match looked {
            // Nothing tells new ones from old ones: these stay until all of those are there.
            Err(failure) if is_anew => return Err(failure),
            looked => looked,
        };

        let kept: Vec<i32> = kept.into_iter().map(|(place, _)| place).collect();
        let now = run.clock().now();
        let mut tx = run.begin().await?;
        let is_same = hold_pictured(&mut tx, of, sights.version).await?
            && SmallPictures::are_there(&mut tx, of, &sights).await?;
        run.require_lease(&mut tx).await?;
        if is_same {
            clear_looks(&mut tx, of, &kept).await?;
            match of {
                Pictured::Image(id) | Pictured::Document(id) => {
                    insert_looks(&mut tx, of, id, &looks, now).await?;
                }
                Pictured::Video(id) => insert_moments(&mut tx, id, &looks, now).await?,
            }
            // Where another try may help, nothing was in vain.
            if looked.is_ok() {
                let is_unseen = kept.is_empty() && looks.chunks.is_empty();
                note_unseen(&mut tx, of, is_unseen.then_some(model_id)).await?;
            }
        }
        match looked {
            Ok(()) => run.finish(tx, &[]).await,
            Err(failure) => {
                // What was looked at need not be again.
                tx.commit().await?;
                Err(failure)
            }
        }
    }
}

impl IndexPictures {
    /// Looks at pictures with their places, and notes what they look like but for those that are refused; returns why the last of those was. It
    /// ends early where it `gives_up` and the first [`REFUSED_MAX`] of them are refused.
    async fn look_at(
        &self,
        run: &TaskRun,
        placed: &[(i32, &Sight)],
        gives_up: bool,
        looks: &mut Looks,
    ) -> Result<Option<AiError>, TaskFailure> {
        let report = run.progress_between(0.0, 0.99);
        let mut refusal = None;
        // A few at a time, so that the pictures of a long video are never all in memory.
        for (number, some) in placed.chunks(PICTURES_PER_CALL).enumerate() {
            let (mut seen, mut pictures): (Vec<(i32, &Sight)>, Vec<Picture>) = (Vec::new(), Vec::new());
            for &(place, sight) in some {
                if let Some(jpeg) = self.source.look(run, sight).await? {
                    seen.push((place, sight));
                    pictures.push(Picture { jpeg });
                }
            }
            let vectors = self.vectors_of(run, &pictures).await?;
            for ((place, sight), vector) in seen.into_iter().zip(vectors) {
                match vector {
                    Ok(vector) => {
                        looks.places.push(place);
                        looks.page_numbers.push(sight.page_number);
                        looks.chunks.push(passage(sight.start_ms, sight.end_ms, vector));
                    }
                    Err(error) => {
                        tracing::warn!(%error, place, "a picture was refused, and is left out");
                        refusal = Some(error);
                    }
                }
            }
            let asked = number * PICTURES_PER_CALL + some.len();
            if gives_up && looks.chunks.is_empty() && refusal.is_some() && asked >= REFUSED_MAX {
                break;
            }
            report(asked as f32 / placed.len() as f32);
        }
        Ok(refusal)
    }

    /// The vector of each picture, in order, or why it is refused.
    async fn vectors_of(
        &self,
        run: &TaskRun,
        pictures: &[Picture],
    ) -> Result<Vec<Result<Vec<f32>, AiError>>, TaskFailure> {
        match self.asked(run, pictures).await {
            Ok(vectors) => return Ok(vectors.into_iter().map(Ok).collect()),
            Err(error) if !is_about_pictures(&error) => return Err(engine_failure(error)),
            Err(error) if pictures.len() == 1 => return Ok(vec![Err(error)]),
            Err(_) => {}
        }
        // Nobody says which of them is meant.
        let mut vectors = Vec::with_capacity(pictures.len());
        for picture in pictures {
            match self.asked(run, std::slice::from_ref(picture)).await {
                Err(error) if !is_about_pictures(&error) => return Err(engine_failure(error)),
                answer => vectors.push(answer.map(|mut made| made.pop().unwrap_or_default())),
            }
        }
        Ok(vectors)
    }

    /// One vector per picture.
    async fn asked(&self, run: &TaskRun, pictures: &[Picture]) -> Result<Vec<Vec<f32>>, AiError> {
        if pictures.is_empty() {
            return Ok(Vec::new());
        }
        let asking = self.model.embed().embed_pictures(pictures);
        let asked = run.cancelled().run_until_cancelled(asking).await;
        let vectors = asked.unwrap_or(Err(AiError::Cancelled))?;
        if vectors.len() != pictures.len() {
            let detail = format!("{} vectors for {} pictures", vectors.len(), pictures.len());
            return Err(AiError::ProviderAnswerInvalid { detail });
        }
        Ok(vectors)
    }
}

/// Whether a provider refused what it was sent, rather than who sent it or where: malformed, too large, of another kind, or not to be processed.
fn is_about_pictures(error: &AiError) -> bool {
    matches!(error, AiError::ProviderRefused { status: 400 | 413 | 415 | 422, .. })
}

/// By page or by millisecond; nothing of what is shown after some two weeks.
fn place_of(sight: &Sight) -> Option<i32> {
    let place = sight.page_number.map_or(sight.start_ms, i64::from);
    i32::try_from(place).ok()?.checked_add(PLACES_FROM)
}

/// A passage without text that is one moment, so that its time is kept to the millisecond and its vector comes with what is found.
fn passage(start_ms: i64, end_ms: i64, embedding: Vec<f32>) -> NewChunk {
    let mut span_vectors = Vec::new();
    push_packed(&mut span_vectors, Some(&embedding), embedding.len());
    NewChunk {
        text: String::new(),
        word_count: 0,
        start_ms,
        end_ms,
        speakers: Vec::new(),
        spans: vec![Span { char_start: 0, char_end: 0, start_ms, end_ms, speaker: None }],
        embedding,
        span_vectors,
    }
}
