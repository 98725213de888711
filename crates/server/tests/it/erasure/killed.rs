//! `kill -9` of the real program in the middle of an erasure: after the next starts nothing is left, and of others nothing is changed.

use super::{
    World, contents,
    marks::{self, MARK},
    others, rows_of, uuid,
};
use crate::{
    app::{Options, TestApp},
    client::Person,
    process::{Installation, PATIENCE},
};
use memoreel_kernel::{Clock, SystemClock};
use memoreel_testkit::SECRET;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// Statements of an erasure in their order, each with the table that is locked to meet it there: before anything is known, before
/// tasks stop, twice in the middle of the rows, and when they are all gone but not for good.
const PLACES: &[(&str, &str)] = &[
    ("erasures", "INSERT INTO erasures%"),
    ("tasks", "UPDATE tasks SET%cancel_requested = true%"),
    ("outbox", "SELECT erase_%"),
    ("videos", "SELECT erase_%"),
    ("erasures", "UPDATE erasures SET report%"),
];

/// The program, over the database and the files of a test.
pub fn installation(app: &TestApp, address: &str) -> Installation {
    let installation = Installation::new();
    // What the test calls otherwise than the program does.
    let (staging, uploads) = (app.folder().join("staging"), app.folder().join("uploads"));
    if staging.exists() {
        fs::rename(staging, uploads).unwrap();
    }
    installation.set("MEMOREEL_DATA_DIR", Some(app.folder().to_str().unwrap()));
    installation.set("MEMOREEL_SECRET_KEY", Some(&hex::encode(SECRET)));
    installation.set("DATABASE_URL", Some(address));
    installation
}

/// How far the erasure is: `None` before it began.
async fn is_finished(connection: &mut PgConnection) -> Option<bool> {
    sqlx::query_scalar("SELECT finished_at IS NOT NULL FROM erasures")
        .fetch_optional(connection)
        .await
        .unwrap()
}

/// Starts the program again and again and kills it: where it waits for a lock, and wherever it happens to be. Returns how often it was
/// killed with the erasure begun and not finished.
async fn erased_among_kills(app: &TestApp, installation: &Installation) -> usize {
    let (mut connection, mut locking) = (app.superuser().await, app.superuser().await);
    let mut interrupted = 0;
    for (table, statement) in PLACES {
        let mut lock = locking.begin().await.unwrap();
        let locked = format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE");
        sqlx::query(AssertSqlSafe(locked)).execute(&mut *lock).await.unwrap();
        let server = installation.start().await;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let waits: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
                     AND query LIKE $1)",
            )
            .bind(statement)
            .fetch_one(&mut connection)
            .await
            .unwrap();
            if waits {
                break;
            }
            assert!(Instant::now() < deadline, "nothing waits for {table}");
            sleep(Duration::from_millis(10)).await;
        }
        server.kill9();
        interrupted += usize::from(is_finished(&mut connection).await == Some(false));
        lock.rollback().await.unwrap();
        // What waited goes on in the database until it notices that nobody is there; nothing of it is committed.
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
                 AND usename IN ('memoreel_app', 'memoreel_system')",
        )
        .execute(&mut connection)
        .await
        .unwrap();
    }
    // And at random, later each time, until it is over.
    let mut patience = Duration::ZERO;
    loop {
        let server = installation.start().await;
        sleep(patience).await;
        server.kill9();
        match is_finished(&mut connection).await {
            Some(true) => return interrupted,
            state => interrupted += usize::from(state == Some(false)),
        }
        patience += Duration::from_millis(rand::random_range(5..60));
        assert!(patience < PATIENCE, "it is never over");
    }
}

/// The program goes by the time that it is.
pub fn now() -> Options {
    Options { begins_at: Some(SystemClock.now()), ..Options::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_gone_however_often_the_program_is_killed_meanwhile() {
    let world = World::make_with(now()).await;
    let World { app, marked, carol, bob, .. } = &world;
    world.close().await;
    world.mark().await;
    let mut connection = app.superuser().await;
    let program = installation(app, &marks::address(&mut connection).await);
    app.halt();
    // Nobody's time is over yet: what the program does by itself is done before it is looked at.
    let server = program.start().await;
    sleep(Duration::from_secs(1)).await;
    server.kill9();
    assert_eq!(is_finished(&mut connection).await, None);
    let before = kept(&world, &mut connection).await;

    sqlx::query("UPDATE users SET erased_after = now() - interval '1 second' WHERE id = $1")
        .bind(uuid(&marked.user_id))
        .execute(&mut connection)
        .await
        .unwrap();
    let interrupted = erased_among_kills(app, &program).await;
    println!("killed {interrupted} times in the middle of it");
    assert!(interrupted >= PLACES.len() - 1, "{interrupted}");
    world.nothing_is_left().await;
    assert_eq!(before, kept(&world, &mut connection).await);
    let people: i64 = sqlx::query_scalar("SELECT count(*) FROM users WHERE id = ANY($1)")
        .bind(vec![uuid(&bob.user_id), uuid(&carol.user_id)])
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(people, 2);
}

/// Rows outside of organizations, rows of people's own organizations, and files.
type Kept = (BTreeMap<String, BTreeSet<String>>, Vec<BTreeMap<String, String>>, BTreeMap<PathBuf, Vec<u8>>);

/// What is of others alone.
async fn kept(world: &World, connection: &mut PgConnection) -> Kept {
    let World { carol, bob, marked, .. } = world;
    let mut rows = Vec::new();
    for person in [carol, bob] {
        rows.push(rows_of(connection, &person.organization_id).await);
    }
    (others(connection, marked).await, rows, contents(&world.blobs().join(&carol.organization_id)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_organization_is_gone_however_often_the_program_is_killed_meanwhile() {
    let (app, ada, carol, _) = super::marked_organization(now()).await;
    let mut connection = app.superuser().await;
    let program = installation(&app, &marks::address(&mut connection).await);
    app.halt();
    let server = program.start().await;
    sleep(Duration::from_secs(1)).await;
    server.kill9();
    let blobs = app.folder().join("blobs/blobs/organizations");
    let of_others = async |connection: &mut PgConnection, carol: &Person| {
        (rows_of(connection, &carol.organization_id).await, contents(&blobs.join(&carol.organization_id)))
    };
    let before = of_others(&mut connection, &carol).await;
    assert!(before.1.len() > 3);
    assert!(!marks::marked_files(&app.folder()).is_empty(), "{MARK}");

    sqlx::query("UPDATE organizations SET erased_after = now() - interval '1 second' WHERE id = $1")
        .bind(uuid(&ada.organization_id))
        .execute(&mut connection)
        .await
        .unwrap();
    let interrupted = erased_among_kills(&app, &program).await;
    println!("killed {interrupted} times in the middle of it");
    assert!(interrupted >= PLACES.len() - 1, "{interrupted}");
    let lines = marks::marked_lines(&mut connection).await;
    assert!(lines.is_empty(), "{}", lines.join("\n"));
    assert_eq!(marks::marked_files(&app.folder()), Vec::<PathBuf>::new());
    assert_eq!(before, of_others(&mut connection, &carol).await);
}
