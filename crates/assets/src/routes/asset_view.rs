//! An asset as clients see it.

use super::{
    documents::DocumentDetail,
    recordings::{RecordingDetail, Streams},
};
use crate::{
    keys::Whose,
    model::{DocumentFacts, ImageFacts},
    playback::download_url,
    store::AssetRow,
};
use memoreel_kernel::{AssetId, FolderId, OrganizationId, Timestamp, UploadId, VideoId};
use memoreel_web::App;
use serde::{Deserialize, Serialize};

/// What an asset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum AssetKind {
    Image,
    Video,
    Audio,
    Document,
}

impl AssetKind {
    /// As it is in rows.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Image, Self::Video, Self::Audio, Self::Document].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// How far an asset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum AssetStatus {
    /// It is being stored and looked at.
    Pending,
    Ready,
    Failed,
}

impl AssetStatus {
    /// As it is in rows.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

/// A stored file.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Asset {
    id: AssetId,
    /// What it is; absent of a recording until it was looked at.
    kind: Option<AssetKind>,
    /// The video whose recording it is.
    video_id: Option<VideoId>,
    /// Where it is put.
    folder_id: Option<FolderId>,
    /// `pending` until it is stored and looked at, then `ready` or `failed`.
    status: String,
    /// Why it failed.
    error: Option<AssetFailure>,
    /// How many files it has had: one more with each that replaced another.
    version: i32,
    /// The file that is to replace this one, until it does.
    replacement: Option<Replacement>,
    /// Its name: at first the one on the machine it came from.
    filename: String,
    /// Its media type, by content.
    content_type: Option<String>,
    /// Its size.
    size_bytes: i64,
    /// Its SHA-256, in hexadecimal.
    sha256: Option<String>,
    /// Pixels across, as it is shown.
    width: Option<i32>,
    /// Pixels down, as it is shown.
    height: Option<i32>,
    /// How long it plays, in seconds.
    duration_seconds: Option<f64>,
    /// Bits a second of a recording, all of its file.
    bit_rate: Option<i64>,
    /// Samples of sound a second.
    sample_rate: Option<i32>,
    /// Channels of sound.
    channels: Option<i32>,
    /// Pages of a document.
    page_count: Option<i32>,
    /// What is known of an image beside its size.
    image: Option<ImageDetail>,
    /// What is known of a recording beside its size, length, sample rate and channels.
    recording: Option<RecordingDetail>,
    /// What is known of a document.
    document: Option<DocumentDetail>,
    /// What there is to see or hear, in the words of people: what an `alt` attribute should say of an image, which is found by it.
    description: Option<String>,
    /// What is written in an image, line by line, by which it is found, too; absent until it was looked for.
    text: Option<String>,
    /// In lower case, in their order.
    tags: Vec<String>,
    /// What programs keep with it.
    #[schema(value_type = Object)]
    metadata: serde_json::Value,
    /// A signed address of the file as it was uploaded; absent in the bin.
    file_url: Option<String>,
    /// When a temporary one goes.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// When it was put into the bin.
    #[schema(value_type = Option<String>, format = DateTime)]
    deleted_at: Option<Timestamp>,
    /// Until when it can be taken out of the bin.
    #[schema(value_type = Option<String>, format = DateTime)]
    retention_until: Option<Timestamp>,
    /// When it was uploaded.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was changed last.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A file that is to replace another.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = AssetReplacement)]
pub(super) struct Replacement {
    /// The upload that brings it.
    upload_id: UploadId,
    /// How far it is.
    status: ReplacementStatus,
    /// Why it failed.
    error: Option<AssetFailure>,
}

/// How far a file is that is to replace another.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReplacementStatus {
    /// Until it is here and looked at.
    Pending,
    /// It cannot be used, and the asset stays as it is.
    Failed,
}

/// Why an asset failed.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(super) struct AssetFailure {
    /// Stable code.
    code: String,
    /// A sentence.
    message: String,
}

/// What is known of an image.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ImageDetail {
    /// `jpeg`, `png`, `gif`, `webp`, `avif` or `heic`.
    format: String,
    /// EXIF orientation it is stored with, 1 to 8. Width and height and everything made of it are upright.
    orientation: u8,
    /// Whether it moves.
    is_animated: bool,
    /// Pictures of an animation; 1 for a still.
    frames: u32,
    /// Whether parts of it may be transparent.
    has_alpha: bool,
    /// `rgb`, `grey` or `cmyk`.
    colour_space: String,
    /// A placeholder: a thumbhash in base64 (<https://evanw.github.io/thumbhash/>).
    thumbhash: String,
}

impl Asset {
    pub(super) fn new(app: &App, organization_id: OrganizationId, row: AssetRow) -> Self {
        let facts = row.image.and_then(|facts| serde_json::from_value::<ImageFacts>(facts).ok());
        let document = row.document.and_then(|facts| serde_json::from_value::<DocumentFacts>(facts).ok());
        let streams = row.streams.and_then(|streams| serde_json::from_value::<Streams>(streams).ok());
        let whose = Whose { organization_id, is_private: row.is_private };
        let now = app.clock.now();
        let file_url = row
            .blob_key
            .as_deref()
            .filter(|_| row.deleted_at.is_none())
            .and_then(|key| key.parse().ok())
            .map(|key| download_url(whose, key, &row.filename, &app.signer, now));
        let replacement = row.replacement_id.map(|upload_id| {
            let error: Option<AssetFailure> =
                row.replacement_error.and_then(|error| serde_json::from_value(error).ok());
            let status = match error {
                None => ReplacementStatus::Pending,
                Some(_) => ReplacementStatus::Failed,
            };
            Replacement { upload_id, status, error }
        });
        Self {
            id: row.id,
            kind: row.kind.as_deref().and_then(AssetKind::parse),
            video_id: row.video_id,
            folder_id: row.folder_id,
            status: row.status,
            error: row.error.and_then(|error| serde_json::from_value(error).ok()),
            version: row.version,
            replacement,
            filename: row.filename,
            content_type: row.content_type,
            size_bytes: row.byte_size,
            sha256: row.sha256.map(hex::encode),
            width: row.width,
            height: row.height,
            duration_seconds: row.duration_seconds,
            bit_rate: row.bitrate,
            sample_rate: row.sample_rate,
            channels: row.channels,
            page_count: row.page_count,
            image: facts.map(|facts| ImageDetail {
                format: facts.format,
                orientation: facts.orientation,
                is_animated: facts.frames > 1,
                frames: facts.frames,
                has_alpha: facts.has_alpha,
                colour_space: facts.colour_space,
                thumbhash: facts.thumbhash,
            }),
            recording: streams.map(RecordingDetail::new),
            document: document.map(|facts| DocumentDetail::new(facts, row.page_count)),
            description: row.description,
            text: row.recognised_text,
            tags: row.tags,
            metadata: row.custom_metadata,
            file_url,
            expires_at: row.expires_at,
            deleted_at: row.deleted_at,
            retention_until: row.retention_until,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}
