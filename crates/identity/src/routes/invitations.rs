//! Invitations: those who manage them, and those who hold a token.

use super::NO_STORE;
use crate::{
    authenticate::session_of,
    invitations,
    model::{Invitation, InvitationOffer, IssuedInvitation, MyOrganization},
    store,
};
use axum::{
    extract::{FromRequest, Request, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use memoreel_kernel::{Cursor, InvitationId, Page, Role};
use memoreel_web::{
    App, Json, May, PageParams, Params, ProblemBody, ResourceId, Result, SignedIn, action::InviteMembers,
    client_address,
};
use serde::Deserialize;
use utoipa::ToSchema;

/// List invitations
///
/// Newest first, whatever became of them.
#[utoipa::path(
    get, path = "/invitations", operation_id = "list_invitations", tag = "Invitations",
    params(PageParams),
    responses(
        (status = 200, description = "A page of invitations", body = Page<Invitation>),
        (status = 401, description = "`unauthenticated` or `api_key_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`, `organization_suspended` or `organization_deleted`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`cursor_invalid` or `limit_invalid`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list_invitations(
    State(app): State<App>,
    May(caller, _): May<InviteMembers>,
    Params(params): Params<PageParams>,
) -> Result<Json<Page<Invitation>>> {
    let page = params.page_request()?;
    let mut tx = app.db.tenant(&caller).await?;
    let rows = store::invitations(&mut tx, &page, app.clock.now()).await?;
    Ok(Json(page.page(rows, |row| Cursor { time: row.created_at, id: row.id.uuid() })))
}

/// Who is to be invited, and as what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateInvitation {
    /// Their address; it must be that of their account when they accept.
    #[schema(
        example = "grace@example.com",
        max_length = 254,
        pattern = r"^[^@\s\u0000-\u001f\u007f-\u009f]+@[^@\s\u0000-\u001f\u007f-\u009f]+$"
    )]
    email: String,
    /// What they may do. Only owners invite owners.
    role: Role,
}

/// Invite somebody
///
/// The link is mailed to them, shown in this answer, and never again. It works for seven days, and replaces one that waits for an answer
/// from the same address.
#[utoipa::path(
    post, path = "/invitations", operation_id = "create_invitation", tag = "Invitations",
    request_body = CreateInvitation,
    responses(
        (status = 201, description = "The invitation, with its link", body = IssuedInvitation),
        (status = 401, description = "`unauthenticated` or `api_key_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`, `csrf_header_missing`, `organization_suspended` or `organization_deleted`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`already_member` or `invitations_full`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`email_invalid` or `body_invalid`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`mails_full`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn create_invitation(
    State(app): State<App>,
    May(caller, _): May<InviteMembers>,
    Json(new): Json<CreateInvitation>,
) -> Result<Response> {
    let issued = invitations::invite(&app, &caller, &new.email, new.role).await?;
    Ok((StatusCode::CREATED, [NO_STORE], Json(issued)).into_response())
}

/// Renew an invitation
///
/// Gives it another link, which is mailed, and seven more days. The link it had no longer works.
#[utoipa::path(
    post, path = "/invitations/{id}/resend", operation_id = "resend_invitation", tag = "Invitations",
    params(("id" = InvitationId, Path, description = "The invitation")),
    responses(
        (status = 200, description = "The invitation, with its link", body = IssuedInvitation),
        (status = 401, description = "`unauthenticated` or `api_key_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`, `csrf_header_missing`, `organization_suspended` or `organization_deleted`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`invitation_closed`, `already_member` or `invitations_full`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`mails_full`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn resend_invitation(
    State(app): State<App>,
    May(caller, _): May<InviteMembers>,
    ResourceId(id): ResourceId<InvitationId>,
) -> Result<Response> {
    let issued = invitations::resend(&app, &caller, id).await?;
    Ok(([NO_STORE], Json(issued)).into_response())
}

/// Revoke an invitation
#[utoipa::path(
    delete, path = "/invitations/{id}", operation_id = "revoke_invitation", tag = "Invitations",
    params(("id" = InvitationId, Path, description = "The invitation")),
    responses(
        (status = 204, description = "Its link no longer works"),
        (status = 401, description = "`unauthenticated` or `api_key_wrong`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`, `csrf_header_missing`, `organization_suspended` or `organization_deleted`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`invitation_closed`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn revoke_invitation(
    State(app): State<App>,
    May(caller, _): May<InviteMembers>,
    ResourceId(id): ResourceId<InvitationId>,
) -> Result<StatusCode> {
    let mut tx = app.db.tenant(&caller).await?;
    invitations::revoke(&mut tx, id, app.clock.now()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What stands behind the # of an invitation's link. No `Debug`, because it is a secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InvitationToken {
    /// 43 characters.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    token: String,
}

/// Look an invitation up
///
/// For whoever holds its link, signed in or not.
#[utoipa::path(
    post, path = "/invitations/lookup", operation_id = "lookup_invitation", tag = "Invitations",
    security(()),
    request_body = InvitationToken,
    responses(
        (status = 200, description = "What is offered", body = InvitationOffer),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`body_invalid`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn lookup_invitation(State(app): State<App>, request: Request) -> Result<Response> {
    let token = read_token(&app, request).await?;
    let offer = invitations::look_up(&app.db, &token, app.clock.now()).await?;
    Ok(([NO_STORE], Json::<InvitationOffer>(offer)).into_response())
}

/// Accept an invitation
///
/// Makes whoever is signed in a member, if the invitation is for their address. Whoever is a member already keeps a
/// higher role.
#[utoipa::path(
    post, path = "/invitations/accept", operation_id = "accept_invitation", tag = "Invitations",
    request_body = InvitationToken,
    responses(
        (status = 200, description = "The organization", body = MyOrganization),
        (status = 401, description = "`unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`invitation_for_another`, `session_required` or `csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`invitation_closed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`body_invalid`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn accept_invitation(
    State(app): State<App>,
    SignedIn(caller, user_id): SignedIn,
    Json(InvitationToken { token }): Json<InvitationToken>,
) -> Result<Json<MyOrganization>> {
    session_of(&caller)?;
    Ok(Json(invitations::accept(&app.db, user_id, &token, app.clock.now()).await?))
}

/// Decline an invitation
///
/// For whoever holds its link, signed in or not.
#[utoipa::path(
    post, path = "/invitations/decline", operation_id = "decline_invitation", tag = "Invitations",
    security(()),
    request_body = InvitationToken,
    responses(
        (status = 204, description = "Declined"),
        (status = 403, description = "`csrf_header_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`invitation_closed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`body_invalid`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn decline_invitation(State(app): State<App>, request: Request) -> Result<StatusCode> {
    let token = read_token(&app, request).await?;
    invitations::decline(&app.db, &token, app.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tokens are tried no faster than passwords.
async fn read_token(app: &App, request: Request) -> Result<String> {
    app.limits.sign_in.take(&client_address(&request))?;
    let Json(InvitationToken { token }) = Json::from_request(request, app).await?;
    Ok(token)
}
