//! The HTTP side: one file per resource.

mod api_keys;
mod consents;
mod domains;
mod emails;
mod identities;
mod invitations;
mod me;
mod members;
mod organizations;
mod passkeys;
mod passwords;
mod preferences;
mod providers;
mod sessions;
mod totp;
mod users;

use crate::{accounts::Device, accounts::SignedIn, cookie, model::Me, providers::Providers};
use axum::{
    Extension, extract::Request, response::AppendHeaders, response::IntoResponse, response::Response,
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use memoreel_web::{App, Json, client_address, user_agent};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Shows who is sitting there. No `Debug`, because of the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Presence {
    /// The password of the account; not needed within a quarter of an hour after signing in.
    #[schema(format = Password, nullable = false)]
    password: Option<String>,
}

/// Every route of this slice, relative to `/api/v1`.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(users::create_user))
        .routes(routes!(sessions::create_session, sessions::list_sessions, sessions::delete_other_sessions))
        .routes(routes!(sessions::delete_current_session))
        .routes(routes!(passkeys::begin_passkey_sign_in))
        .routes(routes!(passkeys::create_session_by_passkey))
        .routes(routes!(sessions::delete_session))
        .routes(routes!(me::get_me, me::update_me))
        .routes(routes!(organizations::create_organization))
        .routes(routes!(
            organizations::get_organization,
            organizations::update_organization,
            organizations::delete_organization
        ))
        .routes(routes!(organizations::restore_organization))
        .routes(routes!(members::transfer_organization))
        .routes(routes!(members::list_members))
        .routes(routes!(members::update_member, members::delete_member))
        .routes(routes!(invitations::list_invitations, invitations::create_invitation))
        .routes(routes!(invitations::resend_invitation))
        .routes(routes!(invitations::revoke_invitation))
        .routes(routes!(invitations::lookup_invitation))
        .routes(routes!(invitations::accept_invitation))
        .routes(routes!(invitations::decline_invitation))
        .routes(routes!(preferences::get_preferences, preferences::update_preferences))
        .routes(routes!(consents::list_consents, consents::record_consent))
        .routes(routes!(emails::confirm_email))
        .routes(routes!(emails::resend_confirmation))
        .routes(routes!(emails::change_email))
        .routes(routes!(emails::get_email_change, emails::withdraw_email_change))
        .routes(routes!(emails::confirm_email_change))
        .routes(routes!(passwords::change_password))
        .routes(routes!(totp::begin_totp, totp::delete_totp))
        .routes(routes!(totp::confirm_totp))
        .routes(routes!(totp::renew_recovery_codes))
        .routes(routes!(passkeys::begin_passkey))
        .routes(routes!(passkeys::list_passkeys, passkeys::create_passkey))
        .routes(routes!(passkeys::update_passkey, passkeys::delete_passkey))
        .routes(routes!(passwords::request_password_reset))
        .routes(routes!(passwords::reset_password))
        .routes(routes!(providers::list_providers))
        .routes(routes!(providers::start_provider_sign_in))
        .routes(routes!(providers::finish_provider_sign_in))
        .routes(routes!(providers::confirm_provider_sign_in))
        .routes(routes!(identities::list_identities))
        .routes(routes!(identities::delete_identity))
        .routes(routes!(domains::list_domains, domains::create_domain))
        .routes(routes!(domains::verify_domain))
        .routes(routes!(domains::update_domain, domains::delete_domain))
        .routes(routes!(api_keys::list_api_keys, api_keys::create_api_key))
        .routes(routes!(api_keys::delete_api_key))
        .layer(Extension(Providers::default()))
}

/// Secrets and who is signed in are not for caches.
const NO_STORE: (HeaderName, HeaderValue) = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

fn device(request: &Request) -> Device {
    Device {
        address: client_address(request),
        user_agent: user_agent(request.headers()),
        presented: cookie::presented_session(request.headers()),
    }
}

fn welcome(app: &App, SignedIn { me, token }: SignedIn) -> Response {
    let cookie = cookie::set_session(&token, app.secure_cookies).map(|value| (header::SET_COOKIE, value));
    (StatusCode::CREATED, AppendHeaders(cookie), [NO_STORE], Json::<Me>(me)).into_response()
}
