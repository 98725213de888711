//! Instant packaging: what browsers can already play is cut into HLS without touching the picture.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::arguments::Arguments;
use crate::hls::{self, Variant, VariantVideo};
use crate::picture_times::LATE_MS;
use crate::staging::Staging;
use crate::{AudioStream, Control, Ffmpeg, Levelling, MediaError, Probe, VideoStream};

/// A segment is loaded before it plays; beyond this a start or a jump takes too long.
const SEGMENT_MS_MAX: u64 = 30_000;
pub(crate) const AUDIO_RATE: &str = "128k";
/// Sound that starts late or has holes gets silence there, so that it stays with the picture.
pub(crate) const AUDIO_IN_TIME: &str = "aresample=async=1:first_pts=0";

/// The outcome of [`Ffmpeg::package_instantly`].
#[derive(Debug, Clone, PartialEq)]
pub enum Packaging {
    /// The recording is playable now.
    Packaged(Variant),
    /// It has to be encoded first.
    NotInstant(NotInstant),
}

/// Why a recording cannot be played without encoding its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotInstant {
    /// Not H.264, or a flavour of it that browsers do not play.
    Codec,
    /// More than eight bits, other than 4:2:0, interlaced, or high dynamic range.
    PixelFormat,
    /// The picture has to be turned, which not all players do.
    Rotation,
    /// Key frames are so far apart that segments would be too long to start and seek quickly.
    KeyFrames,
    /// Its time stamps do not survive copying, less of it is there than its header says, or its picture comes later than its sound.
    TimeStamps,
}

impl Ffmpeg {
    /// Cuts a recording into HLS without encoding its picture, where that is possible. Sound is copied where it
    /// is AAC and not levelled, else it is encoded, which is quick; so sound alone is always packaged.
    ///
    /// Writes folder `source` (or `audio`, for sound alone) into `out_dir`, and nothing when not instant.
    ///
    /// # Errors
    /// Any [`MediaError`]; `out_dir` is then as before.
    pub async fn package_instantly(
        &self,
        input: &Path,
        probe: &Probe,
        levelling: Option<&Levelling>,
        out_dir: &Path,
        control: &Control,
    ) -> Result<Packaging, MediaError> {
        let can_copy = levelling.is_none() && probe.audio.as_ref().is_some_and(is_web_audio);
        let Some(video) = &probe.video else {
            probe.need_audio()?;
            let packaged = self.package_audio(input, probe, can_copy, levelling, out_dir, control).await;
            return packaged.map(Packaging::Packaged);
        };
        if let Some(reason) = hindrance(video) {
            return Ok(Packaging::NotInstant(reason));
        }
        // Playlists count from the first picture on. What comes before it would be in none of its moments.
        if video.late_ms > LATE_MS {
            return Ok(Packaging::NotInstant(NotInstant::TimeStamps));
        }
        let picture = VariantVideo { width: video.width, height: video.height, frame_rate: video.frame_rate };
        let sound = if can_copy { SoundOutput::Copied } else { SoundOutput::Encoded(levelling) };
        let staging = Staging::within(out_dir)?;
        let tried = self.remux(input, probe, sound, "source", &staging, control).await;
        let finished = match tried {
            Ok(()) => {
                let folder = staging.path().join("source");
                hls::finish(&folder, "source", Some(picture), probe.audio.is_some()).await
            }
            Err(error) => Err(error),
        };
        match finished {
            Ok(variant) if variant.segment_ms_max > SEGMENT_MS_MAX => {
                Ok(Packaging::NotInstant(NotInstant::KeyFrames))
            }
            // Cut off early, or with pictures before the start that only an edit list hides.
            Ok(variant)
                if variant.duration_ms.abs_diff(probe.duration_ms) > 1_000 + probe.duration_ms / 100 =>
            {
                Ok(Packaging::NotInstant(NotInstant::TimeStamps))
            }
            Ok(variant) => {
                staging.publish(&["source".to_owned()])?;
                Ok(Packaging::Packaged(variant))
            }
            // Encoding reads damaged recordings more leniently than copying does.
            Err(
                MediaError::Damaged { detail, .. }
                | MediaError::Unreadable { detail }
                | MediaError::Failed { detail, .. },
            ) => {
                tracing::debug!(detail, "not packaged instantly");
                Ok(Packaging::NotInstant(NotInstant::TimeStamps))
            }
            Err(error) => Err(error),
        }
    }

    async fn package_audio(
        &self,
        input: &Path,
        probe: &Probe,
        can_copy: bool,
        levelling: Option<&Levelling>,
        out_dir: &Path,
        control: &Control,
    ) -> Result<Variant, MediaError> {
        let encoded = SoundOutput::Encoded(levelling);
        let attempts = if can_copy { &[SoundOutput::Copied, encoded][..] } else { &[encoded] };
        let mut failure = None;
        for &sound in attempts {
            let staging = Staging::within(out_dir)?;
            let tried = self.remux(input, probe, sound, "audio", &staging, control).await;
            let finished = match tried {
                Ok(()) => hls::finish(&staging.path().join("audio"), "audio", None, true).await,
                Err(error) => Err(error),
            };
            match finished {
                Ok(variant) => {
                    staging.publish(&["audio".to_owned()])?;
                    return Ok(variant);
                }
                Err(error @ (MediaError::Damaged { .. } | MediaError::Failed { .. })) => {
                    failure = Some(error)
                }
                Err(error) => return Err(error),
            }
        }
        Err(failure.unwrap_or(MediaError::NoSound))
    }

    async fn remux(
        &self,
        input: &Path,
        probe: &Probe,
        sound: SoundOutput<'_>,
        name: &str,
        staging: &Staging,
        control: &Control,
    ) -> Result<(), MediaError> {
        staging.create_dir(name)?;
        let threads = self.limits().threads;
        let mut arguments = Arguments::ffmpeg(threads);
        arguments.input(input, threads)?;
        if let Some(video) = &probe.video {
            arguments.add(["-map", &format!("0:{}", video.index), "-c:v", "copy"]);
        }
        if let Some(audio) = &probe.audio {
            arguments.add(["-map", &format!("0:{}", audio.index)]);
            sound.add_to(&mut arguments);
        }
        hls::output(&mut arguments, name);
        self.convert(arguments, staging.path(), probe.duration_ms, control).await
    }
}

/// How sound is written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SoundOutput<'l> {
    /// As it is.
    Copied,
    /// As stereo AAC at 48 kHz, kept in time, and as loud as is wanted.
    Encoded(Option<&'l Levelling>),
}

impl SoundOutput<'_> {
    pub(crate) fn add_to(self, arguments: &mut Arguments) {
        match self {
            Self::Copied => arguments.add(["-c:a", "copy"]),
            Self::Encoded(levelling) => {
                let filter = levelling.map_or(AUDIO_IN_TIME, |levelling| levelling.filter.as_str());
                arguments.add(["-c:a", "aac", "-b:a", AUDIO_RATE, "-ac", "2", "-ar", "48000", "-af", filter])
            }
        };
    }
}

/// What keeps browsers from playing the picture as it is.
fn hindrance(video: &VideoStream) -> Option<NotInstant> {
    let profile = video.profile.as_deref().unwrap_or_default();
    let is_web_profile = matches!(profile, "Constrained Baseline" | "Baseline" | "Main" | "High");
    if video.codec != "h264" || !is_web_profile || video.level.is_some_and(|level| level > 52) {
        return Some(NotInstant::Codec);
    }
    if !matches!(video.pixel_format.as_str(), "yuv420p" | "yuvj420p") || video.is_interlaced || video.is_hdr {
        return Some(NotInstant::PixelFormat);
    }
    (video.rotation_degrees != 0).then_some(NotInstant::Rotation)
}

impl Probe {
    /// Whether every current browser decodes picture and sound as they are, in a container that it reads.
    #[must_use]
    pub fn is_web_ready(&self) -> bool {
        match (&self.video, &self.audio) {
            (Some(video), audio) => hindrance(video).is_none() && audio.as_ref().is_none_or(is_web_audio),
            (None, Some(audio)) => is_web_audio(audio) || audio.codec == "mp3",
            (None, None) => false,
        }
    }
}

pub(crate) fn is_web_audio(audio: &AudioStream) -> bool {
    let profile = audio.profile.as_deref().unwrap_or_default();
    audio.codec == "aac" && audio.channels <= 2 && matches!(profile, "LC" | "HE-AAC" | "HE-AACv2")
}
