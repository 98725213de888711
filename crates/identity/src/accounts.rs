//! Making accounts and opening sessions, for the routes and for the command line.

use crate::{
    IdentityError,
    authenticate::session_of,
    consents::{self, Agreed},
    domains,
    email_tokens::Purpose,
    input, mails,
    model::{IssuedApiKey, Me, NewApiKey, NewUser, User},
    password::Desk,
    passwords::MAILED_ANSWERED_AFTER,
    second_factor,
    store::{self, NewSession, Person},
    throttle::{self, Account},
    token::{self, TokenHash},
};
use chrono::TimeDelta;
use memoreel_db::{Db, SystemReason, SystemTx};
use memoreel_kernel::{Actor, Caller, Clock, OrganizationId, Timestamp, UserId};
use memoreel_web::{App, RateLimits};
use std::path::Path;

/// How often the owner of an address is told in an hour that somebody tried to sign up with it.
const TAKEN_PER_HOUR_MAX: i64 = 3;

/// Where somebody signs in from.
pub(crate) struct Device {
    /// The network address.
    pub(crate) address: String,
    /// What the browser calls itself.
    pub(crate) user_agent: Option<String>,
    /// The session the browser presented, which the new one replaces.
    pub(crate) presented: Option<TokenHash>,
}

/// Somebody just signed in.
pub(crate) struct SignedIn {
    /// Who, and where.
    pub(crate) me: Me,
    /// The session token, for the cookie.
    pub(crate) token: String,
}

/// Makes an account with its personal organization, without signing in. `breached` is a list of leaked passwords.
///
/// # Errors
/// [`IdentityError::EmailInvalid`], [`IdentityError::NameInvalid`], [`IdentityError::PasswordWeak`],
/// [`IdentityError::EmailTaken`].
pub async fn create_user(
    db: &Db,
    clock: &dyn Clock,
    breached: Option<&Path>,
    new: NewUser,
) -> Result<User, IdentityError> {
    let permits = RateLimits::passwords();
    let checked = Checked::new(Desk::new(&permits, "", breached), new).await?;
    let mut tx = db.system(SystemReason::SignIn).await?;
    let user = checked.insert(&mut tx, false, clock.now()).await?;
    tx.commit().await?;
    Ok(user)
}

/// Makes an account with its personal organization, and signs in; or, where there is a mail server, mails the link that
/// does. Then nothing tells whether the address has an account: what differs is what is mailed to it.
pub(crate) async fn sign_up(
    app: &App,
    new: NewUser,
    agreed: Agreed,
    device: &Device,
) -> Result<Option<SignedIn>, IdentityError> {
    if app.sign_in.is_sign_up_closed {
        return Err(IdentityError::SignUpClosed);
    }
    consents::check_sign_up(app, &agreed)?;
    let checked = Checked::new(Desk::of(app, &device.address), new).await?;
    if app.sends_mail {
        let time = tokio::time::sleep(MAILED_ANSWERED_AFTER);
        let (mailed, ()) = tokio::join!(sign_up_by_mail(app, &checked, &agreed, device), time);
        return mailed.map(|()| None);
    }
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    if let Some(required) = domains::required(&mut tx, &checked.email).await? {
        return Err(domains::refusal(app, &required));
    }
    let user = checked.insert(&mut tx, false, now).await?;
    store::insert_first_consents(&mut tx, user.id, &agreed, device, now).await?;
    enter(app, tx, user.id, device, None, now).await.map(Some)
}

async fn sign_up_by_mail(
    app: &App,
    checked: &Checked,
    agreed: &Agreed,
    device: &Device,
) -> Result<(), IdentityError> {
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    if let Some(required) = domains::required(&mut tx, &checked.email).await? {
        return Err(domains::refusal(app, &required));
    }
    match checked.insert(&mut tx, true, now).await {
        Ok(user) => store::insert_first_consents(&mut tx, user.id, agreed, device, now).await?,
        Err(IdentityError::EmailTaken) => {
            // To the address as it is kept; one whose account is closed gets none.
            let Some(owner) = store::find_sign_in(&mut tx, &checked.email).await? else { return Ok(()) };
            let since = now - TimeDelta::hours(1);
            if store::count_email_tokens(&mut tx, owner.id, Purpose::Taken, since).await?
                >= TAKEN_PER_HOUR_MAX
            {
                return Ok(());
            }
            mails::enqueue(&mut tx, &mails::link(owner.id, Purpose::Taken, &owner.email, now)).await?;
        }
        Err(error) => return Err(error),
    }
    tx.commit().await?;
    Ok(())
}

/// A new user whose fields are fit and whose password is hashed, outside any transaction.
struct Checked {
    email: String,
    name: String,
    password_hash: String,
}

impl Checked {
    async fn new(desk: Desk<'_>, new: NewUser) -> Result<Self, IdentityError> {
        let email = input::email(&new.email)?.to_owned();
        let name = input::name(&new.name)?.to_owned();
        desk.check(&new.password, &email, &name).await?;
        Ok(Self { email, name, password_hash: desk.hash(new.password).await? })
    }

    /// The user, and the mail that asks to confirm the address; with `confirm_first`, nobody signs in before that.
    async fn insert(
        &self,
        tx: &mut SystemTx,
        confirm_first: bool,
        now: Timestamp,
    ) -> Result<User, IdentityError> {
        let person = Person {
            confirm_first,
            id: UserId::new(now),
            organization_id: OrganizationId::new(now),
            email: &self.email,
            name: &self.name,
            password_hash: Some(&self.password_hash),
            email_verified_at: None,
            now,
        };
        let user = store::insert_person(tx, &person).await?;
        mails::enqueue(tx, &mails::link(user.id, Purpose::Confirm, &user.email, now)).await?;
        Ok(user)
    }
}

/// What somebody signs in with. No `Debug`, because of the password.
pub(crate) struct Credentials {
    /// The address of the account, in any case.
    pub(crate) email: String,
    /// Its password.
    pub(crate) password: String,
    /// What the authenticator shows, or a recovery code.
    pub(crate) code: Option<String>,
}

/// Opens a session for whoever knows the password, and has the authenticator if there is one. An unknown address takes
/// as long as a wrong password and is answered alike, so that nobody learns who has an account; so does an address whose domain
/// requires a provider, unless it is an owner's.
pub(crate) async fn sign_in(
    app: &App,
    credentials: Credentials,
    device: &Device,
) -> Result<SignedIn, IdentityError> {
    let Credentials { email, password, code } = credentials;
    let (found, required) = match input::email(&email) {
        Ok(email) => {
            let mut tx = app.db.system(SystemReason::SignIn).await?;
            (store::find_sign_in(&mut tx, email).await?, domains::required(&mut tx, email).await?)
        }
        Err(_) => (None, None),
    };
    let wrong = || match &required {
        Some(required) => domains::refusal(app, required),
        None => IdentityError::CredentialsWrong,
    };
    let (user_id, kept) = found.map(|row| (row.id, row.password_hash)).unzip();
    let account = user_id.map_or(Account::Unknown(email.trim()), Account::Known);
    let attempt = throttle::begin(app, account).await?;
    let desk = Desk::of(app, &device.address);
    let known = desk.verify(password, kept.flatten()).await?.ok_or_else(wrong)?;
    let user_id = user_id.ok_or_else(wrong)?;
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    if let Some(required) = &required
        && !store::is_owner(&mut tx, required.organization_id, user_id).await?
    {
        return Err(wrong());
    }
    if !store::record_sign_in(&mut tx, user_id, &known.kept, known.renewed.as_deref(), now).await? {
        return Err(wrong());
    }
    second_factor::check(app, &mut tx, user_id, code.as_deref(), now).await?;
    throttle::forget(&mut tx, &attempt).await?;
    enter(app, tx, user_id, device, None, now).await
}

/// Opens a session for somebody who has shown who they are, through a provider or otherwise, as the last thing of the transaction
/// in which they did.
///
/// # Errors
/// [`IdentityError::ProviderRequired`].
pub(crate) async fn enter(
    app: &App,
    mut tx: SystemTx,
    user_id: UserId,
    device: &Device,
    provider: Option<&str>,
    now: Timestamp,
) -> Result<SignedIn, IdentityError> {
    let token = open_session(app, &mut tx, user_id, device, provider, now).await?;
    let me = store::find_me(&mut tx, user_id, None, false).await?;
    let me = me.ok_or(IdentityError::NotFound("organization"))?;
    tx.commit().await?;
    Ok(SignedIn { me, token })
}

/// Opens a session in place of the one the browser presented, unless the person's domain requires another way in.
///
/// # Errors
/// [`IdentityError::ProviderRequired`].
pub(crate) async fn open_session(
    app: &App,
    tx: &mut SystemTx,
    user_id: UserId,
    device: &Device,
    provider: Option<&str>,
    now: Timestamp,
) -> Result<String, IdentityError> {
    let owner = store::find_owner(tx, user_id).await?.ok_or(IdentityError::AccountClosed)?;
    domains::check_way(app, tx, user_id, &owner.email, provider).await?;
    if let Some(replaced) = &device.presented {
        store::delete_session_of_token(tx, replaced).await?;
    }
    let session = token::new_session_token();
    let new = NewSession {
        user_id,
        token_hash: &session.hash,
        user_agent: device.user_agent.as_deref(),
        address: &device.address,
        provider,
        now,
    };
    store::open_session(tx, &new).await?;
    Ok(session.token)
}

/// The account with this address, whatever its case.
///
/// # Errors
/// [`IdentityError::EmailInvalid`].
pub async fn find_user(db: &Db, email: &str) -> Result<Option<User>, IdentityError> {
    let email = input::email(email)?;
    store::find_user(&mut db.system(SystemReason::SignIn).await?, email).await
}

/// The user as a caller in their personal organization, for commands that act for them. `None` when the account is
/// closed or does not exist.
///
/// # Errors
/// When the database refuses.
pub async fn personal_caller(db: &Db, user_id: UserId) -> Result<Option<Caller>, IdentityError> {
    let place = store::find_personal_place(&mut db.system(SystemReason::SignIn).await?, user_id).await?;
    Ok(place.map(|place| acting(user_id, place)))
}

/// The user as a caller in the organization with this id or name in addresses, for commands that act for them.
///
/// # Errors
/// [`IdentityError::NotFound`] when it is none in which the user is a member, or nothing can be done in it or by the user.
pub async fn member_caller(db: &Db, user_id: UserId, organization: &str) -> Result<Caller, IdentityError> {
    let mut tx = db.system(SystemReason::SignIn).await?;
    let place = store::find_place(&mut tx, user_id, organization).await?;
    let place = place.filter(|place| place.closed.is_none());
    Ok(acting(
        user_id,
        place.ok_or(IdentityError::NotFound("organization at work with this user as a member"))?,
    ))
}

fn acting(user_id: UserId, place: store::Place) -> Caller {
    Caller {
        organization_id: place.organization_id,
        user_id: Some(user_id),
        role: Some(place.role),
        actor: Actor::Service,
    }
}

/// Makes an API key for the caller's user in the caller's organization. Its secret is in the answer and nowhere else.
///
/// # Errors
/// [`IdentityError::NameInvalid`], [`IdentityError::RoleTooHigh`], [`IdentityError::ExpiryPast`],
/// [`IdentityError::ApiKeysFull`], [`IdentityError::SessionRequired`] for a caller without a user,
/// [`IdentityError::SessionEnded`] for one whose session ended meanwhile.
pub async fn create_api_key(
    db: &Db,
    clock: &dyn Clock,
    caller: &Caller,
    new: NewApiKey,
) -> Result<IssuedApiKey, IdentityError> {
    let user_id = caller.user_id.ok_or(IdentityError::SessionRequired)?;
    let now = clock.now();
    if new.role > caller.role {
        return Err(IdentityError::RoleTooHigh);
    }
    if new.expires_at.is_some_and(|end| end <= now) {
        return Err(IdentityError::ExpiryPast);
    }
    let new = NewApiKey { name: input::name(&new.name)?.to_owned(), ..new };
    let token = token::new_api_key();
    let mut tx = db.tenant(caller).await?;
    let id = store::insert_api_key(&mut tx, user_id, session_of(caller).ok(), &new, &token, now).await?;
    tx.commit().await?;
    Ok(IssuedApiKey {
        id,
        name: new.name,
        prefix: token.prefix,
        role: new.role,
        created_at: now,
        expires_at: new.expires_at,
        secret: token.secret,
    })
}
