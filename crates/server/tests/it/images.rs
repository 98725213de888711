//! Images: uploaded like everything else, made into others by signed address, and gone when they are deleted.

use crate::{
    app::{PUBLIC_URL, TestApp, sample},
    client::{Answer, Client, Person, metadata, send},
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::Path, time::Duration};

/// 1080 x 1920 pixels.
pub fn photograph() -> Vec<u8> {
    sample("still-photo.heic")
}

/// The image once it is ready or failed.
async fn settled(client: &Client, id: &str) -> Value {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let image = client.get(&format!("/assets/{id}")).await.is(200).json();
        if image["status"] != "pending" {
            return image;
        }
        assert!(tokio::time::Instant::now() < deadline, "{image:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub async fn uploaded(client: &Client) -> String {
    let id = client.upload_image("Harbour at night.heic", photograph()).await;
    let image = settled(client, &id).await;
    assert_eq!(image["status"], "ready", "{image:#}");
    id
}

/// What the API says of addresses.
pub async fn addresses(client: &Client, id: &str, query: &[(&str, &str)]) -> Value {
    let request = client.request("GET", &format!("/assets/{id}/image-addresses")).query(query);
    send(request).await.is(200).json()
}

/// The path of an address of this server.
pub fn path(url: &Value) -> String {
    url.as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap().to_owned()
}

pub async fn address(client: &Client, id: &str, options: &str) -> String {
    path(&addresses(client, id, &[("options", options)]).await["src"])
}

/// Nobody who is signed in, as an `img` element of some page.
pub async fn fetch(app: &TestApp, path: &str, accept: &str) -> Answer {
    send(app.visitor().request("GET", path).header("accept", accept)).await
}

/// Width and height in the header of a PNG.
pub fn png_size(bytes: &[u8]) -> (u32, u32) {
    assert!(bytes.starts_with(b"\x89PNG"), "{:?}", &bytes[..8]);
    let side = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (side(16), side(20))
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

fn files_of(app: &TestApp, person: &Person, id: &str) -> BTreeSet<String> {
    let organization = app.folder().join("blobs/blobs/organizations").join(&person.organization_id);
    // As it was uploaded, and what was made of it.
    let mut files = files_below(&organization.join("contents").join(id));
    files.extend(files_below(&organization.join("assets").join(id)));
    files
}

#[tokio::test]
async fn an_upload_that_says_so_becomes_an_image_and_no_video() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let id = ada.upload_image("Harbour at night.heic", photograph()).await;
    let upload = ada.get(&format!("/uploads/{id}")).await.is(200).json();
    assert_eq!(
        (&upload["kind"], &upload["asset_id"], &upload["video_id"]),
        (&json!("image"), &json!(id), &Value::Null)
    );
    let waiting = ada.get(&format!("/assets/{id}")).await.is(200).json();
    assert_eq!(
        (&waiting["status"], &waiting["image"], &waiting["file_url"]),
        (&json!("pending"), &Value::Null, &Value::Null)
    );
    let too_early = send(ada.request("GET", &format!("/assets/{id}/image-addresses"))).await;
    too_early.refuses(409, "image_not_ready");

    app.work().await;
    let image = settled(&ada, &id).await;
    assert_eq!(image["status"], "ready", "{image:#}");
    assert_eq!((&image["width"], &image["height"]), (&json!(1080), &json!(1920)));
    assert_eq!(
        (&image["filename"], &image["content_type"]),
        (&json!("Harbour at night.heic"), &json!("image/heic"))
    );
    assert_eq!(image["size_bytes"], photograph().len());
    let detail = &image["image"];
    assert_eq!(
        (&detail["format"], &detail["is_animated"], &detail["orientation"]),
        (&json!("heic"), &json!(false), &json!(1))
    );
    assert!(detail["thumbhash"].as_str().is_some_and(|hash| hash.len() >= 20), "{detail}");
    let file = app.visitor().get(image["file_url"].as_str().unwrap()).await.is(200);
    assert_eq!(file.body, photograph());
    assert!(file.header("content-disposition").starts_with("attachment"));

    let listed = ada.get("/assets?kind=image").await.is(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["id"], json!(id));
    assert_eq!(ada.get("/videos").await.is(200).json()["items"], json!([]));
    ada.get("/assets?kind=film").await.refuses(422, "parameters_invalid");
    assert_eq!(ada.get("/assets?kind=video").await.is(200).json()["items"], json!([]));
    assert_eq!(files_of(&app, &ada, &id).len(), 1);
    app.idle().await;
    assert_eq!(files_below(&app.folder().join("staging")), BTreeSet::new());

    let log = ada.get("/audit-log").await.is(200).json();
    let actions: Vec<&str> =
        log["items"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert!(actions.contains(&"asset.created"), "{actions:?}");
}

#[tokio::test]
async fn what_is_no_image_fails_with_a_reason_and_leaves_no_file() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let mut bomb =
        b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\xff\xff\xff\xff\xff\xff\xff\xff\x08\x02\0\0\0xxxx".to_vec();
    bomb.extend(b"\0\0\0\x01IDATxxxxx\0\0\0\0IENDxxxx");
    for (name, bytes, code) in [
        ("film.png", sample("video-call.mp4"), "image_unknown"),
        ("notes.png", b"These are notes.\n".repeat(9), "image_unknown"),
        ("half.heic", photograph()[..20_000].to_vec(), "image_malformed"),
        ("bomb.png", bomb, "image_too_large"),
    ] {
        let id = ada.upload_image(name, bytes).await;
        let image = settled(&ada, &id).await;
        assert_eq!(
            (&image["status"], &image["error"]["code"]),
            (&json!("failed"), &json!(code)),
            "{name}: {image:#}"
        );
        assert!(
            image["error"]["message"].as_str().is_some_and(|message| message.ends_with('.')),
            "{image:#}"
        );
        assert_eq!(files_of(&app, &ada, &id), BTreeSet::new(), "{name}");
        let refused = send(ada.request("GET", &format!("/assets/{id}/image-addresses"))).await;
        let refused = refused.refuses(409, "image_not_ready").text();
        assert!(refused.contains("The image has failed, so that nothing can be made of it."), "{refused}");
        ada.delete(&format!("/assets/{id}?permanently=true")).await.is(204);
        ada.get(&format!("/assets/{id}")).await.refuses(404, "not_found");
    }
    let too_large = ada
        .tus("POST", "/uploads")
        .header("upload-length", (50 << 20) + 1)
        .header("upload-metadata", metadata(&[("filename", "a.png"), ("kind", "image")]));
    let too_large = send(too_large).await.refuses(413, "upload_too_large").json();
    assert!(too_large["hint"].as_str().unwrap().contains("no larger ones"), "{too_large}");
    let unknown = ada
        .tus("POST", "/uploads")
        .header("upload-length", 1)
        .header("upload-metadata", metadata(&[("kind", "film")]));
    send(unknown).await.refuses(400, "upload_header_invalid");
}

#[tokio::test]
async fn an_address_shows_what_was_asked_for_to_everybody_and_is_cached() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = uploaded(&ada).await;
    let told = addresses(&ada, &id, &[("options", "q=70,format=png,h=192,w=300")]).await;
    assert_eq!((&told["width"], &told["height"]), (&json!(108), &json!(192)));
    let path = path(&told["src"]);
    assert!(
        path.starts_with(&format!("/i/{id}/w=300,h=192,format=png,q=70/Harbour-at-night.png?s=")),
        "{path}"
    );

    let image = fetch(&app, &path, "*/*").await.is(200);
    assert_eq!(png_size(&image.body), (108, 192));
    for (name, value) in [
        ("content-type", "image/png"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("access-control-allow-origin", "*"),
        // A week and the rest of the day.
        ("cache-control", "public, max-age=648000, immutable"),
    ] {
        assert_eq!(image.header(name), value);
    }
    assert!(
        image.header("content-disposition").starts_with("inline; filename=\"Harbour at night.png\""),
        "{:?}",
        image.headers
    );
    assert!(!image.headers.contains_key("vary"), "{:?}", image.headers);

    let etag = image.header("etag").to_owned();
    let again = send(app.visitor().request("GET", &path).header("if-none-match", &etag)).await.is(304);
    assert_eq!((again.header("etag"), again.body.len()), (etag.as_str(), 0));
    assert!(again.header("cache-control").contains("immutable"));
    send(app.visitor().request("GET", &path).header("if-match", &etag)).await.is(200);
    let other = app.visitor().request("GET", &path).header("if-match", "\"other\"");
    send(other).await.refuses(412, "precondition_failed");
    let head = send(app.visitor().request("HEAD", &path)).await.is(200);
    assert_eq!((head.header("content-length"), head.body.len()), (image.body.len().to_string().as_str(), 0));
    assert_eq!(fetch(&app, &path, "*/*").await.is(200).body, image.body);
    assert_eq!(files_of(&app, &ada, &id).len(), 2);

    // The same under another spelling is made no second time.
    let other = address(&ada, &id, "w=150,dpr=2,h=96,format=png,fit=fit").await;
    assert_eq!(fetch(&app, &other, "*/*").await.is(200).header("etag"), etag);
    assert_eq!(files_of(&app, &ada, &id).len(), 2);
    // A day's addresses are the same.
    app.clock.advance(TimeDelta::hours(3));
    assert_eq!(address(&ada, &id, "w=300,h=192,format=png,q=70").await, path);
}

#[tokio::test]
async fn the_format_follows_from_what_is_accepted() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = uploaded(&ada).await;
    let path = address(&ada, &id, "w=120").await;
    for (accept, content_type) in [
        ("image/avif,image/webp,*/*", "image/avif"),
        ("image/webp,*/*", "image/webp"),
        ("image/avif;q=0,image/webp", "image/webp"),
        ("*/*", "image/jpeg"),
    ] {
        let image = fetch(&app, &path, accept).await.is(200);
        assert_eq!(
            (image.header("content-type"), image.header("vary")),
            (content_type, "accept"),
            "{accept}"
        );
    }
}

#[tokio::test]
async fn nothing_but_what_was_offered_is_made() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let (one, other) = (uploaded(&ada).await, uploaded(&ada).await);
    let path = address(&ada, &one, "w=100,format=png").await;
    let image = ada.get(&format!("/assets/{one}")).await.is(200).json();
    let token_of_file =
        image["file_url"].as_str().unwrap().trim_start_matches("/media/").trim_end_matches('/');
    let token = path.split_once("?s=").unwrap().1;
    for changed in [
        path.replace("w=100", "w=101"),
        path.replace("w=100,format=png", "format=png,w=100"),
        path.replace("Harbour-at-night", "harbour-at-night"),
        path.replace(&one, &other),
        path.replace(token, &token[1..]),
        path.replace(token, token_of_file),
        path.split_once('?').unwrap().0.to_owned(),
        format!("/i/x/w=100/x.png?s={token}"),
        format!("/i/{one}/%FF/x.png?s={token}"),
        format!("/media/{token}/"),
        format!("/media/{token}/original.heic"),
    ] {
        assert_ne!(changed, path);
        fetch(&app, &changed, "*/*").await.refuses(404, "not_found");
    }
    fetch(&app, &path, "*/*").await.is(200);
    app.clock.advance(TimeDelta::days(8));
    fetch(&app, &path, "*/*").await.refuses(410, "media_token_expired");
    // Its content is the other's.
    assert_eq!(files_of(&app, &ada, &other).len(), 0);

    for (query, code) in [
        (&[("options", "w=0")][..], "options_invalid"),
        (&[("options", "w=8192,dpr=2")], "options_invalid"),
        (&[("options", "p=card")], "preset_unknown"),
        // 4608 x 8192 pixels.
        (&[("options", "h=8192,enlarge=yes,format=avif")], "image_too_large_for_format"),
        (
            &[("options", "enlarge=yes,format=avif,w=400"), ("widths", "800,8192")],
            "image_too_large_for_format",
        ),
        (&[("widths", "1,x")], "options_invalid"),
        (&[("widths", "1,2,3,4,5,6,7,8,9,10,11,12,13")], "srcset_invalid"),
        (&[("widths", "10"), ("dprs", "2")], "srcset_invalid"),
        (&[("dprs", "5")], "options_invalid"),
        (&[("sizes", "100vw")], "sizes_invalid"),
        (&[("widths", "10"), ("sizes", "\"><script>")], "sizes_invalid"),
        (&[("expires_in_seconds", "10")], "lifetime_invalid"),
    ] {
        let request = ada.request("GET", &format!("/assets/{one}/image-addresses")).query(query);
        send(request).await.refuses(422, code);
    }
    for (field, values) in [("widths", "400,abc"), ("dprs", "2,9")] {
        let refused = ada.get(&format!("/assets/{one}/image-addresses?{field}={values}")).await;
        assert_eq!(refused.refuses(422, "options_invalid").json()["errors"][0]["field"], field);
    }
}

#[tokio::test]
async fn many_who_ask_at_once_get_one_image() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = uploaded(&ada).await;
    let path = address(&ada, &id, "w=700,format=webp").await;
    let answers = futures::future::join_all((0..12).map(|_| fetch(&app, &path, "*/*"))).await;
    let tags: BTreeSet<String> =
        answers.into_iter().map(|answer| answer.is(200).header("etag").to_owned()).collect();
    assert_eq!(tags.len(), 1);
    let mut connection = app.superuser().await;
    // What is made again keeps its row and gets a new version of it; what is made once has the first.
    let versions: Vec<bool> = sqlx::query_scalar("SELECT xmax = 0 FROM renditions WHERE kind = 'image'")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert_eq!(versions, [true]);

    // A file that is lost is made again.
    let made: Vec<String> =
        files_of(&app, &ada, &id).into_iter().filter(|file| file.ends_with(".webp")).collect();
    assert_eq!(made.len(), 1);
    fs::remove_file(&made[0]).unwrap();
    let again = fetch(&app, &path, "*/*").await.is(200);
    assert_eq!(BTreeSet::from([again.header("etag").to_owned()]), tags);
    assert!(Path::new(&made[0]).exists());
}

#[tokio::test]
async fn what_cannot_be_made_is_not_tried_again_for_a_while() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = uploaded(&ada).await;
    // What lies there has been damaged.
    let path = address(&ada, &id, "w=400,format=png").await;
    let file = files_of(&app, &ada, &id).into_iter().next().unwrap();
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 3]).unwrap();
    let answers = futures::future::join_all((0..6).map(|_| fetch(&app, &path, "*/*"))).await;
    for answer in answers {
        answer.refuses(422, "image_malformed");
    }
    // Without a look at the file.
    fs::write(&file, bytes).unwrap();
    fetch(&app, &path, "*/*").await.refuses(422, "image_malformed");
    // That was no failure for good.
    app.clock.advance(TimeDelta::minutes(6));
    fetch(&app, &path, "*/*").await.is(200);
    // And others can be made.
    let path = address(&ada, &id, "w=80,format=png").await;
    fetch(&app, &path, "*/*").await.is(200);
}

#[tokio::test]
async fn of_what_is_made_of_an_image_the_latest_200_are_kept() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = uploaded(&ada).await;
    let first = address(&ada, &id, "w=60,format=png").await;
    let shown = fetch(&app, &first, "*/*").await.is(200);
    app.clock.advance(TimeDelta::minutes(1));
    // As if it had been asked for in many sizes since, in which nobody would wait for the last of them here.
    let mut connection = app.superuser().await;
    let key: String = sqlx::query_scalar("SELECT blob_key FROM renditions WHERE kind = 'image'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    sqlx::query(
        "INSERT INTO renditions (organization_id, asset_id, kind, name, blob_key, content_type, byte_size, created_at)
         SELECT organization_id, asset_id, kind, name || n, blob_key || n, content_type, byte_size, $1
         FROM renditions, generate_series(1, 198) AS n WHERE kind = 'image'",
    )
    .bind(app.now())
    .execute(&mut connection)
    .await
    .unwrap();
    let ask = async |width: u32| {
        app.clock.advance(TimeDelta::minutes(1));
        let path = address(&ada, &id, &format!("w={width},format=png")).await;
        fetch(&app, &path, "*/*").await.is(200)
    };
    ask(61).await;
    assert_eq!(files_of(&app, &ada, &id).len(), 3, "as it was uploaded, and both");
    ask(62).await;
    assert_eq!(files_of(&app, &ada, &id).len(), 3, "the first one went");
    let count = "SELECT (SELECT count(*) FROM renditions WHERE kind = 'image'),
                     (SELECT count(*) FROM blob_deletions WHERE reason <> 'written late')";
    let kept: (i64, i64) = sqlx::query_as(count).fetch_one(&mut connection).await.unwrap();
    assert_eq!(kept, (200, 0));

    // It is made again, and stays although its file was still to go.
    sqlx::query(
        "INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason) VALUES ($1::uuid, $2, $3, 'one of too many')",
    )
    .bind(&ada.organization_id)
    .bind(&key)
    .bind(app.now() + TimeDelta::hours(1))
    .execute(&mut connection)
    .await
    .unwrap();
    let again = fetch(&app, &first, "*/*").await.is(200);
    assert_eq!(again.body, shown.body);
    app.clock.advance(TimeDelta::hours(2));
    app.sweep().await;
    assert_eq!(files_of(&app, &ada, &id).len(), 4);
    let kept: (i64, i64) = sqlx::query_as(count).fetch_one(&mut connection).await.unwrap();
    assert_eq!(kept, (200, 0));
}

#[tokio::test]
async fn a_deleted_image_is_gone_with_all_that_was_made_of_it() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let (id, kept) = (uploaded(&ada).await, uploaded(&ada).await);
    let path = address(&ada, &id, "w=60").await;
    fetch(&app, &path, "*/*").await.is(200);
    assert_eq!(files_of(&app, &ada, &id).len(), 2);
    let viewer = app.colleague(&ada, "vera", "viewer").await;
    viewer
        .ask(&ada.organization_id, "DELETE", &format!("/assets/{id}"), Value::Null)
        .await
        .refuses(403, "forbidden");
    ada.delete(&format!("/assets/{id}?permanently=true")).await.is(204);
    ada.delete(&format!("/assets/{id}")).await.refuses(404, "not_found");
    fetch(&app, &path, "*/*").await.refuses(404, "not_found");
    // The other image has the same content, which is stored once, and lies where the first upload of it put it.
    let content = files_of(&app, &ada, &id);
    assert_eq!(content.len(), 1, "{content:?}");
    let path = address(&ada, &kept, "w=60").await;
    fetch(&app, &path, "*/*").await.is(200);
    ada.delete(&format!("/assets/{kept}?permanently=true")).await.is(204);
    assert_eq!(files_of(&app, &ada, &id), BTreeSet::new());
    assert_eq!(files_of(&app, &ada, &kept), BTreeSet::new());
    let kept = uploaded(&ada).await;
    let mut connection = app.superuser().await;
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM renditions) + (SELECT count(*) FROM blob_deletions WHERE reason <> 'written late')",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(left, 0);

    // A server that was killed between the two has the files removed later.
    let folder = format!("organizations/{}/contents/{kept}", ada.organization_id);
    sqlx::query("INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason) VALUES ($1::uuid, $2, $3, 'image deleted')")
        .bind(&ada.organization_id)
        .bind(&folder)
        .bind(app.now())
        .execute(&mut connection)
        .await
        .unwrap();
    app.sweep().await;
    assert_eq!(files_of(&app, &ada, &kept), BTreeSet::new());
}

#[tokio::test]
async fn an_image_that_was_being_read_when_the_server_died_is_read_once() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let id = ada.upload_image("Harbour.heic", photograph()).await;
    // Somebody else's hand on the task, which never comes back; and a run that was killed after it had stored the file.
    let mut connection = app.superuser().await;
    sqlx::query("UPDATE tasks SET status = 'running', attempts = 1, leased_until = $1, lease = gen_random_uuid() WHERE kind = 'read_image'")
        .bind(app.now() - TimeDelta::hours(1))
        .execute(&mut connection)
        .await
        .unwrap();
    let blob =
        app.folder().join("blobs/blobs/organizations").join(&ada.organization_id).join("contents").join(&id);
    fs::create_dir_all(&blob).unwrap();
    fs::write(blob.join("original.heic"), b"half").unwrap();
    let app = app.restart().await;
    let ada = app.signed_in(&ada).await;
    app.work().await;
    let image = settled(&ada, &id).await;
    assert_eq!(image["status"], "ready", "{image:#}");
    assert_eq!(fs::read(blob.join("original.heic")).unwrap(), photograph());
    app.idle().await;
    let (assets, events): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM assets), (SELECT count(*) FROM outbox WHERE kind = 'image_ready')",
    )
    .fetch_one(&mut app.superuser().await)
    .await
    .unwrap();
    assert_eq!((assets, events), (1, 1));
}
