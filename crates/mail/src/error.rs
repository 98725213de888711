//! What can go wrong between a mail and its reader's server.

/// An error of mailing.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The configured address of the server is malformed.
    #[error("the address of the mail server is not one such as smtps://user:password@mail.example.com")]
    ServerAddress(#[source] lettre::transport::smtp::Error),
    /// The configured sender is not an address.
    #[error("{0:?} is not an address to send mails from")]
    Sender(String),
    /// Nobody can be written to at this address.
    #[error("{0:?} is not an address that mail can be sent to")]
    Recipient(String),
    /// The mail cannot be put together.
    #[error("the mail cannot be put together")]
    Message(#[from] lettre::error::Error),
    /// The server refused the mail or could not be reached.
    #[error("the mail server did not take the mail")]
    Smtp(#[from] lettre::transport::smtp::Error),
    /// The file cannot be written or read.
    #[error("the folder of mails cannot be used")]
    Folder(#[from] std::io::Error),
}

impl MailError {
    /// Whether sending again can only fail the same way.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Recipient(_) | Self::Message(_) => true,
            Self::Smtp(error) => error.is_permanent(),
            Self::ServerAddress(_) | Self::Sender(_) | Self::Folder(_) => false,
        }
    }
}
