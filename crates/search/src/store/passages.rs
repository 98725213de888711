//! Reading the passages of a whole organization, and the words of a query as they have them.

use crate::index::{Passage, Term};
use memoreel_db::TenantTx;
use memoreel_kernel::EmbeddingModelId;
use uuid::Uuid;

/// Passages read in one statement; each takes about 3 KiB.
const PAGE: i64 = 2_048;
/// Before the components: their number, and two bytes for later.
const HEADER_BYTES: usize = 4;

/// What an organization has.
#[derive(Debug)]
pub(crate) struct State {
    /// Passages that are text.
    pub(crate) chunk_count: usize,
    /// Passages that are text, or vectors of the model, written since the transaction that was asked about, whichever are more.
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
               greatest(
                   (SELECT count(*) FROM chunk_embeddings WHERE organization_id = $1 AND model_id = $2
                        AND written_in >= $3::bigint::text::xid8 AND written_in < pg_snapshot_xmax(pg_current_snapshot())),
                   (SELECT count(*) FROM chunks WHERE organization_id = $1 AND NOT is_picture
                        AND written_in >= $3::bigint::text::xid8 AND written_in < pg_snapshot_xmax(pg_current_snapshot())))
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

/// A passage as it is read.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) passage: Passage,
    /// Its vector of the model as it is sent, if it has one; see [`received`].
    pub(crate) vector: Option<Vec<u8>>,
    entity_type: String,
    chunk_index: i32,
}

impl Read {
    /// Where it is among the organization's passages.
    pub(crate) fn place(&self) -> (String, Uuid, i32) {
        (self.entity_type.clone(), self.passage.transcript_id, self.chunk_index)
    }
}

/// The next passages after this place, by transcript or document and then as they are said or written.
pub(crate) async fn page(
    tx: &mut TenantTx,
    model_id: EmbeddingModelId,
    after: Option<(String, Uuid, i32)>,
) -> Result<Vec<Read>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let (entity_type, entity_id, chunk_index) = after.unwrap_or((String::new(), Uuid::nil(), -1));
    let rows = sqlx::query!(
        r#"SELECT c.id, c.entity_type, c.entity_id, c.chunk_index, coalesce(c.token_count, 0) AS "length!",
               text_search_configuration(c.language)::text AS "configuration!", c.visibility = 'private' AS "is_private!", c.owner_id,
               tsvectorsend(c.search_vector) AS "said!", tsvectorsend(c.context_vector) AS "about!",
               (SELECT vector_send(e.embedding) FROM chunk_embeddings e
                WHERE e.organization_id = $1 AND e.chunk_id = c.id AND e.model_id = $2) AS vector
           FROM chunks c
           -- A picture has neither words nor a vector that is comparable with theirs.
           WHERE c.organization_id = $1 AND (c.entity_type, c.entity_id, c.chunk_index) > ($3, $4, $5) AND NOT c.is_picture
           ORDER BY c.entity_type, c.entity_id, c.chunk_index LIMIT $6"#,
        organization_id.uuid(),
        model_id.uuid(),
        entity_type,
        entity_id,
        chunk_index,
        PAGE,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| Read {
        passage: Passage {
            id: row.id,
            transcript_id: row.entity_id,
            length: u16::try_from(row.length).unwrap_or(u16::MAX),
            configuration: row.configuration,
            private_to: row.is_private.then_some(row.owner_id),
            said: row.said,
            about: row.about,
        },
        vector: row.vector,
        entity_type: row.entity_type,
        chunk_index: row.chunk_index,
    });
    Ok(read.collect())
}

/// The words of a query as passages of these text search configurations have them.
pub(crate) async fn terms(
    tx: &mut TenantTx,
    query: &str,
    configurations: &[String],
) -> Result<Vec<Term>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT configuration::text AS "configuration!", lexeme AS "lexeme!", place AS "place!"
           FROM search_terms($1, $2::text[]::regconfig[])"#,
        query,
        configurations,
    )
    .fetch_all(&mut **tx)
    .await?;
    let terms = rows.into_iter().map(|row| Term {
        configuration: row.configuration,
        lexeme: row.lexeme,
        place: row.place,
    });
    Ok(terms.collect())
}

/// A vector as pgvector sends it: big-endian components after a header.
pub(crate) fn received(bytes: &[u8]) -> Vec<f32> {
    let components = bytes.get(HEADER_BYTES..).unwrap_or_default();
    components.as_chunks().0.iter().map(|component| f32::from_be_bytes(*component)).collect()
}
