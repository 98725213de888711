//! What is made of recordings: the versions that an organization chooses, and the list of all of it, and sound files.

use crate::{
    app::{PUBLIC_URL, TestApp, sample},
    client::{Client, Person, send},
    replaced::{replace, settled},
};
use serde_json::{Value, json};

const ENCODING: &str = "/organization/encoding";

/// A signed-in person's recording, with everything that is made of it, and the id of its asset.
async fn recorded(app: &TestApp, ada: &Person, file: &str, name: &str) -> (Value, String) {
    let video_id = ada.upload(name, sample(file)).await;
    let video = app.settled(ada, &video_id).await;
    assert_eq!(video["status"], "completed", "{video:#}");
    let assets = ada.get("/assets").await.is(200).json();
    let mut items = assets["items"].as_array().unwrap().iter();
    let asset = items.find(|asset| asset["video_id"] == video_id.as_str()).unwrap();
    (video, asset["id"].as_str().unwrap().to_owned())
}

fn path_of(url: &Value) -> String {
    let url = url.as_str().unwrap_or_else(|| panic!("no address: {url}"));
    url.strip_prefix(PUBLIC_URL).unwrap_or(url).to_owned()
}

/// The folders that the master playlist names, in the order of the alphabet, with the playlist.
async fn versions(visitor: &Client, video: &Value) -> (Vec<String>, String) {
    let master = visitor.get(&path_of(&video["playback"]["hls_url"])).await.is(200).text();
    let folder = |line: &str| line.strip_suffix("/media.m3u8").map(str::to_owned);
    let mut names: Vec<String> = master.lines().filter_map(folder).collect();
    names.sort();
    (names, master)
}

#[tokio::test]
async fn encoding_settings_are_what_can_be_made_or_refused_at_their_field() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let first = ada.get(ENCODING).await.is(200).json();
    assert_eq!((&first["codec"], &first["loudness_lufs"]), (&json!("h264"), &Value::Null));
    assert_eq!(first["steps"][3], json!({ "height": 1080, "bit_rate": 5_000_000 }));
    assert_eq!(
        first["choices"][0],
        json!({ "height": 360, "bit_rate": 800_000, "bit_rate_min": 200_000, "bit_rate_max": 3_200_000 })
    );
    let mut put =
        json!({ "codec": "av1", "steps": [{ "height": 720, "bit_rate": 2_000_000 }, { "height": 360 }] });
    for lufs in [json!(-9), Value::Null, json!(-31)] {
        put["loudness_lufs"] = lufs.clone();
        assert_eq!(ada.put(ENCODING, &put).await.is(200).json()["loudness_lufs"], lufs);
    }
    // Who says nothing of it leaves sound as it is.
    put.as_object_mut().unwrap().remove("loudness_lufs");
    assert_eq!(ada.put(ENCODING, &put).await.is(200).json()["loudness_lufs"], Value::Null);
    put["loudness_lufs"] = json!(-16);
    let after = ada.put(ENCODING, &put).await.is(200).json();
    let steps = json!([{ "height": 360, "bit_rate": 800_000 }, { "height": 720, "bit_rate": 2_000_000 }]);
    assert_eq!((&after["codec"], &after["steps"]), (&json!("av1"), &steps));
    assert_eq!(after["loudness_lufs"], -16);
    assert_eq!(ada.get(ENCODING).await.is(200).json(), after);
    let log = ada.get("/audit-log").await.is(200).text();
    assert!(log.contains("encoding_settings.created") && log.contains(r#""loudness":-31"#), "{log}");

    for (steps, code) in [
        (json!([]), "steps_empty"),
        (json!([{ "height": 500 }]), "height_unknown"),
        (json!([{ "height": 0, "bit_rate": 800_000 }]), "height_unknown"),
        (json!([{ "height": 360 }, { "height": 360 }]), "height_twice"),
        (json!([{ "height": 360, "bit_rate": 199_999 }]), "bit_rate_invalid"),
        (json!([{ "height": 1080, "bit_rate": 20_000_001 }]), "bit_rate_invalid"),
        (json!([{ "height": 360, "bit_rate": u64::MAX }]), "bit_rate_invalid"),
        (
            json!([{ "height": 360 }, { "height": 480 }, { "height": 720 }, { "height": 1080 }, { "height": 1 }]),
            "list_too_long",
        ),
    ] {
        let refused = ada.put(ENCODING, &json!({ "codec": "h264", "steps": steps })).await;
        let problem = refused.refuses(422, code).json();
        assert_eq!(problem["errors"][0]["field"], "steps", "{problem:#}");
    }
    for lufs in [i32::MIN, -32, -8, 0, 16] {
        let wanted = json!({ "codec": "h264", "steps": [{ "height": 360 }], "loudness_lufs": lufs });
        let problem = ada.put(ENCODING, &wanted).await.refuses(422, "loudness_invalid").json();
        assert_eq!(problem["errors"][0]["field"], "loudness_lufs", "{problem:#}");
    }
    for odd in [
        json!({ "codec": "hevc", "steps": [{ "height": 360 }] }),
        json!({ "codec": "h264", "steps": [{ "height": 360 }], "loudness_lufs": -16.5 }),
        json!({ "codec": "h264", "steps": [{ "height": 360 }], "loudness_lufs": "-16" }),
        json!({ "codec": "h264" }),
        json!({ "codec": "h264", "steps": [{ "height": -1 }] }),
        json!({ "codec": "h264", "steps": [{ "height": 360, "width": 640 }] }),
    ] {
        let answer = ada.put(ENCODING, &odd).await;
        assert!((400..500).contains(&answer.status), "{odd}: {}", answer.text());
    }
    // What was refused changed nothing, and others have their own.
    assert_eq!(ada.get(ENCODING).await.is(200).json(), after);
    let bob = app.person("bob").await;
    assert_eq!(bob.get(ENCODING).await.is(200).json(), first);
}

/// Loudness of a version as ffmpeg's own meter shows it, in LUFS; `folder` is where the playlists lie.
async fn loudness(visitor: &Client, folder: &str, version: &str) -> f64 {
    let playlist = visitor.get(&format!("{folder}/{version}/media.m3u8")).await.is(200).text();
    let file = tempfile::NamedTempFile::new().expect("a file");
    let mut bytes = Vec::new();
    for part in std::iter::once("init.mp4").chain(playlist.lines().filter(|line| !line.starts_with('#'))) {
        bytes.extend_from_slice(&visitor.get(&format!("{folder}/{version}/{part}")).await.is(200).body);
    }
    std::fs::write(file.path(), bytes).expect("written");
    let metered = std::process::Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-nostats", "-i"])
        .arg(file.path())
        .args(["-vn", "-af", "ebur128", "-f", "null", "-"])
        .output()
        .expect("ffmpeg runs");
    let report = String::from_utf8_lossy(&metered.stderr).into_owned();
    let (_, told) = report.rsplit_once("I:").expect("a summary");
    told.split_whitespace().next().and_then(|lufs| lufs.parse().ok()).expect("a number")
}

#[tokio::test]
async fn what_is_chosen_holds_for_what_comes_in_from_then_on() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    app.work().await;
    let visitor = app.visitor();
    let (before, before_asset) = recorded(&app, &ada, "lecture.mov", "Before.mov").await;
    let (names, _) = versions(&visitor, &before).await;
    assert_eq!(names, ["360p", "source"]);

    let steps = json!([{ "height": 360, "bit_rate": 600_000 }, { "height": 480 }]);
    let put = json!({ "codec": "av1", "steps": steps, "loudness_lufs": -28 });
    ada.put(ENCODING, &put).await.is(200);
    let (after, _) = recorded(&app, &ada, "lecture.mov", "After.mov").await;
    let (names, master) = versions(&visitor, &after).await;
    assert_eq!(names, ["360p", "360p-av1", "480p-av1", "source"], "{master}");
    // Who knows H.264 alone is told of it first, and has sound and picture in it.
    let codecs: Vec<&str> = master.lines().filter_map(|line| line.split("CODECS=\"").nth(1)).collect();
    assert!(codecs[..2].iter().all(|codecs| codecs.starts_with("avc1.")), "{master}");
    assert!(
        codecs[2..4].iter().all(|codecs| codecs.starts_with("av01.0.0") && codecs.contains("M.08,mp4a.40.2")),
        "{master}"
    );
    assert!(
        after["stages"].as_array().unwrap().iter().any(|stage| stage["stage"] == "encode_av1"),
        "{after:#}"
    );

    // Both are in the manifest, each in a set of its own, and every file that it names can be had.
    let dash = path_of(&after["playback"]["dash_url"]);
    let manifest = visitor.get(&dash).await.is(200).text();
    let sets: Vec<&str> =
        manifest.split("<AdaptationSet").skip(1).filter(|set| set.contains("video/mp4")).collect();
    assert_eq!(sets.len(), 2, "{manifest}");
    assert!(!sets[0].contains("av01.") && !sets[1].contains("avc1."), "{manifest}");
    let folder = dash.rsplit_once('/').unwrap().0;
    for version in ["source", "360p", "480p-av1"] {
        let lufs = loudness(&visitor, folder, version).await;
        assert!((lufs + 28.0).abs() < 1.5, "{version} has {lufs} LUFS");
    }
    for part in sets[1].split("initialization=\"").skip(1) {
        let part = part.split("/init.mp4").next().unwrap();
        let header = visitor.get(&format!("{folder}/{part}/init.mp4")).await.is(200);
        assert!(header.body.windows(4).any(|window| window == b"av1C"), "{part}");
        visitor.get(&format!("{folder}/{part}/segment-00000.m4s")).await.is(200);
    }

    // What was there stays as it is, also when all of it is made once more.
    sqlx::query("UPDATE tasks SET status = 'pending', attempts = 0 WHERE kind = 'store' AND payload ->> 'asset_id' = $1")
        .bind(&before_asset)
        .execute(&mut app.superuser().await)
        .await
        .unwrap();
    sqlx::raw_sql("UPDATE videos SET status = 'pending'; NOTIFY memoreel_tasks")
        .execute(&mut app.superuser().await)
        .await
        .unwrap();
    let again = app.settled(&ada, before["id"].as_str().unwrap()).await;
    assert_eq!(versions(&visitor, &again).await.0, ["360p", "source"]);
    assert!(
        !again["stages"].as_array().unwrap().iter().any(|stage| stage["stage"] == "encode_av1"),
        "{again:#}"
    );
}

#[tokio::test]
async fn a_video_is_encoded_anew_and_whoever_is_playing_it_goes_on() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    app.work().await;
    let (before, asset_id) = recorded(&app, &ada, "video-call.mp4", "Call.mp4").await;
    let image = ada.upload_image("Photo.heic", sample("still-photo.heic")).await;
    app.idle().await;
    let (names, _) = versions(&app.visitor(), &before).await;
    assert_eq!(names, ["360p", "480p", "source"]);
    let cookie = ada.get(&format!("/assets/{asset_id}/media-cookie")).await.is(200).json();
    let put = json!({ "codec": "h264", "steps": [{ "height": 360, "bit_rate": 400_000 }] });
    ada.put(ENCODING, &put).await.is(200);

    // Nobody works while it is asked for.
    let app = app.restart().await;
    let ada = app.signed_in(&ada).await;
    let mut database = app.superuser().await;
    let path = format!("/assets/{asset_id}/encode");
    ada.post(&format!("/assets/{image}/encode"), &Value::Null).await.refuses(409, "asset_has_no_picture");
    app.person("bob").await.post(&path, &Value::Null).await.refuses(404, "not_found");
    for (status, ended) in [("pending", "NULL"), ("completed", "created_at")] {
        let first =
            format!("UPDATE tasks SET status = '{status}', finished_at = {ended} WHERE kind = 'encode'");
        sqlx::query(sqlx::AssertSqlSafe(first)).execute(&mut database).await.unwrap();
        if status == "pending" {
            ada.post(&path, &Value::Null).await.refuses(409, "recording_not_packaged");
        }
    }
    for _ in 0..2 {
        assert_eq!(ada.post(&path, &Value::Null).await.is(202).json()["id"], asset_id.as_str());
    }
    let tasks = "SELECT count(*) FROM tasks WHERE kind = 'reencode' AND status = 'pending'";
    assert_eq!(sqlx::query_scalar::<_, i64>(tasks).fetch_one(&mut database).await.unwrap(), 1);
    // Who asks for it is told each time that something is to be done, also to what it was before.
    let log = format!("/audit-log?action=asset.encode_wanted&target_id={asset_id}");
    assert_eq!(ada.get(&log).await.is(200).json()["items"].as_array().unwrap().len(), 1);
    let done = "UPDATE tasks SET status = 'completed', finished_at = created_at WHERE kind = 'reencode'";
    sqlx::query(done).execute(&mut database).await.unwrap();
    app.clock.advance(chrono::TimeDelta::seconds(1));
    ada.post(&path, &Value::Null).await.is(202);
    let log = ada.get(&log).await.is(200).json()["items"].clone();
    assert_eq!(log.as_array().unwrap().len(), 2, "{log:#}");
    assert_eq!(
        (&log[0]["actor"]["id"], &log[0]["new"]["filename"], &log[0]["new"]["encoding_wanted"]),
        (&json!(ada.user_id), &json!("Call.mp4"), &log[1]["new"]["encoding_wanted"])
    );
    assert!(log[0]["new"]["encoding_wanted"].is_object(), "{log:#}");
    app.work().await;
    app.idle().await;

    let after = ada.get(&format!("/videos/{}", before["id"].as_str().unwrap())).await.is(200).json();
    assert_eq!((&after["status"], &after["stages"]), (&json!("completed"), &before["stages"]));
    let visitor = app.visitor();
    for (video, wanted, version) in
        [(&before, &["360p", "480p", "source"][..], "480p"), (&after, &["360p", "source"][..], "360p")]
    {
        assert_eq!(versions(&visitor, video).await.0, wanted);
        let playback = &video["playback"];
        let manifest = visitor.get(&path_of(&playback["dash_url"])).await.is(200).text();
        assert_eq!(manifest.contains("480p/"), version == "480p", "{manifest}");
        let captions = visitor.get(&path_of(&playback["captions"][0]["signed_url"])).await.is(200);
        assert!(captions.text().contains("harbour project"));
        let master = path_of(&playback["hls_url"]);
        let folder = master.rsplit_once('/').unwrap().0;
        for file in
            ["media.m3u8", "init.mp4", "segment-00000.m4s", "picture/media.m3u8", "sound/segment-00000.m4s"]
        {
            visitor.get(&format!("{folder}/{version}/{file}")).await.is(200);
        }
    }
    assert_ne!(before["playback"]["hls_url"], after["playback"]["hls_url"]);
    let master = path_of(&after["playback"]["hls_url"]);
    visitor.get(&master.replace("master.m3u8", "480p/media.m3u8")).await.refuses(404, "not_found");
    // Of what was there before nothing is listed, and every address that is works.
    let all = listed(&ada, &asset_id).await;
    assert_eq!(all.iter().filter(|one| one["kind"] == "hls_variant").count(), 2, "{all:#?}");
    for one in all.iter().filter(|one| !one["url"].is_null()) {
        visitor.get(&path_of(&one["url"])).await.is(200);
    }
    // A cookie of before opens both.
    let again = ada.get(&format!("/assets/{asset_id}/media-cookie")).await.is(200).json();
    assert_ne!(cookie["hls_url"], again["hls_url"]);
    for url in [&cookie["hls_url"], &again["hls_url"]] {
        let value = format!("memoreel_media={}", cookie["value"].as_str().unwrap());
        send(visitor.request("GET", &path_of(url)).header("cookie", value)).await.is(200);
    }
    let still = path_of(&before["playback"]["frame_url_template"]).replace("{second}", "2");
    assert_eq!(visitor.get(&still).await.is(200).header("content-type"), "image/jpeg");
    let clip = format!("/assets/{asset_id}/clip-address?from_seconds=1&to_seconds=3");
    visitor.get(&path_of(&ada.get(&clip).await.is(200).json()["url"])).await.is(200);

    // What was there goes when no address of it works any more, and what is there with its file.
    let folder = app.folder().join("blobs/blobs/organizations").join(&ada.organization_id);
    let folder = folder.join("assets").join(&asset_id);
    app.clock.advance(chrono::TimeDelta::hours(11));
    app.sweep().await;
    assert_eq!(versions(&visitor, &before).await.0.len(), 3);
    app.clock.advance(chrono::TimeDelta::hours(15));
    app.sweep().await;
    let is_there = |path: &str| folder.join(path).join("master.m3u8").exists();
    assert_eq!((is_there("hls"), is_there("hls-2")), (false, true));
    let ada = app.signed_in(&ada).await;
    replace(&ada, "video", &asset_id, sample("sonnet.mp3")).await;
    assert_eq!(settled(&ada, &asset_id).await["version"], 2);
    app.idle().await;
    assert_eq!((is_there("hls-2"), is_there("v2/hls")), (false, true));
    ada.post(&path, &Value::Null).await.refuses(409, "asset_has_no_picture");
}

/// Everything that is listed of an asset, over pages of a few.
async fn listed(ada: &Person, asset_id: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut path = format!("/assets/{asset_id}/renditions?limit=3");
    loop {
        let page = ada.get(&path).await.is(200).json();
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(cursor) = page["next_cursor"].as_str() else { return all };
        path = format!("/assets/{asset_id}/renditions?limit=3&cursor={cursor}");
    }
}

#[tokio::test]
async fn what_was_made_of_a_recording_is_listed_with_addresses_that_work() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    app.work().await;
    let (video, asset_id) = recorded(&app, &ada, "video-call.mp4", "Weekly 会議.mp4").await;
    let all = listed(&ada, &asset_id).await;
    let mut kinds: Vec<&str> = all.iter().map(|one| one["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    let wanted = [
        "file",
        "hls_master",
        "hls_variant",
        "hls_variant",
        "hls_variant",
        "poster",
        "speech_audio",
        "storyboard",
        "thumbnail",
        "waveform",
    ];
    assert_eq!(kinds, wanted, "{all:#?}");
    let visitor = app.visitor();
    for one in &all {
        assert!(one["size_bytes"].as_i64().unwrap() > 0, "{one:#}");
        if one["kind"] == "speech_audio" {
            assert_eq!((&one["url"], &one["download_url"]), (&Value::Null, &Value::Null));
            continue;
        }
        let answer = visitor.get(&path_of(&one["url"])).await.is(200);
        let content_type = answer.header("content-type");
        assert_eq!(content_type, one["content_type"].as_str().unwrap());
        // A playlist leads on by itself.
        if content_type.contains("mpegurl") {
            let text = answer.text();
            let next = text.lines().find(|line| !line.starts_with('#')).unwrap();
            let folder = path_of(&one["url"]).rsplit_once('/').unwrap().0.to_owned();
            visitor.get(&format!("{folder}/{next}")).await.is(200);
        }
    }
    let one = all.iter().find(|one| one["name"] == "hls-480p").unwrap();
    assert_eq!((&one["width"], &one["height"]), (&json!(852), &json!(480)));
    assert!(
        one["codecs"].as_str().unwrap().starts_with("avc1.") && one["bit_rate"].as_u64() > Some(10_000),
        "{one:#}"
    );
    assert!((4_000..6_500).contains(&one["duration_ms"].as_u64().unwrap()), "{one:#}");
    let file = all.iter().find(|one| one["kind"] == "file").unwrap();
    let got = visitor.get(&path_of(&file["download_url"])).await.is(200);
    assert_eq!(got.body.len(), sample("video-call.mp4").len());
    assert!(got.header("content-disposition").contains("filename*=UTF-8''Weekly%20%E4%BC%9A%E8%AD%B0.mp4"));

    // Of others' and of what is in the bin nothing is told, nor of a private recording to a colleague.
    let path = format!("/assets/{asset_id}/renditions");
    app.person("bob").await.get(&path).await.refuses(404, "not_found");
    ada.get(&format!("{path}?cursor=junk")).await.refuses(422, "cursor_invalid");
    ada.delete(&format!("/videos/{}", video["id"].as_str().unwrap())).await.is(204);
    ada.get(&path).await.refuses(404, "not_found");
}

/// Asks for a sound file until it is there.
async fn sound_of(ada: &Person, asset_id: &str, wanted: &Value) -> Value {
    let path = format!("/assets/{asset_id}/renditions");
    for _ in 0..300 {
        let answer = ada.post(&path, wanted).await;
        let asked = answer.json();
        match answer.status {
            200 => {
                assert_eq!(asked["status"], "ready");
                return asked["rendition"].clone();
            }
            202 => assert_eq!((&asked["status"], &asked["rendition"]), (&json!("pending"), &Value::Null)),
            _ => panic!("{asked:#}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{wanted} was not made in time");
}

/// The files below the folder of blobs that have this ending.
fn files(app: &TestApp, extension: &str) -> Vec<std::path::PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![app.folder().join("blobs")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|one| one == extension) {
                found.push(path);
            }
        }
    }
    found
}

#[tokio::test]
async fn sound_is_made_once_when_it_is_asked_for_and_goes_with_the_recording() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    app.work().await;
    let (video, asset_id) = recorded(&app, &ada, "video-call.mp4", "Weekly 会議.mp4").await;
    let path = format!("/assets/{asset_id}/renditions");
    let before =
        ada.get("/analytics/storage").await.is(200).json()["kinds"][0]["rendition_bytes"].as_i64().unwrap();

    // Several at once, of which each is made.
    ada.post(&path, &json!({ "format": "opus" })).await.is(202);
    ada.post(&path, &json!({ "format": "mp3", "loudness_lufs": -20 })).await.is(202);
    let mp3 = sound_of(&ada, &asset_id, &json!({ "format": "mp3" })).await;
    let opus = sound_of(&ada, &asset_id, &json!({ "format": "opus" })).await;
    let level = sound_of(&ada, &asset_id, &json!({ "format": "mp3", "loudness_lufs": -20 })).await;
    let visitor = app.visitor();
    let mut bytes = 0;
    for (sound, name, content_type, loudness) in [
        (&mp3, "sound-mp3", "audio/mpeg", Value::Null),
        (&opus, "sound-opus", "audio/ogg", Value::Null),
        (&level, "sound-mp3-20lufs", "audio/mpeg", json!(-20)),
    ] {
        assert_eq!((&sound["name"], &sound["content_type"]), (&json!(name), &json!(content_type)));
        assert_eq!((&sound["kind"], &sound["loudness_lufs"]), (&json!("sound"), &loudness));
        let played = visitor.get(&path_of(&sound["url"])).await.is(200);
        assert_eq!(played.header("content-type"), content_type);
        assert!(!played.headers.contains_key("content-disposition"));
        assert_eq!(sound["size_bytes"], played.body.len());
        bytes += played.body.len() as i64;
        let part = send(visitor.request("GET", &path_of(&sound["url"])).header("range", "bytes=10-99"))
            .await
            .is(206);
        assert_eq!(part.body[..], played.body[10..100]);
        let saved = visitor.get(&path_of(&sound["download_url"])).await.is(200);
        let ending = if content_type == "audio/ogg" { "opus" } else { "mp3" };
        let named = format!("filename*=UTF-8''Weekly%20%E4%BC%9A%E8%AD%B0.{ending}");
        let told = saved.header("content-disposition");
        assert!(told.starts_with("attachment") && told.contains(&named), "{told}");
    }
    assert!(visitor.get(&path_of(&opus["url"])).await.body.starts_with(b"OggS"));
    let after =
        ada.get("/analytics/storage").await.is(200).json()["kinds"][0]["rendition_bytes"].as_i64().unwrap();
    assert_eq!(after - before, bytes);

    // What is there is found, and nothing is done again.
    app.idle().await;
    let log = format!("/audit-log?action=asset.sound_wanted&target_id={asset_id}");
    let log = ada.get(&log).await.is(200).json()["items"].clone();
    assert_eq!(log.as_array().unwrap().len(), 3, "{log:#}");
    assert_eq!(log[2]["new"], json!({ "filename": "Weekly 会議.mp4", "sounds": { "sound-opus": true } }));
    let count = async || -> i64 {
        let tasks = sqlx::query_scalar("SELECT count(*) FROM tasks WHERE kind = 'make_sounds'");
        tasks.fetch_one(&mut app.superuser().await).await.unwrap()
    };
    let tasks = count().await;
    let again = ada.post(&path, &json!({ "format": "mp3" })).await.is(200).json();
    assert_eq!(again["rendition"]["created_at"], mp3["created_at"]);
    assert_eq!(count().await, tasks);
    let names: Vec<Value> =
        listed(&ada, &asset_id).await.into_iter().map(|one| one["name"].clone()).collect();
    assert!(
        ["sound-mp3", "sound-opus", "sound-mp3-20lufs"].iter().all(|name| names.contains(&json!(name))),
        "{names:?}"
    );
    // The video neither waits nor changes for it.
    assert_eq!(
        ada.get(&format!("/videos/{}", video["id"].as_str().unwrap())).await.is(200).json()["status"],
        "completed"
    );

    assert_eq!((files(&app, "mp3").len(), files(&app, "opus").len()), (2, 1));
    ada.delete(&format!("/videos/{}", video["id"].as_str().unwrap())).await.is(204);
    ada.post(&path, &json!({ "format": "mp3" })).await.refuses(404, "not_found");
    app.clock.advance(chrono::TimeDelta::days(32));
    app.sweep().await;
    app.clock.advance(chrono::TimeDelta::hours(2));
    app.sweep().await;
    assert_eq!((files(&app, "mp3").len(), files(&app, "opus").len()), (0, 0));
}

#[tokio::test]
async fn sound_is_refused_where_there_is_none_or_it_is_not_theirs() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    app.work().await;
    let (video, asset_id) = recorded(&app, &ada, "sonnet.mp3", "Sonnet.mp3").await;
    let path = format!("/assets/{asset_id}/renditions");
    for lufs in [-32, -8, 0] {
        let wanted = json!({ "format": "mp3", "loudness_lufs": lufs });
        ada.post(&path, &wanted).await.refuses(422, "loudness_invalid");
    }
    for odd in [
        json!({}),
        json!({ "format": "wav" }),
        json!({ "format": "mp3", "bit_rate": 1 }),
        json!({ "format": "mp3", "loudness_lufs": -16.5 }),
    ] {
        let answer = ada.post(&path, &odd).await;
        assert!((400..500).contains(&answer.status), "{odd}: {}", answer.text());
    }
    let image = ada.upload_image("Photo.heic", sample("still-photo.heic")).await;
    app.idle().await;
    let wanted = json!({ "format": "opus", "loudness_lufs": -16 });
    ada.post(&format!("/assets/{image}/renditions"), &wanted).await.refuses(409, "asset_has_no_sound");
    let bob = app.person("bob").await;
    bob.post(&path, &wanted).await.refuses(404, "not_found");

    // A colleague sees and asks, until the video is private.
    let eve = app.colleague(&ada, "eve", "member").await;
    eve.ask(&ada.organization_id, "POST", &path, wanted.clone()).await.is(202);
    sound_of(&ada, &asset_id, &wanted).await;
    ada.patch(&format!("/videos/{}", video["id"].as_str().unwrap()), &json!({ "visibility": "private" }))
        .await
        .is(200);
    eve.ask(&ada.organization_id, "POST", &path, wanted).await.refuses(404, "not_found");
    eve.ask(&ada.organization_id, "GET", &path, Value::Null).await.refuses(404, "not_found");
}

#[tokio::test]
async fn a_sound_that_cannot_be_made_keeps_no_other_from_being_made() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    app.work().await;
    let (_, asset_id) = recorded(&app, &ada, "sonnet.mp3", "Sonnet.mp3").await;
    // Nobody works until both are asked for.
    let app = app.restart().await;
    let ada = app.signed_in(&ada).await;
    let path = format!("/assets/{asset_id}/renditions");
    ada.post(&path, &json!({ "format": "mp3" })).await.is(202);
    ada.post(&path, &json!({ "format": "opus" })).await.is(202);
    // Where the first one is to lie, nothing can.
    let organization = app.folder().join("blobs/blobs/organizations").join(&ada.organization_id);
    let taken = organization.join("assets").join(&asset_id).join("sounds/sound-mp3.mp3/taken");
    std::fs::create_dir_all(taken).unwrap();
    app.work().await;
    sound_of(&ada, &asset_id, &json!({ "format": "opus" })).await;
    let names: Vec<Value> =
        listed(&ada, &asset_id).await.into_iter().map(|one| one["name"].clone()).collect();
    assert!(!names.contains(&json!("sound-mp3")), "{names:?}");
}

#[tokio::test]
async fn a_sound_that_never_can_be_made_is_wanted_no_longer() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    app.work().await;
    let (_, asset_id) = recorded(&app, &ada, "sonnet.mp3", "Sonnet.mp3").await;
    // As if there were nothing to hear in its file.
    let mut database = app.superuser().await;
    sqlx::query("UPDATE assets SET metadata = jsonb_set(metadata, '{probe,audio}', 'null')")
        .execute(&mut database)
        .await
        .unwrap();
    let path = format!("/assets/{asset_id}/renditions");
    ada.post(&path, &json!({ "format": "mp3" })).await.is(202);
    let mut failed: Option<String> = None;
    for _ in 0..300 {
        let code = "SELECT error_code FROM tasks WHERE kind = 'make_sounds' AND status = 'failed'";
        failed = sqlx::query_scalar(code).fetch_optional(&mut database).await.unwrap();
        if failed.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(failed.as_deref(), Some("media_empty"));
    let is_wanted = "SELECT metadata -> 'sounds' ? 'sound-mp3' FROM assets";
    let is_wanted: bool = sqlx::query_scalar(is_wanted).fetch_one(&mut database).await.unwrap();
    assert!(!is_wanted);
}
