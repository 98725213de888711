//! Entries of other organizations' logs that name somebody who is erased, whoever did what they tell of.

use super::{
    marks::{self, MARK},
    run, uuid,
};
use crate::{app::TestApp, client::Person, organizations::new_organization};
use memoreel_kernel::UserId;
use memoreel_privacy::{AskedBy, Subject};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

/// Makes the changes that the log tells of so far as entries told of them before they said whom they are about.
pub async fn without_subjects(connection: &mut PgConnection) {
    let statement = "UPDATE audit_logs SET details = details - 'subject',
        details_digest = audit_digest(details_salt, details - 'subject') WHERE action LIKE '%.updated'";
    run(connection, statement.to_owned()).await;
}

async fn changes(owner: &Person, organization_id: &str, kind: &str) -> Vec<Value> {
    let path = format!("/audit-log?action={kind}.updated");
    let page = owner.ask(organization_id, "GET", &path, Value::Null).await.is(200).json();
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn what_others_did_to_somebody_who_was_erased_is_told_without_their_name() {
    let app = TestApp::start().await;
    let (ada, marked) = (app.person("ada").await, app.person(MARK).await);
    let id = new_organization(&ada, "Harbour").await;
    app.add_member(&id, &marked, "member").await;
    let there = Person { organization_id: id.clone(), ..ada.clone() };
    let video = app.insert_video(&there, "Minutes").await;
    let mut connection = app.superuser().await;
    let voice: Uuid = sqlx::query_scalar(
        "INSERT INTO speakers (organization_id, video_id, label, hue) VALUES ($1, $2, 'Speaker 1', 0) RETURNING id",
    )
    .bind(uuid(&id))
    .bind(video)
    .fetch_one(&mut connection)
    .await
    .unwrap();
    let member = format!("/members/{}", marked.user_id);
    let speaker = format!("/videos/{video}/speakers/{voice}");

    // Named before it is known whose voice it is.
    ada.ask(&id, "PATCH", &speaker, json!({ "name": MARK })).await.is(200);
    let linked = format!("UPDATE speakers SET user_id = '{}' WHERE id = '{voice}'", marked.user_id);
    run(&mut connection, linked).await;
    ada.ask(&id, "PATCH", &member, json!({ "role": "viewer" })).await.is(200);
    without_subjects(&mut connection).await;
    ada.ask(&id, "PATCH", &member, json!({ "role": "admin" })).await.is(200);
    ada.ask(&id, "PATCH", &speaker, json!({ "name": format!("{MARK} again") })).await.is(200);
    memoreel_audit::seal(app.db()).await.unwrap();
    let (roles, names) = (changes(&ada, &id, "membership").await, changes(&ada, &id, "speaker").await);
    assert_eq!((roles.len(), names.len()), (2, 3));
    assert!(roles.iter().all(|entry| entry["label"] == MARK), "{roles:#?}");

    let user_id = UserId(uuid(&marked.user_id));
    memoreel_identity::close_account_now(app.db(), user_id, app.now()).await.unwrap();
    app.eraser().erase(Subject::Person(user_id), AskedBy::Operator).await.unwrap();
    let lines = marks::marked_lines(&mut connection).await;
    assert!(lines.is_empty(), "{}", lines.join("\n"));
    for (kind, before) in [("membership", roles), ("speaker", names)] {
        let after = changes(&ada, &id, kind).await;
        assert_eq!(after.len(), before.len());
        for (entry, told) in after.iter().zip(&before) {
            assert_eq!((&entry["id"], &entry["is_erased"]), (&told["id"], &json!(true)), "{entry}");
        }
    }
    memoreel_audit::seal(app.db()).await.unwrap();
    let chains = memoreel_audit::verify(app.db(), None).await.unwrap();
    assert!(chains.iter().all(|chain| chain.broken_seq.is_none()), "{chains:?}");
}
