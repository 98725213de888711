//! The worker process: one job after the other from standard input to standard output, until the input ends.

use crate::{
    ImageError,
    protocol::{Answer, Job, Start, read_frame, write_frame},
    steps::Engine,
};
use std::io::{self, Write};
use std::process::ExitCode;

/// No file is larger, whatever the limits are set to.
const BYTES_MAX: u64 = 1 << 32;

/// Runs as a worker. The program that starts it speaks its protocol; people have no use for it.
#[must_use]
pub fn image_worker_main() -> ExitCode {
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "image worker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn work() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let Some((start, _)) = read_frame::<Start>(&mut input, 0)? else { return Ok(()) };
    limit_resources(start.memory_bytes)?;
    let engine = Engine::start(start);
    while let Some((job, bytes)) = read_frame::<Job>(&mut input, BYTES_MAX)? {
        let answer = engine.as_ref().map_err(ImageError::clone).and_then(|engine| match &job {
            Job::Describe { is_heic, is_animated } => {
                Ok((engine.describe(&bytes, *is_heic, *is_animated)?, Vec::new()))
            }
            Job::Make(make) => engine.make(&bytes, make),
        });
        let (answer, made): (Answer, Vec<u8>) = match answer {
            Ok((report, made)) => (Ok(report), made),
            Err(error) => (Err(error), Vec::new()),
        };
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
