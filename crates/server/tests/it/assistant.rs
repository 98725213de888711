//! An assistant with the official SDK of the Model Context Protocol, as a process of its own.

use crate::app::TestApp;
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
};
use tokio::process::Command;

/// Where an assistant finds the tools.
#[derive(Debug, Clone)]
pub struct Transport(Value);

impl Transport {
    /// By HTTP, with a key or without one.
    pub fn http(app: &TestApp, key: Option<&str>) -> Self {
        Self(json!({ "url": format!("{}/mcp", app.base), "key": key }))
    }

    /// By `memoreel mcp`, which may upload from these folders.
    pub fn stdio(app: &TestApp, key: &str, folders: &[&Path]) -> Self {
        let from = folders.iter().flat_map(|folder| ["--upload-from", folder.to_str().unwrap()]);
        let arguments: Vec<&str> = std::iter::once("mcp").chain(from).collect();
        Self(json!({
            "command": env!("CARGO_BIN_EXE_memoreel"),
            "args": arguments,
            "env": { "MEMOREEL_URL": app.base, "MEMOREEL_API_KEY": key },
            "stderr": "ignore",
        }))
    }
}

/// What came back.
#[derive(Debug)]
pub struct Session(pub Value);

impl Session {
    /// Names of the tools.
    pub fn tools(&self) -> Vec<&str> {
        let tools = self.0["tools"].as_array().unwrap_or_else(|| panic!("{:#}", self.0));
        tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect()
    }

    /// What the call with this number answered with, for programs.
    #[track_caller]
    pub fn answer(&self, number: usize) -> &Value {
        let result = &self.0["results"][number];
        assert!(result["isError"] != true && result["structuredContent"].is_object(), "{result:#}");
        &result["structuredContent"]
    }

    /// Its text, whether it is an answer or a refusal.
    #[track_caller]
    pub fn text(&self, number: usize) -> &str {
        let result = &self.0["results"][number];
        result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{result:#}"))
    }

    /// That the call was refused with a code.
    #[track_caller]
    pub fn refuses(&self, number: usize, code: &str) {
        assert_eq!(self.0["results"][number]["isError"], true, "{:#}", self.0["results"][number]);
        let text = self.text(number);
        let (told, sentence) = text.split_once(": ").unwrap_or_else(|| panic!("{text}"));
        assert_eq!(told, code, "{text}");
        assert!(sentence.len() > 10, "{text}");
    }
}

/// A session with these calls.
pub async fn session(transport: &Transport, calls: &[(&str, Value)]) -> Session {
    let calls: Vec<Value> =
        calls.iter().map(|(name, given)| json!({ "name": name, "arguments": given })).collect();
    let wanted = json!({ "transport": transport.0, "calls": calls });
    let ran = Command::new("node")
        .arg(script())
        .arg(wanted.to_string())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Session(serde_json::from_slice(&ran.stdout).unwrap())
}

/// The program beside its packages, where Node.js looks for them. Each test has a copy of its own.
fn script() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let installed = target.join("mcp-client");
    assert!(installed.join("node_modules").is_dir(), "`cargo xtask setup` installs what this test needs");
    let placed = installed.join(format!("session-{}.mjs", std::process::id()));
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mcp-client/session.mjs");
    std::fs::copy(program, &placed).unwrap();
    placed
}

/// A key of somebody, with the role that they have or a lesser one.
pub async fn key_of(person: &crate::client::Client, role: Option<&str>) -> String {
    let key = person.post("/api-keys", &json!({ "name": "Assistant", "role": role })).await.is(201).json();
    key["secret"].as_str().unwrap().to_owned()
}
