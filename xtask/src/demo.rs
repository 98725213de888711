//! `demo`: a server with a data folder of its own, the samples ingested into it, and a report on what came of them.
//!
//! It knows the server by its HTTP interface alone. Running it again ingests nothing twice.

mod ingest;
mod progress;
mod report;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use memoreel_parts::Folders;
use serde_json::Value;

use crate::api::client::Client;
use crate::api::{account, upload};
use crate::memory::MemoryWatch;
use crate::scratch_folder;
use crate::server_process::{self, ServerProcess};
use crate::setup;
use crate::shell::{self, say};

#[derive(Args)]
pub struct Options {
    /// Stop after the report instead of serving on
    #[arg(long)]
    exit: bool,
    /// Print the report as JSON to standard output; everything else goes to standard error
    #[arg(long)]
    json: bool,
    /// Listen on this port
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Use an empty data folder and a free port, and remove the folder afterwards
    #[arg(long)]
    fresh: bool,
}

/// A search, and what it shows.
struct Query {
    text: &'static str,
    purpose: &'static str,
}

impl Query {
    /// The answer, with the query beside it.
    fn ask(&self, client: &Client) -> Result<Value> {
        let mut found = client.search(self.text)?;
        found["query"] = self.text.into();
        found["purpose"] = self.purpose.into();
        Ok(found)
    }
}

/// The first is said word for word in the samples; the second shares no word of substance with what it must find.
const QUERIES: [Query; 2] = [
    Query { text: "ask not what your country can do", purpose: "words that were said" },
    Query { text: "citizens should serve their nation", purpose: "the meaning, in other words" },
];

pub fn run(options: &Options) -> Result<()> {
    setup::run()?;
    server_process::build()?;
    let (folder, port) = if options.fresh {
        (DemoFolder::fresh()?, server_process::free_port()?)
    } else {
        (DemoFolder::kept()?, options.port)
    };
    say(format!("starting the server with its data in {}", folder.path.display()));
    let mut server = ServerProcess::start(&folder.path, port)?;
    let memory = MemoryWatch::start(server.pid());
    let account = account::sign_in(&server.url, &folder.path)?;
    let client = Client::new(&server.url, &account.api_key);
    let videos = ingest::ingest(&client, &samples()?)?;
    let searches = QUERIES.iter().map(|query| query.ask(&client)).collect::<Result<Vec<_>>>()?;
    let report = report::Report::new(&server, &account, &client, videos, searches, memory.finish())?;
    eprint!("{report}");
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    }
    if !options.exit {
        say(format!("serving at {} until Ctrl-C", server.url));
        leave_interrupts_to_the_server();
        server.wait()?;
    }
    server.stop();
    Ok(())
}

/// Where the demo keeps its data.
struct DemoFolder {
    path: PathBuf,
    /// Removes a folder that is not kept, after the server has ended.
    _temporary: Option<tempfile::TempDir>,
}

impl DemoFolder {
    fn kept() -> Result<Self> {
        Ok(Self { path: Folders::from_environment()?.data.join("demo"), _temporary: None })
    }

    fn fresh() -> Result<Self> {
        let temporary = scratch_folder::open_folder("memoreel-demo-")?;
        Ok(Self { path: temporary.path().join("data"), _temporary: Some(temporary) })
    }
}

/// The recordings in `samples/`, by name.
fn samples() -> Result<Vec<PathBuf>> {
    let folder = shell::root().join("samples");
    let mut paths = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if upload::media_type(&path).is_some() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The terminal sends Ctrl-C to the server too, which ends in good order; we wait for that.
#[expect(unsafe_code, reason = "the standard library cannot ignore a signal")]
fn leave_interrupts_to_the_server() {
    // SAFETY: ignoring a signal installs no handler, so no code of ours runs in a signal's context.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
}
