//! The errors of an evaluation of speakers, to people and to programs.

use std::collections::BTreeMap;
use std::fmt;

use memoreel_evals::diarization::{SpeakerErrors, WordErrors};
use serde::Serialize;

use super::super::report::ending;

const NAME_LENGTH_MAX: usize = 36;

#[derive(Serialize)]
pub struct Report {
    pub score: Score,
    /// The same for each folder of recordings.
    pub collections: BTreeMap<String, Collection>,
    pub recordings: Vec<Row>,
}

#[derive(Serialize)]
pub struct Score {
    /// Diarization error rate over all recordings together: time missed, falsely found and confused for the time spoken.
    pub der: Option<f64>,
    /// Share of the words under the wrong speaker.
    pub wrong_speaker_words: Option<f64>,
}

#[derive(Serialize)]
pub struct Collection {
    pub recordings: usize,
    pub der: Option<f64>,
    #[serde(flatten)]
    pub errors: SpeakerErrors,
    pub wrong_speaker_words: Option<f64>,
    #[serde(flatten)]
    pub words: WordErrors,
}

#[derive(Serialize)]
pub struct Row {
    pub audio: String,
    #[serde(rename = "der")]
    pub rate: Option<f64>,
    #[serde(flatten)]
    pub errors: SpeakerErrors,
    pub speakers_expected: usize,
    pub speakers_found: usize,
    pub wrong_speaker_words: Option<f64>,
    #[serde(flatten)]
    pub words: WordErrors,
    /// Why there is no transcript, as the server says it.
    pub notice: Option<String>,
}

impl Report {
    pub fn new(recordings: Vec<Row>) -> Self {
        let mut by_folder: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
        for row in &recordings {
            let folder = row.audio.split_once('/').map_or(".", |(folder, _)| folder);
            by_folder.entry(folder.to_owned()).or_default().push(row);
        }
        let collections =
            by_folder.into_iter().map(|(folder, rows)| (folder, Collection::of(&rows))).collect();
        let all = Collection::of(&recordings.iter().collect::<Vec<_>>());
        let score = Score { der: all.der, wrong_speaker_words: all.wrong_speaker_words };
        Self { score, collections, recordings }
    }
}

impl Collection {
    fn of(rows: &[&Row]) -> Self {
        let errors = rows.iter().fold(SpeakerErrors::default(), |sum, row| sum.plus(row.errors));
        let words = rows.iter().fold(WordErrors::default(), |sum, row| sum.plus(row.words));
        Self { recordings: rows.len(), der: errors.rate(), errors, wrong_speaker_words: words.rate(), words }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            output,
            "\n{:<NAME_LENGTH_MAX$}  spoken  missed   false  confused  speakers      DER   words   wrong  guess",
            "Recording"
        )?;
        for row in &self.recordings {
            let Row { speakers_found, speakers_expected, words, .. } = row;
            writeln!(
                output,
                "{:<NAME_LENGTH_MAX$} {}  {speakers_found:>2} of {speakers_expected:<2} {:>8} {}",
                ending(&row.audio, NAME_LENGTH_MAX),
                times(row.errors),
                percent(row.rate),
                counts(*words),
            )?;
            if let Some(notice) = &row.notice {
                writeln!(output, "    the server says: {notice}")?;
            }
        }
        writeln!(output)?;
        for (folder, all) in &self.collections {
            writeln!(
                output,
                "{:<NAME_LENGTH_MAX$} {}            {:>8} {}",
                ending(folder, NAME_LENGTH_MAX),
                times(all.errors),
                percent(all.der),
                counts(all.words),
            )?;
        }
        writeln!(output, "\nDiarization error rate    {}", percent(self.score.der))?;
        writeln!(output, "Words, wrong speaker      {}", percent(self.score.wrong_speaker_words))
    }
}

fn times(errors: SpeakerErrors) -> String {
    let SpeakerErrors { spoken_ms, missed_ms, false_alarm_ms, confused_ms } = errors;
    let [spoken, missed, false_alarm, confused] =
        [spoken_ms, missed_ms, false_alarm_ms, confused_ms].map(seconds);
    format!("{spoken:>7} {missed:>7} {false_alarm:>7} {confused:>9}")
}

fn counts(words: WordErrors) -> String {
    format!("{:>7} {:>7} {:>6}", words.words, words.wrong, words.uncertain)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds are far below 2^53")]
fn seconds(milliseconds: u64) -> String {
    format!("{:.1} s", milliseconds as f64 / 1_000.0)
}

fn percent(rate: Option<f64>) -> String {
    rate.map_or("-".to_owned(), |rate| format!("{:.1} %", rate * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(audio: &str, spoken_ms: u64, missed_ms: u64, words: usize, wrong: usize) -> Row {
        let errors = SpeakerErrors { spoken_ms, missed_ms, ..SpeakerErrors::default() };
        let words = WordErrors { words, wrong, ..WordErrors::default() };
        Row {
            audio: audio.to_owned(),
            rate: errors.rate(),
            errors,
            speakers_expected: 2,
            speakers_found: 1,
            wrong_speaker_words: words.rate(),
            words,
            notice: None,
        }
    }

    #[test]
    fn recordings_weigh_by_the_time_spoken_in_them() {
        let report = Report::new(vec![
            row("ami/a.wav", 9_000, 0, 8, 0),
            row("ami/b.wav", 1_000, 1_000, 2, 1),
            row("falcon/audio/c.wav", 10_000, 4_000, 0, 0),
        ]);
        assert_eq!(report.score.der, Some(0.25));
        assert_eq!(report.score.wrong_speaker_words, Some(0.1));
        assert_eq!(report.collections["ami"].der, Some(0.1));
        assert_eq!(report.collections["falcon"].wrong_speaker_words, None);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["recordings"][1]["missed_ms"], 1_000);
        assert!(report.to_string().contains("25.0 %"));
    }
}
