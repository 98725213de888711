//! Uploads, assets and renditions as the rest of the product sees them.

use async_trait::async_trait;
use chrono::TimeDelta;
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, ChannelId, UploadId, UserId, VideoId};
use memoreel_media::Kind;
use serde::{Deserialize, Serialize};

/// How long an unfinished upload waits for its next byte.
pub const UPLOAD_LIFETIME: TimeDelta = TimeDelta::hours(24);
/// The largest file of any kind.
pub(crate) const UPLOAD_BYTES_MAX: u64 = 5 << 30;
/// The name of the rendition that holds sound for speech recognition.
pub(crate) const SPEECH_AUDIO: &str = "speech-audio";

/// The largest file of a kind, in bytes.
pub(crate) fn size_bytes_max(kind: Kind) -> u64 {
    match kind {
        Kind::Video => UPLOAD_BYTES_MAX,
        Kind::Audio => 1 << 30,
        Kind::Image => 50 << 20,
        Kind::Document | Kind::Other => 100 << 20,
    }
}

/// What a client says about an upload, kept as `uploads.metadata`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UploadMetadata {
    pub(crate) title: Option<String>,
    pub(crate) channel_id: Option<ChannelId>,
    pub(crate) content_type: Option<String>,
}

/// A resumable upload.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) id: UploadId,
    pub(crate) user_id: Option<UserId>,
    pub(crate) video_id: VideoId,
    pub(crate) filename: String,
    pub(crate) metadata: UploadMetadata,
    pub(crate) size_bytes: u64,
    pub(crate) offset_bytes: u64,
    pub(crate) status: String,
    pub(crate) expires_at: memoreel_kernel::Timestamp,
}

impl Upload {
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
}

/// Makes something of a finished upload, in the transaction that finishes it.
#[async_trait]
pub trait ReceiveUpload: Send + Sync {
    /// All bytes are staged; after the commit the pipeline takes over.
    async fn received(&self, tx: &mut TenantTx, upload: &ReceivedUpload) -> Result<(), sqlx::Error>;
}

/// The input of every step that works on an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetStep {
    /// The video the asset belongs to.
    pub video_id: VideoId,
    /// The asset.
    pub asset_id: AssetId,
}
