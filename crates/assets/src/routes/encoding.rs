//! What is encoded of the videos that come in.

use super::sounds::read_loudness;
use crate::{AssetsError, store};
use axum::extract::State;
use memoreel_media::{EncodingPlan, LADDER, LadderStep, PictureCodec, PlanError, TargetLoudness};
use memoreel_web::{App, Json, May, Problem, ProblemBody, action::ManageEncoding};
use serde::{Deserialize, Serialize};

/// How pictures are written.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum EncodingCodec {
    /// H.264, which every browser plays.
    H264,
    /// AV1, beside the smallest size in H.264.
    Av1,
}

impl From<EncodingCodec> for PictureCodec {
    fn from(codec: EncodingCodec) -> Self {
        match codec {
            EncodingCodec::H264 => Self::H264,
            EncodingCodec::Av1 => Self::Av1,
        }
    }
}

impl From<PictureCodec> for EncodingCodec {
    fn from(codec: PictureCodec) -> Self {
        match codec {
            PictureCodec::H264 => Self::H264,
            PictureCodec::Av1 => Self::Av1,
        }
    }
}

/// A size that is made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct EncodingStep {
    /// Pixels of the shorter side of the picture.
    height: u32,
    /// The highest bit rate of H.264, in bits a second; easy pictures use less, and AV1 three fifths of it at most.
    bit_rate: u64,
}

/// A size that can be made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct EncodingChoice {
    /// Pixels of the shorter side of the picture.
    height: u32,
    /// The bit rate it has where nothing else is said.
    bit_rate: u64,
    /// The lowest that can be chosen.
    bit_rate_min: u64,
    /// The highest that can be chosen.
    bit_rate_max: u64,
}

/// Which versions are made of the videos that come in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct EncodingSettings {
    /// How the larger versions are written.
    codec: EncodingCodec,
    /// The sizes that are made, as far as a video has them, the smallest first.
    steps: Vec<EncodingStep>,
    /// What `steps` can be chosen from.
    choices: Vec<EncodingChoice>,
    /// The loudness (EBU R 128) that sound is brought to, in whole LUFS; null where it is left as it is.
    #[schema(minimum = -31, maximum = -9)]
    loudness_lufs: Option<i32>,
}

/// A size that is to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedStep {
    /// One of `choices`.
    #[schema(minimum = 0)]
    height: u32,
    /// The highest bit rate, within the limits of the choice; its own if not given.
    #[schema(minimum = 0)]
    bit_rate: Option<u64>,
}

/// What is to be.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutEncodingSettings {
    /// How the larger versions are written.
    codec: EncodingCodec,
    /// Each size once, in any order.
    #[schema(min_items = 1, max_items = 4)]
    steps: Vec<WantedStep>,
    /// The loudness (EBU R 128) that sound is brought to, in whole LUFS, -31 to -9: -16 is usual for speech. As loud as it is if not given.
    #[schema(minimum = -31, maximum = -9)]
    loudness_lufs: Option<i32>,
}

impl From<&EncodingPlan> for EncodingSettings {
    fn from(plan: &EncodingPlan) -> Self {
        let step = |step: &LadderStep| EncodingStep { height: step.short_side, bit_rate: step.bit_rate };
        let choice = |step: &LadderStep| EncodingChoice {
            height: step.short_side,
            bit_rate: step.bit_rate,
            bit_rate_min: *step.rates().start(),
            bit_rate_max: *step.rates().end(),
        };
        Self {
            codec: plan.codec().into(),
            steps: plan.steps().iter().map(step).collect(),
            choices: LADDER.iter().map(choice).collect(),
            loudness_lufs: plan.loudness().map(TargetLoudness::lufs),
        }
    }
}

impl PutEncodingSettings {
    fn read(self) -> Result<EncodingPlan, Problem> {
        if self.steps.len() > LADDER.len() {
            let detail = format!("There are {} sizes at most.", LADDER.len());
            return Err(Problem::invalid_field("steps", "list_too_long", detail));
        }
        let rate_of =
            |height: u32| LADDER.iter().find(|step| step.short_side == height).map(|step| step.bit_rate);
        let steps = self.steps.iter().map(|wanted| LadderStep {
            short_side: wanted.height,
            bit_rate: wanted.bit_rate.or(rate_of(wanted.height)).unwrap_or_default(),
        });
        let plan =
            EncodingPlan::new(self.codec.into(), steps.collect()).map_err(|error| plan_problem(&error))?;
        Ok(plan.with_loudness(read_loudness(self.loudness_lufs)?))
    }
}

fn plan_problem(error: &PlanError) -> Problem {
    let (code, detail) = match *error {
        PlanError::Empty => ("steps_empty", "At least one size is made.".to_owned()),
        PlanError::Size { short_side } => {
            let offered: Vec<String> = LADDER.iter().map(|step| step.short_side.to_string()).collect();
            ("height_unknown", format!("{short_side} is none of the sizes {}.", offered.join(", ")))
        }
        PlanError::Twice { short_side } => ("height_twice", format!("The size {short_side} is named twice.")),
        PlanError::Rate { short_side, least, most } => {
            let detail = format!("The bit rate of {short_side} is between {least} and {most} bits a second.");
            ("bit_rate_invalid", detail)
        }
    };
    Problem::invalid_field("steps", code, detail)
}

/// Get the encoding settings
#[utoipa::path(get, path = "/organization/encoding", operation_id = "get_encoding_settings", tag = "assets",
    responses((status = 200, body = EncodingSettings), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody)))]
pub(super) async fn get_encoding_settings(
    State(app): State<App>,
    May(caller, _): May<ManageEncoding>,
) -> Result<Json<EncodingSettings>, Problem> {
    let mut tx = app.db.tenant(&caller).await?;
    let plan = store::find_encoding_plan(&mut tx).await.map_err(AssetsError::from)?;
    Ok(Json((&plan.unwrap_or_default()).into()))
}

/// Set the encoding settings
///
/// They hold for videos that come in from then on, as what is to be made of one is decided when its file is looked into, and for those
/// that are encoded anew.
#[utoipa::path(put, path = "/organization/encoding", operation_id = "put_encoding_settings", tag = "assets",
    request_body = PutEncodingSettings,
    responses((status = 200, body = EncodingSettings), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub(super) async fn put_encoding_settings(
    State(app): State<App>,
    May(caller, _): May<ManageEncoding>,
    Json(put): Json<PutEncodingSettings>,
) -> Result<Json<EncodingSettings>, Problem> {
    let plan = put.read()?;
    let mut tx = app.db.tenant(&caller).await?;
    store::put_encoding_plan(&mut tx, &plan, app.clock.now()).await.map_err(AssetsError::from)?;
    tx.commit().await?;
    Ok(Json((&plan).into()))
}
