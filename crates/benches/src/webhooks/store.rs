//! The SQL of the webhooks bench: whom it tells, about what, and how far that is.

use anyhow::Result;
use memoreel_db::{DatabaseAccess, Role};
use memoreel_kernel::{OrganizationId, VideoId};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

/// A video of the organization, to which things happen.
pub async fn insert_video(access: &DatabaseAccess, organization_id: OrganizationId) -> Result<VideoId> {
    let mut connection = PgConnection::connect_with(&access.options(Role::Owner)).await?;
    let id = sqlx::query_scalar(
        "INSERT INTO videos (organization_id, title, status) VALUES ($1, 'Weekly sync', 'completed') RETURNING id",
    )
    .bind(organization_id.uuid())
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    Ok(VideoId(id))
}

/// An endpoint that is told about changes, with its sealed secret.
pub async fn insert_endpoint(
    access: &DatabaseAccess,
    organization_id: OrganizationId,
    url: &str,
    secret_id: Uuid,
    sealed: &[u8],
) -> Result<()> {
    let mut connection = PgConnection::connect_with(&access.options(Role::Owner)).await?;
    sqlx::query(
        "WITH endpoint AS (
             INSERT INTO webhook_endpoints (organization_id, url, events) VALUES ($1, $2, '{video.changed}') RETURNING id
         )
         INSERT INTO webhook_secrets (organization_id, id, endpoint_id, secret) SELECT $1, $3, id, $4 FROM endpoint",
    )
    .bind(organization_id.uuid())
    .bind(url)
    .bind(secret_id)
    .bind(sealed)
    .execute(&mut connection)
    .await?;
    connection.close().await?;
    Ok(())
}

/// How many deliveries were taken, and how many there are.
pub async fn progress(connection: &mut PgConnection) -> Result<(i64, i64)> {
    let counts = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE status = 'delivered'), count(*) FROM webhook_deliveries",
    )
    .fetch_one(connection)
    .await?;
    Ok(counts)
}

/// Removes dead rows and what earlier measurements left.
pub async fn vacuum(access: &DatabaseAccess) -> Result<()> {
    let mut connection = PgConnection::connect_with(&access.options(Role::Owner)).await?;
    for statement in [
        "DELETE FROM webhook_deliveries",
        "DELETE FROM outbox",
        "VACUUM ANALYZE webhook_deliveries",
        "VACUUM ANALYZE outbox",
    ] {
        sqlx::raw_sql(statement).execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(())
}

/// A connection that sees everything.
pub async fn watcher(access: &DatabaseAccess) -> Result<PgConnection> {
    Ok(PgConnection::connect_with(&access.options(Role::Owner)).await?)
}
