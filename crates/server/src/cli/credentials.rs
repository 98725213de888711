//! Which server the command line talks to, and with which key.

use crate::config::Folders;
use anyhow::{Context, Result};
use clap::Args;
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};
use url::Url;

/// How to reach a server.
#[derive(Debug, Clone, Args)]
pub(super) struct Server {
    /// Address of the server
    #[arg(long, env = "MEMOREEL_URL", default_value = "http://127.0.0.1:8080")]
    pub(super) server: Url,
    /// API key; without it the one that `memoreel user create` kept is used
    #[arg(long, env = "MEMOREEL_API_KEY", hide_env_values = true)]
    pub(super) api_key: Option<String>,
}

impl Server {
    pub(super) fn key(&self) -> Result<String> {
        if let Some(key) = &self.api_key {
            return Ok(key.clone());
        }
        kept(&path()?)
    }
}

fn kept(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path).context(
        "no API key: set MEMOREEL_API_KEY, or create one with `memoreel user create` on the server's machine",
    )?;
    let kept: Kept = serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))?;
    Ok(kept.api_key)
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    api_key: String,
}

/// Keeps a key for later calls, readable by its owner only. Returns where, or nothing where there is one already that it does not replace.
pub(super) fn keep(api_key: &str, replaces: bool) -> Result<Option<PathBuf>> {
    let path = path()?;
    Ok(keep_in(&path, api_key, replaces)?.then_some(path))
}

/// Whether it was kept.
fn keep_in(path: &Path, api_key: &str, replaces: bool) -> Result<bool> {
    if !replaces && kept(path).is_ok() {
        return Ok(false);
    }
    let cannot = || format!("the API key cannot be kept in {}", path.display());
    // Nothing else may ever have been in the folder, where the database is another machine's and the secret a setting.
    path.parent().map_or(Ok(()), fs::create_dir_all).with_context(cannot)?;
    let text = serde_json::to_vec(&Kept { api_key: api_key.to_owned() })?;
    let draft = path.with_extension("draft");
    let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft);
    file.and_then(|mut file| file.write_all(&text)).with_context(cannot)?;
    fs::rename(&draft, path).with_context(cannot)?;
    Ok(true)
}

fn path() -> Result<PathBuf> {
    Ok(Folders::from_environment()?.data.join("cli.json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_first_key_of_a_machine_is_kept_for_its_owner_alone_until_another_is_to_replace_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("not/there/cli.json");
        assert!(keep_in(&path, "mrl_1", false).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!keep_in(&path, "mrl_2", false).unwrap());
        assert_eq!(kept(&path).unwrap(), "mrl_1");
        assert!(keep_in(&path, "mrl_3", true).unwrap());
        assert_eq!(kept(&path).unwrap(), "mrl_3");
    }
}
