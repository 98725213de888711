//! Where what can be shown of an asset is served: signed addresses, made when somebody asks for one.

use crate::keys::{Recording, Whose};
use chrono::TimeDelta;
use memoreel_blob::{BlobKey, Grant, Purpose, UrlSigner};
use memoreel_kernel::Timestamp;
use std::cell::OnceCell;

/// How long a signed address works at least; to the full hour after.
const ADDRESS_LIFETIME: TimeDelta = TimeDelta::hours(12);
/// How long what players fetch is kept when something else takes its place: as long as any address or cookie of before may open it. A
/// cookie works for a day, to the full hour after.
pub(crate) const PLAYED_FOR: TimeDelta = TimeDelta::hours(25);

/// What there is to show of an asset.
#[derive(Debug, Clone, Copy)]
pub struct Playback<'a> {
    /// What is made of its file.
    pub recording: Recording,
    /// Where the file lies as it was uploaded, once it is stored.
    pub blob_key: Option<&'a str>,
    /// The name it was uploaded under.
    pub filename: &'a str,
    /// Whether it has any sound, once that is known.
    pub has_sound: bool,
    /// The kinds of its renditions.
    pub renditions: &'a [String],
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
    /// The same, drawn as a PNG.
    WaveformImage,
    /// The file as it was uploaded, under its own name.
    Download,
}

impl<'a> Playback<'a> {
    /// Whether there is anything to play.
    #[must_use]
    pub fn is_playable(&self) -> bool {
        self.has("hls_master") || (self.has("file") && self.original().is_some())
    }

    /// Its addresses, as of now.
    #[must_use]
    pub fn addresses(self, signer: &'a UrlSigner, now: Timestamp) -> Addresses<'a> {
        Addresses { playback: self, signer, now, streams: OnceCell::new(), previews: OnceCell::new() }
    }

    fn has(&self, kind: &str) -> bool {
        self.renditions.iter().any(|rendition| rendition == kind)
    }

    fn original(&self) -> Option<BlobKey> {
        self.blob_key?.parse().ok()
    }
}

/// The signed addresses of what there is to show of one asset. Each folder is signed once, when something of it is asked for first.
#[derive(Debug)]
pub struct Addresses<'a> {
    playback: Playback<'a>,
    signer: &'a UrlSigner,
    now: Timestamp,
    streams: OnceCell<String>,
    previews: OnceCell<String>,
}

impl Addresses<'_> {
    /// The signed address; absent until its step is done.
    #[must_use]
    pub fn of(&self, shown: Shown) -> Option<String> {
        match shown {
            Shown::Hls => self.stream("master.m3u8"),
            Shown::Dash => self.stream("manifest.mpd"),
            Shown::Sound if !self.playback.has_sound => None,
            Shown::Sound => self.stream("sound.m3u8"),
            Shown::Captions => self.stream("captions.vtt"),
            Shown::File if !self.playback.has("file") => None,
            Shown::File => Some(address(&self.sign(Purpose::Playback, self.playback.original()?), "")),
            Shown::Download => Some(address(&self.sign(Purpose::Download, self.playback.original()?), "")),
            Shown::Poster => self.preview("poster", "poster.jpg"),
            Shown::Thumbnail => self.preview("thumbnail", THUMBNAIL),
            Shown::Frames if !self.playback.has("hls_master") => None,
            Shown::Frames => self.preview("poster", "frames/{second}.jpg"),
            Shown::Storyboard => self.preview("storyboard", "storyboard.vtt"),
            Shown::Waveform => self.preview("waveform", "waveform.json"),
            Shown::WaveformImage => self.preview("waveform", "waveform.png"),
        }
    }

    fn stream(&self, file: &str) -> Option<String> {
        let folder = || self.playback.recording.hls();
        let token = || self.streams.get_or_init(|| self.sign(Purpose::Playback, folder()));
        self.playback.has("hls_master").then(|| address(token(), file))
    }

    fn preview(&self, kind: &str, file: &str) -> Option<String> {
        let folder = || self.playback.recording.preview();
        let token = || self.previews.get_or_init(|| self.sign(Purpose::Preview, folder()));
        self.playback.has(kind).then(|| address(token(), file))
    }

    fn sign(&self, purpose: Purpose, prefix: BlobKey) -> String {
        let download_name = (purpose == Purpose::Download).then_some(self.playback.filename);
        token(self.playback.recording.whose(), purpose, prefix, download_name, self.signer, self.now)
    }
}

fn token(
    Whose { organization_id, is_private }: Whose,
    purpose: Purpose,
    prefix: BlobKey,
    download_name: Option<&str>,
    signer: &UrlSigner,
    now: Timestamp,
) -> String {
    let (expires_at, download_name) = (now + ADDRESS_LIFETIME, download_name.map(str::to_owned));
    signer.sign(&Grant { organization_id, purpose, is_private, prefix, expires_at, download_name })
}

/// The address of a file below what a token is for; of that itself where no file is named.
fn address(token: &str, file: &str) -> String {
    format!("/media/{token}/{file}")
}

/// The signed address of a file as it was uploaded, under its own name.
pub(crate) fn download_url(
    whose: Whose,
    blob_key: BlobKey,
    filename: &str,
    signer: &UrlSigner,
    now: Timestamp,
) -> String {
    address(&token(whose, Purpose::Download, blob_key, Some(filename), signer, now), "")
}

/// The signed address of a file that is shown or played, by a token for everything below `prefix`.
pub(crate) fn shown_url(
    whose: Whose,
    prefix: BlobKey,
    key: &BlobKey,
    signer: &UrlSigner,
    now: Timestamp,
) -> Option<String> {
    let path = key.as_str().strip_prefix(prefix.as_str())?.trim_start_matches('/');
    Some(address(&token(whose, Purpose::Playback, prefix, None, signer, now), path))
}

const THUMBNAIL: &str = "poster-small.jpg";

/// The signed address of a recording's still for grids, which it is known to have.
#[must_use]
pub fn thumbnail_url(recording: Recording, signer: &UrlSigner, now: Timestamp) -> String {
    preview_url(recording.whose(), recording.preview(), THUMBNAIL, signer, now)
}

pub(crate) fn preview_url(
    whose: Whose,
    prefix: BlobKey,
    file: &str,
    signer: &UrlSigner,
    now: Timestamp,
) -> String {
    address(&token(whose, Purpose::Preview, prefix, None, signer, now), file)
}
