//! Mails as files, for machines without a mail server. They hold working links, so only their owner may read them.

use crate::MailError;
use mail_parser::MessageParser;
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};
use uuid::Uuid;

/// How many mails are kept; older ones make room.
const KEPT_MAX: usize = 200;

/// A folder of `.eml` files, named by the ids of their mails, which order them by time.
#[derive(Debug, Clone)]
pub struct MailFolder(PathBuf);

/// A mail that was kept instead of sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenMail {
    /// Its file.
    pub path: PathBuf,
    /// The address it would have gone to.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its plain text.
    pub text: String,
}

impl MailFolder {
    /// The folder is made with the first mail.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) async fn write(&self, id: Uuid, message: Vec<u8>) -> Result<(), MailError> {
        let folder = self.0.clone();
        Ok(blocking(move || write(&folder, id, &message)).await?)
    }

    /// The mails, newest first.
    ///
    /// # Errors
    /// When the folder cannot be read. One that does not exist is empty.
    pub async fn mails(&self) -> Result<Vec<WrittenMail>, MailError> {
        let folder = self.0.clone();
        Ok(blocking(move || files(&folder)?.iter().rev().map(|path| read(path)).collect()).await?)
    }
}

impl MailFolder {
    /// How many mails are to one of these addresses or name it, and how large they are together.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn count_of(&self, addresses: &[String]) -> Result<(u64, u64), MailError> {
        let (folder, addresses) = (self.0.clone(), addresses.to_vec());
        Ok(blocking(move || {
            let found = files_naming(&folder, &addresses)?;
            Ok((found.len() as u64, found.iter().map(|(_, size_bytes)| size_bytes).sum()))
        })
        .await?)
    }

    /// Removes the mails that are to one of these addresses or name it.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub async fn remove_of(&self, addresses: &[String]) -> Result<(), MailError> {
        let (folder, addresses) = (self.0.clone(), addresses.to_vec());
        Ok(blocking(move || {
            for (path, _) in files_naming(&folder, &addresses)? {
                match fs::remove_file(path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            Ok(())
        })
        .await?)
    }
}

/// The mails, and drafts that a kill left behind, that have one of these addresses in a header or in their text; with their sizes.
fn files_naming(folder: &Path, addresses: &[String]) -> io::Result<Vec<(PathBuf, u64)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            bytes => bytes?,
        };
        let parsed = MessageParser::default().parse(&bytes);
        let body = parsed.as_ref().and_then(|mail| mail.body_text(0)).unwrap_or_default().to_lowercase();
        let raw = String::from_utf8_lossy(&bytes).to_lowercase();
        if addresses.iter().any(|address| names(&raw, address) || names(&body, address)) {
            found.push((path, bytes.len() as u64));
        }
    }
    Ok(found)
}

/// Whether the text has this address as a whole, and not as a part of another one.
fn names(text: &str, address: &str) -> bool {
    let is_of_address = |character: char| character.is_alphanumeric() || "._%+-@".contains(character);
    text.match_indices(address).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let mut after = text[at + address.len()..].chars();
        let next = after.next();
        // A dot may end the sentence.
        let goes_on = match next {
            Some('.') => after.next().is_some_and(char::is_alphanumeric),
            next => next.is_some_and(is_of_address),
        };
        !before.is_some_and(is_of_address) && !goes_on
    })
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn write(folder: &Path, id: Uuid, message: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let draft = folder.join(format!("{id}.draft"));
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(message)?;
    fs::rename(&draft, folder.join(format!("{id}.eml")))?;
    let files = files(folder)?;
    for old in &files[..files.len().saturating_sub(KEPT_MAX)] {
        fs::remove_file(old)?;
    }
    Ok(())
}

/// The files, oldest first.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "eml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> io::Result<WrittenMail> {
    let bytes = fs::read(path)?;
    let unreadable = || io::Error::new(io::ErrorKind::InvalidData, format!("{} is no mail", path.display()));
    let message = MessageParser::default().parse(&bytes).ok_or_else(unreadable)?;
    let to = message.to().and_then(|to| to.first()).and_then(|to| to.address());
    Ok(WrittenMail {
        path: path.to_owned(),
        to: to.unwrap_or_default().to_owned(),
        subject: message.subject().unwrap_or_default().to_owned(),
        text: message.body_text(0).unwrap_or_default().replace("\r\n", "\n"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mail, Mailer};
    use memoreel_kernel::{Clock, SystemClock};
    use std::os::unix::fs::PermissionsExt;

    fn mail(number: u128) -> Mail {
        Mail {
            id: Uuid::from_u128(number),
            to: "ada@example.com".to_owned(),
            subject: format!("Grüße {number}"),
            text: format!("Hello,\n\nhttps://memoreel.example/reset-password#{}\n", "x".repeat(90)),
            html: "<p>Hello</p>".to_owned(),
            written_at: SystemClock.now(),
        }
    }

    #[tokio::test]
    async fn a_mail_reads_as_it_was_written_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let mails = MailFolder::new(folder.path().join("mails"));
        let mailer = Mailer::folder(mails.clone()).expect("a mailer");
        assert_eq!(mails.mails().await.expect("reads"), []);
        for number in [1, 2, 2] {
            mailer.send(mail(number)).await.expect("writes");
        }
        let written = mails.mails().await.expect("reads");
        assert_eq!(written.len(), 2);
        assert_eq!((written[0].to.as_str(), written[0].subject.as_str()), ("ada@example.com", "Grüße 2"));
        assert_eq!(written[0].text, mail(2).text);
        let mode = fs::metadata(&written[0].path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let raw = fs::read_to_string(&written[0].path).expect("text");
        assert!(raw.contains("Auto-Submitted: auto-generated"), "{raw}");
        assert!(raw.contains("Message-ID: <00000000-0000-0000-0000-000000000002@localhost>"), "{raw}");
    }

    #[tokio::test]
    async fn the_oldest_make_room() {
        let folder = tempfile::tempdir().expect("a folder");
        let mails = MailFolder::new(folder.path().to_owned());
        for number in 0..KEPT_MAX as u128 + 3 {
            mails.write(Uuid::from_u128(number), b"Subject: x\r\n\r\nx".to_vec()).await.expect("writes");
        }
        let written = mails.mails().await.expect("reads");
        assert_eq!(written.len(), KEPT_MAX);
        assert!(
            written.last().is_some_and(|oldest| oldest.path.ends_with(format!("{}.eml", Uuid::from_u128(3))))
        );
    }

    #[tokio::test]
    async fn nobody_can_be_written_to_at_what_is_no_address() {
        let mailer = Mailer::folder(MailFolder::new(PathBuf::from("/nonexistent"))).expect("a mailer");
        let refused = mailer.send(Mail { to: "ada@".to_owned(), ..mail(1) }).await;
        assert!(refused.is_err_and(|error| error.is_permanent()));
    }

    #[test]
    fn an_address_is_named_as_a_whole() {
        for text in ["to: ob@example.com", "write to ob@example.com.", "<ob@example.com>,", "ob@example.com"]
        {
            assert!(names(text, "ob@example.com"), "{text}");
        }
        for text in ["bob@example.com", "ob@example.com.au", "ob@example.comx", "x.ob@example.com"] {
            assert!(!names(text, "ob@example.com"), "{text}");
        }
    }
}
