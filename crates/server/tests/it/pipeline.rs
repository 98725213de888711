//! From a file to something that can be played, read, searched and summed up, with the real ffmpeg.

use crate::{
    app::{TestApp, sample},
    client::{Client, EventStream, send},
};
use async_trait::async_trait;
use memoreel_assets::{AssetStep, MediaEngine, Package};
use memoreel_db::{Db, SystemReason};
use memoreel_media::{Ffmpeg, Limits};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};
use tokio::sync::Notify;
use uuid::Uuid;

/// The addresses a playlist names, below its own.
fn entries(playlist: &str) -> Vec<String> {
    let quoted =
        playlist.lines().filter_map(|line| Some(line.split_once("URI=\"")?.1.split('"').next()?.to_owned()));
    let lines = playlist.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned);
    quoted.chain(lines).collect()
}

fn beside(address: &str, entry: &str) -> String {
    format!("{}/{entry}", address.rsplit_once('/').unwrap().0)
}

/// Reads a playlist and everything below it as a player does, without any cookie.
async fn play(visitor: &Client, master: &str) -> usize {
    let answer = visitor.get(master).await.is(200);
    assert_eq!(answer.header("content-type"), "application/vnd.apple.mpegurl");
    let mut segments = 0;
    let playlists = entries(&answer.text());
    assert!(!playlists.is_empty(), "{}", answer.text());
    for playlist in playlists {
        assert!(!playlist.contains("://") && !playlist.starts_with('/'), "{playlist}");
        let address = beside(master, &playlist);
        let media = visitor.get(&address).await.is(200).text();
        assert!(media.contains("#EXT-X-ENDLIST"), "{media}");
        for entry in entries(&media) {
            let address = beside(&address, &entry);
            let whole = visitor.get(&address).await.is(200);
            assert_eq!(whole.header("accept-ranges"), "bytes");
            let part = send(visitor.request("GET", &address).header("range", "bytes=4-7")).await.is(206);
            assert_eq!(part.body, whole.body[4..8]);
            assert_eq!(part.header("content-range"), format!("bytes 4-7/{}", whole.body.len()));
            let end = send(visitor.request("GET", &address).header("range", "bytes=-3")).await.is(206);
            assert_eq!(end.body, whole.body[whole.body.len() - 3..]);
            let beyond = format!("bytes={}-", whole.body.len());
            send(visitor.request("GET", &address).header("range", beyond))
                .await
                .refuses(416, "range_invalid");
            let etag = whole.header("etag");
            send(visitor.request("GET", &address).header("if-none-match", etag)).await.is(304);
            let head = send(visitor.request("HEAD", &address)).await.is(200);
            assert_eq!(head.header("content-length"), whole.body.len().to_string());
            segments += 1;
        }
    }
    segments
}

/// How many rows and files there are, apart from the records of what happened.
async fn state(connection: &mut PgConnection, folder: &Path) -> BTreeMap<String, i64> {
    let mut state = BTreeMap::new();
    for table in [
        "assets",
        "renditions",
        "key_frames",
        "videos",
        "uploads",
        "transcripts",
        "transcript_segments",
        "speakers",
        "chunks",
        "chunk_embeddings",
        "organization_chunk_counts",
        "video_summaries",
    ] {
        let query = format!("SELECT count(*) FROM {table}");
        let count = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(&mut *connection).await.unwrap();
        state.insert(table.to_owned(), count);
    }
    let chunks =
        sqlx::query_scalar("SELECT coalesce(sum(chunk_count), 0)::bigint FROM organization_chunk_counts");
    state.insert("chunk_count".to_owned(), chunks.fetch_one(&mut *connection).await.unwrap());
    let mut folders = vec![folder.join("blobs"), folder.join("staging"), folder.join("scratch")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                state.insert(path.display().to_string(), 1);
            }
        }
    }
    state
}

#[tokio::test]
async fn a_recording_becomes_playable_readable_and_findable_and_doing_it_all_again_changes_nothing() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let mut stream = EventStream::open(&ada).await;
    let bytes = sample("video-call.mp4");
    let id = ada.upload("Weekly_call.mp4", bytes.clone()).await;
    app.work().await;
    let video = app.settled(&ada, &id).await;
    assert_eq!(video["status"], "completed", "{video:#}");
    assert_eq!(
        (&video["title"], &video["kind"], &video["playable"], &video["progress"], &video["stage"]),
        (&json!("Weekly call"), &json!("video"), &json!(true), &json!(100), &Value::Null)
    );
    assert_eq!((&video["width"], &video["height"]), (&json!(1280), &json!(720)));
    assert!((4_000..6_500).contains(&video["duration_ms"].as_i64().unwrap()), "{}", video["duration_ms"]);
    assert_eq!(video["size_bytes"], bytes.len());
    for stage in video["stages"].as_array().unwrap() {
        assert_eq!(stage["status"], "completed", "{stage}");
    }
    what_can_be_shown(&app.visitor(), &video, &bytes).await;
    what_was_said(&ada, &id).await;

    let mut told = std::collections::BTreeSet::new();
    while !(told.contains("summary") && told.contains("transcript") && told.contains("videos")) {
        let (name, data) =
            tokio::time::timeout(std::time::Duration::from_secs(5), stream.next()).await.expect("events");
        assert!(name == "videos" || data["video_id"] == id.as_str(), "{name} {data}");
        told.insert(name);
    }

    // Every step once more, from the first on: each finds its own results and replaces them.
    let mut connection = app.superuser().await;
    let before = state(&mut connection, &app.folder()).await;
    assert!(before.len() > 25 && before["chunks"] > 0 && before["renditions"] >= 6, "{before:#?}");
    let tasks: i64 = sqlx::query_scalar("SELECT count(*) FROM tasks WHERE kind <> 'send_mail'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    sqlx::raw_sql(
        "UPDATE tasks SET status = 'pending', attempts = 0 WHERE kind = 'store';
         UPDATE videos SET status = 'pending'; NOTIFY memoreel_tasks",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let again = app.settled(&ada, &id).await;
    assert_eq!(again["status"], "completed", "{again:#}");
    let runs: i64 = sqlx::query_scalar("SELECT count(*) FROM tasks WHERE kind <> 'send_mail'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(runs, tasks * 2 - 1, "every step but the first has a second task");
    assert_eq!(state(&mut connection, &app.folder()).await, before);
    assert_eq!(again["playback"], video["playback"]);
    what_was_said(&ada, &id).await;
}

async fn what_can_be_shown(visitor: &Client, video: &Value, original: &[u8]) {
    let address = |name: &str| {
        video["playback"][name].as_str().unwrap_or_else(|| panic!("{name} in {video:#}")).to_owned()
    };
    assert!(play(visitor, &address("hls_url")).await >= 4);
    let poster = visitor.get(&address("poster_url")).await.is(200);
    assert_eq!((poster.header("content-type"), &poster.body[..3]), ("image/jpeg", &b"\xff\xd8\xff"[..]));
    visitor.get(video["poster_url"].as_str().unwrap()).await.is(200);
    let storyboard = visitor.get(&address("storyboard_url")).await.is(200);
    assert!(storyboard.header("content-type").starts_with("text/vtt"));
    let text = storyboard.text();
    assert!(text.starts_with("WEBVTT") && text.contains("#xywh="), "{text}");
    let sheet = text.lines().find_map(|line| Some(line.split_once("#xywh=")?.0.to_owned())).unwrap();
    visitor.get(&beside(&address("storyboard_url"), &sheet)).await.is(200);
    let waveform = visitor.get(&address("waveform_url")).await.is(200).json();
    let peaks = waveform["peaks"].as_array().unwrap();
    assert!(
        peaks.len() > 20 && peaks.iter().all(|peak| (0.0..=1.0).contains(&peak.as_f64().unwrap())),
        "{waveform}"
    );
    let download = visitor.get(&address("download_url")).await.is(200);
    assert_eq!(download.body, original);
    assert!(download.header("content-disposition").contains("Weekly_call.mp4"));
}

async fn what_was_said(ada: &Client, id: &str) {
    let transcript = ada.get(&format!("/videos/{id}/transcript")).await.is(200).json();
    assert_eq!((&transcript["status"], &transcript["language"]), (&json!("completed"), &json!("en")));
    let segments = transcript["segments"].as_array().unwrap();
    assert_eq!(segments.len(), 3);
    assert_eq!(segments[1]["text"], "Its budget is four million, which is less than we asked for.");
    assert_eq!((&segments[1]["start_ms"], &segments[1]["end_ms"]), (&json!(4_000), &json!(7_500)));
    assert_eq!(segments[0]["speaker_id"], segments[2]["speaker_id"]);
    assert_ne!(segments[0]["speaker_id"], segments[1]["speaker_id"]);
    let labels: Vec<_> =
        transcript["speakers"].as_array().unwrap().iter().map(|speaker| &speaker["label"]).collect();
    assert_eq!(labels, ["Speaker 1", "Speaker 2"]);
    for (form, content_type, beginning) in [
        ("vtt", "text/vtt", "WEBVTT"),
        ("srt", "application/x-subrip", "1\n00:00:00,000 --> "),
        ("txt", "text/plain", ""),
        ("json", "application/json", "{"),
    ] {
        let captions = ada.get(&format!("/videos/{id}/captions.{form}")).await.is(200);
        assert!(captions.header("content-type").starts_with(content_type), "{form}");
        let text = captions.text();
        assert!(
            text.replace("\r\n", "\n").starts_with(beginning) && text.contains("harbour project"),
            "{form}: {text}"
        );
    }
    let summary = ada.get(&format!("/videos/{id}/summary")).await.is(200).json();
    assert_eq!((&summary["status"], &summary["engine"]), (&json!("completed"), &json!("extractive")));
    let sentences = summary["sentences"].as_array().unwrap();
    assert!(!sentences.is_empty());
    let spoken: String =
        segments.iter().map(|segment| format!("{} ", segment["text"].as_str().unwrap())).collect();
    for sentence in sentences {
        assert!(spoken.contains(sentence["text"].as_str().unwrap()), "{sentence}");
    }
    let found = ada.get("/search?q=budget+million").await.is(200).json();
    assert_eq!((&found["mode"], &found["items"][0]["video_id"]), (&json!("hybrid"), &json!(id)));
    assert_eq!(found["items"][0]["start_ms"], 4_000);
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_browsers_play_as_it_is_can_be_watched_before_anything_is_made_of_it() {
    let app = TestApp::start().await;
    sqlx::raw_sql(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN NEW.scheduled_for := now() + interval '1 day'; RETURN NEW; END $$;
         CREATE TRIGGER wait BEFORE INSERT ON tasks FOR EACH ROW WHEN (NEW.kind = 'package') EXECUTE FUNCTION wait()",
    )
    .execute(&mut app.superuser().await)
    .await
    .unwrap();
    app.work().await;
    let ada = app.person("ada").await;
    for (name, content_type) in [("video-call.mp4", "video/mp4"), ("inaugural-address.mp3", "audio/mpeg")] {
        let bytes = sample(name);
        let id = ada.upload(name, bytes.clone()).await;
        let video = app.until(&ada, &id, |video| video["playable"] == true).await;
        assert_eq!(video["playback"]["hls_url"], Value::Null, "{video:#}");
        assert!(video["playback"]["playable_after_ms"].is_i64(), "{video:#}");
        let address = video["playback"]["file_url"].as_str().unwrap_or_else(|| panic!("{video:#}"));
        let visitor = app.visitor();
        let part = send(visitor.request("GET", address).header("range", "bytes=100-199")).await.is(206);
        assert_eq!(part.body, bytes[100..200]);
        assert_eq!(part.header("content-type"), content_type);
        assert!(part.headers.get("content-disposition").is_none(), "it is shown, not saved");
    }
    let film = ada.upload("lecture.mov", sample("lecture.mov")).await;
    let film = app.until(&ada, &film, |video| !video["duration_ms"].is_null()).await;
    assert_eq!(
        (&film["playable"], &film["playback"]["file_url"]),
        (&json!(false), &Value::Null),
        "not every browser plays QuickTime"
    );
}

#[tokio::test]
async fn sound_alone_can_be_played_and_searched() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = ada.upload("address.mp3", sample("inaugural-address.mp3")).await;
    let video = app.settled(&ada, &id).await;
    assert_eq!(
        (&video["status"], &video["kind"], &video["playable"]),
        (&json!("completed"), &json!("audio"), &json!(true))
    );
    assert_eq!((&video["width"], &video["playback"]["poster_url"]), (&Value::Null, &Value::Null));
    assert!(play(&app.visitor(), video["playback"]["hls_url"].as_str().unwrap()).await >= 2);
    what_was_said(&ada, &id).await;
}

#[tokio::test]
async fn captions_of_a_person_replace_what_was_heard_and_are_searched_instead() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = ada.upload("address.mp3", sample("inaugural-address.mp3")).await;
    app.settled(&ada, &id).await;
    let vtt = "WEBVTT\n\n00:01.000 --> 00:04.000\n<v Ada>The lighthouse will be painted orange.\n";
    let captions =
        ada.request("PUT", &format!("/videos/{id}/captions")).header("content-type", "text/vtt").body(vtt);
    let accepted = send(captions).await.is(200).json();
    assert_eq!(accepted["engine"], "captions");
    app.idle().await;
    let found = ada.get("/search?q=lighthouse&mode=keyword").await.is(200).json();
    assert_eq!(
        (&found["items"][0]["video_id"], &found["items"][0]["speakers"][0]),
        (&json!(id), &json!("Ada"))
    );
    assert_eq!(ada.get("/search?q=harbour&mode=keyword").await.is(200).json()["items"], json!([]));
    let summary = ada.get(&format!("/videos/{id}/summary")).await.is(200).json();
    assert!(summary["sentences"][0]["text"].as_str().unwrap().contains("lighthouse"), "{summary}");
    // Listening again does not bring back what a person has replaced.
    sqlx::raw_sql(
        "UPDATE tasks SET status = 'pending', attempts = 0 WHERE kind = 'transcribe'; NOTIFY memoreel_tasks",
    )
    .execute(&mut app.superuser().await)
    .await
    .unwrap();
    app.idle().await;
    let transcript = ada.get(&format!("/videos/{id}/transcript")).await.is(200).json();
    assert_eq!(
        (&transcript["engine"], transcript["segments"].as_array().unwrap().len()),
        (&json!("captions"), 1)
    );

    // As many as a file of a tenth of the size that is taken can have.
    let words = format!("00:01.000 --> 00:04.000\n{}\n\n", "a ".repeat(4_990));
    let wordy = format!("WEBVTT\n\n{}", words.repeat(104));
    for (body, line) in [
        ("", 1),
        ("not captions at all", 1),
        ("WEBVTT\n\n00:05.000 --> 00:0x.000\nHello\n", 3),
        (wordy.as_str(), 1),
    ] {
        let request = ada.request("PUT", &format!("/videos/{id}/captions")).body(body.to_owned());
        let refused = send(request).await.refuses(422, "captions_invalid");
        assert_eq!(refused.json()["errors"][0]["field"], format!("lines.{line}"), "{}", refused.text());
    }
    assert_eq!(ada.get(&format!("/videos/{id}/transcript")).await.is(200).json(), transcript);
}

#[tokio::test]
async fn what_is_no_recording_fails_with_a_sentence() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let mut half = sample("video-call.mp4");
    half.truncate(half.len() / 2);
    let png = [
        &b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89"[..],
        b"\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82",
    ];
    let zip_end = b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x30\0\0\0\x40\0\0\0\0\0";
    // In a tag before the sound.
    let page = b"ID3\x03\0\0\0\0\0\x24TXXX\0\0\0\x1A\0\0\0<script>alert(1)</script>";
    for (name, bytes, code) in [
        ("notes.mp4", b"These are notes and no film.\n".repeat(50), "media_not_a_recording"),
        (
            "noise.mp4",
            (0..4_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8 | 0x80).collect(),
            "media_unknown",
        ),
        ("picture.mp4", png.concat(), "media_not_a_recording"),
        ("archive.mp4", [&sample("video-call.mp4")[..], zip_end].concat(), "media_ambiguous"),
        ("page.mp3", [&page[..], &sample("inaugural-address.mp3")[..]].concat(), "media_ambiguous"),
        ("half.mp4", half, ""),
    ] {
        let id = ada.upload(name, bytes).await;
        let video = app.settled(&ada, &id).await;
        assert_eq!(
            (&video["status"], &video["playable"]),
            (&json!("failed"), &json!(false)),
            "{name}: {video:#}"
        );
        let (found, message) =
            (video["error"]["code"].as_str().unwrap(), video["error"]["message"].as_str().unwrap());
        assert!(code.is_empty() || found == code, "{name}: {found}");
        assert_ne!(found, "internal", "{name}");
        for (file, advice) in [
            ("picture.mp4", "Upload it as an image: its `kind` is `image`."),
            ("notes.mp4", "Upload it as a document: its `kind` is `document`."),
        ] {
            assert_eq!(message.ends_with(advice), name == file, "{name}: {message}");
        }
        assert!(
            message.ends_with('.') && message.chars().next().unwrap().is_uppercase(),
            "{name}: {message}"
        );
        assert!(!message.contains(app.folder().to_str().unwrap()), "{name}: {message}");
        let waiting: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM tasks WHERE status IN ('pending', 'running') AND kind <> 'send_mail'",
        )
        .fetch_one(&mut app.superuser().await)
        .await
        .unwrap();
        assert_eq!(waiting, 0, "{name}");
        let transcript = ada.get(&format!("/videos/{id}/transcript")).await.is(200).json();
        assert_eq!(transcript["status"], "failed", "{name}");
        // Trying again fails the same way and does not hang.
        ada.post(&format!("/videos/{id}/retry"), &json!({})).await.is(200);
        assert_eq!(app.settled(&ada, &id).await["error"]["code"], found, "{name}");
    }
}

/// Packages while another worker takes the task over.
struct TakenOver {
    package: Package,
    db: Db,
    ended: Arc<Notify>,
}

#[async_trait]
impl Handle for TakenOver {
    const KIND: &'static str = Package::KIND;
    const CONCURRENCY: usize = 1;
    type Payload = AssetStep;

    async fn run(&self, run: &TaskRun, step: AssetStep) -> Result<Finished, TaskFailure> {
        let mut tx = self.db.system(SystemReason::ClaimTasks).await?;
        sqlx::query(
            "UPDATE tasks SET lease = gen_random_uuid(), leased_until = leased_until + interval '1 hour' WHERE kind = 'package'",
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        let result = self.package.run(run, step).await;
        assert!(result.is_err(), "{result:?}");
        self.ended.notify_one();
        result
    }
}

#[tokio::test]
async fn a_run_that_was_taken_over_does_not_write_the_playlist_of_the_one_that_followed_it() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let ffmpeg = Ffmpeg::locate(Limits::default()).await.unwrap();
    let engine = MediaEngine { ffmpeg, blobs: app.app.blobs.clone(), scratch: app.app.scratch.clone() };
    let ended = Arc::new(Notify::new());
    let taken_over = TakenOver { package: Package(engine), db: app.db().clone(), ended: Arc::clone(&ended) };
    app.work_with(|registry| registry.with(taken_over)).await;
    ada.upload("Call.mp4", sample("video-call.mp4")).await;
    tokio::time::timeout(Duration::from_secs(60), ended.notified()).await.unwrap();
    let asset_id: Uuid =
        sqlx::query_scalar("SELECT id FROM assets").fetch_one(&mut app.superuser().await).await.unwrap();
    let master = format!("organizations/{}/assets/{asset_id}/hls/master.m3u8", ada.organization_id);
    assert_eq!(app.app.blobs.head(&master.parse().unwrap()).await.unwrap(), None);
}
