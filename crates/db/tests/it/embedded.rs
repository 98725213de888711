//! The embedded PostgreSQL survives what happens to processes: each test kills the real one.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use memoreel_db::embedded::{ADMIN_USER, EmbeddedError, EmbeddedOptions, EmbeddedPostgres, Status};
use memoreel_parts::Parts;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse 'battery' staple";
const WAIT: Duration = Duration::from_secs(30);
const DATA_DIR_VARIABLE: &str = "MEMOREEL_TEST_STARTER_DATA_DIR";

/// A folder that the unprivileged user of a database started by root can enter.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    folder
}

fn options(data_dir: &Path) -> EmbeddedOptions {
    EmbeddedOptions::new(Parts::locate().unwrap().postgres().unwrap(), data_dir, PASSWORD)
}

async fn start(data_dir: &Path) -> EmbeddedPostgres {
    EmbeddedPostgres::start(options(data_dir)).await.unwrap()
}

async fn connect(postgres: &EmbeddedPostgres) -> PgConnection {
    let options = postgres.connect_options("postgres", ADMIN_USER, PASSWORD);
    PgConnection::connect_with(&options).await.unwrap()
}

async fn query(postgres: &EmbeddedPostgres, sql: &'static str) -> String {
    sqlx::query_scalar::<_, String>(sql).fetch_one(&mut connect(postgres).await).await.unwrap()
}

async fn keep_a_row(postgres: &EmbeddedPostgres) {
    sqlx::raw_sql("CREATE TABLE kept (word text); INSERT INTO kept VALUES ('still here')")
        .execute(&mut connect(postgres).await)
        .await
        .unwrap();
}

const KEPT: &str = "SELECT word FROM kept";

async fn ready_with_another_pid(postgres: &EmbeddedPostgres, before: u32) -> u32 {
    let mut status = postgres.status();
    let ready = status.wait_for(
        |status| matches!(status, Status::Ready { postmaster_pid, .. } if *postmaster_pid != before),
    );
    tokio::time::timeout(WAIT, ready).await.expect("the database comes back").unwrap();
    postgres.postmaster_pid().unwrap()
}

fn kill(pid: u32) {
    assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
}

fn lives(pid: u32) -> bool {
    // A process that ended and was not reaped by its new parent yet still has an entry.
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + WAIT;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// This test program once more, as a process that starts the database in `data_dir` and waits to be killed.
fn starter(data_dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["embedded::a_process_that_starts_a_database", "--exact", "--ignored", "--nocapture"])
        .env(DATA_DIR_VARIABLE, data_dir)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn ready_pid(data_dir: &Path) -> Option<u32> {
    let text = fs::read_to_string(data_dir.join("cluster/postmaster.pid")).ok()?;
    text.lines().nth(7).filter(|state| state.trim() == "ready")?;
    text.lines().next()?.parse().ok()
}

#[tokio::test]
#[ignore = "the process that other tests start in order to kill it"]
async fn a_process_that_starts_a_database() {
    let data_dir = PathBuf::from(std::env::var_os(DATA_DIR_VARIABLE).unwrap());
    let _postgres = start(&data_dir).await;
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_cluster_is_created_once_and_keeps_its_data_over_a_stop_and_a_start() {
    let folder = folder();
    let data_dir = folder.path().join("database");
    let first = start(&data_dir).await;
    keep_a_row(&first).await;
    assert_eq!(query(&first, "SHOW data_checksums").await, "on");
    assert_eq!(query(&first, "SHOW listen_addresses").await, "");
    assert_eq!(query(&first, "SHOW jit").await, "off");
    let locale =
        "SELECT concat(datlocprovider, datlocale) FROM pg_database WHERE datname = current_database()";
    assert_eq!(query(&first, locale).await, "bC.UTF-8");
    let pid = first.postmaster_pid().unwrap();
    first.stop().await.unwrap();
    assert!(!lives(pid));

    let second = start(&data_dir).await;
    assert_eq!(query(&second, KEPT).await, "still here");
    second.stop().await.unwrap();
}

#[tokio::test]
async fn vectors_are_available() {
    let folder = folder();
    let postgres = start(folder.path()).await;
    let distance = "CREATE EXTENSION vector; SELECT 1";
    sqlx::raw_sql(distance).execute(&mut connect(&postgres).await).await.unwrap();
    assert_eq!(query(&postgres, "SELECT ('[3,4]'::vector <-> '[0,0]'::vector)::text").await, "5");
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_the_address_form_works() {
    let folder = folder();
    let postgres = start(folder.path()).await;
    let wrong = postgres.connect_options("postgres", ADMIN_USER, "guess");
    let error = PgConnection::connect_with(&wrong).await.unwrap_err();
    assert!(error.to_string().contains("password authentication failed"), "{error}");
    let url = postgres.connect_url("postgres", ADMIN_USER, PASSWORD);
    PgConnection::connect(&url).await.unwrap().close().await.unwrap();
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn started_by_root_it_runs_as_another_user_and_nobody_else_can_look_inside() {
    let folder = folder();
    let data_dir = folder.path().join("database");
    let postgres = start(&data_dir).await;
    let process = fs::metadata(format!("/proc/{}", postgres.postmaster_pid().unwrap())).unwrap();
    let cluster = fs::metadata(data_dir.join("cluster")).unwrap();
    assert_ne!(process.uid(), 0);
    assert_eq!(process.uid(), cluster.uid());
    assert_eq!(cluster.mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(postgres.socket_dir()).unwrap().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(data_dir.join("postgres.log")).unwrap().mode() & 0o777, 0o600);
    assert!(!data_dir.join("initdb.password").exists());
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_postmaster_is_replaced_though_its_backends_are_busy_and_no_committed_row_is_lost() {
    let folder = folder();
    let postgres = start(folder.path()).await;
    keep_a_row(&postgres).await;
    let mut busy = connect(&postgres).await;
    let sleeper = tokio::spawn(async move { sqlx::raw_sql("SELECT pg_sleep(600)").execute(&mut busy).await });
    let mut before = postgres.postmaster_pid().unwrap();
    for _ in 0..2 {
        kill(before);
        before = ready_with_another_pid(&postgres, before).await;
        assert_eq!(query(&postgres, KEPT).await, "still here");
    }
    assert!(sleeper.await.unwrap().is_err());
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn when_the_owner_is_killed_the_database_stops_cleanly_and_the_next_start_works() {
    let folder = folder();
    let data_dir = folder.path().join("database");
    let mut owner = starter(&data_dir);
    wait_until("the owner starts the database", || ready_pid(&data_dir).is_some());
    let pid = ready_pid(&data_dir).unwrap();
    owner.kill().unwrap();
    owner.wait().unwrap();
    // At once, so that the old postmaster is still on its way out.
    let postgres = start(&data_dir).await;
    assert_ne!(postgres.postmaster_pid(), Some(pid));
    assert!(!lives(pid));
    let log = fs::read_to_string(data_dir.join("postgres.log")).unwrap();
    assert!(log.contains("received fast shutdown request"), "{log}");
    assert!(!log.contains("not properly shut down"), "{log}");
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn the_owner_and_the_postmaster_killed_together_leave_a_cluster_that_starts() {
    let folder = folder();
    let data_dir = folder.path().join("database");
    let mut owner = starter(&data_dir);
    wait_until("the owner starts the database", || ready_pid(&data_dir).is_some());
    let pid = ready_pid(&data_dir).unwrap();
    owner.kill().unwrap();
    kill(pid);
    owner.wait().unwrap();
    wait_until("the postmaster is dead", || !lives(pid));
    let postgres = start(&data_dir).await;
    assert_eq!(query(&postgres, "SELECT 'works'").await, "works");
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_guest_shares_the_database_does_not_stop_it_and_takes_over_when_the_owner_goes() {
    let folder = folder();
    let data_dir = folder.path().join("database");
    let mut owner = starter(&data_dir);
    wait_until("the owner starts the database", || ready_pid(&data_dir).is_some());
    let pid = ready_pid(&data_dir).unwrap();

    let passing = start(&data_dir).await;
    assert!(matches!(*passing.status().borrow(), Status::Ready { owned: false, .. }));
    assert_eq!(passing.postmaster_pid(), Some(pid));
    keep_a_row(&passing).await;
    passing.stop().await.unwrap();
    assert!(lives(pid), "a guest stops nothing");

    let staying = start(&data_dir).await;
    owner.kill().unwrap();
    owner.wait().unwrap();
    ready_with_another_pid(&staying, pid).await;
    assert!(matches!(*staying.status().borrow(), Status::Ready { owned: true, .. }));
    assert_eq!(query(&staying, KEPT).await, "still here");
    staying.stop().await.unwrap();
}

#[tokio::test]
async fn a_creation_that_is_killed_halfway_leaves_nothing_in_the_way() {
    let folder = folder();
    let data_dir = folder.path().join("database");
    let mut owner = starter(&data_dir);
    wait_until("the creation begins", || data_dir.join("cluster.partial/PG_VERSION").exists());
    owner.kill().unwrap();
    owner.wait().unwrap();
    assert!(!data_dir.join("cluster").exists());
    let postgres = start(&data_dir).await;
    assert_eq!(query(&postgres, "SELECT 'works'").await, "works");
    assert!(!data_dir.join("cluster.partial").exists());
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn left_over_lock_files_with_the_number_of_a_living_process_do_not_stop_the_start() {
    let folder = folder();
    start(folder.path()).await.stop().await.unwrap();
    let data_dir = folder.path().canonicalize().unwrap();
    let (pid, cluster) = (std::process::id(), data_dir.join("cluster"));
    let (run, shown) = (data_dir.join("run"), cluster.display());
    let text = format!("{pid}\n{shown}\n1\n5432\n{}\n\n 1 1\nready   \n", run.display());
    fs::write(cluster.join("postmaster.pid"), &text).unwrap();
    fs::write(run.join(".s.PGSQL.5432.lock"), &text).unwrap();
    let postgres = start(&data_dir).await;
    assert_ne!(postgres.postmaster_pid(), Some(pid));
    assert_eq!(query(&postgres, "SELECT 'works'").await, "works");
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_data_folder_with_a_long_path_gets_a_socket_elsewhere() {
    let folder = folder();
    let data_dir = folder.path().join("a-folder-with-quite-a-long-name".repeat(3));
    let postgres = start(&data_dir).await;
    assert!(!postgres.socket_dir().starts_with(&data_dir));
    assert_eq!(query(&postgres, "SELECT 'works'").await, "works");
    let socket_dir = postgres.socket_dir().to_owned();
    postgres.stop().await.unwrap();
    fs::remove_dir_all(socket_dir).unwrap();
}

#[tokio::test]
async fn a_setting_that_postgresql_refuses_is_reported_with_its_own_words() {
    let folder = folder();
    let mut wrong = options(folder.path());
    wrong.settings.push(("no_such_setting".to_owned(), "1".to_owned()));
    let error = EmbeddedPostgres::start(wrong).await.unwrap_err();
    assert!(
        matches!(&error, EmbeddedError::Start { tail, .. } if tail.contains("no_such_setting")),
        "{error}"
    );
    start(folder.path()).await.stop().await.unwrap();
}

#[tokio::test]
async fn a_cluster_of_another_major_version_is_left_alone() {
    let folder = folder();
    start(folder.path()).await.stop().await.unwrap();
    fs::write(folder.path().join("cluster/PG_VERSION"), "16\n").unwrap();
    let error = EmbeddedPostgres::start(options(folder.path())).await.unwrap_err();
    assert!(matches!(&error, EmbeddedError::VersionMismatch { found, .. } if found == "16"), "{error}");
}

#[tokio::test]
async fn root_is_told_which_folder_the_database_cannot_enter() {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        // Without root there is no other user, and the system's own message names the folder.
        return;
    }
    let private = tempfile::tempdir().unwrap();
    fs::set_permissions(private.path(), Permissions::from_mode(0o700)).unwrap();
    let error = EmbeddedPostgres::start(options(&private.path().join("database"))).await.unwrap_err();
    assert!(matches!(&error, EmbeddedError::Unreachable { path, .. } if path == private.path()), "{error}");
}
