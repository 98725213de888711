//! Videos made of a transcript alone.

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::json;

use super::client::Client;

/// People speak about 150 words in a minute.
const WORD_MS: i64 = 400;
/// The longest title that the server takes, in characters.
const TITLE_CHARS_MAX: usize = 200;

/// Something said, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    pub start_ms: i64,
    pub end_ms: i64,
    /// Who says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    pub text: String,
}

/// Gives lines of `(voice, text)` the times they would have if they were spoken one after the other without a pause. An
/// empty one takes as long as a word.
pub fn timed(lines: impl IntoIterator<Item = (Option<String>, String)>) -> Vec<Line> {
    let mut start_ms = 0;
    let line = |(voice, text): (Option<String>, String)| {
        let words = i64::try_from(text.split_whitespace().count().max(1)).unwrap_or(i64::MAX);
        let end_ms = start_ms + words * WORD_MS;
        Line { start_ms: std::mem::replace(&mut start_ms, end_ms), end_ms, voice, text }
    };
    lines.into_iter().map(line).collect()
}

/// Makes a video of lines and returns its id. Lines without text are left out; one with text is needed.
pub fn create_video(client: &Client, title: &str, lines: &[Line]) -> Result<String> {
    let title: String = title.trim().chars().take(TITLE_CHARS_MAX).collect();
    let video = client.create_video(&json!({"title": title}))?;
    let id = video["id"].as_str().context("the server gave no id")?.to_owned();
    let spoken: Vec<&Line> = lines.iter().filter(|line| !line.text.trim().is_empty()).collect();
    let captions = json!({"format": "memoreel-captions", "version": 1, "cues": spoken});
    client.put_captions(&id, &captions).with_context(|| format!("the transcript of {title:?}"))?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_follow_each_other_at_the_pace_of_speech() {
        let lines = timed([(None, "one two three".to_owned()), (Some("Ana".to_owned()), String::new())]);
        let times: Vec<(i64, i64)> = lines.iter().map(|line| (line.start_ms, line.end_ms)).collect();
        assert_eq!(times, [(0, 1_200), (1_200, 1_600)]);
    }
}
