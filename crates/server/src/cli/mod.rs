//! The command line.

#![warn(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "both end a command whose reader is gone; print has macros that do not"
)]

mod audit;
mod client;
mod credentials;
mod doctor;
mod erasures;
mod mails;
mod mcp;
mod organization;
mod person;
mod print;
mod reindex;
mod search;
mod secrets;
mod store;
mod transcript;
mod upload;
mod user;

use crate::{
    assemble,
    config::{Folders, ServeSettings, Storage},
    database,
    engines::Engines,
    router, secret, serve,
};
use anyhow::Result;
use clap::{Parser, Subcommand};
use memoreel_kernel::SystemClock;
use print::{note, say};
use std::{process::ExitCode, sync::Arc};
use tracing_subscriber::EnvFilter;

/// A self-hosted memory for what an organisation says and shows on video
#[derive(Debug, Parser)]
#[command(name = "memoreel", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serve the web app and the API, and process recordings
    Serve(Box<ServeSettings>),
    /// Upload recordings, images and documents to a server, and follow them until they are ready
    Upload(upload::Upload),
    /// Find what was said
    Search(search::Search),
    /// Print the transcript of a video
    Transcript(transcript::Transcript),
    /// Give an assistant access to a server, by the Model Context Protocol
    Mcp(mcp::Mcp),
    /// Create or update the database's roles and schema
    Migrate(Storage),
    /// Check every part, and say how to mend what is wrong
    Doctor(Box<doctor::Doctor>),
    /// Create users and API keys
    User(user::User),
    /// List, suspend and resume organizations, and verify their domains
    Organization(organization::Organization),
    /// Erase people
    Person(Box<person::Person>),
    /// List what was erased, and erase it again after a restore
    Erasures(Box<erasures::Erasures>),
    /// Verify the audit log
    Audit(audit::Audit),
    /// Encrypt anew after the secret was changed
    Secrets(secrets::Secrets),
    /// Move organizations between stores, and find files and rows that have lost each other
    Store(store::Store),
    /// Have everything indexed again that has no vectors of the embedding model that is set
    ///
    /// Run it with the settings of the server, once every process of the installation was started anew with them. What it queues is done when
    /// nothing else waits. It may be repeated, and interrupted at any time: what waits already is not queued twice.
    Reindex(Box<reindex::Reindex>),
    /// Print the mails that were kept as files because no mail server is configured
    Mails(mails::Mails),
    /// Print the OpenAPI document
    Openapi,
    /// Recognise speech for the server; not for people
    #[command(hide = true, name = "speech-worker")]
    SpeechWorker,
    /// Work on images for the server; not for people
    #[command(hide = true, name = "image-worker")]
    ImageWorker,
    /// Read documents for the server; not for people
    #[command(hide = true, name = "document-worker")]
    DocumentWorker,
}

/// Runs the program. Errors are one line on standard error.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Verb::SpeechWorker = cli.verb {
        return memoreel_ai_local::speech_worker_main();
    }
    if let Verb::ImageWorker = cli.verb {
        return memoreel_images::image_worker_main();
    }
    if let Verb::DocumentWorker = cli.verb {
        return memoreel_documents::document_worker_main();
    }
    start_logging(matches!(cli.verb, Verb::Serve(_)));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    match runtime.block_on(run(cli.verb)).and_then(|code| print::finish().map(|()| code)) {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    note!("memoreel: {}", client::told(error));
    ExitCode::FAILURE
}

async fn run(verb: Verb) -> Result<ExitCode> {
    match verb {
        Verb::Serve(settings) => serve::serve(*settings).await?,
        Verb::Upload(upload) => return upload.run().await,
        Verb::Search(search) => search.run().await?,
        Verb::Transcript(transcript) => transcript.run().await?,
        Verb::Mcp(mcp) => mcp.run().await?,
        Verb::Migrate(storage) => migrate(&storage).await?,
        // It looks at every part: much to keep in a future.
        Verb::Doctor(doctor) => return Box::pin(doctor.run()).await,
        Verb::User(user) => user.run().await?,
        Verb::Organization(organization) => organization.run().await?,
        Verb::Person(person) => person.run().await?,
        Verb::Erasures(erasures) => return erasures.run().await,
        Verb::Audit(audit) => return audit.run().await,
        Verb::Secrets(secrets) => return secrets.run().await,
        Verb::Store(store) => return store.run().await,
        Verb::Reindex(reindex) => reindex.run().await?,
        Verb::Mails(mails) => mails.run().await?,
        Verb::Openapi => {
            let document =
                router::openapi(&Engines::for_description()?, assemble::receiver(Arc::new(SystemClock)));
            say!("{}", document.to_pretty_json()?);
        }
        Verb::SpeechWorker | Verb::ImageWorker | Verb::DocumentWorker => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn migrate(storage: &Storage) -> Result<()> {
    let folders = Folders::from_environment()?;
    let secret = secret::load(storage.secret_key.as_deref(), &folders.data)?;
    let (access, embedded) = database::reach(storage, &folders, secret).await?;
    memoreel_db::prepare(&access).await?;
    say!("The database {} is up to date.", access.database());
    if let Some(embedded) = embedded {
        embedded.stop().await?;
    }
    Ok(())
}

/// What is logged where nobody says otherwise. A certificate that is refused is told by whoever asked for the address, so that what
/// somebody else's server does is no error of this one.
fn default_filter(serving: bool) -> EnvFilter {
    EnvFilter::new(if serving {
        "info,sqlx=warn,tower_http=warn,ort=warn,rmcp=error,rustls_platform_verifier=off"
    } else {
        "warn,ort=error,rmcp=error,rustls_platform_verifier=off"
    })
}

/// JSON lines for a server whose output is collected, plain lines on a terminal and for the other verbs.
fn start_logging(serving: bool) {
    let filter = EnvFilter::try_from_env("MEMOREEL_LOG").unwrap_or_else(|_| default_filter(serving));
    let json = match std::env::var("MEMOREEL_LOG_FORMAT").as_deref() {
        Ok("json") => true,
        Ok(_) => false,
        Err(_) => serving && !std::io::IsTerminal::is_terminal(&std::io::stderr()),
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // The innermost span is told in each line; a list of all spans would tell it again.
    if json { builder.json().with_span_list(false).init() } else { builder.init() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;
    use tracing_subscriber::layer::SubscriberExt;

    #[test]
    fn a_bad_certificate_of_somebody_elses_server_is_no_error_of_this_one() {
        for serving in [true, false] {
            let subscriber = tracing_subscriber::registry().with(default_filter(serving));
            tracing::subscriber::with_default(subscriber, || {
                assert!(
                    !tracing::enabled!(target: "rustls_platform_verifier::verification::others", Level::ERROR)
                );
                assert!(tracing::enabled!(target: "memoreel_webhooks::send", Level::WARN));
            });
        }
    }
}
