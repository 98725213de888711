//! `codegen`: the files that are generated and committed, renewed or checked.
//!
//! The queries' offline data comes from the macros themselves: with `DATABASE_URL` set and `SQLX_OFFLINE=false` they ask
//! the database, and write what they learn into `SQLX_OFFLINE_DIR` (sqlx-macros-core, `query/data.rs`).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use clap::Args;
use memoreel_parts::Parts;

use crate::scratch_database::ScratchDatabase;
use crate::{server_process, setup, shell};

#[derive(Args)]
pub struct Options {
    /// Change nothing; fail when a file is stale, and show how
    #[arg(long)]
    check: bool,
    /// Renew the queries of this package only, and no other file; for when the rest does not compile
    #[arg(long, conflicts_with = "check")]
    package: Vec<String>,
}

/// Lines of a difference that are shown.
const DIFF_LINES_MAX: usize = 60;

pub fn run(options: &Options) -> Result<()> {
    setup::fetch_parts()?;
    let output = Output { check: options.check };
    let database = ScratchDatabase::start()?;
    let folder = shell::root().join(".sqlx");
    let mut queries = query_data(&database.url, &options.package)?;
    if !options.package.is_empty() {
        // What the other packages ask stays as it is.
        let others = read_folder(&folder)?.into_iter().filter(|(name, _)| !queries.contains_key(name));
        queries.extend(others.collect::<Vec<_>>());
        return output.settle_folder(&folder, queries);
    }
    output.settle_folder(&folder, queries)?;
    output.settle("schema.sql", &schema(&database.url)?)?;
    drop(database);
    output.settle("openapi.json", &openapi()?)?;
    let types = typescript(output.candidate("openapi.json"))?;
    output.settle("ui/src/api/schema.gen.ts", &types)?;
    output.settle("clients/typescript/src/schema.gen.ts", &types)?;
    shell::say(if options.check { "generated files are up to date" } else { "generated files are renewed" });
    Ok(())
}

/// Either writes what was generated or holds it against what is committed.
struct Output {
    check: bool,
}

impl Output {
    /// Where the file as generated just now can be read.
    fn candidate(&self, path: &str) -> PathBuf {
        if self.check { generated_folder().join(path.replace('/', "-")) } else { shell::root().join(path) }
    }

    fn settle(&self, path: &str, content: &[u8]) -> Result<()> {
        let candidate = self.candidate(path);
        let committed = shell::root().join(path);
        let current = fs::read(&committed).unwrap_or_default();
        if self.check || current != content {
            write(&candidate, content)?;
        }
        if self.check && current != content {
            show_difference(&committed, &candidate);
            bail!("{path} is stale; run `cargo xtask codegen` and commit what it writes");
        }
        Ok(())
    }

    fn settle_folder(&self, folder: &Path, content: BTreeMap<String, Vec<u8>>) -> Result<()> {
        let current = read_folder(folder)?;
        let stale: Vec<&String> = current.keys().filter(|name| !content.contains_key(*name)).collect();
        let changed: Vec<&String> = content
            .iter()
            .filter(|(name, text)| current.get(*name) != Some(*text))
            .map(|(name, _)| name)
            .collect();
        if stale.is_empty() && changed.is_empty() {
            return Ok(());
        }
        if self.check {
            stale.iter().for_each(|name| eprintln!("no query any more: {name}"));
            changed.iter().for_each(|name| eprintln!("absent or different: {name}"));
            bail!("{} is stale; run `cargo xtask codegen` and commit what it writes", folder.display());
        }
        for name in stale {
            fs::remove_file(folder.join(name))?;
        }
        for name in changed {
            write(&folder.join(name), content.get(name).map_or(&[], Vec::as_slice))?;
        }
        Ok(())
    }
}

/// What the macros of the packages, or of the whole workspace, learn from the database: file name to content.
fn query_data(url: &str, packages: &[String]) -> Result<BTreeMap<String, Vec<u8>>> {
    let folder = generated_folder().join("sqlx");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    touch_crates_with_queries()?;
    shell::say("checking every query against the database");
    let mut cargo = shell::cargo();
    cargo.args(["check", "--quiet", "--all-targets"]);
    match packages {
        [] => cargo.arg("--workspace"),
        packages => cargo.args(packages.iter().flat_map(|package| ["--package", package])),
    };
    cargo.env("DATABASE_URL", url).env("SQLX_OFFLINE", "false").env("SQLX_OFFLINE_DIR", &folder);
    shell::run(&mut cargo)?;
    read_folder(&folder)
}

/// Macros write only when they are expanded, and cargo expands only what changed.
fn touch_crates_with_queries() -> Result<()> {
    for entry in fs::read_dir(shell::root().join("crates"))? {
        let crate_dir = entry?.path();
        if !has_query(&crate_dir)? {
            continue;
        }
        for root in ["src/lib.rs", "src/main.rs"].map(|name| crate_dir.join(name)) {
            if root.is_file() {
                File::options().append(true).open(root)?.set_modified(SystemTime::now())?;
            }
        }
    }
    Ok(())
}

fn has_query(folder: &Path) -> Result<bool> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let found = if path.is_dir() {
            has_query(&path)?
        } else {
            path.extension().is_some_and(|extension| extension == "rs") && {
                let text = fs::read_to_string(&path)?;
                ["query!(", "query_as!(", "query_scalar!("].iter().any(|form| text.contains(form))
            }
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

fn schema(url: &str) -> Result<Vec<u8>> {
    let mut pg_dump = shell::command(Parts::locate()?.postgres()?.join("bin/pg_dump"));
    pg_dump.args(["--schema-only", "--no-owner", "--exclude-table=_sqlx_migrations"]);
    pg_dump.args(["--dbname", url]);
    let dump = String::from_utf8(shell::output(&mut pg_dump)?)?;
    Ok(normalised_schema(&dump).into_bytes())
}

/// Without what differs from run to run and from version to version of `pg_dump`.
fn normalised_schema(dump: &str) -> String {
    let mut text =
        "-- Today's schema, written by `cargo xtask codegen`. The migrations are the source.\n".to_owned();
    let is_noise = |line: &str| {
        [
            "\\restrict",
            "\\unrestrict",
            "-- Dumped ",
            "-- PostgreSQL database dump",
            "SET ",
            "SELECT pg_catalog.set_config",
        ]
        .iter()
        .any(|start| line.starts_with(start))
            || line == "--"
    };
    let mut blank = false;
    for line in dump.lines().filter(|line| !is_noise(line)) {
        if line.is_empty() {
            blank = true;
            continue;
        }
        if std::mem::take(&mut blank) {
            text.push('\n');
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

fn openapi() -> Result<Vec<u8>> {
    server_process::build_alone()?;
    shell::say("asking the server for its description");
    let mut text = shell::output(shell::command(server_process::program()).arg("openapi"))?;
    if text.last() != Some(&b'\n') {
        text.push(b'\n');
    }
    Ok(text)
}

fn typescript(openapi: PathBuf) -> Result<Vec<u8>> {
    let generated = generated_folder().join("schema.gen.ts");
    fs::create_dir_all(generated_folder())?;
    let mut npm = shell::npm();
    npm.args(["exec", "--", "openapi-typescript"]).arg(openapi).arg("--output").arg(&generated);
    shell::run(&mut npm)?;
    fs::read(&generated).with_context(|| format!("cannot read {}", generated.display()))
}

fn generated_folder() -> PathBuf {
    shell::target().join("codegen")
}

fn read_folder(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, fs::read(&path)?);
        }
    }
    Ok(files)
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

fn show_difference(committed: &Path, generated: &Path) {
    let mut diff = shell::command("diff");
    // Its exit status says only that there is a difference.
    if let Ok(output) = diff.arg("--unified").arg("--new-file").arg(committed).arg(generated).output() {
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .take(DIFF_LINES_MAX)
            .for_each(|line| eprintln!("{line}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_dump_loses_what_changes_without_the_schema() {
        let dump = "--\n-- PostgreSQL database dump\n--\n\n\\restrict a8f3\n\n-- Dumped from database version 18.4\n\
                    -- Dumped by pg_dump version 18.4\n\nSET statement_timeout = 0;\n\n--\n-- Name: t; Type: TABLE\n--\n\n\
                    CREATE TABLE t (\n    id uuid\n);\n\n\n\\unrestrict a8f3\n";
        let expected = "-- Today's schema, written by `cargo xtask codegen`. The migrations are the source.\n\n\
                        -- Name: t; Type: TABLE\n\nCREATE TABLE t (\n    id uuid\n);\n";
        assert_eq!(normalised_schema(dump), expected);
    }
}
