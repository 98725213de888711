//! What is published of an asset as HLS, read again.

use super::{
    cuts::part_too_large,
    wanted::{INIT, MASTER, MEDIA},
};
use futures::StreamExt;
use memoreel_blob::{BlobError, BlobKey};
use memoreel_media::{Listed, Timeline, listed_variants, text_playlist};
use memoreel_web::{App, Problem};
use std::path::Path;
use tokio::io::AsyncWriteExt;

/// A day in two-second pieces is 43,200 segments of some forty bytes each.
pub(super) const PLAYLIST_BYTES_MAX: u64 = 16 << 20;

/// What is published of an asset.
pub(super) struct Published<'a> {
    pub(super) app: &'a App,
    pub(super) folder: BlobKey,
}

impl Published<'_> {
    pub(super) async fn read(&self, path: &str) -> Result<String, Problem> {
        let bytes = self.app.blobs.get_bytes(&self.folder.join(path)?, PLAYLIST_BYTES_MAX).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The versions, lightest first, those of AV1 last.
    pub(super) async fn variants(&self) -> Result<Vec<Listed>, Problem> {
        Ok(listed_variants(&self.read(MASTER).await?))
    }

    /// When the segments of a version or of a track are shown; `name` is that of its folder.
    pub(super) async fn timeline(&self, name: &str) -> Result<Timeline, Problem> {
        Ok(Timeline::read(&self.read(&format!("{name}/{MEDIA}")).await?))
    }

    /// How long it plays, in microseconds.
    pub(super) async fn duration_us(&self) -> Result<u64, Problem> {
        let variants = self.variants().await?;
        let first = variants.first().ok_or_else(|| Problem::not_found("file"))?;
        Ok(self.timeline(&first.name).await?.duration_us())
    }

    /// The playlist of a file of text that lies beside the manifests.
    pub(super) async fn text_playlist(&self, file: &str) -> Result<String, Problem> {
        Ok(text_playlist(self.duration_us().await?, file))
    }

    /// Writes the header and these segments into one file.
    pub(super) async fn fetch(
        &self,
        variant: &str,
        files: &[&str],
        into: &Path,
        bytes_max: u64,
    ) -> Result<(), Problem> {
        let mut output = tokio::fs::File::create(into).await.map_err(BlobError::from)?;
        let mut written = 0;
        for file in std::iter::once(&INIT).chain(files) {
            let key = self.folder.join(&format!("{variant}/{file}"))?;
            let read = self.app.blobs.get(&key, None).await?;
            written += read.meta.size_bytes;
            if written > bytes_max {
                return Err(part_too_large());
            }
            let mut bytes = read.into_bytes();
            while let Some(piece) = bytes.next().await {
                output.write_all(&piece.map_err(BlobError::from)?).await.map_err(BlobError::from)?;
            }
        }
        Ok(output.flush().await.map_err(BlobError::from)?)
    }
}
