//! Who was let in and may not be in any more: what the database tells of it, for connections that stay open for somebody.

use memoreel_kernel::{Actor, Caller, OrganizationId, Timestamp, UserId};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;
use uuid::Uuid;

/// The notification channel that carries [`AccessChange`]s; triggers write to it in the transaction of the change.
pub(crate) const ACCESS_CHANNEL: &str = "memoreel_access";
/// How many changes are remembered. Whoever has not looked for longer has to show anew who they are.
const REMEMBERED: usize = 1024;

/// Whose right to be here changed: everybody who is all that is named. An empty one is about everybody.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub(crate) struct AccessChange {
    #[serde(default)]
    organization_id: Option<OrganizationId>,
    #[serde(default)]
    user_id: Option<UserId>,
    /// A session or a key.
    #[serde(default)]
    actor_id: Option<Uuid>,
}

impl AccessChange {
    fn is_about(&self, caller: &Caller) -> bool {
        let actor_id = match caller.actor {
            Actor::Session(id) => Some(id.uuid()),
            Actor::ApiKey(id) => Some(id.uuid()),
            Actor::Service => None,
        };
        self.organization_id.is_none_or(|id| id == caller.organization_id)
            && self.user_id.is_none_or(|id| Some(id) == caller.user_id)
            && self.actor_id.is_none_or(|id| Some(id) == actor_id)
    }
}

/// When somebody was let in, and for how long. Authentication puts it among the request's extensions beside the caller.
#[derive(Debug, Clone, Copy)]
pub struct Admission {
    /// How many changes had been told before their right to be here was looked up, so that none is missed in between.
    pub mark: u64,
    /// When what they showed ends by itself.
    pub ends_at: Option<Timestamp>,
}

/// The changes of late, and how many there ever were.
#[derive(Debug, Clone)]
pub(crate) struct AccessChanges {
    told: watch::Sender<u64>,
    recent: Arc<Mutex<VecDeque<AccessChange>>>,
}

impl Default for AccessChanges {
    fn default() -> Self {
        Self { told: watch::channel(0).0, recent: Arc::default() }
    }
}

impl AccessChanges {
    /// How many changes were told so far.
    pub(crate) fn mark(&self) -> u64 {
        *self.told.borrow()
    }

    /// Remembers a change and wakes everybody who waits for theirs.
    pub(crate) fn tell(&self, change: AccessChange) {
        let mut recent = self.recent();
        recent.push_back(change);
        if recent.len() > REMEMBERED {
            recent.pop_front();
        }
        // Under the lock, so that the count and what it counts are seen together.
        self.told.send_modify(|told| *told += 1);
    }

    /// Returns once something that was told after `mark` is about `caller`, or cannot be known any more.
    pub(crate) async fn until_about(&self, caller: &Caller, mark: u64) {
        let mut news = self.told.subscribe();
        let mut seen = mark;
        loop {
            {
                let recent = self.recent();
                let told = *news.borrow_and_update();
                let missed = usize::try_from(told.saturating_sub(seen)).unwrap_or(usize::MAX);
                if missed > recent.len() || recent.iter().rev().take(missed).any(|it| it.is_about(caller)) {
                    return;
                }
                seen = told;
            }
            if news.changed().await.is_err() {
                return;
            }
        }
    }

    fn recent(&self) -> MutexGuard<'_, VecDeque<AccessChange>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use memoreel_kernel::{Clock, Role, SessionId, SystemClock};

    fn caller() -> Caller {
        let now = SystemClock.now();
        Caller {
            organization_id: OrganizationId::new(now),
            user_id: Some(UserId::new(now)),
            role: Some(Role::Member),
            actor: Actor::Session(SessionId::new(now)),
        }
    }

    fn removed(caller: &Caller) -> AccessChange {
        AccessChange {
            organization_id: Some(caller.organization_id),
            user_id: caller.user_id,
            actor_id: None,
        }
    }

    #[test]
    fn everything_that_is_named_has_to_fit() {
        let (caller, other) = (caller(), caller());
        assert!(removed(&caller).is_about(&caller));
        assert!(AccessChange::default().is_about(&caller));
        for change in [
            AccessChange { user_id: other.user_id, ..removed(&caller) },
            AccessChange { organization_id: Some(other.organization_id), ..removed(&caller) },
            AccessChange { actor_id: Some(other.organization_id.uuid()), ..AccessChange::default() },
        ] {
            assert!(!change.is_about(&caller), "{change:?}");
        }
    }

    #[test]
    fn what_was_told_between_being_let_in_and_waiting_is_not_missed() {
        let (changes, somebody) = (AccessChanges::default(), caller());
        changes.tell(removed(&somebody));
        let mark = changes.mark();
        assert!(changes.until_about(&somebody, mark).now_or_never().is_none(), "told before");
        changes.tell(removed(&caller()));
        assert!(changes.until_about(&somebody, mark).now_or_never().is_none(), "about somebody else");
        changes.tell(removed(&somebody));
        changes.tell(removed(&caller()));
        assert!(changes.until_about(&somebody, mark).now_or_never().is_some());
    }

    #[test]
    fn who_waited_for_too_much_is_told_that_nothing_is_known() {
        let (changes, somebody) = (AccessChanges::default(), caller());
        for _ in 0..REMEMBERED {
            changes.tell(removed(&caller()));
        }
        assert!(changes.until_about(&somebody, 0).now_or_never().is_none());
        changes.tell(removed(&caller()));
        assert!(changes.until_about(&somebody, 0).now_or_never().is_some());
    }
}
