//! Requests over connections that are kept, as fast as answers come.

use super::Measured;
use super::population::{ORGANIZATIONS, PEOPLE, Population};
use super::store::{session_token, video_id};
use crate::latency::Latency;
use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{COOKIE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const SEED: u64 = 2;
/// Rounds of requests, drawn from without end.
const ROUNDS: usize = 2_000;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    Me,
    ListVideos,
    GetVideo,
    Search,
    /// One after the other, as somebody does who looks for something.
    All,
    SearchHybrid,
}

impl Ask {
    pub const ALL: [Self; 6] =
        [Self::Me, Self::ListVideos, Self::GetVideo, Self::Search, Self::All, Self::SearchHybrid];

    pub fn name(self) -> &'static str {
        match self {
            Self::Me => "me",
            Self::ListVideos => "list_videos",
            Self::GetVideo => "get_video",
            Self::Search => "search",
            Self::All => "all",
            Self::SearchHybrid => "search_hybrid",
        }
    }
}

/// A path with the cookie of whoever asks.
#[derive(Debug, Clone)]
pub struct Asked {
    path: String,
    cookie: String,
}

/// Requests of all people, each for what is their organization's.
pub fn requests(population: &Population, ask: Ask) -> Vec<Asked> {
    let mut random = StdRng::seed_from_u64(SEED);
    let mut requests = Vec::new();
    for round in 0..ROUNDS {
        let organization = round % ORGANIZATIONS;
        let person = Population::first_person(organization) + random.random_range(0..PEOPLE);
        let video =
            random.random_range(0..population.videos.len() / ORGANIZATIONS) * ORGANIZATIONS + organization;
        let query = &population.queries[random.random_range(0..population.queries.len())].replace(' ', "+");
        let path = |ask| match ask {
            Ask::Me => "/api/v1/me".to_owned(),
            Ask::ListVideos => "/api/v1/videos".to_owned(),
            Ask::GetVideo => format!("/api/v1/videos/{}", video_id(video)),
            Ask::SearchHybrid => format!("/api/v1/search?q={query}&mode=hybrid"),
            Ask::Search | Ask::All => format!("/api/v1/search?q={query}&mode=keyword"),
        };
        let paths = match ask {
            Ask::All => [Ask::Me, Ask::ListVideos, Ask::GetVideo, Ask::Search].map(path).to_vec(),
            one => vec![path(one)],
        };
        let cookie = format!("memoreel_session={}", session_token(person));
        requests.extend(paths.into_iter().map(|path| Asked { path, cookie: cookie.clone() }));
    }
    requests
}

/// How a server is asked.
pub struct Load<'a> {
    pub requests: &'a [Asked],
    pub connections: usize,
    pub seconds: Duration,
}

impl Load<'_> {
    /// Asks the server, each connection from another place of the requests on.
    pub async fn put_on(&self, address: SocketAddr) -> Result<Measured> {
        let until = Instant::now() + self.seconds;
        let mut connections = JoinSet::new();
        for number in 0..self.connections {
            let first = self.requests.len() * number / self.connections;
            let (after, before) = (self.requests[first..].to_vec(), self.requests[..first].to_vec());
            connections.spawn(ask(address, [after, before].concat(), until));
        }
        let begun = Instant::now();
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while let Some(asked) = connections.join_next().await {
            let (own, own_bytes) = asked??;
            taken.extend(own);
            bytes += own_bytes;
        }
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        let (count, bytes) = (taken.len() as f64, bytes as f64);
        Ok(Measured {
            requests_per_second: count / begun.elapsed().as_secs_f64(),
            answer_bytes: bytes / count,
            latency: Latency::of(taken),
        })
    }
}

/// One connection: how long each answer took, and the size of all together.
async fn ask(address: SocketAddr, requests: Vec<Asked>, until: Instant) -> Result<(Vec<Duration>, usize)> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let (mut taken, mut bytes) = (Vec::new(), 0);
    for asked in requests.iter().cycle() {
        let begun = Instant::now();
        if begun >= until {
            break;
        }
        bytes += answer(&mut sender, asked).await?;
        taken.push(begun.elapsed());
    }
    drop(sender);
    connection.await??;
    Ok((taken, bytes))
}

/// Asks, and returns the size of the answer.
async fn answer(sender: &mut SendRequest<Empty<Bytes>>, asked: &Asked) -> Result<usize> {
    let request = Request::get(&asked.path)
        .header(HOST, "localhost")
        .header(COOKIE, &asked.cookie)
        .body(Empty::new())?;
    let response = sender.send_request(request).await.with_context(|| asked.path.clone())?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    ensure!(status == StatusCode::OK, "{}: {status}\n{}", asked.path, String::from_utf8_lossy(&body));
    Ok(body.len())
}
