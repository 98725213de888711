//! A transcript as material: its sentences, who says them, and how long it all is.

use crate::extract::{Line, Sentence, SummaryOptions, chapters, split_sentences, summarise};
use crate::model::{Chapter, KeyPoint, SummaryContent, SummarySentence};
use memoreel_kernel::SpeakerId;
use memoreel_transcripts::{Speaker, Transcript};
use std::collections::HashMap;

/// What a summary is made of.
#[derive(Debug, Clone)]
pub(crate) struct Material {
    /// In order of time; [`Sentence::speaker`] is an index into `speakers`.
    pub(crate) sentences: Vec<Sentence>,
    pub(crate) speakers: Vec<Speaker>,
    pub(crate) duration_ms: i64,
}

impl Material {
    /// Reads a transcript. `duration_ms` is the recording's, where it is known.
    pub(crate) fn new(transcript: &Transcript, duration_ms: Option<i64>) -> Self {
        // There may be as many as lines.
        let positions: HashMap<SpeakerId, usize> =
            transcript.speakers.iter().enumerate().map(|(index, speaker)| (speaker.id, index)).collect();
        let lines: Vec<Line> = transcript
            .segments
            .iter()
            .map(|segment| Line {
                text: segment.text.clone(),
                start_ms: segment.start_ms,
                end_ms: segment.end_ms,
                speaker: segment.speaker_id.and_then(|id| positions.get(&id).copied()),
            })
            .collect();
        Self {
            sentences: split_sentences(&lines),
            speakers: transcript.speakers.clone(),
            duration_ms: duration_ms.unwrap_or(0).max(transcript.end_ms()),
        }
    }

    /// Who says a sentence.
    pub(crate) fn speaker_of(&self, sentence: &Sentence) -> Option<&Speaker> {
        self.speakers.get(sentence.speaker?)
    }

    /// A summary made of the sentences themselves. Takes seconds for hours of speech.
    pub(crate) fn extracted(&self) -> SummaryContent {
        let summary = summarise(&self.sentences, SummaryOptions::default());
        let speaker_id = |index: Option<usize>| Some(self.speakers.get(index?)?.id);
        SummaryContent {
            sentences: summary
                .sentences
                .into_iter()
                .map(|cited| SummarySentence {
                    text: cited.text,
                    start_ms: cited.start_ms,
                    end_ms: cited.end_ms,
                })
                .collect(),
            key_points: summary
                .key_points
                .into_iter()
                .map(|cited| KeyPoint {
                    text: cited.text,
                    start_ms: cited.start_ms,
                    end_ms: cited.end_ms,
                    speaker_id: speaker_id(cited.speaker),
                })
                .collect(),
            chapters: chapters(&self.sentences, self.duration_ms)
                .into_iter()
                .map(|chapter| Chapter {
                    title: chapter.title,
                    start_ms: chapter.start_ms,
                    end_ms: chapter.end_ms,
                })
                .collect(),
        }
    }
}
