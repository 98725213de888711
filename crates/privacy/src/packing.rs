//! What every export has in common: it is packed while it is stored, in a task that may be killed, stopped or no longer wanted.

use crate::{
    PrivacyError,
    archive::{Archive, archive},
    page::{self, Listed},
    store::{self, ExportedVideo},
};
use async_trait::async_trait;
use futures::TryStreamExt;
use memoreel_blob::{BlobError, BlobKey, clean_file_name};
use memoreel_kernel::{Caller, UserId};
use memoreel_tasks::{Finished, TaskFailure, TaskRun};
use memoreel_web::{App, storage_failure};
use serde_json::Value;
use std::io;
use uuid::Uuid;

/// Rows that are read at a time.
pub(crate) const PAGE: i64 = 200;

/// How things stand with a wish for an export when its task begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    /// Whether it was carried out already.
    pub(crate) is_over: bool,
    /// Whether it is still wanted.
    pub(crate) is_wanted: bool,
}

/// One export: what is in it, and where it is noted that it is there.
#[async_trait]
pub(crate) trait Content: Send + Sync {
    /// Puts everything in.
    async fn fill(&self, packing: &mut Packing<'_>) -> Result<(), PrivacyError>;
    /// Notes that it is there; false when it is not wanted any more.
    async fn keep(&self, run: &TaskRun, size_bytes: i64) -> Result<bool, PrivacyError>;
}

/// Makes an export, or leaves nothing of it.
pub(crate) async fn carry_out(
    app: &App,
    run: &TaskRun,
    key: &BlobKey,
    wish: Option<Wish>,
    content: &dyn Content,
) -> Result<Finished, TaskFailure> {
    let wish = wish.filter(|wish| wish.is_wanted);
    // A run that was killed after it was done has nothing left to do.
    let is_over = wish.is_some_and(|wish| wish.is_over);
    if wish.is_some() && !is_over {
        let size_bytes = tokio::select! {
            written = pack(app, run, key, content) => written.map_err(failure)?,
            () = run.cancelled().cancelled() => {
                return Err(TaskFailure::transient("export_stopped", "The export was stopped."));
            }
        };
        let size_bytes = i64::try_from(size_bytes).unwrap_or(i64::MAX);
        if content.keep(run, size_bytes).await.map_err(failure)? {
            return run.finish(run.begin().await?, &[]).await;
        }
    }
    if !is_over {
        // Deleted while it was written, or before.
        app.blobs.delete(key).await.map_err(storage_failure)?;
    }
    run.finish(run.begin().await?, &[]).await
}

pub(crate) fn failure(error: PrivacyError) -> TaskFailure {
    match error {
        PrivacyError::Database(error) => error.into(),
        PrivacyError::Blob(BlobError::TooLarge { .. }) => TaskFailure::permanent(
            "export_too_large",
            "Everything together is larger than one file can be in the store of this server.",
        ),
        PrivacyError::Blob(error) => storage_failure(error),
        other => TaskFailure::internal(other),
    }
}

/// Packs and stores at the same time. What ends halfway stores nothing.
async fn pack(app: &App, run: &TaskRun, key: &BlobKey, content: &dyn Content) -> Result<u64, PrivacyError> {
    let (archive, packed) = archive(run.clock().now());
    let stored = async { Ok::<_, PrivacyError>(app.blobs.put_stream(key, packed).await?) };
    let fill = async {
        let mut packing = Packing { app, run, archive: &archive, media_written: 0, media_bytes: 0 };
        content.fill(&mut packing).await?;
        Ok::<_, PrivacyError>(archive.finish().await?)
    };
    let ((), facts) = tokio::try_join!(fill, stored)?;
    Ok(facts.size_bytes)
}

/// One export being written.
pub(crate) struct Packing<'a> {
    pub(crate) app: &'a App,
    pub(crate) run: &'a TaskRun,
    pub(crate) archive: &'a Archive,
    media_written: u64,
    /// Of all media; progress is measured by them.
    pub(crate) media_bytes: u64,
}

impl Packing<'_> {
    /// When it is made, for people.
    pub(crate) fn made_at(&self) -> String {
        self.run.clock().now().format("%Y-%m-%d %H:%M UTC").to_string()
    }

    pub(crate) async fn json(&self, name: &str, value: &Value) -> Result<(), PrivacyError> {
        self.archive.text_file(name).await?;
        Ok(self.archive.write(pretty(value)?).await?)
    }

    pub(crate) async fn page(&self, name: &str, page: String) -> Result<(), PrivacyError> {
        self.archive.text_file(name).await?;
        Ok(self.archive.write(page).await?)
    }

    /// The folder of a video: everything as JSON, a page, and the file as it was uploaded.
    pub(crate) async fn video(
        &mut self,
        video: &ExportedVideo,
        spoken: &Value,
    ) -> Result<Listed, PrivacyError> {
        let folder = format!("videos/{}", video.id);
        let name = video.original_filename.as_deref().map(clean_file_name);
        let media = name.filter(|_| video.blob_key.is_some()).map(|name| format!("media/{name}"));
        let mut whole = video.told.clone();
        if let (Some(whole), Value::Object(spoken)) = (whole.as_object_mut(), spoken.clone()) {
            whole.extend(spoken);
        }
        self.json(&format!("{folder}/video.json"), &whole).await?;
        let media = match media.zip(video.blob_key.as_deref()) {
            Some((media, key)) => self.media(&format!("{folder}/{media}"), key).await?.then_some(media),
            None => None,
        };
        self.page(&format!("{folder}/index.html"), page::video(&video.told, spoken, media.as_deref()))
            .await?;
        let created_at = video.created_at.format("%Y-%m-%d").to_string();
        Ok(Listed { folder, title: video.title.clone(), created_at })
    }

    /// The images and documents that this caller may see, or only those that somebody uploaded: everything as JSON, and the file.
    pub(crate) async fn images(
        &mut self,
        caller: &Caller,
        uploaded_by: Option<UserId>,
    ) -> Result<(), PrivacyError> {
        let mut after = Uuid::nil();
        loop {
            let mut tx = self.app.db.tenant(caller).await?;
            let images = store::images(&mut tx, uploaded_by, after, PAGE).await?;
            drop(tx);
            for image in &images {
                let (kind, id) = (&image.kind, image.id);
                let folder = format!("{kind}s/{id}");
                self.json(&format!("{folder}/{kind}.json"), &image.told).await?;
                let name = clean_file_name(&image.original_filename);
                self.media(&format!("{folder}/media/{name}"), &image.blob_key).await?;
            }
            match images.last() {
                Some(last) if images.len() as i64 == PAGE => after = last.id,
                _ => return Ok(()),
            }
        }
    }

    /// Puts a file in as it was uploaded. False when it is not there.
    async fn media(&mut self, name: &str, key: &str) -> Result<bool, PrivacyError> {
        let read = match self.app.blobs.get(&BlobKey::parse(key)?, None).await {
            Err(BlobError::NotFound { .. }) => return Ok(false),
            read => read?,
        };
        self.archive.media_file(name).await?;
        let mut bytes = read.into_bytes();
        while let Some(piece) = bytes.try_next().await? {
            self.media_written += piece.len() as u64;
            self.run.progress(self.media_written as f32 / self.media_bytes.max(1) as f32 * 0.99);
            self.archive.write(piece).await?;
        }
        Ok(true)
    }
}

pub(crate) fn pretty(value: &Value) -> Result<String, PrivacyError> {
    serde_json::to_string_pretty(value).map_err(|error| io::Error::other(error).into())
}
