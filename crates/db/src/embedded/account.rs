//! Who PostgreSQL runs as, and whether that user can get at the folders.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::{EmbeddedError, sys};

/// The number that Linux reserves for a user who owns nothing.
const NOBODY: u32 = 65_534;
const UID_VARIABLE: &str = "MEMOREEL_DATABASE_UID";

/// The user and group of the database processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub uid: u32,
    pub gid: u32,
    /// Whether we are root and become this user, rather than being it already.
    switches: bool,
}

impl Account {
    /// Ourselves, unless we are root. Root runs an existing cluster as its owner, and a new one as the user in
    /// `MEMOREEL_DATABASE_UID`, else `memoreel`, else `postgres`, else nobody. No user is ever created.
    pub(super) fn choose(cluster: &Path) -> Result<Self, EmbeddedError> {
        let (uid, gid) = (sys::effective_uid(), sys::effective_gid());
        let owner = fs::metadata(cluster).ok().map(|metadata| (metadata.uid(), metadata.gid()));
        if uid != 0 {
            return match owner {
                Some((owner, _)) if owner != uid => {
                    Err(EmbeddedError::ForeignOwner { path: cluster.to_owned(), owner, uid })
                }
                _ => Ok(Self { uid, gid, switches: false }),
            };
        }
        if let Some((uid, gid)) = owner.filter(|(uid, _)| *uid != 0) {
            return Ok(Self { uid, gid, switches: true });
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let wished = std::env::var(UID_VARIABLE).ok();
        let (uid, gid) = choose_for_root(wished.as_deref(), &users)?;
        Ok(Self { uid, gid, switches: true })
    }

    /// Has the command run as this user, with no other groups.
    pub(super) fn apply(&self, command: &mut Command) {
        if self.switches {
            command.uid(self.uid).gid(self.gid);
        }
    }

    /// Gives a file or folder to this user.
    pub(super) fn give(&self, path: &Path) -> Result<(), EmbeddedError> {
        if !self.switches {
            return Ok(());
        }
        chown(path, Some(self.uid), Some(self.gid)).map_err(EmbeddedError::io("change the owner of", path))
    }

    /// Refuses when this user cannot enter `dir` or a folder above it; PostgreSQL's own message would not say which.
    pub(super) fn check_reach(&self, dir: &Path) -> Result<(), EmbeddedError> {
        if !self.switches {
            return Ok(());
        }
        for folder in dir.ancestors() {
            let metadata = fs::metadata(folder).map_err(EmbeddedError::io("look at", folder))?;
            if !may_enter(metadata.mode(), metadata.uid() == self.uid, metadata.gid() == self.gid) {
                return Err(EmbeddedError::Unreachable { path: folder.to_owned(), uid: self.uid });
            }
        }
        Ok(())
    }
}

/// The first matching class decides, as in the kernel.
fn may_enter(mode: u32, is_owner: bool, is_in_group: bool) -> bool {
    let bit = match (is_owner, is_in_group) {
        (true, _) => 0o100,
        (false, true) => 0o010,
        (false, false) => 0o001,
    };
    mode & bit != 0
}

/// `users` is in the format of `/etc/passwd`.
fn choose_for_root(wished: Option<&str>, users: &str) -> Result<(u32, u32), EmbeddedError> {
    let entries: Vec<(&str, u32, u32)> = users.lines().filter_map(parse_user).collect();
    if let Some(text) = wished {
        let uid = text.parse::<u32>().ok().filter(|uid| *uid != 0);
        let uid = uid.ok_or_else(|| EmbeddedError::DatabaseUid(text.to_owned()))?;
        let gid = entries.iter().find(|(_, known, _)| *known == uid).map_or(uid, |(_, _, gid)| *gid);
        return Ok((uid, gid));
    }
    let named = |name: &str| {
        entries.iter().find(|(known, uid, _)| *known == name && *uid != 0).map(|(_, uid, gid)| (*uid, *gid))
    };
    Ok(named("memoreel").or_else(|| named("postgres")).unwrap_or((NOBODY, NOBODY)))
}

fn parse_user(line: &str) -> Option<(&str, u32, u32)> {
    let mut fields = line.split(':');
    let name = fields.next()?;
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some((name, uid, gid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str =
        "root:x:0:0:root:/root:/bin/bash\npostgres:x:101:104:x:/var/lib/postgresql:/bin/bash\n";

    #[test]
    fn root_prefers_the_wished_user_then_memoreel_then_postgres_then_nobody() {
        assert_eq!(choose_for_root(None, USERS).unwrap(), (101, 104));
        let both = format!("{USERS}memoreel:x:900:901::/:/bin/false\n");
        assert_eq!(choose_for_root(None, &both).unwrap(), (900, 901));
        assert_eq!(choose_for_root(None, "root:x:0:0\n").unwrap(), (NOBODY, NOBODY));
        assert_eq!(choose_for_root(Some("101"), USERS).unwrap(), (101, 104));
        assert_eq!(choose_for_root(Some("777"), USERS).unwrap(), (777, 777));
    }

    #[test]
    fn root_itself_and_what_is_no_number_are_refused() {
        for wished in ["0", "", "postgres", "-1"] {
            let error = choose_for_root(Some(wished), USERS).unwrap_err();
            assert!(matches!(error, EmbeddedError::DatabaseUid(text) if text == wished));
        }
    }

    #[test]
    fn the_first_matching_class_decides_who_may_enter() {
        assert!(may_enter(0o755, false, false));
        assert!(!may_enter(0o700, false, false));
        assert!(may_enter(0o710, false, true));
        assert!(!may_enter(0o605, false, true), "a member of the group is not everybody");
        assert!(!may_enter(0o055, true, true), "the owner is neither");
    }
}
