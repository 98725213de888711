//! An S3 server in this process: `s3s-fs`, which was written by other people from the protocol's description. It verifies
//! signatures and checksums, and keeps its objects as files.

use crate::s3_files::Files;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

/// The access key of every test server, as Garage wants them to look.
pub const S3_ACCESS_KEY: &str = "GK5f5f5f5f5f5f5f5f5f5f5f5f";
/// And its secret.
pub const S3_SECRET_KEY: &str = "5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f";

/// A running server. It ends with this value, and its objects with it.
#[derive(Debug)]
pub struct S3Server {
    root: TempDir,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl S3Server {
    /// Starts a server with these buckets.
    ///
    /// # Errors
    /// When no folder or port can be had.
    pub async fn start(buckets: &[&str]) -> anyhow::Result<Self> {
        let root = tempfile::tempdir()?;
        for bucket in buckets {
            fs::create_dir(root.path().join(bucket))?;
        }
        let files = FileSystem::new(root.path()).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let mut service = S3ServiceBuilder::new(Files::new(files, root.path()));
        service.set_auth(SimpleAuth::from_single(S3_ACCESS_KEY, S3_SECRET_KEY));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let server = Builder::new(TokioExecutor::new());
                    // A client that goes away is no failure of the server.
                    drop(server.serve_connection(TokioIo::new(socket), service).await);
                });
            }
        });
        Ok(Self { root, address, serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address for clients, which name the bucket in the path.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where a bucket's objects are files.
    pub fn bucket(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The keys of a bucket, sorted.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        let root = self.bucket(bucket);
        let mut keys = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else if let Ok(key) = entry.path().strip_prefix(&root) {
                    keys.push(key.to_string_lossy().into_owned());
                }
            }
        }
        keys.sort();
        keys
    }

    /// How many multipart uploads are neither completed nor aborted.
    pub fn open_uploads(&self) -> usize {
        self.hidden(|name| name.starts_with(".upload-"))
    }

    /// The content type that an object was stored with.
    pub fn content_type(&self, bucket: &str, key: &str) -> Option<String> {
        let encoded = |text: &str| base64_url(text.as_bytes());
        let name = format!(".bucket-{}.object-{}.metadata.json", encoded(bucket), encoded(key));
        let text = fs::read_to_string(self.root.path().join(name)).ok()?;
        let (_, rest) = text.split_once("\"content_type\":\"")?;
        Some(rest.split_once('"')?.0.to_owned())
    }

    fn hidden(&self, is_wanted: impl Fn(&str) -> bool) -> usize {
        let entries = fs::read_dir(Path::new(self.root.path())).into_iter().flatten().flatten();
        entries.filter(|entry| entry.file_name().to_str().is_some_and(&is_wanted)).count()
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Without padding, as the server names its files.
fn base64_url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}
