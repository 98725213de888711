//! Assets: what is stored, where it is put, how it is called, and the bin.

use super::{
    asset_view::{Asset, AssetKind, AssetStatus},
    fields,
};
use crate::{
    AssetsError, deletions,
    model::RecordingBin,
    store::{self, AssetChanges, AssetFilter, AssetOrder, AssetRow},
};
use axum::{Extension, extract::State, http::StatusCode};
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, Cursor, Event, FolderId, Page};
use memoreel_tasks::cancel_gone_tasks;
use memoreel_web::{
    App, Json, May, PageParams, Params, Problem, ProblemBody, ResourceId,
    action::{EditContent, ReadContent},
    nullable,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::Arc;

pub(super) type Bin = Arc<dyn RecordingBin>;

/// Which assets are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListAssets {
    /// Of which kind; of all if not given.
    #[param(inline)]
    kind: Option<AssetKind>,
    /// With which status; with any if not given.
    #[param(inline)]
    status: Option<AssetStatus>,
    /// In which folder, not in those below it: its id, or `none` for what is in no folder. Everywhere if not given.
    folder_id: Option<String>,
    /// Part of the name, whatever its case.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Tags that each of them has, with commas between them.
    #[param(max_length = 600)]
    tag: Option<String>,
    /// Metadata that each of them has: a JSON object of texts of up to 500 characters, numbers and truth values. How a number is written
    /// makes no difference.
    #[param(max_length = 4000)]
    metadata: Option<String>,
    /// What is in the bin, instead of what is not.
    #[serde(default)]
    is_deleted: bool,
    /// `newest` (the default), `oldest`, `filename` or `largest`.
    #[param(inline)]
    sort: Option<Sort>,
    /// The `next_cursor` of the page before.
    #[param(pattern = "^[0-9a-f]{48}$")]
    cursor: Option<String>,
    /// Rows wanted, 1 to 100; 20 if not given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

#[derive(Debug, Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sort {
    Newest,
    Oldest,
    Filename,
    Largest,
}

const QUERY_LENGTH_MAX: usize = 200;

impl ListAssets {
    fn filter(&self) -> Result<AssetFilter, Problem> {
        let folder = match self.folder_id.as_deref() {
            None => None,
            Some("none") => Some(None),
            Some(id) => {
                let reason = "the folder_id must be the id of a folder, or `none`".to_owned();
                let invalid = AssetsError::Field { field: "folder_id", code: "folder_invalid", reason };
                Some(Some(id.parse::<FolderId>().map_err(|_| invalid)?))
            }
        };
        let q = self.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
        if q.is_some_and(|q| q.chars().count() > QUERY_LENGTH_MAX || q.contains('\0')) {
            return Err(Problem::invalid_field(
                "q",
                "query_invalid",
                "The part of a name has at most 200 characters.",
            ));
        }
        Ok(AssetFilter {
            kind: self.kind.map(AssetKind::as_str),
            status: self.status.map(AssetStatus::as_str),
            folder,
            name_pattern: q.map(memoreel_db::contains_pattern),
            terms: fields::terms(self.tag.as_deref(), self.metadata.as_deref())?,
            is_deleted: self.is_deleted,
        })
    }

    fn order(&self) -> AssetOrder {
        match self.sort {
            None | Some(Sort::Newest) => AssetOrder::Newest,
            Some(Sort::Oldest) => AssetOrder::Oldest,
            Some(Sort::Filename) => AssetOrder::Filename,
            Some(Sort::Largest) => AssetOrder::Largest,
        }
    }
}

/// List assets
///
/// The newest first, unless it is asked otherwise. Recordings among them have a `video_id`; what people see of them is the video.
#[utoipa::path(get, path = "/assets", operation_id = "list_assets", tag = "assets", params(ListAssets),
    responses((status = 200, body = Page<Asset>), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`list_changed`: by name or size, where the last row is there no more"),
        (status = 422, body = ProblemBody)))]
pub(super) async fn list_assets(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    Params(wanted): Params<ListAssets>,
) -> Result<Json<Page<Asset>>, Problem> {
    let (filter, order) = (wanted.filter()?, wanted.order());
    let page = PageParams { cursor: wanted.cursor, limit: wanted.limit }.page_request()?;
    let mut tx = app.db.tenant(&caller).await?;
    let rows = store::list_assets(&mut tx, &filter, order, &page).await?;
    // A list by name or size goes on behind that of its last row, which may be there no more: that is not the end of the list.
    let is_looked_up = matches!(order, AssetOrder::Filename | AssetOrder::Largest);
    if let Some(after) = page.after.filter(|_| is_looked_up && rows.is_empty())
        && store::find_asset(&mut tx, AssetId(after.id)).await?.is_none()
    {
        return Err(AssetsError::ListChanged.into());
    }
    let page = page.page(rows, |row| Cursor { time: row.created_at, id: row.id.uuid() });
    let items = page.items.into_iter().map(|row| Asset::new(&app, caller.organization_id, row)).collect();
    Ok(Json(Page { items, next_cursor: page.next_cursor }))
}

/// Get an asset
///
/// Whether it is in the bin or not.
#[utoipa::path(get, path = "/assets/{id}", operation_id = "get_asset", tag = "assets", params(("id" = AssetId, Path)),
    responses((status = 200, body = Asset), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub(super) async fn get_asset(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    ResourceId(id): ResourceId<AssetId>,
) -> Result<Json<Asset>, Problem> {
    let mut tx = app.db.tenant(&caller).await?;
    Ok(Json(Asset::new(&app, caller.organization_id, find(&mut tx, id).await?)))
}

/// What may be changed of an asset. Absent fields stay; null clears what may be empty, and leaves the rest as it is.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateAsset {
    /// 1 to 255 characters, without slashes.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f/\\]*[^\s\u0000-\u001f\u007f-\u009f/\\][^\u0000-\u001f\u007f-\u009f/\\]*$"
    )]
    filename: Option<String>,
    /// The folder it is put into; null for none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<FolderId>)]
    folder_id: Option<Option<FolderId>>,
    /// What there is to see or hear, for those who do not: up to 2,000 characters. An image is found by it. Null removes it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 2000, pattern = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$")]
    description: Option<Option<String>>,
    /// All of its tags, at most 50 of 1 to 50 characters. Null removes them.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Vec<String>>, max_items = 50)]
    tags: Option<Option<Vec<String>>>,
    /// All of its metadata: at most 100 names and 16 KiB. It can be found by texts of up to 500 characters,
    /// numbers and truth values at its top. Null removes it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Option<Map<String, Value>>>,
    /// Whether it goes a day from now. One that is temporary already keeps its time.
    is_temporary: Option<bool>,
}

/// Update an asset
#[utoipa::path(patch, path = "/assets/{id}", operation_id = "update_asset", tag = "assets", params(("id" = AssetId, Path)),
    request_body = UpdateAsset,
    responses((status = 200, body = Asset), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub(super) async fn update_asset(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    ResourceId(id): ResourceId<AssetId>,
    Json(update): Json<UpdateAsset>,
) -> Result<Json<Asset>, Problem> {
    let tags = update.tags.map(Option::unwrap_or_default);
    let metadata = update.metadata.map(Option::unwrap_or_default);
    if let Some(metadata) = &metadata {
        fields::metadata(metadata)?;
    }
    let changes = AssetChanges {
        filename: update.filename.as_deref().map(fields::filename).transpose()?,
        folder_id: update.folder_id,
        description: update.description.map(fields::description).transpose()?,
        tags: tags.as_deref().map(fields::tags).transpose()?,
        custom_metadata: metadata.map(Value::Object),
        is_temporary: update.is_temporary,
    };
    let mut tx = app.db.tenant(&caller).await?;
    let is_changed =
        store::update_asset(&mut tx, id, &changes, app.clock.now()).await.map_err(AssetsError::from)?;
    let row = find(&mut tx, id).await?;
    if !is_changed {
        return Err(AssetsError::AssetInBin.into());
    }
    // By these it is found.
    let is_told = changes.filename.is_some() || changes.description.is_some();
    if is_told && row.kind.as_deref() == Some(AssetKind::Image.as_str()) {
        app.events.emit(&mut tx, &Event::ImageChanged { asset_id: id }).await?;
    }
    tx.commit().await?;
    Ok(Json(Asset::new(&app, caller.organization_id, row)))
}

/// How an asset is deleted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteAsset {
    /// At once and for good, with everything that was made of it, whether it is in the bin or not. Not for recordings.
    #[serde(default)]
    permanently: bool,
}

/// Delete an asset
///
/// It goes to the bin, and for good after thirty days; of a recording, the video does. Copies that others keep of it, such as a CDN, are
/// theirs to drop.
#[utoipa::path(delete, path = "/assets/{id}", operation_id = "delete_asset", tag = "assets", params(("id" = AssetId, Path), DeleteAsset),
    responses((status = 204, description = "In the bin, or gone"), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub(super) async fn delete_asset(
    State(app): State<App>,
    Extension(bin): Extension<Bin>,
    May(caller, _): May<EditContent>,
    ResourceId(id): ResourceId<AssetId>,
    Params(how): Params<DeleteAsset>,
) -> Result<StatusCode, Problem> {
    let mut tx = app.db.tenant(&caller).await?;
    let row = find(&mut tx, id).await?;
    if how.permanently {
        delete_for_good(&app, &mut tx, &row).await?;
    } else {
        put_into_bin(&app, &bin, &mut tx, &row).await?;
    }
    tx.commit().await?;
    if how.permanently {
        deletions::remove_files(&app, caller.organization_id).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Restore an asset
///
/// Takes it out of the bin, into the folder it was in; of a recording, the video.
#[utoipa::path(post, path = "/assets/{id}/restore", operation_id = "restore_asset", tag = "assets", params(("id" = AssetId, Path)),
    responses((status = 200, body = Asset), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody)))]
pub(super) async fn restore_asset(
    State(app): State<App>,
    Extension(bin): Extension<Bin>,
    May(caller, _): May<EditContent>,
    ResourceId(id): ResourceId<AssetId>,
) -> Result<Json<Asset>, Problem> {
    let mut tx = app.db.tenant(&caller).await?;
    let row = find(&mut tx, id).await?;
    take_out_of_bin(&app, &bin, &mut tx, &row).await?;
    let row = find(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(Asset::new(&app, caller.organization_id, row)))
}

pub(super) async fn find(tx: &mut TenantTx, id: AssetId) -> Result<AssetRow, Problem> {
    Ok(store::find_asset(tx, id).await?.ok_or(AssetsError::AssetNotFound)?)
}

/// One that is not in the bin.
pub(super) async fn find_outside_bin(tx: &mut TenantTx, id: AssetId) -> Result<AssetRow, Problem> {
    let asset = find(tx, id).await?;
    if asset.deleted_at.is_some() {
        return Err(AssetsError::AssetNotFound.into());
    }
    Ok(asset)
}

/// Deleting what is in the bin already changes nothing.
pub(super) async fn put_into_bin(
    app: &App,
    bin: &Bin,
    tx: &mut TenantTx,
    row: &AssetRow,
) -> Result<(), Problem> {
    if let Some(video_id) = row.video_id {
        bin.delete(app, tx, video_id).await?;
    } else if store::bin_asset(tx, row.id, app.clock.now()).await? {
        emit(app, tx, row, Change::Deleted).await?;
    }
    Ok(())
}

/// Restoring what is not in the bin changes nothing.
pub(super) async fn take_out_of_bin(
    app: &App,
    bin: &Bin,
    tx: &mut TenantTx,
    row: &AssetRow,
) -> Result<(), Problem> {
    if let Some(video_id) = row.video_id {
        bin.restore(app, tx, video_id).await?;
    } else if store::restore_asset(tx, row.id).await? {
        emit(app, tx, row, Change::Restored).await?;
    }
    Ok(())
}

async fn delete_for_good(app: &App, tx: &mut TenantTx, row: &AssetRow) -> Result<(), Problem> {
    if row.video_id.is_some() {
        return Err(AssetsError::RecordingStays.into());
    }
    if row.deleted_at.is_none() {
        // Before it goes, because what is told of it is read from it.
        emit(app, tx, row, Change::Deleted).await?;
    }
    if !store::delete_asset(tx, row.id).await? {
        return Err(AssetsError::AssetNotFound.into());
    }
    cancel_gone_tasks(tx, row.id.uuid(), app.clock.now()).await?;
    Ok(())
}

#[derive(Debug, Clone, Copy)]
enum Change {
    Deleted,
    Restored,
}

/// Tells what happened; of a recording that has lost its video there is nothing to tell.
async fn emit(app: &App, tx: &mut TenantTx, row: &AssetRow, change: Change) -> Result<(), Problem> {
    let asset_id = row.id;
    let event = match (row.kind.as_deref(), change) {
        (Some("image"), Change::Deleted) => Event::ImageDeleted { asset_id },
        (Some("image"), Change::Restored) => Event::ImageRestored { asset_id },
        (Some("document"), Change::Deleted) => Event::DocumentDeleted { asset_id },
        (Some("document"), Change::Restored) => Event::DocumentRestored { asset_id },
        _ => return Ok(()),
    };
    app.events.emit(tx, &event).await?;
    Ok(())
}
