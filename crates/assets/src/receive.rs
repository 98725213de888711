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
use memoreel_web::{App, NoPlace, Permit, TooSlow};
use std::{error::Error, io, sync::Arc, time::Duration};

/// A connection that sends nothing for so long is taken for dead.
pub(crate) const STALLED_AFTER: Duration = Duration::from_secs(60);

pub(crate) type Receiver = Arc<dyn ReceiveUpload>;

/// A place for the bytes of one request.
pub(crate) async fn place(app: &App, caller: &Caller) -> Result<Permit, NoPlace> {
    app.limits.appends.enter(&caller.organization_id.to_string()).await
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

/// Where in an upload the bytes of a request begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begins {
    /// Where its sender says, which must be where the acknowledged ones end.
    At(u64),
    /// At its beginning, whatever is there.
    Anew,
    /// After all that are staged: those that nobody was told of are counted in, unless they were still to be compared with a checksum.
    AfterStaged,
}

/// Streams a body to staging and acknowledges what arrived. Returns how much has, in all. Runs in a task of its own, so that a client that
/// vanishes does not take the acknowledgement of its bytes with it.
pub(crate) async fn append(
    app: &App,
    receiver: &Receiver,
    caller: &Caller,
    id: UploadId,
    begins: Begins,
    arriving: Arriving,
) -> Result<u64, AssetsError> {
    let (app, receiver, caller) = (app.clone(), Arc::clone(receiver), *caller);
    let work = async move { append_held(&app, &receiver, &caller, id, begins, arriving).await };
    memoreel_web::detach(work)
        .await
        .unwrap_or_else(|panic| Err(BlobError::SourceBroken(io::Error::other(panic)).into()))
}

/// Whether the upload goes on is asked while nobody else can write to it, and nobody else can until the answer is kept: of two requests, the
/// later one would cut off what the earlier one acknowledged.
async fn append_held(
    app: &App,
    receiver: &Receiver,
    caller: &Caller,
    id: UploadId,
    begins: Begins,
    Arriving { body, checksum, place }: Arriving,
) -> Result<u64, AssetsError> {
    let _place = place;
    let held = app.staging.hold(id, !matches!(begins, Begins::At(1..))).await?;
    let mut tx = app.db.tenant(caller).await?;
    let upload = store::find_upload(&mut tx, id).await?;
    drop(tx);
    let upload = match upload {
        Some(upload) if upload.is_open() => upload,
        ended => {
            held.leave().await?;
            let ended = ended.ok_or(AssetsError::UploadNotFound)?;
            return match begins {
                Begins::At(given) if given != ended.offset_bytes => {
                    Err(AssetsError::OffsetMismatch { expected: ended.offset_bytes, given })
                }
                _ => already_arrived(ended),
            };
        }
    };
    let offset = match begins {
        Begins::At(given) if given != upload.offset_bytes => {
            held.leave().await?;
            return Err(AssetsError::OffsetMismatch { expected: upload.offset_bytes, given });
        }
        Begins::At(given) => given,
        Begins::Anew => {
            // Before they go: what was acknowledged is there, whenever this ends.
            if upload.offset_bytes > 0 {
                acknowledge(app, receiver, caller, id, 0).await?;
            }
            0
        }
        Begins::AfterStaged if held.is_unchecked() => upload.offset_bytes,
        Begins::AfterStaged => held.size_bytes()?.min(upload.size_bytes),
    };
    let bytes = app.limits.append_pace.hold(arriving(body.into_data_stream()));
    let (outcome, held) = held.append(offset, bytes, upload.size_bytes, checksum).await?;
    acknowledge(app, receiver, caller, id, outcome.new_offset).await?;
    drop(held);
    match outcome.interrupted {
        None => Ok(outcome.new_offset),
        Some(BlobError::SourceBroken(error)) => {
            let offset_bytes = outcome.new_offset;
            Err(match TooSlow::of(&error) {
                Some(too_slow) => AssetsError::TooSlow { offset_bytes, too_slow },
                None => AssetsError::Interrupted { offset_bytes },
            })
        }
        Some(error) => Err(error.into()),
    }
}

/// What whoever sends more of an upload that is over is told: all is there, or nothing is taken any more.
pub(crate) fn already_arrived(upload: Upload) -> Result<u64, AssetsError> {
    if matches!(upload.status.as_str(), "received" | "stored") {
        return Ok(upload.size_bytes);
    }
    Err(AssetsError::UploadClosed { status: upload.status })
}

/// Bytes from the network, as a stream that ends with an error when nothing comes for too long.
pub(crate) fn arriving<E: Error + Send + Sync + 'static>(
    bytes: impl Stream<Item = Result<Bytes, E>> + Send,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    arriving_within(STALLED_AFTER, bytes)
}

/// The same, where too long is said.
pub(crate) fn arriving_within<E: Error + Send + Sync + 'static>(
    stalled_after: Duration,
    bytes: impl Stream<Item = Result<Bytes, E>> + Send,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let chunks = tokio_stream::StreamExt::timeout(bytes, stalled_after);
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
    let upload = store::hold_upload(&mut tx, id).await?.ok_or(AssetsError::UploadNotFound)?;
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
        app.events.emit(&mut tx, &added(&upload, asset_id)).await?;
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
            copies: None,
        };
        receiver.received(tx, &received).await?;
    }
    Ok(asset_id)
}

/// What is said when all bytes of a file are staged.
pub(crate) fn added(upload: &Upload, asset_id: AssetId) -> Event {
    match upload.becomes {
        Becomes::Video(video_id) if upload.replaces_id.is_some() => {
            Event::ReplacementAdded { video_id, asset_id }
        }
        Becomes::Video(video_id) => Event::VideoAdded { video_id, asset_id },
        Becomes::Image(asset_id) => Event::ImageAdded { asset_id },
        Becomes::Document(asset_id) => Event::DocumentAdded { asset_id },
    }
}
