//! Images made of images: found where they were made before, and made once however many ask at once.

use crate::{
    AssetsError,
    deletions::remove_files,
    keys,
    store::{self, MadeImage, Source},
};
use memoreel_blob::BlobKey;
use memoreel_images::{FormatWish, ImageError, Images, OutputFormat, Transform};
use memoreel_kernel::{AssetId, Caller, OrganizationId};
use memoreel_web::App;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many images are kept of one: more than a page with all its sizes and formats takes, and no more than can be made again.
const MADE_MAX: i64 = 200;
/// Bytes of a digest that are kept, as hexadecimal digits.
const DIGEST_LENGTH: usize = 32;

/// Makes images of images. Cheap to clone; the clones share what is in work.
#[derive(Debug, Clone)]
pub struct Renditions {
    images: Images,
    flights: Arc<Mutex<HashMap<Wanted, Arc<tokio::sync::Mutex<()>>>>>,
}

/// One image of an asset.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    pub(crate) organization_id: OrganizationId,
    pub(crate) asset_id: AssetId,
    /// Settled, with the format that was chosen.
    pub(crate) transform: Transform,
    pub(crate) format: OutputFormat,
}

impl Wanted {
    /// Under which it is kept: whoever asks for the same finds it, however they asked.
    fn name(&self) -> String {
        format!("image:{}", self.transform)
    }

    /// What a transform comes to for one image and one who asks.
    pub(crate) fn new(
        organization_id: OrganizationId,
        asset_id: AssetId,
        transform: Transform,
        format: OutputFormat,
    ) -> Self {
        let mut transform = transform.settled();
        transform.format = Some(FormatWish::Only(format));
        // Without loss there is no quality to choose.
        transform.quality = transform.quality.filter(|quality| {
            !matches!(format, OutputFormat::Png | OutputFormat::Gif) && *quality != format.quality()
        });
        Self { organization_id, asset_id, transform, format }
    }
}

impl Renditions {
    /// With these workers.
    #[must_use]
    pub fn new(images: Images) -> Self {
        Self { images, flights: Arc::default() }
    }

    /// The image, made now if it was not before. Whoever goes away meanwhile does not take the work along.
    pub(crate) async fn get(
        &self,
        app: &App,
        wanted: Wanted,
        source: Source,
    ) -> Result<MadeImage, AssetsError> {
        let caller = Caller::service(wanted.organization_id);
        let mut tx = app.db.tenant(&caller).await?;
        let found = store::find_made(&mut tx, wanted.asset_id, &wanted.name()).await?;
        drop(tx);
        match found {
            Some(made) => Ok(made),
            None => self.make_once(app, wanted, source).await,
        }
    }

    /// The image, made again: its file is gone.
    pub(crate) async fn make_anew(
        &self,
        app: &App,
        wanted: Wanted,
        source: Source,
    ) -> Result<MadeImage, AssetsError> {
        self.make(app, &wanted, &source).await
    }

    async fn make_once(&self, app: &App, wanted: Wanted, source: Source) -> Result<MadeImage, AssetsError> {
        let (this, app) = (self.clone(), app.clone());
        let work = async move {
            let flight = Arc::clone(this.in_flight().entry(wanted.clone()).or_default());
            let landed = flight.lock().await;
            let caller = Caller::service(wanted.organization_id);
            let mut tx = app.db.tenant(&caller).await?;
            let found = store::find_made(&mut tx, wanted.asset_id, &wanted.name()).await?;
            drop(tx);
            let made = match found {
                Some(made) => Ok(made),
                None => this.make(&app, &wanted, &source).await,
            };
            drop(landed);
            let mut flights = this.in_flight();
            // Ours, and the one in the map: nobody else waits.
            if Arc::strong_count(&flight) <= 2 {
                flights.remove(&wanted);
            }
            made
        };
        tokio::spawn(work)
            .await
            .unwrap_or_else(|panic| Err(ImageError::Unavailable { reason: panic.to_string() }.into()))
    }

    fn in_flight(&self) -> std::sync::MutexGuard<'_, HashMap<Wanted, Arc<tokio::sync::Mutex<()>>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn make(&self, app: &App, wanted: &Wanted, source: &Source) -> Result<MadeImage, AssetsError> {
        // Before the file is read, so that what waits takes no memory.
        let turn = self.images.turn().await?;
        let original: BlobKey = source.blob_key.parse()?;
        let bytes = app.blobs.get_bytes(&original, self.images.limits().bytes_max).await?;
        let made = turn.make(&bytes, source.size(), &wanted.transform, wanted.format).await?;
        drop((turn, bytes));

        let name = wanted.name();
        let key =
            keys::made(wanted.organization_id, wanted.asset_id, &original, &name, wanted.format.extension());
        let mut digest = hex::encode(Sha256::digest(&made.bytes));
        digest.truncate(DIGEST_LENGTH);
        app.blobs.put_bytes(&key, made.bytes.clone()).await?;
        let caller = Caller::service(wanted.organization_id);
        let mut tx = app.db.tenant(&caller).await?;
        let now = app.clock.now();
        if !store::put_made(&mut tx, wanted.asset_id, &original, &name, &key, &made, &digest, now).await? {
            // The image was deleted meanwhile, perhaps with its files, or has another file.
            app.blobs.delete(&key).await?;
            return Err(AssetsError::ImageNotFound);
        }
        let dropped = store::drop_made(&mut tx, wanted.asset_id, &name, MADE_MAX).await?;
        tx.commit().await?;
        if dropped > 0 {
            // A file that goes while somebody asks for it again is made anew.
            remove_files(app, wanted.organization_id).await;
        }
        Ok(MadeImage { blob_key: key.to_string(), digest: Some(digest) })
    }
}
