//! Two processes that erase the same person.

use super::{
    marks::{self, MARK},
    uuid,
};
use crate::{
    app::TestApp,
    contents::{until_waiting, waiting},
};
use memoreel_kernel::UserId;
use memoreel_privacy::{AskedBy, PrivacyError, Subject};
use std::time::Duration;

#[tokio::test]
async fn of_two_processes_that_erase_the_same_person_neither_begins_again_what_the_other_ended() {
    let app = TestApp::start().await;
    let marked = app.person(MARK).await;
    let user_id = UserId(uuid(&marked.user_id));
    memoreel_identity::close_account_now(app.db(), user_id, app.now()).await.unwrap();
    let mut connection = app.superuser().await;
    // The first to begin is held at that, when it knows already what there is to erase.
    sqlx::raw_sql(
        "CREATE SEQUENCE beginning; GRANT USAGE ON beginning TO public;
         CREATE FUNCTION hold_the_first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF nextval('beginning') = 1 THEN PERFORM pg_advisory_xact_lock(42); END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER hold_the_first BEFORE INSERT ON erasures FOR EACH ROW EXECUTE FUNCTION hold_the_first();
         SELECT pg_advisory_lock(42);",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let erase = || {
        let eraser = app.eraser();
        tokio::spawn(async move { eraser.erase(Subject::Person(user_id), AskedBy::Operator).await })
    };
    let first = erase();
    until_waiting(&app, 1).await;
    let second = erase();
    // It has ended everything, or waits for the first.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while waiting(&app).await < 2 && !second.is_finished() {
        assert!(tokio::time::Instant::now() < deadline, "the second neither ends nor waits");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    sqlx::query("SELECT pg_advisory_unlock(42)").execute(&mut connection).await.unwrap();

    let ended = [first.await.unwrap(), second.await.unwrap()];
    assert!(ended.iter().any(Result::is_ok), "{ended:?}");
    assert!(ended.iter().all(|one| matches!(one, Ok(_) | Err(PrivacyError::NotDue))), "{ended:?}");
    let erasures = app.eraser().erasures().await.unwrap();
    assert_eq!(erasures.len(), 1);
    assert!(erasures[0].finished_at.is_some() && erasures[0].report.is_some(), "{erasures:?}");
    let lines = marks::marked_lines(&mut connection).await;
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}
