//! What dead workers left is taken back.

use crate::queue::{Queue, brisk};
use memoreel_kernel::{Clock, Event};
use memoreel_tasks::{NewTask, Registry};

fn nothing(_: &Event) -> Vec<NewTask> {
    Vec::new()
}

#[tokio::test]
async fn a_task_that_cannot_be_taken_back_keeps_no_other_from_it() {
    let queue = Queue::create(nothing).await;
    let mut connection = queue.database.superuser().await.unwrap();
    sqlx::raw_sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
         CREATE TRIGGER refuse BEFORE UPDATE ON tasks FOR EACH ROW WHEN (OLD.kind = 'stuck') EXECUTE FUNCTION refuse()",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    for kind in ["stuck", "crowd"] {
        sqlx::query(
            "INSERT INTO tasks (organization_id, kind, subject_id, status, attempts, started_at, lease, leased_until, worker)
             VALUES ($1, $2, gen_random_uuid(), 'running', 1, $3, gen_random_uuid(), $3 - interval '1 minute', 'elsewhere/1/x')",
        )
        .bind(queue.caller.organization_id.uuid())
        .bind(kind)
        .bind(queue.clock.now())
        .execute(&mut connection)
        .await
        .unwrap();
    }
    let worker = queue.worker(Registry::default(), brisk());
    queue.until("pending", 1).await;
    assert_eq!(queue.task_count("running").await, 1, "the one that nobody can take back");
    worker.stopped().await;
}
