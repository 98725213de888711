//! The audit log: complete, for owners alone, and unchangeable without a trace.

use crate::{
    app::{TestApp, sample},
    client::{Person, send},
};
use memoreel_audit::{Chain, seal, verify};
use memoreel_kernel::{Actor, Caller, Role, SessionId};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

async fn entries(person: &Person, query: &str) -> Vec<Value> {
    let page = person.get(&format!("/audit-log?limit=100{query}")).await.is(200).json();
    page["items"].as_array().unwrap().clone()
}

fn actions(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_entry_tells_who_changed_what_from_where_and_what_it_was_before() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let video_id = app.insert_video(&ada, "Draft").await;
    let path = format!("/videos/{video_id}");
    let changed = ada
        .request("PATCH", &path)
        .header("user-agent", "Ada's browser")
        .json(&json!({ "title": "It's final" }));
    let changed = send(changed).await.is(200);
    ada.delete(&path).await.is(204);
    ada.post(&format!("{path}/restore"), &json!({})).await.is(200);

    let told = entries(&ada, &format!("&target_id={video_id}")).await;
    assert_eq!(actions(&told), ["video.restored", "video.deleted", "video.updated", "video.created"]);
    let renamed = &told[2];
    assert_eq!(renamed["actor"], json!({ "kind": "session", "id": ada.user_id, "name": "ada" }));
    assert_eq!(
        (&renamed["old"], &renamed["new"]),
        (&json!({ "title": "Draft" }), &json!({ "title": "It's final" }))
    );
    assert_eq!((&renamed["label"], &renamed["target_kind"]), (&json!("It's final"), &json!("video")));
    assert_eq!((&renamed["address"], &renamed["user_agent"]), (&json!("127.0.0.1"), &json!("Ada's browser")));
    assert_eq!(renamed["request_id"], changed.header("x-request-id"));
    // Inserted by hand, on the server.
    assert_eq!((&told[3]["actor"]["kind"], &told[3]["request_id"]), (&json!("system"), &Value::Null));

    let key = ada.post("/api-keys", &json!({ "name": "Nightly" })).await.is(201).json();
    let program = app.visitor();
    let secret = key["secret"].as_str().unwrap();
    send(program.request("POST", "/channels").bearer_auth(secret).json(&json!({ "name": "Board" })))
        .await
        .is(201);
    let told = entries(&ada, "&action=channel").await;
    assert_eq!(told[0]["actor"], json!({ "kind": "api_key", "id": ada.user_id, "name": "ada" }));
    let told = entries(&ada, "&action=api_key.created").await;
    assert_eq!((&told[0]["new"]["prefix"], &told[0]["new"]["role"]), (&key["prefix"], &key["role"]));
    let all = ada.get("/audit-log/export").await.is(200).text();
    assert!(!all.contains(secret) && !all.contains("hash\":\"\\\\x"), "{all}");
}

#[tokio::test]
async fn times_that_the_database_does_not_know_are_refused() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    for path in ["/audit-log", "/audit-log/export", "/webhook-deliveries"] {
        for time in ["-4800-01-01T00:00:00Z", "%2B262142-01-01T00:00:00Z"] {
            for bound in ["from", "to"] {
                ada.get(&format!("{path}?{bound}={time}")).await.refuses(422, "parameters_invalid");
            }
        }
        ada.get(&format!("{path}?from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z")).await.is(200);
    }
    let replayed = json!({ "from": "-4800-01-01T00:00:00Z" });
    let path = "/webhook-endpoints/00000000-0000-7000-8000-000000000001/replay";
    ada.post(path, &replayed).await.refuses(422, "body_invalid");
}

#[tokio::test]
async fn who_signs_up_and_in_is_in_the_log_of_their_own_organization() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    app.signed_in(&ada).await;
    let told = entries(&ada, "").await;
    assert_eq!(
        actions(&told),
        ["session.created", "session.created", "membership.created", "organization.created"],
        "{told:#?}"
    );
    assert!(told.iter().all(|entry| entry["actor"]["id"] == ada.user_id), "{told:#?}");
}

#[tokio::test]
async fn whoever_makes_an_organization_is_named_in_its_log() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let id = crate::organizations::new_organization(&ada, "Harbour").await;
    let told = ada.ask(&id, "GET", "/audit-log", Value::Null).await.is(200).json();
    let told: Vec<Value> = serde_json::from_value(told["items"].clone()).unwrap();
    assert_eq!(actions(&told), ["membership.created", "organization.created"], "{told:#?}");
    for entry in &told {
        let actor = json!({ "kind": "session", "id": ada.user_id, "name": "ada" });
        assert_eq!(entry["actor"], actor, "{entry}");
        assert_eq!(entry["address"], "127.0.0.1", "{entry}");
    }
}

#[tokio::test]
async fn what_did_not_happen_leaves_no_entry_nor_does_what_follows_by_itself() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let video_id = ada.upload("Harbour.mp3", sample("inaugural-address.mp3")).await;
    assert_eq!(app.settled(&ada, &video_id).await["status"], "completed");
    let path = format!("/videos/{video_id}");
    ada.patch(&path, &json!({ "channel_id": Uuid::nil() })).await.refuses(404, "not_found");
    ada.patch(&path, &json!({ "title": "" })).await.is(422);
    let video = ada.get(&path).await.is(200).json();
    // The same again changes nothing.
    ada.patch(&path, &json!({ "title": video["title"] })).await.is(200);
    let told = entries(&ada, &format!("&target_id={video_id}")).await;
    assert_eq!(actions(&told), ["video.created"]);
    assert_eq!(told[0]["actor"]["id"], ada.user_id);
    assert_eq!(entries(&ada, "&action=speaker").await, [json!(null); 0]);
}

#[tokio::test]
async fn what_people_write_on_a_recordings_file_is_told_and_what_tasks_write_is_not() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let video_id = ada.upload("Harbour.mp3", sample("inaugural-address.mp3")).await;
    let video = app.settled(&ada, &video_id).await;
    app.idle().await;
    let id = video["asset_id"].as_str().unwrap();
    let (path, about) = (format!("/assets/{id}"), format!("&target_id={id}"));
    assert_eq!(entries(&ada, &about).await, [json!(null); 0]);

    let changes = json!({ "filename": "Address.mp3", "tags": ["speech"], "metadata": { "sku": "A-1" } });
    let changed = send(ada.request("PATCH", &path).json(&changes)).await.is(200);
    let told = entries(&ada, &about).await;
    assert_eq!(actions(&told), ["asset.updated"]);
    assert_eq!(told[0]["old"]["filename"], "Harbour.mp3");
    assert_eq!(
        told[0]["new"],
        json!({ "filename": "Address.mp3", "tags": ["speech"], "custom_metadata": { "sku": "A-1" } })
    );
    assert_eq!(
        (&told[0]["actor"]["id"], &told[0]["request_id"]),
        (&json!(ada.user_id), &json!(changed.header("x-request-id")))
    );
    // The same again changes nothing.
    send(ada.request("PATCH", &path).json(&changes)).await.is(200);
    let folder = ada.post("/folders", &json!({ "name": "Talks" })).await.is(201).json();
    let moved = json!({ "action": "move", "ids": [id], "folder_id": folder["id"] });
    ada.post("/assets/batch", &moved).await.is(200);
    let told = entries(&ada, &about).await;
    assert_eq!(actions(&told), ["asset.updated", "asset.updated"]);
    assert_eq!(told[0]["new"], json!({ "folder_id": folder["id"] }));
}

#[tokio::test]
async fn what_people_do_to_tasks_is_told_and_what_becomes_of_these_by_themselves_is_not() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let video_id = ada.upload("Harbour.mp3", sample("inaugural-address.mp3")).await;
    let task = ada.get(&format!("/tasks?subject_id={video_id}")).await.is(200).json()["items"][0].clone();
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    let nothing = json!({});
    let changed = send(ada.request("PATCH", &path).json(&json!({ "priority": 7 }))).await.is(200);
    // The same again changes nothing.
    ada.patch(&path, &json!({ "priority": 7 })).await.is(200);
    ada.post(&format!("{path}/cancel"), &nothing).await.is(200);
    ada.post(&format!("{path}/retry"), &nothing).await.is(200);
    ada.post(&format!("{path}/cancel"), &nothing).await.is(200);
    ada.post(&format!("/videos/{video_id}/retry"), &nothing).await.is(200);
    // What was to be done with what is deleted for good is not needed any more, and nobody stopped it.
    let image = ada.upload_image("Photo.heic", sample("still-photo.heic")).await;
    ada.delete(&format!("/assets/{image}?permanently=true")).await.is(204);
    let status: String = sqlx::query_scalar("SELECT status FROM tasks WHERE kind = 'read_image'")
        .fetch_one(&mut app.superuser().await)
        .await
        .unwrap();
    assert_eq!(status, "cancelled");
    app.work().await;
    assert_eq!(app.settled(&ada, &video_id).await["status"], "completed");
    app.idle().await;

    let told = entries(&ada, "&action=task").await;
    let expected = ["task.retried", "task.cancelled", "task.retried", "task.cancelled", "task.prioritised"];
    assert_eq!(actions(&told), expected, "{told:#?}");
    assert!(told.iter().all(|entry| entry["target_id"] == task["id"]), "{told:#?}");
    let (kind, subject) = (&task["kind"], &task["subject_id"]);
    let preferred = &told[4];
    assert_eq!(preferred["old"], json!({ "priority": task["priority"] }));
    assert_eq!(preferred["new"], json!({ "kind": kind, "subject_id": subject, "priority": 7 }));
    assert_eq!(
        (&preferred["actor"]["id"], &preferred["request_id"]),
        (&json!(ada.user_id), &json!(changed.header("x-request-id")))
    );
    assert_eq!(told[3]["new"], json!({ "kind": kind, "subject_id": subject }));
    assert_eq!(told[2]["old"], json!({ "error_code": "task_cancelled" }));
}

#[tokio::test]
async fn who_has_webhooks_sent_again_is_told_once_for_each_time() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let wanted = json!({ "url": "https://example.com/hook", "events": ["video.changed"] });
    let endpoint = ada.post("/webhook-endpoints", &wanted).await.is(201).json()["endpoint"]["id"].clone();
    let video = format!("/videos/{}", app.insert_video(&ada, "Talk").await);
    for title in ["Speech", "Address"] {
        ada.patch(&video, &json!({ "title": title })).await.is(200);
    }
    let delivery = ada.get("/webhook-deliveries").await.is(200).json()["items"][0]["id"].clone();
    ada.post(&format!("/webhook-deliveries/{}/replay", delivery.as_str().unwrap()), &json!({})).await.is(200);
    let told = entries(&ada, "&action=webhook_delivery").await;
    assert_eq!(actions(&told), ["webhook_delivery.replayed"]);
    assert_eq!((&told[0]["target_id"], &told[0]["actor"]["id"]), (&delivery, &json!(ada.user_id)));
    assert_eq!(told[0]["new"], json!({ "event": "video.changed", "endpoint_id": endpoint }));

    // A range is one, and none where there was nothing.
    let again = format!("/webhook-endpoints/{}/replay", endpoint.as_str().unwrap());
    for (status, count) in [("failed", 0), ("pending", 2)] {
        let range = json!({ "from": "2020-01-01T00:00:00Z", "status": status });
        assert_eq!(ada.post(&again, &range).await.is(200).json()["count"], count, "{status}");
    }
    let told = entries(&ada, "&action=webhook_endpoint.replayed").await;
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!((&told[0]["target_id"], &told[0]["actor"]["id"]), (&endpoint, &json!(ada.user_id)));
    assert_eq!(told[0]["new"], json!({ "url": "https://example.com/hook" }));
    assert_eq!(entries(&ada, "&action=webhook_delivery").await.len(), 1);
}

#[tokio::test]
async fn only_owners_read_the_log_of_their_organization() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    ada.post("/channels", &json!({ "name": "Harbour" })).await.is(201);
    for role in ["admin", "member", "viewer"] {
        let colleague = app.colleague(&ada, role, role).await;
        for path in ["/audit-log", "/audit-log/export"] {
            let asked = colleague.request("GET", path).header("memoreel-organization", &ada.organization_id);
            send(asked).await.refuses(403, "forbidden");
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
            sqlx::query_scalar("SELECT count(*) FROM audit_logs").fetch_one(&mut *tx).await.unwrap();
        assert_eq!(seen, 0, "{role}");
    }
    assert!(!bob.get("/audit-log/export").await.is(200).text().contains("Harbour"));
    assert!(ada.get("/audit-log/export").await.is(200).text().contains("Harbour"));
    app.visitor().get("/audit-log").await.refuses(401, "unauthenticated");
    ada.get("/audit-log?from=yesterday").await.refuses(422, "parameters_invalid");
    ada.get("/audit-log?cursor=x").await.refuses(422, "cursor_invalid");
    ada.get("/audit-log/export?format=pdf").await.refuses(422, "parameters_invalid");
}

#[tokio::test]
async fn entries_can_be_neither_written_changed_nor_removed_by_the_serving_roles() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let owner = Caller {
        organization_id: ada.organization_id.parse().unwrap(),
        user_id: Some(ada.user_id.parse().unwrap()),
        role: Some(Role::Owner),
        actor: Actor::Session(SessionId(Uuid::nil())),
    };
    for statement in [
        "INSERT INTO audit_logs SELECT * FROM audit_logs",
        "UPDATE audit_logs SET action = 'video.created'",
        "DELETE FROM audit_logs",
        "TRUNCATE audit_logs",
        "DROP TRIGGER audit ON channels",
        "ALTER TABLE channels DISABLE TRIGGER audit",
        "SET LOCAL session_replication_role = 'replica'",
        "SELECT record_audit()",
        "SELECT seal_audit_logs(10)",
    ] {
        let mut tx = app.db().tenant(&owner).await.unwrap();
        let refused = sqlx::raw_sql(statement).execute(&mut *tx).await;
        let code = refused
            .as_ref()
            .err()
            .and_then(|error| error.as_database_error()?.code().map(|code| code.to_string()));
        assert_eq!(code.as_deref(), Some("42501"), "{statement}: {refused:?}");
    }
    let mut tx = app.db().system(memoreel_db::SystemReason::Maintain).await.unwrap();
    let refused = sqlx::raw_sql("UPDATE audit_logs SET action = 'video.created'").execute(&mut *tx).await;
    assert!(refused.is_err());
}

async fn chain_of(app: &TestApp, person: &Person, head: Option<&str>) -> Chain {
    seal(app.db()).await.unwrap();
    let chains = verify(app.db(), head).await.unwrap();
    chains.into_iter().find(|chain| chain.organization_id.to_string() == person.organization_id).unwrap()
}

/// Does something to the log that only whoever owns the server can do.
async fn tamper(connection: &mut PgConnection, statement: &str) {
    let done = sqlx::query(sqlx::AssertSqlSafe(statement)).execute(connection).await.unwrap();
    assert_eq!(done.rows_affected(), 1, "{statement}");
}

#[tokio::test]
async fn the_chain_shows_what_was_changed_removed_or_cut_off() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    for name in ["One", "Two", "Three"] {
        ada.post("/channels", &json!({ "name": name })).await.is(201);
    }
    let whole = chain_of(&app, &ada, None).await;
    assert_eq!((whole.broken_seq, whole.unsealed, whole.erased), (None, 0, 0), "{whole:?}");
    assert_eq!(whole.sealed, 6);
    assert_eq!(chain_of(&app, &ada, None).await, whole, "sealing again changes nothing");
    let listed = entries(&ada, "").await;
    assert_eq!(listed[0]["hash"].as_str(), whole.head.as_deref());
    assert_eq!(listed[0]["seq"], 6);

    let mut connection = app.superuser().await;
    let third = format!("organization_id = '{}' AND seq = 3", ada.organization_id);
    for (change, broken) in [
        (format!("UPDATE audit_logs SET action = 'channel.deleted' WHERE {third}"), 3),
        (format!("UPDATE audit_logs SET actor_id = '{}' WHERE {third}", bob.user_id), 3),
        (format!("UPDATE audit_logs SET details = details || '{{\"address\": \"::2\"}}' WHERE {third}"), 3),
        (
            format!(
                "UPDATE audit_logs SET occurred_at = occurred_at + interval '1 microsecond' WHERE {third}"
            ),
            3,
        ),
        (format!("UPDATE audit_logs SET seq = 30 WHERE {third}"), 3),
        (format!("DELETE FROM audit_logs WHERE {third}"), 3),
    ] {
        // What is not committed is not seen from outside, so that each is undone before the next.
        let kept: Vec<Value> = sqlx::query_scalar("SELECT to_jsonb(a) FROM audit_logs a")
            .fetch_all(&mut connection)
            .await
            .unwrap();
        tamper(&mut connection, &change).await;
        assert_eq!(chain_of(&app, &ada, None).await.broken_seq, Some(broken), "{change}");
        assert_eq!(chain_of(&app, &bob, None).await.broken_seq, None, "{change}");
        let mut tx = connection.begin().await.unwrap();
        sqlx::query("DELETE FROM audit_logs").execute(&mut *tx).await.unwrap();
        sqlx::query("INSERT INTO audit_logs SELECT row.* FROM unnest($1::jsonb[]) AS kept CROSS JOIN LATERAL jsonb_populate_record(NULL::audit_logs, kept) AS row")
            .bind(&kept)
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(chain_of(&app, &ada, None).await, whole);
    }
    // What may be about a person can go.
    tamper(
        &mut connection,
        &format!("UPDATE audit_logs SET details = NULL, details_salt = NULL WHERE {third}"),
    )
    .await;
    let erased = chain_of(&app, &ada, None).await;
    assert_eq!((erased.broken_seq, erased.erased), (None, 1));
    assert_eq!(entries(&ada, "").await[3]["is_erased"], true);
    // The end is told by a head that was kept.
    let head = whole.head.as_deref();
    assert!(!chain_of(&app, &ada, head).await.lacks_head);
    tamper(
        &mut connection,
        &format!("DELETE FROM audit_logs WHERE organization_id = '{}' AND seq = 6", ada.organization_id),
    )
    .await;
    let cut = chain_of(&app, &ada, head).await;
    assert_eq!((cut.broken_seq, cut.lacks_head), (None, true));
}

#[tokio::test]
async fn an_export_holds_every_entry_in_both_forms() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let mut connection = app.superuser().await;
    sqlx::query("INSERT INTO channels (organization_id, name) SELECT $1::uuid, '=Channel ' || n FROM generate_series(1, 1100) AS n")
        .bind(ada.organization_id.parse::<Uuid>().unwrap())
        .execute(&mut connection)
        .await
        .unwrap();
    let lines = ada.get("/audit-log/export?action=channel").await.is(200);
    assert_eq!(lines.header("content-type"), "application/jsonl");
    assert_eq!(lines.header("content-disposition"), "attachment; filename=\"audit-log.jsonl\"");
    let lines = lines.text();
    let labels: std::collections::BTreeSet<String> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["label"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!((lines.lines().count(), labels.len()), (1100, 1100));
    let table = ada.get("/audit-log/export?format=csv&action=channel").await.is(200).text();
    assert_eq!(table.lines().count(), 1101);
    assert!(table.starts_with("seq,occurred_at,actor_kind,"), "{}", &table[..80]);
    assert!(table.contains(",'=Channel 7,"));
}
