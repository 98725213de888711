//! Who may do what: every operation is called in every role, and answers as the table in `memoreel_kernel::Action` says.
//! docs/roles.md shows that table, and is held against it here.

use crate::{
    app::TestApp,
    client::Person,
    isolation::call,
    openapi::{Operation, PUBLIC, operations},
    organizations::new_organization,
    requests::{request, same_everywhere},
};
use memoreel_identity::suspend_organization;
use memoreel_kernel::{Action, OrganizationStatus, Role};
use serde_json::{Value, json};
use std::{fmt::Write, fs, path::Path};

/// What an operation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// The role for this action.
    Role(Action),
    /// None: it works on the caller's own account.
    Account,
    /// None: anybody may call it.
    Nothing,
}

/// Every operation. One that is missing here fails the test.
const TAKES: [(&str, Takes); 159] = {
    use Action::{
        DeleteOrganization, EditContent, ExportOrganization, InviteMembers, ManageChannels, ManageDelivery,
        ManageDomains, ManageEncoding, ManageMembers, ManageOrganization, ManageWebhooks, PrioritiseTasks,
        ReadAnalytics, ReadAuditLog, ReadContent, RestoreOrganization, SeeMembers, SeeOrganization,
        TransferOrganization, UseApiKeys,
    };
    use Takes::{Account, Nothing, Role};
    [
        ("accept_invitation", Account),
        ("append_upload", Role(EditContent)),
        ("begin_passkey", Account),
        ("begin_passkey_sign_in", Nothing),
        ("begin_totp", Account),
        ("change_assets", Role(EditContent)),
        ("cancel_task", Role(EditContent)),
        ("change_email", Account),
        ("change_password", Account),
        ("confirm_email", Nothing),
        ("confirm_email_change", Nothing),
        ("confirm_provider_sign_in", Nothing),
        ("confirm_totp", Account),
        ("create_api_key", Role(UseApiKeys)),
        ("create_channel", Role(ManageChannels)),
        ("create_domain", Role(ManageDomains)),
        ("create_export", Account),
        ("create_folder", Role(EditContent)),
        ("create_invitation", Role(InviteMembers)),
        ("create_organization", Account),
        ("create_organization_export", Role(ExportOrganization)),
        ("create_passkey", Account),
        ("create_rendition", Role(EditContent)),
        ("create_session", Nothing),
        ("create_session_by_passkey", Nothing),
        ("create_upload", Role(EditContent)),
        ("create_upload_address", Role(EditContent)),
        ("create_user", Nothing),
        ("create_video", Role(EditContent)),
        ("create_webhook_endpoint", Role(ManageWebhooks)),
        ("decline_invitation", Nothing),
        ("delete_api_key", Role(UseApiKeys)),
        ("delete_asset", Role(EditContent)),
        ("delete_channel", Role(ManageChannels)),
        ("delete_current_session", Account),
        ("delete_domain", Role(ManageDomains)),
        ("delete_export", Account),
        ("delete_folder", Role(EditContent)),
        ("delete_identity", Account),
        ("delete_image_preset", Role(EditContent)),
        ("delete_member", Role(ManageMembers)),
        ("delete_organization", Role(DeleteOrganization)),
        ("delete_organization_export", Role(ExportOrganization)),
        ("delete_other_sessions", Account),
        ("delete_passkey", Account),
        ("delete_session", Account),
        ("delete_subtitles", Role(EditContent)),
        ("delete_totp", Account),
        ("delete_upload", Role(EditContent)),
        ("delete_video", Role(EditContent)),
        ("delete_webhook_endpoint", Role(ManageWebhooks)),
        ("describe_upload_server", Nothing),
        ("encode_asset", Role(EditContent)),
        ("export_audit_log", Role(ReadAuditLog)),
        ("export_request_log", Role(ReadAnalytics)),
        ("finish_provider_sign_in", Nothing),
        ("get_asset", Role(ReadContent)),
        ("get_clip_address", Role(ReadContent)),
        ("get_delivery_policy", Role(ManageDelivery)),
        ("get_encoding_settings", Role(ManageEncoding)),
        ("get_captions_json", Role(ReadContent)),
        ("get_captions_srt", Role(ReadContent)),
        ("get_captions_txt", Role(ReadContent)),
        ("get_captions_vtt", Role(ReadContent)),
        ("get_email_change", Account),
        ("get_erasure", Account),
        ("get_export", Account),
        ("get_image_addresses", Role(ReadContent)),
        ("get_me", Account),
        ("get_media_cookie", Role(ReadContent)),
        ("get_organization", Role(SeeOrganization)),
        ("get_organization_export", Role(ExportOrganization)),
        ("get_preferences", Account),
        ("get_storage", Role(ReadAnalytics)),
        ("get_summary", Role(ReadContent)),
        ("get_task", Role(ReadContent)),
        ("get_task_stats", Role(ReadContent)),
        ("get_traffic", Role(ReadAnalytics)),
        ("get_transcript", Role(ReadContent)),
        ("get_upload", Role(ReadContent)),
        ("get_upload_limits", Role(EditContent)),
        ("get_upload_offset", Role(EditContent)),
        ("get_video", Role(ReadContent)),
        ("get_webhook_delivery", Role(ManageWebhooks)),
        ("get_webhook_endpoint", Role(ManageWebhooks)),
        ("import_file", Role(EditContent)),
        ("list_api_keys", Role(UseApiKeys)),
        ("list_assets", Role(ReadContent)),
        ("list_audit_entries", Role(ReadAuditLog)),
        ("list_channels", Role(ReadContent)),
        ("list_consents", Account),
        ("list_document_pages", Role(ReadContent)),
        ("list_domains", Role(ManageDomains)),
        ("list_exports", Account),
        ("list_folders", Role(ReadContent)),
        ("list_identities", Account),
        ("list_image_presets", Role(ReadContent)),
        ("list_invitations", Role(InviteMembers)),
        ("list_key_frames", Role(ReadContent)),
        ("list_renditions", Role(ReadContent)),
        ("list_members", Role(SeeMembers)),
        ("list_organization_exports", Role(ExportOrganization)),
        ("list_passkeys", Account),
        ("list_providers", Nothing),
        ("list_route_traffic", Role(ReadAnalytics)),
        ("list_sessions", Account),
        ("list_subtitles", Role(ReadContent)),
        ("list_tasks", Role(ReadContent)),
        ("list_videos", Role(ReadContent)),
        ("list_webhook_deliveries", Role(ManageWebhooks)),
        ("list_webhook_endpoints", Role(ManageWebhooks)),
        ("list_webhook_events", Role(ManageWebhooks)),
        ("lookup_invitation", Nothing),
        ("put_captions", Role(EditContent)),
        ("put_delivery_policy", Role(ManageDelivery)),
        ("put_encoding_settings", Role(ManageEncoding)),
        ("put_image_preset", Role(EditContent)),
        ("put_subtitles", Role(EditContent)),
        ("put_upload_content", Nothing),
        ("put_upload_limits", Role(ManageOrganization)),
        ("record_consent", Account),
        ("renew_recovery_codes", Account),
        ("replay_webhook_deliveries", Role(ManageWebhooks)),
        ("replay_webhook_delivery", Role(ManageWebhooks)),
        ("request_erasure", Account),
        ("request_password_reset", Nothing),
        ("reread_asset", Role(EditContent)),
        ("resend_confirmation", Account),
        ("resend_invitation", Role(InviteMembers)),
        ("reset_password", Nothing),
        ("restore_asset", Role(EditContent)),
        ("restore_organization", Role(RestoreOrganization)),
        ("restore_video", Role(EditContent)),
        ("retry_task", Role(EditContent)),
        ("retry_video", Role(EditContent)),
        ("revoke_invitation", Role(InviteMembers)),
        ("rotate_webhook_secret", Role(ManageWebhooks)),
        ("search", Role(ReadContent)),
        ("start_provider_sign_in", Nothing),
        ("stream_events", Role(ReadContent)),
        ("test_webhook_endpoint", Role(ManageWebhooks)),
        ("transfer_organization", Role(TransferOrganization)),
        ("update_asset", Role(EditContent)),
        ("update_channel", Role(ManageChannels)),
        ("update_domain", Role(ManageDomains)),
        ("update_folder", Role(EditContent)),
        ("update_me", Account),
        ("update_member", Role(ManageMembers)),
        ("update_organization", Role(ManageOrganization)),
        ("update_passkey", Account),
        ("update_preferences", Account),
        ("update_speaker", Role(EditContent)),
        ("update_task", Role(PrioritiseTasks)),
        ("update_video", Role(EditContent)),
        ("update_webhook_endpoint", Role(ManageWebhooks)),
        ("upload_form", Role(EditContent)),
        ("verify_domain", Role(ManageDomains)),
        ("withdraw_email_change", Account),
        ("withdraw_erasure", Account),
    ]
};

/// What takes another role than the rest of its operation. `members.rs`, `invitations.rs` and the test of slugs below hold these.
const BESIDES: [(Action, &str, &str); 6] = [
    (Action::LeaveOrganization, "delete_member", "of oneself"),
    (Action::ChangeSlug, "update_organization", "its slug"),
    (Action::ManageOwners, "create_invitation", "as an owner"),
    (Action::ManageOwners, "resend_invitation", "as an owner"),
    (Action::ManageOwners, "update_member", "to or from owner"),
    (Action::ManageOwners, "delete_member", "of an owner"),
];

fn takes(operation: &Operation) -> Takes {
    let id = operation.id.as_str();
    let found = TAKES.iter().find(|(known, _)| *known == id);
    let (_, takes) = found.unwrap_or_else(|| panic!("say in TAKES what {id} takes"));
    assert_eq!(PUBLIC.contains(&id), *takes == Takes::Nothing, "{id}");
    *takes
}

/// Calls an operation about things that do not exist, in `organization_id`; status and code.
async fn attempt(
    app: &TestApp,
    person: &Person,
    organization_id: &str,
    operation: &Operation,
) -> (u16, Option<String>) {
    // Signing out happens in a browser of its own.
    let signs_out = operation.path.contains("/sessions/current");
    let client = if signs_out { app.signed_in(person).await.client } else { person.client.clone() };
    let nothing = same_everywhere("00000000-0000-7000-8000-000000000001");
    let request = request(&client, operation, &nothing).header("memoreel-organization", organization_id);
    let answer = call(request, operation).await;
    let code = serde_json::from_slice::<Value>(&answer.body).ok();
    (answer.status, code.and_then(|body| Some(body["code"].as_str()?.to_owned())))
}

#[tokio::test]
async fn every_operation_is_open_to_exactly_the_roles_of_the_table() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let id = new_organization(&ada, "Harbour").await;
    let mut people = Vec::new();
    for role in Role::ALL {
        let person = app.person(role.as_str()).await;
        app.add_member(&id, &person, role.as_str()).await;
        people.push((role, person));
    }
    let mut refused = 0;
    for operation in operations(&ada).await {
        let takes = takes(&operation);
        if takes == Takes::Nothing {
            continue;
        }
        for (role, person) in &people {
            let (status, code) = attempt(&app, person, &id, &operation).await;
            let is_refused = match takes {
                Takes::Role(action) => *role < action.least_role(),
                Takes::Account | Takes::Nothing => false,
            };
            assert_eq!(status == 403, is_refused, "{} as {role:?}: {status} {code:?}", operation.id);
            if is_refused && operation.verb != "HEAD" {
                assert_eq!(code.as_deref(), Some("forbidden"), "{} as {role:?}", operation.id);
            }
            refused += u32::from(is_refused);
            assert!(status < 500, "{} as {role:?}: {status}", operation.id);
        }
    }
    assert!(refused > 40, "{refused}");
}

#[tokio::test]
async fn viewers_change_nothing_but_their_own_account_and_keys() {
    let app = TestApp::start().await;
    for operation in operations(&app.visitor()).await {
        let changes = !matches!(operation.verb.as_str(), "GET" | "HEAD" | "OPTIONS");
        if let Takes::Role(action) = takes(&operation)
            && changes
        {
            let is_own = action == Action::UseApiKeys;
            assert_eq!(action.least_role() == Role::Viewer, is_own, "{}", operation.id);
        }
    }
}

#[tokio::test]
async fn in_an_organization_that_is_not_at_work_every_operation_says_so() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (suspended, deleted) =
        (new_organization(&ada, "Suspended").await, new_organization(&ada, "Deleted").await);
    suspend_organization(app.db(), "suspended").await.unwrap();
    ada.ask(&deleted, "DELETE", "/organization", json!({ "slug": "deleted" })).await.is(204);
    for operation in operations(&ada).await {
        let Takes::Role(action) = takes(&operation) else { continue };
        for (id, status, code) in [
            (&suspended, OrganizationStatus::Suspended, "organization_suspended"),
            (&deleted, OrganizationStatus::Deleted, "organization_deleted"),
        ] {
            let (answered, said) = attempt(&app, &ada, id, &operation).await;
            if action.is_possible_in(status) {
                assert_eq!(answered, 200, "{}: {said:?}", operation.id);
                // What was restored is deleted again.
                if operation.id == "restore_organization" {
                    ada.ask(id, "DELETE", "/organization", json!({ "slug": "deleted" })).await.is(204);
                }
            } else {
                assert_eq!(answered, 403, "{}: {said:?}", operation.id);
                assert!(
                    operation.verb == "HEAD" || said.as_deref() == Some(code),
                    "{}: {said:?}",
                    operation.id
                );
            }
        }
    }
}

#[tokio::test]
async fn what_one_may_is_told_with_who_one_is() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let id = new_organization(&ada, "Harbour").await;
    for role in Role::ALL {
        let person = app.person(role.as_str()).await;
        app.add_member(&id, &person, role.as_str()).await;
        let me = person.ask(&id, "GET", "/me", Value::Null).await.is(200).json();
        let may: Vec<Action> = serde_json::from_value(me["may"].clone()).unwrap();
        let wanted: Vec<Action> =
            Action::ALL.into_iter().filter(|action| action.least_role() <= role).collect();
        assert_eq!(may, wanted, "{role:?}");
        let slug = person.ask(&id, "PATCH", "/organization", json!({ "slug": "port" })).await;
        assert_eq!(slug.status == 200, may.contains(&Action::ChangeSlug), "{role:?}");
    }
}

/// docs/roles.md.
fn page() -> String {
    let name = |action: Action| serde_json::to_value(action).unwrap().as_str().unwrap().to_owned();
    let mut page = String::from(
        "# Roles\n\n\
         The table is `Action::least_role` in `crates/kernel/src/action.rs`; a handler's signature names the action, and\n\
         `crates/web/src/may.rs` enforces it. `crates/server/tests/it/roles.rs` calls every operation in every role, and keeps\n\
         this page. `GET /me` tells what the caller may do.\n\n\
         | action | viewer | member | admin | owner | operations |\n|---|---|---|---|---|---|\n",
    );
    for action in Action::ALL {
        let marks = Role::ALL.map(|role| if role >= action.least_role() { "yes" } else { "" }).join(" | ");
        let whole = TAKES.iter().filter(|(_, takes)| *takes == Takes::Role(action));
        let whole = whole.map(|(id, _)| format!("`{id}`"));
        let besides = BESIDES.iter().filter(|(besides, ..)| *besides == action);
        let besides = besides.map(|(_, id, what)| format!("`{id}` {what}"));
        let operations = whole.chain(besides).collect::<Vec<_>>().join(", ");
        writeln!(page, "| {} | {marks} | {operations} |", name(action)).unwrap();
    }
    for (takes, what) in [
        (Takes::Account, "No role, because it is about the caller's own account"),
        (Takes::Nothing, "Nobody has to be signed in"),
    ] {
        let operations = TAKES.iter().filter(|(_, known)| *known == takes).map(|(id, _)| format!("`{id}`"));
        writeln!(page, "\n{what}: {}.", operations.collect::<Vec<_>>().join(", ")).unwrap();
    }
    page.push_str(
        "\nIn a suspended organization only `see_organization` is possible, in a deleted one also `restore_organization`;\n\
         everything else is refused with 403 `organization_suspended` or `organization_deleted`. Background tasks act without a\n\
         role. An API key can do what its owner can, except what takes a signed-in person (403 `session_required`).\n",
    );
    page
}

#[test]
fn every_action_is_in_the_page_with_what_it_opens_and_the_page_is_fresh() {
    let page = page();
    let idle = page.lines().find(|line| line.starts_with("| ") && line.ends_with(" |  |"));
    assert_eq!(idle, None, "an action that no operation takes");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let kept = fs::read_to_string(root.join("docs/roles.md")).unwrap_or_default();
    if kept != page {
        let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join("roles.md");
        fs::write(&fresh, page).unwrap();
        panic!("docs/roles.md is stale; what it should say is in {}", fresh.display());
    }
}
