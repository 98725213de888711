//! Speech to text and speakers with Moonshine (English), each recording in a process of its own, one at a time.

mod doubts;
mod levels;
mod lines;
mod listen;
mod moonshine;
mod pieces;
mod protocol;
mod sound;
mod text;
mod voices;
mod worker;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use memoreel_ai::wav::WavFile;
use memoreel_ai::{
    AiError, Diarize, DiarizeRequest, EngineName, Progress, Recognition, SpeakerTurn, Transcribe,
    TranscribeRequest,
};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use protocol::{Job, Report, Work};
pub use worker::speech_worker_main;

const ENGINE: &str = "moonshine";
const MODEL: &str = "tiny-en";
/// A worker may take this long, and beside it so many times as long as the recording.
const TIME_BASE: Duration = Duration::from_secs(300);
const TIME_FACTOR_TEXT: u32 = 3;
const TIME_FACTOR_VOICES: u32 = 12;
/// Longest line from a worker: hours of words.
const REPORT_BYTES_MAX: usize = 256 << 20;
/// How much of what the library prints is kept for the log.
const COMPLAINT_BYTES_MAX: u64 = 4 << 10;

/// Where the parts of the speech engine are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoonshinePaths {
    /// `libmoonshine.so`, with the libraries it needs where its run path says.
    pub library: PathBuf,
    /// `libonnxruntime.so`, which runs the models of voices.
    pub onnxruntime_library: PathBuf,
    /// The folder of the tiny English model.
    pub model_dir: PathBuf,
}

impl From<memoreel_parts::SpeechPart> for MoonshinePaths {
    fn from(part: memoreel_parts::SpeechPart) -> Self {
        Self {
            library: part.library,
            onnxruntime_library: part.onnxruntime_library,
            model_dir: part.model_dir,
        }
    }
}

/// Speech to text and speakers on this machine's processors.
#[derive(Debug, Clone)]
pub struct LocalSpeech {
    worker_command: Vec<OsString>,
    paths: MoonshinePaths,
    // The library uses all cores by itself: two at once gain nothing.
    turn: Arc<Semaphore>,
}

/// The last word of a worker.
enum Outcome {
    Heard(Recognition),
    Turns(Vec<SpeakerTurn>),
}

impl LocalSpeech {
    /// An engine whose workers are started with `worker_command`: a program that calls [`speech_worker_main`], and
    /// its arguments.
    #[must_use]
    pub fn new(worker_command: Vec<OsString>, paths: MoonshinePaths) -> Self {
        Self { worker_command, paths, turn: Arc::new(Semaphore::new(1)) }
    }

    /// An engine on the pinned runtime parts, unpacking them where that has not been done.
    ///
    /// # Errors
    /// `EngineMissing` where a part is missing.
    pub fn from_parts(worker_command: Vec<OsString>, parts: &memoreel_parts::Parts) -> Result<Self, AiError> {
        let part = parts.speech().map_err(|error| AiError::EngineMissing { missing: error.to_string() })?;
        Ok(Self::new(worker_command, part.into()))
    }

    async fn run(
        &self,
        audio: &Path,
        work: Work,
        cancel: &CancellationToken,
        progress: Progress<'_>,
    ) -> Result<Outcome, AiError> {
        let time_max = time_max(audio.to_owned(), work).await?;
        let ended = async {
            let _turn = self.turn.acquire().await.map_err(|error| crashed(error.to_string()))?;
            let mut child = self.start()?;
            let followed =
                tokio::time::timeout(time_max, self.follow(&mut child, audio, work, progress)).await;
            followed.unwrap_or_else(|_| Err(crashed(format!("it took longer than {} s", time_max.as_secs()))))
        };
        // Dropping the future kills the worker.
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(AiError::Cancelled),
            outcome = ended => outcome,
        }
    }

    fn start(&self) -> Result<Child, AiError> {
        let missing = |detail: String| AiError::EngineMissing { missing: detail };
        let (program, arguments) = self
            .worker_command
            .split_first()
            .ok_or_else(|| missing("the command of the speech worker".into()))?;
        Command::new(program)
            .args(arguments)
            // The worker runs foreign code on foreign sound: it needs none of the server's secrets.
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| missing(format!("the speech worker ({error})")))
    }

    /// Hands the worker its job and follows it to its end.
    async fn follow(
        &self,
        child: &mut Child,
        audio: &Path,
        work: Work,
        progress: Progress<'_>,
    ) -> Result<Outcome, AiError> {
        let (Some(mut stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(crashed("it has no pipes".into()));
        };
        let complaint = tokio::spawn(async move {
            let mut text = Vec::new();
            let mut stderr = stderr.take(COMPLAINT_BYTES_MAX);
            // Whatever was read before an error is still worth showing.
            let _ = stderr.read_to_end(&mut text).await;
            // The rest is read and thrown away, so that the worker never waits for a full pipe.
            let _ = tokio::io::copy(&mut stderr.into_inner(), &mut tokio::io::sink()).await;
            String::from_utf8_lossy(&text).trim().to_owned()
        });
        let job = Job {
            library: self.paths.library.clone(),
            onnxruntime_library: self.paths.onnxruntime_library.clone(),
            model_dir: self.paths.model_dir.clone(),
            audio: audio.to_owned(),
            work,
        };
        let mut line = serde_json::to_vec(&job).map_err(|error| crashed(error.to_string()))?;
        line.push(b'\n');
        // A worker that is already dead shows as one that says nothing. Its input stays open until it is done.
        let _ = stdin.write_all(&line).await;
        let outcome = listen(BufReader::new(stdout), progress).await?;
        let status = child.wait().await.map_err(|error| crashed(error.to_string()))?;
        drop(stdin);
        match outcome {
            Some(outcome) => outcome,
            None => {
                let complaint = complaint.await.unwrap_or_default();
                tracing::warn!(%status, complaint, "the speech worker died");
                Err(crashed(describe(status)))
            }
        }
    }
}

#[async_trait]
impl Transcribe for LocalSpeech {
    async fn transcribe(
        &self,
        request: TranscribeRequest<'_>,
        progress: Progress<'_>,
    ) -> Result<Recognition, AiError> {
        if request.language.is_some_and(|language| !language.to_ascii_lowercase().starts_with("en")) {
            return Err(AiError::LanguageUnsupported { supported: "English".into() });
        }
        let work = if request.identify_speakers { Work::TextAndVoices } else { Work::Text };
        match self.run(request.audio, work, &request.cancel, progress).await? {
            Outcome::Heard(recognition) => Ok(recognition),
            Outcome::Turns(_) => Err(crashed("it answered another question".into())),
        }
    }

    fn engine(&self) -> EngineName {
        EngineName { engine: ENGINE.into(), model: MODEL.into() }
    }
}

#[async_trait]
impl Diarize for LocalSpeech {
    async fn diarize(
        &self,
        request: DiarizeRequest<'_>,
        progress: Progress<'_>,
    ) -> Result<Vec<SpeakerTurn>, AiError> {
        match self.run(request.audio, Work::Voices, &request.cancel, progress).await? {
            Outcome::Turns(turns) => Ok(turns),
            Outcome::Heard(_) => Err(crashed("it answered another question".into())),
        }
    }
}

/// Reads reports until the worker closes its output; `None` where it never came to a result.
async fn listen(
    mut output: impl tokio::io::AsyncBufRead + Unpin,
    progress: Progress<'_>,
) -> Result<Option<Result<Outcome, AiError>>, AiError> {
    let mut line = Vec::new();
    let mut told = 0.0;
    loop {
        line.clear();
        let mut limited = (&mut output).take(REPORT_BYTES_MAX as u64);
        let count = limited.read_until(b'\n', &mut line).await.map_err(|error| crashed(error.to_string()))?;
        if count == 0 {
            return Ok(None);
        }
        match serde_json::from_slice(&line) {
            Ok(Report::Progress(share)) if share > told => {
                told = share.min(1.0);
                progress(told);
            }
            Ok(Report::Progress(_)) => {}
            Ok(Report::Heard(recognition)) => return Ok(Some(Ok(Outcome::Heard(recognition)))),
            Ok(Report::Turns(turns)) => return Ok(Some(Ok(Outcome::Turns(turns)))),
            Ok(Report::Failed(failure)) => return Ok(Some(Err(failure.into()))),
            // A line cut short by death.
            Err(_) => return Ok(None),
        }
    }
}

/// How long the work on a recording may take.
async fn time_max(audio: PathBuf, work: Work) -> Result<Duration, AiError> {
    let opened = tokio::task::spawn_blocking(move || WavFile::open(&audio)).await;
    let length = opened.map_err(|error| crashed(error.to_string()))??.duration_ms();
    let factor = if work == Work::Text { TIME_FACTOR_TEXT } else { TIME_FACTOR_VOICES };
    Ok(TIME_BASE + Duration::from_millis(length) * factor)
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match status.signal() {
        Some(signal) => format!("the speech worker was ended by signal {signal}"),
        None => format!("the speech worker ended without a result ({status})"),
    }
}

fn crashed(detail: String) -> AiError {
    AiError::EngineCrashed { detail }
}
