//! Live updates: one database listener per process, fanned out to every event stream.

use memoreel_db::Db;
use memoreel_kernel::LiveEvent;
use memoreel_tasks::LIVE_CHANNEL;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// How far a slow listener may fall behind before it is told to reload.
const BACKLOG: usize = 1024;

/// Where event streams subscribe.
#[derive(Debug, Clone)]
pub struct LiveHub {
    sender: broadcast::Sender<LiveEvent>,
    stop: CancellationToken,
}

impl Default for LiveHub {
    fn default() -> Self {
        Self { sender: broadcast::channel(BACKLOG).0, stop: CancellationToken::new() }
    }
}

impl LiveHub {
    /// Everything that happens from now on, in every organization: the subscriber filters by its caller's.
    pub fn subscribe(&self) -> broadcast::Receiver<LiveEvent> {
        self.sender.subscribe()
    }

    /// Fires when the server stops; event streams end then, since they would otherwise hold it up.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
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
        let Ok(mut listener) = db.listen(LIVE_CHANNEL).await else { return };
        while let Ok(notification) = listener.recv().await {
            match serde_json::from_str::<LiveEvent>(notification.payload()) {
                // Nobody listening is no error.
                Ok(event) => drop(self.sender.send(event)),
                Err(error) => tracing::warn!(%error, "a live notification was not understood"),
            }
        }
    }
}
