//! What the database must look like for organizations to be kept apart, read from its own catalog.

use crate::app::TestApp;
use memoreel_db::{
    DatabaseAccess, Db, DbError, PoolSizes,
    embedded::{ADMIN_USER, EmbeddedOptions, EmbeddedPostgres},
};
use memoreel_parts::Parts;
use memoreel_testkit::{SECRET, TestDatabase};
use sqlx::{Connection, PgConnection};
use std::{fs, os::unix::fs::PermissionsExt};

/// Tables that belong to no organization, and why.
const WITHOUT_ORGANIZATION: [(&str, &str); 20] = [
    ("_sqlx_migrations", "which migrations were applied"),
    ("consents", "what a person agreed to, across organizations"),
    ("email_tokens", "links mailed to people, for the system alone"),
    ("embedding_models", "models of the instance, without anybody's data"),
    ("erasures", "what was erased, of people and organizations that are gone, for the system alone"),
    ("export_requests", "what a person takes along, from all organizations, for the system alone"),
    (
        "organization_stores",
        "where organizations' files lie, under the organization's id, for the system alone",
    ),
    ("organizations", "the organizations themselves, each visible to its own callers"),
    ("passkey_ceremonies", "challenges to passkeys, for the system alone"),
    ("provider_sign_ins", "who is on the way to a provider, for the system alone"),
    ("sessions", "a person's devices, across organizations"),
    ("sign_in_attempts", "how often accounts were tried, for the system alone"),
    ("store_processes", "which processes write files, for the system alone"),
    ("user_extensions", "what a person agreed to, across organizations"),
    ("user_identities", "what providers know a person as, across organizations"),
    ("user_passkeys", "a person's passkeys, for the system alone"),
    ("user_preferences", "what a person chose, across organizations"),
    ("user_recovery_codes", "a person's way in without an authenticator, for the system alone"),
    ("user_totp", "a person's authenticator, for the system alone"),
    ("users", "people, across organizations"),
];

/// Tables whose rows the serving role may not touch with every verb, and why.
const FEWER_VERBS: [(&str, &str, &str); 3] = [
    ("audit_logs", "SELECT", "entries are written by triggers alone and never change"),
    ("outbox", "INSERT", "what happened is written by requests and read by the relay alone"),
    ("request_logs", "SELECT", "requests are written down by the system alone, and never change"),
];

/// Tables whose changes are not in the audit log, and why.
const NOT_AUDITED: [(&str, &str); 32] = [
    ("_sqlx_migrations", "changed by migrations alone"),
    ("asset_terms", "a copy of the tags and the metadata of assets, which are audited"),
    ("audit_logs", "the log itself"),
    ("blob_deletions", "what follows from deleting"),
    ("blobs", "what follows from assets, which are audited"),
    ("chunk_embeddings", "made by background tasks"),
    ("chunks", "made by background tasks"),
    ("consents", "a log of its own, which is never changed"),
    ("document_pages", "read by background tasks"),
    ("email_tokens", "links that were mailed; what they do is audited"),
    ("embedding_models", "of the instance"),
    ("erasures", "what was erased, without anybody's data"),
    ("export_requests", "a person's own copies"),
    ("idempotency_keys", "kept for a day, so that a request may be repeated"),
    ("key_frames", "looked for by background tasks"),
    ("organization_chunk_counts", "counts"),
    ("organization_stores", "how far a move is; where it leads is in the organization, which is audited"),
    ("outbox", "what happened, in another form"),
    ("passkey_ceremonies", "challenges that wait ten minutes for an answer"),
    ("provider_sign_ins", "trips of ten minutes; what they lead to is audited"),
    ("renditions", "made by background tasks"),
    ("request_logs", "a log of its own"),
    ("sign_in_attempts", "counts, of nobody in particular"),
    ("store_processes", "of the instance"),
    ("tasks", "background tasks; what people do to them is told by triggers of its own"),
    ("transcript_segments", "belong to transcripts, which are audited"),
    ("uploads", "become videos, images and documents, which are audited"),
    ("user_extensions", "a person's own choices"),
    ("user_preferences", "a person's own choices"),
    ("user_recovery_codes", "belong to the second factor, which is audited"),
    ("video_summaries", "made by background tasks"),
    (
        "webhook_deliveries",
        "what follows from what happened; that one is sent again is told by a trigger of its own",
    ),
];

/// What must be unique among all organizations, so that a collision tells of another one's row, and why it does not.
const UNIQUE_ACROSS_ORGANIZATIONS: [(&str, &str); 7] = [
    ("api_keys_token_key", "the hash of a random token"),
    (
        "organization_domains_verified_key",
        "a domain, of which whoever collides has just shown that it is theirs",
    ),
    ("organization_invitations_token_key", "the hash of a random token"),
    ("outbox_pkey", "a number that the database gives"),
    ("request_logs_pkey", "a time and an id that the database makes"),
    ("uploads_id_key", "an id that the server makes"),
    ("webhook_secrets_id_key", "an id that the server makes at random"),
];

/// Tables the serving role may not touch at all.
const SYSTEM_TABLES: [&str; 11] = [
    "email_tokens",
    "erasures",
    "export_requests",
    "organization_stores",
    "passkey_ceremonies",
    "provider_sign_ins",
    "sign_in_attempts",
    "store_processes",
    "user_passkeys",
    "user_recovery_codes",
    "user_totp",
];

const TENANT_TABLES: &str = "
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped)";

async fn catalog() -> (TestDatabase, PgConnection) {
    let database = TestDatabase::create().await.unwrap();
    let connection = database.superuser().await.unwrap();
    (database, connection)
}

async fn names(connection: &mut PgConnection, query: String) -> Vec<String> {
    sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_all(connection).await.unwrap()
}

#[tokio::test]
async fn every_table_is_an_organizations_or_on_the_short_list() {
    let (_database, mut connection) = catalog().await;
    let others = names(
        &mut connection,
        format!(
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
             AND NOT relispartition AND oid NOT IN (SELECT c.oid {TENANT_TABLES}) ORDER BY 1"
        ),
    )
    .await;
    assert_eq!(others, WITHOUT_ORGANIZATION.map(|(table, _)| table));
    let tenants = names(&mut connection, format!("SELECT c.relname::text {TENANT_TABLES}")).await;
    assert!(tenants.len() >= 15, "{tenants:?}");
}

#[tokio::test]
async fn row_level_security_is_forced_on_every_organizations_table() {
    let (_database, mut connection) = catalog().await;
    let open = names(
        &mut connection,
        format!(
            "SELECT c.relname::text {TENANT_TABLES} AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
        ),
    )
    .await;
    assert!(open.is_empty(), "{open:?}");
    let people = names(
        &mut connection,
        "SELECT relname::text FROM pg_class WHERE relname IN ('users', 'organizations', 'sessions', 'user_preferences', 'user_extensions',
             'user_identities') AND NOT (relrowsecurity AND relforcerowsecurity)"
            .to_owned(),
    )
    .await;
    assert!(people.is_empty(), "{people:?}");
}

#[tokio::test]
async fn partitions_are_reached_through_their_table_alone() {
    let (_database, mut connection) = catalog().await;
    sqlx::query("SELECT keep_request_logs(now(), 7, 30)").execute(&mut connection).await.unwrap();
    let partitions: Vec<(String, bool)> = sqlx::query_as(
        "SELECT relname::text, relrowsecurity AND relforcerowsecurity AND NOT EXISTS (
             SELECT FROM unnest(ARRAY['memoreel_app', 'memoreel_system', 'memoreel_search']) AS role
             WHERE has_table_privilege(role::name, oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
                 OR has_any_column_privilege(role::name, oid, 'SELECT, INSERT, UPDATE'))
         FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relispartition AND relkind = 'r'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    // Today, a week, and the rest.
    assert_eq!(partitions.len(), 9, "{partitions:?}");
    assert!(partitions.iter().all(|(_, is_closed)| *is_closed), "{partitions:?}");
}

#[tokio::test]
async fn every_verb_of_the_serving_role_has_a_policy_that_names_the_organization() {
    let (_database, mut connection) = catalog().await;
    let tables = names(&mut connection, format!("SELECT c.relname::text {TENANT_TABLES} ORDER BY 1")).await;
    for table in tables {
        let verbs: Vec<&str> = match FEWER_VERBS.iter().find(|(name, ..)| *name == table) {
            Some((_, verb, _)) => vec![verb],
            None => vec!["DELETE", "INSERT", "SELECT", "UPDATE"],
        };
        let policies: Vec<(String, String)> = sqlx::query_as(
            "SELECT cmd, coalesce(qual, '') || ' ' || coalesce(with_check, '') FROM pg_policies
             WHERE schemaname = 'public' AND tablename = $1 AND 'memoreel_app' = ANY(roles) ORDER BY 1",
        )
        .bind(&table)
        .fetch_all(&mut connection)
        .await
        .unwrap();
        let found: Vec<&str> = policies.iter().map(|(verb, _)| verb.as_str()).collect();
        assert_eq!(found, verbs, "{table}");
        for (verb, condition) in &policies {
            assert!(condition.contains("app.organization_id"), "{table} {verb}: {condition}");
        }
        let everybody: Vec<String> = sqlx::query_scalar(
            "SELECT policyname::text FROM pg_policies WHERE schemaname = 'public' AND tablename = $1 AND 'public' = ANY(roles)",
        )
        .bind(&table)
        .fetch_all(&mut connection)
        .await
        .unwrap();
        assert!(everybody.is_empty(), "{table}: {everybody:?}");
    }
}

#[tokio::test]
async fn every_organizations_table_has_an_index_that_begins_with_it() {
    let (_database, mut connection) = catalog().await;
    let without = names(
        &mut connection,
        format!(
            "SELECT c.relname::text {TENANT_TABLES} AND NOT EXISTS (
                 SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
                 WHERE i.indrelid = c.oid AND a.attname = 'organization_id' AND i.indpred IS NULL)"
        ),
    )
    .await;
    assert!(without.is_empty(), "{without:?}");
}

#[tokio::test]
async fn references_between_organizations_tables_carry_the_organization() {
    let (_database, mut connection) = catalog().await;
    let loose = names(
        &mut connection,
        format!(
            "SELECT k.conrelid::regclass || '.' || k.conname FROM pg_constraint k
             WHERE k.contype = 'f' AND k.conrelid IN (SELECT c.oid {TENANT_TABLES})
                 AND k.confrelid IN (SELECT c.oid {TENANT_TABLES})
                 AND NOT EXISTS (SELECT FROM generate_subscripts(k.conkey, 1) AS place
                     JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[place]
                     JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[place]
                     WHERE a.attname = 'organization_id' AND b.attname = 'organization_id')"
        ),
    )
    .await;
    assert!(loose.is_empty(), "{loose:?}");
    let references: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
        "SELECT count(*) FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid IN (SELECT c.oid {TENANT_TABLES})
             AND k.confrelid IN (SELECT c.oid {TENANT_TABLES})"
    )))
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert!(references >= 10, "{references}");
}

#[tokio::test]
async fn a_collision_tells_nothing_of_another_organization() {
    let (_database, mut connection) = catalog().await;
    let across = names(
        &mut connection,
        format!(
            "SELECT i.indexrelid::regclass::text FROM pg_index i WHERE i.indisunique AND i.indrelid IN (SELECT c.oid {TENANT_TABLES})
                 AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
                     AND a.attname = 'organization_id') ORDER BY 1"
        ),
    )
    .await;
    assert_eq!(across, UNIQUE_ACROSS_ORGANIZATIONS.map(|(index, _)| index));
}

#[tokio::test]
async fn references_are_indexed_organization_first_or_not() {
    let (_database, mut connection) = catalog().await;
    let slow = names(
        &mut connection,
        "SELECT k.conrelid::regclass || '.' || k.conname FROM pg_constraint k
         WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace AND NOT EXISTS (
             SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indpred IS NULL
                 AND (string_to_array(i.indkey::text, ' ')::int2[])[1:cardinality(k.conkey) + 1] @> k.conkey)"
            .to_owned(),
    )
    .await;
    assert!(slow.is_empty(), "{slow:?}");
}

#[tokio::test]
async fn the_serving_role_owns_nothing_and_is_bound_by_row_level_security() {
    let (_database, mut connection) = catalog().await;
    for role in ["memoreel_app", "memoreel_system", "memoreel_search"] {
        let (superuser, bypass, creates): (bool, bool, bool) = sqlx::query_as(
            "SELECT rolsuper, rolbypassrls, rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = $1",
        )
        .bind(role)
        .fetch_one(&mut connection)
        .await
        .unwrap();
        assert!(!superuser && !bypass && !creates, "{role}");
    }
    let owned = names(
        &mut connection,
        "SELECT relname::text FROM pg_class WHERE relowner IN ('memoreel_app'::regrole, 'memoreel_system'::regrole)"
            .to_owned(),
    )
    .await;
    assert!(owned.is_empty(), "{owned:?}");
    let memberships = names(
        &mut connection,
        "SELECT roleid::regrole::text FROM pg_auth_members WHERE member IN ('memoreel_app'::regrole, 'memoreel_system'::regrole)"
            .to_owned(),
    )
    .await;
    assert!(memberships.is_empty(), "{memberships:?}");
    let truncate = names(
        &mut connection,
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
         AND (has_table_privilege('memoreel_app', oid, 'TRUNCATE') OR has_table_privilege('memoreel_app', oid, 'REFERENCES'))"
            .to_owned(),
    )
    .await;
    assert!(truncate.is_empty(), "{truncate:?}");
}

#[tokio::test]
async fn every_table_is_audited_or_on_the_list_of_those_that_need_not_be() {
    let (_database, mut connection) = catalog().await;
    let unaudited = names(
        &mut connection,
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
         AND NOT relispartition AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = pg_class.oid AND tgname = 'audit' AND tgenabled = 'O') ORDER BY 1"
            .to_owned(),
    )
    .await;
    assert_eq!(unaudited, NOT_AUDITED.map(|(table, _)| table));
}

#[tokio::test]
async fn password_hashes_cannot_be_read_by_the_serving_role() {
    let (_database, mut connection) = catalog().await;
    let (users, sessions): (bool, bool) = sqlx::query_as(
        "SELECT has_column_privilege('memoreel_app', 'users', 'password_hash', 'SELECT'),
                has_column_privilege('memoreel_app', 'sessions', 'token_hash', 'SELECT')",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert!(!users && !sessions);
}

#[tokio::test]
async fn what_opens_accounts_is_for_the_system_alone() {
    let (_database, mut connection) = catalog().await;
    for table in SYSTEM_TABLES {
        let (forced, any): (bool, bool) = sqlx::query_as(
            "SELECT relrowsecurity AND relforcerowsecurity,
                    has_any_column_privilege('memoreel_app', oid, 'SELECT, INSERT, UPDATE, REFERENCES')
                        OR has_table_privilege('memoreel_app', oid, 'DELETE, TRUNCATE')
             FROM pg_class WHERE oid = $1::regclass",
        )
        .bind(table)
        .fetch_one(&mut connection)
        .await
        .unwrap();
        assert!(forced && !any, "{table}");
    }
}

#[tokio::test]
async fn functions_with_their_owners_rights_pin_their_search_path_and_are_not_for_everybody() {
    let (_database, mut connection) = catalog().await;
    let functions: Vec<(String, bool, bool)> = sqlx::query_as(
        "SELECT p.proname::text, coalesce(array_to_string(p.proconfig, ','), '') LIKE '%search_path=%pg_temp%',
             has_function_privilege('public', p.oid, 'EXECUTE')
         FROM pg_proc p WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert!(functions.iter().any(|(name, ..)| name == "search_chunks"), "{functions:?}");
    for (name, pinned, public) in functions {
        assert!(pinned, "{name} does not pin its search_path");
        assert!(!public, "{name} may be called by everybody");
    }
}

#[tokio::test]
async fn without_a_caller_the_serving_role_sees_no_row() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    app.insert_video(&ada, "Kept apart").await;
    let nobody = memoreel_kernel::Caller::service(memoreel_kernel::OrganizationId::new(app.now()));
    let mut tx = app.db().tenant(&nobody).await.unwrap();
    for query in
        ["SELECT count(*) FROM videos", "SELECT count(*) FROM users", "SELECT count(*) FROM organizations"]
    {
        let seen: i64 = sqlx::query_scalar(query).fetch_one(&mut *tx).await.unwrap();
        assert_eq!(seen, 0, "{query}");
    }
    drop(tx);
    let mut connection = app.superuser().await;
    let there: i64 =
        sqlx::query_scalar("SELECT count(*) FROM videos").fetch_one(&mut connection).await.unwrap();
    assert_eq!(there, 1);
}

/// On a server of its own, because roles belong to the whole server and other tests share it.
#[tokio::test]
async fn a_serving_role_above_row_level_security_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    // PostgreSQL started by root runs as another user, who has to get in.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let install = tokio::task::spawn_blocking(|| Parts::locate().unwrap().postgres().unwrap()).await.unwrap();
    let options = EmbeddedOptions::new(install, folder.path().join("postgres"), "admin");
    let postgres = EmbeddedPostgres::start(options).await.unwrap();
    let admin = postgres.connect_options("postgres", ADMIN_USER, "admin");
    let access = DatabaseAccess::new(admin.clone(), "memoreel", SECRET);
    memoreel_db::prepare(&access).await.unwrap();
    let sizes = PoolSizes { app: 2, system: 2 };
    Db::connect(&access, sizes).await.unwrap().close().await;

    let mut connection = PgConnection::connect_with(&admin).await.unwrap();
    for (unsafe_role, safe_again) in [
        ("ALTER ROLE memoreel_app SUPERUSER", "ALTER ROLE memoreel_app NOSUPERUSER"),
        ("ALTER ROLE memoreel_system BYPASSRLS", "ALTER ROLE memoreel_system NOBYPASSRLS"),
        ("GRANT memoreel_owner TO memoreel_app", "REVOKE memoreel_owner FROM memoreel_app"),
    ] {
        sqlx::raw_sql(unsafe_role).execute(&mut connection).await.unwrap();
        let refused = Db::connect(&access, sizes).await;
        assert!(matches!(refused, Err(DbError::UnsafeRole { .. })), "{unsafe_role}: {refused:?}");
        sqlx::raw_sql(safe_again).execute(&mut connection).await.unwrap();
        Db::connect(&access, sizes).await.unwrap().close().await;
    }
    connection.close().await.unwrap();
    postgres.stop().await.unwrap();
}
