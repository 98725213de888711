//! The stores of an installation by their names, each opened when it is first asked for.

use crate::single::SingleStore;
use crate::{BlobError, BlobKey, Result, S3Config};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// What the store is called in which everything lies that was not moved.
pub const DEFAULT_STORE: &str = "default";

/// How one store is configured.
#[derive(Debug, Clone)]
pub enum StoreConfig {
    /// A folder.
    Disk(PathBuf),
    /// A bucket.
    S3(S3Config),
}

/// A place in a named store: its own bucket, region and prefix, or others that the same keys open.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// Its name in the configuration.
    pub store: String,
    /// Another bucket than the store's own.
    pub bucket: Option<String>,
    /// Another region.
    pub region: Option<String>,
    /// Another prefix.
    pub prefix: Option<BlobKey>,
}

impl Place {
    /// The store itself.
    pub fn of(store: &str) -> Self {
        Self { store: store.to_owned(), bucket: None, region: None, prefix: None }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.store)?;
        if let Some(bucket) = &self.bucket {
            write!(f, ", bucket {bucket}")?;
        }
        if let Some(region) = &self.region {
            write!(f, ", region {region}")?;
        }
        if let Some(prefix) = &self.prefix {
            write!(f, ", prefix {prefix}")?;
        }
        Ok(())
    }
}

/// The stores of an installation. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stores(Arc<Known>);

#[derive(Debug)]
struct Known {
    configured: BTreeMap<String, StoreConfig>,
    opened: Mutex<HashMap<Place, SingleStore>>,
}

impl Stores {
    /// One store, which is the default one.
    pub(crate) fn only(store: SingleStore) -> Self {
        let opened = HashMap::from([(Place::of(DEFAULT_STORE), store)]);
        Self(Arc::new(Known { configured: BTreeMap::new(), opened: Mutex::new(opened) }))
    }

    /// These stores, one of them called [`DEFAULT_STORE`], each of which is opened to see whether it can be. Blocks.
    ///
    /// # Errors
    /// [`BlobError::ConfigInvalid`] with the name of the store.
    pub fn new(configured: BTreeMap<String, StoreConfig>) -> Result<Self> {
        let stores = Self(Arc::new(Known { configured, opened: Mutex::default() }));
        for name in stores.names().iter().map(String::as_str).chain([DEFAULT_STORE]) {
            stores.at(&Place::of(name))?;
        }
        Ok(stores)
    }

    /// Their names.
    pub fn names(&self) -> Vec<String> {
        self.0.configured.keys().cloned().collect()
    }

    /// The store at a place; the same one each time. Blocks for a moment when it is new.
    ///
    /// # Errors
    /// [`BlobError::ConfigInvalid`] if no store has that name, or it is a folder and a bucket or prefix is named.
    pub fn at(&self, place: &Place) -> Result<SingleStore> {
        let mut opened = self.0.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = opened.get(place) {
            return Ok(store.clone());
        }
        let invalid = |reason: String| BlobError::ConfigInvalid { reason };
        let config = self.0.configured.get(&place.store).ok_or_else(|| {
            invalid(format!("no store is called {:?}; name it in MEMOREEL_STORES", place.store))
        })?;
        let store = match config {
            StoreConfig::Disk(root) => {
                if place.bucket.is_some() || place.region.is_some() || place.prefix.is_some() {
                    let reason =
                        format!("{} is a folder, which has no bucket, region or prefix", place.store);
                    return Err(invalid(reason));
                }
                SingleStore::disk(root)?
            }
            StoreConfig::S3(config) => {
                let mut config = config.clone();
                config.bucket = place.bucket.clone().unwrap_or(config.bucket);
                config.region = place.region.clone().unwrap_or(config.region);
                config.prefix = place.prefix.clone().or(config.prefix);
                SingleStore::s3(config)?
            }
        };
        opened.insert(place.clone(), store.clone());
        Ok(store)
    }

    /// Every store that was opened, the configured ones among them.
    pub fn opened(&self) -> Vec<(Place, SingleStore)> {
        let opened = self.0.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.iter().map(|(place, store)| (place.clone(), store.clone())).collect()
    }
}
