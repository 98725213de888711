//! What images, videos and documents look like, small, as models are given pictures.

use super::blob_failure;
use crate::{
    keys::Recording,
    store::{self as sql, KeyFrameRow, PictureOfPage},
};
use axum::body::Bytes;
use memoreel_blob::{BlobError, BlobKey, BlobStore};
use memoreel_db::TenantTx;
use memoreel_images::{FormatWish, Images, OutputFormat, Transform, geometry::Size};
use memoreel_kernel::{AssetId, Pictured, VideoId};
use memoreel_tasks::{TaskFailure, TaskRun};

/// The longer side, in pixels. Models make smaller ones of it yet.
const SIDE_MAX: u32 = 512;
/// Of a video or document with more of them, so many pictures stand for all, from its beginning to its end.
const PICTURES_MAX: usize = 200;
/// A small picture of a key frame is never so large.
const SMALL_BYTES_MAX: u64 = 1 << 20;
/// A page with fewer characters says nearly nothing: it is a photograph or a drawing, perhaps with a number or a line below.
pub const PAGE_CHARS_MIN: i32 = 100;

/// Makes small pictures, or finds those that there are.
#[derive(Debug, Clone)]
pub struct SmallPictures {
    /// Make them smaller.
    pub images: Images,
    /// The store.
    pub blobs: BlobStore,
}

/// Something that can be looked at.
#[derive(Debug, Clone)]
pub struct Sight {
    /// In a video, when it is shown first; 0 elsewhere.
    pub start_ms: i64,
    /// Until when, that time.
    pub end_ms: i64,
    /// In a document, on which page.
    pub page_number: Option<i32>,
    blob_key: BlobKey,
    /// Of what has to be made smaller, how large it is.
    size: Option<Size>,
}

/// All that can be looked at of one thing.
#[derive(Debug, Clone)]
pub struct Sights {
    /// Of which of its files: 1 is the first, and each that replaces another is one more.
    pub version: i32,
    /// One by one, in order.
    pub all: Vec<Sight>,
}

impl SmallPictures {
    /// An image that is ready and not in the bin, to be looked at.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn image(&self, run: &TaskRun, id: AssetId) -> Result<Option<Sights>, TaskFailure> {
        let mut tx = run.begin().await?;
        let Some(source) = sql::find_source(&mut tx, id, None).await? else { return Ok(None) };
        let blob_key = source.blob_key.parse().map_err(TaskFailure::internal)?;
        let sight = Sight { start_ms: 0, end_ms: 0, page_number: None, blob_key, size: Some(source.size()) };
        Ok(Some(Sights { version: source.version, all: vec![sight] }))
    }

    /// The key frames of a video that is not in the bin.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn moments(&self, run: &TaskRun, id: VideoId) -> Result<Option<Sights>, TaskFailure> {
        let mut tx = run.begin().await?;
        let Some(Some(recording)) = sql::find_recording(&mut tx, id).await? else { return Ok(None) };
        let rows = sql::list_key_frames(&mut tx, recording.asset_id, -1, i64::MAX).await?;
        let all = spread(&rows).map(|row| moment(recording, row)).collect();
        Ok(Some(Sights { version: recording.version, all }))
    }

    /// The pages of a document that is ready and not in the bin which have a picture and nearly no text.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn pages(&self, run: &TaskRun, id: AssetId) -> Result<Option<Sights>, TaskFailure> {
        let mut tx = run.begin().await?;
        let rows = sql::pages_without_text(&mut tx, id, PAGE_CHARS_MIN).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let all = spread(&rows).map(page).collect::<Result<Vec<Sight>, TaskFailure>>()?;
        Ok(Some(Sights { version: first.version, all }))
    }

    /// Whether these are still there to be looked at. A document that is read again has other pages of the same file, which may show
    /// something else under the same numbers. Whoever calls this holds what they are of.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn are_there(tx: &mut TenantTx, of: Pictured, sights: &Sights) -> Result<bool, sqlx::Error> {
        let Pictured::Document(id) = of else { return Ok(true) };
        let rows = sql::pages_without_text(tx, id, PAGE_CHARS_MIN).await?;
        let now = spread(&rows).map(|row| row.image_key.as_str());
        Ok(now.eq(sights.all.iter().map(|sight| sight.blob_key.as_str())))
    }

    /// What it looks like, as a JPEG; nothing where its file is gone or shows nothing.
    ///
    /// # Errors
    /// When the file cannot be had at the moment, or nobody can look at it now.
    pub async fn look(&self, run: &TaskRun, sight: &Sight) -> Result<Option<Bytes>, TaskFailure> {
        let size_bytes_max =
            if sight.size.is_some() { self.images.limits().bytes_max } else { SMALL_BYTES_MAX };
        let file = match self.blobs.get_bytes(&sight.blob_key, size_bytes_max).await {
            Ok(file) => file,
            Err(BlobError::NotFound { .. } | BlobError::TooLarge { .. }) => return Ok(None),
            Err(error) => return Err(blob_failure(error)),
        };
        let Some(size) = sight.size else { return Ok(Some(file)) };
        let transform = Transform {
            width: Some(SIDE_MAX),
            height: Some(SIDE_MAX),
            format: Some(FormatWish::Only(OutputFormat::Jpeg)),
            ..Transform::default()
        };
        let making = self.images.make(&file, size, &transform, OutputFormat::Jpeg);
        match run.cancelled().run_until_cancelled(making).await {
            Some(Ok(made)) => Ok(Some(made.bytes.into())),
            Some(Err(error)) if error.is_permanent() => {
                tracing::warn!(%error, "no small picture could be made");
                Ok(None)
            }
            Some(Err(error)) => {
                let message = "The picture could not be looked at for the moment.";
                Err(TaskFailure::transient(error.code(), message).caused_by(error))
            }
            None => Err(TaskFailure::transient("cancelled", "Looking at a picture was stopped.")),
        }
    }
}

fn moment(recording: Recording, row: &KeyFrameRow) -> Sight {
    let end_ms = row.shown.0.first().map_or(row.start_ms, |first| first.end_ms.cast_signed());
    Sight {
        start_ms: row.start_ms,
        end_ms: end_ms.max(row.start_ms),
        page_number: None,
        blob_key: recording.small_frame(row.start_ms.cast_unsigned()),
        size: None,
    }
}

fn page(row: &PictureOfPage) -> Result<Sight, TaskFailure> {
    Ok(Sight {
        start_ms: 0,
        end_ms: 0,
        page_number: Some(row.page_number),
        blob_key: row.image_key.parse().map_err(TaskFailure::internal)?,
        size: Some(Size { width: row.width.cast_unsigned(), height: row.height.cast_unsigned() }),
    })
}

/// At most [`PICTURES_MAX`] of them, as far from each other as they can be; all where they are few.
fn spread<T>(all: &[T]) -> impl Iterator<Item = &T> {
    let count = all.len().min(PICTURES_MAX);
    (0..count).filter_map(move |number| all.get(number * all.len() / count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_taken_whole_and_of_many_some_from_the_beginning_to_the_end() {
        let places = |len: usize| {
            let all: Vec<usize> = (0..len).collect();
            spread(&all).copied().collect::<Vec<usize>>()
        };
        assert_eq!(places(0), Vec::<usize>::new());
        assert_eq!(places(3), [0, 1, 2]);
        assert_eq!(places(PICTURES_MAX), (0..PICTURES_MAX).collect::<Vec<usize>>());
        let some = places(PICTURES_MAX * 10);
        assert_eq!((some.len(), some[0], some[1], some[PICTURES_MAX - 1]), (PICTURES_MAX, 0, 10, 1_990));
    }
}
