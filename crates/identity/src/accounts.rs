//! Making accounts and opening sessions, for the routes and for the command line.

use crate::{
    IdentityError, input,
    model::{IssuedApiKey, Me, NewUser, User},
    password,
    store::{self, NewSession, Person},
    token::{self, TokenHash},
};
use memoreel_db::{Db, SystemReason, SystemTx};
use memoreel_kernel::{Actor, Caller, Clock, OrganizationId, Timestamp, UserId};

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

/// Makes an account with its personal organization, without signing in.
///
/// # Errors
/// [`IdentityError::EmailInvalid`], [`IdentityError::NameInvalid`], [`IdentityError::PasswordWeak`],
/// [`IdentityError::EmailTaken`].
pub async fn create_user(db: &Db, clock: &dyn Clock, new: NewUser) -> Result<User, IdentityError> {
    let checked = Checked::new(new).await?;
    let mut tx = db.system(SystemReason::SignIn).await?;
    let user = checked.insert(&mut tx, clock.now()).await?;
    tx.commit().await?;
    Ok(user)
}

/// Makes an account with its personal organization, and signs in.
pub(crate) async fn sign_up(
    db: &Db,
    clock: &dyn Clock,
    new: NewUser,
    device: &Device,
) -> Result<SignedIn, IdentityError> {
    let checked = Checked::new(new).await?;
    let now = clock.now();
    let mut tx = db.system(SystemReason::SignIn).await?;
    let user = checked.insert(&mut tx, now).await?;
    let token = open_session(&mut tx, user.id, device, now).await?;
    let me = store::find_me(&mut tx, user.id, None, false).await?;
    let me = me.ok_or(IdentityError::NotFound("organization"))?;
    tx.commit().await?;
    Ok(SignedIn { me, token })
}

/// A new user whose fields are fit and whose password is hashed, outside any transaction.
struct Checked {
    email: String,
    name: String,
    password_hash: String,
}

impl Checked {
    async fn new(new: NewUser) -> Result<Self, IdentityError> {
        let email = input::email(&new.email)?.to_owned();
        let name = input::name(&new.name)?.to_owned();
        password::check(&new.password, &email, &name)?;
        Ok(Self { email, name, password_hash: password::hash(new.password).await? })
    }

    async fn insert(&self, tx: &mut SystemTx, now: Timestamp) -> Result<User, IdentityError> {
        let person = Person {
            id: UserId::new(now),
            organization_id: OrganizationId::new(now),
            email: &self.email,
            name: &self.name,
            password_hash: &self.password_hash,
            now,
        };
        store::insert_person(tx, &person).await
    }
}

/// Opens a session for whoever knows the password. An unknown address takes as long as a wrong password and is
/// answered alike, so that nobody learns who has an account.
pub(crate) async fn sign_in(
    db: &Db,
    clock: &dyn Clock,
    email: &str,
    password: String,
    device: &Device,
) -> Result<SignedIn, IdentityError> {
    let found = match input::email(email) {
        Ok(email) => store::find_sign_in(&mut db.system(SystemReason::SignIn).await?, email).await?,
        Err(_) => None,
    };
    let (user_id, kept) = found.map(|row| (row.id, row.password_hash)).unzip();
    let kept = kept.flatten();
    // Nobody's password is longer, and what is hashed must be bounded.
    let hashable = password.chars().count() <= password::PASSWORD_CHARS_MAX;
    let right = hashable && password::verify(password, kept.clone()).await?;
    let (true, Some(user_id), Some(kept)) = (right, user_id, kept) else {
        return Err(IdentityError::CredentialsWrong);
    };
    let now = clock.now();
    let mut tx = db.system(SystemReason::SignIn).await?;
    if !store::record_sign_in(&mut tx, user_id, &kept, now).await? {
        return Err(IdentityError::CredentialsWrong);
    }
    let token = open_session(&mut tx, user_id, device, now).await?;
    let me = store::find_me(&mut tx, user_id, None, false).await?;
    let me = me.ok_or(IdentityError::NotFound("organization"))?;
    tx.commit().await?;
    Ok(SignedIn { me, token })
}

async fn open_session(
    tx: &mut SystemTx,
    user_id: UserId,
    device: &Device,
    now: Timestamp,
) -> Result<String, IdentityError> {
    if let Some(replaced) = &device.presented {
        store::delete_session_of_token(tx, replaced).await?;
    }
    let session = token::new_session_token();
    let new = NewSession {
        user_id,
        token_hash: &session.hash,
        user_agent: device.user_agent.as_deref(),
        address: &device.address,
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
    Ok(place.map(|place| Caller {
        organization_id: place.organization_id,
        user_id: Some(user_id),
        role: Some(place.role),
        actor: Actor::Service,
    }))
}

/// Makes an API key for the caller's user in the caller's organization. Its secret is in the answer and nowhere else.
///
/// # Errors
/// [`IdentityError::NameInvalid`], [`IdentityError::ApiKeysFull`], [`IdentityError::SessionRequired`] for a caller
/// without a user.
pub async fn create_api_key(
    db: &Db,
    clock: &dyn Clock,
    caller: &Caller,
    name: &str,
) -> Result<IssuedApiKey, IdentityError> {
    let user_id = caller.user_id.ok_or(IdentityError::SessionRequired)?;
    let name = input::name(name)?;
    let (key, now) = (token::new_api_key(), clock.now());
    let mut tx = db.tenant(caller).await?;
    let id = store::insert_api_key(&mut tx, user_id, name, &key, now).await?;
    tx.commit().await?;
    Ok(IssuedApiKey { id, name: name.to_owned(), prefix: key.prefix, created_at: now, secret: key.secret })
}
