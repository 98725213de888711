//! Videos and channels as the API shows them.

use memoreel_kernel::{AssetId, ChannelId, SpeakerId, Timestamp, UserId, VideoId};
use serde::{Deserialize, Serialize};

pub(crate) const TITLE_LENGTH_MAX: usize = 200;
pub(crate) const DESCRIPTION_LENGTH_MAX: usize = 5000;
pub(crate) const CHANNEL_NAME_LENGTH_MAX: usize = 100;

/// A library item.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Video {
    /// Its id.
    pub id: VideoId,
    /// At most 200 characters.
    pub title: String,
    /// At most 5,000 characters.
    pub description: Option<String>,
    /// The channel it lives in.
    pub channel_id: Option<ChannelId>,
    /// Who added it, unless their account is gone.
    pub author: Option<Author>,
    /// Who may see it.
    pub visibility: Visibility,
    /// Where it came from: `upload`, `import`, `recording` or `demo`.
    pub source: String,
    /// `pending`, `processing`, `completed` or `failed`.
    pub status: String,
    /// The step that is being worked on.
    pub stage: Option<String>,
    /// 0 to 100, over all steps.
    pub progress: u8,
    /// What went wrong, when it failed.
    pub error: Option<VideoError>,
    /// Whether it can be played, which may be long before it is completed.
    pub playable: bool,
    /// `video`, `audio`, or `text` where there is a transcript and no recording.
    pub kind: String,
    /// Length of the recording, or of the transcript where there is none.
    pub duration_ms: Option<i64>,
    /// In pixels, upright.
    pub width: Option<i32>,
    /// In pixels, upright.
    pub height: Option<i32>,
    /// Size of the original.
    pub size_bytes: Option<i64>,
    /// A still, signed.
    pub poster_url: Option<String>,
    /// WebVTT of storyboard tiles, signed.
    pub storyboard_url: Option<String>,
    /// Who speaks.
    pub speakers: Vec<SpeakerView>,
    /// Name of the original file; empty without one.
    pub filename: String,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// A video with all there is to play and watch its processing.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct VideoDetail {
    /// The video.
    #[serde(flatten)]
    pub video: Video,
    /// Its file, unless it has only text.
    pub asset_id: Option<AssetId>,
    /// Which of its files that is: 1 for the first, and one more for each that replaced it.
    pub file_version: Option<i32>,
    /// Every step, in order.
    pub stages: Vec<Stage>,
    /// Signed addresses.
    pub playback: PlaybackView,
}

/// Who may see a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Its author alone.
    Private,
    /// Everyone in the organization.
    Organization,
    /// Everyone in the organization, and whoever has the address of its public page: there are no such pages yet.
    Public,
}

impl Visibility {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Visibility::Private => "private",
            Visibility::Organization => "organization",
            Visibility::Public => "public",
        }
    }

    pub(crate) fn from_column(text: &str) -> Self {
        match text {
            "organization" => Visibility::Organization,
            "public" => Visibility::Public,
            _ => Visibility::Private,
        }
    }
}

/// The person who added a video.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Author {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub name: Option<String>,
}

/// Why processing failed.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct VideoError {
    /// Stable code.
    pub code: String,
    /// A sentence.
    pub message: String,
}

/// A voice.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = VideoSpeaker)]
pub struct SpeakerView {
    /// Its id.
    pub id: SpeakerId,
    /// `Speaker 1` and so on, in order of appearance.
    pub label: String,
    /// What people call it.
    pub name: Option<String>,
    /// Which of the eight hues it has.
    pub hue: i16,
}

/// One step of processing.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Stage {
    /// The step.
    pub stage: String,
    /// How it stands.
    pub status: StageState,
    /// 0 to 100.
    pub progress: u8,
    /// What went wrong.
    pub message: Option<String>,
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StageState {
    /// Not begun.
    Waiting,
    /// Being worked on.
    Running,
    /// Done.
    Completed,
    /// Given up.
    Failed,
    /// Not needed for this recording.
    Skipped,
}

/// Signed addresses of a video's parts; each is null until it is there.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Playback)]
pub struct PlaybackView {
    /// HLS master playlist.
    pub hls_url: Option<String>,
    /// DASH manifest of the same segments.
    pub dash_url: Option<String>,
    /// HLS media playlist of the sound alone; null of a recording without any.
    pub sound_url: Option<String>,
    /// The file as it was uploaded, for a media element, where browsers play it as it is. It is there before `hls_url`.
    pub file_url: Option<String>,
    /// A large still.
    pub poster_url: Option<String>,
    /// A still of any second, which is to stand for `{second}`: `….jpg` is at most 1,280 pixels wide, `…-small.jpg` 480.
    pub frame_url_template: Option<String>,
    /// WebVTT of storyboard tiles (`sprite.jpg#xywh=`).
    pub storyboard_url: Option<String>,
    /// Waveform peaks: `{duration_ms, peaks_per_second, peaks}`.
    pub waveform_url: Option<String>,
    /// The waveform as a PNG with a transparent ground. Behind it may stand `?width=1024&height=128&colour=808080`, any of them: pixels, 1 to
    /// 4,096 across and 1 to 1,024 down, and six hexadecimal digits of red, green and blue. What is given here holds for what is left out.
    pub waveform_image_url: Option<String>,
    /// Caption tracks.
    pub captions: Vec<CaptionTrack>,
    /// The original under its own name.
    pub download_url: Option<String>,
    /// Time from the last byte of the upload to the first possible play; unknown where the file was replaced.
    pub playable_after_ms: Option<i64>,
}

/// A caption track.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct CaptionTrack {
    /// BCP 47 tag.
    pub language: String,
    /// For people.
    pub label: String,
    /// WebVTT; needs the session.
    pub url: String,
    /// The same by signed address, once the recording can be played as HLS.
    pub signed_url: Option<String>,
}

/// A place videos live in.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// Unique in the organization.
    pub name: String,
    /// At most 5,000 characters.
    pub description: Option<String>,
    /// How many videos the caller sees in it.
    pub video_count: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}
