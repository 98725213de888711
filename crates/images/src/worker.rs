//! The worker process.

use crate::{
    ImageError,
    protocol::{Answer, Job, Start},
    steps::Engine,
    vips::show_still,
};
use std::process::ExitCode;

/// Runs as a worker. The program that starts it speaks its protocol; people have no use for it.
#[must_use]
pub fn image_worker_main() -> ExitCode {
    memoreel_workers::work("image worker", |start: &Start| start.memory_bytes, Engine::start, answer)
}

fn answer(engine: &mut Result<Engine, ImageError>, job: Job, mut bytes: Vec<u8>) -> (Answer, Vec<u8>) {
    show_still(&mut bytes);
    let answer = engine.as_ref().map_err(ImageError::clone).and_then(|engine| match &job {
        Job::Describe { is_heic, is_animated } => {
            Ok((engine.describe(&bytes, *is_heic, *is_animated)?, Vec::new()))
        }
        Job::Make(make) => engine.make(&bytes, make),
    });
    match answer {
        Ok((report, made)) => (Ok(report), made),
        Err(error) => (Err(error), Vec::new()),
    }
}
