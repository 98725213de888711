//! The background step that makes what is on screen findable: by passages, each of which is what one slide says.

use crate::chunking::{ChunkDraft, ChunkInput, ChunkOptions, ChunkSpan, chunk};
use crate::jobs::embedded;
use crate::looks::wanted;
use crate::model::{Model, Span};
use crate::store::videos::{Told, clear_chunks, insert_on_screen};
use async_trait::async_trait;
use memoreel_ai::Embed;
use memoreel_assets::{TextOnScreen, text_on_screen};
use memoreel_kernel::{Pictured, VideoId};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun, apart};
use memoreel_web::App;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The passages of a slide end where it has so many words: what it says belongs together, whenever each line came.
const OPTIONS: ChunkOptions = ChunkOptions { words_max: 200, words_min: 200, pause_ms: i64::MAX };
/// Lines that came at once are joined into moments of about so many characters.
const CHARS_ENOUGH: usize = 160;
/// Of the lines of a picture, this share is on the next one where that is the same slide with more on it.
const SAME_SLIDE_SHARE: f64 = 0.8;

/// What to index.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct IndexKeyFramesPayload {
    /// The video whose key frames are indexed.
    pub video_id: VideoId,
}

/// Cuts what is on screen into passages, embeds them, and replaces what was indexed before.
#[derive(Debug)]
pub struct IndexKeyFrames {
    app: App,
    model: Model,
}

impl IndexKeyFrames {
    /// The step with its engine.
    pub fn new(app: App, embed: Arc<dyn Embed>) -> Self {
        Self { app, model: Model::new(embed) }
    }
}

#[async_trait]
impl Handle for IndexKeyFrames {
    const KIND: &'static str = "index_key_frames";
    const CONCURRENCY: usize = 1;
    type Payload = IndexKeyFramesPayload;

    async fn run(
        &self,
        run: &TaskRun,
        IndexKeyFramesPayload { video_id }: IndexKeyFramesPayload,
    ) -> Result<Finished, TaskFailure> {
        let mut tx = run.begin().await?;
        let (texts, language) = text_on_screen(&mut tx, video_id).await?;
        drop(tx);
        let (drafts, spans): (Vec<ChunkDraft>, Vec<Vec<Span>>) =
            apart(move || passages(&texts).into_iter().unzip()).await?;
        let model_id = match drafts.is_empty() {
            true => None,
            false => Some(self.model.id(&self.app.db).await?),
        };
        let chunks = embedded(self.model.embed(), run, drafts, spans).await?;

        let now = run.clock().now();
        let mut tx = run.begin().await?;
        if clear_chunks(&mut tx, video_id, Told::OnScreen).await?
            && let Some(model_id) = model_id
        {
            insert_on_screen(&mut tx, video_id, language, model_id, &chunks, now).await?;
        }
        let wanted = wanted(run, &mut tx, &self.model, Pictured::Video(video_id)).await?;
        run.finish(tx, &wanted).await
    }
}

/// What a slide says once all of it is there.
#[derive(Debug)]
struct Slide {
    lines: Vec<SlideLine>,
    end_ms: i64,
}

#[derive(Debug, Clone)]
struct SlideLine {
    text: String,
    /// As it is compared: recognition takes one sign for another, and letters for each other less often.
    plain: String,
    /// When it came.
    start_ms: i64,
}

/// Pictures that show the same slide with more and more on it are one, whose lines have each its own second.
fn slides(texts: &[TextOnScreen]) -> Vec<Slide> {
    let mut slides: Vec<Slide> = Vec::new();
    for shown in texts {
        let mut lines: Vec<SlideLine> = shown
            .text
            .lines()
            .map(|line| SlideLine {
                text: line.to_owned(),
                plain: line.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect(),
                start_ms: shown.start_ms,
            })
            .filter(|line| !line.plain.is_empty())
            .collect();
        if lines.is_empty() {
            continue;
        }
        let goes_on = |last: &&mut Slide| {
            let now: HashSet<&str> = lines.iter().map(|line| line.plain.as_str()).collect();
            let kept = last.lines.iter().filter(|line| now.contains(line.plain.as_str())).count();
            lines.len() >= last.lines.len() && kept as f64 >= SAME_SLIDE_SHARE * last.lines.len() as f64
        };
        match slides.last_mut().filter(goes_on) {
            Some(last) => {
                // Of lines that say the same, the first: of a map, what comes last stays.
                let came: HashMap<&str, i64> =
                    last.lines.iter().rev().map(|line| (line.plain.as_str(), line.start_ms)).collect();
                for line in &mut lines {
                    line.start_ms = came.get(line.plain.as_str()).copied().unwrap_or(line.start_ms);
                }
                *last = Slide { lines, end_ms: shown.end_ms };
            }
            None => slides.push(Slide { lines, end_ms: shown.end_ms }),
        }
    }
    slides
}

/// The passages of the slides, with moments that begin when what they say came.
pub(crate) fn passages(texts: &[TextOnScreen]) -> Vec<(ChunkDraft, Vec<Span>)> {
    let mut passages = Vec::new();
    for slide in slides(texts) {
        let inputs: Vec<ChunkInput> = slide
            .lines
            .iter()
            .enumerate()
            .map(|(segment_index, line)| ChunkInput {
                segment_index,
                start_ms: line.start_ms,
                end_ms: line.start_ms,
                speaker: None,
                text: line.text.clone(),
            })
            .collect();
        for mut draft in chunk(&inputs, OPTIONS) {
            draft.end_ms = slide.end_ms.max(draft.end_ms);
            let spans = moments(&draft.spans, draft.end_ms);
            passages.push((draft, spans));
        }
    }
    passages
}

/// Joins lines that came at once, which stay until `end_ms`.
fn moments(lines: &[ChunkSpan], end_ms: i64) -> Vec<Span> {
    let mut moments: Vec<Span> = Vec::new();
    for line in lines {
        let joins = |last: &&mut Span| {
            last.start_ms == line.start_ms && last.char_end - last.char_start < CHARS_ENOUGH
        };
        match moments.last_mut().filter(joins) {
            Some(last) => last.char_end = line.char_end,
            None => moments.push(Span {
                char_start: line.char_start,
                char_end: line.char_end,
                start_ms: line.start_ms,
                end_ms,
                speaker: None,
            }),
        }
    }
    moments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moments::text_of;

    fn shown(start_ms: i64, end_ms: i64, text: &str) -> TextOnScreen {
        TextOnScreen { start_ms, end_ms, text: text.to_owned() }
    }

    #[test]
    fn a_slide_that_grows_is_one_passage_whose_lines_have_their_own_seconds() {
        let texts = [
            shown(0, 4_000, "Path Expressions"),
            shown(4_000, 9_000, "Path Expressions\nImplicit iteration"),
            // Recognition is not always of one mind about signs.
            shown(9_000, 20_000, "Path Expressions.\n* Implicit iteration\nA standalone step"),
            shown(20_000, 25_000, "Questions?"),
        ];
        let found = passages(&texts);
        assert_eq!(found.len(), 2, "{found:#?}");
        let (draft, spans) = &found[0];
        assert_eq!((draft.start_ms, draft.end_ms), (0, 20_000));
        let said: Vec<(String, i64, i64)> =
            spans.iter().map(|span| (text_of(&draft.text, span), span.start_ms, span.end_ms)).collect();
        assert_eq!(
            said,
            [
                ("Path Expressions.".to_owned(), 0, 20_000),
                ("* Implicit iteration".to_owned(), 4_000, 20_000),
                ("A standalone step".to_owned(), 9_000, 20_000)
            ]
        );
        assert_eq!(found[1].0.text, "Questions?");
        assert!(passages(&[shown(0, 1, " \n"), shown(1, 2, "")]).is_empty());
    }
}
