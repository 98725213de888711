//! What our own playlists say, read again: whatever is written for players when they ask is made of it.

use crate::OneTrack;
use crate::hls::is_av1;

/// Where one track of a version lies by itself, in the folder of the version.
const PICTURE: &str = "picture";
const SOUND: &str = "sound";
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
    pub(crate) fn codecs_of(&self, track: OneTrack) -> Option<String> {
        let of_track = |name: &&str| name.starts_with("mp4a") == (track == OneTrack::Sound);
        let names: Vec<&str> = self.codecs.split(',').filter(of_track).collect();
        (!names.is_empty()).then(|| names.join(","))
    }

    /// The folder in which one of its tracks lies, by itself if there are two.
    pub(crate) fn folder_of(&self, track: OneTrack) -> String {
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
            if at < to_us.max(from_us.saturating_add(1)) && at + lasts > from_us {
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{Variant, VariantVideo, master_playlist};

    pub(crate) fn variant(name: &str, video: Option<VariantVideo>, bandwidth_peak: u64) -> Variant {
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

    pub(crate) const PLAYLIST: &str = "#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:6.000000,\nsegment-00000.m4s\n\
                                       #EXTINF:6.000000,\nsegment-00001.m4s\n#EXTINF:2.500000,\nsegment-00002.m4s\n\
                                       #EXT-X-ENDLIST\n";

    pub(crate) fn master() -> String {
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
        assert_eq!(timeline.between(u64::MAX, u64::MAX), (vec![], 0));
    }
}
