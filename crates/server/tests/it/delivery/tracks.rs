//! Sound in other languages, and subtitles, of recordings whose file holds some.

use super::players::path_of;
use crate::{
    app::{Options, TestApp},
    client::{Client, Person},
};
use serde_json::{Value, json};
use std::process::Command;

/// Six seconds with an English and a German sound of this title and, unless they are left out, French subtitles.
pub fn film(title: &str, has_subtitles: bool) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let (text, film) = (folder.path().join("said.srt"), folder.path().join("film.mkv"));
    std::fs::write(&text, "1\n00:00:01,000 --> 00:00:03,000\nBonjour à tous\n").expect("written");
    let mut command = Command::new("ffmpeg");
    command
        .args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=6"])
        .args(["-f", "lavfi", "-i", "sine=f=440:d=6", "-f", "lavfi", "-i", "sine=f=880:d=6", "-i"])
        .arg(&text)
        .args(["-map", "0", "-map", "1", "-map", "2"])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-pix_fmt", "yuv420p"])
        .args(["-c:a", "aac", "-c:s", "srt", "-metadata:s:a:0", "language=eng"])
        .args(["-metadata:s:a:1", "language=ger", "-metadata:s:a:1"])
        .arg(format!("title={title}"));
    if has_subtitles {
        command.args(["-map", "3", "-metadata:s:s:0", "language=fre"]);
    }
    let made = command.arg(&film).status().expect("ffmpeg runs");
    assert!(made.success());
    std::fs::read(&film).expect("written")
}

/// Six seconds of nothing but an English and a German sound.
fn talk() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let talk = folder.path().join("talk.m4a");
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", "sine=f=440:d=6"])
        .args(["-f", "lavfi", "-i", "sine=f=880:d=6", "-map", "0", "-map", "1", "-c:a", "aac"])
        .args(["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=ger"])
        .arg(&talk)
        .status()
        .expect("ffmpeg runs");
    assert!(made.success());
    std::fs::read(&talk).expect("written")
}

/// What is listed of an asset that is of one kind.
async fn renditions(ada: &Person, asset_id: &str, kind: &str) -> Vec<Value> {
    let listed = ada.get(&format!("/assets/{asset_id}/renditions?limit=100")).await.is(200).json();
    let items = listed["items"].as_array().expect("a list").iter();
    items.filter(|one| one["kind"] == kind).cloned().collect()
}

/// What players ask of a media playlist: the header, and the first segment.
async fn begin(visitor: &Client, folder: &str, playlist: &str) -> [Vec<u8>; 2] {
    let text = visitor.get(&format!("{folder}/{playlist}")).await.is(200).text();
    let beside = playlist.rsplit_once('/').map_or(String::new(), |(below, _)| format!("{below}/"));
    let header = text.split_once("EXT-X-MAP:URI=\"").expect("a header").1.split('"').next();
    let segment = text.lines().find(|line| !line.starts_with('#')).expect("a segment");
    let mut read = Vec::new();
    for file in [header.expect("quoted"), segment] {
        read.push(visitor.get(&format!("{folder}/{beside}{file}")).await.is(200).body.to_vec());
    }
    read.try_into().expect("two")
}

fn holds(bytes: &[u8], word: &[u8; 4]) -> bool {
    bytes.windows(4).any(|window| window == word)
}

#[tokio::test]
async fn players_offer_every_sound_and_the_subtitles_of_a_recording() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let video_id = ada.upload("Film.mkv", film("Kommentar \"eins\"", true)).await;
    app.work().await;
    let video = app.settled(&ada, &video_id).await;
    assert_eq!(video["status"], "completed", "{video:#}");
    let stages = video["stages"].as_array().expect("stages");
    assert!(
        stages.iter().any(|stage| stage["stage"] == "tracks" && stage["status"] == "completed"),
        "{video:#}"
    );
    let visitor = app.visitor();
    let hls = path_of(&video["playback"]["hls_url"]);
    let folder = hls.rsplit_once('/').expect("a folder").0;
    let master = visitor.get(&hls).await.is(200).text();
    for line in [
        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=YES,AUTOSELECT=YES,URI=\"sound.m3u8\"",
        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"Kommentar 'eins'\",LANGUAGE=\"de\",DEFAULT=NO,AUTOSELECT=YES,\
         URI=\"sound-2/media.m3u8\"",
        "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"captions\",NAME=\"français\",LANGUAGE=\"fr\",DEFAULT=NO,FORCED=NO,AUTOSELECT=YES,\
         URI=\"subtitles-3.m3u8\"",
    ] {
        assert!(master.lines().any(|told| told == line), "{line} in {master}");
    }
    // Versions are pictures alone, and each sound is nothing else.
    let version = master.lines().find(|line| line.ends_with("/picture/media.m3u8")).expect("a version");
    assert!(!master.lines().any(|line| line.ends_with("p/media.m3u8")), "{master}");
    for (playlist, kind, other) in [
        (version, b"vide", b"soun"),
        ("sound.m3u8", b"soun", b"vide"),
        ("sound-2/media.m3u8", b"soun", b"vide"),
    ] {
        let [header, segment] = begin(&visitor, folder, playlist).await;
        assert!(holds(&header, kind) && !holds(&header, other), "{playlist}");
        assert!(holds(&segment, b"moof"), "{playlist}");
    }
    let told = visitor.get(&format!("{folder}/subtitles-3.m3u8")).await.is(200).text();
    assert!(told.contains("\nsubtitles-3.vtt\n"), "{told}");
    let text = visitor.get(&format!("{folder}/subtitles-3.vtt")).await.is(200);
    assert!(text.header("content-type").starts_with("text/vtt"));
    assert!(text.text().contains("Bonjour à tous"));
    visitor.get(&format!("{folder}/subtitles-4.m3u8")).await.refuses(404, "not_found");

    let manifest = visitor.get(&path_of(&video["playback"]["dash_url"])).await.is(200).text();
    for part in [
        "mimeType=\"audio/mp4\" lang=\"en\"",
        "mimeType=\"audio/mp4\" lang=\"de\"",
        "<Label>Kommentar &quot;eins&quot;</Label>",
        "initialization=\"sound-2/init.mp4\"",
        "mimeType=\"text/vtt\" lang=\"fr\"",
        "<BaseURL>subtitles-3.vtt</BaseURL>",
    ] {
        assert!(manifest.contains(part), "{part} in {manifest}");
    }

    let asset_id = video["asset_id"].as_str().expect("an asset");
    for (kind, language, title) in
        [("hls_sound", "de", json!("Kommentar \"eins\"")), ("subtitles", "fr", Value::Null)]
    {
        let listed = renditions(&ada, asset_id, kind).await;
        assert_eq!(listed.len(), 1, "{listed:#?}");
        assert_eq!((&listed[0]["language"], &listed[0]["title"]), (&json!(language), &title));
        visitor.get(&path_of(&listed[0]["url"])).await.is(200);
    }
}

#[tokio::test]
async fn players_offer_every_sound_of_a_recording_without_a_picture() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let video_id = ada.upload("Talk.m4a", talk()).await;
    app.work().await;
    let video = app.settled(&ada, &video_id).await;
    assert_eq!((&video["status"], &video["kind"]), (&json!("completed"), &json!("audio")), "{video:#}");
    let stages = video["stages"].as_array().expect("stages");
    assert!(
        stages.iter().any(|stage| stage["stage"] == "tracks" && stage["status"] == "completed"),
        "{video:#}"
    );
    let visitor = app.visitor();
    let hls = path_of(&video["playback"]["hls_url"]);
    let folder = hls.rsplit_once('/').expect("a folder").0;
    let master = visitor.get(&hls).await.is(200).text();
    // The version is the sound that is played by itself, under one address: players fetch it once.
    for part in [
        "NAME=\"English\",LANGUAGE=\"en\",DEFAULT=YES,AUTOSELECT=YES,URI=\"audio/media.m3u8\"\n",
        "NAME=\"Deutsch\",LANGUAGE=\"de\",DEFAULT=NO,AUTOSELECT=YES,URI=\"sound-1/media.m3u8\"\n",
        ",AUDIO=\"sound\",SUBTITLES=\"captions\"\naudio/media.m3u8\n",
    ] {
        assert!(master.contains(part), "{part} in {master}");
    }
    let mut heard = Vec::new();
    for playlist in ["audio/media.m3u8", "sound-1/media.m3u8"] {
        let [header, segment] = begin(&visitor, folder, playlist).await;
        assert!(holds(&header, b"soun") && holds(&segment, b"moof"), "{playlist}");
        heard.push(segment);
    }
    assert_ne!(heard[0], heard[1], "each is another sound");
    let manifest = visitor.get(&path_of(&video["playback"]["dash_url"])).await.is(200).text();
    for part in [
        "mimeType=\"audio/mp4\" lang=\"en\"",
        "mimeType=\"audio/mp4\" lang=\"de\"",
        "initialization=\"sound-1/init.mp4\"",
    ] {
        assert!(manifest.contains(part), "{part} in {manifest}");
    }
    let listed = renditions(&ada, video["asset_id"].as_str().expect("an asset"), "hls_sound").await;
    assert_eq!(listed.iter().map(|one| &one["language"]).collect::<Vec<_>>(), [&json!("de")], "{listed:#?}");
}

#[tokio::test]
async fn what_a_title_spells_is_nothing_that_the_playlist_says() {
    // Nothing is said in it, so that there is nothing to read.
    let app = TestApp::with(Options { lines: Vec::new(), ..Options::default() }).await;
    let ada = app.person("ada").await;
    let title = "Kommentar\",TYPE=SUBTITLES,FORCED=YES,GROUP-ID=\"captions";
    let video_id = ada.upload("Film.mkv", film(title, false)).await;
    app.work().await;
    let video = app.settled(&ada, &video_id).await;
    assert_eq!(video["status"], "completed", "{video:#}");
    let master = app.visitor().get(&path_of(&video["playback"]["hls_url"])).await.is(200).text();
    let told = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"Kommentar',TYPE=SUBTITLES,FORCED=YES,GROUP-ID='captions\",\
                LANGUAGE=\"de\",DEFAULT=NO,AUTOSELECT=YES,URI=\"sound-2/media.m3u8\"";
    assert!(master.lines().any(|line| line == told), "{master}");
    let versions: Vec<&str> = master.lines().filter(|line| line.starts_with("#EXT-X-STREAM-INF:")).collect();
    assert!(
        !versions.is_empty() && versions.iter().all(|line| line.contains(",AUDIO=\"sound\"")),
        "{master}"
    );
    assert!(versions.iter().all(|line| !line.contains("SUBTITLES")), "{master}");
}
