//! The context every handler and task gets.

use crate::{Documents, LiveHub, RateLimits, Secrets, SignInSettings};
use memoreel_blob::{BlobStore, Staging, UrlSigner};
use memoreel_db::Db;
use memoreel_kernel::Clock;
use memoreel_outbound::Outbound;
use memoreel_tasks::Events;
use std::{ops::Deref, path::PathBuf, sync::Arc};

/// The application context. Cheap to clone; dereferences to [`AppParts`].
#[derive(Debug, Clone)]
pub struct App(Arc<AppParts>);

/// What the context holds.
#[derive(Debug)]
pub struct AppParts {
    /// The database.
    pub db: Db,
    /// Where blobs lie.
    pub blobs: BlobStore,
    /// Where uploads grow.
    pub staging: Staging,
    /// Where work in progress lies that goes with its process; best on the file system of the disk store.
    pub scratch: PathBuf,
    /// Sends requests to addresses that people named.
    pub outbound: Outbound,
    /// Signs media addresses.
    pub signer: UrlSigner,
    /// Seals values at rest and signs mailed links.
    pub secrets: Secrets,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The outbox and the pipeline.
    pub events: Events,
    /// Live updates of this process.
    pub live: LiveHub,
    /// Requests per minute.
    pub limits: RateLimits,
    /// Whether cookies are marked Secure: true unless the public address is plain http.
    pub secure_cookies: bool,
    /// The address people reach this server at, without a slash at its end.
    pub public_url: String,
    /// Whether mails reach people, because there is a mail server. Then signing up opens a session by a mailed link alone.
    pub sends_mail: bool,
    /// A sorted list of SHA-1 hashes of passwords that leaked elsewhere.
    pub breached_passwords: Option<PathBuf>,
    /// The ways to sign in beside a password.
    pub sign_in: SignInSettings,
    /// What people agree to, in its present versions.
    pub documents: Documents,
}

impl App {
    /// Wraps the parts.
    pub fn new(parts: AppParts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for App {
    type Target = AppParts;
    fn deref(&self) -> &AppParts {
        &self.0
    }
}
