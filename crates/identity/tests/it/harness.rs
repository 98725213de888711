//! A server of this slice alone, with its own database, and browsers that talk to it.

use async_trait::async_trait;
use axum::{Router, body::Body, extract::ConnectInfo, middleware::from_fn_with_state};
use chrono::{TimeDelta, TimeZone, Utc};
use http::{HeaderMap, Request, StatusCode, header};
use memoreel_blob::{BlobStore, Staging, UrlSigner};
use memoreel_db::TenantTx;
use memoreel_kernel::{Event, FakeClock};
use memoreel_tasks::{Events, SubjectObserver};
use memoreel_testkit::{SECRET, TestDatabase};
use memoreel_web::{App, AppParts, Documents, LiveHub, RateLimits, Secrets};
use serde_json::Value;
use std::{net::SocketAddr, sync::Arc};
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

pub const PASSWORD: &str = "zebra crossing at noon";

/// A running server. Its database ends with it.
pub struct Server {
    pub app: App,
    pub clock: FakeClock,
    router: Router,
    _database: TestDatabase,
    _folder: TempDir,
}

impl Server {
    /// A server whose limits no test reaches.
    pub async fn start() -> Self {
        Self::with_limits(RateLimits::standard(100)).await
    }

    pub async fn with_limits(limits: RateLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = TestDatabase::create().await.unwrap();
        let clock = FakeClock::at(Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap());
        let app = App::new(AppParts {
            db: database.open().await.unwrap(),
            blobs: BlobStore::disk(folder.path().join("blobs")).unwrap(),
            staging: Staging::new(folder.path().join("staging")).unwrap(),
            scratch: folder.path().join("scratch"),
            outbound: memoreel_outbound::Outbound::new(memoreel_outbound::OutboundSettings::default())
                .expect("a client"),
            signer: UrlSigner::new(SECRET),
            secrets: Secrets::new(SECRET, &[]),
            clock: Arc::new(clock.clone()),
            events: Events::new(|_| Vec::new(), Arc::new(NoSubjects), Arc::new(clock.clone())),
            live: LiveHub::default(),
            limits,
            secure_cookies: true,
            public_url: "https://memoreel.example".to_owned(),
            sends_mail: false,
            breached_passwords: None,
            sign_in: memoreel_web::SignInSettings::default(),
            documents: Documents::default(),
        });
        let (routes, _) = memoreel_identity::router().split_for_parts();
        let routes = routes.layer(from_fn_with_state(app.clone(), memoreel_identity::authenticate));
        let router = Router::new().nest("/api/v1", routes).with_state(app.clone());
        Self { app, clock, router, _database: database, _folder: folder }
    }

    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    /// A browser that nobody has signed in with.
    pub fn browser(&self) -> Browser<'_> {
        Browser {
            server: self,
            cookie: None,
            address: "192.0.2.1:1000".parse().unwrap(),
            headers: HeaderMap::new(),
        }
    }

    /// A browser whose user has just signed up; one second passes, so that people are ordered.
    pub async fn person(&self, email: &str, name: &str) -> Browser<'_> {
        let mut browser = self.browser();
        let answer = browser.post("/users", &json(email, name, PASSWORD)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        self.advance(TimeDelta::seconds(1));
        browser
    }

    /// Another browser of somebody who has an account.
    pub async fn signed_in(&self, email: &str) -> Browser<'_> {
        let mut browser = self.browser();
        let answer = browser.post("/sessions", &credentials(email, PASSWORD)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        self.advance(TimeDelta::seconds(1));
        browser
    }
}

pub fn json(email: &str, name: &str, password: &str) -> Value {
    serde_json::json!({"email": email, "name": name, "password": password})
}

pub fn credentials(email: &str, password: &str) -> Value {
    serde_json::json!({"email": email, "password": password})
}

struct NoSubjects;

#[async_trait]
impl SubjectObserver for NoSubjects {
    async fn advanced(&self, _: &mut TenantTx, _: Uuid) -> Result<(), sqlx::Error> {
        Ok(())
    }

    async fn settled(
        &self,
        _: &mut TenantTx,
        _: Uuid,
        _: Option<(String, String)>,
    ) -> Result<Option<Event>, sqlx::Error> {
        Ok(None)
    }
}

/// Keeps the session cookie as a browser does, and sends `X-Memoreel-Request` with changes unless told not to.
#[derive(Clone)]
pub struct Browser<'a> {
    server: &'a Server,
    pub cookie: Option<String>,
    pub address: SocketAddr,
    pub headers: HeaderMap,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub fn set_cookie(&self) -> Option<&str> {
        self.headers.get(header::SET_COOKIE).map(|value| value.to_str().unwrap())
    }

    /// Status and problem code.
    pub fn is(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), self.code()), (status, code), "{}", self.body);
    }
}

impl Browser<'_> {
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    pub async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.ours().send("POST", path, Some(body)).await
    }

    pub async fn patch(&mut self, path: &str, body: &Value) -> Answer {
        self.ours().send("PATCH", path, Some(body)).await
    }

    pub async fn delete(&mut self, path: &str) -> Answer {
        self.ours().send("DELETE", path, None).await
    }

    pub fn set(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    fn ours(&mut self) -> &mut Self {
        self.set("x-memoreel-request", "1")
    }

    pub async fn send(&mut self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        request = request.extension(ConnectInfo(self.address)).header(header::USER_AGENT, "Test/1.0");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(token) = &self.cookie {
            request = request.header(header::COOKIE, format!("other=1; memoreel_session={token}"));
        }
        let body = body.map(|body| body.to_string());
        let request = match body {
            Some(body) => request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body)),
            None => request.body(Body::empty()),
        };
        let response = self.server.router.clone().oneshot(request.unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        let answer = Answer { status: parts.status, headers: parts.headers, body };
        if let Some(cookie) = answer.set_cookie() {
            let token = cookie.split(';').next().unwrap().strip_prefix("memoreel_session=").unwrap();
            self.cookie = Some(token.to_owned()).filter(|token| !token.is_empty());
        }
        answer
    }
}
