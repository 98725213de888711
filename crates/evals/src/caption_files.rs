//! What a WebVTT or SubRip file visibly says, so that a reader of captions can be held against it.
//!
//! This is no parser: every line with an arrow is a cue, whatever stands around it, and of its text only letters and
//! digits count. So a cue that a parser drops, cuts short or moves in time shows, and how it treats markup, line breaks
//! and punctuation does not.

/// A line with an arrow, and what follows it up to a blank line or the next arrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisibleCue {
    /// The line of the arrow, counted from 1.
    pub line: usize,
    /// The last line of the text.
    pub last_line: usize,
    /// Start and end in milliseconds, if both are times.
    pub times_ms: Option<(i64, i64)>,
    /// The letters and digits of the text, without tags.
    pub letters: String,
    /// The names in `<v Name>` tags.
    pub voices: Vec<String>,
    /// The line before the arrow, in WebVTT; in SubRip it is a number that counts.
    pub identifier: Option<String>,
    /// What follows the times, in WebVTT, its words one space apart.
    pub settings: Option<String>,
}

/// The cues of a file in UTF-8, UTF-16 with a byte order mark or, where it is neither, Latin-1.
pub fn visible_cues(bytes: &[u8]) -> Vec<VisibleCue> {
    let text = decoded(bytes).replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split('\n').collect();
    let is_webvtt = text.trim_start_matches('\u{feff}').starts_with("WEBVTT");
    let is_arrow = |at: usize| lines.get(at).is_some_and(|line| line.contains("-->"));
    let arrows = (0..lines.len()).filter(|at| is_arrow(*at));
    arrows
        .map(|at| {
            let rest =
                lines[at + 1..].iter().take_while(|line| !line.trim().is_empty() && !line.contains("-->"));
            let mut end = at + 1 + rest.count();
            // Without a blank line between two cues, the number of the second is not text of the first.
            if is_arrow(end) && end > at + 1 && is_number(lines[end - 1]) {
                end -= 1;
            }
            let (text, voices) = without_tags(&lines[at + 1..end].join("\n"));
            VisibleCue {
                line: at + 1,
                last_line: end,
                times_ms: times_ms(lines[at]),
                letters: letters(&text),
                voices,
                identifier: identifier(&lines[..at]).filter(|_| is_webvtt),
                settings: settings(lines[at]).filter(|_| is_webvtt),
            }
        })
        .collect()
}

/// The letters and digits of a text, in order.
pub fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn decoded(bytes: &[u8]) -> String {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => std::str::from_utf8(bytes)
            .map_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect(), str::to_owned),
    }
}

fn is_number(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit())
}

fn times_ms(line: &str) -> Option<(i64, i64)> {
    let (start, rest) = line.split_once("-->")?;
    Some((time_ms(start.trim())?, time_ms(rest.split_whitespace().next()?)?))
}

/// The last of the lines before an arrow, if it stands by itself; in the header it is none.
fn identifier(before: &[&str]) -> Option<String> {
    let [.., blank, line] = before else { return None };
    one_line(line).filter(|_| blank.trim().is_empty())
}

fn settings(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("-->")?;
    one_line(rest.trim_start().split_once(char::is_whitespace)?.1)
}

fn one_line(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// `1:02:03.4`, `02:03,400`, `02:03`: fields of 60, the last with decimals.
fn time_ms(text: &str) -> Option<i64> {
    let (clock, decimals) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let digits = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i64>().ok()).flatten()
    };
    let fields = clock.split(':').map(digits).collect::<Option<Vec<i64>>>()?;
    // A bare number is a time only if its decimals say so.
    let fields_min = if clock == text { 2 } else { 1 };
    if !(fields_min..=3).contains(&fields.len()) || fields[1..].iter().any(|field| *field >= 60) {
        return None;
    }
    let seconds = fields.iter().fold(0, |seconds, field| seconds * 60 + field);
    let millis = digits(decimals.get(..3).unwrap_or(&format!("{decimals:0<3}")))?;
    Some(seconds * 1000 + millis)
}

/// The text without `<tags>` and `{\codes}` and with the common character references resolved, and the voices' names.
fn without_tags(text: &str) -> (String, Vec<String>) {
    let (mut plain, mut voices) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '{']) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let closing = if rest.starts_with('<') { '>' } else { '}' };
        let is_markup = !rest.starts_with('{') || rest[1..].starts_with('\\');
        match rest.find(closing).filter(|_| is_markup) {
            Some(end) => {
                voices.extend(voice(&rest[1..end]));
                rest = &rest[end + 1..];
            }
            None => {
                plain.push_str(&rest[..1]);
                rest = &rest[1..];
            }
        }
    }
    plain.push_str(rest);
    (resolved(&plain), voices)
}

fn voice(tag: &str) -> Option<String> {
    let (name, annotation) = tag.split_once(char::is_whitespace)?;
    let is_voice = name == "v" || name.starts_with("v.");
    let words: Vec<&str> = annotation.split_whitespace().collect();
    (is_voice && !words.is_empty()).then(|| resolved(&words.join(" ")))
}

fn resolved(text: &str) -> String {
    let named =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&nbsp;", "\u{a0}"), ("&lrm;", ""), ("&rlm;", "")];
    let text = named.iter().fold(text.to_owned(), |text, (reference, c)| text.replace(reference, c));
    text.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_arrow_is_a_cue_with_its_letters() {
        let file = "\u{feff}WEBVTT\r\n\r\nid\r\n00:01.5 --> 01:00:02.250 line:0\r\n<v.loud Ana  B>Hi, <i>you</i> &amp; me!</v>\r\n\r\n00:0x --> 2\r\nlost\r\n";
        let cues = visible_cues(file.as_bytes());
        assert_eq!(cues.len(), 2);
        assert_eq!((cues[0].line, cues[0].last_line), (4, 5));
        assert_eq!(cues[0].times_ms, Some((1_500, 3_602_250)));
        assert_eq!((cues[0].letters.as_str(), &cues[0].voices[..]), ("Hiyoume", &["Ana B".to_owned()][..]));
        assert_eq!(
            (cues[0].identifier.as_deref(), cues[0].settings.as_deref()),
            (Some("id"), Some("line:0"))
        );
        assert_eq!((cues[1].times_ms, cues[1].letters.as_str()), (None, "lost"));
    }

    #[test]
    fn the_number_of_the_next_cue_is_not_text() {
        let cues = visible_cues(
            b"1\n00:00:01,000 --> 00:00:02,000\n{\\an8}one 1\n2\n00:00:03,000 --> 00:00:04,000\n7\n",
        );
        let texts: Vec<&str> = cues.iter().map(|cue| cue.letters.as_str()).collect();
        assert_eq!(texts, ["one1", "7"]);
    }

    #[test]
    fn utf16_is_read() {
        let bytes: Vec<u8> =
            "\u{feff}00:01,000 --> 00:02,000\nÇa".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(visible_cues(&bytes)[0].letters, "Ça");
    }
}
