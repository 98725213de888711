//! An entry as owners see it.

use chrono::{DateTime, Utc};
use memoreel_kernel::{AuditEntryId, UserId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditEntryId,
    /// When the change's transaction began, by the database's clock.
    pub occurred_at: DateTime<Utc>,
    /// Who made it.
    pub actor: AuditActor,
    /// What was done to what.
    #[schema(example = "video.deleted")]
    pub action: String,
    /// What it was done to.
    #[schema(example = "video")]
    pub target_kind: String,
    /// Which one.
    pub target_id: Uuid,
    /// What it was called: a title, a name or an address.
    pub label: Option<String>,
    /// The values that changed, as they were. Secrets are told by dots.
    #[schema(value_type = Object)]
    pub old: Value,
    /// The same, as they became.
    #[schema(value_type = Object)]
    pub new: Value,
    /// The network address the request came from.
    pub address: Option<String>,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// Names the request in the server's log.
    pub request_id: Option<String>,
    /// Its place in the organization's chain, from 1; absent until it is sealed, a minute at most.
    pub seq: Option<i64>,
    /// The SHA-256 of the entry and of the one before it, in hexadecimal.
    pub hash: Option<String>,
    /// Whether names, values and addresses were erased; the chain stays whole.
    pub is_erased: bool,
}

/// Who made a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditActor {
    /// `session`: a person; `api_key`: a program of theirs; `system`: an operator on the server's command line, or the server itself.
    pub kind: String,
    /// The person.
    pub id: Option<UserId>,
    /// Their name, while they belong to the organization.
    pub name: Option<String>,
}
