//! What somebody could do who speaks to the database as the serving role: nothing but what row-level security lets through.

use crate::{
    app::TestApp,
    probe::{HERE, Place, Probe, THERE},
};
use memoreel_db::{Role, TenantTx};
use memoreel_kernel::{Actor, Caller, OrganizationId, SessionId, UserId};
use memoreel_testkit::TestDatabase;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use uuid::Uuid;

/// Functions with their owner's rights that the serving role may call. Each asks for the transaction's own caller.
const DOORS: [&str; 2] = ["search_chunks", "search_chunks_by_meaning"];

/// What the rows of the probe say.
const MARK: &str = "Harbour";

async fn serving_role(database: &TestDatabase) -> PgConnection {
    PgConnection::connect_with(&database.access().options(Role::App)).await.unwrap()
}

fn caller_at(place: Place) -> Caller {
    Caller {
        organization_id: OrganizationId(place.organization_id()),
        user_id: Some(UserId(place.user_id())),
        role: Some(memoreel_kernel::Role::Owner),
        actor: Actor::Session(SessionId(Uuid::nil())),
    }
}

#[tokio::test]
async fn the_serving_role_cannot_rise_above_itself() {
    let database = TestDatabase::create().await.unwrap();
    let mut superuser = database.superuser().await.unwrap();
    Probe::fill(&mut superuser).await;
    sqlx::raw_sql("ANALYZE").execute(&mut superuser).await.unwrap();
    let mut connection = serving_role(&database).await;
    let refused = [
        // Turning it off makes queries fail that it would have bound.
        "SET row_security = off; SELECT FROM videos",
        "SET ROLE memoreel_owner",
        "SET ROLE memoreel_system",
        "SET ROLE memoreel_search",
        "SET SESSION AUTHORIZATION memoreel_owner",
        "SET session_replication_role = replica",
        "ALTER ROLE memoreel_app SUPERUSER",
        "ALTER ROLE memoreel_app BYPASSRLS",
        "ALTER SYSTEM SET work_mem = '1MB'",
        "GRANT memoreel_owner TO memoreel_app",
        "CREATE ROLE another",
        "CREATE DATABASE another",
        "CREATE SCHEMA another",
        "CREATE TABLE another ()",
        "CREATE TEMPORARY TABLE another ()",
        "CREATE VIEW another AS SELECT 1",
        "CREATE FUNCTION another() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "DROP EXTENSION vector",
        "CREATE POLICY another ON videos USING (true)",
        "ALTER POLICY app_select ON videos USING (true)",
        "DROP POLICY app_select ON videos",
        "ALTER TABLE videos DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE videos NO FORCE ROW LEVEL SECURITY",
        "ALTER FUNCTION search_conditions() SECURITY DEFINER",
        "CREATE TRIGGER another BEFORE INSERT ON videos EXECUTE FUNCTION update_updated_at_column()",
        "CALL protect_organization_table('videos')",
        "CALL admit_system('videos', 'select')",
        "CALL admit_search('sessions')",
        "GRANT SELECT ON _sqlx_migrations TO memoreel_app",
        "TRUNCATE videos",
        "SELECT FROM pg_authid",
        "SELECT FROM pg_shadow",
        "SELECT FROM pg_statistic",
        "SELECT FROM _sqlx_migrations",
        "SELECT password_hash FROM users",
        "SELECT token_hash FROM sessions",
        "SELECT FROM outbox",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_ls_dir('/')",
        "SELECT lo_import('/etc/passwd')",
        "COPY videos TO PROGRAM 'true'",
        "COPY videos TO '/tmp/another'",
        "COPY videos FROM '/etc/passwd'",
    ];
    for statement in refused {
        let error = sqlx::raw_sql(statement).execute(&mut connection).await.expect_err(statement);
        let code = error.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned());
        assert_eq!(code.as_deref(), Some("42501"), "{statement}: {error}");
        sqlx::raw_sql("RESET ALL").execute(&mut connection).await.unwrap();
    }
    // Statistics hold values of all rows.
    let query = "SELECT count(*) FROM pg_stats WHERE schemaname = 'public' AND tablename = 'videos'";
    let there: i64 = sqlx::query_scalar(query).fetch_one(&mut superuser).await.unwrap();
    let shown: i64 = sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap();
    assert!(there > 0 && shown == 0, "{there} {shown}");
}

#[derive(Debug, sqlx::FromRow)]
struct Function {
    name: String,
    is_door: bool,
    arguments: Vec<String>,
    types: Vec<String>,
}

/// Every function of ours that the serving role may call.
async fn functions(connection: &mut PgConnection) -> Vec<Function> {
    sqlx::query_as(
        "SELECT p.proname::text AS name, p.prosecdef AS is_door, coalesce(p.proargnames[1:p.pronargs], '{}') AS arguments,
             ARRAY(SELECT format_type(type, NULL) FROM unnest(p.proargtypes) AS type) AS types
         FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prokind = 'f'
             AND p.prorettype <> 'trigger'::regtype AND has_function_privilege('memoreel_app', p.oid, 'EXECUTE')
             AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') ORDER BY 1",
    )
    .fetch_all(connection)
    .await
    .unwrap()
}

impl Function {
    /// A call about what is at `whose`, asked as `caller`.
    fn call(&self, caller: Place, whose: Place) -> String {
        let arguments: Vec<String> = self
            .arguments
            .iter()
            .zip(&self.types)
            .map(|(name, kind)| {
                let value = match (name.trim_start_matches("p_"), kind.as_str()) {
                    ("organization_id", _) => caller.organization_id().to_string(),
                    ("user_id", _) => caller.user_id().to_string(),
                    ("model_id", _) => whose.id("embedding_models").to_string(),
                    ("video_id" | "subject_id", _) => whose.id("videos").to_string(),
                    ("id", _) => whose.id("tasks").to_string(),
                    ("near" | "worded", _) => format!("{{{}}}", whose.id("chunks")),
                    ("near_before", _) => "0".to_owned(),
                    ("worded_words" | "rarities", _) => "{1}".to_owned(),
                    ("worded_best" | "length" | "surroundings", _) => "1".to_owned(),
                    ("worded_before", _) => u64::MAX.to_string(),
                    ("speakers", _) => "{Speaker 1}".to_owned(),
                    ("kinds", _) => "{transcript}".to_owned(),
                    ("mode", _) => "hybrid".to_owned(),
                    ("language", _) => "en".to_owned(),
                    (_, "uuid" | "timestamp with time zone" | "audit_logs") | ("speaker", _) => {
                        return format!("NULL::{kind}");
                    }
                    (_, "vector") => "[1,0,0]".to_owned(),
                    (_, "text") => MARK.to_owned(),
                    (_, "tsvector") => "word".to_owned(),
                    (_, "jsonb") => "{}".to_owned(),
                    (_, "bytea") => String::new(),
                    (_, "integer") => "10".to_owned(),
                    (_, "boolean") => "false".to_owned(),
                    (_, kind) if kind.ends_with("[]") => "{}".to_owned(),
                    _ => panic!(
                        "say in tests/it/serving_role.rs what {} is called with for {name} {kind}",
                        self.name
                    ),
                };
                format!("'{value}'::{kind}")
            })
            .collect();
        format!("SELECT called::text FROM {}({}) AS called", self.name, arguments.join(", "))
    }

    /// What `caller` is told when it calls this about what is at `whose`, in the name of `named`.
    async fn answer(
        &self,
        connection: &mut PgConnection,
        caller: Place,
        named: Place,
        whose: Place,
    ) -> String {
        let mut tx = connection.begin().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(TenantTx::settings(&caller_at(caller)))).execute(&mut *tx).await.unwrap();
        let query = self.call(named, whose);
        match sqlx::raw_sql(AssertSqlSafe(query)).fetch_all(&mut *tx).await {
            Ok(rows) => rows.iter().map(|row| row.get::<Option<String>, _>(0).unwrap_or_default()).collect(),
            Err(error) => {
                let code = error.as_database_error().and_then(|error| error.code());
                assert_eq!(code.as_deref(), Some("42501"), "{}: {error}", self.name);
                "refused".to_owned()
            }
        }
    }
}

#[tokio::test]
async fn no_function_tells_of_another_organization() {
    let database = TestDatabase::create().await.unwrap();
    let mut superuser = database.superuser().await.unwrap();
    Probe::fill(&mut superuser).await;
    // What bob has says something else.
    let change = format!(
        "UPDATE videos SET title = 'Mine' WHERE organization_id = '{THERE}';
         UPDATE chunks SET text = 'Mine', context = '' WHERE organization_id = '{THERE}'"
    );
    sqlx::raw_sql(AssertSqlSafe(change)).execute(&mut superuser).await.unwrap();
    let mut connection = serving_role(&database).await;
    let functions = functions(&mut superuser).await;
    let doors: Vec<&str> =
        functions.iter().filter(|function| function.is_door).map(|function| function.name.as_str()).collect();
    assert_eq!(doors, DOORS, "a function with its owner's rights is a door through row-level security");
    let mut telling = Vec::new();
    for function in &functions {
        let (name, owner) = (function.name.as_str(), Place::Ada);
        if function.answer(&mut connection, owner, owner, owner).await.contains(MARK) {
            telling.push(name);
        }
        // In her name, in his own about what is hers, and as a colleague about what is hers alone.
        for (caller, named, whose) in [
            (Place::Bob, owner, owner),
            (Place::Bob, Place::Bob, owner),
            (Place::Carol, owner, Place::AdaPrivate),
            (Place::Carol, Place::Carol, Place::AdaPrivate),
        ] {
            let told = function.answer(&mut connection, caller, named, whose).await;
            let is_about_rows =
                function.arguments.iter().any(|argument| argument.ends_with("organization_id"));
            assert!(!is_about_rows || !told.contains(MARK), "{name} tells {caller:?} as {named:?}: {told}");
            if function.is_door && caller.user_id() != named.user_id() {
                assert_eq!(told, "refused", "{name} as {named:?}");
            }
        }
    }
    // They do tell those who may know; one says again what it is given.
    assert_eq!(telling, ["chunk_context", "renamed", "search_chunks", "search_chunks_by_meaning"]);
    let finished: i64 = sqlx::query_scalar(AssertSqlSafe(format!(
        "SELECT count(*) FROM tasks WHERE organization_id = '{HERE}' AND status <> 'pending'"
    )))
    .fetch_one(&mut superuser)
    .await
    .unwrap();
    assert_eq!(finished, 0);
    println!("{} functions, {} of them with their owner's rights", functions.len(), doors.len());
}

#[tokio::test]
async fn views_are_read_with_the_rights_of_their_reader() {
    let database = TestDatabase::create().await.unwrap();
    let mut superuser = database.superuser().await.unwrap();
    sqlx::raw_sql("CREATE VIEW of_this_test AS SELECT 1").execute(&mut superuser).await.unwrap();
    let views: Vec<String> = sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('v', 'm')
             AND coalesce(NOT c.reloptions @> ARRAY['security_invoker=true'], true)",
    )
    .fetch_all(&mut superuser)
    .await
    .unwrap();
    assert_eq!(views, ["of_this_test"]);
}

#[tokio::test]
async fn what_the_database_says_of_an_error_stays_in_the_log() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    sqlx::raw_sql("ALTER TABLE channels ADD CONSTRAINT told_to_nobody CHECK (name <> 'Harbour')")
        .execute(&mut app.superuser().await)
        .await
        .unwrap();
    let refused = ada.post("/channels", &json!({ "name": MARK })).await.refuses(500, "internal");
    for secret in ["told_to_nobody", "constraint", "channels", MARK] {
        assert!(!refused.text().contains(secret), "{secret}: {}", refused.text());
    }
}
