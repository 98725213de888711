//! Who is calling, for which organization, and as what.

use crate::{Action, ApiKeyId, OrganizationId, SessionId, UserId};

/// A user's role in an organization: owner > admin > member > viewer.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads, never writes.
    Viewer,
    /// Adds and edits content.
    Member,
    /// Manages content and members.
    Admin,
    /// Everything, deletion of the organization included.
    Owner,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Member, Role::Admin, Role::Owner];

    /// The name stored in `memberships.role`.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Member => "member",
            Role::Admin => "admin",
            Role::Owner => "owner",
        }
    }

    /// The inverse of [`Role::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Role::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// How the caller proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A person with a session cookie.
    Session(SessionId),
    /// A program with a bearer key, acting for the user who made it.
    ApiKey(ApiKeyId),
    /// A background task acting for the organization itself.
    Service,
}

/// The identity under which one request or task touches one organization's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The organization whose rows are visible.
    pub organization_id: OrganizationId,
    /// The user, absent for tasks.
    pub user_id: Option<UserId>,
    /// The role, absent for tasks.
    pub role: Option<Role>,
    /// How the caller was authenticated.
    pub actor: Actor,
}

impl Caller {
    /// A background task that works for `organization_id`.
    pub fn service(organization_id: OrganizationId) -> Self {
        Self { organization_id, user_id: None, role: None, actor: Actor::Service }
    }

    /// What `app.role` is set to in this caller's transactions.
    pub fn role_name(&self) -> &'static str {
        self.role.map_or("service", Role::as_str)
    }

    /// Whether the caller's role is enough. Background tasks may do everything.
    pub fn may(&self, action: Action) -> bool {
        self.role.is_none_or(|role| role >= action.least_role())
    }
}
