//! The log of requests, and what it comes to: who may see it, what is in it and what must not be, and how it goes.

use crate::{
    app::{Options, TestApp, sample},
    client::{Person, send},
};
use chrono::{SecondsFormat, TimeDelta};
use memoreel_kernel::{Actor, Caller, Role, SessionId};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Row};
use std::{collections::BTreeSet, time::Duration};
use uuid::Uuid;

async fn logging() -> TestApp {
    let app = TestApp::with(Options { logs_requests: true, ..Options::default() }).await;
    memoreel_operations::keep_request_logs(app.db(), app.now(), 30).await.unwrap();
    app
}

/// Rows of the log as JSON, once there are as many as wanted.
async fn rows(app: &TestApp, condition: &str, count: usize) -> Vec<Value> {
    let mut connection = app.superuser().await;
    let query = format!("SELECT to_jsonb(r) FROM request_logs r WHERE {condition} ORDER BY created_at, id");
    for _ in 0..100 {
        let found = sqlx::query(AssertSqlSafe(query.clone())).fetch_all(&mut connection).await.unwrap();
        if found.len() >= count {
            return found.iter().map(|row| row.get(0)).collect();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("fewer than {count}: {condition}");
}

async fn count(app: &TestApp, condition: &str) -> i64 {
    let query = format!("SELECT count(*) FROM request_logs r WHERE {condition}");
    sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut app.superuser().await).await.unwrap()
}

#[tokio::test]
async fn a_request_is_logged_with_what_it_was_and_whose() {
    let app = logging().await;
    let ada = app.person("ada").await;
    let asked = ada
        .request("PATCH", "/me")
        .header("user-agent", "Ada's browser")
        .header("x-request-id", "request-of-ada");
    let answer = send(asked.json(&json!({ "name": "Ada" }))).await.is(200);
    let found = rows(&app, "request_id = 'request-of-ada'", 1).await.remove(0);
    for (field, value) in [
        ("organization_id", json!(ada.organization_id)),
        ("user_id", json!(ada.user_id)),
        ("method", json!("PATCH")),
        ("route", json!("/api/v1/me")),
        ("path", json!("/api/v1/me")),
        ("status_code", json!(200)),
        ("bytes_in", json!(14)),
        ("bytes_out", json!(answer.body.len())),
        ("address", json!("127.0.0.0/24")),
        ("user_agent", json!("Ada's browser")),
    ] {
        assert_eq!(found[field], value, "{field}: {found:#}");
    }
    assert!(found["duration_ms"].as_f64().unwrap() > 0.0);

    // A request that nobody is signed in for is nobody's.
    app.visitor().get("/me").await.is(401);
    let nobodys = rows(&app, "route = '/api/v1/me' AND status_code = 401", 1).await.remove(0);
    assert_eq!((&nobodys["organization_id"], &nobodys["user_id"]), (&Value::Null, &Value::Null));
    // Nor is anything kept of what is nowhere.
    send(app.visitor().request("GET", "/nothing/secret-of-ada")).await.is(404);
    let nowhere = rows(&app, "route = 'unmatched'", 1).await.remove(0);
    assert_eq!(nowhere["path"], "unmatched");
    // And of what somebody makes up, no more than anybody needs.
    let made_up =
        app.visitor().request(&"M".repeat(1_000), "/nothing").header("user-agent", "a".repeat(1_000));
    send(made_up).await.is(404);
    let counted = rows(&app, "method = 'other'", 1).await.remove(0);
    assert_eq!(counted["user_agent"].as_str().unwrap().len(), 300);
}

#[tokio::test]
async fn bytes_are_counted_as_they_are_sent_and_nothing_that_opens_something_is_kept() {
    let app = logging().await;
    app.work().await;
    let ada = app.person("ada").await;
    let film = sample("video-call.mp4");
    let video_id = ada.upload("Harbour.mp4", film.clone()).await;
    let video = app.settled(&ada, &video_id).await;
    let uploaded = rows(&app, "bytes_in >= 100000", 1).await.remove(0);
    assert_eq!(uploaded["bytes_in"], json!(film.len()), "{uploaded:#}");
    let found = video["playback"]["file_url"].as_str().or_else(|| video["playback"]["download_url"].as_str());
    let address = found.unwrap_or_else(|| panic!("no file: {:#}", video["playback"]));
    let url = if address.starts_with("http") { address.to_owned() } else { format!("{}{address}", app.base) };
    let url = url.replace(crate::app::PUBLIC_URL, &app.base);
    let mut wanted = reqwest::Request::new(reqwest::Method::GET, url.parse().unwrap());
    wanted.headers_mut().insert("range", "bytes=0-999".parse().unwrap());
    let part = app.visitor().execute(wanted).await.is(206);
    assert_eq!(part.body.len(), 1_000);
    let sent = rows(&app, "route LIKE '/media/%' AND status_code = 206", 1).await.remove(0);
    assert_eq!((&sent["bytes_out"], &sent["organization_id"]), (&json!(1_000), &json!(ada.organization_id)));
    assert_eq!(sent["path"], sent["route"], "a token is in the path");
    let token = url.split("/media/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    assert!(token.len() > 20);
    assert_eq!(count(&app, &format!("position('{token}' IN r::text) > 0")).await, 0);

    // Queries are kept nowhere.
    ada.get("/search?q=secretharbour").await.is(200);
    rows(&app, "route = '/api/v1/search'", 1).await;
    assert_eq!(count(&app, "position('secretharbour' IN r::text) > 0").await, 0);

    // What it comes to. The end of the range is now.
    app.clock.advance(TimeDelta::seconds(1));
    let traffic = ada.get("/analytics/traffic").await.is(200).json();
    let points = traffic["points"].as_array().unwrap();
    let sum = |field: &str| points.iter().map(|point| point[field].as_i64().unwrap()).sum::<i64>();
    assert!(sum("requests") > 3 && sum("errors") == 0, "{traffic:#}");
    assert_eq!(sum("media_bytes_out"), 1_000);
    assert!(sum("bytes_in") >= film.len() as i64 && sum("bytes_out") > 1_000);
    assert_eq!(points.len(), 25, "a day, with the hours it begins and ends in");
    let routes = ada.get("/analytics/routes?sort=requests").await.is(200).json();
    let route =
        |name: &str| routes["items"].as_array().unwrap().iter().find(|item| item["route"] == name).cloned();
    let polled = route("/api/v1/videos/{id}").unwrap();
    assert!(polled["requests"].as_i64().unwrap() >= 1, "{polled:#}");
    assert!(polled["duration_ms_p95"].as_f64().unwrap() >= polled["duration_ms_p50"].as_f64().unwrap());
    let storage = ada.get("/analytics/storage").await.is(200).json();
    assert_eq!(storage["kinds"][0]["original_bytes"], json!(film.len()), "{storage:#}");
    assert!(storage["kinds"][0]["rendition_bytes"].as_i64().unwrap() > 0);
    assert_eq!(
        (&storage["channels"][0]["channel_name"], &storage["channels"][0]["videos"]),
        (&Value::Null, &json!(1))
    );

    let lines = ada.get("/analytics/export").await.is(200);
    assert_eq!(lines.header("content-type"), "application/jsonl");
    let lines = lines.text();
    assert!(lines.lines().count() as i64 >= sum("requests"));
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert!(first["route"].is_string() && first.get("id").is_none(), "{first:#}");
    let table = ada.get("/analytics/export?format=csv").await.is(200).text();
    assert!(table.starts_with("created_at,user_id,request_id,method,"), "{table}");
    assert!(table.lines().count() >= lines.lines().count());
}

#[tokio::test]
async fn only_owners_and_admins_read_the_log_and_only_of_their_organization() {
    let app = logging().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    ada.get("/channels").await.is(200);
    rows(&app, "route = '/api/v1/channels'", 1).await;
    app.clock.advance(TimeDelta::seconds(1));
    for role in ["admin", "member", "viewer"] {
        let colleague = app.colleague(&ada, role, role).await;
        for path in ["traffic", "routes", "storage", "export"] {
            let path = format!("/analytics/{path}");
            let answer = colleague.ask(&ada.organization_id, "GET", &path, Value::Null).await;
            assert_eq!(answer.status == 200, role == "admin", "{role} {path}");
        }
        // Row-level security alone would say the same.
        let caller = Caller {
            organization_id: ada.organization_id.parse().unwrap(),
            user_id: Some(colleague.user_id.parse().unwrap()),
            role: Role::parse(role),
            actor: Actor::Session(SessionId(Uuid::nil())),
        };
        let mut tx = app.db().tenant(&caller).await.unwrap();
        let seen: i64 =
            sqlx::query_scalar("SELECT count(*) FROM request_logs").fetch_one(&mut *tx).await.unwrap();
        assert_eq!(seen > 0, role == "admin", "{role}");
    }
    let of_bob = bob.get("/analytics/export").await.is(200).text();
    assert!(!of_bob.contains("/api/v1/channels"), "{of_bob}");
    app.visitor().get("/analytics/traffic").await.refuses(401, "unauthenticated");
    ada.get("/analytics/traffic?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z")
        .await
        .refuses(422, "period_invalid");
    ada.get("/analytics/traffic?from=2020-03-02T00:00:00Z").await.refuses(422, "period_invalid");
    ada.get("/analytics/traffic?step=minute").await.refuses(422, "parameters_invalid");
}

#[tokio::test]
async fn the_log_as_a_file_has_each_request_of_the_range_once() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let begin = app.now() - TimeDelta::hours(1);
    // Several are of one moment, in which a page of them ends.
    sqlx::query(
        "INSERT INTO request_logs (organization_id, created_at, method, route, path, status_code)
         SELECT $1::uuid, $2 + number / 700 * interval '1 minute', 'GET', '/x', '/x/' || number, 200
         FROM generate_series(0, 3499) AS number",
    )
    .bind(&ada.organization_id)
    .bind(begin)
    .execute(&mut app.superuser().await)
    .await
    .unwrap();
    let at =
        |minutes: i64| (begin + TimeDelta::minutes(minutes)).to_rfc3339_opts(SecondsFormat::Micros, true);
    let path = format!("/analytics/export?from={}&to={}", at(1), at(4));
    let file = ada.get(&path).await.is(200).text();
    let paths: BTreeSet<String> = file
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["path"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!((file.lines().count(), paths.len()), (2100, 2100));
    assert!(paths.contains("/x/700") && paths.contains("/x/2799"));
}

async fn log_of_days(app: &TestApp, person: &Person, days_ago: &[i64]) {
    for days in days_ago {
        sqlx::query(
            "INSERT INTO request_logs (organization_id, user_id, created_at, method, route, path, status_code)
             VALUES ($1::uuid, $2::uuid, $3, 'GET', '/x', '/x', 200)",
        )
        .bind(person.organization_id.parse::<Uuid>().unwrap())
        .bind(person.user_id.parse::<Uuid>().unwrap())
        .bind(app.now() - TimeDelta::days(*days))
        .execute(&mut app.superuser().await)
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn days_have_their_partitions_and_go_when_they_are_over() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    // Before there is a partition.
    log_of_days(&app, &ada, &[0]).await;
    let keep =
        async |days: u16| memoreel_operations::keep_request_logs(app.db(), app.now(), days).await.unwrap();
    assert_eq!(keep(30).await, 0);
    let place = async || -> Vec<String> {
        sqlx::query_scalar("SELECT tableoid::regclass::text FROM request_logs ORDER BY created_at")
            .fetch_all(&mut app.superuser().await)
            .await
            .unwrap()
    };
    assert_eq!(place().await, ["request_logs_20260301"], "it moved into its day");
    app.clock.advance(TimeDelta::days(6));
    log_of_days(&app, &ada, &[0]).await;
    assert_eq!(keep(30).await, 0);
    app.clock.advance(TimeDelta::days(24));
    assert_eq!(keep(30).await, 0);
    assert_eq!(place().await, ["request_logs_20260301", "request_logs_20260307"]);
    app.clock.advance(TimeDelta::days(1));
    assert_eq!(keep(30).await, 1);
    assert_eq!(place().await, ["request_logs_20260307"]);
    // The hour's work does the same.
    app.clock.advance(TimeDelta::days(30));
    app.sweep().await;
    assert_eq!(place().await, [""; 0]);
    log_of_days(&app, &ada, &[0, 1, 400]).await;
    keep(0).await;
    assert_eq!(place().await, [""; 0], "nothing is kept where nothing is to be");
}

#[tokio::test]
async fn who_is_gone_leaves_nothing_in_the_log_and_is_not_written_into_it_later() {
    let app = logging().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    log_of_days(&app, &ada, &[0, 3]).await;
    log_of_days(&app, &bob, &[0]).await;
    let of = |person: &Person| {
        format!("organization_id = '{0}' OR user_id = '{1}'", person.organization_id, person.user_id)
    };
    assert!(count(&app, &of(&ada)).await >= 2);
    sqlx::query("DELETE FROM organizations WHERE id = $1")
        .bind(ada.organization_id.parse::<Uuid>().unwrap())
        .execute(&mut app.superuser().await)
        .await
        .unwrap();
    sqlx::query("DELETE FROM users WHERE id = $1")
        .bind(ada.user_id.parse::<Uuid>().unwrap())
        .execute(&mut app.superuser().await)
        .await
        .unwrap();
    // Whatever was still on its way.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(count(&app, &of(&ada)).await, 0);
    assert!(count(&app, &of(&bob)).await >= 1);
}

#[tokio::test]
async fn what_cannot_be_written_holds_up_no_request() {
    let app = logging().await;
    let ada = app.person("ada").await;
    let mut connection = app.superuser().await;
    let mut lock = sqlx::Connection::begin(&mut connection).await.unwrap();
    sqlx::query("LOCK TABLE request_logs IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await.unwrap();
    let started = std::time::Instant::now();
    for _ in 0..200 {
        ada.get("/channels").await.is(200);
    }
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    lock.rollback().await.unwrap();
    rows(&app, "route = '/api/v1/channels'", 200).await;
}
