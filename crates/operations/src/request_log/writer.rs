//! The queue between requests and the database, and who empties it.

use super::{AddressPolicy, Entry};
use crate::store::{self, RequestLogRow};
use memoreel_db::{Db, DbError, SystemReason};
use memoreel_kernel::{Clock, Timestamp};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// Requests that wait to be written. What comes when there are as many is not logged, and counted.
const QUEUED_MAX: usize = 16_384;
/// Rows of one statement.
const BATCH: usize = 1_000;
/// How long a request waits at most until it is written.
const WAIT_MAX: Duration = Duration::from_secs(1);
/// How often the queue is looked at. It wakes nobody: a wake for each request would cost more than all the rest.
const LOOK: Duration = Duration::from_millis(100);

/// Where requests are noted. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RequestLog(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    queue: Sender<Entry>,
    clock: Arc<dyn Clock>,
    dropped: AtomicU64,
}

/// Writes what was noted.
#[derive(Debug)]
pub struct RequestLogWriter {
    queue: Receiver<Entry>,
    shared: Arc<Shared>,
    db: Db,
    addresses: AddressPolicy,
}

impl RequestLog {
    /// A log and its writer, which has to run.
    pub fn new(db: Db, clock: Arc<dyn Clock>, addresses: AddressPolicy) -> (Self, RequestLogWriter) {
        let (sender, queue) = mpsc::channel(QUEUED_MAX);
        let shared = Arc::new(Shared { queue: sender, clock, dropped: AtomicU64::new(0) });
        (Self(Arc::clone(&shared)), RequestLogWriter { queue, shared, db, addresses })
    }

    pub(super) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Never waits: what does not fit is counted.
    pub(super) fn add(&self, entry: Entry) {
        if self.0.queue.try_send(entry).is_err() {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl RequestLogWriter {
    /// Writes until `stop` fires, and then what is left.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut last = Instant::now();
        while !stop.is_cancelled() {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => {}
            }
            // What comes while one batch is written waits for the next to be full: a statement takes as long to begin as for many rows.
            while self.queue.len() >= BATCH {
                self.write().await;
                last = Instant::now();
            }
            if last.elapsed() >= WAIT_MAX {
                self.write().await;
                last = Instant::now();
            }
        }
        while !self.queue.is_empty() {
            self.write().await;
        }
    }

    /// Writes a batch, or what there is.
    async fn write(&mut self) {
        let mut rows = Vec::with_capacity(self.queue.len().min(BATCH));
        while rows.len() < BATCH
            && let Ok(entry) = self.queue.try_recv()
        {
            rows.push(row(entry, self.addresses));
        }
        if rows.is_empty() {
            return;
        }
        let count = rows.len() as u64;
        match self.insert(&rows).await {
            Ok(()) => metrics::counter!("memoreel_request_log_written_total").increment(count),
            Err(error) => {
                // Requests go on, and the queue must not hold them up.
                self.shared.dropped.fetch_add(count, Ordering::Relaxed);
                tracing::warn!(error = &error as &dyn std::error::Error, "requests could not be logged");
            }
        }
        let dropped = self.shared.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            metrics::counter!("memoreel_request_log_dropped_total").increment(dropped);
            tracing::warn!(dropped, "some requests are missing from the log of requests");
        }
    }

    async fn insert(&self, rows: &[RequestLogRow]) -> Result<(), DbError> {
        let mut connection = self.db.system_connection(SystemReason::LogRequests).await?;
        Ok(store::insert_request_logs(&mut connection, rows).await?)
    }
}

fn row(entry: Entry, addresses: AddressPolicy) -> RequestLogRow {
    let route = entry.route.unwrap_or_else(|| Arc::from("unmatched"));
    RequestLogRow {
        organization_id: entry.served_to.map(|served| served.organization_id),
        user_id: entry.served_to.and_then(|served| served.user_id),
        created_at: entry.created_at,
        request_id: entry.request_id,
        method: entry.method,
        path: entry.path,
        route,
        status_code: i32::from(entry.status),
        duration_ms: entry.duration_ms,
        bytes_in: i64::try_from(entry.bytes_in).unwrap_or(i64::MAX),
        bytes_out: i64::try_from(entry.bytes_out).unwrap_or(i64::MAX),
        address: entry.address.and_then(|address| addresses.of(address)).map(|network| network.to_string()),
        user_agent: entry.user_agent,
    }
}
