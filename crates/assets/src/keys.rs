//! Where an asset's blobs lie. What is made of one asset is below one prefix, and everything of one organization, so that it can be
//! deleted as one. The database names these folders, too, where it says what files are to go (`files_follow_assets`).

use memoreel_blob::BlobKey;
use memoreel_kernel::{AssetId, OrganizationId, UploadId};
use memoreel_media::SoundFormat;
use sha2::{Digest, Sha256};

fn key(text: &str) -> BlobKey {
    text.parse().unwrap_or_else(|error| unreachable!("{text} is made of ids and constants: {error}"))
}

/// What a file of an organization is part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// What was made of an asset.
    Asset(AssetId),
    /// A file as it was uploaded.
    Content(BlobKey),
    /// What a person takes along.
    PersonsExport,
    /// What an organization takes along.
    OrganizationsExport,
}

/// What the file or folder at `key` is part of; `None` where nothing is kept.
pub(crate) fn part_of(key: &BlobKey) -> Option<Part> {
    let mut segments = key.segments().skip(2);
    match (segments.next()?, segments.next()?) {
        ("assets", id) => id.parse().ok().map(Part::Asset),
        ("contents", _) => Some(Part::Content(key.clone())),
        ("exports", _) => Some(Part::PersonsExport),
        ("organization-exports", _) => Some(Part::OrganizationsExport),
        _ => None,
    }
}

/// Every blob of the organization.
pub fn blobs_of_organization(organization_id: OrganizationId) -> BlobKey {
    key(&format!("organizations/{organization_id}"))
}

/// Everything that was made of the asset.
pub fn asset(organization_id: OrganizationId, asset_id: AssetId) -> BlobKey {
    key(&format!("{}/assets/{asset_id}", blobs_of_organization(organization_id)))
}

/// A file as it was uploaded. Other assets of the same content have it, too, so it lies in a folder of its own, named by the upload
/// that brought it first.
pub(crate) fn original(organization_id: OrganizationId, upload_id: UploadId, extension: &str) -> BlobKey {
    key(&format!("{}/original.{extension}", content(organization_id, upload_id)))
}

/// The folder of a file that an upload brought.
pub(crate) fn content(organization_id: OrganizationId, upload_id: UploadId) -> BlobKey {
    key(&format!("{}/contents/{upload_id}", blobs_of_organization(organization_id)))
}

/// The HLS playlists and segments.
pub(crate) fn hls(organization_id: OrganizationId, asset_id: AssetId) -> BlobKey {
    key(&format!("{}/hls", asset(organization_id, asset_id)))
}

/// One HLS variant.
pub(crate) fn hls_variant(organization_id: OrganizationId, asset_id: AssetId, name: &str) -> BlobKey {
    key(&format!("{}/{name}", hls(organization_id, asset_id)))
}

/// The master playlist.
pub(crate) fn master(organization_id: OrganizationId, asset_id: AssetId) -> BlobKey {
    key(&format!("{}/master.m3u8", hls(organization_id, asset_id)))
}

/// Poster, storyboard and waveform.
pub(crate) fn preview(organization_id: OrganizationId, asset_id: AssetId) -> BlobKey {
    key(&format!("{}/preview", asset(organization_id, asset_id)))
}

/// What key frames look like.
pub(crate) fn frames(organization_id: OrganizationId, asset_id: AssetId) -> BlobKey {
    key(&format!("{}/frames", asset(organization_id, asset_id)))
}

/// There, the picture of the key frame that is shown first at this moment.
pub(crate) fn frame_file(start_ms: u64) -> String {
    format!("{start_ms}.jpg")
}

/// There, a small one.
pub(crate) fn small_frame_file(start_ms: u64) -> String {
    format!("{start_ms}-small.jpg")
}

/// Sound for speech recognition.
pub(crate) fn speech(organization_id: OrganizationId, asset_id: AssetId) -> BlobKey {
    key(&format!("{}/speech/speech.wav", asset(organization_id, asset_id)))
}

/// A sound file; `name` is the rendition's.
pub(crate) fn sound(
    organization_id: OrganizationId,
    asset_id: AssetId,
    name: &str,
    format: SoundFormat,
) -> BlobKey {
    key(&format!("{}/sounds/{name}.{}", asset(organization_id, asset_id), format.as_str()))
}

/// What the pages of a document look like: those of its first file, or of one that replaces another. The former are shown until the latter is read.
pub(crate) fn pages(
    organization_id: OrganizationId,
    asset_id: AssetId,
    replacement: Option<UploadId>,
) -> BlobKey {
    let folder = asset(organization_id, asset_id);
    match replacement {
        None => key(&format!("{folder}/pages")),
        Some(upload_id) => key(&format!("{folder}/pages-{upload_id}")),
    }
}

/// There, what a page, numbered from 1, looks like.
pub(crate) fn page(pages: &BlobKey, number: u32) -> BlobKey {
    key(&format!("{pages}/{number}.webp"))
}

/// An image that was made of the asset's file at `original`; `name` is the rendition's. What is made of another file of the asset, before or
/// after it, lies elsewhere.
pub(crate) fn made(
    organization_id: OrganizationId,
    asset_id: AssetId,
    original: &BlobKey,
    name: &str,
    extension: &str,
) -> BlobKey {
    let hash = hex::encode(&Sha256::digest(format!("{original} {name}"))[..16]);
    key(&format!("{}/images/{hash}.{extension}", asset(organization_id, asset_id)))
}
