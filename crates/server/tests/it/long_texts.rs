//! Long transcripts of one organization, whose passages and summaries take long.

use crate::{
    app::TestApp,
    client::{Person, send},
    engines::{DIMENSIONS, vector},
};
use async_trait::async_trait;
use chrono::TimeDelta;
use memoreel_ai::{AiError, Embed, EmbedModel};
use memoreel_insights::Summarise;
use memoreel_kernel::Timestamp;
use memoreel_search::Index;
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, time::Instant};

/// An engine that is slow with what somebody says: it waits until it may go on.
struct Slow {
    goes_on: Semaphore,
}

#[async_trait]
impl Embed for Slow {
    fn model(&self) -> EmbedModel {
        EmbedModel { name: "word-bag".to_owned(), dimensions: DIMENSIONS }
    }

    async fn embed_passages(&self, passages: &[String]) -> Result<Vec<Vec<f32>>, AiError> {
        if passages.iter().any(|passage| passage.contains("slowly")) {
            drop(self.goes_on.acquire().await.unwrap());
        }
        Ok(passages.iter().map(|passage| vector(passage)).collect())
    }

    async fn embed_query(&self, query: &str) -> Result<Vec<f32>, AiError> {
        Ok(vector(query))
    }
}

async fn captioned(app: &TestApp, person: &Person, text: &str) -> String {
    let video = app.insert_video(person, "Harbour").await;
    let vtt = format!("WEBVTT\n\n00:00.000 --> 00:04.000\n{text}\n");
    send(person.request("PUT", &format!("/videos/{video}/captions")).body(vtt)).await.is(200);
    video.to_string()
}

/// The status and the tries of each task of an organization that goes through a transcript.
async fn steps(app: &TestApp, organization_id: &str) -> Vec<(String, i32)> {
    sqlx::query_as(
        "SELECT status, attempts FROM tasks WHERE kind IN ('index', 'summarise') AND organization_id = $1::uuid",
    )
    .bind(organization_id)
    .fetch_all(&mut app.superuser().await)
    .await
    .unwrap()
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn long_transcripts_of_one_organization_leave_places_for_others() {
    let app = TestApp::start().await;
    let slow = Arc::new(Slow { goes_on: Semaphore::new(0) });
    let engine: Arc<dyn Embed> = Arc::clone(&slow) as Arc<dyn Embed>;
    let index = Index::new(app.app.clone(), Arc::clone(&engine));
    app.work_with(|registry| registry.with(index).with(Summarise::new(engine, None))).await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    for _ in 0..6 {
        captioned(&app, &ada, "The crane turns slowly to the harbour.").await;
    }
    let of_ada = async |wanted: &str| {
        let steps = steps(&app, &ada.organization_id).await;
        steps.iter().filter(|(status, _)| status == wanted).count()
    };
    until("two of each step that run", async || of_ada("running").await >= 4).await;
    captioned(&app, &bob, "The lighthouse is painted in spring.").await;
    until("what bob said", async || {
        let steps = steps(&app, &bob.organization_id).await;
        steps.len() == 2 && steps.iter().all(|(status, _)| status == "completed")
    })
    .await;
    assert_eq!(of_ada("completed").await, 0);
    let found = bob.get("/search?q=lighthouse&mode=keyword").await.is(200).json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");

    slow.goes_on.add_permits(1);
    until("all of them", async || {
        app.clock.advance(TimeDelta::seconds(1));
        of_ada("completed").await == 12
    })
    .await;
    // To wait for others is no try.
    let steps = steps(&app, &ada.organization_id).await;
    assert!(steps.iter().all(|(_, attempts)| *attempts == 1), "{steps:?}");
}

/// When tasks that were put off are due, and how many of them at each time.
async fn put_off(app: &TestApp) -> Vec<(Timestamp, i64)> {
    sqlx::query_as(
        "SELECT scheduled_for, count(*) FROM tasks WHERE kind = 'index' AND status = 'pending' AND scheduled_for > $1
         GROUP BY scheduled_for ORDER BY scheduled_for",
    )
    .bind(app.now())
    .fetch_all(&mut app.superuser().await)
    .await
    .unwrap()
}

#[tokio::test]
async fn of_thousands_that_give_way_those_behind_others_wait_longer() {
    let app = TestApp::start().await;
    let slow = Arc::new(Slow { goes_on: Semaphore::new(0) });
    let index = Index::new(app.app.clone(), Arc::clone(&slow) as Arc<dyn Embed>);
    app.work_with(|registry| registry.with(index)).await;
    let ada = app.person("ada").await;
    for _ in 0..2 {
        captioned(&app, &ada, "The crane turns slowly to the harbour.").await;
    }
    until("both that run", async || {
        let running = "SELECT count(*) FROM tasks WHERE kind = 'index' AND status = 'running'";
        sqlx::query_scalar::<_, i64>(running).fetch_one(&mut app.superuser().await).await.unwrap() == 2
    })
    .await;
    sqlx::query(
        "INSERT INTO tasks (organization_id, kind, subject_id, payload, scheduled_for)
         SELECT $1::uuid, 'index', id, jsonb_build_object('video_id', id), $2
         FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 2500)) AS videos",
    )
    .bind(&ada.organization_id)
    .bind(app.now())
    .execute(&mut app.superuser().await)
    .await
    .unwrap();
    until("all that give way", async || {
        put_off(&app).await.iter().map(|(_, count)| count).sum::<i64>() == 2_500
    })
    .await;
    let waiting = put_off(&app).await;
    // With whatever found no place and asked for this.
    assert!(waiting.len() >= 3 && waiting.iter().all(|(_, count)| *count <= 1_010), "{waiting:?}");
    let longest = waiting[waiting.len() - 1].0 - app.now();
    assert!(longest <= TimeDelta::seconds(60), "{waiting:?}");
    slow.goes_on.add_permits(1);
}
