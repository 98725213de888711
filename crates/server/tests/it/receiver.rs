//! Somebody who receives webhooks, as a test wants.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::net::TcpListener;

/// A message as it arrived.
#[derive(Debug, Clone)]
pub struct Message {
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Message {
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn event(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }
}

type Answering = Arc<dyn Fn(usize) -> Response + Send + Sync>;

struct Shared {
    messages: Mutex<Vec<Message>>,
    answering: Mutex<Answering>,
    hangs: Mutex<bool>,
}

/// Receives on a port of its own and remembers everything.
#[derive(Clone)]
pub struct Receiver {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

impl Receiver {
    pub async fn start() -> Self {
        Self::at(Ipv4Addr::LOCALHOST.into(), 0).await
    }

    pub async fn at(address: IpAddr, port: u16) -> Self {
        let listener = TcpListener::bind((address, port)).await.unwrap();
        let shared = Arc::new(Shared {
            messages: Mutex::default(),
            answering: Mutex::new(Arc::new(|_| StatusCode::NO_CONTENT.into_response())),
            hangs: Mutex::default(),
        });
        let receiver = Self { address: listener.local_addr().unwrap(), shared: Arc::clone(&shared) };
        let routes = Router::new().fallback(receive).with_state(shared);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        receiver
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// From now on, the answer to the nth message.
    pub fn answers(&self, answering: impl Fn(usize) -> Response + Send + Sync + 'static) {
        *self.shared.answering.lock().unwrap() = Arc::new(answering);
    }

    pub fn answers_with(&self, status: u16) {
        let status = StatusCode::from_u16(status).unwrap();
        self.answers(move |_| status.into_response());
    }

    /// From now on, nobody is answered.
    pub fn hang(&self) {
        *self.shared.hangs.lock().unwrap() = true;
    }

    pub fn messages(&self) -> Vec<Message> {
        self.shared.messages.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.shared.messages.lock().unwrap().len()
    }

    /// Whether the nth message had come before.
    pub fn is_repeated(&self, number: usize) -> bool {
        let messages = self.shared.messages.lock().unwrap();
        let id = messages[number - 1].id();
        messages[..number - 1].iter().any(|message| message.id() == id)
    }

    /// The messages once there are as many.
    pub async fn received(&self, count: usize) -> Vec<Message> {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        while self.count() < count {
            assert!(tokio::time::Instant::now() < deadline, "{} of {count} messages came", self.count());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.messages()
    }
}

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let number = {
        let mut messages = shared.messages.lock().unwrap();
        messages.push(Message { headers, body });
        messages.len()
    };
    if *shared.hangs.lock().unwrap() {
        std::future::pending::<()>().await;
    }
    let answering = Arc::clone(&*shared.answering.lock().unwrap());
    answering(number)
}
