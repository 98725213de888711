//! What images and videos look like, small, as models are given pictures.

use super::blob_failure;
use crate::{
    keys::Recording,
    store::{self as sql, KeyFrameRow},
};
use axum::body::Bytes;
use memoreel_blob::{BlobError, BlobKey, BlobStore};
use memoreel_images::{FormatWish, Images, OutputFormat, Transform};
use memoreel_kernel::{AssetId, VideoId};
use memoreel_tasks::{TaskFailure, TaskRun};

/// The longer side, in pixels. Models make smaller ones of it yet.
const SIDE_MAX: u32 = 512;
/// Of a video with more key frames, so many stand for all of them, from its beginning to its end.
const MOMENTS_MAX: usize = 200;
/// A small picture of a key frame is never so large.
const FRAME_BYTES_MAX: u64 = 1 << 20;

/// Makes small pictures of images, and finds those of videos.
#[derive(Debug, Clone)]
pub struct SmallPictures {
    /// Make them smaller.
    pub images: Images,
    /// The store.
    pub blobs: BlobStore,
}

/// A moment of a video of which there is a picture.
#[derive(Debug, Clone)]
pub struct PicturedMoment {
    /// When the picture is shown first.
    pub start_ms: i64,
    /// Until when, that time.
    pub end_ms: i64,
    blob_key: BlobKey,
}

impl SmallPictures {
    /// What an image that is ready and not in the bin looks like, as a JPEG. Nothing where nobody can make one of it.
    ///
    /// # Errors
    /// When the file cannot be had at the moment, or nobody can look at it now.
    pub async fn of_image(&self, run: &TaskRun, id: AssetId) -> Result<Option<Bytes>, TaskFailure> {
        let mut tx = run.begin().await?;
        let source = sql::find_source(&mut tx, id, None).await?;
        drop(tx);
        let Some(source) = source else { return Ok(None) };
        let key: BlobKey = source.blob_key.parse().map_err(TaskFailure::internal)?;
        let Some(file) = self.file(&key, self.images.limits().bytes_max).await? else { return Ok(None) };
        let transform = Transform {
            width: Some(SIDE_MAX),
            height: Some(SIDE_MAX),
            format: Some(FormatWish::Only(OutputFormat::Jpeg)),
            ..Transform::default()
        };
        let making = self.images.make(&file, source.size(), &transform, OutputFormat::Jpeg);
        match run.cancelled().run_until_cancelled(making).await {
            Some(Ok(made)) => Ok(Some(made.bytes.into())),
            Some(Err(error)) if error.is_permanent() => {
                tracing::warn!(%error, asset_id = %id, "no small picture could be made of an image");
                Ok(None)
            }
            Some(Err(error)) => {
                let message = "The picture could not be looked at for the moment.";
                Err(TaskFailure::transient(error.code(), message).caused_by(error))
            }
            None => Err(TaskFailure::transient("cancelled", "Looking at a picture was stopped.")),
        }
    }

    /// The moments of a video that is not in the bin of which there are pictures: its key frames.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn moments(&self, run: &TaskRun, id: VideoId) -> Result<Vec<PicturedMoment>, TaskFailure> {
        let mut tx = run.begin().await?;
        let Some(Some(recording)) = sql::find_recording(&mut tx, id).await? else { return Ok(Vec::new()) };
        let rows = sql::list_key_frames(&mut tx, recording.asset_id, -1, i64::MAX).await?;
        drop(tx);
        let places = spread(rows.len(), MOMENTS_MAX);
        Ok(places.filter_map(|place| rows.get(place)).map(|row| moment(recording, row)).collect())
    }

    /// What it looks like, as a JPEG; nothing where the picture is gone.
    ///
    /// # Errors
    /// When the file cannot be had at the moment.
    pub async fn at(&self, moment: &PicturedMoment) -> Result<Option<Bytes>, TaskFailure> {
        self.file(&moment.blob_key, FRAME_BYTES_MAX).await
    }

    async fn file(&self, key: &BlobKey, size_bytes_max: u64) -> Result<Option<Bytes>, TaskFailure> {
        match self.blobs.get_bytes(key, size_bytes_max).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(BlobError::NotFound { .. } | BlobError::TooLarge { .. }) => Ok(None),
            Err(error) => Err(blob_failure(error)),
        }
    }
}

fn moment(recording: Recording, row: &KeyFrameRow) -> PicturedMoment {
    let end_ms = row.shown.0.first().map_or(row.start_ms, |first| first.end_ms.cast_signed());
    PicturedMoment {
        start_ms: row.start_ms,
        end_ms: end_ms.max(row.start_ms),
        blob_key: recording.small_frame(row.start_ms.cast_unsigned()),
    }
}

/// At most so many places of `len`, as far from each other as they can be; all where they are few.
fn spread(len: usize, count_max: usize) -> impl Iterator<Item = usize> {
    let count = len.min(count_max);
    (0..count).map(move |number| number * len / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_taken_whole_and_of_many_some_from_the_beginning_to_the_end() {
        let places = |len, count_max| spread(len, count_max).collect::<Vec<usize>>();
        assert_eq!(places(0, 3), Vec::<usize>::new());
        assert_eq!(places(3, 3), [0, 1, 2]);
        assert_eq!(places(4, 3), [0, 1, 2]);
        assert_eq!(places(10, 3), [0, 3, 6]);
        assert_eq!(places(2_000, 200).last(), Some(&1_990));
    }
}
