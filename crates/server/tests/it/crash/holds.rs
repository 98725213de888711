//! Meeting a step at a chosen moment: while it works, or when its results are written and not yet committed.

use crate::process::{Installation, PATIENCE, wait_until};
use sqlx::PgConnection;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Lets the test stop a step of a video or an asset at the hardest moment: its results are written, and not yet committed.
pub(super) async fn install_holds(database: &mut PgConnection) {
    let statements = "
        CREATE TABLE test_holds (subject_id uuid, kind text);
        GRANT SELECT ON test_holds TO PUBLIC;
        CREATE FUNCTION test_hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF EXISTS (SELECT FROM test_holds h WHERE h.subject_id = NEW.subject_id AND h.kind = NEW.kind) THEN
                PERFORM pg_advisory_xact_lock(hashtextextended(NEW.subject_id::text || NEW.kind, 1));
            END IF;
            WHILE EXISTS (SELECT FROM test_holds h WHERE h.subject_id = NEW.subject_id AND h.kind = NEW.kind) LOOP
                PERFORM pg_sleep(0.02);
            END LOOP;
            RETURN NULL;
        END $$;
        CREATE TRIGGER test_hold AFTER UPDATE ON tasks FOR EACH ROW WHEN (NEW.status = 'completed')
            EXECUTE FUNCTION test_hold();";
    sqlx::raw_sql(statements).execute(database).await.unwrap();
}

pub(super) async fn hold(database: &mut PgConnection, subject_id: &str, step: &str) {
    sqlx::query("INSERT INTO test_holds VALUES ($1::text::uuid, $2)")
        .bind(subject_id)
        .bind(step)
        .execute(database)
        .await
        .unwrap();
}

pub(super) async fn release(database: &mut PgConnection, subject_id: &str) {
    sqlx::query("DELETE FROM test_holds WHERE subject_id::text = $1")
        .bind(subject_id)
        .execute(database)
        .await
        .unwrap();
}

pub(super) async fn wait_held(installation: &Installation, subject_id: &str, step: &str) {
    let mut database = installation.database().await;
    wait_until(&format!("{step} is held"), async || {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted
                 AND (classid::bigint << 32) | objid::bigint = hashtextextended($1 || $2, 1))",
        )
        .bind(subject_id)
        .bind(step)
        .fetch_one(&mut database)
        .await
        .unwrap()
    })
    .await;
}

/// Waits until a step of the subject runs; false if it has completed before that was seen.
pub(super) async fn meet_running(installation: &Installation, subject_id: &str, step: &str) -> bool {
    let mut database = installation.database().await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        // A row that a dead worker left counts only once a living one has taken it.
        let met: Result<Option<(String, bool)>, _> = sqlx::query_as(
            "SELECT status, worker LIKE '%/' || $3 || '/%' FROM tasks WHERE subject_id::text = $1 AND kind = $2",
        )
        .bind(subject_id)
        .bind(step)
        .bind(installation.worker_pid())
        .fetch_optional(&mut database)
        .await;
        match met.as_ref().map(|row| row.as_ref().map(|(status, is_alive)| (status.as_str(), *is_alive))) {
            Ok(Some(("running", true))) => return true,
            Ok(Some(("completed", _))) => return false,
            Ok(_) => {}
            Err(_) => database = installation.database().await,
        }
        assert!(Instant::now() < deadline, "{step} does not run");
        sleep(Duration::from_millis(2)).await;
    }
}

pub(super) async fn attempts(installation: &Installation, subject_id: &str, step: &str) -> i32 {
    sqlx::query_scalar("SELECT attempts FROM tasks WHERE subject_id::text = $1 AND kind = $2")
        .bind(subject_id)
        .bind(step)
        .fetch_one(&mut installation.database().await)
        .await
        .unwrap()
}
