//! Folders, which assets are put into.

use super::fields;
use crate::{
    AssetsError,
    store::{self, FolderDeletion, FolderRow},
};
use axum::{extract::State, http::StatusCode};
use memoreel_db::TenantTx;
use memoreel_kernel::{FolderId, Timestamp};
use memoreel_web::{
    App, Json, May, Problem, ProblemBody, ResourceId,
    action::{EditContent, ReadContent},
    nullable,
};
use serde::{Deserialize, Serialize};

const NAME_LENGTH_MAX: usize = 100;
const FOLDERS_MAX: i64 = 5000;

/// A place assets are put into.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Folder {
    id: FolderId,
    /// The folder it lies in.
    parent_id: Option<FolderId>,
    name: String,
    /// Assets in it, without those of folders in it and those in the bin.
    asset_count: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was changed last.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<FolderRow> for Folder {
    fn from(row: FolderRow) -> Self {
        let FolderRow { id, parent_id, name, asset_count, created_at, updated_at } = row;
        Self { id, parent_id, name, asset_count, created_at, updated_at }
    }
}

/// All folders.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Folders {
    /// By name, each with the one it lies in; at most 5,000.
    items: Vec<Folder>,
}

/// List folders
///
/// All at once, so that a tree can be made of them.
#[utoipa::path(get, path = "/folders", operation_id = "list_folders", tag = "assets",
    responses((status = 200, body = Folders), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody)))]
pub(super) async fn list_folders(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
) -> Result<Json<Folders>, Problem> {
    let mut tx = app.db.tenant(&caller).await?;
    let rows = store::list_folders(&mut tx).await?;
    Ok(Json(Folders { items: rows.into_iter().map(Folder::from).collect() }))
}

/// A new folder.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateFolder {
    /// 1 to 100 characters; no other folder beside it has it, in whatever case.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    name: String,
    /// The folder it lies in.
    parent_id: Option<FolderId>,
}

/// Create a folder
#[utoipa::path(post, path = "/folders", operation_id = "create_folder", tag = "assets", request_body = CreateFolder,
    responses((status = 201, body = Folder), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub(super) async fn create_folder(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    Json(new): Json<CreateFolder>,
) -> Result<(StatusCode, Json<Folder>), Problem> {
    let name = fields::name("name", &new.name, NAME_LENGTH_MAX)?;
    let now = app.clock.now();
    let id = FolderId::new(now);
    let mut tx = app.db.tenant(&caller).await?;
    let inserted = store::insert_folder(&mut tx, id, &name, new.parent_id, FOLDERS_MAX, now).await;
    if !inserted.map_err(AssetsError::from)? {
        return Err(AssetsError::TooManyFolders(FOLDERS_MAX).into());
    }
    let folder = find(&mut tx, id).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(folder)))
}

/// What may be changed of a folder. Absent fields stay; null clears what may be empty, and leaves the rest as it is.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateFolder {
    /// 1 to 100 characters; no other folder beside it has it, in whatever case.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    name: Option<String>,
    /// The folder it is moved into, with all that is in it; null for none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<FolderId>)]
    parent_id: Option<Option<FolderId>>,
}

/// Update a folder
#[utoipa::path(patch, path = "/folders/{id}", operation_id = "update_folder", tag = "assets", params(("id" = FolderId, Path)),
    request_body = UpdateFolder,
    responses((status = 200, body = Folder), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub(super) async fn update_folder(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    ResourceId(id): ResourceId<FolderId>,
    Json(update): Json<UpdateFolder>,
) -> Result<Json<Folder>, Problem> {
    let name = update.name.as_deref().map(|name| fields::name("name", name, NAME_LENGTH_MAX)).transpose()?;
    let mut tx = app.db.tenant(&caller).await?;
    let updated = store::update_folder(&mut tx, id, name.as_deref(), update.parent_id).await;
    if !updated.map_err(AssetsError::from)? {
        return Err(AssetsError::FolderNotFound.into());
    }
    let folder = find(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(folder))
}

/// Delete a folder
///
/// One that is empty; what is in the bin does not count.
#[utoipa::path(delete, path = "/folders/{id}", operation_id = "delete_folder", tag = "assets", params(("id" = FolderId, Path)),
    responses((status = 204, description = "Gone"), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
pub(super) async fn delete_folder(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    ResourceId(id): ResourceId<FolderId>,
) -> Result<StatusCode, Problem> {
    let mut tx = app.db.tenant(&caller).await?;
    match store::delete_folder(&mut tx, id).await? {
        FolderDeletion::Deleted => {}
        FolderDeletion::NotEmpty => return Err(AssetsError::FolderNotEmpty.into()),
        FolderDeletion::NotFound => return Err(AssetsError::FolderNotFound.into()),
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn find(tx: &mut TenantTx, id: FolderId) -> Result<Folder, Problem> {
    Ok(store::find_folder(tx, id).await?.ok_or(AssetsError::FolderNotFound)?.into())
}
