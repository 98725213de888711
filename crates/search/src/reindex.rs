//! Having indexed again what was there before the embedding model was another one, or took pictures: by the steps that index everything, behind
//! whatever else is to be done.

use crate::SearchError;
use crate::descriptions::{IndexDescription, IndexDescriptionPayload};
use crate::documents::{IndexDocument, IndexDocumentPayload};
use crate::images::{IndexImage, IndexImagePayload};
use crate::jobs::{Index, IndexPayload};
use crate::key_frames::{IndexKeyFrames, IndexKeyFramesPayload};
use crate::looks::{IndexPictures, IndexPicturesPayload};
use crate::model::Model;
use crate::store::reindex::{count_passages, files, videos};
use memoreel_ai::Embed;
use memoreel_db::{Db, is_contention};
use memoreel_kernel::{AssetId, Caller, Clock, EmbeddingModelId, OrganizationId, Pictured, VideoId};
use memoreel_tasks::{NewTask, enqueue_side_tasks};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use uuid::Uuid;

/// The least there is: what people upload meanwhile comes first.
const PRIORITY: i32 = -20;
/// So often a batch begins again that others keep from ending.
const TRIES_MAX: u32 = 10;
/// Before it does.
const GIVES_WAY: Duration = Duration::from_millis(200);

/// What is indexed again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReindexOptions {
    /// Only counts. The model is registered all the same, as by a search.
    pub is_dry_run: bool,
    /// Also takes what has vectors of the model that is in use.
    pub is_all: bool,
}

/// How much is to be indexed again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReindexCount {
    /// Was queued, or would be.
    pub queued: u64,
    /// Waited or ran already.
    pub known: u64,
}

/// How much is to be indexed again, by the kind of the tasks that do it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReindexReport {
    /// Only kinds of which there is any.
    pub kinds: BTreeMap<&'static str, ReindexCount>,
}

impl ReindexCount {
    fn add(&mut self, other: Self) {
        self.queued += other.queued;
        self.known += other.known;
    }
}

impl ReindexReport {
    /// How much of this kind.
    #[must_use]
    pub fn of(&self, kind: &str) -> ReindexCount {
        self.kinds.get(kind).copied().unwrap_or_default()
    }

    /// How much of all kinds.
    #[must_use]
    pub fn total(&self) -> ReindexCount {
        let mut total = ReindexCount::default();
        self.kinds.values().for_each(|count| total.add(*count));
        total
    }

    /// Takes in what another one says.
    pub fn add(&mut self, other: &Self) {
        for (&kind, count) in &other.kinds {
            self.kinds.entry(kind).or_default().add(*count);
        }
    }
}

/// Passages that can be found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PassageCount {
    /// Whatever model their vectors are of.
    pub all: u64,
    /// Those of them that have none of the model that is in use, and are found by their words alone.
    pub lacking: u64,
}

/// Queues what is to be indexed again.
#[derive(Debug)]
pub struct Reindexer {
    db: Db,
    clock: Arc<dyn Clock>,
    options: ReindexOptions,
    sought: Sought,
}

/// What is looked for.
#[derive(Debug)]
pub(crate) struct Sought {
    /// Under which vectors of texts lie.
    pub(crate) texts_id: EmbeddingModelId,
    /// And those of pictures, where the model takes any.
    pub(crate) pictures_id: Option<EmbeddingModelId>,
    /// Whether what has such vectors is wanted, too.
    pub(crate) is_all: bool,
}

/// Something that is to be indexed again.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted {
    Transcript(VideoId),
    KeyFrames(VideoId),
    Description(VideoId),
    Image(AssetId),
    Document(AssetId),
    Pictures(Pictured),
}

impl Wanted {
    fn task(self, is_anew: bool) -> NewTask {
        let task = match self {
            Self::Transcript(video_id) => NewTask::of::<Index>(video_id, IndexPayload { video_id }),
            Self::KeyFrames(video_id) => {
                NewTask::of::<IndexKeyFrames>(video_id, IndexKeyFramesPayload { video_id })
            }
            Self::Description(video_id) => {
                NewTask::of::<IndexDescription>(video_id, IndexDescriptionPayload { video_id })
            }
            Self::Image(asset_id) => NewTask::of::<IndexImage>(asset_id, IndexImagePayload { asset_id }),
            Self::Document(asset_id) => {
                NewTask::of::<IndexDocument>(asset_id, IndexDocumentPayload { asset_id })
            }
            Self::Pictures(of) => {
                NewTask::of::<IndexPictures>(of.subject_id(), IndexPicturesPayload { of, is_anew })
            }
        };
        task.priority(PRIORITY)
    }
}

/// What an organization has that can be found.
#[derive(Debug, Clone, Copy)]
enum Shelf {
    Videos,
    Files,
}

impl Reindexer {
    /// For the model of this engine, which has to be the one of the servers that index.
    ///
    /// # Errors
    /// When the database cannot be reached or knows the model with another number of dimensions.
    pub async fn new(
        db: Db,
        embed: Arc<dyn Embed>,
        clock: Arc<dyn Clock>,
        options: ReindexOptions,
    ) -> Result<Self, SearchError> {
        let model = Model::new(embed);
        let (texts_id, pictures_id) = (model.id(&db).await?, model.pictures_id(&db).await?);
        let sought = Sought { texts_id, pictures_id, is_all: options.is_all };
        Ok(Self { db, clock, options, sought })
    }

    /// Queues what an organization has, a hundred videos or files in a transaction, and adds that to what the report says. What was interrupted
    /// is taken up by doing it again.
    ///
    /// # Errors
    /// What the database raises; what was queued before stays, and is in the report.
    pub async fn reindex(
        &self,
        organization_id: OrganizationId,
        report: &mut ReindexReport,
    ) -> Result<(), SearchError> {
        let caller = Caller::service(organization_id);
        for shelf in [Shelf::Videos, Shelf::Files] {
            let mut after = Some(Uuid::nil());
            while let Some(last) = after {
                let (queued, next) = self.batch(&caller, shelf, last).await?;
                report.add(&queued);
                after = next;
            }
        }
        Ok(())
    }

    /// How many passages an organization has, and how many of them another model has left. What was never indexed is not among them.
    ///
    /// # Errors
    /// What the database raises.
    pub async fn count(&self, organization_id: OrganizationId) -> Result<PassageCount, SearchError> {
        let mut tx = self.db.tenant(&Caller::service(organization_id)).await?;
        Ok(count_passages(&mut tx, &self.sought).await?)
    }

    /// Queues some, and says behind which to go on.
    async fn batch(
        &self,
        caller: &Caller,
        shelf: Shelf,
        after: Uuid,
    ) -> Result<(ReindexReport, Option<Uuid>), SearchError> {
        for _ in 1..TRIES_MAX {
            match self.try_batch(caller, shelf, after).await {
                Err(SearchError::Statement(error)) if is_contention(&error) => {
                    tokio::time::sleep(GIVES_WAY).await;
                }
                done => return done,
            }
        }
        self.try_batch(caller, shelf, after).await
    }

    async fn try_batch(
        &self,
        caller: &Caller,
        shelf: Shelf,
        after: Uuid,
    ) -> Result<(ReindexReport, Option<Uuid>), SearchError> {
        let mut tx = self.db.tenant(caller).await?;
        let page = match shelf {
            Shelf::Videos => videos(&mut tx, &self.sought, after).await?,
            Shelf::Files => files(&mut tx, &self.sought, after).await?,
        };
        let tasks: Vec<NewTask> =
            page.wanted.into_iter().map(|wanted| wanted.task(self.options.is_all)).collect();
        let mut report = ReindexReport::default();
        for task in &tasks {
            report.kinds.entry(task.kind).or_default().known += 1;
        }
        for kind in enqueue_side_tasks(&mut tx, tasks, self.clock.now()).await? {
            if let Some(count) = report.kinds.get_mut(kind.as_str()) {
                count.queued += 1;
                count.known -= 1;
            }
        }
        // What is only counted is queued as well, so that it is counted in the same way, and not kept.
        if !self.options.is_dry_run {
            tx.commit().await?;
        }
        Ok((report, page.last))
    }
}
