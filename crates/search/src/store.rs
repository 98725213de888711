//! All SQL of passages and their vectors, and the calls of the search functions.

/// What a row of either search belongs to; whoever asks the other way leaves out what is neither's.
macro_rules! found_in {
    ($organization_id:expr, $row:ident) => {
        match ($row.video_id, $row.file_id) {
            (None, Some(id)) if $row.file_kind.as_deref() == Some("image") => crate::model::FoundIn::Image {
                id,
                description: $row.description,
                is_described: $row.is_described.unwrap_or(false),
                version: $row.version.unwrap_or(1),
                width: $row.width,
                height: $row.height,
                blob_key: $row.blob_key.unwrap_or_default(),
                filename: $row.filename.unwrap_or_default(),
            },
            (None, Some(id)) => crate::model::FoundIn::Document {
                id,
                title: $row.file_title.unwrap_or_default(),
                page_number: $row.page_number.unwrap_or(1),
                page_image_key: $row.page_image_key,
                blob_key: $row.blob_key.unwrap_or_default(),
                filename: $row.filename.unwrap_or_default(),
            },
            (video_id, _) => crate::model::FoundIn::Video {
                id: video_id.unwrap_or_else(|| unreachable!("the statement leaves out what is of neither")),
                title: $row.video_title.unwrap_or_default(),
                channel_id: $row.channel_id,
                recording: $row.asset_id.zip($row.recording_version.zip($row.recording_packaging)).map(
                    |(asset_id, (version, packaging))| memoreel_assets::Recording {
                        organization_id: $organization_id,
                        asset_id,
                        version,
                        packaging,
                        is_private: $row.recording_is_private.unwrap_or(false),
                    },
                ),
                is_pictured: $row.is_pictured,
                is_seen: $row.entity_type.as_deref() == Some("key_frame"),
                is_described: $row.entity_type.as_deref() == Some("video"),
            },
        }
    };
}

mod by_meaning;
mod columns;
pub(crate) mod files;
pub(crate) mod passages;
pub(crate) mod pictures;
pub(crate) mod reindex;
pub(crate) mod videos;

use crate::index::{Nearby, Worded};
use crate::model::{Filters, Found, Mode, Span};
use crate::query::Query;
use memoreel_ai::EmbedModel;
use memoreel_db::{SystemTx, TenantTx};
use memoreel_kernel::{AssetId, ChannelId, ChunkId, EmbeddingModelId, VideoId};
use sqlx::types::Json;
use std::collections::HashMap;

/// The id of a model, which becomes usable if it is new.
pub(crate) async fn register_model(
    tx: &mut SystemTx,
    model: &EmbedModel,
) -> Result<EmbeddingModelId, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT register_embedding_model($1, $2) AS "id!: EmbeddingModelId""#,
        model.name,
        i32::try_from(model.dimensions).unwrap_or(i32::MAX),
    )
    .fetch_one(&mut **tx)
    .await
}

/// The roots of these words, each in the text search configuration at its place.
pub(crate) async fn roots(
    tx: &mut TenantTx,
    (configurations, words): (Vec<String>, Vec<String>),
) -> Result<Vec<(String, String, Vec<String>)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT asked.configuration AS "configuration!", asked.word AS "word!",
               tsvector_to_array(to_tsvector(asked.configuration::regconfig, asked.word)) AS "roots!"
           FROM UNNEST($1::text[], $2::text[]) AS asked(configuration, word)"#,
        &configurations,
        &words,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.configuration, row.word, row.roots)).collect())
}

/// What a query means.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meaning<'a> {
    pub(crate) model_id: EmbeddingModelId,
    pub(crate) vector: &'a [f32],
    /// What is nearest, where that is known.
    pub(crate) nearby: Option<&'a Nearby>,
}

/// Passages the caller may see, best first. `meaning` is absent in keyword mode, `worded` where it is not known what has the words.
pub(crate) async fn search(
    tx: &mut TenantTx,
    mode: Mode,
    query: &Query,
    meaning: Option<Meaning<'_>>,
    worded: Option<&Worded>,
    filters: &Filters,
    limit: u32,
) -> Result<Vec<Found>, sqlx::Error> {
    if let (Mode::Semantic, Some(meaning)) = (mode, meaning) {
        let entity_types = filters.entity_types();
        return by_meaning::search(tx, query, meaning, filters, entity_types.as_deref(), limit).await;
    }
    let caller = *tx.caller();
    let nearby = meaning.and_then(|meaning| meaning.nearby);
    let ranking = worded.map(|worded| &worded.ranking);
    let entity_types = filters.entity_types();
    let rows = sqlx::query!(
        r#"SELECT chunk_id AS "chunk_id!: ChunkId", video_id AS "video_id: VideoId", video_title,
               channel_id AS "channel_id: ChannelId", coalesce(video_created_at, file.created_at) AS "created_at!",
               file.id AS "file_id: AssetId", file.kind AS file_kind, file.title AS file_title, file.page_number,
               file.page_image_key, file.blob_key, file.filename, file.description, file.is_described, file.version, file.width,
               file.height,
               text AS "text!", configuration AS "configuration!", lexemes AS "lexemes!", start_seconds, end_seconds,
               spans AS "spans!: Json<Vec<Span>>", speaker_names AS "speaker_names: Json<HashMap<String, String>>",
               span_vectors, words_rank, meaning_rank, similarity, score AS "score!",
               found.asset_id AS "asset_id: AssetId",
               (SELECT a.version FROM assets a WHERE a.organization_id = $1 AND a.id = found.asset_id) AS recording_version,
               (SELECT a.packaging FROM assets a WHERE a.organization_id = $1 AND a.id = found.asset_id) AS recording_packaging,
               (SELECT a.visibility = 'private' FROM assets a WHERE a.organization_id = $1 AND a.id = found.asset_id) AS recording_is_private,
               EXISTS (SELECT FROM renditions r WHERE r.organization_id = $1 AND r.asset_id = found.asset_id
                   AND r.kind = 'thumbnail') AS "is_pictured!",
               (SELECT c.entity_type FROM chunks c WHERE c.organization_id = $1 AND c.id = found.chunk_id) AS entity_type
           FROM search_chunks($1, $2, $3, $4, $5, $6, $7::real[]::vector, $8, $9, $10, $11, $12, $13, $14, $15,
               $16::bigint::text::xid8, $17, $18, $19, $20, $21::bigint::text::xid8, $22, $23, $24, $25, $26) AS found
           -- A passage of a document or an image names nothing of a video. Without the limit, all files would be joined to their passages
           -- and then to what was found.
           LEFT JOIN LATERAL (
               SELECT a.id, coalesce(a.metadata -> 'document' ->> 'title', a.filename) AS title, c.page_number, a.created_at,
                   a.kind, a.blob_key, a.filename, a.description, a.version, a.width, a.height,
                   c.is_description AS is_described,
                   (SELECT p.image_key FROM document_pages p WHERE p.organization_id = $1 AND p.asset_id = a.id
                       AND p.page_number = c.page_number) AS page_image_key
               FROM chunks c JOIN assets a ON a.organization_id = $1 AND a.id = c.asset_id AND a.status = 'ready' AND a.deleted_at IS NULL
               WHERE c.organization_id = $1 AND c.id = found.chunk_id AND found.video_id IS NULL
               LIMIT 1) AS file ON true
           WHERE found.video_id IS NOT NULL OR file.id IS NOT NULL"#,
        caller.organization_id.uuid(),
        caller.user_id.map(|id| id.uuid()),
        mode.as_str(),
        query.text,
        &query.phrases,
        &query.excluded,
        meaning.map(|meaning| meaning.vector),
        meaning.map(|meaning| meaning.model_id.uuid()),
        filters.video_id.map(|id| id.uuid()),
        filters.channel_id.map(|id| id.uuid()),
        filters.speaker,
        filters.from,
        filters.to,
        entity_types.as_deref(),
        nearby.map(|nearby| nearby.chunk_ids.as_slice()),
        nearby.map(|nearby| nearby.written_before),
        ranking.map(|ranking| ranking.ids.as_slice()),
        ranking.map(|ranking| ranking.words.as_slice()),
        ranking.map(|ranking| i32::try_from(ranking.best).unwrap_or(i32::MAX)),
        ranking.map(|ranking| ranking.is_cut),
        worded.map(|worded| worded.written_before),
        ranking.map(|ranking| ranking.places.as_slice()),
        ranking.map(|ranking| ranking.rarities.as_slice()),
        ranking.and_then(|ranking| ranking.length),
        ranking.and_then(|ranking| ranking.surroundings),
        i32::try_from(limit).unwrap_or(i32::MAX),
    )
    .fetch_all(&mut **tx)
    .await?;
    let found = rows.into_iter().map(|row| Found {
        chunk_id: row.chunk_id,
        of: found_in!(caller.organization_id, row),
        created_at: row.created_at,
        text: row.text,
        is_picture: false,
        configuration: row.configuration,
        lexemes: row.lexemes,
        matches: Vec::new(),
        start_seconds: row.start_seconds,
        end_seconds: row.end_seconds,
        spans: row.spans.0,
        speaker_names: row.speaker_names.map(|names| names.0).unwrap_or_default(),
        span_vectors: row.span_vectors,
        words_rank: row.words_rank,
        meaning_rank: row.meaning_rank,
        similarity: row.similarity,
        likeness_floor: None,
        score: row.score,
    });
    Ok(found.collect())
}

/// Pictures the caller may see, nearest first. `meaning` names the model under which the vectors of pictures lie, which those of texts do not.
pub(crate) async fn search_pictures(
    tx: &mut TenantTx,
    query: &Query,
    meaning: Meaning<'_>,
    filters: &Filters,
    limit: u32,
) -> Result<Vec<Found>, sqlx::Error> {
    let found =
        by_meaning::search(tx, query, meaning, filters, Some(&filters.picture_types()), limit).await?;
    Ok(found.into_iter().map(|found| Found { is_picture: true, ..found }).collect())
}
