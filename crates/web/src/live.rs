//! Live updates: one database listener per process, fanned out to every event stream.

use crate::access::{ACCESS_CHANNEL, AccessChange, AccessChanges, Admission};
use memoreel_db::Db;
use memoreel_kernel::{Caller, Clock, LiveEvent};
use memoreel_tasks::LIVE_CHANNEL;
use std::{sync::Arc, time::Duration};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// How far a slow listener may fall behind before it is told to reload.
const BACKLOG: usize = 1024;

/// Where event streams subscribe.
#[derive(Debug, Clone)]
pub struct LiveHub {
    sender: broadcast::Sender<LiveEvent>,
    access: AccessChanges,
    stop: CancellationToken,
}

impl Default for LiveHub {
    fn default() -> Self {
        Self {
            sender: broadcast::channel(BACKLOG).0,
            access: AccessChanges::default(),
            stop: CancellationToken::new(),
        }
    }
}

impl LiveHub {
    /// Everything that happens from now on, in every organization: the subscriber filters by its caller's.
    pub fn subscribe(&self) -> broadcast::Receiver<LiveEvent> {
        self.sender.subscribe()
    }

    /// For [`Admission::mark`], to be taken before somebody's right to be here is looked up.
    pub fn admission_mark(&self) -> u64 {
        self.access.mark()
    }

    /// Returns when a connection that stays open for `caller` has to end: the server stops, what they showed has expired, or
    /// something about their session, key, membership, account or organization changed since they were let in.
    /// Whoever still may connects anew.
    pub async fn ended(self, caller: Caller, admission: Admission, clock: Arc<dyn Clock>) {
        let left = admission.ends_at.map(|ends_at| (ends_at - clock.now()).to_std().unwrap_or_default());
        let expired = async {
            match left {
                Some(left) => tokio::time::sleep(left).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.access.until_about(&caller, admission.mark) => {}
            () = expired => {}
        }
    }

    /// Listens to the database until `stop` fires, reconnecting as often as needed.
    pub async fn run(self, db: Db, stop: CancellationToken) {
        let _ends_streams = self.stop.clone().drop_guard();
        while !stop.is_cancelled() {
            tokio::select! {
                () = self.forward(&db) => {}
                () = stop.cancelled() => return,
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn forward(&self, db: &Db) {
        let Ok(mut listener) = db.listen(&[LIVE_CHANNEL, ACCESS_CHANNEL]).await else { return };
        // What was told while nobody listened is not known: everybody connects anew, and reloads.
        self.access.tell(AccessChange::default());
        while let Ok(Some(notification)) = listener.try_recv().await {
            let payload = notification.payload();
            let heard = match notification.channel() {
                // Nobody listening is no error.
                LIVE_CHANNEL => serde_json::from_str(payload).map(|event| drop(self.sender.send(event))),
                _ => serde_json::from_str(payload).map(|change| self.access.tell(change)),
            };
            if let Err(error) = heard {
                tracing::warn!(%error, "a live notification was not understood");
            }
        }
    }
}
