//! All SQL of transcripts, segments and speakers.

use crate::CAPTIONS_ENGINE;
use crate::model::{NewSpeaker, NewTranscript, Segment, Speaker, Stretch, Transcript, Turn, VideoHead, Word};
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, SegmentId, SpeakerId, Timestamp, TranscriptId, VideoId};
use serde::Deserialize;
use sqlx::types::Json;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// A speaker as the statement of a transcript gives them.
#[derive(Debug, Deserialize)]
struct StoredSpeaker {
    #[serde(flatten)]
    speaker: Speaker,
    turns: Option<Vec<Stretch>>,
}

/// The video a transcript belongs to, unless it is deleted or hidden from the caller.
///
/// # Errors
/// When the statement fails.
pub async fn video_for_transcript(
    tx: &mut TenantTx,
    video_id: VideoId,
) -> Result<Option<VideoHead>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_as!(
        VideoHead,
        "SELECT title, status FROM videos WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL",
        organization_id.uuid(),
        video_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Whether the recording of the video is about to have another file, of which everything is heard anew.
pub(crate) async fn awaits_file(tx: &mut TenantTx, video_id: VideoId) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM videos v JOIN assets a ON a.organization_id = v.organization_id AND a.id = v.asset_id
               WHERE v.organization_id = $1 AND v.id = $2 AND a.replacement_id IS NOT NULL AND NOT a.metadata ? 'replacement_error'
           ) AS "awaits!""#,
        organization_id.uuid(),
        video_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// Whether the video exists, in the bin or not: its processing goes on there, so that it comes back whole.
///
/// # Errors
/// When the statement fails.
pub async fn video_exists(tx: &mut TenantTx, video_id: VideoId) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM videos WHERE organization_id = $1 AND id = $2) AS "exists!""#,
        organization_id.uuid(),
        video_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// The transcript of a video with its segments and speakers. The segments have no words of their own: these take far more than
/// all else, and what is made of a transcript needs its lines.
///
/// # Errors
/// When the statement fails.
pub async fn transcript_of(tx: &mut TenantTx, video_id: VideoId) -> Result<Option<Transcript>, sqlx::Error> {
    read_transcript(tx, video_id, false).await
}

/// [`transcript_of`] with the words of its segments.
pub(crate) async fn transcript_with_words(
    tx: &mut TenantTx,
    video_id: VideoId,
) -> Result<Option<Transcript>, sqlx::Error> {
    read_transcript(tx, video_id, true).await
}

async fn read_transcript(
    tx: &mut TenantTx,
    video_id: VideoId,
    with_words: bool,
) -> Result<Option<Transcript>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        r#"SELECT t.id AS "id: TranscriptId", t.language, t.engine, t.model, t.notice, t.created_at,
               (SELECT coalesce(json_agg(json_build_object('id', s.id, 'label', s.label, 'name', s.name, 'hue', s.hue,
                    'turns', s.turns)), '[]')
                FROM speakers s WHERE s.organization_id = $1 AND s.video_id = t.video_id) AS "speakers!: Json<Vec<StoredSpeaker>>",
               (SELECT coalesce(json_agg(json_build_object('id', g.id, 'index', g.segment_index, 'start_ms', g.start_ms,
                    'end_ms', g.end_ms, 'speaker_id', g.speaker_id, 'speaker_uncertain', g.speaker_uncertain, 'text', g.text,
                    'confidence', g.confidence, 'words', CASE WHEN $3::bool THEN g.words ELSE '[]' END,
                    'cue_identifier', g.cue_identifier, 'cue_settings', g.cue_settings) ORDER BY g.segment_index), '[]')
                FROM transcript_segments g WHERE g.organization_id = $1 AND g.transcript_id = t.id) AS "segments!: Json<Vec<Segment>>"
           FROM transcripts t WHERE t.organization_id = $1 AND t.video_id = $2"#,
        organization_id.uuid(),
        video_id.uuid(),
        with_words,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| {
        let segments = row.segments.0;
        let turns = turns_of(&row.speakers.0, &segments);
        let mut speakers: Vec<Speaker> = row.speakers.0.into_iter().map(|stored| stored.speaker).collect();
        let mut firsts: HashMap<SpeakerId, usize> = HashMap::new();
        for (index, segment) in segments.iter().enumerate() {
            if let Some(id) = segment.speaker_id {
                firsts.entry(id).or_insert(index);
            }
        }
        speakers.sort_by_cached_key(|speaker| {
            (firsts.get(&speaker.id).copied().unwrap_or(usize::MAX), speaker.label.clone())
        });
        Transcript {
            id: row.id,
            video_id,
            language: row.language,
            engine: row.engine,
            model: row.model,
            notice: row.notice,
            created_at: row.created_at,
            speakers,
            segments,
            turns,
        }
    }))
}

/// Who speaks when. Where nobody listened for that, as in captions, the segments say it.
fn turns_of(speakers: &[StoredSpeaker], segments: &[Segment]) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    // There may be as many as lines.
    let mut unknown: HashSet<SpeakerId> = HashSet::new();
    let turn = |speaker_id, start_ms, end_ms| Turn { speaker_id, start_ms, end_ms };
    for StoredSpeaker { speaker, turns: known } in speakers {
        match known {
            Some(known) => {
                turns.extend(known.iter().map(|known| turn(speaker.id, known.start_ms, known.end_ms)));
            }
            None => {
                unknown.insert(speaker.id);
            }
        }
    }
    for segment in segments {
        if let Some(id) = segment.speaker_id.filter(|id| unknown.contains(id)) {
            turns.push(turn(id, segment.start_ms, segment.end_ms));
        }
    }
    turns.sort_by_key(|turn| (turn.start_ms, turn.end_ms, turn.speaker_id.uuid()));
    turns
}

/// The language of the captions of the video that has this recording, if it has captions; `und` where it is not known.
pub(crate) async fn caption_language(
    tx: &mut TenantTx,
    asset_id: AssetId,
) -> Result<Option<String>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_scalar!(
        r#"SELECT COALESCE(t.language, 'und') AS "language!"
           FROM videos v JOIN transcripts t ON t.organization_id = $1 AND t.video_id = v.id
           WHERE v.organization_id = $1 AND v.asset_id = $2 AND v.deleted_at IS NULL
               AND EXISTS (SELECT FROM transcript_segments g WHERE g.organization_id = $1 AND g.transcript_id = t.id)"#,
        organization_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The video that has this recording, outside the bin.
pub(crate) async fn video_of_asset(
    tx: &mut TenantTx,
    asset_id: AssetId,
) -> Result<Option<VideoId>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_scalar!(
        r#"SELECT id AS "id: VideoId" FROM videos WHERE organization_id = $1 AND asset_id = $2 AND deleted_at IS NULL"#,
        organization_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Whether a person provided the transcript as captions.
pub(crate) async fn has_captions(tx: &mut TenantTx, video_id: VideoId) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let found = sqlx::query_scalar!(
        r#"SELECT 1 AS "one!" FROM transcripts WHERE organization_id = $1 AND video_id = $2 AND engine = $3"#,
        organization_id.uuid(),
        video_id.uuid(),
        CAPTIONS_ENGINE,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.is_some())
}

/// Writes the transcript of a video in place of the one before. Speakers keep their id and name by label.
///
/// Returns false, having written nothing, where recognition would replace captions that a person provided.
pub(crate) async fn replace_transcript(
    tx: &mut TenantTx,
    video_id: VideoId,
    new: &NewTranscript,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    // The upsert locks the row, so that two writers of one transcript take turns.
    let transcript_id = sqlx::query_scalar!(
        r#"INSERT INTO transcripts AS kept
               (organization_id, id, video_id, language, engine, model, notice, has_speakers, speaker_count, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8 > 0, $8, $9)
           ON CONFLICT (organization_id, video_id) DO UPDATE SET language = excluded.language, engine = excluded.engine,
               model = excluded.model, notice = excluded.notice, has_speakers = excluded.has_speakers,
               speaker_count = excluded.speaker_count, created_at = excluded.created_at
           WHERE kept.engine <> $10 OR excluded.engine = $10
           RETURNING id AS "id: TranscriptId""#,
        organization_id.uuid(),
        TranscriptId::new(now).uuid(),
        video_id.uuid(),
        new.language,
        new.engine,
        new.model,
        new.notice,
        i32::try_from(new.speakers.len()).unwrap_or(i32::MAX),
        now,
        CAPTIONS_ENGINE,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(transcript_id) = transcript_id else { return Ok(false) };
    sqlx::query!(
        "DELETE FROM transcript_segments WHERE organization_id = $1 AND transcript_id = $2",
        organization_id.uuid(),
        transcript_id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    let speaker_ids = replace_speakers(tx, video_id, &new.speakers, now).await?;
    insert_segments(tx, video_id, transcript_id, new, &speaker_ids, now).await?;
    Ok(true)
}

/// The ids of these speakers, in their order; others of the video are removed.
async fn replace_speakers(
    tx: &mut TenantTx,
    video_id: VideoId,
    speakers: &[NewSpeaker],
    now: Timestamp,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let labels: Vec<String> = speakers.iter().map(|speaker| speaker.label.clone()).collect();
    let turns: Vec<Option<serde_json::Value>> =
        speakers.iter().map(|speaker| serde_json::to_value(speaker.turns.as_ref()?).ok()).collect();
    sqlx::query!(
        "DELETE FROM speakers WHERE organization_id = $1 AND video_id = $2 AND label <> ALL($3)",
        organization_id.uuid(),
        video_id.uuid(),
        &labels,
    )
    .execute(&mut **tx)
    .await?;
    let ids: Vec<Uuid> = labels.iter().map(|_| SpeakerId::new(now).uuid()).collect();
    let hues: Vec<i16> = (0..8).cycle().take(labels.len()).collect();
    let rows = sqlx::query!(
        "INSERT INTO speakers (organization_id, id, video_id, label, hue, turns)
         SELECT $1, new.id, $2, new.label, new.hue, new.turns
         FROM UNNEST($3::uuid[], $4::text[], $5::smallint[], $6::jsonb[]) AS new(id, label, hue, turns)
         ON CONFLICT (organization_id, video_id, label) DO UPDATE SET hue = excluded.hue, turns = excluded.turns
         RETURNING id, label",
        organization_id.uuid(),
        video_id.uuid(),
        &ids,
        &labels,
        &hues,
        &turns as &[Option<serde_json::Value>],
    )
    .fetch_all(&mut **tx)
    .await?;
    let id_of: HashMap<&str, Uuid> = rows.iter().map(|row| (row.label.as_str(), row.id)).collect();
    labels.iter().map(|label| id_of.get(label.as_str()).copied().ok_or(sqlx::Error::RowNotFound)).collect()
}

async fn insert_segments(
    tx: &mut TenantTx,
    video_id: VideoId,
    transcript_id: TranscriptId,
    new: &NewTranscript,
    speaker_ids: &[Uuid],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    let segments = &new.segments;
    let ids: Vec<Uuid> = segments.iter().map(|_| SegmentId::new(now).uuid()).collect();
    let starts: Vec<i64> = segments.iter().map(|segment| segment.start_ms).collect();
    let ends: Vec<i64> = segments.iter().map(|segment| segment.end_ms).collect();
    let speakers: Vec<Option<Uuid>> = segments
        .iter()
        .map(|segment| segment.speaker.and_then(|index| speaker_ids.get(index).copied()))
        .collect();
    let uncertain: Vec<bool> = segments.iter().map(|segment| segment.speaker_uncertain).collect();
    let texts: Vec<&str> = segments.iter().map(|segment| segment.text.as_str()).collect();
    let confidences: Vec<Option<f32>> = segments.iter().map(|segment| segment.confidence).collect();
    // Written as they are: as values each word would take many times as much.
    let words: Vec<Json<&[Word]>> = segments.iter().map(|segment| Json(segment.words.as_slice())).collect();
    let identifiers: Vec<Option<&str>> =
        segments.iter().map(|segment| segment.cue_identifier.as_deref()).collect();
    let settings: Vec<Option<&str>> =
        segments.iter().map(|segment| segment.cue_settings.as_deref()).collect();
    sqlx::query!(
        "INSERT INTO transcript_segments (organization_id, id, transcript_id, video_id, segment_index, start_ms, end_ms,
             speaker_id, speaker_uncertain, text, confidence, words, cue_identifier, cue_settings)
         SELECT $1, new.id, $2, $3, new.position - 1, new.start_ms, new.end_ms, new.speaker_id, new.uncertain, new.text,
             new.confidence, new.words, new.identifier, new.settings
         FROM UNNEST($4::uuid[], $5::bigint[], $6::bigint[], $7::uuid[], $8::bool[], $9::text[], $10::real[], $11::jsonb[],
                 $12::text[], $13::text[])
             WITH ORDINALITY AS new(id, start_ms, end_ms, speaker_id, uncertain, text, confidence, words, identifier,
                 settings, position)",
        organization_id.uuid(),
        transcript_id.uuid(),
        video_id.uuid(),
        &ids,
        &starts,
        &ends,
        &speakers as &[Option<Uuid>],
        &uncertain,
        &texts as &[&str],
        &confidences as &[Option<f32>],
        &words as &[Json<&[Word]>],
        &identifiers as &[Option<&str>],
        &settings as &[Option<&str>],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Names a speaker of a video, or takes the name away.
pub(crate) async fn rename_speaker(
    tx: &mut TenantTx,
    video_id: VideoId,
    speaker_id: SpeakerId,
    name: Option<&str>,
) -> Result<Option<Speaker>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_as!(
        Speaker,
        r#"UPDATE speakers SET name = $4 WHERE organization_id = $1 AND video_id = $2 AND id = $3
           RETURNING id AS "id: _", label, name, hue"#,
        organization_id.uuid(),
        video_id.uuid(),
        speaker_id.uuid(),
        name,
    )
    .fetch_optional(&mut **tx)
    .await
}
