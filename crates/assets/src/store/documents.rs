//! SQL of documents and of their pages.

use super::HeldBlob;
use crate::{documents::PageOfText, model::DocumentFacts};
use memoreel_blob::{BlobFacts, BlobKey};
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, Timestamp, UploadId};

/// What reading a document found out.
pub(crate) struct ReadDocumentFacts<'a> {
    pub(crate) content_type: &'a str,
    pub(crate) extension: &'a str,
    pub(crate) facts: &'a DocumentFacts,
    /// Its content, unless the asset has it already.
    pub(crate) content: Option<(&'a BlobFacts, &'a HeldBlob)>,
    pub(crate) pages: &'a [ReadPage],
}

/// A page that was read.
pub(crate) struct ReadPage {
    pub(crate) text: String,
    /// `text_layer` or `ocr`.
    pub(crate) source: &'static str,
    pub(crate) headings: serde_json::Value,
    /// Where its picture lies, and how large that is.
    pub(crate) image: Option<(BlobKey, u32, u32)>,
    /// How large its file is.
    pub(crate) image_bytes: u64,
}

/// Whether the document was still waited for.
pub(crate) async fn mark_document_ready(
    tx: &mut TenantTx,
    id: AssetId,
    document: &ReadDocumentFacts<'_>,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let (facts, blob) = document.content.unzip();
    let ready = sqlx::query_scalar!(
        r#"WITH ready AS (
               UPDATE assets SET content_type = $3, blob_key = coalesce($4, blob_key), byte_size = coalesce($5, byte_size),
                   sha256 = coalesce($6, sha256), blob_id = coalesce($9, blob_id), page_count = $7,
                   metadata = metadata || jsonb_build_object('document', $8::jsonb), picture_bytes = $10, status = 'ready'
               WHERE organization_id = $1 AND id = $2 AND kind = 'document' AND status = 'pending' RETURNING id
           ), stored AS (
               UPDATE uploads SET status = 'stored' FROM ready WHERE uploads.organization_id = $1 AND uploads.asset_id = ready.id
           )
           SELECT count(*) AS "ready!" FROM ready"#,
        organization_id.uuid(),
        id.uuid(),
        document.content_type,
        blob.map(|blob| blob.blob_key.as_str()),
        facts.map(|facts| facts.size_bytes.cast_signed()),
        facts.map(|facts| &facts.sha256[..]),
        i32::try_from(document.pages.len()).unwrap_or(i32::MAX),
        serde_json::to_value(document.facts).unwrap_or_default(),
        blob.map(|blob| blob.id.uuid()),
        picture_bytes(document.pages),
    )
    .fetch_one(&mut **tx)
    .await?;
    if ready == 0 {
        return Ok(false);
    }
    insert_pages(tx, id, document.pages).await?;
    Ok(true)
}

/// Gives a document that is there the content that replaces its own, with its pages. Returns whether that was still waited for.
pub(crate) async fn replace_document(
    tx: &mut TenantTx,
    id: AssetId,
    upload_id: UploadId,
    document: &ReadDocumentFacts<'_>,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let (facts, blob) = document.content.unzip();
    let replaced = sqlx::query!(
        "WITH came AS (
             UPDATE uploads SET status = 'stored' WHERE organization_id = $1 AND id = $10 AND replaces_id = $2 AND status = 'received'
             RETURNING id
         )
         UPDATE assets SET content_type = $3, blob_key = $4, byte_size = $5, sha256 = $6, blob_id = $9, page_count = $7,
             metadata = metadata - '{error,replacement_error,unseen_by}'::text[] || jsonb_build_object('document', $8::jsonb), status = 'ready',
             version = version + 1, replacement_id = NULL, picture_bytes = $12,
             filename = CASE WHEN content_type = $3 THEN filename ELSE renamed(filename, $11) END,
             original_filename = CASE WHEN content_type = $3 THEN original_filename ELSE renamed(original_filename, $11) END
         FROM came WHERE assets.organization_id = $1 AND assets.id = $2 AND assets.kind = 'document' AND assets.replacement_id = came.id",
        organization_id.uuid(),
        id.uuid(),
        document.content_type,
        blob.map(|blob| blob.blob_key.as_str()),
        facts.map(|facts| facts.size_bytes.cast_signed()),
        facts.map(|facts| &facts.sha256[..]),
        i32::try_from(document.pages.len()).unwrap_or(i32::MAX),
        serde_json::to_value(document.facts).unwrap_or_default(),
        blob.map(|blob| blob.id.uuid()),
        upload_id.uuid(),
        document.extension,
        picture_bytes(document.pages),
    )
    .execute(&mut **tx)
    .await?;
    if replaced.rows_affected() == 0 {
        return Ok(false);
    }
    insert_pages(tx, id, document.pages).await?;
    Ok(true)
}

/// Has the pictures of pages in this folder go then, unless [`renew_document`] comes before.
pub(crate) async fn let_pages_go(
    tx: &mut TenantTx,
    folder: &BlobKey,
    not_before: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason) VALUES ($1, $2, $3, 'reading given up')",
        organization_id.uuid(),
        folder.to_string(),
        not_before,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives a document that is there what was found when it was read again; pictures of its pages, which lie in `folder`, stay, and those of before go
/// at `leave_at`. Returns whether it still has that file, and they are still there.
pub(crate) async fn renew_document(
    tx: &mut TenantTx,
    id: AssetId,
    version: i32,
    facts: &DocumentFacts,
    pages: &[ReadPage],
    folder: &BlobKey,
    leave_at: Timestamp,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let renewed = sqlx::query!(
        "UPDATE assets SET page_count = $4, metadata = metadata - 'unseen_by' || jsonb_build_object('document', $5::jsonb), picture_bytes = $6
         WHERE organization_id = $1 AND id = $2 AND version = $3 AND kind = 'document' AND status = 'ready'",
        organization_id.uuid(),
        id.uuid(),
        version,
        i32::try_from(pages.len()).unwrap_or(i32::MAX),
        serde_json::to_value(facts).unwrap_or_default(),
        picture_bytes(pages),
    )
    .execute(&mut **tx)
    .await?;
    if renewed.rows_affected() == 0 {
        return Ok(false);
    }
    // Pictures that are not among those that go any more have gone.
    let kept = sqlx::query!(
        "DELETE FROM blob_deletions WHERE organization_id = $1 AND blob_key = $2",
        organization_id.uuid(),
        folder.to_string(),
    )
    .execute(&mut **tx)
    .await?;
    if kept.rows_affected() == 0 {
        return Ok(false);
    }
    // What pages look like is looked at anew: other things may be on the page of a number now. What they say is found until that is indexed.
    sqlx::query!(
        "WITH gone AS (
             DELETE FROM document_pages WHERE organization_id = $1 AND asset_id = $2 RETURNING image_key
         ), unseen AS (
             DELETE FROM chunks WHERE organization_id = $1 AND asset_id = $2 AND is_picture
         )
         INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
         SELECT DISTINCT $1::uuid, regexp_replace(image_key, '/[^/]*$', ''), $3::timestamptz, 'read again' FROM gone
         WHERE image_key IS NOT NULL",
        organization_id.uuid(),
        id.uuid(),
        leave_at,
    )
    .execute(&mut **tx)
    .await?;
    insert_pages(tx, id, pages).await?;
    Ok(true)
}

/// How large the pictures of these pages are together.
fn picture_bytes(pages: &[ReadPage]) -> i64 {
    pages.iter().map(|page| page.image_bytes).sum::<u64>().cast_signed()
}

async fn insert_pages(tx: &mut TenantTx, id: AssetId, pages: &[ReadPage]) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    let side = |side: u32| side.cast_signed();
    let texts: Vec<&str> = pages.iter().map(|page| page.text.as_str()).collect();
    let sources: Vec<&str> = pages.iter().map(|page| page.source).collect();
    let headings: Vec<serde_json::Value> = pages.iter().map(|page| page.headings.clone()).collect();
    let images = || pages.iter().map(|page| page.image.as_ref());
    let keys: Vec<Option<String>> = images().map(|image| image.map(|(key, ..)| key.to_string())).collect();
    let widths: Vec<Option<i32>> = images().map(|image| image.map(|(_, width, _)| side(*width))).collect();
    let heights: Vec<Option<i32>> = images().map(|image| image.map(|(.., height)| side(*height))).collect();
    sqlx::query!(
        "INSERT INTO document_pages (organization_id, asset_id, page_number, text, source, headings, image_key, width, height)
         SELECT $1, $2, page.number, page.text, page.source, page.headings, page.image_key, page.width, page.height
         FROM UNNEST($3::text[], $4::text[], $5::jsonb[], $6::text[], $7::int[], $8::int[])
             WITH ORDINALITY AS page(text, source, headings, image_key, width, height, number)",
        organization_id.uuid(),
        id.uuid(),
        &texts as &[&str],
        &sources as &[&str],
        &headings,
        &keys as &[Option<String>],
        &widths as &[Option<i32>],
        &heights as &[Option<i32>],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A page's row.
#[derive(Debug, Clone)]
pub(crate) struct PageRow {
    pub(crate) page_number: i32,
    pub(crate) text: String,
    pub(crate) source: String,
    pub(crate) headings: serde_json::Value,
    pub(crate) image_key: Option<String>,
    pub(crate) width: Option<i32>,
    pub(crate) height: Option<i32>,
}

/// The pages after this one.
pub(crate) async fn list_pages(
    tx: &mut TenantTx,
    id: AssetId,
    after: i32,
    limit: i64,
) -> Result<Vec<PageRow>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_as!(
        PageRow,
        "SELECT page_number, text, source, headings, image_key, width, height FROM document_pages
         WHERE organization_id = $1 AND asset_id = $2 AND page_number > $3 ORDER BY page_number LIMIT $4",
        organization_id.uuid(),
        id.uuid(),
        after,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// The texts of all pages that have one.
pub(crate) async fn page_texts(tx: &mut TenantTx, id: AssetId) -> Result<Vec<PageOfText>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_as!(
        PageOfText,
        "SELECT page_number, text FROM document_pages
         WHERE organization_id = $1 AND asset_id = $2 AND text <> '' ORDER BY page_number",
        organization_id.uuid(),
        id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await
}
