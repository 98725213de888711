//! What can go wrong here, and what a client is told about it.

use crate::{
    API_KEYS_PER_USER_MAX, DOMAINS_PER_ORGANIZATION_MAX, INVITATION_MAILS_PER_ADDRESS,
    INVITATION_MAILS_PER_HOUR, INVITATIONS_PENDING_MAX, ORGANIZATIONS_OWNED_MAX, PASSKEYS_PER_USER_MAX,
    input::{DESCRIPTION_CHARS_MAX, EMAIL_CHARS_MAX, NAME_CHARS_MAX},
    password::PasswordFlaw,
    preferences::LOCALE_CHARS_MAX,
    slug::SLUG_CHARS_MAX,
};
use http::{HeaderValue, StatusCode, header};
use memoreel_db::DbError;
use memoreel_kernel::Timestamp;
use memoreel_web::{Problem, SealError, sentence};

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
    #[error(transparent)]
    PasswordWeak(#[from] PasswordFlaw),
    /// No such user, or another password: which of the two is not told.
    #[error("the e-mail address or the password is wrong")]
    CredentialsWrong,
    /// The password that shows who is sitting there is another one.
    #[error("this is not your password")]
    PasswordWrong,
    /// Nobody has shown yet that the account of a mailed link is theirs.
    #[error("type the password of this account, so that nobody confirms an account that somebody else made")]
    AccountUnproved,
    /// The same, of an account without a password.
    #[error("sign in to this account first, and open the link in the same browser")]
    SignInFirst,
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
    /// The session is older, and nobody typed the password.
    #[error("this needs your password, or that you signed in within the last quarter of an hour")]
    RecentSignInRequired,
    /// Browsers allow no passkeys at the server's address.
    #[error("{0}")]
    PasskeysUnavailable(&'static str),
    /// The passkey is unknown, or what it said is not what was asked for: which of the two is not told.
    #[error("this passkey does not open an account here, or it took too long")]
    PasskeyWrong,
    /// What was to become a passkey does not answer the challenge.
    #[error("this passkey could not be added, or it took too long")]
    PasskeyInvalid,
    /// The authenticator's passkey is somebody's already.
    #[error("this passkey has been added already")]
    PasskeyTaken,
    /// One more passkey would be too many.
    #[error("you have {PASSKEYS_PER_USER_MAX} passkeys, which is the most there may be")]
    PasskeysFull,
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
    /// One more mail to the invited would be too many.
    #[error(
        "at most {INVITATION_MAILS_PER_HOUR} invitations are mailed in an hour, and {INVITATION_MAILS_PER_ADDRESS} to one address"
    )]
    InvitationMailsFull,
    /// The bearer key is unknown, expired or revoked.
    #[error("this API key is unknown, expired or revoked")]
    ApiKeyWrong,
    /// A write that came with a cookie cannot be told from one that another site caused.
    #[error("a change made with the session cookie must carry the header X-Memoreel-Request")]
    RequestHeaderMissing,
    /// An API key may not do this.
    #[error("this needs a signed-in person; an API key may not do it")]
    SessionRequired,
    /// The session of whoever asks ended meanwhile.
    #[error("your session has ended")]
    SessionEnded,
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
    /// A provider is down, or is not what it is configured to be.
    #[error("{name} cannot be reached at the moment")]
    ProviderUnavailable {
        /// What people call the provider.
        name: String,
    },
    /// A provider let nobody in: they changed their mind, or may not.
    #[error("{name} did not let you in")]
    ProviderRefused {
        /// What people call the provider.
        name: String,
    },
    /// What a provider sent is not to be believed.
    #[error("what {name} sent could not be verified")]
    ProviderAnswerWrong {
        /// What people call the provider.
        name: String,
    },
    /// Nobody of this browser is on the way to that provider.
    #[error("this sign-in was begun in another browser, has ended, or took more than ten minutes")]
    TripUnknown,
    /// The address to come back to leads elsewhere.
    #[error("the address to return to has to be a path of this server, such as /library")]
    ReturnToInvalid,
    /// There is an account with the address, and one side does not know whose address it is.
    #[error(
        "there is an account with this e-mail address, and it takes a confirmed address on both sides to sign in to it through {name}"
    )]
    IdentityUnverified {
        /// What people call the provider.
        name: String,
    },
    /// The account of the address belongs to somebody else at the provider.
    #[error("the account with this e-mail address is linked to somebody else at {name}")]
    IdentityDiffers {
        /// What people call the provider.
        name: String,
    },
    /// Another account is linked to it.
    #[error("another account is linked to what you are at {name}")]
    IdentityTaken {
        /// What people call the provider.
        name: String,
    },
    /// Without an address there is no account to be found or made.
    #[error("{name} does not tell your e-mail address")]
    IdentityEmailMissing {
        /// What people call the provider.
        name: String,
    },
    /// Nobody could get into the account any more.
    #[error("this is the only way into your account")]
    LastWayIn,
    /// Somebody wants to add a way into an account that has a password.
    #[error("this takes your password")]
    PasswordRequired,
    /// The account is not active.
    #[error("this account is closed")]
    AccountClosed,
    /// The account was closed meanwhile, and goes after that time.
    #[error("this account is closed and will be erased after {0}")]
    AccountClosing(Timestamp),
    /// Nobody may make an account of their own.
    #[error("nobody can make an account on this server by themselves")]
    SignUpClosed,
    /// Addresses of the domain sign in through one provider alone.
    #[error("people with this e-mail domain sign in through {name}")]
    ProviderRequired {
        /// What people call the provider.
        name: String,
    },
    /// No such provider is configured.
    #[error("there is no such provider on this server")]
    ProviderUnknown,
    /// The domain cannot be one.
    #[error("a domain looks like example.com")]
    DomainInvalid,
    /// Anybody can have an address or a name there.
    #[error("this domain is open to anybody, so it cannot be one organization's")]
    DomainShared,
    /// The organization has the domain.
    #[error("your organization has this domain already")]
    DomainExists,
    /// One more domain would be too many.
    #[error("your organization has {DOMAINS_PER_ORGANIZATION_MAX} domains, which is the most there may be")]
    DomainsFull,
    /// Another organization verified it.
    #[error("another organization has verified this domain")]
    DomainTaken,
    /// Its record is not there.
    #[error("no name server knows the record of this domain yet")]
    DomainUnproved,
    /// No name server answers.
    #[error("no name server answers at the moment")]
    DnsUnavailable,
    /// The named thing does not exist for this caller.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Too many passwords wait to be hashed.
    #[error("too many people are signing in at this moment")]
    Busy,
    /// A stored secret does not open.
    #[error("a stored secret cannot be read: {0}")]
    Seal(#[from] SealError),
    /// No challenge could be made.
    #[error("a challenge for a passkey could not be made: {0}")]
    Passkeys(webauthn_rs::prelude::WebauthnError),
    /// A stored passkey or challenge is of another version.
    #[error("a stored passkey cannot be read: {0}")]
    PasskeyUnreadable(serde_json::Error),
    /// The list of leaked passwords cannot be searched.
    #[error("the list of breached passwords cannot be used: {0}")]
    BreachedPasswords(std::io::Error),
    /// There is no way to speak HTTP.
    #[error("no HTTP client could be made: {0}")]
    HttpClient(reqwest::Error),
    /// Whoever goes leaves organizations without an owner.
    #[error("you are the only owner of {0}")]
    SoleOwner(String),
    /// What was typed to confirm is another address.
    #[error("this is not the address of your account")]
    AddressConfirmationWrong,
    /// The account is not closed, or its time is over.
    #[error("this account is not closed, or it is too late to take that back")]
    NotClosing,
    /// Another version holds now.
    #[error("another version of this document holds now")]
    ConsentVersionStale,
    /// There is no account without what the operator asks for.
    #[error("making an account takes agreeing to the terms of this server")]
    ConsentRequired,
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
            E::SessionEnded => Self::unauthenticated(),
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
            E::NotClosing => Self::conflict("not_closing", sentence(&error)),
            E::ConsentVersionStale => Self::conflict("consent_version_stale", sentence(&error))
                .hint("Read the present version, and agree to that."),
            E::ConsentRequired => Self::invalid_field("agreed", "consent_required", sentence(&error))
                .hint("GET /auth/providers lists what to read and in which version; send it as `agreed`."),
            E::ConsentNeeded => Self::invalid_field("document", "consent_needed", sentence(&error))
                .hint("Close the account instead."),
            E::CredentialsWrong => Self::new(StatusCode::UNAUTHORIZED, "credentials_wrong", sentence(&error)),
            E::AccountUnproved => Self::invalid_field("password", "password_required", sentence(&error))
                .hint("Did you not sign up yourself? Then ignore the mail."),
            E::SignInFirst => forbidden("sign_in_first", &error)
                .hint("Did you not sign up yourself? Then ignore the mail."),
            E::PasswordWrong => Self::invalid_field("password", "password_wrong", sentence(&error)),
            E::TimeZoneUnknown => Self::invalid_field("time_zone", "time_zone_unknown", sentence(&error)),
            E::LocaleInvalid => Self::invalid_field("locale", "locale_invalid", sentence(&error)),
            E::RoleTooHigh => Self::invalid_field("role", "role_too_high", sentence(&error)),
            E::ExpiryPast => Self::invalid_field("expires_at", "expiry_past", sentence(&error)),
            E::CodeRequired => Self::new(StatusCode::UNAUTHORIZED, "code_required", sentence(&error))
                .hint("Send the code as `code`, beside address and password."),
            E::CodeWrong => Self::new(StatusCode::UNAUTHORIZED, "code_wrong", sentence(&error))
                .hint("Wait for the next code, or use a recovery code."),
            E::ConfirmationCodeWrong => Self::invalid_field("code", "confirmation_code_wrong", sentence(&error)),
            E::TotpEnabled => Self::conflict("totp_enabled", sentence(&error))
                .hint("Remove it before you set up another one."),
            E::RecentSignInRequired => {
                Self::new(StatusCode::FORBIDDEN, "recent_sign_in_required", sentence(&error))
                    .hint("Send `password`, or sign in again.")
            }
            E::PasskeysUnavailable(_) => Self::conflict("passkeys_unavailable", sentence(&error)),
            E::PasskeyWrong => Self::new(StatusCode::UNAUTHORIZED, "passkey_wrong", sentence(&error))
                .hint("Try again, or sign in with your password."),
            E::PasskeyInvalid => {
                Self::invalid_field("credential", "passkey_invalid", sentence(&error)).hint("Begin again.")
            }
            E::PasskeyTaken => Self::conflict("passkey_taken", sentence(&error)),
            E::PasskeysFull => Self::conflict("passkeys_full", sentence(&error))
                .hint("Remove those that are no longer used."),
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
            E::InvitationMailsFull => Self::new(StatusCode::TOO_MANY_REQUESTS, "mails_full", sentence(&error))
                .hint("Invite again in an hour, or send the link of a mailed invitation by other means.")
                .header(header::RETRY_AFTER, HeaderValue::from_static("3600")),
            E::ApiKeyWrong => Self::new(StatusCode::UNAUTHORIZED, "api_key_wrong", sentence(&error))
                .hint("Make a key in the settings and send it as `Authorization: Bearer mrl_…`.")
                // RFC 6750 section 3.1
                .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\"")),
            E::RequestHeaderMissing => {
                Self::new(StatusCode::FORBIDDEN, "csrf_header_missing", sentence(&error))
                    .hint("Send `X-Memoreel-Request: 1`.")
            }
            E::ProviderUnavailable { .. } => Self::unavailable("provider_unavailable", sentence(&error))
                .hint("Try again in a few minutes, or sign in another way."),
            E::ProviderRefused { .. } => forbidden("provider_refused", &error)
                .hint("Try again, or ask whoever looks after your account there."),
            E::ProviderAnswerWrong { .. } => forbidden("provider_answer_wrong", &error)
                .hint("Try again; if it stays, give the request id to whoever runs this server."),
            E::TripUnknown => Self::invalid("sign_in_unknown", sentence(&error)).hint("Begin again."),
            E::ReturnToInvalid => Self::invalid_field("return_to", "return_to_invalid", sentence(&error)),
            E::IdentityUnverified { .. } => forbidden("identity_unverified", &error).hint(
                "Sign in with your password, confirm your address, and link the provider in the security settings.",
            ),
            E::IdentityDiffers { .. } => Self::conflict("identity_differs", sentence(&error)).hint(
                "Sign in another way and look at the linked accounts in the security settings.",
            ),
            E::IdentityTaken { .. } => Self::conflict("identity_taken", sentence(&error))
                .hint("Unlink it there first, or sign in with it."),
            E::IdentityEmailMissing { .. } => forbidden("identity_email_missing", &error)
                .hint("Let it tell your address, or sign in another way."),
            E::LastWayIn => Self::conflict("last_way_in", sentence(&error))
                .hint("Set a password by a mailed link, or link something else first."),
            E::PasswordRequired => Self::invalid_field("password", "password_required", sentence(&error)),
            E::AccountClosing(erased_after) => Self::account_closing(erased_after),
            E::AccountClosed => forbidden("account_closed", &error).hint("Ask whoever runs this server."),
            E::SignUpClosed => forbidden("sign_up_closed", &error)
                .hint("If you have an account, sign in to it another way; otherwise ask whoever runs this server."),
            E::ProviderRequired { .. } => forbidden("provider_required", &error)
                .hint("An owner of the organization that has the domain can also use a password, or a link mailed to set one."),
            E::ProviderUnknown => {
                Self::invalid_field("required_provider", "provider_unknown", sentence(&error))
            }
            E::DomainInvalid => Self::invalid_field("domain", "domain_invalid", sentence(&error)),
            E::DomainShared => Self::invalid_field("domain", "domain_shared", sentence(&error)),
            E::DomainExists => Self::conflict("domain_exists", sentence(&error)),
            E::DomainsFull => Self::conflict("domains_full", sentence(&error))
                .hint("Remove those that are no longer used."),
            E::DomainTaken => Self::conflict("domain_taken", sentence(&error))
                .hint("Ask whoever runs this server if that should not be so."),
            E::DomainUnproved => Self::conflict("domain_unproved", sentence(&error))
                .hint("Add the record where the domain is looked after. It may take an hour until it is known everywhere."),
            E::DnsUnavailable => {
                Self::unavailable("dns_unavailable", sentence(&error)).hint("Try again in a few minutes.")
            }
            E::SessionRequired => Self::new(StatusCode::FORBIDDEN, "session_required", sentence(&error))
                .hint("Do it in the web app."),
            E::Busy => {
                Self::unavailable("sign_in_busy", sentence(&error)).hint("Try again in a few seconds.")
            }
            E::Seal(_)
            | E::Passkeys(_)
            | E::PasskeyUnreadable(_)
            | E::BreachedPasswords(_)
            | E::HttpClient(_)
            | E::Hash(_)
            | E::HashInterrupted(_)
            | E::RoleUnknown(_)
            | E::StatusUnknown(_)
            | E::SlugsExhausted(_) => Self::internal(error),
        }
    }
}

fn forbidden(code: &'static str, error: &IdentityError) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, code, sentence(error))
}
