//! What players ask for: cookies, manifests, captions, stills and clips.

use super::{PAGE, allows, from, preflight, segment, set};
use crate::{
    app::{Options, PUBLIC_URL, TestApp, sample},
    client::{Person, send},
    seeing::slide_show,
};
use chrono::TimeDelta;
use memoreel_kernel::AssetId;
use memoreel_web::RateLimits;
use serde_json::{Value, json};
use std::{collections::BTreeSet, process::Command, time::Duration};

/// A signed-in person's recording, with everything that is made of it.
pub async fn recorded(app: &TestApp, ada: &Person, file: &str, name: &str) -> (Value, String) {
    let video_id = ada.upload(name, sample(file)).await;
    app.work().await;
    let video = app.settled(ada, &video_id).await;
    assert_eq!(video["status"], "completed", "{video:#}");
    let assets = ada.get("/assets?kind=video").await.is(200).json();
    let asset_id = assets["items"][0]["id"].as_str().unwrap().to_owned();
    (video, asset_id)
}

pub fn path_of(url: &Value) -> String {
    let url = url.as_str().unwrap_or_else(|| panic!("no address: {url}"));
    url.strip_prefix(PUBLIC_URL).unwrap_or(url).to_owned()
}

#[tokio::test]
async fn only_a_recording_that_has_sound_has_an_address_of_it_alone() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let visitor = app.visitor();
    let (spoken, _) = recorded(&app, &ada, "lecture.mov", "Lecture.mov").await;
    visitor.get(&path_of(&spoken["playback"]["sound_url"])).await.is(200);

    let id = ada.upload("Slides.mp4", slide_show(&[("Nobody speaks", 4)]).await).await;
    let silent = app.settled(&ada, &id).await;
    assert_eq!(silent["status"], "completed", "{silent:#}");
    let playback = &silent["playback"];
    visitor.get(&path_of(&playback["hls_url"])).await.is(200);
    assert_eq!((&playback["sound_url"], &playback["waveform_url"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_cookie_opens_one_recording_until_it_expires() {
    let app = TestApp::with(Options { is_https: true, ..Options::default() }).await;
    let ada = app.person("ada").await;
    let (_, asset_id) = recorded(&app, &ada, "video-call.mp4", "Call.mp4").await;
    set(&ada, json!({ "allowed_origins": [PAGE, "https://*.example.org"] })).await;
    let cookie = ada.get(&format!("/assets/{asset_id}/media-cookie")).await.is(200).json();
    let value = cookie["value"].as_str().unwrap();
    assert_eq!(cookie["path"], format!("/media/a/{asset_id}/"));
    let opened = send(from(&app, "GET", &path_of(&cookie["open_url"]), PAGE)).await.is(204);
    let told = opened.header("set-cookie");
    for part in [
        &format!("memoreel_media={value}; "),
        &format!("Path=/media/a/{asset_id}/; "),
        "HttpOnly",
        "Secure",
        "SameSite=None",
        "Partitioned",
        "Max-Age=43200",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert_eq!(opened.header("access-control-allow-credentials"), "true");
    assert_eq!(opened.header("cache-control"), "no-store");

    let hls = path_of(&cookie["hls_url"]);
    let with = |path: &str, value: &str| {
        app.visitor().request("GET", path).header("cookie", format!("other=1; memoreel_media={value}"))
    };
    let master = send(with(&hls, value).header("origin", PAGE)).await.is(200);
    assert_eq!(allows(&master), Some(PAGE));
    assert_eq!(master.header("access-control-allow-credentials"), "true");
    // A wildcard never goes with credentials.
    let below = send(with(&hls, value).header("origin", "https://a.example.org")).await.is(200);
    assert_eq!(allows(&below), Some("https://a.example.org"));
    assert!(!below.headers.contains_key("access-control-allow-credentials"));
    let asked = send(preflight(&app, &hls, PAGE, "GET")).await.is(204);
    assert_eq!(asked.header("access-control-allow-credentials"), "true");
    send(preflight(&app, &hls, "https://a.example.org", "GET")).await.refuses(403, "origin_not_allowed");

    let text = master.text();
    let media = text.lines().find(|line| line.ends_with("/media.m3u8")).unwrap();
    let folder = hls.rsplit_once('/').unwrap().0;
    let playlist = send(with(&format!("{folder}/{media}"), value)).await.is(200);
    assert!(playlist.text().contains("#EXT-X-ENDLIST"));
    let first =
        format!("{folder}/{}/segment-00000.m4s?anything=is-dropped", media.split('/').next().unwrap());
    let part = send(with(&first, value).header("range", "bytes=0-3")).await.is(206);
    assert_eq!(part.header("cache-control"), "private, max-age=3600");
    send(with(&path_of(&cookie["dash_url"]), value)).await.is(200);
    send(with(&path_of(&cookie["captions_url"]), value)).await.is(200);
    send(with(&path_of(&cookie["poster_url"]), value)).await.is(200);

    app.visitor().get(&hls).await.refuses(401, "media_cookie_missing");
    // A page that may play it is told why it cannot; others are told nothing.
    let told = send(from(&app, "GET", &hls, PAGE)).await.refuses(401, "media_cookie_missing");
    assert_eq!((allows(&told), told.header("access-control-allow-credentials")), (Some(PAGE), "true"));
    assert_eq!(allows(&send(from(&app, "GET", &hls, "https://elsewhere.example")).await), None);
    send(with(&hls, "junk")).await.refuses(404, "not_found");
    // What else lies there is not opened, nor is an address by the value of a cookie.
    for path in ["speech/speech.wav", "hls", "../x/hls/master.m3u8", "images/x.webp"] {
        send(with(&format!("/media/a/{asset_id}/{path}"), value)).await.refuses(404, "not_found");
    }
    app.visitor().get(&format!("/media/{value}/hls/master.m3u8")).await.refuses(404, "not_found");
    // Nor is another recording, of theirs or of others.
    let other = AssetId::new(app.now());
    let address = segment(&app, &ada.organization_id, other).await;
    send(with(&format!("/media/a/{other}/hls/720p/segment-00000.m4s"), value))
        .await
        .refuses(404, "not_found");
    let bob = app.person("bob").await;
    bob.get(&format!("/assets/{asset_id}/media-cookie")).await.refuses(404, "not_found");
    for seconds in [0, 60, 90_000] {
        let path = format!("/assets/{asset_id}/media-cookie?expires_in_seconds={seconds}");
        ada.get(&path).await.refuses(422, "lifetime_invalid");
    }
    app.clock.advance(TimeDelta::hours(12));
    for request in [with(&hls, value).header("origin", PAGE), from(&app, "GET", &address, PAGE)] {
        let expired = send(request).await.refuses(410, "media_token_expired");
        assert_eq!(allows(&expired), Some(PAGE));
    }
    let open = send(from(&app, "GET", &path_of(&cookie["open_url"]), PAGE)).await;
    assert_eq!(allows(&open.refuses(410, "media_token_expired")), Some(PAGE));
    assert_eq!(allows(&send(preflight(&app, &address, PAGE, "GET")).await.is(204)), Some(PAGE));
}

#[tokio::test]
async fn players_find_dash_captions_stills_and_clips() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (video, asset_id) = recorded(&app, &ada, "lecture.mov", "Weekly 会議.mov").await;
    let playback = &video["playback"];
    let visitor = app.visitor();

    // HLS names its captions, and their playlist leads to them.
    let hls = path_of(&playback["hls_url"]);
    let folder = hls.rsplit_once('/').unwrap().0;
    let master = visitor.get(&hls).await.is(200);
    assert!(
        master.text().contains("TYPE=SUBTITLES,GROUP-ID=\"captions\",NAME=\"Captions\",LANGUAGE=\"en\""),
        "{}",
        master.text()
    );
    assert_eq!(master.header("cache-control"), "private, no-cache");
    send(visitor.request("GET", &hls).header("if-none-match", master.header("etag"))).await.is(304);
    // What is written anew each time is told apart, too.
    send(visitor.request("GET", &hls).header("if-match", master.header("etag"))).await.is(200);
    let other = visitor.request("GET", &hls).header("if-match", "\"other\"");
    send(other).await.refuses(412, "precondition_failed");
    let list = visitor.get(&format!("{folder}/captions.m3u8")).await.is(200);
    assert!(list.text().contains("captions.vtt") && list.header("content-type").contains("mpegurl"));
    let captions = visitor.get(&path_of(&playback["captions"][0]["signed_url"])).await.is(200);
    assert!(captions.text().starts_with("WEBVTT") && captions.text().contains("harbour project"));

    // Stills for the seek bar lie beside, and nothing else of their folder does.
    let stills =
        master.text().lines().find(|line| line.starts_with("#EXT-X-IMAGE-STREAM-INF:")).unwrap().to_owned();
    assert!(stills.contains("URI=\"storyboard.m3u8\""), "{stills}");
    let list = visitor.get(&format!("{folder}/storyboard.m3u8")).await.is(200);
    assert!(list.text().contains("#EXT-X-IMAGES-ONLY") && list.header("content-type").contains("mpegurl"));
    let sheet = visitor.get(&format!("{folder}/storyboard/sprite-000.jpg")).await.is(200);
    assert!(list.text().contains("storyboard/sprite-000.jpg") && sheet.body.starts_with(b"\xff\xd8"));
    assert_eq!(sheet.header("content-type"), "image/jpeg");
    for other in ["poster.jpg", "storyboard.vtt", "sprite-.jpg", "sprite-999.jpg"] {
        visitor.get(&format!("{folder}/storyboard/{other}")).await.refuses(404, "not_found");
    }

    // DASH names every segment that is there, and no other.
    let manifest = visitor.get(&path_of(&playback["dash_url"])).await.is(200);
    assert_eq!(manifest.header("content-type"), "application/dash+xml");
    let text = manifest.text();
    assert!(text.contains("<BaseURL>captions.vtt</BaseURL>") && text.contains("lang=\"en\""), "{text}");
    let folders: Vec<&str> =
        text.split("initialization=\"").skip(1).map(|rest| rest.split("/init.mp4").next().unwrap()).collect();
    let listed = master.text().lines().filter(|line| line.ends_with("/media.m3u8")).count();
    assert_eq!(folders.len(), listed + 1, "each picture, and the sound once: {text}");
    let mut sizes = 0;
    for one in folders {
        let (name, track) = one.split_once('/').unwrap();
        let mut file = visitor.get(&format!("{folder}/{one}/init.mp4")).await.is(200).body.to_vec();
        let playlist = visitor.get(&format!("{folder}/{name}/media.m3u8")).await.is(200).text();
        let segments = playlist.matches("#EXTINF").count();
        for number in 0..segments {
            let address = format!("{folder}/{one}/segment-{number:05}.m4s");
            let segment = visitor.get(&address).await.is(200);
            let part = send(visitor.request("GET", &address).header("range", "bytes=4-7")).await.is(206);
            assert_eq!((&part.body[..], part.header("etag")), (&b"styp"[..], segment.header("etag")));
            file.extend_from_slice(&segment.body);
            sizes += segment.body.len();
        }
        visitor.get(&format!("{folder}/{one}/segment-{segments:05}.m4s")).await.refuses(404, "not_found");
        let probe = probed(&app, &file).await;
        assert_eq!((probe.video.is_some(), probe.audio.is_some()), (track == "picture", track == "sound"));
        assert!((9_500..11_500).contains(&probe.duration_ms), "{one}: {}", probe.duration_ms);
    }
    assert!(sizes > 100_000, "{sizes}");
    let sound = visitor.get(&path_of(&playback["sound_url"])).await.is(200).text();
    let named = sound.lines().filter(|line| line.contains("/sound/segment-"));
    for segment in named {
        visitor.get(&format!("{folder}/{segment}")).await.is(200);
    }
    // What somebody has is not read again to tell them so.
    let asset = app.folder().join("blobs/blobs/organizations").join(&ada.organization_id);
    let asset = asset.join("assets").join(&asset_id);
    let segment = sound.lines().find(|line| line.contains("/sound/segment-")).unwrap();
    let (url, header) =
        (format!("{folder}/{segment}"), format!("hls/{}/init.mp4", segment.split_once('/').unwrap().0));
    let known = visitor.get(&url).await.is(200);
    std::fs::rename(asset.join(&header), asset.join("init.mp4")).unwrap();
    visitor.get(&url).await.refuses(404, "not_found");
    send(visitor.request("GET", &url).header("if-none-match", known.header("etag"))).await.is(304);
    let head = send(visitor.request("HEAD", &url)).await.is(200);
    assert_eq!(head.header("etag"), known.header("etag"));
    assert!(!head.headers.contains_key("content-length"));
    std::fs::rename(asset.join("init.mp4"), asset.join(&header)).unwrap();
    // What was sent takes no room any more.
    drop(app.app.limits.tracks.enter_with(&ada.organization_id, u64::MAX).await.unwrap());

    // A still of any second, made once and kept with the poster.
    let frame = |second: &str| path_of(&playback["frame_url_template"]).replace("{second}", second);
    let kept = async || {
        let storage = ada.get("/analytics/storage").await.is(200).json();
        let mut kinds = storage["kinds"].as_array().unwrap().iter();
        kinds.find(|one| one["kind"] == "video").unwrap()["rendition_bytes"].as_u64().unwrap()
    };
    let before = kept().await;
    let still = visitor.get(&frame("2")).await.is(200);
    assert_eq!((still.header("content-type"), &still.body[..3]), ("image/jpeg", &b"\xff\xd8\xff"[..]));
    let again = visitor.get(&frame("2")).await.is(200);
    assert_eq!((again.header("etag"), &again.body), (still.header("etag"), &still.body));
    let small = visitor.get(&frame("2-small")).await.is(200);
    assert!(small.body.len() < still.body.len());
    // Each shows its own moment, also within one segment that is not the first.
    let mut seen = BTreeSet::from([still.body]);
    for second in ["4", "6", "7", "8"] {
        assert!(seen.insert(visitor.get(&frame(second)).await.is(200).body), "{second}");
    }
    // Who asks at once is given the same one, which takes room once.
    let third = frame("3");
    let (one, other) = tokio::join!(visitor.get(&third), visitor.get(&third));
    seen.extend([one.is(200).body, other.is(200).body]);
    let stills: usize = seen.iter().chain([&small.body]).map(|still| still.len()).sum();
    assert_eq!(kept().await - before, stills as u64);
    for nothing in ["3600", "02", "-1", "x"] {
        visitor.get(&frame(nothing)).await.refuses(404, "not_found");
    }

    // A clip is a file of its own.
    let clip = async |from: &str, to: &str| {
        ada.get(&format!("/assets/{asset_id}/clip-address?from_seconds={from}&to_seconds={to}")).await
    };
    let address = clip("6.5", "8.25").await.is(200).json();
    assert_eq!((&address["from_ms"], &address["to_ms"]), (&json!(6_500), &json!(8_250)));
    let url = path_of(&address["url"]);
    let file = visitor.get(&url).await.is(200);
    assert_eq!((file.header("content-type"), &file.body[4..8]), ("video/mp4", &b"ftyp"[..]));
    let disposition = file.header("content-disposition");
    assert!(
        disposition.starts_with("attachment") && disposition.contains("%E4%BC%9A%E8%AD%B0"),
        "{disposition}"
    );
    let part = send(visitor.request("GET", &url).header("range", "bytes=4-7")).await.is(206);
    assert_eq!((&part.body[..], part.header("etag")), (&b"ftyp"[..], file.header("etag")));
    send(visitor.request("GET", &url).header("if-none-match", file.header("etag"))).await.is(304);
    send(visitor.request("GET", &url).header("if-match", file.header("etag"))).await.is(200);
    let other = visitor.request("GET", &url).header("if-match", "\"other\"").header("range", "bytes=4-7");
    send(other).await.refuses(412, "precondition_failed");
    send(visitor.request("GET", &url).header("range", "bytes=99999999-")).await.refuses(416, "range_invalid");
    let lasts = probed(&app, &file.body).await.duration_ms;
    assert!((1_600..2_400).contains(&lasts), "{lasts}");
    // Nothing else can be cut by the same signature.
    for (what, instead) in [("6500-8250", "6500-8251"), ("clip.mp4", "clip2.mp4"), ("?s=", "?s=A")] {
        visitor.get(&url.replace(what, instead)).await.refuses(404, "not_found");
    }
    for (from, to) in [("3", "2"), ("-1", "2"), ("0", "0.01"), ("3600", "3601"), ("NaN", "1")] {
        clip(from, to).await.refuses(422, "span_invalid");
    }
    // It is cut where what a killed server leaves behind is removed.
    let scratch = app.folder().join("scratch");
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0);
    std::fs::remove_dir(&scratch).unwrap();
    std::fs::write(&scratch, "not a folder").unwrap();
    visitor.get(&url).await.refuses(500, "internal");
    // What somebody has is not cut again to tell them so.
    send(visitor.request("GET", &url).header("if-none-match", file.header("etag"))).await.is(304);
    let head = send(visitor.request("HEAD", &url)).await.is(200);
    assert_eq!(head.header("etag"), file.header("etag"));
    assert!(!head.headers.contains_key("content-length"));
    visitor.get(&frame("5")).await.refuses(500, "internal");
    std::fs::remove_file(&scratch).unwrap();
    visitor.get(&url).await.is(200);
    // Clips that are on their way take room on the disk.
    let under_way = app.app.limits.clips.enter_with(&ada.organization_id, u64::MAX).await.unwrap();
    visitor.get(&url).await.refuses(429, "organization_busy");
    drop(under_way);
    visitor.get(&url).await.is(200);
    // What goes takes its stills along.
    ada.delete(&format!("/videos/{}", video["id"].as_str().unwrap())).await.is(204);
    app.clock.advance(TimeDelta::days(31));
    app.sweep().await;
    app.sweep().await;
    app.clock.advance(TimeDelta::hours(2));
    app.sweep().await;
    assert!(!asset.join("preview/frames/2.jpg").exists());
}

/// Two seconds of pictures that no encoder makes small, and a sound: more than the buffers between here and there hold.
fn noise() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("noise.mp4");
    let made = Command::new("ffmpeg")
        .args([
            "-nostdin", "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "640x480", "-r", "25",
        ])
        .args(["-t", "2", "-i", "/dev/urandom", "-f", "lavfi", "-i", "sine=f=440:d=2"])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-qp", "1", "-g", "25", "-c:a", "aac"])
        .arg(&file)
        .status()
        .unwrap();
    assert!(made.success());
    std::fs::read(&file).unwrap()
}

#[tokio::test]
async fn who_does_not_read_what_is_made_for_them_keeps_no_place() {
    let limits = |limits: &mut RateLimits| limits.stalled_after = Duration::from_secs(1);
    let app = TestApp::with(Options { limits, ..Options::default() }).await;
    let ada = app.person("ada").await;
    let video_id = ada.upload("Noise.mp4", noise()).await;
    app.work().await;
    let video = app.until(&ada, &video_id, |video| video["playback"]["hls_url"].is_string()).await;
    let hls = path_of(&video["playback"]["hls_url"]);
    let track = hls.replace("master.m3u8", "source/picture/segment-00000.m4s");
    let asset_id = video["asset_id"].as_str().unwrap();
    let address = ada.get(&format!("/assets/{asset_id}/clip-address?from_seconds=0&to_seconds=2")).await;
    let clip = path_of(&address.is(200).json()["url"]);
    for (url, room) in [(track, &app.app.limits.tracks), (clip, &app.app.limits.clips)] {
        let all_of_adas = || room.enter_with(&ada.organization_id, u64::MAX);
        let unread = app.visitor().request("GET", &url).send().await.unwrap();
        assert_eq!(unread.status(), 200, "{url}");
        let taken = tokio::time::timeout(Duration::from_millis(200), all_of_adas()).await;
        assert!(taken.is_err(), "it is on its way: {url}");
        drop(all_of_adas().await.expect("what nobody reads is let go"));
        unread.bytes().await.expect_err("it is not all of it");
    }
}

/// What an MP4 file holds.
async fn probed(app: &TestApp, file: &[u8]) -> memoreel_media::Probe {
    let path = app.folder().join("probed.mp4");
    tokio::fs::write(&path, file).await.unwrap();
    let ffmpeg = memoreel_media::Ffmpeg::locate(memoreel_media::Limits::default()).await.unwrap();
    ffmpeg.probe(&path, &memoreel_media::Control::default()).await.unwrap()
}
