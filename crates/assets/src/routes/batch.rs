//! The same done to many assets, each with its own outcome.

use super::assets::{Bin, put_into_bin, take_out_of_bin};
use crate::{
    AssetsError,
    model::{ReceiveUpload, ReceivedUpload},
    store::{self, AssetChanges, AssetRow},
};
use axum::{Extension, extract::State};
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, Event, FolderId, VideoId};
use memoreel_web::{App, Json, May, Problem, ProblemBody, action::EditContent, nullable};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

const ASSETS_MAX: usize = 50;

/// What is done to assets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
enum BatchAction {
    /// Into the bin.
    Delete,
    /// Out of the bin.
    Restore,
    /// Into the folder `folder_id`, or out of all where that is null.
    Move,
    /// Another asset of the same content, in the folder `folder_id` or beside the first. Of a recording, another video.
    Copy,
}

/// What is to be done to which assets.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchRequest {
    /// What is done.
    action: BatchAction,
    /// 1 to 50 assets; what is named twice is done once.
    #[schema(min_items = 1, max_items = 50)]
    ids: Vec<AssetId>,
    /// Where they are moved or copied to. Null moves out of all folders; copies lie beside the first where none is named.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<FolderId>)]
    folder_id: Option<Option<FolderId>>,
}

/// What became of each asset.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct BatchOutcome {
    /// In the order they were named in.
    items: Vec<BatchItem>,
}

/// What became of one asset.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct BatchItem {
    /// The asset.
    id: AssetId,
    /// The status that a request for it alone would have: 200, 201 for a copy, 404 or 409.
    status: u16,
    /// The copy.
    copy_id: Option<AssetId>,
    /// Of what was refused, a stable code.
    code: Option<String>,
    /// Of what was refused, a sentence.
    message: Option<String>,
}

/// Change many assets
///
/// What is done to one does not hang on the others, and all that is done is done in one transaction.
#[utoipa::path(post, path = "/assets/batch", operation_id = "change_assets", tag = "assets", request_body = BatchRequest,
    responses((status = 200, body = BatchOutcome), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub(super) async fn change_assets(
    State(app): State<App>,
    Extension(bin): Extension<Bin>,
    Extension(receiver): Extension<Arc<dyn ReceiveUpload>>,
    May(caller, _): May<EditContent>,
    Json(request): Json<BatchRequest>,
) -> Result<Json<BatchOutcome>, Problem> {
    if request.ids.is_empty() || request.ids.len() > ASSETS_MAX {
        return Err(Problem::invalid_field("ids", "ids_number", "Name 1 to 50 assets."));
    }
    let mut tx = app.db.tenant(&caller).await?;
    if matches!(request.action, BatchAction::Move) && request.folder_id.is_none() {
        let detail = "Say where to: the id of a folder, or null for out of all folders.";
        return Err(Problem::invalid_field("folder_id", "folder_missing", detail));
    }
    if let Some(folder_id) = request.folder_id.flatten() {
        // Held until the end, so that no asset fails for it.
        if !store::hold_folder(&mut tx, folder_id).await? {
            return Err(AssetsError::FolderNotFound.into());
        }
    }
    let wanted: BTreeSet<AssetId> = request.ids.iter().copied().collect();
    hold(&mut tx, request.action, &wanted).await?;
    let mut done = BTreeMap::new();
    for id in wanted {
        let outcome = change(&app, &bin, &*receiver, &mut tx, &request, id).await;
        let item = match outcome {
            Ok(copy_id) => BatchItem {
                id,
                status: if copy_id.is_some() { 201 } else { 200 },
                copy_id,
                code: None,
                message: None,
            },
            // What the database or the store refuses is refused as a whole.
            Err(problem) if problem.ends_transaction() => return Err(problem),
            Err(problem) => BatchItem {
                id,
                status: problem.status().as_u16(),
                copy_id: None,
                code: Some(problem.code().to_owned()),
                message: Some(problem.detail().to_owned()),
            },
        };
        done.insert(id, item);
    }
    tx.commit().await?;
    let items = request.ids.iter().filter_map(|id| done.remove(id)).collect();
    Ok(Json(BatchOutcome { items }))
}

/// Holds all that is to be changed before anything is, always in the same order: who changes one thing after the other waits in the midst of
/// it for those who did so in another order, and they for it. What is gone by then is not found afterwards.
async fn hold(tx: &mut TenantTx, action: BatchAction, ids: &BTreeSet<AssetId>) -> Result<(), Problem> {
    let ids: Vec<AssetId> = ids.iter().copied().collect();
    store::lock_assets(tx, &ids).await?;
    if matches!(action, BatchAction::Copy) {
        store::lock_contents(tx, &ids).await?;
    }
    Ok(())
}

async fn change(
    app: &App,
    bin: &Bin,
    receiver: &dyn ReceiveUpload,
    tx: &mut TenantTx,
    request: &BatchRequest,
    id: AssetId,
) -> Result<Option<AssetId>, Problem> {
    let row = super::assets::find(tx, id).await?;
    match request.action {
        BatchAction::Delete => put_into_bin(app, bin, tx, &row).await?,
        BatchAction::Restore => take_out_of_bin(app, bin, tx, &row).await?,
        BatchAction::Move => {
            let changes = AssetChanges { folder_id: request.folder_id, ..AssetChanges::default() };
            if !store::update_asset(tx, id, &changes, app.clock.now()).await? {
                return Err(AssetsError::AssetInBin.into());
            }
        }
        BatchAction::Copy => {
            return copy(app, receiver, tx, &row, request.folder_id.flatten()).await.map(Some);
        }
    }
    Ok(None)
}

async fn copy(
    app: &App,
    receiver: &dyn ReceiveUpload,
    tx: &mut TenantTx,
    row: &AssetRow,
    folder_id: Option<FolderId>,
) -> Result<AssetId, Problem> {
    if row.deleted_at.is_some() {
        return Err(AssetsError::AssetInBin.into());
    }
    let now = app.clock.now();
    let copy_id = AssetId::new(now);
    if !store::copy_asset(tx, row.id, copy_id, folder_id, now).await? {
        return Err(AssetsError::NotCopied.into());
    }
    let events = if let Some(copies) = row.video_id {
        let video_id = VideoId::new(now);
        let received = ReceivedUpload {
            video_id,
            asset_id: copy_id,
            filename: row.filename.clone(),
            title: None,
            channel_id: None,
            user_id: tx.caller().user_id,
            copies: Some(copies),
        };
        let is_described = receiver.received(tx, &received).await?;
        store::copy_subtitles(tx, copies, video_id, now).await?;
        let added = Event::VideoAdded { video_id, asset_id: copy_id };
        [Some(added), is_described.then_some(Event::VideoDescribed { video_id })]
    } else if row.kind.as_deref() == Some("document") {
        [Some(Event::DocumentAdded { asset_id: copy_id }), None]
    } else {
        [Some(Event::ImageReady { asset_id: copy_id }), None]
    };
    for event in events.iter().flatten() {
        app.events.emit(tx, event).await?;
    }
    Ok(copy_id)
}
