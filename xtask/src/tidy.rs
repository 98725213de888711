//! `tidy`: the rules that no compiler holds. Each rule is a module that returns what it found.

mod codes;
mod edges;
mod files;
mod settings;
mod sql;
mod words;

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::shell;

/// A file of the checkout that somebody wrote.
pub struct SourceFile {
    /// Relative to the root, with `/` between folders.
    pub path: String,
    /// What is in it.
    pub text: String,
}

impl SourceFile {
    /// The part of the name after the last full stop.
    pub fn extension(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// Whether it is compiled into the product.
    pub fn is_product_code(&self) -> bool {
        let mut folders = self.path.split('/');
        self.extension() == "rs" && folders.next() == Some("crates") && folders.nth(1) == Some("src")
    }

    /// Its lines with their numbers, from 1.
    pub fn numbered_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

pub fn run() -> Result<()> {
    let begun = Instant::now();
    let files = source_files()?;
    let mut findings = edges::check()?;
    findings.extend(files.iter().flat_map(files::check));
    findings.extend(files.iter().flat_map(words::check));
    findings.extend(files.iter().flat_map(sql::check));
    findings.extend(settings::check(&files));
    findings.extend(codes::check(&files));
    for finding in &findings {
        eprintln!("{finding}");
    }
    if !findings.is_empty() {
        bail!("tidy found {} things to put right", findings.len());
    }
    shell::say(format!("tidy: {} files in {} ms", files.len(), begun.elapsed().as_millis()));
    Ok(())
}

/// What git tracks or would track, without what is generated or not text.
fn source_files() -> Result<Vec<SourceFile>> {
    let mut git = shell::command("git");
    let listed = shell::output(git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))?;
    let listed = String::from_utf8(listed)?;
    let paths = listed.split('\0').filter(|path| !path.is_empty() && !is_generated(path));
    let read = |path: &str| {
        let file: PathBuf = shell::root().join(path);
        // Not UTF-8 means not text; not there means deleted and not yet committed.
        fs::read_to_string(file).ok().map(|text| SourceFile { path: path.to_owned(), text })
    };
    Ok(paths.filter_map(read).collect())
}

fn is_generated(path: &str) -> bool {
    path.starts_with(".sqlx/")
        || path.contains(".gen.")
        || path.ends_with("-lock.json")
        || path.ends_with(".snap")
        || ["Cargo.lock", "schema.sql", "openapi.json"].contains(&path)
}
