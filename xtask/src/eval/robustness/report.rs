//! What became of each file, to people and to programs.

use std::fmt;

use serde::Serialize;

#[derive(Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    Completed,
    /// Refused or failed with a sentence.
    Failed {
        code: String,
        message: String,
    },
    /// The server or a worker ended, panicked, answered with 500 or failed for no reason that it could name.
    Crashed {
        reason: String,
    },
    /// It was in this stage for far too long.
    Hung {
        stage: String,
    },
}

#[derive(Serialize)]
pub struct Journey {
    /// Relative to the folder of the data.
    pub file: String,
    pub seconds: f64,
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
    pub completed: usize,
    pub failed: usize,
    pub crashed: usize,
    pub hung: usize,
}

impl Report {
    pub fn new(files: Vec<Journey>) -> Self {
        let count = |is: fn(&Outcome) -> bool| files.iter().filter(|journey| is(&journey.outcome)).count();
        let score = Score {
            completed: count(|outcome| matches!(outcome, Outcome::Completed)),
            failed: count(|outcome| matches!(outcome, Outcome::Failed { .. })),
            crashed: count(|outcome| matches!(outcome, Outcome::Crashed { .. })),
            hung: count(|outcome| matches!(outcome, Outcome::Hung { .. })),
        };
        Self { score, files }
    }

    pub fn is_robust(&self) -> bool {
        self.score.crashed == 0 && self.score.hung == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Journey { file, seconds, outcome } in &self.files {
            match outcome {
                Outcome::Completed => writeln!(output, "completed {seconds:>6.1} s  {file}")?,
                Outcome::Failed { code, message } => {
                    writeln!(
                        output,
                        "failed    {seconds:>6.1} s  {file}\n                    {code}: {message}"
                    )?;
                }
                Outcome::Crashed { reason } => {
                    writeln!(output, "CRASHED   {seconds:>6.1} s  {file}\n                    {reason}")?;
                }
                Outcome::Hung { stage } => {
                    writeln!(
                        output,
                        "HUNG      {seconds:>6.1} s  {file}\n                    in the stage {stage}"
                    )?;
                }
            }
        }
        let Score { completed, failed, crashed, hung } = &self.score;
        writeln!(
            output,
            "\n{completed} completed, {failed} failed with a message, {crashed} crashed, {hung} hung"
        )
    }
}
