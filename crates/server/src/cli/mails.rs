//! `memoreel mails`: what would have been sent.

use super::print::say;
use crate::config::Folders;
use anyhow::Result;
use clap::Args;
use memoreel_mail::MailFolder;

/// Prints the mails in the data folder, newest first.
#[derive(Debug, Args)]
pub(super) struct Mails {
    /// How many
    #[arg(long, default_value_t = 10)]
    limit: usize,
}

impl Mails {
    pub(super) async fn run(self) -> Result<()> {
        let folder = Folders::from_environment()?.mails();
        let mails = MailFolder::new(folder.clone()).mails().await?;
        if mails.is_empty() {
            say!("There are no mails in {}.", folder.display());
        }
        for mail in mails.into_iter().take(self.limit) {
            say!("{}\nTo: {}\nSubject: {}\n\n{}", mail.path.display(), mail.to, mail.subject, mail.text);
        }
        Ok(())
    }
}
