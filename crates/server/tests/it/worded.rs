//! Finding by words in a large library: ranked in memory as the database ranks, and under its rules.

use crate::{
    app::TestApp,
    client::{Person, send},
    search::{paragraph, video_of},
};
use memoreel_kernel::{EmbeddingModelId, OrganizationId};
use serde_json::json;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Titles and seconds of the hits, and which of them have words.
async fn found(person: &Person, organization_id: &str, query: &str) -> Vec<(String, i64, bool)> {
    let request = person.request("GET", &format!("/search?limit=10&q={query}"));
    let answer = send(request.header("memoreel-organization", organization_id)).await.is(200).json();
    let hits = answer["items"].as_array().unwrap().iter();
    hits.map(|hit| {
        let title = hit["video_title"].as_str().unwrap().to_owned();
        let worded = hit["matched_by"].as_array().unwrap().contains(&json!("words"));
        (title, hit["start_ms"].as_i64().unwrap() / 1_000, worded)
    })
    .collect()
}

/// Searches until the passages are in memory.
async fn read_into_memory(app: &TestApp, person: &Person) {
    let (organization_id, model_id): (OrganizationId, EmbeddingModelId) = {
        let ids: (Uuid, Uuid) = sqlx::query_as(
            "SELECT o.id, m.id FROM organizations o CROSS JOIN embedding_models m WHERE o.id = $1",
        )
        .bind(person.organization_id.parse::<Uuid>().unwrap())
        .fetch_one(&mut app.superuser().await)
        .await
        .unwrap();
        (ids.0.into(), ids.1.into())
    };
    let deadline = Instant::now() + Duration::from_secs(30);
    while app.passages().held_bytes(organization_id, model_id).is_none_or(|bytes| bytes == 0) {
        assert!(Instant::now() < deadline, "the passages are not read");
        tokio::time::sleep(Duration::from_millis(100)).await;
        found(person, &person.organization_id, "anything").await;
    }
}

#[tokio::test]
async fn words_are_ranked_in_memory_as_in_the_database_and_under_its_rules() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let ben = app.colleague(&ada, "ben", "member").await;
    // More passages have a winch than are ranked, each another share of it: of equal ones, any may be chosen. Few have a crane.
    let mut texts: Vec<String> = (0..1_100)
        .map(|number| {
            let crane = if number % 40 == 0 { " crane" } else { "" };
            let even = usize::from(number % 2 == 0);
            let winches =
                " winch".repeat(even * (1 + number / 100)) + &" on".repeat(even * (number % 100) / 2);
            paragraph(&format!("Number{number}{crane}{winches}"))
        })
        .collect();
    texts[300] = paragraph("The buoy lies beside the crane, and behind the buoy another buoy");
    texts[301] = paragraph("Nobody names it here");
    texts[801] = paragraph("A buoy");
    texts[901] = paragraph("Cranes, the tall crane and the small crane of the harbour wall");
    let paragraphs: Vec<(&str, &str)> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| (if n % 3 == 0 { "Cleo" } else { "Dan" }, text.as_str()))
        .collect();
    video_of(&app, &ada, "Long", &paragraphs).await;
    let two = paragraph("We paint a crane and a buoy");
    let titled =
        video_of(&app, &ada, "Quarterly lighthouse review", &[("Cleo", &two), ("Dan", &texts[1])]).await;
    let hidden =
        video_of(&app, &ada, "Hidden", &[("Ben", &paragraph("crane buoy crane buoy tower")), ("Ben", &two)])
            .await;
    let (to_ada, to_ben) =
        (|query| found(&ada, &ada.organization_id, query), |query| found(&ben, &ada.organization_id, query));
    ada.patch(&hidden, &json!({ "visibility": "private" })).await.is(200);

    let queries = [
        "crane&mode=keyword",
        "winch&mode=keyword",
        "buoy&mode=keyword",
        "crane+buoy+wall&mode=keyword",
        "lighthouse+cranes&mode=keyword",
        "tower&mode=keyword",
        "%22small+crane%22&mode=keyword",
        "crane+-buoy&mode=keyword",
        "crane&speaker=cleo&mode=keyword",
        "unheard+of&mode=keyword",
        "buoy",
        "crane+wall",
    ];
    let mut before = Vec::new();
    for query in queries {
        before.push((to_ada(query).await, to_ben(query).await));
    }
    assert_eq!(before[0].1[0].1, 901 * 60);
    assert_eq!((before[5].0.len(), before[5].1.len()), (1, 0), "only Ada sees what is hidden");
    assert_eq!(before[9].0.len(), 0);
    read_into_memory(&app, &ada).await;
    for (query, before) in queries.iter().zip(&before) {
        assert_eq!(to_ada(query).await, before.0, "{query}, Ada");
        assert_eq!(to_ben(query).await, before.1, "{query}, Ben");
    }

    ada.patch(&titled, &json!({ "title": "Harbour" })).await.is(200);
    assert_eq!(to_ben("lighthouse&mode=keyword").await, []);
    assert_eq!(to_ben("harbour&mode=keyword").await.iter().filter(|hit| hit.0 == "Harbour").count(), 2);
    ada.patch(&hidden, &json!({ "visibility": "organization" })).await.is(200);
    assert_eq!(to_ben("tower&mode=keyword").await[0].0, "Hidden");
    ada.patch(&hidden, &json!({ "visibility": "private" })).await.is(200);
    assert_eq!(to_ben("tower&mode=keyword").await, []);
    video_of(&app, &ada, "New", &[("Ana", &paragraph("A windlass and a crane"))]).await;
    for query in ["windlass&mode=keyword", "windlass"] {
        assert_eq!(to_ben(query).await[0], ("New".to_owned(), 0, true), "{query}");
    }
    ada.delete(&titled).await.is(204);
    assert!(to_ben("crane+buoy&mode=keyword").await.iter().all(|hit| hit.0 != "Harbour"));
}
