//! Caption properties over generated input: nothing panics, nothing is lost.

use proptest::prelude::*;

use super::*;

/// Text in which syntax is more likely than not.
fn awkward_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("-->".to_owned()),
        Just("--".to_owned()),
        Just("<v A>".to_owned()),
        Just("</v>".to_owned()),
        Just("&amp;".to_owned()),
        Just("{\\an8}".to_owned()),
        Just("\n".to_owned()),
        Just(" ".to_owned()),
        Just("12".to_owned()),
        Just("JOHN: ".to_owned()),
        Just(":\u{a0}".to_owned()),
        Just("\u{200b}".to_owned()),
        Just("<".to_owned()),
        Just(">".to_owned()),
        Just("NOTE".to_owned()),
        Just("00:00:01,000".to_owned()),
        "[a-zA-Z ]{1,8}",
        "\\PC{1,4}",
    ];
    prop::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat())
}

fn captions() -> impl Strategy<Value = Captions> {
    let cue = (
        0..50_000_000_i64,
        0..100_000_i64,
        prop::option::of(awkward_text()),
        awkward_text(),
        prop::option::of(awkward_text()),
        prop::option::of(awkward_text()),
    )
        .prop_map(|(start_ms, length_ms, voice, text, identifier, settings)| Cue {
            start_ms,
            end_ms: start_ms + length_ms,
            voice,
            text,
            identifier,
            settings,
        });
    (prop::option::of("[a-z]{2}"), prop::collection::vec(cue, 1..12))
        .prop_map(|(language, cues)| Captions { language, cues }.normalised())
        .prop_filter("a file needs a cue", |captions| !captions.cues.is_empty())
}

proptest! {
    #[test]
    fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn reading_never_panics_behind_a_header(head in prop_oneof![Just("WEBVTT\n\n"), Just("1\n00:00 --> "), Just("{")], tail in awkward_text()) {
        let _ = parse(format!("{head}{tail}").as_bytes());
    }

    #[test]
    fn the_normal_form_is_stable(captions in captions()) {
        prop_assert_eq!(captions.clone().normalised(), captions);
    }

    #[test]
    fn webvtt_and_json_lose_nothing(captions in captions()) {
        prop_assert_eq!(&parse(to_webvtt(&captions).as_bytes()).expect("our own file is readable").captions, &captions);
        prop_assert_eq!(&parse(to_json(&captions).as_bytes()).expect("our own file is readable").captions, &captions);
    }

    #[test]
    fn subrip_keeps_text_times_and_voices(captions in captions()) {
        let read = parse(to_srt(&captions).as_bytes()).expect("our own file is readable").captions;
        let spoken = captions.cues.iter().map(|cue| Cue { identifier: None, settings: None, ..cue.clone() }).collect();
        prop_assert_eq!(read, Captions { language: None, cues: spoken });
    }
}
