//! What the server's log says that no input may bring about.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Errors are ours by definition; warnings are about the input, except these.
const FAULTS: [&str; 5] =
    [" ERROR ", "panicked at", "the speech worker died", "code=\"internal\"", "left this task behind"];

/// Reads a growing log from where it stopped.
pub struct LogReader {
    file: PathBuf,
    read_bytes: usize,
}

impl LogReader {
    pub fn new(file: &Path) -> Self {
        Self { file: file.to_owned(), read_bytes: 0 }
    }

    /// The lines written since the last call that tell of a fault.
    pub fn faults(&mut self) -> Result<Vec<String>> {
        let log = fs::read(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        let news = String::from_utf8_lossy(&log[self.read_bytes.min(log.len())..]).into_owned();
        self.read_bytes = log.len();
        Ok(faults(&news))
    }
}

fn faults(log: &str) -> Vec<String> {
    let lines = log.lines().map(without_colours);
    lines.filter(|line| FAULTS.iter().any(|fault| line.contains(fault))).collect()
}

/// The text without the escape sequences of terminals.
fn without_colours(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_found_behind_colours_and_warnings_about_input_are_none() {
        let log = "\u{1b}[2m2026\u{1b}[0m \u{1b}[31mERROR\u{1b}[0m memoreel_web: request failed\n\
                   2026  WARN task failed \u{1b}[3mcode\u{1b}[0m\u{1b}[2m=\u{1b}[0m\"media_damaged\"\n\
                   thread 'x' panicked at src/lib.rs:1:1:\n";
        let found = faults(log);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains(" ERROR memoreel_web"));
    }
}
