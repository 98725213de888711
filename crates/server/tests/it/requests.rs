//! A request of every operation that would be accepted of whoever may make it.

use crate::{
    authenticator::Authenticator,
    client::{Client, PASSWORD, metadata},
    isolation::Ids,
    openapi::Operation,
};
use reqwest::{
    RequestBuilder,
    multipart::{Form, Part},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The operation with `ids` in its path and a body that would be accepted.
pub fn request(client: &Client, operation: &Operation, ids: &Ids) -> RequestBuilder {
    let resource = operation.path.split('/').nth(3).unwrap();
    let mut path = operation.path.replace("{speaker_id}", &ids["speaker_id"]);
    path = path.replace("{user_id}", &ids["user_id"]);
    if path.contains("{id}") {
        path = path.replace("{id}", &ids[resource]);
    }
    let preset = if operation.id == "put_image_preset" { "mine" } else { "wharf" };
    path = path.replace("{name}", preset).replace("{language}", "de");
    let request = client.request(&operation.verb, &path);
    let json = |body: Value| request.try_clone().unwrap().json(&body);
    match operation.id.as_str() {
        "append_upload" => request
            .header("tus-resumable", "1.0.0")
            .header("upload-offset", 4)
            .header("content-type", "application/offset+octet-stream")
            .body("zzzz"),
        "create_upload" => request
            .header("tus-resumable", "1.0.0")
            .header("upload-length", 3)
            .header("content-type", "application/offset+octet-stream")
            .header("upload-metadata", metadata(&[("filename", "b.mp4"), ("channel_id", &ids["channels"])]))
            .body("abc"),
        "create_upload_address" => json(json!({
            "size_bytes": 3, "filename": "b.mp4", "channel_id": ids["channels"], "folder_id": ids["folders"],
        })),
        "put_upload_content" => request.query(&[("s", "A".repeat(80))]).body("zzz"),
        "import_file" => json(json!({
            "url": "https://media.example/b.mp4", "channel_id": ids["channels"], "folder_id": ids["folders"],
        })),
        "upload_form" => {
            let form = Form::new()
                .text("channel_id", ids["channels"].clone())
                .text("folder_id", ids["folders"].clone());
            request.multipart(form.part("file", Part::bytes(b"abc".to_vec()).file_name("b.mp4")))
        }
        "get_upload_offset" => request.header("tus-resumable", "1.0.0"),
        "put_captions" | "put_subtitles" => request
            .header("content-type", "text/vtt")
            .body("WEBVTT\n\n00:00.000 --> 00:02.000\nNothing of this was said.\n"),
        "create_organization"
        | "update_organization"
        | "create_api_key"
        | "create_channel"
        | "update_channel"
        | "update_speaker"
        | "update_me" => json(json!({ "name": "Mine" })),
        "delete_organization" => json(json!({ "slug": "mine" })),
        "transfer_organization" => json(json!({ "user_id": ids["user_id"] })),
        "update_member" => json(json!({ "role": "viewer" })),
        "create_invitation" => json(json!({ "email": "new@example.com", "role": "viewer" })),
        "lookup_invitation" | "accept_invitation" | "decline_invitation" => {
            json(json!({ "token": "A".repeat(43) }))
        }
        "create_video" => json(json!({ "title": "Mine" })),
        "create_folder" | "update_folder" => json(json!({ "name": "Mine" })),
        "update_asset" => {
            json(json!({ "filename": "mine.heic", "tags": ["mine"], "metadata": { "mine": true } }))
        }
        "change_assets" => json(json!({ "action": "delete", "ids": [ids["assets"]] })),
        "update_video" => json(json!({ "title": "Mine", "visibility": "public" })),
        "create_user" => json(json!({ "email": "new@example.com", "name": "New", "password": PASSWORD })),
        "confirm_totp" => json(json!({ "code": "junk" })),
        "update_preferences" => json(json!({ "theme": "dark" })),
        "delete_totp" | "renew_recovery_codes" => json(json!({ "password": PASSWORD })),
        "begin_totp"
        | "begin_passkey"
        | "delete_passkey"
        | "start_provider_sign_in"
        | "rotate_webhook_secret" => json(json!({})),
        "update_passkey" => json(json!({ "name": "Mine" })),
        "create_passkey" => {
            let mut device = Authenticator::new();
            let credential = device.create(&json!({ "user": { "id": "eA" }, "challenge": "eA" }));
            json(json!({ "ceremony": "A".repeat(43), "name": "Mine", "credential": credential }))
        }
        "create_session_by_passkey" => {
            let credential = Authenticator::new().get(&json!({ "challenge": "eA" }));
            json(json!({ "ceremony": "A".repeat(43), "credential": credential }))
        }
        "record_consent" => json(json!({ "document": "marketing", "version": "1", "is_given": true })),
        // Nobody's address, so that nobody's account is closed.
        "request_erasure" => json(json!({ "email": "nobody@example.org" })),
        "change_email" => json(json!({ "email": "new@example.org", "password": PASSWORD })),
        "change_password" => json(json!({ "current_password": PASSWORD, "new_password": PASSWORD })),
        "confirm_email" | "confirm_email_change" => json(json!({ "token": "A".repeat(64) })),
        "request_password_reset" => json(json!({ "email": "new@example.com" })),
        "reset_password" => json(json!({ "token": "A".repeat(64), "password": PASSWORD })),
        "create_session" => json(json!({ "email": "new@example.com", "password": PASSWORD })),
        "confirm_provider_sign_in" => json(json!({ "code": "junk" })),
        "create_domain" => json(json!({ "domain": "mine.example" })),
        "update_domain" => json(json!({ "join_role": "viewer" })),
        "list_assets" => request.query(&[("q", "harbour")]),
        "get_clip_address" => request.query(&[("from_seconds", "0"), ("to_seconds", "1")]),
        "put_delivery_policy" => json(json!({
            "allowed_origins": ["https://mine.example"], "referrer_domains": [], "allows_no_referrer": true,
            "shared_caching": false, "cache_seconds": 60
        })),
        "create_rendition" => json(json!({ "format": "mp3" })),
        "put_encoding_settings" => json(json!({ "codec": "h264", "steps": [{ "height": 480 }] })),
        "put_image_preset" => json(json!({ "options": "w=402" })),
        "put_upload_limits" => json(json!({
            "video_bytes_max": 1 << 30, "audio_bytes_max": 1 << 20, "image_bytes_max": 1 << 20, "document_bytes_max": 1 << 20
        })),
        "create_webhook_endpoint" => {
            json(json!({ "url": "https://example.com/mine", "events": ["video.added"] }))
        }
        "update_task" => json(json!({ "priority": 1 })),
        "update_webhook_endpoint" => json(json!({ "url": "https://example.com/mine" })),
        "replay_webhook_deliveries" => json(json!({ "from": "2020-01-01T00:00:00Z" })),
        "search" => request.query(&[("q", "harbour budget committee")]),
        _ => request,
    }
}

/// One id in every place of a path.
pub fn same_everywhere(id: &str) -> BTreeMap<&'static str, String> {
    [
        "videos",
        "assets",
        "channels",
        "speaker_id",
        "user_id",
        "api-keys",
        "passkeys",
        "sessions",
        "invitations",
        "tasks",
        "uploads",
        "domains",
        "folders",
        "identities",
        "me",
        "webhook-endpoints",
        "webhook-deliveries",
        "organization",
    ]
    .map(|name| (name, id.to_owned()))
    .into()
}
