//! Tracks that a recording has beside its picture and the sound that it is played with: other languages, comments, subtitles. Subtitles
//! may also have been added to it, as files of their own.

use isolang::Language;
use serde::{Deserialize, Serialize};

use crate::{AudioStream, Probe, SubtitleStream, Variant};

/// Of more sound tracks than any film has, the first are kept.
const SOUNDS_MAX: usize = 16;
/// The same of subtitles, which are small: of those of the file, and of those that were added.
pub const SUBTITLES_MAX: usize = 48;
/// Characters of a title that players show in a menu.
pub const TITLE_MAX: usize = 80;
/// Letters of a language tag.
const TAG_MAX: usize = 35;
/// Subtitles that are text; others are pictures.
const TEXT_CODECS: [&str; 7] = ["subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text"];

/// What a track is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackKind {
    /// Sound, as HLS in a folder.
    Sound,
    /// Text, as one file of WebVTT.
    Subtitles,
}

impl TrackKind {
    fn prefix(self) -> &'static str {
        match self {
            Self::Sound => "sound-",
            Self::Subtitles => "subtitles-",
        }
    }

    /// What files of the track at this position are called ([`NamedTrack::name`]).
    #[must_use]
    pub fn name(self, index: u32) -> String {
        format!("{}{index}", self.prefix())
    }

    /// The position of the track whose files are called so, in the one spelling that it has.
    #[must_use]
    pub fn index_of(self, name: &str) -> Option<u32> {
        let digits = name.strip_prefix(self.prefix())?;
        digits.parse().ok().filter(|index: &u32| index.to_string() == digits)
    }
}

/// What a track is called.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TrackLabel {
    /// BCP 47, where the file says.
    pub language: Option<String>,
    /// As whoever made the file calls it.
    pub title: Option<String>,
}

/// A track that is played instead of, or with, what is played by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedTrack {
    /// What it is.
    pub kind: TrackKind,
    /// Position in the file; 0 of what is in none.
    pub index: u32,
    /// What it is called.
    #[serde(flatten)]
    pub label: TrackLabel,
    /// Whether it was added to the recording, in a language of which there is no other that was.
    #[serde(default)]
    pub is_added: bool,
    /// Whether it is shown to whoever reads no subtitles, too: signs, or what is said in another language.
    #[serde(default)]
    pub is_forced: bool,
    /// What became of sound.
    #[serde(flatten)]
    pub sound: Option<Variant>,
}

impl TrackLabel {
    /// Of what ffmpeg tells of a stream: an ISO 639 code, or more of BCP 47, and a title.
    #[must_use]
    pub fn new(language: Option<&str>, title: Option<&str>) -> Self {
        let title = title.map(|title| {
            // Players written in JavaScript end a line at the separators, too, and no XML may hold the last two (XML 1.0, 2.2).
            let is_shown = |letter: &char| {
                !letter.is_control() && !matches!(letter, '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}')
            };
            let shown: String = title.chars().filter(is_shown).take(TITLE_MAX).collect();
            shown.trim().to_owned()
        });
        Self { language: language.and_then(bcp_47), title: title.filter(|title| !title.is_empty()) }
    }

    /// What a menu shows: the title, or the language as those call it who speak it.
    pub(crate) fn shown(&self) -> Option<String> {
        self.title.clone().or_else(|| {
            let first = self.language.as_deref()?.split('-').next()?;
            let language = Language::from_639_1(first).or_else(|| Language::from_639_3(first))?;
            Some(language.to_autonym().unwrap_or_else(|| language.to_name()).to_owned())
        })
    }
}

impl NamedTrack {
    fn new(kind: TrackKind, index: u32, label: TrackLabel) -> Self {
        Self { kind, index, label, is_added: false, is_forced: false, sound: None }
    }

    /// Name of its folder or, without its ending, of its file.
    #[must_use]
    pub fn name(&self) -> String {
        match self.label.language.as_deref().filter(|_| self.is_added) {
            Some(language) => Self::name_of_added(language),
            None => self.kind.name(self.index),
        }
    }

    /// What files of subtitles are called that were added in this language ([`language_tag`]).
    #[must_use]
    pub fn name_of_added(language: &str) -> String {
        format!("{}{language}", TrackKind::Subtitles.prefix())
    }

    /// The language of the subtitles that were added whose files are called so, in the one spelling that it has.
    #[must_use]
    pub fn language_of_added(name: &str) -> Option<&str> {
        let language = name.strip_prefix(TrackKind::Subtitles.prefix())?;
        (language_tag(language)? == language).then_some(language)
    }
}

impl AudioStream {
    /// What it is called.
    #[must_use]
    pub fn label(&self) -> TrackLabel {
        TrackLabel::new(self.language.as_deref(), self.title.as_deref())
    }
}

impl Probe {
    /// The tracks that there are besides, in the order of the file. Subtitles that are pictures are left out.
    #[must_use]
    pub fn other_tracks(&self) -> Vec<NamedTrack> {
        let sound = |audio: &AudioStream| NamedTrack::new(TrackKind::Sound, audio.index, audio.label());
        let subtitles = |stream: &SubtitleStream| NamedTrack {
            is_forced: stream.is_forced,
            ..NamedTrack::new(
                TrackKind::Subtitles,
                stream.index,
                TrackLabel::new(stream.language.as_deref(), stream.title.as_deref()),
            )
        };
        let text = self.subtitles.iter().filter(|stream| TEXT_CODECS.contains(&stream.codec.as_str()));
        let sounds = self.other_sounds.iter().take(SOUNDS_MAX).map(sound);
        sounds.chain(text.take(SUBTITLES_MAX).map(subtitles)).collect()
    }
}

/// `ger`, `deu` and `DE` as `de`: RFC 5646 wants the shortest code. `None` where no language is named.
fn bcp_47(told: &str) -> Option<String> {
    let mut parts = told.trim().split(['-', '_']);
    let first = parts.next()?.to_ascii_lowercase();
    let language = match first.len() {
        2 => Language::from_639_1(&first)?,
        3 => Language::from_639_3(terminological(&first))?,
        _ => return None,
    };
    if language == Language::Und {
        return None;
    }
    let mut tag = language.to_639_1().unwrap_or_else(|| language.to_639_3()).to_owned();
    for part in parts.filter(|part| (1..=8).contains(&part.len())) {
        if part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            tag.push('-');
            tag.push_str(part);
        }
    }
    Some(tag)
}

/// A BCP 47 tag in the one spelling that it has here, with the shortest code of its language: `pt_br` as `pt-BR`, `deu` as `de`. `None` of what
/// is no such tag, has more than 35 letters (RFC 5646, 4.4.1), or names no language.
#[must_use]
pub fn language_tag(told: &str) -> Option<String> {
    let is_part =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if told.len() > TAG_MAX || !told.split(['-', '_']).all(is_part) {
        return None;
    }
    let plain = bcp_47(told)?;
    let mut parts = plain.split('-');
    let mut tag = parts.next()?.to_owned();
    let mut is_extension = false;
    for part in parts {
        // A region in capitals and a script with one (RFC 5646, 2.1.1).
        let spelled = match part.len() {
            2 if !is_extension => part.to_ascii_uppercase(),
            4 if !is_extension => {
                let (first, rest) = part.split_at(1);
                first.to_ascii_uppercase() + &rest.to_ascii_lowercase()
            }
            _ => part.to_ascii_lowercase(),
        };
        is_extension |= part.len() == 1;
        tag.push('-');
        tag.push_str(&spelled);
    }
    Some(tag)
}

/// Of the two codes that ISO 639-2 has of some languages the one that ISO 639-3 took over.
fn terminological(code: &str) -> &str {
    match code {
        "alb" => "sqi",
        "arm" => "hye",
        "baq" => "eus",
        "bur" => "mya",
        "chi" => "zho",
        "cze" => "ces",
        "dut" => "nld",
        "fre" => "fra",
        "geo" => "kat",
        "ger" => "deu",
        "gre" => "ell",
        "ice" => "isl",
        "mac" => "mkd",
        "mao" => "mri",
        "may" => "msa",
        "per" => "fas",
        "rum" => "ron",
        "slo" => "slk",
        "tib" => "bod",
        "wel" => "cym",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_by_their_shortest_code() {
        for (told, tag) in [
            ("ger", Some("de")),
            ("deu", Some("de")),
            ("DE", Some("de")),
            ("pt_BR", Some("pt-BR")),
            ("eng", Some("en")),
            ("chi", Some("zh")),
            ("yue", Some("yue")),
            ("zxx-\"x", Some("zxx")),
            ("und", None),
            ("e\"n", None),
            ("klingon", None),
            ("", None),
        ] {
            assert_eq!(bcp_47(told).as_deref(), tag, "{told}");
        }
    }

    #[test]
    fn a_tag_that_somebody_gives_has_one_spelling_and_nothing_is_left_out_of_it() {
        for (told, tag) in [
            ("de", Some("de")),
            ("DEU", Some("de")),
            ("pt_br", Some("pt-BR")),
            ("ZH-hant-tw", Some("zh-Hant-TW")),
            ("de-1996-DE", Some("de-1996-DE")),
            ("en-u-CA-GREG", Some("en-u-ca-greg")),
            ("de-\"x", None),
            ("de--at", None),
            ("de-", None),
            (" de", None),
            ("klingon", None),
            ("und", None),
            ("3", None),
            ("", None),
            ("de-aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa", None),
        ] {
            assert_eq!(language_tag(told).as_deref(), tag, "{told}");
            if let Some(tag) = tag {
                assert_eq!(language_tag(tag).as_deref(), Some(tag), "once and for all");
                assert_eq!(NamedTrack::language_of_added(&NamedTrack::name_of_added(tag)), Some(tag));
            }
        }
        for name in ["subtitles-3", "subtitles-DE", "subtitles-deu", "subtitles-", "sound-de", "de"] {
            assert_eq!(NamedTrack::language_of_added(name), None, "{name}");
        }
    }

    #[test]
    fn a_menu_shows_the_title_or_the_language() {
        let shown = |language, title| TrackLabel::new(language, title).shown();
        assert_eq!(shown(Some("ger"), None).as_deref(), Some("Deutsch"));
        assert_eq!(shown(Some("ger"), Some(" \u{7}Kommen\u{2028}tar\n")).as_deref(), Some("Kommentar"));
        assert_eq!(
            shown(None, Some("\u{fffe}Kommen\u{ffff}tar\u{fffd}")).as_deref(),
            Some("Kommentar\u{fffd}")
        );
        assert_eq!(shown(None, Some(" \n\u{ffff}")), None);
        assert_eq!(TrackLabel::new(None, Some(&"x".repeat(900))).title.unwrap().len(), TITLE_MAX);
    }

    #[test]
    fn what_is_kept_of_a_track_is_read_again() {
        let sound = crate::listed::tests::variant("sound-2", None, 128_000);
        let label = TrackLabel { language: Some("de".to_owned()), title: None };
        for track in [
            NamedTrack { sound: Some(sound), ..NamedTrack::new(TrackKind::Sound, 2, label.clone()) },
            NamedTrack { is_forced: true, ..NamedTrack::new(TrackKind::Subtitles, 3, label.clone()) },
            NamedTrack { is_added: true, ..NamedTrack::new(TrackKind::Subtitles, 0, label) },
        ] {
            let kept = serde_json::to_value(&track).unwrap();
            assert_eq!(serde_json::from_value::<NamedTrack>(kept).unwrap(), track);
        }
    }
}
