//! The server's side: workers that are started when needed, kept, and replaced when they die or take too long.

use crate::{
    Described, Header, ImageError, ImageLimits, InputFormat, Made, OutputFormat, Transform,
    geometry::{self, Size},
    protocol::{Answer, Job, Make, Pixels, Report, Start, frame_head, lengths},
};
use memoreel_parts::ImagePart;
use std::ffi::OsString;
use std::io;
use std::os::fd::AsRawFd;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Semaphore, SemaphorePermit};

/// A worker is replaced after so many jobs, so that what libraries leak stays small.
const JOBS_MAX: u32 = 1_000;
/// What Linux lets everybody have.
const PIPE_BYTES: libc::c_int = 1 << 20;
/// Workers that had nothing to do for so long end, and give back the memory that large images took.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// How long a worker whose answer broke off takes to end at most.
const ENDED_WITHIN: Duration = Duration::from_secs(1);

/// Looks at images and makes others of them, in worker processes. Cheap to clone; the clones share the workers.
#[derive(Clone)]
pub struct Images(Arc<Pool>);

struct Pool {
    command: Vec<OsString>,
    part: Option<ImagePart>,
    limits: ImageLimits,
    permits: Semaphore,
    waiting: AtomicUsize,
    idle: Mutex<Vec<Worker>>,
    /// Whether somebody will look for idle workers.
    is_swept: AtomicBool,
}

struct Worker {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    jobs: u32,
    idle_since: Instant,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Images {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Images").field("limits", &self.0.limits).finish_non_exhaustive()
    }
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
        let permits = Semaphore::new(limits.workers);
        let (waiting, idle) = (AtomicUsize::new(0), Mutex::default());
        let is_swept = AtomicBool::new(false);
        Self(Arc::new(Pool { command, part, limits, permits, waiting, idle, is_swept }))
    }

    /// What is accepted.
    #[must_use]
    pub fn limits(&self) -> &ImageLimits {
        &self.0.limits
    }

    /// Decodes an image and says what it is.
    ///
    /// # Errors
    /// [`ImageError`]; the header is held against the limits before anything is decoded.
    pub async fn describe(&self, bytes: &[u8]) -> Result<Described, ImageError> {
        let header = Header::read(bytes, &self.0.limits)?;
        let job =
            Job::Describe { is_heic: header.format == InputFormat::Heic, is_animated: header.frames > 1 };
        let _turn = self.turn().await?;
        match self.0.work(&job, bytes).await? {
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
        Ok(Turn { _permit: self.0.turn().await?, pool: &self.0 })
    }
}

/// A worker that is free until this is dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    _permit: SemaphorePermit<'a>,
    pool: &'a Arc<Pool>,
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
        let limits = &self.pool.limits;
        let header = Header::read(bytes, limits)?;
        let settled = transform.clone().settled();
        let plan = geometry::plan(size, &settled);
        let is_animated = header.frames > 1 && format.is_animated();
        let frames = if is_animated { header.frames } else { 1 };
        if plan.scaled.pixels() * u64::from(frames) > limits.pixels_max {
            return Err(ImageError::too_large("the result would have too many pixels"));
        }
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
        match self.pool.work(&job, bytes).await? {
            (Report::Made(size), bytes) => Ok(Made { bytes, format, size }),
            (Report::Described(_), _) => Err(unexpected()),
        }
    }
}

fn unexpected() -> ImageError {
    ImageError::Unavailable { reason: "the worker answered something else".to_owned() }
}

impl Pool {
    /// Has a worker do it; whoever calls this holds a permit.
    async fn work(self: &Arc<Self>, job: &Job, bytes: &[u8]) -> Result<(Report, Vec<u8>), ImageError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut worker = match idle {
            Some(worker) => worker,
            None => self.start().await?,
        };
        // A worker that is dropped on the way, because whoever asked is gone or time is up, is killed.
        let answer = match tokio::time::timeout(self.limits.wall_time, worker.answer(job, bytes)).await {
            Err(_) => {
                return Err(ImageError::TooCostly { detail: format!("it took {:?}", self.limits.wall_time) });
            }
            Ok(Err(error)) => {
                // It has ended, or says what it must not; either way it goes.
                let ended = tokio::time::timeout(ENDED_WITHIN, worker.child.wait()).await;
                let ended = ended.map_or_else(
                    |_| "it was killed".to_owned(),
                    |status| status.map_or_else(|error| error.to_string(), |status| status.to_string()),
                );
                tracing::warn!(%error, ended, "an image worker died");
                return Err(ImageError::TooCostly { detail: ended });
            }
            Ok(Ok(answer)) => answer,
        };
        worker.jobs += 1;
        if worker.jobs < JOBS_MAX {
            worker.idle_since = Instant::now();
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
            self.sweep_later();
        }
        let (answer, made) = answer;
        answer.map(|report| (report, made))
    }

    /// Looks for idle workers until there are none.
    fn sweep_later(self: &Arc<Self>) {
        if self.is_swept.swap(true, Ordering::Relaxed) {
            return;
        }
        let pool = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(IDLE_MAX).await;
                let Some(pool) = pool.upgrade() else { return };
                let mut idle = pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
                idle.retain(|worker| worker.idle_since.elapsed() < IDLE_MAX);
                // Who is at work now looks for itself afterwards.
                if idle.is_empty() {
                    pool.is_swept.store(false, Ordering::Relaxed);
                    return;
                }
            }
        });
    }

    /// Waits for a worker to be free, unless too many wait.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, ImageError> {
        struct Waiting<'a>(&'a AtomicUsize);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        if let Ok(permit) = self.permits.try_acquire() {
            return Ok(permit);
        }
        let ahead = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if ahead >= self.limits.waiting_max {
            return Err(ImageError::Busy);
        }
        self.permits.acquire().await.map_err(|_| ImageError::Busy)
    }

    async fn start(&self) -> Result<Worker, ImageError> {
        let unavailable = |error: io::Error| ImageError::Unavailable { reason: error.to_string() };
        let (Some(part), Some((program, arguments))) = (&self.part, self.command.split_first()) else {
            return Err(ImageError::Unavailable { reason: "this server has no image part".to_owned() });
        };
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .env_clear()
            // What is large is refused rather than spilled to a disk.
            .env("VIPS_DISC_THRESHOLD", "1024g")
            // One arena for all threads: memory that one frees is there for the others.
            .env("MALLOC_ARENA_MAX", "2")
            .spawn()
            .map_err(unavailable)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(unexpected());
        };
        widen(&input);
        widen(&output);
        let mut worker = Worker { child, input, output, jobs: 0, idle_since: Instant::now() };
        let limits = &self.limits;
        let start = Start {
            vips: part.vips.clone(),
            heif: part.heif.clone(),
            de265: part.de265.clone(),
            memory_bytes: limits.memory_bytes,
            threads: u32::try_from(limits.threads).unwrap_or(1),
            limits: Pixels { pixels_max: limits.pixels_max, side_max: limits.side_max },
        };
        let head = frame_head(&start, 0).map_err(unavailable)?;
        worker.input.write_all(&head).await.map_err(unavailable)?;
        Ok(worker)
    }
}

/// As large a pipe as anybody may have, so that an image passes with few changes between the two sides. Where that is not allowed,
/// it passes in smaller pieces.
#[expect(unsafe_code, reason = "the size of a pipe has no safe interface")]
fn widen(pipe: &impl AsRawFd) {
    #[cfg(target_os = "linux")]
    // SAFETY: the descriptor is open, and nothing but numbers is handed over.
    unsafe {
        libc::fcntl(pipe.as_raw_fd(), libc::F_SETPIPE_SZ, PIPE_BYTES);
    }
}

impl Worker {
    async fn answer(&mut self, job: &Job, bytes: &[u8]) -> io::Result<(Answer, Vec<u8>)> {
        self.input.write_all(&frame_head(job, bytes.len())?).await?;
        self.input.write_all(bytes).await?;
        self.input.flush().await?;
        let mut head = [0; 12];
        self.output.read_exact(&mut head).await?;
        let (header, made) = lengths(head, u64::MAX)?;
        let mut buffer = vec![0; header];
        self.output.read_exact(&mut buffer).await?;
        let answer = serde_json::from_slice(&buffer)?;
        let mut content = Vec::new();
        (&mut self.output).take(made as u64).read_to_end(&mut content).await?;
        if content.len() != made {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        Ok((answer, content))
    }
}
