//! Writing the log of requests, and keeping its days.

use memoreel_db::{SystemConnection, SystemTx};
use memoreel_kernel::{OrganizationId, Timestamp, UserId};
use std::{collections::BTreeSet, sync::Arc};
use uuid::Uuid;

/// A request as it is kept.
#[derive(Debug)]
pub(crate) struct RequestLogRow {
    pub(crate) organization_id: Option<OrganizationId>,
    pub(crate) user_id: Option<UserId>,
    pub(crate) created_at: Timestamp,
    pub(crate) request_id: Option<String>,
    pub(crate) method: &'static str,
    pub(crate) route: Arc<str>,
    /// Without one, its route is written in its place.
    pub(crate) path: Option<String>,
    pub(crate) status_code: i32,
    pub(crate) duration_ms: f32,
    pub(crate) bytes_in: i64,
    pub(crate) bytes_out: i64,
    /// A network in the form `203.0.113.0/24`.
    pub(crate) address: Option<String>,
    pub(crate) user_agent: Option<String>,
}

/// Writes rows in one statement, which does not wait for the disk: a log that lacks its last second after a crash is whole enough. What is
/// an erased organization's is left out, and of people who are gone nothing is named; nobody goes while they are written.
pub(crate) async fn insert_request_logs(
    connection: &mut SystemConnection,
    rows: &[RequestLogRow],
) -> Result<(), sqlx::Error> {
    let organization_ids: Vec<Option<Uuid>> =
        rows.iter().map(|row| row.organization_id.map(|id| id.uuid())).collect();
    let user_ids: Vec<Option<Uuid>> = rows.iter().map(|row| row.user_id.map(|id| id.uuid())).collect();
    let times: Vec<Timestamp> = rows.iter().map(|row| row.created_at).collect();
    let request_ids: Vec<Option<&str>> = rows.iter().map(|row| row.request_id.as_deref()).collect();
    let methods: Vec<&str> = rows.iter().map(|row| row.method).collect();
    let routes: Vec<&str> = rows.iter().map(|row| &*row.route).collect();
    let paths: Vec<&str> = rows.iter().map(|row| row.path.as_deref().unwrap_or(&row.route)).collect();
    let status_codes: Vec<i32> = rows.iter().map(|row| row.status_code).collect();
    let durations: Vec<f32> = rows.iter().map(|row| row.duration_ms).collect();
    let bytes_in: Vec<i64> = rows.iter().map(|row| row.bytes_in).collect();
    let bytes_out: Vec<i64> = rows.iter().map(|row| row.bytes_out).collect();
    let addresses: Vec<Option<&str>> = rows.iter().map(|row| row.address.as_deref()).collect();
    let user_agents: Vec<Option<&str>> = rows.iter().map(|row| row.user_agent.as_deref()).collect();
    // The database takes as long for an id of its own as for half of the row.
    let ids: Vec<Uuid> = rows.iter().map(|_| Uuid::now_v7()).collect();
    let organizations = distinct(&organization_ids);
    let people = distinct(&user_ids);
    sqlx::query!(
        r#"WITH relaxed AS MATERIALIZED (
               SELECT set_config('synchronous_commit', 'off', true) AS setting
           ), organizations_there AS MATERIALIZED (
               SELECT id FROM organizations WHERE id = ANY($15) FOR KEY SHARE
           ), people_there AS MATERIALIZED (
               SELECT id FROM users WHERE id = ANY($16) FOR KEY SHARE
           )
           INSERT INTO request_logs (organization_id, user_id, created_at, request_id, method, route, path, status_code, duration_ms,
               bytes_in, bytes_out, address, user_agent, id)
           SELECT given.organization_id, person.id, given.created_at, given.request_id, given.method, given.route, given.path,
               given.status_code, given.duration_ms, given.bytes_in, given.bytes_out, given.address::inet, given.user_agent, given.id
           FROM relaxed CROSS JOIN UNNEST($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[],
                   $8::int[], $9::real[], $10::bigint[], $11::bigint[], $12::text[], $13::text[], $14::uuid[])
               AS given(organization_id, user_id, created_at, request_id, method, route, path, status_code, duration_ms, bytes_in,
                   bytes_out, address, user_agent, id)
               LEFT JOIN organizations_there organization ON organization.id = given.organization_id
               LEFT JOIN people_there person ON person.id = given.user_id
           WHERE given.organization_id IS NULL OR organization.id IS NOT NULL"#,
        &organization_ids as &[Option<Uuid>],
        &user_ids as &[Option<Uuid>],
        &times,
        &request_ids as &[Option<&str>],
        &methods as &[&str],
        &routes as &[&str],
        &paths as &[&str],
        &status_codes,
        &durations,
        &bytes_in,
        &bytes_out,
        &addresses as &[Option<&str>],
        &user_agents as &[Option<&str>],
        &ids,
        &organizations,
        &people,
    )
    .execute(&mut **connection)
    .await?;
    Ok(())
}

fn distinct(ids: &[Option<Uuid>]) -> Vec<Uuid> {
    ids.iter().flatten().copied().collect::<BTreeSet<_>>().into_iter().collect()
}

/// Makes the days from `now` on, and drops those that are over; returns how many.
pub(crate) async fn keep_request_logs(
    tx: &mut SystemTx,
    now: Timestamp,
    days_ahead: i32,
    days_kept: i32,
) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT keep_request_logs($1, $2, $3) AS "dropped!""#, now, days_ahead, days_kept,)
        .fetch_one(&mut **tx)
        .await
}
