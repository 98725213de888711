//! The error rates of an evaluation of transcripts, to people and to programs.

use std::collections::BTreeSet;
use std::fmt;

use memoreel_evals::word_error::{self, Edits, edits};
use serde::Serialize;

use super::manifest::{Clip, Group, Reference};

const NAME_LENGTH_MAX: usize = 44;

/// A clip and what the server made of it.
pub struct Heard {
    pub clip: Clip,
    /// The transcript as running text.
    pub text: String,
    /// Whether the transcript has any line: one that the server refused to make is complete and empty.
    pub has_text: bool,
    /// Why there is no text, as the server says it.
    pub notice: Option<String>,
    pub engine: Option<String>,
    pub model: Option<String>,
}

#[derive(Serialize)]
pub struct Report {
    pub score: Score,
    /// The engines that wrote the transcripts.
    pub engines: BTreeSet<String>,
    /// Over the English clips and those without speech.
    pub total: Total,
    /// English speech.
    pub clips: Vec<Row>,
    /// Clips without speech.
    pub silence: Vec<Row>,
    /// Everything heard where nothing was said; these are insertions in the total too.
    pub words_in_silence: usize,
    /// Speech in other languages, which is in no total.
    pub other_languages: Vec<Row>,
    /// Clips that were not tried because nobody vouches for their reference.
    pub left_out: Vec<LeftOut>,
}

#[derive(Serialize)]
pub struct Score {
    /// Word error rate: substitutions, deletions and insertions for each word of the references. Absent without one.
    pub wer: Option<f64>,
}

#[derive(Serialize)]
pub struct Total {
    pub clips: usize,
    pub seconds: f64,
    pub reference_words: usize,
    #[serde(flatten)]
    pub edits: Edits,
}

#[derive(Serialize)]
pub struct Row {
    pub audio: String,
    pub language: String,
    pub seconds: f64,
    /// What is counted: `words` or `characters`.
    pub unit: &'static str,
    pub reference_units: usize,
    pub heard_units: usize,
    #[serde(flatten)]
    pub edits: Edits,
    /// Absent where nothing was said, and where the server refused another language than English.
    pub error_rate: Option<f64>,
    pub notice: Option<String>,
    /// As they were compared.
    pub reference: String,
    pub heard: String,
}

#[derive(Serialize)]
pub struct LeftOut {
    pub audio: String,
    pub reference: Reference,
}

impl Report {
    pub fn new(heard: Vec<Heard>, left_out: &[Clip]) -> Self {
        let engine = |heard: &Heard| {
            let engine = heard.engine.as_ref()?;
            Some(heard.model.as_ref().map_or(engine.clone(), |model| format!("{engine} {model}")))
        };
        let engines = heard.iter().filter_map(engine).collect();
        let (mut clips, mut silence, mut other_languages) = (Vec::new(), Vec::new(), Vec::new());
        for heard in heard {
            match heard.clip.group() {
                Some(Group::English) => clips.push(Row::new(heard)),
                Some(Group::Silence) => silence.push(Row::new(heard)),
                Some(Group::OtherLanguage) => other_languages.push(Row::new(heard)),
                None => {}
            }
        }
        let total = Total::of(clips.iter().chain(&silence));
        Self {
            score: Score { wer: rate(total.edits, total.reference_words) },
            engines,
            total,
            words_in_silence: silence.iter().map(|row| row.heard_units).sum(),
            clips,
            silence,
            other_languages,
            left_out: left_out
                .iter()
                .map(|clip| LeftOut { audio: clip.audio.clone(), reference: clip.reference })
                .collect(),
        }
    }
}

impl Total {
    fn of<'a>(rows: impl Iterator<Item = &'a Row>) -> Self {
        let nothing = Self { clips: 0, seconds: 0.0, reference_words: 0, edits: Edits::default() };
        rows.fold(nothing, |total, row| Self {
            clips: total.clips + 1,
            seconds: total.seconds + row.seconds,
            reference_words: total.reference_words + row.reference_units,
            edits: total.edits.plus(row.edits),
        })
    }
}

impl Row {
    fn new(heard: Heard) -> Self {
        let Heard { clip, text, has_text, notice, .. } = heard;
        let language = clip.language.as_str();
        let (reference, given) =
            (word_error::units(&clip.text, language), word_error::units(&text, language));
        let edits = edits(&reference, &given);
        // The product says that it knows English only; for English there is no excuse.
        let is_measured = has_text || clip.group() == Some(Group::English);
        Self {
            unit: if word_error::is_by_characters(language) { "characters" } else { "words" },
            reference_units: reference.len(),
            heard_units: given.len(),
            edits,
            error_rate: rate(edits, reference.len()).filter(|_| is_measured),
            notice,
            reference: reference.join(" "),
            heard: given.join(" "),
            language: clip.language,
            audio: clip.audio,
            seconds: clip.seconds,
        }
    }
}

/// Absent where there is nothing to get wrong.
fn rate(edits: Edits, reference_units: usize) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "counts of words are far below 2^53")]
    let rate = |edits: usize, of: usize| edits as f64 / of as f64;
    (reference_units > 0).then(|| rate(edits.total(), reference_units))
}

impl fmt::Display for Report {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_rows(output, "English", &self.clips)?;
        write_rows(output, "No speech", &self.silence)?;
        write_rows(output, "Other languages", &self.other_languages)?;
        let Total { clips, seconds, reference_words, edits } = &self.total;
        let Edits { substitutions, deletions, insertions } = edits;
        writeln!(output)?;
        if !self.silence.is_empty() {
            writeln!(output, "Words in silence  {}", self.words_in_silence)?;
        }
        if !self.left_out.is_empty() {
            writeln!(output, "Left out          {} (no reference by a person)", self.left_out.len())?;
        }
        for engine in &self.engines {
            writeln!(output, "Engine            {engine}")?;
        }
        writeln!(output, "Clips             {clips} ({seconds:.0} s, {reference_words} words)")?;
        writeln!(
            output,
            "Errors            {substitutions} substituted, {deletions} left out, {insertions} added"
        )?;
        writeln!(output, "Word error rate   {}", percent(self.score.wer))
    }
}

fn write_rows(output: &mut fmt::Formatter<'_>, title: &str, rows: &[Row]) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(output, "\n{title:<NAME_LENGTH_MAX$}   said  heard    sub    del    ins    rate")?;
    for row in rows {
        let Edits { substitutions, deletions, insertions } = row.edits;
        writeln!(
            output,
            "{:<NAME_LENGTH_MAX$} {:>6} {:>6} {substitutions:>6} {deletions:>6} {insertions:>6} {:>7}",
            ending(&row.audio, NAME_LENGTH_MAX),
            row.reference_units,
            row.heard_units,
            percent(row.error_rate),
        )?;
        let counted = if row.unit == "characters" { ", by characters" } else { "" };
        if !word_error::is_english(&row.language) {
            writeln!(output, "    {}{counted}", row.language)?;
        }
        if let Some(notice) = &row.notice {
            writeln!(output, "    the server says: {notice}")?;
        }
    }
    Ok(())
}

/// The end of a long path, which tells more than its beginning.
pub fn ending(path: &str, length_max: usize) -> String {
    let excess = path.chars().count().saturating_sub(length_max);
    if excess == 0 {
        return path.to_owned();
    }
    format!("…{}", path.chars().skip(excess + 1).collect::<String>())
}

fn percent(rate: Option<f64>) -> String {
    rate.map_or("-".to_owned(), |rate| format!("{:.2} %", rate * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(language: &str, said: &str, text: &str, has_text: bool) -> Heard {
        let clip = Clip {
            audio: "asr/a.wav".to_owned(),
            language: language.to_owned(),
            seconds: 2.0,
            text: said.to_owned(),
            reference: Reference::Human,
        };
        let notice = (!has_text).then(|| "not English".to_owned());
        Heard { clip, text: text.to_owned(), has_text, notice, engine: None, model: None }
    }

    #[test]
    fn the_total_weighs_clips_by_their_words() {
        let clips = vec![
            heard("en", "one two three four five six seven", "1 2 3 4 5 6 7", true),
            heard("en", "ten", "then", true),
        ];
        let report = Report::new(clips, &[]);
        assert_eq!(report.score.wer, Some(1.0 / 8.0));
        assert_eq!(report.clips[1].error_rate, Some(1.0));
    }

    #[test]
    fn words_heard_in_silence_are_insertions_and_listed_apart() {
        let clips = vec![heard("en", "a b c d", "a b c d", true), heard("en", "", "thank you", true)];
        let report = Report::new(clips, &[]);
        assert_eq!((report.words_in_silence, report.total.edits.insertions), (2, 2));
        assert_eq!(report.score.wer, Some(0.5));
        assert_eq!(report.silence[0].error_rate, None);
    }

    #[test]
    fn other_languages_touch_no_total_and_a_refusal_has_no_rate() {
        let clips = vec![
            heard("en", "a b", "a b", true),
            heard("fr", "sous le consulat", "", false),
            heard("ko", "길 한", "길 항", true),
        ];
        let report = Report::new(clips, &[]);
        assert_eq!(report.score.wer, Some(0.0));
        assert_eq!(report.other_languages[0].error_rate, None);
        assert_eq!(report.other_languages[0].notice.as_deref(), Some("not English"));
        assert_eq!(report.other_languages[1].error_rate, Some(0.5));
        assert!(report.to_string().contains("ko, by characters"));
    }

    #[test]
    fn english_without_a_transcript_is_all_wrong() {
        let report = Report::new(vec![heard("en", "a b", "", false)], &[]);
        assert_eq!(report.score.wer, Some(1.0));
    }

    #[test]
    fn without_a_word_said_there_is_no_rate() {
        let report = Report::new(vec![heard("en", "", "", true)], &[]);
        let json = serde_json::to_value(&report).unwrap();
        assert!(json["score"]["wer"].is_null());
        assert_eq!(json["total"]["insertions"], 0);
    }

    #[test]
    fn a_long_path_keeps_its_end() {
        let path = format!("{}/é.wav", "x".repeat(60));
        assert_eq!(ending(&path, 44).chars().count(), 44);
        assert!(ending(&path, 44).ends_with("/é.wav") && ending("short.wav", 44) == "short.wav");
    }
}
