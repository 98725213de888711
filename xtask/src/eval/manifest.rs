//! The list of recordings of an evaluation: one JSON object in each line.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use memoreel_evals::word_error;

/// A recording and what is said in it.
#[derive(Clone, Deserialize)]
pub struct Clip {
    /// Relative to the folder of the data.
    pub audio: String,
    /// An IETF language tag.
    #[serde(rename = "lang")]
    pub language: String,
    pub seconds: f64,
    /// What is said; nothing for a recording without speech.
    pub text: String,
    pub reference: Reference,
}

/// Where a text comes from.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Reference {
    /// Somebody listened and wrote.
    Human,
    /// The words that were read out or recited.
    Quotation,
    /// Made by a machine.
    Silver,
    /// Nobody knows.
    None,
}

/// How a clip enters the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// In the word error rate.
    English,
    /// Without a word in it: whatever is heard is an insertion.
    Silence,
    /// By itself.
    OtherLanguage,
}

impl Clip {
    /// None for a clip whose reference cannot be trusted.
    pub fn group(&self) -> Option<Group> {
        if !matches!(self.reference, Reference::Human | Reference::Quotation) {
            return None;
        }
        Some(if self.text.trim().is_empty() {
            Group::Silence
        } else if word_error::is_english(&self.language) {
            Group::English
        } else {
            Group::OtherLanguage
        })
    }
}

/// The clips of the manifest, in its order.
pub fn read(file: &Path) -> Result<Vec<Clip>> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let clips = parse(&text).with_context(|| file.display().to_string())?;
    if clips.is_empty() {
        bail!("{} names no recording", file.display());
    }
    Ok(clips)
}

fn parse(text: &str) -> Result<Vec<Clip>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| serde_json::from_str(line).with_context(|| format!("line {}", index + 1)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(language: &str, text: &str, reference: &str) -> Clip {
        let line = serde_json::json!({
            "audio": "a.wav", "lang": language, "seconds": 1.5, "text": text, "reference": reference, "note": "kept"
        });
        parse(&line.to_string()).unwrap().remove(0)
    }

    #[test]
    fn only_what_somebody_vouches_for_is_scored() {
        assert_eq!(clip("en", "ten of clubs", "human").group(), Some(Group::English));
        assert_eq!(clip("en", "Ever tried.", "quotation").group(), Some(Group::English));
        assert_eq!(clip("en", " ", "human").group(), Some(Group::Silence));
        assert_eq!(clip("fr", "Sous le consulat", "human").group(), Some(Group::OtherLanguage));
        assert_eq!(clip("en", "something", "silver").group(), None);
        assert_eq!(clip("en", "", "none").group(), None);
    }

    #[test]
    fn a_broken_line_is_named() {
        let error = parse("\n{\"audio\": 1}\n").err().unwrap();
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
