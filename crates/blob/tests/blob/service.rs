//! A real S3 server with a proxy before it, and the settings to get in.

use memoreel_blob::{BlobStore, S3Config, SingleStore};
use memoreel_testkit::{FaultProxy, S3_ACCESS_KEY, S3_SECRET_KEY, S3Server};

pub const BUCKET: &str = "recordings";
/// Of the same service.
pub const OTHER_BUCKET: &str = "archive";

pub struct S3Service {
    pub server: S3Server,
    pub proxy: FaultProxy,
    scratch: tempfile::TempDir,
}

impl S3Service {
    pub async fn start() -> Self {
        let server = S3Server::start(&[BUCKET, OTHER_BUCKET]).await.unwrap();
        let proxy = FaultProxy::start(server.address()).await.unwrap();
        Self { server, proxy, scratch: tempfile::tempdir().unwrap() }
    }

    pub fn config(&self) -> S3Config {
        S3Config {
            endpoint: Some(self.proxy.endpoint()),
            bucket: BUCKET.into(),
            region: "eu-central-1".into(),
            access_key: S3_ACCESS_KEY.into(),
            secret_key: S3_SECRET_KEY.into(),
            prefix: Some("tenants/one".parse().unwrap()),
            path_style: true,
            checksum_header: true,
            scratch_dir: self.scratch.path().join("scratch"),
        }
    }

    pub fn store(&self) -> BlobStore {
        BlobStore::s3(self.config()).unwrap()
    }

    pub fn single(&self) -> SingleStore {
        SingleStore::s3(self.config()).unwrap()
    }

    pub fn scratch_files(&self) -> usize {
        std::fs::read_dir(self.scratch.path().join("scratch")).unwrap().count()
    }
}
