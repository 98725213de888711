//! Putting a mark into everything that is somebody's, and looking for it everywhere.

use memoreel_db::{derive_password, embedded::ADMIN_USER};
use memoreel_parts::Parts;
use memoreel_testkit::{SECRET, SHARED_CLUSTER};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use uuid::Uuid;

/// A word that nothing else contains, that no stemmer shortens and that needs no escaping anywhere.
pub const MARK: &str = "zqmark7391x";

/// Columns into which nobody's words can come, and why. `*` is every column of the table.
const UNMARKED: &[(&str, &str, &str)] = &[
    ("_sqlx_migrations", "*", "which migrations were applied"),
    ("embedding_models", "*", "models of the instance"),
    ("erasures", "*", "written by the erasure itself; looked at afterwards"),
    (
        "sign_in_attempts",
        "account_key",
        "an authentication code of the account; that its row goes is looked at",
    ),
    ("api_keys", "role", "one of a list"),
    ("assets", "kind", "one of a list"),
    ("assets", "status", "one of a list"),
    ("assets", "visibility", "one of a list"),
    ("audit_logs", "actor_kind", "one of a list"),
    ("blobs", "*", "checksums, and where files lie by the ids of their uploads"),
    ("chunks", "entity_type", "one of a list"),
    ("chunks", "visibility", "one of a list"),
    ("consents", "document", "one of a list"),
    (
        "delivery_policies",
        "*",
        "web sites of the organization, in the spelling of addresses, which stay without whoever named them",
    ),
    (
        "document_pages",
        "*",
        "of the organization's documents, which stay without whoever uploaded them, and go with it",
    ),
    ("email_tokens", "purpose", "one of a list"),
    ("encoding_settings", "codec", "one of a list"),
    ("image_presets", "*", "sizes and formats, under words in lower case that say for what"),
    (
        "key_frames",
        "*",
        "what is on screen in videos, with which it goes: private ones go with the person, shared ones stay without them",
    ),
    ("memberships", "role", "one of a list"),
    ("organization_invitations", "role", "one of a list"),
    ("organization_invitations", "status", "one of a list"),
    ("organization_domains", "join_role", "one of a list"),
    ("organization_domains", "verified_by", "one of a list"),
    ("organization_stores", "*", "names of stores and places in them, from the server's configuration"),
    ("organizations", "status", "one of a list"),
    ("passkey_ceremonies", "purpose", "one of a list"),
    ("provider_sign_ins", "*", "trips of ten minutes: hashes, and a path of this server"),
    ("renditions", "kind", "one of a list"),
    ("request_logs", "address", "a network, which is no word"),
    ("request_logs_default", "address", "a network, which is no word"),
    ("store_processes", "*", "names of files, made of ids, for the seconds in which they are copied"),
    ("tasks", "status", "one of a list"),
    ("uploads", "kind", "one of a list"),
    ("uploads", "source", "sealed, and there only while a file is fetched"),
    ("uploads", "status", "one of a list"),
    ("user_preferences", "email_notifications", "one of a list"),
    ("user_preferences", "theme", "one of a list"),
    ("videos", "source", "one of a list"),
    ("videos", "status", "one of a list"),
    ("videos", "visibility", "one of a list"),
    ("webhook_deliveries", "status", "one of a list"),
    ("webhook_endpoints", "disabled_reason", "one of a list"),
];

/// Whose things are marked.
#[derive(Debug, Clone)]
pub struct Owner {
    /// Everything of this organization.
    pub organization_id: Uuid,
    /// And, for a person, everything of them elsewhere.
    pub user_id: Option<Uuid>,
}

#[derive(Debug, sqlx::FromRow)]
struct Column {
    table_name: String,
    column_name: String,
    kind: String,
    is_written: bool,
}

/// Every column that can hold words: text, JSON, bytes, and what is made of text.
async fn columns(connection: &mut PgConnection) -> Vec<Column> {
    sqlx::query_as(
        "SELECT c.table_name::text, c.column_name::text, c.udt_name::text AS kind, c.is_generated = 'NEVER' AS is_written
         FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
         WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
             AND c.udt_name IN ('text', 'varchar', 'bpchar', 'citext', 'name', 'json', 'jsonb', 'bytea', '_text', '_varchar', 'tsvector', 'xml',
                 'hstore', 'inet', 'cidr')
         ORDER BY 1, 2",
    )
    .fetch_all(connection)
    .await
    .unwrap()
}

/// The columns of a table that are not generated, which alone can be written, for a statement.
pub async fn written_columns(connection: &mut PgConnection, table: &str) -> String {
    sqlx::query_scalar(
        "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER'",
    )
    .bind(table)
    .fetch_one(connection)
    .await
    .unwrap()
}

/// Puts the mark into every column of everything that is the owner's, and fails when one cannot take it and does not hold it.
pub async fn mark_rows(connection: &mut PgConnection, owner: &Owner) {
    let columns = columns(connection).await;
    let has = |table: &str, name: &str, all: &[String]| all.contains(&format!("{table}.{name}"));
    let all: Vec<String> = sqlx::query_scalar(
        "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    // An organization has nothing in the tables that are people's alone.
    let is_of_people = |table: &str| {
        owner.user_id.is_none() && table != "organizations" && !has(table, "organization_id", &all)
    };
    for column in columns.iter().filter(|column| column.is_written) {
        if is_excused(&column.table_name, &column.column_name) {
            continue;
        }
        let table = column.table_name.as_str();
        let held = holds_mark(connection, column).await;
        // Addresses lead to the mails that are to go.
        if is_of_people(table) || (held && column.column_name.ends_with("email")) {
            continue;
        }
        let rows = rows_of_owner(table, owner, |name| has(table, name, &all));
        let values: &[String] = &match column.kind.as_str() {
            "jsonb" | "json" => vec![format!("'{{\"mark\": \"{MARK}\"}}'")],
            "bytea" => vec![
                format!("convert_to('{MARK}' || md5(random()::text), 'UTF8')"),
                // As long as a SHA-256.
                format!("convert_to(rpad('{MARK}' || md5(random()::text), 32, 'x'), 'UTF8')"),
            ],
            "_text" | "_varchar" => vec![format!("ARRAY['{MARK}']")],
            _ => vec![
                format!("'{MARK}'"),
                format!("'{MARK}@example.com'"),
                // Where each must be another one.
                format!("'{MARK}' || substr(md5(random()::text), 1, 8)"),
            ],
        };
        let mut done = held;
        for value in values {
            let mut tx = connection.begin().await.unwrap();
            let statement = format!("UPDATE {table} SET {} = {value} WHERE {rows}", column.column_name);
            // What follows from changes is not what is tried here.
            sqlx::query("SET LOCAL session_replication_role = replica").execute(&mut *tx).await.unwrap();
            if let Ok(updated) = sqlx::query(AssertSqlSafe(statement)).execute(&mut *tx).await
                && updated.rows_affected() > 0
            {
                tx.commit().await.unwrap();
                done = true;
                break;
            }
        }
        assert!(
            done,
            "{table}.{}: no row of {owner:?} can take the mark; make one in tests/it/erasure, or say in UNMARKED why not",
            column.column_name
        );
    }
    // And all of them do, those that are generated too.
    for column in &columns {
        let excused = is_excused(&column.table_name, &column.column_name) || is_of_people(&column.table_name);
        assert!(
            excused || holds_mark(connection, column).await,
            "{}.{} does not hold the mark",
            column.table_name,
            column.column_name
        );
    }
}

fn is_excused(table: &str, column: &str) -> bool {
    UNMARKED.iter().any(|(of, name, _)| *of == table && (*name == "*" || *name == column))
}

/// Every excuse is one for a column that is there.
pub async fn stale_excuses(connection: &mut PgConnection) -> Vec<String> {
    let columns = columns(connection).await;
    UNMARKED
        .iter()
        .filter(|(table, name, _)| {
            !columns
                .iter()
                .any(|known| known.table_name == *table && (*name == "*" || known.column_name == *name))
        })
        .map(|(table, name, _)| format!("{table}.{name}"))
        .collect()
}

async fn holds_mark(
    connection: &mut PgConnection,
    Column { table_name, column_name, kind, .. }: &Column,
) -> bool {
    let found = match kind.as_str() {
        "bytea" => format!("position(convert_to('{MARK}', 'UTF8') IN {column_name}) > 0"),
        _ => format!("position('{MARK}' IN {column_name}::text) > 0"),
    };
    let query = format!("SELECT EXISTS (SELECT FROM {table_name} WHERE {found})");
    sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(connection).await.unwrap()
}

/// The rows that are the owner's, as a condition.
fn rows_of_owner(table: &str, owner: &Owner, has: impl Fn(&str) -> bool) -> String {
    let organization_id = owner.organization_id;
    let mut conditions = Vec::new();
    if table == "organizations" {
        conditions.push(format!("id = '{organization_id}'"));
    }
    if has("organization_id") {
        conditions.push(format!("organization_id = '{organization_id}'"));
    }
    if let Some(user_id) = owner.user_id {
        let private =
            format!("SELECT id FROM videos WHERE author_id = '{user_id}' AND visibility = 'private'");
        let assets = format!("SELECT asset_id FROM videos WHERE id IN ({private})");
        match table {
            "users" => conditions.push(format!("id = '{user_id}'")),
            "videos" => conditions.push(format!("id IN ({private})")),
            "assets" => conditions.push(format!("id IN ({assets})")),
            "renditions" => conditions.push(format!("asset_id IN ({assets})")),
            "tasks" => conditions.push(format!("subject_id IN ({private})")),
            "outbox" => conditions.push(format!("aggregate_id IN ({private})")),
            // The voice that is linked to them in a shared video is that video's; what it is called is looked at.
            "speakers" => conditions.push(format!("video_id IN ({private})")),
            "audit_logs" => {}
            "organization_invitations" => conditions.push(format!("email LIKE '{MARK}%'")),
            _ if has("video_id") => {
                conditions.push(format!("video_id IN ({private})"));
                if has("user_id") {
                    conditions.push(format!("user_id = '{user_id}'"));
                }
            }
            _ if has("user_id") => conditions.push(format!("user_id = '{user_id}'")),
            _ => {}
        }
    }
    if conditions.is_empty() { "false".to_owned() } else { conditions.join(" OR ") }
}

/// The mark as it may be written: as it is, in capitals, in hexadecimal, in base 64 wherever it begins in it, in UTF-16.
fn spellings() -> Vec<Vec<u8>> {
    use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE};
    let mut all = vec![
        MARK.as_bytes().to_vec(),
        MARK.to_uppercase().into_bytes(),
        hex::encode(MARK).into_bytes(),
        hex::encode_upper(MARK).into_bytes(),
        MARK.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        MARK.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        MARK.chars().rev().collect::<String>().into_bytes(),
    ];
    for shift in 0..3 {
        let padded = [&vec![b'-'; shift], MARK.as_bytes()].concat();
        for text in [BASE64_STANDARD.encode(&padded), BASE64_URL_SAFE.encode(&padded)] {
            // Without what its neighbours have a part in.
            let (from, to) = (if shift == 0 { 0 } else { 4 }, (padded.len() / 3) * 4);
            all.push(text.as_bytes()[from..to].to_vec());
        }
    }
    all
}

fn is_marked(bytes: &[u8], spellings: &[Vec<u8>]) -> bool {
    spellings.iter().any(|spelling| memchr::memmem::find(bytes, spelling).is_some())
}

/// The lines of a dump of the whole database that hold the mark.
pub async fn marked_lines(connection: &mut PgConnection) -> Vec<String> {
    let dump = dump(connection).await;
    assert!(dump.len() > 50_000 && dump.windows(5).any(|window| window == b"COPY "), "{}", dump.len());
    let spellings = spellings();
    let (mut found, mut table) = (Vec::new(), String::new());
    for line in dump.split(|byte| *byte == b'\n') {
        if line.starts_with(b"COPY ") {
            table = String::from_utf8_lossy(line).chars().take(60).collect();
        }
        if is_marked(line, &spellings) {
            found.push(format!(
                "{table}: {}",
                String::from_utf8_lossy(line).chars().take(300).collect::<String>()
            ));
        }
    }
    found
}

/// By the server's own program.
async fn dump(connection: &mut PgConnection) -> Vec<u8> {
    let address = address(connection).await;
    let dumped = postgres("pg_dump").arg(format!("--dbname={address}")).output().unwrap();
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    dumped.stdout
}

/// Where the superuser reaches the database of a connection.
pub async fn address(connection: &mut PgConnection) -> String {
    let (database, sockets, port): (String, String, String) = sqlx::query_as(
        "SELECT current_database()::text, current_setting('unix_socket_directories'), current_setting('port')",
    )
    .fetch_one(connection)
    .await
    .unwrap();
    // The server of the whole run, or this process's own.
    let server = match std::env::var(SHARED_CLUSTER) {
        Ok(address) => address.rsplit_once('/').unwrap().0.to_owned(),
        Err(_) => {
            let password = derive_password(&SECRET, ADMIN_USER);
            format!("postgres://{ADMIN_USER}:{password}@{}:{port}", sockets.replace('/', "%2F"))
        }
    };
    format!("{server}/{database}")
}

/// One of PostgreSQL's own programs.
pub fn postgres(program: &str) -> Command {
    let parts = std::thread::spawn(|| Parts::locate().unwrap().postgres().unwrap()).join().unwrap();
    Command::new(find(&parts, program).unwrap_or_else(|| panic!("the parts have no {program}")))
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    for entry in fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if let Some(found) = find(&path, name) {
                return Some(found);
            }
        } else if path.file_name().is_some_and(|file| file == name) {
            return Some(path);
        }
    }
    None
}

/// Every file below.
pub fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.insert(entry.path());
        }
    }
    found
}

/// The files below whose name or content holds the mark.
pub fn marked_files(folder: &Path) -> Vec<PathBuf> {
    let spellings = spellings();
    files(folder)
        .into_iter()
        .filter(|path| {
            is_marked(path.to_string_lossy().as_bytes(), &spellings)
                || is_marked(&fs::read(path).unwrap(), &spellings)
        })
        .collect()
}

/// Adds the mark to the end of every file below; returns how many there were, and their bytes.
pub fn mark_files(folder: &Path) -> (u64, u64) {
    let (mut count, mut bytes) = (0, 0);
    for path in files(folder) {
        let mut content = fs::read(&path).unwrap();
        content.extend_from_slice(MARK.as_bytes());
        // Another file, because an original may have a second name.
        fs::remove_file(&path).unwrap();
        fs::write(&path, &content).unwrap();
        (count, bytes) = (count + 1, bytes + content.len() as u64);
    }
    (count, bytes)
}
