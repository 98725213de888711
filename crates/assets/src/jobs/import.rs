//! From where a file lies elsewhere to staging.

use super::{begin_holding, blob_failure, remove_staged};
use crate::{
    model::{ImportStep, Upload, UploadKind},
    receive::{added, arriving},
    store as sql,
    upload_limits::{Size, UploadLimits},
};
use async_trait::async_trait;
use axum::body::Bytes;
use futures::{StreamExt, stream};
use memoreel_blob::{BlobError, HeldUpload, Staging, content_range};
use memoreel_kernel::UploadId;
use memoreel_outbound::{Outbound, OutboundError};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use memoreel_web::{Pace, Permits, SealedPlace, Secrets, TooSlow};
use reqwest::{
    Response, StatusCode,
    header::{ACCEPT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_RANGE, RANGE},
};
use std::{io, time::Duration};
use url::Url;
use uuid::Uuid;

/// How many of the places in a process are one organization's at most: what is fetched for it may take hours, and nobody else waits for that.
const SHARE: usize = 8;
/// How long a task waits for one of its organization to be done, which small files are in a moment.
const SHARE_WAIT: Duration = Duration::from_secs(2);
/// How long the organization leaves the other places to others when none is.
const GIVES_WAY: Duration = Duration::from_secs(15);

/// What a try must have brought for the next one to be worth it, however many there were.
const WORTHWHILE_BYTES: u64 = 1 << 20;

/// Where the address of a file lies, sealed.
pub(crate) fn source_place(id: UploadId) -> SealedPlace<'static> {
    SealedPlace { column: "uploads.source", row: id.uuid() }
}

/// Fetches a file from where somebody said it lies.
#[derive(Debug)]
pub struct Import {
    staging: Staging,
    outbound: Outbound,
    secrets: Secrets,
    places: Permits,
    pace: Pace,
}

#[async_trait]
impl Handle for Import {
    const KIND: &'static str = "import";
    /// Fetching is waiting: a place costs a connection and a few MiB.
    const CONCURRENCY: usize = 16;
    type Payload = ImportStep;

    async fn run(&self, run: &TaskRun, step: ImportStep) -> Result<Finished, TaskFailure> {
        let place = self.places.enter(&run.caller().organization_id.to_string()).await;
        let place = place.map_err(|_| TaskFailure::gave_way(GIVES_WAY))?;
        let mut tx = run.begin().await?;
        let Some(sql::FoundImport { upload, source }) = sql::find_import(&mut tx, step.asset_id).await?
        else {
            if sql::is_import_expired(&mut tx, step.asset_id).await? {
                let message =
                    "The file was not fetched for 30 days, and where it lies is forgotten. Import it again.";
                return Err(TaskFailure::permanent("import_expired", message));
            }
            // Deleted meanwhile, or it has another file.
            return run.finish(tx, &[]).await;
        };
        let limits = sql::find_upload_limits(&mut tx).await?;
        drop(tx);
        let url = self.secrets.open(&source, source_place(upload.id)).map_err(TaskFailure::internal)?;
        let url = std::str::from_utf8(&url).ok().and_then(|url| Url::parse(url).ok());
        let url = url.ok_or_else(|| TaskFailure::internal("the address of an import is none"))?;
        let (size_bytes, held) = self.fetch(run, &upload, step, url, limits).await?;
        drop(place);

        let mut tx = begin_holding(run, step.asset_id).await?;
        if !sql::receive_import(&mut tx, upload.id, step.asset_id, size_bytes).await? {
            let finished = run.finish(tx, &[]).await?;
            drop(held);
            remove_staged(&self.staging, upload.id).await;
            return Ok(finished);
        }
        let finished = run.finish(tx, &[added(&upload, step.asset_id)]).await;
        // Not before that is kept: a run that was taken over would cut off what was fetched.
        drop(held);
        finished
    }
}

impl Import {
    /// Stages in `staging` what it fetches by `outbound` from addresses that `secrets` open.
    pub fn new(staging: Staging, outbound: Outbound, secrets: Secrets) -> Self {
        let places = Permits::new("imports", Self::CONCURRENCY, SHARE, SHARE_WAIT);
        Self { staging, outbound, secrets, places, pace: Pace::OF_IMPORTS }
    }

    /// Gives up what comes more slowly than that.
    #[must_use]
    pub fn at_least(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// Stages the file, going on where a run before ended if it is still the same file. Returns its size, and the upload, which nobody else
    /// writes to as long as that is held.
    async fn fetch(
        &self,
        run: &TaskRun,
        upload: &Upload,
        step: ImportStep,
        url: Url,
        limits: UploadLimits,
    ) -> Result<(u64, HeldUpload), TaskFailure> {
        let staged = self.staging.len(upload.id).await.map_err(blob_failure)?.unwrap_or(0);
        let resumed = upload.metadata.fetched_etag.as_deref().filter(|_| staged > 0);
        let answered = self.outbound.fetch(url, &headers(staged, resumed)).await;
        let from = resumed.map_or(0, |_| staged);
        let answer = match Answer::read(answered.map_err(outbound_failure)?, upload, from, limits)? {
            Reply::Bytes(answer) => answer,
            Reply::NothingMore => return Ok((staged, self.hold(run, upload.id, step).await?)),
            Reply::Unfit => {
                drop(self.begin_anew(run, upload.id, step, None).await?);
                let message =
                    "Where the file lies, its rest is not answered. It is fetched from its beginning.";
                return Err(TaskFailure::transient("import_interrupted", message));
            }
        };
        let held = if answer.offset == 0 {
            self.begin_anew(run, upload.id, step, answer.etag.as_deref()).await?
        } else {
            self.hold(run, upload.id, step).await?
        };
        if answer.offset > 0 && answer.etag.is_some() && answer.etag.as_deref() != resumed {
            // It was told to send the rest of another version only whole, and sent its rest.
            drop(held);
            self.begin_anew(run, upload.id, step, None).await?;
            return Err(TaskFailure::transient(
                "import_changed",
                "The file changed while it was fetched. It is fetched from its beginning.",
            ));
        }
        let (offset, size_bytes, size_bytes_max) = (answer.offset, answer.size_bytes, answer.size_bytes_max);
        let is_resumable = answer.etag.is_some();
        let mut arrived = offset;
        let bytes =
            self.pace.hold(arriving(answer.response.bytes_stream())).map(move |chunk: io::Result<Bytes>| {
                if let Ok(chunk) = &chunk {
                    arrived += chunk.len() as u64;
                    if let Some(size_bytes) = size_bytes.filter(|size_bytes| *size_bytes > 0) {
                        run.progress((arrived as f64 / size_bytes as f64) as f32);
                    }
                }
                chunk
            });
        let bytes = bytes.take_until(run.cancelled().cancelled());
        let appended = held.append(offset, Box::pin(bytes), size_bytes_max, None).await;
        let (outcome, held) = match appended {
            Err(BlobError::TooLarge { .. }) => return Err(too_large(size_bytes_max)),
            outcome => outcome.map_err(blob_failure)?,
        };
        let is_whole = size_bytes.is_none_or(|size_bytes| outcome.new_offset == size_bytes);
        match outcome.interrupted {
            None if is_whole && !run.cancelled().is_cancelled() => Ok((outcome.new_offset, held)),
            Some(BlobError::SourceBroken(error)) if TooSlow::of(&error).is_some() => {
                let message = format!("Where the file lies, it is sent too slowly: {error}.");
                Err(TaskFailure::transient("import_too_slow", message))
            }
            None | Some(BlobError::SourceBroken(_))
                if is_resumable && outcome.new_offset - offset >= WORTHWHILE_BYTES =>
            {
                Err(interrupted().after_progress())
            }
            None | Some(BlobError::SourceBroken(_)) => Err(interrupted()),
            Some(error) => Err(blob_failure(error)),
        }
    }

    /// Makes room for the file from its beginning. The etag tells of all that is staged, wherever this is killed: that of the bytes
    /// there goes before they do, and the next one comes when they are gone for good. Without an etag nothing is ever resumed, as
    /// where none is sent. A run that was taken over meanwhile has nothing to tell any more.
    async fn begin_anew(
        &self,
        run: &TaskRun,
        id: UploadId,
        step: ImportStep,
        etag: Option<&str>,
    ) -> Result<HeldUpload, TaskFailure> {
        let fetch_id = Uuid::new_v4();
        let mut tx = run.begin().await?;
        sql::forget_fetched_etag(&mut tx, id, fetch_id).await?;
        tx.commit().await?;
        let held = self.hold(run, id, step).await?;
        let (emptied, held) = held.append(0, stream::empty(), 0, None).await.map_err(blob_failure)?;
        if let Some(error) = emptied.interrupted {
            return Err(blob_failure(error));
        }
        let Some(etag) = etag else { return Ok(held) };
        let mut tx = run.begin().await?;
        if !sql::note_fetched_etag(&mut tx, id, fetch_id, etag).await? {
            return Err(interrupted());
        }
        tx.commit().await?;
        Ok(held)
    }

    /// Takes the upload, if it still waits for the file: another run may have brought it meanwhile.
    async fn hold(&self, run: &TaskRun, id: UploadId, step: ImportStep) -> Result<HeldUpload, TaskFailure> {
        let held = self.staging.hold(id, true).await.map_err(blob_failure)?;
        let mut tx = run.begin().await?;
        match sql::find_import(&mut tx, step.asset_id).await? {
            Some(found) if found.upload.id == id => Ok(held),
            _ => {
                held.leave().await.map_err(blob_failure)?;
                Err(interrupted())
            }
        }
    }
}

fn headers(staged: u64, etag: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // The file is wanted as it is.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let range = HeaderValue::from_str(&format!("bytes={staged}-"));
    if let (Some(Ok(etag)), Ok(range)) = (etag.map(HeaderValue::from_str), range) {
        headers.insert(RANGE, range);
        headers.insert(IF_RANGE, etag);
    }
    headers
}

/// What is answered.
enum Reply {
    Bytes(Answer),
    /// All of the file is staged: only that was not written down.
    NothingMore,
    /// No rest that fits what is staged.
    Unfit,
}

/// The beginning of an answer that brings the file.
struct Answer {
    response: Response,
    /// Where in the file its bytes begin.
    offset: u64,
    /// Of the whole file, if it is told.
    size_bytes: Option<u64>,
    /// The most that is taken of what it says to be.
    size_bytes_max: u64,
    /// A strong one: only such says that two parts are of one file (RFC 9110, 13.1.5).
    etag: Option<String>,
}

impl Answer {
    /// `from` is what was asked for: the beginning, or what follows the bytes that are staged.
    fn read(
        response: Response,
        upload: &Upload,
        from: u64,
        limits: UploadLimits,
    ) -> Result<Reply, TaskFailure> {
        let text = |name| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let range = text(CONTENT_RANGE);
        let (offset, size_bytes) = match response.status() {
            StatusCode::OK => (0, response.content_length()),
            StatusCode::PARTIAL_CONTENT => match range.and_then(|range| whole_size(range, from)) {
                Some(size_bytes) => (from, Some(size_bytes)),
                None if from > 0 => return Ok(Reply::Unfit),
                None => {
                    let message = "Where the file lies, it is answered in parts that do not fit together.";
                    return Err(TaskFailure::permanent("import_refused", message));
                }
            },
            // A version that is another one would have been sent whole (RFC 9110, 13.1.5).
            StatusCode::RANGE_NOT_SATISFIABLE if from > 0 => {
                let is_whole = range == Some(format!("bytes */{from}").as_str());
                return Ok(if is_whole { Reply::NothingMore } else { Reply::Unfit });
            }
            status => return Err(status_failure(status)),
        };
        let content_type = text(CONTENT_TYPE);
        let is_page =
            content_type.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"));
        if is_page && upload.becomes.kind() != UploadKind::Document {
            let message = "The link leads to a web page, not to a file.";
            return Err(TaskFailure::permanent("import_not_a_file", message));
        }
        let size_bytes_max = limits.announced(upload.becomes.kind(), content_type);
        if size_bytes.is_some_and(|size_bytes| size_bytes > size_bytes_max) {
            return Err(too_large(size_bytes_max));
        }
        let etag = text(ETAG).filter(|etag| etag.starts_with('"') && etag.len() <= 200).map(str::to_owned);
        Ok(Reply::Bytes(Self { response, offset, size_bytes, size_bytes_max, etag }))
    }
}

/// The size of the file of which a part follows that begins at `offset` and goes to its end (RFC 9110, 14.4).
fn whole_size(range: &str, offset: u64) -> Option<u64> {
    let size_bytes: u64 = range.rsplit_once('/')?.1.parse().ok()?;
    (offset < size_bytes && range == content_range(&(offset..size_bytes), size_bytes)).then_some(size_bytes)
}

/// Reads a text as the `Content-Range` of a part that begins at `offset`. One that is taken has bytes, and is written just so.
///
/// # Panics
/// When that is not so.
#[cfg(fuzzing)]
pub fn fuzz_content_range(text: &str, offset: u64) {
    if let Some(size_bytes) = whole_size(text, offset) {
        assert!(offset < size_bytes, "{text:?} at {offset}");
        let numbers = text.strip_prefix("bytes ").expect("a range is one of bytes");
        let spelled = [offset, size_bytes - 1, size_bytes].map(|number| number.to_string());
        assert_eq!(numbers.split(['-', '/']).collect::<Vec<_>>(), spelled, "{text:?}");
    }
}

fn interrupted() -> TaskFailure {
    TaskFailure::transient("import_interrupted", "The connection to where the file lies broke off.")
}

fn status_failure(status: StatusCode) -> TaskFailure {
    let message = format!("Where the file lies, the answer was {status}.");
    if status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
    {
        TaskFailure::transient("import_unavailable", message)
    } else {
        TaskFailure::permanent("import_refused", message)
    }
}

fn outbound_failure(error: OutboundError) -> TaskFailure {
    let message = format!("The file could not be fetched: {error}.");
    match error {
        OutboundError::Refused(_) | OutboundError::Private | OutboundError::Astray => {
            TaskFailure::permanent(error.code(), message)
        }
        _ => TaskFailure::transient(error.code(), message),
    }
}

fn too_large(size_bytes_max: u64) -> TaskFailure {
    let message = format!("The file is too large: {} is the most for its kind.", Size(size_bytes_max));
    TaskFailure::permanent("import_too_large", message)
}

#[cfg(test)]
mod tests {
    use super::whole_size;

    #[test]
    fn a_part_fits_when_it_begins_where_the_last_one_ended_and_goes_to_the_end() {
        assert_eq!(whole_size("bytes 5-9/10", 5), Some(10));
        for (range, offset) in [
            ("bytes 5-9/10", 4),
            ("bytes 5-8/10", 5),
            ("bytes 5-9/*", 5),
            ("bytes */10", 5),
            ("5-9/10", 5),
            ("bytes 5-18446744073709551615/0", 5),
            ("bytes 5-4/5", 5),
            ("bytes 0-0/0", 0),
            ("bytes +5-9/10", 5),
            ("bytes 5-9/+10", 5),
        ] {
            assert_eq!(whole_size(range, offset), None, "{range} at {offset}");
        }
    }
}
