//! The description of the API, its reader, and what operators ask.

use crate::app::TestApp;
use crate::client::{Answer, Client};
use serde_json::Value;

/// Operations anybody may call.
pub const PUBLIC: [&str; 16] = [
    "begin_passkey_sign_in",
    "confirm_email",
    "confirm_email_change",
    "confirm_provider_sign_in",
    "create_session",
    "create_session_by_passkey",
    "create_user",
    "decline_invitation",
    "describe_upload_server",
    "finish_provider_sign_in",
    "list_providers",
    "lookup_invitation",
    "put_upload_content",
    "request_password_reset",
    "reset_password",
    "start_provider_sign_in",
];

/// One operation of the document.
#[derive(Debug, Clone)]
pub struct Operation {
    pub id: String,
    pub verb: String,
    /// With `{parameters}`.
    pub path: String,
    pub description: Value,
}

/// Every operation of the server's own document.
pub async fn operations(client: &Client) -> Vec<Operation> {
    let document = client.get("/api/openapi.json").await.is(200).json();
    let paths = document["paths"].as_object().unwrap().clone();
    let mut operations = Vec::new();
    for (path, verbs) in paths {
        for (verb, description) in verbs.as_object().unwrap() {
            let Some(id) = description["operationId"].as_str() else { continue };
            operations.push(Operation {
                id: id.to_owned(),
                verb: verb.to_uppercase(),
                path: path.clone(),
                description: description.clone(),
            });
        }
    }
    assert!(operations.len() >= 30, "{}", operations.len());
    operations
}

#[tokio::test]
async fn the_document_is_openapi_3_1_and_says_how_to_sign_in() {
    let app = TestApp::start().await;
    let answer = app.visitor().get("/api/openapi.json").await.is(200);
    assert_eq!(answer.header("content-type"), "application/json");
    let document = answer.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    for scheme in ["session", "api_key"] {
        assert!(document["components"]["securitySchemes"][scheme].is_object(), "{scheme}");
    }
    for (path, _) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with("/api/v1/"), "{path}");
        assert_eq!(path, &path.to_lowercase());
    }
}

#[tokio::test]
async fn every_operation_has_a_name_of_its_own_and_says_how_it_refuses() {
    let app = TestApp::start().await;
    let document = app.visitor().get("/api/openapi.json").await.is(200).json();
    let mut seen = std::collections::BTreeSet::new();
    for operation in operations(&app.visitor()).await {
        let id = &operation.id;
        assert!(seen.insert(id.clone()), "{id} twice");
        assert!(
            id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
                && (id.contains('_') || id == "search"),
            "{id}"
        );
        assert!(operation.description["summary"].is_string(), "{id} has no summary");
        assert!(operation.description["tags"][0].is_string(), "{id} has no tag");
        let responses = operation.description["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with(['2', '3'])), "{id}");
        if !PUBLIC.contains(&id.as_str()) {
            assert!(responses.contains_key("401"), "{id} does not say 401");
        }
        for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
            // HEAD answers have no body.
            if operation.verb == "HEAD" {
                continue;
            }
            let content = response["content"].as_object().and_then(|content| content.values().next());
            let schema = content.map(|content| content["schema"]["$ref"].clone());
            assert_eq!(schema, Some("#/components/schemas/Problem".into()), "{id} {status}");
        }
        let schema = &operation.description["requestBody"]["content"]["application/json"]["schema"];
        if let Some(reference) = schema["$ref"].as_str() {
            let schema = document.pointer(reference.strip_prefix('#').unwrap()).unwrap();
            assert_eq!(schema["additionalProperties"], false, "{id} takes fields that it does not know");
        }
        for parameter in operation.path.split('/').filter_map(|part| part.strip_prefix('{')) {
            let name = parameter.split('}').next().unwrap();
            let known = operation.description["parameters"].as_array().unwrap();
            assert!(known.iter().any(|known| known["name"] == name && known["in"] == "path"), "{id} {name}");
        }
    }
}

#[tokio::test]
async fn every_reference_in_the_document_leads_somewhere() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let app = TestApp::start().await;
    let document = app.visitor().get("/api/openapi.json").await.json();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 50);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn the_reader_shows_every_operation_without_scripts() {
    let app = TestApp::start().await;
    let page = app.visitor().get("/api/docs").await.is(200);
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    let text = page.text();
    assert!(!text.contains("<script"));
    for operation in operations(&app.visitor()).await {
        assert!(text.contains(&format!("id=\"{}\"", operation.id)), "{}", operation.id);
    }
}

#[tokio::test]
async fn the_type_of_a_problem_leads_to_what_its_code_means() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let problem = visitor.get("/me").await.refuses(401, "unauthenticated").json();
    let (path, place) = problem["type"].as_str().unwrap().split_once('#').unwrap();
    let page = visitor.get(path).await.is(200).text();
    assert!(page.contains(&format!("<tr id=\"{place}\"><td><code>unauthenticated</code></td><td>401</td>")));
}

#[tokio::test]
async fn operators_get_liveness_readiness_and_metrics() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    assert_eq!(visitor.get("/health/live").await.is(200).json()["status"], "live");
    assert_eq!(visitor.get("/health/ready").await.is(200).json()["status"], "ready");
    visitor.get("/me").await.is(401);
    let metrics: Answer = visitor.get("/metrics").await.is(200);
    assert!(metrics.header("content-type").starts_with("text/plain"));
    let text = metrics.text();
    assert!(text.contains("memoreel_requests_total"), "{text}");
    assert!(text.contains("memoreel_database_connections"), "{text}");
}

#[tokio::test]
async fn readiness_fails_while_the_database_is_gone_and_liveness_does_not() {
    let app = TestApp::start().await;
    app.db().close().await;
    app.visitor().get("/health/live").await.is(200);
    app.visitor().get("/health/ready").await.refuses(503, "database_unavailable");
    app.visitor().get("/me").await.is(401);
}
