//! From staging to the blob store, for documents: what is on their pages, and what those look like.

mod again;
mod laid_out;
mod pages;

pub use again::RereadDocument;

use super::{blob_failure, remove_duplicate, remove_staged};
use crate::{
    contents::{Awaited, awaited, give_up, upload_lost},
    keys,
    model::{DocumentFacts, DocumentStep},
    store::{self as sql, AssetRow, ReadDocumentFacts, ReadPage},
};
use async_trait::async_trait;
use memoreel_blob::{BlobKey, BlobStore, LocalFile, Staging};
use memoreel_db::TenantTx;
use memoreel_documents::{Described, DocumentError, Documents, language_of};
use memoreel_images::Images;
use memoreel_kernel::{Clock, Event, UploadId};
use memoreel_ocr::{Languages, Ocr};
use memoreel_office::Office;
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun, apart, lock_subject};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Reads an uploaded document and stores it.
#[derive(Debug, Clone)]
pub struct ReadDocument {
    /// The workers.
    pub documents: Documents,
    /// Make pictures of pages small.
    pub images: Images,
    /// Looks for text in pictures of pages.
    pub ocr: Ocr,
    /// In these languages.
    pub languages: Languages,
    /// Lays out documents that have no pages of their own.
    pub office: Office,
    /// Where work in progress lies.
    pub scratch: PathBuf,
    /// The store.
    pub blobs: BlobStore,
    /// Where uploads are staged.
    pub staging: Staging,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Handle for ReadDocument {
    const KIND: &'static str = "read_document";
    const CONCURRENCY: usize = 2;
    type Payload = DocumentStep;

    async fn run(&self, run: &TaskRun, step: DocumentStep) -> Result<Finished, TaskFailure> {
        let mut tx = run.begin().await?;
        let document = sql::find_asset(&mut tx, step.asset_id).await?;
        let content = awaited(&mut tx, step.asset_id).await?;
        // Deleted meanwhile, or done by a run that was killed after it.
        let Some((row, content)) = document.zip(content) else { return run.finish(tx, &[]).await };
        let filename = filename(&mut tx, &row, &content).await?;
        drop(tx);
        let replacement = content.replaces.then_some(content.upload_id);
        let file = self.file(&row, content).await?;
        let organization_id = run.caller().organization_id;
        let folder = keys::pages(organization_id, step.asset_id, replacement.map(|id| id.uuid()));
        let reading = Reading { folder, is_again: false };
        let (described, pages) = self.read(run, &reading, file.path(), &filename).await?;

        let (facts, described, pages) = apart(move || (facts(&described, &pages), described, pages)).await?;
        let (content_type, extension) = (described.format.content_type(), described.format.extension());
        let read =
            |content| ReadDocumentFacts { content_type, extension, facts: &facts, content, pages: &pages };
        let DocumentFile::Staged(upload_id, _) = file else {
            let mut tx = run.begin().await?;
            lock_subject(&mut tx, run.subject_id()).await?;
            if !sql::mark_document_ready(&mut tx, step.asset_id, &read(None)).await? {
                return give_up(run, tx).await;
            }
            return run.finish(tx, &[Event::DocumentReady { asset_id: step.asset_id }]).await;
        };
        let key = keys::original(organization_id, upload_id, extension);
        let stored = self.blobs.put_file(&key, &self.staging.path(upload_id)).await.map_err(blob_failure)?;
        let mut tx = run.begin().await?;
        lock_subject(&mut tx, run.subject_id()).await?;
        let Some(blob) = sql::hold_content(&mut tx, step.asset_id, &key, &stored, self.clock.now()).await?
        else {
            return give_up(run, tx).await;
        };
        let read = read(Some((&stored, &blob)));
        let is_awaited = match replacement {
            Some(upload_id) => sql::replace_document(&mut tx, step.asset_id, upload_id, &read).await?,
            None => sql::mark_document_ready(&mut tx, step.asset_id, &read).await?,
        };
        if !is_awaited {
            return give_up(run, tx).await;
        }
        let finished = run.finish(tx, &[Event::DocumentReady { asset_id: step.asset_id }]).await?;
        remove_staged(&self.staging, upload_id).await;
        remove_duplicate(&self.blobs, &key, &blob).await;
        Ok(finished)
    }
}

/// How a document is read.
struct Reading {
    /// Where the pictures of its pages go.
    folder: BlobKey,
    /// Whether it was read before. Then it rather stays as it is than that something is missing which this server cannot find, or not now.
    is_again: bool,
}

/// What the file was called when it came, which decides between formats that look alike. A name that does not end in one says nothing: then
/// it is taken for what it replaces.
async fn filename(tx: &mut TenantTx, row: &AssetRow, content: &Awaited) -> Result<String, TaskFailure> {
    let upload = if content.replaces { sql::find_upload(tx, content.upload_id).await? } else { None };
    let own = upload.map(|upload| upload.filename).filter(|name| name.contains('.'));
    Ok(own.unwrap_or_else(|| row.filename.clone()))
}

/// Where the file lies: a copy of another document has its content already.
enum DocumentFile {
    Staged(UploadId, PathBuf),
    Stored(LocalFile),
}

impl DocumentFile {
    fn path(&self) -> &Path {
        match self {
            Self::Staged(_, path) => path,
            Self::Stored(file) => file.path(),
        }
    }
}

impl ReadDocument {
    async fn file(&self, row: &AssetRow, content: Awaited) -> Result<DocumentFile, TaskFailure> {
        let stored = row.blob_key.as_deref().filter(|_| !content.replaces);
        if let Some(key) = stored.and_then(|key| key.parse().ok()) {
            return Ok(DocumentFile::Stored(self.blobs.local_path(&key).await.map_err(blob_failure)?));
        }
        let upload_id = content.upload_id;
        let size_bytes = self.staging.len(upload_id).await.map_err(blob_failure)?.ok_or_else(upload_lost)?;
        if size_bytes > self.documents.limits().bytes_max {
            let most = self.documents.limits().bytes_max >> 20;
            let message = format!("The document is too large: {most} MiB is the most.");
            return Err(TaskFailure::permanent("document_too_large", message));
        }
        Ok(DocumentFile::Staged(upload_id, self.staging.path(upload_id)))
    }
}

/// What `work` comes to, unless the task is stopped meanwhile: a page may take a minute, and its workers go with it.
async fn unless_stopped<W: Future>(run: &TaskRun, work: W) -> Result<W::Output, TaskFailure> {
    run.cancelled().run_until_cancelled(work).await.ok_or_else(stopped)
}

fn stopped() -> TaskFailure {
    TaskFailure::transient("cancelled", "Reading the document was stopped.")
}

fn facts(described: &Described, pages: &[ReadPage]) -> DocumentFacts {
    let text: String = pages.iter().flat_map(|page| [page.text.as_str(), "\n"]).collect();
    DocumentFacts {
        format: described.format.as_str().to_owned(),
        title: described.title.clone(),
        author: described.author.clone(),
        // What is written tells more than what is said of it.
        language: language_of(&text).map(str::to_owned).or_else(|| described.language.clone()),
        has_text_layer: pages.iter().any(|page| page.source == "text_layer" && !page.text.is_empty()),
    }
}

fn document_failure(error: DocumentError) -> TaskFailure {
    let (code, message) = (error.code(), error.to_string());
    if !error.is_permanent() {
        return TaskFailure::transient(code, "The document could not be read for the moment.")
            .caused_by(error);
    }
    match error.detail().map(str::to_owned) {
        Some(detail) => TaskFailure::permanent(code, message).caused_by(detail),
        None => TaskFailure::permanent(code, message),
    }
}
