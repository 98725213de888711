//! All SQL of this crate. Everything is done by the system role, for `SystemReason::PlaceFiles`.

use crate::{
    StoresError,
    model::{KnownPlacement, MoveState},
};
use memoreel_blob::{BlobKey, Change, Place};
use memoreel_db::{Db, DbError, SystemReason, SystemTx};
use memoreel_kernel::{OrganizationId, Timestamp};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

pub(crate) async fn begin(db: &Db) -> Result<SystemTx, DbError> {
    db.system(SystemReason::PlaceFiles).await
}

fn invalid(what: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("organization_stores holds {what}, which this version does not know").into())
}

fn prefix(text: Option<String>) -> Result<Option<BlobKey>, sqlx::Error> {
    text.map(|text| BlobKey::parse(&text).map_err(|_| invalid(&text))).transpose()
}

pub(crate) async fn placements(connection: &mut PgConnection) -> Result<Vec<KnownPlacement>, sqlx::Error> {
    select_placements(connection, None).await
}

pub(crate) async fn placement(
    connection: &mut PgConnection,
    id: OrganizationId,
) -> Result<Option<KnownPlacement>, sqlx::Error> {
    Ok(select_placements(connection, Some(id)).await?.pop())
}

/// Of all organizations, or of one.
async fn select_placements(
    connection: &mut PgConnection,
    only: Option<OrganizationId>,
) -> Result<Vec<KnownPlacement>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT s.id AS "id: OrganizationId", o.slug, s.store, o.storage_bucket, o.region, o.storage_prefix,
                  s.other_store, s.other_bucket, s.other_region, s.other_prefix, s.state, s.generation, s.began_at
           FROM organization_stores s JOIN organizations o ON o.id = s.id
           WHERE $1::uuid IS NULL OR s.id = $1 ORDER BY o.slug"#,
        only.map(|id| id.uuid()),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let other = match row.other_store {
                Some(store) => Some(Place {
                    store,
                    bucket: row.other_bucket,
                    region: row.other_region,
                    prefix: prefix(row.other_prefix)?,
                }),
                None => None,
            };
            Ok(KnownPlacement {
                organization_id: row.id,
                slug: row.slug,
                home: Place {
                    store: row.store,
                    bucket: row.storage_bucket,
                    region: row.region,
                    prefix: prefix(row.storage_prefix)?,
                },
                other,
                state: MoveState::parse(&row.state).ok_or_else(|| invalid(&row.state))?,
                generation: row.generation,
                began_at: row.began_at,
            })
        })
        .collect()
}

pub(crate) async fn organization_by_slug(
    connection: &mut PgConnection,
    slug: &str,
) -> Result<Option<OrganizationId>, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT id AS "id: OrganizationId" FROM organizations WHERE slug = $1"#, slug)
        .fetch_optional(connection)
        .await
}

/// Every organization, by its name in addresses.
pub(crate) async fn organizations(
    connection: &mut PgConnection,
) -> Result<Vec<(OrganizationId, String)>, sqlx::Error> {
    let rows = sqlx::query!(r#"SELECT id AS "id: OrganizationId", slug FROM organizations ORDER BY slug"#)
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.slug)).collect())
}

/// Whether another organization has exactly this bucket and prefix.
pub(crate) async fn is_taken(
    connection: &mut PgConnection,
    id: OrganizationId,
    place: &Place,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM organizations WHERE id <> $1 AND storage_bucket = $2 AND storage_prefix = $3) AS "taken!""#,
        id.uuid(),
        place.bucket,
        place.prefix.as_ref().map(BlobKey::as_str),
    )
    .fetch_one(connection)
    .await
}

/// Begins to move an organization that is settled; the number of the change.
pub(crate) async fn begin_copying(
    connection: &mut PgConnection,
    id: OrganizationId,
    home: &Place,
    target: &Place,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "INSERT INTO organization_stores AS s (id, store, other_store, other_bucket, other_region, other_prefix, state, generation)
         VALUES ($1, $2, $3, $4, $5, $6, 'copying', next_store_generation())
         ON CONFLICT (id) DO UPDATE SET other_store = excluded.other_store, other_bucket = excluded.other_bucket,
             other_region = excluded.other_region, other_prefix = excluded.other_prefix, state = 'copying',
             generation = excluded.generation, began_at = now(), changed_at = now()
             WHERE s.state = 'settled'
         RETURNING generation",
        id.uuid(),
        home.store,
        target.store,
        target.bucket,
        target.region,
        target.prefix.as_ref().map(BlobKey::as_str),
    )
    .fetch_optional(connection)
    .await
}

/// Goes on to a state, if the last change is still the one that is known.
pub(crate) async fn advance(
    connection: &mut PgConnection,
    id: OrganizationId,
    generation: i64,
    to: MoveState,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "UPDATE organization_stores SET state = $3, generation = next_store_generation(), changed_at = now()
         WHERE id = $1 AND generation = $2 RETURNING generation",
        id.uuid(),
        generation,
        to.as_str(),
    )
    .fetch_optional(connection)
    .await
}

/// Makes the other store the organization's own, unless writing was held for too long to be sure of.
pub(crate) async fn switch(
    tx: &mut SystemTx,
    id: OrganizationId,
    generation: i64,
    held_seconds_max: f64,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"WITH was AS MATERIALIZED (
             SELECT s.id, s.store, s.other_store, s.other_bucket, s.other_region, s.other_prefix, o.storage_bucket, o.region, o.storage_prefix
             FROM organization_stores s JOIN organizations o ON o.id = s.id
             WHERE s.id = $1 AND s.generation = $2 AND s.state = 'held'
                 AND s.changed_at > clock_timestamp() - make_interval(secs => $3)
             FOR UPDATE
         ), switched AS (
             UPDATE organization_stores s SET store = was.other_store, other_store = was.store, other_bucket = was.storage_bucket,
                 other_region = was.region, other_prefix = was.storage_prefix, state = 'switched',
                 generation = next_store_generation(), changed_at = now()
             FROM was WHERE s.id = was.id RETURNING s.id, s.generation
         )
         UPDATE organizations o SET storage_bucket = was.other_bucket, region = was.other_region, storage_prefix = was.other_prefix
         FROM was JOIN switched ON switched.id = was.id WHERE o.id = was.id RETURNING switched.generation AS "generation!""#,
        id.uuid(),
        generation,
        held_seconds_max,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Ends a move whose other store is empty.
pub(crate) async fn settle(
    connection: &mut PgConnection,
    id: OrganizationId,
    generation: i64,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE organization_stores SET state = 'settled', other_store = NULL, other_bucket = NULL, other_region = NULL,
             other_prefix = NULL, generation = next_store_generation(), changed_at = now()
         WHERE id = $1 AND generation = $2 AND state = 'clearing'",
        id.uuid(),
        generation,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Lets go on what a mover that was killed let wait: before the switch in the old store, after it in the new one, which everybody
/// knows by then who may still write.
pub(crate) async fn release_abandoned(
    connection: &mut PgConnection,
    held_seconds_max: f64,
) -> Result<u64, sqlx::Error> {
    let released = sqlx::query!(
        "UPDATE organization_stores SET state = CASE state WHEN 'held' THEN 'copying' ELSE 'clearing' END,
             generation = next_store_generation(), changed_at = now()
         WHERE state IN ('held', 'switched') AND changed_at < now() - make_interval(secs => $1)",
        held_seconds_max,
    )
    .execute(connection)
    .await?;
    Ok(released.rows_affected())
}

/// Says that a process is there, what it knows, and what it wrote and deleted.
pub(crate) async fn report(
    connection: &mut PgConnection,
    process: Uuid,
    generation: i64,
    changes: &[Change],
    lagging: &[OrganizationId],
    has_ended: bool,
) -> Result<(), sqlx::Error> {
    let lagging: Vec<Uuid> = lagging.iter().map(|id| id.uuid()).collect();
    let changes: Vec<Value> = changes
        .iter()
        .map(|change| {
            json!({ "id": Uuid::now_v7(), "organization_id": change.organization_id, "key": change.key,
                    "is_folder": change.is_folder })
        })
        .collect();
    sqlx::query!(
        "INSERT INTO store_processes AS p (id, generation, changes, lagging, ended_at)
         VALUES ($1, $2, $3, $4, CASE WHEN $5 THEN now() END)
         ON CONFLICT (id) DO UPDATE SET seen_at = now(), generation = excluded.generation,
             changes = p.changes || excluded.changes, lagging = excluded.lagging, ended_at = excluded.ended_at",
        process,
        generation,
        Value::from(changes),
        &lagging,
        has_ended,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets processes that are over for a day, unless something is moved: what they changed, or that they were killed, is part of that.
pub(crate) async fn forget_processes(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM store_processes WHERE coalesce(ended_at, seen_at) < now() - interval '1 day'
             AND NOT EXISTS (SELECT FROM organization_stores WHERE state <> 'settled')"
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether nobody else has the turn to move this organization: this transaction has it then, until it ends.
pub(crate) async fn try_take_turn(
    connection: &mut PgConnection,
    id: OrganizationId,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS "is_taken!""#,
        format!("move of {id}")
    )
    .fetch_one(connection)
    .await
}

/// Keeps the transaction that has the turn from being idle for too long.
pub(crate) async fn keep_turn(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT 1 AS here").fetch_one(connection).await?;
    Ok(())
}

/// A process, as one who moves sees it.
#[derive(Debug, Clone)]
pub(crate) struct SeenProcess {
    pub(crate) id: Uuid,
    pub(crate) generation: i64,
    pub(crate) seen_at: Timestamp,
    pub(crate) lagging: Vec<Uuid>,
    /// Not heard of for so long that it does not write any more.
    pub(crate) is_missed: bool,
    pub(crate) has_ended: bool,
}

pub(crate) async fn processes(
    connection: &mut PgConnection,
    missed_after_seconds: f64,
) -> Result<Vec<SeenProcess>, sqlx::Error> {
    sqlx::query_as!(
        SeenProcess,
        r#"SELECT id, generation, seen_at, lagging, seen_at < now() - make_interval(secs => $1) AS "is_missed!",
                  ended_at IS NOT NULL AS "has_ended!" FROM store_processes"#,
        missed_after_seconds,
    )
    .fetch_all(connection)
    .await
}

/// What was noted of an organization and is not dealt with, each under an id of its own.
pub(crate) async fn changes(
    connection: &mut PgConnection,
    id: OrganizationId,
) -> Result<Vec<(String, Change)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT c ->> 'id' AS "id!", c ->> 'key' AS "key!", (c ->> 'is_folder')::boolean AS "is_folder!"
           FROM store_processes p, jsonb_array_elements(p.changes) AS c WHERE c ->> 'organization_id' = $1"#,
        id.to_string(),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let key = BlobKey::parse(&row.key).map_err(|_| invalid(&row.key))?;
            Ok((row.id, Change { organization_id: id, key, is_folder: row.is_folder }))
        })
        .collect()
}

/// Forgets what was dealt with; without ids, everything of the organization.
pub(crate) async fn forget_changes(
    connection: &mut PgConnection,
    id: OrganizationId,
    dealt_with: Option<&[String]>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"UPDATE store_processes SET changes = coalesce((SELECT jsonb_agg(c) FROM jsonb_array_elements(changes) AS c
             WHERE c ->> 'organization_id' <> $1 OR ($2::text[] IS NOT NULL AND c ->> 'id' <> ALL($2::text[]))), '[]')
         WHERE changes @> jsonb_build_array(jsonb_build_object('organization_id', $1::text))"#,
        id.to_string(),
        dealt_with as Option<&[String]>,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The checksums of what was uploaded, as they were recorded.
pub(crate) async fn checksums(
    connection: &mut PgConnection,
    id: OrganizationId,
) -> Result<HashMap<String, Vec<u8>>, sqlx::Error> {
    let rows = sqlx::query!("SELECT blob_key, sha256 FROM blobs WHERE organization_id = $1", id.uuid())
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| (row.blob_key, row.sha256)).collect())
}

/// A row that names a file, or everything below a key.
#[derive(Debug, Clone)]
pub(crate) struct NamedFile {
    pub(crate) source: String,
    pub(crate) id: Uuid,
    pub(crate) blob_key: String,
    pub(crate) is_folder: bool,
    pub(crate) is_promised: bool,
}

pub(crate) async fn named_files(
    connection: &mut PgConnection,
    id: OrganizationId,
) -> Result<Vec<NamedFile>, sqlx::Error> {
    sqlx::query_as!(
        NamedFile,
        r#"SELECT source AS "source!", id AS "id!", blob_key AS "blob_key!", is_folder AS "is_folder!", is_promised AS "is_promised!"
           FROM named_files($1)"#,
        id.uuid(),
    )
    .fetch_all(connection)
    .await
}

/// Notes that these files are missing. Returns how many rows that changed.
pub(crate) async fn mark_missing(
    connection: &mut PgConnection,
    id: OrganizationId,
    keys: &[String],
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT mark_missing_files($1, $2) AS "changed!""#, id.uuid(), keys)
        .fetch_one(connection)
        .await
}

/// That nothing was found for the organization means that it is gone.
pub(crate) async fn exists(connection: &mut PgConnection, id: OrganizationId) -> Result<bool, StoresError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM organizations WHERE id = $1) AS "exists!""#,
        id.uuid()
    )
    .fetch_one(connection)
    .await?)
}
