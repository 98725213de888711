//! What the slice deals in.

use chrono::{DateTime, Utc};
use memoreel_identity::SoleOwnership;
use memoreel_kernel::{ErasureId, ExportId, OrganizationExportId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// How far an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExportStatus {
    /// In the queue, or waiting for another try.
    Waiting,
    /// Being written.
    Running,
    /// It can be fetched.
    Ready,
    /// Given up.
    Failed,
}

impl ExportStatus {
    /// From whether it is there, and how its task is.
    pub(crate) fn of(finished_at: Option<DateTime<Utc>>, task_status: Option<&str>) -> Self {
        match (finished_at, task_status) {
            (Some(_), _) => Self::Ready,
            (None, Some("running")) => Self::Running,
            (None, Some("pending" | "held")) => Self::Waiting,
            (None, _) => Self::Failed,
        }
    }

    /// 0 to 100, from that of the task.
    pub(crate) fn progress(self, of_task: Option<f32>) -> u8 {
        if self == Self::Ready { 100 } else { (of_task.unwrap_or_default() * 100.0).round() as u8 }
    }
}

/// What a person takes along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Export {
    /// Its id.
    pub(crate) id: ExportId,
    /// How far it is.
    pub(crate) status: ExportStatus,
    /// 0 to 100.
    pub(crate) progress: u8,
    /// When it was asked for.
    pub(crate) requested_at: DateTime<Utc>,
    /// Its size, once it is ready.
    pub(crate) size_bytes: Option<i64>,
    /// Until when it is kept, once it is ready.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// Where it can be fetched, for an hour or two, without a session.
    pub(crate) download_url: Option<String>,
    /// What went wrong, in a sentence.
    pub(crate) message: Option<String>,
}

/// What is taken along of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct OrganizationExport {
    /// Its id.
    pub(crate) id: OrganizationExportId,
    /// How far it is.
    pub(crate) status: ExportStatus,
    /// 0 to 100.
    pub(crate) progress: u8,
    /// Who asked for it, by name; nobody once they left.
    pub(crate) requested_by: Option<String>,
    /// When it was asked for.
    pub(crate) requested_at: DateTime<Utc>,
    /// Its size, once it is ready.
    pub(crate) size_bytes: Option<i64>,
    /// Until when it is kept, once it is ready.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// Where it can be fetched, for an hour or two, without a session.
    pub(crate) download_url: Option<String>,
    /// What went wrong, in a sentence.
    pub(crate) message: Option<String>,
}

/// Whether the account is closed, and what its closing means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ErasureState {
    /// When everything goes, if the account is closed; until then that can be taken back.
    pub(crate) erased_after: Option<DateTime<Utc>>,
    /// How many days there are to take it back.
    pub(crate) grace_days: i64,
    /// Videos in the person's own organization, which go with it.
    pub(crate) own_videos: i64,
    /// The person's private videos in other organizations, which go.
    pub(crate) private_videos: i64,
    /// The person's other videos in other organizations, which stay there without their name.
    pub(crate) shared_videos: i64,
    /// What has to be handed over or deleted first.
    pub(crate) sole_owner_of: Vec<SoleOwnership>,
}

/// What of a person lies elsewhere than in rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holdings {
    pub(crate) personal_organization_id: Option<Uuid>,
    pub(crate) addresses: Vec<String>,
    pub(crate) private: Vec<PrivateVideo>,
    pub(crate) uploads: Vec<Uuid>,
    pub(crate) own_videos: i64,
    pub(crate) shared_videos: i64,
}

/// A private video of a person in somebody else's organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PrivateVideo {
    pub(crate) organization_id: Uuid,
    pub(crate) video_id: Uuid,
    pub(crate) asset_id: Option<Uuid>,
}

/// How many, and how large together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// How many.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Rows by table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// Those that went.
    pub removed: BTreeMap<String, u64>,
    /// Those that stay and say nothing of the person any more.
    pub cleared: BTreeMap<String, u64>,
}

/// What is kept, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// What an erasure removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureReport {
    /// Rows.
    pub rows: Rows,
    /// Files in the blob store: originals, renditions, pictures, exports.
    pub blobs: Amount,
    /// Uploads that were not finished.
    pub uploads: Amount,
    /// Mails that were kept as files.
    pub mails: Amount,
    /// What is kept.
    pub kept: Vec<Kept>,
}

/// An erasure in the list of them.
#[derive(Debug, Clone)]
pub struct KnownErasure {
    /// Its id.
    pub id: ErasureId,
    /// `person` or `organization`.
    pub kind: String,
    /// Whose.
    pub subject_id: Uuid,
    /// Who asked for it.
    pub asked_by: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When everything was gone, or it was withdrawn.
    pub finished_at: Option<DateTime<Utc>>,
    /// What was removed; nothing at the end of one that was withdrawn, because its subject had been taken back.
    pub report: Option<ErasureReport>,
}
