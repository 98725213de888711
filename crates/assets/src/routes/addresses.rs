//! Signed addresses of what is to be made of an image.

use super::images::{Addressed, address};
use crate::{
    AssetsError, Renditions,
    model::ImageFacts,
    store::{self, Source},
};
use axum::{Extension, extract::State};
use chrono::{DurationRound, TimeDelta};
use memoreel_images::{FormatWish, OptionsError, Transform, geometry::Size};
use memoreel_kernel::{AssetId, Timestamp};
use memoreel_web::{App, Json, May, Params, Problem, ProblemBody, ResourceId, action::ReadContent};
use serde::{Deserialize, Serialize};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const LIFETIME_DEFAULT: i64 = 7 * DAY;
const LIFETIME_MAX: i64 = 366 * DAY;
/// Candidates of one srcset.
const CANDIDATES_MAX: usize = 12;
const SIZES_LENGTH_MAX: usize = 500;

/// What addresses are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedAddresses {
    /// What is made of the image, such as `w=400,h=300,fit=crop,focus=top,format=auto,q=80`; `format=auto` if not given.
    #[param(max_length = 256)]
    options: Option<String>,
    /// Widths for a srcset with `w` descriptors, up to 12 with commas between them: `320,640,1280`. A height among the options
    /// keeps its proportion to the width there.
    #[param(max_length = 100)]
    widths: Option<String>,
    /// Densities for a srcset with `x` descriptors: `1,1.5,2`.
    #[param(max_length = 100)]
    dprs: Option<String>,
    /// What stands in the attribute `sizes`; with widths alone. `100vw` if not given.
    #[param(max_length = 500)]
    sizes: Option<String>,
    /// How long the addresses work at least, an hour to 366 days; a week if not given.
    #[param(minimum = 3600, maximum = 31_622_400)]
    expires_in_seconds: Option<i64>,
}

/// Addresses of what is made of an image, ready for an `img` element.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ImageAddresses {
    /// For `src`: what the options say alone.
    src: String,
    /// Pixels across of what `src` shows.
    width: u32,
    /// Pixels down.
    height: u32,
    /// For `srcset`; absent where no widths or densities were asked for.
    srcset: Option<String>,
    /// For `sizes`.
    sizes: Option<String>,
    /// What `srcset` is made of.
    candidates: Vec<Candidate>,
    /// A placeholder: a thumbhash in base64.
    thumbhash: Option<String>,
    /// When the addresses stop working.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// One image of a srcset.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Candidate {
    url: String,
    /// `640w` or `2x`.
    descriptor: String,
    width: u32,
    height: u32,
}

/// Get addresses of what is made of an image
///
/// The addresses need no session: whoever has one sees what it shows until it expires. Those of one day are the same, so that they
/// can be cached. The image is made when an address is asked for the first time.
#[utoipa::path(get, path = "/assets/{id}/image-addresses", operation_id = "get_image_addresses", tag = "assets",
    params(("id" = AssetId, Path), WantedAddresses),
    responses((status = 200, body = ImageAddresses), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub(super) async fn get_image_addresses(
    State(app): State<App>,
    Extension(renditions): Extension<Renditions>,
    May(caller, _): May<ReadContent>,
    ResourceId(id): ResourceId<AssetId>,
    Params(wanted): Params<WantedAddresses>,
) -> Result<Json<ImageAddresses>, Problem> {
    let transform = wanted.options.as_deref().unwrap_or("format=auto").parse::<Transform>();
    let transform = transform.map_err(AssetsError::from)?;
    let expires_at = expiry(wanted.expires_in_seconds, app.clock.now())?;
    let mut tx = app.db.tenant(&caller).await?;
    let row = store::find_asset(&mut tx, id).await?;
    let row = row.filter(|row| row.kind.as_deref() == Some("image") && row.deleted_at.is_none());
    let row = row.ok_or(AssetsError::ImageNotFound)?;
    let source = store::find_source(&mut tx, id, transform.preset.as_deref()).await?;
    drop(tx);
    let source = source.ok_or(AssetsError::ImageNotReady { status: row.status })?;
    let facts = row.image.and_then(|facts| serde_json::from_value::<ImageFacts>(facts).ok());

    let sized = Sized::new(&renditions, &source, &transform)?;
    let at = |transform: &Transform| {
        let addressed = Addressed {
            organization_id: caller.organization_id,
            asset_id: id,
            version: source.version,
            expires_at,
        };
        address(&app, addressed, transform, &source.filename)
    };
    let size = sized.size(&transform)?;
    let candidates = match (&wanted.widths, &wanted.dprs) {
        (Some(_), Some(_)) => {
            return Err(Problem::invalid_field(
                "dprs",
                "srcset_invalid",
                "Ask for widths or for densities, not for both.",
            ));
        }
        (Some(widths), None) => sized.by_width(&transform, widths)?,
        (None, Some(dprs)) => by_density(&transform, dprs)?,
        (None, None) => Vec::new(),
    };
    let mut listed: Vec<Candidate> = Vec::new();
    for (transform, density) in candidates {
        let size = sized.size(&transform)?;
        let descriptor = density.unwrap_or_else(|| format!("{}w", size.width));
        // An image is never enlarged unasked, so that the widest of them may come to the same.
        if listed.iter().all(|one| one.descriptor != descriptor) {
            listed.push(Candidate {
                url: at(&transform),
                descriptor,
                width: size.width,
                height: size.height,
            });
        }
    }
    let srcset =
        listed.iter().map(|one| format!("{} {}", one.url, one.descriptor)).collect::<Vec<_>>().join(", ");
    Ok(Json(ImageAddresses {
        src: at(&transform),
        width: size.width,
        height: size.height,
        srcset: (!listed.is_empty()).then_some(srcset),
        sizes: sizes(&wanted)?,
        candidates: listed,
        thumbhash: facts.map(|facts| facts.thumbhash),
        expires_at,
    }))
}

/// At least as long as asked for; of what works for days, up to the next midnight, so that a day's addresses are the same.
fn expiry(seconds: Option<i64>, now: Timestamp) -> Result<Timestamp, Problem> {
    let seconds = seconds.unwrap_or(LIFETIME_DEFAULT);
    if !(HOUR..=LIFETIME_MAX).contains(&seconds) {
        let detail = format!("Addresses work for {HOUR} to {LIFETIME_MAX} seconds.");
        return Err(Problem::invalid_field("expires_in_seconds", "lifetime_invalid", detail));
    }
    let unit = TimeDelta::seconds(if seconds >= DAY { DAY } else { HOUR });
    let earliest = now + TimeDelta::seconds(seconds);
    earliest.duration_round_up(unit).map_err(Problem::internal)
}

fn sizes(wanted: &WantedAddresses) -> Result<Option<String>, Problem> {
    let refuse = |detail: &str| Problem::invalid_field("sizes", "sizes_invalid", detail);
    match (&wanted.sizes, &wanted.widths) {
        (None, None) => Ok(None),
        (None, Some(_)) => Ok(Some("100vw".to_owned())),
        (Some(_), None) => Err(refuse("Sizes go with widths alone.")),
        (Some(sizes), Some(_)) => {
            let is_plain = |letter: char| {
                letter.is_ascii_graphic() && !matches!(letter, '"' | '\'' | '<' | '>' | '&' | ';' | '{' | '}')
            };
            if sizes.trim().is_empty()
                || sizes.len() > SIZES_LENGTH_MAX
                || !sizes.chars().all(|letter| letter == ' ' || is_plain(letter))
            {
                return Err(refuse(
                    "Sizes are media conditions and lengths, as the attribute of HTML has them.",
                ));
            }
            Ok(Some(sizes.trim().to_owned()))
        }
    }
}

fn list<'a>(field: &str, text: &'a str) -> Result<Vec<&'a str>, Problem> {
    let values: Vec<&str> = text.split(',').map(str::trim).collect();
    if values.len() > CANDIDATES_MAX {
        let detail = format!("There are at most {CANDIDATES_MAX} of them.");
        return Err(Problem::invalid_field(field, "srcset_invalid", detail));
    }
    Ok(values)
}

/// One of a list, which is read as the option it is a value of.
fn value(field: &str, option: &str, value: &str) -> Result<Transform, Problem> {
    format!("{option}={value}")
        .parse()
        .map_err(|error: OptionsError| Problem::invalid_field(field, "options_invalid", error.to_string()))
}

fn by_density(transform: &Transform, dprs: &str) -> Result<Vec<(Transform, Option<String>)>, Problem> {
    let one = |dpr: &str| {
        let read = value("dprs", "dpr", dpr)?;
        let candidate = Transform { dpr: read.dpr, ..transform.clone() };
        // Together they may be too much.
        let candidate: Transform = candidate.to_string().parse().map_err(AssetsError::from)?;
        Ok((candidate, Some(format!("{dpr}x"))))
    };
    list("dprs", dprs)?.into_iter().map(one).collect()
}

/// An image, and the preset it is made by, so that sizes can be told before anything is made.
struct Sized<'a> {
    renditions: &'a Renditions,
    source: &'a Source,
    preset: Transform,
}

impl<'a> Sized<'a> {
    fn new(renditions: &'a Renditions, source: &'a Source, transform: &Transform) -> Result<Self, Problem> {
        Ok(Self { renditions, source, preset: source.preset_of(transform)? })
    }

    /// How large the result is, refused where it would be when the address is asked for.
    fn size(&self, transform: &Transform) -> Result<Size, AssetsError> {
        self.renditions.size(self.source, &transform.clone().over(self.preset.clone()))
    }

    fn by_width(
        &self,
        transform: &Transform,
        widths: &str,
    ) -> Result<Vec<(Transform, Option<String>)>, Problem> {
        let whole = transform.clone().over(self.preset.clone());
        let one = |width: &str| {
            let read = value("widths", "w", width)?;
            let width = read.width.unwrap_or(1);
            // The box keeps its proportions.
            let height = whole.width.zip(whole.height).map(|(wide, high)| {
                let (wide, high) = (u64::from(wide.max(1)), u64::from(high));
                u32::try_from((2 * high * u64::from(width) + wide) / (2 * wide)).unwrap_or(u32::MAX).max(1)
            });
            // Widths are pixels of the result, whatever density is meant elsewhere.
            let dpr = whole.dpr.map(|_| 10);
            let candidate = Transform { width: Some(width), height, dpr, ..transform.clone() };
            let candidate: Transform = candidate.to_string().parse().map_err(AssetsError::from)?;
            Ok((candidate, None))
        };
        list("widths", widths)?.into_iter().map(one).collect()
    }
}

/// Whether what is made has one format whoever asks.
pub(super) fn extension(transform: &Transform) -> Option<&'static str> {
    match transform.format {
        Some(FormatWish::Only(format)) => Some(format.extension()),
        None | Some(FormatWish::Auto) => None,
    }
}
