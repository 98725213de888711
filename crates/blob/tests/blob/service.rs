//! Real S3 servers with a proxy before each, and the settings to get in.

use memoreel_blob::{BlobStore, S3Config, SingleStore};
use memoreel_testkit::{FaultProxy, Garage, S3_ACCESS_KEY, S3_SECRET_KEY, S3Server};
use std::net::SocketAddr;

pub const BUCKET: &str = "recordings";
/// Of the same service, if it is not Garage.
pub const OTHER_BUCKET: &str = "archive";
const REGION: &str = "eu-central-1";

/// The server of this process, whose objects can be looked at beside the protocol.
pub type S3Service = Service<S3Server>;
pub type GarageService = Service<Garage>;

pub struct Service<Server> {
    pub server: Server,
    pub proxy: FaultProxy,
    scratch: tempfile::TempDir,
}

impl S3Service {
    pub async fn start() -> Self {
        let server = S3Server::start(&[BUCKET, OTHER_BUCKET]).await.unwrap();
        let address = server.address();
        Self::behind_a_proxy(server, address).await
    }
}

impl GarageService {
    pub async fn start() -> Self {
        let server = Garage::start(BUCKET, REGION).await.unwrap();
        let address = server.address();
        Self::behind_a_proxy(server, address).await
    }
}

impl<Server> Service<Server> {
    async fn behind_a_proxy(server: Server, address: SocketAddr) -> Self {
        let proxy = FaultProxy::start(address).await.unwrap();
        Self { server, proxy, scratch: tempfile::tempdir().unwrap() }
    }

    pub fn config(&self) -> S3Config {
        S3Config {
            endpoint: Some(self.proxy.endpoint()),
            bucket: BUCKET.into(),
            region: REGION.into(),
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
