//! Meetings in the layout of QMSum (Zhong et al. 2021): who said what, summaries by people, and where each topic was
//! talked about.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::files;
use crate::api::transcript::{Line, timed};

pub struct Meeting {
    /// Split and name, as in `val/ES2009c`.
    pub name: String,
    /// One line for each turn, its times as if everybody spoke at one pace.
    pub lines: Vec<Line>,
    /// Summaries of the whole meeting by people.
    pub summaries: Vec<String>,
    /// The indexes of the turns that open a topic, without the first turn.
    pub topic_starts: Vec<usize>,
}

#[derive(Deserialize)]
struct File {
    topic_list: Vec<Topic>,
    general_query_list: Vec<Query>,
    meeting_transcripts: Vec<Turn>,
}

#[derive(Deserialize)]
struct Topic {
    /// First and last turn, as decimal numbers.
    relevant_text_span: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Query {
    answer: String,
}

#[derive(Deserialize)]
struct Turn {
    speaker: String,
    content: String,
}

/// The meetings of every file below a folder.
pub fn read(folder: &Path) -> Result<Vec<Meeting>> {
    let paths = files::below(folder)?;
    let json = paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    let meetings = json
        .map(|path| {
            let name = path.strip_prefix(folder).unwrap_or(path).with_extension("").display().to_string();
            let text = fs::read_to_string(path)?;
            parse(name, &text).with_context(|| path.display().to_string())
        })
        .collect::<Result<Vec<Meeting>>>()?;
    if meetings.is_empty() {
        bail!("there is no meeting below {}", folder.display());
    }
    Ok(meetings)
}

fn parse(name: String, text: &str) -> Result<Meeting> {
    let file: File = serde_json::from_str(text)?;
    let lines =
        timed(file.meeting_transcripts.into_iter().map(|turn| (Some(turn.speaker), plain(&turn.content))));
    let first_turns = file.topic_list.iter().flat_map(|topic| &topic.relevant_text_span);
    let mut topic_starts =
        first_turns.map(|(first, _)| Ok(first.trim().parse()?)).collect::<Result<Vec<usize>>>()?;
    topic_starts.sort_unstable();
    topic_starts.dedup();
    topic_starts.retain(|start| (1..lines.len()).contains(start));
    let summaries = file.general_query_list.into_iter().map(|query| query.answer).collect();
    Ok(Meeting { name, lines, summaries, topic_starts })
}

/// What was said as people write it: without `{vocalsound}` and other marks, and punctuation where it belongs.
fn plain(content: &str) -> String {
    let mut said = String::with_capacity(content.len());
    let mut depth = 0_usize;
    for c in content.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => said.push(c),
            _ => {}
        }
    }
    let mut text = String::with_capacity(said.len());
    for word in said.split_whitespace() {
        let is_attached = word.starts_with(['.', ',', '?', '!', ';', ':', '\'']) || word == "n't";
        if !text.is_empty() && !is_attached {
            text.push(' ');
        }
        // Letters that are spelt out are marked: `P_D_A_`.
        text.push_str(word.trim_end_matches('_'));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_go_and_punctuation_returns_to_its_word() {
        assert_eq!(
            plain("{vocalsound} Right so um , it 's the {disfmarker} D_V_D_ , is n't it ?"),
            "Right so um, it's the D_V_D, isn't it?"
        );
        assert_eq!(plain("{pause}"), "");
    }

    #[test]
    fn topics_open_where_their_spans_begin() {
        let text = r#"{"topic_list": [{"topic": "b", "relevant_text_span": [["2", "2"]]},
            {"topic": "a", "relevant_text_span": [["0", "1"], ["2", "2"]]}],
            "general_query_list": [{"query": "Summarize", "answer": "All."}], "specific_query_list": [],
            "meeting_transcripts": [{"speaker": "A", "content": "One two ."}, {"speaker": "B", "content": "Three ."},
            {"speaker": "A", "content": "Four ."}]}"#;
        let meeting = parse("m".to_owned(), text).unwrap();
        assert_eq!(meeting.topic_starts, [2]);
        assert_eq!(meeting.summaries, ["All."]);
        assert_eq!((meeting.lines[1].start_ms, meeting.lines[1].text.as_str()), (800, "Three."));
    }
}
