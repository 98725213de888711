//! The whole product over a bucket with which requests go wrong in every way. Nothing is lost, nothing is ever half there, whoever asks
//! is told to come again, and what was given up succeeds when it is tried again.

use super::{
    bucket::{BUCKET, InBucket, PREFIX},
    load::{Recording, Somebody, picture},
    sweep::{DRY, WET, swept},
};
use crate::{
    app::{PUBLIC_URL, TestApp, sample},
    client::{Answer, Client, Person, metadata, send},
    document_files::pdf,
    replaced::{replace, sum},
};
use bytes::Bytes;
use chrono::TimeDelta;
use memoreel_testkit::{Fault, unreliable};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::time::Instant;

const PATIENCE: Duration = Duration::from_secs(90);
/// Of so many requests seven go wrong.
const REQUESTS: u32 = 28;
const SLOW_MS_MAX: u64 = 200;
const UNAVAILABLE: &str = "storage_unavailable";

/// What came of asking for a file.
#[derive(Debug, PartialEq, Eq)]
enum Got {
    Whole(Bytes),
    /// With this code, to be asked for again.
    Refused(String),
    /// Cut off on the way.
    Broken,
}

/// Asks for a file, or for these bytes of it: the first and the last.
async fn fetch(client: &Client, path: &str, range: Option<(usize, usize)>) -> Got {
    let mut request = client.request("GET", path);
    if let Some((first, last)) = range {
        request = request.header("range", format!("bytes={first}-{last}"));
    }
    let Ok(answer) = request.send().await else { return Got::Broken };
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let Ok(body) = answer.bytes().await else { return Got::Broken };
    let expected = if range.is_some() { 206 } else { 200 };
    if status == expected {
        return Got::Whole(body);
    }
    let answer = Answer { status, headers, body };
    assert_eq!(answer.status, 503, "{path}: {}", answer.text());
    Got::Refused(answer.is_a_problem()["code"].as_str().unwrap().to_owned())
}

/// Asks again until it comes whole.
async fn persistently(client: &Client, path: &str, range: Option<(usize, usize)>) -> Bytes {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Got::Whole(bytes) = fetch(client, path, range).await {
            return bytes;
        }
        assert!(Instant::now() < deadline, "{path} does not come");
    }
}

/// Does the work while somebody looks whether a row promises a file that is not there.
async fn watched<T>(bucket: &InBucket, work: impl Future<Output = T>) -> T {
    tokio::select! {
        done = work => done,
        missing = until_half_there(bucket) => panic!("rows name files that are not there: {missing:?}"),
    }
}

/// Returns what is missing as soon as something is.
async fn until_half_there(bucket: &InBucket) -> Vec<String> {
    let mut database = bucket.app.superuser().await;
    loop {
        let before = promised(&mut database).await;
        let there: BTreeSet<String> = bucket.server.keys(BUCKET).into_iter().collect();
        let still = promised(&mut database).await;
        let missing: Vec<String> = before
            .intersection(&still)
            .filter(|key| !there.contains(&format!("{PREFIX}/{key}")))
            .cloned()
            .collect();
        if !missing.is_empty() {
            return missing;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The files that rows say are there.
async fn promised(database: &mut PgConnection) -> BTreeSet<String> {
    let keys: Vec<String> = sqlx::query_scalar(
        "SELECT blob_key FROM blobs
         UNION SELECT blob_key FROM assets WHERE status = 'ready' AND blob_key IS NOT NULL
         UNION SELECT blob_key FROM renditions
         UNION SELECT image_key FROM document_pages WHERE image_key IS NOT NULL",
    )
    .fetch_all(database)
    .await
    .unwrap();
    keys.into_iter().collect()
}

/// Waits until no task waits or runs. Those that are to be tried again later are tried now.
async fn at_rest(app: &TestApp) {
    let deadline = Instant::now() + PATIENCE;
    let mut database = app.superuser().await;
    loop {
        let open: Vec<String> =
            sqlx::query_scalar("SELECT kind FROM tasks WHERE status IN ('pending', 'running')")
                .fetch_all(&mut database)
                .await
                .unwrap();
        if open.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "still open: {open:?}");
        sqlx::query("UPDATE tasks SET scheduled_for = $1 WHERE status = 'pending' AND scheduled_for > $1")
            .bind(app.now())
            .execute(&mut database)
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What was given up says why, and succeeds once it is tried again. Returns how many there were.
async fn retried(app: &TestApp, client: &Client) -> usize {
    let mut count = 0;
    for _ in 0..8 {
        let listed = client.get("/tasks?status=failed&limit=100").await.is(200).json();
        let failed = listed["items"].as_array().unwrap();
        if failed.is_empty() {
            return count;
        }
        for task in failed {
            assert_eq!(task["error_code"], UNAVAILABLE, "{task:#}");
            let id = task["id"].as_str().unwrap();
            client.post(&format!("/tasks/{id}/retry"), &json!({})).await.is(200);
            count += 1;
        }
        at_rest(app).await;
    }
    panic!("{count} tasks were tried again, and some are given up still");
}

/// In two requests of tus; the id of the video.
async fn in_parts(client: &Client, filename: &str, bytes: &[u8]) -> String {
    let announced = client
        .tus("POST", "/uploads")
        .header("upload-length", bytes.len())
        .header("upload-metadata", metadata(&[("filename", filename)]));
    let announced = send(announced).await.is(201);
    let upload = announced.header("location").strip_prefix("/api/v1").unwrap();
    let half = bytes.len() / 2;
    client.append(upload, 0, bytes[..half].to_vec()).await.is(204);
    client.append(upload, half, bytes[half..].to_vec()).await.is(204);
    announced.header("memoreel-video-id").to_owned()
}

/// As the body of one request to a signed address; the id of the image.
async fn raw(app: &TestApp, client: &Client, filename: &str, bytes: Vec<u8>) -> String {
    let wanted = json!({ "kind": "image", "size_bytes": bytes.len(), "filename": filename });
    let made = client.post("/upload-addresses", &wanted).await.is(201).json();
    send(app.visitor().request("PUT", local(&made["url"])).body(bytes)).await.is(201);
    made["asset_id"].as_str().unwrap().to_owned()
}

/// The path of an address.
fn local(url: &Value) -> &str {
    let url = url.as_str().unwrap_or_else(|| panic!("no address: {url}"));
    url.strip_prefix(PUBLIC_URL).unwrap_or(url)
}

/// Fifty seconds of sound: more than is sent to a bucket in one part.
fn noise() -> Vec<u8> {
    const RATE: u32 = 48_000;
    let mut random = StdRng::seed_from_u64(9);
    let second: Vec<u8> =
        (0..RATE * 2).flat_map(|_| random.random_range(-2_000..2_000_i16).to_le_bytes()).collect();
    let samples = second.repeat(50);
    let length = u32::try_from(samples.len()).unwrap();
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + length).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    for half in [1_u16, 2] {
        wav.extend(half.to_le_bytes());
    }
    for whole in [RATE, RATE * 4] {
        wav.extend(whole.to_le_bytes());
    }
    for half in [4_u16, 16] {
        wav.extend(half.to_le_bytes());
    }
    wav.extend(b"data");
    wav.extend(length.to_le_bytes());
    wav.extend(samples);
    wav
}

/// What somebody uploaded, by its asset or video.
struct Uploaded {
    call: String,
    long: String,
    photo: String,
    minutes: String,
    pictures: Vec<String>,
}

/// How many pictures there are; the first of them are deleted.
const PICTURES: u64 = 6;
const DELETED: usize = 3;

async fn upload(app: &TestApp, ada: &Person) -> Uploaded {
    let call = in_parts(ada, "call.mp4", &sample("video-call.mp4")).await;
    let long = in_parts(ada, "long.wav", &noise()).await;
    let photo = raw(app, ada, "photo.png", picture(200, 100)).await;
    let minutes = ada.upload_document("minutes.pdf", pdf(&["Of the harbour board.", "All agreed."])).await;
    let mut pictures = Vec::new();
    for seed in 0..PICTURES {
        pictures.push(ada.upload_image("noise.png", picture(96, seed)).await);
    }
    Uploaded { call, long, photo, minutes, pictures }
}

/// Everything that a player asks for, by its path.
async fn played(app: &TestApp, ada: &Person, video_id: &str) -> BTreeMap<String, Bytes> {
    let video = app.settled(ada, video_id).await;
    assert_eq!(video["status"], "completed", "{video:#}");
    let somebody =
        Somebody { client: ada.client.clone(), public_url: PUBLIC_URL.to_owned(), tally: Arc::default() };
    let recording = Recording::of(&somebody, &video, Vec::new()).await;
    let mut files = BTreeMap::new();
    for url in recording.urls() {
        let path = url.strip_prefix(PUBLIC_URL).unwrap_or(url);
        files.insert(path.to_owned(), app.visitor().get(path).await.is(200).body);
    }
    files.retain(|_, whole| !whole.is_empty());
    assert!(files.len() > 4, "{:?}", files.keys());
    files
}

/// The path of an image of this width that is made of another.
async fn made_of(client: &Client, id: &str, width: u32) -> String {
    let path = format!("/assets/{id}/image-addresses?options=w={width},format=png");
    local(&client.get(&path).await.is(200).json()["src"]).to_owned()
}

/// The file of an asset is there, and is this one.
async fn assert_has(app: &TestApp, ada: &Person, id: &str, expected: &[u8]) {
    let asset = ada.get(&format!("/assets/{id}")).await.is(200).json();
    assert_eq!((&asset["status"], &asset["sha256"]), (&json!("ready"), &sum(expected)), "{asset:#}");
    let file = app.visitor().get(local(&asset["file_url"])).await.is(200).body;
    assert!(file == expected, "{id} has other content");
}

/// Every way of going wrong by itself, while somebody plays.
async fn each_fault_by_itself(bucket: &InBucket, path: &str, whole: &Bytes) {
    let visitor = bucket.app.visitor();
    for fault in [
        Fault::Status(500),
        Fault::Status(503),
        Fault::CutAnswer(100),
        Fault::CutAnswer(2_000),
        Fault::LoseAnswer,
        Fault::Slow(Duration::from_millis(100)),
        Fault::Hang,
    ] {
        bucket.proxy.set(move |request| if request.method == "GET" { fault } else { Fault::None });
        let got = tokio::time::timeout(Duration::from_secs(5), fetch(&visitor, path, None)).await;
        match (fault, got) {
            (Fault::Slow(_), Ok(Got::Whole(bytes))) => assert!(bytes == whole, "{path} has other content"),
            // Whoever waits no longer is nobody's failure.
            (Fault::Hang, Err(_)) => {}
            // What is cut off after its head may be put together of several answers.
            (Fault::CutAnswer(2_000), Ok(Got::Whole(bytes))) => assert!(bytes == whole, "{path} is torn"),
            (Fault::CutAnswer(2_000), Ok(Got::Broken)) => {}
            (Fault::Status(_) | Fault::CutAnswer(_) | Fault::LoseAnswer, Ok(Got::Refused(code))) => {
                assert_eq!(code, UNAVAILABLE);
            }
            (fault, got) => panic!("{fault:?}: {got:?}"),
        }
        bucket.proxy.set(|_| Fault::None);
        assert!(visitor.get(path).await.is(200).body == whole, "after {fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_with_the_bucket_nothing_is_lost_or_half_there_and_all_succeeds_in_the_end() {
    let bucket = InBucket::start().await;
    let app = &bucket.app;
    app.work().await;
    let (ada, visitor) = (app.person("ada").await, app.visitor());

    // Everything is uploaded and worked on in a storm.
    bucket.proxy.set(unreliable(1, REQUESTS, SLOW_MS_MAX));
    let uploaded = watched(&bucket, async {
        let uploaded = upload(app, &ada).await;
        at_rest(app).await;
        uploaded
    })
    .await;
    bucket.proxy.set(|_| Fault::None);
    retried(app, &ada).await;
    let Uploaded { call, long, photo, minutes, pictures } = uploaded;
    let mut files = played(app, &ada, &call).await;
    files.extend(played(app, &ada, &long).await);
    let originals = [sample("video-call.mp4"), noise()];
    for original in &originals {
        assert!(files.values().any(|file| file == original), "a recording has other content");
    }

    // It is played, looked at in other sizes, replaced and deleted in another.
    let mut random = StdRng::seed_from_u64(2);
    bucket.proxy.set(unreliable(3, REQUESTS, SLOW_MS_MAX));
    let made = watched(&bucket, async {
        for (path, whole) in &files {
            let first = random.random_range(0..whole.len());
            let last = random.random_range(first..whole.len());
            let part = persistently(&visitor, path, Some((first, last))).await;
            assert!(part == whole[first..=last], "bytes {first} to {last} of {path} are others");
        }
        let mut made = BTreeMap::new();
        for (id, width) in pictures[DELETED..].iter().zip([40, 50, 60]) {
            let path = made_of(&ada, id, width).await;
            made.insert(path.clone(), persistently(&visitor, &path, None).await);
        }
        replace(&ada, "image", &photo, picture(200, 101)).await;
        replace(&ada, "document", &minutes, pdf(&["Nobody agreed any more."])).await;
        for id in &pictures[..DELETED] {
            ada.delete(&format!("/assets/{id}?permanently=true")).await.is(204);
        }
        at_rest(app).await;
        made
    })
    .await;
    bucket.proxy.set(|_| Fault::None);
    retried(app, &ada).await;

    let largest = files.iter().filter(|(path, _)| path.ends_with(".m4s")).max_by_key(|(_, file)| file.len());
    let (path, whole) = largest.unwrap();
    each_fault_by_itself(&bucket, path, whole).await;

    // The bucket is away for longer than anybody tries.
    bucket.proxy.set(|_| Fault::Status(503));
    let (late, note) = (picture(96, 200), b"Minutes of the harbour board.".to_vec());
    let late_id = ada.upload_image("late.png", late.clone()).await;
    let note_id = ada.upload_document("note.txt", note.clone()).await;
    assert_eq!(fetch(&visitor, path, None).await, Got::Refused(UNAVAILABLE.to_owned()));
    watched(&bucket, at_rest(app)).await;
    for id in [&late_id, &note_id] {
        let asset = ada.get(&format!("/assets/{id}")).await.is(200).json();
        assert_eq!(
            (&asset["status"], &asset["error"]["code"]),
            (&json!("failed"), &json!(UNAVAILABLE)),
            "{asset:#}"
        );
    }
    bucket.proxy.set(|_| Fault::None);
    assert!(retried(app, &ada).await >= 2);

    // Now all is well, and everything is what it should be.
    app.sweep().await;
    for (path, file) in files.iter().chain(&made) {
        assert!(visitor.get(path).await.is(200).body == file, "{path} has other content");
    }
    assert_has(app, &ada, &photo, &picture(200, 101)).await;
    assert_has(app, &ada, &minutes, &pdf(&["Nobody agreed any more."])).await;
    assert_has(app, &ada, &late_id, &late).await;
    assert_has(app, &ada, &note_id, &note).await;
    for (id, seed) in pictures.iter().zip(0..PICTURES).skip(DELETED) {
        assert_has(app, &ada, id, &picture(96, seed)).await;
    }
    let keys = bucket.server.keys(BUCKET);
    for id in &pictures[..DELETED] {
        ada.get(&format!("/assets/{id}")).await.refuses(404, "not_found");
        assert!(!keys.iter().any(|key| key.contains(id.as_str())), "{id} is left: {keys:?}");
    }
    let (report, findings) = swept(app, DRY, TimeDelta::days(2)).await;
    assert_eq!((report.orphans, report.missing, report.unchecked), (0, 0, 0), "{findings:?}");
    assert!(report.files > 20, "{report:?}");
    let (report, findings) = swept(app, WET, TimeDelta::days(2)).await;
    assert_eq!((report.aborted, bucket.server.open_uploads()), (report.unfinished, 0), "{findings:?}");
}

#[tokio::test]
async fn what_a_client_has_already_is_not_asked_for_in_the_bucket() {
    let bucket = InBucket::start().await;
    let app = &bucket.app;
    app.work().await;
    let ada = app.person("ada").await;
    let photo = picture(96, 1);
    let id = ada.upload_image("noise.png", photo.clone()).await;
    at_rest(app).await;
    let asset = ada.get(&format!("/assets/{id}")).await.is(200).json();
    let (path, visitor) = (local(&asset["file_url"]), app.visitor());
    let etag = visitor.get(path).await.is(200).header("etag").to_owned();
    let before = bucket.proxy.seen().len();
    let again = send(visitor.request("GET", path).header("if-none-match", &etag)).await.is(304);
    assert_eq!(again.header("etag"), etag);
    let asked: Vec<String> =
        bucket.proxy.seen().split_off(before).into_iter().map(|seen| seen.method).collect();
    assert_eq!(asked, ["HEAD"]);
    let other = send(visitor.request("GET", path).header("if-none-match", "\"other\"")).await.is(200);
    assert_eq!(other.body, photo);
}
