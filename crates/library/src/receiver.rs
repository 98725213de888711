//! A finished upload becomes a video.

use crate::{model::TITLE_LENGTH_MAX, store};
use async_trait::async_trait;
use memoreel_assets::{ReceiveUpload, ReceivedUpload};
use memoreel_db::TenantTx;
use memoreel_kernel::Clock;
use std::sync::Arc;

/// Makes the video's row in the transaction that finishes its upload.
#[derive(Debug)]
pub struct VideoReceiver(pub Arc<dyn Clock>);

#[async_trait]
impl ReceiveUpload for VideoReceiver {
    async fn received(&self, tx: &mut TenantTx, upload: &ReceivedUpload) -> Result<(), sqlx::Error> {
        let title = upload.title.clone().unwrap_or_else(|| title_of(&upload.filename));
        store::insert_uploaded_video(tx, upload, &title, self.0.now()).await
    }
}

/// A file's name as a title: without its extension, underscores as spaces.
fn title_of(filename: &str) -> String {
    let stem = match filename.rsplit_once('.') {
        Some((stem, extension)) if !stem.trim().is_empty() && extension.len() <= 5 => stem,
        _ => filename,
    };
    let title: String = stem.replace('_', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let title: String = title.chars().take(TITLE_LENGTH_MAX).collect();
    if title.is_empty() { "Untitled".to_owned() } else { title }
}

#[cfg(test)]
mod tests {
    use super::title_of;

    #[test]
    fn a_title_is_the_name_without_its_extension() {
        for (filename, title) in [
            ("Weekly_Sync  2026.mp4", "Weekly Sync 2026"),
            (".mp4", ".mp4"),
            ("notes", "notes"),
            ("v1.2 of the talk", "v1.2 of the talk"),
            ("___", "Untitled"),
        ] {
            assert_eq!(title_of(filename), title);
        }
    }
}
