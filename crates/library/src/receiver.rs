//! What the library does for assets: a finished upload becomes a video, and a recording goes to the bin as one.

use crate::{model::TITLE_LENGTH_MAX, store};
use async_trait::async_trait;
use memoreel_assets::{ReceiveUpload, ReceivedUpload, RecordingBin};
use memoreel_db::TenantTx;
use memoreel_kernel::{Clock, Event, VideoId};
use memoreel_web::{App, Problem};
use std::sync::Arc;

/// Makes the video's row in the transaction that finishes its upload.
#[derive(Debug)]
pub struct VideoReceiver(pub Arc<dyn Clock>);

#[async_trait]
impl ReceiveUpload for VideoReceiver {
    async fn received(&self, tx: &mut TenantTx, upload: &ReceivedUpload) -> Result<bool, sqlx::Error> {
        let title = upload.title.clone().unwrap_or_else(|| title_of(&upload.filename));
        store::insert_uploaded_video(tx, upload, &title, self.0.now()).await
    }
}

/// Moves the videos of recordings into the bin and out again.
#[derive(Debug, Clone, Copy)]
pub struct VideoBin;

#[async_trait]
impl RecordingBin for VideoBin {
    async fn delete(&self, app: &App, tx: &mut TenantTx, video_id: VideoId) -> Result<bool, Problem> {
        let is_deleted = store::delete_video(tx, video_id, app.clock.now()).await?;
        if is_deleted {
            app.events.emit(tx, &Event::VideoDeleted { video_id }).await?;
        }
        Ok(is_deleted)
    }

    async fn restore(&self, app: &App, tx: &mut TenantTx, video_id: VideoId) -> Result<bool, Problem> {
        let is_restored = store::restore_video(tx, video_id).await?;
        if is_restored {
            app.events.emit(tx, &Event::VideoRestored { video_id }).await?;
        }
        Ok(is_restored)
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
