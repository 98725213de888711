//! `kill -9` of the server and of its database, at any moment: nothing is lost, nothing is doubled, nothing is left running.

mod holds;
mod laid_out;
mod pictures;
mod random;
mod reencode;
mod undisturbed;

use crate::process::{Client, Installation, PATIENCE, Upload, is_alive, sample, wait_until};
use futures::{Stream, StreamExt};
use holds::{attempts, hold, install_holds, meet_running, release, wait_held};
use sha2::{Digest, Sha256};
use std::{
    fs,
    time::{Duration, Instant},
};
use tokio::time::sleep;
use undisturbed::{Undisturbed, assert_nothing_left};

const MIB: usize = 1 << 20;

/// Every kind of task.
const STEPS: [&str; 12] = [
    "store",
    "probe",
    "package",
    "picture",
    "waveform",
    "audio",
    "key_frames",
    "encode",
    "transcribe",
    "index",
    "index_key_frames",
    "summarise",
];

/// Those that wait for a process of their own, and can therefore be met in the middle of their work.
const STEPS_WITH_PROCESSES: [&str; 8] =
    ["probe", "package", "picture", "waveform", "audio", "key_frames", "encode", "transcribe"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_goes_on_where_it_was_after_a_kill_of_the_server_and_of_the_database() {
    let installation = Installation::new();
    let server = installation.start().await;
    let client = Client::sign_up(installation.url()).await;
    let content = padded_recording(&installation, 48 * MIB);
    let upload = client.create_upload("padded.mp4", content.len() as u64).await;

    let acknowledged = client.append(&upload, 0, content[..4 * MIB].to_vec().into()).await.unwrap();
    assert_eq!(acknowledged, 4 * MIB as u64);

    let sending = start_slowly(&client, &upload, &content, acknowledged);
    wait_staged(&installation, &upload, 12 * MIB).await;
    server.kill9();
    assert!(sending.await.unwrap().is_err(), "the connection broke");
    let staged = staged_bytes(&installation, &upload);
    let server = installation.start().await;
    let offset = client.offset(&upload).await.unwrap();
    assert_eq!(offset, staged, "all that had arrived counts");
    assert!(offset > acknowledged);

    let sending = start_slowly(&client, &upload, &content, offset);
    wait_staged(&installation, &upload, 24 * MIB).await;
    installation.kill_database().await;
    // The bytes go on arriving without a database, which is back before the last of them, or else 503 is the answer.
    match sending.await.unwrap() {
        Ok(offset) => assert_eq!(offset, content.len() as u64),
        Err(answer) => assert!(answer.starts_with("503"), "{answer}"),
    }
    wait_until("the database is back", async || client.offset(&upload).await.is_ok()).await;
    assert!(client.offset(&upload).await.unwrap() >= 24 * MIB as u64);
    client.complete_upload(&upload, &content).await;

    let video = client.settled(&upload.video_id).await;
    assert_eq!(video["status"], "completed", "{video:#}");
    let original = client.download(video["playback"]["download_url"].as_str().unwrap()).await;
    assert_eq!(Sha256::digest(&original), Sha256::digest(&content));
    let mut database = installation.database().await;
    let numbers: (i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM videos), (SELECT count(*) FROM assets), (SELECT count(*) FROM uploads)",
    )
    .fetch_one(&mut database)
    .await
    .unwrap();
    assert_eq!(numbers, (1, 1, 1));
    assert_eq!(installation.files_below("uploads"), Vec::<String>::new());
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_step_survives_a_kill_of_the_server_and_of_the_database_before_its_results_are_committed() {
    let installation = Installation::new();
    let mut server = installation.start().await;
    let client = Client::sign_up(installation.url()).await;
    let undisturbed = Undisturbed::video(&installation, &client).await;
    install_holds(&mut installation.database().await).await;

    for step in STEPS {
        let began = Instant::now();
        let content = fs::read(installation.recording()).unwrap();
        let upload = client.create_upload("recording.mp4", content.len() as u64).await;
        hold(&mut installation.database().await, &upload.video_id, step).await;
        client.complete_upload(&upload, &content).await;

        wait_held(&installation, &upload.video_id, step).await;
        server.kill9();
        server = installation.start().await;
        wait_held(&installation, &upload.video_id, step).await;
        installation.kill_database().await;
        release(&mut installation.database().await, &upload.video_id).await;

        undisturbed.assert_like(&installation, &client, &upload.video_id).await;
        // Claims are not synced: a database that is killed right after one may forget it, and the try that it began.
        assert!(attempts(&installation, &upload.video_id, step).await >= 2, "{step} was interrupted");
        eprintln!("{step}: {:.1} s", began.elapsed().as_secs_f32());
    }
    assert_nothing_left(&installation).await;
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_step_survives_a_kill_of_the_server_and_of_the_database_in_the_middle_of_its_work() {
    let installation = Installation::new();
    let mut server = installation.start().await;
    let client = Client::sign_up(installation.url()).await;
    let recording = installation.recording();
    let undisturbed = Undisturbed::video(&installation, &client).await;

    let mut met_again = Vec::new();
    for step in STEPS_WITH_PROCESSES {
        let mut upload = client.upload(&recording).await;
        // On a busy machine a step of a tenth of a second may be over before this test gets to look.
        let mut missed = 0;
        while !meet_running(&installation, &upload.video_id, step).await {
            missed += 1;
            assert!(missed < 10, "{step} is always over before it can be met");
            client.settled(&upload.video_id).await;
            upload = client.upload(&recording).await;
        }
        server.kill9();
        let met;
        (server, met) =
            tokio::join!(installation.start(), meet_running(&installation, &upload.video_id, step));
        // Short steps may have been done again before the server is ready.
        if met && meet_running(&installation, &upload.video_id, step).await {
            installation.kill_database().await;
            met_again.push(step);
        }
        undisturbed.assert_like(&installation, &client, &upload.video_id).await;
    }
    assert!(met_again.contains(&"transcribe"), "the one that takes longest: {met_again:?}");
    assert_nothing_left(&installation).await;
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_video_survives_more_kills_than_a_step_has_tries() {
    let installation = Installation::new();
    let mut server = installation.start().await;
    let client = Client::sign_up(installation.url()).await;
    let undisturbed = Undisturbed::video(&installation, &client).await;

    let content = fs::read(installation.recording()).unwrap();
    let upload = client.create_upload("recording.mp4", content.len() as u64).await;
    let mut database = installation.database().await;
    install_holds(&mut database).await;
    hold(&mut database, &upload.video_id, "encode").await;
    let uploading = tokio::spawn({
        let (client, upload) = (client.clone(), upload.clone());
        async move { client.complete_upload(&upload, &content).await }
    });
    for (round, wait_ms) in [10, 60, 120, 250, 400, 600, 900, 1200, 1500, 2000].into_iter().enumerate() {
        sleep(Duration::from_millis(wait_ms)).await;
        if round % 2 == 0 {
            server.kill9();
            server = installation.start().await;
        } else {
            installation.kill_database().await;
            wait_until("a new database runs", async || installation.postmaster().is_some_and(is_alive)).await;
        }
    }
    uploading.await.unwrap();
    for _ in 0..5 {
        wait_held(&installation, &upload.video_id, "encode").await;
        server.kill9();
        server = installation.start().await;
    }
    release(&mut installation.database().await, &upload.video_id).await;
    undisturbed.assert_like(&installation, &client, &upload.video_id).await;
    assert!(attempts(&installation, &upload.video_id, "encode").await > 5);
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_in_the_middle_of_work_is_quick_and_clean_and_the_rest_is_done_after_the_next_start() {
    let installation = Installation::new();
    let server = installation.start().await;
    let client = Client::sign_up(installation.url()).await;
    let upload = client.upload(&sample("video-call.mp4")).await;
    assert!(meet_running(&installation, &upload.video_id, "transcribe").await);
    let (status, took) = server.stop().await;
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(15), "{took:?}");
    assert_eq!(installation.processes(), []);

    let server = installation.start().await;
    assert!(
        attempts(&installation, &upload.video_id, "transcribe").await <= 1,
        "a stop does not count as a try"
    );
    let video = client.settled(&upload.video_id).await;
    assert_eq!(video["status"], "completed", "{video:#}");
    assert_nothing_left(&installation).await;
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_leaves_nothing_running() {
    let installation = Installation::new();
    let mut server = installation.start().await;
    let client = Client::sign_up(installation.url()).await;
    for (file, program) in [("video-call.mp4", "ffmpeg"), ("two-voices.wav", "speech-worker")] {
        client.upload(&sample(file)).await;
        wait_until(program, async || installation.processes().iter().any(|(line, _)| line.contains(program)))
            .await;
        server.kill9();
        let took = installation.wait_deserted(Duration::from_secs(10)).await;
        eprintln!("nothing runs {} ms after the kill during {program}", took.as_millis());
        server = installation.start().await;
    }
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn speech_is_recognised_after_the_program_was_replaced_under_a_running_server() {
    let installation = Installation::with_own_program();
    let server = installation.start().await;
    fs::remove_file(installation.program()).unwrap();
    let client = Client::sign_up(installation.url()).await;
    let upload = client.upload(&installation.recording()).await;
    let video = client.settled(&upload.video_id).await;
    assert_eq!(video["status"], "completed", "{video:#}");
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_worker_takes_over_database_and_tasks_from_a_killed_server() {
    let installation = Installation::new();
    let first = installation.start().await;
    let second = installation.start_worker().await;
    let client = Client::sign_up(installation.url()).await;
    install_holds(&mut installation.database().await).await;
    let content = fs::read(installation.recording()).unwrap();
    let upload = client.create_upload("recording.mp4", content.len() as u64).await;
    hold(&mut installation.database().await, &upload.video_id, "store").await;
    client.complete_upload(&upload, &content).await;
    wait_held(&installation, &upload.video_id, "store").await;
    let old = installation.postmaster().unwrap();

    first.kill9();
    wait_until("the first database is gone", async || !is_alive(old)).await;
    release(&mut installation.database().await, &upload.video_id).await;
    wait_until("the second one has done the work", async || {
        let mut database = installation.database().await;
        let status: Result<String, _> = sqlx::query_scalar("SELECT status FROM videos WHERE id::text = $1")
            .bind(&upload.video_id)
            .fetch_one(&mut database)
            .await;
        status.is_ok_and(|status| status == "completed")
    })
    .await;
    // The database is the second one's now: a server that comes and goes leaves it alone.
    let adopted = installation.postmaster().unwrap();
    let third = installation.start().await;
    assert_eq!(client.settled(&upload.video_id).await["status"], "completed");
    let (status, _) = third.stop().await;
    assert_eq!(status.code(), Some(0));
    assert_eq!(installation.postmaster(), Some(adopted));
    assert!(is_alive(adopted));
    let (status, _) = second.stop().await;
    assert_eq!(status.code(), Some(0));
    assert_eq!(installation.processes(), []);
}

/// `MEMOREEL_TEST_UPLOAD_MIB` asks for another size.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_takes_little_memory_however_large_it_is() {
    let size = std::env::var("MEMOREEL_TEST_UPLOAD_MIB").map_or(512, |text| text.parse().unwrap()) * MIB;
    let installation = Installation::new();
    let server = installation.start().await;
    let client = Client::sign_up(installation.url()).await;
    let small = client.create_upload("small.mp4", MIB as u64).await;
    client.complete_upload(&small, &vec![0; MIB]).await;
    client.settled(&small.video_id).await;

    let before = server.resident_bytes();
    let upload = client.create_upload("large.mp4", size as u64).await;
    let zeros = futures::stream::iter((0..size / MIB).map(|_| Ok(vec![0; MIB])));
    let sending = tokio::spawn({
        let (client, upload) = (client.clone(), upload.clone());
        async move { client.append_stream(&upload, 0, zeros).await }
    });
    let started = Instant::now();
    let mut most = before;
    while !sending.is_finished() {
        most = most.max(server.resident_bytes());
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(sending.await.unwrap(), Ok(size as u64));
    let took = started.elapsed();
    let deadline = Instant::now() + PATIENCE;
    let video = loop {
        most = most.max(server.resident_bytes());
        let video = client.get(&format!("/api/v1/videos/{}", upload.video_id)).await.unwrap();
        if video["status"] == "failed" {
            break video;
        }
        assert!(Instant::now() < deadline, "{video:#}");
        sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(video["error"]["code"], "media_unknown");
    let grown = (most - before) / MIB as u64;
    eprintln!(
        "{} MiB in {:.1} s: {} MiB, grown by {grown} MiB",
        size / MIB,
        took.as_secs_f32(),
        before / MIB as u64
    );
    assert!(grown < 64, "grown by {grown} MiB");
}

/// A recording with a `free` box behind it, which players skip, so that the file is large and its processing short.
fn padded_recording(installation: &Installation, size_bytes: usize) -> Vec<u8> {
    let mut content = fs::read(installation.recording()).unwrap();
    let padding = size_bytes - content.len();
    content.extend(u32::try_from(padding).unwrap().to_be_bytes());
    content.extend(b"free");
    // Not periodic, so that bytes at a wrong place show: a xorshift generator.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    while content.len() < size_bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        content.extend(state.to_le_bytes());
    }
    content.truncate(size_bytes);
    content
}

/// Sends the rest of a file at 16 MiB a second.
fn start_slowly(
    client: &Client,
    upload: &Upload,
    content: &[u8],
    offset: u64,
) -> tokio::task::JoinHandle<Result<u64, String>> {
    let (client, upload) = (client.clone(), upload.clone());
    let body = slowly(content[offset as usize..].to_vec());
    tokio::spawn(async move { client.append_stream(&upload, offset, body).await })
}

fn slowly(content: Vec<u8>) -> impl Stream<Item = std::io::Result<Vec<u8>>> {
    let pieces: Vec<Vec<u8>> = content.chunks(256 << 10).map(<[u8]>::to_vec).collect();
    futures::stream::iter(pieces).then(async |piece| {
        sleep(Duration::from_millis(16)).await;
        Ok(piece)
    })
}

fn staged_bytes(installation: &Installation, upload: &Upload) -> u64 {
    let id = upload.path.rsplit('/').next().unwrap();
    fs::metadata(installation.data().join("uploads").join(id)).map_or(0, |facts| facts.len())
}

async fn wait_staged(installation: &Installation, upload: &Upload, size_bytes: usize) {
    let arrived = async || staged_bytes(installation, upload) >= size_bytes as u64;
    wait_until("the bytes have arrived", arrived).await;
}
