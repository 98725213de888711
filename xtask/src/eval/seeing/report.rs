//! What was seen, to people and to programs.

use std::fmt;

use memoreel_evals::word_error::Edits;
use serde::Serialize;

use super::changes::Changes;

const NAME_LENGTH_MAX: usize = 48;

#[derive(Serialize)]
pub struct Row {
    /// Relative to the folder of recordings.
    pub file: String,
    pub key_frames: usize,
    /// Absent where nobody said when it changes.
    pub changes: Option<Changes>,
    pub words: Edits,
    pub word_count: usize,
    pub letters: Edits,
    pub letter_count: usize,
    /// Slides that were searched by a line of theirs.
    pub searches: usize,
    pub searches_found: usize,
    /// Why it failed, as the server says it.
    pub error: Option<String>,
}

#[derive(Serialize)]
pub struct Report {
    pub score: Score,
    pub tolerance_ms: u64,
    pub files: Vec<Row>,
}

/// Over all recordings together; absent where there is nothing to get wrong.
#[derive(Serialize)]
pub struct Score {
    /// Of the changes that are there, the share that was found within the tolerance.
    pub change_recall: Option<f64>,
    /// Of the changes that were found, the share that is there.
    pub change_precision: Option<f64>,
    pub change_f1: Option<f64>,
    /// How far off they are, on average.
    pub change_off_ms: Option<f64>,
    /// One less the word error rate of what is on screen.
    pub word_accuracy: Option<f64>,
    /// The same by letters and digits.
    pub letter_accuracy: Option<f64>,
    /// Of the slides that were searched by a line of theirs, the share to which it leads.
    pub found_by_search: Option<f64>,
}

impl Report {
    pub fn new(files: Vec<Row>, tolerance_ms: u64) -> Self {
        let changes = files.iter().filter_map(|row| row.changes).fold(Changes::default(), Changes::plus);
        let (recall, precision) =
            (share(changes.right, changes.expected), share(changes.right, changes.right + changes.wrong));
        let sum = |of: fn(&Row) -> usize| files.iter().map(of).sum::<usize>();
        let edited = |of: fn(&Row) -> Edits| files.iter().map(of).fold(Edits::default(), Edits::plus).total();
        let f1 = recall.zip(precision).filter(|(recall, precision)| recall + precision > 0.0);
        let score = Score {
            change_recall: recall,
            change_precision: precision,
            change_f1: f1.map(|(recall, precision)| 2.0 * recall * precision / (recall + precision)),
            change_off_ms: share(usize::try_from(changes.off_ms).unwrap_or(usize::MAX), changes.right),
            word_accuracy: share(edited(|row| row.words), sum(|row| row.word_count)).map(|rate| 1.0 - rate),
            letter_accuracy: share(edited(|row| row.letters), sum(|row| row.letter_count))
                .map(|rate| 1.0 - rate),
            found_by_search: share(sum(|row| row.searches_found), sum(|row| row.searches)),
        };
        Self { score, tolerance_ms, files }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl fmt::Display for Report {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            output,
            "{:<NAME_LENGTH_MAX$} frames changes  found  wrong  words letters  searched",
            "Recording"
        )?;
        for row in &self.files {
            let changes = row.changes.map_or_else(
                || format!("{:>7} {:>6} {:>6}", "-", "-", "-"),
                |changes| format!("{:>7} {:>6} {:>6}", changes.expected, changes.right, changes.wrong),
            );
            let accuracy = |edits: Edits, count| percent(share(edits.total(), count).map(|rate| 1.0 - rate));
            writeln!(
                output,
                "{:<NAME_LENGTH_MAX$} {:>6} {changes} {:>6} {:>7} {:>9}",
                super::super::report::ending(&row.file, NAME_LENGTH_MAX),
                row.key_frames,
                accuracy(row.words, row.word_count),
                accuracy(row.letters, row.letter_count),
                format!("{}/{}", row.searches_found, row.searches),
            )?;
            if let Some(error) = &row.error {
                writeln!(output, "    the server says: {error}")?;
            }
        }
        let Score { change_recall, change_precision, change_f1, change_off_ms, .. } = self.score;
        writeln!(output)?;
        writeln!(output, "Changes within {} ms", self.tolerance_ms)?;
        writeln!(output, "  recall          {}", percent(change_recall))?;
        writeln!(output, "  precision       {}", percent(change_precision))?;
        writeln!(output, "  F1              {}", percent(change_f1))?;
        if let Some(off_ms) = change_off_ms {
            writeln!(output, "  off by          {off_ms:.0} ms")?;
        }
        writeln!(output, "Words read        {}", percent(self.score.word_accuracy))?;
        writeln!(output, "Letters read      {}", percent(self.score.letter_accuracy))?;
        writeln!(output, "Found by search   {}", percent(self.score.found_by_search))
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0))
}
