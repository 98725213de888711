//! Images in worker processes.

use crate::{
    Described, Header, ImageError, ImageLimits, InputFormat, Made, OutputFormat, Transform,
    geometry::{self, Size},
    protocol::{Answer, Job, Make, Pixels, Report, Start},
};
use memoreel_parts::ImagePart;
use memoreel_workers::{Pool, PoolLimits, WorkError};
use std::ffi::OsString;
use std::sync::Arc;

/// What is large is refused rather than spilled to a disk; and one arena for all threads: memory that one frees is there for the
/// others.
const ENVIRONMENT: &[(&str, &str)] = &[("VIPS_DISC_THRESHOLD", "1024g"), ("MALLOC_ARENA_MAX", "2")];

/// Looks at images and makes others of them, in worker processes. Cheap to clone; the clones share the workers.
#[derive(Debug, Clone)]
pub struct Images {
    workers: Pool<Start>,
    limits: Arc<ImageLimits>,
}

impl Images {
    /// `command` runs [`crate::image_worker_main`]. Nothing is started yet.
    #[must_use]
    pub fn new(command: Vec<OsString>, part: ImagePart, limits: ImageLimits) -> Self {
        Self::with(command, Some(part), limits)
    }

    /// Refuses everything, for describing the API on a machine without the part.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::with(Vec::new(), None, ImageLimits::default())
    }

    fn with(command: Vec<OsString>, part: Option<ImagePart>, limits: ImageLimits) -> Self {
        let start = part.map(|part| Start {
            vips: part.vips,
            heif: part.heif,
            de265: part.de265,
            memory_bytes: limits.memory_bytes,
            threads: u32::try_from(limits.threads).unwrap_or(1),
            limits: Pixels { pixels_max: limits.pixels_max, side_max: limits.side_max },
        });
        let of_pool = PoolLimits {
            wall_time: limits.wall_time,
            workers: limits.workers,
            waiting_max: limits.waiting_max,
        };
        let workers = Pool::new("image worker", command, ENVIRONMENT, start, of_pool);
        Self { workers, limits: Arc::new(limits) }
    }

    /// What is accepted.
    #[must_use]
    pub fn limits(&self) -> &ImageLimits {
        &self.limits
    }

    /// Decodes an image and says what it is.
    ///
    /// # Errors
    /// [`ImageError`]; the header is held against the limits before anything is decoded.
    pub async fn describe(&self, bytes: &[u8]) -> Result<Described, ImageError> {
        let header = Header::read(bytes, &self.limits)?;
        let job =
            Job::Describe { is_heic: header.format == InputFormat::Heic, is_animated: header.frames > 1 };
        match self.turn().await?.work(&job, bytes).await? {
            (Report::Described(seen), _) => Ok(Described {
                header,
                size: seen.size,
                orientation: seen.orientation,
                has_alpha: seen.has_alpha,
                colour_space: seen.colours.as_str(),
                frames: seen.frames,
                thumbhash: seen.thumbhash,
            }),
            (Report::Made(_), _) => Err(unexpected()),
        }
    }

    /// Makes `transform` of an image, when a worker is free. `size` is how large it is when it lies upright, as [`Images::describe`] said;
    /// `format` is what the transform's wish came to.
    ///
    /// # Errors
    /// [`ImageError`].
    pub async fn make(
        &self,
        bytes: &[u8],
        size: Size,
        transform: &Transform,
        format: OutputFormat,
    ) -> Result<Made, ImageError> {
        self.turn().await?.make(bytes, size, transform, format).await
    }

    /// Waits for a worker to be free, for whoever reads a file only when its turn has come.
    ///
    /// # Errors
    /// [`ImageError::Busy`] when too many wait already.
    pub async fn turn(&self) -> Result<Turn<'_>, ImageError> {
        Ok(Turn { turn: self.workers.turn().await?, limits: &self.limits })
    }
}

/// A worker that is free until this is dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    turn: memoreel_workers::Turn<'a, Start>,
    limits: &'a ImageLimits,
}

impl Turn<'_> {
    /// As [`Images::make`].
    ///
    /// # Errors
    /// [`ImageError`].
    pub async fn make(
        &self,
        bytes: &[u8],
        size: Size,
        transform: &Transform,
        format: OutputFormat,
    ) -> Result<Made, ImageError> {
        let limits = self.limits;
        let header = Header::read(bytes, limits)?;
        let settled = transform.clone().settled();
        let plan = geometry::plan(size, &settled);
        let is_animated = header.frames > 1 && format.is_animated();
        let frames = if is_animated { header.frames } else { 1 };
        limits.check(&plan, frames)?;
        format.check(plan.result())?;
        let job = Job::Make(Make {
            is_heic: header.format == InputFormat::Heic,
            plan,
            flip: settled.flip,
            rotate: settled.rotate,
            blur: settled.blur,
            sharpen: settled.sharpen,
            format,
            quality: settled.quality.unwrap_or_else(|| format.quality()),
            strip: settled.strip.unwrap_or(true),
            is_animated,
        });
        match self.work(&job, bytes).await? {
            (Report::Made(size), bytes) => Ok(Made { bytes, format, size }),
            (Report::Described(_), _) => Err(unexpected()),
        }
    }

    async fn work(&self, job: &Job, bytes: &[u8]) -> Result<(Report, Vec<u8>), ImageError> {
        let (answer, made): (Answer, Vec<u8>) = self.turn.ask(job, bytes).await?;
        answer.map(|report| (report, made))
    }
}

impl From<WorkError> for ImageError {
    fn from(error: WorkError) -> Self {
        match error {
            WorkError::Busy => Self::Busy,
            WorkError::TooCostly { detail } => Self::TooCostly { detail },
            WorkError::Unavailable { reason } => Self::Unavailable { reason },
        }
    }
}

fn unexpected() -> ImageError {
    ImageError::Unavailable { reason: "the worker answered something else".to_owned() }
}
