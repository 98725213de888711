//! What was there before the embedding model was another one is indexed again when whoever runs the server says so, and nobody waits for that.

use crate::{
    app::{Options, TestApp},
    client::{Client, PASSWORD, Person, send},
    document_files::pdf,
    engines::{DIMENSIONS, vector},
    pictures_found::{found, plain, search},
    process::{Installation, PATIENCE},
    provider::Provider,
    seeing::slide_show,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use memoreel_ai::{AiError, Embed, EmbedModel};
use memoreel_search::{ReindexOptions, ReindexReport, Reindexer, SearchError};
use serde_json::{Value, json};
use sqlx::Connection;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use uuid::Uuid;

pub const QUEUED: ReindexOptions = ReindexOptions { is_dry_run: false, is_all: false };
const COUNTED: ReindexOptions = ReindexOptions { is_dry_run: true, is_all: false };
pub const ALL: ReindexOptions = ReindexOptions { is_dry_run: false, is_all: true };

/// A word of each thing that [`fill`] makes, and what it is found in.
const WORDS: [(&str, &str); 5] = [
    ("giants", "speech"),
    ("noon", "description"),
    ("walruses", "screen"),
    ("submarine", "description"),
    ("oranges", "page"),
];
/// What indexes them.
const KINDS: [&str; 5] = ["index", "index_description", "index_document", "index_image", "index_key_frames"];

/// A model whose vectors point elsewhere than those of the one that tests begin with.
struct Turned {
    name: &'static str,
    dimensions: usize,
    /// Whether it knows queries alone.
    is_broken: bool,
}

impl Turned {
    fn called(name: &'static str) -> Arc<dyn Embed> {
        Arc::new(Self { name, dimensions: DIMENSIONS, is_broken: false })
    }

    fn vector(text: &str) -> Vec<f32> {
        let mut vector = vector(text);
        vector.rotate_right(7);
        vector
    }
}

#[async_trait]
impl Embed for Turned {
    fn model(&self) -> EmbedModel {
        EmbedModel { name: self.name.to_owned(), dimensions: self.dimensions }
    }

    async fn embed_passages(&self, passages: &[String]) -> Result<Vec<Vec<f32>>, AiError> {
        match self.is_broken {
            true => Err(AiError::EngineMissing { missing: "a model".to_owned() }),
            false => Ok(passages.iter().map(|text| Self::vector(text)).collect()),
        }
    }

    async fn embed_query(&self, query: &str) -> Result<Vec<f32>, AiError> {
        Ok(Self::vector(query))
    }
}

/// The same server with this model, on which nothing works yet, and the same person.
pub async fn with_model(app: TestApp, embed: &Arc<dyn Embed>, person: &Person) -> (TestApp, Person) {
    let app = app.restart_with(|options: &mut Options| options.embed = Some(Arc::clone(embed))).await;
    let person = app.signed_in(person).await;
    (app, person)
}

async fn reindexer(
    app: &TestApp,
    embed: &Arc<dyn Embed>,
    options: ReindexOptions,
) -> Result<Reindexer, SearchError> {
    Reindexer::new(app.db().clone(), Arc::clone(embed), Arc::new(app.clock.clone()), options).await
}

/// What the command does for the organization of this person.
pub async fn reindex(
    app: &TestApp,
    embed: &Arc<dyn Embed>,
    person: &Person,
    options: ReindexOptions,
) -> ReindexReport {
    let reindexer = reindexer(app, embed, options).await.unwrap();
    let mut report = ReindexReport::default();
    reindexer.reindex(person.organization_id.parse().unwrap(), &mut report).await.unwrap();
    report
}

/// By kind, how much was queued and how much waited already.
pub fn counts(report: &ReindexReport) -> Vec<(&'static str, u64, u64)> {
    report.kinds.iter().map(|(kind, count)| (*kind, count.queued, count.known)).collect()
}

/// The same count of each kind.
fn each(queued: u64, known: u64) -> Vec<(&'static str, u64, u64)> {
    KINDS.map(|kind| (kind, queued, known)).to_vec()
}

/// One of everything that is found by what it says; returns the videos.
async fn fill(app: &TestApp, person: &Person) -> [String; 2] {
    let talk = app.insert_video(person, "Board").await.to_string();
    let path = format!("/videos/{talk}");
    say(person, &talk, "The harbour was built by giants.").await;
    let described = json!({ "description": "Zeppelins land at noon.", "visibility": "private" });
    person.patch(&path, &described).await.is(200);
    let film = person.upload("Plans.mp4", slide_show(&[("Walruses sleep on the ice", 3)]).await).await;
    let image = person.upload_image("a.png", plain([200, 30, 30], 300, 300)).await;
    person.upload_document("Report.pdf", pdf(&["Oranges are counted here every month."])).await;
    app.idle().await;
    person.patch(&format!("/assets/{image}"), &json!({ "description": "One submarine." })).await.is(200);
    app.idle().await;
    [talk, film]
}

async fn say(person: &Person, video: &str, text: &str) {
    let captions = format!("WEBVTT\n\n00:00.000 --> 00:02.000\n<v Ada>{text}\n");
    send(person.request("PUT", &format!("/videos/{video}/captions")).body(captions)).await.is(200);
}

/// In what the word is found first by what it means.
async fn meant(client: &Client, word: &str) -> Option<String> {
    let hits = search(client, &[("q", word), ("mode", "semantic")]).await;
    hits.first().map(|hit| hit["source"].as_str().unwrap().to_owned())
}

async fn is_worded(client: &Client, word: &str) -> bool {
    !search(client, &[("q", word), ("mode", "keyword")]).await.is_empty()
}

async fn status(client: &Client, video: &str) -> String {
    let video = client.get(&format!("/videos/{video}")).await.is(200).json();
    video["status"].as_str().expect("a status").to_owned()
}

async fn count(app: &TestApp, statement: &'static str) -> i64 {
    sqlx::query_scalar(statement).fetch_one(&mut app.superuser().await).await.unwrap()
}

const WAITING: &str = "SELECT count(*) FROM tasks WHERE status = 'pending'";
const DESCRIPTIONS: &str =
    "SELECT count(*) FROM tasks WHERE status = 'pending' AND kind = 'index_description'";
/// What is told of videos that are done.
const TOLD: &str =
    "SELECT count(*) FROM outbox WHERE kind IN ('video_indexed', 'video_settled', 'video_changed')";

#[tokio::test]
async fn after_another_model_everything_is_found_by_meaning_again_and_only_where_it_was_asked_for() {
    let app = TestApp::start().await;
    app.work().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let videos = fill(&app, &ada).await;
    let bobs = bob.upload_image("b.png", plain([30, 200, 30], 300, 300)).await;
    app.idle().await;
    bob.patch(&format!("/assets/{bobs}"), &json!({ "description": "One submarine." })).await.is(200);
    app.idle().await;
    for (word, source) in WORDS {
        assert_eq!(meant(&ada, word).await.as_deref(), Some(source), "{word}");
    }

    let embed = Turned::called("turned");
    let (app, ada) = with_model(app, &embed, &ada).await;
    let bob = app.signed_in(&bob).await;
    for (word, _) in WORDS {
        assert!(meant(&ada, word).await.is_none() && is_worded(&ada, word).await, "{word}");
    }

    assert_eq!(counts(&reindex(&app, &embed, &ada, COUNTED).await), each(1, 0));
    assert_eq!(count(&app, WAITING).await, 0, "what is counted is not queued");
    assert_eq!(counts(&reindex(&app, &embed, &ada, QUEUED).await), each(1, 0));
    for options in [QUEUED, COUNTED, ALL] {
        assert_eq!(counts(&reindex(&app, &embed, &ada, options).await), each(0, 1), "{options:?}");
    }
    assert_eq!(count(&app, WAITING).await, 5, "of nobody else");
    let tasks = ada.get("/tasks?status=pending").await.is(200).json();
    let tasks = tasks["items"].as_array().unwrap();
    assert!(tasks.len() == 5 && tasks.iter().all(|task| task["priority"] == -20), "{tasks:#?}");

    let told = count(&app, TOLD).await;
    app.work().await;
    app.idle().await;
    for (word, source) in WORDS {
        assert_eq!(meant(&ada, word).await.as_deref(), Some(source), "{word}");
    }
    assert!(meant(&bob, "submarine").await.is_none() && is_worded(&bob, "submarine").await);
    assert_eq!(count(&app, TOLD).await, told, "nobody is told of it as of something new");
    for id in videos {
        assert_eq!(ada.get(&format!("/videos/{id}")).await.is(200).json()["status"], "completed");
    }
    let old = "SELECT count(*) FROM chunk_embeddings e JOIN embedding_models m ON m.id = e.model_id WHERE m.name = 'word-bag'";
    assert_eq!(count(&app, old).await, 1, "only Bob's");

    assert_eq!(reindex(&app, &embed, &ada, QUEUED).await, ReindexReport::default(), "nothing is missing");
    assert_eq!(counts(&reindex(&app, &embed, &bob, QUEUED).await), [("index_image", 1, 0)]);
    app.idle().await;
    assert_eq!(meant(&bob, "submarine").await.as_deref(), Some("description"));

    // Under the same name the model may have become another one.
    let chunks = async || -> Vec<Uuid> {
        sqlx::query_scalar("SELECT chunk_id FROM chunk_embeddings ORDER BY 1")
            .fetch_all(&mut app.superuser().await)
            .await
            .unwrap()
    };
    let before = chunks().await;
    assert_eq!(counts(&reindex(&app, &embed, &ada, ALL).await), each(1, 0));
    app.idle().await;
    let after = chunks().await;
    let kept = after.iter().filter(|id| before.contains(id)).count();
    assert_eq!((after.len(), kept), (before.len(), 1), "only what is Bob's is as it was");
}

#[tokio::test]
async fn what_waits_to_be_indexed_again_is_taken_over_by_what_people_change() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let talk = app.insert_video(&ada, "Board").await.to_string();
    say(&ada, &talk, "The harbour was built by giants.").await;
    app.idle().await;
    let embed = Turned::called("turned");
    let (app, ada) = with_model(app, &embed, &ada).await;
    assert_eq!(counts(&reindex(&app, &embed, &ada, QUEUED).await), [("index", 1, 0)]);

    say(&ada, &talk, "The harbour was built by dwarfs.").await;
    let tasks = ada.get("/tasks?status=pending&kind=index").await.is(200).json();
    let tasks = tasks["items"].as_array().unwrap();
    assert!(tasks.len() == 1 && tasks[0]["priority"].as_i64().unwrap() > 0, "{tasks:#?}");
    let indexed = "SELECT count(*) FROM outbox WHERE kind = 'video_indexed'";
    let told = count(&app, indexed).await;
    app.work().await;
    app.idle().await;
    assert_eq!(meant(&ada, "dwarfs").await.as_deref(), Some("speech"));
    assert_eq!(count(&app, indexed).await, told + 1, "there is something new");
    assert_eq!(ada.get(&format!("/videos/{talk}")).await.is(200).json()["status"], "completed");
}

#[tokio::test]
async fn a_model_that_fails_fails_no_video_and_what_failed_is_queued_once_more() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let talk = app.insert_video(&ada, "Board").await.to_string();
    say(&ada, &talk, "The harbour was built by giants.").await;
    app.idle().await;
    let broken: Arc<dyn Embed> = Arc::new(Turned { name: "turned", dimensions: DIMENSIONS, is_broken: true });
    let (app, ada) = with_model(app, &broken, &ada).await;
    reindex(&app, &broken, &ada, QUEUED).await;
    app.work().await;
    app.idle().await;
    let tasks = ada.get("/tasks?status=failed").await.is(200).json();
    let tasks = tasks["items"].as_array().unwrap();
    assert_eq!(tasks.len(), 1, "{tasks:#?}");
    assert_eq!((&tasks[0]["kind"], &tasks[0]["error_code"]), (&json!("index"), &json!("engine_missing")));
    let video = ada.get(&format!("/videos/{talk}")).await.is(200).json();
    assert_eq!((&video["status"], &video["error"]), (&json!("completed"), &Value::Null));
    ada.post(&format!("/videos/{talk}/retry"), &json!({})).await.refuses(409, "nothing_to_retry");
    assert!(is_worded(&ada, "giants").await, "what was there stays until there is something better");

    let embed = Turned::called("turned");
    let (app, ada) = with_model(app, &embed, &ada).await;
    app.work().await;
    assert_eq!(counts(&reindex(&app, &embed, &ada, QUEUED).await), [("index", 1, 0)]);
    app.idle().await;
    assert_eq!(meant(&ada, "giants").await.as_deref(), Some("speech"));
    let failed = "SELECT count(*) FROM tasks WHERE status = 'failed'";
    assert_eq!(count(&app, failed).await, 0, "what failed was replaced");
}

#[tokio::test]
async fn videos_that_failed_for_want_of_an_index_are_found_once_indexed_again_and_completed_by_a_retry() {
    let broken: Arc<dyn Embed> = Arc::new(Turned { name: "turned", dimensions: DIMENSIONS, is_broken: true });
    let app = TestApp::with(Options { embed: Some(broken), ..Options::default() }).await;
    app.work().await;
    let ada = app.person("ada").await;
    let words = ["giants", "dwarfs", "trolls"];
    let mut talks = Vec::new();
    for word in words {
        let talk = app.insert_video(&ada, "Board").await.to_string();
        say(&ada, &talk, &format!("The harbour was built by {word}.")).await;
        talks.push(talk);
    }
    app.idle().await;
    for talk in &talks {
        assert_eq!(status(&ada, talk).await, "failed");
    }

    let embed = Turned::called("turned");
    let (app, ada) = with_model(app, &embed, &ada).await;
    assert_eq!(
        counts(&reindex(&app, &embed, &ada, QUEUED).await),
        [("index", 3, 0)],
        "they have no passages"
    );
    // What waits beside the videos keeps nobody from retrying their own steps, which then do it.
    ada.post(&format!("/videos/{}/retry", talks[0]), &json!({})).await.is(200);
    let failed = ada.get(&format!("/tasks?status=failed&subject_id={}", talks[1])).await.is(200).json();
    for step in failed["items"].as_array().unwrap() {
        ada.post(&format!("/tasks/{}/retry", step["id"].as_str().unwrap()), &json!({})).await.is(200);
    }
    let waiting = "SELECT count(*) FROM tasks WHERE status = 'pending' AND kind = 'index'";
    assert_eq!(count(&app, waiting).await, 3, "each once");
    app.work().await;
    app.idle().await;
    for word in words {
        assert_eq!(meant(&ada, word).await.as_deref(), Some("speech"), "{word}");
    }
    assert_eq!(status(&ada, &talks[0]).await, "completed");
    assert_eq!(status(&ada, &talks[1]).await, "completed");
    assert_eq!(status(&ada, &talks[2]).await, "failed", "nobody retried it");
    ada.post(&format!("/videos/{}/retry", talks[2]), &json!({})).await.is(200);
    app.idle().await;
    assert_eq!(status(&ada, &talks[2]).await, "completed");
}

#[tokio::test]
async fn queueing_that_is_interrupted_goes_on_where_it_ended_and_queues_nothing_twice() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let organization_id: Uuid = ada.organization_id.parse().unwrap();
    sqlx::query(
        "INSERT INTO videos (organization_id, id, author_id, title, description, status, created_at, updated_at)
         SELECT $1, uuidv7(), $2, 'Talk', 'The harbour was built by giants.', 'completed', $3, $3 FROM generate_series(1, 150)",
    )
    .bind(organization_id)
    .bind(ada.user_id.parse::<Uuid>().unwrap())
    .bind(app.now())
    .execute(&mut app.superuser().await)
    .await
    .unwrap();
    let embed = Turned::called("turned");

    // The second hundred waits for somebody, and is killed there.
    let mut somebody = app.superuser().await;
    let mut holding = somebody.begin().await.unwrap();
    sqlx::query(
        "INSERT INTO tasks (organization_id, kind, subject_id, scheduled_for)
         SELECT organization_id, 'index_description', id, $1 FROM videos ORDER BY id DESC LIMIT 1",
    )
    .bind(app.now())
    .execute(&mut *holding)
    .await
    .unwrap();
    let queueing = reindex(&app, &embed, &ada, QUEUED);
    let interrupted = tokio::time::timeout(Duration::from_secs(5), queueing).await;
    assert!(interrupted.is_err(), "{interrupted:?}");
    assert_eq!(count(&app, DESCRIPTIONS).await, 100);
    holding.rollback().await.unwrap();

    assert_eq!(counts(&reindex(&app, &embed, &ada, QUEUED).await), [("index_description", 50, 100)]);
    assert_eq!(counts(&reindex(&app, &embed, &ada, QUEUED).await), [("index_description", 0, 150)]);
    assert_eq!(count(&app, DESCRIPTIONS).await, 150);
}

#[tokio::test]
async fn a_model_that_changed_the_length_of_its_vectors_is_refused_before_anything_is_queued() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let talk = app.insert_video(&ada, "Board").await.to_string();
    say(&ada, &talk, "The harbour was built by giants.").await;
    app.idle().await;
    let longer: Arc<dyn Embed> =
        Arc::new(Turned { name: "word-bag", dimensions: DIMENSIONS + 1, is_broken: false });
    for options in [QUEUED, COUNTED, ALL] {
        let refused = reindexer(&app, &longer, options).await.unwrap_err().to_string();
        assert!(refused.contains("384") && refused.contains("385"), "{refused}");
    }
    assert_eq!(count(&app, WAITING).await, 0);
}

/// An image, which is named, a document and a recording: one picture of each is looked at.
pub async fn pictured(app: &TestApp, person: &Person) -> String {
    let image = person.upload_image("a.png", plain([200, 30, 30], 300, 300)).await;
    person.upload_document("Report.pdf", pdf(&["Figure 7"])).await;
    person.upload("Plans.mp4", slide_show(&[("Walruses sleep on the ice", 3)]).await).await;
    app.idle().await;
    image
}

#[tokio::test]
async fn what_was_there_before_a_model_took_pictures_is_found_by_what_it_looks_like() {
    let provider = Provider::default();
    let app = TestApp::with(provider.options(false).await).await;
    app.work().await;
    let ada = app.person("ada").await;
    let image = pictured(&app, &ada).await;
    ada.patch(&format!("/assets/{image}"), &json!({ "description": "One submarine." })).await.is(200);
    app.idle().await;

    let embed = provider.options(true).await.embed.unwrap();
    let (app, ada) = with_model(app, &embed, &ada).await;
    let kinds = ["index_document", "index_image", "index_key_frames"];
    let looked = |number: u64| -> Vec<(&'static str, u64, u64)> {
        kinds.map(|kind| (kind, 1, 0)).into_iter().chain([("index_pictures", number, 0)]).collect()
    };
    assert_eq!(counts(&reindex(&app, &embed, &ada, COUNTED).await), looked(3));
    assert_eq!(counts(&reindex(&app, &embed, &ada, QUEUED).await), looked(3));
    provider.sees(&["lighthouse"; 3]);
    app.work().await;
    app.idle().await;
    assert_eq!(provider.pictures().len(), 3, "each once");
    let mut kinds: Vec<String> = found(&ada, &[("q", "lighthouse"), ("mode", "semantic")])
        .await
        .iter()
        .filter(|hit| hit["source"] == "appearance")
        .map(|hit| hit["kind"].as_str().unwrap().to_owned())
        .collect();
    kinds.sort();
    assert_eq!(kinds, ["document", "image", "video"]);
    assert_eq!(meant(&ada, "walruses").await.as_deref(), Some("screen"));

    assert_eq!(reindex(&app, &embed, &ada, QUEUED).await, ReindexReport::default(), "nothing is missing");
    // What was looked at is looked at again only where that is said.
    assert_eq!(counts(&reindex(&app, &embed, &ada, ALL).await), looked(3));
    app.idle().await;
    assert_eq!(provider.pictures().len(), 6);
    assert_eq!(found(&ada, &[("q", "lighthouse"), ("kind", "image")]).await.len(), 1);
    assert_eq!(count(&app, "SELECT count(*) FROM chunks WHERE is_picture").await, 3, "once each");
}

#[tokio::test]
async fn what_is_looked_at_for_what_is_new_is_looked_at_once_more_where_everything_is_to_be() {
    let provider = Provider::default();
    let app = TestApp::with(provider.options(false).await).await;
    app.work().await;
    let ada = app.person("ada").await;
    ada.upload_image("a.png", plain([200, 30, 30], 300, 300)).await;
    app.idle().await;
    let embed = provider.options(true).await.embed.unwrap();
    let (app, ada) = with_model(app, &embed, &ada).await;
    assert_eq!(counts(&reindex(&app, &embed, &ada, QUEUED).await), [("index_pictures", 1, 0)]);
    sqlx::query("UPDATE tasks SET status = 'running', lease = gen_random_uuid(), leased_until = $1 WHERE status = 'pending'")
        .bind(app.now() + TimeDelta::hours(1))
        .execute(&mut app.superuser().await)
        .await
        .unwrap();
    assert_eq!(counts(&reindex(&app, &embed, &ada, QUEUED).await), [("index_pictures", 0, 1)]);
    assert_eq!(counts(&reindex(&app, &embed, &ada, ALL).await), [("index_pictures", 1, 0)]);
    assert_eq!(counts(&reindex(&app, &embed, &ada, ALL).await), [("index_pictures", 0, 1)]);
}

/// Runs the program to its end; what it said.
fn run(installation: &Installation, arguments: &[&str]) -> (bool, String) {
    let output = installation.run(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

/// The line of the answer about this kind of task, without how it is laid out.
fn line(said: &str, kind: &str) -> String {
    let line = said.lines().find(|line| line.contains(&format!("{kind}:"))).expect("a line for each kind");
    line.split(kind).next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Waits until nothing is left to be done.
async fn until_idle(installation: &Installation) {
    let mut database = installation.database().await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left: i64 =
            sqlx::query_scalar("SELECT count(*) FROM tasks WHERE status IN ('pending', 'held', 'running')")
                .fetch_one(&mut database)
                .await
                .unwrap();
        if left == 0 {
            return;
        }
        assert!(Instant::now() < deadline, "{left} tasks are left");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_has_everything_indexed_again_while_the_server_is_at_work() {
    let provider = Provider::default();
    let installation = Installation::new();
    let address = format!("{}/v1", provider.serve().await);
    installation.set("MEMOREEL_EMBED_URL", Some(&address));
    installation.set("MEMOREEL_EMBED_MODEL", Some("sees"));
    installation.set("MEMOREEL_EMBED_DIMENSIONS", Some(&DIMENSIONS.to_string()));
    let server = installation.start().await;
    let ada = Client::new(&installation.url());
    let account = json!({ "email": "ada@example.com", "name": "Ada", "password": PASSWORD });
    let me = ada.post("/users", &account).await.is(201).json();
    let organization = &me["organization"];
    let image = ada.upload_image("a.png", plain([200, 30, 30], 300, 300)).await;
    let deadline = Instant::now() + PATIENCE;
    while ada.get(&format!("/assets/{image}")).await.is(200).json()["status"] != "ready" {
        assert!(Instant::now() < deadline, "the image does not become ready");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    ada.patch(&format!("/assets/{image}"), &json!({ "description": "One submarine." })).await.is(200);
    until_meant(&ada, "submarine", "description").await;
    until_idle(&installation).await;
    server.stop().await;

    installation.set("MEMOREEL_EMBED_PICTURES", Some("true"));
    let (_, said) = run(&installation, &["doctor"]);
    assert!(said.contains("failed  index: 1 of 1 passages have no vectors of sees"), "{said}");
    assert!(said.contains("        run `memoreel reindex`"), "{said}");
    provider.sees(&["lighthouse"]);
    let _server = installation.start().await;
    assert!(meant(&ada, "submarine").await.is_none() && is_worded(&ada, "submarine").await);
    let slug = organization["slug"].as_str().unwrap();
    let (succeeded, said) = run(&installation, &["reindex", "--dry-run", "--organization", slug]);
    assert!(succeeded && said.contains("Nothing was queued."), "{said}");
    for (kind, number) in [("index_image", 1), ("index_pictures", 1), ("index", 0)] {
        assert_eq!(line(&said, kind), format!("{number} queued 0 waited already"), "{said}");
    }
    assert!(meant(&ada, "submarine").await.is_none(), "it was only counted");
    let (succeeded, said) = run(&installation, &["reindex", "--organization", "nowhere"]);
    assert!(!succeeded && said.contains("there is no organization nowhere"), "{said}");

    let id = organization["id"].as_str().unwrap();
    let (succeeded, said) = run(&installation, &["reindex", "--organization", id]);
    assert!(succeeded && line(&said, "index_pictures") == "1 queued 0 waited already", "{said}");
    until_meant(&ada, "submarine", "description").await;
    until_seen(&ada).await;
    let (succeeded, said) = run(&installation, &["reindex"]);
    assert!(succeeded && said.contains("Nothing is missing."), "{said}");
    let (_, said) = run(&installation, &["doctor"]);
    assert!(said.contains("ok      index: none of 2 passages lacks vectors of sees"), "{said}");

    // An organization in which nothing can be queued keeps nobody else's from being queued.
    let bob = Client::new(&installation.url());
    let account = json!({ "email": "bob@example.com", "name": "Bob", "password": PASSWORD });
    bob.post("/users", &account).await.is(201);
    bob.upload_image("b.png", plain([200, 30, 30], 300, 300)).await;
    until_seen(&bob).await;
    let refused = format!("ALTER TABLE tasks ADD CHECK (organization_id <> '{id}' OR NOT is_side) NOT VALID");
    sqlx::query(sqlx::AssertSqlSafe(refused)).execute(&mut installation.database().await).await.unwrap();
    let (succeeded, said) = run(&installation, &["reindex", "--all"]);
    assert!(!succeeded && said.contains(&format!("memoreel: {slug}: ")), "{said}");
    // It may still be looked at once more, now that it is known whether something is written in it.
    let bobs = line(&said, "index_pictures");
    assert!(["1 queued 0 waited already", "0 queued 1 waited already"].contains(&bobs.as_str()), "{said}");
    assert!(said.contains("1 of 2 organizations failed"), "{said}");
}

async fn until_seen(client: &Client) {
    let deadline = Instant::now() + PATIENCE;
    while found(client, &[("q", "lighthouse")]).await.is_empty() {
        assert!(Instant::now() < deadline, "it is not found by what it looks like");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn until_meant(client: &Client, word: &str, source: &str) {
    let deadline = Instant::now() + PATIENCE;
    while meant(client, word).await.as_deref() != Some(source) {
        assert!(Instant::now() < deadline, "{word} is not found by what it means");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
