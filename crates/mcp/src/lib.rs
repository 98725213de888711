//! Memoreel for assistants: tools by the Model Context Protocol (<https://modelcontextprotocol.io>), over standard input and
//! output or by HTTP.
//!
//! The tools know nothing but the public API, through `memoreel-client`: whoever asks may do with them what their API key may
//! do, within the same limits, and with the same entries in the audit log.

mod handler;
mod outcome;
mod shown;
mod tools;
mod upload_folders;

pub use handler::{Assistant, Uploads};
pub use upload_folders::{UploadFolderError, UploadFolders};

use memoreel_client::Client;
use rmcp::{
    ServiceExt,
    transport::{
        StreamableHttpServerConfig, StreamableHttpService, stdio,
        streamable_http_server::session::never::NeverSessionManager,
    },
};
use std::{error::Error, sync::Arc};

/// Answers to MCP over HTTP, each request by itself: there are no sessions that would have to reach the same process again.
pub type HttpService = StreamableHttpService<Assistant, NeverSessionManager>;

/// Answers on standard input and output until the input ends. Whose key the client has may use it.
///
/// # Errors
/// When what comes in is not the protocol.
pub async fn serve_stdio(client: Client, folders: UploadFolders) -> Result<(), Box<dyn Error + Send + Sync>> {
    let uploads = if folders.is_empty() { Uploads::None } else { Uploads::Files(folders) };
    let assistant = Assistant::new(uploads, move |_| Some(client.clone()));
    let running = assistant.serve(stdio()).await?;
    running.waiting().await?;
    Ok(())
}

/// Answers to requests of at most so many bytes. `client` makes a client of what a request shows of who sends it. Who may come
/// here at all, under which host and from where, is for the caller to see to.
pub fn http_service(
    client: impl Fn(&http::request::Parts) -> Option<Client> + Send + Sync + 'static,
    body_bytes_max: usize,
) -> HttpService {
    let assistant = Assistant::new(Uploads::Addresses, move |parts| parts.and_then(&client));
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(body_bytes_max)
        .disable_allowed_hosts();
    StreamableHttpService::new(
        move || Ok(assistant.clone()),
        Arc::new(NeverSessionManager::default()),
        config,
    )
}
