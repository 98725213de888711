//! The SQL of the HTTP bench: filling the product's tables.

use super::population::{ORGANIZATIONS, PASSAGE_MS, PEOPLE, Population, SPEAKERS};
use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memoreel_ai::EmbedModel;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

/// Videos written in one go.
const BATCH: usize = 200;
/// The steps of every video.
const STEPS: [&str; 10] = [
    "store",
    "probe",
    "package",
    "encode",
    "picture",
    "waveform",
    "audio",
    "transcribe",
    "index",
    "summarise",
];

fn id(kind: u128, number: usize) -> Uuid {
    Uuid::from_u128((kind << 100) + number as u128)
}

fn organization_id(number: usize) -> Uuid {
    id(1, number)
}

fn person_id(number: usize) -> Uuid {
    id(2, number)
}

/// The id of the video of this number.
pub fn video_id(number: usize) -> Uuid {
    id(3, number)
}

fn asset_id(number: usize) -> Uuid {
    id(4, number)
}

/// What the cookie of the person of this number holds.
pub fn session_token(person: usize) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(person.to_be_bytes()))
}

/// Writes everything, as an administrator, and gathers statistics.
pub async fn fill(connection: &mut PgConnection, model: EmbedModel, population: &Population) -> Result<()> {
    // Nothing is told to the audit log.
    run(connection, "SET app.role = 'service'").await?;
    insert_people(connection).await?;
    let model_id: Uuid = sqlx::query_scalar("SELECT register_embedding_model($1, $2)")
        .bind(&model.name)
        .bind(i32::try_from(model.dimensions)?)
        .fetch_one(&mut *connection)
        .await?;
    for (batch, videos) in population.videos.chunks(BATCH).enumerate() {
        let numbers: Vec<usize> = (batch * BATCH..batch * BATCH + videos.len()).collect();
        insert_videos(connection, population, &numbers).await?;
        insert_passages(connection, population, &numbers).await?;
    }
    insert_vectors(connection, model_id, model.dimensions).await?;
    // The other server looks words up without regard to whose they are.
    run(connection, "CREATE INDEX peer_words ON chunks USING gin (search_vector)").await?;
    run(connection, "VACUUM ANALYZE").await
}

async fn run(connection: &mut PgConnection, statements: &str) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(connection).await?;
    Ok(())
}

/// Organizations with their people, who are signed in and used the product just now.
async fn insert_people(connection: &mut PgConnection) -> Result<()> {
    for number in 0..ORGANIZATIONS {
        let people: Vec<usize> =
            (0..PEOPLE).map(|person| Population::first_person(number) + person).collect();
        let ids: Vec<Uuid> = people.iter().map(|person| person_id(*person)).collect();
        let hashes: Vec<Vec<u8>> =
            people.iter().map(|person| Sha256::digest(session_token(*person)).to_vec()).collect();
        sqlx::query(
            "WITH own AS (INSERT INTO organizations (id, name, slug) VALUES ($1, 'Organization ' || $2, 'o' || $2)),
                 people AS (SELECT * FROM UNNEST($3::uuid[], $4::bytea[]) AS new(id, token_hash)),
                 added AS (INSERT INTO users (id, email, name) SELECT id, id || '@example.com', 'Person ' || id FROM people),
                 members AS (INSERT INTO memberships (organization_id, user_id, role) SELECT $1, id, 'member' FROM people)
             INSERT INTO sessions (user_id, token_hash, expires_at) SELECT id, token_hash, now() + interval '30 days' FROM people",
        )
        .bind(organization_id(number))
        .bind(number.to_string())
        .bind(ids)
        .bind(hashes)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Processed videos with their recordings, steps and speakers.
async fn insert_videos(
    connection: &mut PgConnection,
    population: &Population,
    numbers: &[usize],
) -> Result<()> {
    let of = |part: fn(usize) -> Uuid| -> Vec<Uuid> { numbers.iter().map(|number| part(*number)).collect() };
    let organization_ids = of(|number| organization_id(number % ORGANIZATIONS));
    let author_ids = of(|number| {
        person_id(Population::first_person(number % ORGANIZATIONS) + number / ORGANIZATIONS % PEOPLE)
    });
    let titles: Vec<&str> = numbers.iter().map(|number| population.videos[*number].title.as_str()).collect();
    let descriptions: Vec<&str> =
        numbers.iter().map(|number| population.videos[*number].description.as_str()).collect();
    let minutes: Vec<i32> = numbers.iter().map(|number| i32::try_from(*number)).collect::<Result<_, _>>()?;
    sqlx::query(
        "WITH new AS MATERIALIZED (
             SELECT *, timestamptz '2026-01-01' + minute * interval '1 minute' AS added
             FROM UNNEST($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::int[])
                 AS new(organization_id, id, asset_id, author_id, title, description, minute)
         ), recordings AS (
             INSERT INTO assets (organization_id, id, kind, filename, original_filename, content_type, byte_size, sha256, blob_key,
                 status, width, height, duration_seconds, created_at)
             SELECT organization_id, asset_id, 'video', 'original.mp4', title || '.mp4', 'video/mp4', 50000000, sha256(''),
                 'organizations/' || organization_id || '/assets/' || asset_id || '/original', 'ready', 1280, 720, $8, added
             FROM new
         ), made AS (
             INSERT INTO renditions (organization_id, asset_id, kind, name, blob_key, content_type, byte_size)
             SELECT organization_id, asset_id, kind, kind, 'organizations/' || organization_id || '/assets/' || asset_id || '/' || kind,
                 'application/octet-stream', 1000
             FROM new, UNNEST(ARRAY['file', 'hls_master', 'poster', 'thumbnail', 'storyboard', 'waveform']) AS kind
         ), steps AS (
             INSERT INTO tasks (organization_id, kind, subject_id, status, progress, attempts, created_at, started_at, finished_at)
             SELECT organization_id, kind, id, 'completed', 1, 1, added, added, added FROM new, UNNEST($9::text[]) AS kind
         ), films AS (
             INSERT INTO videos (organization_id, id, asset_id, author_id, title, description, status, playable_at, completed_at,
                 created_at, updated_at)
             SELECT organization_id, id, asset_id, author_id, title, description, 'completed', added, added, added, added FROM new
         ), texts AS (
             INSERT INTO transcripts (organization_id, id, video_id, language, engine, has_speakers, speaker_count)
             SELECT organization_id, id, id, 'en', 'bench', true, cardinality($10::text[]) FROM new
         )
         INSERT INTO speakers (organization_id, video_id, label, hue)
         SELECT organization_id, id, label, place - 1 FROM new, UNNEST($10::text[]) WITH ORDINALITY AS voice(label, place)",
    )
    .bind(organization_ids)
    .bind(of(video_id))
    .bind(of(asset_id))
    .bind(author_ids)
    .bind(titles)
    .bind(descriptions)
    .bind(minutes)
    .bind(f64::from(u32::try_from(population.videos[0].passages.len() * PASSAGE_MS)?) / 1_000.0)
    .bind(STEPS.as_slice())
    .bind(SPEAKERS.as_slice())
    .execute(connection)
    .await?;
    Ok(())
}

/// What is said in the videos: a segment of the transcript and a passage of the index for each.
async fn insert_passages(
    connection: &mut PgConnection,
    population: &Population,
    numbers: &[usize],
) -> Result<()> {
    let (mut organization_ids, mut video_ids, mut places) = (Vec::new(), Vec::new(), Vec::<i32>::new());
    let (mut texts, mut spans) = (Vec::<&str>::new(), Vec::<Json<&Value>>::new());
    for number in numbers {
        for (place, passage) in population.videos[*number].passages.iter().enumerate() {
            organization_ids.push(organization_id(number % ORGANIZATIONS));
            video_ids.push(video_id(*number));
            places.push(i32::try_from(place)?);
            texts.push(&passage.text);
            spans.push(Json(&passage.spans));
        }
    }
    sqlx::query(
        "WITH new AS MATERIALIZED (
             SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::jsonb[])
                 AS new(organization_id, video_id, place, text, spans)
         ), segments AS (
             INSERT INTO transcript_segments (organization_id, transcript_id, video_id, segment_index, start_ms, end_ms, text)
             SELECT organization_id, video_id, video_id, place, place * $6, (place + 1) * $6, text FROM new
         )
         INSERT INTO chunks (organization_id, entity_type, entity_id, video_id, chunk_index, text, language, token_count,
             start_seconds, end_seconds, speakers, spans, visibility, context)
         SELECT new.organization_id, 'transcript', video_id, video_id, place, text, 'en',
             cardinality(string_to_array(text, ' ')), place * $6 / 1000.0, (place + 1) * $6 / 1000.0, $7, spans, visibility, title
         FROM new JOIN videos v ON v.organization_id = new.organization_id AND v.id = new.video_id",
    )
    .bind(organization_ids)
    .bind(video_ids)
    .bind(places)
    .bind(texts)
    .bind(spans)
    .bind(i32::try_from(PASSAGE_MS)?)
    .bind(SPEAKERS.as_slice())
    .execute(connection)
    .await?;
    Ok(())
}

/// A random vector for each passage: how long it takes to compare them depends on no direction.
async fn insert_vectors(connection: &mut PgConnection, model_id: Uuid, dimensions: usize) -> Result<()> {
    sqlx::query(
        "INSERT INTO chunk_embeddings (organization_id, chunk_id, model_id, embedding)
         SELECT organization_id, id, $1, l2_normalize((SELECT array_agg(random() - 0.5) FROM generate_series(1, $2)
             WHERE id IS NOT NULL)::real[]::vector)
         FROM chunks",
    )
    .bind(model_id)
    .bind(i32::try_from(dimensions)?)
    .execute(connection)
    .await?;
    Ok(())
}
