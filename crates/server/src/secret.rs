//! The instance's secret: 32 random bytes from which database passwords and media signatures are derived.

use anyhow::{Context, Result, bail};
use rand::Rng;
use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// `configured` (64 hexadecimal digits) if given, else what is kept in `data/secret.key`, made at the first start.
///
/// # Errors
/// When the secret is malformed, or the file can be neither read nor made.
pub fn load(configured: Option<&str>, data: &Path) -> Result<[u8; 32]> {
    if let Some(text) = configured {
        return parse(text).context("MEMOREEL_SECRET_KEY must be 64 hexadecimal digits");
    }
    let path = data.join("secret.key");
    match fs::read_to_string(&path) {
        Ok(text) => parse(text.trim())
            .with_context(|| format!("{} is damaged; restore it from a backup", path.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => create(&path),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// The secrets the installation had before.
///
/// # Errors
/// When one is malformed.
pub fn former(configured: &[String]) -> Result<Vec<[u8; 32]>> {
    let parsed = configured.iter().map(|text| parse(text.trim()));
    parsed.collect::<Result<_>>().context("each of MEMOREEL_FORMER_SECRET_KEYS must be 64 hexadecimal digits")
}

fn parse(text: &str) -> Result<[u8; 32]> {
    match hex::decode(text)?.try_into() {
        Ok(secret) => Ok(secret),
        Err(_) => bail!("it has another length"),
    }
}

/// Linked into place complete and synced; of two processes that start at once, both end up with the same secret.
fn create(path: &Path) -> Result<[u8; 32]> {
    let folder = path.parent().context("the data folder has no parent")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut secret = [0; 32];
    rand::rng().fill_bytes(&mut secret);
    // Of its own: of two containers, both processes may have the same number, and what one has linked the other would write over.
    let draft = folder.join(format!("secret.key.{:016x}", rand::random::<u64>()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(hex::encode(secret).as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Ok(()) => {
            fs::File::open(folder)?.sync_all()?;
            Ok(secret)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => parse(fs::read_to_string(path)?.trim()),
        Err(error) => Err(error).with_context(|| format!("cannot create {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Barrier, thread};

    #[test]
    fn all_who_start_at_once_have_the_secret_that_is_kept() {
        const AT_ONCE: usize = 8;
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let begin = Barrier::new(AT_ONCE);
            let load = || {
                begin.wait();
                super::load(None, folder.path()).unwrap()
            };
            let loaded: Vec<[u8; 32]> = thread::scope(|scope| {
                let loading: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(load)).collect();
                loading.into_iter().map(|loading| loading.join().unwrap()).collect()
            });
            let kept = super::load(None, folder.path()).unwrap();
            assert!(loaded.iter().all(|secret| *secret == kept));
            let names: Vec<_> =
                fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            assert_eq!(names, ["secret.key"], "nothing else is left behind");
        }
    }
}
