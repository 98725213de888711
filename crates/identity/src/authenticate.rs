//! The middleware that finds out who is calling.
//!
//! A bearer key that is wrong ends the request; a cookie that is wrong only leaves it without a caller, because a
//! browser sends old cookies along to the sign-in page too.

use crate::{
    IdentityError, SESSION_IDLE_MAX, cookie,
    store::{self, Bearer, Cookie},
    token::{self, TokenHash},
};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use memoreel_db::SystemReason;
use memoreel_kernel::{Actor, Caller, OrganizationId, SessionId, Timestamp, UserId};
use memoreel_web::{Admission, App, Closed, Closing, Problem, ServedTo, client_address};

/// Names the organization a request is about; the personal one without it.
pub const ORGANIZATION_HEADER: HeaderName = HeaderName::from_static("memoreel-organization");
/// Any value shows that a script of this site, or a program, made the request: another site's page cannot set it
/// without the browser asking first, and is refused then.
pub const REQUEST_HEADER: HeaderName = HeaderName::from_static("x-memoreel-request");

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// A session's end is pushed at most this often, so that reading does not write.
const RENEWED_EVERY: TimeDelta = TimeDelta::hours(1);
/// The use of an API key is noted at most this often.
const USE_NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Puts the [`Caller`] behind a session cookie or a bearer key into the request's extensions, and beside it [`Closed`]
/// when the caller's organization is not at work, and [`Closing`] when their account is closed.
///
/// Refuses wrong API keys (401 `api_key_wrong`), cookie-authenticated changes that another site may have caused
/// (403 `csrf_header_missing`), and organizations the credentials do not open (404).
pub async fn authenticate(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let presented = match Presented::of(&request) {
        Ok(presented) => presented,
        Err(problem) => return problem.into_response(),
    };
    // Before anything is looked up: what changes afterwards is told.
    let mark = app.live.admission_mark();
    match presented.identify(&app).await {
        Err(problem) => problem.into_response(),
        Ok(None) => next.run(request).await,
        Ok(Some(Identified { caller, closed, closing, renewed, ends_at })) => {
            request.extensions_mut().insert(caller);
            request.extensions_mut().insert(Admission { mark, ends_at });
            if let Some(erased_after) = closing {
                request.extensions_mut().insert(Closing { erased_after });
            }
            if let Some(closed) = closed {
                request.extensions_mut().insert(closed);
            }
            let mut response = next.run(request).await;
            response.extensions_mut().insert(ServedTo::from(&caller));
            if let Some(cookie) = renewed.filter(|_| !cookie::is_set(response.headers())) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
    }
}

/// What a request shows of its sender. Owned, because a request cannot be held while waiting for the database.
struct Presented {
    credential: Credential,
    organization_id: Option<OrganizationId>,
    address: String,
    is_change: bool,
    is_ours: bool,
    opens_or_ends_session: bool,
}

enum Credential {
    None,
    Cookie { token: String, hash: TokenHash },
    ApiKey(Option<TokenHash>),
}

struct Identified {
    caller: Caller,
    closed: Option<Closed>,
    closing: Option<Timestamp>,
    renewed: Option<HeaderValue>,
    /// When what was presented ends by itself.
    ends_at: Option<Timestamp>,
}

impl Presented {
    fn of(request: &Request) -> Result<Self, Problem> {
        let headers = request.headers();
        let (method, path) = (request.method(), request.uri().path());
        let opens_or_ends_session = (method == Method::POST
            && ["/users", "/sessions", "/sessions/passkey", "/sessions/passkey/begin"]
                .iter()
                .any(|opens| path.ends_with(opens)))
            || path.contains("/auth/")
            || (method == Method::DELETE && path.ends_with("/sessions/current"));
        let credential = Credential::of(headers);
        let organization_id = match (&credential, headers.get(&ORGANIZATION_HEADER)) {
            (Credential::None, _) | (_, None) => None,
            // An old choice of organization must not keep anybody from signing in or out, or from entering another.
            _ if opens_or_ends_session || answers_invitation(path) => None,
            (_, Some(value)) => {
                Some(organization_id(value).ok_or_else(|| Problem::not_found("organization"))?)
            }
        };
        Ok(Self {
            credential,
            organization_id,
            address: client_address(request),
            is_change: !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS),
            is_ours: is_ours(headers),
            opens_or_ends_session,
        })
    }

    async fn identify(&self, app: &App) -> Result<Option<Identified>, Problem> {
        let now = app.clock.now();
        match &self.credential {
            Credential::None => Ok(None),
            Credential::Cookie { token, hash } => self.identify_cookie(app, token, hash, now).await,
            Credential::ApiKey(hash) => {
                let bearer = match hash {
                    Some(hash) => self.find_bearer(app, hash, now).await?,
                    None => None,
                };
                let Some(bearer) = bearer else {
                    // Whoever tries keys does it at the pace of an address that is not signed in.
                    app.limits.general.take(&self.address)?;
                    return Err(IdentityError::ApiKeyWrong.into());
                };
                if self.organization_id.is_some_and(|wanted| wanted != bearer.place.organization_id) {
                    return Err(Problem::not_found("organization"));
                }
                let caller = Caller {
                    organization_id: bearer.place.organization_id,
                    user_id: Some(bearer.user_id),
                    role: Some(bearer.place.role),
                    actor: Actor::ApiKey(bearer.api_key_id),
                };
                let (closed, closing) = (bearer.place.closed, bearer.erased_after);
                let ends_at = bearer.expires_at;
                Ok(Some(Identified { caller, closed, closing, renewed: None, ends_at }))
            }
        }
    }

    async fn find_bearer(
        &self,
        app: &App,
        hash: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<Bearer>, Problem> {
        let Some(bearer) = store::find_bearer(&app.db, hash, now).await? else { return Ok(None) };
        let used_before = now - USE_NOTED_EVERY;
        if bearer.last_used_at.is_none_or(|last_used_at| last_used_at <= used_before) {
            let organization_id = bearer.place.organization_id;
            let mut tx = app.db.system(SystemReason::SignIn).await?;
            store::mark_key_used(&mut tx, organization_id, bearer.api_key_id, now, used_before).await?;
            tx.commit().await?;
        }
        Ok(Some(bearer))
    }

    async fn identify_cookie(
        &self,
        app: &App,
        token: &str,
        hash: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<Identified>, Problem> {
        let Some(cookie) = store::find_cookie(&app.db, hash, self.organization_id, now).await? else {
            return Ok(None);
        };
        let Cookie { session_id, user_id, last_seen_at, expires_at, erased_after, place } = cookie;
        if self.is_change && !self.is_ours {
            return Err(IdentityError::RequestHeaderMissing.into());
        }
        let Some(place) = place else {
            return if self.opens_or_ends_session {
                Ok(None)
            } else {
                Err(Problem::not_found("organization"))
            };
        };
        let (mut renewed, mut ends_at) = (None, expires_at);
        if last_seen_at <= now - RENEWED_EVERY {
            let mut tx = app.db.system(SystemReason::SignIn).await?;
            store::renew_session(&mut tx, session_id, now, now - RENEWED_EVERY).await?;
            tx.commit().await?;
            renewed = cookie::set_session(token, app.secure_cookies);
            ends_at = now + SESSION_IDLE_MAX;
        }
        let caller = Caller {
            organization_id: place.organization_id,
            user_id: Some(user_id),
            role: Some(place.role),
            actor: Actor::Session(session_id),
        };
        Ok(Some(Identified {
            caller,
            closed: place.closed,
            closing: erased_after,
            renewed,
            ends_at: Some(ends_at),
        }))
    }
}

/// Whether the request is about the organization of a token instead of one's own.
fn answers_invitation(path: &str) -> bool {
    ["lookup", "accept", "decline"].iter().any(|answer| path.ends_with(&format!("/invitations/{answer}")))
}

impl Credential {
    /// A bearer key goes before a cookie: whoever sends one means it.
    fn of(headers: &HeaderMap) -> Self {
        if let Some(key) = headers.get(header::AUTHORIZATION).and_then(bearer) {
            return Self::ApiKey(token::api_key_hash(key));
        }
        if is_of_another_site(headers) {
            return Self::None;
        }
        match cookie::session_token(headers)
            .and_then(|token| Some((token, token::session_token_hash(token)?)))
        {
            Some((token, hash)) => Self::Cookie { token: token.to_owned(), hash },
            None => Self::None,
        }
    }
}

/// The key of `Authorization: Bearer …`; the scheme's case does not matter (RFC 9110 section 11.1).
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn organization_id(value: &HeaderValue) -> Option<OrganizationId> {
    value.to_str().ok()?.parse().ok()
}

fn is_ours(headers: &HeaderMap) -> bool {
    headers.contains_key(&REQUEST_HEADER)
        || headers.get(&SEC_FETCH_SITE).is_some_and(|site| site == "same-origin")
}

/// Whether a page of another origin asks, of however near a site, rather than somebody who follows a link: its scripts may call the
/// API with keys, and get nothing for a cookie.
fn is_of_another_site(headers: &HeaderMap) -> bool {
    headers.get(&SEC_FETCH_SITE).is_some_and(|site| site == "cross-site" || site == "same-site")
        && headers.get(&SEC_FETCH_MODE).is_some_and(|mode| mode != "navigate")
}

/// The person behind a caller.
///
/// # Errors
/// [`IdentityError::SessionRequired`] for background tasks.
pub(crate) fn user_of(caller: &Caller) -> Result<UserId, IdentityError> {
    caller.user_id.ok_or(IdentityError::SessionRequired)
}

/// The session behind a caller, for what a program must not do on its own.
///
/// # Errors
/// [`IdentityError::SessionRequired`] for API keys.
pub(crate) fn session_of(caller: &Caller) -> Result<SessionId, IdentityError> {
    match caller.actor {
        Actor::Session(id) => Ok(id),
        Actor::ApiKey(_) | Actor::Service => Err(IdentityError::SessionRequired),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).expect("a value")))
            .collect()
    }

    #[test]
    fn a_bearer_key_goes_before_a_cookie() {
        let key = token::new_api_key();
        let cookie = format!("memoreel_session={}", token::new_session_token().token);
        let both = headers(&[
            (header::AUTHORIZATION, &format!("bearer  {}", key.secret)),
            (header::COOKIE, &cookie),
        ]);
        assert!(matches!(Credential::of(&both), Credential::ApiKey(Some(hash)) if hash == key.hash));
        assert!(matches!(Credential::of(&headers(&[(header::COOKIE, &cookie)])), Credential::Cookie { .. }));
    }

    #[test]
    fn a_foreign_bearer_token_is_a_wrong_key_and_another_scheme_is_none() {
        let foreign = headers(&[(header::AUTHORIZATION, "Bearer eyJhbGciOi")]);
        assert!(matches!(Credential::of(&foreign), Credential::ApiKey(None)));
        let basic = headers(&[(header::AUTHORIZATION, "Basic YTpi")]);
        assert!(matches!(Credential::of(&basic), Credential::None));
    }

    #[test]
    fn a_cookie_is_not_looked_at_for_a_page_of_another_origin() {
        let cookie = format!("memoreel_session={}", token::new_session_token().token);
        let of = |site, mode| {
            let sent = [(header::COOKIE, cookie.as_str()), (SEC_FETCH_SITE, site), (SEC_FETCH_MODE, mode)];
            Credential::of(&headers(&sent))
        };
        for (site, mode) in [("cross-site", "cors"), ("same-site", "cors"), ("cross-site", "no-cors")] {
            assert!(matches!(of(site, mode), Credential::None), "{site} {mode}");
        }
        for (site, mode) in [("same-origin", "cors"), ("none", "navigate"), ("cross-site", "navigate")] {
            assert!(matches!(of(site, mode), Credential::Cookie { .. }), "{site} {mode}");
        }
    }

    #[test]
    fn only_our_own_pages_and_programs_may_change_things() {
        assert!(is_ours(&headers(&[(REQUEST_HEADER, "1")])));
        assert!(is_ours(&headers(&[(SEC_FETCH_SITE, "same-origin")])));
        for site in ["same-site", "cross-site", "none"] {
            assert!(!is_ours(&headers(&[(SEC_FETCH_SITE, site)])), "{site}");
        }
        assert!(!is_ours(&HeaderMap::new()));
    }
}
