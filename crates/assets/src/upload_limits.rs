//! How large the files are that an organization takes.

use crate::model::UploadKind;
use memoreel_media::Kind;
use std::fmt::{self, Display, Formatter};

/// The largest file of each kind, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UploadLimits {
    pub(crate) video_bytes_max: u64,
    pub(crate) audio_bytes_max: u64,
    pub(crate) image_bytes_max: u64,
    pub(crate) document_bytes_max: u64,
}

impl UploadLimits {
    /// No limit is lower.
    pub(crate) const LEAST: u64 = 1 << 20;
    /// Where the organization says nothing.
    pub(crate) const DEFAULTS: Self = Self {
        video_bytes_max: 5 << 30,
        audio_bytes_max: 1 << 30,
        image_bytes_max: 50 << 20,
        document_bytes_max: 100 << 20,
    };
    /// What the server bears, whatever an organization says. Images and documents are read into the memory of their workers as a whole;
    /// recordings are read from disk piece by piece, and take no more memory when they are larger.
    pub(crate) const CEILINGS: Self = Self {
        video_bytes_max: 50 << 30,
        audio_bytes_max: 50 << 30,
        image_bytes_max: 50 << 20,
        document_bytes_max: 100 << 20,
    };

    /// Of a file before its first byte. A recording is held to what its sender says it is, and where they do not say, to the larger of both
    /// limits until it is looked into.
    pub(crate) fn announced(&self, kind: UploadKind, content_type: Option<&str>) -> u64 {
        let said = content_type.and_then(|said| said.split_once('/')).map(|(class, _)| class.trim());
        match kind {
            UploadKind::Image => self.image_bytes_max,
            UploadKind::Document => self.document_bytes_max,
            UploadKind::Video if said.is_some_and(|class| class.eq_ignore_ascii_case("audio")) => {
                self.audio_bytes_max
            }
            UploadKind::Video if said.is_some_and(|class| class.eq_ignore_ascii_case("video")) => {
                self.video_bytes_max
            }
            UploadKind::Video => self.video_bytes_max.max(self.audio_bytes_max),
        }
    }

    /// Of a file that was looked into.
    pub(crate) fn of(&self, kind: Kind) -> u64 {
        match kind {
            Kind::Video => self.video_bytes_max,
            Kind::Audio => self.audio_bytes_max,
            Kind::Image => self.image_bytes_max,
            Kind::Document | Kind::Other => self.document_bytes_max,
        }
    }

    /// Of any file.
    pub(crate) fn largest(&self) -> u64 {
        let recordings = self.video_bytes_max.max(self.audio_bytes_max);
        recordings.max(self.image_bytes_max).max(self.document_bytes_max)
    }

    /// What an organization says of videos, sound, images and documents, as it is in its row.
    pub(crate) fn said([video, audio, image, document]: [i64; 4]) -> Self {
        let said = Self {
            video_bytes_max: video.cast_unsigned(),
            audio_bytes_max: audio.cast_unsigned(),
            image_bytes_max: image.cast_unsigned(),
            document_bytes_max: document.cast_unsigned(),
        };
        said.within_ceilings()
    }

    /// As far as the server bears them.
    pub(crate) fn within_ceilings(self) -> Self {
        Self {
            video_bytes_max: self.video_bytes_max.min(Self::CEILINGS.video_bytes_max),
            audio_bytes_max: self.audio_bytes_max.min(Self::CEILINGS.audio_bytes_max),
            image_bytes_max: self.image_bytes_max.min(Self::CEILINGS.image_bytes_max),
            document_bytes_max: self.document_bytes_max.min(Self::CEILINGS.document_bytes_max),
        }
    }
}

/// So many bytes as people write them, and never fewer or more than they are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size(pub(crate) u64);

impl Display for Size {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self(bytes) = *self;
        match bytes.trailing_zeros() {
            30.. => write!(formatter, "{} GiB", bytes >> 30),
            20..30 => write!(formatter, "{} MiB", bytes >> 20),
            _ => write!(formatter, "{bytes} bytes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memoreel_documents::DocumentLimits;
    use memoreel_images::ImageLimits;

    #[test]
    fn no_organization_can_take_what_is_not_read() {
        let ceilings = UploadLimits::CEILINGS;
        assert_eq!(ceilings.image_bytes_max, ImageLimits::default().bytes_max);
        assert_eq!(ceilings.document_bytes_max, DocumentLimits::default().bytes_max);
        assert_eq!(UploadLimits::DEFAULTS.within_ceilings(), UploadLimits::DEFAULTS);
        let boundless = UploadLimits {
            video_bytes_max: u64::MAX,
            audio_bytes_max: u64::MAX,
            image_bytes_max: u64::MAX,
            document_bytes_max: u64::MAX,
        };
        assert_eq!(boundless.within_ceilings(), ceilings);
    }

    #[test]
    fn a_recording_is_held_to_what_it_is_said_to_be() {
        let limits =
            UploadLimits { video_bytes_max: 2 << 20, audio_bytes_max: 4 << 20, ..UploadLimits::DEFAULTS };
        for (said, most) in [
            (None, 4 << 20),
            (Some("audio/mpeg"), 4 << 20),
            (Some("Video/mp4"), 2 << 20),
            (Some("application/ogg"), 4 << 20),
            (Some("video"), 4 << 20),
        ] {
            assert_eq!(limits.announced(UploadKind::Video, said), most, "{said:?}");
        }
        assert_eq!(limits.announced(UploadKind::Image, Some("audio/mpeg")), 50 << 20);
        assert_eq!(limits.largest(), 100 << 20);
    }

    #[test]
    fn a_size_is_written_as_it_is() {
        for (bytes, written) in [
            (5 << 30, "5 GiB"),
            (1536 << 20, "1536 MiB"),
            (1 << 20, "1 MiB"),
            ((1 << 20) + 1, "1048577 bytes"),
            (1 << 19, "524288 bytes"),
        ] {
            assert_eq!(Size(bytes).to_string(), written);
        }
    }
}
