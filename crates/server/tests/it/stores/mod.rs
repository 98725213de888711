//! Organizations and the stores their files lie in: moved while they are at work, and swept of what lost its other half.

mod bucket;
mod ended;
mod erased;
mod faulty;
mod load;
mod sweep;
mod unfinished;
mod unreachable;

use crate::{
    client::{Client, PASSWORD},
    process::{Installation, PATIENCE},
};
use futures::TryStreamExt;
use load::{Load, Recording, Somebody, Tally};
use memoreel_blob::{S3Config, SingleStore};
use memoreel_testkit::{Fault, FaultProxy, Garage, S3_ACCESS_KEY, S3_SECRET_KEY};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    process::{Child, Stdio},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

const BUCKET: &str = "talks";
const REGION: &str = "us-east-1";
const PREFIX: &str = "p";

/// An installation with a second store, which is not the best of services.
struct TwoStores {
    installation: Installation,
    garage: Garage,
    _proxy: FaultProxy,
}

impl TwoStores {
    async fn new() -> Self {
        let garage = Garage::start(BUCKET, REGION).await.unwrap();
        let proxy = FaultProxy::start(garage.address()).await.unwrap();
        let mut random = StdRng::seed_from_u64(7);
        proxy.set(move |_| match random.random_range(0..100) {
            0..3 => Fault::Status(503),
            3..5 => Fault::Status(500),
            5..25 => Fault::Slow(Duration::from_millis(random.random_range(5..60))),
            _ => Fault::None,
        });
        let installation = Installation::new();
        let stores = installation.data().join("stores.json");
        let archive = json!({
            "kind": "s3", "bucket": BUCKET, "endpoint": proxy.endpoint(), "prefix": PREFIX,
            "access_key_id": S3_ACCESS_KEY, "secret_access_key": S3_SECRET_KEY,
        });
        std::fs::write(&stores, json!({ "archive": archive }).to_string()).unwrap();
        installation.set("MEMOREEL_STORES", Some(stores.to_str().unwrap()));
        Self { installation, garage, _proxy: proxy }
    }

    fn command(&self, arguments: &[&str]) -> Child {
        self.installation
            .run(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Runs a command to its end; what it said.
    async fn run(&self, arguments: &[&str]) -> (bool, String) {
        let child = self.command(arguments);
        let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    }

    /// Moves the organization; killed so many times on the way.
    async fn moved(&self, slug: &str, to: &str, kills: u32) -> String {
        let mut random = StdRng::seed_from_u64(kills.into());
        for _ in 0..kills {
            let mut child = self.command(&["store", "move", slug, "--to", to]);
            tokio::time::sleep(Duration::from_millis(random.random_range(700..2_200))).await;
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let (succeeded, said) = self.run(&["store", "move", slug, "--to", to]).await;
        assert!(succeeded, "{said}");
        said
    }

    /// The organization's files in the default store.
    fn on_disk(&self, organization_id: &str) -> BTreeSet<String> {
        let folder = format!("blobs/blobs/organizations/{organization_id}");
        self.installation.files_below(&folder).into_iter().collect()
    }

    /// And in the bucket.
    async fn in_bucket(&self, organization_id: &str) -> BTreeSet<String> {
        let prefix = format!("organizations/{organization_id}/");
        let keys = self.keys(PREFIX).await;
        keys.iter().filter_map(|key| key.strip_prefix(&prefix)).map(str::to_owned).collect()
    }

    /// What is in the bucket below a prefix, as Garage itself tells it.
    async fn keys(&self, prefix: &str) -> Vec<String> {
        let scratch = tempfile::tempdir().unwrap();
        let bucket = SingleStore::s3(S3Config {
            endpoint: Some(format!("http://{}", self.garage.address())),
            bucket: BUCKET.to_owned(),
            region: REGION.to_owned(),
            access_key: S3_ACCESS_KEY.to_owned(),
            secret_key: S3_SECRET_KEY.to_owned(),
            prefix: Some(prefix.parse().unwrap()),
            path_style: true,
            checksum_header: true,
            scratch_dir: scratch.path().to_owned(),
        })
        .unwrap();
        bucket.list(None).map_ok(|blob| blob.key.to_string()).try_collect().await.unwrap()
    }
}

/// Somebody new, with their organization: its id and its name in addresses.
async fn signed_up(url: &str) -> (Somebody, String, String) {
    let client = Client::new(url);
    let account = json!({ "email": "ada@example.com", "name": "Ada", "password": PASSWORD });
    let me = client.post("/users", &account).await.is(201).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let somebody = Somebody { client, public_url: url.to_owned(), tally: Arc::new(Tally::default()) };
    (somebody, text(&me["organization"]["id"]), text(&me["organization"]["slug"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_moves_to_s3_and_back_while_people_work_and_no_request_fails() {
    let two = TwoStores::new().await;
    let server = two.installation.start().await;
    let (ada, organization_id, slug) = signed_up(&two.installation.url()).await;
    let file = two.installation.recording();
    let original = std::fs::read(&file).unwrap();
    let video_id = ada.client.upload("call.mp4", original.clone()).await;
    let deadline = Instant::now() + PATIENCE * 2;
    let video = loop {
        let video = ada.client.get(&format!("/videos/{video_id}")).await.is(200).json();
        match video["status"].as_str() {
            Some("completed") => break video,
            Some("failed") => panic!("{video:#}"),
            _ => assert!(Instant::now() < deadline, "{video:#}"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let recording = Arc::new(Recording::of(&ada, &video, original).await);
    for seed in 0..30 {
        let (id, expected) = ada.upload(seed).await.unwrap();
        ada.tally.kept.lock().unwrap().insert(id, expected);
    }
    assert!(two.on_disk(&organization_id).len() > 40);

    for (to, kills, first_seed) in [("archive", 3, 1_000_000), ("default", 2, 2_000_000)] {
        let load = Load::start(&ada, Arc::clone(&recording), first_seed);
        tokio::time::sleep(Duration::from_secs(1)).await;
        two.moved(&slug, to, kills).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        load.stop().await;
        let failures = ada.tally.failures.lock().unwrap().clone();
        assert!(failures.is_empty(), "on the way to {to}: {failures:#?}");
        let (left, here) = match to {
            "archive" => (two.on_disk(&organization_id), two.in_bucket(&organization_id).await),
            _ => (two.in_bucket(&organization_id).await, two.on_disk(&organization_id)),
        };
        assert!(left.is_empty(), "left behind on the way to {to}: {left:?}");
        assert!(here.len() > 40);
        let kept = ada.tally.kept.lock().unwrap().clone();
        for (id, expected) in &kept {
            assert!(ada.has(id, expected).await, "{id} on the way to {to}");
        }
        ada.play(&recording, &mut StdRng::seed_from_u64(1)).await;
        let (is_whole, said) = two.run(&["store", "sweep", "--dry-run", &slug]).await;
        assert!(is_whole && said.contains("0 rows without their file"), "{said}");
        assert!(ada.tally.failures.lock().unwrap().is_empty());
    }
    let count = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
    let tally = &ada.tally;
    for (what, count) in [
        ("uploads", count(&tally.uploads)),
        ("plays", count(&tally.plays)),
        ("renditions", count(&tally.renditions)),
        ("deletions", count(&tally.deletions)),
    ] {
        println!("{what}: {count}");
        assert!(count > 4, "there was a steady mix: {count} {what}");
    }
    let (listed, said) = two.run(&["store", "list"]).await;
    assert!(listed && said.contains("stores: archive, default") && !said.contains("moving"), "{said}");
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_moved_is_told_in_a_sentence_and_nothing_is_begun() {
    let two = TwoStores::new().await;
    let server = two.installation.start().await;
    let (ada, organization_id, slug) = signed_up(&two.installation.url()).await;
    ada.upload(1).await.unwrap();
    for (arguments, expected) in [
        (vec!["nobody", "--to", "archive"], "no organization is called"),
        (vec![slug.as_str(), "--to", "tape"], "no store is called"),
        (vec![slug.as_str(), "--to", "default", "--bucket", "x"], "is a folder"),
        (vec![slug.as_str(), "--to", "archive", "--bucket", "missing"], "does not exist"),
    ] {
        let arguments = [&["store", "move"][..], &arguments].concat();
        let (succeeded, said) = two.run(&arguments).await;
        assert!(!succeeded && said.contains(expected), "{arguments:?}: {said}");
    }
    let (_, said) = two.run(&["store", "cancel", &slug]).await;
    assert!(said.contains("is not being moved"), "{said}");
    let (listed, said) = two.run(&["store", "list"]).await;
    assert!(listed && !said.contains(&slug), "{said}");
    assert_eq!(two.in_bucket(&organization_id).await, BTreeSet::new());

    // One that was interrupted can be stopped as well.
    let mut child = two.command(&["store", "move", &slug, "--to", "archive", "--prefix", "ada"]);
    let mut database = two.installation.database().await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let begun: i64 =
            sqlx::query_scalar("SELECT count(*) FROM organization_stores WHERE state = 'copying'")
                .fetch_one(&mut database)
                .await
                .unwrap();
        if begun > 0 || child.try_wait().unwrap().is_some() {
            break;
        }
        assert!(Instant::now() < deadline);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let (succeeded, said) = two.run(&["store", "move", &slug, "--to", "archive"]).await;
    assert!(!succeeded && said.contains("is being moved to archive, prefix ada"), "{said}");
    let (succeeded, said) = two.run(&["store", "cancel", &slug]).await;
    assert!(succeeded && said.contains("stays where it is"), "{said}");
    for prefix in [PREFIX, "ada"] {
        assert_eq!(two.keys(prefix).await, Vec::<String>::new());
    }
    assert!(!two.on_disk(&organization_id).is_empty());
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_meanwhile_loses_nothing_and_is_waited_for_for_seconds() {
    let two = TwoStores::new().await;
    let server = two.installation.start().await;
    let worker = two.installation.start_worker().await;
    let (ada, organization_id, slug) = signed_up(&two.installation.url()).await;
    for seed in 0..10 {
        let (id, expected) = ada.upload(seed).await.unwrap();
        ada.tally.kept.lock().unwrap().insert(id, expected);
    }
    let load = Load::start_without_player(&ada, 3_000_000);
    let moving = two.command(&["store", "move", &slug, "--to", "archive"]);
    let mut database = two.installation.database().await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let begun: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM organization_stores s WHERE state = 'copying' AND NOT EXISTS (
                 SELECT FROM store_processes p WHERE p.ended_at IS NULL AND p.generation < s.generation))",
        )
        .fetch_one(&mut database)
        .await
        .unwrap();
        if begun {
            break;
        }
        assert!(Instant::now() < deadline, "the move does not begin");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    worker.kill9();
    let output = tokio::task::spawn_blocking(move || moving.wait_with_output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    load.stop().await;
    assert!(two.on_disk(&organization_id).is_empty());
    let kept = ada.tally.kept.lock().unwrap().clone();
    for (id, expected) in &kept {
        assert!(ada.has(id, expected).await, "{id}");
    }
    let failures = ada.tally.failures.lock().unwrap().clone();
    assert!(failures.is_empty(), "{failures:#?}");
    drop(server);
}
