//! SQL of the passages of documents and images.

use super::columns::{Columns, insert_vectors};
use crate::model::NewChunk;
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, EmbeddingModelId, Timestamp};
use memoreel_tasks::lock_subject;

/// A passage about to be indexed.
pub(crate) struct NewPassage<'a> {
    /// Of a document, where it is.
    pub(crate) page_number: Option<i32>,
    /// Of an image, whether it is how people describe it, rather than written in it.
    pub(crate) is_description: bool,
    /// As ISO 639-1, where it is known.
    pub(crate) language: Option<&'a str>,
    pub(crate) chunk: NewChunk,
}

/// What has passages of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WrittenIn {
    Document,
    Image,
}

impl WrittenIn {
    /// As it is in `assets.kind`, and in `chunks.entity_type`.
    fn as_str(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Image => "image",
        }
    }
}

/// Removes the passages of an asset of this kind that are text, and holds it until the end of the transaction. Returns false if there is no such
/// one that is ready and outside the bin.
pub(crate) async fn clear_passages(
    tx: &mut TenantTx,
    asset_id: AssetId,
    kind: WrittenIn,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    lock_subject(tx, asset_id.uuid()).await?;
    let asset = sqlx::query_scalar!(
        r#"SELECT 1 AS "one!" FROM assets
           WHERE organization_id = $1 AND id = $2 AND kind = $3 AND status = 'ready' AND deleted_at IS NULL FOR SHARE"#,
        organization_id.uuid(),
        asset_id.uuid(),
        kind.as_str(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    sqlx::query!(
        "DELETE FROM chunks WHERE organization_id = $1 AND asset_id = $2 AND NOT is_picture",
        organization_id.uuid(),
        asset_id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(asset.is_some())
}

/// An asset whose passages are written.
pub(crate) struct Whose<'a> {
    pub(crate) kind: WrittenIn,
    pub(crate) asset_id: AssetId,
    /// What lies around every passage.
    pub(crate) title: &'a str,
    pub(crate) created_at: Timestamp,
}

/// Writes the passages of an asset with their vectors. They are as old as the asset, by which searches are narrowed.
pub(crate) async fn insert_passages(
    tx: &mut TenantTx,
    whose: &Whose<'_>,
    model_id: EmbeddingModelId,
    passages: Vec<NewPassage<'_>>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    let numbers: Vec<Option<i32>> = passages.iter().map(|passage| passage.page_number).collect();
    let described: Vec<bool> = passages.iter().map(|passage| passage.is_description).collect();
    let languages: Vec<Option<&str>> = passages.iter().map(|passage| passage.language).collect();
    let chunks: Vec<NewChunk> = passages.into_iter().map(|passage| passage.chunk).collect();
    let columns = Columns::of(&chunks, now);
    sqlx::query!(
        "INSERT INTO chunks (organization_id, id, entity_type, entity_id, asset_id, page_number, chunk_index, text, language,
             token_count, spans, context, is_description, visibility, created_at)
         SELECT $1, new.id, $2, $3, $3, new.page_number, new.position - 1, new.text, new.language, new.words, new.spans, $4,
             new.is_description, 'organization', $5
         FROM UNNEST($6::uuid[], $7::int[], $8::text[], $9::text[], $10::int[], $11::jsonb[], $12::bool[])
             WITH ORDINALITY AS new(id, page_number, text, language, words, spans, is_description, position)",
        organization_id.uuid(),
        whose.kind.as_str(),
        whose.asset_id.uuid(),
        whose.title,
        whose.created_at,
        &columns.ids,
        &numbers as &[Option<i32>],
        &columns.texts as &[&str],
        &languages as &[Option<&str>],
        &columns.words,
        &columns.spans,
        &described,
    )
    .execute(&mut **tx)
    .await?;
    insert_vectors(tx, model_id, &columns.ids, &chunks).await
}
