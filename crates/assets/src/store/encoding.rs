//! SQL of what is to be encoded.

use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, Timestamp};
use memoreel_media::{EncodingPlan, LadderStep, PictureCodec, TargetLoudness};

/// What the organization says of the videos that come in, if it says something.
pub(crate) async fn find_encoding_plan(tx: &mut TenantTx) -> Result<Option<EncodingPlan>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        "SELECT codec, heights, bit_rates, loudness FROM encoding_settings WHERE organization_id = $1",
        organization_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    // They were written from a plan, and can be read as one unless its steps are not offered any more.
    Ok(row.and_then(|row| {
        let codec =
            if row.codec == codec_name(PictureCodec::Av1) { PictureCodec::Av1 } else { PictureCodec::H264 };
        let steps = row.heights.iter().zip(&row.bit_rates).map(|(height, bit_rate)| LadderStep {
            short_side: height.cast_unsigned(),
            bit_rate: bit_rate.cast_unsigned(),
        });
        let plan = EncodingPlan::new(codec, steps.collect()).ok()?;
        Some(plan.with_loudness(row.loudness.and_then(TargetLoudness::new)))
    }))
}

pub(crate) async fn put_encoding_plan(
    tx: &mut TenantTx,
    plan: &EncodingPlan,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    let heights: Vec<i32> = plan.steps().iter().map(|step| step.short_side.cast_signed()).collect();
    let bit_rates: Vec<i64> = plan.steps().iter().map(|step| step.bit_rate.cast_signed()).collect();
    sqlx::query!(
        "INSERT INTO encoding_settings (organization_id, codec, heights, bit_rates, loudness, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)
         ON CONFLICT (organization_id) DO UPDATE SET codec = excluded.codec, heights = excluded.heights, bit_rates = excluded.bit_rates,
             loudness = excluded.loudness",
        organization_id.uuid(),
        codec_name(plan.codec()),
        &heights,
        &bit_rates,
        plan.loudness().map(TargetLoudness::lufs),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Remembers what a recording that is there is to be encoded to. Returns whether that is something else than was wanted before.
pub(crate) async fn want_encoding(
    tx: &mut TenantTx,
    asset_id: AssetId,
    plan: &EncodingPlan,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let wanted = sqlx::query!(
        "UPDATE assets SET metadata = metadata || jsonb_build_object('encoding_wanted', $3::jsonb)
         WHERE organization_id = $1 AND id = $2 AND metadata -> 'encoding_wanted' IS DISTINCT FROM $3::jsonb",
        organization_id.uuid(),
        asset_id.uuid(),
        serde_json::to_value(plan).unwrap_or_default(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(wanted.rows_affected() == 1)
}

/// What a recording that is there is to be encoded to, if somebody wanted that.
pub(crate) async fn wanted_encoding(
    tx: &mut TenantTx,
    asset_id: AssetId,
) -> Result<Option<EncodingPlan>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let wanted = sqlx::query_scalar!(
        "SELECT metadata -> 'encoding_wanted' AS wanted FROM assets WHERE organization_id = $1 AND id = $2",
        organization_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(wanted.flatten().and_then(|plan| serde_json::from_value(plan).ok()))
}

/// As it is in rows, and in what is kept with recordings.
fn codec_name(codec: PictureCodec) -> &'static str {
    match codec {
        PictureCodec::H264 => "h264",
        PictureCodec::Av1 => "av1",
    }
}
