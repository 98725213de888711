//! What can go wrong here, and what a client is told about it.

use crate::{
    API_KEYS_PER_USER_MAX, INVITATIONS_PENDING_MAX, ORGANIZATIONS_OWNED_MAX,
    input::{DESCRIPTION_CHARS_MAX, EMAIL_CHARS_MAX, NAME_CHARS_MAX},
    password::PasswordFlaw,
    preferences::LOCALE_CHARS_MAX,
    slug::SLUG_CHARS_MAX,
};
use http::{HeaderValue, StatusCode, header};
use memoreel_db::DbError;
use memoreel_web::{Problem, SealError};

/// An error of this slice.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The address cannot be one.
    #[error(
        "an e-mail address has one @ with something on each side, no spaces, and at most {EMAIL_CHARS_MAX} characters"
    )]
    EmailInvalid,
    /// Somebody signed up with that address.
    #[error("an account with this e-mail address exists already")]
    EmailTaken,
    /// The name is empty, too long or unprintable.
    #[error("a name has 1 to {NAME_CHARS_MAX} printable characters")]
    NameInvalid,
    /// The password would be guessed.
    #[error("{0}")]
    PasswordWeak(#[from] PasswordFlaw),
    /// No such user, or another password: which of the two is not told.
    #[error("the e-mail address or the password is wrong")]
    CredentialsWrong,
    /// The password that shows who is sitting there is another one.
    #[error("this is not your password")]
    PasswordWrong,
    /// The password is right, and the account has an authenticator.
    #[error("this account asks for a code of its authenticator app")]
    CodeRequired,
    /// The code is another one, or was used.
    #[error("this code is wrong or was used already")]
    CodeWrong,
    /// The code does not come from the secret that was just made.
    #[error("this code is not the one the authenticator app shows now")]
    ConfirmationCodeWrong,
    /// There is an authenticator.
    #[error("your account has an authenticator app already")]
    TotpEnabled,
    /// The password or code of this account was tried too often.
    #[error("too many attempts at this account; wait {seconds} seconds")]
    SignInThrottled {
        /// Until the next attempt may be made.
        seconds: i64,
    },
    /// The time zone has another name, or does not exist.
    #[error("a time zone has a name of the IANA database, such as Europe/Berlin")]
    TimeZoneUnknown,
    /// The language tag cannot be one.
    #[error("a language tag looks like de, pt-BR or zh-Hant-TW, with at most {LOCALE_CHARS_MAX} characters")]
    LocaleInvalid,
    /// A key can do no more than its maker.
    #[error("a key cannot do more than you may do in this organization")]
    RoleTooHigh,
    /// The key would have ended before it began.
    #[error("a key has to end in the future")]
    ExpiryPast,
    /// The mailed link was changed, used, replaced or is too old.
    #[error("this link is wrong, was used already, or is too old")]
    TokenWrong,
    /// There is nothing to confirm.
    #[error("your e-mail address is confirmed already")]
    EmailVerified,
    /// One more mail would be too many.
    #[error("you have asked for as many mails as there may be in an hour")]
    MailsFull,
    /// The bearer key is unknown, expired or revoked.
    #[error("this API key is unknown, expired or revoked")]
    ApiKeyWrong,
    /// A write that came with a cookie cannot be told from one that another site caused.
    #[error("a change made with the session cookie must carry the header X-Memoreel-Request")]
    RequestHeaderMissing,
    /// An API key may not do this.
    #[error("this needs a signed-in person; an API key may not do it")]
    SessionRequired,
    /// One more key would be too many.
    #[error("you have {API_KEYS_PER_USER_MAX} API keys in this organization, which is the most there may be")]
    ApiKeysFull,
    /// The role does not allow it.
    #[error("your role in this organization does not allow this")]
    Forbidden,
    /// The description is too long or unprintable.
    #[error("a description has at most {DESCRIPTION_CHARS_MAX} characters")]
    DescriptionInvalid,
    /// The slug has another form.
    #[error(
        "an organization's name in addresses has 1 to {SLUG_CHARS_MAX} lower-case letters, digits and single hyphens between them"
    )]
    SlugInvalid,
    /// Another organization has the slug.
    #[error("another organization has this name in addresses")]
    SlugTaken,
    /// One more organization would be too many.
    #[error(
        "you own {ORGANIZATIONS_OWNED_MAX} organizations, deleted ones included, which is the most one person may own"
    )]
    OrganizationsFull,
    /// It cannot be done to the organization every person has.
    #[error("this is a personal organization: it belongs to its person for as long as their account exists")]
    OrganizationPersonal,
    /// Something else than the organization's slug was typed.
    #[error("what was typed is not the organization's name in addresses")]
    ConfirmationWrong,
    /// Nobody would own the organization any more.
    #[error("an organization needs an owner, and this is its last one")]
    LastOwner,
    /// Whoever has the address belongs to the organization.
    #[error("somebody with this e-mail address is a member already")]
    AlreadyMember,
    /// One more invitation would be too many.
    #[error("{INVITATIONS_PENDING_MAX} invitations wait for an answer, which is the most there may be")]
    InvitationsFull,
    /// The invitation was answered, revoked, or not answered in time.
    #[error("this invitation was answered or revoked, or its time is over")]
    InvitationClosed,
    /// The invitation is for another address than the one of whoever is signed in.
    #[error("this invitation is for another e-mail address than yours")]
    InvitationForAnother,
    /// The named thing does not exist for this caller.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Too many passwords wait to be hashed.
    #[error("too many people are signing in at this moment")]
    Busy,
    /// A stored secret does not open.
    #[error("a stored secret cannot be read: {0}")]
    Seal(#[from] SealError),
    /// The list of leaked passwords cannot be searched.
    #[error("the list of breached passwords cannot be used: {0}")]
    BreachedPasswords(std::io::Error),
    /// Whoever goes leaves organizations without an owner.
    #[error("you are the only owner of {0}")]
    SoleOwner(String),
    /// What was typed to confirm is another address.
    #[error("this is not the address of your account")]
    AddressConfirmationWrong,
    /// Neither the password was given nor did the person just sign in.
    #[error("this takes your password, or that you have just signed in")]
    SignInStale,
    /// The account is not closed, or its time is over.
    #[error("this account is not closed, or it is too late to take that back")]
    NotClosing,
    /// Another version holds now.
    #[error("another version of this document holds now")]
    ConsentVersionStale,
    /// An account cannot go on without it.
    #[error("without this document there is no account")]
    ConsentNeeded,
    /// Hashing failed, or a stored hash cannot be read.
    #[error("a password hash could not be computed or read: {0}")]
    Hash(argon2::password_hash::Error),
    /// The thread that hashed a password died.
    #[error("hashing a password was interrupted: {0}")]
    HashInterrupted(#[from] tokio::task::JoinError),
    /// A membership with a role this version does not know.
    #[error("the database holds the unknown role {0:?}")]
    RoleUnknown(String),
    /// An organization or an invitation in a state this version does not know.
    #[error("the database holds the unknown status {0:?}")]
    StatusUnknown(String),
    /// No free slug was found for a new organization.
    #[error("no free slug could be found for {0:?}")]
    SlugsExhausted(String),
    /// The database.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<sqlx::Error> for IdentityError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<IdentityError> for Problem {
    fn from(error: IdentityError) -> Self {
        use IdentityError as E;
        match error {
            E::Database(error) => error.into(),
            E::NotFound(what) => Self::not_found(what),
            E::EmailInvalid => Self::invalid_field("email", "email_invalid", sentence(&error)),
            E::NameInvalid => Self::invalid_field("name", "name_invalid", sentence(&error)),
            E::PasswordWeak(_) => Self::invalid_field("password", "password_weak", sentence(&error)),
            E::EmailTaken => Self::conflict("email_taken", sentence(&error)).hint("Sign in instead."),
            E::ApiKeysFull => {
                Self::conflict("api_keys_full", sentence(&error)).hint("Delete keys that are no longer used.")
            }
            E::Forbidden => Self::forbidden(),
            E::DescriptionInvalid => {
                Self::invalid_field("description", "description_invalid", sentence(&error))
            }
            E::SlugInvalid => Self::invalid_field("slug", "slug_invalid", sentence(&error)),
            E::SlugTaken => Self::conflict("slug_taken", sentence(&error)).hint("Choose another one."),
            E::OrganizationsFull => Self::conflict("organizations_full", sentence(&error))
                .hint("Hand one over to somebody else first."),
            E::OrganizationPersonal => Self::conflict("organization_personal", sentence(&error)),
            E::ConfirmationWrong => Self::invalid_field("slug", "confirmation_wrong", sentence(&error)),
            E::LastOwner => {
                Self::conflict("last_owner", sentence(&error)).hint("Make another member an owner first.")
            }
            E::AlreadyMember => Self::conflict("already_member", sentence(&error)),
            E::InvitationsFull => Self::conflict("invitations_full", sentence(&error))
                .hint("Revoke those that are no longer wanted."),
            E::InvitationClosed => Self::conflict("invitation_closed", sentence(&error))
                .hint("Ask whoever invited you for another one."),
            E::InvitationForAnother => {
                Self::new(StatusCode::FORBIDDEN, "invitation_for_another", sentence(&error))
                    .hint("Sign in with the address that was invited.")
            }
            E::SoleOwner(_) => Self::conflict("sole_owner", sentence(&error))
                .hint("Hand each of them over to another owner, or delete it, and then try again."),
            E::AddressConfirmationWrong => {
                Self::invalid_field("email", "confirmation_wrong", sentence(&error))
            }
            E::SignInStale => Self::new(StatusCode::FORBIDDEN, "sign_in_stale", sentence(&error))
                .hint("Send `password`, or sign in again."),
            E::NotClosing => Self::conflict("not_closing", sentence(&error)),
            E::ConsentVersionStale => Self::conflict("consent_version_stale", sentence(&error))
                .hint("Read the present version, and agree to that."),
            E::ConsentNeeded => Self::invalid_field("document", "consent_needed", sentence(&error))
                .hint("Close the account instead."),
            E::CredentialsWrong => Self::new(StatusCode::UNAUTHORIZED, "credentials_wrong", sentence(&error)),
            E::PasswordWrong => Self::invalid_field("password", "password_wrong", sentence(&error)),
            E::TimeZoneUnknown => Self::invalid_field("time_zone", "time_zone_unknown", sentence(&error)),
            E::LocaleInvalid => Self::invalid_field("locale", "locale_invalid", sentence(&error)),
            E::RoleTooHigh => Self::invalid_field("role", "role_too_high", sentence(&error)),
            E::ExpiryPast => Self::invalid_field("expires_at", "expiry_past", sentence(&error)),
            E::CodeRequired => Self::new(StatusCode::UNAUTHORIZED, "code_required", sentence(&error))
                .hint("Send the code as `code`, beside address and password."),
            E::CodeWrong => Self::new(StatusCode::UNAUTHORIZED, "code_wrong", sentence(&error))
                .hint("Wait for the next code, or use a recovery code."),
            E::ConfirmationCodeWrong => Self::invalid_field("code", "code_wrong", sentence(&error)),
            E::TotpEnabled => Self::conflict("totp_enabled", sentence(&error))
                .hint("Remove it before you set up another one."),
            E::SignInThrottled { seconds } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "sign_in_throttled", sentence(&error))
                    .hint("If you forgot the password, have a link mailed to set another one.")
                    .header(header::RETRY_AFTER, seconds.into())
            }
            E::TokenWrong => {
                Self::invalid_field("token", "token_wrong", sentence(&error)).hint("Ask for another mail.")
            }
            E::EmailVerified => Self::conflict("email_verified", sentence(&error)),
            E::MailsFull => Self::new(StatusCode::TOO_MANY_REQUESTS, "mails_full", sentence(&error))
                .hint("Look into the folder for unwanted mail.")
                .header(header::RETRY_AFTER, HeaderValue::from_static("3600")),
            E::ApiKeyWrong => Self::new(StatusCode::UNAUTHORIZED, "api_key_wrong", sentence(&error))
                .hint("Make a key in the settings and send it as `Authorization: Bearer mrl_…`.")
                // RFC 6750 section 3.1
                .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\"")),
            E::RequestHeaderMissing => {
                Self::new(StatusCode::FORBIDDEN, "csrf_header_missing", sentence(&error))
                    .hint("Send `X-Memoreel-Request: 1`.")
            }
            E::SessionRequired => Self::new(StatusCode::FORBIDDEN, "session_required", sentence(&error)),
            E::Busy => {
                Self::unavailable("sign_in_busy", sentence(&error)).hint("Try again in a few seconds.")
            }
            E::Seal(_)
            | E::BreachedPasswords(_)
            | E::Hash(_)
            | E::HashInterrupted(_)
            | E::RoleUnknown(_)
            | E::StatusUnknown(_)
            | E::SlugsExhausted(_) => Self::internal(error),
        }
    }
}

fn sentence(error: &IdentityError) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
