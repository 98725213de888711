//! Images made of images: found where they were made before, and made once however many ask at once.

use crate::{
    AssetsError,
    deletions::remove_files,
    keys,
    store::{self, MadeImage, Source},
};
use chrono::TimeDelta;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use memoreel_blob::{BlobError, BlobKey};
use memoreel_images::{
    FormatWish, ImageError, Images, OutputFormat, Transform,
    geometry::{self, Size},
};
use memoreel_kernel::{AssetId, Caller, OrganizationId, Timestamp};
use memoreel_web::{App, Problem, detach};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many images are kept of one: more than a page with all its sizes and formats takes, and no more than can be made again.
const MADE_MAX: i64 = 200;
/// Bytes of a digest that are kept, as hexadecimal digits.
const DIGEST_LENGTH: usize = 32;
/// How long what could not be made is not tried again: a worker may have died of something else.
const FAILED_SECONDS: i64 = 5 * 60;
/// So many failures are remembered at most.
const FAILURES_MAX: usize = 1024;

/// Makes images of images. Cheap to clone; the clones share what is in work.
#[derive(Debug, Clone)]
pub struct Renditions {
    images: Images,
    flights: Arc<Mutex<HashMap<Work, Flight>>>,
    failures: Arc<Mutex<Failures>>,
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

/// One image of one file of an asset.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Work {
    wanted: Wanted,
    /// The file.
    blob_key: String,
    /// Whether it is made although it was made before.
    is_anew: bool,
}

/// `None` where the asset is gone, or has another file than the one that was to be made something of.
type Outcome = Result<Option<MadeImage>, Problem>;
/// Work that goes on whoever waits for it, and what all who do are told.
type Flight = Shared<BoxFuture<'static, Outcome>>;

/// What could not be made and would not be now, so that it is not tried whenever somebody looks at a page.
#[derive(Debug, Default)]
struct Failures(HashMap<Work, (Timestamp, Problem)>);

impl Failures {
    fn of(&self, work: &Work, now: Timestamp) -> Option<Problem> {
        let (until, problem) = self.0.get(work)?;
        (now < *until).then(|| problem.clone())
    }

    fn remember(&mut self, work: Work, problem: Problem, now: Timestamp) {
        if self.0.len() >= FAILURES_MAX {
            self.0.retain(|_, (until, _)| now < *until);
        }
        if self.0.len() >= FAILURES_MAX {
            let oldest = self.0.iter().min_by_key(|(_, (until, _))| *until).map(|(work, _)| work.clone());
            if let Some(oldest) = oldest {
                self.0.remove(&oldest);
            }
        }
        self.0.insert(work, (now + TimeDelta::seconds(FAILED_SECONDS), problem));
    }
}

/// Takes a flight from the map when it ends, however it does.
struct Landing {
    renditions: Renditions,
    work: Work,
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.renditions.flights().remove(&self.work);
    }
}

impl Renditions {
    /// With these workers.
    #[must_use]
    pub fn new(images: Images) -> Self {
        Self { images, flights: Arc::default(), failures: Arc::default() }
    }

    /// How large the result of `whole`, a transform with its preset applied, is; refused where it is made for nobody.
    ///
    /// # Errors
    /// [`AssetsError::Options`] and [`AssetsError::Image`], for what is too large.
    pub(crate) fn size(&self, source: &Source, whole: &Transform) -> Result<Size, AssetsError> {
        whole.check()?;
        let plan = geometry::plan(source.size(), &whole.clone().settled());
        let keeps_frames = match whole.format {
            Some(FormatWish::Only(format)) => {
                format.check(plan.result())?;
                format.is_animated()
            }
            // What moves is offered in formats alone in which it does.
            None | Some(FormatWish::Auto) => true,
        };
        let frames = if keeps_frames { source.frames.max(1).cast_unsigned() } else { 1 };
        self.images.limits().check(&plan, frames)?;
        Ok(plan.result())
    }

    /// The image, made now if it was not before. Whoever goes away meanwhile does not take the work along.
    pub(crate) async fn get(&self, app: &App, wanted: &Wanted, source: &Source) -> Outcome {
        match find(app, wanted).await? {
            Some(made) => Ok(Some(made)),
            None => self.make_once(app, wanted, source, false).await,
        }
    }

    /// The image, made again: its file is gone.
    pub(crate) async fn make_anew(&self, app: &App, wanted: &Wanted, source: &Source) -> Outcome {
        self.make_once(app, wanted, source, true).await
    }

    async fn make_once(&self, app: &App, wanted: &Wanted, source: &Source, is_anew: bool) -> Outcome {
        let work = Work { wanted: wanted.clone(), blob_key: source.blob_key.clone(), is_anew };
        if let Some(problem) = self.failures().of(&work, app.clock.now()) {
            return Err(problem);
        }
        let flight =
            self.flights().entry(work).or_insert_with_key(|work| self.take_off(app, work, source)).clone();
        flight.await
    }

    fn take_off(&self, app: &App, work: &Work, source: &Source) -> Flight {
        let (this, app, work, source) = (self.clone(), app.clone(), work.clone(), source.clone());
        let flying = detach(async move {
            let landing = Landing { renditions: this.clone(), work };
            this.fly(&app, &landing.work, &source).await
        });
        let unavailable = |reason: String| AssetsError::from(ImageError::Unavailable { reason });
        async move { flying.await.unwrap_or_else(|panic| Err(unavailable(panic.to_string()).into())) }
            .boxed()
            .shared()
    }

    async fn fly(&self, app: &App, work: &Work, source: &Source) -> Outcome {
        // Another flight may have brought it since it was looked for.
        if !work.is_anew
            && let Some(made) = find(app, &work.wanted).await?
        {
            return Ok(Some(made));
        }
        // Those who wait for a worker are served in the order in which they came, so that nobody may have many of them.
        let _place = app.limits.images.enter(&work.wanted.organization_id.to_string()).await?;
        self.make(app, &work.wanted, source).await.map_err(|error| {
            let is_permanent = matches!(&error, AssetsError::Image(error) if error.is_permanent());
            let problem = Problem::from(error);
            if is_permanent {
                self.failures().remember(work.clone(), problem.clone(), app.clock.now());
            }
            problem
        })
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<Work, Flight>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn make(
        &self,
        app: &App,
        wanted: &Wanted,
        source: &Source,
    ) -> Result<Option<MadeImage>, AssetsError> {
        // Before the file is read, so that what waits takes no memory.
        let turn = self.images.turn().await?;
        let original: BlobKey = source.blob_key.parse()?;
        let bytes = match app.blobs.get_bytes(&original, self.images.limits().bytes_max).await {
            Ok(bytes) => bytes,
            Err(BlobError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
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
            return Ok(None);
        }
        let dropped = store::drop_made(&mut tx, wanted.asset_id, &name, MADE_MAX).await?;
        tx.commit().await?;
        if dropped > 0 {
            // A file that goes while somebody asks for it again is made anew.
            remove_files(app, wanted.organization_id).await;
        }
        Ok(Some(MadeImage { blob_key: key.to_string(), digest: Some(digest) }))
    }
}

async fn find(app: &App, wanted: &Wanted) -> Result<Option<MadeImage>, AssetsError> {
    let caller = Caller::service(wanted.organization_id);
    let mut tx = app.db.tenant(&caller).await?;
    Ok(store::find_made(&mut tx, wanted.asset_id, &wanted.name()).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use memoreel_kernel::{Clock, SystemClock};

    fn work(blob_key: usize) -> Work {
        let now = SystemClock.now();
        let (organization_id, asset_id) = (OrganizationId::new(now), AssetId::new(now));
        let wanted = Wanted::new(organization_id, asset_id, Transform::default(), OutputFormat::Webp);
        Work { wanted, blob_key: blob_key.to_string(), is_anew: false }
    }

    #[test]
    fn what_failed_is_known_for_a_while_and_no_more_of_it_than_fits() {
        let now = SystemClock.now();
        let mut failures = Failures::default();
        let all: Vec<Work> = (0..=FAILURES_MAX).map(work).collect();
        let mut at = now;
        for one in &all {
            failures.remember(one.clone(), Problem::not_found("image"), at);
            at += TimeDelta::milliseconds(1);
        }
        assert_eq!(failures.0.len(), FAILURES_MAX);
        assert!(failures.of(&all[0], at).is_none() && failures.of(&all[1], at).is_some());
        let later = at + TimeDelta::seconds(FAILED_SECONDS);
        assert!(failures.of(&all[FAILURES_MAX], later).is_none());
        failures.remember(work(0), Problem::not_found("image"), later);
        assert_eq!(failures.0.len(), 1);
    }
}
