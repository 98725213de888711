//! `/i/{id}/{options}/{name}?s={token}`: images made of images, by signed address.
//!
//! The signature covers the id, the version, the options and the name, so that nobody can ask for what was not offered, nor for one thing under
//! many addresses.

use super::{
    addresses::extension,
    conditions::{is_current, require_wanted},
    fields::stem,
    media::{SANDBOX, not_shown_here, signature_problem},
};
use crate::{
    AssetsError, DeliveryPolicies, Renditions,
    delivery::{self, Deliverer, Fetched},
    keys,
    renditions::Wanted,
    store::{self, MadeImage, Source},
};
use axum::{
    Extension,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::get,
};
use memoreel_blob::{BlobError, BlobRead, Disposition, Grant, Purpose, SignatureError};
use memoreel_images::{Accepted, FormatWish, OutputFormat, Transform, geometry::Size};
use memoreel_kernel::{AssetId, Caller, OrganizationId, Timestamp};
use memoreel_web::{App, ClientAddress, FileSender, Problem, ServedTo};
use serde::Deserialize;

/// Nothing is cached for longer, whatever its address is good for.
const CACHED_SECONDS_MAX: i64 = 366 * 24 * 3600;
/// What may change under its address: what a preset makes, the file, or whose pages may read it.
const CHANGING_CACHED_SECONDS: i64 = 3600;
const NAME_LENGTH_MAX: usize = 80;
/// So many files of an image are looked at that is replaced while it is asked for.
const FILES_MAX: usize = 3;

/// The images' own addresses, outside the API: they need no session.
pub fn image_router(renditions: Renditions, policies: DeliveryPolicies) -> axum::Router<App> {
    axum::Router::new()
        .route("/i/{id}/{options}/{name}", get(get_image).options(ask))
        .layer(Extension(renditions))
        .layer(Extension(policies))
}

/// What an address is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addressed {
    pub(crate) organization_id: OrganizationId,
    pub(crate) asset_id: AssetId,
    /// How many files the image has had.
    pub(crate) version: i32,
    pub(crate) expires_at: Timestamp,
}

/// The signed address of what `transform` makes of an image.
pub(crate) fn address(app: &App, addressed: Addressed, transform: &Transform, filename: &str) -> String {
    let Addressed { organization_id, asset_id, version, expires_at } = addressed;
    let (options, name) = (transform.to_string(), address_name(filename, version, extension(transform)));
    let grant = Grant {
        organization_id,
        purpose: Purpose::Transform,
        is_private: false,
        prefix: keys::asset_of_version(organization_id, asset_id, version),
        expires_at,
        download_name: None,
    };
    let token = app.signer.sign_with(&grant, &said(&options, &name));
    format!("{}/i/{asset_id}/{options}/{name}?s={token}", app.public_url)
}

fn said(options: &str, name: &str) -> String {
    format!("{options}/{name}")
}

/// The file's name as it can stand in an address as it is, with the version for people: a name may end like one.
fn address_name(filename: &str, version: i32, extension: Option<&str>) -> String {
    let stem = stem(filename);
    let plain =
        stem.chars().map(|letter| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '-' });
    let words: String = plain.take(NAME_LENGTH_MAX).collect();
    let words: Vec<&str> = words.split('-').filter(|word| !word.is_empty()).collect();
    let words = if words.is_empty() { "image".to_owned() } else { words.join("-") };
    let words = if version > 1 { format!("{words}-v{version}") } else { words };
    extension.map_or(words.clone(), |extension| format!("{words}.{extension}"))
}

#[derive(Debug, Deserialize)]
struct Signed {
    s: String,
}

type Place = Result<Path<(AssetId, String, String)>, PathRejection>;
type Signature = Result<Query<Signed>, QueryRejection>;

async fn get_image(
    State(app): State<App>,
    Extension(renditions): Extension<Renditions>,
    Extension(policies): Extension<DeliveryPolicies>,
    place: Place,
    signature: Signature,
    request: Parts,
) -> Result<Response, Problem> {
    let asked = Asked::read(place, signature)?;
    let headers = &request.headers;
    let grant = match asked.grant(&app) {
        Ok(grant) => grant,
        Err(error @ SignatureError::Expired) => {
            let (problem, client) = (signature_problem(error), ClientAddress::of(&request.extensions));
            let told =
                delivery::describe_refusal(&app, &policies, problem, headers, Fetched::ByAddress, client);
            return Err(told.await);
        }
        Err(error) => return Err(signature_problem(error)),
    };
    let deliverer = policies.of(&app, grant.organization_id).await?;
    let answered = asked.answer(&app, &renditions, &deliverer, &grant, &request).await;
    let mut response = answered.unwrap_or_else(IntoResponse::into_response);
    delivery::describe_image(&mut response, &deliverer.policy, headers);
    Ok(response)
}

/// Answers a browser that asks whether a page may fetch an image with headers of its own.
async fn ask(
    State(app): State<App>,
    Extension(policies): Extension<DeliveryPolicies>,
    place: Place,
    signature: Signature,
    request: Parts,
) -> Result<Response, Problem> {
    let headers = &request.headers;
    match Asked::read(place, signature)?.grant(&app) {
        Ok(grant) => {
            let deliverer = policies.of(&app, grant.organization_id).await?;
            Ok(delivery::preflight_image(&deliverer.policy, headers))
        }
        Err(SignatureError::Expired) => {
            let client = ClientAddress::of(&request.extensions);
            delivery::preflight_anywhere(&app, &policies, headers, Fetched::ByAddress, client).await
        }
        Err(error) => Err(signature_problem(error)),
    }
}

/// What an address says.
struct Asked {
    asset_id: AssetId,
    options: String,
    name: String,
    token: String,
}

impl Asked {
    fn read(place: Place, signature: Signature) -> Result<Self, Problem> {
        let not_found = || Problem::not_found("image");
        let Path((asset_id, options, name)) = place.map_err(|_| not_found())?;
        let Query(Signed { s: token }) = signature.map_err(|_| not_found())?;
        Ok(Self { asset_id, options, name, token })
    }

    /// What its signature allows.
    fn grant(&self, app: &App) -> Result<Grant, SignatureError> {
        let said = said(&self.options, &self.name);
        let grant = app.signer.verify_with(&self.token, &said, app.clock.now())?;
        let whole = keys::asset(grant.organization_id, self.asset_id);
        let below = grant.prefix.as_str().strip_prefix(whole.as_str());
        let is_of_image = grant.purpose == Purpose::Transform
            && below.is_some_and(|below| below.is_empty() || below.starts_with('/'));
        if is_of_image { Ok(grant) } else { Err(SignatureError::Invalid) }
    }

    async fn answer(
        &self,
        app: &App,
        renditions: &Renditions,
        deliverer: &Deliverer,
        grant: &Grant,
        request: &Parts,
    ) -> Result<Response, Problem> {
        let not_found = || Problem::not_found("image");
        let headers = &request.headers;
        deliverer.standing.require_active("image")?;
        let policy = &deliverer.policy;
        if !policy.lets_in(headers, &app.public_url) {
            return Err(not_shown_here(headers));
        }
        let transform: Transform = self.options.parse().map_err(|_| not_found())?;
        let has_preset = transform.preset.is_some();
        let mut opened = None;
        // Who asks at the moment at which the image gets another file is shown that one.
        for _ in 0..FILES_MAX {
            let offered = offered(app, renditions, grant, self.asset_id, &transform, headers).await?;
            opened = open(app, renditions, &offered, headers).await?.map(|opened| (offered, opened));
            if opened.is_some() {
                break;
            }
        }
        let (Offered { wanted, source, is_negotiated }, Opened { made, file }) =
            opened.ok_or_else(not_found)?;
        let format = wanted.format;
        let lifetime = (grant.expires_at - app.clock.now()).num_seconds().clamp(0, CACHED_SECONDS_MAX);
        let described = |mut response: Response| {
            describe(response.headers_mut(), &made, format, &source.filename);
            response
                .extensions_mut()
                .insert(ServedTo { organization_id: grant.organization_id, user_id: None });
            let answer = response.headers_mut();
            // A cache that serves many would show it on web sites that may not, unless that is what the organization wants.
            let is_shared = policy.shared_caching || policy.referrer_domains.is_empty();
            let whose = if is_shared { "public" } else { "private" };
            // What a preset makes may change, an address of an earlier file shows the present one, and an origin may be named.
            let changes = has_preset
                || grant.prefix
                    != keys::asset_of_version(grant.organization_id, self.asset_id, source.version)
                || delivery::is_unnamed(policy, headers);
            let cache = if changes {
                format!("{whose}, max-age={}", lifetime.min(CHANGING_CACHED_SECONDS))
            } else {
                format!("{whose}, max-age={lifetime}, immutable")
            };
            if let Ok(cache) = HeaderValue::from_str(&cache) {
                answer.insert(header::CACHE_CONTROL, cache);
            }
            // Also where a preset decides, which may leave it open tomorrow.
            if is_negotiated || has_preset {
                answer.insert(header::VARY, HeaderValue::from_static("accept"));
            }
            response
        };
        let Some(file) = file else { return Ok(described(StatusCode::NOT_MODIFIED.into_response())) };
        let length = file.meta.size_bytes;
        let body = FileSender::of(request).body(file);
        let mut response = described((StatusCode::OK, body).into_response());
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        Ok(response)
    }
}

/// What an address comes to for whoever asks, while the asset has this file.
struct Offered {
    wanted: Wanted,
    source: Source,
    /// Whether others may get another format.
    is_negotiated: bool,
}

async fn offered(
    app: &App,
    renditions: &Renditions,
    grant: &Grant,
    asset_id: AssetId,
    transform: &Transform,
    headers: &HeaderMap,
) -> Result<Offered, Problem> {
    let not_found = || Problem::not_found("image");
    let caller = Caller::service(grant.organization_id);
    let mut tx = app.db.tenant(&caller).await?;
    let source = store::find_source(&mut tx, asset_id, transform.preset.as_deref()).await?;
    drop(tx);
    let source = source.ok_or_else(not_found)?;
    let preset = match source.preset_of(transform) {
        Err(AssetsError::PresetNotFound(_)) => return Err(not_found()),
        preset => preset?,
    };
    let whole = transform.clone().over(preset);
    // A preset may have chosen a format where the address leaves it open.
    let is_negotiated = transform.is_negotiated() && whole.is_negotiated();
    let size = renditions.size(&source, &whole)?;
    let format = chosen(&whole, &source, size, headers)?;
    let wanted = Wanted::new(grant.organization_id, asset_id, whole, format);
    Ok(Offered { wanted, source, is_negotiated })
}

/// An image that is there.
struct Opened {
    made: MadeImage,
    /// Absent where whoever asks has it.
    file: Option<BlobRead>,
}

/// The image, made where it has to be; `None` where the asset has another file by now.
async fn open(
    app: &App,
    renditions: &Renditions,
    Offered { wanted, source, .. }: &Offered,
    headers: &HeaderMap,
) -> Result<Option<Opened>, Problem> {
    let Some(made) = renditions.get(app, wanted, source).await? else { return Ok(None) };
    require_wanted(headers, etag(&made).as_deref())?;
    if is_current(headers, etag(&made).as_deref()) {
        return Ok(Some(Opened { made, file: None }));
    }
    match read(app, &made).await {
        Ok(file) => Ok(Some(Opened { made, file: Some(file) })),
        Err(BlobError::NotFound { .. }) => {
            let Some(made) = renditions.make_anew(app, wanted, source).await? else { return Ok(None) };
            let file = Some(read(app, &made).await?);
            Ok(Some(Opened { made, file }))
        }
        Err(error) => Err(error.into()),
    }
}

async fn read(app: &App, made: &MadeImage) -> Result<BlobRead, BlobError> {
    app.blobs.get(&made.blob_key.parse()?, None).await
}

/// The format for whoever asks, refused where it does not hold what is asked for.
fn chosen(
    transform: &Transform,
    source: &Source,
    size: Size,
    headers: &HeaderMap,
) -> Result<OutputFormat, AssetsError> {
    let format = match transform.format {
        Some(FormatWish::Only(format)) => format,
        None | Some(FormatWish::Auto) => {
            let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
            let accept = accept.collect::<Vec<_>>().join(",");
            Accepted::read(&accept).best(source.frames > 1, source.has_alpha, size)
        }
    };
    format.check(size)?;
    Ok(format)
}

fn etag(made: &MadeImage) -> Option<String> {
    made.digest.as_deref().map(|digest| format!("\"{digest}\""))
}

fn describe(headers: &mut HeaderMap, made: &MadeImage, format: OutputFormat, filename: &str) {
    for (name, value) in [
        (header::CONTENT_TYPE, format.content_type()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, SANDBOX),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let name = format!("{}.{}", stem(filename), format.extension());
    headers
        .insert(header::CONTENT_DISPOSITION, memoreel_blob::content_disposition(Disposition::Inline, &name));
    if let Some(etag) = etag(made).and_then(|etag| HeaderValue::from_str(&etag).ok()) {
        headers.insert(header::ETAG, etag);
    }
}

#[cfg(test)]
mod tests {
    use super::address_name;

    #[test]
    fn a_name_in_an_address_is_plain() {
        for (filename, version, extension, name) in [
            ("Harbour at night.JPG", 1, Some("webp"), "Harbour-at-night.webp"),
            ("Harbour at night.JPG", 3, Some("webp"), "Harbour-at-night-v3.webp"),
            ("größe.png", 1, None, "gr-e"),
            ("会議.png", 1, Some("jpg"), "image.jpg"),
            ("a/../b?c#d.png", 1, None, "a-b-c-d"),
            (".hidden", 1, None, "hidden"),
        ] {
            assert_eq!(address_name(filename, version, extension), name);
        }
    }
}
