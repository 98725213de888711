//! Whether an organization's files are to be had at all, whatever address somebody has.

use super::policy::Policy;
use memoreel_web::Problem;

/// An organization whose files are asked for.
#[derive(Debug, Default)]
pub(crate) struct Deliverer {
    /// What it says of its delivery.
    pub(crate) policy: Policy,
    /// How it stands.
    pub(crate) standing: Standing,
}

/// How an organization stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is at work.
    Active,
    /// Whoever runs the server has stopped it.
    Suspended,
    /// It was deleted, or its person's account is closed.
    #[default]
    Gone,
}

impl Standing {
    /// Refuses files of an organization that is not at work: 403 `organization_suspended`, or 404 like what never was. `what` is a noun.
    pub(crate) fn require_active(self, what: &str) -> Result<(), Problem> {
        match self {
            Self::Active => Ok(()),
            Self::Suspended => Err(Problem::organization_suspended()),
            Self::Gone => Err(Problem::not_found(what)),
        }
    }
}
