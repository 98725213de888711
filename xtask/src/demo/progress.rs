//! Bars on a terminal, lines elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

const NAME_WIDTH: usize = 24;

/// The progress of several recordings.
pub struct Progress {
    /// Absent when standard error is no terminal.
    bars: Option<MultiProgress>,
    bar_of: BTreeMap<String, ProgressBar>,
    /// The stage that was last shown in a line, by recording.
    stage_of: BTreeMap<String, String>,
}

impl Progress {
    pub fn new() -> Self {
        let bars = std::io::stderr().is_terminal().then(MultiProgress::new);
        Self { bars, bar_of: BTreeMap::new(), stage_of: BTreeMap::new() }
    }

    /// Shows where a recording stands.
    pub fn show(&mut self, name: &str, stage: &str, percent: u64) {
        match self.bar(name) {
            Some(bar) => {
                bar.set_position(percent);
                bar.set_message(stage.to_owned());
            }
            None => self.line(name, stage),
        }
    }

    /// Shows that nothing more happens to a recording.
    pub fn finish(&mut self, name: &str, word: &str) {
        match self.bar(name) {
            Some(bar) => {
                bar.set_position(100);
                bar.finish_with_message(word.to_owned());
            }
            None => self.line(name, word),
        }
    }

    fn bar(&mut self, name: &str) -> Option<&ProgressBar> {
        let bars = self.bars.as_ref()?;
        let bar = self.bar_of.entry(name.to_owned()).or_insert_with(|| {
            let style = ProgressStyle::with_template("{prefix} {bar:30} {percent:>3}% {msg}");
            let bar = ProgressBar::new(100).with_prefix(format!("{name:<NAME_WIDTH$}"));
            bars.add(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
        });
        Some(bar)
    }

    fn line(&mut self, name: &str, stage: &str) {
        if self.stage_of.get(name).is_none_or(|shown| shown != stage) {
            eprintln!("{name:<NAME_WIDTH$} {stage}");
            self.stage_of.insert(name.to_owned(), stage.to_owned());
        }
    }
}
