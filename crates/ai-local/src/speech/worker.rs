//! The speech worker: a process that does one job and ends. It holds the speech library, so that a crash of the
//! library stays here and its memory goes back to the system.

use std::fs::File;
use std::io::{BufRead as _, Read as _, Write};
use std::process::ExitCode;

use memoreel_ai::wav::WavFile;
use memoreel_ai::{AiError, EngineName, Recognition, assign_speakers};

use super::listen::{Ears, keep_english};
use super::moonshine::Moonshine;
use super::protocol::{Job, Report, Work};
use super::sound::{Channels, choose_channels};
use super::voices;
use super::{ENGINE, MODEL};

/// The longest job line that is read.
const JOB_BYTES_MAX: u64 = 64 << 10;
/// Share of the time that the text takes where voices are told apart as well.
const TEXT_SHARE: f32 = 0.2;

/// Reads one job from standard input, does it, and reports on standard output. The binary calls this where it is
/// run with the hidden verb `speech-worker`, before it starts anything else.
///
/// The process ends when standard input closes, so that it never outlives the server that started it.
#[must_use]
pub fn speech_worker_main() -> ExitCode {
    let Ok(mut out) = private_output() else { return ExitCode::FAILURE };
    let mut line = String::new();
    let read = std::io::stdin().lock().take(JOB_BYTES_MAX).read_line(&mut line);
    let (Ok(_), Ok(job)) = (read, serde_json::from_str::<Job>(&line)) else {
        return ExitCode::FAILURE;
    };
    std::thread::spawn(end_with_input);
    let last = match work(&job, &mut out) {
        Ok(report) => report,
        Err(error) => Report::Failed(error.into()),
    };
    // The library's threads and destructors have nothing left to do that is worth the risk of a crash.
    let code = if report(&mut out, &last) { 0 } else { 1 };
    std::process::exit(code);
}

fn work(job: &Job, out: &mut File) -> Result<Report, AiError> {
    let mut wav = WavFile::open(&job.audio)?;
    let missing = |detail: String| AiError::EngineMissing { missing: detail };
    let library = Moonshine::load(&job.library).map_err(missing)?;
    let channels = choose_channels(&mut wav)?;
    if job.work == Work::Voices {
        let turns = voices::turns(&library, job, &mut wav, channels, &mut |done| {
            report(out, &Report::Progress(done));
        })?;
        return Ok(Report::Turns(turns));
    }
    let tells_apart = job.work == Work::TextAndVoices && channels == Channels::Mixed;
    let share = if tells_apart { TEXT_SHARE } else { 1.0 };
    let mut segments = hear(job, &library, &mut wav, channels, &mut |done| {
        report(out, &Report::Progress(done * share));
    })?;
    // Where each channel has its own voice, the lines say who speaks.
    let mut turns = Vec::new();
    if tells_apart {
        turns = voices::turns(&library, job, &mut wav, channels, &mut |done| {
            report(out, &Report::Progress(share + done * (1.0 - share)));
        })?;
        segments = assign_speakers(segments, &turns);
    }
    let engine = EngineName { engine: ENGINE.into(), model: MODEL.into() };
    let language = (!segments.is_empty()).then(|| "en".to_owned());
    Ok(Report::Heard(Recognition { language, engine, segments, turns }))
}

fn hear(
    job: &Job,
    library: &Moonshine,
    wav: &mut WavFile,
    channels: Channels,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<memoreel_ai::RecognizedSegment>, AiError> {
    let count = if channels == Channels::Apart { 2 } else { 1 };
    let seconds = (wav.duration_ms() as f32 / 1_000.0).max(0.001);
    let mut ears = Ears::open(library, &job.model_dir)?;
    let mut heard = Vec::new();
    for channel in 0..count {
        let mut pieces = ears.hear(wav, channels, channel, &mut |done| {
            progress(((channel as f32 + done / seconds) / count as f32).min(1.0));
        })?;
        if channels == Channels::Apart && job.work == Work::TextAndVoices {
            let segments = pieces.iter_mut().flat_map(|piece| &mut piece.segments);
            segments.for_each(|segment| segment.speaker = u32::try_from(channel).ok());
        }
        heard.append(&mut pieces);
    }
    let mut segments = keep_english(heard)?;
    segments.sort_by_key(|segment| (segment.start_ms, segment.end_ms));
    number_by_segment(&mut segments);
    Ok(segments)
}

/// Numbers the voices that have segments by first appearance.
fn number_by_segment(segments: &mut [memoreel_ai::RecognizedSegment]) {
    let mut numbers: Vec<u32> = Vec::new();
    for segment in segments {
        let Some(speaker) = segment.speaker else { continue };
        let place = numbers.iter().position(|known| *known == speaker).unwrap_or_else(|| {
            numbers.push(speaker);
            numbers.len() - 1
        });
        segment.speaker = u32::try_from(place).ok();
    }
}

fn report(out: &mut File, report: &Report) -> bool {
    let Ok(mut line) = serde_json::to_vec(report) else { return false };
    line.push(b'\n');
    out.write_all(&line).and_then(|()| out.flush()).is_ok()
}

/// Waits for the end of standard input, which comes when the server lets go or dies, and ends the process.
fn end_with_input() {
    let mut byte = [0; 64];
    while std::io::stdin().read(&mut byte).is_ok_and(|count| count > 0) {}
    std::process::exit(1);
}

/// Takes standard output for the reports alone; what the library prints goes to standard error.
fn private_output() -> std::io::Result<File> {
    use std::os::fd::AsFd as _;
    let own = std::io::stdout().as_fd().try_clone_to_owned()?;
    redirect_output()?;
    Ok(File::from(own))
}

#[expect(unsafe_code, reason = "there is no safe call that replaces a standard stream")]
fn redirect_output() -> std::io::Result<()> {
    // SAFETY: both descriptors are open in every process that has a server as its parent, and nothing owns them as
    // Rust values.
    match unsafe { libc::dup2(libc::STDERR_FILENO, libc::STDOUT_FILENO) } {
        -1 => Err(std::io::Error::last_os_error()),
        _ => Ok(()),
    }
}
