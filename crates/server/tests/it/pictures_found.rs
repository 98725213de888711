//! Images and what is on screen are found by what they look like, where the model takes pictures; and nobody is sent a picture where it does not.

use crate::{
    app::{TestApp, sample},
    client::{Client, send},
    document_files::pdf,
    provider::{Provider, Trouble, UNREADABLE},
    seeing::slide_show,
};
use chrono::TimeDelta;
use memoreel_images::{Header, ImageLimits, InputFormat};
use memoreel_kernel::UserId;
use memoreel_privacy::{AskedBy, Subject};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

pub async fn search(client: &Client, query: &[(&str, &str)]) -> Vec<Value> {
    let found = send(client.request("GET", "/search").query(query)).await.is(200).json();
    found["items"].as_array().unwrap().clone()
}

/// What was found for a reason, and not merely as the nearest.
pub async fn found(client: &Client, query: &[(&str, &str)]) -> Vec<Value> {
    let mut hits = search(client, query).await;
    hits.retain(|hit| !hit["matched_by"].as_array().unwrap().is_empty());
    hits
}

fn images(hits: &[Value]) -> Vec<&str> {
    hits.iter().map(|hit| hit["image"]["asset_id"].as_str().unwrap()).collect()
}

/// A PNG of one colour, with nothing to read on it.
pub fn plain(colour: [u8; 3], width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&colour.repeat((width * height) as usize)).unwrap();
    writer.finish().unwrap();
    file
}

#[tokio::test]
async fn an_image_without_a_word_is_found_by_what_it_looks_like() {
    let provider = Provider::default();
    let app = TestApp::with(provider.options(true).await).await;
    app.work().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    provider.sees(&["lighthouse"]);
    let id = ada.upload_image("DSC_0042.heic", sample("still-photo.heic")).await;
    app.idle().await;

    for mode in ["hybrid", "semantic"] {
        let hits = found(&ada, &[("q", "lighthouse"), ("mode", mode)]).await;
        assert_eq!(images(&hits), [id.as_str()], "{mode}");
        let hit = &hits[0];
        assert_eq!((&hit["kind"], &hit["source"]), (&json!("image"), &json!("appearance")));
        assert_eq!(
            (&hit["text"], &hit["highlights"], &hit["matched_by"]),
            (&json!(""), &json!([]), &json!(["meaning"]))
        );
        for absent in ["video_id", "start_ms", "end_ms", "document", "frame_url"] {
            assert_eq!(hit[absent], Value::Null, "{absent}");
        }
    }
    assert_eq!(search(&ada, &[("q", "lighthouse"), ("mode", "keyword")]).await, Vec::<Value>::new());
    assert_eq!(search(&bob, &[("q", "lighthouse")]).await, Vec::<Value>::new());
    assert_eq!(search(&ada, &[("q", "lighthouse"), ("kind", "video,document")]).await, Vec::<Value>::new());
    assert_eq!(found(&ada, &[("q", "lighthouse"), ("kind", "image")]).await.len(), 1);
    assert_eq!(search(&ada, &[("q", "\"lighthouse\"")]).await, Vec::<Value>::new(), "it has no words");
    // What looks like something else is the nearest at most.
    assert_eq!(found(&ada, &[("q", "walrus")]).await, Vec::<Value>::new());
    assert_eq!(search(&ada, &[("q", "walrus")]).await.len(), 1);

    let pictures = provider.pictures();
    assert_eq!(pictures.len(), 1);
    let header = Header::read(&pictures[0], &ImageLimits::default()).unwrap();
    assert_eq!(header.format, InputFormat::Jpeg);
    assert!(header.size.width.max(header.size.height) <= 512, "{header:?}");
    assert!(memchr::memmem::find(&pictures[0], b"Exif").is_none(), "what the camera wrote stays here");

    assert_eq!(
        models(&app).await,
        ["sees (pictures)", "sees (texts)"],
        "neither is compared with texts alone"
    );

    // It goes with the image, and comes back with it.
    ada.delete(&format!("/assets/{id}")).await.is(204);
    assert_eq!(search(&ada, &[("q", "lighthouse")]).await, Vec::<Value>::new());
    ada.post(&format!("/assets/{id}/restore"), &json!({})).await.is(200);
    app.idle().await;
    assert_eq!(found(&ada, &[("q", "lighthouse")]).await.len(), 1);
    ada.delete(&format!("/assets/{id}?permanently=true")).await.is(204);
    let left: i64 =
        sqlx::query_scalar("SELECT (SELECT count(*) FROM chunks) + (SELECT count(*) FROM chunk_embeddings)")
            .fetch_one(&mut app.superuser().await)
            .await
            .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn words_and_looks_of_an_image_are_one_hit_before_those_of_others() {
    let provider = Provider::default();
    let app = TestApp::with(provider.options(true).await).await;
    app.work().await;
    let ada = app.person("ada").await;
    let mut ids = Vec::new();
    for (name, colour, sees) in [
        ("a.png", [200, 30, 30], "lighthouse"),
        ("b.png", [30, 200, 30], "lighthouse"),
        ("c.png", [30, 30, 200], "walrus"),
    ] {
        provider.sees(&[sees]);
        ids.push(ada.upload_image(name, plain(colour, 900, 300)).await);
        app.idle().await;
    }
    let described = &ids[1];
    ada.patch(
        &format!("/assets/{described}"),
        &json!({ "description": "The lighthouse of the northern quay." }),
    )
    .await
    .is(200);
    app.idle().await;
    assert_eq!(provider.pictures().len(), 3, "a picture that is the same is not looked at again");

    let hits = search(&ada, &[("q", "lighthouse")]).await;
    assert_eq!(images(&hits), [ids[1].as_str(), ids[0].as_str(), ids[2].as_str()], "{hits:#?}");
    let sources: Vec<&Value> = hits.iter().map(|hit| &hit["source"]).collect();
    assert_eq!(sources, ["description", "appearance", "appearance"]);
    assert_eq!(hits[0]["matched_by"], json!(["words", "meaning"]));
    assert_eq!(hits[2]["matched_by"], json!([]), "it is merely the nearest");
    let scores: Vec<f64> = hits.iter().map(|hit| hit["score"].as_f64().unwrap()).collect();
    assert!(scores[0] > scores[1] && scores[1] > scores[2], "{scores:?}");

    // A name, also another one, is nothing that pictures are found by: it lies around the words alone.
    let by_name = search(&ada, &[("q", "b"), ("mode", "keyword")]).await;
    assert!(by_name.iter().all(|hit| hit["source"] != "appearance"), "{by_name:#?}");
}

#[tokio::test]
async fn what_is_on_screen_is_found_by_what_it_looks_like_at_its_second() {
    let provider = Provider::default();
    let app = TestApp::with(provider.options(true).await).await;
    app.work().await;
    let ada = app.person("ada").await;
    let member = app.colleague(&ada, "carol", "admin").await;
    provider.sees(&["harbour", "iceberg"]);
    let slides =
        [("Budget of the town\nThe crane is repaired", 4), ("Expedition\nWalruses sleep on the ice", 4)];
    let id = ada.upload("Plans.mp4", slide_show(&slides).await).await;
    let video = app.settled(&ada, &id).await;
    assert_eq!(video["status"], "completed", "{video:#}");
    app.idle().await;
    assert_eq!(provider.pictures().len(), 2);

    for mode in ["hybrid", "semantic"] {
        for (query, start_ms) in [("harbour", 0), ("iceberg", 4_000)] {
            let hits = search(&ada, &[("q", query), ("mode", mode)]).await;
            let hit = hits.first().unwrap_or_else(|| panic!("{query}"));
            assert_eq!(
                (&hit["kind"], &hit["source"], &hit["video_id"], &hit["start_ms"], &hit["text"]),
                (&json!("video"), &json!("appearance"), &json!(id), &json!(start_ms), &json!("")),
                "{mode}: {hits:#?}"
            );
            let frame = app.visitor().get(hit["frame_url"].as_str().unwrap()).await.is(200);
            assert_eq!(&frame.body[..3], b"\xff\xd8\xff");
        }
    }
    // What is said there is found as before.
    let hits = search(&ada, &[("q", "walruses")]).await;
    assert_eq!((&hits[0]["source"], &hits[0]["start_ms"]), (&json!("screen"), &json!(4_000)), "{hits:#?}");
    assert_eq!(found(&ada, &[("q", "iceberg"), ("video_id", &id)]).await.len(), 1);
    assert_eq!(found(&ada, &[("q", "iceberg"), ("speaker", "Ada")]).await.len(), 0);

    // A new title lies around its words, and not around its pictures.
    ada.patch(&format!("/videos/{id}"), &json!({ "title": "Gooseberries" })).await.is(200);
    let hits = search(&ada, &[("q", "gooseberries"), ("mode", "keyword")]).await;
    assert!(hits.iter().all(|hit| hit["source"] != "appearance"), "{hits:#?}");

    // Only those find it who may see it.
    let of_member = async || -> usize {
        let request = member.request("GET", "/search").query(&[("q", "iceberg"), ("kind", "video")]);
        let answer = send(request.header("memoreel-organization", &ada.organization_id)).await.is(200).json();
        let items = answer["items"].as_array().unwrap();
        items.iter().filter(|hit| hit["source"] == "appearance").count()
    };
    assert!(of_member().await > 0);
    ada.patch(&format!("/videos/{id}"), &json!({ "visibility": "private" })).await.is(200);
    assert_eq!(of_member().await, 0);
    assert_eq!(found(&ada, &[("q", "iceberg")]).await.len(), 1);
    ada.delete(&format!("/videos/{id}")).await.is(204);
    assert_eq!(search(&ada, &[("q", "iceberg")]).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_slide_that_is_shown_in_many_pictures_is_no_better_than_one_that_is_shown_in_one() {
    let provider = Provider::default();
    let app = TestApp::with(provider.options(true).await).await;
    app.work().await;
    let ada = app.person("ada").await;
    provider.sees(&["lighthouse", "lighthouse"]);
    let slides = [
        ("The lighthouse of the quay", 4),
        ("The lighthouse of the quay\nWalruses sleep there\nThe crane is repaired", 4),
    ];
    let id = ada.upload("Plans.mp4", slide_show(&slides).await).await;
    assert_eq!(app.settled(&ada, &id).await["status"], "completed");
    app.idle().await;
    assert_eq!(provider.pictures().len(), 2);

    let hits = search(&ada, &[("q", "lighthouse")]).await;
    assert_eq!((hits.len(), &hits[0]["source"]), (1, &json!("screen")), "{hits:#?}");
    assert_eq!(hits[0]["matched_by"], json!(["words", "meaning"]));
    let score = hits[0]["score"].as_f64().unwrap();
    // The first among texts, and the first among pictures.
    assert!((score - 2.0 / 61.0).abs() < 1e-9, "{score}");
}

#[tokio::test]
async fn a_person_who_speaks_in_a_video_with_pictures_is_erased() {
    let provider = Provider::default();
    let app = TestApp::with(provider.options(true).await).await;
    app.work().await;
    let ada = app.person("ada").await;
    let carol = app.colleague(&ada, "carol", "member").await;
    provider.sees(&["lighthouse"]);
    let id = ada.upload("Plans.mp4", slide_show(&[("Walruses sleep on the ice", 3)]).await).await;
    app.settled(&ada, &id).await;
    app.idle().await;
    let carols: Uuid = carol.user_id.parse().unwrap();
    sqlx::query(
        "INSERT INTO speakers (organization_id, video_id, label, name, hue, user_id)
         SELECT organization_id, id, 'Carol', 'Carol', 0, $2 FROM videos WHERE id = $1",
    )
    .bind(id.parse::<Uuid>().unwrap())
    .bind(carols)
    .execute(&mut app.superuser().await)
    .await
    .unwrap();
    memoreel_identity::close_account_now(app.db(), UserId(carols), app.now()).await.unwrap();
    app.eraser().erase(Subject::Person(UserId(carols)), AskedBy::Operator).await.unwrap();
    let hits = found(&ada, &[("q", "lighthouse")]).await;
    assert_eq!((hits.len(), &hits[0]["source"]), (1, &json!("appearance")), "{hits:#?}");
}

#[tokio::test]
async fn a_page_that_says_nearly_nothing_is_found_by_what_it_looks_like() {
    let provider = Provider::default();
    let app = TestApp::with(provider.options(true).await).await;
    app.work().await;
    let ada = app.person("ada").await;
    provider.sees(&["lighthouse"]);
    let long = "The harbour was built in the year of the great flood,\nwhen nobody thought that ships would ever come back\nto this \
                town, and the council is proud of it.";
    let id = ada.upload_document("Report.pdf", pdf(&[long, "Figure 7", long])).await;
    app.idle().await;
    assert_eq!(provider.pictures().len(), 1, "pages of words are not looked at");

    let hits = found(&ada, &[("q", "lighthouse")]).await;
    assert_eq!(hits.len(), 1, "{hits:#?}");
    let hit = &hits[0];
    assert_eq!(
        (&hit["kind"], &hit["source"], &hit["text"]),
        (&json!("document"), &json!("appearance"), &json!(""))
    );
    assert_eq!((&hit["document"]["asset_id"], &hit["document"]["page_number"]), (&json!(id), &json!(2)));
    app.visitor().get(hit["document"]["image_url"].as_str().unwrap()).await.is(200);
    let header = Header::read(&provider.pictures()[0], &ImageLimits::default()).unwrap();
    assert!(header.format == InputFormat::Jpeg && header.size.height <= 512, "{header:?}");
    // Its words and its looks are one hit.
    let both = found(&ada, &[("q", "figure lighthouse")]).await;
    let of_page: Vec<&Value> = both.iter().filter(|hit| hit["document"]["page_number"] == 2).collect();
    assert_eq!(of_page.len(), 1, "{both:#?}");
    assert_eq!(
        (&of_page[0]["source"], &of_page[0]["matched_by"]),
        (&json!("page"), &json!(["words", "meaning"]))
    );
    assert_eq!(found(&ada, &[("q", "lighthouse"), ("kind", "image")]).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_model_that_fails_at_a_picture_leaves_the_words_found_and_is_asked_again() {
    for trouble in [Trouble::Short, Trouble::Narrow] {
        let provider = Provider::default();
        let app = TestApp::with(provider.options(true).await).await;
        app.work().await;
        let ada = app.person("ada").await;
        provider.sees(&["lighthouse"]);
        provider.fails(&[trouble]);
        let id = ada.upload_image("a.png", plain([200, 30, 30], 300, 300)).await;
        assert_eq!(failed_for(&app).await, "model_answer_invalid");
        ada.patch(&format!("/assets/{id}"), &json!({ "description": "A submarine." })).await.is(200);
        let by_words = [("q", "submarine"), ("mode", "keyword")];
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        while search(&ada, &by_words).await.is_empty() {
            assert!(tokio::time::Instant::now() < deadline, "its words wait for its looks");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }

        app.clock.advance(TimeDelta::hours(1));
        app.idle().await;
        assert_eq!(images(&found(&ada, &[("q", "lighthouse")]).await), [id.as_str()]);
        assert_eq!(search(&ada, &by_words).await.len(), 1);
    }
}

/// Why the last try of looking at pictures failed, once one has.
async fn failed_for(app: &TestApp) -> String {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    let mut connection = app.superuser().await;
    loop {
        let code: Option<String> = sqlx::query_scalar(
            "SELECT error_code FROM tasks WHERE kind = 'index_pictures' AND status = 'pending' AND error_code IS NOT NULL",
        )
        .fetch_optional(&mut connection)
        .await
        .unwrap();
        if let Some(code) = code {
            return code;
        }
        assert!(tokio::time::Instant::now() < deadline, "no try has failed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The only task that looks at pictures.
async fn looking(client: &Client) -> Value {
    let tasks = client.get("/tasks?kind=index_pictures").await.is(200).json();
    let tasks = tasks["items"].as_array().unwrap();
    assert_eq!(tasks.len(), 1, "{tasks:#?}");
    tasks[0].clone()
}

#[tokio::test]
async fn a_picture_of_a_video_that_is_refused_is_left_out_and_all_else_is_found() {
    let provider = Provider::default();
    let app = TestApp::with(provider.options(true).await).await;
    app.work().await;
    let ada = app.person("ada").await;
    provider.sees(&["harbour", UNREADABLE, "iceberg"]);
    let slides = [
        ("Budget of the town\nThe crane is repaired", 4),
        ("Agenda\nGooseberries are counted", 4),
        ("Expedition\nWalruses sleep on the ice", 4),
    ];
    let id = ada.upload("Plans.mp4", slide_show(&slides).await).await;
    assert_eq!(app.settled(&ada, &id).await["status"], "completed");
    app.idle().await;

    let video = ada.get(&format!("/videos/{id}")).await.is(200).json();
    assert_eq!((&video["status"], &video["error"]), (&json!("completed"), &Value::Null));
    let task = looking(&ada).await;
    assert_eq!((&task["status"], &task["subject_id"]), (&json!("completed"), &json!(id)));
    assert_eq!(provider.pictures().len(), 6, "all at once, and then one by one");
    for (query, start_ms) in [("harbour", 0), ("iceberg", 8_000)] {
        let hits = found(&ada, &[("q", query)]).await;
        assert_eq!(
            (&hits[0]["source"], &hits[0]["start_ms"]),
            (&json!("appearance"), &json!(start_ms)),
            "{hits:#?}"
        );
    }
    for word in ["crane", "gooseberries", "walruses"] {
        assert_eq!(search(&ada, &[("q", word), ("mode", "keyword")]).await.len(), 1, "{word}");
    }
    // What a process that was killed after its last transaction leaves is run again.
    let kept = pictures_kept(&app).await;
    assert_eq!(kept.len(), 2);
    sqlx::query(
        "UPDATE tasks SET status = 'pending', attempts = 0, finished_at = NULL WHERE kind = 'index_pictures'",
    )
    .execute(&mut app.superuser().await)
    .await
    .unwrap();
    app.idle().await;
    assert_eq!(pictures_kept(&app).await, kept);
    assert_eq!(provider.pictures().len(), 7, "only the one that was refused is sent once more");
    assert_eq!(looking(&ada).await["status"], "completed");
}

async fn pictures_kept(app: &TestApp) -> Vec<Uuid> {
    sqlx::query_scalar("SELECT id FROM chunks WHERE is_picture ORDER BY id")
        .fetch_all(&mut app.superuser().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_video_of_which_no_picture_is_taken_is_completed_and_its_task_says_why() {
    let provider = Provider::default();
    let app = TestApp::with(provider.options(true).await).await;
    app.work().await;
    let ada = app.person("ada").await;
    provider.sees(&[UNREADABLE]);
    let id = ada.upload("Plans.mp4", slide_show(&[("Walruses sleep on the ice", 3)]).await).await;
    assert_eq!(app.settled(&ada, &id).await["status"], "completed");
    app.idle().await;

    let task = looking(&ada).await;
    assert_eq!((&task["status"], &task["error_code"]), (&json!("failed"), &json!("model_refused")));
    let video = ada.get(&format!("/videos/{id}")).await.is(200).json();
    assert_eq!((&video["status"], &video["error"]), (&json!("completed"), &Value::Null));
    ada.post(&format!("/videos/{id}/retry"), &json!({})).await.refuses(409, "nothing_to_retry");
    assert_eq!(search(&ada, &[("q", "walruses"), ("mode", "keyword")]).await.len(), 1);
}

#[tokio::test]
async fn a_busy_model_is_sent_the_picture_again_when_it_says() {
    let provider = Provider::default();
    let app = TestApp::with(provider.options(true).await).await;
    app.work().await;
    let ada = app.person("ada").await;
    provider.sees(&["lighthouse"]);
    provider.fails(&[Trouble::Busy]);
    let started = std::time::Instant::now();
    let id = ada.upload_image("a.png", plain([200, 30, 30], 300, 300)).await;
    app.idle().await;
    assert!(started.elapsed() >= Duration::from_secs(1));
    let pictures = provider.pictures();
    assert!(pictures.len() == 2 && pictures[0] == pictures[1], "{}", pictures.len());
    assert_eq!(images(&found(&ada, &[("q", "lighthouse")]).await), [id.as_str()]);
}

/// What vectors are kept apart by.
async fn models(app: &TestApp) -> Vec<String> {
    sqlx::query_scalar("SELECT name FROM embedding_models ORDER BY name")
        .fetch_all(&mut app.superuser().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn without_the_setting_no_picture_leaves_the_server() {
    let provider = Provider::default();
    let app = TestApp::with(provider.options(false).await).await;
    app.work().await;
    let ada = app.person("ada").await;
    let image = ada.upload_image("a.png", plain([200, 30, 30], 300, 300)).await;
    app.idle().await;
    ada.patch(&format!("/assets/{image}"), &json!({ "description": "A submarine." })).await.is(200);
    let video = ada.upload("Plans.mp4", slide_show(&[("Walruses sleep on the ice", 3)]).await).await;
    app.settled(&ada, &video).await;
    app.idle().await;
    assert_eq!(found(&ada, &[("q", "submarine")]).await.len(), 1);
    assert_eq!(found(&ada, &[("q", "walruses")]).await.len(), 1);

    let (texts, others) = provider.counts();
    assert!(texts > 0 && others == 0, "{texts} texts and {others} others");
    assert_eq!(models(&app).await, ["sees"], "nothing is kept of pictures, and nothing asked of them");
    let wanted: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM tasks WHERE kind = 'index_pictures') + (SELECT count(*) FROM outbox WHERE kind = 'pictures_wanted')",
    )
    .fetch_one(&mut app.superuser().await)
    .await
    .unwrap();
    assert_eq!(wanted, 0);
}
