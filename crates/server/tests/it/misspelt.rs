//! What is misspelt or of another type is refused, and named.

use crate::{app::TestApp, client::send, openapi::operations, problems::UNKNOWN};
use serde_json::json;

#[tokio::test]
async fn a_parameter_that_an_operation_does_not_have_is_refused_by_its_name() {
    // Providers of sign-in and whoever was given an address add what they like.
    const TOLERANT: [&str; 2] = ["finish_provider_sign_in", "put_upload_content"];
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let mut asked = 0;
    for operation in operations(&app.visitor()).await {
        let parameters = operation.description["parameters"].as_array().cloned().unwrap_or_default();
        if TOLERANT.contains(&operation.id.as_str())
            || !parameters.iter().any(|parameter| parameter["in"] == "query")
        {
            continue;
        }
        let path = operation.path.replace("{id}", UNKNOWN);
        let request = ada.request(&operation.verb, &path).query(&[("nobody_knows", "1")]);
        let problem = send(request).await.refuses(422, "parameters_invalid").json();
        assert_eq!(problem["errors"][0]["field"], "nobody_knows", "{}: {problem}", operation.id);
        asked += 1;
    }
    assert!(asked >= 20, "{asked}");
}

#[tokio::test]
async fn what_is_wrong_with_input_that_cannot_be_read_is_said_field_by_field() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    for (answer, field, detail) in [
        (ada.get("/videos?limit=many").await, "limit", "`limit`: invalid digit found in string."),
        (ada.get("/search").await, "q", "Missing field `q`."),
        (ada.post("/channels", &json!({})).await, "name", "Missing field `name`."),
        (
            ada.post("/channels", &json!({ "name": 5 })).await,
            "name",
            "`name`: invalid type: integer `5`, expected a string.",
        ),
        (
            send(
                ada.request("PUT", "/organization/encoding")
                    .json(&json!({ "codec": "h264", "steps": [{ "size": 1 }] })),
            )
            .await,
            "steps.0.size",
            "Unknown field `size`, expected ",
        ),
    ] {
        let problem = answer.is(422).json();
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
        assert!(problem["detail"].as_str().unwrap().starts_with(detail), "{problem}");
    }
    let broken = ada.request("POST", "/channels").header("content-type", "application/json").body("{");
    let problem = send(broken).await.refuses(400, "body_not_json").json();
    assert_eq!(problem["detail"], "The body is not JSON: EOF while parsing an object at line 1 column 1.");
}
