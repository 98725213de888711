//! Assets as a media backend has them: found, put into folders, tagged, binned, copied, and stored once.

use crate::{
    app::{TestApp, sample},
    client::{Client, Person, metadata, send},
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::Path};
use uuid::Uuid;

/// A picture of so many pixels a side, in one colour.
pub fn picture(side: u32, colour: u8) -> Vec<u8> {
    let row: Vec<u8> = std::iter::once(0).chain(std::iter::repeat_n(colour, side as usize)).collect();
    let pixels: Vec<u8> = row.repeat(side as usize);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], data: &[u8]| {
        png.extend((data.len() as u32).to_be_bytes());
        png.extend(kind);
        png.extend(data);
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(data);
        png.extend(crc.sum().to_be_bytes());
    };
    let mut header = [side.to_be_bytes(), side.to_be_bytes()].concat();
    header.extend([8, 0, 0, 0, 0]);
    chunk(b"IHDR", &header);
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, &pixels).unwrap();
    chunk(b"IDAT", &packed.finish().unwrap());
    chunk(b"IEND", b"");
    png
}

pub async fn uploaded(app: &TestApp, client: &Client, filename: &str, bytes: Vec<u8>) -> String {
    let id = client.upload_image(filename, bytes).await;
    app.idle().await;
    let asset = client.get(&format!("/assets/{id}")).await.is(200).json();
    assert_eq!(asset["status"], "ready", "{asset:#}");
    id
}

/// The names of what a list holds, in its order.
async fn names(client: &Client, query: &[(&str, &str)]) -> Vec<String> {
    let page = send(client.request("GET", "/assets").query(query)).await.is(200).json();
    let name = |item: &Value| item["filename"].as_str().unwrap().to_owned();
    page["items"].as_array().unwrap().iter().map(name).collect()
}

pub async fn folder(client: &Client, name: &str, parent: Option<&str>) -> String {
    let made = client.post("/folders", &json!({ "name": name, "parent_id": parent })).await.is(201).json();
    made["id"].as_str().unwrap().to_owned()
}

fn files_below(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files_below(&entry.path()));
        } else {
            found.insert(entry.path().display().to_string());
        }
    }
    found
}

fn contents_of(app: &TestApp, person: &Person) -> BTreeSet<String> {
    let organizations = app.folder().join("blobs/blobs/organizations");
    files_below(&organizations.join(&person.organization_id).join("contents"))
}

async fn reference_counts(app: &TestApp) -> Vec<i64> {
    sqlx::query_scalar("SELECT reference_count FROM blobs ORDER BY created_at")
        .fetch_all(&mut app.superuser().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_is_stored_is_found_by_kind_folder_name_tags_and_metadata() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let press = folder(&ada, "Press", None).await;
    let one = uploaded(&app, &ada, "Harbour 100%.png", picture(3, 1)).await;
    app.clock.advance(TimeDelta::seconds(1));
    let two = uploaded(&app, &ada, "Bridge.png", picture(4, 2)).await;
    app.clock.advance(TimeDelta::seconds(1));
    let video = ada.upload("Talk.mp3", sample("inaugural-address.mp3")).await;
    app.settled(&ada, &video).await;

    let changes = json!({ "folder_id": press, "tags": ["Print", " print", "2026"],
        "metadata": { "sku": "A-1", "rank": 3, "is_new": true, "sizes": [1, 2] } });
    let changed = ada.patch(&format!("/assets/{one}"), &changes).await.is(200).json();
    assert_eq!(changed["tags"], json!(["print", "2026"]));
    assert_eq!(changed["metadata"]["sizes"], json!([1, 2]));
    assert_eq!(changed["folder_id"], json!(press));
    ada.patch(&format!("/assets/{two}"), &json!({ "tags": ["print"], "metadata": { "sku": "A-2" } }))
        .await
        .is(200);

    assert_eq!(names(&ada, &[]).await, ["Talk.mp3", "Bridge.png", "Harbour 100%.png"]);
    for (query, found) in [
        (&[("kind", "audio")][..], &["Talk.mp3"][..]),
        (&[("kind", "document")], &[]),
        (&[("kind", "image"), ("status", "failed")], &[]),
        (&[("folder_id", &press)], &["Harbour 100%.png"]),
        (&[("folder_id", "none")], &["Talk.mp3", "Bridge.png"]),
        (&[("q", "hARBOUR")], &["Harbour 100%.png"]),
        (&[("q", "0%")], &["Harbour 100%.png"]),
        (&[("q", "_")], &[]),
        (&[("tag", "PRINT")], &["Bridge.png", "Harbour 100%.png"]),
        (&[("tag", "print,2026")], &["Harbour 100%.png"]),
        (&[("metadata", r#"{"sku":"A-2"}"#)], &["Bridge.png"]),
        (&[("metadata", r#"{"rank":3,"is_new":true}"#), ("tag", "print")], &["Harbour 100%.png"]),
        (&[("metadata", r#"{"rank":4}"#)], &[]),
    ] {
        assert_eq!(names(&ada, query).await, found, "{query:?}");
    }
    let cleared = json!({ "tags": null, "metadata": null, "filename": null });
    let cleared = ada.patch(&format!("/assets/{one}"), &cleared).await.is(200).json();
    assert_eq!((&cleared["tags"], &cleared["metadata"]), (&json!([]), &json!({})), "{cleared:#}");
    assert_eq!(cleared["filename"], "Harbour 100%.png");
    // As programs of different languages write the same numbers.
    let numbers = r#"{"metadata": {"tiny": 0.000001, "huge": 1e21, "round": 1e2, "long": 12345678901234567890123, "tag:a": "b"}}"#;
    let request = ada.request("PATCH", &format!("/assets/{two}")).header("content-type", "application/json");
    send(request.body(numbers)).await.is(200);
    for wanted in [
        r#"{"tiny":0.000001}"#,
        r#"{"tiny":1e-6}"#,
        r#"{"huge":1000000000000000000000}"#,
        r#"{"huge":1.0e21}"#,
        r#"{"round":100,"tiny":1.0E-6}"#,
        r#"{"round":100.0}"#,
        r#"{"long":12345678901234567890123}"#,
        r#"{"tag:a":"b"}"#,
    ] {
        assert_eq!(names(&ada, &[("metadata", wanted)]).await, ["Bridge.png"], "{wanted}");
    }
    assert_eq!(names(&ada, &[("tag", "a=b")]).await, [""; 0], "metadata is no tag");
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(501));
    let refused = send(ada.request("GET", "/assets").query(&[("metadata", &long)])).await;
    assert!(refused.refuses(422, "metadata_invalid").text().contains("500 characters"));
    let listed = ada.get("/assets?kind=audio").await.is(200).json()["items"][0].clone();
    assert_eq!(listed["video_id"], json!(video));
    assert!(
        listed["duration_seconds"].as_f64().unwrap() > 5.0 && listed["sample_rate"].as_i64().unwrap() > 0,
        "{listed:#}"
    );
    for (query, code) in [
        (("folder_id", "x"), "folder_invalid"),
        (("metadata", "[1]"), "metadata_invalid"),
        (("tag", "a,,b"), "tag_invalid"),
        (("kind", "film"), "parameters_invalid"),
        (("cursor", "x"), "cursor_invalid"),
    ] {
        send(ada.request("GET", "/assets").query(&[query])).await.refuses(422, code);
    }

    // Pages neither overlap nor leave anything out.
    let first = ada.get("/assets?limit=2").await.is(200).json();
    let rest =
        ada.get(&format!("/assets?cursor={}", first["next_cursor"].as_str().unwrap())).await.is(200).json();
    assert_eq!((first["items"].as_array().unwrap().len(), rest["items"].as_array().unwrap().len()), (2, 1));
    assert_eq!(rest["next_cursor"], Value::Null);
}

/// An MP4 file whose last track is its picture, as a camera writes it that was held upright.
fn turned(mut film: Vec<u8>) -> Vec<u8> {
    let header = film.windows(4).rposition(|window| window == b"tkhd").expect("a track");
    let turn: [u32; 9] = [0, 0x1_0000, 0, 0xFFFF_0000, 0, 0, 0, 0, 0x4000_0000];
    for (number, value) in turn.into_iter().enumerate() {
        film[header + 44 + 4 * number..][..4].copy_from_slice(&value.to_be_bytes());
    }
    film
}

#[tokio::test]
async fn what_a_recording_is_made_of_is_told_with_it() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let probed = async |name: &str, bytes: Vec<u8>| {
        let video = ada.upload(name, bytes).await;
        let video = app.until(&ada, &video, |video| !video["duration_ms"].is_null()).await;
        ada.get(&format!("/assets/{}", video["asset_id"].as_str().expect("an asset"))).await.is(200).json()
    };
    let talk = probed("Talk.mp3", sample("inaugural-address.mp3")).await;
    let sound = &talk["recording"]["sound"];
    assert_eq!((&talk["recording"]["picture"], &sound["codec"]), (&Value::Null, &json!("mp3")), "{talk:#}");
    assert_eq!((&talk["sample_rate"], &talk["channels"]), (&json!(16_000), &json!(1)));
    assert!(sound["bit_rate"].as_u64() > Some(40_000), "{talk:#}");

    let film = probed("Call.mp4", turned(sample("video-call.mp4"))).await;
    assert_eq!((&film["width"], &film["height"]), (&json!(720), &json!(1280)), "{film:#}");
    let image = picture(3, 1);
    let (picture, sound) = (&film["recording"]["picture"], &film["recording"]["sound"]);
    assert!(
        picture["bit_rate"].as_u64() > Some(5_000) && sound["bit_rate"].as_u64() > Some(50_000),
        "{film:#}"
    );
    let facts = json!({
        "codec": "h264", "profile": "Main", "bit_rate": picture["bit_rate"], "frame_rate": 30.0,
        "is_variable_rate": false, "is_interlaced": false, "rotation_degrees": 90, "colour_space": "bt709",
        "colour_transfer": "bt709", "is_hdr": false, "bit_depth": 8
    });
    assert_eq!(picture, &facts);
    let facts = json!({ "codec": "aac", "profile": "LC", "bit_rate": sound["bit_rate"], "language": null });
    assert_eq!(sound, &facts);

    // What was not looked for yet when it was uploaded is not told; images and documents have none of it.
    sqlx::raw_sql(
        "UPDATE assets SET metadata = metadata #- '{probe,video,color_space}' WHERE filename = 'Call.mp4'",
    )
    .execute(&mut app.superuser().await)
    .await
    .expect("changed");
    ada.upload_image("Bridge.png", image).await;
    let listed = ada.get("/assets").await.is(200).json();
    let of = |name: &str| {
        let mut items = listed["items"].as_array().expect("a list").iter();
        &items.find(|asset| asset["filename"] == name).expect("an asset")["recording"]
    };
    assert_eq!(of("Bridge.png"), &Value::Null);
    let picture = &of("Call.mp4")["picture"];
    assert_eq!((&picture["colour_space"], &picture["codec"]), (&Value::Null, &json!("h264")));
}

#[tokio::test]
async fn changes_are_refused_whole_with_the_field_that_is_wrong() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let bob = app.person("bob").await;
    let theirs = folder(&bob, "Theirs", None).await;
    let id = uploaded(&app, &ada, "a.png", picture(2, 0)).await;
    let before = ada.get(&format!("/assets/{id}")).await.is(200).json();
    for (change, code) in [
        (json!({ "filename": "" }), "name_invalid"),
        (json!({ "filename": "a/b.png" }), "name_invalid"),
        (json!({ "filename": "x".repeat(256) }), "name_invalid"),
        (json!({ "tags": ["ok", "a,b"] }), "tag_invalid"),
        (json!({ "metadata": { "": 1 } }), "metadata_invalid"),
        (json!({ "metadata": { "a": "x".repeat(17_000) } }), "metadata_invalid"),
        (json!({ "metadata": [1] }), "body_invalid"),
        (json!({ "colour": "red" }), "body_invalid"),
    ] {
        ada.patch(&format!("/assets/{id}"), &change).await.refuses(422, code);
    }
    let into_theirs = json!({ "filename": "b.png", "folder_id": theirs });
    ada.patch(&format!("/assets/{id}"), &into_theirs).await.refuses(404, "not_found");
    assert_eq!(ada.get(&format!("/assets/{id}")).await.is(200).json()["filename"], before["filename"]);
    ada.patch(&format!("/assets/{id}"), &json!({ "filename": " b.png " })).await.is(200);
    let renamed = ada.get(&format!("/assets/{id}")).await.is(200).json();
    let file = app.visitor().get(renamed["file_url"].as_str().unwrap()).await.is(200);
    assert!(file.header("content-disposition").contains("b.png"));
}

#[tokio::test]
async fn folders_form_a_tree_of_distinct_names() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let top = folder(&ada, "Press", None).await;
    let below = folder(&ada, "2026", Some(&top)).await;
    let lowest = folder(&ada, "Press", Some(&below)).await;
    ada.post("/folders", &json!({ "name": "press" })).await.refuses(409, "folder_name_taken");
    ada.post("/folders", &json!({ "name": "2026 ", "parent_id": top }))
        .await
        .refuses(409, "folder_name_taken");
    ada.post("/folders", &json!({ "name": " " })).await.refuses(422, "name_invalid");
    ada.post("/folders", &json!({ "name": "x", "parent_id": Uuid::now_v7().to_string() }))
        .await
        .refuses(404, "not_found");
    for into in [&top, &below, &lowest] {
        ada.patch(&format!("/folders/{top}"), &json!({ "parent_id": into }))
            .await
            .refuses(409, "folder_cycle");
    }
    let moved = ada.patch(&format!("/folders/{lowest}"), &json!({ "parent_id": null })).await;
    moved.refuses(409, "folder_name_taken");
    let moved = json!({ "name": "Old press", "parent_id": null });
    let moved = ada.patch(&format!("/folders/{lowest}"), &moved).await.is(200).json();
    assert_eq!((&moved["name"], &moved["parent_id"]), (&json!("Old press"), &Value::Null));
    ada.delete(&format!("/folders/{top}")).await.refuses(409, "folder_not_empty");
    ada.delete(&format!("/folders/{below}")).await.is(204);
    ada.delete(&format!("/folders/{top}")).await.is(204);
    ada.delete(&format!("/folders/{top}")).await.refuses(404, "not_found");

    // Sixteen lie in each other, and no more, by whichever end they are put together.
    let mut chain = vec![lowest];
    for depth in 1..16 {
        chain.push(folder(&ada, &depth.to_string(), chain.last().map(String::as_str)).await);
    }
    let deeper = json!({ "name": "17", "parent_id": chain[15] });
    ada.post("/folders", &deeper).await.refuses(409, "folder_too_deep");
    let above = folder(&ada, "above", None).await;
    ada.patch(&format!("/folders/{}", chain[0]), &json!({ "parent_id": above }))
        .await
        .refuses(409, "folder_too_deep");
}

#[tokio::test]
async fn two_who_move_folders_into_each_other_at_once_make_no_circle() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    for round in 0..10 {
        let (a, b) =
            (folder(&ada, &format!("a{round}"), None).await, folder(&ada, &format!("b{round}"), None).await);
        let (path_a, path_b) = (format!("/folders/{a}"), format!("/folders/{b}"));
        let (into_a, into_b) = (json!({ "parent_id": a }), json!({ "parent_id": b }));
        let answers = tokio::join!(ada.patch(&path_a, &into_b), ada.patch(&path_b, &into_a));
        let statuses = BTreeSet::from([answers.0.status, answers.1.status]);
        assert_eq!(statuses, BTreeSet::from([200, 409]));
    }
}

#[tokio::test]
async fn the_bin_gives_back_for_thirty_days_and_then_leaves_no_file() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = uploaded(&app, &ada, "a.png", picture(5, 9)).await;
    let video = ada.upload("Talk.mp3", sample("inaugural-address.mp3")).await;
    let talk = app.settled(&ada, &video).await["asset_id"].as_str().map(str::to_owned);
    let talk = match talk {
        Some(id) => id,
        None => {
            ada.get("/assets?kind=audio").await.is(200).json()["items"][0]["id"].as_str().unwrap().to_owned()
        }
    };
    for asset in [&id, &talk] {
        ada.delete(&format!("/assets/{asset}")).await.is(204);
        ada.delete(&format!("/assets/{asset}")).await.is(204);
        ada.patch(&format!("/assets/{asset}"), &json!({ "tags": [] })).await.refuses(409, "asset_in_bin");
    }
    assert_eq!(names(&ada, &[]).await, Vec::<String>::new());
    assert_eq!(names(&ada, &[("is_deleted", "true")]).await.len(), 2);
    ada.get(&format!("/videos/{video}")).await.refuses(404, "not_found");
    send(ada.request("GET", &format!("/assets/{id}/image-addresses"))).await.refuses(404, "not_found");
    for asset in [&id, &talk] {
        let back = ada.post(&format!("/assets/{asset}/restore"), &json!({})).await.is(200).json();
        assert_eq!(back["deleted_at"], Value::Null);
    }
    ada.get(&format!("/videos/{video}")).await.is(200);
    ada.delete(&format!("/assets/{talk}?permanently=true")).await.refuses(409, "recording_stays");

    for asset in [&id, &talk] {
        ada.delete(&format!("/assets/{asset}")).await.is(204);
    }
    app.idle().await;
    app.clock.advance(TimeDelta::days(29));
    app.sweep().await;
    let ada = app.signed_in(&ada).await;
    assert_eq!(names(&ada, &[("is_deleted", "true")]).await.len(), 2);
    assert_eq!(contents_of(&app, &ada).len(), 2);
    app.clock.advance(TimeDelta::days(2));
    app.sweep().await;
    let ada = app.signed_in(&ada).await;
    assert_eq!(names(&ada, &[("is_deleted", "true")]).await, Vec::<String>::new());
    ada.get(&format!("/assets/{id}")).await.refuses(404, "not_found");
    let organization = app.folder().join("blobs/blobs/organizations").join(&ada.organization_id);
    assert_eq!(files_below(&organization), BTreeSet::new());
}

#[tokio::test]
async fn what_is_temporary_is_gone_after_a_day() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let bytes = picture(6, 1);
    let request = ada
        .tus("POST", "/uploads")
        .header("upload-length", bytes.len())
        .header(
            "upload-metadata",
            metadata(&[("filename", "t.png"), ("kind", "image"), ("store", "temporary")]),
        )
        .header("content-type", "application/offset+octet-stream")
        .body(bytes);
    let id = send(request).await.is(201).header("memoreel-asset-id").to_owned();
    let kept = uploaded(&app, &ada, "k.png", picture(7, 1)).await;
    let saved = uploaded(&app, &ada, "s.png", picture(8, 1)).await;
    ada.patch(&format!("/assets/{saved}"), &json!({ "is_temporary": true })).await.is(200);
    let saved_asset =
        ada.patch(&format!("/assets/{saved}"), &json!({ "is_temporary": false })).await.is(200).json();
    assert_eq!(saved_asset["expires_at"], Value::Null);
    app.idle().await;
    let temporary = ada.get(&format!("/assets/{id}")).await.is(200).json();
    assert!(temporary["expires_at"].is_string(), "{temporary:#}");
    app.clock.advance(TimeDelta::hours(1));
    let copy = async || {
        let copied = json!({ "action": "copy", "ids": [id] });
        let copied = ada.post("/assets/batch", &copied).await.is(200).json();
        copied["items"][0]["copy_id"].as_str().unwrap().to_owned()
    };
    let (copied, copied_to_stay) = (copy().await, copy().await);
    let copied_asset = ada.get(&format!("/assets/{copied}")).await.is(200).json();
    assert_eq!(copied_asset["expires_at"], temporary["expires_at"]);
    ada.patch(&format!("/assets/{copied_to_stay}"), &json!({ "is_temporary": false })).await.is(200);
    app.clock.advance(TimeDelta::hours(24));
    app.sweep().await;
    for gone in [&id, &copied] {
        ada.get(&format!("/assets/{gone}")).await.refuses(404, "not_found");
    }
    ada.get(&format!("/assets/{copied_to_stay}")).await.is(200);
    ada.get(&format!("/assets/{kept}")).await.is(200);
    ada.get(&format!("/assets/{saved}")).await.is(200);
    assert_eq!(contents_of(&app, &ada).len(), 3);
}

#[tokio::test]
async fn a_batch_tells_of_each_asset_what_became_of_it() {
    let app = TestApp::start().await;
    app.work().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let (one, two) = (
        uploaded(&app, &ada, "1.png", picture(2, 1)).await,
        uploaded(&app, &ada, "2.png", picture(2, 2)).await,
    );
    let theirs = uploaded(&app, &bob, "b.png", picture(2, 3)).await;
    let press = folder(&ada, "Press", None).await;
    let batch = async |action: &str, ids: &[&str], folder: Option<&str>| {
        let body = json!({ "action": action, "ids": ids, "folder_id": folder });
        ada.post("/assets/batch", &body).await
    };
    let statuses = |answer: &Value| -> Vec<u64> {
        answer["items"].as_array().unwrap().iter().map(|item| item["status"].as_u64().unwrap()).collect()
    };
    let moved = batch("move", &[&one, &theirs, &two, &one], Some(&press)).await.is(200).json();
    assert_eq!(statuses(&moved), [200, 404, 200]);
    assert_eq!(moved["items"][1]["code"], "not_found");
    assert_eq!(names(&ada, &[("folder_id", &press)]).await.len(), 2);

    let copied = batch("copy", &[&one], None).await.is(200).json();
    assert_eq!(statuses(&copied), [201]);
    let copy = copied["items"][0]["copy_id"].as_str().unwrap().to_owned();
    let (copy_of, original) = (
        ada.get(&format!("/assets/{copy}")).await.is(200).json(),
        ada.get(&format!("/assets/{one}")).await.is(200).json(),
    );
    assert_eq!((&copy_of["sha256"], &copy_of["folder_id"]), (&original["sha256"], &json!(press)));
    assert_eq!(contents_of(&app, &ada).len(), 2);

    assert_eq!(statuses(&batch("delete", &[&one, &two], None).await.is(200).json()), [200, 200]);
    assert_eq!(statuses(&batch("move", &[&one, &copy], None).await.is(200).json()), [409, 200]);
    assert_eq!(statuses(&batch("restore", &[&one, &theirs], None).await.is(200).json()), [200, 404]);
    // A content goes with its last asset.
    ada.delete(&format!("/assets/{one}?permanently=true")).await.is(204);
    assert_eq!(contents_of(&app, &ada).len(), 2);
    let file = ada.get(&format!("/assets/{copy}")).await.is(200).json();
    assert_eq!(app.visitor().get(file["file_url"].as_str().unwrap()).await.is(200).body, picture(2, 1));
    ada.delete(&format!("/assets/{copy}?permanently=true")).await.is(204);
    assert_eq!(contents_of(&app, &ada).len(), 1);

    assert_eq!(statuses(&batch("copy", &[&two], None).await.is(200).json()), [409]);
    batch("delete", &[], None).await.refuses(422, "ids_number");
    let many: Vec<String> = (0..51).map(|_| Uuid::now_v7().to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    batch("delete", &many, None).await.refuses(422, "ids_number");
    batch("move", &[&two], Some(&one)).await.refuses(404, "not_found");
    let nowhere = json!({ "action": "move", "ids": [two] });
    ada.post("/assets/batch", &nowhere).await.refuses(422, "folder_missing");
    assert_eq!(bob.get(&format!("/assets/{theirs}")).await.is(200).json()["folder_id"], Value::Null);
}

#[tokio::test]
async fn a_copied_recording_is_a_video_of_its_own() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let video = ada.upload("Talk.mp3", sample("inaugural-address.mp3")).await;
    app.settled(&ada, &video).await;
    let asset = ada.get("/assets?kind=audio").await.is(200).json()["items"][0]["id"].clone();
    let copied = ada.post("/assets/batch", &json!({ "action": "copy", "ids": [asset] })).await.is(200).json();
    let copy = copied["items"][0]["copy_id"].as_str().unwrap();
    let other =
        ada.get(&format!("/assets/{copy}")).await.is(200).json()["video_id"].as_str().unwrap().to_owned();
    assert_ne!(other, video);
    assert_eq!(app.settled(&ada, &other).await["status"], "completed");
    assert_eq!(reference_counts(&app).await, [2]);
}

#[tokio::test]
async fn a_copy_is_seen_by_whom_the_other_is() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let bob = app.colleague(&ada, "bob", "admin").await;
    let video = ada.upload("Talk.mp3", sample("inaugural-address.mp3")).await;
    let asset = app.settled(&ada, &video).await["asset_id"].clone();
    let channel = ada.post("/channels", &json!({ "name": "Board" })).await.is(201).json()["id"].clone();
    let changes = json!({ "title": "Merger", "description": "Of penguins.", "channel_id": channel, "visibility": "private" });
    ada.patch(&format!("/videos/{video}"), &changes).await.is(200);
    let copied = ada.post("/assets/batch", &json!({ "action": "copy", "ids": [asset] })).await.is(200).json();
    let copy = copied["items"][0]["copy_id"].as_str().unwrap();
    let other =
        ada.get(&format!("/assets/{copy}")).await.is(200).json()["video_id"].as_str().unwrap().to_owned();
    let told = ada.get(&format!("/videos/{other}")).await.is(200).json();
    for field in ["title", "description", "channel_id", "visibility"] {
        assert_eq!(told[field], changes[field], "{field}");
    }
    for path in [format!("/videos/{other}"), format!("/assets/{copy}")] {
        bob.ask(&ada.organization_id, "GET", &path, Value::Null).await.refuses(404, "not_found");
    }
    app.settled(&ada, &other).await;
    app.idle().await;
    let path = "/search?q=penguins&mode=keyword";
    assert_eq!(ada.get(path).await.is(200).json()["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        bob.ask(&ada.organization_id, "GET", path, Value::Null).await.is(200).json()["items"],
        json!([])
    );
}

#[tokio::test]
async fn two_who_change_the_same_assets_in_different_orders_do_not_stop_each_other() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let mut ids = Vec::new();
    for number in 0..20 {
        ids.push(ada.upload_image(&format!("{number}.png"), picture(number + 1, 1)).await);
    }
    let reversed: Vec<&String> = ids.iter().rev().collect();
    let (one, other) = (folder(&ada, "One", None).await, folder(&ada, "Other", None).await);
    let there = json!({ "action": "move", "ids": ids, "folder_id": one });
    let back = json!({ "action": "move", "ids": reversed, "folder_id": other });
    for _ in 0..10 {
        let (one, other) = tokio::join!(ada.post("/assets/batch", &there), ada.post("/assets/batch", &back));
        one.is(200);
        let items = other.is(200).json();
        assert_eq!(items["items"][0]["id"], *reversed[0]);
    }
}

#[tokio::test]
async fn one_content_is_stored_once_however_many_bring_it_at_once() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let mut ids = Vec::new();
    for number in 0..6 {
        ids.push(ada.upload_image(&format!("{number}.png"), picture(9, 1)).await);
    }
    let theirs = bob.upload_image("b.png", picture(9, 1)).await;
    app.work().await;
    app.idle().await;
    for id in &ids {
        assert_eq!(ada.get(&format!("/assets/{id}")).await.is(200).json()["status"], "ready");
    }
    app.sweep().await;
    assert_eq!((contents_of(&app, &ada).len(), contents_of(&app, &bob).len()), (1, 1));
    let mut counts = reference_counts(&app).await;
    counts.sort_unstable();
    assert_eq!(counts, [1, 6]);

    // Five go at once, while one more comes.
    let paths: Vec<String> = ids[..5].iter().map(|id| format!("/assets/{id}?permanently=true")).collect();
    let deletions = futures::future::join_all(paths.iter().map(|path| ada.delete(path)));
    let (answers, more) = tokio::join!(deletions, ada.upload_image("more.png", picture(9, 1)));
    assert!(answers.iter().all(|answer| answer.status == 204));
    app.idle().await;
    ada.delete(&format!("/assets/{}?permanently=true", ids[5])).await.is(204);
    let asset = ada.get(&format!("/assets/{more}")).await.is(200).json();
    assert_eq!(app.visitor().get(asset["file_url"].as_str().unwrap()).await.is(200).body, picture(9, 1));
    ada.delete(&format!("/assets/{more}?permanently=true")).await.is(204);
    assert_eq!((contents_of(&app, &ada).len(), contents_of(&app, &bob).len()), (0, 1));
    assert_eq!(bob.get(&format!("/assets/{theirs}")).await.is(200).json()["status"], "ready");
}

#[tokio::test]
async fn the_recording_of_a_private_video_is_its_authors_alone() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let video = ada.upload("Talk.mp3", sample("inaugural-address.mp3")).await;
    app.settled(&ada, &video).await;
    let asset = ada.get("/assets").await.is(200).json()["items"][0]["id"].as_str().unwrap().to_owned();
    let eve = app.colleague(&ada, "eve", "admin").await;
    let listed = async || {
        let page = eve.ask(&ada.organization_id, "GET", "/assets", Value::Null).await.is(200).json();
        page["items"].as_array().unwrap().len()
    };
    let path = format!("/assets/{asset}");
    assert_eq!(listed().await, 1);
    ada.patch(&format!("/videos/{video}"), &json!({ "visibility": "private" })).await.is(200);
    assert_eq!(listed().await, 0);
    for (method, path) in
        [("GET", path.clone()), ("DELETE", path.clone()), ("POST", format!("{path}/restore"))]
    {
        eve.ask(&ada.organization_id, method, &path, Value::Null).await.refuses(404, "not_found");
    }
    let rename = json!({ "filename": "mine.mp3" });
    eve.ask(&ada.organization_id, "PATCH", &path, rename).await.refuses(404, "not_found");
    assert_eq!(ada.get(&path).await.is(200).json()["filename"], "Talk.mp3");
    ada.patch(&format!("/videos/{video}"), &json!({ "visibility": "organization" })).await.is(200);
    assert_eq!(listed().await, 1);
}
