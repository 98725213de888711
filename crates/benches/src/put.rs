//! What `bench upload` has beside the product: a handler that writes a request's body to a file and syncs it, no more.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::put;
use clap::Args;
use futures::StreamExt;
use tokio::fs::File;
use tokio::io::{AsyncWriteExt, BufWriter};
use tokio::net::TcpListener;

/// As much as the product gathers before it writes.
const BUFFER_BYTES: usize = 1 << 20;

#[derive(Args)]
pub struct Options {
    /// The folder that the bodies go to, each to a file of its own
    folder: PathBuf,
}

/// Prints the address and answers until the process is ended.
pub async fn run(options: Options) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("http://{}/", listener.local_addr()?);
    let router = Router::new()
        .route("/", put(keep))
        .with_state(Arc::new(Folder { path: options.folder, files: AtomicUsize::new(0) }));
    Ok(axum::serve(listener, router).await?)
}

struct Folder {
    path: PathBuf,
    /// How many were put into it.
    files: AtomicUsize,
}

async fn keep(State(folder): State<Arc<Folder>>, body: Body) -> Result<StatusCode, (StatusCode, String)> {
    let number = folder.files.fetch_add(1, Ordering::Relaxed);
    let written = write(&folder.path.join(format!("{number}.bin")), body).await;
    written.map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn write(path: &Path, body: Body) -> Result<()> {
    let mut file = BufWriter::with_capacity(BUFFER_BYTES, File::create(path).await?);
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        file.write_all(&chunk?).await?;
    }
    file.flush().await?;
    Ok(file.into_inner().sync_all().await?)
}
