//! Words as BM25 counts them: lower case, without the commonest ones, and without the endings of English.

const STOP_WORDS: [&str; 45] = [
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "he", "in", "is", "it", "its",
    "of", "on", "that", "the", "to", "was", "were", "will", "with", "this", "which", "what", "how", "do",
    "does", "did", "i", "you", "we", "they", "or", "not", "can", "been", "have", "had", "there", "their",
    "if",
];
/// The first that fits is cut off; the order matters.
const ENDINGS: [&str; 7] = ["ing", "edly", "ed", "ies", "es", "s", "ly"];
/// What is left of a word has at least so many letters.
const STEM_LENGTH_MIN: usize = 3;

/// The words of a text that count, in order: runs of ASCII letters and digits.
#[must_use]
pub fn tokens(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty() && !STOP_WORDS.contains(word))
        .map(stem)
        .collect()
}

fn stem(word: &str) -> String {
    for ending in ENDINGS {
        if let Some(stem) = word.strip_suffix(ending).filter(|stem| stem.len() >= STEM_LENGTH_MIN) {
            return if ending == "ies" { format!("{stem}y") } else { stem.to_owned() };
        }
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_cut_once_and_short_words_stay() {
        assert_eq!(
            tokens("The studies supposedly showed wings; gases, pressing USED sing!"),
            ["study", "suppos", "show", "wing", "gas", "press", "used", "sing"]
        );
    }

    #[test]
    fn what_is_not_a_letter_or_digit_divides_words() {
        assert_eq!(
            tokens("we're state-of-the-art, 3.14 naïve"),
            ["re", "state", "art", "3", "14", "na", "ve"]
        );
        assert!(tokens(" . the -- of ").is_empty());
    }
}
