//! A backup of before an erasure, restored as operators do, with PostgreSQL's own programs and all files: the program's replay of the
//! journal leaves nothing of it.

use super::{World, contents, killed, marks, run, uuid};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{fs, process::Command};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_what_a_restored_backup_brings_back_a_replay_leaves_nothing() {
    let world = World::make_with(killed::now()).await;
    let World { app, marked, bob, carol, shared_id, .. } = &world;
    let gone = [("users", &marked.user_id), ("users", &bob.user_id), ("organizations", shared_id)];
    world.close().await;
    world.mark().await;
    let mut connection = app.superuser().await;
    let address = marks::address(&mut connection).await;
    let program = killed::installation(app, &address);
    let carols_files = contents(&world.blobs().join(&carol.organization_id));

    // The backup: the database, and every file but the journal, of which there is none yet.
    let backup = tempfile::tempdir().unwrap();
    let dumped = backup.path().join("database");
    marks::postgres("pg_dump")
        .args(["--format=custom", "--file"])
        .arg(&dumped)
        .arg(format!("--dbname={address}"))
        .succeeds();
    let files = contents(&app.folder());
    assert!(!app.folder().join("erasures.jsonl").exists());

    // Bob goes as well, and before him the organization that he owns alone.
    bob.ask(shared_id, "DELETE", "/organization", json!({ "slug": "harbour" })).await.is(204);
    let wish = json!({ "email": bob.email, "password": crate::client::PASSWORD });
    bob.post("/me/erasure", &wish).await.is(200);
    app.halt();
    for (table, id) in gone {
        let overdue =
            format!("UPDATE {table} SET erased_after = now() - interval '1 second' WHERE id = '{id}'");
        run(&mut connection, overdue).await;
    }
    let server = program.start().await;
    crate::process::wait_until("all are erased", async || {
        let mut connection = app.superuser().await;
        let finished: i64 = sqlx::query_scalar("SELECT count(*) FROM erasures WHERE finished_at IS NOT NULL")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        finished == 3
    })
    .await;
    server.kill9();
    world.nothing_is_left().await;

    // The disk was lost: another database, and the files as they were; the journal was kept.
    let (server, database) = address.rsplit_once('/').unwrap();
    let restored = format!("{database}_restored");
    run(&mut connection, format!("CREATE DATABASE {restored} OWNER memoreel_owner")).await;
    let address = format!("{server}/{restored}");
    marks::postgres("pg_restore").arg(format!("--dbname={address}")).arg(&dumped).succeeds();
    for (path, content) in &files {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let mut there = PgConnection::connect(&address).await.unwrap();
    assert!(!marks::marked_lines(&mut there).await.is_empty());
    assert!(!marks::marked_files(&app.folder()).is_empty());
    let known: i64 = sqlx::query_scalar("SELECT count(*) FROM erasures").fetch_one(&mut there).await.unwrap();
    assert_eq!(known, 0);

    program.set("DATABASE_URL", Some(&address));
    let told = program.run(&["erasures", "replay"]).succeeds();
    assert_eq!(told.matches(": erased again\n").count(), 3, "{told}");
    let lines = marks::marked_lines(&mut there).await;
    assert!(lines.is_empty(), "{}", lines.join("\n"));
    assert!(marks::marked_files(&app.folder()).is_empty());
    for (table, id) in gone {
        let query = format!("SELECT count(*) FROM {table} WHERE id = $1");
        let left: i64 =
            sqlx::query_scalar(AssertSqlSafe(query)).bind(uuid(id)).fetch_one(&mut there).await.unwrap();
        assert_eq!(left, 0, "{table}");
    }
    assert_eq!(carols_files, contents(&world.blobs().join(&carol.organization_id)));
    let told = program.run(&["erasures", "replay"]).succeeds();
    assert_eq!(told.matches(": nothing came back\n").count(), 3, "{told}");

    there.close().await.unwrap();
    run(&mut connection, format!("DROP DATABASE {restored} WITH (FORCE)")).await;
}

/// A program that has to end well.
trait Succeeds {
    /// What it wrote to its standard output.
    fn succeeds(&mut self) -> String;
}

impl Succeeds for Command {
    fn succeeds(&mut self) -> String {
        let done = self.output().unwrap();
        assert!(done.status.success(), "{self:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }
}
