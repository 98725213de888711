//! Delivery of media, by signed address or by the cookie of one asset, with byte ranges and conditional requests.

use super::{
    conditions::{is_current, is_same, range_problem, require_wanted, wanted_range},
    waveform::WantedPicture,
};
use crate::{
    delivery::{self, Deliverer, DeliveryPolicies, Fetched, Policy},
    keys::{self, Part, Recording},
    players::{MadeForPlayers, Players},
};
use axum::{
    Extension,
    body::{Body, Bytes},
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use memoreel_blob::{BlobError, BlobKey, BlobRead, Disposition, Grant, Purpose, SignatureError};
use memoreel_kernel::AssetId;
use memoreel_web::{App, ClientAddress, FileSender, Params, Problem, ServedTo, bytes_while_taken};
use serde::Deserialize;

/// Opened as a page of its own, what somebody uploaded runs nothing, and has no origin.
pub(super) const SANDBOX: &str = "default-src 'none'; sandbox";
/// What a cookie opens, of all that was made of an asset.
const BY_COOKIE: [&str; 2] = ["hls", "preview"];

/// Of an answer, about.
const HEADERS: usize = 20;

/// `/media/{token}/{path}` and `/media/clip/…`, where the address is the permission, and `/media/a/{asset}/{path}`, where a cookie is.
/// None needs a session.
pub fn media_router(policies: DeliveryPolicies, players: Players) -> axum::Router<App> {
    axum::Router::new()
        .route("/media/{token}/", get(get_media_root).options(ask_root))
        .route("/media/{token}/{*path}", get(get_media).options(ask))
        .route("/media/a/{asset_id}/open", get(open_media).options(ask_by_cookie))
        .route("/media/a/{asset_id}/{*path}", get(get_by_cookie).options(ask_by_cookie))
        .route("/media/clip/{asset_id}/{span}/{name}", get(super::clips::get_clip).options(super::clips::ask))
        .layer(Extension(policies))
        .layer(Extension(players))
}

type Token = Result<Path<String>, PathRejection>;
type Below = Result<Path<(String, String)>, PathRejection>;

async fn get_media_root(
    state: State<App>,
    delivery: Delivery,
    token: Token,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    get_media(state, delivery, token.map(|Path(token)| Path((token, String::new()))), method, headers).await
}

async fn get_media(
    State(app): State<App>,
    delivery: Delivery,
    path: Below,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // An address that is not even UTF-8 names nothing.
    let Path((token, path)) = path.map_err(|_| Problem::not_found("file"))?;
    let grant = match app.signer.verify(&token, app.clock.now()) {
        Ok(grant) => grant,
        Err(error) => {
            let problem = signature_problem(error);
            return Err(delivery.told(&app, problem, &headers, Fetched::ByAddress).await);
        }
    };
    let key = grant.resolve(&path).map_err(|_| Problem::not_found("file"))?;
    delivery.deliver(&app, &Asked { grant, key, method, headers, fetched: Fetched::ByAddress }).await
}

async fn ask_root(
    state: State<App>,
    delivery: Delivery,
    token: Token,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    ask(state, delivery, token.map(|Path(token)| Path((token, String::new()))), headers).await
}

async fn ask(
    State(app): State<App>,
    delivery: Delivery,
    path: Below,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Path((token, _)) = path.map_err(|_| Problem::not_found("file"))?;
    let grant = match app.signer.verify(&token, app.clock.now()) {
        Ok(grant) => grant,
        Err(SignatureError::Expired) => {
            return delivery.preflight_anywhere(&app, &headers, Fetched::ByAddress).await;
        }
        Err(error) => return Err(signature_problem(error)),
    };
    let deliverer = delivery.policies.of(&app, grant.organization_id).await?;
    Ok(delivery::preflight(&deliverer.policy, &headers))
}

async fn ask_by_cookie(
    State(app): State<App>,
    delivery: Delivery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    delivery.preflight_anywhere(&app, &headers, Fetched::ByCookie).await
}

async fn get_by_cookie(
    State(app): State<App>,
    delivery: Delivery,
    path: Result<Path<(AssetId, String)>, PathRejection>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Path((asset_id, path)) = path.map_err(|_| Problem::not_found("file"))?;
    let grant = match presented(&app, asset_id, delivery::presented(&headers)) {
        Ok(grant) => grant,
        Err(problem) => return Err(delivery.told(&app, problem, &headers, Fetched::ByCookie).await),
    };
    let key = grant
        .resolve(&path)
        .ok()
        .filter(|key| opens(&grant, key))
        .ok_or_else(|| Problem::not_found("file"))?;
    delivery.deliver(&app, &Asked { grant, key, method, headers, fetched: Fetched::ByCookie }).await
}

/// Whether a cookie opens this, of what was made of any of the files that its recording had.
fn opens(grant: &Grant, key: &BlobKey) -> bool {
    Recording::of(grant.organization_id, key).is_some_and(|(_, folder, _)| BY_COOKIE.contains(&folder))
}

#[derive(Debug, Deserialize)]
struct Opening {
    t: String,
}

/// Hands the cookie to the browser of whoever has the address that says so.
async fn open_media(
    State(app): State<App>,
    delivery: Delivery,
    path: Result<Path<AssetId>, PathRejection>,
    opening: Result<Query<Opening>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let not_found = || Problem::not_found("file");
    let Path(asset_id) = path.map_err(|_| not_found())?;
    let Query(Opening { t }) = opening.map_err(|_| not_found())?;
    let grant = match presented(&app, asset_id, [t.as_str()].into_iter()) {
        Ok(grant) => grant,
        Err(problem) => return Err(delivery.told(&app, problem, &headers, Fetched::ByCookie).await),
    };
    let cookie = delivery::set_cookie(asset_id, &t, grant.expires_at, app.clock.now(), app.secure_cookies);
    let open = async |_: &Policy| {
        let mut response = StatusCode::NO_CONTENT.into_response();
        let answer = response.headers_mut();
        answer.extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
        answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    };
    delivery.guarded(&app, &grant, &headers, Fetched::ByCookie, open).await
}

/// What the first good one of the cookies opens of this asset.
fn presented<'t>(
    app: &App,
    asset_id: AssetId,
    tokens: impl Iterator<Item = &'t str>,
) -> Result<Grant, Problem> {
    let mut refusal = Problem::new(
        StatusCode::UNAUTHORIZED,
        "media_cookie_missing",
        "These media are opened by a cookie, which this request does not bring.",
    );
    let mut opens = None;
    for token in tokens {
        match app.signer.verify_with(token, delivery::COOKIE, app.clock.now()) {
            Ok(grant)
                if grant.purpose == Purpose::Cookie
                    && grant.prefix == keys::asset(grant.organization_id, asset_id) =>
            {
                // One that was given while its recording is private opens it whatever becomes of that; an older one beside it may not.
                if grant.is_private {
                    return Ok(grant);
                }
                opens = opens.or(Some(grant));
            }
            Ok(_) => refusal = Problem::not_found("file"),
            Err(error) => refusal = signature_problem(error),
        }
    }
    opens.ok_or(refusal)
}

/// What every delivery takes.
#[derive(Clone)]
pub(super) struct Delivery {
    pub(super) policies: DeliveryPolicies,
    pub(super) players: Players,
    client: ClientAddress,
    sender: FileSender,
    /// As it was asked for: what is drawn has its look from it.
    uri: Uri,
}

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Delivery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, _: &S) -> Result<Self, Problem> {
        let (policies, players) = (parts.extensions.get().cloned(), parts.extensions.get().cloned());
        let missing = || Problem::internal("media are delivered without policies or players");
        Ok(Self {
            policies: policies.ok_or_else(missing)?,
            players: players.ok_or_else(missing)?,
            client: ClientAddress::of(&parts.extensions),
            sender: FileSender::of(parts),
            uri: parts.uri.clone(),
        })
    }
}

/// What is asked for, and may be had.
struct Asked {
    grant: Grant,
    key: BlobKey,
    method: Method,
    headers: HeaderMap,
    fetched: Fetched,
}

impl Delivery {
    /// A refusal before it is known whose media they are, for the page that asks: without this, players there take it for a broken network.
    pub(super) async fn told(
        &self,
        app: &App,
        problem: Problem,
        headers: &HeaderMap,
        fetched: Fetched,
    ) -> Problem {
        if problem.status() == StatusCode::NOT_FOUND {
            return problem;
        }
        delivery::describe_refusal(app, &self.policies, problem, headers, fetched, self.client).await
    }

    /// Answers a browser that asks before it is known whose media they are.
    pub(super) async fn preflight_anywhere(
        &self,
        app: &App,
        headers: &HeaderMap,
        fetched: Fetched,
    ) -> Result<Response, Problem> {
        delivery::preflight_anywhere(app, &self.policies, headers, fetched, self.client).await
    }

    /// Runs `answer` if what the grant is for may be had here and now, and says in its answer, good or bad, whose pages may read it.
    pub(super) async fn guarded(
        &self,
        app: &App,
        grant: &Grant,
        headers: &HeaderMap,
        fetched: Fetched,
        answer: impl AsyncFnOnce(&Policy) -> Result<Response, Problem>,
    ) -> Result<Response, Problem> {
        let deliverer = self.policies.of(app, grant.organization_id).await?;
        let answered = match self.let_in(app, &deliverer, grant, headers).await {
            Ok(()) => answer(&deliverer.policy).await,
            Err(problem) => Err(problem),
        };
        let mut response = answered.unwrap_or_else(IntoResponse::into_response);
        response.extensions_mut().insert(ServedTo { organization_id: grant.organization_id, user_id: None });
        delivery::describe_origin(&mut response, &deliverer.policy, headers, fetched);
        Ok(response)
    }

    /// Addresses work for up to a year: what became of the organization and of the file meanwhile is looked at each time.
    async fn let_in(
        &self,
        app: &App,
        deliverer: &Deliverer,
        grant: &Grant,
        headers: &HeaderMap,
    ) -> Result<(), Problem> {
        if !deliverer.policy.lets_in(headers, &app.public_url) {
            return Err(not_shown_here(headers));
        }
        let part = keys::part_of(&grant.prefix);
        // What a person takes along is theirs, whatever becomes of their organization.
        if part != Some(Part::PersonsExport) {
            deliverer.standing.require_active("file")?;
        }
        if !self.policies.is_shown(app, grant, part).await? {
            return Err(Problem::not_found("file"));
        }
        Ok(())
    }

    async fn deliver(&self, app: &App, asked: &Asked) -> Result<Response, Problem> {
        self.guarded(app, &asked.grant, &asked.headers, asked.fetched, async |policy| {
            self.answer(app, asked, policy).await
        })
        .await
    }

    async fn answer(&self, app: &App, asked: &Asked, policy: &Policy) -> Result<Response, Problem> {
        match MadeForPlayers::at(&asked.grant, &asked.key) {
            None => self.stored(app, asked, &asked.key, policy).await,
            // Out of the future that each segment makes.
            Some(made) => Box::pin(self.made(app, asked, policy, made)).await,
        }
    }

    async fn made(
        &self,
        app: &App,
        asked: &Asked,
        policy: &Policy,
        made: MadeForPlayers,
    ) -> Result<Response, Problem> {
        match made {
            MadeForPlayers::Frame(frame) => {
                if app.blobs.head(&asked.key).await?.is_none() {
                    self.players.make_frame(app, &frame, &asked.key).await?;
                }
                self.stored(app, asked, &asked.key, policy).await
            }
            MadeForPlayers::Alias(key) => self.stored(app, asked, &key, policy).await,
            MadeForPlayers::Track(track) => {
                let source = self.players.track_source(app, &track).await?;
                if let Some(response) = unwritten(app, asked, policy, &source.version)? {
                    return Ok(response);
                }
                let bytes = self.players.track(app, &track, &source).await?;
                let sent = |part| bytes_while_taken(part, app.limits.stalled_after);
                written(app, asked, policy, bytes, Some(&source.version), sent)
            }
            MadeForPlayers::Waveform(recording) => {
                let Params(wanted) = Params::<WantedPicture>::of(&self.uri)?;
                let (bytes, version) = wanted.drawn(app, recording).await?;
                written(app, asked, policy, bytes, Some(&version), Body::from)
            }
            MadeForPlayers::Text(text) => {
                let text = self.players.text(app, &text).await?;
                written(app, asked, policy, text.into(), None, Body::from)
            }
        }
    }

    /// A file of the blob store, which lies at `key`.
    async fn stored(
        &self,
        app: &App,
        asked: &Asked,
        key: &BlobKey,
        policy: &Policy,
    ) -> Result<Response, Problem> {
        let Asked { method, headers, .. } = asked;
        // What the client may have already is looked at before it is opened: a service would begin to send it.
        if method == Method::HEAD || headers.contains_key(header::IF_NONE_MATCH) {
            let meta = app.blobs.head(key).await?.ok_or_else(|| Problem::not_found("file"))?;
            require_wanted(headers, meta.etag.as_deref())?;
            let has_it = is_current(headers, meta.etag.as_deref());
            if has_it || method == Method::HEAD {
                let mut response = if has_it {
                    StatusCode::NOT_MODIFIED.into_response()
                } else {
                    let mut response = StatusCode::OK.into_response();
                    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(meta.size_bytes));
                    response
                };
                let version = Version { etag: meta.etag.as_deref(), is_lasting: true };
                describe(app, &mut response, asked, policy, version);
                return Ok(response);
            }
        }
        let (read, is_part) = open(app, key, headers).await?;
        let etag = read.meta.etag.clone();
        let mut response = answer(read, is_part, &self.sender);
        describe(app, &mut response, asked, policy, Version { etag: etag.as_deref(), is_lasting: true });
        Ok(response)
    }
}

/// The part of a file that is asked for, if it is of the version that the client has: it would be put together with what is there
/// (RFC 9110, 13.1.5). Otherwise all of it.
async fn open(app: &App, key: &BlobKey, headers: &HeaderMap) -> Result<(BlobRead, bool), Problem> {
    let Some(range) = wanted_range(headers) else { return open_whole(app, key, headers).await };
    match app.blobs.get(key, Some(range)).await {
        Ok(read) => {
            require_wanted(headers, read.meta.etag.as_deref())?;
            if is_same(headers, read.meta.etag.as_deref()) {
                return Ok((read, true));
            }
        }
        Err(BlobError::RangeInvalid { size_bytes }) => {
            let meta = app.blobs.head(key).await?.ok_or_else(|| Problem::not_found("file"))?;
            let etag = meta.etag.as_deref();
            // Whether it is what the client means comes first (RFC 9110, 13.2.2); that they do not have it already is known.
            require_wanted(headers, etag)?;
            if is_same(headers, etag) {
                return Err(range_problem(size_bytes));
            }
        }
        Err(error) => return Err(error.into()),
    }
    open_whole(app, key, headers).await
}

async fn open_whole(app: &App, key: &BlobKey, headers: &HeaderMap) -> Result<(BlobRead, bool), Problem> {
    let read = app.blobs.get(key, None).await?;
    require_wanted(headers, read.meta.etag.as_deref())?;
    Ok((read, false))
}

fn answer(read: BlobRead, partial: bool, sender: &FileSender) -> Response {
    let (range, size_bytes) = (read.range.clone(), read.meta.size_bytes);
    let status = if partial { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let mut response = (status, sender.body(read)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    if partial && let Ok(value) = HeaderValue::from_str(&memoreel_blob::content_range(&range, size_bytes)) {
        headers.insert(header::CONTENT_RANGE, value);
    }
    response
}

/// What is answered to who has this version already, or asks for nothing but what is known of it; `None` to others.
fn unwritten(app: &App, asked: &Asked, policy: &Policy, version: &str) -> Result<Option<Response>, Problem> {
    let etag = etag_of_version(asked, version);
    require_wanted(&asked.headers, Some(&etag))?;
    let mut response = if is_current(&asked.headers, Some(&etag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else if asked.method == Method::HEAD {
        super::clips::of_unknown_length()
    } else {
        return Ok(None);
    };
    describe(app, &mut response, asked, policy, Version { etag: Some(&etag), is_lasting: true });
    Ok(Some(response))
}

fn etag_of_version(asked: &Asked, version: &str) -> String {
    super::clips::etag_of([version.as_bytes(), asked.key.as_str().as_bytes()])
}

/// What was written just now, as `sent`. `version` tells it from another, if that takes no look at all of it.
fn written(
    app: &App,
    asked: &Asked,
    policy: &Policy,
    bytes: Bytes,
    version: Option<&str>,
    sent: impl FnOnce(Bytes) -> Body,
) -> Result<Response, Problem> {
    let etag = match version {
        Some(version) => etag_of_version(asked, version),
        None => super::clips::etag_of([bytes.as_ref(), &[]]),
    };
    require_wanted(&asked.headers, Some(&etag))?;
    let size_bytes = bytes.len() as u64;
    let range = wanted_range(&asked.headers)
        .filter(|_| asked.method == Method::GET && is_same(&asked.headers, Some(&etag)))
        .map(|range| range.resolve(size_bytes));
    let mut response = match range {
        _ if is_current(&asked.headers, Some(&etag)) => StatusCode::NOT_MODIFIED.into_response(),
        Some(Err(_)) => return Err(range_problem(Some(size_bytes))),
        None => ([(header::CONTENT_LENGTH, HeaderValue::from(size_bytes))], sent(bytes)).into_response(),
        Some(Ok(range)) => {
            let part = bytes.slice(range.start as usize..range.end as usize);
            let length = [(header::CONTENT_LENGTH, HeaderValue::from(part.len()))];
            let mut response = (StatusCode::PARTIAL_CONTENT, length, sent(part)).into_response();
            if let Ok(value) = HeaderValue::from_str(&memoreel_blob::content_range(&range, size_bytes)) {
                response.headers_mut().insert(header::CONTENT_RANGE, value);
            }
            response
        }
    };
    describe(app, &mut response, asked, policy, Version { etag: Some(&etag), is_lasting: version.is_some() });
    Ok(response)
}

/// What is answered.
struct Version<'e> {
    etag: Option<&'e str>,
    /// Whether nothing else comes under the same key, unless it is a manifest: a manifest gains variants while the ladder is encoded.
    is_lasting: bool,
}

fn describe(app: &App, response: &mut Response, asked: &Asked, policy: &Policy, version: Version<'_>) {
    let grant = &asked.grant;
    let headers = response.headers_mut();
    // It has some twenty, with those that every answer gets, and would grow again and again.
    headers.reserve(HEADERS);
    let content_type = memoreel_blob::content_type(&asked.key);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX));
    let changes = !version.is_lasting || content_type.contains("mpegurl") || content_type.contains("dash");
    // What a cookie opens is not to be had by its address, and what was uploaded may be more than is shown.
    let is_shared = asked.fetched == Fetched::ByAddress
        && !grant.is_private
        && matches!(grant.purpose, Purpose::Playback | Purpose::Preview)
        && matches!(keys::part_of(&grant.prefix), Some(Part::Asset(_)));
    let left_seconds = (grant.expires_at - app.clock.now()).num_seconds();
    let policy = Policy { shared_caching: policy.shared_caching && is_shared, ..policy.clone() };
    if let Ok(cache) = HeaderValue::from_str(&policy.cache_control(changes, left_seconds)) {
        headers.insert(header::CACHE_CONTROL, cache);
    }
    if let Some(name) = &grant.download_name {
        headers.insert(
            header::CONTENT_DISPOSITION,
            memoreel_blob::content_disposition(Disposition::Attachment, name),
        );
    }
    if let Some(etag) = version.etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
        headers.insert(header::ETAG, etag);
    }
}

/// 403: the page the request comes from may not show it.
pub(super) fn not_shown_here(headers: &HeaderMap) -> Problem {
    let (detail, hint) = if delivery::page_host(headers).is_some() {
        (
            "These media are not shown on the web site this request comes from.",
            "Add its domain to `referrer_domains` in the delivery settings of the organization.",
        )
    } else {
        (
            "These media are shown on some web sites alone, and this request does not say which one it comes from.",
            "Send `Referer`, or let whoever says nothing have them: `allows_no_referrer` in the delivery settings of the organization.",
        )
    };
    Problem::new(StatusCode::FORBIDDEN, "referrer_not_allowed", detail).hint(hint)
}

pub(super) fn signature_problem(error: SignatureError) -> Problem {
    match error {
        SignatureError::Invalid => Problem::not_found("file"),
        SignatureError::Expired => Problem::new(StatusCode::GONE, error.code(), "This address has expired.")
            .hint("Ask for another one where this one came from, such as by loading the page again."),
    }
}
