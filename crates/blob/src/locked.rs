//! Files, and folders, that the system keeps to whoever has them locked.

use std::fs::{File, TryLockError};
use std::ops::{Deref, DerefMut};

/// An open file that nobody else has locked, until this is dropped.
///
/// The lock is of the open file, not of its descriptor (`flock`(2)), and a child that was just forked has a copy of that until it becomes
/// another program. What is closed alone would stay locked for so long; so it is unlocked, for all who have a copy.
#[derive(Debug)]
pub struct LockedFile(File);

impl LockedFile {
    /// Locks an open file or folder.
    ///
    /// # Errors
    /// [`TryLockError::WouldBlock`] while somebody else has it locked.
    pub fn new(file: File) -> Result<Self, TryLockError> {
        file.try_lock()?;
        Ok(Self(file))
    }
}

impl Drop for LockedFile {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "a file could not be unlocked");
        }
    }
}

impl Deref for LockedFile {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl DerefMut for LockedFile {
    fn deref_mut(&mut self) -> &mut File {
        &mut self.0
    }
}
