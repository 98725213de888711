//! How far a spoken sentence reads like a written one, which is what makes it stand alone in a summary.

use std::collections::HashSet;

use super::words::{in_list, normalised};

/// Words around nouns: articles, prepositions and conjunctions.
const NOMINAL: &str = "the a an of in for on to with from by at into about between through during as and or";
/// Words that point at what was said before or at who is there, and words that fill speech.
const DEICTIC: &str = "i you he she it we they me him us them my your his our their mine yours this that these those i'm \
i've i'll i'd you're you've you'll we're we've we'll they're it's that's there's he's she's what's who what which how why \
where when mm yeah okay ok well so just like really actually kind sort know mean think guess gonna wanna gotta um uh then \
there here";
const ARTICLES: &str = "a an the";

/// How much each word around a noun counts, as the exponent of its share of the words.
const NOMINAL_WEIGHT: f32 = 5.0;
/// How much each pointing or filling word counts against.
const DEICTIC_WEIGHT: f32 = 1.0;
/// What is left of a sentence for each break in [`BREAK_WORDS`] words.
const BREAK_FACTOR: f32 = 0.75;
const BREAK_WORDS: f32 = 20.0;
const BREAKS_MAX: f32 = 6.0;

/// A factor for a sentence as it was said and as it would be shown: above 1 for one that names things, as writing does
/// (formality: Heylighen and Dewaele 1999), less for one that points, fills or breaks off. In other languages than
/// English only breaks count.
pub fn style(said: &str, shown: &str) -> f32 {
    let words: Vec<String> = shown.split_whitespace().map(normalised).collect();
    let count = words.len().max(1) as f32;
    let share = |list: &str| words.iter().filter(|word| in_list(list, word)).count() as f32 / count;
    let formality = (NOMINAL_WEIGHT * share(NOMINAL) - DEICTIC_WEIGHT * share(DEICTIC)).exp();
    let breaks = breaks(said, shown, &words) as f32 * BREAK_WORDS / count;
    formality * BREAK_FACTOR.powf(breaks.min(BREAKS_MAX))
}

/// The places where a sentence breaks off: no full stop, a beginning in the middle, an article without its noun, a stray
/// letter, words said twice.
fn breaks(said: &str, shown: &str, words: &[String]) -> usize {
    let is_open =
        !said.trim_end_matches(['"', '\'', ')', ' ']).ends_with(['.', '!', '?', '…', '。', '！', '？']);
    let is_middle = said.starts_with(char::is_lowercase);
    let in_text = shown.split_whitespace().zip(words).enumerate().filter(|(at, (raw, word))| {
        let next = words.get(at + 1);
        let without_noun = in_list(ARTICLES, word)
            && (!raw.ends_with(char::is_alphanumeric)
                || next.is_none_or(|next| in_list(NOMINAL, next) || in_list(DEICTIC, next)));
        let is_stray =
            raw.len() == 1 && raw.starts_with(|c: char| c.is_ascii_lowercase()) && !matches!(*raw, "a" | "i");
        let is_echo = next.is_some_and(|next| !word.is_empty() && *next == **word);
        without_noun || is_stray || is_echo
    });
    let mut seen = HashSet::new();
    let repeated = words.windows(2).filter(|pair| !seen.insert(*pair)).count();
    2 * usize::from(is_open) + usize::from(is_middle) + in_text.count() + repeated
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> f32 {
        style(text, text)
    }

    #[test]
    fn naming_beats_pointing() {
        assert!(
            plain("The cost of the battery is the limit for the design.")
                > plain("I think you know it costs us that much there.")
        );
    }

    #[test]
    fn what_breaks_off_counts_less() {
        let whole = plain("The battery of the remote lasts for a year.");
        for broken in [
            "The battery of the remote lasts for a",
            "The battery of the in remote lasts for a year.",
            "the battery of the remote lasts for a year.",
            "The battery of the battery of the remote lasts.",
            "The battery s of the remote lasts for a year.",
        ] {
            assert!(plain(broken) < whole, "{broken}");
        }
    }

    #[test]
    fn a_sentence_in_another_language_is_left_as_it_is() {
        assert_eq!(plain("Die Batterie hält ungefähr zwölf Monate."), 1.0);
        assert_eq!(plain("電池は一年もちます。"), 1.0);
    }
}
