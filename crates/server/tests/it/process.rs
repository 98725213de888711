//! The program as people run it: its process, its database, and a client, for tests that treat it badly.

use futures::Stream;
use memoreel_db::{DatabaseAccess, derive_password, embedded::ADMIN_USER};
use reqwest::{Body, Method, Response, StatusCode};
use serde_json::Value;
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fs,
    net::Ipv4Addr,
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{net::TcpSocket, time::sleep};

/// Longer than a start, a recovery or a step takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(20);
const RECORDING: &str = "[0:v]scale=426:240[picture];
    [1:a]aformat=channel_layouts=mono,atrim=0:4,apad=whole_dur=5[left];
    [0:a]aformat=channel_layouts=mono,atrim=0:5,apad=whole_dur=5[right];
    [left][right]join=inputs=2:channel_layout=stereo[sound]";

/// A data folder and an address, which outlive the servers that are started on them.
pub struct Installation {
    folder: TempDir,
    program: PathBuf,
    address: Address,
    worker_address: Address,
    starts: Cell<u32>,
    worker_pid: Cell<u32>,
    settings: RefCell<BTreeMap<&'static str, String>>,
}

impl Installation {
    /// An empty data folder that the user who runs PostgreSQL for root can reach.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("memoreel-it-").tempdir_in("/tmp").unwrap();
        fs::create_dir(folder.path().join("data")).unwrap();
        for path in [folder.path().to_owned(), folder.path().join("data")] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o711)).unwrap();
        }
        let program = PathBuf::from(env!("CARGO_BIN_EXE_memoreel"));
        Self {
            folder,
            program,
            address: Address::reserve(),
            worker_address: Address::reserve(),
            starts: Cell::new(0),
            worker_pid: Cell::new(0),
            settings: RefCell::default(),
        }
    }

    /// The same, with a copy of the program that may be removed.
    pub fn with_own_program() -> Self {
        let mut installation = Self::new();
        let copy = installation.folder.path().join("memoreel");
        fs::copy(&installation.program, &copy).unwrap();
        installation.program = copy;
        installation
    }

    /// The program that servers of this installation are started from.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A call of five seconds that spares the machine the heavy work: its picture is small, and each voice has a channel
    /// of its own, so that they need not be told apart.
    pub fn recording(&self) -> PathBuf {
        let file = self.folder.path().join("recording.mp4");
        if !file.exists() {
            let made = Command::new("ffmpeg")
                .args(["-loglevel", "error", "-i"])
                .arg(sample("video-call.mp4"))
                .arg("-i")
                .arg(sample("inaugural-address.mp3"))
                .args(["-filter_complex", RECORDING, "-map", "[picture]", "-map", "[sound]", "-t", "5"])
                .args(["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-ar", "48000"])
                .arg(&file)
                .stdin(Stdio::null())
                .status();
            assert!(made.unwrap().success(), "ffmpeg cannot make the recording");
        }
        file
    }

    /// Sets an environment variable for what is started from now on, or no longer sets it.
    pub fn set(&self, name: &'static str, value: Option<&str>) {
        let mut settings = self.settings.borrow_mut();
        match value {
            Some(value) => settings.insert(name, value.to_owned()),
            None => settings.remove(name),
        };
    }

    /// The address of the server that has the role of all.
    pub fn url(&self) -> String {
        format!("http://{}", self.address.text)
    }

    /// Starts a server and waits until it is ready.
    pub async fn start(&self) -> Server {
        self.start_as("all", &self.address.text).await
    }

    /// Starts a server that only works, beside the other one.
    pub async fn start_worker(&self) -> Server {
        self.start_as("worker", &self.worker_address.text).await
    }

    async fn start_as(&self, role: &str, address: &str) -> Server {
        let log = self.folder.path().join(format!("log-{}", self.starts.replace(self.starts.get() + 1)));
        let child = self
            .run(&["serve", "--listen", address, "--role", role])
            .env("MEMOREEL_RATE_LIMIT_FACTOR", "100")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        self.worker_pid.set(child.id());
        let mut server = Server { child, log };
        let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
        let url = format!("http://{address}/health/ready");
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = server.child.try_wait().unwrap() {
                panic!("the server ended with {status}");
            }
            if http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return server;
            }
            assert!(Instant::now() < deadline, "the server does not become ready");
            sleep(LOOK_EVERY).await;
        }
    }

    /// The program with these arguments, for this installation.
    pub fn run(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            let foreign = name.to_str().is_some_and(|name| {
                name.starts_with("MEMOREEL_") && name != "MEMOREEL_CACHE_DIR"
                    || name.starts_with("S3_")
                    || name == "DATABASE_URL"
            });
            if foreign {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .env("MEMOREEL_DATA_DIR", self.data())
            .envs(self.settings.borrow().iter())
            // By this folder the processes of an installation are known from others.
            .current_dir(self.data());
        command
    }

    /// A superuser's connection; waits for a database that is being started.
    pub async fn database(&self) -> PgConnection {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.connect().await {
                Ok(connection) => return connection,
                Err(error) => assert!(Instant::now() < deadline, "no connection to the database: {error}"),
            }
            sleep(LOOK_EVERY).await;
        }
    }

    async fn connect(&self) -> Result<PgConnection, Box<dyn std::error::Error>> {
        let secret = hex::decode(fs::read_to_string(self.data().join("secret.key"))?.trim())?;
        let secret: [u8; 32] = secret.try_into().map_err(|_| "the secret has another length")?;
        let options = PgConnectOptions::new_without_pgpass()
            .socket(self.data().join("postgres/run"))
            .username(ADMIN_USER)
            .password(&derive_password(&secret, ADMIN_USER));
        let access = DatabaseAccess::new(options, "memoreel", secret);
        Ok(PgConnection::connect_with(&access.maintenance().database("memoreel")).await?)
    }

    /// `kill -9` of the postmaster; returns once it is gone.
    pub async fn kill_database(&self) {
        let pid = self.postmaster().expect("a database runs");
        signal("KILL", pid);
        wait_until("the postmaster is gone", async || !is_alive(pid)).await;
    }

    /// The process id of the server that was started last.
    pub fn worker_pid(&self) -> String {
        self.worker_pid.get().to_string()
    }

    /// The process id in the lock file of the cluster.
    pub fn postmaster(&self) -> Option<u32> {
        let text = fs::read_to_string(self.data().join("postgres/cluster/postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok()
    }

    /// Names and ids of all processes that work in the data folder: servers, workers, ffmpeg, PostgreSQL.
    pub fn processes(&self) -> Vec<(String, u32)> {
        let pids = fs::read_dir("/proc").unwrap().flatten();
        let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        pids.filter(|pid| {
            fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder.starts_with(self.data()))
        })
        .map(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            (String::from_utf8_lossy(&line).replace('\0', " "), pid)
        })
        .collect()
    }

    /// Waits until no process works in the data folder, and returns how long that took.
    pub async fn wait_deserted(&self, within: Duration) -> Duration {
        let started = Instant::now();
        loop {
            let left = self.processes();
            if left.is_empty() {
                return started.elapsed();
            }
            assert!(started.elapsed() < within, "still running after {within:?}: {left:?}");
            sleep(LOOK_EVERY).await;
        }
    }

    /// The paths of all files below a folder of the data folder, relative to it and sorted.
    pub fn files_below(&self, folder: &str) -> Vec<String> {
        let root = self.data().join(folder);
        let mut files = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(entry.path());
                } else if let Ok(path) = entry.path().strip_prefix(&root) {
                    files.push(path.to_string_lossy().into_owned());
                }
            }
        }
        files.sort();
        files
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let left = self.processes();
            if left.is_empty() || Instant::now() > deadline {
                return;
            }
            left.into_iter().for_each(|(_, pid)| signal("KILL", pid));
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

/// A running server. Dropping it kills it.
pub struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`; returns once it is gone.
    pub fn kill9(mut self) {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), Some(9), "the server had ended before it was killed");
    }

    /// SIGTERM; returns how it ended, and after how long.
    pub async fn stop(mut self) -> (ExitStatus, Duration) {
        let started = Instant::now();
        signal("TERM", self.pid());
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, started.elapsed());
            }
            assert!(started.elapsed() < PATIENCE, "the server does not stop");
            sleep(LOOK_EVERY).await;
        }
    }

    /// What it has logged so far.
    pub fn logged(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// The memory it has in use now, in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().filter(|line| !line.contains("\"answered\"")).collect();
            eprintln!("the server's log ends:\n{}", lines[lines.len().saturating_sub(40)..].join("\n"));
        }
        // It may have ended long ago.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// An upload on its way, and the video it becomes.
#[derive(Debug, Clone)]
pub struct Upload {
    pub path: String,
    pub video_id: String,
}

/// A person at the API, who takes a connection that breaks for an answer to ask for again.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    /// Signs a new person up.
    pub async fn sign_up(url: String) -> Self {
        let mut headers = reqwest::header::HeaderMap::new();
        headers.insert("x-memoreel-request", "1".parse().unwrap());
        headers.insert("tus-resumable", "1.0.0".parse().unwrap());
        let http = reqwest::Client::builder()
            .cookie_store(true)
            .default_headers(headers)
            .pool_max_idle_per_host(0)
            .timeout(PATIENCE)
            .build()
            .unwrap();
        let client = Self { http, url };
        let person = serde_json::json!({
            "email": "ada@example.org", "name": "Ada", "password": "correct horse battery",
        });
        let answer = client.http.post(client.at("/api/v1/users")).json(&person).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED, "{}", answer.text().await.unwrap());
        client
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Announces an upload.
    pub async fn create_upload(&self, filename: &str, size_bytes: u64) -> Upload {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let metadata = format!("filename {}", BASE64_STANDARD.encode(filename));
        let request = self.http.post(self.at("/api/v1/uploads"));
        let request = request.header("upload-length", size_bytes).header("upload-metadata", metadata);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        Upload { path: header("location"), video_id: header("memoreel-video-id") }
    }

    /// Uploads a document in one request; returns the id of its asset.
    pub async fn upload_document(&self, filename: &str, content: Vec<u8>) -> String {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let [filename, kind] = [filename, "document"].map(|text| BASE64_STANDARD.encode(text));
        let request = self.http.post(self.at("/api/v1/uploads"));
        let request = request
            .header("upload-length", content.len())
            .header("upload-metadata", format!("filename {filename},kind {kind}"))
            .header("content-type", "application/offset+octet-stream")
            .body(content);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        answer.headers()["memoreel-asset-id"].to_str().unwrap().to_owned()
    }

    /// Where the upload is to be continued, as the server says.
    pub async fn offset(&self, upload: &Upload) -> Result<u64, String> {
        let answer = self.http.head(self.at(&upload.path)).send().await.map_err(|error| error.to_string())?;
        read_offset(&answer).ok_or_else(|| answer.status().to_string())
    }

    /// One PATCH; the offset it was answered with.
    pub async fn append(&self, upload: &Upload, offset: u64, body: Body) -> Result<u64, String> {
        let request = self.http.patch(self.at(&upload.path));
        let request = request
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream")
            .body(body);
        let answer = request.send().await.map_err(|error| error.to_string())?;
        read_offset(&answer).ok_or_else(|| answer.status().to_string())
    }

    /// The same, from a stream.
    pub async fn append_stream(
        &self,
        upload: &Upload,
        offset: u64,
        body: impl Stream<Item = std::io::Result<Vec<u8>>> + Send + 'static,
    ) -> Result<u64, String> {
        self.append(upload, offset, Body::wrap_stream(body)).await
    }

    /// Sends what is missing of `content`, however often the server goes away meanwhile.
    pub async fn complete_upload(&self, upload: &Upload, content: &[u8]) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let outcome = match self.offset(upload).await {
                Ok(offset) if offset == content.len() as u64 => return,
                Ok(offset) => {
                    let rest = content[offset as usize..].to_vec();
                    self.append(upload, offset, rest.into()).await
                }
                Err(error) => Err(error),
            };
            if let Err(error) = outcome {
                assert!(Instant::now() < deadline, "the upload does not go on: {error}");
                sleep(LOOK_EVERY).await;
            }
        }
    }

    /// Uploads a file in one go.
    pub async fn upload(&self, file: &Path) -> Upload {
        let content = fs::read(file).unwrap();
        let filename = file.file_name().unwrap().to_str().unwrap();
        let upload = self.create_upload(filename, content.len() as u64).await;
        self.complete_upload(&upload, &content).await;
        upload
    }

    /// Any answer in JSON.
    pub async fn get(&self, path: &str) -> Result<Value, String> {
        self.send(Method::GET, path, None).await
    }

    /// The answer in JSON to something that is said in JSON.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let mut request = self.http.request(method, self.at(path));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let body = answer.text().await.map_err(|error| error.to_string())?;
        if !status.is_success() {
            return Err(format!("{path}: {status}: {body}"));
        }
        serde_json::from_str(&body).map_err(|error| error.to_string())
    }

    /// The bytes at an address that an answer named.
    pub async fn download(&self, path: &str) -> Vec<u8> {
        let answer = self.http.get(self.at(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.bytes().await.unwrap().to_vec()
    }

    /// Waits until nothing is left to do for a video, and returns it.
    pub async fn settled(&self, video_id: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let video = self.get(&format!("/api/v1/videos/{video_id}")).await;
            if let Ok(video) = &video
                && matches!(video["status"].as_str(), Some("completed" | "failed"))
            {
                return video.clone();
            }
            assert!(Instant::now() < deadline, "the video does not get done: {video:#?}");
            sleep(LOOK_EVERY * 5).await;
        }
    }
}

fn read_offset(answer: &Response) -> Option<u64> {
    let offset = answer.headers().get("upload-offset").filter(|_| answer.status().is_success())?;
    offset.to_str().ok()?.parse().ok()
}

/// Waits until `condition` holds.
pub async fn wait_until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        sleep(LOOK_EVERY).await;
    }
}

/// Whether a process runs; one that has ended and waits to be reaped does not.
pub fn is_alive(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

fn signal(name: &str, pid: u32) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).stderr(Stdio::null()).status();
    assert!(sent.is_ok(), "no signal could be sent");
}

/// An address that stays ours while no server listens on it: the socket is bound but never listens, so that the system gives
/// its port to no connection and to no other test, and a server may still bind it (`SO_REUSEADDR`, see socket(7)).
struct Address {
    text: String,
    _reservation: TcpSocket,
}

impl Address {
    fn reserve() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        Self { text: socket.local_addr().unwrap().to_string(), _reservation: socket }
    }
}

/// A recording that is kept with the source.
pub fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name)
}
