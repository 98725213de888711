//! The SQL of the delivery bench: an asset in an organization of its own.

use anyhow::Result;
use memoreel_kernel::{AssetId, OrganizationId};
use sqlx::{Connection, PgConnection};

/// Makes both, so that the file is one of something that is not in the bin.
pub async fn insert_asset(
    database: &str,
    organization_id: OrganizationId,
    asset_id: AssetId,
    size_bytes: u64,
) -> Result<()> {
    let mut connection = PgConnection::connect(database).await?;
    sqlx::query(
        "WITH own AS (INSERT INTO organizations (id, name, slug) VALUES ($1, 'Bench', 'bench') RETURNING id)
         INSERT INTO assets (organization_id, id, filename, original_filename, byte_size)
         SELECT id, $2, 'a.mp4', 'a.mp4', $3 FROM own",
    )
    .bind(organization_id.uuid())
    .bind(asset_id.uuid())
    .bind(size_bytes.cast_signed())
    .execute(&mut connection)
    .await?;
    connection.close().await?;
    Ok(())
}
