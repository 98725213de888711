//! The DASH manifest (ISO/IEC 23009-1) of what is published as HLS: the same segments, described once more.
//!
//! It is made of the playlists, so that it says what they say, of recordings of any age. Segments that hold sound and picture are named
//! twice, once for each: whoever delivers them takes them apart ([`crate::segment_of_track`]).

use std::fmt::Write;

use crate::hls::{INIT, is_av1};
use crate::{OneTrack, Storyboard};

/// Where one track of a version lies by itself, in the folder of the version.
const PICTURE: &str = "picture";
const SOUND: &str = "sound";
/// The version that was packaged without encoding, whose sound may be of any weight.
const AS_UPLOADED: &str = "source";
/// Our own sound, and what of others is copied, is no heavier than this, in bits per second.
const SOUND_BANDWIDTH: u64 = 192_000;
/// No segment of ours lasts longer; times are added up without a look at whether they can be.
const SEGMENT_SECONDS_MAX: f64 = 86_400.0;

/// A version of a recording as the master playlist tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Name of its folder.
    pub name: String,
    /// In bits per second.
    pub bandwidth: u64,
    /// Pixels across and down; absent for sound alone.
    pub size: Option<(u32, u32)>,
    /// Pictures per second, as it is written there.
    pub frame_rate: Option<String>,
    /// RFC 6381 names.
    pub codecs: String,
}

impl Listed {
    /// The names of its picture's, or of its sound's codecs; absent without it.
    fn codecs_of(&self, track: OneTrack) -> Option<String> {
        let of_track = |name: &&str| name.starts_with("mp4a") == (track == OneTrack::Sound);
        let names: Vec<&str> = self.codecs.split(',').filter(of_track).collect();
        (!names.is_empty()).then(|| names.join(","))
    }

    /// The folder in which one of its tracks lies, by itself if there are two.
    fn folder_of(&self, track: OneTrack) -> String {
        let is_alone =
            self.codecs_of(OneTrack::Picture).is_none() || self.codecs_of(OneTrack::Sound).is_none();
        match (is_alone, track) {
            (true, _) => self.name.clone(),
            (false, OneTrack::Picture) => format!("{}/{PICTURE}", self.name),
            (false, OneTrack::Sound) => format!("{}/{SOUND}", self.name),
        }
    }

    /// Whether not every player knows how its picture is written.
    #[must_use]
    pub fn is_av1(&self) -> bool {
        is_av1(&self.codecs)
    }

    /// Pixels of its shorter side; 0 of sound alone.
    #[must_use]
    pub fn short_side(&self) -> u32 {
        self.size.map_or(0, |(width, height)| width.min(height))
    }
}

/// What a media playlist says of time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeline {
    /// Each segment's file with how long it lasts, in microseconds.
    pub segments: Vec<(String, u64)>,
}

impl Timeline {
    /// Reads one of our own media playlists.
    #[must_use]
    pub fn read(playlist: &str) -> Self {
        let mut segments = Vec::new();
        let mut lasts = None;
        for line in playlist.lines().map(str::trim) {
            if let Some(told) = line.strip_prefix("#EXTINF:") {
                let told = told.trim_end_matches(',').parse::<f64>().ok();
                lasts = told.filter(|seconds| (0.0..=SEGMENT_SECONDS_MAX).contains(seconds));
            } else if !line.is_empty()
                && !line.starts_with('#')
                && let Some(seconds) = lasts.take()
            {
                segments.push((line.to_owned(), (seconds * 1e6).round() as u64));
            }
        }
        Self { segments }
    }

    /// How long all of it lasts, in microseconds.
    #[must_use]
    pub fn duration_us(&self) -> u64 {
        self.segments.iter().map(|(_, lasts)| lasts).sum()
    }

    /// The segments that show what is between two moments, in microseconds, and when the first of them begins.
    #[must_use]
    pub fn between(&self, from_us: u64, to_us: u64) -> (Vec<&str>, u64) {
        let (mut at, mut begins) = (0, 0);
        let mut files: Vec<&str> = Vec::new();
        for (file, lasts) in &self.segments {
            if at < to_us.max(from_us + 1) && at + lasts > from_us {
                if files.is_empty() {
                    begins = at;
                }
                files.push(file);
            }
            at += lasts;
        }
        (files, begins)
    }
}

/// Reads one of our own master playlists, in its order.
#[must_use]
pub fn listed_variants(master: &str) -> Vec<Listed> {
    let mut listed = Vec::new();
    let mut told = None;
    for line in master.lines().map(str::trim) {
        if let Some(attributes) = line.strip_prefix("#EXT-X-STREAM-INF:") {
            told = Some(attributes);
        } else if !line.is_empty()
            && !line.starts_with('#')
            && let Some(attributes) = told.take()
            && let Some((name, _)) = line.split_once('/')
        {
            listed.extend(read_variant(name, attributes));
        }
    }
    listed
}

fn read_variant(name: &str, attributes: &str) -> Option<Listed> {
    let attribute = |wanted: &str| {
        attributes.split(',').find_map(|pair| pair.split_once('=').filter(|(name, _)| *name == wanted))
    };
    // The one attribute with commas in it comes last.
    let codecs = attributes.split_once("CODECS=\"")?.1.split('"').next()?;
    let size = attribute("RESOLUTION").and_then(|(_, size)| size.split_once('x'));
    Some(Listed {
        name: name.to_owned(),
        bandwidth: attribute("BANDWIDTH")?.1.parse().ok()?,
        size: size.and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?))),
        frame_rate: attribute("FRAME-RATE").map(|(_, rate)| rate.to_owned()),
        codecs: codecs.to_owned(),
    })
}

/// The manifest over variants whose folders lie beside it, with the captions in `captions`: their language and address; and with the
/// storyboard, whose sheets lie in the folder beside it.
#[must_use]
pub fn dash_manifest(
    variants: &[(Listed, Timeline)],
    captions: Option<(&str, &str)>,
    storyboard: Option<(&Storyboard, &str)>,
) -> String {
    let duration = variants.iter().map(|(_, timeline)| timeline.duration_us()).max().unwrap_or(0);
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" \
         profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" mediaPresentationDuration=\"PT{}S\" minBufferTime=\"PT6S\">\n\
         <Period id=\"0\" start=\"PT0S\">\n",
        seconds(duration)
    );
    // Players change over within a set, which therefore holds one codec.
    for (kind, track, of_av1) in [
        ("video", OneTrack::Picture, Some(false)),
        ("video", OneTrack::Picture, Some(true)),
        ("audio", OneTrack::Sound, None),
    ] {
        let mut of_kind: Vec<&(Listed, Timeline)> = variants
            .iter()
            .filter(|(listed, _)| of_av1.is_none_or(|of_av1| listed.is_av1() == of_av1))
            .filter(|(listed, _)| listed.codecs_of(track).is_some())
            .collect();
        if track == OneTrack::Sound {
            // It is about the same in each.
            of_kind.truncate(1);
        }
        if of_kind.is_empty() {
            continue;
        }
        let _ = writeln!(
            text,
            "<AdaptationSet contentType=\"{kind}\" mimeType=\"{kind}/mp4\" startWithSAP=\"1\" segmentAlignment=\"false\">"
        );
        for (listed, timeline) in of_kind {
            representation(&mut text, listed, track, timeline);
        }
        text.push_str("</AdaptationSet>\n");
    }
    if let Some((language, address)) = captions {
        let _ = writeln!(
            text,
            "<AdaptationSet contentType=\"text\" mimeType=\"text/vtt\" lang=\"{}\">\n\
             <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"subtitle\"/>\n\
             <Representation id=\"captions\" bandwidth=\"1000\"><BaseURL>{}</BaseURL></Representation>\n</AdaptationSet>",
            escaped(language),
            escaped(address)
        );
    }
    if let Some((storyboard, folder)) = storyboard {
        text.push_str(&storyboard.adaptation_set(folder));
    }
    text.push_str("</Period>\n</MPD>\n");
    text
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

fn seconds(us: u64) -> String {
    format!("{}.{:06}", us / 1_000_000, us % 1_000_000)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The master playlist with captions beside each variant.
#[must_use]
pub fn master_with_captions(master: &str, language: &str, address: &str) -> String {
    let mut text = String::with_capacity(master.len() + 200);
    let mut is_told = false;
    let plain: String =
        language.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect();
    for line in master.lines() {
        if line.starts_with("#EXT-X-STREAM-INF:") {
            if !is_told {
                let _ = writeln!(
                    text,
                    "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"captions\",NAME=\"Captions\",LANGUAGE=\"{plain}\",\
                     DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI=\"{address}\""
                );
                is_told = true;
            }
            text.push_str(line);
            text.push_str(",SUBTITLES=\"captions\"\n");
        } else {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// The master playlist with the sound alone as one more version, where that is right: beside pictures, where it is known to be light
/// because we made or weighed it, and where it is clearly lighter than they are. `address` is that of [`sound_playlist`].
#[must_use]
pub fn master_with_sound(master: &str, address: &str) -> String {
    let listed = listed_variants(master);
    let lightest = listed.iter().filter(|one| one.size.is_some()).map(|one| one.bandwidth).min();
    let heard = listed.iter().find_map(|one| Some((one, one.codecs_of(OneTrack::Sound)?)));
    let mut text = master.to_owned();
    if let Some((first, codecs)) = heard
        && first.size.is_some()
        && first.name != AS_UPLOADED
        && lightest.is_some_and(|lightest| lightest >= 2 * SOUND_BANDWIDTH)
    {
        let _ =
            writeln!(text, "#EXT-X-STREAM-INF:BANDWIDTH={SOUND_BANDWIDTH},CODECS=\"{codecs}\"\n{address}");
    }
    text
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

/// A media playlist of captions that lie in one file.
#[must_use]
pub fn captions_playlist(duration_us: u64, file: &str) -> String {
    format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n\
         #EXTINF:{},\n{file}\n#EXT-X-ENDLIST\n",
        duration_us.div_ceil(1_000_000).max(1),
        seconds(duration_us)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Variant, VariantVideo, master_playlist};

    fn variant(name: &str, video: Option<VariantVideo>, bandwidth_peak: u64) -> Variant {
        Variant {
            name: name.to_owned(),
            video,
            has_audio: true,
            codecs: "avc1.64001f,mp4a.40.2".to_owned(),
            bandwidth_peak,
            bandwidth_average: bandwidth_peak / 2,
            duration_ms: 14_500,
            start_us: 0,
            size_bytes: 1,
            segment_count: 3,
            segment_ms_max: 6_000,
        }
    }

    const PLAYLIST: &str = "#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:6.000000,\nsegment-00000.m4s\n#EXTINF:6.000000,\n\
                            segment-00001.m4s\n#EXTINF:2.500000,\nsegment-00002.m4s\n#EXT-X-ENDLIST\n";

    fn master() -> String {
        let video = VariantVideo { width: 1280, height: 720, frame_rate: 29.97 };
        master_playlist(&[variant("720p", Some(video), 2_000_000), variant("360p", Some(video), 800_000)])
    }

    #[test]
    fn what_the_playlists_say_is_read_again() {
        let listed = listed_variants(&master());
        assert_eq!(listed.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["360p", "720p"]);
        assert_eq!(listed[1].bandwidth, 2_000_000);
        assert_eq!(listed[1].size, Some((1280, 720)));
        assert_eq!(listed[1].frame_rate.as_deref(), Some("29.970"));
        assert_eq!(listed[1].codecs, "avc1.64001f,mp4a.40.2");
        assert_eq!(listed_variants(&master_with_captions(&master(), "en", "captions.m3u8")), listed);
        let sound = listed_variants(&master_playlist(&[variant("audio", None, 128_000)]));
        assert_eq!((sound[0].size, sound[0].frame_rate.as_deref()), (None, None));
        let timeline = Timeline::read(PLAYLIST);
        assert_eq!(timeline.duration_us(), 14_500_000);
        assert_eq!(timeline.segments[2], ("segment-00002.m4s".to_owned(), 2_500_000));
        for broken in ["", "#EXTINF:x,\na\n", "a\nb\n", "#EXT-X-STREAM-INF:\nx/media.m3u8\n"] {
            assert_eq!(Timeline::read(broken).segments, []);
            assert_eq!(listed_variants(broken), []);
        }
    }

    #[test]
    fn a_moment_is_shown_by_the_segment_it_lies_in() {
        let timeline = Timeline::read(PLAYLIST);
        assert_eq!(timeline.between(0, 0), (vec!["segment-00000.m4s"], 0));
        assert_eq!(timeline.between(6_000_000, 6_000_000), (vec!["segment-00001.m4s"], 6_000_000));
        assert_eq!(
            timeline.between(5_999_999, 12_000_001),
            (vec!["segment-00000.m4s", "segment-00001.m4s", "segment-00002.m4s"], 0)
        );
        assert_eq!(timeline.between(14_500_000, 14_500_000), (vec![], 0));
    }

    #[test]
    fn the_sound_alone_is_offered_where_it_is_clearly_lighter() {
        let video = VariantVideo { width: 640, height: 360, frame_rate: 25.0 };
        let with = |variants: &[Variant]| {
            let master = master_playlist(variants);
            let with = master_with_sound(&master, "sound.m3u8");
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
    fn the_manifest_tells_each_segment_once() {
        let variants: Vec<(Listed, Timeline)> =
            listed_variants(&master()).into_iter().map(|one| (one, Timeline::read(PLAYLIST))).collect();
        let manifest = dash_manifest(&variants, Some(("e\"n", "captions.vtt")), None);
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
        let sound = sound_playlist(&listed_variants(&master()), &Timeline::read(PLAYLIST)).unwrap();
        assert_eq!(Timeline::read(&sound).duration_us(), 14_500_000);
        assert!(
            sound.contains("#EXT-X-MAP:URI=\"360p/sound/init.mp4\"\n")
                && sound.contains("\n360p/sound/segment-00002.m4s\n")
        );
        // What is sound alone lies where it lies.
        let alone = Variant { codecs: "mp4a.40.2".to_owned(), ..variant("audio", None, 128_000) };
        let alone = listed_variants(&master_playlist(&[alone]));
        assert!(
            sound_playlist(&alone, &Timeline::read(PLAYLIST))
                .unwrap()
                .contains("\naudio/segment-00000.m4s\n")
        );
    }
}
