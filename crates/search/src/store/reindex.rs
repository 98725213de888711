//! SQL that finds what cannot be found by meaning: what it says has no vectors of the model that is in use, or no picture of it was looked at,
//! not even in vain.

use crate::reindex::{PassageCount, Sought, Wanted};
use memoreel_assets::PAGE_CHARS_MIN;
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, Pictured, VideoId};
use uuid::Uuid;

/// Videos or files that are looked at in one statement.
const PAGE: i64 = 100;

/// Some of an organization's videos or files.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// What of them is to be indexed.
    pub(crate) wanted: Vec<Wanted>,
    /// Behind which to go on; nothing where there are no more.
    pub(crate) last: Option<Uuid>,
}

/// The next videos after this one that are not in the bin.
pub(crate) async fn videos(tx: &mut TenantTx, sought: &Sought, after: Uuid) -> Result<Page, sqlx::Error> {
    let organization_id = tx.organization_id();
    let rows = sqlx::query!(
        r#"SELECT v.id AS "id!: VideoId",
               (EXISTS (SELECT FROM transcript_segments s WHERE s.organization_id = $1 AND s.video_id = v.id AND s.text ~ '\S')
                   AND ($4::bool OR NOT coalesce(indexed.transcript, false))) AS "is_transcript_wanted!",
               (EXISTS (SELECT FROM key_frames k WHERE k.organization_id = $1 AND k.asset_id = v.asset_id AND k.text ~ '[[:alnum:]]')
                   AND ($4::bool OR NOT coalesce(indexed.key_frames, false))) AS "are_key_frames_wanted!",
               (coalesce(v.description ~ '\S', false)
                   AND ($4::bool OR NOT coalesce(indexed.description, false))) AS "is_description_wanted!",
               ($6::uuid IS NOT NULL AND EXISTS (SELECT FROM key_frames k WHERE k.organization_id = $1 AND k.asset_id = v.asset_id)
                   AND ($4::bool OR NOT (coalesce(indexed.pictures, false) OR coalesce((SELECT a.metadata ->> 'unseen_by' = ($6::uuid)::text
                       FROM assets a WHERE a.organization_id = $1 AND a.id = v.asset_id), false)))) AS "are_pictures_wanted!"
           FROM (SELECT id, asset_id, description FROM videos
                 WHERE organization_id = $1 AND id > $2 AND deleted_at IS NULL ORDER BY id LIMIT $3) AS v
           -- Whether each passage has its vector, or any picture; null where there is none.
           CROSS JOIN LATERAL (
               SELECT bool_and(has_vector) FILTER (WHERE NOT is_picture AND entity_type = 'transcript') AS transcript,
                   bool_and(has_vector) FILTER (WHERE NOT is_picture AND entity_type = 'key_frame') AS key_frames,
                   bool_and(has_vector) FILTER (WHERE NOT is_picture AND entity_type = 'video') AS description,
                   bool_or(has_vector) FILTER (WHERE is_picture) AS pictures
               FROM (SELECT c.entity_type, c.is_picture, EXISTS (SELECT FROM chunk_embeddings e
                         WHERE e.organization_id = $1 AND e.chunk_id = c.id
                             AND e.model_id = CASE WHEN c.is_picture THEN $6::uuid ELSE $5::uuid END) AS has_vector
                     FROM chunks c WHERE c.organization_id = $1 AND c.video_id = v.id) AS passages
           ) AS indexed
           ORDER BY v.id"#,
        organization_id.uuid(),
        after,
        PAGE,
        sought.is_all,
        sought.texts_id.uuid(),
        sought.pictures_id.map(|id| id.uuid()),
    )
    .fetch_all(&mut **tx)
    .await?;
    let last = rows.last().map(|row| row.id.uuid());
    let wanted = rows.into_iter().flat_map(|row| {
        let of_row = [
            (row.is_transcript_wanted, Wanted::Transcript(row.id)),
            (row.are_key_frames_wanted, Wanted::KeyFrames(row.id)),
            (row.is_description_wanted, Wanted::Description(row.id)),
            (row.are_pictures_wanted, Wanted::Pictures(Pictured::Video(row.id))),
        ];
        of_row.into_iter().filter_map(|(is_wanted, wanted)| is_wanted.then_some(wanted))
    });
    Ok(Page { wanted: wanted.collect(), last })
}

/// The next images and documents after this one that are ready and not in the bin.
pub(crate) async fn files(tx: &mut TenantTx, sought: &Sought, after: Uuid) -> Result<Page, sqlx::Error> {
    let organization_id = tx.organization_id();
    let rows = sqlx::query!(
        r#"SELECT a.id AS "id!: AssetId", a.kind = 'image' AS "is_image!",
               (CASE a.kind WHEN 'image' THEN coalesce(a.description ~ '\S', false) OR coalesce(a.recognised_text ~ '[[:alnum:]]', false)
                    ELSE EXISTS (SELECT FROM document_pages p
                        WHERE p.organization_id = $1 AND p.asset_id = a.id AND p.text ~ '\S') END
                   AND ($4::bool OR NOT coalesce(indexed.texts, false))) AS "is_text_wanted!",
               ($6::uuid IS NOT NULL
                   AND CASE a.kind WHEN 'image' THEN a.width IS NOT NULL AND a.height IS NOT NULL
                       -- With an offset it is asked for each document: otherwise the planner may read the pages of all organizations once.
                       ELSE EXISTS (SELECT FROM document_pages p WHERE p.organization_id = $1 AND p.asset_id = a.id
                           AND p.image_key IS NOT NULL AND char_length(p.text) < $7 OFFSET 0) END
                   AND ($4::bool OR NOT (coalesce(indexed.pictures, false) OR coalesce(a.unseen_by = ($6::uuid)::text, false))))
                   AS "are_pictures_wanted!"
           FROM (SELECT id, kind, description, recognised_text, width, height, metadata ->> 'unseen_by' AS unseen_by FROM assets
                 WHERE organization_id = $1 AND id > $2 AND kind IN ('image', 'document') AND status = 'ready' AND deleted_at IS NULL
                 ORDER BY id LIMIT $3) AS a
           -- Whether each passage has its vector, or any picture; null where there is none.
           CROSS JOIN LATERAL (
               SELECT bool_and(has_vector) FILTER (WHERE NOT is_picture) AS texts,
                   bool_or(has_vector) FILTER (WHERE is_picture) AS pictures
               FROM (SELECT c.is_picture, EXISTS (SELECT FROM chunk_embeddings e
                         WHERE e.organization_id = $1 AND e.chunk_id = c.id
                             AND e.model_id = CASE WHEN c.is_picture THEN $6::uuid ELSE $5::uuid END) AS has_vector
                     FROM chunks c WHERE c.organization_id = $1 AND c.asset_id = a.id) AS passages
           ) AS indexed
           ORDER BY a.id"#,
        organization_id.uuid(),
        after,
        PAGE,
        sought.is_all,
        sought.texts_id.uuid(),
        sought.pictures_id.map(|id| id.uuid()),
        PAGE_CHARS_MIN,
    )
    .fetch_all(&mut **tx)
    .await?;
    let last = rows.last().map(|row| row.id.uuid());
    let wanted = rows.into_iter().flat_map(|row| {
        let (text, pictures) = match row.is_image {
            true => (Wanted::Image(row.id), Pictured::Image(row.id)),
            false => (Wanted::Document(row.id), Pictured::Document(row.id)),
        };
        let of_row = [(row.is_text_wanted, text), (row.are_pictures_wanted, Wanted::Pictures(pictures))];
        of_row.into_iter().filter_map(|(is_wanted, wanted)| is_wanted.then_some(wanted))
    });
    Ok(Page { wanted: wanted.collect(), last })
}

/// How many passages an organization has, and how many of them lack a vector. Pictures count where the model takes any.
pub(crate) async fn count_passages(tx: &mut TenantTx, sought: &Sought) -> Result<PassageCount, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        r#"SELECT count(*) AS "all!", count(*) FILTER (WHERE e.chunk_id IS NULL) AS "lacking!"
           FROM chunks c
           LEFT JOIN chunk_embeddings e ON e.organization_id = $1 AND e.chunk_id = c.id
               AND e.model_id = CASE WHEN c.is_picture THEN $3::uuid ELSE $2::uuid END
           WHERE c.organization_id = $1 AND NOT (c.is_picture AND $3::uuid IS NULL)"#,
        organization_id.uuid(),
        sought.texts_id.uuid(),
        sought.pictures_id.map(|id| id.uuid()),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(PassageCount { all: row.all.unsigned_abs(), lacking: row.lacking.unsigned_abs() })
}
