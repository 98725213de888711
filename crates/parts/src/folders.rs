//! Where Memoreel keeps its files on this machine.

use std::env;
use std::path::PathBuf;

use crate::PartsError;

/// The two folders: what must be backed up, and what can be fetched or computed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// Database and blobs.
    pub data: PathBuf,
    /// Wheels, unpacked parts and derived graphs.
    pub cache: PathBuf,
}

impl Folders {
    /// `MEMOREEL_DATA_DIR` and `MEMOREEL_CACHE_DIR`; without them `/var/lib/memoreel` and `/var/cache/memoreel` for
    /// root, and for everybody else the folders of the XDG base directory specification.
    ///
    /// # Errors
    /// [`PartsError::FolderUnknown`] when a folder is not named and there is no `HOME` to derive it from.
    pub fn from_environment() -> Result<Self, PartsError> {
        Self::resolve(
            &|name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from),
            is_root(),
        )
    }

    /// Where fetched wheels lie.
    #[must_use]
    pub fn wheels(&self) -> PathBuf {
        self.cache.join("wheels")
    }

    /// Where unpacked parts lie.
    #[must_use]
    pub fn parts(&self) -> PathBuf {
        self.cache.join("parts")
    }

    fn resolve(variable: &dyn Fn(&str) -> Option<PathBuf>, root: bool) -> Result<Self, PartsError> {
        let folder = |own: &'static str, system: &str, xdg: &str, below_home: &str| {
            if let Some(path) = variable(own) {
                // A relative path would mean another folder to every child process with its own working directory.
                return std::path::absolute(&path).map_err(PartsError::io("resolve", &path));
            }
            if root {
                return Ok(PathBuf::from(system));
            }
            // The specification asks to ignore relative paths.
            variable(xdg)
                .filter(|path| path.is_absolute())
                .or_else(|| variable("HOME").map(|home| home.join(below_home)))
                .map(|base| base.join("memoreel"))
                .ok_or(PartsError::FolderUnknown { variable: own })
        };
        Ok(Self {
            data: folder("MEMOREEL_DATA_DIR", "/var/lib/memoreel", "XDG_DATA_HOME", ".local/share")?,
            cache: folder("MEMOREEL_CACHE_DIR", "/var/cache/memoreel", "XDG_CACHE_HOME", ".cache")?,
        })
    }
}

#[expect(unsafe_code, reason = "the standard library does not tell the effective user id")]
fn is_root() -> bool {
    // SAFETY: geteuid takes nothing, touches no memory and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(variables: &[(&str, &str)], root: bool) -> Result<Folders, PartsError> {
        let lookup = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| PathBuf::from(value))
        };
        Folders::resolve(&lookup, root)
    }

    #[test]
    fn root_keeps_files_in_the_system_folders_whatever_its_home_is() {
        let folders = resolve(&[("HOME", "/root"), ("XDG_CACHE_HOME", "/root/c")], true).unwrap();
        assert_eq!(folders.data, PathBuf::from("/var/lib/memoreel"));
        assert_eq!(folders.cache, PathBuf::from("/var/cache/memoreel"));
    }

    #[test]
    fn a_user_gets_the_xdg_folders() {
        let by_home = resolve(&[("HOME", "/home/ada"), ("XDG_DATA_HOME", "relative")], false).unwrap();
        assert_eq!(by_home.data, PathBuf::from("/home/ada/.local/share/memoreel"));
        assert_eq!(by_home.cache, PathBuf::from("/home/ada/.cache/memoreel"));
        let by_xdg = resolve(&[("XDG_DATA_HOME", "/d"), ("XDG_CACHE_HOME", "/c")], false).unwrap();
        assert_eq!(by_xdg, Folders { data: "/d/memoreel".into(), cache: "/c/memoreel".into() });
    }

    #[test]
    fn the_own_variables_win_for_everybody() {
        let variables =
            [("MEMOREEL_DATA_DIR", "/data"), ("MEMOREEL_CACHE_DIR", "/cache"), ("HOME", "/home/ada")];
        let expected = Folders { data: "/data".into(), cache: "/cache".into() };
        assert_eq!(resolve(&variables, true).unwrap(), expected);
        assert_eq!(resolve(&variables, false).unwrap(), expected);
    }

    #[test]
    fn without_any_variable_the_error_names_the_one_to_set() {
        let error = resolve(&[], false).unwrap_err();
        assert_eq!(error.to_string(), "no folder to keep files in: set MEMOREEL_DATA_DIR, or HOME");
    }
}
