//! Configuration: every setting has a flag or an environment variable and a default that works on one machine.

use anyhow::{Context, bail};
use clap::Args;
use ipnet::IpNet;
use memoreel_operations::AddressPolicy as LoggedAddressPolicy;
use memoreel_outbound::{AddressPolicy, Outbound, OutboundSettings};
use memoreel_web::{CurrentDocument, DOCUMENT_VERSION_CHARS_MAX, Documents};
use std::{net::SocketAddr, path::PathBuf};
use url::Url;

/// Where things are kept. Shared by every verb that touches them.
#[derive(Debug, Clone, Args)]
pub struct Storage {
    /// PostgreSQL 18 or later with pgvector, as an administrator who may create roles; without it Memoreel runs its own
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// 64 hexadecimal digits shared by all machines of an installation; without it one is kept in the data folder
    #[arg(long, env = "MEMOREEL_SECRET_KEY", hide_env_values = true)]
    pub secret_key: Option<String>,
    /// Secret keys the installation had before, with commas between them; they still open what they encrypted
    #[arg(long, env = "MEMOREEL_FORMER_SECRET_KEYS", hide_env_values = true, value_delimiter = ',')]
    pub former_secret_keys: Vec<String>,
    /// Bucket for blobs; without it they are files in the data folder
    #[arg(long, env = "S3_BUCKET")]
    pub s3_bucket: Option<String>,
    /// Address of an S3-compatible store other than AWS
    #[arg(long, env = "S3_ENDPOINT")]
    pub s3_endpoint: Option<String>,
    /// Region of the bucket
    #[arg(long, env = "S3_REGION", default_value = "us-east-1")]
    pub s3_region: String,
    /// Access key of the bucket
    #[arg(long, env = "S3_ACCESS_KEY_ID", hide_env_values = true)]
    pub s3_access_key_id: Option<String>,
    /// Secret key of the bucket
    #[arg(long, env = "S3_SECRET_ACCESS_KEY", hide_env_values = true)]
    pub s3_secret_access_key: Option<String>,
    /// Folder inside the bucket
    #[arg(long, env = "S3_PREFIX")]
    pub s3_prefix: Option<String>,
    /// File of JSON with further stores by name, which organizations can be moved to
    #[arg(long, env = "MEMOREEL_STORES")]
    pub stores: Option<PathBuf>,
}

/// Which engines listen, embed and write. Without an address the local ones do.
#[derive(Debug, Clone, Default, Args)]
pub struct Providers {
    /// An OpenAI-compatible transcription server, such as http://localhost:8000/v1
    #[arg(long, env = "MEMOREEL_TRANSCRIBE_URL")]
    pub transcribe_url: Option<Url>,
    /// Its key
    #[arg(long, env = "MEMOREEL_TRANSCRIBE_KEY", hide_env_values = true)]
    pub transcribe_key: Option<String>,
    /// Its model
    #[arg(long, env = "MEMOREEL_TRANSCRIBE_MODEL", default_value = "whisper-1")]
    pub transcribe_model: String,
    /// An OpenAI-compatible chat server that writes summaries; without it they are extracted from the transcript
    #[arg(long, env = "MEMOREEL_GENERATE_URL")]
    pub generate_url: Option<Url>,
    /// Its key
    #[arg(long, env = "MEMOREEL_GENERATE_KEY", hide_env_values = true)]
    pub generate_key: Option<String>,
    /// Its model
    #[arg(long, env = "MEMOREEL_GENERATE_MODEL", default_value = "gpt-4o-mini")]
    pub generate_model: String,
    /// An OpenAI-compatible embeddings server
    #[arg(long, env = "MEMOREEL_EMBED_URL")]
    pub embed_url: Option<Url>,
    /// Its key
    #[arg(long, env = "MEMOREEL_EMBED_KEY", hide_env_values = true)]
    pub embed_key: Option<String>,
    /// Its model
    #[arg(long, env = "MEMOREEL_EMBED_MODEL", default_value = "text-embedding-3-small")]
    pub embed_model: String,
    /// How many numbers its vectors have
    #[arg(long, env = "MEMOREEL_EMBED_DIMENSIONS", default_value_t = 1536)]
    pub embed_dimensions: usize,
    /// Whether it is also sent pictures, small ones of images and of what is on screen: its model must take them, in the form {"image": base64}
    #[arg(long, env = "MEMOREEL_EMBED_PICTURES", action = clap::ArgAction::Set, default_value_t = false, value_name = "true|false")]
    pub embed_pictures: bool,
    /// Memory for the passages of organizations that are being searched, in MiB; about 750 bytes for a passage
    #[arg(long, env = "MEMOREEL_SEARCH_MEMORY_MIB", default_value_t = memoreel_search::SEARCH_MEMORY_MIB_DEFAULT)]
    pub search_memory_mib: usize,
    /// Languages in which text is looked for in images, pictures of pages and what is on screen, named like tesseract's models, the likeliest first
    #[arg(long, env = "MEMOREEL_OCR_LANGUAGES", default_value = "eng+deu")]
    pub ocr_languages: String,
}

/// Whether people may make accounts of their own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum SignUp {
    /// Anybody may
    #[default]
    Open,
    /// Nobody may
    Closed,
}

/// How people are written to and sign in, and which passwords they may not choose.
#[derive(Debug, Clone, Default, Args)]
pub struct Accounts {
    /// Mail server, such as smtps://user:password@mail.example.com, or smtp://host:587?tls=required for STARTTLS; without it mails are files in the data folder
    #[arg(long, env = "MEMOREEL_SMTP_URL", hide_env_values = true, requires = "mail_from")]
    pub smtp_url: Option<String>,
    /// Address mails come from, such as "Memoreel <memoreel@example.com>"
    #[arg(long, env = "MEMOREEL_MAIL_FROM")]
    pub mail_from: Option<String>,
    /// Sorted list of SHA-1 hashes of passwords that leaked elsewhere, which nobody may choose
    #[arg(long, env = "MEMOREEL_BREACHED_PASSWORDS")]
    pub breached_passwords: Option<PathBuf>,
    /// File of JSON with the OpenID Connect providers people may sign in through
    #[arg(long, env = "MEMOREEL_SIGN_IN_PROVIDERS")]
    pub sign_in_providers: Option<PathBuf>,
    /// Whether people may make accounts of their own
    #[arg(long, env = "MEMOREEL_SIGN_UP", value_enum, default_value_t = SignUp::Open)]
    pub sign_up: SignUp,
    /// Name server asked for the records that verify domains and for the addresses of webhooks, such as 192.0.2.53:53; without it the system's own
    #[arg(long, env = "MEMOREEL_DNS_SERVER")]
    pub dns_server: Option<SocketAddr>,
    /// The version of the terms of service that holds now, such as 2026-05
    #[arg(long, env = "MEMOREEL_TERMS_VERSION")]
    pub terms_version: Option<String>,
    /// Where the terms of service can be read
    #[arg(long, env = "MEMOREEL_TERMS_URL")]
    pub terms_url: Option<Url>,
    /// The version of the privacy notice that holds now
    #[arg(long, env = "MEMOREEL_PRIVACY_VERSION")]
    pub privacy_version: Option<String>,
    /// Where the privacy notice can be read
    #[arg(long, env = "MEMOREEL_PRIVACY_URL")]
    pub privacy_url: Option<Url>,
    /// The version of the words that ask for agreement to marketing mails
    #[arg(long, env = "MEMOREEL_MARKETING_VERSION")]
    pub marketing_version: Option<String>,
}

impl Accounts {
    /// What people agree to, each in version 1 unless another one is configured.
    ///
    /// # Errors
    /// When a version is empty or too long.
    pub fn documents(&self) -> anyhow::Result<Documents> {
        let current = |setting: &str, version: &Option<String>, url: &Option<Url>| {
            let version = version.clone().unwrap_or_else(|| "1".to_owned());
            let length = version.chars().count();
            if !(1..=DOCUMENT_VERSION_CHARS_MAX).contains(&length) {
                bail!("{setting} must have 1 to {DOCUMENT_VERSION_CHARS_MAX} characters");
            }
            Ok(CurrentDocument { version, url: url.as_ref().map(ToString::to_string) })
        };
        Ok(Documents {
            terms: current("MEMOREEL_TERMS_VERSION", &self.terms_version, &self.terms_url)?,
            privacy: current("MEMOREEL_PRIVACY_VERSION", &self.privacy_version, &self.privacy_url)?,
            marketing: current("MEMOREEL_MARKETING_VERSION", &self.marketing_version, &None)?,
        })
    }
}

/// Where requests to addresses that people name, such as webhooks, may go beside the public internet.
#[derive(Debug, Clone, Default, Args)]
pub struct OutboundArguments {
    /// Private networks that webhooks may be sent to and files be fetched from, with commas between them: 10.1.0.0/16,127.0.0.1/32
    #[arg(long, env = "MEMOREEL_OUTBOUND_NETWORKS", value_delimiter = ',', value_name = "NETWORK")]
    pub outbound_networks: Vec<IpNet>,
    /// Whether webhooks may be sent to http:// addresses, and files be fetched from them, too
    #[arg(long, env = "MEMOREEL_OUTBOUND_PLAIN_HTTP", action = clap::ArgAction::Set, default_value_t = false, value_name = "true|false")]
    pub outbound_plain_http: bool,
}

impl OutboundArguments {
    /// The client. It asks the same name server as everything else.
    ///
    /// # Errors
    /// When there are no certificates to go by.
    pub fn client(&self, dns_server: Option<SocketAddr>) -> anyhow::Result<Outbound> {
        let policy =
            AddressPolicy { allowed: self.outbound_networks.clone(), plain_http: self.outbound_plain_http };
        Outbound::new(OutboundSettings { policy, dns_server }).context("no requests can be sent from here")
    }
}

/// What is kept of the addresses of those who ask.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LoggedAddresses {
    /// The network they come from
    #[default]
    Truncated,
    /// All of them
    Full,
    /// Nothing
    None,
}

impl From<LoggedAddresses> for LoggedAddressPolicy {
    fn from(logged: LoggedAddresses) -> Self {
        match logged {
            LoggedAddresses::Truncated => Self::Truncated,
            LoggedAddresses::Full => Self::Full,
            LoggedAddresses::None => Self::None,
        }
    }
}

/// What is kept of requests.
#[derive(Debug, Clone, Args)]
pub struct RequestLogArguments {
    /// How many days requests are kept; 0 logs none and removes those that were
    #[arg(long, env = "MEMOREEL_REQUEST_LOG_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(0..=400))]
    pub request_log_days: u16,
    /// What is kept of the addresses that requests come from
    #[arg(long, env = "MEMOREEL_REQUEST_LOG_ADDRESSES", value_enum, default_value_t = LoggedAddresses::Truncated)]
    pub request_log_addresses: LoggedAddresses,
}

impl RequestLogArguments {
    /// How many days are kept.
    pub fn days(&self) -> u16 {
        self.request_log_days
    }
}

/// What a serving process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ServeRole {
    /// API and worker in one process
    All,
    /// Answers requests only
    Api,
    /// Runs tasks only
    Worker,
}

/// The settings of `serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeSettings {
    /// Storage.
    #[command(flatten)]
    pub storage: Storage,
    /// Engines.
    #[command(flatten)]
    pub providers: Providers,
    /// Accounts.
    #[command(flatten)]
    pub accounts: Accounts,
    /// Requests to addresses that people name.
    #[command(flatten)]
    pub outbound: OutboundArguments,
    /// The log of requests.
    #[command(flatten)]
    pub request_log: RequestLogArguments,
    /// What this process does
    #[arg(long, env = "MEMOREEL_ROLE", value_enum, default_value_t = ServeRole::All)]
    pub role: ServeRole,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, env = "MEMOREEL_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Address people reach it at, which links begin with; https here marks cookies Secure and makes browsers keep to https
    #[arg(long, env = "MEMOREEL_PUBLIC_URL")]
    pub public_url: Option<Url>,
    /// Networks of proxies in front, whose X-Forwarded-For says who asks, with commas between them: 127.0.0.1/32,10.0.0.0/8
    #[arg(long, env = "MEMOREEL_TRUSTED_PROXIES", value_delimiter = ',', value_name = "NETWORK")]
    pub trusted_proxies: Vec<IpNet>,
    /// Multiplies the request limits, for tests and trusted networks
    #[arg(long, env = "MEMOREEL_RATE_LIMIT_FACTOR", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rate_limit_factor: u32,
}

/// The folders of this installation, absolute.
#[derive(Debug, Clone)]
pub struct Folders {
    /// Database, blobs, secret.
    pub data: PathBuf,
}

impl Folders {
    /// From `MEMOREEL_DATA_DIR`, or the platform's place.
    ///
    /// # Errors
    /// When there is no home folder to derive it from.
    pub fn from_environment() -> anyhow::Result<Self> {
        Ok(Self { data: memoreel_parts::Folders::from_environment()?.data })
    }

    /// The embedded database.
    pub fn database(&self) -> PathBuf {
        self.data.join("postgres")
    }

    /// Blobs, when they are files.
    pub fn blobs(&self) -> PathBuf {
        self.data.join("blobs")
    }

    /// Uploads in progress.
    pub fn staging(&self) -> PathBuf {
        self.data.join("uploads")
    }

    /// Mails, when they are files.
    pub fn mails(&self) -> PathBuf {
        self.data.join("mails")
    }

    /// What was erased, to be erased again after a restore.
    pub fn erasures(&self) -> PathBuf {
        self.data.join("erasures.jsonl")
    }

    /// Work in progress.
    pub fn scratch(&self) -> PathBuf {
        self.data.join("scratch")
    }
}
