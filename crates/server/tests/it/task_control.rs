//! Tasks as people see and steer them: who is told of them, why they failed, and stopping, retrying and preferring them.

use crate::{
    app::{TestApp, sample},
    client::{Client, Person},
};
use memoreel_kernel::Clock;
use memoreel_tasks::Handle;
use serde_json::{Value, json};
use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};
use uuid::Uuid;

async fn tasks(client: &Client, query: &str) -> Vec<Value> {
    let page = client.get(&format!("/tasks?limit=100{query}")).await.is(200).json();
    page["items"].as_array().unwrap().clone()
}

async fn task_of(client: &Client, query: &str) -> Value {
    let mut found = tasks(client, query).await;
    assert_eq!(found.len(), 1, "{query}: {found:#?}");
    found.remove(0)
}

/// A task of no worker's, put straight into the database.
async fn insert_task(app: &TestApp, person: &Person, kind: &str, subject_id: Uuid) -> Uuid {
    // Ids are in the order of time.
    app.clock.advance(chrono::TimeDelta::milliseconds(1));
    let id = memoreel_kernel::TaskId::new(app.clock.now()).uuid();
    sqlx::query(
        "INSERT INTO tasks (organization_id, id, kind, subject_id, payload, scheduled_for, created_at)
         VALUES ($1, $2, $3, $4, jsonb_build_object('video_id', $4), $5, $5)",
    )
    .bind(person.organization_id.parse::<Uuid>().unwrap())
    .bind(id)
    .bind(kind)
    .bind(subject_id)
    .bind(app.now())
    .execute(&mut app.superuser().await)
    .await
    .unwrap();
    id
}

/// The processes of ffmpeg that this one started, directly or not.
fn encoders() -> Vec<u32> {
    let parent_of = |pid: u32| -> Option<u32> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
    };
    let is_ours = |pid: u32| {
        let mut above = Some(pid);
        while let Some(one) = above.filter(|one| *one > 1) {
            if one == std::process::id() {
                return true;
            }
            above = parent_of(one);
        }
        false
    };
    let runs_ffmpeg = |pid: u32| {
        fs::read_to_string(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|line| line.split('\0').next().is_some_and(|program| program.ends_with("ffmpeg")))
    };
    let pids =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &u32| runs_ffmpeg(*pid) && is_ours(*pid)).collect()
}

/// A film that takes long to encode.
fn long_film(app: &TestApp) -> Vec<u8> {
    let path = app.folder().join("film.mp4");
    let arguments = "-v error -f lavfi -i testsrc2=s=1280x720:r=30:d=45 -vf noise=alls=20:allf=t -c:v libx264 -preset ultrafast \
         -crf 36 -pix_fmt yuv420p -g 60";
    let made = Command::new("ffmpeg").args(arguments.split_whitespace()).arg(&path).status().unwrap();
    assert!(made.success());
    fs::read(path).unwrap()
}

async fn until<T>(what: &str, seconds: u64, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_running_encode_is_stopped_within_seconds_its_video_says_so_and_a_retry_completes_it() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let film = long_film(&app);
    let video_id = ada.upload("Harbour.mp4", film).await;
    let running = until("an encode that runs", 120, async || {
        let found = tasks(&ada, &format!("&kind=encode&status=running&subject_id={video_id}")).await;
        found.into_iter().next().filter(|_| !encoders().is_empty())
    })
    .await;
    let path = format!("/tasks/{}", running["id"].as_str().unwrap());
    assert_eq!((&running["subject"], &running["subject_title"]), (&json!("video"), &json!("Harbour")));
    // All else is done, so that what runs is the encoding.
    until("nothing else to do", 120, async || {
        let open = [tasks(&ada, "&status=running").await, tasks(&ada, "&status=pending").await].concat();
        (open.len() == 1).then_some(())
    })
    .await;
    assert!(!encoders().is_empty());

    let asked = Instant::now();
    let stopping = ada.post(&format!("{path}/cancel"), &json!({})).await.is(200).json();
    assert_eq!((&stopping["status"], &stopping["is_stopping"]), (&json!("running"), &json!(true)));
    until("no encoder", 5, async || encoders().is_empty().then_some(())).await;
    let cancelled = until("a cancelled task", 5, async || {
        let task = ada.get(&path).await.is(200).json();
        (task["status"] == "cancelled").then_some(task)
    })
    .await;
    // Well before the next heartbeat.
    assert!(asked.elapsed() < Duration::from_secs(6), "{:?}", asked.elapsed());
    assert_eq!(cancelled["error_code"], "task_cancelled");
    assert!(cancelled["advice"].is_string() && cancelled["finished_at"].is_string(), "{cancelled:#}");
    let tried = &cancelled["tries"][0];
    assert_eq!((&tried["attempt"], &tried["outcome"]), (&json!(1), &json!("cancelled")), "{cancelled:#}");
    assert_eq!(cancelled["payload"]["video_id"], json!(video_id));
    ada.post(&format!("{path}/cancel"), &json!({})).await.refuses(409, "task_over");

    let video = app.settled(&ada, &video_id).await;
    assert_eq!(
        (&video["status"], &video["error"]["code"]),
        (&json!("failed"), &json!("task_cancelled")),
        "{video:#}"
    );
    let stages = video["stages"].as_array().unwrap();
    assert!(
        stages.iter().any(|stage| stage["stage"] == "encode" && stage["status"] == "failed"),
        "{stages:#?}"
    );

    let again = ada.post(&format!("{path}/retry"), &json!({})).await.is(200).json();
    assert_eq!((&again["error_code"], &again["is_stopping"]), (&Value::Null, &json!(false)));
    assert_eq!(ada.get(&format!("/videos/{video_id}")).await.is(200).json()["status"], "processing");
    ada.post(&format!("{path}/retry"), &json!({})).await.refuses(409, "nothing_to_retry");
    let done = until("a completed task", 240, async || {
        let task = ada.get(&path).await.is(200).json();
        (task["status"] == "completed").then_some(task)
    })
    .await;
    // What happened before is still told.
    assert_eq!((&done["progress"], &done["tries"][0]["outcome"]), (&json!(100), &json!("cancelled")));
    assert_eq!(app.settled(&ada, &video_id).await["status"], "completed");
}

#[tokio::test]
async fn a_step_that_was_given_up_says_why_and_what_to_do() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let mut torn = sample("video-call.mp4");
    torn.truncate(2_000);
    let video_id = ada.upload("Torn.mp4", torn).await;
    let video = app.settled(&ada, &video_id).await;
    assert_eq!(video["status"], "failed");
    let failed = task_of(&ada, "&status=failed").await;
    assert_eq!(failed["error_code"], video["error"]["code"]);
    for field in ["error_message", "advice"] {
        assert!(
            failed[field].as_str().is_some_and(|sentence| sentence.ends_with('.')),
            "{field}: {failed:#}"
        );
    }
    let path = format!("/tasks/{}", failed["id"].as_str().unwrap());
    let details = ada.get(&path).await.is(200).json();
    assert_eq!(details["tries"].as_array().unwrap().len(), 1, "{details:#}");
    assert_eq!(details["tries"][0]["code"], failed["error_code"]);
    assert_eq!(details["tries"][0]["outcome"], "failed");
    ada.post(&format!("{path}/retry"), &json!({})).await.is(200);
    app.idle().await;
    let details = ada.get(&path).await.is(200).json();
    assert_eq!(details["tries"].as_array().unwrap().len(), 2, "{details:#}");
    assert_eq!(app.settled(&ada, &video_id).await["status"], "failed");

    let stats = ada.get("/tasks/stats").await.is(200).json();
    let count = |kind: &str, status: &str| {
        let counts = stats["counts"].as_array().unwrap();
        let found = counts.iter().find(|count| count["kind"] == kind && count["status"] == status);
        found.map_or(0, |count| count["count"].as_i64().unwrap())
    };
    assert_eq!(count("store", "completed") + count("store", "failed"), 1, "{stats:#}");
    assert_eq!(count(failed["kind"].as_str().unwrap(), "failed"), 1);
    let last_day = stats["last_day"].as_array().unwrap();
    assert_eq!(last_day.iter().map(|kind| kind["failed"].as_i64().unwrap()).sum::<i64>(), 1, "{stats:#}");
    assert_eq!(stats["oldest_waiting_since"], Value::Null);
}

#[tokio::test]
async fn a_task_of_a_private_video_is_told_to_nobody_else() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let carol = app.colleague(&ada, "carol", "owner").await;
    let (shared, secret) = (app.insert_video(&ada, "Shared").await, app.insert_video(&ada, "Secret").await);
    sqlx::query("UPDATE videos SET visibility = 'private' WHERE id = $1")
        .bind(secret)
        .execute(&mut app.superuser().await)
        .await
        .unwrap();
    let told = insert_task(&app, &ada, "encode", shared).await;
    let untold = insert_task(&app, &ada, "encode", secret).await;
    // Of an account alone, and of nothing that is there.
    insert_task(&app, &ada, "send_mail", Uuid::now_v7()).await;
    insert_task(&app, &ada, "export_person", Uuid::now_v7()).await;

    let of = async |person: &Person| -> Vec<String> {
        let page = person.ask(&ada.organization_id, "GET", "/tasks", Value::Null).await.is(200).json();
        let items = page["items"].as_array().unwrap().iter();
        items.map(|task| task["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(of(&ada).await, [untold.to_string(), told.to_string()]);
    assert_eq!(of(&carol).await, [told.to_string()]);
    let stats = carol.ask(&ada.organization_id, "GET", "/tasks/stats", Value::Null).await.is(200).json();
    assert_eq!(stats["counts"], json!([{ "kind": "encode", "status": "pending", "count": 1 }]));
    for (method, path, body) in [
        ("GET", format!("/tasks/{untold}"), Value::Null),
        ("POST", format!("/tasks/{untold}/cancel"), json!({})),
        ("POST", format!("/tasks/{untold}/retry"), json!({})),
        ("PATCH", format!("/tasks/{untold}"), json!({ "priority": 1 })),
    ] {
        carol.ask(&ada.organization_id, method, &path, body).await.refuses(404, "not_found");
    }
    let none = carol
        .ask(&ada.organization_id, "GET", &format!("/tasks?subject_id={secret}"), Value::Null)
        .await
        .is(200)
        .json();
    assert_eq!(none["items"], json!([]));
}

#[tokio::test]
async fn tasks_of_the_organization_are_told_to_those_whose_business_they_are_without_what_they_hold() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let bob = app.colleague(&ada, "bob", "member").await;
    let invited = json!({ "email": "guest@example.com", "role": "viewer" });
    ada.post("/invitations", &invited).await.is(201);
    let task = task_of(&ada, "&kind=send_invitation").await;
    assert_eq!((&task["subject"], &task["subject_title"]), (&json!("organization"), &Value::Null));
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    assert_eq!(ada.get(&path).await.is(200).json()["payload"], Value::Null);
    let told = bob.ask(&ada.organization_id, "GET", "/tasks", Value::Null).await.is(200).json();
    assert_eq!(told["items"], json!([]));
    bob.ask(&ada.organization_id, "GET", &path, Value::Null).await.refuses(404, "not_found");
    // The notice that an endpoint is told nothing any more, as whoever manages webhooks is told.
    let notice = insert_task(&app, &ada, memoreel_webhooks::SendNotice::KIND, Uuid::now_v7()).await;
    assert_eq!(task_of(&ada, "&kind=send_webhook_notice").await["id"], notice.to_string());
}

#[tokio::test]
async fn what_waits_is_preferred_stopped_at_once_and_started_again() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (bob, eve) = (app.colleague(&ada, "bob", "member").await, app.colleague(&ada, "eve", "viewer").await);
    let video = app.insert_video(&ada, "Harbour").await;
    let (first, second) =
        (insert_task(&app, &ada, "index", video).await, insert_task(&app, &ada, "encode", video).await);
    let waiting = tasks(&ada, "&status=pending").await;
    assert_eq!(waiting.len(), 2);
    let stats = ada.get("/tasks/stats").await.is(200).json();
    assert!(stats["oldest_waiting_since"].is_string(), "{stats:#}");

    let changed = ada.patch(&format!("/tasks/{second}"), &json!({ "priority": 7 })).await.is(200).json();
    assert_eq!(changed["priority"], 7);
    for (body, code) in [
        (json!({ "priority": 21 }), "priority_invalid"),
        (json!({ "priority": -21 }), "priority_invalid"),
        (json!({ "priority": "high" }), "body_invalid"),
        (json!({}), "body_invalid"),
    ] {
        ada.patch(&format!("/tasks/{second}"), &body).await.refuses(422, code);
    }
    let (patch, cancel) = (format!("/tasks/{second}"), format!("/tasks/{second}/cancel"));
    let here = ada.organization_id.as_str();
    bob.ask(here, "PATCH", &patch, json!({ "priority": 1 })).await.refuses(403, "forbidden");
    eve.ask(here, "POST", &cancel, json!({})).await.refuses(403, "forbidden");
    eve.ask(here, "GET", &patch, Value::Null).await.is(200);

    // One goes, the other is left: the video is not done.
    let over = bob.ask(here, "POST", &cancel, json!({})).await.is(200).json();
    assert_eq!((&over["status"], &over["error_code"]), (&json!("cancelled"), &json!("task_cancelled")));
    assert_eq!(over["tries"][0]["started_at"], Value::Null);
    ada.patch(&patch, &json!({ "priority": 1 })).await.refuses(409, "task_not_waiting");
    let state = async || ada.get(&format!("/videos/{video}")).await.is(200).json();
    assert_eq!(state().await["status"], "processing");
    bob.ask(here, "POST", &format!("/tasks/{first}/cancel"), json!({})).await.is(200);
    let failed = state().await;
    assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("failed"), &json!("task_cancelled")));

    // The video's own button does the same as those of its tasks.
    ada.post(&format!("/tasks/{first}/retry"), &json!({})).await.is(200);
    assert_eq!(state().await["status"], "processing");
    ada.post(&format!("/videos/{video}/retry"), &json!({})).await.is(200);
    assert_eq!(tasks(&ada, "&status=pending").await.len(), 2);
    // Another one of the step waits already.
    let twin = insert_task_ended(&app, &ada, "index", video).await;
    ada.post(&format!("/tasks/{twin}/retry"), &json!({})).await.refuses(409, "task_waiting");
    ada.get("/tasks?kind=Robert%27)").await.refuses(422, "kind_invalid");
    ada.get("/tasks?status=sleeping").await.refuses(422, "parameters_invalid");
}

async fn insert_task_ended(app: &TestApp, person: &Person, kind: &str, subject_id: Uuid) -> Uuid {
    let id: Uuid = sqlx::query_scalar(
        "INSERT INTO tasks (organization_id, kind, subject_id, status, finished_at, error_code, error_message)
         VALUES ($1, $2, $3, 'failed', now(), 'torn', 'It is torn.') RETURNING id",
    )
    .bind(person.organization_id.parse::<Uuid>().unwrap())
    .bind(kind)
    .bind(subject_id)
    .fetch_one(&mut app.superuser().await)
    .await
    .unwrap();
    id
}

#[tokio::test]
async fn what_is_long_over_is_removed_and_what_failed_stays() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let video = app.insert_video(&ada, "Harbour").await;
    for (status, kind) in
        [("completed", "probe"), ("cancelled", "audio"), ("failed", "encode"), ("pending", "index")]
    {
        let id = insert_task(&app, &ada, kind, video).await;
        sqlx::query("UPDATE tasks SET status = $2, finished_at = CASE WHEN $2 <> 'pending' THEN created_at END WHERE id = $1")
            .bind(id)
            .bind(status)
            .execute(&mut app.superuser().await)
            .await
            .unwrap();
    }
    let beside = insert_task_ended(&app, &ada, "index_key_frames", video).await;
    sqlx::query("UPDATE tasks SET is_side = true, scheduled_for = $2, finished_at = $2 WHERE id = $1")
        .bind(beside)
        .bind(app.now())
        .execute(&mut app.superuser().await)
        .await
        .unwrap();
    let kinds =
        async || -> Vec<Value> { tasks(&ada, "").await.iter().map(|task| task["kind"].clone()).collect() };
    app.clock.advance(chrono::TimeDelta::days(29));
    memoreel_operations::remove_old_tasks(app.db(), app.now()).await.unwrap();
    assert_eq!(kinds().await.len(), 5);
    app.clock.advance(chrono::TimeDelta::days(2));
    assert_eq!(memoreel_operations::remove_old_tasks(app.db(), app.now()).await.unwrap(), 3);
    assert_eq!(kinds().await, ["index", "encode"]);
}

#[tokio::test]
async fn tasks_are_listed_page_by_page_the_newest_first() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let video_id = app.insert_video(&ada, "Sync").await;
        ids.insert(0, insert_task(&app, &ada, "summarise", video_id).await.to_string());
    }
    let first = ada.get("/tasks?limit=2").await.is(200).json();
    let next = format!("/tasks?limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
    let rest = ada.get(&next).await.is(200).json();
    assert_eq!(rest["next_cursor"], Value::Null);
    let pages = [&first, &rest].into_iter().flat_map(|page| page["items"].as_array().unwrap());
    let listed: Vec<String> = pages.map(|task| task["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, ids);
}
