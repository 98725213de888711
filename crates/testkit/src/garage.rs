//! Garage, an S3 service that people run, in a process of its own: it keeps what it is given in blocks and a database of its own, and
//! has its own mind about all that the protocol leaves open.

use crate::{S3_ACCESS_KEY, S3_SECRET_KEY};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::Stdio,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{Instant, sleep},
};

/// How long it may take to begin.
const PATIENCE: Duration = Duration::from_secs(60);
/// Its ports are chosen before it takes them, so that another process may be faster.
const ATTEMPTS: u32 = 5;

/// A running service. It ends with this value, and its objects with it.
#[derive(Debug)]
pub struct Garage {
    address: SocketAddr,
    process: Child,
    folder: TempDir,
}

impl Garage {
    /// Starts a service with one bucket, whose clients sign for this region.
    ///
    /// # Errors
    /// When the program is not installed, or does not begin.
    pub async fn start(bucket: &str, region: &str) -> Result<Self> {
        let mut said = String::new();
        for _ in 0..ATTEMPTS {
            let folder = tempfile::tempdir()?;
            let (address, process) = begin(folder.path(), bucket, region)?;
            let mut garage = Self { address, process, folder };
            if garage.answers().await? {
                return Ok(garage);
            }
            said = fs::read_to_string(garage.folder.path().join("log")).unwrap_or_default();
        }
        bail!("Garage does not begin: {said}")
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it answers in the end; it does not if it ended.
    async fn answers(&mut self) -> Result<bool> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            // Somebody else may have been faster to take the port.
            if self.process.try_wait()?.is_some() {
                return Ok(false);
            }
            if TcpStream::connect(self.address).await.is_ok() {
                return Ok(true);
            }
            sleep(Duration::from_millis(50)).await;
        }
        bail!("Garage has not begun after {} seconds", PATIENCE.as_secs())
    }
}

fn begin(folder: &Path, bucket: &str, region: &str) -> Result<(SocketAddr, Child)> {
    let (api, between_nodes) = (free_address()?, free_address()?);
    let config = format!(
        "metadata_dir = {metadata:?}\ndata_dir = {data:?}\ndb_engine = \"sqlite\"\nreplication_factor = 1\n\
         rpc_bind_addr = \"{between_nodes}\"\nrpc_secret = \"{secret}\"\n\
         [s3_api]\napi_bind_addr = \"{api}\"\ns3_region = \"{region}\"\n",
        metadata = folder.join("metadata"),
        data = folder.join("data"),
        secret = "5f".repeat(32),
    );
    let place = folder.join("garage.toml");
    fs::write(&place, config)?;
    let log = fs::File::create(folder.join("log"))?;
    let process = Command::new("garage")
        .arg("--config")
        .arg(&place)
        .args(["server", "--single-node", "--default-bucket"])
        .env("GARAGE_DEFAULT_ACCESS_KEY", S3_ACCESS_KEY)
        .env("GARAGE_DEFAULT_SECRET_KEY", S3_SECRET_KEY)
        .env("GARAGE_DEFAULT_BUCKET", bucket)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .context("`cargo xtask test` installs `garage`, which this test needs")?;
    Ok((api, process))
}

/// Of a port that nobody listens on.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
