//! What the command line shares when it talks to a server.

use super::credentials::Server;
use anyhow::Result;
use memoreel_client::{Client, ClientError};

/// A client of the server, with the key that was given or kept.
pub(super) fn connect(server: &Server) -> Result<Client> {
    Ok(Client::new(server.server.clone(), &server.key()?)?)
}

/// An error in a line, with what to do where no server was found.
pub(super) fn told(error: &anyhow::Error) -> String {
    let is_unreachable =
        error.chain().any(|cause| matches!(cause.downcast_ref(), Some(ClientError::Unreachable { .. })));
    let advice = if is_unreachable { "; --server or MEMOREEL_URL says where it is" } else { "" };
    format!("{error:#}{advice}")
}

/// Milliseconds as people write them: 1:02:03 or 2:03.
pub(super) fn clock(milliseconds: i64) -> String {
    let seconds = milliseconds / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}
