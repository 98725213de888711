//! Judging recognised text without hearing it: likeness of two hearings, endless loops, stray words.

/// Words that the model likes to hear in a moment of noise.
const STRAYS: [&str; 12] =
    ["you", "the", "i", "a", "oh", "1", "one", "thank you", "thanks for watching", "bye", "okay", "so"];
/// A phrase of at most this many words may loop.
const LOOP_WORDS_MAX: usize = 24;
/// A phrase said this many times running is a loop of the model, not speech.
const LOOP_TIMES: usize = 4;
/// A line longer than this ends at its next comma.
const LINE_CHARACTERS: usize = 80;

/// Lower-case words without punctuation.
pub fn bare_words(text: &str) -> Vec<String> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '\'')
        .map(|word| word.trim_matches('\'').to_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

/// Likeness of two word sequences from 0 to 1: one less the word edits between them over the longer one's length.
pub fn likeness(one: &[String], other: &[String]) -> f32 {
    let longer = one.len().max(other.len());
    if longer == 0 {
        return 1.0;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, word) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (place, candidate) in other.iter().enumerate() {
            let edits =
                (diagonal + usize::from(word != candidate)).min(row[place] + 1).min(row[place + 1] + 1);
            diagonal = row[place + 1];
            row[place + 1] = edits;
        }
    }
    1.0 - row[other.len()] as f32 / longer as f32
}

/// Cuts a text where a phrase starts to repeat without end, keeping the phrase once. `None` where nothing loops.
pub fn without_loop(text: &str) -> Option<String> {
    let shown: Vec<&str> = text.split_whitespace().collect();
    let words: Vec<String> = shown.iter().map(|word| bare_words(word).concat()).collect();
    for start in 0..words.len() {
        for length in 1..=LOOP_WORDS_MAX.min((words.len() - start) / LOOP_TIMES) {
            // Short words are said three or four times in earnest ("no, no, no, no").
            let times = if length == 1 { LOOP_TIMES * 2 } else { LOOP_TIMES };
            let end = start + length * times;
            if end <= words.len() && (start + length..end).all(|at| words[at] == words[at - length]) {
                return Some(shown[..start + length].join(" "));
            }
        }
    }
    None
}

/// Whether a text is nothing, only signs, or a word that the model invents where it hears noise.
pub fn is_stray(text: &str) -> bool {
    let words = bare_words(text);
    words.is_empty() || STRAYS.contains(&words.join(" ").as_str())
}

/// Whether a text has no words at all.
pub fn is_wordless(text: &str) -> bool {
    bare_words(text).is_empty()
}

/// Splits a text into sentences, and long sentences at their commas.
pub fn sentences(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let words: Vec<&str> = text.split_whitespace().collect();
    for (index, word) in words.iter().enumerate() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        let next_is_new = words.get(index + 1).is_none_or(|next| !next.starts_with(char::is_lowercase));
        if (ends_sentence(word) && next_is_new)
            || (line.chars().count() > LINE_CHARACTERS && word.ends_with([',', ';', ':']))
        {
            lines.push(std::mem::take(&mut line));
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

fn ends_sentence(word: &str) -> bool {
    const TITLES: [&str; 8] = ["Mr.", "Mrs.", "Ms.", "Dr.", "St.", "Prof.", "vs.", "No."];
    word.trim_end_matches(['"', '\'', ')', '”', '’']).ends_with(['.', '!', '?']) && !TITLES.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(one: &str, other: &str) -> f32 {
        likeness(&bare_words(one), &bare_words(other))
    }

    #[test]
    fn likeness_counts_words_that_differ() {
        assert_eq!(like("Ever tried. Ever failed!", "ever tried, ever failed"), 1.0);
        assert_eq!(like("one two three four", "one too three four"), 0.75);
        assert_eq!(like("one two", "three"), 0.0);
        assert_eq!(like("", ""), 1.0);
        assert_eq!(like("", "word"), 0.0);
    }

    #[test]
    fn loops_are_cut_and_speech_is_not() {
        let looped = "We had to be careful, to be careful, to be careful, to be careful, to be careful, to";
        assert_eq!(without_loop(looped).as_deref(), Some("We had to be careful,"));
        assert_eq!(without_loop(&">> ".repeat(30)).as_deref(), Some(">>"));
        assert_eq!(without_loop("No, no, no, no, that is not what I said."), None);
        assert_eq!(without_loop("Ever tried. Ever failed. No matter. Try again. Fail again."), None);
    }

    #[test]
    fn stray_words_are_known() {
        assert!(is_stray("You") && is_stray("?") && is_stray("Thank you.") && is_stray(">> >>"));
        assert!(!is_stray("Thank you all.") && !is_stray("Five, five."));
    }

    #[test]
    fn sentences_end_at_stops_and_not_after_titles_or_inside_numbers() {
        assert_eq!(
            sentences("Mr. Quilter paid 2.50 today. Is it enough? Yes... maybe."),
            ["Mr. Quilter paid 2.50 today.", "Is it enough?", "Yes... maybe."]
        );
        let long = "word ".repeat(25) + "end, and then more words follow.";
        assert_eq!(sentences(&long).len(), 2);
        assert!(sentences(" ").is_empty());
    }
}
