//! The client of Rust against a real server, and the examples of both clients as they stand.

use crate::{
    app::{TestApp, sample},
    assistant::key_of,
    search::{paragraph, video_of},
    webhooks,
};
use memoreel_client::{
    Assets, CaptionFormat, Client, ClientError, NewUpload, Progress, Search, UploadKind, Videos, WaitError,
};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    process::Command,
};
use uuid::Uuid;

#[expect(dead_code, reason = "what starts it from a command line is not called here")]
#[path = "../../../client/examples/upload_and_search.rs"]
mod upload_and_search;

const WAIT: Duration = Duration::from_secs(60);

fn recording() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/inaugural-address.mp3")
}

async fn client_of(app: &TestApp, person: &crate::client::Client, role: Option<&str>) -> Client {
    Client::new(app.base.parse().unwrap(), &key_of(person, role).await).unwrap()
}

#[tokio::test]
async fn a_program_lists_reads_and_finds() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let (one, two) = (paragraph("The harbour project was approved"), paragraph("Its budget is four million"));
    let path = video_of(&app, &ada, "Council", &[("Ana", &one), ("Ben", &two)]).await;
    let id: Uuid = path.strip_prefix("/videos/").unwrap().parse().unwrap();
    app.insert_video(&ada, "Another").await;
    let client = client_of(&app, &ada, None).await;

    let me = client.me().await.unwrap();
    assert_eq!((me.user.email.as_str(), me.organization.role.as_str()), ("ada@example.com", "owner"));
    assert!(me.may_edit());
    let (mut titles, mut wanted) = (Vec::new(), Videos { limit: Some(1), ..Videos::default() });
    loop {
        let page = client.list_videos(&wanted).await.unwrap();
        titles.extend(page.items.into_iter().map(|video| video.title));
        wanted.cursor = page.next_cursor;
        if wanted.cursor.is_none() {
            break;
        }
    }
    titles.sort();
    assert_eq!(titles, ["Another", "Council"]);

    let video = client.video(id).await.unwrap();
    assert!(video.is_settled() && !video.stages.is_empty());
    let transcript = client.transcript(id).await.unwrap();
    let last = transcript.segments.last().unwrap();
    assert_eq!((last.start_ms, transcript.speaker_of(last).unwrap().display_name()), (60_000, "Ben"));
    assert!(client.captions(id, CaptionFormat::WebVtt).await.unwrap().starts_with("WEBVTT"));
    assert_eq!(client.summary(id).await.unwrap().status, "completed");
    let found = client.search(&Search { limit: Some(1), ..Search::of("four million") }).await.unwrap();
    let hit = &found.items[0];
    assert_eq!((hit.video_id, hit.start_ms), (Some(id), Some(60_000)));
    assert_eq!((hit.source.as_str(), hit.is_merely_nearest()), ("speech", false));
    assert!(hit.matched_by.iter().any(|reason| reason == "words"), "{hit:?}");
    let far = client.search(&Search::of("zzqqxx vvkkpp")).await.unwrap();
    assert!(!far.items.is_empty() && far.items.iter().all(|hit| hit.is_merely_nearest()), "{far:?}");
}

#[tokio::test]
async fn the_command_line_says_what_is_merely_the_nearest() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let (one, two) = (paragraph("The harbour project was approved"), paragraph("Its budget is four million"));
    video_of(&app, &ada, "Council", &[("Ana", &one), ("Ben", &two)]).await;
    let key = key_of(&ada, None).await;
    let search = async |query: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_memoreel"));
        command.args(["search", query, "--limit", "1"]).kill_on_drop(true);
        let ran =
            command.env("MEMOREEL_URL", &app.base).env("MEMOREEL_API_KEY", &key).output().await.unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    };
    let found = search("four million").await;
    assert!(found.starts_with("1:00  Council\n") && !found.contains("nearest"), "{found}");
    let far = search("zzqqxx vvkkpp").await;
    assert!(
        far.starts_with("Nothing has these words") && far.contains("Council  (merely the nearest)\n"),
        "{far}"
    );
}

#[tokio::test]
async fn a_refusal_has_its_code() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.person("ada").await, app.person("eve").await);
    let video = app.insert_video(&ada, "Hers").await;
    let code = |error: ClientError| error.code().map(str::to_owned).unwrap_or_else(|| error.to_string());
    let stranger = client_of(&app, &eve, None).await;
    assert_eq!(code(stranger.video(video).await.unwrap_err()), "not_found");
    let reader = client_of(&app, &ada, Some("viewer")).await;
    assert!(!reader.me().await.unwrap().may_edit());
    let upload = reader.upload_file(&recording(), &NewUpload::default(), |_| {}).await;
    assert_eq!(code(upload.unwrap_err()), "forbidden");
    let nobody = Client::new(app.base.parse().unwrap(), "mrl_wrong").unwrap();
    let refused = nobody.me().await.unwrap_err();
    assert_eq!((refused.problem().unwrap().status, refused.is_transient()), (401, false));
    let gone = Client::new("http://127.0.0.1:9".parse().unwrap(), "mrl_x").unwrap();
    assert!(matches!(gone.me().await, Err(ClientError::Unreachable { .. })));
    let missing = reader.upload_file(Path::new("/nowhere.mp4"), &NewUpload::default(), |_| {}).await;
    assert!(matches!(missing, Err(ClientError::File { .. })));
}

#[tokio::test]
async fn an_upload_whose_connections_break_goes_on_from_what_has_arrived() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let size_bytes = sample("inaugural-address.mp3").len();
    let line = BrokenLine::before(&app.base, 3, size_bytes / 4).await;
    let client = Client::new(line.url.parse().unwrap(), &key_of(&ada, None).await).unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let new = NewUpload {
        title: Some("Größe".to_owned()),
        retry_after: Duration::from_millis(20),
        ..NewUpload::default()
    };
    let heard = Arc::clone(&told);
    let hear = move |progress| heard.lock().unwrap().push(progress);
    let uploaded = client.upload_file(&recording(), &new, hear).await.unwrap();
    assert_eq!(line.cut.load(Ordering::SeqCst), 3);
    let told = told.lock().unwrap().clone();
    let interrupted = told.iter().filter(|told| matches!(told, Progress::Interrupted { .. })).count();
    assert!(interrupted >= 3, "{told:?}");
    let size_bytes = size_bytes as u64;
    assert_eq!(told.last(), Some(&Progress::Sent { sent_bytes: size_bytes, size_bytes }));
    // Not every attempt began anew.
    let begun = told.windows(2).filter(|pair| matches!(pair[0], Progress::Interrupted { .. }));
    assert!(
        begun.into_iter().any(|pair| matches!(pair[1], Progress::Sent { sent_bytes, .. } if sent_bytes > 0)),
        "{told:?}"
    );

    let video = client.wait_until_ready(uploaded.video_id.unwrap(), WAIT, |_| {}).await.unwrap();
    assert_eq!(video.title, "Größe");
    // It is the same file: another upload of it would be of what is there already.
    let assets = ada.get("/assets").await.is(200).json();
    let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(sample("inaugural-address.mp3")));
    assert_eq!(assets["items"][0]["sha256"], json!(digest), "{assets:#}");
}

#[tokio::test]
async fn what_cannot_be_processed_ends_the_waiting_with_its_code() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let client = client_of(&app, &ada, None).await;
    let folder = app.folder();
    std::fs::write(folder.join("noise.mp4"), vec![7; 5_000]).unwrap();
    let noise = client.upload_file(&folder.join("noise.mp4"), &NewUpload::default(), |_| {}).await.unwrap();
    let waited = client.wait_until_ready(noise.video_id.unwrap(), WAIT, |_| {}).await;
    assert!(matches!(&waited, Err(WaitError::Failed(failure)) if !failure.code.is_empty()), "{waited:?}");

    std::fs::write(folder.join("Minutes.txt"), "The harbour was discussed.").unwrap();
    let new = NewUpload { kind: UploadKind::of_name("Minutes.txt"), ..NewUpload::default() };
    let minutes = client.upload_file(&folder.join("Minutes.txt"), &new, |_| {}).await.unwrap();
    let asset = client.wait_until_asset_ready(minutes.asset_id.unwrap(), WAIT).await.unwrap();
    assert_eq!((asset.kind.as_deref(), asset.filename.as_str()), (Some("document"), "Minutes.txt"));
    let listed = client.list_assets(&Assets { kind: Some("document".to_owned()), ..Assets::default() }).await;
    assert_eq!(listed.unwrap().items.len(), 1);
    let by_size = Assets { sort: Some("largest".to_owned()), ..Assets::default() };
    let listed = client.list_assets(&by_size).await.unwrap();
    let names: Vec<&str> = listed.items.iter().map(|asset| asset.filename.as_str()).collect();
    assert_eq!(names, ["noise.mp4", "Minutes.txt"]);
    let found = client.search(&Search::of("harbour")).await.unwrap();
    assert_eq!(found.items[0].document.as_ref().map(|document| document.asset_id), Some(asset.id));
}

#[tokio::test]
async fn the_command_line_tells_by_its_name_what_a_file_becomes_unless_it_is_said() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let key = key_of(&ada, None).await;
    let folder = app.folder();
    std::fs::write(folder.join("Harbour.HEIC"), sample("still-photo.heic")).unwrap();
    std::fs::write(folder.join("minutes.txt"), "The harbour was discussed.").unwrap();
    std::fs::write(folder.join("minutes.log"), "The harbour was discussed again.").unwrap();
    let upload = async |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_memoreel"));
        command.arg("upload").args(arguments).current_dir(&folder).kill_on_drop(true);
        command.env("MEMOREEL_URL", &app.base).env("MEMOREEL_API_KEY", &key);
        let ran = command.output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (ran.status.success(), text(ran.stdout), text(ran.stderr))
    };
    // One line for each file, with its page.
    let (succeeded, said, wrong) = upload(&["Harbour.HEIC", "minutes.txt"]).await;
    assert!(succeeded, "{said}{wrong}");
    let (succeeded, more, wrong) = upload(&["--kind", "document", "minutes.log"]).await;
    assert!(succeeded, "{more}{wrong}");
    let lines = [said, more].concat();
    let mut kinds = Vec::new();
    for line in lines.lines() {
        let (_, id) = line.rsplit_once("/files/").unwrap_or_else(|| panic!("{line}"));
        let asset = ada.get(&format!("/assets/{id}")).await.is(200).json();
        assert_eq!(asset["status"], "ready", "{asset:#}");
        kinds.push(asset["kind"].as_str().unwrap().to_owned());
    }
    assert_eq!(kinds, ["image", "document", "document"]);
    let (succeeded, _, wrong) = upload(&["minutes.txt", "--title", "Minutes"]).await;
    assert!(!succeeded && wrong.contains("--kind"), "{wrong}");
}

#[tokio::test]
async fn the_example_for_rust_uploads_and_finds() {
    let app = TestApp::start().await;
    app.work().await;
    let key = key_of(&app.person("ada").await.client, None).await;
    let found =
        upload_and_search::upload_and_search(&app.base, &key, &recording(), "budget of millions").await;
    let found = found.unwrap();
    assert!(found[0].contains("four million") && found[0].contains("/videos/"), "{found:#?}");
}

#[tokio::test]
async fn the_examples_for_typescript_upload_and_find_and_take_what_we_tell_and_nothing_else() {
    let app = webhooks::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let key = key_of(&ada.client, None).await;
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients/typescript");
    assert!(package.join("node_modules").is_dir(), "`cargo xtask setup` installs what this test needs");
    let built =
        Command::new("npm").args(["run", "--silent", "build"]).current_dir(&package).output().await.unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stdout));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/hook");
    let (id, secret) = webhooks::add(&ada, &url, &["video.completed"]).await;
    let mut receiver = Command::new("node");
    receiver.arg(package.join("dist/examples/receive-webhooks.js")).stdout(Stdio::piped()).kill_on_drop(true);
    let mut receiver = receiver.env("WEBHOOK_SECRET", &secret).env("PORT", port.to_string()).spawn().unwrap();
    let mut told = BufReader::new(receiver.stdout.take().unwrap()).lines();
    assert_eq!(told.next_line().await.unwrap().as_deref(), Some("listening"));

    let example = async |key: &str| {
        let mut node = Command::new("node");
        node.arg(package.join("dist/examples/upload-and-search.js"))
            .arg(recording())
            .arg("budget of millions");
        node.env("MEMOREEL_URL", &app.base).env("MEMOREEL_API_KEY", key).kill_on_drop(true);
        let ran = node.output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (ran.status.success(), text(ran.stdout), text(ran.stderr))
    };
    let (succeeded, found, said) = example(&key).await;
    assert!(succeeded && found.contains("four million") && found.contains("/videos/"), "{found}{said}");
    let (succeeded, found, said) = example("mrl_wrong").await;
    assert!(!succeeded && found.is_empty() && said.starts_with("api_key_wrong: "), "{found}{said}");

    let line = tokio::time::timeout(WAIT, told.next_line()).await.unwrap().unwrap().unwrap();
    let is_of_it = line.starts_with("video.completed ") && line.ends_with(" inaugural-address");
    assert!(is_of_it, "{line}");
    webhooks::takes_ours_alone(&app, &ada, &id, &url).await;
}

/// Passes everything on to a server, but breaks connections that bring too much.
struct BrokenLine {
    url: String,
    cut: Arc<AtomicUsize>,
}

impl BrokenLine {
    /// Breaks so many connections, each after so many bytes.
    async fn before(server: &str, times: usize, after_bytes: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = server.strip_prefix("http://").unwrap().to_owned();
        let cut = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&cut);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(pass_on(near, far, Arc::clone(&counted), times, after_bytes));
            }
        });
        Self { url, cut }
    }
}

async fn pass_on(near: TcpStream, far: TcpStream, cut: Arc<AtomicUsize>, times: usize, after_bytes: usize) {
    let (mut from, mut back) = near.into_split();
    let (mut answers, mut to) = far.into_split();
    let answering = async { drop(tokio::io::copy(&mut answers, &mut back).await) };
    let asking = async {
        let (mut passed, mut buffer) = (0, vec![0; 4096]);
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            passed += read;
            if to.write_all(&buffer[..read]).await.is_err() {
                return;
            }
            if passed > after_bytes && cut.load(Ordering::SeqCst) < times {
                cut.fetch_add(1, Ordering::SeqCst);
                return;
            }
        }
    };
    // The end of either is the end of the connection.
    tokio::select! {
        () = answering => {}
        () = asking => {}
    }
}
