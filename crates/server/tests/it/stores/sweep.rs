//! Files that no row names and rows whose file is not there, made on purpose.

use crate::{
    app::{Options, TestApp, sample},
    client::Person,
};
use chrono::TimeDelta;
use memoreel_blob::{BlobKey, StoreConfig};
use memoreel_kernel::Timestamp;
use memoreel_stores::{Finding, SweepOptions, SweepReport, Sweeper};
use sqlx::PgConnection;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

pub const DRY: SweepOptions = SweepOptions {
    is_dry_run: true,
    grace: TimeDelta::hours(24),
    marks_missing: false,
    removes_unknown: false,
};
pub const WET: SweepOptions = SweepOptions { is_dry_run: false, ..DRY };

/// Columns of text whose name says that they hold a key and that name no file, and why.
const NO_FILES: &[(&str, &str)] = &[("idempotency_keys.key", "what a program calls its request")];

pub async fn with_stores(archive: &tempfile::TempDir) -> TestApp {
    let archive = ("archive".to_owned(), StoreConfig::Disk(archive.path().to_owned()));
    TestApp::with(Options { stores: Some(BTreeMap::from([archive])), ..Options::default() }).await
}

/// The sweep as of a moment, counted from the real clock: files have their times from it.
pub async fn swept(app: &TestApp, options: SweepOptions, after: TimeDelta) -> (SweepReport, Vec<Finding>) {
    let now = Timestamp::from(std::time::SystemTime::now()) + after;
    let mut findings = Vec::new();
    let sweeper = Sweeper { db: app.db(), stores: app.app.blobs.stores(), options, now };
    let report = sweeper.sweep(None, &mut |finding| findings.push(finding.clone())).await.unwrap();
    (report, findings)
}

fn orphans(findings: &[Finding]) -> BTreeSet<String> {
    let orphan = |finding: &Finding| match finding {
        Finding::Orphan { blob, .. } => Some(blob.key.to_string()),
        _ => None,
    };
    findings.iter().filter_map(orphan).collect()
}

fn key(person: &Person, rest: &str) -> BlobKey {
    format!("organizations/{}/{rest}", person.organization_id).parse().unwrap()
}

/// Everything that people have files of.
async fn things_of(app: &TestApp, person: &Person) -> (String, String) {
    let image = person.upload_image("Harbour.heic", sample("still-photo.heic")).await;
    let video = person.upload("Call.mp3", sample("inaugural-address.mp3")).await;
    let document = person.upload_document("Notes.txt", b"Minutes of the harbour board.".to_vec()).await;
    app.settled(person, &video).await;
    app.idle().await;
    let addresses = person.get(&format!("/assets/{image}/image-addresses?options=w=64,format=png")).await;
    let src = addresses.is(200).json()["src"].as_str().unwrap().to_owned();
    person.get(src.strip_prefix(crate::app::PUBLIC_URL).unwrap()).await.is(200);
    (image, document)
}

#[tokio::test]
async fn what_is_named_by_a_row_is_no_orphan_and_what_is_not_goes_after_a_day() {
    let archive = tempfile::tempdir().unwrap();
    let app = with_stores(&archive).await;
    app.work().await;
    let ada = app.person("ada").await;
    let (_, document) = things_of(&app, &ada).await;
    let (report, findings) = swept(&app, DRY, TimeDelta::days(2)).await;
    assert_eq!((report.orphans, report.missing), (0, 0), "{findings:?}");
    assert!(report.files > 8, "{report:?}");

    let lost = [
        key(&ada, "contents/0192b3c4-0000-7000-8000-000000000001/original.mp4"),
        key(&ada, "assets/0192b3c4-0000-7000-8000-000000000002/hls/240p/1.m4s"),
        key(&ada, &format!("assets/{document}/pages/999.webp")),
        key(&ada, "exports/0192b3c4-0000-7000-8000-000000000003.zip"),
    ];
    for lost in &lost {
        app.app.blobs.put_bytes(lost, "lost").await.unwrap();
    }
    let elsewhere = key(&ada, "contents/x/original.mp4");
    let stores = app.app.blobs.stores();
    let beside = stores.at(&memoreel_blob::Place::of("archive")).unwrap();
    let content = || futures::stream::iter([Ok(bytes::Bytes::from_static(b"left behind"))]);
    beside.put_stream(&elsewhere, content()).await.unwrap();
    let foreign: BlobKey = "organizations/0192b3c4-0000-7000-8000-00000000000f/contents/a/b".parse().unwrap();
    app.app.blobs.put_bytes(&foreign, "of nobody that is known").await.unwrap();

    // Somebody may be about to name what is young.
    let (report, _) = swept(&app, WET, TimeDelta::hours(23)).await;
    assert_eq!((report.orphans, report.removed), (0, 0));
    let expected: BTreeSet<String> =
        lost.iter().chain([&elsewhere, &foreign]).map(ToString::to_string).collect();
    let (report, findings) = swept(&app, DRY, TimeDelta::days(2)).await;
    assert_eq!((orphans(&findings), report.removed), (expected.clone(), 0));
    assert!(app.app.blobs.head(&lost[0]).await.unwrap().is_some());
    let (report, findings) = swept(&app, WET, TimeDelta::days(2)).await;
    assert_eq!((orphans(&findings), report.removed), (expected, 5));
    assert!(app.app.blobs.head(&foreign).await.unwrap().is_some(), "the database may be the wrong one");
    for lost in &lost {
        assert!(app.app.blobs.head(lost).await.unwrap().is_none(), "{lost}");
    }
    assert!(beside.head(&elsewhere).await.unwrap().is_none());
    let (report, _) = swept(&app, SweepOptions { removes_unknown: true, ..WET }, TimeDelta::days(2)).await;
    assert_eq!((report.orphans, report.removed, report.missing), (1, 1, 0));
    app.idle().await;
    ada.get(&format!("/assets/{document}")).await.is(200);
}

#[tokio::test]
async fn what_is_written_anew_while_others_are_removed_stays() {
    let archive = tempfile::tempdir().unwrap();
    let app = with_stores(&archive).await;
    let ada = app.person("ada").await;
    let folder = "assets/0192b3c4-0000-7000-8000-000000000002/hls-2";
    let lost = ["0.m4s", "1.m4s"].map(|name| key(&ada, &format!("{folder}/{name}")));
    for lost in &lost {
        app.app.blobs.put_bytes(lost, "lost").await.unwrap();
    }
    let now = Timestamp::from(SystemTime::now()) + TimeDelta::days(2);
    let files = app.folder().join("blobs/blobs");
    let mut removed = Vec::new();
    let mut tell = |finding: &Finding| {
        let Finding::Orphan { blob, .. } = finding else { return };
        removed.push(blob.key.clone());
        for other in lost.iter().filter(|other| **other != blob.key) {
            let file = fs::File::open(files.join(other.as_str())).unwrap();
            file.set_modified(SystemTime::from(now)).unwrap();
        }
    };
    let sweeper = Sweeper { db: app.db(), stores: app.app.blobs.stores(), options: WET, now };
    let report = sweeper.sweep(None, &mut tell).await.unwrap();
    assert_eq!((report.orphans, report.removed, removed.len()), (1, 1, 1));
    for lost in &lost {
        let is_there = app.app.blobs.head(lost).await.unwrap().is_some();
        assert_eq!(is_there, !removed.contains(lost), "{lost}");
    }
}

#[tokio::test]
async fn a_row_whose_file_is_gone_is_told_and_marked_when_that_is_wanted() {
    let archive = tempfile::tempdir().unwrap();
    let app = with_stores(&archive).await;
    app.work().await;
    let ada = app.person("ada").await;
    let (image, _) = things_of(&app, &ada).await;
    let files: Vec<String> = sqlx::query_scalar(
        "SELECT blob_key FROM assets WHERE id = $1::uuid UNION ALL SELECT blob_key FROM renditions WHERE asset_id = $1::uuid",
    )
    .bind(image.parse::<uuid::Uuid>().unwrap())
    .fetch_all(&mut app.superuser().await)
    .await
    .unwrap();
    assert!(files.len() >= 2, "{files:?}");
    for file in &files {
        app.app.blobs.delete(&file.parse().unwrap()).await.unwrap();
    }
    for options in [DRY, WET, SweepOptions { marks_missing: true, ..DRY }] {
        let (report, findings) = swept(&app, options, TimeDelta::days(2)).await;
        // The content is named by its row as well.
        assert_eq!((report.missing, report.marked), (files.len() as u64 + 1, 0), "{findings:?}");
        let asset = ada.get(&format!("/assets/{image}")).await.is(200).json();
        assert_eq!(asset["status"], "ready");
    }
    let (report, _) = swept(&app, SweepOptions { marks_missing: true, ..WET }, TimeDelta::days(2)).await;
    assert_eq!(report.marked, files.len() as u64);
    let asset = ada.get(&format!("/assets/{image}")).await.is(200).json();
    assert_eq!(asset["status"], "failed", "{asset:#}");
}

#[tokio::test]
async fn an_organization_that_somebody_moves_at_this_moment_is_passed_over() {
    let archive = tempfile::tempdir().unwrap();
    let app = with_stores(&archive).await;
    app.work().await;
    let ada = app.person("ada").await;
    things_of(&app, &ada).await;
    let mut mover = app.superuser().await;
    let turn = format!("move of {}", ada.organization_id);
    sqlx::query("SELECT pg_advisory_lock(hashtextextended($1, 0))")
        .bind(turn)
        .execute(&mut mover)
        .await
        .unwrap();
    let (report, findings) = swept(&app, WET, TimeDelta::days(2)).await;
    assert_eq!((report.organizations, report.skipped), (0, 1), "{findings:?}");
    drop(mover);
    let (report, findings) = swept(&app, WET, TimeDelta::days(2)).await;
    assert_eq!((report.organizations, report.skipped, report.missing), (1, 0, 0), "{findings:?}");
}

#[tokio::test]
async fn a_store_that_is_known_under_two_names_loses_nothing() {
    let archive = tempfile::tempdir().unwrap();
    let app = with_stores(&archive).await;
    app.work().await;
    let ada = app.person("ada").await;
    things_of(&app, &ada).await;
    let twice = archive.path().join("twice");
    let folder: PathBuf = app.folder().join("blobs");
    std::os::unix::fs::symlink(&folder, &twice).unwrap();
    let stores = memoreel_blob::Stores::new(BTreeMap::from([
        ("default".to_owned(), StoreConfig::Disk(folder)),
        ("twice".to_owned(), StoreConfig::Disk(twice)),
    ]))
    .unwrap();
    let now = Timestamp::from(std::time::SystemTime::now()) + TimeDelta::days(2);
    for options in [DRY, WET] {
        let sweeper = Sweeper { db: app.db(), stores: &stores, options, now };
        let report = sweeper.sweep(None, &mut |_| {}).await.unwrap();
        assert_eq!((report.orphans, report.removed, report.missing), (0, 0, 0), "{options:?}");
    }
}

#[tokio::test]
async fn a_dry_run_writes_to_no_store() {
    let archive = tempfile::tempdir().unwrap();
    let app = with_stores(&archive).await;
    app.work().await;
    let ada = app.person("ada").await;
    things_of(&app, &ada).await;
    // Opened once, so that its folders are there.
    swept(&app, WET, TimeDelta::days(2)).await;
    let written = || {
        let folders = [archive.path().to_owned(), app.folder().join("blobs")];
        folders.map(|folder| changes_below(&folder))
    };
    let before = written();
    assert!(before.iter().all(|changes| !changes.is_empty()), "{before:?}");
    swept(&app, DRY, TimeDelta::days(2)).await;
    assert_eq!(written(), before);
    swept(&app, WET, TimeDelta::days(2)).await;
    assert_ne!(written(), before, "folders tell what is written to them and removed again");
}

/// When each folder below one got or lost something for the last time.
fn changes_below(folder: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let changed = fs::metadata(folder).unwrap().modified().unwrap();
    let mut changes = BTreeMap::from([(folder.to_owned(), changed)]);
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            changes.extend(changes_below(&entry.path()));
        }
    }
    changes
}

async fn columns(connection: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT c.table_name || '.' || c.column_name FROM information_schema.columns c
         WHERE c.table_schema = 'public' AND c.data_type IN ('text', 'jsonb')
             AND (c.column_name ~ '(^|_)key$' OR c.column_name ~ '(blob|file)$' OR c.column_name ~ 'blob_')
         ORDER BY 1",
    )
    .fetch_all(connection)
    .await
    .unwrap()
}

/// Whoever adds a column that names files says so in `named_files`, or their files are taken for orphans.
#[tokio::test]
async fn every_column_that_names_files_is_known_to_the_sweep() {
    let app = TestApp::start().await;
    let mut connection = app.superuser().await;
    let function: String = sqlx::query_scalar("SELECT prosrc FROM pg_proc WHERE proname = 'named_files'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let columns = columns(&mut connection).await;
    assert!(columns.contains(&"renditions.blob_key".to_owned()), "{columns:?}");
    for column in columns {
        let (table, name) = column.split_once('.').unwrap();
        let is_known = function.contains(&format!("FROM {table} ")) && function.contains(&format!(".{name}"));
        let is_excused = NO_FILES.iter().any(|(excused, _)| *excused == column);
        assert!(is_known != is_excused, "{column} has to be in named_files, or excused in NO_FILES");
    }
}
