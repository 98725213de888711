//! Which crate may depend on which. Dependencies flow downwards only; a new edge is a commit of its own, with its reason.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::shell;

const PREFIX: &str = "memoreel-";

/// What every slice may use.
const PLATFORM: &[&str] = &[
    "kernel",
    "db",
    "blob",
    "media",
    "images",
    "documents",
    "ocr",
    "office",
    "ai",
    "mail",
    "outbound",
    "tasks",
    "web",
];
/// The slices that build on each other, each on any before it.
const SLICES: &[&str] =
    &["assets", "library", "transcripts", "search", "insights", "registry", "meetings", "imports", "demos"];
/// The slices that stand apart.
const SLICES_APART: &[&str] = &["identity", "audit", "webhooks", "automation", "operations"];
/// Above all slices: these know what each of them keeps.
const SLICES_ABOVE: &[&str] = &["privacy"];
/// Below the slices, crate by crate.
const LOWER: &[(&str, &[&str])] = &[
    ("kernel", &[]),
    ("parts", &[]),
    ("workers", &[]),
    ("db", &["kernel", "parts"]),
    ("blob", &["kernel"]),
    ("media", &["workers"]),
    ("images", &["parts", "workers"]),
    ("documents", &["parts", "workers"]),
    ("ocr", &["workers"]),
    ("office", &["workers"]),
    ("ai", &["kernel"]),
    ("mail", &["kernel"]),
    ("outbound", &[]),
    ("ai-local", &["kernel", "parts", "ai"]),
    ("tasks", &["kernel", "db"]),
    ("stores", &["kernel", "db", "blob"]),
    ("web", &["kernel", "db", "blob", "outbound", "tasks"]),
    ("client", &[]),
    ("mcp", &["client"]),
    ("evals", &[]),
    ("xtask", &["parts", "evals"]),
];
/// These hold everything together, and so may use everything except each other's kind.
const UPPER: &[&str] = &["server", "testkit", "benches", "fuzz"];
/// Which nothing may use.
const TOPS: &[&str] = &["xtask", "benches", "fuzz"];
/// What tests of any crate may use besides.
const TEST_ONLY: &[&str] = &["testkit", "parts"];

pub fn check() -> Result<Vec<String>> {
    let mut cargo = shell::cargo();
    let metadata = shell::output(cargo.args(["metadata", "--no-deps", "--format-version=1", "--offline"]))?;
    findings(&serde_json::from_slice(&metadata)?)
}

fn findings(metadata: &Value) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for package in metadata["packages"].as_array().context("cargo metadata lists no packages")? {
        let name = short(package["name"].as_str().unwrap_or_default());
        if !is_known(name) {
            findings.push(format!("{name}: a crate that xtask/src/tidy/edges.rs has no place for"));
            continue;
        }
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            // Only what lies in this checkout has a path.
            let Some(to) = dependency["path"].as_str().and(dependency["name"].as_str()).map(short) else {
                continue;
            };
            let for_tests = dependency["kind"] == "dev" && TEST_ONLY.contains(&to);
            if !for_tests && !may_depend(name, to) {
                findings.push(format!("{name} -> {to}: this edge between crates is not allowed"));
            }
        }
    }
    Ok(findings)
}

fn short(package: &str) -> &str {
    package.strip_prefix(PREFIX).unwrap_or(package)
}

fn is_known(name: &str) -> bool {
    LOWER.iter().any(|(known, _)| *known == name)
        || [SLICES, SLICES_APART, SLICES_ABOVE, UPPER].iter().any(|group| group.contains(&name))
}

fn may_depend(from: &str, to: &str) -> bool {
    if let Some((_, allowed)) = LOWER.iter().find(|(name, _)| *name == from) {
        return allowed.contains(&to);
    }
    if UPPER.contains(&from) {
        // The test kit and the benches drive the server as a whole.
        return !TOPS.contains(&to) && (!UPPER.contains(&to) || from != "server");
    }
    if SLICES_ABOVE.contains(&from) {
        return [PLATFORM, SLICES, SLICES_APART].iter().any(|group| group.contains(&to));
    }
    let position = |name: &str| SLICES.iter().position(|slice| *slice == name);
    let below = matches!((position(from), position(to)), (Some(from), Some(to)) if to < from);
    PLATFORM.contains(&to) || below
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(from: &str, to: &str, kind: &Value) -> Vec<String> {
        let dependency = json!({"name": format!("memoreel-{to}"), "path": "/x", "kind": kind});
        let package = json!({"name": format!("memoreel-{from}"), "dependencies": [dependency]});
        findings(&json!({"packages": [package]})).unwrap()
    }

    #[test]
    fn slices_use_the_platform_and_the_slices_before_them_and_no_others() {
        for (from, to) in [
            ("search", "transcripts"),
            ("insights", "ai"),
            ("identity", "web"),
            ("server", "ai-local"),
            ("privacy", "identity"),
            ("privacy", "assets"),
            ("fuzz", "assets"),
        ] {
            assert_eq!(found(from, to, &Value::Null), Vec::<String>::new(), "{from} -> {to}");
        }
        for (from, to) in [
            ("transcripts", "search"),
            ("library", "identity"),
            ("identity", "assets"),
            ("identity", "privacy"),
            ("privacy", "server"),
            ("db", "tasks"),
            ("search", "ai-local"),
            ("web", "server"),
            ("server", "testkit"),
            ("benches", "fuzz"),
        ] {
            assert_eq!(found(from, to, &Value::Null).len(), 1, "{from} -> {to}");
        }
    }

    #[test]
    fn tests_may_use_the_test_kit_but_nothing_else_upwards() {
        assert_eq!(found("library", "testkit", &json!("dev")), Vec::<String>::new());
        assert_eq!(found("library", "testkit", &Value::Null).len(), 1);
        assert_eq!(found("library", "search", &json!("dev")).len(), 1);
    }

    #[test]
    fn an_unknown_crate_needs_a_place_first() {
        let found =
            findings(&json!({"packages": [{"name": "memoreel-helpers", "dependencies": []}]})).unwrap();
        assert_eq!(found.len(), 1);
    }
}
