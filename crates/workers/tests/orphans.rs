//! What becomes of workers when the server is killed.

#![cfg(target_os = "linux")]

use memoreel_workers::{Pool, PoolLimits};
use std::{
    ffi::OsString,
    fs, mem,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// Tells [`the_server_of_the_other_test`] that it is one, and where its worker writes down its id.
const NOTE: &str = "MEMOREEL_TEST_WORKER_NOTE";
const PATIENCE: Duration = Duration::from_secs(20);

/// Whether there is such a process that has not ended; one that nobody waited for has.
fn is_alive(process: &str) -> bool {
    let status = fs::read_to_string(Path::new("/proc").join(process).join("stat"));
    status.is_ok_and(|status| !status.rsplit_once(')').is_some_and(|(_, rest)| rest.trim().starts_with('Z')))
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_worker_that_loops_ends_with_a_server_that_is_killed() {
    let note = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("worker-{}", std::process::id()));
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_server_of_the_other_test"])
        .env(NOTE, &note)
        .spawn()
        .unwrap();
    let read = || fs::read_to_string(&note).unwrap_or_default();
    wait_until("the worker was not started", || read().ends_with('\n'));
    let worker = read().trim().to_owned();
    // The thread that asked for it is gone by then.
    thread::sleep(Duration::from_millis(500));
    assert!(is_alive(&worker), "it goes on while the server does");
    server.kill().unwrap();
    server.wait().unwrap();
    wait_until("the worker outlived the server", || !is_alive(&worker));
    fs::remove_file(&note).unwrap();
}

/// No test by itself: a process that has a worker which never answers, until it is killed.
#[test]
fn the_server_of_the_other_test() {
    let Some(note) = std::env::var_os(NOTE) else { return };
    let script = "echo $$ > \"$0\"; while :; do :; done";
    let command: Vec<OsString> = vec!["/bin/sh".into(), "-c".into(), script.into(), note];
    let limits = PoolLimits { wall_time: PATIENCE, workers: 1, waiting_max: 1 };
    let asking = thread::spawn(move || {
        let pool: &Pool<()> = Box::leak(Box::new(Pool::new("worker", command, &[], Some(()), limits)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let session = pool.turn().await.unwrap().session().await.unwrap();
            mem::forget(session);
        });
    });
    asking.join().unwrap();
    thread::sleep(3 * PATIENCE);
}
