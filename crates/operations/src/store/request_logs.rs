//! Writing the log of requests, and keeping its days.

use memoreel_db::{SystemConnection, SystemTx};
use memoreel_kernel::{OrganizationId, Timestamp, UserId};
use uuid::Uuid;

/// A request as it is kept.
#[derive(Debug)]
pub(crate) struct RequestLogRow {
    pub(crate) organization_id: Option<OrganizationId>,
    pub(crate) user_id: Option<UserId>,
    pub(crate) created_at: Timestamp,
    pub(crate) request_id: Option<String>,
    pub(crate) method: String,
    pub(crate) route: String,
    pub(crate) path: String,
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
    let request_ids: Vec<Option<String>> = rows.iter().map(|row| row.request_id.clone()).collect();
    let methods: Vec<String> = rows.iter().map(|row| row.method.clone()).collect();
    let routes: Vec<String> = rows.iter().map(|row| row.route.clone()).collect();
    let paths: Vec<String> = rows.iter().map(|row| row.path.clone()).collect();
    let status_codes: Vec<i32> = rows.iter().map(|row| row.status_code).collect();
    let durations: Vec<f32> = rows.iter().map(|row| row.duration_ms).collect();
    let bytes_in: Vec<i64> = rows.iter().map(|row| row.bytes_in).collect();
    let bytes_out: Vec<i64> = rows.iter().map(|row| row.bytes_out).collect();
    let addresses: Vec<Option<String>> = rows.iter().map(|row| row.address.clone()).collect();
    let user_agents: Vec<Option<String>> = rows.iter().map(|row| row.user_agent.clone()).collect();
    sqlx::query!(
        r#"WITH relaxed AS MATERIALIZED (
               SELECT set_config('synchronous_commit', 'off', true) AS setting
           ), organizations_there AS MATERIALIZED (
               SELECT id FROM organizations WHERE id = ANY($1::uuid[]) FOR KEY SHARE
           ), people_there AS MATERIALIZED (
               SELECT id FROM users WHERE id = ANY($2::uuid[]) FOR KEY SHARE
           )
           INSERT INTO request_logs (organization_id, user_id, created_at, request_id, method, route, path, status_code, duration_ms,
               bytes_in, bytes_out, address, user_agent)
           SELECT given.organization_id, person.id, given.created_at, given.request_id, given.method, given.route, given.path,
               given.status_code, given.duration_ms, given.bytes_in, given.bytes_out, given.address::inet, given.user_agent
           FROM relaxed CROSS JOIN UNNEST($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[],
                   $8::int[], $9::real[], $10::bigint[], $11::bigint[], $12::text[], $13::text[])
               AS given(organization_id, user_id, created_at, request_id, method, route, path, status_code, duration_ms, bytes_in,
                   bytes_out, address, user_agent)
               LEFT JOIN organizations_there organization ON organization.id = given.organization_id
               LEFT JOIN people_there person ON person.id = given.user_id
           WHERE given.organization_id IS NULL OR organization.id IS NOT NULL"#,
        &organization_ids as &[Option<Uuid>],
        &user_ids as &[Option<Uuid>],
        &times,
        &request_ids as &[Option<String>],
        &methods,
        &routes,
        &paths,
        &status_codes,
        &durations,
        &bytes_in,
        &bytes_out,
        &addresses as &[Option<String>],
        &user_agents as &[Option<String>],
    )
    .execute(&mut **connection)
    .await?;
    Ok(())
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
