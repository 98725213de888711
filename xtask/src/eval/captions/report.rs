//! What became of each caption file, to people and to programs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A line of a file and what is said about it.
#[derive(Serialize, Deserialize)]
pub struct Remark {
    pub line: usize,
    pub reason: String,
}

#[derive(Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Everything that a warning does not name came through.
    Lossless { cues: usize, warnings: Vec<Remark> },
    /// Something is missing without a word, or the file was refused without a line and a reason.
    Lost { losses: Vec<String>, warnings: Vec<Remark> },
    /// The file was refused with a line and a reason.
    Refused(Remark),
}

#[derive(Serialize)]
pub struct Journey {
    /// Relative to the folder of captions.
    pub file: String,
    #[serde(flatten)]
    pub outcome: Outcome,
}

#[derive(Serialize)]
pub struct Report {
    pub score: Score,
    pub files: Vec<Journey>,
}

/// Counts of files.
#[derive(Serialize)]
pub struct Score {
    pub lossless: usize,
    pub lost: usize,
    pub refused: usize,
}

impl Report {
    pub fn new(files: Vec<Journey>) -> Self {
        let count = |is: fn(&Outcome) -> bool| files.iter().filter(|journey| is(&journey.outcome)).count();
        let score = Score {
            lossless: count(|outcome| matches!(outcome, Outcome::Lossless { .. })),
            lost: count(|outcome| matches!(outcome, Outcome::Lost { .. })),
            refused: count(|outcome| matches!(outcome, Outcome::Refused(_))),
        };
        Self { score, files }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Journey { file, outcome } in &self.files {
            match outcome {
                Outcome::Lossless { cues, warnings } => {
                    writeln!(output, "lossless  {file} ({cues} cues)")?;
                    write_remarks(output, warnings)?;
                }
                Outcome::Lost { losses, warnings } => {
                    writeln!(output, "lost      {file}")?;
                    losses.iter().try_for_each(|loss| writeln!(output, "          {loss}"))?;
                    write_remarks(output, warnings)?;
                }
                // The reason names the line.
                Outcome::Refused(Remark { reason, .. }) => {
                    writeln!(output, "refused   {file}\n          {reason}")?;
                }
            }
        }
        let Score { lossless, lost, refused } = &self.score;
        writeln!(output, "\n{lossless} lossless, {lost} lost, {refused} refused with a line and a reason")
    }
}

fn write_remarks(output: &mut fmt::Formatter<'_>, remarks: &[Remark]) -> fmt::Result {
    remarks
        .iter()
        .try_for_each(|remark| writeln!(output, "          line {}: {}", remark.line, remark.reason))
}
