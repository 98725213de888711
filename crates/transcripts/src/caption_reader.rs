//! Captions for players, which know a recording by its file.

use crate::{
    captions::{parse, to_webvtt},
    import::captions_from,
    store,
};
use async_trait::async_trait;
use memoreel_assets::{FileLine, ReadCaptions, ReadSubtitles};
use memoreel_db::TenantTx;
use memoreel_kernel::AssetId;

/// Reads the captions of the video whose recording an asset is.
#[derive(Debug, Clone, Copy)]
pub struct CaptionReader;

#[async_trait]
impl ReadCaptions for CaptionReader {
    async fn language(&self, tx: &mut TenantTx, asset_id: AssetId) -> Result<Option<String>, sqlx::Error> {
        store::caption_language(tx, asset_id).await
    }

    async fn webvtt(&self, tx: &mut TenantTx, asset_id: AssetId) -> Result<Option<String>, sqlx::Error> {
        let Some(video_id) = store::video_of_asset(tx, asset_id).await? else { return Ok(None) };
        let transcript = store::transcript_of(tx, video_id).await?;
        Ok(transcript.map(|transcript| to_webvtt(&captions_from(transcript))))
    }

    fn read_file(&self, bytes: &[u8], language: &str) -> Result<ReadSubtitles, FileLine> {
        let mut read = parse(bytes).map_err(|error| FileLine { line: error.line, reason: error.reason })?;
        // Whoever sends it knows better than a header that was copied along.
        read.captions.language = Some(language.to_owned());
        let warnings = read.warnings.into_iter();
        Ok(ReadSubtitles {
            // What WebVTT has in place of it, and no table takes.
            webvtt: to_webvtt(&read.captions).replace('\0', "\u{fffd}"),
            warnings: warnings.map(|told| FileLine { line: told.line, reason: told.reason }).collect(),
        })
    }
}
