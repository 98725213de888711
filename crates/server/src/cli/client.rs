//! What the command line shares when it talks to a server.

use super::credentials::Server;
use anyhow::Result;
use memoreel_client::Client;

/// A client of the server, with the key that was given or kept.
pub(super) fn connect(server: &Server) -> Result<Client> {
    Ok(Client::new(server.server.clone(), &server.key()?)?)
}

/// Milliseconds as people write them: 1:02:03 or 2:03.
pub(super) fn clock(milliseconds: i64) -> String {
    let seconds = milliseconds / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}
