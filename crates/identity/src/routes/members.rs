//! Who belongs to an organization.

use crate::{
    authenticate::{session_of, user_of},
    domains, members,
    model::{Member, Organization},
    organizations, store,
};
use axum::extract::State;
use http::StatusCode;
use memoreel_kernel::{Cursor, Page, Role, UserId};
use memoreel_web::{
    App, Json, May, PageParams, Params, ProblemBody, ResourceId, Result,
    action::{LeaveOrganization, ManageMembers, SeeMembers, TransferOrganization},
};
use serde::Deserialize;
use utoipa::ToSchema;

/// List members
///
/// Everybody who belongs to the organization, oldest first.
#[utoipa::path(
    get, path = "/members", operation_id = "list_members", tag = "Members",
    params(PageParams),
    responses(
        (status = 200, description = "A page of members", body = Page<Member>),
        (status = 401, description = "`unauthenticated` or `api_key_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`organization_suspended` or `organization_deleted`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`cursor_invalid` or `limit_invalid`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list_members(
    State(app): State<App>,
    May(caller, _): May<SeeMembers>,
    Params(params): Params<PageParams>,
) -> Result<Json<Page<Member>>> {
    let page = params.page_request()?;
    let mut tx = app.db.tenant(&caller).await?;
    let members = store::members(&mut tx, caller.user_id, &page).await?;
    Ok(Json(page.page(members, |member| Cursor { time: member.joined_at, id: member.user_id.uuid() })))
}

/// What may be changed of a member.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateMember {
    /// What they may do from now on.
    role: Role,
}

/// Change a member's role
///
/// Only owners make or change owners. The last owner stays one, and so does the person of a personal organization.
#[utoipa::path(
    patch, path = "/members/{user_id}", operation_id = "update_member", tag = "Members",
    params(("user_id" = UserId, Path, description = "The member")),
    request_body = UpdateMember,
    responses(
        (status = 200, description = "The member, as changed", body = Member),
        (status = 401, description = "`unauthenticated` or `api_key_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`, `csrf_header_missing`, `organization_suspended` or `organization_deleted`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`last_owner` or `organization_personal`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`body_invalid`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn update_member(
    State(app): State<App>,
    May(caller, _): May<ManageMembers>,
    ResourceId(user_id): ResourceId<UserId>,
    Json(update): Json<UpdateMember>,
) -> Result<Json<Member>> {
    let mut tx = app.db.tenant(&caller).await?;
    let member = members::change_role(&mut tx, user_id, update.role).await?;
    tx.commit().await?;
    domains::follow_change(&app.db, caller.organization_id).await;
    Ok(Json(member))
}

/// Remove a member, or leave
///
/// Anybody may leave who is signed in; removing others takes the role for it, and removing owners that of an owner. API keys of the
/// member stop working here; what they made stays. The last owner stays, and so does the person of a personal
/// organization.
#[utoipa::path(
    delete, path = "/members/{user_id}", operation_id = "delete_member", tag = "Members",
    params(("user_id" = UserId, Path, description = "The member")),
    responses(
        (status = 204, description = "No member any more"),
        (status = 401, description = "`unauthenticated` or `api_key_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`, `session_required` of an API key that would leave, `csrf_header_missing`, `organization_suspended` or `organization_deleted`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`last_owner` or `organization_personal`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn delete_member(
    State(app): State<App>,
    May(caller, _): May<LeaveOrganization>,
    ResourceId(user_id): ResourceId<UserId>,
) -> Result<StatusCode> {
    if caller.user_id == Some(user_id) {
        session_of(&caller)?;
    }
    let mut tx = app.db.tenant(&caller).await?;
    members::remove(&mut tx, user_id).await?;
    tx.commit().await?;
    domains::follow_change(&app.db, caller.organization_id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Whom an organization is handed over to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Transfer {
    /// A member.
    user_id: UserId,
}

/// Hand the organization over
///
/// The member becomes an owner, and the caller an admin.
#[utoipa::path(
    post, path = "/organization/transfer", operation_id = "transfer_organization", tag = "Organizations",
    request_body = Transfer,
    responses(
        (status = 200, description = "The organization", body = Organization),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`, `session_required`, `csrf_header_missing`, `organization_suspended` or `organization_deleted`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the member", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`organization_personal`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`body_invalid`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn transfer_organization(
    State(app): State<App>,
    May(caller, _): May<TransferOrganization>,
    Json(transfer): Json<Transfer>,
) -> Result<Json<Organization>> {
    session_of(&caller)?;
    let mut tx = app.db.tenant(&caller).await?;
    members::transfer(&mut tx, transfer.user_id).await?;
    let organization = organizations::find(&mut tx, user_of(&caller)?).await?;
    tx.commit().await?;
    domains::follow_change(&app.db, caller.organization_id).await;
    Ok(Json(organization))
}
