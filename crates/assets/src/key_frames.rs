//! What other slices need of key frames.

use crate::{
    keys::{self, Recording},
    playback::preview_url,
    store,
};
use memoreel_blob::UrlSigner;
use memoreel_db::TenantTx;
use memoreel_kernel::{Timestamp, VideoId};

/// What is written on a key frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextOnScreen {
    /// When it is shown first.
    pub start_ms: i64,
    /// Until when, that time.
    pub end_ms: i64,
    /// Line by line.
    pub text: String,
}

/// What is written on the key frames of a video that is not in the bin, in the order in which they are shown first, and the language of
/// all of it, as ISO 639-1, where that can be told.
///
/// # Errors
/// When the statement fails.
pub async fn text_on_screen(
    tx: &mut TenantTx,
    id: VideoId,
) -> Result<(Vec<TextOnScreen>, Option<&'static str>), sqlx::Error> {
    let texts = store::texts_on_screen(tx, id).await?;
    let whole: String = texts.iter().flat_map(|shown| [shown.text.as_str(), "\n"]).collect();
    Ok((texts, memoreel_documents::language_of(&whole)))
}

/// The signed address of a small picture of the key frame that is shown first at this moment of a video with this recording.
#[must_use]
pub fn key_frame_url(recording: Recording, start_ms: i64, signer: &UrlSigner, now: Timestamp) -> String {
    let file = keys::small_frame_file(start_ms.cast_unsigned());
    preview_url(recording.whose(), recording.frames(), &file, signer, now)
}

/// As [`key_frame_url`], of a picture in which text can be read.
pub(crate) fn large_key_frame_url(
    recording: Recording,
    start_ms: i64,
    signer: &UrlSigner,
    now: Timestamp,
) -> String {
    let file = keys::frame_file(start_ms.cast_unsigned());
    preview_url(recording.whose(), recording.frames(), &file, signer, now)
}
