//! What is made of recordings: the versions that an organization chooses.

use crate::{
    app::{PUBLIC_URL, TestApp, sample},
    client::{Client, Person},
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
    assert_eq!(first["codec"], "h264");
    assert_eq!(first["steps"][3], json!({ "height": 1080, "bit_rate": 5_000_000 }));
    assert_eq!(
        first["choices"][0],
        json!({ "height": 360, "bit_rate": 800_000, "bit_rate_min": 200_000, "bit_rate_max": 3_200_000 })
    );
    let put =
        json!({ "codec": "av1", "steps": [{ "height": 720, "bit_rate": 2_000_000 }, { "height": 360 }] });
    let after = ada.put(ENCODING, &put).await.is(200).json();
    let steps = json!([{ "height": 360, "bit_rate": 800_000 }, { "height": 720, "bit_rate": 2_000_000 }]);
    assert_eq!((&after["codec"], &after["steps"]), (&json!("av1"), &steps));
    assert_eq!(ada.get(ENCODING).await.is(200).json(), after);
    let log = ada.get("/audit-log").await.is(200).json();
    assert!(log.to_string().contains("encoding_settings.created"), "{log:#}");

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
    for odd in [
        json!({ "codec": "hevc", "steps": [{ "height": 360 }] }),
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

#[tokio::test]
async fn what_is_chosen_holds_for_what_comes_in_from_then_on() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    app.work().await;
    let visitor = app.visitor();
    let (before, before_asset) = recorded(&app, &ada, "lecture.mov", "Before.mov").await;
    let (names, _) = versions(&visitor, &before).await;
    assert_eq!(names, ["360p", "source"]);

    let put = json!({ "codec": "av1", "steps": [{ "height": 360, "bit_rate": 600_000 }, { "height": 480 }] });
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
