//! What becomes of jobs when workers do not last.

#![cfg(target_os = "linux")]

use memoreel_workers::{Pool, PoolLimits, WorkError};
use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// Writes down its id, reads what it is told at its start and one job, answers that, and ends.
const ANSWERS_ONCE: &str =
    r"echo $$ >> $0; /usr/bin/head -c 32 > /dev/null; printf '\4\0\0\0\0\0\0\0\0\0\0\0null'";

/// Whether there is such a process that has not ended; one that nobody waited for has.
fn is_alive(process: &str) -> bool {
    let status = fs::read_to_string(Path::new("/proc").join(process).join("stat"));
    status.is_ok_and(|status| !status.rsplit_once(')').is_some_and(|(_, rest)| rest.trim().starts_with('Z')))
}

#[tokio::test]
async fn a_worker_that_ended_while_it_had_nothing_to_do_fails_no_job() {
    let note =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("answers-once-{}", std::process::id()));
    let command: Vec<OsString> =
        vec!["/bin/sh".into(), "-c".into(), ANSWERS_ONCE.into(), note.clone().into()];
    let limits = PoolLimits { wall_time: PATIENCE, workers: 1, waiting_max: 1 };
    let pool: Pool<()> = Pool::new("worker", command, &[], Some(()), limits);
    for job in 1..=3 {
        let turn = pool.turn().await.expect("a turn");
        let answered: Result<((), Vec<u8>), _> = turn.ask(&(), &[]).await;
        answered.unwrap_or_else(|error| panic!("job {job}: {error}"));
        let started = fs::read_to_string(&note).expect("it writes down its id");
        assert_eq!(started.lines().count(), job, "each answers once");
        let begun = Instant::now();
        while started.lines().any(is_alive) {
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    fs::remove_file(&note).expect("it was written");
}

#[tokio::test]
async fn an_answer_that_says_it_is_longer_than_any_is_not_taken_in() {
    let script = r"printf '\4\0\0\0\377\377\377\377\377\377\377\177null'; exec cat /dev/zero";
    let command: Vec<OsString> = vec!["/bin/sh".into(), "-c".into(), script.into()];
    let limits = PoolLimits { wall_time: PATIENCE, workers: 1, waiting_max: 1 };
    let pool: Pool<()> = Pool::new("worker", command, &[], Some(()), limits);
    let begun = Instant::now();
    let answered: Result<((), Vec<u8>), _> = pool.turn().await.expect("a turn").ask(&(), &[]).await;
    assert!(matches!(answered, Err(WorkError::TooCostly { .. })), "{answered:?}");
    assert!(begun.elapsed() < PATIENCE / 2, "it was read until its time was up");
}
