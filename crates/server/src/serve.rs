//! `memoreel serve`: starts everything, and stops it in the right order.

use crate::{
    assemble::{self, Ingredients},
    config::{Folders, ServeRole, ServeSettings},
    database::Database,
    dev_mails,
    engines::Engines,
    health, maintenance, memory, router, secret, sign_in,
};
use anyhow::{Context, Result};
use memoreel_blob::Staging;
use memoreel_identity::{check_breached_passwords, passkeys_unavailable};
use memoreel_kernel::SystemClock;
use memoreel_mail::{MailFolder, Mailer};
use memoreel_media::{Ffmpeg, Limits};
use memoreel_operations::{RequestLog, RequestLogWriter, keep_request_logs};
use memoreel_stores::Keeper;
use memoreel_tasks::{Worker, WorkerSettings};
use memoreel_web::{App, RateLimits, behind_proxies};
use memoreel_webhooks::{DispatchSettings, Dispatcher};
use std::{io::ErrorKind, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    time::{Instant, sleep},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long a taken address is waited for, and how often it is tried.
const ADDRESS_WAIT: Duration = Duration::from_secs(3);
const ADDRESS_RETRY: Duration = Duration::from_millis(50);
/// How long open requests may take to end after shutdown was asked for.
const REQUEST_GRACE: Duration = Duration::from_secs(5);

/// Serves until SIGINT or SIGTERM.
///
/// # Errors
/// One sentence that says what is wrong and what to do.
pub async fn serve(settings: ServeSettings) -> Result<()> {
    health::install_metrics();
    let folders = Folders::from_environment()?;
    let secret = secret::load(settings.storage.secret_key.as_deref(), &folders.data)?;
    // Bound before anything slow starts, so that a taken port is told early.
    let listener = listen(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {}; is another Memoreel running?", settings.listen))?;
    let address = listener.local_addr()?;
    let database = Database::open(&settings.storage, &folders, secret).await?;
    let result = run(&settings, &folders, secret, &database, listener, address).await;
    database.close().await;
    result
}

/// Binds the address. One that is taken may be let go in a moment: a process that a killed predecessor was just starting
/// holds copies of its sockets until it runs its own program.
async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let deadline = Instant::now() + ADDRESS_WAIT;
    loop {
        match TcpListener::bind(address).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse && Instant::now() < deadline => {
                sleep(ADDRESS_RETRY).await;
            }
            bound => return bound,
        }
    }
}

async fn run(
    settings: &ServeSettings,
    folders: &Folders,
    secret: [u8; 32],
    database: &Database,
    listener: TcpListener,
    address: SocketAddr,
) -> Result<()> {
    let public_url = public_url(settings, address);
    if let Some(list) = &settings.accounts.breached_passwords {
        check_breached_passwords(list)
            .with_context(|| format!("MEMOREEL_BREACHED_PASSWORDS: {} cannot be used", list.display()))?;
    }
    if let Some(why) = passkeys_unavailable(&public_url) {
        tracing::info!("{why}");
    }
    let mailer = assemble::mailer(&settings.accounts, folders)?;
    let blobs = assemble::blob_store(&settings.storage, folders)?;
    let keeper = Keeper::start(&database.db, &blobs).await?;
    let app = assemble::app(Ingredients {
        db: database.db.clone(),
        blobs,
        staging: Staging::new(folders.staging())?,
        scratch: folders.scratch(),
        outbound: settings.outbound.client(settings.accounts.dns_server)?,
        secret,
        former_secrets: secret::former(&settings.storage.former_secret_keys)?,
        clock: Arc::new(SystemClock),
        limits: RateLimits::standard(settings.rate_limit_factor),
        secure_cookies: settings.public_url.as_ref().is_some_and(|url| url.scheme() == "https"),
        public_url: public_url.clone(),
        sends_mail: settings.accounts.smtp_url.is_some(),
        breached_passwords: settings.accounts.breached_passwords.clone(),
        sign_in: sign_in::settings(&settings.accounts)?,
        documents: settings.accounts.documents()?,
    });
    let providers = settings.providers.clone();
    let engines = tokio::task::spawn_blocking(move || Engines::new(&providers)).await??;
    let stop = CancellationToken::new();
    let background = TaskTracker::new();
    background.spawn(health::sum_up_metrics(stop.clone()));
    background.spawn(app.live.clone().run(app.db.clone(), stop.clone()));
    let eraser = assemble::eraser(&app, &settings.accounts, folders);
    background.spawn(maintenance::run(app.clone(), eraser, settings.request_log.days(), stop.clone()));
    background.spawn(maintenance::forget_erased(app.clone(), engines.passages.clone(), stop.clone()));
    if settings.role != ServeRole::Api {
        let worker = worker(&app, &engines, mailer).await?;
        background.spawn(worker.run(stop.clone()));
        let dispatcher = Dispatcher::new(app.clone(), DispatchSettings::default());
        background.spawn(dispatcher.run(stop.clone()));
    }
    background.close();

    tracing::info!(%address, role = ?settings.role, ?engines, "ready at {public_url}");
    let asked = stop.clone();
    tokio::spawn(async move {
        asked_to_stop().await;
        tracing::info!("stopping");
        asked.cancel();
    });
    let is_for_development =
        settings.accounts.smtp_url.is_none() && dev_mails::may_be_shown(&public_url, address);
    let shown_mails = is_for_development.then(|| MailFolder::new(folders.mails()));
    let logged = request_log(settings, &app).await;
    let (log, writer) = logged.unzip();
    // It ends when there is nothing left that could be logged.
    let over = CancellationToken::new();
    let writing = writer.map(|writer| tokio::spawn(writer.run(over.clone())));
    let answered =
        answer(settings, &app, &engines, listener, Outside { shown_mails, log }, stop.clone()).await;
    over.cancel();
    if let Some(writing) = writing {
        writing.await?;
    }
    stop.cancel();
    background.wait().await;
    // After everything that writes files.
    if let Err(error) = keeper.end().await {
        tracing::warn!(error = &error as &dyn std::error::Error, "a move will look at everything again");
    }
    answered
}

/// Without a setting, what this process itself answers to.
fn public_url(settings: &ServeSettings, address: SocketAddr) -> String {
    let url = settings.public_url.as_ref().map_or_else(|| format!("http://{address}"), ToString::to_string);
    url.trim_end_matches('/').to_owned()
}

async fn worker(app: &App, engines: &Engines, mailer: Mailer) -> Result<Worker> {
    let ffmpeg = Ffmpeg::locate(Limits::default()).await?;
    let registry = assemble::registry(app, engines, ffmpeg, mailer);
    Ok(Worker::new(
        app.db.clone(),
        app.events.clone(),
        Arc::clone(&app.clock),
        registry,
        WorkerSettings::default(),
    ))
}

/// What is around the routes.
struct Outside {
    shown_mails: Option<MailFolder>,
    log: Option<RequestLog>,
}

/// The log of requests with its writer, where requests are answered and logged.
async fn request_log(settings: &ServeSettings, app: &App) -> Option<(RequestLog, RequestLogWriter)> {
    let days = settings.request_log.days();
    if settings.role == ServeRole::Worker || days == 0 {
        return None;
    }
    // Today's place is better there before the first request. Whoever reads the log for long keeps it from being made, for now.
    if let Err(error) = keep_request_logs(&app.db, app.clock.now(), days).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a place for today's requests could not be made"
        );
    }
    let addresses = settings.request_log.request_log_addresses.into();
    Some(RequestLog::new(app.db.clone(), Arc::clone(&app.clock), addresses))
}

/// Answers requests until `stop` fires, then gives those under way a grace period.
async fn answer(
    settings: &ServeSettings,
    app: &App,
    engines: &Engines,
    listener: TcpListener,
    outside: Outside,
    stop: CancellationToken,
) -> Result<()> {
    let routes = if settings.role == ServeRole::Worker {
        health::router().with_state(app.clone())
    } else {
        let receiver = assemble::receiver(Arc::clone(&app.clock));
        let routes = router::router(app.clone(), engines, receiver, outside.shown_mails, outside.log);
        behind_proxies(routes, &settings.trusted_proxies)
    };
    memory::give_back();
    let server = memoreel_web::serve(listener, routes, stop.clone());
    let overdue = async {
        stop.cancelled().await;
        tokio::time::sleep(REQUEST_GRACE).await;
    };
    tokio::select! {
        ended = server => Ok(ended?),
        () = overdue => Ok(()),
    }
}

async fn asked_to_stop() {
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}
