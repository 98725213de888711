//! What is on screen: slides are found when they come, read, shown to whoever may see the video, and found by what they say.

use crate::{
    app::{TestApp, sample},
    client::{Answer, Client, Person, send},
    page_pictures::page_pictures,
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command};

const BUDGET: &str = "Budget of the harbour\nThe crane is repaired in spring";
/// What is added is as large as a paragraph: a single line of the size of letters is less than what moves on a screen.
const BUDGET_GROWN: &str = "Budget of the harbour\nThe crane is repaired in spring\nA zeppelin lands at noon beside the northern quay\nand brings two hundred crates of oranges for the town\nwhich are to be sold on the market before the evening\nby whoever has nothing better to do on that day";
const GLACIER: &str = "Expedition to the north\nGlaciers melt slowly\nWalruses sleep on the ice";

/// A silent recording of slides, each with what it says and for how many seconds.
pub async fn slide_show(slides: &[(&str, u32)]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let texts: Vec<&str> = slides.iter().map(|(text, _)| *text).collect();
    let pages = page_pictures(&texts, 1_800).await;
    let mut film = Command::new("ffmpeg");
    film.args(["-nostdin", "-v", "error", "-y"]);
    for (number, ((_, seconds), page)) in slides.iter().zip(pages).enumerate() {
        let path = folder.path().join(format!("{number}.png"));
        fs::write(&path, page).unwrap();
        film.args(["-loop", "1", "-r", "10", "-t", &seconds.to_string(), "-i"]).arg(path);
    }
    let path = folder.path().join("slides.mp4");
    let graph = format!("concat=n={}:v=1,crop=iw:iw*9/16:0:0,scale=1280:720,format=yuv420p", slides.len());
    film.args(["-filter_complex", &graph, "-c:v", "libx264", "-preset", "ultrafast", "-crf", "23"])
        .arg(&path);
    assert!(film.status().unwrap().success());
    fs::read(path).unwrap()
}

async fn key_frames(client: &Client, id: &str) -> Vec<Value> {
    let list = client.get(&format!("/videos/{id}/key-frames")).await.is(200).json();
    assert_eq!(list["next_cursor"], Value::Null);
    list["items"].as_array().unwrap().clone()
}

async fn search(client: &Client, query: &[(&str, &str)]) -> Vec<Value> {
    let found = send(client.request("GET", "/search").query(query)).await.is(200).json();
    found["items"].as_array().unwrap().clone()
}

fn starts(frames: &[Value]) -> Vec<u64> {
    frames.iter().map(|frame| frame["start_ms"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn slides_are_found_when_they_come_and_by_what_they_say() {
    let app = TestApp::start().await;
    app.work().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let film = slide_show(&[(BUDGET, 4), (GLACIER, 4), (BUDGET, 3), (BUDGET_GROWN, 4)]).await;
    let id = ada.upload("Plans.mp4", film).await;
    let video = app.settled(&ada, &id).await;
    assert_eq!(video["status"], "completed", "{video:#}");
    let stage = video["stages"].as_array().unwrap().iter().find(|stage| stage["stage"] == "key_frames");
    assert_eq!(stage.unwrap()["status"], "completed");

    let frames = key_frames(&ada, &id).await;
    assert_eq!(starts(&frames), [0, 4_000, 11_000], "{frames:#?}");
    assert_eq!(
        frames[0]["shown"],
        json!([{ "start_ms": 0, "end_ms": 4_000 }, { "start_ms": 8_000, "end_ms": 11_000 }])
    );
    assert!(frames[0]["text"].as_str().unwrap().contains("crane is repaired"), "{frames:#?}");
    assert!(frames[1]["text"].as_str().unwrap().contains("Walruses sleep"), "{frames:#?}");
    assert!(frames[2]["text"].as_str().unwrap().contains("zeppelin lands"), "{frames:#?}");
    assert!(frames[0]["confidence"].as_f64().unwrap() > 0.6);
    assert_eq!((&frames[0]["width"], &frames[0]["height"]), (&json!(1280), &json!(720)));
    for name in ["image_url", "thumbnail_url"] {
        let picture = app.visitor().get(frames[1][name].as_str().unwrap()).await.is(200);
        assert_eq!(
            (picture.header("content-type"), &picture.body[..3]),
            ("image/jpeg", &b"\xff\xd8\xff"[..])
        );
    }
    let mut bytes = 0;
    for url in frames.iter().flat_map(|frame| [&frame["image_url"], &frame["thumbnail_url"]]) {
        bytes += app.visitor().get(url.as_str().unwrap()).await.is(200).body.len() as i64;
    }
    app.idle().await;
    let renditions: i64 = sqlx::query_scalar("SELECT sum(byte_size)::bigint FROM renditions")
        .fetch_one(&mut app.superuser().await)
        .await
        .unwrap();
    let storage = ada.get("/analytics/storage").await.is(200).json();
    assert_eq!(storage["kinds"][0]["rendition_bytes"], json!(renditions + bytes), "{storage:#}");
    let path = format!("/videos/{id}/key-frames");
    let page = ada.get(&format!("{path}?limit=2")).await.is(200).json();
    assert_eq!((page["items"].as_array().unwrap().len(), &page["next_cursor"]), (2, &json!("4000")));
    let rest = ada.get(&format!("{path}?limit=2&cursor=4000")).await.is(200).json();
    assert_eq!((&rest["items"][0], &rest["next_cursor"]), (&frames[2], &Value::Null));
    ada.get(&format!("{path}?limit=0")).await.refuses(422, "limit_invalid");
    ada.get(&format!("{path}?cursor=first")).await.refuses(422, "cursor_invalid");

    // Each line by the second at which it came, whatever it is searched by.
    for (query, mode, start_ms) in [
        ("walruses", "keyword", 4_000),
        ("walrus sleeping on ice", "hybrid", 4_000),
        ("Glaciers melt slowly", "semantic", 4_000),
        ("zeppelin", "keyword", 11_000),
    ] {
        let hits = search(&ada, &[("q", query), ("mode", mode)]).await;
        let hit = hits.first().unwrap_or_else(|| panic!("{query}"));
        assert_eq!(
            (&hit["kind"], &hit["source"], &hit["video_id"], &hit["start_ms"]),
            (&json!("video"), &json!("screen"), &json!(id), &json!(start_ms)),
            "{query}: {hits:#?}"
        );
        assert_eq!((&hit["speakers"], &hit["document"]), (&json!([]), &Value::Null));
        app.visitor().get(hit["frame_url"].as_str().unwrap()).await.is(200);
    }
    assert_eq!(search(&ada, &[("q", "walruses"), ("mode", "keyword"), ("video_id", &id)]).await.len(), 1);
    assert_eq!(search(&ada, &[("q", "walruses"), ("speaker", "Ada")]).await, Vec::<Value>::new());

    bob.get(&path).await.refuses(404, "not_found");
    assert_eq!(search(&bob, &[("q", "walruses")]).await, Vec::<Value>::new());
    app.visitor().get(&path).await.refuses(401, "unauthenticated");
}

#[tokio::test]
async fn what_is_on_screen_is_seen_by_those_who_see_the_video_and_goes_with_it() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let member = app.colleague(&ada, "carol", "admin").await;
    let id = ada.upload("Plans.mp4", slide_show(&[(GLACIER, 3)]).await).await;
    app.settled(&ada, &id).await;
    let path = format!("/videos/{id}/key-frames");
    let of_member = async |path: &str| -> Answer {
        send(member.request("GET", path).header("memoreel-organization", &ada.organization_id)).await
    };
    let found = |answer: Answer| answer.is(200).json()["items"].as_array().unwrap().len();
    assert_eq!(found(of_member(&path).await), 1);
    assert_eq!(found(of_member("/search?q=walruses").await), 1);

    ada.patch(&format!("/videos/{id}"), &json!({ "visibility": "private" })).await.is(200);
    of_member(&path).await.refuses(404, "not_found");
    assert_eq!(found(of_member("/search?q=walruses").await), 0);
    assert_eq!(key_frames(&ada, &id).await.len(), 1);
    assert_eq!(search(&ada, &[("q", "walruses")]).await.len(), 1);

    ada.delete(&format!("/videos/{id}")).await.is(204);
    ada.get(&path).await.refuses(404, "not_found");
    assert_eq!(search(&ada, &[("q", "walruses")]).await, Vec::<Value>::new());
    ada.post(&format!("/videos/{id}/restore"), &json!({})).await.is(200);
    app.idle().await;
    assert_eq!(search(&ada, &[("q", "walruses")]).await.len(), 1);

    ada.delete(&format!("/videos/{id}")).await.is(204);
    app.clock.advance(TimeDelta::days(31));
    app.sweep().await;
    let left: (i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM key_frames), (SELECT count(*) FROM chunks), (SELECT count(*) FROM assets)",
    )
    .fetch_one(&mut app.superuser().await)
    .await
    .unwrap();
    assert_eq!(left, (0, 0, 0));
    let folder = app.folder().join("blobs/blobs/organizations").join(&ada.organization_id).join("assets");
    assert_eq!(files_below(&folder), 0);
}

fn files_below(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}

#[tokio::test]
async fn looking_twice_gives_the_same() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = ada.upload("Plans.mp4", slide_show(&[(GLACIER, 3), (BUDGET, 3)]).await).await;
    app.settled(&ada, &id).await;
    let before = key_frames(&ada, &id).await;
    assert_eq!(before.len(), 2);
    // What a process that was killed after its last transaction leaves is run again.
    let again = sqlx::query(
        "UPDATE tasks SET status = 'pending', attempts = 0, finished_at = NULL, scheduled_for = $1
         WHERE kind IN ('key_frames', 'index_key_frames')",
    )
    .bind(app.now() - TimeDelta::hours(1))
    .execute(&mut app.superuser().await)
    .await
    .unwrap();
    assert_eq!(again.rows_affected(), 2);
    let app = app.restart().await;
    let ada: Person = app.signed_in(&ada).await;
    app.work().await;
    app.idle().await;
    let after = key_frames(&ada, &id).await;
    let told = |frames: &[Value]| -> Vec<Value> {
        frames.iter().map(|frame| json!([frame["shown"], frame["text"], frame["confidence"]])).collect()
    };
    assert_eq!(told(&after), told(&before));
    assert_eq!(search(&ada, &[("q", "walruses"), ("mode", "keyword")]).await.len(), 1);
}

#[tokio::test]
async fn what_has_no_picture_or_no_text_has_none_on_screen() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let sound = ada.upload("address.mp3", sample("inaugural-address.mp3")).await;
    let call = ada.upload("call.mp4", sample("video-call.mp4")).await;
    for id in [&sound, &call] {
        assert_eq!(app.settled(&ada, id).await["status"], "completed");
    }
    assert_eq!(key_frames(&ada, &sound).await, Vec::<Value>::new());
    let frames = key_frames(&ada, &call).await;
    assert_eq!((frames.len(), &frames[0]["text"], &frames[0]["confidence"]), (1, &json!(""), &Value::Null));
    // What is said ranks among itself as before.
    let hits = search(&ada, &[("q", "budget million")]).await;
    assert!(hits.iter().all(|hit| hit["source"] == "speech" && hit["frame_url"].is_null()), "{hits:#?}");
    let without = app.insert_video(&ada, "Text alone").await;
    assert_eq!(key_frames(&ada, &without.to_string()).await, Vec::<Value>::new());
    ada.get("/videos/018f0000-0000-7000-8000-000000000000/key-frames").await.refuses(404, "not_found");
}
