//! Passkeys: key pairs on people's devices that take the place of password and code (WebAuthn level 3).
//!
//! An authenticator checks by finger, face or PIN who is there before it signs, and the server insists on that; so one
//! that signed counts as both factors. It also tells whose it is, so nobody types an address.
//!
//! A ceremony is two requests. What the server must remember between them lies in a row for ten minutes, found by the
//! hash of a random token that the browser holds. A sealed cookie would need no row, but could be presented again: that a
//! challenge is answered once takes something the server forgets. The answer deletes the row, whether it is good or not.

use crate::{
    IdentityError, PASSKEYS_PER_USER_MAX,
    accounts::{self, Device, SignedIn},
    authenticate::session_of,
    identities, input,
    model::Passkey,
    notices::{self, Notice},
    passwords::prove_presence,
    store::{self, CeremonyPurpose, NewCeremony, NewPasskey},
    token,
};
use chrono::TimeDelta;
use memoreel_db::SystemReason;
use memoreel_kernel::{Caller, PasskeyId, UserId};
use memoreel_web::App;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey as Credential, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Webauthn, WebauthnBuilder, WebauthnError,
};

/// How long a challenge may be answered. Browsers give people five minutes.
const CEREMONY_LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// What a browser needs to ask an authenticator.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PasskeyCeremony {
    /// To be sent back with what the authenticator said. It works once, and for ten minutes.
    pub(crate) ceremony: String,
    /// For `PublicKeyCredential.parseCreationOptionsFromJSON()` or `parseRequestOptionsFromJSON()`.
    #[schema(value_type = Object)]
    pub(crate) options: Value,
}

/// Why a server that people reach at this address cannot do passkeys; `None` when it can.
///
/// Browsers bind a passkey to a name, and offer none to pages that came without encryption. This machine is known to itself
/// as `localhost`, which is excepted.
pub fn passkeys_unavailable(public_url: &str) -> Option<&'static str> {
    origin(public_url).err()
}

/// The name passkeys are bound to, and where their pages come from.
fn origin(public_url: &str) -> Result<(String, Url), &'static str> {
    const NAME: &str =
        "Passkeys need a server with a name: set MEMOREEL_PUBLIC_URL to one that is no network address.";
    const HTTPS: &str =
        "Passkeys need a server that is reached by https: set MEMOREEL_PUBLIC_URL to such an address.";
    let mut url = Url::parse(public_url).map_err(|_| NAME)?;
    let is_loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    if is_loopback {
        url.set_host(Some("localhost")).map_err(|_| NAME)?;
    }
    let name = url.domain().ok_or(NAME)?.to_owned();
    if url.scheme() != "https" && name != "localhost" && !name.ends_with(".localhost") {
        return Err(HTTPS);
    }
    let origin = Url::parse(&url.origin().ascii_serialization()).map_err(|_| NAME)?;
    Ok((name, origin))
}

/// Whether browsers do passkeys with a server at this address.
pub(crate) fn are_available(public_url: &str) -> bool {
    origin(public_url).is_ok()
}

fn relying_party(app: &App) -> Result<Webauthn, IdentityError> {
    let (name, origin) = origin(&app.public_url).map_err(IdentityError::PasskeysUnavailable)?;
    let builder = WebauthnBuilder::new(&name, &origin).map_err(IdentityError::Passkeys)?;
    builder.rp_name("Memoreel").build().map_err(IdentityError::Passkeys)
}

/// Begins to make a passkey.
///
/// # Errors
/// [`IdentityError::PasskeysUnavailable`], [`IdentityError::SessionRequired`], [`IdentityError::RecentSignInRequired`],
/// [`IdentityError::PasswordWrong`], [`IdentityError::PasskeysFull`].
pub(crate) async fn begin_registration(
    app: &App,
    caller: &Caller,
    user_id: UserId,
    password: Option<String>,
) -> Result<PasskeyCeremony, IdentityError> {
    let relying_party = relying_party(app)?;
    prove_presence(app, caller, user_id, password).await?;
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    let owner = store::find_owner(&mut tx, user_id).await?.ok_or(IdentityError::NotFound("user"))?;
    let known = store::credential_ids(&mut tx, user_id).await?;
    if known.len() >= PASSKEYS_PER_USER_MAX {
        return Err(IdentityError::PasskeysFull);
    }
    let (options, state) = relying_party
        .start_passkey_registration(user_id.uuid(), &owner.email, &owner.name, Some(known))
        .map_err(IdentityError::Passkeys)?;
    let mut options = to_json(&options)["publicKey"].take();
    // One that its device does not list would need an address to be typed.
    options["authenticatorSelection"]["residentKey"] = json!("required");
    options["authenticatorSelection"]["requireResidentKey"] = json!(true);
    let token = token::new_ceremony_token();
    let now = app.clock.now();
    let ceremony = NewCeremony {
        token_hash: &token.hash,
        purpose: CeremonyPurpose::Register,
        user_id: Some(user_id),
        state: to_json(&state),
        expires_at: now + CEREMONY_LIFETIME,
    };
    store::insert_ceremony(&mut tx, &ceremony).await?;
    tx.commit().await?;
    Ok(PasskeyCeremony { ceremony: token.token, options })
}

/// Keeps the passkey that was made.
///
/// # Errors
/// [`IdentityError::PasskeysUnavailable`], [`IdentityError::SessionRequired`], [`IdentityError::SessionEnded`],
/// [`IdentityError::NameInvalid`], [`IdentityError::PasskeyInvalid`], [`IdentityError::PasskeyTaken`], [`IdentityError::PasskeysFull`].
pub(crate) async fn finish_registration(
    app: &App,
    caller: &Caller,
    user_id: UserId,
    ceremony: &str,
    name: &str,
    credential: &RegisterPublicKeyCredential,
) -> Result<Passkey, IdentityError> {
    let session_id = session_of(caller)?;
    let relying_party = relying_party(app)?;
    let name = input::name(name)?;
    let state: Option<PasskeyRegistration> =
        take_ceremony(app, ceremony, CeremonyPurpose::Register, Some(user_id)).await?;
    let state = state.ok_or(IdentityError::PasskeyInvalid)?;
    let made = relying_party.finish_passkey_registration(credential, &state).map_err(|error| {
        tracing::info!(%error, "a new passkey was refused");
        IdentityError::PasskeyInvalid
    })?;
    let now = app.clock.now();
    let new = NewPasskey {
        id: PasskeyId::new(now),
        user_id,
        credential_id: made.cred_id(),
        credential: to_json(&made),
        name,
        now,
    };
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    store::lock_user_in_session(&mut tx, user_id, session_id, now).await?;
    if store::credential_ids(&mut tx, user_id).await?.len() >= PASSKEYS_PER_USER_MAX {
        return Err(IdentityError::PasskeysFull);
    }
    let passkey = store::insert_passkey(&mut tx, &new).await?;
    notices::tell(&mut tx, user_id, Notice::PasskeyAdded, Some(&passkey.name), now).await?;
    tx.commit().await?;
    Ok(passkey)
}

/// Begins to sign in, whoever it is.
///
/// # Errors
/// [`IdentityError::PasskeysUnavailable`].
pub(crate) async fn begin_sign_in(app: &App) -> Result<PasskeyCeremony, IdentityError> {
    let (options, state) =
        relying_party(app)?.start_discoverable_authentication().map_err(IdentityError::Passkeys)?;
    let token = token::new_ceremony_token();
    let ceremony = NewCeremony {
        token_hash: &token.hash,
        purpose: CeremonyPurpose::SignIn,
        user_id: None,
        state: to_json(&state),
        expires_at: app.clock.now() + CEREMONY_LIFETIME,
    };
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    store::insert_ceremony(&mut tx, &ceremony).await?;
    tx.commit().await?;
    Ok(PasskeyCeremony { ceremony: token.token, options: to_json(&options)["publicKey"].take() })
}

/// Opens a session for whoever's passkey answered. Whatever is wrong is answered alike.
///
/// # Errors
/// [`IdentityError::PasskeysUnavailable`], [`IdentityError::PasskeyWrong`], [`IdentityError::ProviderRequired`].
pub(crate) async fn sign_in(
    app: &App,
    ceremony: &str,
    credential: &PublicKeyCredential,
    device: &Device,
) -> Result<SignedIn, IdentityError> {
    let relying_party = relying_party(app)?;
    let state: Option<DiscoverableAuthentication> =
        take_ceremony(app, ceremony, CeremonyPurpose::SignIn, None).await?;
    let state = state.ok_or(IdentityError::PasskeyWrong)?;
    let refuse = |error: WebauthnError| {
        tracing::info!(%error, "a passkey was refused at sign-in");
        IdentityError::PasskeyWrong
    };
    let (user_handle, credential_id) =
        relying_party.identify_discoverable_authentication(credential).map_err(refuse)?;
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    let owner = store::passkey_owner(&mut tx, credential_id).await?;
    let user_id = owner.filter(|owner| owner.uuid() == user_handle).ok_or(IdentityError::PasskeyWrong)?;
    // The person before the passkey, as whoever takes passkeys away holds them.
    if !store::record_entry(&mut tx, user_id, now).await? {
        return Err(IdentityError::PasskeyWrong);
    }
    // Held until the end, so that two answers at once see each other's counters.
    let found = store::hold_passkey(&mut tx, credential_id).await?;
    let found = found.filter(|found| found.user_id == user_id).ok_or(IdentityError::PasskeyWrong)?;
    let mut kept: Credential = from_json(found.credential)?;
    let answer =
        relying_party.finish_discoverable_authentication_v2(credential, state, &kept).map_err(refuse)?;
    kept.update_credential(&answer);
    store::mark_passkey_used(&mut tx, found.id, &to_json(&kept), now).await?;
    accounts::enter(app, tx, user_id, device, None, now).await
}

/// Gives the passkey another name.
///
/// # Errors
/// [`IdentityError::SessionRequired`], [`IdentityError::NameInvalid`], [`IdentityError::NotFound`].
pub(crate) async fn rename(
    app: &App,
    caller: &Caller,
    user_id: UserId,
    id: PasskeyId,
    name: &str,
) -> Result<Passkey, IdentityError> {
    session_of(caller)?;
    let name = input::name(name)?;
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    let renamed = store::rename_passkey(&mut tx, user_id, id, name).await?;
    let renamed = renamed.ok_or(IdentityError::NotFound("passkey"))?;
    tx.commit().await?;
    Ok(renamed)
}

/// From here on the passkey opens nothing.
///
/// # Errors
/// [`IdentityError::SessionRequired`], [`IdentityError::RecentSignInRequired`], [`IdentityError::PasswordWrong`],
/// [`IdentityError::NotFound`], [`IdentityError::LastWayIn`].
pub(crate) async fn delete(
    app: &App,
    caller: &Caller,
    user_id: UserId,
    id: PasskeyId,
    password: Option<String>,
) -> Result<(), IdentityError> {
    prove_presence(app, caller, user_id, password).await?;
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    store::lock_user(&mut tx, user_id).await?;
    let name = store::delete_passkey(&mut tx, user_id, id).await?;
    let name = name.ok_or(IdentityError::NotFound("passkey"))?;
    identities::check_way_in(app, &mut tx, user_id).await?;
    notices::tell(&mut tx, user_id, Notice::PasskeyRemoved, Some(&name), app.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// What was remembered under the token. It is forgotten for good, before anything is made of it.
async fn take_ceremony<T: DeserializeOwned>(
    app: &App,
    token: &str,
    purpose: CeremonyPurpose,
    user_id: Option<UserId>,
) -> Result<Option<T>, IdentityError> {
    let Some(hash) = token::ceremony_token_hash(token) else { return Ok(None) };
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    let state = store::take_ceremony(&mut tx, &hash, purpose, user_id, app.clock.now()).await?;
    tx.commit().await?;
    state.map(from_json).transpose()
}

fn to_json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_else(|error| unreachable!("ceremonies are plain data: {error}"))
}

fn from_json<T: DeserializeOwned>(value: Value) -> Result<T, IdentityError> {
    serde_json::from_value(value).map_err(IdentityError::PasskeyUnreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passkey_is_bound_to_the_name_of_the_server_and_to_one_origin() {
        for (address, name, from) in [
            ("https://memoreel.example", "memoreel.example", "https://memoreel.example/"),
            ("https://media.example.com:8443/app", "media.example.com", "https://media.example.com:8443/"),
            ("http://localhost:8080", "localhost", "http://localhost:8080/"),
            ("http://127.0.0.1:8080", "localhost", "http://localhost:8080/"),
            ("http://[::1]:8080", "localhost", "http://localhost:8080/"),
        ] {
            let (found, origin) = origin(address).unwrap_or_else(|why| panic!("{address}: {why}"));
            assert_eq!((found.as_str(), origin.as_str()), (name, from), "{address}");
            assert_eq!(passkeys_unavailable(address), None);
            assert!(WebauthnBuilder::new(&found, &origin).is_ok());
        }
    }

    #[test]
    fn an_address_that_browsers_offer_no_passkeys_to_is_explained() {
        for (address, word) in [
            ("https://192.0.2.7", "a name"),
            ("http://0.0.0.0:8080", "a name"),
            ("https://[2001:db8::1]", "a name"),
            ("http://memoreel.example", "https"),
            ("nonsense", "a name"),
        ] {
            let why = passkeys_unavailable(address).unwrap_or_else(|| panic!("{address} would do"));
            assert!(why.contains(word), "{address}: {why}");
        }
    }
}
