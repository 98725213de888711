//! Telling listeners of what was committed, right after it.
//!
//! A `NOTIFY` within a transaction locks out those of all others from the beginning of its commit until the log is on the disk
//! (`PreCommit_Notify`, async.c of PostgreSQL), so that commits wait for the disk one after the other instead of together. What happens all the
//! time is told after its commit instead, and what was committed meanwhile at once.
//!
//! What is told is a hint: whoever is killed between a commit and its announcement tells nobody, so that whoever has to hear of something looks
//! for it now and then.

use crate::{DbError, SystemConnection, SystemReason};
use sqlx::PgPool;
use std::mem;
use tokio::sync::{mpsc, oneshot};

/// How many messages are taken at once.
const BATCH: usize = 1024;

#[derive(Debug)]
struct Announcement {
    channel: &'static str,
    payload: String,
}

#[derive(Debug)]
enum Message {
    Told(Vec<Announcement>),
    /// Answered when everything before it was told.
    Flush(oneshot::Sender<()>),
}

/// Where transactions leave what they have to tell. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Announcer {
    messages: mpsc::UnboundedSender<Message>,
}

impl Announcer {
    /// One that tells through connections of the system role until nobody has it any more.
    pub(crate) fn start(system: PgPool) -> Self {
        let (messages, received) = mpsc::unbounded_channel();
        tokio::spawn(announce(system, received));
        Self { messages }
    }

    /// What one transaction is going to tell.
    pub(crate) fn announcements(&self) -> Announcements {
        Announcements { messages: self.messages.clone(), told: Vec::new() }
    }

    /// Returns when everything that was left here is told.
    pub(crate) async fn flush(&self) {
        let (sender, told) = oneshot::channel();
        if self.messages.send(Message::Flush(sender)).is_ok() {
            // Without an answer, its runtime is gone, and there is nobody to tell anything.
            let _ended = told.await;
        }
    }
}

/// What a transaction is going to tell.
#[derive(Debug)]
pub(crate) struct Announcements {
    messages: mpsc::UnboundedSender<Message>,
    told: Vec<Announcement>,
}

impl Announcements {
    pub(crate) fn push(&mut self, channel: &'static str, payload: String) {
        self.told.push(Announcement { channel, payload });
    }

    /// Tells it when what is returned is dropped: also where nobody waits for the commit any more, or it has no answer, since it may have
    /// happened nevertheless.
    pub(crate) fn on_drop(self) -> OnDrop {
        OnDrop(self)
    }
}

pub(crate) struct OnDrop(Announcements);

impl Drop for OnDrop {
    fn drop(&mut self) {
        let told = mem::take(&mut self.0.told);
        if !told.is_empty() {
            // Nobody takes it when the process ends.
            let _ = self.0.messages.send(Message::Told(told));
        }
    }
}

async fn announce(system: PgPool, mut messages: mpsc::UnboundedReceiver<Message>) {
    let mut batch = Vec::new();
    while messages.recv_many(&mut batch, BATCH).await > 0 {
        let (mut channels, mut payloads, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
        for message in batch.drain(..) {
            match message {
                Message::Told(told) => {
                    for Announcement { channel, payload } in told {
                        channels.push(channel);
                        payloads.push(payload);
                    }
                }
                Message::Flush(sender) => waiting.push(sender),
            }
        }
        if !channels.is_empty()
            && let Err(error) = notify(&system, &channels, &payloads).await
        {
            // Listeners have lost their connections as well, and look at everything when they have new ones.
            tracing::debug!(error = &error as &dyn std::error::Error, "listeners were not told of something");
        }
        for sender in waiting {
            let _ = sender.send(());
        }
    }
}

/// The same payload on the same channel is told once (NOTIFY).
async fn notify(system: &PgPool, channels: &[&str], payloads: &[String]) -> Result<(), DbError> {
    let statement =
        "SELECT pg_notify(channel, payload) FROM UNNEST($1::text[], $2::text[]) AS told(channel, payload)";
    let notify = |mut connection: SystemConnection| async move {
        sqlx::query(statement).bind(channels).bind(payloads).execute(&mut *connection).await
    };
    SystemConnection::read(system, SystemReason::Announce, notify).await?;
    Ok(())
}
