//! The journal of erasures: a file outside the database, so that a database that is restored from before an erasure can be
//! told. A line is JSON and holds ids, the folders of blobs, which are made of ids, and a time; nothing else of anybody.

use crate::PrivacyError;
use chrono::{DateTime, Utc};
use memoreel_blob::BlobKey;
use memoreel_kernel::ErasureId;
use serde::{Deserialize, Serialize};
use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};
use uuid::Uuid;

/// An erasure that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Which one.
    pub erasure_id: ErasureId,
    /// `person` or `organization`.
    pub kind: String,
    /// Whose.
    pub subject_id: Uuid,
    /// Where the blobs lay.
    pub blobs: Vec<BlobKey>,
    /// When it began.
    pub at: DateTime<Utc>,
}

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Begun(JournalEntry),
    /// An erasure that was begun and is not to be, and when that was known.
    Withdrawn {
        withdrawn: ErasureId,
        at: DateTime<Utc>,
    },
}

/// The file. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Journal(PathBuf);

impl Journal {
    /// The file is made with the first entry.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Every entry that was not withdrawn, the oldest first. An end that was torn by a crash is no entry: what it was about had not
    /// begun.
    ///
    /// # Errors
    /// [`PrivacyError::Journal`] for any other line that cannot be read.
    pub async fn entries(&self) -> Result<Vec<JournalEntry>, PrivacyError> {
        let path = self.0.clone();
        blocking(move || read(&path)).await
    }

    /// Adds an entry and waits until it is on disk. What one that is there says is not added again.
    ///
    /// # Errors
    /// What the disk raises.
    pub(crate) async fn append(&self, entry: JournalEntry) -> Result<(), PrivacyError> {
        self.add(Line::Begun(entry)).await
    }

    /// Notes that an erasure is not to be, so that nobody repeats it, and waits until that is on disk. Where it never was there is
    /// nothing to note.
    ///
    /// # Errors
    /// What the disk raises.
    pub(crate) async fn withdraw(&self, id: ErasureId, at: DateTime<Utc>) -> Result<(), PrivacyError> {
        self.add(Line::Withdrawn { withdrawn: id, at }).await
    }

    async fn add(&self, line: Line) -> Result<(), PrivacyError> {
        let path = self.0.clone();
        blocking(move || add(&path, &line)).await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PrivacyError> + Send + 'static,
) -> Result<T, PrivacyError> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn read(path: &Path) -> Result<Vec<JournalEntry>, PrivacyError> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        text => text?,
    };
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let mut entries: Vec<JournalEntry> = Vec::new();
    for (number, line) in whole.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        match serde_json::from_str::<Line>(line).map_err(|_| PrivacyError::Journal(number + 1))? {
            Line::Begun(entry) => entries.push(entry),
            Line::Withdrawn { withdrawn, .. } => entries.retain(|entry| entry.erasure_id != withdrawn),
        }
    }
    Ok(entries)
}

fn add(path: &Path, line: &Line) -> Result<(), PrivacyError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    // Two processes of a machine may erase at the same time.
    file.lock()?;
    cut_torn_end(&mut file)?;
    if is_said(&read(path)?, line) {
        return Ok(());
    }
    let mut bytes = serde_json::to_vec(line).map_err(io::Error::from)?;
    bytes.push(b'\n');
    file.write_all(&bytes)?;
    file.sync_all()?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn is_said(known: &[JournalEntry], line: &Line) -> bool {
    match line {
        Line::Begun(entry) => known.iter().any(|one| {
            one.erasure_id == entry.erasure_id && entry.blobs.iter().all(|blob| one.blobs.contains(blob))
        }),
        Line::Withdrawn { withdrawn, .. } => known.iter().all(|one| one.erasure_id != *withdrawn),
    }
}

fn cut_torn_end(file: &mut File) -> io::Result<()> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    if whole < bytes.len() { file.set_len(whole as u64) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u128) -> JournalEntry {
        JournalEntry {
            erasure_id: ErasureId(Uuid::from_u128(number)),
            kind: "person".to_owned(),
            subject_id: Uuid::from_u128(7),
            blobs: vec!["organizations/a".parse().unwrap()],
            at: "2026-05-01T00:00:00Z".parse().unwrap(),
        }
    }

    #[tokio::test]
    async fn an_entry_is_kept_once_and_a_torn_end_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/erasures.jsonl");
        let journal = Journal::new(&path);
        assert_eq!(journal.entries().await.unwrap(), []);
        for number in [1, 2, 1] {
            journal.append(entry(number)).await.unwrap();
        }
        assert_eq!(journal.entries().await.unwrap(), [entry(1), entry(2)]);
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"erasure_id\":\"0").unwrap();
        assert_eq!(journal.entries().await.unwrap(), [entry(1), entry(2)]);
        journal.append(entry(3)).await.unwrap();
        assert_eq!(journal.entries().await.unwrap(), [entry(1), entry(2), entry(3)]);
    }

    #[tokio::test]
    async fn what_is_withdrawn_is_no_entry_until_it_is_begun_again() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path().join("erasures.jsonl"));
        let withdraw = async |number: u128| {
            journal.withdraw(ErasureId(Uuid::from_u128(number)), entry(number).at).await.unwrap();
        };
        withdraw(1).await;
        for number in [1, 2] {
            journal.append(entry(number)).await.unwrap();
        }
        withdraw(1).await;
        withdraw(1).await;
        assert_eq!(journal.entries().await.unwrap(), [entry(2)]);
        journal.append(entry(1)).await.unwrap();
        assert_eq!(journal.entries().await.unwrap(), [entry(2), entry(1)]);
    }

    #[tokio::test]
    async fn a_line_that_was_changed_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erasures.jsonl");
        std::fs::write(&path, "\nnonsense\n").unwrap();
        assert!(matches!(Journal::new(&path).entries().await, Err(PrivacyError::Journal(2))));
    }
}
