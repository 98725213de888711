//! Uploads speak tus 1.0, keep what arrived, and drop what is wrong.

use crate::{
    app::{Options, PUBLIC_URL, TestApp, sample},
    client::{Client, Person, metadata, send},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use chrono::TimeDelta;
use futures::StreamExt;
use memoreel_blob::Checksum;
use memoreel_web::{Pace, Permit};
use serde_json::json;
use sha1::{Digest, Sha1};
use sha2::Sha256;
use std::{fs, io, time::Duration};
use tokio::sync::mpsc;

async fn offset_of(client: &Client, upload: &str) -> usize {
    send(client.tus("HEAD", upload)).await.is(200).header("upload-offset").parse().unwrap()
}

async fn video_count(app: &TestApp) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM videos").fetch_one(&mut app.superuser().await).await.unwrap()
}

#[tokio::test]
async fn the_server_says_what_it_speaks() {
    let app = TestApp::start().await;
    let answer = send(app.visitor().request("OPTIONS", "/uploads")).await.is(204);
    assert_eq!(answer.header("tus-version"), "1.0.0");
    for extension in ["creation", "creation-with-upload", "checksum", "expiration", "termination"] {
        assert!(answer.header("tus-extension").split(',').any(|known| known == extension), "{extension}");
    }
    assert!(answer.header("tus-checksum-algorithm").contains("sha1"));
    assert!(answer.header("tus-max-size").parse::<u64>().unwrap() >= 5 << 30);
}

#[tokio::test]
async fn an_upload_in_parts_becomes_one_video() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let about = [("filename", "Weekly_sync.mp4"), ("filetype", "video/mp4"), ("camera", "Größe 1")];
    // Names that nobody knows, and such as have no value, are as good as others.
    let about = format!("{},is_odd", metadata(&about));
    let announced = ada.tus("POST", "/uploads").header("upload-length", 10);
    let created = send(announced.header("upload-metadata", &about)).await.is(201);
    assert_eq!(created.header("upload-offset"), "0");
    assert_eq!(created.header("tus-resumable"), "1.0.0");
    assert_eq!(created.header("upload-expires"), "Mon, 02 Mar 2026 12:00:00 GMT");
    let video_id = created.header("memoreel-video-id").to_owned();
    let upload = created.header("location").strip_prefix("/api/v1").unwrap().to_owned();
    ada.get(&format!("/videos/{video_id}")).await.refuses(404, "not_found");

    let first = ada.append(&upload, 0, "01234").await.is(204);
    assert_eq!(first.header("upload-offset"), "5");
    let head = send(ada.tus("HEAD", &upload)).await.is(200);
    assert_eq!((head.header("upload-offset"), head.header("upload-length")), ("5", "10"));
    assert_eq!(head.header("cache-control"), "no-store");
    assert_eq!(head.header("upload-metadata"), about);
    assert_eq!(ada.get(&upload).await.is(200).json()["status"], "open");

    let last = ada.append(&upload, 5, "56789").await.is(204);
    assert_eq!(last.header("upload-offset"), "10");
    assert!(!last.headers.contains_key("upload-expires"));
    let shown = ada.get(&upload).await.is(200).json();
    assert_eq!((shown["status"].as_str(), shown["offset_bytes"].as_u64()), (Some("received"), Some(10)));
    let video = ada.get(&format!("/videos/{video_id}")).await.is(200).json();
    assert_eq!(video["title"], "Weekly sync");
    assert_eq!(video["filename"], "Weekly_sync.mp4");
    assert_eq!(video["status"], "pending");
    assert_eq!(video["created_at"], "2026-03-01T12:00:00Z");

    let head = send(ada.tus("HEAD", &upload)).await.is(200);
    assert_eq!((head.header("upload-offset"), head.header("upload-metadata")), ("10", about.as_str()));
    let silent = send(ada.tus("POST", "/uploads").header("upload-length", 10)).await.is(201);
    let silent = silent.header("location").strip_prefix("/api/v1").unwrap().to_owned();
    let head = send(ada.tus("HEAD", &silent)).await.is(200);
    assert!(!head.headers.contains_key("upload-metadata"), "{:?}", head.headers);

    // The answer to the last PATCH may be lost: asking again changes nothing.
    let again = ada.append(&upload, 10, "").await.is(204);
    assert_eq!(again.header("upload-offset"), "10");
    assert_eq!(video_count(&app).await, 1);
    let tasks: i64 = sqlx::query_scalar("SELECT count(*) FROM tasks WHERE kind <> 'send_mail'")
        .fetch_one(&mut app.superuser().await)
        .await
        .unwrap();
    assert_eq!(tasks, 1);
}

#[tokio::test]
async fn a_file_can_come_with_its_announcement() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let channel = ada.post("/channels", &serde_json::json!({ "name": "Talks" })).await.is(201).json();
    let about = [
        ("filename", "a.mp4"),
        ("title", "  The harbour  "),
        ("channel_id", channel["id"].as_str().unwrap()),
    ];
    let request = ada
        .tus("POST", "/uploads")
        .header("upload-length", 4)
        .header("upload-metadata", metadata(&about))
        .header("content-type", "application/offset+octet-stream")
        .body("abcd");
    let created = send(request).await.is(201);
    assert_eq!(created.header("upload-offset"), "4");
    let video = ada.get(&format!("/videos/{}", created.header("memoreel-video-id"))).await.is(200).json();
    assert_eq!((&video["title"], &video["channel_id"]), (&"The harbour".into(), &channel["id"]));
}

#[tokio::test]
async fn another_version_of_the_protocol_is_refused() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let upload = ada.announce(4, "a.mp4").await;
    for (method, path) in [("POST", "/uploads"), ("HEAD", upload.as_str()), ("PATCH", upload.as_str())] {
        for version in [None, Some("0.2.2"), Some("1.0.0, 1.0.0")] {
            let mut request = ada.request(method, path).header("upload-length", 4).header("upload-offset", 0);
            if let Some(version) = version {
                request = request.header("tus-resumable", version);
            }
            let answer =
                send(request.header("content-type", "application/offset+octet-stream")).await.is(412);
            assert_eq!(answer.header("tus-version"), "1.0.0", "{method} {version:?}");
        }
    }
    assert_eq!(offset_of(&ada, &upload).await, 0);
}

#[tokio::test]
async fn every_answer_names_the_protocol() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let upload = ada.announce(4, "a.mp4").await;
    for answer in [
        ada.append(&upload, 1, "bcd").await.refuses(409, "upload_offset_mismatch"),
        send(ada.tus("POST", "/uploads")).await.refuses(400, "upload_header_invalid"),
        send(ada.tus("DELETE", &upload)).await.is(204),
        send(ada.tus("HEAD", &upload)).await.is(410),
    ] {
        assert_eq!(answer.header("tus-resumable"), "1.0.0");
    }
}

#[tokio::test]
async fn bytes_go_to_the_offset_that_is_next_and_nowhere_else() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let upload = ada.announce(10, "a.mp4").await;
    ada.append(&upload, 0, "01234").await.is(204);
    for wrong in [0, 4, 6, 10, 1 << 40] {
        ada.append(&upload, wrong, "xx").await.refuses(409, "upload_offset_mismatch");
    }
    for wrong in ["", "-5", "5.0", "five", "18446744073709551616"] {
        let request = ada
            .tus("PATCH", &upload)
            .header("upload-offset", wrong)
            .header("content-type", "application/offset+octet-stream");
        send(request.body("x")).await.refuses(400, "upload_header_invalid");
    }
    assert_eq!(offset_of(&ada, &upload).await, 5);
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let upload = ada.announce(4, "a.mp4").await;
    for content_type in [None, Some("application/octet-stream"), Some("video/mp4")] {
        let mut request = ada.tus("PATCH", &upload).header("upload-offset", 0).body("abcd");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        send(request).await.refuses(415, "upload_type_unsupported");
    }
    assert_eq!(offset_of(&ada, &upload).await, 0);
}

#[tokio::test]
async fn bytes_that_do_not_match_their_checksum_are_dropped() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let upload = ada.announce(9, "a.mp4").await;
    let sha1 = |bytes: &str| format!("sha1 {}", BASE64_STANDARD.encode(Sha1::digest(bytes.as_bytes())));
    let sha256 = |bytes: &str| format!("sha256 {}", BASE64_STANDARD.encode(Sha256::digest(bytes.as_bytes())));
    let part = |offset, checksum: String, body: &'static str| {
        send(ada.appending(&upload, offset).header("upload-checksum", checksum).body(body))
    };
    part(0, sha1("abc"), "abc").await.is(204);
    for wrong in [sha1("xyz"), sha256("xyz")] {
        let answer = part(3, wrong, "def").await.refuses(460, "upload_checksum_mismatch");
        assert!(!answer.headers.contains_key("upload-offset"));
        assert_eq!(offset_of(&ada, &upload).await, 3);
    }
    for unknown in ["crc32 AAAA", "md5 XrY7u+Ae7tCTyyK7j1rNww==", "sha1", "sha1 ###", "sha256 AAAA", ""] {
        part(3, unknown.to_owned(), "def").await.refuses(400, "upload_checksum_invalid");
    }
    part(3, sha256("def"), "def").await.is(204);
    // The last bytes, wrong at first: the video comes only with the right ones.
    part(6, sha1("nope"), "ghi").await.is(460);
    assert_eq!(video_count(&app).await, 0);
    part(6, sha1("ghi"), "ghi").await.is(204);
    assert_eq!(video_count(&app).await, 1);
    let id = upload.rsplit('/').next().unwrap();
    let staged = fs::read(app.app.staging.path(id.parse().unwrap())).unwrap();
    assert_eq!(staged, b"abcdefghi");
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_before_its_first_byte() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    for (size, status, code) in [
        ("5368709121", 413, "upload_too_large"),
        ("9223372036854775808", 413, "upload_too_large"),
        ("99999999999999999999999", 400, "upload_header_invalid"),
        ("-1", 400, "upload_header_invalid"),
        ("", 400, "upload_header_invalid"),
    ] {
        send(ada.tus("POST", "/uploads").header("upload-length", size)).await.refuses(status, code);
    }
    send(ada.tus("POST", "/uploads")).await.refuses(400, "upload_header_invalid");
    let uploads: i64 = sqlx::query_scalar("SELECT count(*) FROM uploads")
        .fetch_one(&mut app.superuser().await)
        .await
        .unwrap();
    assert_eq!(uploads, 0);
    ada.announce(5 << 30, "largest.mp4").await;
}

#[tokio::test]
async fn an_empty_file_and_one_for_a_place_that_is_not_there_are_refused_when_they_are_announced() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let theirs = bob.post("/folders", &json!({ "name": "Press" })).await.is(201).json();
    let announced = async |length: usize, said: &[(&str, &str)]| {
        let request = ada.tus("POST", "/uploads").header("upload-length", length);
        send(request.header("upload-metadata", metadata(said))).await
    };
    announced(0, &[("filename", "a.mp4")]).await.refuses(422, "upload_empty");
    for place in ["folder_id", "channel_id"] {
        announced(4, &[(place, theirs["id"].as_str().unwrap())]).await.refuses(404, "not_found");
    }
    let uploads: i64 = sqlx::query_scalar("SELECT count(*) FROM uploads")
        .fetch_one(&mut app.superuser().await)
        .await
        .unwrap();
    assert_eq!(uploads, 0);
    // What other clients say beside it is theirs.
    announced(4, &[("relativePath", "films/a.mp4")]).await.is(201);
}

#[tokio::test]
async fn more_bytes_than_announced_are_refused() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let upload = ada.announce(4, "a.mp4").await;
    ada.append(&upload, 0, "ab").await.is(204);
    ada.append(&upload, 2, "cdefgh").await.refuses(413, "upload_too_large");
    assert_eq!(video_count(&app).await, 0);
    assert!(offset_of(&ada, &upload).await <= 4);
}

#[tokio::test]
async fn a_terminated_upload_is_gone_with_its_bytes() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let upload = ada.announce(4, "a.mp4").await;
    ada.append(&upload, 0, "ab").await.is(204);
    let staged = app.app.staging.path(upload.rsplit('/').next().unwrap().parse().unwrap());
    assert!(staged.exists());
    send(ada.tus("DELETE", &upload)).await.is(204);
    assert!(!staged.exists());
    ada.append(&upload, 2, "cd").await.refuses(410, "upload_closed");
    send(ada.tus("HEAD", &upload)).await.is(410);
    send(ada.tus("DELETE", &upload)).await.refuses(410, "upload_closed");
    assert_eq!(ada.get(&upload).await.is(200).json()["status"], "terminated");
    assert_eq!(video_count(&app).await, 0);
}

#[tokio::test]
async fn an_upload_that_waits_too_long_expires_and_one_that_goes_on_does_not() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (left, kept) = (ada.announce(4, "left.mp4").await, ada.announce(4, "kept.mp4").await);
    ada.append(&left, 0, "ab").await.is(204);
    app.clock.advance(TimeDelta::hours(23));
    assert_eq!(
        ada.append(&kept, 0, "ab").await.is(204).header("upload-expires"),
        "Tue, 03 Mar 2026 11:00:00 GMT"
    );
    app.clock.advance(TimeDelta::hours(2));
    app.sweep().await;
    let staged = |upload: &str| app.app.staging.path(upload.rsplit('/').next().unwrap().parse().unwrap());
    assert_eq!((staged(&left).exists(), staged(&kept).exists()), (false, true));
    send(ada.tus("HEAD", &left)).await.is(410);
    ada.append(&left, 2, "cd").await.refuses(410, "upload_closed");
    assert_eq!(ada.get(&left).await.is(200).json()["status"], "expired");
    ada.append(&kept, 2, "cd").await.is(204);
}

#[tokio::test]
async fn an_upload_goes_on_after_a_restart() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let bytes = sample("inaugural-address.mp3");
    let upload = ada.announce(bytes.len(), "address.mp3").await;
    ada.append(&upload, 0, bytes[..20_000].to_vec()).await.is(204);
    // As after kill -9: bytes are on the disk that no answer and no row told of.
    let staged = app.app.staging.path(upload.rsplit('/').next().unwrap().parse().unwrap());
    let mut file = fs::OpenOptions::new().append(true).open(&staged).unwrap();
    io::Write::write_all(&mut file, &bytes[20_000..25_000]).unwrap();
    drop(file);

    let app = app.restart().await;
    let ada = app.signed_in(&ada).await;
    let offset = offset_of(&ada, &upload).await;
    assert_eq!(offset, 25_000);
    ada.append(&upload, offset, bytes[offset..].to_vec()).await.is(204);
    assert_eq!(fs::read(&staged).unwrap(), bytes);
    assert_eq!(video_count(&app).await, 1);
}

#[tokio::test]
async fn bytes_that_were_not_compared_with_their_checksum_when_the_server_died_are_sent_again() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let bytes = vec![7; 3 << 20];
    let upload = ada.announce(bytes.len(), "a.mp4").await;
    ada.append(&upload, 0, bytes[..1_000].to_vec()).await.is(204);
    // As after kill -9 in the middle of a part.
    let id = upload.rsplit('/').next().unwrap().parse().unwrap();
    let arriving =
        futures::stream::iter([Ok(Bytes::from(vec![0; 2 << 20]))]).chain(futures::stream::pending());
    let checksum = Some(Checksum::Sha1([0; 20]));
    let broken_off = app.app.staging.append(id, 1_000, arriving, bytes.len() as u64, checksum);
    assert!(tokio::time::timeout(Duration::from_secs(1), broken_off).await.is_err());
    assert!(fs::metadata(app.app.staging.path(id)).unwrap().len() > 1_000_000);

    let app = app.restart().await;
    let ada = app.signed_in(&ada).await;
    assert_eq!(offset_of(&ada, &upload).await, 1_000);
    assert_eq!(fs::metadata(app.app.staging.path(id)).unwrap().len(), 1_000);
    ada.append(&upload, 1_000, bytes[1_000..].to_vec()).await.is(204);
    assert!(fs::read(app.app.staging.path(id)).unwrap() == bytes);
    assert_eq!(fs::read_dir(app.folder().join("staging")).unwrap().count(), 1);
}

/// Whether this process has the file open.
fn is_open(path: &std::path::Path) -> bool {
    let open = fs::read_dir("/proc/self/fd").unwrap().flatten();
    open.filter_map(|entry| fs::read_link(entry.path()).ok()).any(|target| target == path)
}

#[tokio::test]
async fn two_requests_cannot_write_to_one_upload_at_once() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let upload = ada.announce(8, "a.mp4").await;
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(1);
    let body = reqwest::Body::wrap_stream(futures::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|part| (part, receiver))
    }));
    let slow = tokio::spawn(send(ada.appending(&upload, 0).body(body)));
    sender.send(Ok(Bytes::from_static(b"abcd"))).await.unwrap();
    let staged = app.app.staging.path(upload.rsplit('/').next().unwrap().parse().unwrap());
    // Announcing made the file; the first request holds it once it is open.
    while !is_open(&staged) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    ada.append(&upload, 0, "zzzz").await.refuses(423, "upload_locked");
    send(ada.tus("DELETE", &upload)).await.refuses(423, "upload_locked");
    sender.send(Ok(Bytes::from_static(b"efgh"))).await.unwrap();
    drop(sender);
    assert_eq!(slow.await.unwrap().is(204).header("upload-offset"), "8");
    assert_eq!(fs::read(&staged).unwrap(), b"abcdefgh");
    assert_eq!(video_count(&app).await, 1);
}

#[tokio::test]
async fn what_arrived_before_the_connection_broke_is_kept() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let upload = ada.announce(8, "a.mp4").await;
    let parts =
        futures::stream::iter([Ok(Bytes::from_static(b"abc")), Err(io::Error::other("cable pulled"))]).then(
            |part| async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                part
            },
        );
    let broken = ada.appending(&upload, 0).body(reqwest::Body::wrap_stream(parts)).send().await;
    assert!(broken.is_err() || broken.is_ok_and(|answer| answer.status() == 400));
    let mut offset = 0;
    for _ in 0..100 {
        offset = offset_of(&ada, &upload).await;
        if offset == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(offset, 3);
    ada.append(&upload, 3, "defgh").await.is(204);
    assert_eq!(video_count(&app).await, 1);
}

/// A beginning, and then a byte fifty times a second for as long as somebody takes them.
fn dribbling(begins: &'static str) -> reqwest::Body {
    let bytes = futures::stream::repeat(Bytes::from_static(b"a")).then(|byte| async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        byte
    });
    let all = futures::stream::iter([Bytes::from_static(begins.as_bytes())]).chain(bytes);
    reqwest::Body::wrap_stream(all.map(Ok::<_, io::Error>))
}

#[tokio::test]
async fn what_is_sent_byte_by_byte_gives_its_place_up_and_goes_on_where_it_was() {
    const PACE: Pace = Pace { bytes_min: 1024, window: Duration::from_millis(500) };
    let app =
        TestApp::with(Options { limits: |limits| limits.append_pace = PACE, ..Options::default() }).await;
    let ada = app.person("ada").await;
    let upload = ada.announce(1_000, "a.mp4").await;
    send(ada.appending(&upload, 0).body(dribbling("a"))).await.refuses(408, "body_too_slow");
    let offset = offset_of(&ada, &upload).await;
    assert!((1..500).contains(&offset), "{offset}");
    ada.append(&upload, offset, vec![0_u8; 1_000 - offset]).await.is(204);

    let wanted = json!({ "filename": "b.mp4", "size_bytes": 1_000 });
    let made = ada.post("/upload-addresses", &wanted).await.is(201).json();
    let path = made["url"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap();
    let put = |body: reqwest::Body| send(app.visitor().request("PUT", path).body(body));
    put(dribbling("a")).await.refuses(408, "body_too_slow");
    put(vec![0_u8; 1_000].into()).await.is(201);
    assert_eq!(video_count(&app).await, 2);

    let form = ada.request("POST", "/assets").header("content-type", "multipart/form-data; boundary=b");
    let begins = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"c.mp4\"\r\n\r\n";
    send(form.body(dribbling(begins))).await.refuses(408, "body_too_slow");
    assert_eq!(take_places(&app, &ada).await.len(), 64);
}

#[tokio::test]
async fn two_last_requests_at_once_make_one_video() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    for _ in 0..5 {
        let before = video_count(&app).await;
        let upload = ada.announce(4, "a.mp4").await;
        let answers = futures::future::join_all((0..4).map(|_| ada.append(&upload, 0, "abcd"))).await;
        assert!(answers.iter().any(|answer| answer.status == 204));
        for answer in answers {
            assert!(matches!(answer.status, 204 | 409 | 423), "{}", answer.text());
        }
        assert_eq!(video_count(&app).await, before + 1);
    }
}

/// Takes every place for bytes that the organization can have.
async fn take_places(app: &TestApp, person: &Person) -> Vec<Permit> {
    let mut taken = Vec::new();
    let enter = || app.app.limits.appends.enter(&person.organization_id);
    while let Ok(Ok(permit)) = tokio::time::timeout(Duration::from_millis(200), enter()).await {
        taken.push(permit);
    }
    taken
}

#[tokio::test]
async fn a_request_that_comes_too_late_changes_nothing_of_what_was_acknowledged() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let wanted = json!({ "kind": "image", "size_bytes": 8, "filename": "a.png" });
    for is_signed in [false, true] {
        let made = ada.post("/upload-addresses", &wanted).await.is(201).json();
        let id = made["upload_id"].as_str().unwrap().to_owned();
        let upload = format!("/uploads/{id}");
        let staged = app.app.staging.path(id.parse().unwrap());
        // One that found it open, and waits for a place.
        let places = take_places(&app, &ada).await;
        let late = match is_signed {
            false => ada.appending(&upload, 0),
            true => {
                app.visitor().request("PUT", made["url"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap())
            }
        };
        let late = tokio::spawn(send(late.body("zzzzzzzz")));
        tokio::time::sleep(Duration::from_millis(500)).await;
        // All of it, staged by one whose server was killed before it could say so; it is taken up by who asks how much there is.
        fs::write(&staged, b"abcdefgh").unwrap();
        assert_eq!(offset_of(&ada, &upload).await, 8);
        drop(places);
        let answer = late.await.unwrap();
        match is_signed {
            false => drop(answer.refuses(409, "upload_offset_mismatch")),
            true => drop(answer.is(201)),
        }
        assert_eq!(fs::read(&staged).unwrap(), b"abcdefgh");
    }
}

#[tokio::test]
async fn hostile_metadata_is_refused_or_cleaned() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let announce = |value: String| {
        send(ada.tus("POST", "/uploads").header("upload-length", 3).header("upload-metadata", value))
    };
    let long = "x".repeat(10 * 1024);
    for refused in [
        "filename !!!".to_owned(),
        "filename /w==".to_owned(),
        metadata(&[("channel_id", "not-an-id")]),
        metadata(&[("filename", &long)]),
    ] {
        announce(refused).await.refuses(400, "upload_header_invalid");
    }
    for (given, kept) in [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("a\u{0}b\r\nc\u{1b}[31m.mp4", "abc[31m.mp4"),
        ("/", "recording"),
        ("\u{0}", "recording"),
        ("<script>alert(1)</script>.mp4", "script>.mp4"),
        ("große Pause 💥.mp4", "große Pause 💥.mp4"),
    ] {
        let created = announce(metadata(&[("filename", given), ("title", given)])).await.is(201);
        let upload = created.header("location").strip_prefix("/api/v1").unwrap();
        assert_eq!(ada.get(upload).await.is(200).json()["filename"], kept, "{given:?}");
        ada.append(upload, 0, "abc").await.is(204);
        let video = ada.get(&format!("/videos/{}", created.header("memoreel-video-id"))).await.is(200).json();
        let title = video["title"].as_str().unwrap();
        assert!(!title.is_empty() && !title.contains(char::is_control), "{title:?}");
    }
    let title = "t".repeat(1000);
    let created = announce(metadata(&[("filename", "a.mp4"), ("title", &title)])).await.is(201);
    ada.append(created.header("location").strip_prefix("/api/v1").unwrap(), 0, "abc").await.is(204);
    let video = ada.get(&format!("/videos/{}", created.header("memoreel-video-id"))).await.is(200).json();
    assert_eq!(video["title"].as_str().unwrap().len(), 200);
}

#[tokio::test]
async fn the_limit_of_new_uploads_holds() {
    let options = Options { rate_limit_factor: 1, ..Options::default() };
    let app = TestApp::with(options).await;
    let ada = app.person("ada").await;
    // The bucket fills by one a second while it is emptied.
    let mut accepted = 0;
    let refused = loop {
        let answer = send(ada.tus("POST", "/uploads").header("upload-length", 4)).await;
        if answer.status != 201 {
            break answer.refuses(429, "rate_limited");
        }
        accepted += 1;
        assert!(accepted < 200, "no limit");
    };
    assert!(accepted >= 60, "{accepted}");
    assert!((1..=60).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
}
