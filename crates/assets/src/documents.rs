//! What other slices need of documents.

use crate::{
    keys::Whose,
    model::DocumentFacts,
    playback::{download_url, preview_url},
    store::{self, AssetRow},
};
use memoreel_blob::UrlSigner;
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, OrganizationId, Timestamp};

/// What a document says, page by page.
#[derive(Debug, Clone)]
pub struct DocumentText {
    /// What it calls itself, or else its file's name.
    pub title: String,
    /// As ISO 639-1, where it is known.
    pub language: Option<String>,
    /// When it was uploaded.
    pub created_at: Timestamp,
    /// The pages that say something, in order.
    pub pages: Vec<PageOfText>,
}

/// What a page says.
#[derive(Debug, Clone)]
pub struct PageOfText {
    /// From 1.
    pub page_number: i32,
    /// Paragraphs or lines.
    pub text: String,
}

/// What a document that is ready says; nothing where there is none.
///
/// # Errors
/// When a statement fails.
pub async fn document_text(tx: &mut TenantTx, id: AssetId) -> Result<Option<DocumentText>, sqlx::Error> {
    let row = store::find_asset(tx, id).await?;
    let is_shown = |row: &AssetRow| {
        row.kind.as_deref() == Some("document") && row.status == "ready" && row.deleted_at.is_none()
    };
    let Some(row) = row.filter(is_shown) else { return Ok(None) };
    let facts = row.document.and_then(|facts| serde_json::from_value::<DocumentFacts>(facts).ok());
    let (title, language) = facts.map_or((None, None), |facts| (facts.title, facts.language));
    let pages = store::page_texts(tx, id).await?;
    Ok(Some(DocumentText {
        title: title.unwrap_or(row.filename),
        language,
        created_at: row.created_at,
        pages,
    }))
}

/// The signed address of a document's file as it was uploaded, under its own name.
#[must_use]
pub fn document_file_url(
    organization_id: OrganizationId,
    blob_key: &str,
    filename: &str,
    signer: &UrlSigner,
    now: Timestamp,
) -> Option<String> {
    let key = blob_key.parse().ok()?;
    Some(download_url(Whose::everybodys(organization_id), key, filename, signer, now))
}

/// The signed address of what a page looks like, which lies at `image_key`; those of one document share a token.
#[must_use]
pub fn page_image_url(
    organization_id: OrganizationId,
    image_key: &str,
    signer: &UrlSigner,
    now: Timestamp,
) -> Option<String> {
    let (folder, file) = image_key.rsplit_once('/')?;
    Some(preview_url(Whose::everybodys(organization_id), folder.parse().ok()?, file, signer, now))
}
