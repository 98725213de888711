//! Where what can be shown of an asset is served: signed addresses, made when somebody asks for one.

use crate::keys;
use chrono::TimeDelta;
use memoreel_blob::{BlobKey, Grant, Purpose, UrlSigner};
use memoreel_kernel::{AssetId, OrganizationId, Timestamp};

/// How long a signed address works at least.
const ADDRESS_LIFETIME: TimeDelta = TimeDelta::hours(12);

/// What there is to show of an asset.
#[derive(Debug, Clone)]
pub struct Playback {
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The asset.
    pub asset_id: AssetId,
    /// Where the file lies as it was uploaded, once it is stored.
    pub blob_key: Option<String>,
    /// The name it was uploaded under.
    pub filename: String,
    /// The kinds of its renditions.
    pub renditions: Vec<String>,
}

/// Something of an asset that has an address of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// The HLS master playlist.
    Hls,
    /// The DASH manifest of the same.
    Dash,
    /// HLS of the sound alone.
    Sound,
    /// Captions as WebVTT, where there are any.
    Captions,
    /// The file as it was uploaded, where browsers play it as it is.
    File,
    /// A large still.
    Poster,
    /// A still for grids.
    Thumbnail,
    /// A still of any second: `{second}` stands for it.
    Frames,
    /// WebVTT of storyboard tiles.
    Storyboard,
    /// Waveform peaks as JSON.
    Waveform,
    /// The file as it was uploaded, under its own name.
    Download,
}

impl Playback {
    /// Whether there is anything to play.
    #[must_use]
    pub fn is_playable(&self) -> bool {
        self.has("hls_master") || (self.has("file") && self.original().is_some())
    }

    /// The signed address; absent until its step is done.
    #[must_use]
    pub fn url(&self, shown: Shown, signer: &UrlSigner, now: Timestamp) -> Option<String> {
        let preview = |kind, file| {
            self.has(kind).then(|| {
                preview_url(
                    self.organization_id,
                    keys::preview(self.organization_id, self.asset_id),
                    file,
                    signer,
                    now,
                )
            })
        };
        let sign = |purpose, prefix, path: &str| {
            let download_name = (purpose == Purpose::Download).then(|| self.filename.clone());
            let organization_id = self.organization_id;
            let grant =
                Grant { organization_id, purpose, prefix, expires_at: now + ADDRESS_LIFETIME, download_name };
            format!("/media/{}/{path}", signer.sign(&grant))
        };
        match shown {
            Shown::Hls | Shown::Dash | Shown::Sound | Shown::Captions => {
                let folder = || keys::hls(self.organization_id, self.asset_id);
                let file = match shown {
                    Shown::Dash => "manifest.mpd",
                    Shown::Sound => "sound.m3u8",
                    Shown::Captions => "captions.vtt",
                    _ => "master.m3u8",
                };
                self.has("hls_master").then(|| sign(Purpose::Playback, folder(), file))
            }
            Shown::File if !self.has("file") => None,
            Shown::File => Some(sign(Purpose::Playback, self.original()?, "")),
            Shown::Download => Some(sign(Purpose::Download, self.original()?, "")),
            Shown::Poster => preview("poster", "poster.jpg"),
            Shown::Thumbnail => preview("thumbnail", THUMBNAIL),
            Shown::Frames if !self.has("hls_master") => None,
            Shown::Frames => preview("poster", "frames/{second}.jpg"),
            Shown::Storyboard => preview("storyboard", "storyboard.vtt"),
            Shown::Waveform => preview("waveform", "waveform.json"),
        }
    }

    fn has(&self, kind: &str) -> bool {
        self.renditions.iter().any(|rendition| rendition == kind)
    }

    fn original(&self) -> Option<BlobKey> {
        self.blob_key.as_deref()?.parse().ok()
    }
}

/// The signed address of a file as it was uploaded, under its own name.
pub(crate) fn download_url(
    organization_id: OrganizationId,
    blob_key: BlobKey,
    filename: &str,
    signer: &UrlSigner,
    now: Timestamp,
) -> String {
    let grant = Grant {
        organization_id,
        purpose: Purpose::Download,
        prefix: blob_key,
        expires_at: now + ADDRESS_LIFETIME,
        download_name: Some(filename.to_owned()),
    };
    format!("/media/{}/", signer.sign(&grant))
}

/// The signed address of a file that is shown or played, by a token for everything below `prefix`.
pub(crate) fn shown_url(
    organization_id: OrganizationId,
    prefix: BlobKey,
    key: &BlobKey,
    signer: &UrlSigner,
    now: Timestamp,
) -> Option<String> {
    let path = key.as_str().strip_prefix(prefix.as_str())?.trim_start_matches('/').to_owned();
    let grant = Grant {
        organization_id,
        purpose: Purpose::Playback,
        prefix,
        expires_at: now + ADDRESS_LIFETIME,
        download_name: None,
    };
    Some(format!("/media/{}/{path}", signer.sign(&grant)))
}

const THUMBNAIL: &str = "poster-small.jpg";

/// The signed address of an asset's still for grids, which it is known to have.
#[must_use]
pub fn thumbnail_url(
    organization_id: OrganizationId,
    asset_id: AssetId,
    signer: &UrlSigner,
    now: Timestamp,
) -> String {
    preview_url(organization_id, keys::preview(organization_id, asset_id), THUMBNAIL, signer, now)
}

pub(crate) fn preview_url(
    organization_id: OrganizationId,
    prefix: BlobKey,
    file: &str,
    signer: &UrlSigner,
    now: Timestamp,
) -> String {
    let grant = Grant {
        organization_id,
        purpose: Purpose::Preview,
        prefix,
        expires_at: now + ADDRESS_LIFETIME,
        download_name: None,
    };
    format!("/media/{}/{file}", signer.sign(&grant))
}
