//! Removing everything of a person or an organization, wherever it lies.
//!
//! An erasure is begun with a plan of what lies outside the rows, and with an entry in the journal. Then tasks are stopped,
//! files go, and at last the rows, in one transaction with the report of all that. Files are looked for once more
//! afterwards: a task that was ending may have written some. Whatever is interrupted is done again from the plan, so that an
//! erasure that was killed ends complete; each part may be done twice.

use crate::{
    PrivacyError,
    export::sweep_exports,
    journal::{Journal, JournalEntry},
    model::{Amount, ErasureReport, Kept, KnownErasure},
    organization_export::{organization_export_folder, sweep_organization_exports},
    store::{self, OpenErasure},
};
use futures::TryStreamExt;
use memoreel_blob::BlobKey;
use memoreel_db::{SystemReason, SystemTx};
use memoreel_kernel::{AssetId, ErasureId, OrganizationId, UploadId, UserId};
use memoreel_mail::MailFolder;
use memoreel_web::App;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, time::Duration};
use uuid::Uuid;

/// How long tasks are waited for that were asked to stop.
const TASKS_STOP_WITHIN: Duration = Duration::from_secs(30);
const TASKS_LOOKED_AT_EVERY: Duration = Duration::from_millis(200);

/// What is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A person, with their own organization.
    Person(UserId),
    /// An organization.
    Organization(OrganizationId),
}

impl Subject {
    fn kind(self) -> &'static str {
        match self {
            Self::Person(_) => "person",
            Self::Organization(_) => "organization",
        }
    }

    fn id(self) -> Uuid {
        match self {
            Self::Person(id) => id.uuid(),
            Self::Organization(id) => id.uuid(),
        }
    }

    fn of(kind: &str, id: Uuid) -> Self {
        if kind == "person" { Self::Person(UserId(id)) } else { Self::Organization(OrganizationId(id)) }
    }
}

/// Who wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedBy {
    /// The person, or the owner of the organization, whose time to take it back is over.
    Themselves,
    /// Whoever runs the server.
    Operator,
    /// The journal, after a restore.
    Journal,
}

impl AskedBy {
    fn as_str(self, subject: Subject) -> &'static str {
        match (self, subject) {
            (Self::Themselves, Subject::Person(_)) => "person",
            (Self::Themselves, Subject::Organization(_)) => "owner",
            (Self::Operator, _) => "operator",
            (Self::Journal, _) => "journal",
        }
    }
}

/// What lies outside the rows, found before anything is removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// The folders that go.
    pub(crate) folders: Vec<BlobKey>,
    /// What is in them.
    pub(crate) blobs: Amount,
    /// The uploads that go.
    pub(crate) uploads: Vec<Uuid>,
    /// What of them is staged.
    pub(crate) staged: Amount,
    /// The addresses whose mails go.
    pub(crate) addresses: Vec<String>,
    /// Those mails.
    pub(crate) mails: Amount,
    /// The organizations whose tasks stop.
    pub(crate) organizations: Vec<Uuid>,
    /// The videos whose tasks stop, in other organizations.
    pub(crate) videos: Vec<Uuid>,
    /// The assets of those videos: sounds are made of them.
    #[serde(default)]
    pub(crate) assets: Vec<Uuid>,
    /// The organizations whose exports go, because the person may be named in them.
    #[serde(default)]
    pub(crate) named_in: Vec<Uuid>,
    /// The videos that stay with their organizations.
    pub(crate) shared_videos: i64,
}

/// Erases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Eraser {
    app: App,
    mails: Option<MailFolder>,
    journal: Journal,
}

impl Eraser {
    /// `mails` is where mails are kept that are not sent.
    pub fn new(app: App, mails: Option<MailFolder>, journal: Journal) -> Self {
        Self { app, mails, journal }
    }

    /// The journal.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Removes exports whose time is over, goes on with what was interrupted, and erases everybody and everything whose time
    /// to be taken back is over. What cannot be done now does not keep the rest from being done.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn sweep(&self) -> Result<(), PrivacyError> {
        sweep_exports(&self.app).await?;
        sweep_organization_exports(&self.app).await?;
        let now = self.app.clock.now();
        let mut tx = self.app.db.system(SystemReason::Privacy).await?;
        let open = store::open_erasures(&mut tx).await?;
        let people = memoreel_identity::overdue_people(&mut tx, now).await?;
        let organizations = memoreel_identity::overdue_organizations(&mut tx, now).await?;
        drop(tx);
        let mut subjects: Vec<Subject> = open.into_iter().map(|(kind, id)| Subject::of(&kind, id)).collect();
        subjects.extend(people.into_iter().map(Subject::Person));
        subjects.extend(organizations.into_iter().map(Subject::Organization));
        for (place, subject) in subjects.iter().enumerate() {
            if subjects[..place].contains(subject) {
                continue;
            }
            let (kind, id) = (subject.kind(), subject.id());
            match self.erase(*subject, AskedBy::Themselves).await {
                Ok(report) => {
                    let rows: u64 = report.rows.removed.values().sum();
                    tracing::info!(kind, %id, rows, blobs = report.blobs.count, "erased");
                }
                Err(error) => {
                    tracing::warn!(kind, %id, error = &error as &dyn std::error::Error, "could not erase yet");
                }
            }
        }
        Ok(())
    }

    /// Every erasure, the newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn erasures(&self) -> Result<Vec<KnownErasure>, PrivacyError> {
        store::erasures(&mut self.app.db.system(SystemReason::Privacy).await?).await
    }

    /// Erases somebody whose account is closed, or an organization that is deleted, and whose time is over.
    ///
    /// # Errors
    /// [`PrivacyError::NotDue`], [`PrivacyError::Held`], [`PrivacyError::TasksRunning`]; what the database, the blob store and
    /// the disk raise. What was begun is gone on with by the next call.
    pub async fn erase(&self, subject: Subject, asked_by: AskedBy) -> Result<ErasureReport, PrivacyError> {
        let id = ErasureId::new(self.app.clock.now());
        self.erase_as(id, subject, asked_by).await
    }

    /// Erases again what was erased before, if a restore brought it back: rows, and blobs whether or not there are rows.
    /// Returns what was there. What is known to have been taken back is left alone.
    ///
    /// # Errors
    /// As [`Eraser::erase`].
    pub async fn repeat(&self, entry: &JournalEntry) -> Result<Option<ErasureReport>, PrivacyError> {
        let subject = Subject::of(&entry.kind, entry.subject_id);
        let now = self.app.clock.now();
        // Of what another machine withdrew, the journal of this one does not know.
        let mut tx = self.app.db.system(SystemReason::Privacy).await?;
        let is_withdrawn = store::is_withdrawn(&mut tx, entry.erasure_id).await?;
        drop(tx);
        if is_withdrawn {
            return Ok(None);
        }
        match subject {
            Subject::Person(id) => match memoreel_identity::close_account_now(&self.app.db, id, now).await {
                Err(memoreel_identity::IdentityError::SoleOwner(names)) => {
                    return Err(PrivacyError::Held(names));
                }
                closed => closed?,
            },
            Subject::Organization(_) => {
                let mut tx = self.app.db.system(SystemReason::Privacy).await?;
                store::delete_organization_now(&mut tx, entry.subject_id, now).await?;
                tx.commit().await?;
            }
        }
        let report = match self.erase_as(entry.erasure_id, subject, AskedBy::Journal).await {
            Ok(report) => Some(report),
            Err(PrivacyError::NotDue) => None,
            Err(error) => return Err(error),
        };
        self.delete_folders_everywhere(&entry.blobs).await?;
        Ok(report)
    }

    async fn erase_as(
        &self,
        id: ErasureId,
        subject: Subject,
        asked_by: AskedBy,
    ) -> Result<ErasureReport, PrivacyError> {
        let open = match self.find_open(subject).await? {
            Some(open) => open,
            None => self.begin(id, subject, asked_by).await?,
        };
        // What tasks wrote while they ended goes last.
        let (report, plan) = match open.report {
            // Since the rows went it is not known any more in which store that may lie.
            Some(report) => {
                self.delete_folders_everywhere(&open.plan.folders).await?;
                (report, open.plan)
            }
            None => {
                let (report, plan) = self.remove(subject, &open).await?;
                self.delete_folders(&plan.folders).await?;
                (report, plan)
            }
        };
        // Files that nothing has any more since the rows went. Of organizations in which nothing was erased, nothing is waited for.
        for organization_id in organizations_of(&plan.folders) {
            memoreel_assets::sweep_deletions(&self.app, Some(organization_id)).await?;
        }
        let mut tx = self.app.db.system(SystemReason::Privacy).await?;
        store::finish_erasure(&mut tx, open.id, self.app.clock.now()).await?;
        tx.commit().await?;
        Ok(report)
    }

    async fn find_open(&self, subject: Subject) -> Result<Option<OpenErasure>, PrivacyError> {
        let mut tx = self.app.db.system(SystemReason::Privacy).await?;
        store::find_open_erasure(&mut tx, subject.kind(), subject.id()).await
    }

    /// Finds everything, and says so in the journal before anything goes.
    async fn begin(
        &self,
        id: ErasureId,
        subject: Subject,
        asked_by: AskedBy,
    ) -> Result<OpenErasure, PrivacyError> {
        self.refuse_what_is_held(subject).await?;
        let mut tx = self.app.db.system(SystemReason::Privacy).await?;
        self.refuse_what_is_not_due(&mut tx, subject).await?;
        if let Subject::Person(id) = subject {
            store::leave_uploads(&mut tx, id).await?;
        }
        tx.commit().await?;
        let plan = self.plan(subject).await?;
        let now = self.app.clock.now();
        let mut tx = self.app.db.system(SystemReason::Privacy).await?;
        // It may have been taken back meanwhile, or be gone; from now on nobody takes it back.
        self.refuse_what_is_not_due(&mut tx, subject).await?;
        let asked_by = asked_by.as_str(subject);
        let open =
            store::begin_erasure(&mut tx, id, subject.kind(), subject.id(), asked_by, plan, now).await?;
        tx.commit().await?;
        Ok(open)
    }

    async fn refuse_what_is_held(&self, subject: Subject) -> Result<(), PrivacyError> {
        let Subject::Person(id) = subject else { return Ok(()) };
        let mut tx = self.app.db.system(SystemReason::Privacy).await?;
        let held = memoreel_identity::hold_ownerships(&mut tx, id).await?;
        if held.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = held.into_iter().map(|one| one.name).collect();
        Err(PrivacyError::Held(names.join(", ")))
    }

    async fn refuse_what_is_not_due(&self, tx: &mut SystemTx, subject: Subject) -> Result<(), PrivacyError> {
        if self.hold(tx, subject).await? == Some(true) { Ok(()) } else { Err(PrivacyError::NotDue) }
    }

    /// Whether its time is over, which stays so until the end of the transaction; nothing when it is gone. Whoever locks an erasure, too,
    /// does that afterwards.
    async fn hold(&self, tx: &mut SystemTx, subject: Subject) -> Result<Option<bool>, PrivacyError> {
        let now = self.app.clock.now();
        match subject {
            Subject::Person(id) => store::hold_person(tx, id.uuid(), now).await,
            Subject::Organization(id) => store::hold_organization(tx, id.uuid(), now).await,
        }
    }

    async fn plan(&self, subject: Subject) -> Result<Plan, PrivacyError> {
        let mut tx = self.app.db.system(SystemReason::Privacy).await?;
        let mut private_assets = Vec::new();
        let mut plan = match subject {
            Subject::Person(id) => {
                let holdings = store::holdings(&mut tx, id).await?;
                let organizations: Vec<Uuid> = holdings.personal_organization_id.into_iter().collect();
                let own = organizations
                    .iter()
                    .map(|id| memoreel_assets::blobs_of_organization(OrganizationId(*id)));
                let private = holdings.private.iter().filter_map(|video| {
                    let asset_id = AssetId(video.asset_id?);
                    Some(memoreel_assets::blobs_of_asset(OrganizationId(video.organization_id), asset_id))
                });
                private_assets.extend(holdings.private.iter().filter_map(|video| video.asset_id));
                let named_in = store::organizations_naming(&mut tx, id).await?;
                let mut folders: Vec<BlobKey> = own.chain(private).collect();
                for (organization_id, id) in store::exports_of(&mut tx, &named_in).await? {
                    folders.push(organization_export_folder(organization_id, id)?);
                }
                Plan {
                    folders,
                    named_in,
                    videos: holdings.private.iter().map(|video| video.video_id).collect(),
                    assets: private_assets.clone(),
                    organizations,
                    uploads: holdings.uploads,
                    addresses: holdings.addresses,
                    shared_videos: holdings.shared_videos,
                    blobs: Amount::default(),
                    staged: Amount::default(),
                    mails: Amount::default(),
                }
            }
            Subject::Organization(id) => Plan {
                folders: vec![memoreel_assets::blobs_of_organization(id)],
                videos: Vec::new(),
                assets: Vec::new(),
                organizations: vec![id.uuid()],
                named_in: Vec::new(),
                uploads: store::uploads_of_organization(&mut tx, id).await?,
                addresses: Vec::new(),
                shared_videos: 0,
                blobs: Amount::default(),
                staged: Amount::default(),
                mails: Amount::default(),
            },
        };
        let contents = store::contents_of_these_alone(&mut tx, &private_assets).await?;
        drop(tx);
        for folder in plan.folders.iter().chain(&contents) {
            let mut listed = self.app.blobs.list(Some(folder));
            while let Some(blob) = listed.try_next().await? {
                plan.blobs.count += 1;
                plan.blobs.bytes += blob.size_bytes;
            }
        }
        for upload in &plan.uploads {
            if let Some(bytes) = self.app.staging.len(UploadId(*upload)).await? {
                plan.staged.count += 1;
                plan.staged.bytes += bytes;
            }
        }
        if let Some(mails) = &self.mails {
            (plan.mails.count, plan.mails.bytes) = mails.count_of(&plan.addresses).await?;
        }
        Ok(plan)
    }

    /// Everything but what tasks may still write.
    async fn remove(
        &self,
        subject: Subject,
        open: &OpenErasure,
    ) -> Result<(ErasureReport, Plan), PrivacyError> {
        let OpenErasure { id, plan, .. } = open;
        self.withdraw_unless_due(subject, *id).await?;
        self.journal
            .append(JournalEntry {
                erasure_id: *id,
                kind: subject.kind().to_owned(),
                subject_id: subject.id(),
                blobs: plan.folders.clone(),
                at: self.app.clock.now(),
            })
            .await?;
        self.stop_tasks(plan).await?;
        self.delete_folders(&plan.folders).await?;
        for upload in &plan.uploads {
            self.app.staging.remove(UploadId(*upload)).await?;
        }
        if let Some(mails) = &self.mails {
            mails.remove_of(&plan.addresses).await?;
        }
        let now = self.app.clock.now();
        let mut found = plan.clone();
        let mut tx = self.app.db.system(SystemReason::Privacy).await?;
        self.hold(&mut tx, subject).await?;
        // Whoever else was at it, or a commit whose answer did not arrive, may have removed them meanwhile.
        if let Some(OpenErasure { plan, report: Some(report), .. }) =
            store::find_open_erasure(&mut tx, subject.kind(), subject.id()).await?
        {
            return Ok((report, plan));
        }
        let mut rows = match subject {
            Subject::Person(user_id) => {
                let attempts =
                    memoreel_identity::forget_attempts(&self.app, &mut tx, user_id, &plan.addresses).await?;
                let exports = store::erase_exports_naming(&mut tx, user_id, now).await?;
                for (organization_id, id) in &exports {
                    // Those that were made meanwhile, too.
                    found.folders.push(organization_export_folder(*organization_id, *id)?);
                }
                let rows = store::erase_person_rows(&mut tx, user_id.uuid(), now).await?;
                rows.map(|mut rows| {
                    rows.removed.insert("sign_in_attempts".to_owned(), attempts);
                    *rows.removed.entry("organization_exports".to_owned()).or_default() +=
                        exports.len() as u64;
                    rows
                })
            }
            Subject::Organization(id) => store::erase_organization_rows(&mut tx, id.uuid(), now).await?,
        }
        .ok_or(PrivacyError::NotDue)?;
        rows.removed.retain(|_, count| *count > 0);
        let report = ErasureReport {
            rows,
            blobs: plan.blobs,
            uploads: plan.staged,
            mails: plan.mails,
            kept: kept(subject, plan),
        };
        store::keep_report(&mut tx, *id, &report, &found).await?;
        tx.commit().await?;
        Ok((report, found))
    }

    /// Ends an erasure whose subject was taken back after it had begun: no more of it goes, nor with a replay of the journal. Of one that is
    /// gone the rest goes.
    async fn withdraw_unless_due(&self, subject: Subject, id: ErasureId) -> Result<(), PrivacyError> {
        let mut tx = self.app.db.system(SystemReason::Privacy).await?;
        if self.hold(&mut tx, subject).await? != Some(false) {
            return Ok(());
        }
        let now = self.app.clock.now();
        // The journal first: whatever is interrupted here is done again as long as the row is open.
        self.journal.withdraw(id, now).await?;
        store::finish_erasure(&mut tx, id, now).await?;
        tx.commit().await?;
        Err(PrivacyError::NotDue)
    }

    async fn stop_tasks(&self, plan: &Plan) -> Result<(), PrivacyError> {
        let deadline = tokio::time::Instant::now() + TASKS_STOP_WITHIN;
        loop {
            let now = self.app.clock.now();
            let mut tx = self.app.db.system(SystemReason::Privacy).await?;
            store::stop_tasks(&mut tx, plan, now).await?;
            let running = store::running_tasks(&mut tx, plan, now).await?;
            tx.commit().await?;
            if running == 0 {
                return Ok(());
            }
            if tokio::time::Instant::now() > deadline {
                return Err(PrivacyError::TasksRunning);
            }
            tokio::time::sleep(TASKS_LOOKED_AT_EVERY).await;
        }
    }

    async fn delete_folders(&self, folders: &[BlobKey]) -> Result<(), PrivacyError> {
        for folder in folders {
            self.app.blobs.delete_prefix(folder).await?;
        }
        Ok(())
    }

    async fn delete_folders_everywhere(&self, folders: &[BlobKey]) -> Result<(), PrivacyError> {
        for folder in folders {
            self.app.blobs.delete_prefix_everywhere(folder).await?;
        }
        Ok(())
    }
}

/// The organizations whose folders these are.
fn organizations_of(folders: &[BlobKey]) -> BTreeSet<OrganizationId> {
    folders.iter().filter_map(memoreel_blob::organization_of).collect()
}

/// No law or hold is known to Memoreel that would keep more than this.
fn kept(subject: Subject, plan: &Plan) -> Vec<Kept> {
    let kept = |what: String, why: &str| Kept { what, why: why.to_owned() };
    let mut all = vec![
        kept(
            "the id, in this list and in the journal of erasures".to_owned(),
            "so that what a restore brings back is erased again",
        ),
        kept("backups, until they are replaced".to_owned(), "they cannot be changed; the journal is replayed after a restore"),
        kept(
            "bytes of removed rows in the files and the write-ahead log of PostgreSQL, until it uses the place again".to_owned(),
            "no statement reads them; a database overwrites nothing at once",
        ),
    ];
    if let Subject::Person(_) = subject {
        all.push(kept(
            "entries of the audit logs of shared organizations: what was done to what, and when, by an id that names nobody any more"
                .to_owned(),
            "the chain of the log must stay whole; what the entries said, and from where, is gone with the salts of its digests",
        ));
        if !plan.assets.is_empty() {
            all.push(kept(
                "for two days, the ids of the private recordings they had in shared organizations".to_owned(),
                "so that what a worker that could not be told to stop still writes of them is removed as well",
            ));
        }
        if plan.shared_videos > 0 {
            all.push(kept(
                format!(
                    "{} videos shared with organizations, without the name of who added them",
                    plan.shared_videos
                ),
                "they belong to the organizations",
            ));
        }
    }
    all
}
