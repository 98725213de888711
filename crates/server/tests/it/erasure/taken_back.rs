//! Erasures of what is taken back, or would be, after they have begun.

use super::{run, uuid};
use crate::{
    accounts::{received, with_mail_server},
    app::{PUBLIC_URL, TestApp},
    client::PASSWORD,
};
use chrono::TimeDelta;
use memoreel_blob::BlobKey;
use memoreel_db::SystemReason;
use memoreel_kernel::UserId;
use memoreel_privacy::{AskedBy, JournalEntry, Subject};
use serde_json::json;
use std::fs;

/// Begins every erasure that is due; it is interrupted before anything goes, because the journal cannot be written.
async fn interrupted(app: &TestApp) {
    let journal = app.folder().join("erasures.jsonl");
    fs::create_dir(&journal).unwrap();
    app.eraser().sweep().await.unwrap();
    fs::remove_dir(&journal).unwrap();
    let erasures = app.eraser().erasures().await.unwrap();
    assert!(erasures.len() == 1 && erasures[0].finished_at.is_none(), "{erasures:?}");
}

#[tokio::test]
async fn a_link_that_was_mailed_before_opens_no_account_that_is_being_erased() {
    let (app, smtp) = with_mail_server().await;
    let (email, visitor) = ("grace@example.com", app.visitor());
    let account = json!({ "email": email, "name": "Grace", "password": PASSWORD });
    visitor.post("/users", &account).await.is(202);
    app.idle().await;
    app.clock.advance(TimeDelta::days(14) - TimeDelta::minutes(10));
    visitor.post("/password-resets", &json!({ "email": email })).await.is(202);
    let start = format!("{PUBLIC_URL}/reset-password#");
    let mails = received(&app, &smtp, email).await;
    let token = mails.iter().find_map(|(_, text)| text.lines().find_map(|line| line.strip_prefix(&start)));
    let reset = json!({ "token": token.unwrap(), "password": "seven green umbrellas" });

    app.clock.advance(TimeDelta::minutes(11));
    let mut tx = app.db().system(SystemReason::Maintain).await.unwrap();
    let removed = memoreel_identity::remove_expired(&mut tx, app.now()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(removed.unconfirmed, 1);
    interrupted(&app).await;
    visitor.post("/password-resets/confirm", &reset).await.refuses(422, "token_wrong");
    app.eraser().sweep().await.unwrap();
    let erasure = app.eraser().erasures().await.unwrap().remove(0);
    assert_eq!(erasure.report.unwrap().rows.removed["users"], 1);
    assert_eq!(app.eraser().journal().entries().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_account_that_is_open_again_keeps_its_files_and_is_not_erased_by_a_replay() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let user_id = UserId(uuid(&ada.user_id));
    memoreel_identity::close_account_now(app.db(), user_id, app.now()).await.unwrap();
    interrupted(&app).await;
    // As though it had got as far as the journal, and the account had been opened nevertheless.
    let folder: BlobKey = format!("organizations/{}", ada.organization_id).parse().unwrap();
    let entry = JournalEntry {
        erasure_id: app.eraser().erasures().await.unwrap()[0].id,
        kind: "person".to_owned(),
        subject_id: user_id.uuid(),
        blobs: vec![folder.clone()],
        at: app.now(),
    };
    let line = format!("{}\n", serde_json::to_string(&entry).unwrap());
    fs::write(app.folder().join("erasures.jsonl"), line).unwrap();
    run(&mut app.superuser().await, "UPDATE users SET erased_after = NULL".to_owned()).await;
    let key: BlobKey = format!("{folder}/contents/a/original.wav").parse().unwrap();
    app.app.blobs.put_bytes(&key, "hers").await.unwrap();
    let file = app.folder().join("blobs/blobs").join(key.to_string());
    assert!(file.exists());

    for _ in 0..2 {
        app.eraser().sweep().await.unwrap();
        assert!(file.exists());
    }
    let withdrawn = app.eraser().erasures().await.unwrap().remove(0);
    assert!(withdrawn.finished_at.is_some() && withdrawn.report.is_none(), "{withdrawn:?}");
    assert_eq!(app.eraser().journal().entries().await.unwrap(), []);
    // From the journal of another machine, which does not say so.
    assert_eq!(app.eraser().repeat(&entry).await.unwrap(), None);
    app.signed_in(&ada).await.get("/me").await.is(200);
    assert!(file.exists());

    // Closed once more, it goes like any other.
    memoreel_identity::close_account_now(app.db(), user_id, app.now()).await.unwrap();
    app.eraser().erase(Subject::Person(user_id), AskedBy::Operator).await.unwrap();
    assert!(!file.exists());
    let entries = app.eraser().journal().entries().await.unwrap();
    assert_eq!(entries.len(), 1);
    // Another one: that the first was withdrawn says nothing of it.
    assert_ne!(entries[0].erasure_id, entry.erasure_id);
}
