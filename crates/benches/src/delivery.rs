//! Ranges of a large file by signed address, beside nginx, which reads the same file with `sendfile`.

mod store;

use crate::http::servers::{SECRET, Server};
use crate::http::{database, median};
use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use clap::Args;
use memoreel_blob::{BlobKey, BlobStore, Grant, Purpose, UrlSigner};
use memoreel_kernel::{AssetId, Clock, OrganizationId, SystemClock};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::Serialize;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What players ask for: a piece of a playlist's length, a segment, and a piece of a download.
const RANGES: [u64; 3] = [64 << 10, 1 << 20, 8 << 20];
const WARM_UP: Duration = Duration::from_secs(1);
const BUFFER_BYTES: usize = 256 << 10;
const HEAD_BYTES_MAX: usize = 16 << 10;

/// Ranges of a file, beside nginx.
#[derive(Args)]
pub struct Options {
    /// An empty folder for the database, the servers' files and the file that is read
    #[arg(long)]
    data: PathBuf,
    /// The product's program
    #[arg(long)]
    server: PathBuf,
    /// Size of the file in MiB; the system's cache should have room for it
    #[arg(long, default_value_t = 512)]
    size_mib: u64,
    /// Connections that ask at once
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// How long each server is asked for the same
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How often everything is measured
    #[arg(long, default_value_t = 5)]
    runs: usize,
}

#[derive(Debug, Serialize)]
struct Report {
    size_bytes: u64,
    connections: usize,
    seconds: u64,
    runs: usize,
    ranges: Vec<Ranges>,
    /// Resident memory of the product before the first range, and the most while it was asked.
    rss_before_bytes: u64,
    rss_peak_bytes: u64,
}

/// Medians of the runs with ranges of one size.
#[derive(Debug, Serialize)]
struct Ranges {
    range_bytes: u64,
    memoreel_mib_per_second: f64,
    nginx_mib_per_second: f64,
    ratio: f64,
}

/// A file as one server gives it out.
#[derive(Clone)]
struct Served {
    address: SocketAddr,
    path: String,
}

/// Prints the report.
pub async fn run(options: &Options) -> Result<()> {
    let size_bytes = options.size_mib << 20;
    let (postgres, database) = database(&options.data).await?;
    let product = Server::start_product(&options.server, &options.data, &database, &[]).await?;
    let (key, path) = keep_file(&options.data, &database, size_bytes).await?;
    let nginx = Server::start_nginx(&options.data, &path).await?;
    let name = path.file_name().and_then(|name| name.to_str()).context("a file without a name")?;
    let ours = Served { address: product.address, path: address(&key)? };
    let theirs = Served { address: nginx.address, path: format!("/{name}") };
    let rss_before_bytes = rss(product.id()?)?;
    let watch = Watch::start(product.id()?);
    let ranges = tokio::task::block_in_place(|| measure(options, size_bytes, &ours, &theirs));
    let rss_peak_bytes = watch.stop();
    nginx.stop().await?;
    product.stop().await?;
    postgres.stop().await?;
    let Options { connections, seconds, runs, .. } = *options;
    let ranges = ranges?;
    let report = Report { size_bytes, connections, seconds, runs, ranges, rss_before_bytes, rss_peak_bytes };
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}

/// A file of random bytes, stored as the product stores it, of an asset that there is; its key, and where it lies.
async fn keep_file(data: &Path, database: &str, size_bytes: u64) -> Result<(BlobKey, PathBuf)> {
    let draft = data.join("draft.mp4");
    let mut file = fs::File::create(&draft)?;
    let mut random = StdRng::seed_from_u64(1);
    let mut chunk = vec![0; 1 << 20];
    for _ in 0..size_bytes >> 20 {
        random.fill(&mut chunk[..]);
        file.write_all(&chunk)?;
    }
    let now = SystemClock.now();
    let (organization, asset) = (OrganizationId::new(now), AssetId::new(now));
    store::insert_asset(database, organization, asset, size_bytes).await?;
    let key: BlobKey = format!("organizations/{organization}/assets/{asset}/original.mp4").parse()?;
    let root = data.join("product/blobs");
    BlobStore::disk(&root)?.put_file(&key, &draft).await?;
    let path = root.join("blobs").join(key.as_str());
    Ok((key, path))
}

fn address(key: &BlobKey) -> Result<String> {
    let organization = key.segments().nth(1).context("a key without an organization")?;
    let grant = Grant {
        organization_id: organization.parse()?,
        purpose: Purpose::Playback,
        is_private: false,
        prefix: key.clone(),
        expires_at: SystemClock.now() + TimeDelta::hours(2),
        download_name: None,
    };
    Ok(format!("/media/{}/", UrlSigner::new(SECRET).sign(&grant)))
}

/// By turns.
fn measure(options: &Options, size_bytes: u64, ours: &Served, theirs: &Served) -> Result<Vec<Ranges>> {
    let mut all = Vec::new();
    for range_bytes in RANGES {
        let rate = |served: &Served, seconds| {
            Load { range_bytes, size_bytes, connections: options.connections, seconds }.put_on(served)
        };
        let seconds = Duration::from_secs(options.seconds);
        rate(ours, WARM_UP)?;
        rate(theirs, WARM_UP)?;
        let (mut memoreel, mut nginx) = (Vec::new(), Vec::new());
        for run in 0..options.runs {
            if run % 2 == 0 {
                memoreel.push(rate(ours, seconds)?);
                nginx.push(rate(theirs, seconds)?);
            } else {
                nginx.push(rate(theirs, seconds)?);
                memoreel.push(rate(ours, seconds)?);
            }
        }
        let (memoreel_mib_per_second, nginx_mib_per_second) = (median(memoreel), median(nginx));
        let ratio = memoreel_mib_per_second / nginx_mib_per_second;
        let ranges = Ranges { range_bytes, memoreel_mib_per_second, nginx_mib_per_second, ratio };
        eprintln!("{ranges:?}");
        all.push(ranges);
    }
    Ok(all)
}

#[derive(Clone, Copy)]
struct Load {
    range_bytes: u64,
    size_bytes: u64,
    connections: usize,
    seconds: Duration,
}

impl Load {
    /// MiB a second.
    fn put_on(self, served: &Served) -> Result<f64> {
        let begun = Instant::now();
        let connections: Vec<_> = (0..self.connections)
            .map(|number| {
                let served = served.clone();
                thread::spawn(move || self.ask(&served, number as u64, begun))
            })
            .collect();
        let mut bytes = 0;
        for connection in connections {
            bytes += connection.join().map_err(|_| anyhow::anyhow!("a connection panicked"))??;
        }
        #[expect(clippy::cast_precision_loss, reason = "bytes are far below 2^53")]
        let mebibytes = bytes as f64 / f64::from(1 << 20);
        Ok(mebibytes / begun.elapsed().as_secs_f64())
    }

    /// One connection that is kept, and reads with as little effort as can be: what it takes is taken from both servers.
    fn ask(self, served: &Served, seed: u64, begun: Instant) -> Result<u64> {
        let mut random = StdRng::seed_from_u64(seed);
        let mut stream = TcpStream::connect(served.address)?;
        stream.set_nodelay(true)?;
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut bytes = 0;
        while begun.elapsed() < self.seconds {
            let first = random.random_range(0..=self.size_bytes - self.range_bytes);
            let last = first + self.range_bytes - 1;
            let request = format!(
                "GET {} HTTP/1.1\r\nhost: localhost\r\nrange: bytes={first}-{last}\r\n\r\n",
                served.path
            );
            stream.write_all(request.as_bytes())?;
            read_answer(&mut stream, &mut buffer, self.range_bytes)?;
            bytes += self.range_bytes;
        }
        Ok(bytes)
    }
}

fn read_answer(stream: &mut TcpStream, buffer: &mut [u8], body_bytes: u64) -> Result<()> {
    let mut filled = 0;
    let body_from = loop {
        let read = stream.read(&mut buffer[filled..])?;
        ensure!(read > 0 && filled < HEAD_BYTES_MAX, "an answer ended within its head");
        filled += read;
        if let Some(end) = buffer[..filled].windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    ensure!(buffer.starts_with(b"HTTP/1.1 206"), "{}", String::from_utf8_lossy(&buffer[..body_from]));
    let mut left = body_bytes.checked_sub((filled - body_from) as u64).context("more than was asked for")?;
    while left > 0 {
        let room = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let read = stream.read(&mut buffer[..room])?;
        ensure!(read > 0, "an answer ended within its body");
        left -= read as u64;
    }
    Ok(())
}

/// Looks at a process's memory again and again until it is asked for the most it saw.
struct Watch {
    peak: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl Watch {
    fn start(pid: u32) -> Self {
        let (peak, is_over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (seen, done) = (Arc::clone(&peak), Arc::clone(&is_over));
        let thread = thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                seen.fetch_max(rss(pid).unwrap_or(0), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(100));
            }
        });
        Self { peak, is_over, thread }
    }

    fn stop(self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        let _ended = self.thread.join();
        self.peak.load(Ordering::Relaxed)
    }
}

/// `VmRSS` of a process.
fn rss(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? << 10)
}
