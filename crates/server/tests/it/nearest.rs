//! Finding what is near in meaning: as many as were asked for whenever there are as many, and only what may be seen, whether
//! an organization is so small that all is compared or so large that an index is walked through.

use memoreel_db::Db;
use memoreel_kernel::{Actor, Caller, Clock, OrganizationId, Role, SessionId, SystemClock, UserId};
use memoreel_testkit::TestDatabase;
use sqlx::PgConnection;
use uuid::Uuid;

const HITS: i32 = 10;
const DIMENSIONS: i32 = 8;
/// More than are compared one by one.
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

struct World {
    db: Db,
    connection: PgConnection,
    model_id: Uuid,
    _database: TestDatabase,
}

impl World {
    async fn create() -> Self {
        let database = TestDatabase::create().await.unwrap();
        let mut connection = database.superuser().await.unwrap();
        let model_id = sqlx::query_scalar("SELECT register_embedding_model('test', $1)")
            .bind(DIMENSIONS)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        Self { db: database.open().await.unwrap(), connection, model_id, _database: database }
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
                 RETURNING id)
             INSERT INTO chunk_embeddings (organization_id, chunk_id, model_id, embedding)
             SELECT $1, id, $3, (SELECT array_agg(random_normal()) FROM generate_series(1, $4) WHERE new.id IS NOT NULL)::vector
             FROM new",
        )
        .bind(id.uuid())
        .bind(chunk_count)
        .bind(self.model_id)
        .bind(DIMENSIONS)
        .execute(&mut self.connection)
        .await
        .unwrap();
        id
    }

    async fn found(&self, organization_id: OrganizationId, query: &str, narrowing: &Narrowing) -> Vec<Uuid> {
        let user_id = UserId::new(SystemClock.now());
        let caller = Caller {
            organization_id,
            user_id: Some(user_id),
            role: Some(Role::Member),
            actor: Actor::Session(SessionId::new(SystemClock.now())),
        };
        let mut tx = self.db.tenant(&caller).await.unwrap();
        let phrases: Vec<&str> = narrowing.phrase.into_iter().collect();
        sqlx::query_scalar(
            "SELECT chunk_id FROM search_chunks_by_meaning($1, $2, $3, '{}', $4::text::vector, $5,
                 (SELECT id FROM videos WHERE organization_id = $1 AND title = $6),
                 (SELECT id FROM channels WHERE organization_id = $1 AND name = $7), $8, $9::text::timestamptz, NULL, $10)",
        )
        .bind(organization_id.uuid())
        .bind(user_id.uuid())
        .bind(phrases)
        .bind(query)
        .bind(self.model_id)
        .bind(narrowing.video_title)
        .bind(narrowing.channel)
        .bind(narrowing.speaker)
        .bind(narrowing.from)
        .bind(HITS)
        .fetch_all(&mut *tx)
        .await
        .unwrap()
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
        sqlx::query_scalar("SELECT array_agg(random_normal())::vector::text FROM generate_series(1, $1)")
            .bind(DIMENSIONS)
            .fetch_one(&mut self.connection)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn every_search_by_meaning_gets_as_many_hits_as_there_are_and_none_that_may_not_be_seen() {
    let mut world = World::create().await;
    for chunk_count in [SMALL, LARGE] {
        let organization_id = world.organization(chunk_count).await;
        for narrowing in &NARROWINGS {
            let (mut hits, mut missed) = (0, 0);
            for _ in 0..5 {
                let query = world.query().await;
                let found = world.found(organization_id, &query, narrowing).await;
                let right = world.right(organization_id, &query, narrowing).await;
                assert_eq!(found.len(), right.len(), "{} in {chunk_count}", narrowing.name);
                hits += found.len();
                missed += right.iter().filter(|id| !found.contains(id)).count();
            }
            assert!(
                hits > 0 && missed * 20 <= hits,
                "{} in {chunk_count}: {missed} of {hits}",
                narrowing.name
            );
            assert!(chunk_count == LARGE || missed == 0, "{} in {chunk_count}", narrowing.name);
        }
    }
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
