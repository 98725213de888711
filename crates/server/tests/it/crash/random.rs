//! Twenty kills at moments that chance picks, while recordings are uploaded and processed.

use super::undisturbed::{Undisturbed, assert_nothing_left};
use crate::process::{Client, Installation, PATIENCE, Server, Upload, is_alive, wait_until};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{task::JoinSet, time::sleep};

const KILLS: usize = 20;
const UPLOADS: u64 = 6;
const PIECES: usize = 12;

/// `MEMOREEL_TEST_SEED` repeats the choices of an earlier run, which prints its seed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_by_twenty_kills_of_server_worker_and_database_at_random_moments() {
    let seed =
        std::env::var("MEMOREEL_TEST_SEED").map_or_else(|_| rand::random(), |text| text.parse().unwrap());
    eprintln!("MEMOREEL_TEST_SEED={seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let installation = Installation::new();
    let mut server = installation.start().await;
    let client = Client::sign_up(installation.url()).await;
    let undisturbed = Undisturbed::video(&installation, &client).await;
    let mut worker = installation.start_worker().await;

    let content: Arc<[u8]> = fs::read(installation.recording()).unwrap().into();
    let mut uploads = Vec::new();
    let mut sending = JoinSet::new();
    for number in 0..UPLOADS {
        let upload = client.create_upload("recording.mp4", content.len() as u64).await;
        uploads.push(upload.video_id.clone());
        let (client, content, pause) = (client.clone(), Arc::clone(&content), chance.random_range(50..300));
        sending.spawn(async move {
            sleep(Duration::from_secs(3 * number)).await;
            send_in_pieces(&client, &upload, &content, Duration::from_millis(pause)).await;
        });
    }
    let mut kills = [0; 3];
    for _ in 0..KILLS {
        sleep(Duration::from_millis(chance.random_range(20..1_500))).await;
        let target = chance.random_range(0..kills.len());
        kills[target] += 1;
        match target {
            0 => {
                server.kill9();
                server = installation.start().await;
            }
            1 => {
                worker.kill9();
                worker = installation.start_worker().await;
            }
            _ => kill_database(&installation).await,
        }
    }
    eprintln!("killed: server {}, worker {}, database {}", kills[0], kills[1], kills[2]);
    while let Some(sent) = sending.join_next().await {
        sent.unwrap();
    }
    for video_id in &uploads {
        undisturbed.assert_like(&installation, &client, video_id).await;
    }
    assert_nothing_left(&installation).await;
    end(server).await;
    end(worker).await;
    assert_eq!(installation.processes(), []);
}

/// Sends a file little by little, so that kills meet it, and however often they do.
async fn send_in_pieces(client: &Client, upload: &Upload, content: &[u8], pause: Duration) {
    let piece = content.len().div_ceil(PIECES);
    let deadline = Instant::now() + 2 * PATIENCE;
    loop {
        sleep(pause).await;
        assert!(Instant::now() < deadline, "the upload does not go on");
        let Ok(offset) = client.offset(upload).await else { continue };
        let rest = &content[offset as usize..];
        if rest.is_empty() {
            return;
        }
        // Whether it arrived shows in the next offset.
        let _ = client.append(upload, offset, rest[..piece.min(rest.len())].to_vec().into()).await;
    }
}

/// Kills the database if there is one just now, and waits for the next.
async fn kill_database(installation: &Installation) {
    let runs = async || installation.postmaster().is_some_and(is_alive);
    wait_until("a database runs", runs).await;
    installation.kill_database().await;
    wait_until("a new database runs", runs).await;
}

async fn end(server: Server) {
    let (status, _) = server.stop().await;
    assert_eq!(status.code(), Some(0));
}
