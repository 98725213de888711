//! Requests that come at the same moment and are about the same things: none fails for another, and none waits for one that waits for it.

use crate::{
    app::{TestApp, sample},
    assets::{folder, picture, uploaded},
    at_once::app_that_reaches_this_machine,
    client::{Client, Person, send},
    contents::until_waiting,
    queue::{Queue, brisk, row},
    receiver::Receiver,
    replaced::replace,
    tasks::{Say, added, say_added},
    webhooks::add,
};
use axum::response::IntoResponse;
use chrono::TimeDelta;
use futures::future::join_all;
use memoreel_kernel::Event;
use memoreel_tasks::{NewTask, Registry};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use std::time::Duration;

const HOOK: &str = "https://example.com/hook";

/// A transaction that did this and is not at its end yet.
pub async fn begun(app: &TestApp, statement: &str) -> PgConnection {
    let mut connection = app.superuser().await;
    // What the superuser does is nobody's to answer for.
    let begun = format!("BEGIN; SELECT set_config('app.role', 'service', true); {statement}");
    sqlx::raw_sql(AssertSqlSafe(begun)).execute(&mut connection).await.unwrap();
    connection
}

/// Ends it once so many wait.
pub async fn commit(app: &TestApp, mut begun: PgConnection, waiting: i64) {
    until_waiting(app, waiting).await;
    sqlx::raw_sql("COMMIT").execute(&mut begun).await.unwrap();
}

/// Of a list that was answered, what it says of each.
fn each<'a>(list: &'a Value, field: &str) -> Vec<&'a Value> {
    list["items"].as_array().unwrap().iter().map(|item| &item[field]).collect()
}

/// What became of each asset that was copied.
async fn copied(client: &Client, ids: &[String]) -> Vec<u64> {
    let answer = client.post("/assets/batch", &json!({ "action": "copy", "ids": ids })).await.is(200).json();
    each(&answer, "status").into_iter().map(|status| status.as_u64().unwrap()).collect()
}

async fn copy(client: &Client, id: &str) -> String {
    let answer = client.post("/assets/batch", &json!({ "action": "copy", "ids": [id] })).await.is(200).json();
    answer["items"][0]["copy_id"].as_str().unwrap().to_owned()
}

/// What went wrong in tasks of this kind, whatever became of them afterwards.
async fn failed_tries(person: &Person, kind: &str) -> Vec<Value> {
    let list = person.get(&format!("/tasks?limit=100&kind={kind}")).await.is(200).json();
    assert_ne!(list["items"], json!([]));
    let mut failed = Vec::new();
    for id in each(&list, "id") {
        let task = person.get(&format!("/tasks/{}", id.as_str().unwrap())).await.is(200).json();
        failed.extend(task["tries"].as_array().unwrap().iter().cloned());
    }
    failed
}

#[tokio::test]
async fn a_webhook_endpoint_that_goes_while_it_is_told_something_fails_no_request() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let image = format!("/assets/{}", uploaded(&app, &ada, "a.png", picture(3, 1)).await);
    let video = format!("/videos/{}", app.insert_video(&ada, "Talk").await);
    let renamed = json!({ "title": "Speech" });
    let (endpoint, _) = add(&ada, HOOK, &["asset.deleted", "video.changed"]).await;
    let (other, _) = add(&ada, HOOK, &["asset.deleted", "video.changed"]).await;

    let gone = begun(&app, &format!("DELETE FROM webhook_endpoints WHERE id = '{endpoint}'")).await;
    let (deleted, changed, ()) =
        tokio::join!(ada.delete(&image), ada.patch(&video, &renamed), commit(&app, gone, 2));
    deleted.is(204);
    assert_eq!(changed.is(200).json()["title"], "Speech");
    let told = ada.get("/webhook-deliveries").await.is(200).json();
    assert_eq!(each(&told, "endpoint_id"), [&json!(other); 2]);

    // In whatever order they come.
    for round in 0..10 {
        ada.post(&format!("{image}/restore"), &json!({})).await.is(200);
        let (endpoint, _) = add(&ada, HOOK, &["asset.deleted", "video.changed"]).await;
        let endpoint = format!("/webhook-endpoints/{endpoint}");
        let renamed = json!({ "title": format!("Speech {round}") });
        let (gone, deleted, changed) =
            tokio::join!(ada.delete(&endpoint), ada.delete(&image), ada.patch(&video, &renamed));
        gone.is(204);
        deleted.is(204);
        changed.is(200);
    }
}

#[tokio::test]
async fn a_webhook_endpoint_that_goes_while_it_is_told_something_fails_no_task() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (endpoint, _) = add(&ada, HOOK, &["asset.ready"]).await;
    let image = ada.upload_image("a.png", picture(3, 1)).await;
    let gone = begun(&app, &format!("DELETE FROM webhook_endpoints WHERE id = '{endpoint}'")).await;
    app.work().await;
    commit(&app, gone, 1).await;
    app.idle().await;
    assert_eq!(ada.get(&format!("/assets/{image}")).await.is(200).json()["status"], "ready");
    assert_eq!(failed_tries(&ada, "read_image").await, [json!(null); 0]);
    assert_eq!(ada.get("/webhook-deliveries").await.is(200).json()["items"], json!([]));
}

#[tokio::test]
async fn a_test_of_a_webhook_endpoint_that_goes_meanwhile_is_one_of_nothing() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (endpoint, _) = add(&ada, HOOK, &["asset.ready"]).await;
    let test = format!("/webhook-endpoints/{endpoint}/test");
    let nothing = json!({});
    ada.post(&test, &nothing).await.is(201);
    let gone = begun(&app, &format!("DELETE FROM webhook_endpoints WHERE id = '{endpoint}'")).await;
    let (tested, ()) = tokio::join!(ada.post(&test, &nothing), commit(&app, gone, 1));
    tested.refuses(404, "not_found");
}

#[tokio::test]
async fn what_is_sent_again_of_a_video_that_goes_meanwhile_is_nothing() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    add(&ada, HOOK, &["video.changed"]).await;
    let video = app.insert_video(&ada, "Talk").await;
    ada.patch(&format!("/videos/{video}"), &json!({ "title": "Speech" })).await.is(200);
    let told = ada.get("/webhook-deliveries").await.is(200).json();
    let again = format!("/webhook-deliveries/{}/replay", told["items"][0]["id"].as_str().unwrap());
    // It is found before, and made due after.
    let gone = format!("LOCK TABLE videos IN ACCESS EXCLUSIVE MODE; DELETE FROM videos WHERE id = '{video}'");
    let gone = begun(&app, &gone).await;
    let nothing = json!({});
    let (sent, ()) = tokio::join!(ada.post(&again, &nothing), commit(&app, gone, 1));
    sent.refuses(404, "not_found");
}

#[tokio::test]
async fn copies_of_the_same_contents_in_different_orders_do_not_stop_each_other() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    // Ids go by the time, and what is done to many goes by ids.
    let first = uploaded(&app, &ada, "1.png", picture(3, 1)).await;
    app.clock.advance(TimeDelta::seconds(1));
    let second = uploaded(&app, &ada, "2.png", picture(4, 1)).await;
    app.clock.advance(TimeDelta::seconds(1));
    let third = copy(&ada, &second).await;
    app.clock.advance(TimeDelta::seconds(1));
    let fourth = copy(&ada, &first).await;
    app.idle().await;
    let (there, back) = ([first, second], [third, fourth]);

    let held = begun(&app, "SELECT FROM blobs ORDER BY id LIMIT 1 FOR UPDATE").await;
    let later = async {
        until_waiting(&app, 1).await;
        copied(&ada, &back).await
    };
    let answers = tokio::join!(copied(&ada, &there), later, commit(&app, held, 2));
    assert_eq!(answers, (vec![201, 201], vec![201, 201], ()));
    for _ in 0..10 {
        let answers = tokio::join!(copied(&ada, &there), copied(&ada, &back));
        assert_eq!(answers, (vec![201, 201], vec![201, 201]));
    }
}

#[tokio::test]
async fn what_goes_while_it_is_copied_is_either_copied_whole_or_not_there() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let (image, stays) = (
        uploaded(&app, &ada, "a.png", picture(3, 1)).await,
        uploaded(&app, &ada, "b.png", picture(4, 1)).await,
    );
    let gone = begun(&app, &format!("DELETE FROM assets WHERE id = '{image}'")).await;
    let ids = [image, stays];
    let (answer, ()) = tokio::join!(copied(&ada, &ids), commit(&app, gone, 1));
    assert_eq!(answer, [404, 201]);

    for round in 0..10 {
        let bytes = picture(10 + round, 1);
        let image = uploaded(&app, &ada, "a.png", bytes.clone()).await;
        let (path, wanted) =
            (format!("/assets/{image}?permanently=true"), json!({ "action": "copy", "ids": [image] }));
        let (gone, answer) = tokio::join!(ada.delete(&path), ada.post("/assets/batch", &wanted));
        gone.is(204);
        let answer = answer.is(200).json();
        match answer["items"][0]["copy_id"].as_str() {
            Some(copy) => {
                let copy = ada.get(&format!("/assets/{copy}")).await.is(200).json();
                let address = copy["file_url"].as_str().unwrap();
                assert_eq!(app.visitor().get(address).await.is(200).body, bytes);
            }
            None => assert_eq!(answer["items"][0]["status"], 404, "{answer}"),
        }
    }
}

#[tokio::test]
async fn images_that_exchange_their_files_do_not_stop_each_other() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let files = [picture(3, 1), picture(4, 1)];
    let first = uploaded(&app, &ada, "1.png", files[0].clone()).await;
    app.clock.advance(TimeDelta::seconds(1));
    let second = uploaded(&app, &ada, "2.png", files[1].clone()).await;

    let held = begun(&app, "SELECT FROM blobs ORDER BY id LIMIT 1 FOR UPDATE").await;
    replace(&ada, "image", &second, files[0].clone()).await;
    until_waiting(&app, 1).await;
    replace(&ada, "image", &first, files[1].clone()).await;
    commit(&app, held, 2).await;
    app.idle().await;
    assert_eq!(failed_tries(&ada, "read_image").await, [json!(null); 0]);
    for (id, file) in [(&first, &files[1]), (&second, &files[0])] {
        let image = ada.get(&format!("/assets/{id}")).await.is(200).json();
        assert_eq!(image["version"], 2);
        assert_eq!(app.visitor().get(image["file_url"].as_str().unwrap()).await.is(200).body, *file);
    }
}

#[tokio::test]
async fn one_who_deletes_recordings_and_one_who_deletes_one_of_them_do_not_stop_each_other() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    for name in ["1.mp3", "2.mp3"] {
        let video = ada.upload(name, sample("inaugural-address.mp3")).await;
        app.settled(&ada, &video).await;
        app.clock.advance(TimeDelta::seconds(1));
    }
    app.idle().await;
    let listed = ada.get("/assets").await.is(200).json();
    // The newest first, so that this is the last to be deleted.
    let alone = format!("/videos/{}", listed["items"][0]["video_id"].as_str().unwrap());
    let all = json!({ "action": "delete", "ids": each(&listed, "id") });

    let held = begun(&app, "SELECT FROM organization_chunk_counts FOR UPDATE").await;
    let later = async {
        until_waiting(&app, 1).await;
        ada.delete(&alone).await
    };
    let (batch, later, ()) = tokio::join!(ada.post("/assets/batch", &all), later, commit(&app, held, 2));
    assert_eq!(each(&batch.is(200).json(), "status"), [200, 200]);
    later.refuses(404, "not_found");

    let back = json!({ "action": "restore", "ids": each(&listed, "id") });
    for _ in 0..5 {
        let restored = ada.post("/assets/batch", &back).await.is(200).json();
        assert_eq!(each(&restored, "status"), [200, 200]);
        app.idle().await;
        let (batch, one) = tokio::join!(ada.post("/assets/batch", &all), ada.delete(&alone));
        assert_eq!(each(&batch.is(200).json(), "status"), [200, 200]);
        assert!([204, 404].contains(&one.status), "{}", one.text());
    }
}

/// A transaction until whose end everybody waits who has done this with a row.
async fn held_up(app: &TestApp, lock: i64, done: &str) -> PgConnection {
    let hold_up = format!(
        "CREATE OR REPLACE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             PERFORM pg_advisory_xact_lock_shared(TG_ARGV[0]::bigint);
             RETURN NULL;
         END $$;
         CREATE OR REPLACE TRIGGER hold_up AFTER {done} EXECUTE FUNCTION hold_up({lock})"
    );
    sqlx::raw_sql(AssertSqlSafe(hold_up)).execute(&mut app.superuser().await).await.unwrap();
    begun(app, &format!("SELECT pg_advisory_xact_lock({lock})")).await
}

/// Waits until somebody is held up by each of these.
async fn until_held_up(app: &TestApp, locks: &[i64]) {
    let all_wait = "SELECT count(*) = cardinality($1::bigint[]) FROM unnest($1::bigint[]) AS lock WHERE EXISTS (
         SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND classid = 0 AND objid::bigint = lock
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))";
    let mut connection = app.superuser().await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while !sqlx::query_scalar::<_, bool>(all_wait).bind(locks).fetch_one(&mut connection).await.unwrap() {
        assert!(tokio::time::Instant::now() < deadline, "not everybody came there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_step_of_a_recording_that_ends_and_a_batch_that_changes_it_do_not_stop_each_other() {
    let (app, elsewhere) = (app_that_reaches_this_machine().await, Receiver::start().await);
    let ada = app.person("ada").await;
    elsewhere.answers(|_| sample("two-voices.wav").into_response());
    for (step, written) in [("import", "byte_size"), ("store", "blob_id"), ("probe", "sample_rate")] {
        let held = held_up(&app, 42, &format!("UPDATE OF {written} ON assets FOR EACH ROW")).await;
        let wanted = json!({ "url": elsewhere.url(), "kind": "video" });
        let asset = ada.post("/imports", &wanted).await.is(202).json()["asset_id"].clone();
        until_held_up(&app, &[42]).await;
        let wanted = json!({ "action": "move", "ids": [asset], "folder_id": null });
        let (moved, ()) = tokio::join!(ada.post("/assets/batch", &wanted), commit(&app, held, 2));
        assert_eq!(each(&moved.is(200).json(), "status"), [200], "{step}");
        app.idle().await;
        assert_eq!(failed_tries(&ada, step).await, [json!(null); 0], "{step}");
    }
}

#[tokio::test]
async fn steps_of_a_recording_that_end_while_its_key_frames_are_written_do_not_stop_each_other() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let frames = held_up(&app, 41, "UPDATE OF picture_bytes ON assets FOR EACH ROW").await;
    let waveform = held_up(&app, 42, "INSERT ON renditions FOR EACH ROW WHEN (NEW.kind = 'waveform')").await;
    let video = ada.upload("Call.mp4", sample("video-call.mp4")).await;
    until_held_up(&app, &[41, 42]).await;
    commit(&app, waveform, 2).await;
    commit(&app, frames, 2).await;
    let settled = app.settled(&ada, &video).await;
    assert_eq!(settled["status"], "completed", "{settled:#}");
    for stage in settled["stages"].as_array().unwrap() {
        let step = stage["stage"].as_str().unwrap();
        assert_eq!(failed_tries(&ada, step).await, [json!(null); 0], "{step}");
    }
}

#[tokio::test]
async fn an_asset_goes_while_its_reading_fails_and_neither_stops_the_other() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let failing =
        held_up(&app, 42, "UPDATE OF status ON tasks FOR EACH ROW WHEN (NEW.status = 'failed')").await;
    let id = ada.upload_image("a.png", b"no image".to_vec()).await;
    app.work().await;
    until_held_up(&app, &[42]).await;
    // What fails has its row, and will want that of the asset.
    let path = format!("/assets/{id}?permanently=true");
    let deleted = tokio::time::timeout(Duration::from_secs(20), ada.delete(&path)).await;
    deleted.expect("it waits for what fails").is(204);
    commit(&app, failing, 1).await;
    app.idle().await;
    ada.get(&format!("/assets/{id}")).await.refuses(404, "not_found");
}

#[tokio::test]
async fn a_folder_into_which_something_is_put_at_this_moment_is_not_empty() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let image = uploaded(&app, &ada, "a.png", picture(3, 1)).await;
    let top = folder(&ada, "Top", None).await;
    let path = format!("/folders/{top}");
    let below = format!(
        "INSERT INTO folders (organization_id, parent_id, name) SELECT organization_id, id, 'Below' FROM folders WHERE id = '{top}'"
    );
    let moved = format!("UPDATE assets SET folder_id = '{top}' WHERE id = '{image}'");
    for put in [&below, &moved] {
        let put = begun(&app, put).await;
        let (deleted, ()) = tokio::join!(ada.delete(&path), commit(&app, put, 1));
        deleted.refuses(409, "folder_not_empty");
        let taken_out = begun(&app, "DELETE FROM folders WHERE parent_id IS NOT NULL").await;
        commit(&app, taken_out, 0).await;
    }
    assert_eq!(ada.get(&format!("/assets/{image}")).await.is(200).json()["folder_id"], top);

    ada.patch(&format!("/assets/{image}"), &json!({ "folder_id": null })).await.is(200);
    let gone = begun(&app, &format!("DELETE FROM folders WHERE id = '{top}'")).await;
    let below = json!({ "name": "Below", "parent_id": top });
    let (made, ()) = tokio::join!(ada.post("/folders", &below), commit(&app, gone, 1));
    made.refuses(404, "not_found");

    for round in 0..10 {
        let top = folder(&ada, &format!("Top {round}"), None).await;
        let (path, below) = (format!("/folders/{top}"), json!({ "name": "Below", "parent_id": top }));
        let (deleted, made) = tokio::join!(ada.delete(&path), ada.post("/folders", &below));
        match deleted.status {
            204 => drop(made.refuses(404, "not_found")),
            _ => drop((deleted.refuses(409, "folder_not_empty"), made.is(201))),
        }
    }
}

#[tokio::test]
async fn folders_and_presets_that_are_added_at_once_count_each_other() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    // Somebody who took the last places a moment ago, as the API does.
    let organization = &ada.organization_id;
    let added = begun(
        &app,
        &format!(
            "SELECT FROM organizations WHERE id = '{organization}' FOR NO KEY UPDATE;
             INSERT INTO folders (organization_id, name) SELECT '{organization}', 'Folder ' || n FROM generate_series(1, 5000) AS n;
             INSERT INTO image_presets (organization_id, name, options)
                 SELECT '{organization}', 'preset-' || n, 'w=40' FROM generate_series(1, 100) AS n"
        ),
    )
    .await;
    let (new, options) = (json!({ "name": "New" }), json!({ "options": "w=80" }));
    let (folder, preset, ()) = tokio::join!(
        ada.post("/folders", &new),
        ada.put("/image-presets/new", &options),
        commit(&app, added, 2)
    );
    folder.refuses(409, "folders_too_many");
    preset.refuses(409, "presets_too_many");
    // What is there already may be changed.
    ada.put("/image-presets/preset-1", &options).await.is(200);
}

/// Lets the database refuse every new row of a table with this code.
async fn refuse(app: &TestApp, table: &str, code: &str) {
    let refuse = format!(
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             RAISE EXCEPTION 'told to nobody' USING ERRCODE = TG_ARGV[0];
         END $$;
         CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse('{code}')"
    );
    sqlx::raw_sql(AssertSqlSafe(refuse)).execute(&mut app.superuser().await).await.unwrap();
}

#[tokio::test]
async fn what_the_database_refuses_for_others_sake_is_told_as_that_and_never_as_an_error_of_the_server() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let video = app.insert_video(&ada, "Talk").await;
    let captions = format!("/videos/{video}/captions");
    for code in ["40P01", "40001", "55P03", "23503", "23505"] {
        for table in ["channels", "folders", "webhook_endpoints", "api_keys", "transcripts"] {
            refuse(&app, table, code).await;
        }
        let (named, hook) = (json!({ "name": "New" }), json!({ "url": HOOK, "events": ["asset.ready"] }));
        let vtt = "WEBVTT\n\n00:00.000 --> 00:02.000\nWe begin.\n";
        let answers = [
            ada.post("/channels", &named).await,
            ada.post("/folders", &named).await,
            ada.post("/api-keys", &named).await,
            ada.post("/webhook-endpoints", &hook).await,
            send(ada.request("PUT", &captions).body(vtt)).await,
        ];
        for answer in answers {
            assert!(!answer.text().contains("told to nobody"));
            match code {
                "23503" => drop(answer.refuses(409, "changed_meanwhile")),
                "23505" => drop(answer.refuses(409, "already_exists")),
                _ => assert_eq!(answer.refuses(503, "server_busy").header("retry-after"), "1"),
            }
        }
    }
    assert_eq!(ada.get("/channels").await.is(200).json()["items"], json!([]));
}

/// Lets the database end the first so many statements that do this with a row, as it ends one of two that wait for each other.
async fn end_the_first(queue: &Queue, times: u32, done: &str) {
    let in_the_way = format!(
        "CREATE SEQUENCE times;
         CREATE FUNCTION in_the_way() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$ BEGIN
             IF nextval('times') <= {times} THEN RAISE EXCEPTION 'in the way' USING ERRCODE = '40P01'; END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER in_the_way BEFORE {done} EXECUTE FUNCTION in_the_way()"
    );
    let mut connection = queue.database.superuser().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(in_the_way)).execute(&mut connection).await.unwrap();
}

/// Waits until the only task waits for another try after so many.
async fn waits_after(queue: &Queue, attempts: i32) {
    let waiting = [row("pending", attempts, Some("server_busy"))];
    for _ in 0..500 {
        if queue.tasks().await == waiting {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", queue.tasks().await);
}

#[tokio::test]
async fn a_try_that_the_database_ends_for_others_sake_does_not_count() {
    let queue = Queue::create(say_added).await;
    end_the_first(&queue, 6, "INSERT ON traces FOR EACH ROW").await;
    let worker = queue.worker(Registry::default().with(Say), brisk());
    let video_id = queue.video().await;
    queue.emit(added(video_id)).await;
    for attempts in 1..=6 {
        waits_after(&queue, attempts).await;
        assert_eq!(queue.video_state(video_id).await.0, "processing");
        queue.clock.advance(TimeDelta::seconds(2));
    }
    queue.until("completed", 1).await;
    assert_eq!(queue.tasks().await, [row("completed", 7, None)]);
    assert_eq!(queue.traces().await, ["added"]);
    worker.stopped().await;
}

#[tokio::test]
async fn a_task_whose_every_try_the_database_ends_is_given_up() {
    let queue = Queue::create(say_added).await;
    end_the_first(&queue, u32::MAX, "INSERT ON traces FOR EACH ROW").await;
    let worker = queue.worker(Registry::default().with(Say), brisk());
    queue.emit(added(queue.video().await)).await;
    // Eleven that do not count, and four that do.
    for attempts in 1..15 {
        waits_after(&queue, attempts).await;
        queue.clock.advance(TimeDelta::hours(2));
    }
    queue.until("failed", 1).await;
    assert_eq!(queue.tasks().await, [row("failed", 15, Some("server_busy"))]);
    worker.stopped().await;
}

#[tokio::test]
async fn an_end_of_a_task_that_the_database_does_not_take_for_others_sake_is_written_again() {
    let queue = Queue::create(say_unreadably).await;
    end_the_first(&queue, 2, "UPDATE ON tasks FOR EACH ROW WHEN (NEW.status = 'failed')").await;
    let worker = queue.worker(Registry::default().with(Say), brisk());
    queue.emit(added(queue.video().await)).await;
    // The clock stands still, so that nobody would take it back.
    queue.until("failed", 1).await;
    assert_eq!(queue.tasks().await, [row("failed", 1, Some("task_unreadable"))]);
    worker.stopped().await;
}

fn say_unreadably(event: &Event) -> Vec<NewTask> {
    match *event {
        Event::VideoAdded { video_id, .. } => vec![NewTask::new("say", video_id, json!({}))],
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn a_batch_that_is_overtaken_is_refused_as_a_whole() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let mut ids = Vec::new();
    for colour in 1..4 {
        ids.push(uploaded(&app, &ada, "a.png", picture(3, colour)).await);
    }
    let copies = json!({ "action": "copy", "ids": ids });
    for (code, told) in [("23503", "changed_meanwhile"), ("23505", "already_exists")] {
        refuse(&app, "assets", code).await;
        ada.post("/assets/batch", &copies).await.refuses(409, told);
    }
    let many = join_all((0..4).map(|_| ada.post("/assets/batch", &copies))).await;
    assert!(many.iter().all(|answer| answer.status == 409));
}
