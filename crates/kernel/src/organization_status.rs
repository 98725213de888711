//! Whether an organization is at work.

/// The state of an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationStatus {
    /// At work.
    Active,
    /// Stopped by whoever runs the server.
    Suspended,
    /// Deleted by an owner, and kept for a while.
    Deleted,
}

impl OrganizationStatus {
    /// The name stored in `organizations.status`.
    pub fn as_str(self) -> &'static str {
        match self {
            OrganizationStatus::Active => "active",
            OrganizationStatus::Suspended => "suspended",
            OrganizationStatus::Deleted => "deleted",
        }
    }

    /// The inverse of [`OrganizationStatus::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [OrganizationStatus::Active, OrganizationStatus::Suspended, OrganizationStatus::Deleted]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}
