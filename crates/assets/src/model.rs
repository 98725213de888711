//! Uploads, assets and renditions as the rest of the product sees them.

use async_trait::async_trait;
use chrono::TimeDelta;
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, ChannelId, FolderId, UploadId, UserId, VideoId};
use memoreel_media::{SoundFormat, TargetLoudness};
use memoreel_web::{App, Problem};
use serde::{Deserialize, Serialize};

/// How long an unfinished upload waits for its next byte.
pub const UPLOAD_LIFETIME: TimeDelta = TimeDelta::hours(24);
/// How long it can be tried again to fetch a file.
pub(crate) const IMPORT_LIFETIME: TimeDelta = TimeDelta::days(30);
/// How long a temporary asset stays.
pub(crate) const TEMPORARY_LIFETIME: TimeDelta = TimeDelta::hours(24);
/// How long what is in the bin can be taken out again.
pub(crate) const RETENTION: TimeDelta = TimeDelta::days(30);
/// When what a task may write that does not know yet that it is needless is removed, after it became so: none is at work for so long. As in
/// the triggers `files_follow_deleted_assets` and `leavings_follow_uploads`.
pub(crate) const LATE_WRITES: TimeDelta = TimeDelta::days(2);
/// The name of the rendition that holds sound for speech recognition.
pub(crate) const SPEECH_AUDIO: &str = "speech-audio";
/// The name of the rendition that is the master playlist.
pub(crate) const MASTER_NAME: &str = "hls";

/// What a client says about an upload, kept as `uploads.metadata`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UploadMetadata {
    pub(crate) title: Option<String>,
    pub(crate) channel_id: Option<ChannelId>,
    pub(crate) content_type: Option<String>,
    /// Where its asset is put.
    #[serde(default)]
    pub(crate) folder_id: Option<FolderId>,
    /// Whether it is for a day alone.
    #[serde(default)]
    pub(crate) is_temporary: bool,
    /// Of what comes by tus, all that the client said, as it did: it is told so again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) said: Option<String>,
    /// Of what is fetched, the entity tag of which bytes are staged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fetched_etag: Option<String>,
}

/// What an upload becomes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UploadKind {
    /// A video, whether or not there is more than sound to it.
    #[default]
    Video,
    /// An image, which has the id of its first upload.
    Image,
    /// A document, which has the id of its first upload.
    Document,
}

impl UploadKind {
    /// As it is in rows, and in what clients announce.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Image => "image",
            Self::Document => "document",
        }
    }

    /// The inverse of [`UploadKind::as_str`].
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Video, Self::Image, Self::Document].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A resumable upload.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) id: UploadId,
    pub(crate) user_id: Option<UserId>,
    /// What it becomes.
    pub(crate) becomes: Becomes,
    /// The asset whose file it replaces: that is what it becomes.
    pub(crate) replaces_id: Option<AssetId>,
    pub(crate) filename: String,
    pub(crate) metadata: UploadMetadata,
    pub(crate) size_bytes: u64,
    pub(crate) offset_bytes: u64,
    pub(crate) status: String,
    pub(crate) expires_at: memoreel_kernel::Timestamp,
}

/// What an upload becomes, and under which id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Becomes {
    Video(VideoId),
    Image(AssetId),
    Document(AssetId),
}

impl Becomes {
    pub(crate) fn kind(self) -> UploadKind {
        match self {
            Self::Video(_) => UploadKind::Video,
            Self::Image(_) => UploadKind::Image,
            Self::Document(_) => UploadKind::Document,
        }
    }

    /// The asset it becomes where that is named before the first byte: it has the id of its upload, unless it is there already.
    pub(crate) fn asset_id(self) -> Option<AssetId> {
        match self {
            Self::Video(_) => None,
            Self::Image(id) | Self::Document(id) => Some(id),
        }
    }

    pub(crate) fn video_id(self) -> Option<VideoId> {
        if let Self::Video(id) = self { Some(id) } else { None }
    }
}

impl Upload {
    /// The asset it becomes, or whose file it replaces, where that is known before the first byte.
    pub(crate) fn asset_id(&self) -> Option<AssetId> {
        self.replaces_id.or_else(|| self.becomes.asset_id())
    }

    pub(crate) fn is_open(&self) -> bool {
        self.status == "open"
    }
}

/// An upload of which every byte has arrived.
#[derive(Debug, Clone)]
pub struct ReceivedUpload {
    /// The video it is to become.
    pub video_id: VideoId,
    /// Its file.
    pub asset_id: AssetId,
    /// The name of the file on the user's machine, without folders.
    pub filename: String,
    /// The title the user gave, if any.
    pub title: Option<String>,
    /// The channel the user chose, if any; it may not exist.
    pub channel_id: Option<ChannelId>,
    /// Who uploaded it.
    pub user_id: Option<UserId>,
    /// The video whose recording this is a copy of. The copy is called what that is, lies where that lies, and is seen by whom that is.
    pub copies: Option<VideoId>,
}

/// Makes something of a finished upload, in the transaction that finishes it.
#[async_trait]
pub trait ReceiveUpload: Send + Sync {
    /// All bytes are staged; after the commit the pipeline takes over. Returns whether the video is described from the beginning.
    async fn received(&self, tx: &mut TenantTx, upload: &ReceivedUpload) -> Result<bool, sqlx::Error>;
}

/// Puts recordings into the bin, and takes them out again: the library's business, because what people see there is the video.
#[async_trait]
pub trait RecordingBin: Send + Sync {
    /// Whether there was such a video outside the bin.
    async fn delete(&self, app: &App, tx: &mut TenantTx, video_id: VideoId) -> Result<bool, Problem>;

    /// Whether there was such a video in the bin.
    async fn restore(&self, app: &App, tx: &mut TenantTx, video_id: VideoId) -> Result<bool, Problem>;
}

/// The input of every step that works on an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetStep {
    /// The video the asset belongs to.
    pub video_id: VideoId,
    /// The asset.
    pub asset_id: AssetId,
}

/// A sound file of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WantedSound {
    pub(crate) format: SoundFormat,
    /// As loud as it is, if none.
    pub(crate) loudness: Option<TargetLoudness>,
}

impl WantedSound {
    /// The name of the rendition: `sound-mp3`, or `sound-opus-16lufs` for one that is brought to -16 LUFS.
    pub(crate) fn name(self) -> String {
        let format = self.format.as_str();
        match self.loudness {
            None => format!("sound-{format}"),
            Some(target) => format!("sound-{format}-{}lufs", -target.lufs()),
        }
    }

    /// The inverse of [`WantedSound::name`].
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_prefix("sound-")?;
        let (format, loudness) = match rest.split_once('-') {
            None => (rest, None),
            Some((format, target)) => {
                let lufs: i32 = target.strip_suffix("lufs")?.parse().ok()?;
                (format, Some(TargetLoudness::new(lufs.checked_neg()?)?))
            }
        };
        let format = SoundFormat::ALL.into_iter().find(|one| one.as_str() == format)?;
        Some(Self { format, loudness }).filter(|sound| sound.name() == name)
    }
}

/// The input of the step that fetches a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportStep {
    /// The asset it becomes.
    pub asset_id: AssetId,
}

/// The input of the step that works on an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageStep {
    /// The image.
    pub asset_id: AssetId,
}

/// The input of the step that reads a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentStep {
    /// The document.
    pub asset_id: AssetId,
}

/// What is known of a document, kept as `assets.metadata.document`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DocumentFacts {
    pub(crate) format: String,
    pub(crate) title: Option<String>,
    pub(crate) author: Option<String>,
    /// As ISO 639-1.
    pub(crate) language: Option<String>,
    /// Whether the file itself has the text of a page at least.
    pub(crate) has_text_layer: bool,
}

/// What is known of an image, kept as `assets.metadata.image`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImageFacts {
    pub(crate) format: String,
    pub(crate) orientation: u8,
    pub(crate) frames: u32,
    pub(crate) has_alpha: bool,
    pub(crate) colour_space: String,
    /// In base64.
    pub(crate) thumbhash: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_file_has_one_name() {
        for format in SoundFormat::ALL {
            for loudness in (TargetLoudness::LEAST - 1..=TargetLoudness::MOST).map(TargetLoudness::new) {
                let sound = WantedSound { format, loudness };
                assert_eq!(WantedSound::parse(&sound.name()), Some(sound));
            }
        }
        for odd in [
            "sound",
            "sound-wav",
            "sound-mp3-",
            "sound-mp3-8lufs",
            "sound-mp3-016lufs",
            "sound-mp3--16lufs",
            "sound-mp3--2147483648lufs",
            "Sound-mp3",
        ] {
            assert_eq!(WantedSound::parse(odd), None, "{odd}");
        }
    }
}
