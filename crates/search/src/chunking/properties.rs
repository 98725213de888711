//! Chunking properties over generated transcripts.

use proptest::prelude::*;

use super::*;

fn transcript() -> impl Strategy<Value = Vec<ChunkInput>> {
    let text = prop::collection::vec(
        prop_oneof![
            "[a-z]{1,9}",
            "[a-z]{1,5}[.?!]",
            Just("一二三。".to_owned()),
            Just("é".to_owned()),
            "[a-z]{90}"
        ],
        0..60,
    );
    let segment = (0..400_000_i64, -500..30_000_i64, prop::option::of("[AB]"), text);
    prop::collection::vec(segment, 0..20).prop_map(|segments| {
        let with_index = segments.into_iter().enumerate();
        with_index
            .map(|(segment_index, (start_ms, length_ms, speaker, words))| ChunkInput {
                segment_index,
                start_ms,
                end_ms: start_ms + length_ms,
                speaker,
                text: words.join(" "),
            })
            .collect()
    })
}

fn unspaced(text: &str) -> String {
    text.split_whitespace().collect()
}

proptest! {
    #[test]
    fn no_word_is_lost_and_times_run_forward(segments in transcript(), words_max in 1..250_usize, words_min in 0..80_usize) {
        let chunks = chunk(&segments, ChunkOptions { words_max, words_min, pause_ms: 2_000 });
        let mut ordered = segments.clone();
        ordered.sort_by_key(|segment| segment.start_ms);
        let spoken: String = ordered.iter().map(|segment| unspaced(&segment.text)).collect();
        let kept: String = chunks.iter().map(|chunk| unspaced(&chunk.text)).collect();
        if ordered.windows(2).all(|pair| pair[0].end_ms < pair[1].start_ms) {
            prop_assert_eq!(&kept, &spoken);
        }
        let sorted = |text: &str| { let mut chars: Vec<char> = text.chars().collect(); chars.sort_unstable(); chars };
        prop_assert_eq!(sorted(&kept), sorted(&spoken));
        for (index, chunk) in chunks.iter().enumerate() {
            prop_assert_eq!(chunk.index, index);
            prop_assert!(chunk.start_ms <= chunk.end_ms);
            prop_assert!(chunk.first_segment <= chunk.last_segment);
            prop_assert!(chunk.word_count <= words_max.max(20));
            let mut at = 0;
            for span in &chunk.spans {
                prop_assert!(span.char_start >= at && span.char_start < span.char_end);
                prop_assert!(chunk.start_ms <= span.start_ms && span.start_ms <= span.end_ms && span.end_ms <= chunk.end_ms);
                at = span.char_end;
            }
            prop_assert_eq!(at, chunk.text.chars().count());
        }
        prop_assert!(chunks.windows(2).all(|pair| pair[0].start_ms <= pair[1].start_ms));
    }
}
