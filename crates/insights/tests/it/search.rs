//! Finding what was said.

use crate::stage::Stage;
use http::StatusCode;
use memoreel_kernel::VideoId;
use serde_json::json;

async fn library(stage: &mut Stage) -> [VideoId; 3] {
    let ana = stage.ana;
    let planning = stage.spoken(
        &ana,
        "Planning",
        &[
            (0, "Good morning, everybody, and welcome to the planning meeting."),
            (1, "The budget for travel shrinks by forty percent this spring."),
            (0, "Nobody will like that, I am afraid."),
        ],
    );
    let planning = planning.await;
    let hiring = stage.spoken(
        &ana,
        "Hiring",
        &[
            (0, "This meeting is about the people we need."),
            (1, "We will recruit two engineers, one for search and one for travel booking."),
        ],
    );
    let hiring = hiring.await;
    let beach = stage.spoken(&ana, "Beach", &[(0, "My vacation on the beach was quiet and sunny.")]).await;
    [planning, hiring, beach]
}

#[tokio::test]
async fn words_are_found_in_any_form_at_the_second_they_are_said() {
    let mut stage = Stage::new().await;
    library(&mut stage).await;
    let ana = stage.ana;
    assert_eq!(stage.search(&ana, "q=budgets&mode=keyword").await, ["Planning@4"]);
    assert_eq!(stage.search(&ana, "q=travelling&mode=keyword").await.len(), 2);
    assert_eq!(stage.search(&ana, "q=%22search%20and%20one%22&mode=keyword").await, ["Hiring@4"]);
    assert!(stage.search(&ana, "q=%22one%20and%20search%22&mode=keyword").await.is_empty());
    assert_eq!(stage.search(&ana, "q=travel%20-budget&mode=keyword").await, ["Hiring@4"]);
    assert!(stage.search(&ana, "q=the&mode=keyword").await.is_empty());

    let found = stage.get(&ana, "/search?q=forty%20budget&mode=keyword").await;
    let hit = &found["items"][0];
    let text: Vec<char> = hit["text"].as_str().unwrap().chars().collect();
    let marked = |mark: &serde_json::Value| -> String {
        let at = |name: &str| usize::try_from(mark[name].as_u64().unwrap()).unwrap();
        text[at("start")..at("end")].iter().collect()
    };
    let words: Vec<String> = hit["highlights"].as_array().unwrap().iter().map(marked).collect();
    assert_eq!(words, ["budget", "forty"]);
    assert_eq!(hit["matched_by"], json!(["words"]));
}

#[tokio::test]
async fn meaning_is_found_without_the_words_and_gives_as_many_as_there_are() {
    let mut stage = Stage::new().await;
    library(&mut stage).await;
    let ana = stage.ana;
    let found = stage.search(&ana, "q=expensive&mode=semantic").await;
    assert_eq!((found[0].as_str(), found.len()), ("Planning@4", 3));
    let found = stage.search(&ana, "q=holiday&mode=hybrid").await;
    assert_eq!((found[0].as_str(), found.len()), ("Beach@0", 3));
    assert_eq!(stage.search(&ana, "q=holiday&mode=semantic&limit=2").await.len(), 2);
    assert_eq!(stage.search(&ana, "q=holiday&mode=semantic&speaker=speaker%202").await.len(), 2);
    let both = stage.get(&ana, "/search?q=recruit%20engineers").await;
    assert_eq!(both["items"][0]["matched_by"], json!(["words", "meaning"]));
    assert_eq!((&both["items"][0]["video_title"], &both["mode"]), (&json!("Hiring"), &json!("hybrid")));
}

#[tokio::test]
async fn filters_narrow_every_mode() {
    let mut stage = Stage::new().await;
    let [planning, hiring, beach] = library(&mut stage).await;
    let ana = stage.ana;
    let transcript = stage.get(&ana, &format!("/videos/{hiring}/transcript")).await;
    let speaker = transcript["speakers"][1]["id"].as_str().unwrap().to_owned();
    let path = format!("/videos/{hiring}/speakers/{speaker}");
    stage.request(&ana, "PATCH", &path, json!({"name": "Zoë"}).to_string()).await;
    stage.sql("UPDATE videos SET created_at = '2020-02-02T12:00:00Z' WHERE id = $1", beach).await;
    stage.sql(
        "WITH channel AS (INSERT INTO channels (organization_id, id, name)
             SELECT organization_id, '00000000-0000-0000-0000-0000000000cc', 'C' FROM videos WHERE id = $1 RETURNING id)
         SELECT FROM channel",
        planning,
    )
    .await;
    stage
        .sql("UPDATE videos SET channel_id = '00000000-0000-0000-0000-0000000000cc' WHERE id = $1", planning)
        .await;
    for mode in ["keyword", "semantic", "hybrid"] {
        let query = format!("q=travel%20vacation&mode={mode}");
        let by = async |filter: String| stage.search(&ana, &format!("{query}&{filter}")).await;
        assert_eq!(by(format!("video_id={hiring}")).await, ["Hiring@4"], "{mode}");
        assert_eq!(by("speaker=zo%C3%AB".into()).await, ["Hiring@4"], "{mode}");
        assert_eq!(by("speaker=speaker%202".into()).await.len(), 2, "{mode}");
        assert_eq!(by("to=2020-02-02".into()).await, ["Beach@0"], "{mode}");
        assert_eq!(by("from=2020-02-03".into()).await.len(), 2, "{mode}");
        assert_eq!(
            by("channel_id=00000000-0000-0000-0000-0000000000cc".into()).await,
            ["Planning@4"],
            "{mode}"
        );
    }
    stage
        .sql(
            "INSERT INTO renditions (organization_id, asset_id, kind, name, blob_key, content_type, byte_size)
             SELECT organization_id, asset_id, 'thumbnail', 'poster-small', 'poster-small.jpg', 'image/jpeg', 1
             FROM videos WHERE id = $1",
            hiring,
        )
        .await;
    let found = stage.get(&ana, "/search?q=engineers&mode=keyword").await;
    assert!(
        found["items"][0]["poster_url"].as_str().is_some_and(|url| url.starts_with("/media/")),
        "{found}"
    );
    assert_eq!(found["items"][0]["speakers"], json!(["Speaker 1", "Zoë"]));
}

#[tokio::test]
async fn nobody_finds_what_they_may_not_see() {
    let mut stage = Stage::new().await;
    let [planning, hiring, _] = library(&mut stage).await;
    let (ana, ben, eve) = (stage.ana, stage.ben, stage.eve);
    stage.sql("UPDATE videos SET visibility = 'private' WHERE id = $1", planning).await;
    for mode in ["keyword", "semantic", "hybrid"] {
        let query = format!("q=budget%20travel&mode={mode}");
        let planned =
            async |caller| stage.search(caller, &query).await.iter().any(|hit| hit.starts_with("Planning"));
        assert!(planned(&ana).await, "{mode}");
        assert!(!planned(&ben).await, "{mode}");
        assert!(stage.search(&eve, &query).await.is_empty(), "{mode}");
        assert!(stage.search(&eve, &format!("{query}&video_id={hiring}")).await.is_empty(), "{mode}");
    }
    stage.sql("UPDATE videos SET deleted_at = now(), retention_until = now() WHERE id = $1", hiring).await;
    assert_eq!(stage.search(&ben, "q=engineers").await, ["Beach@0"]);
}

#[tokio::test]
async fn the_function_answers_only_for_the_caller_of_the_transaction() {
    let mut stage = Stage::new().await;
    library(&mut stage).await;
    let ask = "SELECT chunk_id FROM search_chunks($1, $2, 'keyword', 'travel', '{}', '{}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
             NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 5)";
    for (asked, as_whom, rows) in
        [(stage.ana, stage.ana, Some(2)), (stage.ana, stage.eve, None), (stage.ana, stage.ben, None)]
    {
        let mut tx = stage.app.db.tenant(&as_whom).await.expect("a transaction");
        let answer = sqlx::query(ask)
            .bind(asked.organization_id.uuid())
            .bind(asked.user_id.map(|id| id.uuid()))
            .fetch_all(&mut *tx)
            .await;
        match (answer, rows) {
            (Ok(found), Some(rows)) => assert_eq!(found.len(), rows),
            (Err(sqlx::Error::Database(error)), None) => assert_eq!(error.code().as_deref(), Some("42501")),
            (answer, _) => panic!("{answer:?}"),
        }
    }
}

#[tokio::test]
async fn strange_queries_are_refused_or_find_nothing() {
    let stage = Stage::new().await;
    let ana = stage.ana;
    for refused in [
        "q=",
        "q=%20",
        &format!("q={}", "x".repeat(memoreel_search::QUERY_CHARS_MAX + 1)),
        "q=a&limit=0",
        "q=a&limit=101",
        "q=a&from=never",
        "q=a&mode=magic",
        "q=a&video_id=7",
        "q=%00%01",
    ] {
        let (status, body) = stage.request(&ana, "GET", &format!("/search?{refused}"), "").await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}: {body}");
    }
    for odd in ["q=%01", "q=!%26%7C()%3A*%27", "q=%22%22", "q=-x", "q=it%27s%20%5C%27%20a", "q=%F0%9F%A6%8A"]
    {
        for mode in ["keyword", "hybrid"] {
            assert!(stage.search(&ana, &format!("{odd}&mode={mode}")).await.is_empty(), "{odd}");
        }
    }
}
