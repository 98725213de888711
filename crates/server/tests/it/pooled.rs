//! A pooled connection carries nothing of one request into the next, however the request ends.

use crate::{
    app::{Options, TestApp},
    client::Person,
};
use memoreel_db::{Db, PoolSizes, TenantTx};
use memoreel_kernel::{Actor, Caller, Clock, OrganizationId, Role, SessionId, SystemClock, UserId};
use memoreel_testkit::TestDatabase;
use rand::RngExt;
use serde_json::json;
use std::{panic::resume_unwind, time::Duration};
use tokio::{task::JoinSet, time::timeout};
use uuid::Uuid;

const SMALL: PoolSizes = PoolSizes { app: 2, system: 3 };
const ROUNDS: usize = 600;

/// How a request ends.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Committed,
    Dropped,
    /// Its client goes away while a statement runs.
    Cancelled,
    Panicked,
    /// A statement is refused.
    Failed,
}

async fn organizations(database: &TestDatabase) -> Vec<Caller> {
    let mut connection = database.superuser().await.unwrap();
    let mut callers = Vec::new();
    for number in 0..4 {
        let organization_id = OrganizationId::new(SystemClock.now());
        sqlx::query("INSERT INTO organizations (id, name, slug) VALUES ($1, $2, $2)")
            .bind(organization_id.uuid())
            .bind(format!("number-{number}"))
            .execute(&mut connection)
            .await
            .unwrap();
        // One in two is a background task, which says nothing of a user or role.
        let person = Caller {
            organization_id,
            user_id: Some(UserId::new(SystemClock.now())),
            role: Some(Role::Viewer),
            actor: Actor::Session(SessionId(Uuid::nil())),
        };
        callers.push(if number % 2 == 0 { person } else { Caller::service(organization_id) });
    }
    callers
}

/// The caller the database knows of.
async fn known(tx: &mut TenantTx) -> (String, String, String) {
    sqlx::query_as(
        "SELECT coalesce(current_setting('app.organization_id', true), ''),
             coalesce(current_setting('app.user_id', true), ''), coalesce(current_setting('app.role', true), '')",
    )
    .fetch_one(&mut **tx)
    .await
    .unwrap()
}

async fn begin(db: &Db, caller: &Caller) -> TenantTx {
    let mut tx = db.tenant(caller).await.unwrap();
    let user_id = caller.user_id.map(|id| id.to_string()).unwrap_or_default();
    let expected = (caller.organization_id.to_string(), user_id, caller.role_name().to_owned());
    assert_eq!(known(&mut tx).await, expected);
    let foreign: i64 = sqlx::query_scalar("SELECT count(*) FROM channels WHERE organization_id <> $1")
        .bind(caller.organization_id.uuid())
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert_eq!(foreign, 0);
    tx
}

async fn write(tx: &mut TenantTx, name: &str, number: usize) {
    sqlx::query("INSERT INTO channels (organization_id, name) VALUES ($1, $2)")
        .bind(tx.organization_id().uuid())
        .bind(format!("{name} {number}"))
        .execute(&mut **tx)
        .await
        .unwrap();
}

async fn request(db: Db, caller: Caller, ending: Ending, number: usize) {
    let mut tx = begin(&db, &caller).await;
    match ending {
        Ending::Committed => {
            write(&mut tx, "kept", number).await;
            tx.commit().await.unwrap();
        }
        Ending::Dropped => write(&mut tx, "abandoned", number).await,
        Ending::Cancelled => {
            write(&mut tx, "abandoned", number).await;
            let sleep = sqlx::query("SELECT pg_sleep(0.03)");
            let patience = Duration::from_micros(rand::rng().random_range(0..3_000));
            drop(timeout(patience, sleep.execute(&mut *tx)).await);
        }
        Ending::Panicked => {
            write(&mut tx, "abandoned", number).await;
            resume_unwind(Box::new("as a handler would"));
        }
        Ending::Failed => {
            write(&mut tx, "abandoned", number).await;
            sqlx::query("SELECT 1 / 0").execute(&mut *tx).await.unwrap_err();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_a_transaction_ends_the_next_one_on_its_connection_begins_anew() {
    let database = TestDatabase::create().await.unwrap();
    let db = Db::connect(database.access(), SMALL).await.unwrap();
    let callers = organizations(&database).await;
    let endings = [Ending::Committed, Ending::Dropped, Ending::Cancelled, Ending::Panicked, Ending::Failed];
    let (mut requests, mut panicked) = (JoinSet::new(), 0);
    for number in 0..ROUNDS {
        let ending = endings[rand::rng().random_range(0..endings.len())];
        // A caller that a connection served before is as likely as another.
        let caller = callers[rand::rng().random_range(0..callers.len())];
        let expected = usize::from(matches!(ending, Ending::Panicked));
        panicked += expected;
        requests.spawn(request(db.clone(), caller, ending, number));
        if requests.len() >= 8 {
            panicked -= usize::from(ended(requests.join_next().await.unwrap()));
        }
    }
    while let Some(result) = requests.join_next().await {
        panicked -= usize::from(ended(result));
    }
    assert_eq!(panicked, 0);

    // Once a transaction has ended, its connection knows nobody.
    let mut tx = begin(&db, &callers[0]).await;
    sqlx::raw_sql("ROLLBACK").execute(&mut *tx).await.unwrap();
    assert_eq!(known(&mut tx).await, Default::default());
    drop(tx);

    let mut connection = database.superuser().await.unwrap();
    let names: Vec<String> =
        sqlx::query_scalar("SELECT name FROM channels").fetch_all(&mut connection).await.unwrap();
    assert!(names.len() > ROUNDS / 20 && names.iter().all(|name| name.starts_with("kept")), "{names:?}");
    assert!(db.pool_gauge().0 <= SMALL.app);
    db.close().await;
}

/// Whether it panicked on purpose.
fn ended(result: Result<(), tokio::task::JoinError>) -> bool {
    let Err(error) = result else { return false };
    let panic = error.into_panic();
    if panic.downcast_ref::<&str>() == Some(&"as a handler would") { true } else { resume_unwind(panic) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_go_away_leave_nothing_to_those_that_come() {
    let app = TestApp::with(Options { pool: SMALL, ..Options::default() }).await;
    let mut people = Vec::new();
    for name in ["ada", "bob", "carol"] {
        let person = app.person(name).await;
        let video_id = app.insert_video(&person, name).await;
        people.push((name, person, video_id));
    }
    let mut requests = JoinSet::new();
    let (mut answered, mut gone) = (0, 0);
    let mut count = |is_answered: bool| if is_answered { answered += 1 } else { gone += 1 };
    for _ in 0..ROUNDS {
        let (name, person, video_id) = people[rand::rng().random_range(0..people.len())].clone();
        requests.spawn(one(name, person, video_id));
        if requests.len() >= 12 {
            count(requests.join_next().await.unwrap().unwrap());
        }
    }
    while let Some(result) = requests.join_next().await {
        count(result.unwrap());
    }
    assert!(answered > ROUNDS / 10 && gone > ROUNDS / 10, "{answered} answered, {gone} gone");
    for (name, person, _) in &people {
        let videos = person.get("/videos").await.is(200).json();
        assert_eq!(titles(&videos), [*name]);
        let channels = person.get("/channels?limit=100").await.is(200).json();
        for channel in channels["items"].as_array().unwrap() {
            assert!(channel["name"].as_str().unwrap().starts_with(name), "{name}: {channel}");
        }
    }
}

/// One request by somebody who may not wait for the answer. Returns whether they did.
async fn one(name: &str, person: Person, video_id: Uuid) -> bool {
    let patience = if rand::rng().random_bool(0.5) {
        Duration::from_micros(rand::rng().random_range(0..15_000))
    } else {
        Duration::from_secs(60)
    };
    let what = rand::rng().random_range(0..3);
    let asked = async {
        match what {
            0 => {
                let videos = person.get("/videos").await.is(200).json();
                assert_eq!(titles(&videos), [name]);
            }
            1 => {
                let channel = format!("{name} {}", Uuid::now_v7());
                person.post("/channels", &json!({ "name": channel })).await.is(201);
            }
            _ => {
                let path = format!("/videos/{video_id}");
                let video = person.patch(&path, &json!({ "title": name })).await.is(200).json();
                assert_eq!(video["title"], name);
            }
        }
    };
    timeout(patience, asked).await.is_ok()
}

fn titles(page: &serde_json::Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|video| video["title"].as_str().unwrap()).collect()
}
