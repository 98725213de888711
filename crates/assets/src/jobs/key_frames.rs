//! The pictures a video consists of, such as its slides, and what is written on them.

use super::{MediaEngine, blob_failure, control, media_failure};
use crate::{
    keys,
    model::AssetStep,
    store::{self as sql, NewKeyFrame},
};
use async_trait::async_trait;
use memoreel_images::{FormatWish, Images, OutputFormat, Transform, geometry::Size};
use memoreel_kernel::Event;
use memoreel_media::{KeyFrame, KeyFramePictures, distance};
use memoreel_ocr::{Languages, Line, Ocr, OcrError};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use std::path::Path;

/// Of a longer or livelier video, what comes later has no key frames.
const FRAMES_MAX: usize = 2_000;
/// Text is looked for in pictures whose longer side has so many pixels at least: letters of small recordings are enlarged.
const OCR_SIDE_MIN: u32 = 1_600;
/// But no more than so many times, which adds nothing but work.
const OCR_ENLARGED_MAX: u32 = 5;
/// Lines of which tesseract is less sure are mostly specks, faces and leaves.
const CONFIDENCE_MIN: f32 = 0.6;
/// The longest text of a key frame, in characters.
const TEXT_CHARS_MAX: usize = 10_000;
/// Pictures without text whose hashes differ in so many bits at most look alike: the same camera at another moment.
const ALIKE_BITS_MAX: u32 = 10;

/// Finds key frames, and reads them.
#[derive(Debug)]
pub struct KeyFrames {
    /// ffmpeg and the store.
    pub engine: MediaEngine,
    /// Enlarge what text is looked for in.
    pub images: Images,
    /// Looks for text.
    pub ocr: Ocr,
    /// In these languages.
    pub languages: Languages,
}

#[async_trait]
impl Handle for KeyFrames {
    const KIND: &'static str = "key_frames";
    const CONCURRENCY: usize = 1;
    type Payload = AssetStep;

    async fn run(&self, run: &TaskRun, step: AssetStep) -> Result<Finished, TaskFailure> {
        let input = self.engine.input(run, step).await?;
        let folder = self.engine.scratch_folder()?;
        let (ffmpeg, path) = (&self.engine.ffmpeg, input.file.path());
        let frames = ffmpeg
            .key_frames(path, &input.probe, FRAMES_MAX, &control(run, 0.0, 0.35))
            .await
            .map_err(media_failure)?;
        let pictures = ffmpeg
            .key_frame_pictures(path, &input.probe, &frames, folder.path(), &control(run, 0.35, 0.6))
            .await
            .map_err(media_failure)?;
        let read = self.read(run, folder.path(), frames, &pictures).await?;

        let organization_id = run.caller().organization_id;
        let prefix = keys::frames(organization_id, step.asset_id);
        if !read.is_empty() {
            self.engine.store_folder(&prefix, folder.path()).await?;
        }
        let mut tx = run.begin().await?;
        if !sql::replace_key_frames(&mut tx, step.asset_id, &read).await? {
            drop(tx);
            self.engine.blobs.delete_prefix(&prefix).await.map_err(blob_failure)?;
            let tx = run.begin().await?;
            return run.finish(tx, &[]).await;
        }
        let AssetStep { video_id, asset_id } = step;
        run.finish(tx, &[Event::KeyFramesReady { video_id, asset_id }]).await
    }
}

impl KeyFrames {
    /// Reads the pictures in `folder` and gives those that are kept the names by which they are stored; the others go.
    async fn read(
        &self,
        run: &TaskRun,
        folder: &Path,
        mut frames: Vec<KeyFrame>,
        pictures: &[KeyFramePictures],
    ) -> Result<Vec<NewKeyFrame>, TaskFailure> {
        // Pictures come in the order in which they were looked at.
        frames.sort_by_key(|frame| frame.at_ms);
        let mut kept: Vec<NewKeyFrame> = Vec::with_capacity(frames.len());
        let mut can_read = true;
        let count = frames.len();
        for (number, (frame, picture)) in frames.into_iter().zip(pictures).enumerate() {
            let (text, confidence) = if can_read {
                match self.text(run, folder, picture).await? {
                    Some(read) => read,
                    None => {
                        can_read = false;
                        (String::new(), None)
                    }
                }
            } else {
                (String::new(), None)
            };
            run.progress(0.6 + 0.35 * (number + 1) as f32 / count as f32);
            let (large, small) = (folder.join(&picture.large_file), folder.join(&picture.small_file));
            let is_alike = |other: &&mut NewKeyFrame| {
                other.text.is_empty() && distance(other.hash, frame.hash) <= ALIKE_BITS_MAX
            };
            if let Some(same) = kept.iter_mut().rev().find(is_alike).filter(|_| text.is_empty()) {
                same.shown.extend(frame.shown);
                same.shown.sort_by_key(|showing| showing.start_ms);
                tokio::fs::remove_file(large).await?;
                tokio::fs::remove_file(small).await?;
                continue;
            }
            let start_ms = frame.start_ms();
            tokio::fs::rename(large, folder.join(keys::frame_file(start_ms))).await?;
            tokio::fs::rename(small, folder.join(keys::small_frame_file(start_ms))).await?;
            kept.push(NewKeyFrame {
                start_ms,
                shown: frame.shown,
                hash: frame.hash,
                text,
                confidence,
                width: picture.width,
                height: picture.height,
            });
        }
        kept.dedup_by_key(|frame| frame.start_ms);
        Ok(kept)
    }

    /// What is written on a picture and how sure that is; nothing where nobody can read here. A picture that cannot be read is one
    /// without text: the others are worth no less.
    async fn text(
        &self,
        run: &TaskRun,
        folder: &Path,
        picture: &KeyFramePictures,
    ) -> Result<Option<(String, Option<f32>)>, TaskFailure> {
        let jpeg = tokio::fs::read(folder.join(&picture.large_file)).await?;
        let size = Size { width: picture.width, height: picture.height };
        let side = size.width.max(size.height).max(1);
        let wanted = side.max(OCR_SIDE_MIN.min(side * OCR_ENLARGED_MAX));
        let transform = Transform {
            width: Some(wanted),
            height: Some(wanted),
            enlarge: Some(true),
            format: Some(FormatWish::Only(OutputFormat::Png)),
            ..Transform::default()
        };
        let reading = async {
            let png = match self.images.make(&jpeg, size, &transform, OutputFormat::Png).await {
                Ok(made) => made.bytes,
                Err(error) => {
                    let message = "The pictures of the recording could not be looked at for the moment.";
                    return Err(TaskFailure::transient(error.code(), message).caused_by(error));
                }
            };
            match self.ocr.read(&png, &self.languages).await {
                Ok(recognised) => Ok(Some(legible(&recognised.lines))),
                Err(OcrError::Unavailable { reason }) => {
                    tracing::error!(reason, "no text is looked for on screen");
                    Ok(None)
                }
                Err(error) => {
                    tracing::warn!(?error, "no text could be looked for in a picture of a video");
                    Ok(Some((String::new(), None)))
                }
            }
        };
        match run.cancelled().run_until_cancelled(reading).await {
            Some(read) => read,
            None => Err(TaskFailure::transient("cancelled", "Looking at the recording was stopped.")),
        }
    }
}

/// The lines that say something, and how sure they are on average.
fn legible(lines: &[Line]) -> (String, Option<f32>) {
    let says_something = |line: &&Line| {
        // Bullets, frames and textures are read as single letters and signs.
        line.confidence >= CONFIDENCE_MIN
            && line
                .text
                .split_whitespace()
                .any(|word| word.chars().filter(|c| c.is_alphanumeric()).count() >= 2)
    };
    let (mut text, mut letters, mut sure) = (String::new(), 0_usize, 0.0);
    for line in lines.iter().filter(says_something) {
        let length = line.text.chars().count();
        if letters + length > TEXT_CHARS_MAX {
            break;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line.text);
        letters += length;
        sure += line.confidence * length as f32;
    }
    let confidence = (letters > 0).then(|| (sure / letters as f32).clamp(0.0, 1.0));
    (text, confidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specks_are_no_text_and_letters_weigh_by_their_number() {
        let line = |text: &str, confidence: f32| Line {
            text: text.to_owned(),
            confidence,
            left: 0,
            top: 0,
            width: 1,
            height: 1,
            paragraph: 0,
        };
        let lines =
            [line("Path Expressions", 0.95), line("| = .", 0.9), line("wm aoe", 0.3), line("1970", 0.75)];
        let (text, confidence) = legible(&lines);
        assert_eq!(text, "Path Expressions\n1970");
        assert!((confidence.unwrap() - (0.95 * 16.0 + 0.75 * 4.0) / 20.0).abs() < 1e-6);
        assert_eq!(legible(&lines[1..3]), (String::new(), None));
    }
}
