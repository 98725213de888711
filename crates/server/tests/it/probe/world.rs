//! Two organizations with rows in every table, put straight into the database.

use super::catalog::{Class, Table};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use std::hash::{DefaultHasher, Hash, Hasher};
use uuid::Uuid;

/// The organization whose rows are tried.
pub const HERE: Uuid = Uuid::from_u128(0xa);
/// The organization from which they are tried.
pub const THERE: Uuid = Uuid::from_u128(0xb);

const ADA: (&str, Uuid) = ("ada", Uuid::from_u128(0xada));
const BOB: (&str, Uuid) = ("bob", Uuid::from_u128(0xb0b));
const CAROL: (&str, Uuid) = ("carol", Uuid::from_u128(0xca401));
const DORA: (&str, Uuid) = ("dora", Uuid::from_u128(0xd04a));

/// Whose a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Of ada, an owner here, seen by all of the organization.
    Ada,
    /// Of ada, for her alone.
    AdaPrivate,
    /// Of bob, an owner there.
    Bob,
    /// Of carol, a member here.
    Carol,
    /// Of dora, who belongs to both, here.
    DoraHere,
    /// Of dora, there.
    DoraThere,
}

impl Place {
    pub fn organization_id(self) -> Uuid {
        if matches!(self, Self::Bob | Self::DoraThere) { THERE } else { HERE }
    }

    pub fn name(self) -> &'static str {
        self.person().0
    }

    pub fn user_id(self) -> Uuid {
        self.person().1
    }

    fn person(self) -> (&'static str, Uuid) {
        match self {
            Self::Ada | Self::AdaPrivate => ADA,
            Self::Bob => BOB,
            Self::Carol => CAROL,
            Self::DoraHere | Self::DoraThere => DORA,
        }
    }

    /// The id of this place's row in `table`.
    pub fn id(self, table: &str) -> Uuid {
        match table {
            "users" => self.user_id(),
            "organizations" => self.organization_id(),
            // Shared by all.
            "embedding_models" => Uuid::from_u128(1),
            _ => {
                let mut hasher = DefaultHasher::new();
                (table, self as u8).hash(&mut hasher);
                Uuid::from_u128(hasher.finish().into())
            }
        }
    }

    fn visibility(self) -> &'static str {
        if self == Self::AdaPrivate { "private" } else { "organization" }
    }

    /// The columns that say whose a row is, each filled wherever a table has it.
    fn columns(self, table: &str) -> [(&'static str, Value); 9] {
        [
            ("organization_id", json!(self.organization_id())),
            ("id", json!(self.id(table))),
            ("user_id", json!(self.user_id())),
            ("author_id", json!(self.user_id())),
            ("owner_id", json!(self.user_id())),
            ("visibility", json!(self.visibility())),
            ("video_id", json!(self.id("videos"))),
            ("chunk_id", json!(self.id("chunks"))),
            ("asset_id", json!(self.id("assets"))),
        ]
    }
}

/// What a row holds beside the columns that say whose it is, unless it says otherwise of one, and those with a default.
type Rest = fn(Place) -> Value;

/// Every table, after those it refers to.
const ROWS: &[(&str, Rest)] = &[
    ("users", |at| json!({ "email": format!("{}@example.com", at.name()), "name": at.name() })),
    // One that its owner deleted, and one that is at work.
    ("organizations", |at| match at.organization_id() {
        HERE => {
            json!({ "name": at.name(), "slug": at.name(), "status": "deleted", "erased_after": "2099-01-01" })
        }
        _ => json!({ "name": at.name(), "slug": at.name() }),
    }),
    ("memberships", |at| json!({ "role": if at == Place::Carol { "member" } else { "owner" } })),
    ("organization_invitations", |at| {
        json!({
            "email": format!("guest-of-{}@example.com", at.name()), "role": "viewer",
            "token_hash": bytes(at.id("organization_invitations")), "expires_at": "2099-01-01"
        })
    }),
    (
        "email_tokens",
        |at| json!({ "purpose": "confirm", "email": format!("{}@example.com", at.name()), "expires_at": "2099-01-01" }),
    ),
    ("user_identities", |at| json!({ "provider": "harbour", "subject": at.name() })),
    ("provider_sign_ins", |at| {
        json!({
            "browser_hash": hash(at.id("provider_sign_ins")), "state_hash": hash(at.id("provider_sign_ins")),
            "provider": "harbour", "return_to": "/", "expires_at": "2099-01-01"
        })
    }),
    (
        "organization_domains",
        |at| json!({ "domain": format!("{}.example", at.name()), "verification_token": at.name() }),
    ),
    ("user_totp", |_| json!({ "secret": "\\x00" })),
    ("user_recovery_codes", |at| json!({ "code_hash": hash(at.id("user_recovery_codes")) })),
    ("user_passkeys", |at| {
        json!({
            "credential_id": bytes(at.id("user_passkeys")), "credential": {}, "backed_up": false, "name": "Laptop"
        })
    }),
    ("passkey_ceremonies", |at| {
        json!({
            "token_hash": hash(at.id("passkey_ceremonies")), "purpose": "register", "state": {},
            "expires_at": "2099-01-01"
        })
    }),
    ("sign_in_attempts", |at| {
        json!({
            "account_key": hash(at.id("sign_in_attempts")), "attempts": 1, "attempted_at": "2020-01-01",
            "free_at": "2020-01-01"
        })
    }),
    ("consents", |_| json!({ "document": "terms", "version": "1", "is_given": true })),
    ("export_requests", |_| json!({})),
    ("organization_exports", |_| json!({})),
    ("erasures", |at| json!({ "kind": "person", "subject_id": at.user_id(), "asked_by": "person" })),
    (
        "organization_stores",
        |at| json!({ "id": at.organization_id(), "store": "archive", "state": "settled", "generation": 1 }),
    ),
    ("store_processes", |_| json!({})),
    ("user_preferences", |_| json!({})),
    ("user_extensions", |_| json!({})),
    ("sessions", |at| json!({ "token_hash": bytes(at.id("sessions")), "expires_at": "2099-01-01" })),
    ("api_keys", |at| json!({ "name": "Nightly", "prefix": "mrl_", "token_hash": bytes(at.id("api_keys")) })),
    ("idempotency_keys", |_| json!({ "key": "once", "request_hash": "\\x00" })),
    ("channels", |_| json!({ "name": "Board" })),
    (
        "blobs",
        |_| json!({ "sha256": format!("\\x{}", "00".repeat(32)), "byte_size": 1, "blob_key": "a.mp4" }),
    ),
    ("folders", |_| json!({ "name": "Board" })),
    ("assets", |_| json!({ "filename": "a.mp4", "original_filename": "a.mp4", "byte_size": 1 })),
    ("asset_terms", |_| json!({ "term": "tag:board" })),
    (
        "document_pages",
        |at| json!({ "asset_id": at.id("assets"), "page_number": 1, "text": "Harbour", "source": "ocr" }),
    ),
    ("delivery_policies", |_| json!({})),
    ("encoding_settings", |_| json!({})),
    ("upload_limits", |_| json!({})),
    ("key_frames", |at| {
        json!({
            "asset_id": at.id("assets"), "start_ms": 0, "shown": [], "hash": 0, "text": "Harbour", "confidence": 1, "width": 2,
            "height": 2
        })
    }),
    ("image_presets", |_| json!({ "name": "card", "options": "w=400" })),
    ("renditions", |at| {
        json!({
            "asset_id": at.id("assets"), "kind": "poster", "name": "poster", "blob_key": "poster.jpg",
            "content_type": "image/jpeg", "byte_size": 1
        })
    }),
    ("blob_deletions", |_| json!({ "blob_key": "old", "not_before": "2099-01-01", "reason": "replaced" })),
    ("videos", |_| json!({ "title": "Harbour" })),
    ("uploads", |_| json!({ "filename": "a.mp4", "size_bytes": 1, "expires_at": "2099-01-01" })),
    ("tasks", |at| json!({ "kind": "probe", "subject_id": at.id("videos") })),
    ("webhook_endpoints", |_| json!({ "url": "https://example.com/hook", "events": "{video.added}" })),
    ("webhook_secrets", |at| json!({ "endpoint_id": at.id("webhook_endpoints"), "secret": "\\x00" })),
    (
        "webhook_deliveries",
        |at| json!({ "endpoint_id": at.id("webhook_endpoints"), "event": "video.added", "payload": "{}" }),
    ),
    ("outbox", |at| json!({ "kind": "video_changed", "aggregate_id": at.id("videos"), "payload": {} })),
    ("transcripts", |_| json!({ "engine": "person" })),
    ("speakers", |_| json!({ "label": "Speaker 1", "hue": 0 })),
    ("subtitles", |_| json!({ "language": "de", "webvtt": "WEBVTT" })),
    ("transcript_segments", |at| {
        json!({
            "transcript_id": at.id("transcripts"), "segment_index": 0, "start_ms": 0, "end_ms": 1,
            "text": "Harbour"
        })
    }),
    ("video_summaries", |_| json!({ "engine": "extract" })),
    // Before the chunks, whose trigger adds to it.
    ("organization_chunk_counts", |_| json!({ "chunk_count": 0 })),
    (
        "chunks",
        |at| json!({ "asset_id": null, "entity_type": "transcript", "entity_id": at.id("transcripts"), "chunk_index": 0, "text": "Harbour" }),
    ),
    ("audit_logs", |at| {
        json!({
            "actor_kind": "session", "action": "video.updated", "target_kind": "video", "target_id": at.id("videos"),
            "details_salt": null, "details_digest": "\\x00"
        })
    }),
    (
        "request_logs",
        |_| json!({ "method": "GET", "route": "/api/v1/me", "path": "/api/v1/me", "status_code": 200 }),
    ),
    ("embedding_models", |_| json!({ "name": "of the probe", "dimensions": 3 })),
    ("chunk_embeddings", |at| json!({ "model_id": at.id("embedding_models"), "embedding": "[1,0,0]" })),
];

fn bytes(id: Uuid) -> String {
    format!("\\x{}", id.simple())
}

/// As long as a SHA-256.
fn hash(id: Uuid) -> String {
    format!("\\x{0}{0}", id.simple())
}

/// A row that lies in the database.
#[derive(Debug, Clone)]
pub struct Row {
    pub place: Place,
    /// All its columns.
    pub json: String,
    /// Where it lies; another version of it would lie elsewhere.
    pub ctid: String,
    /// The condition that finds it by its primary key.
    pub key: String,
}

/// Whose rows a table of this class holds.
pub fn places(table: &Table) -> &'static [Place] {
    use Place::{Ada, AdaPrivate, Bob, Carol, DoraHere, DoraThere};
    match (table.name.as_str(), table.class) {
        ("users", _) => &[Ada, Carol, DoraHere, Bob],
        ("memberships", _) => &[Ada, Carol, DoraHere, DoraThere, Bob],
        (_, Class::Organization | Class::Owner | Class::System) => &[Ada, Bob],
        (_, Class::Person) if table.has("organization_id") => &[DoraHere, DoraThere, Carol, Bob],
        (_, Class::Person) => &[Ada, Carol, Bob],
        (_, Class::Video | Class::Parent) => &[Ada, AdaPrivate, Bob],
        (_, Class::Shared) => &[Ada],
    }
}

/// Puts rows into every table.
pub async fn fill(connection: &mut PgConnection, tables: &mut [Table]) {
    for table in &*tables {
        assert!(
            ROWS.iter().any(|(name, _)| *name == table.name),
            "the isolation probe has no row of {}: add one to ROWS in tests/it/probe/world.rs",
            table.name
        );
    }
    for (name, rest) in ROWS {
        let table = tables.iter_mut().find(|table| table.name == *name);
        let table = table.unwrap_or_else(|| panic!("ROWS has {name}, which is no table"));
        for place in places(table) {
            let mut row = rest(*place);
            for (column, value) in place.columns(name) {
                if table.has(column) && row.get(column).is_none() {
                    row[column] = value;
                }
            }
            let key = insert(connection, table, &row).await;
            table.rows.push(Row { place: *place, json: String::new(), ctid: String::new(), key });
        }
    }
    // Triggers may have changed them meanwhile.
    for table in tables {
        for row in &mut table.rows {
            let query =
                format!("SELECT to_jsonb(t)::text, t.ctid::text FROM {} AS t WHERE {}", table.name, row.key);
            (row.json, row.ctid) =
                sqlx::query_as(AssertSqlSafe(query)).fetch_one(&mut *connection).await.unwrap();
        }
    }
}

/// Returns the condition that finds the row.
async fn insert(connection: &mut PgConnection, table: &Table, row: &Value) -> String {
    let name = &table.name;
    let columns: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
    let columns = columns.join(", ");
    let statement = format!(
        "INSERT INTO {name} AS t ({columns}) SELECT {columns} FROM jsonb_populate_record(NULL::{name}, {})
         RETURNING {}",
        literal(&row.to_string()),
        table.key_expression,
    );
    sqlx::query_scalar(AssertSqlSafe(statement))
        .fetch_one(connection)
        .await
        .unwrap_or_else(|error| panic!("the probe's row of {name} does not fit: {error}"))
}

/// A quoted SQL literal.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
