//! The stores of this installation: the one from the settings, and others by name from a file.

use crate::config::{Folders, Storage};
use anyhow::{Context, Result, bail, ensure};
use memoreel_blob::{DEFAULT_STORE, S3Config, StoreConfig, Stores};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

const NAME_CHARS_MAX: usize = 50;

/// One store, as operators write it. No `Debug`, because of the secret.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "lowercase")]
enum Entry {
    Disk { folder: PathBuf },
    S3(Box<Bucket>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bucket {
    bucket: String,
    endpoint: Option<String>,
    #[serde(default = "usual_region")]
    region: String,
    prefix: Option<String>,
    access_key_id: String,
    secret_access_key: Option<String>,
    secret_access_key_file: Option<String>,
    secret_access_key_env: Option<String>,
    /// The bucket in the path of the address; usual everywhere but at Amazon.
    path_style: Option<bool>,
}

fn usual_region() -> String {
    "us-east-1".to_owned()
}

/// The configured stores.
///
/// # Errors
/// One sentence that says what is wrong with which.
pub fn stores(storage: &Storage, folders: &Folders) -> Result<Stores> {
    let mut configured = match &storage.stores {
        Some(path) => read(path, folders)
            .with_context(|| format!("MEMOREEL_STORES: {} cannot be used", path.display()))?,
        None => BTreeMap::new(),
    };
    configured.insert(DEFAULT_STORE.to_owned(), default(storage, folders)?);
    Stores::new(configured).context("a store cannot be used")
}

fn default(storage: &Storage, folders: &Folders) -> Result<StoreConfig> {
    let Some(bucket) = &storage.s3_bucket else { return Ok(StoreConfig::Disk(folders.blobs())) };
    let prefix = storage
        .s3_prefix
        .as_deref()
        .map(str::parse)
        .transpose()
        .context("S3_PREFIX is not a valid folder")?;
    Ok(StoreConfig::S3(S3Config {
        endpoint: storage.s3_endpoint.clone(),
        bucket: bucket.clone(),
        region: storage.s3_region.clone(),
        access_key: storage
            .s3_access_key_id
            .clone()
            .context("S3_ACCESS_KEY_ID is needed beside S3_BUCKET")?,
        secret_key: storage
            .s3_secret_access_key
            .clone()
            .context("S3_SECRET_ACCESS_KEY is needed beside S3_BUCKET")?,
        prefix,
        path_style: storage.s3_endpoint.is_some(),
        checksum_header: storage.s3_endpoint.is_none(),
        scratch_dir: folders.scratch(),
    }))
}

fn read(path: &Path, folders: &Folders) -> Result<BTreeMap<String, StoreConfig>> {
    let text = fs::read_to_string(path)?;
    let entries: BTreeMap<String, Entry> = serde_json::from_str(&text)?;
    let beside = path.parent().unwrap_or(Path::new("."));
    entries
        .into_iter()
        .map(|(name, entry)| {
            let store =
                store(&name, entry, beside, folders).with_context(|| format!("the store {name:?}"))?;
            Ok((name, store))
        })
        .collect()
}

/// Paths are taken from `beside`.
fn store(name: &str, entry: Entry, beside: &Path, folders: &Folders) -> Result<StoreConfig> {
    let is_slug = name.len() <= NAME_CHARS_MAX
        && name.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
    ensure!(is_slug, "a name has lower-case letters, digits and single hyphens, at most {NAME_CHARS_MAX}");
    ensure!(
        name != DEFAULT_STORE,
        "that is what the store of the settings S3_* is called, or the data folder"
    );
    let bucket = match entry {
        Entry::Disk { folder } => {
            ensure!(folder.is_absolute(), "the folder has to be an absolute path");
            return Ok(StoreConfig::Disk(folder));
        }
        Entry::S3(bucket) => *bucket,
    };
    ensure!(!bucket.bucket.is_empty(), "the bucket is empty");
    let secret =
        match (&bucket.secret_access_key, &bucket.secret_access_key_file, &bucket.secret_access_key_env) {
            (Some(secret), None, None) => secret.clone(),
            (None, Some(file), None) => {
                let file = beside.join(file);
                let secret = fs::read_to_string(&file).with_context(|| {
                    format!("the secret access key cannot be read from {}", file.display())
                })?;
                secret.trim().to_owned()
            }
            (None, None, Some(variable)) => std::env::var(variable)
                .with_context(|| format!("the secret access key is not in the variable {variable}"))?,
            (None, None, None) => bail!("the secret access key is missing"),
            _ => bail!("the secret access key is given in more than one way"),
        };
    ensure!(!secret.is_empty(), "the secret access key is empty");
    let prefix =
        bucket.prefix.as_deref().map(str::parse).transpose().context("the prefix is not a valid folder")?;
    Ok(StoreConfig::S3(S3Config {
        path_style: bucket.path_style.unwrap_or(bucket.endpoint.is_some()),
        checksum_header: bucket.endpoint.is_none(),
        endpoint: bucket.endpoint,
        bucket: bucket.bucket,
        region: bucket.region,
        access_key: bucket.access_key_id,
        secret_key: secret,
        prefix,
        scratch_dir: folders.scratch(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<BTreeMap<String, StoreConfig>> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret"), "open sesame\n").unwrap();
        let path = folder.path().join("stores.json");
        fs::write(&path, text).unwrap();
        read(&path, &Folders { data: folder.path().to_owned() })
    }

    #[test]
    fn stores_have_names_and_a_secret_may_lie_in_a_file_beside() {
        let found = read_text(
            r#"{ "archive": { "kind": "s3", "bucket": "talks", "endpoint": "https://s3.example.com", "prefix": "a/b",
                 "access_key_id": "key", "secret_access_key_file": "secret" },
                 "fast": { "kind": "disk", "folder": "/srv/fast" } }"#,
        )
        .unwrap();
        let StoreConfig::S3(archive) = &found["archive"] else { panic!("{found:?}") };
        assert_eq!((archive.secret_key.as_str(), archive.region.as_str()), ("open sesame", "us-east-1"));
        assert!(archive.path_style && !archive.checksum_header);
        assert!(!format!("{found:?}").contains("sesame"));
        assert!(matches!(&found["fast"], StoreConfig::Disk(folder) if folder == Path::new("/srv/fast")));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_in_a_sentence() {
        let bucket = |rest: &str| {
            format!(r#"{{ "archive": {{ "kind": "s3", "bucket": "talks", "access_key_id": "key"{rest} }} }}"#)
        };
        for (text, said) in [
            (bucket(""), "missing"),
            (
                bucket(r#", "secret_access_key": "x", "secret_access_key_file": "secret""#),
                "more than one way",
            ),
            (bucket(r#", "secret_access_key": """#), "empty"),
            (bucket(r#", "secret_access_key_file": "nowhere""#), "cannot be read"),
            (bucket(r#", "secret_access_key": "x", "prefix": "../x""#), "prefix"),
            (bucket(r#", "secret": "x""#), "unknown field"),
            (bucket(r#", "secret_access_key": "x""#).replace("archive", "Archive"), "lower-case"),
            (bucket(r#", "secret_access_key": "x""#).replace("archive", "default"), "settings"),
            (r#"{ "fast": { "kind": "disk", "folder": "fast" } }"#.to_owned(), "absolute"),
            (r#"{ "fast": { "kind": "tape" } }"#.to_owned(), "unknown variant"),
        ] {
            let error = format!("{:#}", read_text(&text).unwrap_err());
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
