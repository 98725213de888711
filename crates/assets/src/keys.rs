//! Where an asset's blobs lie. What is made of one asset is below one prefix, and everything of one organization, so that it can be
//! deleted as one. The database names these folders, too, where it says what files are to go (`files_follow_deleted_assets`).

use memoreel_blob::BlobKey;
use memoreel_kernel::{AssetId, OrganizationId, UploadId, canonical_uuid};
use memoreel_media::SoundFormat;
use sha2::{Digest, Sha256};
use uuid::Uuid;

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

/// Where a file or folder lies: `organizations/{organization}/{kind}/{id}/{below}`.
struct Place<'k> {
    organization: &'k str,
    kind: &'k str,
    id: &'k str,
    /// Empty where the folder itself is meant.
    below: &'k str,
}

impl<'k> Place<'k> {
    fn of(key: &'k BlobKey) -> Option<Self> {
        let mut parts = key.as_str().strip_prefix("organizations/")?.splitn(4, '/');
        let (organization, kind, id) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { organization, kind, id, below: parts.next().unwrap_or_default() })
    }
}

/// What the file or folder at `key` is part of; `None` where nothing is kept.
pub(crate) fn part_of(key: &BlobKey) -> Option<Part> {
    let Place { kind, id, .. } = Place::of(key)?;
    match kind {
        "assets" => id.parse().ok().map(Part::Asset),
        "contents" => Some(Part::Content(key.clone())),
        "exports" => Some(Part::PersonsExport),
        "organization-exports" => Some(Part::OrganizationsExport),
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

/// What addresses of one file of an asset name: all that was made of it, as [`asset`], and which of its files, counted from 1, that was.
pub(crate) fn asset_of_version(organization_id: OrganizationId, asset_id: AssetId, version: i32) -> BlobKey {
    let folder = asset(organization_id, asset_id);
    match version {
        ..=1 => folder,
        version => key(&format!("{folder}/v{version}")),
    }
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

/// The folder of what players of HLS and DASH fetch.
pub(crate) const HLS: &str = "hls";

/// Who may open what an address is given of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whose {
    pub(crate) organization_id: OrganizationId,
    /// Whether it is its author's alone.
    pub(crate) is_private: bool,
}

impl Whose {
    /// What all of the organization see, as images and documents.
    pub(crate) fn everybodys(organization_id: OrganizationId) -> Self {
        Self { organization_id, is_private: false }
    }
}

/// One of the files that a recording has or had. What is made of each lies in a folder of its own, so that no address of the one leads to
/// what was made of another. The database names these folders, too (`made_folder`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recording {
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The asset.
    pub asset_id: AssetId,
    /// Which of its files: 1 is the first, and each that replaces another is one more.
    pub version: i32,
    /// Which packaging of that file for players: 1 is the first. Each lies in a folder of its own, so that whoever plays an older one goes on.
    pub packaging: i32,
    /// Whether it is its author's alone, which its addresses say. Where none is given, it does not matter.
    pub is_private: bool,
}

impl Recording {
    /// Of what something at `key` was made, in which folder of that it lies (`hls` for any packaging), and where in that folder.
    pub(crate) fn of(organization_id: OrganizationId, key: &BlobKey) -> Option<(Self, &str, &str)> {
        let Place { organization, kind: "assets", id, below } = Place::of(key)? else { return None };
        let asset_id = AssetId(canonical_uuid(id)?);
        if canonical_uuid(organization) != Some(organization_id.uuid()) {
            return None;
        }
        let later = below
            .strip_prefix('v')
            .and_then(|rest| rest.split_once('/'))
            .and_then(|(digits, below)| Some((later_number(digits)?, below)));
        let (version, below) = later.unwrap_or((1, below));
        let (folder, file) = below.split_once('/')?;
        let packaged = folder.strip_prefix("hls-").and_then(later_number);
        let (packaging, folder) = packaged.map_or((1, folder), |packaging| (packaging, HLS));
        Some((Self { organization_id, asset_id, version, packaging, is_private: false }, folder, file))
    }

    /// Who may open its addresses.
    pub(crate) fn whose(self) -> Whose {
        Whose { organization_id: self.organization_id, is_private: self.is_private }
    }

    /// Another packaging of this file.
    pub(crate) fn packaged(self, packaging: i32) -> Self {
        Self { packaging, ..self }
    }

    /// Where what is made of this file lies in the folder of the asset.
    pub(crate) fn below(self, name: &str) -> String {
        match self.version {
            ..=1 => name.to_owned(),
            version => format!("v{version}/{name}"),
        }
    }

    fn folder(self, name: &str) -> BlobKey {
        key(&format!("{}/{}", asset(self.organization_id, self.asset_id), self.below(name)))
    }

    fn hls_folder(self) -> String {
        match self.packaging {
            ..=1 => HLS.to_owned(),
            packaging => format!("{HLS}-{packaging}"),
        }
    }

    /// Where the HLS playlists and segments lie in the folder of the asset.
    pub(crate) fn hls_below(self) -> String {
        self.below(&self.hls_folder())
    }

    /// The HLS playlists and segments.
    pub(crate) fn hls(self) -> BlobKey {
        self.folder(&self.hls_folder())
    }

    /// One HLS variant, or one more sound.
    pub(crate) fn hls_variant(self, name: &str) -> BlobKey {
        key(&format!("{}/{name}", self.hls()))
    }

    /// Subtitles; `name` is the track's.
    pub(crate) fn subtitles(self, name: &str) -> BlobKey {
        key(&format!("{}/{name}.vtt", self.hls()))
    }

    /// The master playlist.
    pub(crate) fn master(self) -> BlobKey {
        key(&format!("{}/master.m3u8", self.hls()))
    }

    /// Poster, storyboard and waveform.
    pub(crate) fn preview(self) -> BlobKey {
        self.folder("preview")
    }

    /// What key frames look like.
    pub(crate) fn frames(self) -> BlobKey {
        self.folder("frames")
    }

    /// A small picture of the key frame that is shown first at this moment.
    pub(crate) fn small_frame(self, start_ms: u64) -> BlobKey {
        key(&format!("{}/{}", self.frames(), small_frame_file(start_ms)))
    }

    /// Sound for speech recognition.
    pub(crate) fn speech(self) -> BlobKey {
        key(&format!("{}/speech.wav", self.folder("speech")))
    }

    /// A sound file; `name` is the rendition's.
    pub(crate) fn sound(self, name: &str, format: SoundFormat) -> BlobKey {
        key(&format!("{}/{name}.{}", self.folder("sounds"), format.as_str()))
    }
}

/// A number above 1, in the one spelling that it has in keys.
fn later_number(digits: &str) -> Option<i32> {
    digits.parse().ok().filter(|number: &i32| *number > 1 && number.to_string() == digits)
}

/// There, the picture of the key frame that is shown first at this moment.
pub(crate) fn frame_file(start_ms: u64) -> String {
    format!("{start_ms}.jpg")
}

/// There, a small one.
pub(crate) fn small_frame_file(start_ms: u64) -> String {
    format!("{start_ms}-small.jpg")
}

/// What the pages of a document look like: as they were read first, or later. The former are shown until the latter are read. `later` is the
/// upload of a file that replaces another, or of its own where the same file is read again.
pub(crate) fn pages(organization_id: OrganizationId, asset_id: AssetId, later: Option<Uuid>) -> BlobKey {
    let folder = asset(organization_id, asset_id);
    match later {
        None => key(&format!("{folder}/pages")),
        Some(later) => key(&format!("{folder}/pages-{later}")),
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
