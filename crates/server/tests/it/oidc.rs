//! A real OpenID Connect provider as a process of its own, and a person's browser on its way there and back.

use crate::{
    app::{Options, PUBLIC_URL, TestApp},
    client::{Answer, Client},
};
use memoreel_web::{ClientSecret, Provider, SignInSettings};
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use std::{path::Path, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};
use url::Url;

const CLIENT_ID: &str = "memoreel";
const CLIENT_SECRET: &str = "a secret of the tests, as long as it has to be";

/// Ends with this value.
pub struct OidcProvider {
    process: Child,
    pub issuer: String,
}

impl OidcProvider {
    /// Starts what `cargo xtask setup` installed, for the providers of these ids.
    pub async fn start(ids: &[&str]) -> Self {
        Self::start_at(0, "first", ids).await
    }

    /// The same on a port of its own choice unless that is 0, signing with a key of this name.
    pub async fn start_at(port: u16, key: &str, ids: &[&str]) -> Self {
        let redirect_uris: Vec<String> =
            ids.iter().map(|id| format!("{PUBLIC_URL}/api/v1/auth/providers/{id}/callback")).collect();
        let settings = json!({
            "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uris": redirect_uris, "port": port,
            "key": key
        });
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oidc-provider/provider.mjs");
        let installed = target.join("oidc-provider");
        assert!(installed.join("node_modules").is_dir(), "`cargo xtask setup` installs what this test needs");
        // Beside its packages, where Node.js looks for them.
        let placed = installed.join(format!("provider-{}-{}.mjs", std::process::id(), ids.join("-")));
        std::fs::copy(program, &placed).unwrap();
        let mut process = Command::new("node")
            .arg(&placed)
            .arg(settings.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let issuer = loop {
            let line = lines.next_line().await.unwrap().expect("the provider starts");
            if line.starts_with("http://") {
                break line;
            }
        };
        std::fs::remove_file(placed).unwrap();
        Self { process, issuer }
    }

    /// As the server is to know it.
    pub fn configured(&self, id: &str) -> Provider {
        Provider {
            id: id.to_owned(),
            name: format!("The {id}"),
            issuer: self.issuer.clone(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: Some(ClientSecret::new(CLIENT_SECRET.to_owned())),
            scopes: vec!["email".to_owned(), "profile".to_owned()],
            trust_email: true,
        }
    }

    pub async fn stop(&mut self) {
        self.process.kill().await.unwrap();
    }
}

/// A server with these providers.
pub async fn app_with(providers: Vec<Provider>) -> TestApp {
    TestApp::with(Options { sign_in: with(providers), ..Options::default() }).await
}

pub fn with(providers: Vec<Provider>) -> SignInSettings {
    SignInSettings { providers, ..SignInSettings::default() }
}

/// Begins to sign in through a provider; returns where the browser is sent.
pub async fn begin(client: &Client, provider: &str, body: &Value) -> String {
    let started = client.post(&format!("/auth/providers/{provider}/start"), body).await.is(200);
    assert_eq!(started.header("cache-control"), "no-store");
    started.json()["url"].as_str().unwrap().to_owned()
}

/// Goes to the provider, names an account there, and returns where it sends the browser: a path of the server. Whoever was there
/// before is not remembered.
pub async fn visit(url: &str, account: &str) -> String {
    let browser = reqwest::Client::builder().cookie_store(true).redirect(Policy::none()).build().unwrap();
    let mut url: Url = url.parse().unwrap();
    let server: Url = PUBLIC_URL.parse().unwrap();
    for _ in 0..10 {
        if url.origin() == server.origin() {
            return format!("{}?{}", url.path(), url.query().unwrap());
        }
        let request = if url.path().starts_with("/interaction/") {
            let filled_in = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs([("prompt", "login"), ("login", account), ("password", "any")])
                .finish();
            browser
                .post(url.clone())
                .header("content-type", "application/x-www-form-urlencoded")
                .body(filled_in)
        } else {
            browser.get(url.clone())
        };
        let answer = request.send().await.unwrap();
        let location = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
        let Some(location) = location else {
            panic!("{url} leads nowhere: {}", answer.text().await.unwrap())
        };
        url = url.join(&location).unwrap();
    }
    panic!("the provider leads in circles: {url}");
}

/// There and back.
pub async fn sign_in(client: &Client, provider: &str, account: &str) -> Answer {
    let url = begin(client, provider, &json!({ "return_to": "/library" })).await;
    client.get(&visit(&url, account).await).await
}
