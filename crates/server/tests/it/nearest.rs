//! Finding what is near in meaning: as many as were asked for whenever there are as many, and only what may be seen, whether
//! its passages are compared one by one or chosen in memory first.

use memoreel_db::Db;
use memoreel_kernel::{
    Actor, Caller, Clock, EmbeddingModelId, OrganizationId, Role, SessionId, SystemClock, UserId,
};
use memoreel_search::{CHOSEN_MIN, CHOSEN_NARROWED, PassageIndex};
use memoreel_testkit::TestDatabase;
use sqlx::PgConnection;
use std::time::Duration;
use uuid::Uuid;

const HITS: i32 = 10;
const DIMENSIONS: i32 = 32;
const TOPICS: i32 = 40;
/// More than are compared one by one, once they have been read.
const LARGE: i32 = 3_400;
const SMALL: i32 = 300;

/// Conditions of a search beside the organization and the caller, and the same for the reference.
struct Narrowing {
    name: &'static str,
    video_title: Option<&'static str>,
    channel: Option<&'static str>,
    speaker: Option<&'static str>,
    from: Option<&'static str>,
    phrase: Option<&'static str>,
    condition: &'static str,
}

const NOTHING: Narrowing = Narrowing {
    name: "nothing",
    video_title: None,
    channel: None,
    speaker: None,
    from: None,
    phrase: None,
    condition: "true",
};

const NARROWINGS: [Narrowing; 6] = [
    NOTHING,
    Narrowing { name: "a video", video_title: Some("Video 7"), condition: "v.title = 'Video 7'", ..NOTHING },
    Narrowing { name: "a channel", channel: Some("Rare"), condition: "v.channel_id IS NOT NULL", ..NOTHING },
    Narrowing { name: "a speaker", speaker: Some("ada"), condition: "c.speakers @> '{S2}'", ..NOTHING },
    Narrowing {
        name: "a date",
        from: Some("2026-06-01"),
        condition: "v.created_at >= '2026-06-01'",
        ..NOTHING
    },
    Narrowing {
        name: "a phrase",
        phrase: Some("number 42"),
        condition: "c.text LIKE '% number 42'",
        ..NOTHING
    },
];

/// One more passage, with its vector.
const SAY: &str = "WITH new AS (
         INSERT INTO chunks (organization_id, entity_type, entity_id, video_id, chunk_index, text, language, token_count,
             start_seconds, end_seconds, visibility)
         SELECT $1, 'transcript', id, id, $4, 'Said later', 'en', 2, 0, 1, visibility FROM videos
         WHERE organization_id = $1 AND title = 'Video 2' RETURNING id)
     INSERT INTO chunk_embeddings (organization_id, chunk_id, model_id, embedding)
     SELECT $1, id, $2, $3::text::vector FROM new RETURNING chunk_id";

struct World {
    db: Db,
    connection: PgConnection,
    model_id: Uuid,
    nearest: PassageIndex,
    database: TestDatabase,
}

impl World {
    async fn create() -> Self {
        let database = TestDatabase::create().await.unwrap();
        let mut connection = database.superuser().await.unwrap();
        // The same topics, passages and queries each time: a few of fifty hits more or less are chance.
        sqlx::query("SELECT setseed(0.5)").execute(&mut connection).await.unwrap();
        let model_id = sqlx::query_scalar("SELECT register_embedding_model('test', $1)")
            .bind(DIMENSIONS)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        // What people talk about, which is what queries and passages have in common.
        sqlx::query(
            "CREATE TABLE topics AS SELECT topic, array_agg(random_normal()) AS components
             FROM generate_series(0, $1) AS topic, generate_series(1, $2) GROUP BY topic",
        )
        .bind(TOPICS - 1)
        .bind(DIMENSIONS)
        .execute(&mut connection)
        .await
        .unwrap();
        let nearest = PassageIndex::new(1 << 30);
        Self { db: database.open().await.unwrap(), connection, model_id, nearest, database }
    }

    /// Twenty videos: a tenth of the passages in private videos of somebody else, one video deleted but for its passages,
    /// one in a channel, one old.
    async fn organization(&mut self, chunk_count: i32) -> OrganizationId {
        let id = OrganizationId::new(SystemClock.now());
        sqlx::query("INSERT INTO organizations (id, name, slug) VALUES ($1, 'Test', 'o' || $2)")
            .bind(id.uuid())
            .bind(chunk_count)
            .execute(&mut self.connection)
            .await
            .unwrap();
        for statement in [
            "INSERT INTO channels (organization_id, name) VALUES ($1, 'Rare')",
            "INSERT INTO videos (organization_id, title, visibility, channel_id, created_at)
             SELECT $1, 'Video ' || n, CASE WHEN n % 10 = 3 THEN 'private' ELSE 'organization' END,
                 CASE WHEN n = 5 THEN (SELECT id FROM channels WHERE organization_id = $1) END,
                 CASE WHEN n = 9 THEN '2026-07-01' ELSE '2026-01-01' END::timestamptz
             FROM generate_series(0, 19) AS n",
            "INSERT INTO speakers (organization_id, video_id, label, name, hue)
             SELECT $1, id, 'S2', 'Ada', 0 FROM videos WHERE organization_id = $1",
        ] {
            sqlx::query(statement).bind(id.uuid()).execute(&mut self.connection).await.unwrap();
        }
        sqlx::query(
            "WITH new AS (
                 INSERT INTO chunks (organization_id, entity_type, entity_id, video_id, chunk_index, text, language, token_count,
                     start_seconds, end_seconds, speakers, visibility)
                 SELECT $1, 'transcript', v.id, v.id, n, 'This is number ' || n % 50, 'en', 4, n, n + 1,
                     CASE WHEN n % 40 = 0 THEN '{S2}' ELSE '{S1}' END::text[], v.visibility
                 FROM generate_series(0, $2 - 1) AS n
                 JOIN videos v ON v.organization_id = $1 AND v.title = 'Video ' || n % 20
                 RETURNING id, chunk_index)
             INSERT INTO chunk_embeddings (organization_id, chunk_id, model_id, embedding)
             SELECT $1, id, $3, (SELECT array_agg(component + 0.7 * random_normal()) FROM unnest(t.components) AS component)::vector
             FROM new JOIN topics t ON t.topic = new.chunk_index % $4",
        )
        .bind(id.uuid())
        .bind(chunk_count)
        .bind(self.model_id)
        .bind(TOPICS)
        .execute(&mut self.connection)
        .await
        .unwrap();
        id
    }

    async fn found(&self, organization_id: OrganizationId, query: &str, narrowing: &Narrowing) -> Vec<Uuid> {
        let caller = member(organization_id);
        let vector: Vec<f32> = serde_json::from_str(query).unwrap();
        let count = if narrowing.condition == "true" { CHOSEN_MIN } else { CHOSEN_NARROWED };
        let model_id = EmbeddingModelId::from(self.model_id);
        let nearby = self.nearest.choose(&self.db, &caller, model_id, &vector, count).await;
        let mut tx = self.db.tenant(&caller).await.unwrap();
        let phrases: Vec<&str> = narrowing.phrase.into_iter().collect();
        sqlx::query_scalar(
            "SELECT chunk_id FROM search_chunks_by_meaning($1, $2, false,
                 (SELECT id FROM videos WHERE organization_id = $1 AND title = $6),
                 (SELECT id FROM channels WHERE organization_id = $1 AND name = $7), $9::text::timestamptz, NULL, $8, $3, '{}', NULL,
                 $4::text::vector, $5, $10, $11::bigint::text::xid8, $12)",
        )
        .bind(organization_id.uuid())
        .bind(caller.user_id.map(|id| id.uuid()))
        .bind(phrases)
        .bind(query)
        .bind(self.model_id)
        .bind(narrowing.video_title)
        .bind(narrowing.channel)
        .bind(narrowing.speaker)
        .bind(narrowing.from)
        .bind(nearby.as_ref().map(|nearby| nearby.chunk_ids.as_slice()))
        .bind(nearby.as_ref().map(|nearby| nearby.written_before))
        .bind(HITS)
        .fetch_all(&mut *tx)
        .await
        .unwrap()
    }

    /// Waits until it is known whether the organization's vectors are to be held; the memory they take.
    async fn held_bytes(&mut self, organization_id: OrganizationId) -> usize {
        let query = self.query().await;
        for _ in 0..500 {
            self.found(organization_id, &query, &NOTHING).await;
            if let Some(bytes) =
                self.nearest.held_bytes(organization_id, EmbeddingModelId::from(self.model_id))
            {
                return bytes;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("nobody looks after the vectors");
    }

    /// Finds what a few queries are nearest to, with this narrowing: as many as there are, and the part that is missed.
    async fn missed(&mut self, organization_id: OrganizationId, narrowing: &Narrowing) -> f64 {
        let (mut hits, mut missed) = (0, 0);
        for _ in 0..5 {
            let query = self.query().await;
            let found = self.found(organization_id, &query, narrowing).await;
            let right = self.right(organization_id, &query, narrowing).await;
            assert_eq!(found.len(), right.len(), "{}", narrowing.name);
            hits += found.len();
            missed += right.iter().filter(|id| !found.contains(id)).count();
        }
        assert!(hits > 0, "{}", narrowing.name);
        missed as f64 / hits as f64
    }

    /// Every passage compared, with the conditions in other words.
    async fn right(
        &mut self,
        organization_id: OrganizationId,
        query: &str,
        narrowing: &Narrowing,
    ) -> Vec<Uuid> {
        let statement = format!(
            "SELECT c.id FROM chunks c JOIN videos v ON v.organization_id = c.organization_id AND v.id = c.video_id
             JOIN chunk_embeddings e ON e.organization_id = c.organization_id AND e.chunk_id = c.id
             WHERE c.organization_id = $1 AND v.visibility <> 'private' AND {} ORDER BY e.embedding <=> $2::text::vector LIMIT $3",
            narrowing.condition
        );
        sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
            .bind(organization_id.uuid())
            .bind(query)
            .bind(HITS)
            .fetch_all(&mut self.connection)
            .await
            .unwrap()
    }

    async fn query(&mut self) -> String {
        let query = "SELECT array_agg(component + 0.7 * random_normal())::vector::text
                     FROM (SELECT * FROM topics ORDER BY random() LIMIT 1) AS t, unnest(t.components) AS component";
        sqlx::query_scalar(query).fetch_one(&mut self.connection).await.unwrap()
    }
}

/// Somebody of the organization.
fn member(organization_id: OrganizationId) -> Caller {
    Caller {
        organization_id,
        user_id: Some(UserId::new(SystemClock.now())),
        role: Some(Role::Member),
        actor: Actor::Session(SessionId::new(SystemClock.now())),
    }
}

#[tokio::test]
async fn every_search_by_meaning_gets_as_many_hits_as_there_are_and_none_that_may_not_be_seen() {
    let mut world = World::create().await;
    for chunk_count in [SMALL, LARGE] {
        let organization_id = world.organization(chunk_count).await;
        let held = world.held_bytes(organization_id).await;
        assert_eq!(held > 0, chunk_count == LARGE);
        for narrowing in &NARROWINGS {
            let missed = world.missed(organization_id, narrowing).await;
            let missed_max = if held > 0 { 0.02 } else { 0.0 };
            assert!(missed <= missed_max, "{} in {chunk_count}: {missed}", narrowing.name);
        }
    }
}

#[tokio::test]
async fn what_was_chosen_in_memory_is_shown_as_what_was_compared() {
    let mut world = World::create().await;
    let organization_id = world.organization(LARGE).await;
    assert!(world.held_bytes(organization_id).await > 0);
    let (caller, model_id) = (member(organization_id), EmbeddingModelId::from(world.model_id));
    let query = world.query().await;
    let vector: Vec<f32> = serde_json::from_str(&query).unwrap();
    let near = world.nearest.choose(&world.db, &caller, model_id, &vector, CHOSEN_MIN).await.unwrap();
    let mut answers: Vec<Vec<serde_json::Value>> = Vec::new();
    for near in [Some(near), None] {
        let mut tx = world.db.tenant(&caller).await.unwrap();
        let rows = sqlx::query_scalar(
            "SELECT to_jsonb(hit) FROM search_chunks_by_meaning($1, $2, false, NULL, NULL, NULL, NULL, NULL, '{}', '{}', NULL,
                 $3::text::vector, $4, $5, $6::bigint::text::xid8, $7) AS hit",
        )
        .bind(organization_id.uuid())
        .bind(caller.user_id.map(|id| id.uuid()))
        .bind(&query)
        .bind(world.model_id)
        .bind(near.as_ref().map(|near| near.chunk_ids.as_slice()))
        .bind(near.as_ref().map(|near| near.written_before))
        .bind(HITS)
        .fetch_all(&mut *tx)
        .await
        .unwrap();
        answers.push(rows);
    }
    for answer in &answers {
        let ranks: Vec<i64> = answer.iter().map(|hit| hit["meaning_rank"].as_i64().unwrap()).collect();
        assert_eq!(ranks, (1..=i64::from(HITS)).collect::<Vec<_>>());
        assert!(answer.is_sorted_by(|one, other| one["similarity"].as_f64() >= other["similarity"].as_f64()));
    }
    // The nearest of all is among what was chosen, and so are nearly all that follow.
    assert_eq!(answers[0][0], answers[1][0]);
    let chunk_ids: Vec<_> = answers[1].iter().map(|hit| &hit["chunk_id"]).collect();
    let known = answers[0].iter().filter(|hit| chunk_ids.contains(&&hit["chunk_id"]));
    let rest = |hit: &serde_json::Value| {
        let mut hit = hit.clone();
        hit["meaning_rank"] = serde_json::Value::Null;
        hit
    };
    let compared: Vec<_> = answers[1].iter().map(rest).collect();
    let shown: Vec<_> = known.map(rest).collect();
    assert!(shown.len() + 1 >= compared.len() && shown.iter().all(|hit| compared.contains(hit)));
}

#[tokio::test]
async fn a_search_for_another_caller_than_the_transactions_is_refused() {
    let mut world = World::create().await;
    let [own, other] = [world.organization(SMALL).await, world.organization(SMALL + 1).await];
    let caller = member(own);
    for (organization_id, user_id, is_service) in [
        (other.uuid(), caller.user_id, false),
        (own.uuid(), Some(UserId::new(SystemClock.now())), false),
        (own.uuid(), None, false),
        (own.uuid(), caller.user_id, true),
    ] {
        let mut tx = world.db.tenant(&caller).await.unwrap();
        let refused = sqlx::query(
            "SELECT * FROM search_chunks_by_meaning($1, $2, $3, NULL, NULL, NULL, NULL, NULL, '{}', '{}', NULL, '[1]', NULL, NULL, NULL, 1)",
        )
        .bind(organization_id)
        .bind(user_id.map(|id| id.uuid()))
        .bind(is_service)
        .fetch_all(&mut *tx)
        .await
        .unwrap_err();
        assert_eq!(refused.as_database_error().and_then(|error| error.code()).as_deref(), Some("42501"));
    }
}

#[tokio::test]
async fn all_is_compared_where_vectors_find_no_room() {
    let mut world = World::create().await;
    world.nearest = PassageIndex::new(1 << 10);
    let organization_id = world.organization(LARGE).await;
    assert_eq!(world.held_bytes(organization_id).await, 0);
    assert_eq!(world.missed(organization_id, &NOTHING).await, 0.0);
}

#[tokio::test]
async fn whoever_is_being_searched_is_not_driven_out() {
    let mut world = World::create().await;
    let first = world.organization(LARGE).await;
    // Room is made for passages that say much; these say little and leave most of it free.
    let room = PassageIndex::size_bytes(DIMENSIONS as usize, LARGE as usize);
    let bytes = world.held_bytes(first).await;
    world.nearest = PassageIndex::new(room + bytes / 2);
    assert!(world.held_bytes(first).await > 0);
    let second = world.organization(LARGE - 1).await;
    assert_eq!(world.held_bytes(second).await, 0);
    assert!(world.held_bytes(first).await > 0);
    assert_eq!(world.missed(second, &NOTHING).await, 0.0);
}

#[tokio::test]
async fn what_was_written_and_deleted_since_the_vectors_were_read_is_seen_at_once() {
    let mut world = World::create().await;
    let organization_id = world.organization(LARGE).await;
    assert!(world.held_bytes(organization_id).await > 0);
    for statement in [
        "DELETE FROM chunks WHERE organization_id = $1 AND chunk_index % 2 = 0",
        "WITH new AS (
             INSERT INTO chunks (organization_id, entity_type, entity_id, video_id, chunk_index, text, language, token_count,
                 start_seconds, end_seconds, visibility)
             SELECT $1, 'transcript', v.id, v.id, 10000 + n, 'Said afterwards', 'en', 2, n, n + 1, v.visibility
             FROM generate_series(0, 499) AS n JOIN videos v ON v.organization_id = $1 AND v.title = 'Video 2'
             RETURNING id, chunk_index)
         INSERT INTO chunk_embeddings (organization_id, chunk_id, model_id, embedding)
         SELECT $1, new.id, m.id,
             (SELECT array_agg(component + 0.1 * random_normal()) FROM unnest(t.components) AS component)::vector
         FROM new CROSS JOIN embedding_models m JOIN topics t ON t.topic = new.chunk_index % 40",
    ] {
        sqlx::query(statement)
            .bind(organization_id.uuid())
            .execute(&mut world.connection)
            .await
            .unwrap();
    }
    assert!(world.missed(organization_id, &NOTHING).await <= 0.01);
}

#[tokio::test]
async fn what_a_transaction_wrote_that_was_open_while_the_vectors_were_read_is_found() {
    let mut world = World::create().await;
    let organization_id = world.organization(LARGE).await;
    let query = world.query().await;
    let mut other = world.database.superuser().await.unwrap();
    sqlx::raw_sql("BEGIN").execute(&mut other).await.unwrap();
    let written: Uuid = sqlx::query_scalar(SAY)
        .bind(organization_id.uuid())
        .bind(world.model_id)
        .bind(&query)
        .bind(10000)
        .fetch_one(&mut other)
        .await
        .unwrap();
    // A later transaction ends earlier.
    world.organization(SMALL).await;
    assert!(world.held_bytes(organization_id).await > 0);
    assert!(!world.found(organization_id, &query, &NOTHING).await.contains(&written));
    sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    assert_eq!(world.found(organization_id, &query, &NOTHING).await[0], written);
}

#[tokio::test]
async fn what_was_read_though_an_older_transaction_was_still_open_is_found_once() {
    let mut world = World::create().await;
    let (organization_id, elsewhere) = (world.organization(LARGE).await, world.organization(SMALL).await);
    let query = world.query().await;
    let mut other = world.database.superuser().await.unwrap();
    sqlx::raw_sql("BEGIN").execute(&mut other).await.unwrap();
    let say = |organization_id: OrganizationId| {
        sqlx::query_scalar::<_, Uuid>(SAY)
            .bind(organization_id.uuid())
            .bind(world.model_id)
            .bind(query.clone())
            .bind(10_000)
    };
    say(elsewhere).fetch_one(&mut other).await.unwrap();
    let said = say(organization_id).fetch_one(&mut world.connection).await.unwrap();
    assert!(world.held_bytes(organization_id).await > 0);
    let found = world.found(organization_id, &query, &NOTHING).await;
    assert_eq!(found[0], said);
    assert_eq!(found.iter().filter(|id| **id == said).count(), 1);
}

#[tokio::test]
async fn vectors_are_read_anew_once_much_has_changed() {
    let mut world = World::create().await;
    let organization_id = world.organization(5_000).await;
    let before = world.held_bytes(organization_id).await;
    sqlx::query("DELETE FROM chunks WHERE organization_id = $1 AND chunk_index < 3500")
        .bind(organization_id.uuid())
        .execute(&mut world.connection)
        .await
        .unwrap();
    let mut after = before;
    for _ in 0..100 {
        if after < before {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        after = world.held_bytes(organization_id).await;
    }
    let left = after as f64 / before as f64;
    assert!((0.25..0.35).contains(&left), "{left}");
    assert!(world.missed(organization_id, &NOTHING).await <= 0.02);
}

#[tokio::test]
async fn a_deleted_video_is_found_no_more_and_its_vectors_are_gone() {
    let mut world = World::create().await;
    let organization_id = world.organization(SMALL).await;
    sqlx::query(
        "UPDATE videos SET deleted_at = now(), retention_until = now() + interval '30 days'
         WHERE organization_id = $1 AND title <> 'Video 1'",
    )
    .bind(organization_id.uuid())
    .execute(&mut world.connection)
    .await
    .unwrap();
    let query = world.query().await;
    let found = world.found(organization_id, &query, &NOTHING).await;
    let right = world
        .right(organization_id, &query, &Narrowing { condition: "v.title = 'Video 1'", ..NOTHING })
        .await;
    assert_eq!(found, right);
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM chunk_embeddings")
        .fetch_one(&mut world.connection)
        .await
        .unwrap();
    assert_eq!(left, i64::from(SMALL / 20));
}
