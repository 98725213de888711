//! The scores of summaries and chapters, to people and to programs.

use std::collections::BTreeSet;
use std::fmt;

use memoreel_evals::boundaries::{Division, mean_division};
use memoreel_evals::rouge::{Rouge, mean_rouge};
use serde::Serialize;

/// One meeting.
#[derive(Serialize)]
pub struct Row {
    pub meeting: String,
    pub engine: String,
    /// Words of the product's summary, which is the length of all.
    pub words: usize,
    pub sentences: usize,
    /// Sentences of the product's summary that are not said in the seconds they name.
    pub uncited: usize,
    pub memoreel: Rouge,
    pub lead: Rouge,
    pub textrank: Rouge,
    pub oracle: Rouge,
    pub topics: usize,
    pub chapters: usize,
    pub divided: Division,
    pub evenly: Division,
    pub summary: String,
}

#[derive(Serialize)]
pub struct Report {
    pub score: Score,
    /// Sentences that are not said in the seconds they name, of all.
    pub uncited: usize,
    pub sentences: usize,
    /// What wrote the summaries.
    pub engines: BTreeSet<String>,
    pub meetings: Vec<Row>,
}

#[derive(Serialize)]
pub struct Score {
    pub memoreel: Rouge,
    pub lead: Rouge,
    pub textrank: Rouge,
    pub oracle: Rouge,
    pub chapters: Chapters,
}

#[derive(Serialize)]
pub struct Chapters {
    pub memoreel: Division,
    /// As many chapters, of even length.
    pub even: Division,
}

impl Report {
    pub fn new(meetings: Vec<Row>) -> Self {
        let rouge = |part: fn(&Row) -> Rouge| mean_rouge(&meetings.iter().map(part).collect::<Vec<_>>());
        let division =
            |part: fn(&Row) -> Division| mean_division(&meetings.iter().map(part).collect::<Vec<_>>());
        Self {
            score: Score {
                memoreel: rouge(|row| row.memoreel),
                lead: rouge(|row| row.lead),
                textrank: rouge(|row| row.textrank),
                oracle: rouge(|row| row.oracle),
                chapters: Chapters {
                    memoreel: division(|row| row.divided),
                    even: division(|row| row.evenly),
                },
            },
            uncited: meetings.iter().map(|row| row.uncited).sum(),
            sentences: meetings.iter().map(|row| row.sentences).sum(),
            engines: meetings.iter().map(|row| row.engine.clone()).collect(),
            meetings,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            output,
            "{:<24} words  rouge1  rouge2  rougeL  chapters  topics     pk  windowdiff",
            "Meeting"
        )?;
        for row in &self.meetings {
            let Rouge { rouge1, rouge2, rouge_l } = row.memoreel;
            let Division { pk, windowdiff } = row.divided;
            writeln!(
                output,
                "{:<24} {:>5}  {:>6.2}  {:>6.2}  {:>6.2}  {:>8}  {:>6}  {pk:.3}  {windowdiff:>10.3}",
                row.meeting,
                row.words,
                100.0 * rouge1,
                100.0 * rouge2,
                100.0 * rouge_l,
                row.chapters,
                row.topics,
            )?;
        }
        let Score { memoreel, lead, textrank, oracle, chapters } = &self.score;
        writeln!(output, "\nF1, per cent  rouge1  rouge2  rougeL")?;
        for (name, score) in
            [("Memoreel", memoreel), ("Lead", lead), ("TextRank", textrank), ("Oracle", oracle)]
        {
            let [one, two, long] = [score.rouge1, score.rouge2, score.rouge_l].map(|part| 100.0 * part);
            writeln!(output, "{name:<12}  {one:>6.2}  {two:>6.2}  {long:>6.2}")?;
        }
        writeln!(output, "\nChapters          pk  windowdiff")?;
        for (name, score) in [("Memoreel", &chapters.memoreel), ("Even", &chapters.even)] {
            writeln!(output, "{name:<12}  {:>6.3}  {:>10.3}", score.pk, score.windowdiff)?;
        }
        writeln!(output, "\nSentences not said where they say: {} of {}", self.uncited, self.sentences)
    }
}
