//! The worker process: one job after the other from standard input to standard output, until the input ends.

use crate::frames::{read_frame, write_frame};
use serde::{Serialize, de::DeserializeOwned};
use std::io::{self, Write};
use std::process::ExitCode;

/// No file is larger, whatever the limits are set to.
const BYTES_MAX: u64 = 1 << 32;

/// Runs as a worker called `name`. The program that starts it speaks its protocol; people have no use for it.
///
/// The first frame is what `start` gets, once the process is held to as much private memory as `memory_bytes` says of it; every frame
/// after it is a job with its bytes, which `answer` answers.
#[must_use]
pub fn work<S: DeserializeOwned, E, J: DeserializeOwned, A: Serialize>(
    name: &str,
    memory_bytes: impl FnOnce(&S) -> u64,
    start: impl FnOnce(S) -> E,
    answer: impl FnMut(&mut E, J, Vec<u8>) -> (A, Vec<u8>),
) -> ExitCode {
    match serve(memory_bytes, start, answer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{name}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve<S: DeserializeOwned, E, J: DeserializeOwned, A: Serialize>(
    memory_bytes: impl FnOnce(&S) -> u64,
    start: impl FnOnce(S) -> E,
    mut answer: impl FnMut(&mut E, J, Vec<u8>) -> (A, Vec<u8>),
) -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let Some((started, _)) = read_frame::<S>(&mut input, 0)? else { return Ok(()) };
    limit_resources(memory_bytes(&started))?;
    let mut engine = start(started);
    while let Some((job, bytes)) = read_frame::<J>(&mut input, BYTES_MAX)? {
        let (answer, made) = answer(&mut engine, job, bytes);
        write_frame(&mut output, &answer, &made)?;
    }
    Ok(())
}

/// Private memory as allowed, and no file written: not by a library that spills what is large, nor by anybody else.
#[expect(unsafe_code, reason = "resource limits have no safe interface")]
fn limit_resources(memory_bytes: u64) -> io::Result<()> {
    for (resource, most) in
        [(libc::RLIMIT_DATA, memory_bytes), (libc::RLIMIT_FSIZE, 0), (libc::RLIMIT_CORE, 0)]
    {
        let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
        // SAFETY: the pointer is to a value that lives through the call.
        if unsafe { libc::setrlimit(resource, &raw const limit) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}
