//! What is searched and what is judged, in one form for documents and meetings.

use std::collections::HashMap;

use crate::api::transcript::Line;

/// Videos to make, questions to ask, and what answers them.
#[derive(Debug)]
pub struct Corpus {
    pub name: String,
    pub videos: Vec<Video>,
    /// What rankings are made of: documents, or passages of meetings.
    pub units: Vec<Unit>,
    pub questions: Vec<Question>,
    /// Documents without a word, which cannot become a video.
    pub empty: usize,
}

/// A video to be.
#[derive(Debug)]
pub struct Video {
    pub title: String,
    pub lines: Vec<Line>,
}

/// Something that can answer a question.
#[derive(Debug)]
pub struct Unit {
    pub id: String,
    /// What the baseline reads.
    pub text: String,
    /// The video it lies in, by position.
    pub video: usize,
    /// Where it lies in the video, in milliseconds.
    pub start_ms: i64,
    pub end_ms: i64,
}

/// Something asked.
#[derive(Debug)]
pub struct Question {
    pub text: String,
    /// Grades of the units that answer it, by id.
    pub relevant: HashMap<String, u32>,
    /// The video it is about, by position, where it is about one.
    pub video: Option<usize>,
}

impl Corpus {
    /// Units by video.
    pub fn map(&self) -> Map<'_> {
        let mut units: Vec<Vec<&Unit>> = vec![Vec::new(); self.videos.len()];
        for unit in &self.units {
            units[unit.video].push(unit);
        }
        Map { units }
    }
}

/// Which unit a moment of a video belongs to.
pub struct Map<'a> {
    units: Vec<Vec<&'a Unit>>,
}

impl<'a> Map<'a> {
    /// The unit that holds most of a stretch of a video, of equals the first.
    pub fn locate(&self, video: usize, start_ms: i64, end_ms: i64) -> Option<&'a Unit> {
        // A moment without duration still lies somewhere.
        let end_ms = end_ms.max(start_ms + 1);
        let shared = |unit: &Unit| unit.end_ms.min(end_ms) - unit.start_ms.max(start_ms);
        let units = self.units.get(video)?.iter().copied();
        units.reduce(|best, next| if shared(next) > shared(best) { next } else { best })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_belongs_to_the_unit_that_holds_most_of_it() {
        let unit = |id: &str, start_ms, end_ms| Unit {
            id: id.to_owned(),
            text: String::new(),
            video: 1,
            start_ms,
            end_ms,
        };
        let video = || Video { title: String::new(), lines: Vec::new() };
        let corpus = Corpus {
            name: String::new(),
            videos: vec![video(), video()],
            units: vec![unit("a", 0, 1_000), unit("b", 1_000, 2_000)],
            questions: Vec::new(),
            empty: 0,
        };
        let map = corpus.map();
        let at = |start, end| map.locate(1, start, end).map(|unit| unit.id.as_str());
        assert_eq!((at(900, 1_050), at(900, 1_200), at(1_000, 1_000)), (Some("a"), Some("b"), Some("b")));
        assert!(map.locate(0, 0, 1_000).is_none());
    }
}
