//! What is missing of captions: beside the file they came from, and beside what they were before.

use std::collections::BTreeMap;

use memoreel_evals::caption_files::{VisibleCue, letters};
use serde_json::Value;

use super::report::Remark;

/// How much of a text is shown.
const SHOWN_CHARS_MAX: usize = 60;

/// The cues of a file that are neither kept, at their times and with their letters and voices, nor named by a warning.
pub fn missing(visible: &[VisibleCue], kept: &Value, warnings: &[Remark]) -> Vec<String> {
    let kept = kept_by_times(kept);
    let is_named =
        |cue: &VisibleCue| warnings.iter().any(|warning| (cue.line..=cue.last_line).contains(&warning.line));
    let spoken = visible.iter().filter(|cue| !cue.letters.is_empty() && !is_named(cue));
    let mut losses = Vec::new();
    let mut expected: BTreeMap<(i64, i64), Vec<&VisibleCue>> = BTreeMap::new();
    for cue in spoken {
        match cue.times_ms {
            Some(times) => expected.entry(times).or_default().push(cue),
            None => losses.push(format!("line {}: the cue is missing and nothing says so", cue.line)),
        }
    }
    for (times, cues) in expected {
        losses.extend(missing_at(&cues, kept.get(&times).map_or(&[][..], Vec::as_slice)));
    }
    losses
}

/// What of the cues of one time is missing among those that were kept for it.
fn missing_at(cues: &[&VisibleCue], kept: &[&Value]) -> Vec<String> {
    let line = cues[0].line;
    let said: String = cues.iter().map(|cue| cue.letters.as_str()).collect();
    let text = |cue: &&Value| letters(cue["text"].as_str().unwrap_or_default());
    let voice = |cue: &&Value| cue["voice"].as_str().unwrap_or_default().to_owned();
    let texts: String = kept.iter().map(text).collect();
    // A name before the text may have become the voice.
    let with_names: String = kept.iter().map(|cue| letters(&voice(cue)) + &text(cue)).collect();
    let mut losses = Vec::new();
    if said != texts && said != with_names {
        losses.push(format!("line {line}: \"{}\" became \"{}\"", shown(&said), shown(&texts)));
    }
    for name in cues.iter().flat_map(|cue| &cue.voices) {
        if !kept.iter().any(|cue| voice(cue) == *name) {
            losses.push(format!("line {line}: the voice {name} is missing"));
        }
    }
    let marks =
        |cue: &VisibleCue| [("identifier", cue.identifier.clone()), ("settings", cue.settings.clone())];
    for (field, said) in cues.iter().flat_map(|cue| marks(cue)) {
        let is_kept = |text: &String| kept.iter().any(|cue| cue[field] == text.as_str());
        if let Some(text) = said.filter(|text| !is_kept(text)) {
            losses.push(format!("line {line}: the {field} \"{}\" is missing", shown(&text)));
        }
    }
    losses
}

fn kept_by_times(kept: &Value) -> BTreeMap<(i64, i64), Vec<&Value>> {
    let mut by_times: BTreeMap<(i64, i64), Vec<&Value>> = BTreeMap::new();
    for cue in kept["cues"].as_array().into_iter().flatten() {
        let time = |name: &str| cue[name].as_i64().unwrap_or(-1);
        by_times.entry((time("start_ms"), time("end_ms"))).or_default().push(cue);
    }
    by_times
}

/// What is different after captions went out and in again. A form without a place for identifiers, settings and language
/// is not blamed for those.
pub fn between(before: &Value, after: &Value, has_everything: bool) -> Vec<String> {
    let cues = |captions: &Value| captions["cues"].as_array().cloned().unwrap_or_default();
    let (before_cues, after_cues) = (cues(before), cues(after));
    let mut losses = Vec::new();
    if before_cues.len() != after_cues.len() {
        losses.push(format!("{} cues became {}", before_cues.len(), after_cues.len()));
    }
    if has_everything && before["language"] != after["language"] {
        losses.push(format!("language {} became {}", before["language"], after["language"]));
    }
    let always = ["start_ms", "end_ms", "voice", "text"].as_slice();
    let fields = if has_everything { &[always, &["identifier", "settings"]].concat() } else { always };
    for (index, (one, other)) in before_cues.iter().zip(&after_cues).enumerate() {
        for field in fields.iter().filter(|field| one[**field] != other[**field]) {
            let (one, other) = (one[*field].to_string(), other[*field].to_string());
            losses.push(format!("cue {}: {field} {} became {}", index + 1, shown(&one), shown(&other)));
        }
    }
    losses
}

fn shown(text: &str) -> String {
    if text.chars().count() <= SHOWN_CHARS_MAX {
        return text.to_owned();
    }
    format!("{}…", text.chars().take(SHOWN_CHARS_MAX).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use memoreel_evals::caption_files::visible_cues;
    use serde_json::json;

    const FILE: &[u8] =
        b"WEBVTT\n\n00:01.000 --> 00:02.000 line:0\n<v Ana>Hello <v Ben>there\n\n00:0x --> 00:03.000\nlost\n";

    fn kept(text: &str) -> Value {
        json!({"cues": [
            {"start_ms": 1000, "end_ms": 2000, "voice": "Ana", "text": "Hello", "settings": "line:0"},
            {"start_ms": 1000, "end_ms": 2000, "voice": "Ben", "text": text},
        ]})
    }

    #[test]
    fn a_cue_is_kept_or_named_or_missing() {
        let named = [Remark { line: 6, reason: "no time".to_owned() }];
        assert_eq!(missing(&visible_cues(FILE), &kept("there"), &named), Vec::<String>::new());
        assert_eq!(
            missing(&visible_cues(FILE), &kept("there"), &[]),
            ["line 6: the cue is missing and nothing says so"]
        );
        assert_eq!(
            missing(&visible_cues(FILE), &kept("the"), &named),
            ["line 3: \"Hellothere\" became \"Hellothe\""]
        );
        let nobody = missing(&visible_cues(FILE), &json!({"cues": []}), &named);
        assert_eq!(nobody.len(), 4, "{nobody:?}");
    }

    #[test]
    fn a_name_before_the_text_may_become_the_voice() {
        let file = visible_cues(b"1\n00:00:01,000 --> 00:00:02,000\nANA: Hello\n");
        let kept = json!({"cues": [{"start_ms": 1000, "end_ms": 2000, "voice": "ANA", "text": "Hello"}]});
        assert_eq!(missing(&file, &kept, &[]), Vec::<String>::new());
    }

    #[test]
    fn a_way_out_and_in_is_blamed_for_what_its_form_can_hold() {
        let before =
            json!({"language": "en", "cues": [{"start_ms": 1, "end_ms": 2, "text": "a", "identifier": "x"}]});
        let after = json!({"cues": [{"start_ms": 1, "end_ms": 3, "text": "a"}]});
        assert_eq!(between(&before, &before, true), Vec::<String>::new());
        assert_eq!(between(&before, &after, false), ["cue 1: end_ms 2 became 3"]);
        assert_eq!(between(&before, &after, true).len(), 3);
    }
}
