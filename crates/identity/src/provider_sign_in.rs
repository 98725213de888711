//! Signing in through a provider: the way there, the way back, and what becomes of whoever comes back.
//!
//! A trip is bound to the browser by a cookie, kept as a hash, and ends when somebody comes back. Nonce and code verifier are
//! derived from the cookie and the instance's secret.

use crate::{
    IdentityError,
    accounts::{self, Device, SignedIn},
    authenticate::session_of,
    consents::{self, Agreed},
    domains,
    email_tokens::Purpose,
    input, mails,
    notices::{self, Notice},
    passwords::prove_password,
    providers::{Providers, Trip, Vouched, wrong},
    second_factor,
    store::{self, EndedTrip, NewIdentity, Person},
    throttle::{self, Account},
    token::{self, TokenHash},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use memoreel_db::{SystemReason, SystemTx};
use memoreel_kernel::{Caller, OrganizationId, Timestamp, UserId};
use memoreel_web::{App, Provider};
use url::Url;

/// How long somebody may be away, and how long they may look for a code afterwards.
pub(crate) const TRIP_TIME_MAX: TimeDelta = TimeDelta::minutes(10);
/// The longest address to come back to.
const RETURN_TO_CHARS_MAX: usize = 2_000;

/// What is kept of a trip.
pub(crate) struct NewTrip<'a> {
    pub(crate) browser_hash: &'a TokenHash,
    pub(crate) state_hash: Option<&'a TokenHash>,
    pub(crate) provider: &'a str,
    pub(crate) return_to: &'a str,
    pub(crate) linking_user_id: Option<UserId>,
    pub(crate) verified_user_id: Option<UserId>,
    /// What they agreed to, in case an account is made.
    pub(crate) agreed: &'a Agreed,
    pub(crate) expires_at: Timestamp,
    pub(crate) now: Timestamp,
}

/// What somebody wants of a provider. No `Debug`, because of the password.
pub(crate) struct Wanted<'a> {
    /// Where to go afterwards, on this server.
    pub(crate) return_to: &'a str,
    /// What they agree to, in case an account is made.
    pub(crate) agreed: &'a Agreed,
    /// Who is signed in, if they want to link what they are there; with the password of an account that has one.
    pub(crate) linking: Option<(&'a Caller, UserId, Option<String>)>,
}

/// Somebody is to go to a provider.
pub(crate) struct Started {
    /// Where to.
    pub(crate) url: Url,
    /// For the cookie of the trip.
    pub(crate) browser_token: String,
}

/// Sends somebody to a provider.
///
/// # Errors
/// [`IdentityError::NotFound`], [`IdentityError::ReturnToInvalid`], [`IdentityError::ConsentVersionStale`],
/// [`IdentityError::ProviderUnavailable`]; of whoever links
/// an identity also [`IdentityError::SessionRequired`], [`IdentityError::PasswordRequired`],
/// [`IdentityError::PasswordWrong`].
pub(crate) async fn start(
    app: &App,
    providers: &Providers,
    provider_id: &str,
    wanted: Wanted<'_>,
) -> Result<Started, IdentityError> {
    let provider = find(app, provider_id)?;
    check_return_to(wanted.return_to)?;
    consents::check_versions(app, wanted.agreed)?;
    let linking_user_id = match wanted.linking {
        None => None,
        Some((caller, user_id, password)) => {
            session_of(caller)?;
            prove(app, user_id, password).await?;
            Some(user_id)
        }
    };
    let now = app.clock.now();
    let (browser, state) = (token::new_trip_token(), token::new_trip_token());
    let trip = trip(app, provider, &browser.token, state.token);
    let url = providers.authorization_url(provider, &trip, now).await?;
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    let new = NewTrip {
        browser_hash: &browser.hash,
        state_hash: Some(&state.hash),
        provider: &provider.id,
        return_to: wanted.return_to,
        linking_user_id,
        verified_user_id: None,
        agreed: wanted.agreed,
        expires_at: now + TRIP_TIME_MAX,
        now,
    };
    store::insert_trip(&mut tx, &new).await?;
    tx.commit().await?;
    Ok(Started { url, browser_token: browser.token })
}

/// Whoever adds a way into an account shows that it is theirs; an account without a password has only providers to show.
async fn prove(app: &App, user_id: UserId, password: Option<String>) -> Result<(), IdentityError> {
    let owner = store::find_owner(&mut app.db.system(SystemReason::SignIn).await?, user_id).await?;
    let has_password = owner.ok_or(IdentityError::NotFound("user"))?.password_hash.is_some();
    match password {
        _ if !has_password => Ok(()),
        None => Err(IdentityError::PasswordRequired),
        Some(password) => prove_password(app, user_id, password).await.map(drop),
    }
}

/// What somebody came back with.
pub(crate) struct Back<'a> {
    /// To be exchanged for who they are.
    pub(crate) code: Option<String>,
    /// Names the trip.
    pub(crate) state: Option<&'a str>,
    /// Why there is no code.
    pub(crate) error: Option<&'a str>,
    /// Who says so (RFC 9207).
    pub(crate) issuer: Option<&'a str>,
    /// What the browser shows of the trip.
    pub(crate) browser_token: Option<&'a str>,
    /// Who is signed in.
    pub(crate) caller: Option<Caller>,
}

/// What becomes of somebody who came back.
pub(crate) enum Arrived {
    /// They have a session now.
    SignedIn {
        /// Its token.
        token: String,
        /// Where they wanted to go.
        return_to: String,
    },
    /// They are linked to what they are at the provider.
    Linked {
        /// Where they wanted to go.
        return_to: String,
    },
    /// Their authenticator app is asked for a code.
    CodeAsked {
        /// For the cookie of the trip, which goes on.
        browser_token: String,
    },
}

/// Ends a trip: signs in, links or makes an account.
///
/// # Errors
/// [`IdentityError::TripUnknown`] for a trip of another browser, one that ended or one that took too long; what is wrong with
/// the provider's answer; and why whoever it vouches for does not get in.
pub(crate) async fn arrive(
    app: &App,
    providers: &Providers,
    provider_id: &str,
    back: Back<'_>,
    device: &Device,
) -> Result<Arrived, IdentityError> {
    let provider = find(app, provider_id)?;
    let now = app.clock.now();
    let (browser_token, state, ended) = end_trip(app, provider, &back, now).await?;
    // Of several providers, one must not be taken for another.
    if back.issuer.is_some_and(|issuer| issuer != provider.issuer) {
        return Err(wrong(provider, &"the answer names another issuer"));
    }
    if let Some(error) = back.error {
        tracing::info!(provider = provider.id, error = %error.escape_debug(), "a provider let nobody in");
        return Err(IdentityError::ProviderRefused { name: provider.name.clone() });
    }
    let code = back.code.ok_or_else(|| wrong(provider, &"there is neither a code nor an error"))?;
    let trip = trip(app, provider, browser_token, state.to_owned());
    let vouched = providers.vouched(provider, &trip, code, now).await?;
    let EndedTrip { return_to, linking_user_id, agreed } = ended;
    let visit = Visit { app, provider, vouched, agreed, device, now };
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    if let Some(user_id) = linking_user_id {
        // Whoever signed out or in as somebody else meanwhile is not the one who asked for this.
        let caller = back.caller.filter(|caller| caller.user_id == Some(user_id));
        let session_id = caller.and_then(|caller| session_of(&caller).ok());
        let session_id = session_id.ok_or(IdentityError::TripUnknown)?;
        match store::lock_user_in_session(&mut tx, user_id, session_id, now).await {
            Err(IdentityError::SessionEnded) => return Err(IdentityError::TripUnknown),
            held => held?,
        }
        visit.link(&mut tx, user_id).await?;
        tx.commit().await?;
        return Ok(Arrived::Linked { return_to });
    }
    let user_id = visit.account(&mut tx).await?;
    let arrived = visit.enter(&mut tx, user_id, return_to).await?;
    tx.commit().await?;
    Ok(arrived)
}

/// Ends the trip before anything else, so that it has ended whatever comes of it.
async fn end_trip<'a>(
    app: &App,
    provider: &Provider,
    back: &Back<'a>,
    now: Timestamp,
) -> Result<(&'a str, &'a str, EndedTrip), IdentityError> {
    let (Some(browser), Some(state)) = (back.browser_token, back.state) else {
        return Err(IdentityError::TripUnknown);
    };
    let (Some(browser_hash), Some(state_hash)) =
        (token::trip_token_hash(browser), token::trip_token_hash(state))
    else {
        return Err(IdentityError::TripUnknown);
    };
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    let ended = store::end_trip(&mut tx, &browser_hash, &state_hash, &provider.id, now).await?;
    tx.commit().await?;
    Ok((browser, state, ended.ok_or(IdentityError::TripUnknown)?))
}

/// Takes the code of whoever the provider vouched for. Returns where they wanted to go.
///
/// # Errors
/// [`IdentityError::TripUnknown`], [`IdentityError::CodeRequired`], [`IdentityError::CodeWrong`],
/// [`IdentityError::SignInThrottled`].
pub(crate) async fn confirm(
    app: &App,
    browser_token: Option<&str>,
    code: &str,
    device: &Device,
) -> Result<(SignedIn, String), IdentityError> {
    let hash = browser_token.and_then(token::trip_token_hash).ok_or(IdentityError::TripUnknown)?;
    let now = app.clock.now();
    let user_id = store::find_verified(&mut app.db.system(SystemReason::SignIn).await?, &hash, now).await?;
    let user_id = user_id.ok_or(IdentityError::TripUnknown)?;
    let attempt = throttle::begin(app, Account::Known(user_id)).await?;
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    // The person before the trip and the authenticator, as whoever takes either away holds them.
    if !store::record_entry(&mut tx, user_id, now).await? {
        return Err(IdentityError::AccountClosed);
    }
    let ended = store::end_verified(&mut tx, &hash, user_id).await?;
    let (return_to, provider) = ended.ok_or(IdentityError::TripUnknown)?;
    second_factor::check(app, &mut tx, user_id, Some(code), now).await?;
    throttle::forget(&mut tx, &attempt).await?;
    Ok((accounts::enter(app, tx, user_id, device, Some(&provider), now).await?, return_to))
}

/// Somebody came back, and the provider says who they are.
struct Visit<'a> {
    app: &'a App,
    provider: &'a Provider,
    vouched: Vouched,
    /// What they agreed to before they left.
    agreed: Agreed,
    device: &'a Device,
    now: Timestamp,
}

impl Visit<'_> {
    /// Links what they are at the provider to the account they are signed in with.
    async fn link(&self, tx: &mut SystemTx, user_id: UserId) -> Result<(), IdentityError> {
        let is_new = self.insert_identity(tx, user_id).await?;
        if !is_new && self.known(tx).await? != Some(user_id) {
            return Err(IdentityError::IdentityTaken { name: self.provider.name.clone() });
        }
        if is_new { self.tell_linked(tx, user_id).await } else { Ok(()) }
    }

    /// Whoever had an account before learns that it has another way in.
    async fn tell_linked(&self, tx: &mut SystemTx, user_id: UserId) -> Result<(), IdentityError> {
        notices::tell(tx, user_id, Notice::IdentityLinked, Some(&self.provider.name), self.now).await
    }

    /// Whose account they get into: the one they are linked to, the one of their address when both sides know that it is
    /// theirs, or else a new one.
    async fn account(&self, tx: &mut SystemTx) -> Result<UserId, IdentityError> {
        if let Some(user_id) = self.known(tx).await? {
            return Ok(user_id);
        }
        let Some(email) = self.vouched.email.as_deref() else {
            return Err(IdentityError::IdentityEmailMissing { name: self.provider.name.clone() });
        };
        let email = input::email(email)?;
        let is_sure = self.vouched.email_verified;
        // Whoever only claims an address learns nothing about it where nobody else does.
        if !is_sure
            && let Some(required) = domains::required(tx, email).await?
            && required.provider != self.provider.id
        {
            return Err(domains::refusal(self.app, &required));
        }
        if !is_sure && self.app.sign_in.is_sign_up_closed {
            return Err(IdentityError::SignUpClosed);
        }
        let (user_id, is_new) = match store::find_user(tx, email).await? {
            Some(user) if !(is_sure && user.email_verified) => {
                return Err(IdentityError::IdentityUnverified { name: self.provider.name.clone() });
            }
            Some(user) => {
                let linked = store::identity_providers(tx, user.id).await?;
                // An address that the provider gave to somebody else since.
                if linked.iter().any(|(_, provider)| *provider == self.provider.id) {
                    return Err(IdentityError::IdentityDiffers { name: self.provider.name.clone() });
                }
                (user.id, false)
            }
            None => (self.sign_up(tx, email).await?, true),
        };
        store::lock_user(tx, user_id).await?;
        if self.insert_identity(tx, user_id).await? {
            if !is_new {
                self.tell_linked(tx, user_id).await?;
            }
        } else if self.known(tx).await? != Some(user_id) {
            return Err(IdentityError::IdentityTaken { name: self.provider.name.clone() });
        }
        Ok(user_id)
    }

    /// An account without a password.
    async fn sign_up(&self, tx: &mut SystemTx, email: &str) -> Result<UserId, IdentityError> {
        if self.app.sign_in.is_sign_up_closed {
            return Err(IdentityError::SignUpClosed);
        }
        consents::check_sign_up(self.app, &self.agreed)?;
        let name = name_of(self.vouched.name.as_deref(), email);
        let person = Person {
            confirm_first: false,
            id: UserId::new(self.now),
            organization_id: OrganizationId::new(self.now),
            email,
            name: &name,
            password_hash: None,
            email_verified_at: self.vouched.email_verified.then_some(self.now),
            now: self.now,
        };
        let user = store::insert_person(tx, &person).await?;
        store::insert_first_consents(tx, user.id, &self.agreed, self.device, self.now).await?;
        if !user.email_verified {
            mails::enqueue(tx, &mails::link(user.id, Purpose::Confirm, &user.email, self.now)).await?;
        }
        Ok(user.id)
    }

    /// Opens a session, unless another provider or a code is asked for.
    async fn enter(
        &self,
        tx: &mut SystemTx,
        user_id: UserId,
        return_to: String,
    ) -> Result<Arrived, IdentityError> {
        store::lock_user(tx, user_id).await?;
        // A reset, or whoever unlinked it, may have taken the identity away while this waited.
        if self.known(tx).await? != Some(user_id) {
            return Err(IdentityError::TripUnknown);
        }
        let owner = store::find_owner(tx, user_id).await?.ok_or(IdentityError::AccountClosed)?;
        domains::check_way(self.app, tx, user_id, &owner.email, Some(&self.provider.id)).await?;
        let (provider, subject) = (&self.provider.id, &self.vouched.subject);
        store::use_identity(tx, provider, subject, self.vouched.email.as_deref(), self.now).await?;
        domains::join(tx, user_id, &owner.email, self.now).await?;
        if second_factor::is_asked_for(tx, user_id).await? {
            let browser = token::new_trip_token();
            let new = NewTrip {
                browser_hash: &browser.hash,
                state_hash: None,
                provider,
                return_to: &return_to,
                linking_user_id: None,
                verified_user_id: Some(user_id),
                agreed: &Agreed::new(),
                expires_at: self.now + TRIP_TIME_MAX,
                now: self.now,
            };
            store::insert_trip(tx, &new).await?;
            return Ok(Arrived::CodeAsked { browser_token: browser.token });
        }
        if !store::record_entry(tx, user_id, self.now).await? {
            return Err(IdentityError::AccountClosed);
        }
        let token =
            accounts::open_session(self.app, tx, user_id, self.device, Some(provider), self.now).await?;
        Ok(Arrived::SignedIn { token, return_to })
    }

    async fn known(&self, tx: &mut SystemTx) -> Result<Option<UserId>, IdentityError> {
        store::find_identity(tx, &self.provider.id, &self.vouched.subject).await
    }

    async fn insert_identity(&self, tx: &mut SystemTx, user_id: UserId) -> Result<bool, IdentityError> {
        let new = NewIdentity {
            user_id,
            provider: &self.provider.id,
            subject: &self.vouched.subject,
            email: self.vouched.email.as_deref(),
            now: self.now,
        };
        store::insert_identity(tx, &new).await
    }
}

fn find<'a>(app: &'a App, provider_id: &str) -> Result<&'a Provider, IdentityError> {
    app.sign_in.provider(provider_id).ok_or(IdentityError::NotFound("provider"))
}

fn trip(app: &App, provider: &Provider, browser_token: &str, state: String) -> Trip {
    let derive = |purpose| URL_SAFE_NO_PAD.encode(app.secrets.sign(purpose, &[browser_token.as_bytes()]));
    Trip {
        state,
        nonce: derive("nonce of a sign-in"),
        verifier: derive("code verifier of a sign-in"),
        redirect_uri: format!("{}/api/v1/auth/providers/{}/callback", app.public_url, provider.id),
    }
}

/// Whether an address leads nowhere but to a page of this server, however a browser reads it.
fn check_return_to(address: &str) -> Result<(), IdentityError> {
    let here = "https://here.invalid";
    let is_plain = address.starts_with('/')
        && !address.contains(|character: char| character == '\\' || character.is_control())
        && address.chars().count() <= RETURN_TO_CHARS_MAX;
    let leads_here = || {
        let joined = Url::parse(here).and_then(|base| base.join(address));
        joined.is_ok_and(|url| url.origin().ascii_serialization() == here)
    };
    if is_plain && leads_here() { Ok(()) } else { Err(IdentityError::ReturnToInvalid) }
}

/// What the provider calls somebody, as far as it fits; or else the beginning of their address.
fn name_of(told: Option<&str>, email: &str) -> String {
    let fitting = |text: &str| -> String {
        let printable = text.chars().filter(|character| !character.is_control());
        printable.take(input::NAME_CHARS_MAX).collect::<String>().trim().to_owned()
    };
    let candidates = [told.map(fitting), Some(fitting(input::local_part(email)))];
    candidates.into_iter().flatten().find(|name| !name.is_empty()).unwrap_or_else(|| "Somebody".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_come_back_to_this_server_alone() {
        for address in ["/", "/settings/security", "/library?sort=title#top", "/a//b", "/%2f%2fevil.example"]
        {
            assert!(check_return_to(address).is_ok(), "{address}");
        }
        let long = format!("/{}", "a".repeat(RETURN_TO_CHARS_MAX));
        for address in [
            "",
            "library",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            " //evil.example",
            &long,
        ] {
            assert!(check_return_to(address).is_err(), "{address:?}");
        }
    }

    #[test]
    fn a_name_is_made_to_fit() {
        assert_eq!(name_of(Some(" Ada\u{0} Lovelace "), "x@example.com"), "Ada Lovelace");
        assert_eq!(name_of(Some(" \n "), "ada@example.com"), "ada");
        assert_eq!(name_of(None, "ada@example.com"), "ada");
        assert_eq!(name_of(Some(&"é".repeat(200)), "x@example.com").chars().count(), 100);
    }
}
