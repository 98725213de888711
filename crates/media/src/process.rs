//! Running one child to its end: draining what it writes, and stopping it when told or when its time is up.

use std::path::Path;
use std::pin::pin;
use std::process::Stdio;
use std::time::Duration;

use memoreel_workers::{ChildLimits, start_limited};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::arguments::Arguments;
use crate::outcome::failure;
use crate::{Control, Limits, MediaError};

/// How much of the end of a child's report is kept.
const REPORT_BYTES: usize = 8 * 1024;

/// One call of one tool.
pub(crate) struct Call<'a> {
    pub(crate) program: &'a Path,
    pub(crate) arguments: Arguments,
    /// Relative output names are resolved here, which keeps patterns such as `%05d` out of the caller's path.
    pub(crate) directory: Option<&'a Path>,
    pub(crate) time_max: Duration,
    /// Longest time in which its output says nothing of coming further, if it says such a thing at all.
    pub(crate) stall_max: Option<Duration>,
}

/// What a piece of output said of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    CameFurther,
    Nothing,
}

/// Runs `call`, giving each piece of standard output to `on_output`, and returns the end of its report.
pub(crate) async fn run(
    call: Call<'_>,
    limits: &Limits,
    control: &Control,
    mut on_output: impl FnMut(&[u8]) -> Result<Heard, MediaError> + Send,
) -> Result<String, MediaError> {
    if control.cancel.is_cancelled() {
        return Err(MediaError::Cancelled);
    }
    let mut group = start_limited(command(&call), of_child(limits)).await.map_err(|error| {
        MediaError::ToolMissing { what: format!("{} could not be started: {error}.", call.program.display()) }
    })?;
    let mut output = group.child.stdout.take();
    let mut report = group.child.stderr.take();
    let mut tail = Tail::default();
    // Without one, the whole time is over first.
    let stall_max = call.stall_max.unwrap_or(Duration::MAX);

    let ended = {
        let drained = async {
            let mut output_buffer = vec![0; 64 * 1024];
            let mut report_buffer = vec![0; 4 * 1024];
            let mut stalled = pin!(sleep(stall_max));
            while output.is_some() || report.is_some() {
                tokio::select! {
                    read = read_some(&mut output, &mut output_buffer), if output.is_some() => {
                        let heard = on_output(&output_buffer[..read])?;
                        if let (Heard::CameFurther, Some(stall_max)) = (heard, call.stall_max) {
                            stalled.as_mut().reset(Instant::now() + stall_max);
                        }
                    }
                    read = read_some(&mut report, &mut report_buffer), if report.is_some() => tail.push(&report_buffer[..read]),
                    () = &mut stalled => return Err(MediaError::Stalled { limit: stall_max }),
                }
            }
            group.wait().await.map_err(MediaError::io("awaited", call.program))
        };
        tokio::select! {
            ended = drained => ended,
            () = control.cancel.cancelled() => Err(MediaError::Cancelled),
            () = sleep(call.time_max) => Err(MediaError::Timeout { limit: call.time_max }),
        }
    };
    let status = match ended {
        Ok(status) => status,
        Err(error) => {
            // Waited for, so that nothing is written any more when the caller clears the folder.
            group.kill();
            let _ = group.wait().await;
            return Err(error);
        }
    };
    let report = tail.into_text();
    match failure(status, &report, limits) {
        Some(error) => {
            tracing::debug!(program = %call.program.display(), %status, report, "media tool failed");
            Err(error)
        }
        None => Ok(report),
    }
}

/// Its time is bounded by [`Call`], which knows how long the work may take.
fn of_child(limits: &Limits) -> ChildLimits {
    let Limits { memory_bytes, output_bytes_max, nice, .. } = *limits;
    ChildLimits { memory_bytes, file_bytes: output_bytes_max, processor_time: None, nice }
}

fn command(call: &Call<'_>) -> Command {
    let mut command = Command::new(call.program);
    command
        .args(call.arguments.clone().into_inner())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env_clear()
        .env("LC_ALL", "C")
        .env("AV_LOG_FORCE_NOCOLOR", "1");
    for name in ["PATH", "LD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    if let Some(directory) = call.directory {
        command.current_dir(directory);
    }
    command
}

/// Reads once; closes `source` at its end. A failed read counts as the end: the exit status says what happened.
async fn read_some<R: AsyncRead + Unpin>(source: &mut Option<R>, buffer: &mut [u8]) -> usize {
    let Some(reader) = source else { return 0 };
    let read = reader.read(buffer).await.unwrap_or(0);
    if read == 0 {
        *source = None;
    }
    read
}

/// The last [`REPORT_BYTES`] of a stream.
#[derive(Default)]
struct Tail(Vec<u8>);

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
        if self.0.len() > 2 * REPORT_BYTES {
            self.0.drain(..self.0.len() - REPORT_BYTES);
        }
    }

    fn into_text(self) -> String {
        let start = self.0.len().saturating_sub(REPORT_BYTES);
        String::from_utf8_lossy(&self.0[start..]).trim().to_owned()
    }
}

/// Splits output into lines, of bounded length, as it arrives.
#[derive(Default)]
pub(crate) struct Lines(Vec<u8>);

impl Lines {
    /// A longer line is cut; none that is of use comes near.
    const LINE_BYTES: usize = 4096;

    pub(crate) fn push(&mut self, bytes: &[u8], mut on_line: impl FnMut(&str)) {
        for &byte in bytes {
            if byte == b'\n' {
                on_line(String::from_utf8_lossy(&self.0).trim());
                self.0.clear();
            } else if self.0.len() < Self::LINE_BYTES {
                self.0.push(byte);
            }
        }
    }
}

/// Reads ffmpeg's `-progress` report and passes on a fraction that never decreases.
pub(crate) struct ProgressReport<'a> {
    lines: Lines,
    duration_ms: u64,
    furthest_us: i64,
    control: &'a Control,
}

impl<'a> ProgressReport<'a> {
    pub(crate) fn new(duration_ms: u64, control: &'a Control) -> Self {
        Self { lines: Lines::default(), duration_ms: duration_ms.max(1), furthest_us: 0, control }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> Heard {
        let Self { lines, duration_ms, furthest_us, control } = self;
        let mut heard = Heard::Nothing;
        lines.push(bytes, |line| {
            let Some(Ok(us)) = line.strip_prefix("out_time_us=").map(str::parse::<i64>) else { return };
            if us > *furthest_us {
                *furthest_us = us;
                heard = Heard::CameFurther;
                control.report(us as f64 / 1000.0 / *duration_ms as f64);
            }
        });
        heard
    }
}
