//! Real texts: passages to be searched, and the queries that people asked of them.

use anyhow::{Context, Result, ensure};
use memoreel_ai::Embed;
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

/// Turns of a conversation are joined until a passage has this many words.
const PASSAGE_WORDS_MIN: usize = 60;
const BATCH: usize = 64;

/// Passages by document, and queries; the queries are no passages.
#[derive(Debug, Default)]
pub struct Corpus {
    pub documents: Vec<Vec<String>>,
    pub queries: Vec<String>,
}

/// A line of a corpus or of its queries in BEIR's layout.
#[derive(Deserialize)]
struct Line {
    text: String,
    /// The conversation that the text is a turn of.
    meeting: Option<String>,
}

impl Corpus {
    /// Everything in `corpus*.jsonl` and `queries*.jsonl` anywhere below the folder, in the order of the paths.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut files = Vec::new();
        find_files(folder, &mut files)?;
        files.sort();
        let mut corpus = Self::default();
        for path in &files {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if !name.ends_with(".jsonl") {
                continue;
            }
            if name.starts_with("corpus") {
                corpus.documents.extend(documents(read_lines(path)?));
            } else if name.starts_with("queries") {
                corpus.queries.extend(read_lines(path)?.into_iter().map(|line| line.text));
            }
        }
        ensure!(
            !corpus.documents.is_empty() && !corpus.queries.is_empty(),
            "{} has no corpus*.jsonl with queries*.jsonl beside it",
            folder.display()
        );
        Ok(corpus)
    }
}

fn find_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            find_files(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn read_lines(path: &Path) -> Result<Vec<Line>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.lines()
        .map(|line| serde_json::from_str(line).with_context(|| format!("a line of {}", path.display())))
        .collect()
}

/// Turns joined to passages, one document for each conversation; texts of no conversation make one document together.
fn documents(lines: Vec<Line>) -> Vec<Vec<String>> {
    let mut documents: Vec<(Option<String>, Vec<String>)> = Vec::new();
    for Line { text, meeting } in lines {
        if documents.last().is_none_or(|(current, _)| *current != meeting) {
            documents.push((meeting, Vec::new()));
        }
        let Some((_, passages)) = documents.last_mut() else { continue };
        match passages.last_mut() {
            Some(passage) if passage.split_whitespace().count() < PASSAGE_WORDS_MIN => {
                passage.push(' ');
                passage.push_str(&text);
            }
            _ => passages.push(text),
        }
    }
    documents.into_iter().map(|(_, passages)| passages).collect()
}

/// The vectors of texts, in order.
pub async fn embed(embed: &dyn Embed, texts: &[String]) -> Result<Vec<Vec<f32>>> {
    let mut vectors = Vec::with_capacity(texts.len());
    for batch in texts.chunks(BATCH) {
        vectors.extend(embed.embed_passages(batch).await?);
        eprint!("\rembedding {} of {}", vectors.len(), texts.len());
    }
    eprintln!();
    Ok(vectors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_turns_of_one_meeting_become_passages_and_meetings_stay_apart() {
        let turn = |words: usize, meeting: &str| Line {
            text: "word ".repeat(words).trim().to_owned(),
            meeting: Some(meeting.to_owned()),
        };
        let lines = vec![turn(50, "a"), turn(20, "a"), turn(3, "a"), turn(100, "b")];
        let lengths: Vec<Vec<usize>> = documents(lines)
            .iter()
            .map(|passages| passages.iter().map(|text| text.split_whitespace().count()).collect())
            .collect();
        assert_eq!(lengths, [vec![70, 3], vec![100]]);
    }
}
