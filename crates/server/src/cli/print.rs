//! What commands print. Whoever reads it may go before a command is done, as `head` does; what the command does it does to its end all the
//! same, since a key that was made, or a person who was erased by half, is nobody's wish.

use anyhow::{Result, bail};
use std::{
    fmt::Arguments,
    io::{self, ErrorKind, Write},
    sync::OnceLock,
};

/// Why what was printed did not arrive, other than that nobody reads it any more.
static FAILURE: OnceLock<io::Error> = OnceLock::new();

/// Prints a line on standard output, where results go.
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::print::line(format_args!($($text)*)) };
}

/// Prints a line on standard error, where progress and what went wrong go.
macro_rules! note {
    ($($text:tt)*) => { $crate::cli::print::aside(format_args!($($text)*)) };
}

pub(super) use {note, say};

/// What [`say`] does.
pub(super) fn line(text: Arguments<'_>) {
    let mut output = io::stdout().lock();
    keep(output.write_fmt(text).and_then(|()| output.write_all(b"\n")));
}

/// What [`note`] does. There is nobody to tell that it cannot be written.
pub(super) fn aside(text: Arguments<'_>) {
    let mut output = io::stderr().lock();
    drop(output.write_fmt(text).and_then(|()| output.write_all(b"\n")));
}

/// Asks a person at a terminal; what they answer follows on the same line.
pub(super) fn ask(question: &str) {
    drop(io::stderr().lock().write_all(question.as_bytes()));
}

/// Has everything written that was printed.
///
/// # Errors
/// When something of it was lost, as on a full disk.
pub(super) fn finish() -> Result<()> {
    keep(io::stdout().lock().flush());
    match FAILURE.get() {
        Some(error) => bail!("what was printed is not complete: {error}"),
        None => Ok(()),
    }
}

fn keep(written: io::Result<()>) {
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
    {
        // The first one says it all.
        drop(FAILURE.set(error));
    }
}
