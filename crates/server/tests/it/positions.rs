//! Every place of a request that takes an id, with an id of another organization's thing: it answers as if there were none.

use crate::{
    app::TestApp,
    client::{Client, metadata, send},
    isolation::{Ids, Things, call, rows_of, things_of, things_of_ada},
    openapi::{Operation, operations},
    requests::request,
};
use reqwest::{Body, Request};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs, path::Path};
use uuid::Uuid;

/// Kinds of ids by the name of their type, with the part of the path that names the kind.
const KINDS: [(&str, &str); 19] = [
    ("ApiKeyId", "api-keys"),
    ("AssetId", "assets"),
    ("ChannelId", "channels"),
    ("DomainId", "domains"),
    ("FolderId", "folders"),
    ("IdentityId", "identities"),
    // Below /me.
    ("ExportId", "me"),
    ("InvitationId", "invitations"),
    // Below /organization.
    ("OrganizationExportId", "organization"),
    ("PasskeyId", "passkeys"),
    ("SessionId", "sessions"),
    ("SpeakerId", "speaker_id"),
    ("TaskId", "tasks"),
    ("UploadId", "uploads"),
    ("UserId", "users"),
    ("VideoId", "videos"),
    ("WebhookEndpointId", "webhook-endpoints"),
    ("WebhookDeliveryId", "webhook-deliveries"),
    // Of anything.
    ("uuid", "videos"),
];

/// Where a request takes an id.
#[derive(Debug, Clone)]
enum Place {
    Path,
    Query(String),
    Body(String),
}

#[derive(Debug, Clone)]
struct Position {
    place: Place,
    /// A key of [`Ids`].
    kind: &'static str,
}

/// Every position of the operation, read from its description.
fn positions(operation: &Operation, document: &Value) -> Vec<Position> {
    let mut found = Vec::new();
    let mut note = |schema: &Value, place: Place| {
        if let Some(name) = id_type(schema, document) {
            let kind = KINDS.iter().find(|(known, _)| *known == name);
            let (_, kind) = kind.unwrap_or_else(|| {
                panic!("{}: say in KINDS in tests/it/positions.rs what {name} is an id of", operation.id)
            });
            found.push(Position { place, kind });
        }
    };
    for parameter in operation.description["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap().to_owned();
        match parameter["in"].as_str() {
            Some("path") => note(&parameter["schema"], Place::Path),
            Some("query") => note(&parameter["schema"], Place::Query(name)),
            _ => {}
        }
    }
    let body =
        resolved(&operation.description["requestBody"]["content"]["application/json"]["schema"], document);
    for (name, schema) in body["properties"].as_object().into_iter().flatten() {
        note(schema, Place::Body(name.clone()));
    }
    found
}

/// The name of the id type, where the schema is one or may be one.
fn id_type(schema: &Value, document: &Value) -> Option<String> {
    let choices = schema["oneOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
    choices.iter().find(|choice| resolved(choice, document)["format"] == "uuid").map(|choice| {
        choice["$ref"]
            .as_str()
            .and_then(|reference| reference.rsplit('/').next())
            .unwrap_or("uuid")
            .to_owned()
    })
}

fn resolved<'a>(schema: &'a Value, document: &'a Value) -> &'a Value {
    let reference = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    reference.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

/// The operation on `ids`, but with `id` at the position.
fn with_id(client: &Client, operation: &Operation, ids: &Ids, position: &Position, id: &str) -> Request {
    let mut ids = ids.clone();
    if matches!(position.place, Place::Path) {
        ids.insert(position.kind, id.to_owned());
    }
    let mut request = request(client, operation, &ids).build().unwrap();
    match &position.place {
        Place::Path => {}
        Place::Query(name) => drop(request.url_mut().query_pairs_mut().append_pair(name, id)),
        Place::Body(name) => {
            let mut body: Value =
                serde_json::from_slice(request.body().and_then(Body::as_bytes).unwrap()).unwrap();
            body[name] = json!(id);
            // Its length is told by the client.
            request.headers_mut().remove("content-length");
            *request.body_mut() = Some(body.to_string().into());
        }
    }
    request
}

/// What was answered, without what differs from request to request.
fn told(text: &str) -> Value {
    let mut value: Value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    if let Some(fields) = value.as_object_mut() {
        fields.remove("request_id");
        fields.remove("took_ms");
    }
    value
}

#[tokio::test]
async fn an_id_of_another_organization_is_as_unknown_as_one_of_nobody() {
    let app = TestApp::start().await;
    let Things { ada, ids: hers, .. } = things_of_ada(&app).await;
    let bob = app.person("bob").await;
    let his = things_of(&app, &bob, "Mine.mp3").await;
    let document = bob.get("/api/openapi.json").await.is(200).json();
    let mut connection = app.superuser().await;
    let before = rows_of(&mut connection, &ada.organization_id).await;

    let operations = operations(&bob).await;
    let (mut tried, mut counts) = (0, BTreeMap::new());
    for operation in &operations {
        let id = operation.id.as_str();
        for position in positions(operation, &document) {
            let nobodys = Uuid::now_v7().to_string();
            let mut answers = Vec::new();
            for foreign in [&hers[position.kind], &nobodys] {
                let request = with_id(&bob, operation, &his, &position, foreign);
                let answer = bob.execute(request).await;
                let is_empty = answer.status == 200
                    && (answer.body.is_empty() || told(&answer.text())["items"] == json!([]));
                let is_filter = matches!(position.place, Place::Query(_));
                // In his own organization he is alone, whoever is named; `members.rs` names others in shared ones.
                let is_alone = position.kind == "users" && answer.text().contains("organization_personal");
                assert!(
                    answer.status == 404 || is_alone || (is_filter && is_empty),
                    "{id} {position:?}: {} {}",
                    answer.status,
                    answer.text()
                );
                answers.push((answer.status, told(&answer.text())));
            }
            assert_eq!(answers[0], answers[1], "{id} {position:?} tells that there is one");
            tried += 1;
            let place = match position.place {
                Place::Path => "path",
                Place::Query(_) => "query",
                Place::Body(_) => "body",
            };
            *counts.entry(place).or_insert(0) += 1;
        }
    }
    println!("{} operations, {tried} positions that take an id: {counts:?}", operations.len());
    assert!(tried >= 35 && counts["path"] >= 26 && counts["query"] >= 7 && counts["body"] >= 2, "{counts:?}");
    assert_eq!(before, rows_of(&mut connection, &ada.organization_id).await);
}

#[tokio::test]
async fn what_is_named_beside_an_upload_or_a_key_is_the_callers_own() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let channel = ada.post("/channels", &json!({ "name": "Secret" })).await.is(201).json();
    let channel_id = channel["id"].as_str().unwrap();
    // The metadata of an upload is no part of the description.
    let upload = bob
        .tus("POST", "/uploads")
        .header("upload-length", 3)
        .header("content-type", "application/offset+octet-stream")
        .header("upload-metadata", metadata(&[("filename", "b.mp4"), ("channel_id", channel_id)]))
        .body("abc");
    send(upload).await.refuses(404, "not_found");
    assert_eq!(bob.get("/videos").await.is(200).json()["items"], json!([]));
    // The answer to a key that somebody else has used is not his to have.
    let keyed = |client: &Client| {
        client
            .request("POST", "/channels")
            .header("idempotency-key", "once")
            .json(&json!({ "name": "Board" }))
    };
    let first = send(keyed(&ada)).await.is(201);
    let second = send(keyed(&bob)).await.is(201);
    assert_ne!(first.json()["id"], second.json()["id"]);
    assert!(!second.headers.contains_key("idempotency-replayed"));
}

/// What a person may take out of the application.
#[tokio::test]
async fn captions_and_files_leave_with_those_who_may_see_them_only() {
    let app = TestApp::start().await;
    let Things { ada, ids, .. } = things_of_ada(&app).await;
    let (bob, carol) = (app.person("bob").await, app.colleague(&ada, "carol", "member").await);
    let exports: Vec<Operation> = operations(&ada)
        .await
        .into_iter()
        .filter(|operation| operation.verb == "GET" && operation.id.starts_with("get_captions"))
        .collect();
    assert_eq!(exports.len(), 4);
    let here = |client: &Client, operation: &Operation| {
        request(client, operation, &ids).header("memoreel-organization", &ada.organization_id)
    };
    for export in &exports {
        assert!(call(here(&carol, export), export).await.is(200).text().contains("harbour"), "{}", export.id);
        call(here(&bob, export), export).await.is(404);
    }
    ada.patch(&format!("/videos/{}", ids["videos"]), &json!({ "visibility": "private" })).await.is(200);
    for export in &exports {
        call(here(&carol, export), export).await.is(404);
        assert!(call(here(&ada, export), export).await.is(200).text().contains("harbour"), "{}", export.id);
    }
}

#[tokio::test]
async fn a_task_of_one_organization_does_nothing_to_a_video_of_another() {
    let app = TestApp::start().await;
    let Things { ada, ids, .. } = things_of_ada(&app).await;
    app.idle().await;
    let bob = app.person("bob").await;
    let mut connection = app.superuser().await;
    let (hers, his) = (
        rows_of(&mut connection, &ada.organization_id).await,
        rows_of(&mut connection, &bob.organization_id).await,
    );
    let blobs = app.folder().join("blobs");
    let files = files_below(&blobs);
    assert!(files.len() >= 5, "{files:?}");
    // Everything that was ever done to her video, asked for in his name.
    let copied = sqlx::query(
        "INSERT INTO tasks (organization_id, kind, subject_id, payload, attempts_max, scheduled_for)
         SELECT $1, kind, subject_id, payload, 1, scheduled_for FROM tasks WHERE organization_id = $2 AND subject_id = $3",
    )
    .bind(bob.organization_id.parse::<Uuid>().unwrap())
    .bind(ada.organization_id.parse::<Uuid>().unwrap())
    .bind(ids["videos"].parse::<Uuid>().unwrap())
    .execute(&mut connection)
    .await
    .unwrap()
    .rows_affected();
    assert!(copied >= 7, "{copied}");
    app.idle().await;

    assert_eq!(hers, rows_of(&mut connection, &ada.organization_id).await);
    let mut after = rows_of(&mut connection, &bob.organization_id).await;
    let tasks = after.insert("tasks".to_owned(), his["tasks"].clone()).unwrap();
    assert_eq!(tasks.lines().count(), his["tasks"].lines().count() + usize::try_from(copied).unwrap());
    assert_eq!(his, after);
    assert_eq!(files, files_below(&blobs));
}

/// Every file with its size.
fn files_below(folder: &Path) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files_below(&entry.path()));
        } else {
            found.insert(entry.path().display().to_string(), entry.metadata().unwrap().len());
        }
    }
    found
}
