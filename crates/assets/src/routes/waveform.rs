//! The outline of the sound as a picture, drawn of the stored peaks whenever somebody asks: so it can have any size and colour, recordings
//! of all times have it, and it takes no place.

use crate::keys::Recording;
use axum::body::Bytes;
use memoreel_media::{Waveform, WaveformLook};
use memoreel_web::{App, Problem};
use serde::Deserialize;
use std::ops::RangeInclusive;

const WIDTHS: RangeInclusive<u32> = 1..=4096;
const HEIGHTS: RangeInclusive<u32> = 1..=1024;
/// Grey can be seen on bright pages and on dark ones.
const DEFAULT: WaveformLook = WaveformLook { width: 1024, height: 128, colour: [0x80; 3] };
/// 8,000 peaks of some six characters are far less.
const PEAKS_BYTES_MAX: u64 = 1 << 20;

/// What picture is wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedPicture {
    width: Option<u32>,
    height: Option<u32>,
    /// `rrggbb`.
    colour: Option<String>,
}

impl WantedPicture {
    fn look(&self) -> Result<WaveformLook, Problem> {
        let side = |name: &str, wanted: Option<u32>, default: u32, sides: RangeInclusive<u32>| {
            let side = wanted.unwrap_or(default);
            if sides.contains(&side) {
                return Ok(side);
            }
            let detail =
                format!("The picture may have a {name} of {} to {} pixels.", sides.start(), sides.end());
            Err(Problem::invalid_field(name, "options_invalid", detail))
        };
        let mut colour = DEFAULT.colour;
        if let Some(wanted) = &self.colour {
            hex::decode_to_slice(wanted, &mut colour).map_err(|_| {
                let detail = "A colour is six hexadecimal digits, such as f3ad3d.";
                Problem::invalid_field("colour", "options_invalid", detail)
            })?;
        }
        Ok(WaveformLook {
            width: side("width", self.width, DEFAULT.width, WIDTHS)?,
            height: side("height", self.height, DEFAULT.height, HEIGHTS)?,
            colour,
        })
    }

    /// The picture, and what tells it from another one of the same recording.
    pub(super) async fn drawn(&self, app: &App, recording: Recording) -> Result<(Bytes, String), Problem> {
        let look = self.look()?;
        let key = recording.preview().join("waveform.json")?;
        let room = u64::from(look.width) * u64::from(look.height) / 1024;
        let _room = app.limits.tracks.enter_with(&recording.organization_id.to_string(), room.max(1)).await?;
        let meta = app.blobs.head(&key).await?.ok_or_else(|| Problem::not_found("file"))?;
        let peaks = app.blobs.get_bytes(&key, PEAKS_BYTES_MAX).await?;
        let waveform: Waveform = serde_json::from_slice(&peaks).map_err(Problem::internal)?;
        // A large one takes milliseconds, in which others are not to wait.
        let drawn = tokio::task::spawn_blocking(move || waveform.picture(look)).await;
        let bytes = drawn.map_err(Problem::internal)?.map_err(Problem::internal)?;
        let peaks = meta.etag.unwrap_or_else(|| meta.modified_at.to_rfc3339());
        let WaveformLook { width, height, colour } = look;
        Ok((bytes.into(), format!("{peaks} {width}x{height} {}", hex::encode(colour))))
    }
}
