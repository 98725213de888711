//! The queue by itself: how many tasks a second, and how soon after its enqueueing a task begins.
//!
//! Every task has a subject of its own, as uploads have; its handler works for a moment or not at all and finishes in a
//! transaction, as every step of the pipeline does. Beside it, other queues do the same in the same database.

mod store;

pub use store::insert_organization;

use crate::latency::Latency;
use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use clap::Args;
use memoreel_db::embedded::{ADMIN_USER, EmbeddedOptions, EmbeddedPostgres};
use memoreel_db::{DatabaseAccess, Db, PoolSizes, TenantTx, prepare};
use memoreel_kernel::{AssetId, Caller, Clock, Event, SystemClock, VideoId};
use memoreel_parts::Parts;
use memoreel_tasks::{
    Events, Finished, Handle, NewTask, Registry, SubjectObserver, TaskFailure, TaskRun, Worker,
    WorkerSettings,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The server listens on a socket in a folder of its own and is thrown away.
const PASSWORD: &str = "bench";
const SECRET: [u8; 32] = [0; 32];
const DATABASE: &str = "memoreel";
/// No task waits for as long.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two tasks that are enqueued one by one, so that each meets an idle worker.
const PAUSE: Duration = Duration::from_millis(5);
const WORKERS: [usize; 3] = [1, 2, 4];
const WORK_MS: [u64; 2] = [0, 1];
const OTHERS: [&str; 2] = ["graphile-worker", "pg-boss"];
/// pg-boss looks for new jobs every half second at best, so that few of them take long enough.
const PICKUPS_OTHER: [usize; 2] = [100, 10];

/// The queue and others.
#[derive(Args)]
pub struct Options {
    /// An empty folder for the database
    #[arg(long)]
    data: PathBuf,
    /// The folder with measure.mjs and what it needs, for the queues beside ours
    #[arg(long)]
    others: Option<PathBuf>,
    /// Tasks that are enqueued in one transaction
    #[arg(long, default_value_t = 2_000)]
    tasks: usize,
    /// Tasks that are enqueued one by one after that
    #[arg(long, default_value_t = 100)]
    pickups: usize,
    /// How often everything is measured
    #[arg(long, default_value_t = 3)]
    runs: usize,
}

#[derive(Debug, Serialize)]
struct Report {
    tasks: usize,
    runs: usize,
    settings: Vec<Setting>,
}

/// Medians of the runs with as many workers and as much work.
#[derive(Debug, Serialize)]
struct Setting {
    workers: usize,
    work_ms: u64,
    memoreel: Measured,
    #[serde(flatten)]
    others: BTreeMap<&'static str, Measured>,
}

/// What one queue did.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Measured {
    tasks_per_second: f64,
    /// From the commit of the enqueueing transaction to the first line of the handler.
    pickup: Latency,
}

/// What a handler tells.
#[derive(Debug)]
enum News {
    Begun(Instant),
    Done,
}

/// Prints the report.
pub async fn run(options: &Options) -> Result<()> {
    let install = Parts::locate()?.postgres()?;
    let settings = EmbeddedOptions::new(install, &options.data, PASSWORD);
    let postgres = EmbeddedPostgres::start(settings).await.context("the database could not be started")?;
    let address = postgres.connect_url(DATABASE, ADMIN_USER, PASSWORD);
    let access = DatabaseAccess::from_url(&address, SECRET)?;
    prepare(&access).await?;
    let bench = Bench {
        db: Db::connect(&access, PoolSizes::default()).await?,
        events: Events::new(next, Arc::new(Nobody), Arc::new(SystemClock)),
        caller: Caller::service(store::insert_organization(&access, SystemClock.now()).await?),
        access,
    };
    let mut settings = Vec::new();
    for workers in WORKERS {
        for work_ms in WORK_MS {
            let setting = bench.setting(options, &address, workers, work_ms).await?;
            eprintln!("{setting:?}");
            settings.push(setting);
        }
    }
    bench.db.close().await;
    postgres.stop().await?;
    let report = Report { tasks: options.tasks, runs: options.runs, settings };
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}

/// When the task began that is done next.
async fn until_done(news: &mut UnboundedReceiver<News>) -> Result<Instant> {
    let mut begun = Instant::now();
    loop {
        let news = tokio::time::timeout(PATIENCE, news.recv()).await.context("a task was not run")?;
        match news.context("the worker ended")? {
            News::Begun(at) => begun = at,
            News::Done => return Ok(begun),
        }
    }
}

struct Bench {
    access: DatabaseAccess,
    db: Db,
    events: Events,
    caller: Caller,
}

impl Bench {
    /// All queues by turns.
    async fn setting(
        &self,
        options: &Options,
        address: &str,
        workers: usize,
        work_ms: u64,
    ) -> Result<Setting> {
        let mut memoreel = Vec::new();
        let mut others: BTreeMap<&'static str, Vec<Measured>> = BTreeMap::new();
        for _ in 0..options.runs {
            memoreel.push(self.measure(options, workers, Duration::from_millis(work_ms)).await?);
            for (name, pickups) in OTHERS.into_iter().zip(PICKUPS_OTHER) {
                let Some(folder) = &options.others else { continue };
                let numbers = [
                    workers.to_string(),
                    work_ms.to_string(),
                    options.tasks.to_string(),
                    pickups.to_string(),
                ];
                others.entry(name).or_default().push(measure_other(folder, name, address, &numbers).await?);
            }
        }
        let others = others.into_iter().map(|(name, runs)| (name, Measured::median(&runs))).collect();
        Ok(Setting { workers, work_ms, memoreel: Measured::median(&memoreel), others })
    }

    async fn measure(&self, options: &Options, workers: usize, work: Duration) -> Result<Measured> {
        let (sender, mut news) = unbounded_channel();
        let registry = match workers {
            1 => Registry::default().with(Work::<1> { work, sender }),
            2 => Registry::default().with(Work::<2> { work, sender }),
            _ => Registry::default().with(Work::<4> { work, sender }),
        };
        // What earlier measurements left would be cleaned up in the middle of this one.
        store::vacuum(&self.access).await?;
        let stop = CancellationToken::new();
        let (db, events) = (self.db.clone(), self.events.clone());
        let worker = Worker::new(db, events, Arc::new(SystemClock), registry, WorkerSettings::default());
        let worker = tokio::spawn(worker.run(stop.clone()));
        // One first, which is done when the worker listens and idles.
        self.enqueue(1).await?;
        until_done(&mut news).await?;
        self.enqueue(options.tasks).await?;
        let started = Instant::now();
        for _ in 0..options.tasks {
            until_done(&mut news).await?;
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of tasks are far below 2^53")]
        let tasks_per_second = options.tasks as f64 / started.elapsed().as_secs_f64();
        let mut pickups = Vec::with_capacity(options.pickups);
        for _ in 0..options.pickups {
            tokio::time::sleep(PAUSE).await;
            self.enqueue(1).await?;
            let committed = Instant::now();
            let begun = until_done(&mut news).await?;
            pickups.push(begun.saturating_duration_since(committed));
        }
        stop.cancel();
        worker.await?;
        Ok(Measured { tasks_per_second, pickup: Latency::of(pickups) })
    }

    async fn enqueue(&self, count: usize) -> Result<()> {
        let mut tx = self.db.tenant(&self.caller).await?;
        for _ in 0..count {
            let video_id = VideoId::new(SystemClock.now());
            let event = Event::VideoAdded { video_id, asset_id: AssetId::from(video_id.uuid()) };
            self.events.emit(&mut tx, &event).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// Has a queue of Node.js do the same.
async fn measure_other(folder: &Path, name: &str, address: &str, numbers: &[String]) -> Result<Measured> {
    let mut node = tokio::process::Command::new("node");
    node.current_dir(folder).arg("measure.mjs").args([name, address]).args(numbers).stderr(Stdio::inherit());
    let output = node.output().await.context("Node.js cannot be run")?;
    ensure!(output.status.success(), "{name} could not be measured: {}", output.status);
    serde_json::from_slice(&output.stdout).with_context(|| format!("what was measured of {name} is not JSON"))
}

impl Measured {
    fn median(runs: &[Self]) -> Self {
        let mut rates: Vec<f64> = runs.iter().map(|run| run.tasks_per_second).collect();
        rates.sort_unstable_by(f64::total_cmp);
        let pickups: Vec<Latency> = runs.iter().map(|run| run.pickup).collect();
        Self {
            tasks_per_second: rates.get(rates.len() / 2).copied().unwrap_or_default(),
            pickup: Latency::median(&pickups),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Payload {}

fn next(event: &Event) -> Vec<NewTask> {
    vec![NewTask::new(Work::<1>::KIND, event.subject_id(), serde_json::json!({}))]
}

/// Works for a while, `N` at once.
struct Work<const N: usize> {
    work: Duration,
    sender: UnboundedSender<News>,
}

#[async_trait]
impl<const N: usize> Handle for Work<N> {
    const KIND: &'static str = "bench";
    const CONCURRENCY: usize = N;
    type Payload = Payload;

    async fn run(&self, run: &TaskRun, _: Payload) -> Result<Finished, TaskFailure> {
        // Nobody listens once everything was measured.
        let _ = self.sender.send(News::Begun(Instant::now()));
        if !self.work.is_zero() {
            // The timer of the runtime counts in whole milliseconds: one would become up to two.
            let work = self.work;
            let worked = tokio::task::spawn_blocking(move || std::thread::sleep(work)).await;
            worked.map_err(TaskFailure::internal)?;
        }
        let tx = run.begin().await?;
        let finished = run.finish(tx, &[]).await?;
        let _ = self.sender.send(News::Done);
        Ok(finished)
    }
}

/// Keeps no status of subjects.
pub struct Nobody;

#[async_trait]
impl SubjectObserver for Nobody {
    async fn advanced(&self, _: &mut TenantTx, _: Uuid) -> Result<(), sqlx::Error> {
        Ok(())
    }

    async fn settled(
        &self,
        _: &mut TenantTx,
        _: Uuid,
        _: Option<(String, String)>,
    ) -> Result<Option<Event>, sqlx::Error> {
        Ok(None)
    }
}
