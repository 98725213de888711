//! `kill -9` while a recording is encoded anew that others play meanwhile.

use super::{
    holds::{attempts, hold, install_holds, meet_running, release, wait_held},
    undisturbed::{assert_nothing_left, assert_playable, facts},
};
use crate::process::{Client, Installation, wait_until};
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};
use tokio::time::sleep;

/// Where in its work it is met, in milliseconds after it began.
const MOMENTS: [u64; 4] = [0, 100, 250, 500];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn encoding_anew_survives_kills_in_the_middle_and_the_old_is_played_until_the_new_is_there() {
    let installation = Installation::new();
    let mut server = installation.start().await;
    let client = Client::sign_up(installation.url()).await;
    let upload = client.upload(&installation.recording()).await;
    let before = client.settled(&upload.video_id).await;
    assert_eq!(before["status"], "completed", "{before:#}");
    let asset_id = before["asset_id"].as_str().unwrap();
    let made_before = made(&installation, &upload.video_id).await;
    assert_eq!(packagings(&installation, asset_id), ["hls"]);

    let mut database = installation.database().await;
    install_holds(&mut database).await;
    hold(&mut database, asset_id, "reencode").await;
    drop(database);
    let settings =
        json!({ "codec": "h264", "steps": [{ "height": 360, "bit_rate": 800_000 }], "loudness_lufs": -20 });
    client.send(Method::PUT, "/api/v1/organization/encoding", Some(&settings)).await.unwrap();
    let path = format!("/api/v1/assets/{asset_id}/encode");
    client.send(Method::POST, &path, Some(&Value::Null)).await.unwrap();
    for moment_ms in MOMENTS {
        assert!(meet_running(&installation, asset_id, "reencode").await, "it is held before it ends");
        sleep(Duration::from_millis(moment_ms)).await;
        server.kill9();
        server = installation.start().await;
    }
    wait_held(&installation, asset_id, "reencode").await;
    let first = packagings(&installation, asset_id).pop().unwrap();
    server.kill9();
    server = installation.start().await;
    wait_held(&installation, asset_id, "reencode").await;

    // All of the new is stored, where no other run stores, which might be still at work; and nobody has it yet.
    let second = packagings(&installation, asset_id).pop().unwrap();
    assert!("hls" < first.as_str() && first < second, "{first} and {second}");
    assert!(stored(&installation, asset_id).contains(&format!("{second}/master.m3u8")));
    assert_eq!(published(&installation, asset_id).await, "hls");
    let meanwhile = client.get(&format!("/api/v1/videos/{}", upload.video_id)).await.unwrap();
    assert_playable(&client, &meanwhile).await;
    assert_playable(&client, &before).await;

    release(&mut installation.database().await, asset_id).await;
    wait_until("the new is published", async || published(&installation, asset_id).await == second).await;
    assert!(attempts(&installation, asset_id, "reencode").await >= 2, "it was interrupted");
    let after = client.settled(&upload.video_id).await;
    assert_eq!(after["status"], "completed", "{after:#}");
    assert_ne!(after["playback"]["hls_url"], before["playback"]["hls_url"]);
    assert_playable(&client, &after).await;
    // Whoever began before goes on.
    assert_playable(&client, &before).await;
    assert_eq!(made(&installation, &upload.video_id).await, made_before);
    wait_until("nothing is left to do", async || {
        let open = "SELECT count(*) FROM tasks WHERE status <> 'completed'";
        let open: i64 = sqlx::query_scalar(open).fetch_one(&mut installation.database().await).await.unwrap();
        open == 0
    })
    .await;
    let leaving = leaving(&installation, asset_id).await;
    assert!(leaving.contains("hls") && leaving.contains(&first) && !leaving.contains(&second), "{leaving:?}");
    assert_eq!(unnamed(&installation, asset_id, &leaving).await, Vec::<String>::new());
    assert_nothing_left(&installation).await;
    drop(server);
}

/// What is known of the video and its recording beside what was done for it.
async fn made(installation: &Installation, video_id: &str) -> Vec<Value> {
    let all = facts(&mut installation.database().await, video_id).await;
    let parts =
        ["status", "assets", "uploads", "renditions", "transcripts", "segments", "key_frames", "chunks"];
    parts.iter().map(|part| all[part].clone()).collect()
}

/// Where something of an asset lies in its folder; `None` of what is another's.
fn below(asset_id: &str, path: &str) -> Option<String> {
    Some(path.split_once(&format!("/assets/{asset_id}/"))?.1.to_owned())
}

/// What is stored of an asset for players, of every packaging.
fn stored(installation: &Installation, asset_id: &str) -> Vec<String> {
    let files = installation.files_below("blobs/blobs");
    let files = files.iter().filter_map(|path| below(asset_id, path));
    files.filter(|path| path.starts_with("hls")).collect()
}

/// The folders of the packagings that there is something of.
fn packagings(installation: &Installation, asset_id: &str) -> Vec<String> {
    let files = stored(installation, asset_id);
    let folders: BTreeSet<&str> = files.iter().filter_map(|path| path.split('/').next()).collect();
    folders.into_iter().map(str::to_owned).collect()
}

/// Where the renditions for players lie that are listed of an asset.
async fn renditions(installation: &Installation, asset_id: &str) -> Vec<String> {
    let keys: Vec<String> =
        sqlx::query_scalar("SELECT blob_key FROM renditions WHERE asset_id::text = $1 AND kind LIKE 'hls%'")
            .bind(asset_id)
            .fetch_all(&mut installation.database().await)
            .await
            .unwrap();
    keys.iter().filter_map(|key| below(asset_id, key)).collect()
}

/// The folder of the packaging that is played.
async fn published(installation: &Installation, asset_id: &str) -> String {
    let listed = renditions(installation, asset_id).await;
    let folders: BTreeSet<&str> = listed.iter().filter_map(|path| path.split('/').next()).collect();
    folders.into_iter().collect::<Vec<_>>().join(" and ")
}

/// The folders that go in time.
async fn leaving(installation: &Installation, asset_id: &str) -> BTreeSet<String> {
    let keys: Vec<String> = sqlx::query_scalar("SELECT blob_key FROM blob_deletions")
        .fetch_all(&mut installation.database().await)
        .await
        .unwrap();
    keys.iter().filter_map(|key| below(asset_id, key)).collect()
}

/// What is stored for players that no rendition names, and that is not to go in time either.
async fn unnamed(installation: &Installation, asset_id: &str, leaving: &BTreeSet<String>) -> Vec<String> {
    let listed = renditions(installation, asset_id).await;
    // A version is its playlist and what lies beside it.
    let folders: Vec<&str> = listed.iter().filter_map(|path| path.strip_suffix("media.m3u8")).collect();
    let mut files = stored(installation, asset_id);
    files.retain(|path| {
        let packaging = path.split('/').next().unwrap();
        let is_named = listed.contains(path) || folders.iter().any(|folder| path.starts_with(folder));
        !is_named && !leaving.contains(packaging)
    });
    files
}
