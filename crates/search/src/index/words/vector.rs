//! Text search vectors as PostgreSQL sends them (`tsvectorsend`): the number of words, and for each its bytes, a zero, the number
//! of its positions and the positions, two bytes each; numbers are big-endian.

const COUNT_BYTES: usize = 4;

/// The words with how often each occurs; a word without positions occurs once. Ends at what is no such vector.
pub(super) fn lexemes(vector: &[u8]) -> impl Iterator<Item = (&str, u32)> {
    let mut rest = vector.get(COUNT_BYTES..).unwrap_or_default();
    std::iter::from_fn(move || {
        let end = rest.iter().position(|byte| *byte == 0)?;
        let lexeme = str::from_utf8(&rest[..end]).ok()?;
        let (positions, after) = rest.get(end + 1..)?.split_first_chunk()?;
        let positions = u16::from_be_bytes(*positions);
        rest = after.get(2 * usize::from(positions)..)?;
        Some((lexeme, u32::from(positions.max(1))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_and_their_numbers_are_read() {
        let vector = b"\0\0\0\x02buoy\0\0\x02\0\x01\0\x03red\0\0\0";
        assert_eq!(lexemes(vector).collect::<Vec<_>>(), [("buoy", 2), ("red", 1)]);
        assert_eq!(lexemes(&vector[..vector.len() - 1]).collect::<Vec<_>>(), [("buoy", 2)]);
    }

    proptest! {
        #[test]
        fn anything_is_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            lexemes(&bytes).count();
        }
    }
}
