//! The least number of edits that make one sequence of another (Levenshtein, 1966), counted by kind.

use serde::Serialize;

/// What somebody who listened wrongly did to the reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Edits {
    /// Heard as something else.
    pub substitutions: usize,
    /// Not heard.
    pub deletions: usize,
    /// Heard and not said.
    pub insertions: usize,
}

impl Edits {
    /// How many of any kind.
    pub fn total(&self) -> usize {
        self.substitutions + self.deletions + self.insertions
    }

    /// Those of two pairs of sequences together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            substitutions: self.substitutions + other.substitutions,
            deletions: self.deletions + other.deletions,
            insertions: self.insertions + other.insertions,
        }
    }
}

/// The edits that lead from the reference to what was heard. Of several ways with as few edits, the one with more
/// substitutions is taken.
pub fn edits<T: PartialEq>(reference: &[T], heard: &[T]) -> Edits {
    // One row of the table at a time: a lecture has ten thousand words, and the whole table would have their square.
    let mut row: Vec<Edits> =
        (0..=heard.len()).map(|insertions| Edits { insertions, ..Edits::default() }).collect();
    for (above, expected) in reference.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = Edits { deletions: above + 1, ..Edits::default() };
        for (index, given) in heard.iter().enumerate() {
            let matched = if expected == given {
                diagonal
            } else {
                Edits { substitutions: diagonal.substitutions + 1, ..diagonal }
            };
            let up = row[index + 1];
            let deleted = Edits { deletions: up.deletions + 1, ..up };
            let left = row[index];
            let inserted = Edits { insertions: left.insertions + 1, ..left };
            diagonal = up;
            row[index + 1] = least([matched, deleted, inserted]);
        }
    }
    row[heard.len()]
}

/// The first of those with the fewest edits.
fn least([first, second, third]: [Edits; 3]) -> Edits {
    let better = if second.total() < first.total() { second } else { first };
    if third.total() < better.total() { third } else { better }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(reference: &str, heard: &str) -> (usize, usize, usize) {
        let letters = |text: &str| text.chars().collect::<Vec<_>>();
        let edits = edits(&letters(reference), &letters(heard));
        (edits.substitutions, edits.deletions, edits.insertions)
    }

    #[test]
    fn the_textbook_examples_come_out() {
        assert_eq!(counted("kitten", "sitting"), (2, 0, 1));
        assert_eq!(counted("saturday", "sunday"), (1, 2, 0));
        assert_eq!(counted("flaw", "lawn"), (0, 1, 1));
        assert_eq!(counted("intention", "execution"), (5, 0, 0));
    }

    #[test]
    fn nothing_heard_is_all_deleted_and_nothing_said_is_all_inserted() {
        assert_eq!(counted("abc", ""), (0, 3, 0));
        assert_eq!(counted("", "abc"), (0, 0, 3));
        assert_eq!(counted("", ""), (0, 0, 0));
        assert_eq!(counted("abc", "abc"), (0, 0, 0));
    }

    #[test]
    fn words_are_compared_whole() {
        let (reference, heard) = (["ten", "of", "clubs"], ["then", "of", "the", "clubs"]);
        assert_eq!(edits(&reference, &heard), Edits { substitutions: 1, deletions: 0, insertions: 1 });
    }

    #[test]
    fn deletions_less_insertions_are_the_difference_in_length() {
        for (reference, heard) in [("abcdef", "badcfe"), ("aaaa", "bab"), ("xyz", "zyxzyx")] {
            let (_, deletions, insertions) = counted(reference, heard);
            assert_eq!(reference.len() + insertions, heard.len() + deletions, "{reference} {heard}");
        }
    }
}
