//! What the slice deals in, as it is kept and as it is told to clients.

use chrono::{DateTime, Utc};
use memoreel_kernel::{
    Action, ApiKeyId, DomainId, IdentityId, InvitationId, OrganizationId, OrganizationStatus, PasskeyId,
    Role, SessionId, UserId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a new account is made of. No `Debug`, because of the password.
pub struct NewUser {
    /// Address to sign in with, unique whatever its case.
    pub email: String,
    /// What others see, 1 to 100 characters.
    pub name: String,
    /// 10 to 1024 characters.
    pub password: String,
}

/// A person with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their address, as they wrote it.
    pub email: String,
    /// What others see.
    pub name: String,
    /// Whether mail to the address is known to reach them.
    pub email_verified: bool,
    /// Whether sign-in asks for a code of an authenticator app.
    pub has_totp: bool,
    /// When they signed up.
    pub created_at: DateTime<Utc>,
}

/// An organization as one of its members sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MyOrganization {
    /// Its id, for the header `Memoreel-Organization`.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Its name in addresses, unique.
    pub slug: String,
    /// Whether it is at work.
    pub status: OrganizationStatus,
    /// What the member may do.
    pub role: Role,
    /// Whether it is the member's own, made at sign-up.
    pub is_personal: bool,
}

impl MyOrganization {
    /// What the member can do there, as it is.
    pub(crate) fn may(&self) -> Vec<Action> {
        let can = |action: &Action| action.least_role() <= self.role && action.is_possible_in(self.status);
        Action::ALL.into_iter().filter(can).collect()
    }
}

/// Who is signed in, where they are, and where else they may go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Me {
    /// The person.
    pub user: User,
    /// The organization of this request.
    pub organization: MyOrganization,
    /// What the person can do in the organization of this request.
    pub may: Vec<Action>,
    /// Every organization these credentials open, the personal one first.
    pub organizations: Vec<MyOrganization>,
    /// When the account goes for good, if it is closed; until then that can be taken back, and nothing else can be done.
    pub erased_after: Option<DateTime<Utc>>,
}

/// A signed-in device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// What the browser called itself at sign-in.
    pub user_agent: Option<String>,
    /// The network address it signed in from.
    pub address: Option<String>,
    /// When it signed in.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the hour.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends unless it is used before.
    pub expires_at: DateTime<Utc>,
    /// Whether it is the session of this request.
    pub is_current: bool,
}

/// A key pair on a person's device that they sign in with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Passkey {
    /// Its id.
    pub id: PasskeyId,
    /// What its owner calls it.
    pub name: String,
    /// Whether it is kept elsewhere too, such as with other devices of its owner.
    pub backed_up: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When somebody last signed in with it.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// What a new key is to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// For its owner to know it by, 1 to 100 characters.
    #[schema(
        example = "Nightly import",
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    pub name: String,
    /// What it may do at most, and no more than its maker; absent, whatever its maker may do.
    pub role: Option<Role>,
    /// When it ends by itself; absent, never.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A bearer key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What its owner calls it.
    pub name: String,
    /// How it begins, to tell keys apart.
    #[schema(example = "mrl_4f9c01ab")]
    pub prefix: String,
    /// What it may do at most; absent, whatever its owner may do.
    pub role: Option<Role>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A bearer key just made; the secret is never shown again. No `Debug`, because of the secret.
#[derive(Serialize, ToSchema)]
pub struct IssuedApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What its owner calls it.
    pub name: String,
    /// How it begins, to tell keys apart.
    #[schema(example = "mrl_4f9c01ab")]
    pub prefix: String,
    /// What it may do at most; absent, whatever its owner may do.
    pub role: Option<Role>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// The whole key, to be sent as `Authorization: Bearer …`.
    pub secret: String,
}

/// An organization as its members see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Organization {
    /// Its id, for the header `Memoreel-Organization`.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Its name in addresses, unique.
    pub slug: String,
    /// What it is about.
    pub description: Option<String>,
    /// Whether it is at work.
    pub status: OrganizationStatus,
    /// Whether it is a person's own, made at their sign-up. Such a one cannot be deleted.
    pub is_personal: bool,
    /// What the caller may do.
    pub role: Role,
    /// How many people belong to it.
    pub member_count: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it can be restored, if it is deleted.
    pub erased_after: Option<DateTime<Utc>>,
}

/// An organization as whoever runs the server sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownOrganization {
    /// Which.
    pub id: OrganizationId,
    /// Its name in addresses, unique.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Whether it is at work.
    pub status: OrganizationStatus,
    /// How many people belong to it.
    pub member_count: i64,
}

/// Somebody who belongs to an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// What others see.
    pub name: String,
    /// Their address, as they wrote it.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Since when they belong to it.
    pub joined_at: DateTime<Utc>,
    /// Whether it is the caller.
    pub is_me: bool,
}

/// What became of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvitationStatus {
    /// It waits for an answer.
    Pending,
    /// Whoever was invited is a member.
    Accepted,
    /// Whoever was invited said no.
    Declined,
    /// It was not answered in time.
    Expired,
    /// It was taken back, or replaced by another.
    Revoked,
}

impl InvitationStatus {
    /// The name stored in `organization_invitations.status`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            InvitationStatus::Pending => "pending",
            InvitationStatus::Accepted => "accepted",
            InvitationStatus::Declined => "declined",
            InvitationStatus::Expired => "expired",
            InvitationStatus::Revoked => "revoked",
        }
    }

    /// The inverse of [`InvitationStatus::as_str`].
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Accepted, Self::Declined, Self::Expired, Self::Revoked]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

/// An invitation as those who manage it see it, without its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Who is invited.
    pub email: String,
    /// As what.
    pub role: Role,
    /// What became of it.
    pub status: InvitationStatus,
    /// Who invited, if they are a member still.
    pub invited_by_name: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it can be answered.
    pub expires_at: DateTime<Utc>,
}

/// An invitation just made or renewed; the link is never shown again. No `Debug`, because of the link.
#[derive(Serialize, ToSchema)]
pub struct IssuedInvitation {
    /// The invitation.
    #[serde(flatten)]
    pub invitation: Invitation,
    /// Where whoever is invited answers.
    #[schema(
        example = "https://memoreel.example.com/invitation#bG9va3MgbGlrZSB0aGlzIGFuZCBpcyBuZXZlciB0aGU"
    )]
    pub link: String,
}

/// An invitation as whoever holds its token sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct InvitationOffer {
    /// Into what.
    pub organization_name: String,
    /// Who is invited.
    pub email: String,
    /// As what.
    pub role: Role,
    /// Who invited, if they have an account still.
    pub invited_by_name: Option<String>,
    /// Until when it can be answered.
    pub expires_at: DateTime<Utc>,
    /// Whether it can be answered.
    pub status: InvitationStatus,
}

/// What a provider knows a person as.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Identity {
    /// Its id.
    pub id: IdentityId,
    /// The provider's id.
    pub provider: String,
    /// What people call the provider.
    pub provider_name: String,
    /// The address the provider told last.
    pub email: Option<String>,
    /// When it was linked.
    pub created_at: DateTime<Utc>,
    /// When it was last signed in with.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// As what people join by having an address of a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JoinRole {
    /// They do not join by themselves.
    None,
    /// As viewers.
    Viewer,
    /// As members.
    Member,
}

impl JoinRole {
    /// The name stored in `organization_domains.join_role`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Viewer => "viewer",
            Self::Member => "member",
        }
    }

    /// The inverse of [`JoinRole::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::None, Self::Viewer, Self::Member].into_iter().find(|role| role.as_str() == text)
    }
}

/// A domain of an organization.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Domain {
    /// Its id.
    pub id: DomainId,
    /// In lower case and ASCII.
    #[schema(example = "example.com")]
    pub domain: String,
    /// Where the text record that verifies it belongs.
    #[schema(example = "_memoreel.example.com")]
    pub record_name: String,
    /// What the record says.
    pub record_value: String,
    /// Since when it is known to be the organization's; the rest means nothing before.
    pub verified_at: Option<DateTime<Utc>>,
    /// Since when its record is missing, if it is. After seven days the domain is verified no more.
    pub failing_since: Option<DateTime<Utc>>,
    /// As what people with a confirmed address of it join.
    pub join_role: JoinRole,
    /// The only provider through which addresses of it sign in; any way if absent.
    pub required_provider: Option<String>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

impl Domain {
    /// Below a name that is nobody's host (RFC 8552).
    pub(crate) fn record_name(domain: &str) -> String {
        format!("_memoreel.{domain}")
    }

    pub(crate) fn record_value(token: &str) -> String {
        format!("memoreel-verification={token}")
    }
}
