//! The pictures a video consists of, such as its slides, and what is written on them.

use super::{Input, MediaEngine, TextReader, begin_holding, control, media_failure};
use crate::{
    contents::give_up,
    keys,
    model::AssetStep,
    store::{self as sql, NewKeyFrame},
};
use async_trait::async_trait;
use memoreel_images::geometry::Size;
use memoreel_kernel::Event;
use memoreel_media::{KeyFrame, KeyFramePictures, distance};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use std::path::Path;

/// Of a longer or livelier video, what comes later has no key frames.
const FRAMES_MAX: usize = 2_000;
/// Pictures without text whose hashes differ in so many bits at most look alike: the same camera at another moment.
const ALIKE_BITS_MAX: u32 = 10;

/// Finds key frames, and reads them.
#[derive(Debug)]
pub struct KeyFrames {
    /// ffmpeg and the store.
    pub engine: MediaEngine,
    /// Looks for text.
    pub reader: TextReader,
}

#[async_trait]
impl Handle for KeyFrames {
    const KIND: &'static str = "key_frames";
    const CONCURRENCY: usize = 1;
    type Payload = AssetStep;

    async fn run(&self, run: &TaskRun, step: AssetStep) -> Result<Finished, TaskFailure> {
        let input = self.engine.input(run, step).await?;
        let work = async |folder: &Path| self.look(run, &input, folder).await;
        let (frames, picture_bytes) = self.engine.in_folder(work).await?;
        let mut tx = begin_holding(run, step.asset_id).await?;
        if !sql::replace_key_frames(&mut tx, step.asset_id, &frames, picture_bytes).await? {
            return give_up(run, tx).await;
        }
        let AssetStep { video_id, asset_id } = step;
        run.finish(tx, &[Event::KeyFramesReady { video_id, asset_id }]).await
    }
}

impl KeyFrames {
    /// Finds the key frames, reads them and stores their pictures; returns how many bytes those take.
    async fn look(
        &self,
        run: &TaskRun,
        input: &Input,
        folder: &Path,
    ) -> Result<(Vec<NewKeyFrame>, u64), TaskFailure> {
        let (ffmpeg, path) = (&self.engine.ffmpeg, input.file.path());
        let frames = ffmpeg
            .key_frames(path, &input.probe, FRAMES_MAX, &control(run, 0.0, 0.35))
            .await
            .map_err(media_failure)?;
        let pictures = ffmpeg
            .key_frame_pictures(path, &input.probe, &frames, folder, &control(run, 0.35, 0.6))
            .await
            .map_err(media_failure)?;
        let read = self.read(run, folder, frames, &pictures).await?;
        let mut picture_bytes = 0;
        if !read.is_empty() {
            picture_bytes = self.engine.store_folder(&input.recording.frames(), folder).await?;
        }
        Ok((read, picture_bytes))
    }

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
                let jpeg = tokio::fs::read(folder.join(&picture.large_file)).await?;
                let size = Size { width: picture.width, height: picture.height };
                match self.reader.read(run, &jpeg, size).await? {
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
}
