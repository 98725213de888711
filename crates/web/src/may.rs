//! Where roles are enforced: a handler's signature says what is done, and only who may do it gets in.
//!
//! Which role an action takes is in `memoreel_kernel::Action` alone.

use crate::{Problem, extract::caller};
use axum::{extract::FromRequestParts, http::request::Parts};
use memoreel_kernel::{Action, Caller, OrganizationStatus, Timestamp};

/// A caller who may do what `A` stands for, in an organization where it can be done.
///
/// Refuses with 401 when nobody is signed in, 403 `organization_suspended` or `organization_deleted` where work has
/// stopped, and 403 `forbidden` when the role is not enough.
#[derive(Debug, Clone, Copy)]
pub struct May<A>(pub Caller, pub A);

/// The request's organization is not at work. Authentication puts it among the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// Whoever runs the server has stopped it.
    Suspended,
    /// It was deleted.
    Deleted {
        /// When it goes for good.
        erased_after: Timestamp,
    },
}

/// The account of the caller is closed, to be erased. Authentication puts it among the request's extensions, and every
/// extractor that asks who is calling refuses it with 403 `account_closing`, except [`crate::MaybeClosing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closing {
    /// When it goes for good.
    pub erased_after: Timestamp,
}

impl Closed {
    fn status(self) -> OrganizationStatus {
        match self {
            Closed::Suspended => OrganizationStatus::Suspended,
            Closed::Deleted { .. } => OrganizationStatus::Deleted,
        }
    }

    fn problem(self) -> Problem {
        match self {
            Closed::Suspended => Problem::organization_suspended(),
            Closed::Deleted { erased_after } => Problem::organization_deleted(erased_after),
        }
    }
}

/// A type that stands for an action in a signature.
pub trait Marker: Default {
    /// The action.
    const ACTION: Action;
}

impl<A: Marker, S: Send + Sync> FromRequestParts<S> for May<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = caller(parts)?;
        match parts.extensions.get::<Closed>() {
            Some(closed) if !A::ACTION.is_possible_in(closed.status()) => Err(closed.problem()),
            _ => require(&caller, A::ACTION).map(|()| Self(caller, A::default())),
        }
    }
}

/// For what a handler learns only from the request's body or path, such as that it is about an owner.
///
/// # Errors
/// 403 when the caller's role is not enough.
pub fn require(caller: &Caller, action: Action) -> Result<(), Problem> {
    if caller.may(action) {
        return Ok(());
    }
    let (least, held) = (action.least_role().as_str(), caller.role_name());
    Err(Problem::forbidden().hint(format!(
        "This takes the role `{least}` or a higher one; yours, or your API key's, is `{held}`."
    )))
}

/// A marker for each action that an operation as a whole stands for.
pub mod action {
    use super::Marker;
    use memoreel_kernel::Action;

    macro_rules! markers {
        ($($name:ident),* $(,)?) => {$(
            #[doc = concat!("[`Action::", stringify!($name), "`].")]
            #[derive(Debug, Clone, Copy, Default)]
            pub struct $name;

            impl Marker for $name {
                const ACTION: Action = Action::$name;
            }
        )*};
    }

    markers! {
        ReadContent,
        UseApiKeys,
        SeeOrganization,
        SeeMembers,
        LeaveOrganization,
        EditContent,
        ManageChannels,
        InviteMembers,
        ManageMembers,
        ManageOrganization,
        ManageWebhooks,
        ManageDelivery,
        ManageEncoding,
        PrioritiseTasks,
        ReadAnalytics,
        ManageDomains,
        TransferOrganization,
        ExportOrganization,
        DeleteOrganization,
        RestoreOrganization,
        ReadAuditLog,
    }
}
