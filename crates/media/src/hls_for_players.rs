//! HLS playlists as players are told them (RFC 8216): those that are stored, with what lies beside the versions.

use std::collections::HashSet;
use std::fmt::Write;

use crate::beside::{CAPTIONS_PLAYLIST, SOUND_PLAYLIST, STORYBOARD_PLAYLIST};
use crate::hls::{INIT, PLAYLIST};
use crate::listed::{Listed, Timeline, listed_variants};
use crate::{Beside, NamedTrack, OneTrack, TrackKind};

/// The version that was packaged without encoding, whose sound may be of any weight.
const AS_UPLOADED: &str = "source";
/// Our own sound, and what of others is copied, is no heavier than this, in bits per second.
pub(crate) const SOUND_BANDWIDTH: u64 = 192_000;
/// The groups that versions say they are played with.
const SOUNDS: &str = "sound";
const SUBTITLES: &str = "captions";

/// The master playlist with everything that lies beside the versions.
///
/// Where there is more sound, versions are named by their picture alone: players do not replace sound that comes with it.
#[must_use]
pub fn master_for_players(master: &str, beside: &Beside) -> String {
    let listed = listed_variants(master);
    let first = listed.iter().find(|one| one.codecs_of(OneTrack::Sound).is_some());
    let heard = first.and_then(|one| one.codecs_of(OneTrack::Sound));
    let (sounds, texts) = (beside.tracks_of(TrackKind::Sound), beside.tracks_of(TrackKind::Subtitles));
    let by_itself = first.filter(|_| !sounds.is_empty()).map(sound_by_itself);
    let has_more_sound = by_itself.is_some();
    let media = media(beside, &sounds, &texts, by_itself.as_deref());
    let mut text = String::with_capacity(master.len() + 2 * media.len() + 500);
    let mut is_told = false;
    let mut groups = String::new();
    if has_more_sound {
        let _ = write!(groups, ",AUDIO=\"{SOUNDS}\"");
    }
    if beside.captions.is_some() || !texts.is_empty() {
        let _ = write!(groups, ",SUBTITLES=\"{SUBTITLES}\"");
    }
    for line in master.lines() {
        if line.starts_with("#EXT-X-STREAM-INF:") {
            if !is_told {
                text.push_str(&media);
                is_told = true;
            }
            let _ = writeln!(text, "{line}{groups}");
        } else if has_more_sound && let Some(version) = picture_of(&listed, line) {
            let _ = writeln!(text, "{version}/{PLAYLIST}");
        } else {
            let _ = writeln!(text, "{line}");
        }
    }
    if let Some(codecs) = heard.filter(|_| is_worth_hearing_alone(&listed)) {
        let _ = writeln!(
            text,
            "#EXT-X-STREAM-INF:BANDWIDTH={SOUND_BANDWIDTH},CODECS=\"{codecs}\"{groups}\n{SOUND_PLAYLIST}"
        );
    }
    match &beside.storyboard {
        Some(storyboard) => storyboard.beside(&text, STORYBOARD_PLAYLIST),
        None => text,
    }
}

/// Where the picture of the version lies whose playlist a line of the master playlist names.
fn picture_of(listed: &[Listed], line: &str) -> Option<String> {
    let (name, _) = line.split_once('/')?;
    Some(listed.iter().find(|one| one.name == name)?.folder_of(OneTrack::Picture))
}

/// Where the sound lies that is played by itself. Of sound alone it is what the version names, too: players take it for another if the two
/// are called differently, and fetch both.
fn sound_by_itself(first: &Listed) -> String {
    match first.size {
        Some(_) => SOUND_PLAYLIST.to_owned(),
        None => format!("{}/{PLAYLIST}", first.name),
    }
}

/// What can be chosen beside a version; `by_itself` is the sound that is played if no other is chosen, where there are others.
fn media(
    beside: &Beside,
    sounds: &[(&NamedTrack, String)],
    texts: &[(&NamedTrack, String)],
    by_itself: Option<&str>,
) -> String {
    let mut choices = Choices::default();
    if let Some(by_itself) = by_itself {
        let label = (beside.sound_shown(), beside.sound.language.as_deref());
        choices.add(Choice::Sound { is_default: true }, label, by_itself);
        for (track, shown) in sounds {
            let label = (shown.clone(), track.label.language.as_deref());
            let address = format!("{}/{PLAYLIST}", track.name());
            choices.add(Choice::Sound { is_default: false }, label, &address);
        }
    }
    if let Some(told) = &beside.captions {
        let label = ("Captions".to_owned(), Some(told.as_str()));
        choices.add(Choice::Text { is_forced: false }, label, CAPTIONS_PLAYLIST);
    }
    for (track, shown) in texts {
        let label = (shown.clone(), track.label.language.as_deref());
        let address = format!("{}.m3u8", track.name());
        choices.add(Choice::Text { is_forced: track.is_forced }, label, &address);
    }
    choices.text
}

/// Something that can be chosen beside a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Choice {
    Sound { is_default: bool },
    Text { is_forced: bool },
}

impl Choice {
    /// `TYPE`, and the group that it is in.
    fn kind(self) -> (&'static str, &'static str) {
        match self {
            Self::Sound { .. } => ("AUDIO", SOUNDS),
            Self::Text { .. } => ("SUBTITLES", SUBTITLES),
        }
    }

    fn attributes(self) -> &'static str {
        match self {
            Self::Sound { is_default: true } => "DEFAULT=YES",
            Self::Sound { is_default: false } => "DEFAULT=NO",
            Self::Text { is_forced: true } => "DEFAULT=NO,FORCED=YES",
            Self::Text { is_forced: false } => "DEFAULT=NO,FORCED=NO",
        }
    }

    /// What players choose by beside the language: of sound they know no difference.
    fn chosen_as(self) -> Self {
        match self {
            Self::Sound { .. } => Self::Sound { is_default: false },
            text @ Self::Text { .. } => text,
        }
    }
}

/// Lines of the master playlist, with what no two of them may have.
#[derive(Default)]
struct Choices {
    text: String,
    names: HashSet<(&'static str, String)>,
    chosen_by: HashSet<(Choice, String)>,
}

impl Choices {
    /// A track with what menus show for it and its language (BCP 47).
    ///
    /// Players choose by language, and text by whether it is forced, among those that may be chosen so, of which no two are alike
    /// (RFC 8216, 4.3.4.1.1).
    fn add(&mut self, choice: Choice, (shown, told): (String, Option<&str>), address: &str) {
        let ((kind, group), attributes) = (choice.kind(), choice.attributes());
        let language = language(told);
        let is_first = self.chosen_by.insert((choice.chosen_as(), language.clone()));
        let auto = if is_first { "YES" } else { "NO" };
        let name = self.name(group, &shown);
        let _ = writeln!(
            self.text,
            "#EXT-X-MEDIA:TYPE={kind},GROUP-ID=\"{group}\",NAME=\"{name}\"{language},{attributes},AUTOSELECT={auto},URI=\"{address}\""
        );
    }

    /// In a group each has a name of its own, and in quotes there are none.
    fn name(&mut self, group: &'static str, shown: &str) -> String {
        let plain = shown.replace('"', "'");
        let mut name = plain.clone();
        let mut number = 2;
        while !self.names.insert((group, name.clone())) {
            name = format!("{plain} ({number})");
            number += 1;
        }
        name
    }
}

/// The attribute that names a language; nothing where none is known.
fn language(told: Option<&str>) -> String {
    let plain: String = told
        .unwrap_or_default()
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-')
        .collect();
    if plain.is_empty() { plain } else { format!(",LANGUAGE=\"{plain}\"") }
}

/// Whether the sound alone is to be one more version: beside pictures, where it is known to be light because we made or weighed it, and
/// where it is clearly lighter than they are.
fn is_worth_hearing_alone(listed: &[Listed]) -> bool {
    let lightest = listed.iter().filter(|one| one.size.is_some()).map(|one| one.bandwidth).min();
    let first = listed.iter().find(|one| one.codecs_of(OneTrack::Sound).is_some());
    first.is_some_and(|first| first.size.is_some() && first.name != AS_UPLOADED)
        && lightest.is_some_and(|lightest| lightest >= 2 * SOUND_BANDWIDTH)
}

/// A media playlist of the sound alone, of the first of the versions that has some; `None` where none has.
#[must_use]
pub fn sound_playlist(variants: &[Listed], timeline: &Timeline) -> Option<String> {
    let folder = variants
        .iter()
        .find(|listed| listed.codecs_of(OneTrack::Sound).is_some())?
        .folder_of(OneTrack::Sound);
    let longest = timeline.segments.iter().map(|(_, lasts)| (lasts + 500_000) / 1_000_000).max().unwrap_or(1);
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n\
         #EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"{folder}/{INIT}\"\n",
        longest.max(1)
    );
    for (file, lasts) in &timeline.segments {
        let _ = writeln!(text, "#EXTINF:{},\n{folder}/{file}", seconds(*lasts));
    }
    text.push_str("#EXT-X-ENDLIST\n");
    Some(text)
}

/// A media playlist of text that lies in one file.
#[must_use]
pub fn text_playlist(duration_us: u64, file: &str) -> String {
    format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n\
         #EXTINF:{},\n{file}\n#EXT-X-ENDLIST\n",
        duration_us.div_ceil(1_000_000).max(1),
        seconds(duration_us)
    )
}

/// Microseconds as seconds.
pub(crate) fn seconds(us: u64) -> String {
    format!("{}.{:06}", us / 1_000_000, us % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listed::tests::{PLAYLIST as MEDIA, master, variant};
    use crate::{TrackLabel, Variant, VariantVideo, master_playlist};

    fn sound(index: u32, language: &str) -> NamedTrack {
        let label = TrackLabel::new(Some(language), None);
        NamedTrack { kind: TrackKind::Sound, index, label, is_added: false, is_forced: false, sound: None }
    }

    #[test]
    fn the_sound_alone_is_offered_where_it_is_clearly_lighter() {
        let video = VariantVideo { width: 640, height: 360, frame_rate: 25.0 };
        let with = |variants: &[Variant]| {
            let master = master_playlist(variants);
            let with = master_for_players(&master, &Beside::default());
            assert_eq!(listed_variants(&with), listed_variants(&master), "it is none of ours");
            with.strip_prefix(&master).map(str::to_owned)
        };
        let offered = "#EXT-X-STREAM-INF:BANDWIDTH=192000,CODECS=\"mp4a.40.2\"\nsound.m3u8\n";
        assert_eq!(with(&[variant("360p", Some(video), 800_000)]).as_deref(), Some(offered));
        for others in [
            [variant("360p", Some(video), 300_000)],
            [variant("source", Some(video), 800_000)],
            [variant("audio", None, 800_000)],
            [Variant { codecs: "avc1.64001f".to_owned(), ..variant("360p", Some(video), 800_000) }],
        ] {
            assert_eq!(with(&others).as_deref(), Some(""));
        }
    }

    #[test]
    fn captions_and_subtitles_share_a_group_that_each_version_names() {
        let subtitles = |index, title: &str, is_forced| NamedTrack {
            kind: TrackKind::Subtitles,
            is_forced,
            label: TrackLabel::new(Some("ger"), Some(title)),
            ..sound(index, "")
        };
        let beside = Beside {
            captions: Some("en".to_owned()),
            tracks: vec![
                subtitles(3, "Cap\"tions", false),
                subtitles(4, "Captions", true),
                NamedTrack { is_added: true, ..subtitles(0, "Added", false) },
            ],
            ..Beside::default()
        };
        let text = master_for_players(&master(), &beside);
        assert_eq!(listed_variants(&text), listed_variants(&master()));
        for line in [
            "NAME=\"Captions\",LANGUAGE=\"en\",DEFAULT=NO,FORCED=NO,AUTOSELECT=YES,URI=\"captions.m3u8\"\n",
            "NAME=\"Cap'tions\",LANGUAGE=\"de\",DEFAULT=NO,FORCED=NO,AUTOSELECT=YES,URI=\"subtitles-3.m3u8\"\n",
            "NAME=\"Captions (2)\",LANGUAGE=\"de\",DEFAULT=NO,FORCED=YES,AUTOSELECT=YES,URI=\"subtitles-4.m3u8\"\n",
            // Whoever wants German gets those of the file.
            "NAME=\"Added\",LANGUAGE=\"de\",DEFAULT=NO,FORCED=NO,AUTOSELECT=NO,URI=\"subtitles-de.m3u8\"\n",
            "mp4a.40.2\",SUBTITLES=\"captions\"\n720p/media.m3u8\n",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert!(!text.contains("AUDIO"), "{text}");
    }

    #[test]
    fn where_there_is_more_sound_pictures_come_by_themselves() {
        let beside = Beside {
            sound: TrackLabel::new(Some("eng"), None),
            tracks: vec![sound(2, "deu"), sound(5, ""), sound(6, "eng")],
            ..Beside::default()
        };
        let text = master_for_players(&master(), &beside);
        for line in [
            "TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=YES,AUTOSELECT=YES,URI=\"sound.m3u8\"\n",
            "NAME=\"Deutsch\",LANGUAGE=\"de\",DEFAULT=NO,AUTOSELECT=YES,URI=\"sound-2/media.m3u8\"\n",
            "NAME=\"Sound 3\",DEFAULT=NO,AUTOSELECT=YES,URI=\"sound-5/media.m3u8\"\n",
            // Whoever wants English gets the one that is played by itself.
            "NAME=\"English (2)\",LANGUAGE=\"en\",DEFAULT=NO,AUTOSELECT=NO,URI=\"sound-6/media.m3u8\"\n",
            "mp4a.40.2\",AUDIO=\"sound\"\n720p/picture/media.m3u8\n",
            "mp4a.40.2\",AUDIO=\"sound\"\nsound.m3u8\n",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert!(!text.contains("SUBTITLES") && !text.contains("p/media.m3u8"), "{text}");
    }

    #[test]
    fn of_sound_alone_the_version_is_the_sound_that_is_played_by_itself() {
        let alone = Variant { codecs: "mp4a.40.2".to_owned(), ..variant("audio", None, 128_000) };
        let beside = Beside {
            sound: TrackLabel::new(Some("eng"), None),
            tracks: vec![sound(1, "deu")],
            ..Beside::default()
        };
        let text = master_for_players(&master_playlist(&[alone]), &beside);
        for line in [
            "NAME=\"English\",LANGUAGE=\"en\",DEFAULT=YES,AUTOSELECT=YES,URI=\"audio/media.m3u8\"\n",
            "NAME=\"Deutsch\",LANGUAGE=\"de\",DEFAULT=NO,AUTOSELECT=YES,URI=\"sound-1/media.m3u8\"\n",
            "CODECS=\"mp4a.40.2\",AUDIO=\"sound\"\naudio/media.m3u8\n",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert_eq!(text.matches("STREAM-INF").count(), 1, "{text}");
    }

    #[test]
    fn the_sound_alone_has_a_playlist_of_its_own() {
        let sound = sound_playlist(&listed_variants(&master()), &Timeline::read(MEDIA)).unwrap();
        assert_eq!(Timeline::read(&sound).duration_us(), 14_500_000);
        assert!(
            sound.contains("#EXT-X-MAP:URI=\"360p/sound/init.mp4\"\n")
                && sound.contains("\n360p/sound/segment-00002.m4s\n")
        );
        // What is sound alone lies where it lies.
        let alone = Variant { codecs: "mp4a.40.2".to_owned(), ..variant("audio", None, 128_000) };
        let alone = listed_variants(&master_playlist(&[alone]));
        let playlist = sound_playlist(&alone, &Timeline::read(MEDIA)).unwrap();
        assert!(playlist.contains("\naudio/segment-00000.m4s\n"));
    }
}
