//! A real server as a process of ours: built, started on a free port, awaited, stopped.

use std::fs::{self, File, OpenOptions};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};

use crate::shell::{self, say};

/// How [`build`] compiles the server, and the folder of cargo's output that it lands in.
pub const BUILD: &str = "debug";

const READY_WAIT: Duration = Duration::from_secs(120);
const STOP_WAIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);
const LOG_TAIL_LINES: usize = 30;

/// Stopped when dropped.
pub struct ServerProcess {
    child: Child,
    log: PathBuf,
    /// Where it answers, without a slash at the end.
    pub url: String,
    /// From the start of the process until it was ready.
    pub cold_start: Duration,
}

impl ServerProcess {
    /// Starts the server that [`build`] built, and waits until it is ready.
    pub fn start(data_dir: &Path, port: u16) -> Result<Self> {
        Self::start_with(data_dir, port, &[])
    }

    /// The same with settings, as environment variables.
    pub fn start_with(data_dir: &Path, port: u16, settings: &[(&str, &str)]) -> Result<Self> {
        fs::create_dir_all(data_dir).with_context(|| format!("cannot create {}", data_dir.display()))?;
        let log = data_dir.join("server.log");
        let output = File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        let address = format!("127.0.0.1:{port}");
        let begun = Instant::now();
        let child = Command::new(program())
            .arg("serve")
            .env("MEMOREEL_LISTEN", &address)
            .env("MEMOREEL_DATA_DIR", data_dir)
            // Browser tests sign up by the dozen from one address.
            .env("MEMOREEL_RATE_LIMIT_FACTOR", "100")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .context("cannot run the server")?;
        let mut server = Self { child, log, url: format!("http://{address}"), cold_start: Duration::ZERO };
        server.wait_until_ready(begun)?;
        server.cold_start = begun.elapsed();
        Ok(server)
    }

    fn wait_until_ready(&mut self, begun: Instant) -> Result<()> {
        let agent = agent();
        while begun.elapsed() < READY_WAIT {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended ({status}); the end of {}:\n{}", self.log.display(), self.log_tail());
            }
            if agent
                .get(format!("{}/health/ready", self.url))
                .call()
                .is_ok_and(|answer| answer.status() == 200)
            {
                return Ok(());
            }
            thread::sleep(POLL);
        }
        bail!(
            "the server was not ready in {} s; the end of its log:\n{}",
            READY_WAIT.as_secs(),
            self.log_tail()
        )
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// What it has written to its standard output and error so far.
    pub fn log_file(&self) -> &Path {
        &self.log
    }

    /// Waits until it ends by itself.
    pub fn wait(&mut self) -> Result<()> {
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end and waits; kills it when it does not.
    pub fn stop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        shell::succeeds(shell::command("kill").args(["-TERM", &self.pid().to_string()]));
        let begun = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if begun.elapsed() > STOP_WAIT {
                say("the server does not end; killing it");
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            thread::sleep(POLL);
        }
    }

    fn log_tail(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.stop();
    }
}

/// An HTTP client for a server on this machine: no proxy, and answers of any status are answers.
pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .timeout_connect(Some(Duration::from_secs(5)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .build()
        .new_agent()
}

/// A port that was free a moment ago.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The server that was built last.
pub fn program() -> PathBuf {
    shell::target().join(BUILD).join("memoreel")
}

/// Builds the server with the web app as it was built last, if at all.
pub fn build_alone() -> Result<()> {
    say("building the server");
    shell::build(&["--bin", "memoreel"])
}

/// Builds the web app, when its sources are newer than its last build, and then the server that embeds it.
pub fn build() -> Result<()> {
    build_ui()?;
    build_alone()
}

/// The same with optimisation as for benches; returns the program.
pub fn build_optimised() -> Result<PathBuf> {
    build_ui()?;
    say("building the server with optimisation");
    shell::build(&["--bin", "memoreel", "--profile", "bench"])?;
    Ok(shell::target().join("release/memoreel"))
}

fn build_ui() -> Result<()> {
    let ui = shell::ui();
    let sources = ["src", "public", "index.html", "package-lock.json", "vite.config.ts", "tsconfig.json"];
    let newest = sources.iter().filter_map(|name| newest_change(&ui.join(name))).max();
    let built = ui.join("dist/.built");
    let is_fresh = fs::metadata(&built).and_then(|metadata| metadata.modified()).ok() >= newest;
    if is_fresh && built.is_file() {
        return Ok(());
    }
    say("building the web app");
    let begun = SystemTime::now();
    shell::run(shell::npm().args(["run", "--silent", "build", "--", "--logLevel=warn"]))?;
    // A source that changes during the build is newer than the moment it began.
    OpenOptions::new().create(true).truncate(true).write(true).open(built)?.set_modified(begun)?;
    Ok(())
}

fn newest_change(path: &Path) -> Option<SystemTime> {
    let metadata = fs::metadata(path).ok()?;
    let own = metadata.modified().ok();
    if !metadata.is_dir() {
        return own;
    }
    let below = fs::read_dir(path).ok()?.flatten().filter_map(|entry| newest_change(&entry.path())).max();
    own.max(below)
}
