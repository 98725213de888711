//! People, their sessions and API keys, and the organizations they belong to.
//!
//! [`authenticate`] is the middleware that turns a cookie or a bearer key into a kernel `Caller`; every other slice
//! only reads that. Nothing here knows videos, files or tasks.

mod accounts;
mod authenticate;
mod breached;
mod closing;
mod consents;
mod cookie;
mod dns;
mod domain_checks;
mod domain_name;
mod domains;
mod email_tokens;
mod emails;
mod error;
mod identities;
mod input;
mod invitation_mails;
mod invitations;
mod mails;
mod maintenance;
mod members;
mod model;
mod notices;
mod organizations;
mod passkeys;
mod password;
mod passwords;
mod preferences;
mod provider_http;
mod provider_sign_in;
mod providers;
mod routes;
mod sealed;
mod second_factor;
mod slug;
mod store;
mod throttle;
mod token;
mod totp;

pub use accounts::{create_api_key, create_user, find_user, member_caller, personal_caller};
pub use authenticate::{ORGANIZATION_HEADER, REQUEST_HEADER, authenticate};
pub use breached::check_breached_passwords;
pub use closing::{
    SoleOwnership, close_account, close_account_now, forget_attempts, hold_ownerships, overdue_people,
    reopen_account,
};
pub use cookie::SESSION_COOKIE;
pub use domain_checks::{DOMAIN_CHECKED_EVERY, DOMAIN_RECORD_MISSING_MAX, check_domains};
pub use domains::{end_overtaken_sessions, verify_domain};
pub use error::IdentityError;
pub use input::{DESCRIPTION_CHARS_MAX, EMAIL_CHARS_MAX, NAME_CHARS_MAX};
pub use invitation_mails::{InvitationMail, SendInvitation};
pub use mails::{MailTask, SendMail};
pub use maintenance::{
    EMAIL_TOKENS_KEPT_FOR, IDEMPOTENCY_KEYS_KEPT_FOR, Removed, UNCONFIRMED_KEPT_FOR, remove_expired,
};
pub use model::{
    ApiKey, Domain, Identity, Invitation, InvitationOffer, InvitationStatus, IssuedApiKey, IssuedInvitation,
    JoinRole, KnownOrganization, Me, Member, MyOrganization, NewApiKey, NewUser, Organization, Passkey,
    Session, User,
};
pub use organizations::{
    list_organizations, overdue_organizations, resume_organization, suspend_organization,
};
pub use passkeys::passkeys_unavailable;
pub use password::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, PasswordFlaw};
pub use preferences::{EmailRhythm, LOCALE_CHARS_MAX, Preferences, Theme};
pub use provider_http::is_secure;
pub use providers::check_provider;
pub use routes::router;
pub use sealed::{Resealed, SEALED_COLUMNS, SealedColumn, reseal};

use chrono::TimeDelta;

/// How long a session lives without being used.
pub const SESSION_IDLE_MAX: TimeDelta = TimeDelta::days(30);
/// How many sessions a user may have; the next one ends the oldest.
pub const SESSIONS_PER_USER_MAX: i64 = 5;
/// How many passkeys a user may have.
pub const PASSKEYS_PER_USER_MAX: usize = 20;
/// How many API keys a user may have in one organization.
pub const API_KEYS_PER_USER_MAX: i64 = 100;
/// How many organizations a user may own, the personal one included.
pub const ORGANIZATIONS_OWNED_MAX: i64 = 20;
/// How long a deleted organization can be restored.
pub const ORGANIZATION_KEPT_FOR: TimeDelta = TimeDelta::days(30);
/// How long a closed account can be taken back.
pub const ACCOUNT_KEPT_FOR: TimeDelta = TimeDelta::days(7);
/// How long an invitation can be answered.
pub const INVITATION_LIFETIME: TimeDelta = TimeDelta::days(7);
/// How many invitations of one organization may wait for an answer.
pub const INVITATIONS_PENDING_MAX: i64 = 100;
/// How many mails with invitations an organization sends in an hour.
pub const INVITATION_MAILS_PER_HOUR: i64 = 120;
/// How many of them go to one address.
pub const INVITATION_MAILS_PER_ADDRESS: i64 = 3;
/// How many domains an organization may have.
pub const DOMAINS_PER_ORGANIZATION_MAX: i64 = 20;
