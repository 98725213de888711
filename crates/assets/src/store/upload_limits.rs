//! SQL of how large the files are that an organization takes.

use crate::upload_limits::UploadLimits;
use memoreel_db::TenantTx;
use memoreel_kernel::Timestamp;

/// What the organization says, or the default.
pub(crate) async fn find_upload_limits(tx: &mut TenantTx) -> Result<UploadLimits, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        "SELECT video_bytes_max, audio_bytes_max, image_bytes_max, document_bytes_max FROM upload_limits WHERE organization_id = $1",
        organization_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map_or(UploadLimits::DEFAULTS, |row| {
        UploadLimits::said([
            row.video_bytes_max,
            row.audio_bytes_max,
            row.image_bytes_max,
            row.document_bytes_max,
        ])
    }))
}

pub(crate) async fn put_upload_limits(
    tx: &mut TenantTx,
    limits: &UploadLimits,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "INSERT INTO upload_limits (organization_id, video_bytes_max, audio_bytes_max, image_bytes_max, document_bytes_max, created_at,
             updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)
         ON CONFLICT (organization_id) DO UPDATE SET video_bytes_max = excluded.video_bytes_max,
             audio_bytes_max = excluded.audio_bytes_max, image_bytes_max = excluded.image_bytes_max,
             document_bytes_max = excluded.document_bytes_max",
        organization_id.uuid(),
        limits.video_bytes_max.cast_signed(),
        limits.audio_bytes_max.cast_signed(),
        limits.image_bytes_max.cast_signed(),
        limits.document_bytes_max.cast_signed(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
