//! Around every request: notes what is known before, and counts what passes.

use super::{
    Entry,
    body::{Answered, Read},
    writer::RequestLog,
};
use axum::{
    body::HttpBody,
    extract::{ConnectInfo, MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use memoreel_web::{RequestId, ServedTo, loggable_path, method_name, user_agent, watched};
use std::{
    net::SocketAddr,
    sync::{Arc, atomic::AtomicU64},
    time::Instant,
};

/// More of a path tells nobody anything.
const PATH_LENGTH_MAX: usize = 300;

/// Logs a request once its answer is sent, or let go. Nothing waits for the log.
pub async fn record_request(State(log): State<RequestLog>, request: Request, next: Next) -> Response {
    let route: Option<Arc<str>> =
        request.extensions().get::<MatchedPath>().map(|path| Arc::from(path.as_str()));
    let path = loggable_path(&request).filter(|path| path.len() <= PATH_LENGTH_MAX);
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let entry = Entry {
        created_at: log.now(),
        served_to: None,
        request_id: request.extensions().get::<RequestId>().map(|id| id.0.clone()),
        method: method_name(request.method()),
        path: path.map(str::to_owned),
        route,
        status: 0,
        duration_ms: 0.0,
        bytes_in: 0,
        bytes_out: 0,
        address: peer.map(|ConnectInfo(peer)| peer.ip()),
        user_agent: user_agent(request.headers()),
    };
    let mut read = None;
    let request = if request.body().is_end_stream() {
        request
    } else {
        let count = Arc::new(AtomicU64::new(0));
        read = Some(Arc::clone(&count));
        request.map(|body| watched(body, Read(count)))
    };
    // Whoever hangs up before there is an answer is not logged: there is nothing to say of it.
    let started = Instant::now();
    let response = next.run(request).await;
    let entry = Entry {
        served_to: response.extensions().get::<ServedTo>().copied(),
        status: response.status().as_u16(),
        duration_ms: started.elapsed().as_secs_f32() * 1000.0,
        ..entry
    };
    response.map(|body| watched(body, Answered { log, entry: Some(entry), read }))
}
