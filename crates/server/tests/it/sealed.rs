//! What is encrypted in the database, before, during and after a change of the instance's secret.

use crate::{
    client::{Client, PASSWORD},
    process::{Installation, wait_until},
    second_factor::Authenticator,
};
use chrono::TimeDelta;
use memoreel_identity::SEALED_COLUMNS;
use memoreel_kernel::{Clock, SystemClock};
use memoreel_testkit::TestDatabase;
use memoreel_web::{SealError, SealedPlace, Secrets};
use serde_json::json;
use sqlx::{Connection, PgConnection};
use std::{fs, process::Output};
use uuid::Uuid;

/// Columns of bytes that are not sealed, and why.
const NOT_SEALED: [(&str, &str); 17] = [
    ("_sqlx_migrations.checksum", "of files that anybody has"),
    ("api_keys.token_hash", "the hash of a random token"),
    ("assets.sha256", "of a file that lies beside"),
    ("audit_logs.details_digest", "a salted digest"),
    ("audit_logs.hash", "of the chain"),
    ("blobs.sha256", "of a file that lies beside"),
    ("chunk_embeddings.span_vectors", "what lies beside as text, in numbers"),
    ("idempotency_keys.request_hash", "of a request"),
    ("idempotency_keys.response_body", "answers without secrets: those are for no cache"),
    ("organization_invitations.token_hash", "the hash of a random token"),
    ("passkey_ceremonies.token_hash", "the hash of a random token"),
    ("provider_sign_ins.browser_hash", "the hash of a random token"),
    ("provider_sign_ins.state_hash", "the hash of a random token"),
    ("sessions.token_hash", "the hash of a random token"),
    ("sign_in_attempts.account_key", "a code under the instance's secret"),
    ("user_passkeys.credential_id", "a name that its device tells anybody who asks"),
    ("user_recovery_codes.code_hash", "the hash of a random code"),
];

#[tokio::test]
async fn every_column_that_could_be_sealed_is_or_says_why_not() {
    let database = TestDatabase::create().await.unwrap();
    let mut connection = database.superuser().await.unwrap();
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT table_name || '.' || column_name FROM information_schema.columns
         WHERE table_schema = 'public' AND data_type = 'bytea' ORDER BY 1",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let sealed = SEALED_COLUMNS.iter().map(|column| column.name);
    let mut known: Vec<&str> = sealed.chain(NOT_SEALED.map(|(column, _)| column)).collect();
    known.sort_unstable();
    assert_eq!(columns, known);
    // Rows are told apart by what is bound into their values.
    for column in SEALED_COLUMNS {
        let (table, _) = column.name.split_once('.').unwrap();
        let keys: Vec<String> = sqlx::query_scalar(
            "SELECT a.attname || ' ' || format_type(a.atttypid, NULL) FROM pg_index i
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
             WHERE i.indrelid = $1::regclass AND i.indisunique AND i.indnkeyatts = 1",
        )
        .bind(table)
        .fetch_all(&mut connection)
        .await
        .unwrap();
        assert!(keys.contains(&format!("{} uuid", column.key)), "{}: {keys:?}", column.name);
    }
}

const OTHERS: i64 = 1_000;

/// People with authenticators, besides the one who signs in.
async fn insert_others(database: &mut PgConnection, secrets: &Secrets) {
    let ids: Vec<Uuid> = (0..OTHERS).map(|_| Uuid::now_v7()).collect();
    let sealed: Vec<Vec<u8>> =
        ids.iter().map(|id| secrets.seal(id.as_bytes(), place(*id)).unwrap()).collect();
    sqlx::query("INSERT INTO users (id, email) SELECT id, id || '@example.org' FROM UNNEST($1) AS id")
        .bind(&ids)
        .execute(&mut *database)
        .await
        .unwrap();
    sqlx::query("INSERT INTO user_totp (user_id, secret) SELECT * FROM UNNEST($1, $2)")
        .bind(&ids)
        .bind(&sealed)
        .execute(database)
        .await
        .unwrap();
}

fn place(id: Uuid) -> SealedPlace<'static> {
    SealedPlace { column: "user_totp.secret", row: id }
}

/// How many of the others' secrets open, and how many lie under another secret.
async fn count(database: &mut PgConnection, secrets: &Secrets) -> (usize, usize) {
    let rows: Vec<(Uuid, Vec<u8>)> = sqlx::query_as(
        "SELECT user_id, secret FROM user_totp JOIN users ON users.id = user_id WHERE email LIKE '%@example.org'",
    )
    .fetch_all(database)
    .await
    .unwrap();
    let (mut open, mut closed) = (0, 0);
    for (id, sealed) in rows {
        match secrets.open(&sealed, place(id)) {
            Ok(plain) => {
                assert_eq!(plain, id.as_bytes());
                open += 1;
            }
            Err(error) => {
                assert_eq!(error, SealError::KeyUnknown);
                closed += 1;
            }
        }
    }
    (open, closed)
}

fn secret_of(installation: &Installation) -> ([u8; 32], String) {
    let text = fs::read_to_string(installation.data().join("secret.key")).unwrap().trim().to_owned();
    (hex::decode(&text).unwrap().try_into().unwrap(), text)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

async fn sign_in(installation: &Installation, code: &str) -> u16 {
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "code": code });
    Client::new(&installation.url()).post("/sessions", &body).await.status
}

/// In the real program, which serves from beginning to end.
#[tokio::test]
async fn what_a_former_secret_encrypted_is_encrypted_anew_though_it_is_killed_on_the_way() {
    const ROTATE: [&str; 2] = ["secrets", "rotate"];
    let installation = Installation::new();
    let server = installation.start().await;
    let ada = Client::new(&installation.url());
    let account = json!({ "email": "ada@example.com", "name": "Ada", "password": PASSWORD });
    ada.post("/users", &account).await.is(201);
    let begun = ada.post("/me/totp", &json!({})).await.is(201).json();
    let app = Authenticator::of(begun["secret"].as_str().unwrap());
    // Clocks may be half a minute apart, so that three codes can be used within a moment.
    let code = |steps: i32| app.code(SystemClock.now() + TimeDelta::seconds(30) * steps);
    ada.post("/me/totp/confirm", &json!({ "code": code(-1) })).await.is(200);
    // Nobody fetches this one, so that nothing of it is sealed.
    ada.post("/upload-addresses", &json!({ "filename": "talk.mp4", "size_bytes": 7 })).await.is(201);
    let (former, former_text) = secret_of(&installation);
    insert_others(&mut installation.database().await, &Secrets::new(former, &[])).await;
    server.stop().await;

    // Another one is made when the file is gone. The database that is Memoreel's own goes along.
    fs::remove_file(installation.data().join("secret.key")).unwrap();
    installation.set("MEMOREEL_FORMER_SECRET_KEYS", Some(&former_text));
    let server = installation.start().await;
    let (present, _) = secret_of(&installation);
    assert_ne!(present, former);
    let secrets = Secrets::new(present, &[]);
    let mut database = installation.database().await;
    assert_eq!(count(&mut database, &secrets).await, (0, 1_000));
    assert_eq!(sign_in(&installation, &code(0)).await, 201);

    // Who does not name the former secret changes nothing and is told.
    installation.set("MEMOREEL_FORMER_SECRET_KEYS", None);
    let refused = installation.run(&ROTATE).output().unwrap();
    assert!(!refused.status.success(), "{}", said(&refused));
    assert!(said(&refused).contains("user_totp.secret: 0 encrypted anew, 1001 left"), "{}", said(&refused));
    installation.set("MEMOREEL_FORMER_SECRET_KEYS", Some(&former_text));

    // Somebody holds a row of the third batch; there it is killed.
    let mut holder = installation.database().await;
    let mut held = holder.begin().await.unwrap();
    // By its key: rows that an offset skips are held as well.
    let third_batch: Uuid =
        sqlx::query_scalar("SELECT user_id FROM user_totp ORDER BY user_id OFFSET 500 LIMIT 1")
            .fetch_one(&mut *held)
            .await
            .unwrap();
    sqlx::query("SELECT FROM user_totp WHERE user_id = $1 FOR UPDATE")
        .bind(third_batch)
        .execute(&mut *held)
        .await
        .unwrap();
    let mut killed = installation.run(&ROTATE).spawn().unwrap();
    wait_until("two batches are done", async || count(&mut database, &secrets).await.0 >= 399).await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    held.rollback().await.unwrap();
    let (open, closed) = count(&mut database, &secrets).await;
    assert!((399..=400).contains(&open) && open + closed == 1_000, "{open} and {closed}");

    let rest = installation.run(&ROTATE).output().unwrap();
    assert!(rest.status.success(), "{}", said(&rest));
    assert!(said(&rest).contains("user_totp.secret: 601 encrypted anew, 0 left"), "{}", said(&rest));
    assert_eq!(count(&mut database, &secrets).await, (1_000, 0));
    let again = installation.run(&ROTATE).output().unwrap();
    assert!(said(&again).contains("user_totp.secret: 0 encrypted anew, 0 left"), "{}", said(&again));
    // It is nobody's change.
    let told: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit_logs WHERE action = 'second_factor.updated'")
            .fetch_one(&mut database)
            .await
            .unwrap();
    assert_eq!(told, 1, "that it was confirmed");
    drop((database, holder));
    server.stop().await;

    // The former secret can be forgotten.
    installation.set("MEMOREEL_FORMER_SECRET_KEYS", None);
    let _server = installation.start().await;
    assert_eq!(sign_in(&installation, &code(1)).await, 201);
}
