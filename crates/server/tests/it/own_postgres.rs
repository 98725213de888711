//! A PostgreSQL that the operator looks after, where Memoreel is given a role that is no superuser.

use memoreel_db::{
    DatabaseAccess, Db, PoolSizes,
    embedded::{ADMIN_USER, EmbeddedOptions, EmbeddedPostgres},
    prepare,
};
use memoreel_parts::Parts;
use memoreel_testkit::SECRET;
use sqlx::{Connection, PgConnection};

const PASSWORD: &str = "a long random one";

#[tokio::test]
async fn a_role_that_may_create_roles_and_databases_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::locate().unwrap().postgres().unwrap();
    let options = EmbeddedOptions::new(parts, folder.path().join("postgres"), PASSWORD);
    let server = EmbeddedPostgres::start(options).await.unwrap();
    let mut superuser =
        PgConnection::connect_with(&server.connect_options("postgres", ADMIN_USER, PASSWORD)).await.unwrap();
    // As docs/running.md says. The extension, which not everybody may create, comes with each database.
    let options = server.connect_options("template1", ADMIN_USER, PASSWORD);
    let mut template = PgConnection::connect_with(&options).await.unwrap();
    sqlx::query("CREATE EXTENSION vector").execute(&mut template).await.unwrap();
    template.close().await.unwrap();
    let role = format!("CREATE ROLE operator LOGIN CREATEDB CREATEROLE PASSWORD '{PASSWORD}'");
    sqlx::query(sqlx::AssertSqlSafe(role)).execute(&mut superuser).await.unwrap();
    sqlx::query("CREATE DATABASE given OWNER operator").execute(&mut superuser).await.unwrap();

    for database in ["given", "made"] {
        let admin = server.connect_options("postgres", "operator", PASSWORD);
        let access = DatabaseAccess::new(admin, database, SECRET);
        // Again, as at each start.
        for _ in 0..2 {
            prepare(&access).await.unwrap();
        }
        let db = Db::connect(&access, PoolSizes { app: 1, system: 1 }).await.unwrap();
        db.ping().await.unwrap();
        db.close().await;
    }
    let mighty: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'memoreel\\_%' AND rolname <> $1
             AND (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole)",
    )
    .bind(ADMIN_USER)
    .fetch_one(&mut superuser)
    .await
    .unwrap();
    assert_eq!(mighty, 0);
    superuser.close().await.unwrap();
    server.stop().await.unwrap();
}
