//! Signing in through a provider.

use super::{NO_STORE, device};
use crate::{
    accounts::SignedIn,
    consents::Agreed,
    cookie,
    model::Me,
    provider_sign_in::{self, Arrived, Back, Wanted},
    providers::Providers,
};
use axum::{
    Extension,
    extract::{FromRequest, FromRequestParts, Path, Request, State},
    response::{AppendHeaders, IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use memoreel_kernel::Caller;
use memoreel_web::{
    App, CurrentDocument, Document, Json, Params, Problem, ProblemBody, Result, client_address,
};
use serde::{Deserialize, Serialize};
use url::{Position, Url, form_urlencoded};
use utoipa::{IntoParams, ToSchema};

/// A provider people can sign in through.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProviderOffer {
    /// Names it in addresses.
    #[schema(example = "harbour")]
    id: String,
    /// What people call it.
    #[schema(example = "Harbour Board")]
    name: String,
}

/// How people can get in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProviderList {
    /// In the order in which they are to be offered.
    items: Vec<ProviderOffer>,
    /// Whether people can make accounts of their own.
    is_sign_up_open: bool,
    /// Whether mails are sent. A server without a mail server keeps them as files, for whoever runs it.
    sends_mail: bool,
    /// What whoever makes an account has to agree to.
    documents: Vec<AskedDocument>,
}

/// Something to read and agree to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AskedDocument {
    /// Which.
    document: Document,
    /// The version that holds now.
    version: String,
    /// Where it can be read.
    url: Option<String>,
}

/// List providers
///
/// Those people can sign in through, whether they can sign up, and what they have to agree to then.
#[utoipa::path(
    get, path = "/auth/providers", operation_id = "list_providers", tag = "Accounts",
    security(()),
    responses((status = 200, description = "The providers", body = ProviderList))
)]
pub(super) async fn list_providers(State(app): State<App>) -> Json<ProviderList> {
    let offer = |provider: &memoreel_web::Provider| ProviderOffer {
        id: provider.id.clone(),
        name: provider.name.clone(),
    };
    let asked = |(document, current): (Document, &CurrentDocument)| AskedDocument {
        document,
        version: current.version.clone(),
        url: current.url.clone(),
    };
    Json(ProviderList {
        items: app.sign_in.providers.iter().map(offer).collect(),
        is_sign_up_open: !app.sign_in.is_sign_up_closed,
        sends_mail: app.sends_mail,
        documents: app.documents.asked_at_sign_up().map(asked).collect(),
    })
}

/// What is wanted of a provider. No `Debug`, because of the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderStart {
    /// The page of this server to go to afterwards; the first one if absent.
    #[schema(example = "/library", max_length = 2000, nullable = false)]
    return_to: Option<String>,
    /// Whether to link what one is at the provider to the account one is signed in with, instead of signing in.
    #[serde(default)]
    link: bool,
    /// What one agrees to in case an account is made: the versions one read, by document.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, String>)]
    agreed: Agreed,
    /// For linking: the password of the account, if it has one.
    #[schema(format = Password, nullable = false)]
    password: Option<String>,
}

/// Where to go.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProviderTrip {
    /// The provider's page, for the browser to open.
    url: String,
}

/// Begin to sign in through a provider
///
/// Or to link what one is there. The answer sets a cookie that the browser has to come back with, within ten minutes.
#[utoipa::path(
    post, path = "/auth/providers/{provider}/start", operation_id = "start_provider_sign_in", tag = "Accounts",
    security(()),
    params(("provider" = String, Path, description = "The provider")),
    request_body = ProviderStart,
    responses(
        (status = 200, description = "Where to go", body = ProviderTrip),
        (status = 401, description = "`unauthenticated`, when linking", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`consent_version_stale`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`return_to_invalid`; when linking, `password_required` or `password_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited` or `sign_in_throttled`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`provider_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn start_provider_sign_in(
    State(app): State<App>,
    Extension(providers): Extension<Providers>,
    request: Request,
) -> Result<Response> {
    app.limits.sign_in.take(&client_address(&request))?;
    let (mut parts, body) = request.into_parts();
    let Provider(provider) = Provider::from_request_parts(&mut parts, &app).await?;
    let caller = parts.extensions.get::<Caller>().copied();
    let Json(start) = Json::<ProviderStart>::from_request(Request::from_parts(parts, body), &app).await?;
    let linking = if start.link {
        let caller = caller.ok_or_else(Problem::unauthenticated)?;
        let user_id = caller.user_id.ok_or_else(Problem::unauthenticated)?;
        Some((caller, user_id, start.password))
    } else {
        None
    };
    let wanted = Wanted {
        return_to: start.return_to.as_deref().unwrap_or("/"),
        agreed: &start.agreed,
        linking: linking.as_ref().map(|(caller, user_id, password)| (caller, *user_id, password.clone())),
    };
    let started = provider_sign_in::start(&app, &providers, &provider, wanted).await?;
    let cookie = cookie::set_trip(&started.browser_token, app.secure_cookies);
    let cookie = cookie.map(|value| (header::SET_COOKIE, value));
    let trip = ProviderTrip { url: started.url.into() };
    Ok((AppendHeaders(cookie), [NO_STORE], Json(trip)).into_response())
}

/// The id of a provider in the path; what cannot be one names none.
struct Provider(String);

impl<S: Send + Sync> FromRequestParts<S> for Provider {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut http::request::Parts, state: &S) -> Result<Self> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(id)| Self(id)).map_err(|_| Problem::not_found("provider"))
    }
}

/// What a provider sends people back with.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ProviderAnswer {
    /// To be exchanged for who they are.
    code: Option<String>,
    /// Names the trip.
    state: Option<String>,
    /// Why there is no code.
    error: Option<String>,
    /// Who says so.
    iss: Option<String>,
}

/// Come back from a provider
///
/// Where providers send browsers to. Leads on to the page that was wanted, signed in; to the page that asks for the code of an
/// authenticator app; or to one that says what went wrong. A program is answered with the problem itself.
#[utoipa::path(
    get, path = "/auth/providers/{provider}/callback", operation_id = "finish_provider_sign_in", tag = "Accounts",
    security(()),
    params(("provider" = String, Path, description = "The provider"), ProviderAnswer),
    responses(
        (status = 303, description = "On to the next page"),
        (status = 403, description = "`provider_refused`, `provider_answer_wrong`, `identity_unverified`, `identity_email_missing`, `provider_required`, `sign_up_closed` or `account_closed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`identity_taken`, `identity_differs`, `email_taken` or `consent_version_stale`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`sign_in_unknown`, or `consent_required` of whoever has no account yet", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`provider_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn finish_provider_sign_in(
    State(app): State<App>,
    Extension(providers): Extension<Providers>,
    request: Request,
) -> Result<Response> {
    let is_browser = shows_pages(request.headers());
    let device = device(&request);
    let (mut parts, _) = request.into_parts();
    let Provider(provider) = Provider::from_request_parts(&mut parts, &app).await?;
    let Params(answer) = Params::<ProviderAnswer>::from_request_parts(&mut parts, &app).await?;
    let back = Back {
        code: answer.code,
        state: answer.state.as_deref(),
        error: answer.error.as_deref(),
        issuer: answer.iss.as_deref(),
        browser_token: cookie::trip_token(&parts.headers),
        caller: parts.extensions.get::<Caller>().copied(),
    };
    let secure = app.secure_cookies;
    let arrived = provider_sign_in::arrive(&app, &providers, &provider, back, &device).await;
    Ok(match arrived {
        Ok(Arrived::SignedIn { token, return_to }) => {
            lead_to(&return_to, [cookie::set_session(&token, secure), cookie::clear_trip(secure)])
        }
        Ok(Arrived::Linked { return_to }) => lead_to(&return_to, [cookie::clear_trip(secure)]),
        Ok(Arrived::CodeAsked { browser_token }) => {
            lead_to("/sign-in/code", [cookie::set_trip(&browser_token, secure)])
        }
        Err(error) => {
            let problem = Problem::from(error);
            if !is_browser {
                return Err(problem);
            }
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("code", problem.code())
                .append_pair("provider", &provider)
                .finish();
            lead_to(&format!("/sign-in/problem?{query}"), [cookie::clear_trip(secure)])
        }
    })
}

/// On to a page of this server.
fn lead_to<const N: usize>(address: &str, cookies: [Option<HeaderValue>; N]) -> Response {
    // As a browser would write it, which is what a header can hold.
    let url = Url::parse("https://here.invalid").and_then(|here| here.join(address));
    let location = url.ok().and_then(|url| HeaderValue::from_str(&url[Position::BeforePath..]).ok());
    let location = location.unwrap_or(HeaderValue::from_static("/"));
    let cookies = cookies.into_iter().flatten().map(|value| (header::SET_COOKIE, value));
    let headers = [NO_STORE, (header::LOCATION, location)];
    (StatusCode::SEE_OTHER, headers, AppendHeaders(cookies)).into_response()
}

/// Whether somebody looks at the answer.
fn shows_pages(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

/// What is asked for after the provider.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderCode {
    /// What the authenticator app shows, or a recovery code.
    #[schema(example = "287082")]
    code: String,
}

/// Somebody is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProviderSignedIn {
    /// Who.
    me: Me,
    /// The page they wanted to go to.
    return_to: String,
}

/// Give a code after a provider
///
/// For accounts with an authenticator app, with the cookie of the trip to the provider. The answer sets the session cookie.
#[utoipa::path(
    post, path = "/auth/code", operation_id = "confirm_provider_sign_in", tag = "Accounts",
    security(()),
    request_body = ProviderCode,
    responses(
        (status = 201, description = "Signed in", body = ProviderSignedIn),
        (status = 401, description = "`code_required` or `code_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`account_closed` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`sign_in_unknown`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited` or `sign_in_throttled`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn confirm_provider_sign_in(State(app): State<App>, request: Request) -> Result<Response> {
    let device = device(&request);
    app.limits.sign_in.take(&device.address)?;
    let browser_token = cookie::trip_token(request.headers()).map(str::to_owned);
    let Json(ProviderCode { code }) = Json::from_request(request, &app).await?;
    let confirmed = provider_sign_in::confirm(&app, browser_token.as_deref(), &code, &device).await?;
    let (SignedIn { me, token }, return_to) = confirmed;
    let secure = app.secure_cookies;
    let cookies = [cookie::set_session(&token, secure), cookie::clear_trip(secure)];
    let cookies = cookies.into_iter().flatten().map(|value| (header::SET_COOKIE, value));
    let signed_in = ProviderSignedIn { me, return_to };
    Ok((StatusCode::CREATED, [NO_STORE], AppendHeaders(cookies), Json(signed_in)).into_response())
}
