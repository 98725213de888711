//! The SQL of the tasks bench: what it works for, and the cleaning up before it.

use anyhow::Result;
use memoreel_db::{DatabaseAccess, Role};
use memoreel_kernel::{OrganizationId, Timestamp};
use sqlx::{Connection, PgConnection};

/// An organization of its own.
pub async fn insert_organization(access: &DatabaseAccess, now: Timestamp) -> Result<OrganizationId> {
    let id = OrganizationId::new(now);
    let mut connection = PgConnection::connect_with(&access.options(Role::Owner)).await?;
    sqlx::query(
        "INSERT INTO organizations (id, name, slug) VALUES ($1, 'Bench', 'b' || replace($1::text, '-', ''))",
    )
    .bind(id.uuid())
    .execute(&mut connection)
    .await?;
    connection.close().await?;
    Ok(id)
}

/// Removes dead rows and what earlier measurements enqueued.
pub async fn vacuum(access: &DatabaseAccess) -> Result<()> {
    let mut connection = PgConnection::connect_with(&access.options(Role::Owner)).await?;
    sqlx::raw_sql("DELETE FROM tasks").execute(&mut connection).await?;
    sqlx::raw_sql("VACUUM ANALYZE tasks").execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}
