//! The OpenAPI document, and a page that shows it to people without any script.

use axum::{
    Router,
    body::Bytes,
    http::{HeaderValue, header},
    response::{Html, IntoResponse},
    routing::get,
};
use memoreel_web::App;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd, html::push_html};
use serde_json::Value;
use std::fmt::Write;
use utoipa::openapi::OpenApi;

/// The page loads its own style sheet, and nothing else.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// `/api/openapi.json`, and `/api/docs` with its style sheet.
pub fn router(document: OpenApi) -> Router<App> {
    let document = serde_json::to_value(&document).unwrap_or_default();
    let page = Bytes::from(page(&document));
    let json = Bytes::from(document.to_string());
    Router::new()
        .route("/api/openapi.json", get(move || std::future::ready(openapi(json.clone()))))
        .route("/api/docs", get(move || std::future::ready(reader(page.clone()))))
        .route("/api/docs.css", get(|| std::future::ready(([(header::CONTENT_TYPE, "text/css")], STYLE))))
}

fn openapi(json: Bytes) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], json)
}

fn reader(page: Bytes) -> impl IntoResponse {
    ([(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY))], Html(page))
}

const HEAD: &str = r##"<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Memoreel API</title><link rel="stylesheet" href="/api/docs.css"></head><body>"##;

const STYLE: &str = r##":root{color-scheme:light dark;--line:light-dark(#ddd8d0,#3a3733);--dim:light-dark(#6a655d,#a39d93);--code:light-dark(#f5f2ed,#24221f)}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;background:light-dark(#fdfcfa,#181715);color:light-dark(#211f1c,#ece8e1)}
h1{font-size:28px}h3{font-size:17px;margin-top:2rem}h2{font-size:20px;margin-top:2.5rem;text-transform:capitalize}
details{border:1px solid var(--line);border-radius:8px;margin:8px 0;padding:8px 12px}summary{cursor:pointer}
code{font:14px ui-monospace,monospace;background:var(--code);padding:1px 4px;border-radius:4px}b.verb{display:inline-block;min-width:4.5em;font:600 13px ui-monospace,monospace}
.dim{color:var(--dim)}table{border-collapse:collapse;width:100%;font-size:14px}td,th{text-align:left;vertical-align:top;border-top:1px solid var(--line);padding:4px 8px 4px 0}
pre{background:var(--code);padding:12px;border-radius:8px;overflow-x:auto;font-size:13px}
tr:target{background:var(--code)}
@media(max-width:40rem){.errors th{display:none}.errors tr,.errors td{display:block}.errors tr{border-top:1px solid var(--line);padding:8px 0}
.errors td{border:0;padding:0}code{overflow-wrap:anywhere}}
"##;

/// What every error code means, in Markdown.
const ERRORS: &str = include_str!("../../../docs/errors.md");

/// How messages are to be read; the rest of it is in docs/webhooks.md.
const MESSAGES: &str = r##"<h2 id="messages">Messages to webhooks</h2><p>Sent to the endpoints that ask for them, and signed as
Standard Webhooks (standardwebhooks.com) has it: <code>webhook-signature</code> holds <code>v1,</code> and the
HMAC-SHA-256 of <code>webhook-id.webhook-timestamp.body</code> in base 64, under what stands behind <code>whsec_</code> of the secret in base 64.</p>"##;

/// Operations by tag, each with its parameters, body and answers; then messages, errors, and the schemas.
fn page(document: &Value) -> String {
    let mut page = String::from(HEAD);
    let info = &document["info"];
    let _ = write!(
        page,
        "<h1>Memoreel API</h1><p>{}</p><p><a href=\"/api/openapi.json\">openapi.json</a> <span class=dim>OpenAPI {}</span></p>",
        escaped(&info["description"]),
        escaped(&document["openapi"]),
    );
    let mut tag = String::new();
    for (path, verb, operation) in operations(document, "paths") {
        let operation_tag = operation["tags"][0].as_str().unwrap_or("other");
        if operation_tag != tag {
            operation_tag.clone_into(&mut tag);
            let _ = write!(page, "<h2>{}</h2>", escape(operation_tag));
        }
        write_operation(&mut page, path, verb, operation);
    }
    page.push_str(MESSAGES);
    for (event, verb, operation) in operations(document, "webhooks") {
        write_operation(&mut page, event, verb, operation);
    }
    write_errors(&mut page);
    page.push_str("<h2>Schemas</h2>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let json = serde_json::to_string_pretty(schema).unwrap_or_default();
        let _ = write!(
            page,
            "<details id=\"schema-{0}\"><summary><code>{0}</code> <span class=dim>{1}</span></summary><pre>{2}</pre></details>",
            escape(name),
            escaped(&schema["description"]),
            escape(&json),
        );
    }
    page.push_str("</body></html>");
    page
}

fn operations<'a>(document: &'a Value, section: &str) -> Vec<(&'a str, &'a str, &'a Value)> {
    let paths = document[section].as_object().into_iter().flatten();
    let mut operations: Vec<_> = paths
        .flat_map(|(path, verbs)| {
            let verbs = verbs.as_object().into_iter().flatten();
            verbs.map(move |(verb, operation)| (path.as_str(), verb.as_str(), operation))
        })
        .filter(|(.., operation)| operation.get("operationId").is_some())
        .collect();
    operations.sort_by_key(|(path, _, operation)| {
        (operation["tags"][0].as_str().unwrap_or_default().to_owned(), (*path).to_owned())
    });
    operations
}

fn write_operation(page: &mut String, path: &str, verb: &str, operation: &Value) {
    let _ = write!(
        page,
        "<details id=\"{id}\"><summary><b class=verb>{verb}</b> <code>{path}</code> <span class=dim>{summary}</span></summary>\
         <p>{description}</p><p class=dim>Operation <code>{id}</code></p><table>",
        id = escaped(&operation["operationId"]),
        verb = escape(&verb.to_uppercase()),
        path = escape(path),
        summary = escaped(&operation["summary"]),
        description = escaped(&operation["description"]),
    );
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let required = if parameter["required"] == true { "required" } else { "" };
        let _ = write!(
            page,
            "<tr><td><code>{}</code></td><td class=dim>{} {required}</td><td>{}</td></tr>",
            escaped(&parameter["name"]),
            escaped(&parameter["in"]),
            escaped(&parameter["description"]),
        );
    }
    for (content_type, body) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
        let _ = write!(
            page,
            "<tr><td>body</td><td class=dim>{}</td><td>{}</td></tr>",
            escape(content_type),
            schema_name(&body["schema"])
        );
    }
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        let content = answer["content"].as_object().and_then(|content| content.values().next());
        let schema = content.map(|content| schema_name(&content["schema"])).unwrap_or_default();
        let _ = write!(
            page,
            "<tr><td>{}</td><td>{schema}</td><td>{}</td></tr>",
            escape(status),
            escaped(&answer["description"]),
        );
    }
    page.push_str("</table></details>");
}

/// The documentation's page as a part of this one, each row of its tables where `type` of a problem leads to.
fn write_errors(page: &mut String) {
    // What links lead to is not here.
    let is_link = |event: &Event| matches!(event, Event::Start(Tag::Link { .. }) | Event::End(TagEnd::Link));
    let events: Vec<_> =
        Parser::new_ext(ERRORS, Options::ENABLE_TABLES).filter(|event| !is_link(event)).collect();
    let shown = events.iter().enumerate().map(|(place, event)| match event {
        Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) => Event::Html("<h2 id=errors>".into()),
        Event::End(TagEnd::Heading(HeadingLevel::H1)) => Event::Html("</h2>".into()),
        Event::Start(Tag::Heading { .. }) => Event::Html("<h3>".into()),
        Event::End(TagEnd::Heading(_)) => Event::Html("</h3>".into()),
        Event::Start(Tag::TableRow) => {
            let code = events[place..].iter().find_map(|event| match event {
                Event::Code(code) => Some(escape(code)),
                _ => None,
            });
            Event::Html(format!("<tr id=\"problem-{}\">", code.unwrap_or_default()).into())
        }
        other => other.clone(),
    });
    page.push_str("<section class=errors>");
    push_html(page, shown);
    page.push_str("</section>");
}

fn schema_name(schema: &Value) -> String {
    let reference = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
    match reference {
        Some(name) => format!("<a href=\"#schema-{0}\"><code>{0}</code></a>", escape(name)),
        None => format!("<code>{}</code>", escaped(&schema["type"])),
    }
}

fn escaped(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
