//! What the slice deals in, as it is kept and as it is told to clients.

use chrono::{DateTime, Utc};
use memoreel_kernel::{ApiKeyId, OrganizationId, Role, SessionId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a new account is made of. No `Debug`, because of the password.
#[derive(Deserialize, ToSchema)]
pub struct NewUser {
    /// Address to sign in with, unique whatever its case.
    #[schema(example = "ada@example.com", max_length = 254)]
    pub email: String,
    /// What others see, 1 to 100 characters.
    #[schema(example = "Ada Lovelace", min_length = 1, max_length = 100)]
    pub name: String,
    /// 10 to 1024 characters.
    #[schema(format = Password, min_length = 10, max_length = 1024)]
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
    /// What the member may do.
    pub role: Role,
    /// Whether it is the member's own, made at sign-up.
    pub is_personal: bool,
}

/// Who is signed in, where they are, and where else they may go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Me {
    /// The person.
    pub user: User,
    /// The organization of this request.
    pub organization: MyOrganization,
    /// Every organization these credentials open, the personal one first.
    pub organizations: Vec<MyOrganization>,
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

/// What a new key is to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct NewApiKey {
    /// For its owner to know it by, 1 to 100 characters.
    #[schema(example = "Nightly import", min_length = 1, max_length = 100)]
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
