//! The DASH manifest (ISO/IEC 23009-1) of what is published as HLS: the same segments, described once more.
//!
//! It is made of the playlists, so that it says what they say, of recordings of any age. Segments that hold sound and picture are named
//! twice, once for each: whoever delivers them takes them apart ([`crate::segment_of_track`]).

use std::fmt::Write;

use crate::beside::{CAPTIONS, STORYBOARD};
use crate::hls::INIT;
use crate::hls_for_players::{SOUND_BANDWIDTH, seconds};
use crate::listed::{Listed, Timeline};
use crate::{Beside, OneTrack, TrackKind, TrackLabel};

/// The manifest over variants whose folders lie beside it, with what else lies there. `sounds` are the positions of tracks of more
/// sound, with what their playlists say.
#[must_use]
pub fn dash_manifest(variants: &[(Listed, Timeline)], sounds: &[(u32, Timeline)], beside: &Beside) -> String {
    let duration = variants.iter().map(|(_, timeline)| timeline.duration_us()).max().unwrap_or(0);
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" \
         profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" mediaPresentationDuration=\"PT{}S\" minBufferTime=\"PT6S\">\n\
         <Period id=\"0\" start=\"PT0S\">\n",
        seconds(duration)
    );
    // Players change over within a set, which therefore holds one codec.
    for of_av1 in [false, true] {
        let pictures = variants
            .iter()
            .filter(|(listed, _)| listed.is_av1() == of_av1 && listed.codecs_of(OneTrack::Picture).is_some());
        let pictures: Vec<_> = pictures.collect();
        if pictures.is_empty() {
            continue;
        }
        begin_set(&mut text, "video", &TrackLabel::default());
        for (listed, timeline) in pictures {
            representation(&mut text, listed, OneTrack::Picture, timeline);
        }
        text.push_str("</AdaptationSet>\n");
    }
    // It is about the same in each version.
    let heard = variants.iter().find(|(listed, _)| listed.codecs_of(OneTrack::Sound).is_some());
    if let Some((listed, timeline)) = heard {
        begin_set(&mut text, "audio", &beside.sound);
        if !sounds.is_empty() {
            role(&mut text, &beside.sound_shown(), "main");
        }
        representation(&mut text, listed, OneTrack::Sound, timeline);
        text.push_str("</AdaptationSet>\n");
    }
    for (track, shown) in beside.tracks_of(TrackKind::Sound) {
        let timeline = sounds.iter().find(|(index, _)| *index == track.index).map(|(_, timeline)| timeline);
        let Some((timeline, sound)) = timeline.zip(track.sound.as_ref()) else { continue };
        let listed = Listed {
            name: track.name(),
            bandwidth: sound.bandwidth_peak,
            size: None,
            frame_rate: None,
            codecs: sound.codecs.clone(),
        };
        begin_set(&mut text, "audio", &track.label);
        role(&mut text, &shown, "alternate");
        representation(&mut text, &listed, OneTrack::Sound, timeline);
        text.push_str("</AdaptationSet>\n");
    }
    if let Some(language) = &beside.captions {
        let label = TrackLabel { language: Some(language.clone()), title: None };
        text_set(&mut text, &label, ("Captions", "subtitle"), ("captions", CAPTIONS));
    }
    for (track, shown) in beside.tracks_of(TrackKind::Subtitles) {
        let (name, role) = (track.name(), if track.is_forced { "forced-subtitle" } else { "subtitle" });
        text_set(&mut text, &track.label, (&shown, role), (&name, &format!("{name}.vtt")));
    }
    if let Some(storyboard) = &beside.storyboard {
        text.push_str(&storyboard.adaptation_set(STORYBOARD));
    }
    text.push_str("</Period>\n</MPD>\n");
    text
}

/// Begins a set of segments.
fn begin_set(text: &mut String, kind: &str, label: &TrackLabel) {
    let _ = writeln!(
        text,
        "<AdaptationSet contentType=\"{kind}\" mimeType=\"{kind}/mp4\"{} startWithSAP=\"1\" segmentAlignment=\"false\">",
        language(label)
    );
}

/// A set that is one file of WebVTT: what it is shown as and what it is for, then its name and address.
fn text_set(
    text: &mut String,
    label: &TrackLabel,
    (shown, purpose): (&str, &str),
    (name, address): (&str, &str),
) {
    let language = language(label);
    let _ = writeln!(text, "<AdaptationSet contentType=\"text\" mimeType=\"text/vtt\"{language}>");
    role(text, shown, purpose);
    let _ = writeln!(
        text,
        "<Representation id=\"{name}\" bandwidth=\"1000\"><BaseURL>{}</BaseURL></Representation>\n</AdaptationSet>",
        escaped(address)
    );
}

fn language(label: &TrackLabel) -> String {
    label.language.as_ref().map_or_else(String::new, |language| format!(" lang=\"{}\"", escaped(language)))
}

/// What menus show, and what the set is for.
fn role(text: &mut String, shown: &str, purpose: &str) {
    let _ = writeln!(
        text,
        "<Label>{}</Label>\n<Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"{purpose}\"/>",
        escaped(shown)
    );
}

fn representation(text: &mut String, listed: &Listed, track: OneTrack, timeline: &Timeline) {
    let (codecs, folder) = (listed.codecs_of(track).unwrap_or_default(), escaped(&listed.folder_of(track)));
    let bandwidth = match (listed.size, track) {
        (Some(_), OneTrack::Sound) => SOUND_BANDWIDTH,
        _ => listed.bandwidth,
    };
    let _ = write!(
        text,
        "<Representation id=\"{folder}\" bandwidth=\"{bandwidth}\" codecs=\"{}\"",
        escaped(&codecs)
    );
    if track == OneTrack::Picture {
        if let Some((width, height)) = listed.size {
            let _ = write!(text, " width=\"{width}\" height=\"{height}\"");
        }
        if let Some(rate) = &listed.frame_rate
            && let Ok(rate) = rate.parse::<f64>()
        {
            let _ = write!(text, " frameRate=\"{}/1000\"", (rate * 1000.0).round() as u64);
        }
    }
    let _ = write!(
        text,
        ">\n<SegmentTemplate timescale=\"1000000\" initialization=\"{folder}/{INIT}\" media=\"{folder}/segment-$Number%05d$.m4s\" \
         startNumber=\"0\"><SegmentTimeline>"
    );
    let mut start = Some(0_u64);
    let mut rest = timeline.segments.iter().map(|(_, lasts)| *lasts).peekable();
    while let Some(lasts) = rest.next() {
        let mut repeats = 0;
        while rest.next_if_eq(&lasts).is_some() {
            repeats += 1;
        }
        text.push_str("<S");
        if let Some(start) = start.take() {
            let _ = write!(text, " t=\"{start}\"");
        }
        let _ = write!(text, " d=\"{lasts}\"");
        if repeats > 0 {
            let _ = write!(text, " r=\"{repeats}\"");
        }
        text.push_str("/>");
    }
    text.push_str("</SegmentTimeline></SegmentTemplate>\n</Representation>\n");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listed::listed_variants;
    use crate::listed::tests::{PLAYLIST, master, variant};

    fn versions() -> Vec<(Listed, Timeline)> {
        listed_variants(&master()).into_iter().map(|one| (one, Timeline::read(PLAYLIST))).collect()
    }

    #[test]
    fn the_manifest_tells_each_segment_once() {
        let beside = Beside { captions: Some("e\"n".to_owned()), ..Beside::default() };
        let manifest = dash_manifest(&versions(), &[], &beside);
        for part in [
            "mediaPresentationDuration=\"PT14.500000S\"",
            "<S t=\"0\" d=\"6000000\" r=\"1\"/><S d=\"2500000\"/>",
            "initialization=\"720p/picture/init.mp4\" media=\"720p/picture/segment-$Number%05d$.m4s\"",
            "codecs=\"avc1.64001f\"",
            "initialization=\"360p/sound/init.mp4\"",
            "codecs=\"mp4a.40.2\"",
            "frameRate=\"29970/1000\"",
            "lang=\"e&quot;n\"",
            "<BaseURL>captions.vtt</BaseURL>",
        ] {
            assert!(manifest.contains(part), "{part} in {manifest}");
        }
        assert_eq!(manifest.matches("<AdaptationSet").count(), 3);
        assert_eq!(manifest.matches("<Representation").count(), 4);
    }

    #[test]
    fn each_language_has_a_set_of_its_own() {
        let track = |kind, index, language, sound| crate::NamedTrack {
            kind,
            index,
            label: TrackLabel::new(Some(language), None),
            is_added: false,
            is_forced: kind == TrackKind::Subtitles,
            sound,
        };
        let made = crate::Variant { codecs: "mp4a.40.2".to_owned(), ..variant("sound-2", None, 130_000) };
        let german = track(TrackKind::Sound, 2, "ger", Some(made));
        let beside = Beside {
            sound: TrackLabel::new(Some("eng"), Some("<Orig\u{fffe}inal\u{ffff}>")),
            tracks: vec![german, track(TrackKind::Subtitles, 3, "fre", None)],
            ..Beside::default()
        };
        let manifest = dash_manifest(&versions(), &[(2, Timeline::read(PLAYLIST))], &beside);
        for part in [
            "contentType=\"audio\" mimeType=\"audio/mp4\" lang=\"en\"",
            "<Label>&lt;Original&gt;</Label>\n<Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"main\"/>",
            "contentType=\"audio\" mimeType=\"audio/mp4\" lang=\"de\"",
            "<Label>Deutsch</Label>\n<Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"alternate\"/>",
            "id=\"sound-2\" bandwidth=\"130000\" codecs=\"mp4a.40.2\"",
            "initialization=\"sound-2/init.mp4\"",
            "mimeType=\"text/vtt\" lang=\"fr\"",
            "value=\"forced-subtitle\"/>\n<Representation id=\"subtitles-3\"",
            "<BaseURL>subtitles-3.vtt</BaseURL>",
        ] {
            assert!(manifest.contains(part), "{part} in {manifest}");
        }
        assert_eq!(manifest.matches("<AdaptationSet").count(), 4);
    }
}
