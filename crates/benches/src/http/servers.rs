//! The servers, as processes of ours.

use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

/// The instance's secret, from which the passwords of its roles come.
pub const SECRET: [u8; 32] = [0; 32];
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);
/// As many processes as help it on two cores, each with half of the connections that the product has.
const PEER_PROCESSES: usize = 2;
const PEER_CONNECTIONS: usize = 12;

/// A server that answers; killed when dropped.
pub struct Server {
    process: Child,
    pub address: SocketAddr,
}

impl Server {
    /// The product, which answers requests only, with settings as environment variables.
    pub async fn start_product(
        program: &Path,
        folder: &Path,
        database: &str,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let address = free_address().await?;
        let mut command = Command::new(program);
        command
            .arg("serve")
            .env("DATABASE_URL", database)
            .env("MEMOREEL_SECRET_KEY", "00".repeat(SECRET.len()))
            .env("MEMOREEL_ROLE", "api")
            .env("MEMOREEL_LISTEN", address.to_string())
            .env("MEMOREEL_DATA_DIR", folder.join("product"))
            // What a server allows one person is not what it can do.
            .env("MEMOREEL_RATE_LIMIT_FACTOR", "10000")
            .envs(settings.iter().copied());
        Self::start(command, address, &folder.join("product.log")).await
    }

    /// The server of Node.js.
    pub async fn start_peer(peer: &Path, folder: &Path, database: &str) -> Result<Self> {
        let address = free_address().await?;
        let mut command = Command::new("node");
        command
            .current_dir(peer)
            .env("NODE_ENV", "production")
            .args(["server.mjs", database, &address.port().to_string()])
            .args([PEER_PROCESSES, PEER_CONNECTIONS].map(|number| number.to_string()));
        Self::start(command, address, &folder.join("peer.log")).await
    }

    /// nginx with one process per core, which serves the folder of a file as its files lie there.
    pub async fn start_nginx(folder: &Path, file: &Path) -> Result<Self> {
        let address = free_address().await?;
        let root = file.parent().context("a file without a folder")?;
        let (root, own) = (root.canonicalize()?, folder.canonicalize()?);
        let configuration = format!(
            "daemon off; user root; worker_processes auto; pid {own}/nginx.pid; error_log {own}/nginx-error.log;
             events {{ worker_connections 1024; }}
             http {{
                 access_log off; sendfile on; tcp_nopush off; keepalive_requests 1000000; client_body_temp_path {own}/nginx-body;
                 proxy_temp_path {own}/nginx-proxy; fastcgi_temp_path {own}/nginx-fastcgi; uwsgi_temp_path {own}/nginx-uwsgi;
                 scgi_temp_path {own}/nginx-scgi; server {{ listen {address}; root {root}; }}
             }}",
            own = own.display(),
            root = root.display(),
        );
        let path = own.join("nginx.conf");
        std::fs::write(&path, configuration)?;
        let mut command = Command::new("nginx");
        command.arg("-c").arg(path);
        Self::start(command, address, &folder.join("nginx.log")).await
    }

    /// Its process.
    pub fn id(&self) -> Result<u32> {
        self.process.id().context("a server ended by itself")
    }

    async fn start(mut command: Command, address: SocketAddr, log: &Path) -> Result<Self> {
        let output = File::create(log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).kill_on_drop(true);
        let process = command.spawn().with_context(|| format!("{command:?} cannot be run"))?;
        let mut server = Self { process, address };
        let begun = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            let ended = server.process.try_wait()?;
            ensure!(
                ended.is_none() && begun.elapsed() < PATIENCE,
                "a server does not answer:\n{}",
                std::fs::read_to_string(log).unwrap_or_default()
            );
            tokio::time::sleep(POLL).await;
        }
        Ok(server)
    }

    /// Ends it and waits.
    pub async fn stop(mut self) -> Result<()> {
        let id = self.id()?;
        Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        self.process.wait().await?;
        Ok(())
    }
}

/// A port that was free a moment ago.
async fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?)
}
