//! An installation whose files lie in a bucket and nowhere else, behind a proxy with which requests go wrong.

use crate::app::{Options, TestApp};
use memoreel_blob::{DEFAULT_STORE, S3Config, StoreConfig};
use memoreel_kernel::{Clock, SystemClock};
use memoreel_testkit::{FaultProxy, S3_ACCESS_KEY, S3_SECRET_KEY, S3Server};
use std::{collections::BTreeMap, path::Path};
use tempfile::TempDir;

pub const BUCKET: &str = "media";
/// Everything lies below it.
pub const PREFIX: &str = "p";

pub struct InBucket {
    pub app: TestApp,
    pub server: S3Server,
    pub proxy: FaultProxy,
    scratch: TempDir,
}

impl InBucket {
    pub async fn start() -> Self {
        let server = S3Server::start(&[BUCKET]).await.unwrap();
        let proxy = FaultProxy::start(server.address()).await.unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let default = StoreConfig::S3(config(&proxy, scratch.path(), PREFIX));
        let stores = Some(BTreeMap::from([(DEFAULT_STORE.to_owned(), default)]));
        // Objects have their times from the real clock.
        let begins_at = Some(SystemClock.now());
        let app = TestApp::with(Options { stores, begins_at, ..Options::default() }).await;
        Self { app, server, proxy, scratch }
    }

    /// How to get to what lies below a prefix of the bucket.
    pub fn config(&self, prefix: &str) -> S3Config {
        config(&self.proxy, self.scratch.path(), prefix)
    }
}

fn config(proxy: &FaultProxy, scratch: &Path, prefix: &str) -> S3Config {
    S3Config {
        endpoint: Some(proxy.endpoint()),
        bucket: BUCKET.to_owned(),
        region: "us-east-1".to_owned(),
        access_key: S3_ACCESS_KEY.to_owned(),
        secret_key: S3_SECRET_KEY.to_owned(),
        prefix: Some(prefix.parse().unwrap()),
        path_style: true,
        checksum_header: true,
        scratch_dir: scratch.to_owned(),
    }
}
