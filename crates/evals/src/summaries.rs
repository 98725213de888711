//! Plain ways to make a summary of a text's own sentences, for beside the product: the beginning, TextRank, and the best
//! that could be chosen by one who knows the reference.
//!
//! Each returns a text of at most `words_max` words with the sentences in their order. What would be longer is cut, so
//! that all have the same length.

mod oracle;
mod textrank;

pub use oracle::oracle;
pub use textrank::textrank;

/// The sentences of a text: up to a full stop, question mark or exclamation mark with a space behind it.
pub fn sentences(text: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    for word in text.split_whitespace() {
        words.push(word);
        if word.trim_end_matches(['"', '\'', ')']).ends_with(['.', '?', '!']) {
            sentences.push(std::mem::take(&mut words).join(" "));
        }
    }
    if !words.is_empty() {
        sentences.push(words.join(" "));
    }
    sentences
}

/// How many words a text has.
pub fn word_count(text: &str) -> usize {
    text.split_whitespace().count()
}

/// The beginning.
pub fn lead(sentences: &[String], words_max: usize) -> String {
    taken(sentences, 0..sentences.len(), words_max)
}

/// The sentences at these indexes, best first, until the words are used up; in their order.
fn taken(sentences: &[String], ranked: impl IntoIterator<Item = usize>, words_max: usize) -> String {
    let mut left = words_max;
    let mut chosen: Vec<(usize, String)> = Vec::new();
    for index in ranked {
        if left == 0 {
            break;
        }
        let words: Vec<&str> = sentences[index].split_whitespace().take(left).collect();
        left -= words.len();
        chosen.push((index, words.join(" ")));
    }
    chosen.sort_unstable_by_key(|(index, _)| *index);
    chosen.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meeting() -> Vec<String> {
        sentences(
            "Hello everybody. The remote control needs a battery. Does it? Yeah. The battery of the remote control is \
             small. It rains. A remote control with a small battery sells.",
        )
    }

    #[test]
    fn sentences_end_at_their_marks() {
        assert_eq!(meeting().len(), 7);
        assert_eq!(sentences("It is 3.5 now. (Really?) and"), ["It is 3.5 now.", "(Really?)", "and"]);
    }

    #[test]
    fn the_beginning_is_cut_at_its_length() {
        assert_eq!(lead(&meeting(), 4), "Hello everybody. The remote");
        assert_eq!(word_count(&lead(&meeting(), 400)), 29);
    }

    #[test]
    fn textrank_prefers_what_other_sentences_repeat() {
        let summary = textrank(&meeting(), 9);
        assert!(summary.contains("battery of the remote control"), "{summary}");
        assert_eq!(word_count(&summary), 9);
    }

    #[test]
    fn the_oracle_takes_what_the_reference_says_and_stops_there() {
        let summary = oracle(&meeting(), "The weather is that it rains.", 50);
        assert_eq!(summary, "It rains.");
    }
}
