//! Naming voices.

use crate::model::{Speaker, clean_text};
use crate::{SPEAKER_NAME_CHARS_MAX, TranscriptsError, store};
use axum::extract::{Path, State, rejection::PathRejection};
use memoreel_kernel::{Event, SpeakerId, VideoId};
use memoreel_web::{App, Json, May, ProblemBody, Result, action::EditContent};
use serde::{Deserialize, Deserializer};

/// A change to a speaker.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpeakerUpdate {
    /// The name, 1 to 100 characters; null goes back to the label.
    #[serde(deserialize_with = "required")]
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\u0000]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000]*$",
        required = true
    )]
    name: Option<String>,
}

/// A field that may be null but not absent, so that an empty object does not take a name away.
fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}

/// Names a speaker everywhere in the video, or takes the name away.
#[utoipa::path(
    patch,
    path = "/videos/{id}/speakers/{speaker_id}",
    operation_id = "update_speaker",
    tag = "transcripts",
    params(
        ("id" = VideoId, Path, description = "The video."),
        ("speaker_id" = SpeakerId, Path, description = "The speaker."),
    ),
    request_body = SpeakerUpdate,
    responses(
        (status = 200, body = Speaker),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    )
)]
pub(crate) async fn update_speaker(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    path: Result<Path<(String, String)>, PathRejection>,
    Json(update): Json<SpeakerUpdate>,
) -> Result<Json<Speaker>> {
    let Path((video_id, speaker_id)) = path.map_err(|_| TranscriptsError::SpeakerMissing)?;
    let video_id: VideoId = video_id.parse().map_err(|_| TranscriptsError::VideoMissing)?;
    let speaker_id: SpeakerId = speaker_id.parse().map_err(|_| TranscriptsError::SpeakerMissing)?;
    let name = update.name.as_deref().map(speaker_name).transpose()?;
    let mut tx = app.db.tenant(&caller).await?;
    store::video_for_transcript(&mut tx, video_id).await?.ok_or(TranscriptsError::VideoMissing)?;
    let speaker = store::rename_speaker(&mut tx, video_id, speaker_id, name.as_deref())
        .await?
        .ok_or(TranscriptsError::SpeakerMissing)?;
    app.events.emit(&mut tx, &Event::VideoChanged { video_id }).await?;
    tx.commit().await?;
    Ok(Json(speaker))
}

fn speaker_name(name: &str) -> Result<String, TranscriptsError> {
    let clean = clean_text(&name.replace('\n', " "), SPEAKER_NAME_CHARS_MAX);
    let fits = !clean.is_empty() && name.chars().count() <= SPEAKER_NAME_CHARS_MAX && !name.contains('\0');
    if fits { Ok(clean) } else { Err(TranscriptsError::NameInvalid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(speaker_name("  Ana\tLópez ").ok().as_deref(), Some("Ana López"));
        for refused in ["", " \n ", "\u{89}", "A\0", &"x".repeat(101), &format!("{} ", "x".repeat(100))] {
            assert!(speaker_name(refused).is_err(), "{refused:?}");
        }
        assert!(speaker_name(&"ä".repeat(100)).is_ok());
    }
}
