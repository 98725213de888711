//! A server of its own for one evaluation or bench: built, started with an empty data folder, signed in to, removed.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::api::account;
use crate::api::client::Client;
use crate::api::upload::upload_file;
use crate::scratch_folder;
use crate::server_process::{self, ServerProcess};
use crate::setup;
use crate::shell::say;

/// A line of progress for so many videos.
const PROGRESS_VIDEOS: usize = 500;
const POLL: Duration = Duration::from_secs(1);
/// When no recording gets done for so long, something hangs.
const STANDSTILL_MAX: Duration = Duration::from_secs(30 * 60);

/// A server that nobody else uses, and a client of it. Both go, with all data, when this is dropped.
pub struct Session {
    // Dropped in this order: the server ends before its data goes.
    pub server: ServerProcess,
    pub client: Client,
    folder: TempDir,
}

impl Session {
    /// Sets up, builds and starts the server, and signs in.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// The same with settings for the server, as environment variables.
    pub fn start_with(settings: &[(&str, &str)]) -> Result<Self> {
        Self::build()?;
        Self::start_built(settings)
    }

    /// Sets up and builds what [`Session::start_built`] starts.
    pub fn build() -> Result<()> {
        setup::run()?;
        server_process::build()
    }

    /// Starts the server that was built last, and signs in: for commands that start several of the same build.
    pub fn start_built(settings: &[(&str, &str)]) -> Result<Self> {
        let folder = scratch_folder::open_folder("memoreel-session-")?;
        let data_dir = folder.path().join("data");
        let server = ServerProcess::start_with(&data_dir, server_process::free_port()?, settings)?;
        let account = account::sign_in(&server.url, &data_dir)?;
        let client = Client::new(&server.url, &account.api_key);
        Ok(Self { server, client, folder })
    }

    /// The server's data folder.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Signs in to the server that runs now, after it was started anew.
    pub fn sign_in(&mut self) -> Result<()> {
        let account = account::sign_in(&self.server.url, &self.data_dir())?;
        self.client = Client::new(&self.server.url, &account.api_key);
        Ok(())
    }

    /// A folder for files of our own, beside the server's data and on the same file system.
    pub fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// Uploads the files and waits until none is in work any more, whether it was completed or failed. Returns the ids
    /// of their videos in the same order.
    pub fn process(&self, files: &[PathBuf]) -> Result<Vec<String>> {
        say(format!("uploading {} recordings", files.len()));
        let upload = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            upload_file(&self.client, path, &name).with_context(|| format!("uploading {}", path.display()))
        };
        let ids = files.iter().map(upload).collect::<Result<Vec<String>>>()?;
        self.wait_until_settled()?;
        Ok(ids)
    }

    /// Waits until none of these videos is in work any more, and returns those that failed.
    pub fn wait_for<'a>(&self, ids: &'a [String]) -> Result<Vec<&'a String>> {
        let mut failed = Vec::new();
        let mut changed = Instant::now();
        for (position, id) in ids.iter().enumerate() {
            loop {
                match self.client.video(id)?["status"].as_str() {
                    Some("completed") => break,
                    Some("failed") => {
                        failed.push(id);
                        break;
                    }
                    _ if changed.elapsed() > STANDSTILL_MAX => {
                        bail!("nothing was done for {} minutes", STANDSTILL_MAX.as_secs() / 60)
                    }
                    _ => thread::sleep(POLL),
                }
            }
            changed = Instant::now();
            if (position + 1).is_multiple_of(PROGRESS_VIDEOS) {
                say(format!("{} of {} processed", position + 1, ids.len()));
            }
        }
        Ok(failed)
    }

    /// Waits until no video is in work any more.
    pub fn wait_until_settled(&self) -> Result<()> {
        let (mut done_before, mut changed) = (0, Instant::now());
        loop {
            let videos = self.client.videos()?;
            let is_settled =
                |video: &&Value| matches!(video["status"].as_str(), Some("completed" | "failed"));
            let done = videos.iter().filter(is_settled).count();
            if done != done_before {
                say(format!("{done} of {} processed", videos.len()));
                (done_before, changed) = (done, Instant::now());
            }
            if done == videos.len() {
                return Ok(());
            }
            if changed.elapsed() > STANDSTILL_MAX {
                bail!("no recording was done for {} minutes", STANDSTILL_MAX.as_secs() / 60);
            }
            thread::sleep(POLL);
        }
    }

    pub fn stop(mut self) {
        self.server.stop();
    }
}
