//! From a child's exit and the end of its report to a [`MediaError`].

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use crate::{Limits, MediaError};

/// Which words in the report of a failed run say that which part of the file is broken.
const DAMAGE: [(&str, &str); 8] = [
    (
        "moov atom not found",
        "its index is missing. It was probably cut off before the recording was finished or the upload was complete.",
    ),
    ("no 'data' tag found", "it has a sound header but no sound after it."),
    ("Error parsing Opus packet", "its sound cannot be decoded."),
    ("Cannot determine format of input stream", "nothing in it can be decoded."),
    ("Empty output", "nothing in it can be decoded."),
    ("Error while decoding", "its content cannot be decoded."),
    ("Invalid NAL unit size", "its picture cannot be decoded."),
    ("does not contain any stream", "it has a header but nothing after it."),
];

/// What a run that ended badly means for the file. `None` when it ended well.
pub(crate) fn failure(status: ExitStatus, report: &str, limits: &Limits) -> Option<MediaError> {
    if status.success() {
        return None;
    }
    Some(match status.signal() {
        Some(libc::SIGXFSZ) => MediaError::OutputTooLarge { limit_bytes: limits.output_bytes_max },
        Some(signal @ (libc::SIGSEGV | libc::SIGBUS | libc::SIGABRT | libc::SIGFPE | libc::SIGILL)) => {
            MediaError::Damaged {
                what: "the media tool crashed on its content.",
                detail: format!("signal {signal}: {report}"),
            }
        }
        Some(signal) => MediaError::Killed { signal },
        None => reported(report, limits),
    })
}

fn reported(report: &str, limits: &Limits) -> MediaError {
    let detail = report.to_owned();
    if report.contains("No space left on device") || report.contains("Disk quota exceeded") {
        return MediaError::DiskFull;
    }
    if report.contains("File too large") {
        return MediaError::OutputTooLarge { limit_bytes: limits.output_bytes_max };
    }
    if report.contains("Cannot allocate memory") || report.contains("malloc of size") {
        return MediaError::OutOfMemory { limit_bytes: limits.memory_bytes };
    }
    if let Some((_, what)) = DAMAGE.iter().find(|(words, _)| report.contains(words)) {
        return MediaError::Damaged { what, detail };
    }
    if report.contains("sub-sample encryption") || report.contains("encrypted") {
        return MediaError::Protected;
    }
    if report.contains("Invalid data found when processing input") || report.contains("not in whitelist") {
        return MediaError::Unreadable { detail };
    }
    let summary =
        report.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("the media tool gave no reason");
    MediaError::Failed { summary: without_path(summary).chars().take(300).collect(), detail }
}

/// `file:/some/where: Invalid argument` without the place, which is none of the sender's business.
fn without_path(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with("file:") { line.rsplit(": ").next().unwrap_or(line) } else { line }
}
