//! `memoreel mcp`: the tools for assistants, over standard input and output.

use super::{client::connect, credentials::Server};
use anyhow::{Result, anyhow};
use clap::Args;
use memoreel_mcp::UploadFolders;
use std::path::PathBuf;

/// Gives an assistant access to a running server by the Model Context Protocol, over standard input and output.
///
/// It is started by the assistant's program, and needs neither a database nor the server's files.
#[derive(Debug, Args)]
pub(super) struct Mcp {
    #[command(flatten)]
    server: Server,
    /// A folder that the assistant may upload files from; without it, none. May be given more than once
    #[arg(long, value_name = "FOLDER")]
    upload_from: Vec<PathBuf>,
}

impl Mcp {
    pub(super) async fn run(self) -> Result<()> {
        let folders = UploadFolders::new(&self.upload_from)?;
        let served = memoreel_mcp::serve_stdio(connect(&self.server)?, folders).await;
        served.map_err(|error| anyhow!(error))
    }
}
