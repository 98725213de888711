//! Sends what is due: claims in batches, sends side by side, writes down in batches what became of it.
//!
//! A delivery in somebody's hands has a lease, and is due again when that is over: whoever is killed loses none, and sends again at
//! most what was on its way. What is written down is fenced by the lease. The tasks' queue would do the same one by one, each with
//! a transaction of its own for its claim, its end and the look at its subject; and its places are shared by all of a kind, so that
//! the messages of one slow receiver would take those of everybody.

use crate::{
    lanes::{FIRST, Lanes},
    send,
    store::{self, Claimed, Ended},
};
use chrono::TimeDelta;
use memoreel_db::{DbError, SystemReason, is_outage};
use memoreel_kernel::LiveEvent;
use memoreel_tasks::{LIVE_CHANNEL, process};
use memoreel_web::App;
use sqlx::postgres::types::PgInterval;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, mpsc},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// An endpoint that has taken nothing for so long is told nothing any more.
const FAILING_FOR: PgInterval = PgInterval { months: 0, days: 5, microseconds: 0 };
/// How many ends are written down in one transaction.
const BATCH: usize = 512;
/// How many connections a claim is tried on before the dispatcher waits.
const CLAIM_TRIES: u32 = 8;
/// How often it is tried to write down what became of a batch that the database refuses.
const FINISH_TRIES: u32 = 4;
const AFTER_OUTAGE: Duration = Duration::from_secs(1);
/// What comes one by one is taken, sent and written down together: a round begins so long after the one before. The first after a
/// pause does not wait.
const ROUND: Duration = Duration::from_millis(10);

/// How a dispatcher keeps time.
#[derive(Debug, Clone)]
pub struct DispatchSettings {
    /// How long a receiver has, from the look-up of its name to the end of its answer.
    pub answer_wait: Duration,
    /// How long a lease lasts; longer than a sending, and the writing down of its end, takes.
    pub lease: Duration,
    /// How often it is looked whether something is due.
    pub poll: Duration,
    /// How long what is on its way may take after shutdown was asked for.
    pub grace: Duration,
    /// How many messages may be on their way at once.
    pub in_flight_max: usize,
}

impl Default for DispatchSettings {
    fn default() -> Self {
        Self {
            answer_wait: Duration::from_secs(30),
            lease: Duration::from_secs(90),
            poll: Duration::from_secs(1),
            grace: Duration::from_secs(3),
            in_flight_max: 512,
        }
    }
}

/// Sends messages until it is told to stop.
#[derive(Debug)]
pub struct Dispatcher {
    app: App,
    settings: DispatchSettings,
    name: String,
}

/// What a sending ends with: what became of it, or its lease when it was interrupted.
type End = Result<(Ended, Duration), Uuid>;

impl Dispatcher {
    /// One of this process.
    pub fn new(app: App, settings: DispatchSettings) -> Self {
        Self { app, settings, name: process::new_name() }
    }

    /// Sends until `stop` fires, then gives what is on its way the grace period, and puts the rest back.
    pub async fn run(self, stop: CancellationToken) {
        let wake = Arc::new(Notify::new());
        let listener = tokio::spawn(listen(self.app.clone(), Arc::clone(&wake)));
        if let Err(error) = self.take_back().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "abandoned webhooks could not be taken back"
            );
        }
        let (sender, mut ends) = mpsc::unbounded_channel();
        let interrupt = CancellationToken::new();
        let mut lanes = Lanes::new(self.settings.in_flight_max);
        let mut written = Vec::new();
        while !stop.is_cancelled() {
            let round = Instant::now();
            while let Ok(end) = ends.try_recv() {
                written.push(end);
            }
            if self.write_down(&mut written, &mut lanes).await {
                self.claim_and_send(&mut lanes, &sender, &interrupt).await;
            }
            tokio::select! {
                _ = ends.recv_many(&mut written, BATCH) => {}
                () = wake.notified() => {}
                () = tokio::time::sleep(self.settings.poll) => {}
                () = stop.cancelled() => {}
            }
            tokio::time::sleep_until(round + ROUND).await;
        }
        listener.abort();
        self.drain(ends, written, lanes, &interrupt).await;
    }

    /// What processes of this machine that are gone had in their hands.
    async fn take_back(&self) -> Result<(), DbError> {
        let mut tx = self.app.db.system(SystemReason::Deliver).await?;
        let mut holders = store::lease_holders(&mut tx).await?;
        holders.retain(|name| process::is_gone(name));
        if !holders.is_empty() {
            let count = store::release_holders(&mut tx, &holders, self.app.clock.now()).await?;
            tx.commit().await?;
            tracing::info!(count, "took back webhooks that a process left behind");
        }
        Ok(())
    }

    async fn claim_and_send(
        &self,
        lanes: &mut Lanes,
        sender: &mpsc::UnboundedSender<End>,
        interrupt: &CancellationToken,
    ) {
        match self.claim(lanes).await {
            Ok(claimed) => {
                for delivery in claimed {
                    lanes.begin(delivery.endpoint_id);
                    tokio::spawn(one(
                        self.app.clone(),
                        delivery,
                        self.settings.answer_wait,
                        sender.clone(),
                        interrupt.clone(),
                    ));
                }
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "webhooks that are due could not be read"
                );
            }
        }
    }

    async fn claim(&self, lanes: &Lanes) -> Result<Vec<Claimed>, DbError> {
        let places = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let limit = places(lanes.free());
        if limit == 0 {
            return Ok(Vec::new());
        }
        let free: Vec<_> = lanes.free_by_endpoint().map(|(id, free)| (id, places(free))).collect();
        let now = self.app.clock.now();
        let until = now + TimeDelta::from_std(self.settings.lease).unwrap_or(TimeDelta::MAX);
        let mut tries = CLAIM_TRIES;
        loop {
            tries -= 1;
            let mut connection = self.app.db.system_connection(SystemReason::Deliver).await?;
            match store::claim(&mut connection, &free, places(FIRST), limit, &self.name, now, until).await {
                // The connections of before a restart of the server are dead.
                Err(error) if is_outage(&error) && tries > 0 => {}
                claimed => return Ok(claimed?),
            }
        }
    }

    /// Writes down what came to its end. What cannot be written down is kept, and its places with it; `false` then.
    async fn write_down(&self, ends: &mut Vec<End>, lanes: &mut Lanes) -> bool {
        let (ended, durations): (Vec<Ended>, Vec<Duration>) = ends.drain(..).filter_map(Result::ok).unzip();
        if ended.is_empty() {
            return true;
        }
        let mut tries = FINISH_TRIES;
        while let Err(error) = self.finish(&ended).await {
            tries -= 1;
            if error.is_outage() {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "what became of webhooks waits for the database"
                );
                ends.extend(ended.into_iter().zip(durations).map(Ok));
                tokio::time::sleep(AFTER_OUTAGE).await;
                return false;
            }
            if tries == 0 {
                // Their leases run out, and they are sent again; everybody else's go on.
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "what became of webhooks could not be written down"
                );
                break;
            }
            // Such as two who waited for each other.
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what became of webhooks is written down again"
            );
        }
        for (one, duration) in ended.iter().zip(durations) {
            lanes.end(one.endpoint_id, one.status == "delivered", duration);
        }
        true
    }

    async fn finish(&self, ended: &[Ended]) -> Result<(), DbError> {
        let now = self.app.clock.now();
        let mut tx = self.app.db.system(SystemReason::Deliver).await?;
        let disabled = store::finish(&mut tx, ended, now, FAILING_FOR).await?;
        for endpoint in &disabled {
            tracing::info!(endpoint = %endpoint.endpoint_id, "a webhook endpoint is told nothing any more");
            store::enqueue_notices(&mut tx, endpoint, now).await?;
        }
        tx.commit().await
    }

    async fn drain(
        &self,
        mut ends: mpsc::UnboundedReceiver<End>,
        mut written: Vec<End>,
        mut lanes: Lanes,
        interrupt: &CancellationToken,
    ) {
        let deadline = Instant::now() + self.settings.grace;
        loop {
            self.write_down(&mut written, &mut lanes).await;
            if lanes.in_flight() == 0 || Instant::now() >= deadline {
                break;
            }
            let more = tokio::time::timeout_at(deadline, ends.recv_many(&mut written, BATCH)).await;
            if more.is_err() {
                break;
            }
        }
        interrupt.cancel();
        // The sendings hold the other ends of the channel, and ours is dropped with `run`'s.
        let mut leases = Vec::new();
        let mut left = lanes.in_flight().saturating_sub(written.len());
        while left > 0 {
            match tokio::time::timeout(AFTER_OUTAGE, ends.recv()).await {
                Ok(Some(Err(lease))) => leases.push(lease),
                Ok(Some(end)) => written.push(end),
                Ok(None) | Err(_) => break,
            }
            left -= 1;
        }
        self.write_down(&mut written, &mut lanes).await;
        if leases.is_empty() {
            return;
        }
        let released = async {
            let mut tx = self.app.db.system(SystemReason::Deliver).await?;
            store::release(&mut tx, &leases, self.app.clock.now()).await?;
            tx.commit().await
        };
        if let Err(error) = released.await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "webhooks were left behind; their leases run out"
            );
        }
    }
}

/// One sending, unless it is interrupted.
async fn one(
    app: App,
    delivery: Claimed,
    wait: Duration,
    sender: mpsc::UnboundedSender<End>,
    interrupt: CancellationToken,
) {
    let started = Instant::now();
    let end = tokio::select! {
        ended = send::send(&app, &delivery, wait) => Ok((ended, started.elapsed())),
        () = interrupt.cancelled() => Err(delivery.lease),
    };
    // Nobody listens once the dispatcher has ended; the lease runs out then.
    let _ = sender.send(end);
}

async fn listen(app: App, wake: Arc<Notify>) {
    let mut known = HashMap::new();
    loop {
        match app.db.listen(&[LIVE_CHANNEL, "memoreel_webhooks"]).await {
            Ok(mut listener) => {
                // What came while nobody listened.
                wake.notify_one();
                while let Ok(told) = listener.recv().await {
                    if told.channel() != LIVE_CHANNEL || may_be_sent(&app, &mut known, told.payload()).await {
                        wake.notify_one();
                    }
                }
            }
            Err(error) => tracing::debug!(%error, "not listening for webhooks, polling instead"),
        }
        tokio::time::sleep(AFTER_OUTAGE).await;
    }
}

/// Whether messages are made of such events. The database knows, and is asked about each kind once: most of what happens, such as the progress
/// of a task, is told to nobody outside.
async fn may_be_sent(app: &App, known: &mut HashMap<String, bool>, told: &str) -> bool {
    let Ok(LiveEvent { kind, .. }) = serde_json::from_str(told) else { return true };
    if let Some(may_be_sent) = known.get(&kind) {
        return *may_be_sent;
    }
    let asked = async {
        let mut tx = app.db.system(SystemReason::Deliver).await?;
        Ok::<_, DbError>(store::is_sent(&mut tx, &kind).await?)
    };
    let answer = asked.await;
    match answer {
        Ok(is_sent) => {
            known.insert(kind, is_sent);
            is_sent
        }
        Err(error) => {
            tracing::debug!(%error, %kind, "whether messages are made of this is not known");
            true
        }
    }
}
