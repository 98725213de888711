//! SQL of what models are given to look at.

use memoreel_db::TenantTx;
use memoreel_kernel::AssetId;

/// Where the picture of a page lies, and how large it is.
#[derive(Debug)]
pub(crate) struct PictureOfPage {
    /// Of which of the document's files.
    pub(crate) version: i32,
    pub(crate) page_number: i32,
    pub(crate) image_key: String,
    pub(crate) width: i32,
    pub(crate) height: i32,
}

/// The pages with pictures and with fewer characters than this of a document that is ready and not in the bin, in order.
pub(crate) async fn pages_without_text(
    tx: &mut TenantTx,
    id: AssetId,
    chars_min: i32,
) -> Result<Vec<PictureOfPage>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_as!(
        PictureOfPage,
        r#"SELECT a.version, p.page_number, p.image_key AS "image_key!", p.width AS "width!", p.height AS "height!" FROM assets a
           JOIN document_pages p ON p.organization_id = $1 AND p.asset_id = $2
           WHERE a.organization_id = $1 AND a.id = $2 AND a.kind = 'document' AND a.status = 'ready' AND a.deleted_at IS NULL
               AND p.image_key IS NOT NULL AND char_length(p.text) < $3
           ORDER BY p.page_number"#,
        organization_id.uuid(),
        id.uuid(),
        chars_min,
    )
    .fetch_all(&mut **tx)
    .await
}
