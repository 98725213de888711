//! All SQL of the search bench: filling the product's tables and the plain one beside them, and asking both.

use super::population::Video;
use anyhow::{Context, Result};
use bytes::{BufMut, BytesMut};
use memoreel_db::TenantTx;
use memoreel_kernel::EmbeddingModelId;
use memoreel_search::Nearby;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row};
use std::fmt::Write as _;
use uuid::Uuid;

const PLAIN_TABLE: &str = "plain.transcript_chunks";

/// The id of the organization, video or passage of this number.
pub fn organization_id(number: usize) -> Uuid {
    id(1, number)
}

fn video_id(number: usize) -> Uuid {
    id(2, number)
}

fn chunk_id(number: usize) -> Uuid {
    id(3, number)
}

fn id(kind: u128, number: usize) -> Uuid {
    Uuid::from_u128((kind << 100) + number as u128)
}

/// The number of the passage with this id.
pub fn chunk_number(id: Uuid) -> usize {
    usize::try_from(id.as_u128() & u128::from(u64::MAX)).unwrap_or(usize::MAX)
}

/// A video of the population with its number, the texts of its passages and their vectors.
#[derive(Debug)]
pub struct NewVideo {
    pub number: usize,
    pub video: Video,
    pub texts: Vec<String>,
    pub vectors: Vec<Vec<f32>>,
}

pub async fn register_model(connection: &mut PgConnection, name: &str, dimensions: usize) -> Result<Uuid> {
    let id = sqlx::query_scalar("SELECT register_embedding_model($1, $2)")
        .bind(name)
        .bind(i32::try_from(dimensions)?)
        .fetch_one(connection)
        .await?;
    Ok(id)
}

pub async fn insert_organizations(connection: &mut PgConnection, count: usize) -> Result<()> {
    let ids: Vec<Uuid> = (0..count).map(organization_id).collect();
    sqlx::query(
        "INSERT INTO organizations (id, name, slug)
         SELECT id, 'Organization ' || number, 'o' || number FROM UNNEST($1::uuid[]) WITH ORDINALITY AS new(id, number)",
    )
    .bind(ids)
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes videos, their passages and vectors into the product's tables.
pub async fn insert_videos(connection: &mut PgConnection, model_id: Uuid, new: &[NewVideo]) -> Result<()> {
    let mut rows = String::new();
    for NewVideo { number, video, .. } in new {
        let organization_id = organization_id(video.organization);
        writeln!(rows, "{organization_id}\t{}\tVideo {number}\torganization", video_id(*number))?;
    }
    copy(connection, "videos (organization_id, id, title, visibility) FROM STDIN", rows.as_bytes()).await?;

    let mut rows = String::new();
    let mut vectors = BytesMut::new();
    // The header of the binary form: signature, flags, and the length of an extension that there is not.
    vectors.put_slice(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
    for NewVideo { number, video, texts, vectors: new } in new {
        let (organization_id, video_id) = (organization_id(video.organization), video_id(*number));
        for (index, (text, vector)) in texts.iter().zip(new).enumerate() {
            let chunk_id = chunk_id(video.first_chunk + index);
            let (start, text) = (index * 30, text.replace(['\\', '\t', '\n', '\r'], " "));
            writeln!(
                rows,
                "{organization_id}\t{chunk_id}\ttranscript\t{video_id}\t{video_id}\t{index}\t{text}\ten\t{}\t{start}\t{}\torganization",
                text.split_whitespace().count(),
                start + 30,
            )?;
            vectors.put_i16(4);
            for id in [organization_id, chunk_id, model_id] {
                vectors.put_i32(16);
                vectors.put_slice(id.as_bytes());
            }
            put_vector(&mut vectors, vector)?;
        }
    }
    vectors.put_i16(-1);
    let chunks = "chunks (organization_id, id, entity_type, entity_id, video_id, chunk_index, text, language, token_count,
        start_seconds, end_seconds, visibility) FROM STDIN";
    copy(connection, chunks, rows.as_bytes()).await?;
    let embeddings =
        "chunk_embeddings (organization_id, chunk_id, model_id, embedding) FROM STDIN (FORMAT binary)";
    copy(connection, embeddings, &vectors).await
}

/// A vector as pgvector receives it: dimensions, a reserved number, and the components.
fn put_vector(bytes: &mut BytesMut, vector: &[f32]) -> Result<()> {
    bytes.put_i32(i32::try_from(4 + 4 * vector.len())?);
    bytes.put_i16(i16::try_from(vector.len())?);
    bytes.put_i16(0);
    for value in vector {
        bytes.put_f32(*value);
    }
    Ok(())
}

async fn copy(connection: &mut PgConnection, what: &str, bytes: &[u8]) -> Result<()> {
    let mut sink = connection.copy_in_raw(&format!("COPY {what}")).await?;
    sink.send(bytes).await?;
    sink.finish().await.context("the rows were not taken")?;
    Ok(())
}

/// The plain schema: one table with the organization as a column, and one index over everybody's vectors.
pub async fn make_plain(connection: &mut PgConnection, dimensions: usize) -> Result<()> {
    run(
        connection,
        &format!(
            "CREATE SCHEMA plain;
             CREATE TABLE {PLAIN_TABLE} (
                 id uuid PRIMARY KEY,
                 video_id uuid NOT NULL,
                 organization_id uuid NOT NULL,
                 chunk_index integer NOT NULL,
                 text text NOT NULL,
                 token_count integer,
                 timestamp_start integer,
                 timestamp_end integer,
                 speakers text[],
                 embedding vector({dimensions}),
                 created_at timestamp NOT NULL DEFAULT now(),
                 UNIQUE (video_id, chunk_index));
             INSERT INTO {PLAIN_TABLE} (id, video_id, organization_id, chunk_index, text, token_count, timestamp_start,
                 timestamp_end, speakers, embedding)
             SELECT c.id, c.video_id, c.organization_id, c.chunk_index, c.text, c.token_count, c.start_seconds, c.end_seconds,
                 c.speakers, e.embedding
             FROM chunks c JOIN chunk_embeddings e ON e.organization_id = c.organization_id AND e.chunk_id = c.id
             ORDER BY c.id;
             GRANT USAGE ON SCHEMA plain TO memoreel_app;
             GRANT SELECT ON {PLAIN_TABLE} TO memoreel_app"
        ),
    )
    .await?;
    // With as much memory and as many workers as help.
    run(
        connection,
        &format!(
            "SET maintenance_work_mem = '4GB'; SET max_parallel_maintenance_workers = 2;
             CREATE INDEX transcript_chunks_embedding_idx ON {PLAIN_TABLE} USING hnsw (embedding vector_cosine_ops)
             WITH (m = 16, ef_construction = 64)"
        ),
    )
    .await
}

/// Statistics and visibility maps, as autovacuum would have made them after a while.
pub async fn vacuum(connection: &mut PgConnection) -> Result<()> {
    run(connection, "VACUUM ANALYZE").await
}

async fn run(connection: &mut PgConnection, statements: &str) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(connection).await?;
    Ok(())
}

/// The product's own search by meaning.
pub async fn search_product(
    tx: &mut TenantTx,
    model_id: EmbeddingModelId,
    vector: &[f32],
    nearby: Option<&Nearby>,
    limit: usize,
) -> Result<Vec<Uuid>> {
    let caller = *tx.caller();
    let rows = sqlx::query(
        "SELECT * FROM search_chunks_by_meaning(
             p_organization_id => $1, p_user_id => $2, p_service => false, p_video_id => NULL, p_channel_id => NULL, p_from => NULL,
             p_to => NULL, p_speaker => NULL, p_phrases => '{}', p_excluded => '{}', p_kinds => NULL, p_embedding => $3::real[]::vector,
             p_model_id => $4, p_near => $5, p_near_before => $6::bigint::text::xid8, p_limit => $7)",
    )
    .bind(caller.organization_id.uuid())
    .bind(caller.user_id.map(|id| id.uuid()))
    .bind(vector)
    .bind(model_id.uuid())
    .bind(nearby.map(|nearby| nearby.chunk_ids.as_slice()))
    .bind(nearby.map(|nearby| nearby.written_before))
    .bind(i32::try_from(limit)?)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.iter().map(|row| row.try_get("chunk_id")).collect::<Result<_, _>>()?)
}

/// How broadly the only connection of this pool walks the index from now on.
pub async fn set_breadth(pool: &PgPool, breadth: u32) -> Result<()> {
    sqlx::query("SELECT set_config('hnsw.ef_search', $1, false)")
        .bind(breadth.to_string())
        .execute(pool)
        .await?;
    Ok(())
}

/// The search of the plain schema, on a connection whose settings say how the index is scanned.
pub async fn search_plain(
    pool: &PgPool,
    organization_id: Uuid,
    vector: &[f32],
    limit: usize,
) -> Result<Vec<Uuid>> {
    let rows = sqlx::query(
        "SELECT id, video_id, text, timestamp_start, 1 - (embedding <=> $2::real[]::vector) AS similarity
         FROM plain.transcript_chunks WHERE organization_id = $1 ORDER BY embedding <=> $2::real[]::vector LIMIT $3",
    )
    .bind(organization_id)
    .bind(vector)
    .bind(i64::try_from(limit)?)
    .fetch_all(pool)
    .await?;
    Ok(rows.iter().map(|row| row.try_get("id")).collect::<Result<_, _>>()?)
}
