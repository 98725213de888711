//! Reading the vectors of a whole organization.

use memoreel_db::TenantTx;
use memoreel_kernel::EmbeddingModelId;
use uuid::Uuid;

/// Vectors read in one statement; each takes about 1.5 KiB.
const PAGE: i64 = 4_096;
/// Before the components: their number, and two bytes for later.
const HEADER_BYTES: usize = 4;

/// What an organization has.
#[derive(Debug)]
pub(crate) struct State {
    /// Passages.
    pub(crate) chunk_count: usize,
    /// Vectors of the model written since the transaction that was asked about.
    pub(crate) written_since: usize,
    /// Every transaction before this one has ended: what it wrote can be seen from now on.
    pub(crate) written_before: i64,
}

/// How much there is to read, and what has been written since `written_before` of an earlier answer.
pub(crate) async fn state(
    tx: &mut TenantTx,
    model_id: EmbeddingModelId,
    since: Option<i64>,
) -> Result<State, sqlx::Error> {
    let organization_id = tx.organization_id();
    let state = sqlx::query!(
        r#"SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS "written_before!",
               coalesce((SELECT chunk_count FROM organization_chunk_counts WHERE organization_id = $1), 0) AS "chunk_count!",
               (SELECT count(*) FROM chunk_embeddings WHERE organization_id = $1 AND model_id = $2
                    AND written_in >= $3::bigint::text::xid8 AND written_in < pg_snapshot_xmax(pg_current_snapshot()))
                   AS "written_since!""#,
        organization_id.uuid(),
        model_id.uuid(),
        since,
    )
    .fetch_one(&mut **tx)
    .await?;
    let count = |number: i64| usize::try_from(number).unwrap_or_default();
    Ok(State {
        chunk_count: count(state.chunk_count),
        written_since: count(state.written_since),
        written_before: state.written_before,
    })
}

/// The next passages after this one, by id, with their vectors as they are sent; see [`received`].
pub(crate) async fn page(
    tx: &mut TenantTx,
    model_id: EmbeddingModelId,
    after: Uuid,
) -> Result<Vec<(Uuid, Vec<u8>)>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let rows = sqlx::query!(
        r#"SELECT chunk_id, vector_send(embedding) AS "vector!" FROM chunk_embeddings
           WHERE organization_id = $1 AND model_id = $2 AND chunk_id > $3 ORDER BY chunk_id LIMIT $4"#,
        organization_id.uuid(),
        model_id.uuid(),
        after,
        PAGE,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.chunk_id, row.vector)).collect())
}

/// A vector as pgvector sends it: big-endian components after a header.
pub(crate) fn received(bytes: &[u8]) -> Vec<f32> {
    let components = bytes.get(HEADER_BYTES..).unwrap_or_default();
    components.as_chunks().0.iter().map(|component| f32::from_be_bytes(*component)).collect()
}
