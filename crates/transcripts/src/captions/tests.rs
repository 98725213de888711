//! What caption reading and writing promise, on real files (`tests/fixtures/captions`) and on written ones.

use std::time::{Duration, Instant};

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../tests/fixtures/captions/", $name)).as_slice()
    };
}

fn read(bytes: &[u8]) -> Parsed {
    parse(bytes).expect("the file is readable")
}

fn refusal(bytes: &[u8]) -> String {
    parse(bytes).expect_err("the file must be refused").to_string()
}

fn texts(parsed: &Parsed) -> Vec<&str> {
    parsed.captions.cues.iter().map(|cue| cue.text.as_str()).collect()
}

fn voices(parsed: &Parsed) -> Vec<Option<&str>> {
    parsed.captions.cues.iter().map(|cue| cue.voice.as_deref()).collect()
}

fn warning_lines(parsed: &Parsed) -> Vec<usize> {
    parsed.warnings.iter().map(|warning| warning.line).collect()
}

#[test]
fn webvtt_cues_are_read_with_their_times() {
    let parsed = read(fixture!("typical.vtt"));
    assert_eq!(parsed.format, Format::WebVtt);
    assert_eq!(texts(&parsed), ["This is the first subtitle.", "This is the second subtitle."]);
    assert_eq!((parsed.captions.cues[1].start_ms, parsed.captions.cues[1].end_ms), (2345, 3456));
    assert!(parsed.warnings.is_empty());
}

#[test]
fn webvtt_comments_and_styles_are_no_text() {
    let parsed = read(fixture!("comments.vtt"));
    assert_eq!(texts(&parsed), ["This is the first subtitle.", "This is the second subtitle."]);
    assert_eq!(parsed.captions.cues[1].identifier.as_deref(), Some("2"));
    assert!(parsed.warnings.is_empty());
}

#[test]
fn style_sheets_and_regions_are_left_out_and_named() {
    let parsed = read(
        b"WEBVTT\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:a\n\n00:01.000 --> 00:02.000 region:a\nHi\n",
    );
    assert_eq!(texts(&parsed), ["Hi"]);
    assert_eq!(warning_lines(&parsed), [3, 6]);
}

#[test]
fn a_webvtt_cue_with_several_voices_becomes_several_cues() {
    let parsed = read(fixture!("voices.vtt"));
    let last: Vec<_> = parsed.captions.cues.iter().filter(|cue| cue.start_ms == 5000).collect();
    let spoken: Vec<_> = last.iter().map(|cue| (cue.voice.as_deref(), cue.text.as_str())).collect();
    assert_eq!(
        spoken,
        [(None, "This is"), (Some("Pipo"), "specific"), (Some("Robert"), "But this is more italic")]
    );
    assert!(last.iter().all(|cue| cue.identifier.as_deref() == Some("anId") && cue.end_ms == 5001));
}

#[test]
fn broken_webvtt_cues_are_left_out_and_named() {
    let parsed = read(fixture!("bad_timestamps.vtt"));
    assert_eq!(texts(&parsed), ["This is the first subtitle.", "This is the second subtitle."]);
    let reasons: Vec<_> = parsed.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warning_lines(&parsed), [10, 13], "{reasons:?}");
    assert_eq!(
        reasons.last().map(String::as_str),
        Some(
            "line 13: the end time \"not-a-timestamp\" is not a time such as 00:00:01.000; the cue was left out"
        )
    );
}

#[test]
fn ruby_readings_stay_apart_from_their_base() {
    let parsed = read(fixture!("rubies.vtt"));
    assert_eq!(texts(&parsed)[0], "Some text with over-ruby(over).");
}

#[test]
fn webvtt_markup_goes_and_references_are_resolved() {
    let parsed = read(
        b"WEBVTT\nLanguage: en-GB\n\n00:01.000-->00:02.000 line:0\n<c.red>Fish</c> &amp; <00:00:01.500>chips &lt;3 a < b &copy;\n",
    );
    assert_eq!(texts(&parsed), ["Fish & chips <3 a < b &copy;"]);
    assert_eq!(parsed.captions.language.as_deref(), Some("en-GB"));
    assert_eq!(parsed.captions.cues[0].settings.as_deref(), Some("line:0"));
}

#[test]
fn a_missing_blank_line_does_not_swallow_the_next_cue() {
    let parsed = read(b"WEBVTT\n\n00:01.000 --> 00:02.000\none\n00:03.000 --> 00:04.000\ntwo\n");
    assert_eq!(texts(&parsed), ["one", "two"]);
    let parsed = read(b"1\n00:00:01,000 --> 00:00:02,000\none\n2\n00:00:03,000 --> 00:00:04,000\ntwo\n");
    assert_eq!(texts(&parsed), ["one", "two"]);
}

#[test]
fn subrip_is_read_in_every_encoding_and_line_end() {
    let text = "1\n00:00:01,000 --> 00:00:02,000\nÇa va, “Zoë”?\n";
    let expected = read(text.as_bytes()).captions;
    let utf16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(order).collect()
    };
    assert_eq!(read(&utf16(u16::to_le_bytes)).captions, expected);
    assert_eq!(read(&utf16(u16::to_be_bytes)).captions, expected);
    assert_eq!(read(format!("\u{feff}{text}").as_bytes()).captions, expected);
    assert_eq!(read(text.replace('\n', "\r\n").as_bytes()).captions, expected);
    assert_eq!(read(text.replace('\n', "\r").as_bytes()).captions, expected);
    let windows = b"1\n00:00:01,000 --> 00:00:02,000\n\xc7a va, \x93Zo\xeb\x94?\n";
    let parsed = read(windows);
    assert_eq!(parsed.captions, expected);
    assert_eq!(warning_lines(&parsed), [3]);
    assert_eq!(read(fixture!("utf16le.srt")).captions, read(fixture!("utf16be.srt")).captions);
    assert_eq!(read(fixture!("utf16le.srt")).captions.cues.len(), 3);
}

#[test]
fn subrip_override_codes_go_but_other_braces_stay() {
    let parsed = read(fixture!("tags.srt"));
    assert_eq!(
        texts(&parsed)[3],
        "This { \\an2} is not a valid tag due to the space after the opening bracket."
    );
    assert!(!texts(&parsed)[5].contains('{'));
    assert_eq!(parsed.captions.cues.len(), 14);
}

#[test]
fn subrip_numbers_are_optional() {
    assert_eq!(read(fixture!("missing_sequence.srt")).captions.cues.len(), 3);
}

#[test]
fn broken_subrip_cues_are_left_out_and_named() {
    let parsed = read(fixture!("missing_timecode.srt"));
    assert_eq!(texts(&parsed), ["This is the first subtitle.", "This is the third subtitle."]);
    assert_eq!(warning_lines(&parsed), [5, 14, 18]);
    assert!(parsed.warnings[1].reason.starts_with("the start time is missing"));
    assert_eq!(texts(&read(fixture!("negative_timestamps.srt"))), ["This is the third subtitle."]);
}

#[test]
fn clear_speaker_names_in_subrip_become_voices() {
    let cue = |n: u32, text: &str| format!("{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{text}\n\n");
    let file = [
        cue(1, "DR. SMITH: Where is it?\nANNA: Here."),
        cue(2, "- Where?\n- Over there: look."),
        cue(3, "Note: this is no voice."),
        cue(4, "Speaker 2: Fine."),
        cue(5, "Ben Hill: Once."),
    ]
    .concat();
    let parsed = read(file.as_bytes());
    assert_eq!(voices(&parsed), [Some("DR. SMITH"), Some("ANNA"), None, None, Some("Speaker 2"), None]);
    assert_eq!(texts(&parsed)[5], "Ben Hill: Once.");
    let recurring =
        [cue(1, "Ben Hill: Yes."), cue(2, "Ben Hill: No."), cue(3, "Ben Hill: Perhaps.")].concat();
    assert_eq!(voices(&read(recurring.as_bytes())), [Some("Ben Hill"); 3]);
}

#[test]
fn other_formats_are_refused_by_name() {
    assert_eq!(
        refusal(fixture!("typical.ssa")),
        "line 1: this is SubStation Alpha (SSA, ASS); captions are read as WebVTT, SubRip (SRT) or Memoreel JSON"
    );
    assert!(refusal(fixture!("rubies.ttml")).contains("this is TTML"));
    assert!(refusal(b"{1}{25}Hello").contains("MicroDVD"));
    assert!(refusal(b"<!DOCTYPE html><p>404</p>").contains("HTML"));
    assert!(refusal(b"just some words").contains("no timing line"));
}

#[test]
fn a_file_without_a_usable_cue_is_refused_with_line_and_reason() {
    assert_eq!(refusal(b""), "line 1: the file is empty");
    assert_eq!(refusal(b"WEBVTT\n\n"), "line 2: the file holds no cue with text");
    assert!(
        refusal(b"WEBVTTX\n\n00:01.000 --> 00:02.000\nhi\n").starts_with("line 1: the header must be WEBVTT")
    );
    assert!(refusal(b"\n\n\nwebvtt\n\n00:01.000 --> 00:02.000\nhi\n").starts_with("line 4: the header"));
    assert_eq!(
        refusal(b"WEBVTT\n\nid\n00:02.000 --> 00:01.000\nback\n"),
        "line 4: the end time 00:00:01.000 lies before the start; the cue was left out"
    );
}

#[test]
fn limits_refuse_with_the_line_that_broke_them() {
    let long_line = format!("WEBVTT\n\n00:01.000 --> 00:02.000\n{}\n", "x".repeat(LINE_BYTES_MAX + 1));
    assert!(refusal(long_line.as_bytes()).starts_with("line 4: the line has"));
    let long_cue = format!("WEBVTT\n\n00:01.000 --> 00:02.000\n{}\n", "x".repeat(CUE_CHARS_MAX + 1));
    assert!(refusal(long_cue.as_bytes()).starts_with("line 3: the text of this cue"));
    let many = format!("WEBVTT\n\n{}", "00:01.000 --> 00:02.000\nx\n\n".repeat(CUES_MAX + 1));
    assert!(refusal(many.as_bytes()).contains("more than 50000 cues"));
    let voices = format!("00:00:01,000 --> 00:00:02,000\n{}\n", "AB: x\n".repeat(1_000));
    assert!(refusal(voices.repeat(CUES_MAX / 1_000 + 1).as_bytes()).contains("more than 50000 cues"));
    assert!(refusal(&vec![b'x'; CAPTION_BYTES_MAX + 1]).contains("at most"));
    let noisy = format!("WEBVTT\n\n00:01.000 --> 00:02.000\nx\n\n{}", "x --> y\n\n".repeat(500));
    let parsed = read(noisy.as_bytes());
    assert_eq!(parsed.warnings.len(), WARNINGS_MAX);
    assert!(parsed.warnings[WARNINGS_MAX - 1].reason.contains("301 further problems"));
}

#[test]
fn more_text_than_is_said_in_any_recording_is_refused_in_each_format() {
    let file = |word: &str, words: usize, cues: usize| {
        let cue = Cue { end_ms: 1_000, text: [word].repeat(words).join(" "), ..Cue::default() };
        Captions { language: None, cues: vec![cue; cues] }
    };
    let (words, chars) = (WORDS_MAX / 100, TEXT_CHARS_MAX / 500);
    let too_many = format!("the file holds {} words; at most {WORDS_MAX} are read", WORDS_MAX + words);
    let held = TEXT_CHARS_MAX + chars;
    let too_long = format!("the file holds {held} characters of text; at most {TEXT_CHARS_MAX} are read");
    let unspaced = "a".repeat(chars);
    let writers: [fn(&Captions) -> String; 3] = [to_webvtt, to_srt, to_json];
    for write in writers {
        let told = |captions: &Captions| parse(write(captions).as_bytes()).err().map(|error| error.reason);
        assert_eq!(told(&file("a", words, 100)), None);
        assert_eq!(told(&file("a", words, 101)).as_ref(), Some(&too_many));
        assert_eq!(told(&file(&unspaced, 1, 500)), None);
        assert_eq!(told(&file(&unspaced, 1, 501)).as_ref(), Some(&too_long));
    }
}

#[test]
fn identifiers_and_settings_that_are_too_long_are_not_copied_to_each_voice() {
    let long = |bytes: usize| format!("line:{}", "1".repeat(bytes - 5));
    let file = |bytes: usize, voices: usize| {
        let (id, settings) = ("i".repeat(bytes), long(bytes));
        let said = "<v A>a<v B>b".repeat(voices / 2);
        format!("WEBVTT\n\n{id}\n00:01.000 --> 00:02.000 {settings}\n{said}\n")
    };
    let parsed = read(file(ATTRIBUTE_BYTES_MAX, 4).as_bytes());
    let cue = parsed.captions.cues.last().expect("four cues");
    assert_eq!(cue.identifier.as_ref().map(String::len), Some(ATTRIBUTE_BYTES_MAX));
    assert_eq!(cue.settings.as_ref(), Some(&long(ATTRIBUTE_BYTES_MAX)));
    assert_eq!((parsed.captions.cues.len(), warning_lines(&parsed)), (4, vec![]));
    assert_eq!(read(to_webvtt(&parsed.captions).as_bytes()).captions, parsed.captions);

    let parsed = read(file(ATTRIBUTE_BYTES_MAX + 1, 4).as_bytes());
    let reasons: Vec<_> = parsed.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        reasons,
        [
            "line 3: identifiers of more than 500 bytes were left out",
            "line 4: settings of more than 500 bytes were left out"
        ]
    );

    // Copied to each, they would be gigabytes.
    let many = [
        file(60_000, 9_998),
        format!("\n{}\n00:01.000 --> 00:02.000\n", "i".repeat(60_000)),
        // No line holds all of them.
        ("<v A>a<v B>b".repeat(5_000) + "\n").repeat(4),
        "<v C>c".to_owned(),
    ];
    let many = many.concat();
    let parsed = read(many.as_bytes());
    assert_eq!(parsed.captions.cues.len(), CUES_MAX - 1);
    assert!(parsed.captions.cues.iter().all(|cue| cue.identifier.is_none() && cue.settings.is_none()));
    assert!(to_webvtt(&parsed.captions).len() < 4 << 20);

    let mut long_ones = parsed.captions;
    long_ones.cues.truncate(1);
    long_ones.cues[0].identifier = Some("i".repeat(ATTRIBUTE_BYTES_MAX + 1));
    long_ones.cues[0].settings = Some(long(ATTRIBUTE_BYTES_MAX + 1));
    let json = serde_json::json!({ "format": "memoreel-captions", "version": 1, "cues": long_ones.cues });
    let parsed = read(json.to_string().as_bytes());
    let cue = &parsed.captions.cues[0];
    assert_eq!((&cue.identifier, &cue.settings), (&None, &None));
    assert_eq!(parsed.warnings.len(), 2);
    assert!(parsed.warnings[0].reason.starts_with("cue 1: identifiers of more than"));
    assert_eq!(long_ones.normalised(), parsed.captions);
}

#[test]
fn what_is_longer_than_any_tag_is_text() {
    let file = |text: &str| format!("WEBVTT\n\n00:01.000 --> 00:02.000\n{text}\n");
    let long = format!("a<i {}>b", "é".repeat(600));
    assert_eq!(texts(&read(file(&long).as_bytes())), [long]);
    assert_eq!(texts(&read(file(&format!("a<i {}>b", "é".repeat(500))).as_bytes())), ["ab"]);
    // The longest name, of letters that are all spelled out.
    let named = Captions {
        language: None,
        cues: vec![Cue { voice: Some("&".repeat(VOICE_CHARS_MAX)), ..spoken("x") }],
    };
    assert_eq!(read(to_webvtt(&named).as_bytes()).captions, named);
    let long = format!("{{\\an8{}}}", "é".repeat(600));
    let srt = |code: &str| format!("1\n00:00:01,000 --> 00:00:02,000\n{code}x\n");
    assert_eq!(texts(&read(srt(&long).as_bytes())), [format!("{long}x")]);
    assert_eq!(texts(&read(srt("{\\an8}").as_bytes())), ["x"]);
}

#[test]
fn a_voice_whose_name_ends_in_hyphens_makes_no_timing_line() {
    let cue = Cue { voice: Some("Ana --".to_owned()), ..spoken("Yes.") };
    let captions = Captions { language: None, cues: vec![cue] };
    assert_eq!(read(to_webvtt(&captions).as_bytes()).captions, captions);
}

#[test]
fn the_time_that_reading_takes_grows_with_the_file_and_not_with_its_square() {
    const LINES: usize = 16;
    let time = |header: &str, line: &str, lines: usize| -> Duration {
        let text = line.repeat(2048 / line.len()) + "\n";
        let file = format!("{header}00:00:01.000 --> 00:00:02.000\n{}", text.repeat(lines));
        let started = Instant::now();
        let _ = parse(file.as_bytes());
        started.elapsed()
    };
    // What else the machine does may slow one of the two down, but not each time; a square is 256 times as much each time.
    let grows_along = |header: &str, line: &str| {
        (0..20).any(|_| time(header, line, 16 * LINES) < 64 * time(header, line, LINES))
    };
    let unknown = format!("{}>", "<".repeat(1000));
    for header in ["WEBVTT\n\n", "1\n"] {
        for line in ["<", "{\\", "<x", "&", unknown.as_str(), "<v A>a<v B>b"] {
            assert!(
                grows_along(header, line),
                "{header:?} {line:.9}: more than 64 times for 16 times as much"
            );
        }
    }
}

#[test]
fn json_is_refused_when_it_is_not_ours() {
    assert!(refusal(b"{\"cues\": []}").contains("memoreel-captions"));
    assert!(refusal(b"{\n\"cues\": [,]}").starts_with("line 2: this is not Memoreel caption JSON"));
    let backwards =
        br#"{"format":"memoreel-captions","version":1,"cues":[{"start_ms":5,"end_ms":4,"text":"x"}]}"#;
    assert_eq!(refusal(backwards), "line 1: cue 1: 5 ms to 4 ms is not a span of time");
}

fn spoken(text: &str) -> Cue {
    Cue { start_ms: 1000, end_ms: 2000, text: text.to_owned(), ..Cue::default() }
}

/// Texts and names chosen to collide with every syntax they are written in.
fn treacherous() -> Captions {
    let cue = |at: i64, voice: Option<&str>, text: &str| Cue {
        start_ms: at * 1000,
        end_ms: at * 1000 + 999,
        voice: voice.map(str::to_owned),
        text: text.to_owned(),
        ..Cue::default()
    };
    Captions {
        language: Some("en".to_owned()),
        cues: vec![
            Cue {
                identifier: Some("NOTE intro".to_owned()),
                settings: Some("line:0 align:start".to_owned()),
                ..cue(0, Some("Anna <b> & Co: x"), "a --> b")
            },
            cue(1, None, "JOHN: not a voice\nMARY: nor this"),
            cue(1, Some("Ben"), "two at once\nANNA: quoted"),
            cue(2, None, "<i>literal</i> &amp; {\\an8} &lt; {x} R&B a<b"),
            cue(3, None, "1984\n7"),
            cue(4, None, "STYLE\nREGION"),
            cue(5, Some("Speaker 1"), "- so:\u{a0}what"),
            cue(3_600 * 120, None, "late:\u{a0}very"),
        ],
    }
}

#[test]
fn captions_survive_each_format() {
    let captions = treacherous();
    assert_eq!(captions.clone().normalised(), captions);
    assert_eq!(read(to_webvtt(&captions).as_bytes()).captions, captions);
    assert_eq!(read(to_json(&captions).as_bytes()).captions, captions);
    let srt = read(to_srt(&captions).as_bytes());
    assert!(srt.warnings.is_empty(), "{:?}", srt.warnings);
    let mut spoken = captions;
    spoken.language = None;
    spoken.cues[0].identifier = None;
    spoken.cues[0].settings = None;
    assert_eq!(srt.captions, spoken);
}

#[test]
fn plain_text_names_speakers_where_they_change() {
    let captions = read(
        b"WEBVTT\n\n00:00.000 --> 00:01.000\n<v Anna>Hello\n\n00:01.000 --> 00:02.000\n<v Anna>there.\n\n\
          00:02.000 --> 00:03.000\n<v Ben>Hi.\n\n01:05.000 --> 01:06.000\n<v Ben>Later.\n",
    )
    .captions;
    assert_eq!(to_text(&captions, TextOptions::default()), "Anna: Hello there.\n\nBen: Hi.\n\nLater.\n");
    assert_eq!(
        to_text(&captions, TextOptions { times: true }),
        "[00:00:00] Anna: Hello there.\n\n[00:00:02] Ben: Hi.\n\n[00:01:05] Later.\n"
    );
}

#[test]
fn meeting_services_that_put_names_before_every_webvtt_line_are_understood() {
    let cue = |n: u32, text: &str| format!("{n}\n00:00:0{n}.000 --> 00:00:0{n}.900\n{text}\n\n");
    let named =
        [cue(1, "anna k | ops: Hello: all."), cue(2, "Ben: Hi."), cue(3, "and welcome"), cue(4, "Ben: Bye.")];
    let parsed = read(format!("WEBVTT\n\n{}", named.concat()).as_bytes());
    assert_eq!(voices(&parsed), [Some("anna k | ops"), Some("Ben"), None, Some("Ben")]);
    assert_eq!(texts(&parsed), ["Hello: all.", "Hi.", "and welcome", "Bye."]);
    let few = [cue(1, "Note: one."), cue(2, "two"), cue(3, "three")].concat();
    assert_eq!(voices(&read(format!("WEBVTT\n\n{few}").as_bytes())), [None; 3]);
}
