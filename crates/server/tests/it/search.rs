//! What is found, by which words, and in which order.

use crate::{
    app::TestApp,
    client::{Person, send},
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// A video of spoken paragraphs, a minute apart so that each is a passage of its own. Returns its path.
pub async fn video_of(app: &TestApp, person: &Person, title: &str, paragraphs: &[(&str, &str)]) -> String {
    let made = person.post("/videos", &json!({ "title": title })).await.is(201).json();
    let path = format!("/videos/{}", made["id"].as_str().unwrap());
    let cue = |(index, (voice, text)): (usize, &(&str, &str))| {
        let start_ms = index * 60_000;
        json!({ "start_ms": start_ms, "end_ms": start_ms + 9_000, "voice": voice, "text": text })
    };
    let cues: Vec<Value> = paragraphs.iter().enumerate().map(cue).collect();
    let captions = json!({ "format": "memoreel-captions", "version": 1, "language": "en", "cues": cues });
    send(person.request("PUT", &format!("{path}/captions")).json(&captions)).await.is(200);
    assert_eq!(app.settled(person, made["id"].as_str().unwrap()).await["status"], "completed");
    path
}

/// Sixty words about nothing in particular, around some that matter: enough for a passage.
pub fn paragraph(words: &str) -> String {
    format!("{words}. {}", "And so it went on for a while with this and that. ".repeat(5))
}

/// Titles and seconds of the hits.
async fn found(person: &Person, query: &str) -> Vec<(String, i64)> {
    let answer = person.get(&format!("/search?q={query}")).await.is(200).json();
    let hits = answer["items"].as_array().unwrap().iter();
    hits.map(|hit| {
        (hit["video_title"].as_str().unwrap().to_owned(), hit["start_ms"].as_i64().unwrap() / 1_000)
    })
    .collect()
}

/// All that is told of the hits.
async fn hits(person: &Person, query: &[(&str, &str)]) -> Vec<Value> {
    let answer = send(person.request("GET", "/search").query(query)).await.is(200).json();
    answer["items"].as_array().expect("hits").clone()
}

#[tokio::test]
async fn a_video_is_found_by_its_description_as_it_is_now_and_is_not_processed_anew_for_that() {
    let app = TestApp::start().await;
    app.work().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let endpoint =
        json!({ "url": "https://example.com/hook", "events": ["video.completed", "video.failed"] });
    ada.post("/webhook-endpoints", &endpoint).await.is(201);
    let described = "A walrus sleeps on the ice.\n\nBehind it, there is a lighthouse.";
    let new = json!({ "title": "Quarterly review", "description": described });
    let id = ada.post("/videos", &new).await.is(201).json()["id"].as_str().unwrap().to_owned();
    let path = format!("/videos/{id}");
    app.idle().await;
    assert_eq!(ada.get(&path).await.json()["status"], "pending", "it waits for its transcript");

    let found = hits(&ada, &[("q", "walrus"), ("mode", "keyword")]).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    let hit = &found[0];
    assert_eq!((&hit["kind"], &hit["source"]), (&json!("video"), &json!("description")));
    assert_eq!((&hit["video_id"], &hit["video_title"]), (&json!(id), &json!("Quarterly review")));
    assert_eq!(hit["text"], "A walrus sleeps on the ice. Behind it, there is a lighthouse.");
    for absent in ["start_ms", "end_ms", "frame_url", "poster_url", "document", "image"] {
        assert_eq!(hit[absent], Value::Null, "{absent}");
    }
    let by_meaning = hits(&ada, &[("q", "a walrus sleeps on the ice"), ("mode", "semantic")]).await;
    assert_eq!((by_meaning.len(), &by_meaning[0]["source"]), (1, &json!("description")), "{by_meaning:#?}");
    let count = async |narrowed: (&'static str, &'static str)| {
        hits(&ada, &[("q", "walrus"), ("mode", "keyword"), narrowed]).await.len()
    };
    assert_eq!((count(("kind", "video")).await, count(("kind", "image,document")).await), (1, 0));
    assert_eq!(count(("speaker", "Ana")).await, 0);
    assert_eq!(hits(&ada, &[("q", "ice"), ("video_id", id.as_str())]).await.len(), 1);
    assert_eq!(hits(&bob, &[("q", "walrus")]).await, Vec::<Value>::new());

    let vtt = "WEBVTT\n\n00:00.000 --> 00:04.000\n<v Ana>The crane is painted in spring.\n";
    send(ada.request("PUT", &format!("{path}/captions")).body(vtt)).await.is(200);
    assert_eq!(app.settled(&ada, &id).await["status"], "completed");
    app.idle().await;
    let told = async || {
        let page = ada.get("/webhook-deliveries?limit=100").await.is(200).json();
        page["items"].as_array().expect("deliveries").len()
    };
    assert_eq!(told().await, 1, "it is completed once");
    // Whatever becomes of its description.
    let fails = "UPDATE tasks SET status = 'failed', error_code = 'engine', error_message = 'It is away.'
        WHERE kind = 'index_description'";
    sqlx::query(fails).execute(&mut app.superuser().await).await.unwrap();
    ada.post(&format!("{path}/retry"), &json!({})).await.refuses(409, "nothing_to_retry");
    let failed = ada.get("/tasks?kind=index_description").await.is(200).json();
    let failed = &failed["items"][0];
    assert_eq!((&failed["status"], &failed["subject_id"]), (&json!("failed"), &json!(id)));
    ada.post(&format!("/tasks/{}/retry", failed["id"].as_str().unwrap()), &json!({})).await.is(200);
    assert_eq!(ada.get(&path).await.json()["status"], "completed");
    app.idle().await;

    let found = async |word: &'static str| hits(&ada, &[("q", word), ("mode", "keyword")]).await.len();
    for (description, is_found) in [
        (json!("A submarine."), [0_usize, 1]),
        (json!(null), [0, 0]),
        (json!("Yet another submarine, and a walrus."), [1, 1]),
        (json!(" \n "), [0, 0]),
        (json!(described), [1, 0]),
    ] {
        let changed = ada.patch(&path, &json!({ "description": description })).await.is(200).json();
        app.idle().await;
        assert_eq!([found("walrus").await, found("submarine").await], is_found, "{description}");
        let now = ada.get(&path).await.is(200).json();
        assert_eq!((&now["status"], &now["updated_at"]), (&json!("completed"), &changed["updated_at"]));
    }
    assert_eq!(told().await, 1);

    ada.delete(&path).await.is(204);
    assert_eq!(found("walrus").await, 0);
    ada.post(&format!("{path}/restore"), &json!({})).await.is(200);
    app.idle().await;
    assert_eq!(found("walrus").await, 1);
}

#[tokio::test]
async fn a_short_description_is_of_the_language_that_is_spoken_once_that_is_known() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let new = json!({ "title": "Harbour", "description": "Cranes at the quay." });
    let id = ada.post("/videos", &new).await.is(201).json()["id"].as_str().unwrap().to_owned();
    app.idle().await;
    let cues = [json!({ "start_ms": 0, "end_ms": 4_000, "text": "Nobody came." })];
    let captions = json!({ "format": "memoreel-captions", "version": 1, "language": "en", "cues": cues });
    send(ada.request("PUT", &format!("/videos/{id}/captions")).json(&captions)).await.is(200);
    app.idle().await;
    assert_eq!(hits(&ada, &[("q", "crane"), ("mode", "keyword")]).await.len(), 1);
}

#[tokio::test]
async fn a_title_is_found_though_nobody_says_it_and_so_is_a_new_one() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let (one, two) = (paragraph("We paint the crane"), paragraph("Nobody came"));
    let path = video_of(&app, &ada, "Quarterly lighthouse review", &[("Ana", &one), ("Ana", &two)]).await;
    video_of(&app, &ada, "Something else", &[("Ben", &two)]).await;
    for query in ["lighthouse&mode=keyword", "lighthouses+reviewed&mode=keyword"] {
        assert_eq!(found(&ada, query).await.len(), 2, "{query}");
    }
    assert_eq!(found(&ada, "lighthouse+crane").await[0], ("Quarterly lighthouse review".to_owned(), 0));
    // A phrase and an exclusion are about what is said.
    assert!(found(&ada, "%22lighthouse+review%22").await.is_empty());
    assert_eq!(found(&ada, "crane+-lighthouse&mode=keyword").await.len(), 1);

    ada.patch(&path, &json!({ "title": "Harbour" })).await.is(200);
    assert!(found(&ada, "lighthouse&mode=keyword").await.is_empty());
    assert_eq!(found(&ada, "harbour&mode=keyword").await.len(), 2);
}

#[tokio::test]
async fn what_is_said_late_in_a_long_transcript_is_found_by_its_meaning_where_it_is_said() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    // More passages than are embedded at once, each with sentences of its own.
    let said: Vec<String> =
        (0..300).map(|at| paragraph(&[format!("number{at}").as_str(); 6].join(" "))).collect();
    let paragraphs: Vec<(&str, &str)> = said.iter().map(|text| ("Ana", text.as_str())).collect();
    video_of(&app, &ada, "Talk", &paragraphs).await;
    // Words that the engine of the tests takes for no other.
    for at in [8, 245, 278, 299] {
        let hits = found(&ada, &format!("number{at}&mode=semantic")).await;
        assert_eq!(hits[0], ("Talk".to_owned(), 60 * at), "{hits:?}");
    }
}

#[tokio::test]
async fn who_speaks_is_found_by_the_name_they_have_now() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let (one, two) = (paragraph("The budget is too small"), paragraph("The budget is large enough"));
    let path = video_of(&app, &ada, "Talk", &[("Ana", &one), ("Ben", &two)]).await;
    assert_eq!(found(&ada, "what+does+Ben+say+about+the+budget").await[0].1, 60);
    let voices = ada.get(&path).await.json()["speakers"].clone();
    let ana = voices.as_array().unwrap().iter().find(|voice| voice["label"] == "Ana").unwrap().clone();
    let voice = format!("{path}/speakers/{}", ana["id"].as_str().unwrap());
    ada.patch(&voice, &json!({ "name": "Marguerite" })).await.is(200);
    assert_eq!(found(&ada, "what+does+Marguerite+say+about+the+budget").await[0].1, 0);
    assert!(found(&ada, "Ana&mode=keyword").await.is_empty());
}

#[tokio::test]
async fn of_two_alike_the_one_whose_surroundings_fit_comes_first() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let other = paragraph("Lunch was late");
    let answer = paragraph("We will order twelve of them");
    let topic = paragraph("Now to the buoys for the harbour entrance");
    video_of(&app, &ada, "Without", &[("Ana", &other), ("Ben", &answer), ("Ana", &other)]).await;
    video_of(&app, &ada, "With", &[("Ana", &topic), ("Ben", &answer), ("Ana", &other)]).await;
    let hits = found(&ada, "order+buoys+harbour&mode=keyword").await;
    assert_eq!(hits[..2], [("With".to_owned(), 0), ("With".to_owned(), 60)]);
    assert_eq!(hits[2], ("Without".to_owned(), 60));
}

#[tokio::test]
async fn a_text_of_unknown_language_does_not_lead_by_its_small_words() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let (one, two) = (paragraph("The buoy is red"), paragraph("The crane of the harbour is green"));
    video_of(&app, &ada, "English", &[("Ana", &one), ("Ana", &two)]).await;
    let made = ada.post("/videos", &json!({ "title": "Unknown" })).await.is(201).json();
    let path = format!("/videos/{}", made["id"].as_str().unwrap());
    let vtt = "WEBVTT\n\n00:00.000 --> 00:04.000\nWhat is the colour of the sea\n";
    let accepted = send(ada.request("PUT", &format!("{path}/captions")).body(vtt)).await.is(200).json();
    assert_eq!(accepted["language"], Value::Null, "too few words to tell");
    app.settled(&ada, made["id"].as_str().unwrap()).await;
    let hits = found(&ada, "what+is+the+colour+of+the+crane&mode=keyword").await;
    assert!(hits.iter().any(|(title, _)| title == "Unknown"), "{hits:?}");
    let hits = found(&ada, "what+is+the+state+of+the+crane&mode=keyword").await;
    assert_eq!(hits, [("English".to_owned(), 60)], "small words alone find nothing");
}

#[tokio::test]
async fn every_mode_says_why_it_found_what_it_found() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let (one, two) = (paragraph("The buoy is red"), paragraph("The crane is green"));
    video_of(&app, &ada, "Talk", &[("Ana", &one), ("Ana", &two)]).await;
    let alike = one.replace(' ', "+");
    for (query, mode, reasons) in
        [("red+buoy", "keyword", json!(["words"])), (&alike, "semantic", json!(["meaning"]))]
    {
        let answer = ada.get(&format!("/search?q={query}&mode={mode}")).await.is(200).json();
        assert_eq!(answer["items"][0]["matched_by"], reasons, "{mode}");
        assert!(answer["items"][0]["text"].as_str().unwrap().contains("buoy"), "{mode}: {answer:#}");
    }
    // What is far from all there is still finds the nearest, which says so.
    let answer = ada.get("/search?q=zzqqxx+vvkkpp").await.is(200).json();
    let items = answer["items"].as_array().unwrap();
    assert!(!items.is_empty() && items.iter().all(|hit| hit["matched_by"] == json!([])), "{answer:#}");
    let answer = ada.get("/search?q=red+buoy").await.is(200).json();
    let scores: Vec<f64> =
        answer["items"].as_array().unwrap().iter().map(|hit| hit["score"].as_f64().unwrap()).collect();
    assert!(scores.len() == 2 && scores[0] > scores[1] && scores[0] <= 1.0, "{scores:?}");
}

#[tokio::test]
async fn a_large_library_is_searched_in_memory_and_what_is_found_and_new_is_the_same() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let mut texts: Vec<String> = (0..1_100).map(|number| paragraph(&format!("Number{number}"))).collect();
    texts[700] = paragraph("Lantern lantern lantern lantern");
    let paragraphs: Vec<(&str, &str)> = texts.iter().map(|text| ("Ana", text.as_str())).collect();
    video_of(&app, &ada, "Long", &paragraphs).await;
    let queries =
        ["lantern&mode=semantic", "lantern", "lantern&channel_id=00000000-0000-0000-0000-000000000000"];
    let mut before = Vec::new();
    for query in queries {
        before.push(found(&ada, query).await);
    }
    assert_eq!((before[0][0].clone(), before[2].len()), (("Long".to_owned(), 700 * 60), 0));
    let mut admin = app.superuser().await;
    let (organization_id, model_id): (Uuid, Uuid) =
        sqlx::query_as("SELECT v.organization_id, m.id FROM videos v CROSS JOIN embedding_models m")
            .fetch_one(&mut admin)
            .await
            .unwrap();
    let held =
        || app.passages().held_bytes(organization_id.into(), model_id.into()).is_some_and(|bytes| bytes > 0);
    let deadline = Instant::now() + Duration::from_secs(30);
    while !held() {
        assert!(Instant::now() < deadline, "the vectors are not read");
        tokio::time::sleep(Duration::from_millis(100)).await;
        found(&ada, queries[0]).await;
    }
    for (query, before) in queries.iter().zip(before) {
        let found = found(&ada, query).await;
        // The others are all as far away.
        assert_eq!((found.first(), found.len()), (before.first(), before.len()), "{query}");
    }
    video_of(&app, &ada, "New", &[("Ana", &paragraph("Lighthouse lighthouse lighthouse lighthouse"))]).await;
    assert_eq!(found(&ada, "lighthouse&mode=semantic").await[0].0, "New");
}

/// How many rows of files the serving role has read, once all its connections told it: when they ended.
async fn files_read(app: &TestApp) -> i64 {
    app.db().close().await;
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut superuser = app.superuser().await;
    loop {
        let (open, read): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'memoreel_app'),
                 (SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables WHERE relname = 'assets')",
        )
        .fetch_one(&mut superuser)
        .await
        .unwrap();
        if open == 0 {
            return read;
        }
        assert!(Instant::now() < deadline, "connections are left open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_search_looks_at_the_files_that_it_finds_and_not_at_all_of_them() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    video_of(&app, &ada, "Harbour", &[("Ana", &paragraph("We paint the crane"))]).await;
    // So many that the database, which knows of them, would rather join them all than look one up.
    let mut superuser = app.superuser().await;
    for many in [
        "INSERT INTO assets (organization_id, kind, filename, original_filename, byte_size, sha256, blob_key, status)
         SELECT $1::uuid, 'video', 'test', 'test', 0, sha256(number::text::bytea), 'test', 'ready'
         FROM generate_series(1, 500) AS number",
        "INSERT INTO chunks (organization_id, entity_type, entity_id, video_id, chunk_index, text, language, token_count,
             owner_id, visibility)
         SELECT organization_id, entity_type, entity_id, video_id, 1000 + number, 'Nothing', language, 1, owner_id, visibility
         FROM chunks, generate_series(1, 5000) AS number WHERE organization_id = $1::uuid AND chunk_index = 0",
    ] {
        sqlx::query(many).bind(&ada.organization_id).execute(&mut superuser).await.unwrap();
    }
    sqlx::raw_sql("ANALYZE").execute(&mut superuser).await.unwrap();
    let app = app.restart().await;
    let ada = app.signed_in(&ada).await;
    let before: i64 = sqlx::query_scalar(
        "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables WHERE relname = 'assets'",
    )
    .fetch_one(&mut app.superuser().await)
    .await
    .unwrap();
    for mode in ["keyword", "semantic", "hybrid"] {
        for _ in 0..3 {
            assert_eq!(found(&ada, &format!("crane&mode={mode}")).await.len(), 1, "{mode}");
        }
    }
    let read = files_read(&app).await - before;
    assert!(read < 100, "{read} files were read");
}
