//! The HTTP face of transcripts.

mod captions;
mod speakers;
mod transcripts;

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use memoreel_kernel::Caller;
use memoreel_web::{App, Permit, Problem, Result, bytes_while_taken};
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

/// What the longest transcript takes while it is read with its words and written as JSON.
const TRANSCRIPT_KIBIBYTES_MAX: u64 = 128 << 10;

/// Transcripts, captions and speakers, below `/videos/{id}`.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(transcripts::get_transcript))
        .routes(routes!(captions::put_captions))
        .routes(routes!(captions::get_captions_vtt))
        .routes(routes!(captions::get_captions_srt))
        .routes(routes!(captions::get_captions_txt))
        .routes(routes!(captions::get_captions_json))
        .routes(routes!(speakers::update_speaker))
}

/// Room for a transcript with its words.
async fn room_for_words(app: &App, caller: &Caller) -> Result<Permit> {
    let whose = caller.organization_id.to_string();
    Ok(app.limits.transcripts.enter_with(&whose, TRANSCRIPT_KIBIBYTES_MAX).await?)
}

/// A transcript as JSON, which keeps so much of the room as it takes, until it is sent, or nothing is taken of it.
fn answer(app: &App, transcript: &impl Serialize, mut room: Permit) -> Result<Response> {
    let bytes = serde_json::to_vec(transcript).map_err(Problem::internal)?;
    room.shrink_to((bytes.capacity() as u64).div_ceil(1 << 10));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CONTENT_LENGTH, HeaderValue::from(bytes.len())),
    ];
    let bytes = Bytes::from_owner(Held { bytes, _room: room });
    Ok((headers, bytes_while_taken(bytes, app.limits.stalled_after)).into_response())
}

/// Bytes, and the room that they take.
struct Held {
    bytes: Vec<u8>,
    _room: Permit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
