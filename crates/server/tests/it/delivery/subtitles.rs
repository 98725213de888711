//! Subtitles that are added to recordings, in languages that their files do not hold.

use super::players::{path_of, recorded};
use super::tracks::film;
use crate::{
    app::{TestApp, sample},
    client::{Answer, Person, send},
    replaced::{replace, settled},
};
use serde_json::{Value, json};

const GERMAN: &str = "1\r\n00:00:01,000 --> 00:00:02,500\r\nDer <i>Hafen</i> & der Nebel\r\n\r\n\
                      2\r\n00:00:03,000 --> 00:00:04,000\r\nEin Walross\r\n";
const FRENCH: &str = "WEBVTT\n\n00:01.000 --> 00:02.500\nLe port et la brume\n";

async fn put(person: &Person, asset_id: &str, told: &str, file: impl Into<reqwest::Body>) -> Answer {
    let request = person.request("PUT", &format!("/assets/{asset_id}/subtitles/{told}"));
    send(request.header("content-type", "text/vtt").body(file)).await
}

async fn listed(person: &Person, asset_id: &str) -> Vec<Value> {
    let list = person.get(&format!("/assets/{asset_id}/subtitles")).await.is(200).json();
    list["items"].as_array().expect("a list").clone()
}

/// Both manifests of a video, and the folder in which they lie.
async fn manifests(app: &TestApp, video: &Value) -> (String, String, String) {
    let (hls, dash) = (path_of(&video["playback"]["hls_url"]), path_of(&video["playback"]["dash_url"]));
    let visitor = app.visitor();
    let folder = hls.rsplit_once('/').expect("a folder").0.to_owned();
    (visitor.get(&hls).await.is(200).text(), visitor.get(&dash).await.is(200).text(), folder)
}

#[tokio::test]
async fn added_subtitles_are_played_in_their_language_until_they_are_removed() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (video, asset_id) = recorded(&app, &ada, "video-call.mp4", "Call.mp4").await;
    app.idle().await;
    let (before, _, _) = manifests(&app, &video).await;
    assert_eq!(listed(&ada, &asset_id).await, Vec::<Value>::new());

    let german = put(&ada, &asset_id, "deu", GERMAN).await.is(201).json();
    assert_eq!(
        (&german["language"], &german["name"], &german["source"], &german["is_forced"]),
        (&json!("de"), &json!("Deutsch"), &json!("added"), &json!(false))
    );
    assert_eq!(german["warnings"], json!([]));
    let named = "fr?name=Doux%20%22enfants%22&is_forced=true";
    put(&ada, &asset_id, named, FRENCH).await.is(201);
    let told: Vec<Value> = listed(&ada, &asset_id).await.iter().map(|one| one["name"].clone()).collect();
    assert_eq!(told, ["Deutsch", "Doux \"enfants\""]);

    let (master, manifest, folder) = manifests(&app, &video).await;
    for line in [
        "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"captions\",NAME=\"Deutsch\",LANGUAGE=\"de\",DEFAULT=NO,FORCED=NO,AUTOSELECT=YES,\
         URI=\"subtitles-de.m3u8\"",
        "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"captions\",NAME=\"Doux 'enfants'\",LANGUAGE=\"fr\",DEFAULT=NO,FORCED=YES,AUTOSELECT=YES,\
         URI=\"subtitles-fr.m3u8\"",
    ] {
        assert!(master.lines().any(|told| told == line), "{line} in {master}");
    }
    for part in [
        "mimeType=\"text/vtt\" lang=\"de\"",
        "<BaseURL>subtitles-de.vtt</BaseURL>",
        "<Label>Doux &quot;enfants&quot;</Label>",
        "<BaseURL>subtitles-fr.vtt</BaseURL>",
    ] {
        assert!(manifest.contains(part), "{part} in {manifest}");
    }
    let visitor = app.visitor();
    let playlist = visitor.get(&format!("{folder}/subtitles-de.m3u8")).await.is(200);
    assert!(
        playlist.text().contains("\nsubtitles-de.vtt\n")
            && playlist.header("content-type").contains("mpegurl")
    );
    let text = visitor.get(&format!("{folder}/subtitles-de.vtt")).await.is(200);
    assert!(text.header("content-type").starts_with("text/vtt"));
    for part in [
        "WEBVTT",
        "\n00:00:01.000 --> 00:00:02.500\nDer Hafen &amp; der Nebel\n",
        "\n00:00:03.000 --> 00:00:04.000\nEin Walross\n",
    ] {
        assert!(text.text().contains(part), "{part} in {}", text.text());
    }
    assert_eq!(visitor.get(&path_of(&german["url"])).await.is(200).text(), text.text());
    let french = visitor.get(&format!("{folder}/subtitles-fr.vtt")).await.is(200).text();
    assert!(french.contains("\n00:00:01.000 --> 00:00:02.500\nLe port et la brume\n"), "{french}");
    visitor.get(&format!("{folder}/subtitles-es.vtt")).await.refuses(404, "not_found");
    visitor.get(&format!("{folder}/subtitles-es.m3u8")).await.refuses(404, "not_found");

    // Whoever plays it gets the others at the same address.
    let other = GERMAN.replace("Walross", "Seehund");
    put(&ada, &asset_id, "DE?name=Untertitel", other).await.is(200);
    assert_eq!(listed(&ada, &asset_id).await.len(), 2);
    let now = visitor.get(&format!("{folder}/subtitles-de.vtt")).await.is(200);
    assert!(now.text().contains("Seehund") && !now.text().contains("Walross"), "{}", now.text());
    assert_ne!(now.header("etag"), text.header("etag"));
    assert!(manifests(&app, &video).await.0.contains("NAME=\"Untertitel\",LANGUAGE=\"de\""));

    for language in ["de", "fra"] {
        ada.delete(&format!("/assets/{asset_id}/subtitles/{language}")).await.is(204);
    }
    ada.delete(&format!("/assets/{asset_id}/subtitles/de")).await.refuses(404, "not_found");
    for file in ["subtitles-de.vtt", "subtitles-de.m3u8", "subtitles-fr.vtt"] {
        visitor.get(&format!("{folder}/{file}")).await.refuses(404, "not_found");
    }
    assert_eq!(listed(&ada, &asset_id).await, Vec::<Value>::new());
    assert_eq!(manifests(&app, &video).await.0, before);
    let log = ada.get("/audit-log?limit=100").await.is(200).json();
    let mut actions: Vec<&str> = log["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|entry| entry["action"].as_str()?.strip_prefix("subtitles."))
        .collect();
    actions.sort_unstable();
    assert_eq!(actions, ["created", "created", "created", "deleted", "deleted", "deleted"]);
}

#[tokio::test]
async fn added_subtitles_stay_when_a_video_is_encoded_anew_and_go_with_its_file() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (before, asset_id) = recorded(&app, &ada, "video-call.mp4", "Call.mp4").await;
    app.idle().await;
    put(&ada, &asset_id, "de", GERMAN).await.is(201);
    let video_id = before["id"].as_str().expect("an id");

    let plan = json!({ "codec": "h264", "steps": [{ "height": 360, "bit_rate": 400_000 }] });
    ada.put("/organization/encoding", &plan).await.is(200);
    ada.post(&format!("/assets/{asset_id}/encode"), &Value::Null).await.is(202);
    app.idle().await;
    let after = ada.get(&format!("/videos/{video_id}")).await.is(200).json();
    assert_ne!(before["playback"]["hls_url"], after["playback"]["hls_url"]);
    let visitor = app.visitor();
    // Who was playing it before goes on.
    for video in [&before, &after] {
        let (master, manifest, folder) = manifests(&app, video).await;
        assert!(
            master.contains("URI=\"subtitles-de.m3u8\"") && manifest.contains("subtitles-de.vtt"),
            "{master}"
        );
        for (file, part) in
            [("subtitles-de.m3u8", "\nsubtitles-de.vtt\n"), ("subtitles-de.vtt", "Ein Walross")]
        {
            let text = visitor.get(&format!("{folder}/{file}")).await.is(200).text();
            assert!(text.contains(part), "{text}");
        }
    }

    // A copy has its own.
    let wanted = json!({ "action": "copy", "ids": [asset_id] });
    let copied = ada.post("/assets/batch", &wanted).await.is(200).json();
    let copy = copied["items"][0]["copy_id"].as_str().expect("a copy").to_owned();
    app.idle().await;
    assert_eq!(listed(&ada, &copy).await[0]["language"], "de");
    ada.delete(&format!("/assets/{copy}/subtitles/de")).await.is(204);
    assert_eq!((listed(&ada, &copy).await.len(), listed(&ada, &asset_id).await.len()), (0, 1));

    // While nobody works, another file is awaited.
    let app = app.restart().await;
    let ada = app.signed_in(&ada).await;
    replace(&ada, "video", &asset_id, sample("two-voices.wav")).await;
    put(&ada, &asset_id, "fr", FRENCH).await.refuses(409, "replacement_pending");
    assert_eq!(listed(&ada, &asset_id).await.len(), 1);
    app.work().await;
    assert_eq!(settled(&ada, &asset_id).await["version"], 2);
    app.idle().await;
    assert_eq!(listed(&ada, &asset_id).await, Vec::<Value>::new());
    let old = path_of(&after["playback"]["hls_url"]).replace("master.m3u8", "subtitles-de.vtt");
    app.visitor().get(&old).await.refuses(404, "not_found");
    // Of what is heard alone they are shown, too.
    put(&ada, &asset_id, "fr", FRENCH).await.is(201);
    let now = ada.get(&format!("/videos/{video_id}")).await.is(200).json();
    assert!(manifests(&app, &now).await.0.contains("URI=\"subtitles-fr.m3u8\""));
}

#[tokio::test]
async fn as_many_are_added_whatever_the_file_holds() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let video_id = ada.upload("Film.mkv", film("Kommentar", true)).await;
    app.work().await;
    let video = app.settled(&ada, &video_id).await;
    let asset_id = video["asset_id"].as_str().expect("an asset").to_owned();
    assert_eq!(listed(&ada, &asset_id).await.len(), 1);
    for number in 1..=48 {
        put(&ada, &asset_id, &format!("en-x-{number}"), FRENCH).await.is(201);
    }
    put(&ada, &asset_id, "de", GERMAN).await.refuses(409, "subtitles_too_many");
    put(&ada, &asset_id, "en-x-48", GERMAN).await.is(200);
    let told = listed(&ada, &asset_id).await;
    assert_eq!((told.len(), &told[0]["source"]), (49, &json!("file")));
}

#[tokio::test]
async fn what_are_no_subtitles_of_ones_own_recording_is_refused() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    // Nobody has looked at it yet.
    let video_id = ada.upload("Sonnet.mp3", sample("sonnet.mp3")).await;
    let video = ada.get(&format!("/videos/{video_id}")).await.is(200).json();
    let asset_id = video["asset_id"].as_str().expect("an asset").to_owned();
    for language in ["klingon", "und", "d", "de-", "de--AT", "de%20", "de-%22", "de-abcdefghi", "3"] {
        put(&ada, &asset_id, language, FRENCH).await.refuses(422, "language_invalid");
        let path = format!("/assets/{asset_id}/subtitles/{language}");
        ada.delete(&path).await.refuses(404, "not_found");
    }
    for file in ["", "Bonjour", "WEBVTT\n\nno time\n", "{\"cues\": 1}", "<html></html>", "\u{0}\u{0}"] {
        put(&ada, &asset_id, "fr", file).await.refuses(422, "subtitles_invalid");
    }
    put(&ada, &asset_id, "fr", vec![b'a'; (2 << 20) + 1]).await.refuses(413, "subtitles_too_large");
    // Which is three times as much when it is spelled out: a few bytes less than 2 MiB, and more.
    let swollen = |cues: usize| {
        format!("WEBVTT\n\n{}", "00:01.000 --> 00:02.000\n&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&\n\n".repeat(cues))
    };
    put(&ada, &asset_id, "fr", swollen(12_000)).await.refuses(413, "subtitles_too_large");
    // What is kept can be sent again as it was read.
    let kept = put(&ada, &asset_id, "fr", swollen(10_600)).await.is(201).json();
    let text = app.visitor().get(&path_of(&kept["url"])).await.is(200).text();
    assert!(text.len() > 2_080_000, "{}", text.len());
    ada.delete(&format!("/assets/{asset_id}/subtitles/fr")).await.is(204);
    put(&ada, &asset_id, "fr", text.clone()).await.is(201);
    assert_eq!(app.visitor().get(&path_of(&kept["url"])).await.is(200).text(), text);
    ada.delete(&format!("/assets/{asset_id}/subtitles/fr")).await.is(204);
    let long = format!("fr?name={}", "x".repeat(81));
    put(&ada, &asset_id, &long, FRENCH).await.refuses(422, "name_invalid");
    put(&ada, &asset_id, "fr?forced=1", FRENCH).await.refuses(422, "parameters_invalid");
    assert_eq!(listed(&ada, &asset_id).await, Vec::<Value>::new());

    // A null character is text to nobody, and breaks nothing.
    let odd = put(&ada, &asset_id, "fr", FRENCH.replace("port", "po\u{0}rt")).await.is(201).json();
    assert_eq!(odd["language"], "fr");
    let image = ada.upload_image("Photo.heic", sample("still-photo.heic")).await;
    put(&ada, &image, "fr", FRENCH).await.refuses(409, "asset_is_no_recording");
    put(&bob, &asset_id, "fr", FRENCH).await.refuses(404, "not_found");
    bob.get(&format!("/assets/{asset_id}/subtitles")).await.refuses(404, "not_found");
    bob.delete(&format!("/assets/{asset_id}/subtitles/fr")).await.refuses(404, "not_found");

    // There is room for 48.
    for number in 1..48 {
        put(&ada, &asset_id, &format!("en-x-{number}"), FRENCH).await.is(201);
    }
    put(&ada, &asset_id, "de", GERMAN).await.refuses(409, "subtitles_too_many");
    put(&ada, &asset_id, "fr", GERMAN).await.is(200);
    let told = listed(&ada, &asset_id).await;
    assert_eq!(told.len(), 48);
    assert!(told.iter().all(|one| one["language"] != "de"), "{told:#?}");
}
