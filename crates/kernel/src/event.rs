//! What can happen. A slice writes an event in its own transaction; the pipeline, live updates and later consumers read it.

use crate::{AssetId, OrganizationId, VideoId};
use uuid::Uuid;

/// Something that happened to a video, to the files behind it, or to a file that stands for itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// All bytes of a recording are in staging and the video exists.
    VideoAdded {
        /// The new video.
        video_id: VideoId,
        /// Its file.
        asset_id: AssetId,
    },
    /// All bytes of a file that is to replace a recording's are in staging.
    ReplacementAdded {
        /// The video whose recording it is.
        video_id: VideoId,
        /// The asset that is to have it.
        asset_id: AssetId,
    },
    /// The file's type is known and its bytes are in the blob store.
    AssetStored {
        /// The video the file belongs to.
        video_id: VideoId,
        /// The file.
        asset_id: AssetId,
    },
    /// What is inside the file is known.
    AssetProbed {
        /// The video the file belongs to.
        video_id: VideoId,
        /// The file.
        asset_id: AssetId,
        /// Whether it holds moving pictures.
        has_picture: bool,
        /// Whether it holds sound.
        has_sound: bool,
    },
    /// The picture is packaged without encoding, or cannot be; the ladder comes next.
    AssetPackaged {
        /// The video the file belongs to.
        video_id: VideoId,
        /// The file.
        asset_id: AssetId,
    },
    /// What everybody plays is encoded, and AV1 is wanted besides.
    Av1Wanted {
        /// The video the file belongs to.
        video_id: VideoId,
        /// The file.
        asset_id: AssetId,
    },
    /// What everybody plays is encoded, and the file holds more sound, or subtitles.
    TracksWanted {
        /// The video the file belongs to.
        video_id: VideoId,
        /// The file.
        asset_id: AssetId,
    },
    /// The video can be played.
    PlaybackReady {
        /// The video.
        video_id: VideoId,
    },
    /// Sound for speech recognition is in the blob store.
    SpeechAudioReady {
        /// The video the file belongs to.
        video_id: VideoId,
        /// The file.
        asset_id: AssetId,
    },
    /// What is on screen is known, and when.
    KeyFramesReady {
        /// The video the file belongs to.
        video_id: VideoId,
        /// The file.
        asset_id: AssetId,
    },
    /// Somebody wants a sound file of a recording.
    SoundWanted {
        /// The video the file belongs to.
        video_id: VideoId,
        /// The file.
        asset_id: AssetId,
    },
    /// Somebody wants a recording that is there encoded anew.
    EncodeWanted {
        /// The video the file belongs to.
        video_id: VideoId,
        /// The file.
        asset_id: AssetId,
    },
    /// Somebody wants text to be looked for once more in an image that is there.
    ImageRereadWanted {
        /// The image.
        asset_id: AssetId,
    },
    /// Somebody wants a document that is there to be read again.
    DocumentRereadWanted {
        /// The document.
        asset_id: AssetId,
    },
    /// What something says can be found, and what it looks like is to be, too.
    PicturesWanted {
        /// What has the pictures.
        of: Pictured,
    },
    /// The transcript was written or changed.
    TranscriptReady {
        /// The video.
        video_id: VideoId,
    },
    /// The video can be found by what is said in it.
    VideoIndexed {
        /// The video.
        video_id: VideoId,
    },
    /// The summary was written.
    SummaryReady {
        /// The video.
        video_id: VideoId,
    },
    /// Title, description, channel, visibility or speaker names changed.
    VideoChanged {
        /// The video.
        video_id: VideoId,
    },
    /// The description of the video was written, changed or removed.
    VideoDescribed {
        /// The video.
        video_id: VideoId,
    },
    /// The video went to the bin, or its file, which was for a day alone, goes outside of it.
    VideoDeleted {
        /// The video.
        video_id: VideoId,
    },
    /// The video came back from the bin.
    VideoRestored {
        /// The video.
        video_id: VideoId,
    },
    /// No task of the video is left: it is completed or failed.
    VideoSettled {
        /// The video.
        video_id: VideoId,
    },
    /// Somebody named where a file lies; its asset exists, and its video if it becomes one.
    ImportRequested {
        /// The video.
        video_id: Option<VideoId>,
        /// The file.
        asset_id: AssetId,
    },
    /// All bytes of an image are in staging and its asset exists.
    ImageAdded {
        /// The image.
        asset_id: AssetId,
    },
    /// The image is stored and what it is is known.
    ImageReady {
        /// The image.
        asset_id: AssetId,
    },
    /// The image cannot be kept; its asset says why.
    ImageFailed {
        /// The image.
        asset_id: AssetId,
    },
    /// The image went to the bin, or goes for good outside of it.
    ImageDeleted {
        /// The image.
        asset_id: AssetId,
    },
    /// The image came back from the bin.
    ImageRestored {
        /// The image.
        asset_id: AssetId,
    },
    /// What is written in the image is known, as far as it can be.
    ImageTextReady {
        /// The image.
        asset_id: AssetId,
    },
    /// The name or description of the image changed.
    ImageChanged {
        /// The image.
        asset_id: AssetId,
    },
    /// All bytes of a document are in staging and its asset exists.
    DocumentAdded {
        /// The document.
        asset_id: AssetId,
    },
    /// The document is stored and what is on its pages is known.
    DocumentReady {
        /// The document.
        asset_id: AssetId,
    },
    /// A document that was there has been read again, and shows what was found then.
    DocumentReread {
        /// The document.
        asset_id: AssetId,
    },
    /// The document cannot be kept; its asset says why.
    DocumentFailed {
        /// The document.
        asset_id: AssetId,
    },
    /// The document went to the bin, or goes for good outside of it.
    DocumentDeleted {
        /// The document.
        asset_id: AssetId,
    },
    /// The document came back from the bin.
    DocumentRestored {
        /// The document.
        asset_id: AssetId,
    },
}

/// What has pictures that can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pictured {
    /// An image is one.
    Image(AssetId),
    /// A document has some of its pages.
    Document(AssetId),
    /// A video has those of its key frames.
    Video(VideoId),
}

impl Pictured {
    /// The video, or the asset that is none's.
    pub fn subject_id(self) -> Uuid {
        match self {
            Pictured::Image(id) | Pictured::Document(id) => id.uuid(),
            Pictured::Video(id) => id.uuid(),
        }
    }
}

impl Event {
    /// The name under which the outbox keeps it.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::VideoAdded { .. } => "video_added",
            Event::ReplacementAdded { .. } => "replacement_added",
            Event::AssetStored { .. } => "asset_stored",
            Event::AssetProbed { .. } => "asset_probed",
            Event::AssetPackaged { .. } => "asset_packaged",
            Event::Av1Wanted { .. } => "av1_wanted",
            Event::TracksWanted { .. } => "tracks_wanted",
            Event::PlaybackReady { .. } => "playback_ready",
            Event::SpeechAudioReady { .. } => "speech_audio_ready",
            Event::KeyFramesReady { .. } => "key_frames_ready",
            Event::SoundWanted { .. } => "sound_wanted",
            Event::EncodeWanted { .. } => "encode_wanted",
            Event::ImageRereadWanted { .. } => "image_reread_wanted",
            Event::DocumentRereadWanted { .. } => "document_reread_wanted",
            Event::PicturesWanted { .. } => "pictures_wanted",
            Event::TranscriptReady { .. } => "transcript_ready",
            Event::VideoIndexed { .. } => "video_indexed",
            Event::SummaryReady { .. } => "summary_ready",
            Event::VideoChanged { .. } => "video_changed",
            Event::VideoDescribed { .. } => "video_described",
            Event::VideoDeleted { .. } => "video_deleted",
            Event::VideoRestored { .. } => "video_restored",
            Event::VideoSettled { .. } => "video_settled",
            Event::ImportRequested { .. } => "import_requested",
            Event::ImageAdded { .. } => "image_added",
            Event::ImageReady { .. } => "image_ready",
            Event::ImageFailed { .. } => "image_failed",
            Event::ImageDeleted { .. } => "image_deleted",
            Event::ImageRestored { .. } => "image_restored",
            Event::ImageTextReady { .. } => "image_text_ready",
            Event::ImageChanged { .. } => "image_changed",
            Event::DocumentAdded { .. } => "document_added",
            Event::DocumentReady { .. } => "document_ready",
            Event::DocumentReread { .. } => "document_reread",
            Event::DocumentFailed { .. } => "document_failed",
            Event::DocumentDeleted { .. } => "document_deleted",
            Event::DocumentRestored { .. } => "document_restored",
        }
    }

    /// The video it happened to, or the asset that is none's; events of one subject are kept in order.
    pub fn subject_id(&self) -> Uuid {
        match self {
            Event::VideoAdded { video_id, .. }
            | Event::AssetStored { video_id, .. }
            | Event::AssetProbed { video_id, .. }
            | Event::AssetPackaged { video_id, .. }
            | Event::Av1Wanted { video_id, .. }
            | Event::TracksWanted { video_id, .. }
            | Event::PlaybackReady { video_id }
            | Event::SpeechAudioReady { video_id, .. }
            | Event::KeyFramesReady { video_id, .. }
            | Event::TranscriptReady { video_id }
            | Event::VideoIndexed { video_id }
            | Event::SummaryReady { video_id }
            | Event::VideoChanged { video_id }
            | Event::VideoDescribed { video_id }
            | Event::VideoDeleted { video_id }
            | Event::VideoRestored { video_id }
            | Event::VideoSettled { video_id } => video_id.uuid(),
            Event::PicturesWanted { of } => of.subject_id(),
            Event::ImportRequested { video_id, asset_id } => {
                video_id.map_or(asset_id.uuid(), |video_id| video_id.uuid())
            }
            // Beside the video, which neither waits nor fails with it.
            Event::ReplacementAdded { asset_id, .. }
            | Event::SoundWanted { asset_id, .. }
            | Event::EncodeWanted { asset_id, .. }
            | Event::ImageRereadWanted { asset_id }
            | Event::DocumentRereadWanted { asset_id }
            | Event::ImageAdded { asset_id }
            | Event::ImageReady { asset_id }
            | Event::ImageFailed { asset_id }
            | Event::ImageDeleted { asset_id }
            | Event::ImageRestored { asset_id }
            | Event::ImageTextReady { asset_id }
            | Event::ImageChanged { asset_id }
            | Event::DocumentAdded { asset_id }
            | Event::DocumentReady { asset_id }
            | Event::DocumentReread { asset_id }
            | Event::DocumentFailed { asset_id }
            | Event::DocumentDeleted { asset_id }
            | Event::DocumentRestored { asset_id } => asset_id.uuid(),
        }
    }
}

/// What a live listener is told: to what something happened, and what.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LiveEvent {
    /// The organization it belongs to.
    pub organization_id: OrganizationId,
    /// [`Event::subject_id`].
    pub subject_id: Uuid,
    /// [`Event::kind`], or `task_progress`.
    pub kind: String,
}
