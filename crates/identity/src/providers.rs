//! Speaking OpenID Connect with providers: where people are sent, and who they are when they come back (the authorization code
//! flow of OpenID Connect Core 1.0 with PKCE, RFC 7636).
//!
//! Nothing here knows accounts.

use crate::{
    IdentityError, input,
    provider_http::{ProviderHttp, ProviderHttpError},
};
use chrono::TimeDelta;
use memoreel_kernel::Timestamp;
use memoreel_web::Provider;
use openidconnect::{
    AccessTokenHash, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    DiscoveryError, EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, SignatureVerificationError,
    SubjectIdentifier, TokenResponse, UserInfoError,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdTokenClaims, CoreJwsSigningAlgorithm,
        CoreProviderMetadata, CoreTokenResponse, CoreUserInfoClaims,
    },
};
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};
use tokio::sync::RwLock;
use url::Url;

/// How long a provider's description and keys are believed.
const KNOWN_FOR: TimeDelta = TimeDelta::hours(1);
/// A key that is not among them has them read anew, at most this often: anybody can send one that is not.
const RENEWED_EVERY: TimeDelta = TimeDelta::minutes(1);
/// What the column takes; OpenID Connect Core section 2 allows no more.
const SUBJECT_CHARS_MAX: usize = 255;

/// A token signed with a secret that we know too would prove nothing about its sender.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What one trip to a provider is told apart by. All but the state is derived, and none of it is kept.
pub(crate) struct Trip {
    /// Comes back in the address.
    pub(crate) state: String,
    /// Comes back in the token.
    pub(crate) nonce: String,
    /// Shows that whoever brings the code asked for it.
    pub(crate) verifier: String,
    /// Where people come back to.
    pub(crate) redirect_uri: String,
}

/// Whom a provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Vouched {
    /// Never given to anybody else.
    pub(crate) subject: String,
    /// What mail reaches them by, as far as the provider knows.
    pub(crate) email: Option<String>,
    /// Whether the provider says that it is theirs, and is believed.
    pub(crate) email_verified: bool,
    /// What they are called.
    pub(crate) name: Option<String>,
}

/// What is known of the configured providers. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Providers(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Made when it is first needed.
    http: OnceLock<ProviderHttp>,
    known: RwLock<HashMap<String, Known>>,
}

#[derive(Debug, Clone)]
struct Known {
    metadata: Arc<CoreProviderMetadata>,
    read_at: Timestamp,
}

impl Providers {
    /// Where to send somebody.
    ///
    /// # Errors
    /// [`IdentityError::ProviderUnavailable`].
    pub(crate) async fn authorization_url(
        &self,
        provider: &Provider,
        trip: &Trip,
        now: Timestamp,
    ) -> Result<Url, IdentityError> {
        let metadata = self.metadata(provider, now, KNOWN_FOR).await?;
        let client = client(provider, &metadata, &trip.redirect_uri)?;
        let verifier = PkceCodeVerifier::new(trip.verifier.clone());
        let (state, nonce) = (CsrfToken::new(trip.state.clone()), Nonce::new(trip.nonce.clone()));
        let (url, ..) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || state, move || nonce)
            .add_scopes(provider.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        Ok(url)
    }

    /// Exchanges the code somebody came back with for who they are.
    ///
    /// # Errors
    /// [`IdentityError::ProviderUnavailable`], [`IdentityError::ProviderAnswerWrong`].
    pub(crate) async fn vouched(
        &self,
        provider: &Provider,
        trip: &Trip,
        code: String,
        now: Timestamp,
    ) -> Result<Vouched, IdentityError> {
        let metadata = self.metadata(provider, now, KNOWN_FOR).await?;
        let client = client(provider, &metadata, &trip.redirect_uri)?;
        let exchange = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| wrong(provider, &error))?
            .set_pkce_verifier(PkceCodeVerifier::new(trip.verifier.clone()));
        let tokens = exchange.request_async(self.http()?).await.map_err(|error| match error {
            RequestTokenError::Request(error) => unavailable(provider, &error),
            other => wrong(provider, &other),
        })?;
        let claims = match claims(&client, &tokens, &trip.nonce, now) {
            // The provider may have begun to sign with another key.
            Err(Unproved::Claims(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            ))) => {
                let metadata = self.metadata(provider, now, RENEWED_EVERY).await?;
                let client = self::client(provider, &metadata, &trip.redirect_uri)?;
                claims(&client, &tokens, &trip.nonce, now)
            }
            claims => claims,
        };
        let claims = claims.map_err(|error| wrong(provider, &error))?;
        let mut vouched = Vouched {
            subject: claims.subject().to_string(),
            email: claims.email().map(|email| email.to_string()),
            email_verified: claims.email_verified() == Some(true),
            name: claims
                .name()
                .and_then(|name| name.get(None))
                .map(|name| name.to_string())
                .or_else(|| claims.preferred_username().map(|name| name.to_string())),
        };
        if vouched.email.is_none() || vouched.name.is_none() {
            self.ask_for_more(provider, &client, &tokens, &mut vouched).await?;
        }
        if vouched.subject.chars().count() > SUBJECT_CHARS_MAX {
            return Err(wrong(provider, &"a subject of more than 255 characters"));
        }
        vouched.email = vouched.email.filter(|email| input::email(email).is_ok());
        vouched.email_verified &= vouched.email.is_some() && provider.trust_email;
        Ok(vouched)
    }

    /// Many providers tell addresses and names only there.
    async fn ask_for_more(
        &self,
        provider: &Provider,
        client: &Client,
        tokens: &CoreTokenResponse,
        vouched: &mut Vouched,
    ) -> Result<(), IdentityError> {
        let subject = SubjectIdentifier::new(vouched.subject.clone());
        // Not every provider has such a place.
        let Ok(request) = client.user_info(tokens.access_token().clone(), Some(subject)) else {
            return Ok(());
        };
        let told: CoreUserInfoClaims =
            request.request_async(self.http()?).await.map_err(|error| match error {
                UserInfoError::Request(error) => unavailable(provider, &error),
                other => wrong(provider, &other),
            })?;
        if vouched.email.is_none() {
            vouched.email = told.email().map(|email| email.to_string());
            vouched.email_verified = told.email_verified() == Some(true);
        }
        if vouched.name.is_none() {
            vouched.name = told
                .name()
                .and_then(|name| name.get(None))
                .map(|name| name.to_string())
                .or_else(|| told.preferred_username().map(|name| name.to_string()));
        }
        Ok(())
    }

    /// The provider's description and keys, read anew when they are older than `age_max`.
    async fn metadata(
        &self,
        provider: &Provider,
        now: Timestamp,
        age_max: TimeDelta,
    ) -> Result<Arc<CoreProviderMetadata>, IdentityError> {
        if let Some(known) = self.0.known.read().await.get(&provider.id)
            && now - known.read_at < age_max
        {
            return Ok(Arc::clone(&known.metadata));
        }
        let metadata = Arc::new(self.discover(provider).await?);
        let known = Known { metadata: Arc::clone(&metadata), read_at: now };
        self.0.known.write().await.insert(provider.id.clone(), known);
        Ok(metadata)
    }

    fn http(&self) -> Result<&ProviderHttp, IdentityError> {
        if let Some(http) = self.0.http.get() {
            return Ok(http);
        }
        let made = ProviderHttp::new()?;
        Ok(self.0.http.get_or_init(|| made))
    }

    async fn discover(&self, provider: &Provider) -> Result<CoreProviderMetadata, IdentityError> {
        let issuer =
            IssuerUrl::new(provider.issuer.clone()).map_err(|error| unavailable(provider, &error))?;
        let found = CoreProviderMetadata::discover_async(issuer, self.http()?).await;
        found.map_err(|error: DiscoveryError<ProviderHttpError>| unavailable(provider, &error))
    }
}

/// Asks a provider for its description and keys, for people who want to know whether that works.
///
/// # Errors
/// [`IdentityError::ProviderUnavailable`]; why is in the log.
pub async fn check_provider(provider: &Provider) -> Result<(), IdentityError> {
    Providers::default().discover(provider).await.map(drop)
}

fn client(
    provider: &Provider,
    metadata: &CoreProviderMetadata,
    redirect_uri: &str,
) -> Result<Client, IdentityError> {
    let secret = provider.client_secret.as_ref().map(|secret| ClientSecret::new(secret.reveal().to_owned()));
    let redirect = RedirectUrl::new(redirect_uri.to_owned()).map_err(|error| wrong(provider, &error))?;
    let client = CoreClient::from_provider_metadata(
        metadata.clone(),
        ClientId::new(provider.client_id.clone()),
        secret,
    );
    // The header is what every provider has to understand; a few say that they do not.
    let methods = metadata.token_endpoint_auth_methods_supported();
    let in_body = methods.is_some_and(|methods| {
        !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
            && methods.contains(&CoreClientAuthMethod::ClientSecretPost)
    });
    let auth_type = if in_body { AuthType::RequestBody } else { AuthType::BasicAuth };
    Ok(client.set_redirect_uri(redirect).set_auth_type(auth_type))
}

/// Why a token shows nothing.
#[derive(Debug, thiserror::Error)]
enum Unproved {
    #[error("there is no ID token")]
    Missing,
    #[error("the ID token is not what was asked for: {0}")]
    Claims(ClaimsVerificationError),
    #[error("the ID token belongs to another access token")]
    AccessToken,
}

/// The claims of the ID token, once its signature, issuer, audience, expiry and nonce are what they must be.
fn claims<'t>(
    client: &Client,
    tokens: &'t CoreTokenResponse,
    nonce: &str,
    now: Timestamp,
) -> Result<&'t CoreIdTokenClaims, Unproved> {
    let token = tokens.id_token().ok_or(Unproved::Missing)?;
    let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS).set_time_fn(move || now);
    let claims = token.claims(&verifier, &Nonce::new(nonce.to_owned())).map_err(Unproved::Claims)?;
    if let Some(expected) = claims.access_token_hash() {
        let unsigned = |_| Unproved::AccessToken;
        let algorithm = token.signing_alg().map_err(unsigned)?;
        let key = token.signing_key(&verifier).map_err(|_| Unproved::AccessToken)?;
        let actual = AccessTokenHash::from_token(tokens.access_token(), algorithm, key);
        if actual.map_err(|_| Unproved::AccessToken)? != *expected {
            return Err(Unproved::AccessToken);
        }
    }
    Ok(claims)
}

/// Errors of the crates carry bodies of answers in their fields, which may hold tokens; only their sentences are logged.
fn unavailable(provider: &Provider, error: &dyn std::fmt::Display) -> IdentityError {
    tracing::warn!(provider = provider.id, %error, "a provider cannot be asked");
    IdentityError::ProviderUnavailable { name: provider.name.clone() }
}

pub(crate) fn wrong(provider: &Provider, error: &dyn std::fmt::Display) -> IdentityError {
    tracing::warn!(provider = provider.id, %error, "a provider's answer is not to be believed");
    IdentityError::ProviderAnswerWrong { name: provider.name.clone() }
}
