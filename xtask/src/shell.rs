//! Running other programs, and where things are in the checkout.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The root of the checkout.
pub fn root() -> &'static Path {
    // This package lies one folder below it.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The folder of the web app.
pub fn ui() -> PathBuf {
    root().join("ui")
}

/// The folder of the client for TypeScript.
pub fn typescript_client() -> PathBuf {
    root().join("clients/typescript")
}

/// Cargo's output folder.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A command that runs in the root of the checkout.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// The cargo that runs us.
pub fn cargo() -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Builds a program, with cargo's options to choose it, and says nothing unless that fails.
///
/// The whole workspace is named, though no more of it is built than the program needs: so dependencies have the same features for
/// every program and for the tests, and none is compiled twice.
pub fn build(options: &[&str]) -> Result<()> {
    run(cargo().args(["build", "--quiet", "--workspace"]).args(options))
}

/// npm, in the folder of the web app.
pub fn npm() -> Command {
    let mut command = Command::new("npm");
    command.current_dir(ui());
    command
}

/// Runs a command, its output going to standard error, so that standard output stays free for a report.
pub fn run(command: &mut Command) -> Result<()> {
    let name = describe(command);
    let status =
        command.stdout(std::io::stderr()).status().with_context(|| format!("cannot run `{name}`"))?;
    if status.success() { Ok(()) } else { bail!("`{name}` failed: {status}") }
}

/// Runs a command like [`run`], and when it fails repeats those lines of its standard error that `tell` what is wrong: they may be
/// thousands of lines up.
pub fn run_telling(command: &mut Command, mut tell: impl FnMut(&str) -> bool) -> Result<()> {
    let name = describe(command);
    let mut child = command
        .stdout(std::io::stderr())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run `{name}`"))?;
    let mut told: Vec<String> = Vec::new();
    for line in child.stderr.take().into_iter().flat_map(|stderr| BufReader::new(stderr).split(b'\n')) {
        let line = String::from_utf8_lossy(&line?).into_owned();
        eprintln!("{line}");
        if tell(&line) && !told.contains(&line) {
            told.push(line);
        }
    }
    let status = child.wait()?;
    if status.success() { Ok(()) } else { bail!("`{name}` failed: {status}\n{}", told.join("\n")) }
}

/// Runs a command and returns what it wrote to standard output.
pub fn output(command: &mut Command) -> Result<Vec<u8>> {
    let name = describe(command);
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot run `{name}`"))?;
    if output.status.success() { Ok(output.stdout) } else { bail!("`{name}` failed: {}", output.status) }
}

/// Whether a command succeeds; its output is dropped.
pub fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// Whether a program is on the path.
pub fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// Prints the result of a command to standard output: as JSON for programs, or as its author would have people read it.
pub fn print_report(report: &(impl serde::Serialize + std::fmt::Display), is_json: bool) -> Result<()> {
    if is_json {
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}

/// One line of progress.
pub fn say(text: impl std::fmt::Display) {
    eprintln!("==> {text}");
}

fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
