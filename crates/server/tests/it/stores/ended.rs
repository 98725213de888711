//! A process that ends while an organization is moved: whoever moves it knows what was written.

use super::sweep::with_stores;
use memoreel_blob::{BlobKey, BlobStore};
use memoreel_stores::Keeper;
use sqlx::{Connection, PgConnection};
use std::time::Duration;
use uuid::Uuid;

/// Waits until so many statements wait for what the test holds.
async fn until_held_up(watching: &mut PgConnection, statements: i64) {
    let waits = async {
        loop {
            let waiting: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock'",
            )
            .fetch_one(&mut *watching)
            .await
            .unwrap();
            if waiting >= statements {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waits).await.expect("they wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_ends_while_it_tells_what_it_wrote_has_told_it() {
    let archive = tempfile::tempdir().unwrap();
    let app = with_stores(&archive).await;
    let ada = app.person("ada").await;
    let id: Uuid = ada.organization_id.parse().unwrap();
    let (mut holding, mut watching) = (app.superuser().await, app.superuser().await);
    sqlx::query(
        "INSERT INTO organization_stores (id, store, other_store, state, generation)
         VALUES ($1, 'default', 'archive', 'copying', next_store_generation())",
    )
    .bind(id)
    .execute(&mut watching)
    .await
    .unwrap();
    let blobs = BlobStore::with_stores(app.app.blobs.stores().clone()).unwrap();
    let keeper = Keeper::start(app.db(), &blobs).await.unwrap();
    let mut held = holding.begin().await.unwrap();
    sqlx::query("SELECT FROM store_processes FOR UPDATE").execute(&mut *held).await.unwrap();
    let key: BlobKey = format!("organizations/{id}/images/one").parse().unwrap();
    blobs.put_bytes(&key, "x").await.unwrap();
    // The app's process has something to tell as well: that it knows of the move.
    until_held_up(&mut watching, 2).await;

    let ends = tokio::spawn(keeper.end());
    until_held_up(&mut watching, 3).await;
    held.commit().await.unwrap();
    ends.await.unwrap().unwrap();
    let told: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM store_processes, jsonb_array_elements(changes) AS change
         WHERE ended_at IS NOT NULL AND change->>'key' = $1",
    )
    .bind(key.as_str())
    .fetch_one(&mut watching)
    .await
    .unwrap();
    assert!(told > 0, "what was written is not known");
}
