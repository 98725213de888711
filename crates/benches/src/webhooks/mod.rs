//! Webhooks: how many messages a second reach a receiver on this machine, beside a plain loop that signs and sends as many.
//!
//! Ours come from events, each in a transaction of its own, are claimed, signed, sent, and written down; the plain loop keeps
//! nothing. Both send the same body to the same receiver, as many at once.

mod store;

use crate::http::median;
use crate::tasks::{Nobody, insert_organization};
use anyhow::{Context, Result, ensure};
use axum::{Router, body::Bytes, http::StatusCode, routing::post};
use clap::Args;
use futures::{StreamExt, stream};
use memoreel_blob::{BlobStore, Staging, UrlSigner};
use memoreel_db::embedded::{ADMIN_USER, EmbeddedOptions, EmbeddedPostgres};
use memoreel_db::{DatabaseAccess, Db, PoolSizes, prepare};
use memoreel_kernel::{Caller, Clock, Event, OrganizationId, SystemClock, VideoId};
use memoreel_outbound::{AddressPolicy, Outbound, OutboundSettings};
use memoreel_parts::Parts;
use memoreel_tasks::Events;
use memoreel_web::{App, AppParts, Documents, LiveHub, RateLimits, SealedPlace, Secrets, SignInSettings};
use memoreel_webhooks::{DispatchSettings, Dispatcher};
use serde::Serialize;
use standardwebhooks::Webhook;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The server listens on a socket in a folder of its own and is thrown away.
const PASSWORD: &str = "bench";
const SECRET: [u8; 32] = [0; 32];
const DATABASE: &str = "memoreel";
const PATIENCE: Duration = Duration::from_secs(300);
/// How many transactions say at once that something happened.
const WRITERS: usize = 8;
/// How many messages the plain loop has on their way at once; an endpoint that takes quickly may have as many.
const AT_ONCE: usize = 64;
const BODY: &str = r#"{"type":"video.changed","timestamp":"2026-03-01T12:00:00.000000Z","data":{"organization_id":"0195512e-ad00-7000-8000-000000000001","video":{"id":"0195512e-ad00-7000-8000-000000000002","title":"Weekly sync","status":"completed","visibility":"organization","channel_id":null,"error_code":null,"error_message":null,"created_at":"2026-03-01T11:58:30.000000Z"}}}"#;

/// Webhooks and a plain loop.
#[derive(Args)]
pub struct Options {
    /// An empty folder for the database
    #[arg(long)]
    data: PathBuf,
    /// Messages
    #[arg(long, default_value_t = 10_000)]
    messages: usize,
    /// How often everything is measured
    #[arg(long, default_value_t = 3)]
    runs: usize,
}

/// Medians of the runs, in messages a second.
#[derive(Debug, Serialize)]
struct Report {
    messages: usize,
    runs: usize,
    /// From the first event, each in a transaction of its own, until the last message is written down as taken.
    memoreel_with_events: f64,
    /// From the start of the sender until then, of messages that wait already.
    memoreel_backlog: f64,
    /// The plain loop.
    plain: f64,
    /// Transactions a second that say that something happened, while nothing is sent: with an endpoint, and without any.
    events_with_endpoint: f64,
    events_without_endpoint: f64,
}

/// Prints the report.
pub async fn run(options: &Options) -> Result<()> {
    let install = Parts::locate()?.postgres()?;
    let settings = EmbeddedOptions::new(install, options.data.join("postgres"), PASSWORD);
    let postgres = EmbeddedPostgres::start(settings).await.context("the database could not be started")?;
    let access = DatabaseAccess::from_url(&postgres.connect_url(DATABASE, ADMIN_USER, PASSWORD), SECRET)?;
    prepare(&access).await?;
    let (url, received) = receiver()?;
    let bench = Bench::new(access, &options.data, &url, received).await?;
    let mut figures: [Vec<f64>; 5] = Default::default();
    for run in 0..options.runs {
        let measured = [
            bench.with_events(options.messages).await?,
            bench.backlog(options.messages).await?,
            bench.plain(options.messages).await?,
            bench.events(bench.told, options.messages).await?,
            bench.events(bench.untold, options.messages).await?,
        ];
        eprintln!("run {run}: {measured:.0?}");
        for (all, one) in figures.iter_mut().zip(measured) {
            all.push(one);
        }
    }
    bench.app.db.close().await;
    postgres.stop().await?;
    let [memoreel_with_events, memoreel_backlog, plain, events_with_endpoint, events_without_endpoint] =
        figures.map(median);
    let report = Report {
        messages: options.messages,
        runs: options.runs,
        memoreel_with_events,
        memoreel_backlog,
        plain,
        events_with_endpoint,
        events_without_endpoint,
    };
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}

/// Takes everything, on a thread of its own; its address, and how much it has taken.
fn receiver() -> Result<(String, Arc<AtomicUsize>)> {
    let received = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&received);
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}/hook", listener.local_addr()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || {
        let take = move |_: Bytes| {
            counted.fetch_add(1, Ordering::Relaxed);
            async { StatusCode::NO_CONTENT }
        };
        let routes = Router::new().route("/hook", post(take));
        runtime.block_on(async { axum::serve(TcpListener::from_std(listener)?, routes).await })
    });
    Ok((url, received))
}

/// An organization and a video of it.
#[derive(Clone, Copy)]
struct Place {
    caller: Caller,
    video_id: VideoId,
}

struct Bench {
    access: DatabaseAccess,
    app: App,
    told: Place,
    untold: Place,
    url: String,
    received: Arc<AtomicUsize>,
}

impl Bench {
    async fn new(
        access: DatabaseAccess,
        folder: &Path,
        url: &str,
        received: Arc<AtomicUsize>,
    ) -> Result<Self> {
        let policy = AddressPolicy { allowed: vec!["127.0.0.1/32".parse()?], plain_http: true };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let secrets = Secrets::new(SECRET, &[]);
        let told = insert_organization(&access, clock.now()).await?;
        let secret_id = Uuid::now_v7();
        let place = SealedPlace { column: "webhook_secrets.secret", row: secret_id };
        let sealed = secrets.seal(&rand::random::<[u8; 32]>(), place)?;
        store::insert_endpoint(&access, told, url, secret_id, &sealed).await?;
        let untold = insert_organization(&access, clock.now()).await?;
        let app = App::new(AppParts {
            db: Db::connect(&access, PoolSizes::default()).await?,
            blobs: BlobStore::disk(folder.join("blobs"))?,
            staging: Staging::new(folder.join("staging"))?,
            scratch: folder.join("scratch"),
            outbound: Outbound::new(OutboundSettings { policy, dns_server: None })?,
            signer: UrlSigner::new(SECRET),
            secrets,
            events: Events::new(|_| Vec::new(), Arc::new(Nobody), Arc::clone(&clock)),
            clock,
            live: LiveHub::default(),
            limits: RateLimits::standard(1),
            secure_cookies: false,
            public_url: String::new(),
            sends_mail: false,
            breached_passwords: None,
            sign_in: SignInSettings::default(),
            documents: Documents::default(),
        });
        let (told, untold) = (place_of(&access, told).await?, place_of(&access, untold).await?);
        Ok(Self { access, app, told, untold, url: url.to_owned(), received })
    }

    /// Says so often that something happened, a transaction each time; how many a second.
    async fn events(&self, place: Place, count: usize) -> Result<f64> {
        store::vacuum(&self.access).await?;
        let started = Instant::now();
        self.happen(place, count).await?;
        Ok(rate(count, started))
    }

    async fn happen(&self, place: Place, count: usize) -> Result<()> {
        let event = &Event::VideoChanged { video_id: place.video_id };
        let mut done = stream::iter(0..count)
            .map(|_| async move {
                let mut tx = self.app.db.tenant(&place.caller).await?;
                self.app.events.emit(&mut tx, event).await?;
                tx.commit().await?;
                anyhow::Ok(())
            })
            .buffer_unordered(WRITERS);
        while let Some(done) = done.next().await {
            done?;
        }
        Ok(())
    }

    async fn with_events(&self, count: usize) -> Result<f64> {
        store::vacuum(&self.access).await?;
        let stop = CancellationToken::new();
        let sender = self.send(&stop);
        // One first, which is taken when the sender listens and idles.
        self.happen(self.told, 1).await?;
        self.until_taken(1).await?;
        let started = Instant::now();
        self.happen(self.told, count).await?;
        self.until_taken(count + 1).await?;
        let rate = rate(count, started);
        stop.cancel();
        sender.await?;
        Ok(rate)
    }

    async fn backlog(&self, count: usize) -> Result<f64> {
        store::vacuum(&self.access).await?;
        self.happen(self.told, count).await?;
        let stop = CancellationToken::new();
        let started = Instant::now();
        let sender = self.send(&stop);
        self.until_taken(count).await?;
        let rate = rate(count, started);
        stop.cancel();
        sender.await?;
        Ok(rate)
    }

    fn send(&self, stop: &CancellationToken) -> tokio::task::JoinHandle<()> {
        let dispatcher = Dispatcher::new(self.app.clone(), DispatchSettings::default());
        tokio::spawn(dispatcher.run(stop.clone()))
    }

    async fn until_taken(&self, count: usize) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let mut connection = store::watcher(&self.access).await?;
        loop {
            let (taken, all) = store::progress(&mut connection).await?;
            ensure!(usize::try_from(all)? <= count, "{all} messages of {count}");
            if usize::try_from(taken)? == count {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "{taken} of {count} messages were taken");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The same number of signed messages, with nothing before and after.
    async fn plain(&self, count: usize) -> Result<f64> {
        let before = self.received.load(Ordering::Relaxed);
        let http = reqwest::Client::builder().no_proxy().build()?;
        let webhook = &Webhook::from_bytes(rand::random::<[u8; 32]>().to_vec())?;
        let (http, url) = (&http, &self.url);
        let started = Instant::now();
        let mut done = stream::iter(0..count)
            .map(|number| async move {
                let (id, timestamp) = (format!("msg_{number}"), SystemClock.now().timestamp());
                let request = http
                    .post(url)
                    .header("webhook-signature", webhook.sign(&id, timestamp, BODY.as_bytes())?)
                    .header("webhook-id", id)
                    .header("webhook-timestamp", timestamp.to_string())
                    .header("content-type", "application/json")
                    .body(BODY);
                anyhow::Ok(request.send().await?.error_for_status()?)
            })
            .buffer_unordered(AT_ONCE);
        while let Some(done) = done.next().await {
            done?;
        }
        let rate = rate(count, started);
        let received = self.received.load(Ordering::Relaxed) - before;
        ensure!(received == count, "{received} of {count} messages came");
        Ok(rate)
    }
}

async fn place_of(access: &DatabaseAccess, organization_id: OrganizationId) -> Result<Place> {
    let video_id = store::insert_video(access, organization_id).await?;
    Ok(Place { caller: Caller::service(organization_id), video_id })
}

fn rate(count: usize, started: Instant) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of messages are far below 2^53")]
    let count = count as f64;
    count / started.elapsed().as_secs_f64()
}
