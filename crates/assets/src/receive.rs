//! From the bytes of a file that arrive to the asset they become, in whatever way they come.

use crate::{
    AssetsError, UPLOAD_LIFETIME,
    model::{Becomes, ReceiveUpload, ReceivedUpload, Upload},
    store,
};
use axum::body::{Body, Bytes};
use futures::{Stream, StreamExt};
use memoreel_blob::{BlobError, Checksum};
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, Caller, Event, Timestamp, UploadId};
use memoreel_web::{App, Permit, Problem};
use std::{error::Error, io, sync::Arc, time::Duration};

/// A connection that sends nothing for so long is taken for dead.
const STALLED_AFTER: Duration = Duration::from_secs(60);

pub(crate) type Receiver = Arc<dyn ReceiveUpload>;

/// A place for the bytes of one request.
pub(crate) async fn place(app: &App, caller: &Caller) -> Result<Permit, Problem> {
    Ok(app.limits.appends.enter(&caller.organization_id.to_string()).await?)
}

/// What a request brings.
pub(crate) struct Arriving {
    pub(crate) body: Body,
    pub(crate) checksum: Option<Checksum>,
    /// Held until its bytes are acknowledged.
    pub(crate) place: Option<Permit>,
}

impl Arriving {
    pub(crate) fn nothing() -> Self {
        Self { body: Body::empty(), checksum: None, place: None }
    }
}

/// Streams a body to staging and acknowledges what arrived. Runs in a task of its own, so that a client that vanishes does not
/// take the acknowledgement of its bytes with it.
pub(crate) async fn append(
    app: &App,
    receiver: &Receiver,
    caller: &Caller,
    upload: &Upload,
    offset: u64,
    Arriving { body, checksum, place }: Arriving,
) -> Result<u64, AssetsError> {
    let (app, receiver, caller, upload) = (app.clone(), Arc::clone(receiver), *caller, upload.clone());
    let work = async move {
        let _place = place;
        let bytes = arriving(body.into_data_stream());
        let outcome = app.staging.append(upload.id, offset, bytes, upload.size_bytes, checksum).await?;
        acknowledge(&app, &receiver, &caller, upload.id, outcome.new_offset).await?;
        match outcome.interrupted {
            None => Ok(outcome.new_offset),
            Some(BlobError::SourceBroken(_)) => {
                Err(AssetsError::Interrupted { offset_bytes: outcome.new_offset })
            }
            Some(error) => Err(error.into()),
        }
    };
    tokio::spawn(work)
        .await
        .unwrap_or_else(|panic| Err(BlobError::SourceBroken(io::Error::other(panic)).into()))
}

/// Bytes from the network, as a stream that ends with an error when nothing comes for too long.
pub(crate) fn arriving<E: Error + Send + Sync + 'static>(
    bytes: impl Stream<Item = Result<Bytes, E>> + Send,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let chunks = tokio_stream::StreamExt::timeout(bytes, STALLED_AFTER);
    chunks.map(|chunk| match chunk {
        Ok(chunk) => chunk.map_err(io::Error::other),
        Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut)),
    })
}

/// Records how much has arrived; when that is everything, the upload becomes a video, an image or a document in the same transaction.
async fn acknowledge(
    app: &App,
    receiver: &Receiver,
    caller: &Caller,
    id: UploadId,
    offset: u64,
) -> Result<(), AssetsError> {
    let now = app.clock.now();
    let mut tx = app.db.tenant(caller).await?;
    let upload = store::find_upload(&mut tx, id, true).await?.ok_or(AssetsError::UploadNotFound)?;
    if !upload.is_open() {
        return Ok(());
    }
    if offset < upload.size_bytes {
        store::advance_upload(&mut tx, id, offset, now + UPLOAD_LIFETIME).await?;
    } else {
        let asset_id = match become_asset(&mut tx, receiver, &upload, now).await {
            Err(AssetsError::AssetNotFound) => {
                // Nobody waits for its bytes any more.
                store::terminate_upload(&mut tx, upload.id).await?;
                tx.commit().await?;
                return Err(AssetsError::AssetNotFound);
            }
            made => made?,
        };
        store::receive_upload(&mut tx, upload.id, asset_id).await?;
        app.events.emit(&mut tx, &added(upload.becomes, asset_id)).await?;
    }
    Ok(tx.commit().await?)
}

/// Makes the asset that an upload becomes, and its video, or notes that it replaces the content of one. Returns the asset.
pub(crate) async fn become_asset(
    tx: &mut TenantTx,
    receiver: &Receiver,
    upload: &Upload,
    now: Timestamp,
) -> Result<AssetId, AssetsError> {
    if let Some(asset_id) = upload.replaces_id {
        return match store::begin_replacement(tx, upload, asset_id).await? {
            true => Ok(asset_id),
            // Deleted, or put into the bin, since it was announced.
            false => Err(AssetsError::AssetNotFound),
        };
    }
    let asset_id = upload.becomes.asset_id().unwrap_or_else(|| AssetId::new(now));
    store::insert_asset(tx, upload, asset_id, now).await?;
    if let Becomes::Video(video_id) = upload.becomes {
        let received = ReceivedUpload {
            video_id,
            asset_id,
            filename: upload.filename.clone(),
            title: upload.metadata.title.clone(),
            channel_id: upload.metadata.channel_id,
            user_id: upload.user_id,
        };
        receiver.received(tx, &received).await?;
    }
    Ok(asset_id)
}

/// What is said when all bytes of a file are staged.
pub(crate) fn added(becomes: Becomes, asset_id: AssetId) -> Event {
    match becomes {
        Becomes::Video(video_id) => Event::VideoAdded { video_id, asset_id },
        Becomes::Image(asset_id) => Event::ImageAdded { asset_id },
        Becomes::Document(asset_id) => Event::DocumentAdded { asset_id },
    }
}
