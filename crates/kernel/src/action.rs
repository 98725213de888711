//! What people do in an organization, and which role it takes.

use crate::{OrganizationStatus, Role};

/// Something that takes a role. What people do with their own account takes none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Watch, read and search what the organization keeps.
    ReadContent,
    /// Make, list and revoke one's own API keys, which can do no more than oneself.
    UseApiKeys,
    /// See the organization's name, address and state.
    SeeOrganization,
    /// See who belongs to it.
    SeeMembers,
    /// Leave it.
    LeaveOrganization,
    /// Upload, and add, change, delete and restore videos, transcripts and speakers; delete images, and make, change and delete
    /// their presets; cancel and retry background tasks.
    EditContent,
    /// Make, change and delete channels.
    ManageChannels,
    /// Invite people, and see, renew and revoke invitations.
    InviteMembers,
    /// Change the roles of members, and remove them.
    ManageMembers,
    /// Change the organization's name and description, and how large its files may be.
    ManageOrganization,
    /// Say which addresses are told what happens, see what they were told, and tell them again.
    ManageWebhooks,
    /// Say which web sites media are delivered to, and for how long caches keep them.
    ManageDelivery,
    /// Say which versions are made of the videos that come in.
    ManageEncoding,
    /// Put background tasks before or behind others.
    PrioritiseTasks,
    /// See how much is asked, sent and kept, and take the log of requests along.
    ReadAnalytics,
    /// Change the organization's name in addresses.
    ChangeSlug,
    /// Invite, make, change and remove owners.
    ManageOwners,
    /// Verify domains, and say how people with addresses of theirs join and sign in.
    ManageDomains,
    /// Hand the organization over to another member.
    TransferOrganization,
    /// Take everything of the organization along.
    ExportOrganization,
    /// Delete the organization.
    DeleteOrganization,
    /// Bring the organization back within its grace period.
    RestoreOrganization,
    /// Read and export the audit log.
    ReadAuditLog,
}

impl Action {
    /// All of them, in the order of the roles they take.
    pub const ALL: [Action; 23] = [
        Action::ReadContent,
        Action::UseApiKeys,
        Action::SeeOrganization,
        Action::SeeMembers,
        Action::LeaveOrganization,
        Action::EditContent,
        Action::ManageChannels,
        Action::InviteMembers,
        Action::ManageMembers,
        Action::ManageOrganization,
        Action::ManageWebhooks,
        Action::ManageDelivery,
        Action::ManageEncoding,
        Action::PrioritiseTasks,
        Action::ReadAnalytics,
        Action::ChangeSlug,
        Action::ManageOwners,
        Action::ManageDomains,
        Action::TransferOrganization,
        Action::ExportOrganization,
        Action::DeleteOrganization,
        Action::RestoreOrganization,
        Action::ReadAuditLog,
    ];

    /// The table: the least role that may do it.
    pub fn least_role(self) -> Role {
        match self {
            Action::ReadContent
            | Action::UseApiKeys
            | Action::SeeOrganization
            | Action::SeeMembers
            | Action::LeaveOrganization => Role::Viewer,
            Action::EditContent | Action::ManageChannels => Role::Member,
            Action::InviteMembers
            | Action::ManageMembers
            | Action::ManageOrganization
            | Action::ManageWebhooks
            | Action::ManageDelivery
            | Action::ManageEncoding
            | Action::PrioritiseTasks
            | Action::ReadAnalytics => Role::Admin,
            Action::ChangeSlug
            | Action::ManageOwners
            | Action::ManageDomains
            | Action::TransferOrganization
            | Action::ExportOrganization
            | Action::DeleteOrganization
            | Action::RestoreOrganization
            | Action::ReadAuditLog => Role::Owner,
        }
    }

    /// Whether it can be done in an organization of that status: little is left where work has stopped.
    pub fn is_possible_in(self, status: OrganizationStatus) -> bool {
        match status {
            OrganizationStatus::Active => true,
            OrganizationStatus::Suspended => self == Action::SeeOrganization,
            OrganizationStatus::Deleted => {
                matches!(self, Action::SeeOrganization | Action::RestoreOrganization)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_holds_every_action_once_in_the_order_of_roles() {
        let mut seen = std::collections::HashSet::new();
        assert!(Action::ALL.iter().all(|action| seen.insert(*action)));
        assert!(Action::ALL.is_sorted_by_key(|action| action.least_role()));
    }

    #[test]
    fn viewers_change_nothing_but_what_is_their_own() {
        let of_viewers: Vec<Action> =
            Action::ALL.into_iter().filter(|action| action.least_role() == Role::Viewer).collect();
        assert_eq!(
            of_viewers,
            [
                Action::ReadContent,
                Action::UseApiKeys,
                Action::SeeOrganization,
                Action::SeeMembers,
                Action::LeaveOrganization
            ]
        );
    }

    #[test]
    fn a_deleted_organization_can_be_seen_and_restored_and_a_suspended_one_only_seen() {
        let possible = |status| {
            Action::ALL.into_iter().filter(|action| action.is_possible_in(status)).collect::<Vec<_>>()
        };
        assert_eq!(possible(OrganizationStatus::Active), Action::ALL);
        assert_eq!(possible(OrganizationStatus::Suspended), [Action::SeeOrganization]);
        assert_eq!(
            possible(OrganizationStatus::Deleted),
            [Action::SeeOrganization, Action::RestoreOrganization]
        );
    }
}
