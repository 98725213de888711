//! Files fetched from where a link leads, when what sends them is slow, changes them, or has much to send.

use crate::{
    app::{TestApp, sample},
    at_once::{app_that_may_reach_this_machine, app_that_reaches_this_machine},
    client::Person,
};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::TimeDelta;
use futures::{StreamExt, stream};
use memoreel_assets::Import;
use memoreel_kernel::UploadId;
use memoreel_web::Pace;
use serde_json::json;
use std::{
    fs::File,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, sync::watch};

const PHOTO: &str = "still-photo.heic";
/// Stands for what lay there before.
const FORMER: &str = "inaugural-address.mp3";

/// Where files lie: what it was asked, and whether what it holds back may go on.
#[derive(Clone)]
struct Elsewhere {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<HeaderMap>>>,
    goes_on: Arc<watch::Sender<bool>>,
}

impl Elsewhere {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let elsewhere = Self { address, asked: Arc::default(), goes_on: Arc::new(watch::Sender::new(false)) };
        let routes = Router::new()
            .route("/photo", get(|| async { sample(PHOTO) }))
            .route("/held", get(held))
            .route("/changing", get(changing))
            .route("/careless", get(careless))
            .route("/dribbling", get(dribbling))
            .route("/in-pieces", get(in_pieces))
            .route("/all-but-the-end", get(all_but_the_end))
            .route("/no-rest", get(no_rest))
            .with_state(elsewhere.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        elsewhere
    }

    async fn import(&self, person: &Person, path: &str) -> Imported {
        let wanted = json!({ "url": format!("http://{}{path}", self.address), "kind": "image" });
        let made = person.post("/imports", &wanted).await.is(202).json();
        Imported {
            upload: made["upload_id"].as_str().unwrap().parse().unwrap(),
            asset: format!("/assets/{}", made["asset_id"].as_str().unwrap()),
        }
    }

    fn asked(&self) -> Vec<HeaderMap> {
        self.asked.lock().unwrap().clone()
    }
}

struct Imported {
    upload: UploadId,
    asset: String,
}

/// Where somebody wants to go on, and of which version.
fn resumed(headers: &HeaderMap) -> Option<(usize, &str)> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap());
    let from = text(header::RANGE)?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().unwrap();
    Some((from, text(header::IF_RANGE).unwrap()))
}

fn whole(file: Vec<u8>, etag: &'static str) -> Response {
    ([(header::ETAG, etag)], file).into_response()
}

fn rest(file: &[u8], from: usize, etag: &'static str) -> Response {
    let range = format!("bytes {from}-{}/{}", file.len() - 1, file.len());
    let headers = [(header::CONTENT_RANGE, range), (header::ETAG, etag.to_owned())];
    (StatusCode::PARTIAL_CONTENT, headers, file[from..].to_vec()).into_response()
}

/// The first half, and then nothing more.
fn broken(file: &[u8], etag: &'static str) -> Response {
    let half = Bytes::copy_from_slice(&file[..file.len() / 2]);
    let bytes = stream::once(async { Ok(half) }).chain(stream::once(async {
        // What was written reaches the client before the connection ends.
        tokio::time::sleep(Duration::from_millis(200)).await;
        Err(io::ErrorKind::BrokenPipe.into())
    }));
    let headers = [(header::CONTENT_LENGTH, file.len().to_string()), (header::ETAG, etag.to_owned())];
    (headers, Body::from_stream(bytes.map(|chunk: io::Result<Bytes>| chunk))).into_response()
}

/// All of the file, and then no end of it.
fn endless(file: Vec<u8>) -> Response {
    let bytes = stream::once(async { Ok(Bytes::from(file)) }).chain(stream::once(async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        Err(io::ErrorKind::BrokenPipe.into())
    }));
    ([(header::ETAG, "\"only\"")], Body::from_stream(bytes.map(|chunk: io::Result<Bytes>| chunk)))
        .into_response()
}

/// Of which nothing more can be had (RFC 9110, 15.5.17).
async fn all_but_the_end(State(elsewhere): State<Elsewhere>, headers: HeaderMap) -> Response {
    elsewhere.asked.lock().unwrap().push(headers.clone());
    let file = sample(PHOTO);
    match resumed(&headers) {
        None => endless(file),
        Some((from, _)) => {
            assert_eq!(from, file.len());
            (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, format!("bytes */{from}"))])
                .into_response()
        }
    }
}

/// Half of it, of which there is no rest either.
async fn no_rest(State(elsewhere): State<Elsewhere>, headers: HeaderMap) -> Response {
    elsewhere.asked.lock().unwrap().push(headers.clone());
    let file = sample(PHOTO);
    match (elsewhere.asked().len(), resumed(&headers)) {
        (1, _) => broken(&file, "\"only\""),
        (_, Some(_)) => StatusCode::RANGE_NOT_SATISFIABLE.into_response(),
        (_, None) => whole(file, "\"only\""),
    }
}

/// Nothing of the file comes until it may go on.
async fn held(State(elsewhere): State<Elsewhere>) -> Response {
    let mut goes_on = elsewhere.goes_on.subscribe();
    let bytes = stream::once(async move {
        goes_on.wait_for(|goes_on| *goes_on).await.unwrap();
        Ok::<_, io::Error>(Bytes::from(sample(PHOTO)))
    });
    ([(header::CONTENT_LENGTH, sample(PHOTO).len().to_string())], Body::from_stream(bytes)).into_response()
}

/// Is another file from the second request on.
async fn changing(State(elsewhere): State<Elsewhere>, headers: HeaderMap) -> Response {
    let number = {
        let mut asked = elsewhere.asked.lock().unwrap();
        asked.push(headers.clone());
        asked.len()
    };
    match resumed(&headers) {
        _ if number == 1 => broken(&sample(FORMER), "\"former\""),
        Some((from, "\"present\"")) => rest(&sample(PHOTO), from, "\"present\""),
        _ => whole(sample(PHOTO), "\"present\""),
    }
}

/// The same, and does not look at which version somebody has a part of.
async fn careless(State(elsewhere): State<Elsewhere>, headers: HeaderMap) -> Response {
    let number = {
        let mut asked = elsewhere.asked.lock().unwrap();
        asked.push(headers.clone());
        asked.len()
    };
    match resumed(&headers) {
        _ if number == 1 => broken(&sample(FORMER), "\"former\""),
        Some((from, _)) => rest(&sample(PHOTO), from, "\"present\""),
        None => whole(sample(PHOTO), "\"present\""),
    }
}

/// A file of which each connection brings a megabyte and a little, and then breaks.
async fn in_pieces(State(elsewhere): State<Elsewhere>, headers: HeaderMap) -> Response {
    elsewhere.asked.lock().unwrap().push(headers.clone());
    let mut file = sample(PHOTO);
    file.resize(8 << 20, 0);
    let from = resumed(&headers).map_or(0, |(from, _)| from);
    let end = from + (1 << 20) + 1000;
    if end >= file.len() {
        return rest(&file, from, "\"only\"");
    }
    let piece = Bytes::copy_from_slice(&file[from..end]);
    let bytes = stream::once(async { Ok(piece) }).chain(stream::once(async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        Err(io::Error::from(io::ErrorKind::BrokenPipe))
    }));
    let mut answer = rest(&file, from, "\"only\"");
    *answer.body_mut() = Body::from_stream(bytes);
    if from == 0 {
        *answer.status_mut() = StatusCode::OK;
    }
    answer
}

/// Comes byte by byte, unless somebody goes on.
async fn dribbling(State(elsewhere): State<Elsewhere>, headers: HeaderMap) -> Response {
    elsewhere.asked.lock().unwrap().push(headers.clone());
    let photo = sample(PHOTO);
    if let Some((from, _)) = resumed(&headers) {
        return rest(&photo, from, "\"only\"");
    }
    let size_bytes = photo.len().to_string();
    let bytes = stream::iter(photo).then(async |byte| {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok::<_, io::Error>(Bytes::from(vec![byte]))
    });
    ([(header::CONTENT_LENGTH, size_bytes), (header::ETAG, "\"only\"".to_owned())], Body::from_stream(bytes))
        .into_response()
}

/// Of each task that fetches, the organization's own name and whether it runs or waits, how often it was tried, and its last failure.
async fn fetches(app: &TestApp, person: &Person) -> Vec<(String, i32, Option<String>)> {
    sqlx::query_as(
        "SELECT status, attempts, error_code FROM tasks WHERE kind = 'import' AND organization_id = $1::uuid ORDER BY id",
    )
    .bind(&person.organization_id)
    .fetch_all(&mut app.superuser().await)
    .await
    .unwrap()
}

async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits for the end of the nth try of the only import, which does not complete it.
async fn failed_try(app: &TestApp, person: &Person, number: i32) -> String {
    until("the end of a try", async || match fetches(app, person).await.remove(0) {
        (status, attempts, code) if status == "pending" && attempts == number => code,
        _ => None,
    })
    .await
}

async fn is_ready(person: &Person, asset: &str) -> Option<()> {
    let shown = person.get(asset).await.is(200).json();
    assert_ne!(shown["status"], "failed", "{shown}");
    (shown["status"] == "ready").then(|| assert_eq!(shown["size_bytes"], sample(PHOTO).len()))
}

#[tokio::test]
async fn what_one_organization_fetches_leaves_places_for_others() {
    let (app, elsewhere) = (app_that_reaches_this_machine().await, Elsewhere::start().await);
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    for _ in 0..20 {
        elsewhere.import(&ada, "/held").await;
    }
    let running = async || {
        let found = fetches(&app, &ada).await;
        found.iter().filter(|(status, ..)| status == "running").count()
    };
    until("eight that run", async || (running().await >= 4).then_some(())).await;
    let imported = elsewhere.import(&bob, "/photo").await;
    until("a photo", async || is_ready(&bob, &imported.asset).await).await;
    assert_eq!(running().await, 8);

    elsewhere.goes_on.send(true).unwrap();
    until("all of them", async || {
        app.clock.advance(TimeDelta::seconds(15));
        let found = fetches(&app, &ada).await;
        found.iter().all(|(status, ..)| status == "completed").then_some(())
    })
    .await;
    // To wait for others is no try.
    let found = fetches(&app, &ada).await;
    assert!(found.len() == 20 && found.iter().all(|(_, attempts, _)| *attempts == 1), "{found:?}");
}

#[tokio::test]
async fn a_fetch_killed_between_two_versions_of_a_file_makes_none_of_both() {
    let (app, elsewhere) = (app_that_reaches_this_machine().await, Elsewhere::start().await);
    let ada = app.person("ada").await;
    let imported = elsewhere.import(&ada, "/changing").await;
    assert_eq!(failed_try(&app, &ada, 1).await, "import_interrupted");
    // As if it were killed before it can cut off what is staged of the former file.
    let staged = File::open(app.app.staging.path(imported.upload)).unwrap();
    staged.lock().unwrap();
    app.clock.advance(TimeDelta::minutes(1));
    assert_eq!(failed_try(&app, &ada, 2).await, "upload_locked");
    drop(staged);
    app.clock.advance(TimeDelta::minutes(1));
    until("a photo", async || is_ready(&ada, &imported.asset).await).await;
    let asked = elsewhere.asked();
    assert_eq!(resumed(&asked[1]), Some((sample(FORMER).len() / 2, "\"former\"")));
    assert_eq!((asked.len(), resumed(&asked[2])), (3, None));
}

#[tokio::test]
async fn the_rest_of_another_version_is_not_taken() {
    let (app, elsewhere) = (app_that_reaches_this_machine().await, Elsewhere::start().await);
    let ada = app.person("ada").await;
    let imported = elsewhere.import(&ada, "/careless").await;
    assert_eq!(failed_try(&app, &ada, 1).await, "import_interrupted");
    app.clock.advance(TimeDelta::minutes(1));
    assert_eq!(failed_try(&app, &ada, 2).await, "import_changed");
    app.clock.advance(TimeDelta::minutes(1));
    until("a photo", async || is_ready(&ada, &imported.asset).await).await;
    assert_eq!(elsewhere.asked().len(), 3);
}

#[tokio::test]
async fn a_file_of_which_all_was_fetched_is_taken_though_nothing_more_comes_of_it() {
    let (app, elsewhere) = (app_that_reaches_this_machine().await, Elsewhere::start().await);
    let ada = app.person("ada").await;
    let imported = elsewhere.import(&ada, "/all-but-the-end").await;
    assert_eq!(failed_try(&app, &ada, 1).await, "import_interrupted");
    app.clock.advance(TimeDelta::minutes(1));
    until("a photo", async || is_ready(&ada, &imported.asset).await).await;
    let found = ada.get(&imported.asset).await.is(200).json();
    assert_eq!(
        (elsewhere.asked().len(), &found["size_bytes"]),
        (2, &json!(sample(PHOTO).len())),
        "{found:#}"
    );
}

#[tokio::test]
async fn a_file_whose_rest_cannot_be_had_is_fetched_from_its_beginning() {
    let (app, elsewhere) = (app_that_reaches_this_machine().await, Elsewhere::start().await);
    let ada = app.person("ada").await;
    let imported = elsewhere.import(&ada, "/no-rest").await;
    for number in 1..=2 {
        assert_eq!(failed_try(&app, &ada, number).await, "import_interrupted");
        app.clock.advance(TimeDelta::minutes(1));
    }
    until("a photo", async || is_ready(&ada, &imported.asset).await).await;
    assert_eq!(elsewhere.asked().len(), 3);
}

#[tokio::test]
async fn what_comes_too_slowly_gives_its_place_up_and_goes_on_where_it_was() {
    let (app, elsewhere) = (app_that_may_reach_this_machine().await, Elsewhere::start().await);
    let parts = &app.app;
    let pace = Pace { bytes_min: 1024, window: Duration::from_millis(500) };
    let import = Import::new(parts.staging.clone(), parts.outbound.clone(), parts.secrets.clone());
    app.work_with(|registry| registry.with(import.at_least(pace))).await;
    let ada = app.person("ada").await;
    let imported = elsewhere.import(&ada, "/dribbling").await;
    assert_eq!(failed_try(&app, &ada, 1).await, "import_too_slow");
    app.clock.advance(TimeDelta::minutes(1));
    until("a photo", async || is_ready(&ada, &imported.asset).await).await;
    let asked = elsewhere.asked();
    let (from, etag) = resumed(&asked[1]).unwrap();
    assert!((1..100).contains(&from), "{from}");
    assert_eq!((asked.len(), etag), (2, "\"only\""));
}

#[tokio::test]
async fn a_fetch_that_comes_further_each_time_goes_on_however_often_it_breaks() {
    let (app, elsewhere) = (app_that_reaches_this_machine().await, Elsewhere::start().await);
    let ada = app.person("ada").await;
    elsewhere.import(&ada, "/in-pieces").await;
    let fetched = until("a fetch that is over", async || {
        app.clock.advance(TimeDelta::seconds(15));
        let tasks = ada.get("/tasks?kind=import").await.is(200).json();
        let task = tasks["items"][0].clone();
        (!matches!(task["status"].as_str(), Some("pending" | "running"))).then_some(task)
    })
    .await;
    assert_eq!((&fetched["status"], &fetched["attempts"]), (&json!("completed"), &json!(8)), "{fetched:#}");
    assert_eq!(elsewhere.asked().len(), 8);
}

#[tokio::test]
async fn what_waits_for_a_month_is_fetched_and_what_was_given_up_then_says_so() {
    let (app, elsewhere) = (app_that_may_reach_this_machine().await, Elsewhere::start().await);
    let ada = app.person("ada").await;
    let waiting = elsewhere.import(&ada, "/photo").await;
    let link = format!("http://{}/nothing", elsewhere.address);
    for kind in ["image", "video"] {
        ada.post("/imports", &json!({ "url": link, "kind": kind })).await.is(202);
    }
    // Those of nothing alone are tried, and given up.
    let mut connection = app.superuser().await;
    let photo = waiting.asset.trim_start_matches("/assets/");
    sqlx::query("UPDATE tasks SET status = 'held' WHERE subject_id = $1::uuid")
        .bind(photo)
        .execute(&mut connection)
        .await
        .unwrap();
    app.work().await;
    let given_up = async || {
        let found = ada.get("/tasks?kind=import&status=failed").await.is(200).json();
        let found = found["items"].as_array().unwrap().clone();
        (found.len() == 2).then_some(found)
    };
    let failed = until("two that are given up", given_up).await;
    app.clock.advance(TimeDelta::days(32));
    let ada = app.signed_in(&ada).await;
    app.sweep().await;

    sqlx::query("UPDATE tasks SET status = 'pending' WHERE status = 'held'")
        .execute(&mut connection)
        .await
        .unwrap();
    until("a photo", async || is_ready(&ada, &waiting.asset).await).await;
    for task in failed {
        let path = format!("/tasks/{}", task["id"].as_str().unwrap());
        ada.post(&format!("{path}/retry"), &json!({})).await.is(200);
        until("one that fails", async || {
            let task = ada.get(&path).await.is(200).json();
            (task["status"] == "failed").then(|| assert_eq!(task["error_code"], "import_expired", "{task:#}"))
        })
        .await;
    }
    let videos = ada.get("/videos").await.is(200).json();
    assert_eq!(videos["items"][0]["status"], "failed", "{videos:#}");
}
