//! A proxy before a server, with which requests go wrong in the ways in which they do: refused, cut off on the way there or
//! back, answered to nobody, slow.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

const HEAD_BYTES_MAX: usize = 64 << 10;
const BUFFER_BYTES: usize = 16 << 10;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing goes wrong.
    None,
    /// The proxy answers with this status, and the server never hears of it.
    Status(u16),
    /// The proxy answers that all is well, with this body, and the server never hears of it.
    Answer(&'static str),
    /// The connection breaks after so many bytes of the request's body.
    CutRequest(u64),
    /// The connection breaks after so many bytes of the answer, its head included.
    CutAnswer(u64),
    /// The server does what was asked, and nobody learns of it.
    LoseAnswer,
    /// So long a pause before the request and before the answer.
    Slow(Duration),
    /// No answer, until the client gives up.
    Hang,
}

/// Of so many requests seven go wrong, each in a way of its own; what is slow takes less than so many milliseconds.
pub fn unreliable(
    seed: u64,
    of: u32,
    slow_ms_max: u64,
) -> impl FnMut(&SeenRequest) -> Fault + Send + 'static {
    let mut random = StdRng::seed_from_u64(seed);
    move |_| match random.random_range(0..of) {
        0 => Fault::Status(500),
        1 => Fault::Status(503),
        2 => Fault::CutRequest(random.random_range(0..6 << 20)),
        3 => Fault::CutAnswer(random.random_range(0..4_000)),
        4 => Fault::CutAnswer(random.random_range(0..12 << 20)),
        5 => Fault::LoseAnswer,
        6 => Fault::Slow(Duration::from_millis(random.random_range(0..slow_ms_max))),
        _ => Fault::None,
    }
}

/// A request as the proxy saw it.
#[derive(Debug, Clone)]
pub struct SeenRequest {
    /// Its method.
    pub method: String,
    /// Its path with its query.
    pub target: String,
    /// The lines of its head, in lower case.
    pub head: String,
}

impl SeenRequest {
    /// Whether it sends a part of a multipart upload, and of which number.
    pub fn part(&self) -> Option<u32> {
        let (_, rest) = self.target.split_once("partNumber=")?;
        rest.split('&').next()?.parse().ok()
    }

    /// Whether it completes a multipart upload.
    pub fn completes(&self) -> bool {
        self.method == "POST" && self.target.contains("uploadId=")
    }
}

type Rule = Box<dyn FnMut(&SeenRequest) -> Fault + Send>;

/// A running proxy. It ends with this value.
pub struct FaultProxy {
    address: SocketAddr,
    rule: Arc<Mutex<Rule>>,
    seen: Arc<Mutex<Vec<SeenRequest>>>,
    serving: JoinHandle<()>,
}

impl fmt::Debug for FaultProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultProxy").field("address", &self.address).finish_non_exhaustive()
    }
}

impl FaultProxy {
    /// Before the server at `upstream`; everything goes well at first.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(upstream: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let rule: Arc<Mutex<Rule>> = Arc::new(Mutex::new(Box::new(|_| Fault::None)));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (rules, log) = (Arc::clone(&rule), Arc::clone(&seen));
        let serving = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (rules, log) = (Arc::clone(&rules), Arc::clone(&log));
                tokio::spawn(async move {
                    // Whoever goes away, the other side is told by the end of its connection.
                    drop(relay(client, upstream, &rules, &log).await);
                });
            }
        });
        Ok(Self { address, rule, seen, serving })
    }

    /// Its address for clients.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What becomes of requests from now on.
    pub fn set(&self, rule: impl FnMut(&SeenRequest) -> Fault + Send + 'static) {
        *self.rule.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(rule);
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<SeenRequest> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// One request on one connection.
async fn relay(
    mut client: TcpStream,
    upstream: SocketAddr,
    rule: &Mutex<Rule>,
    log: &Mutex<Vec<SeenRequest>>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    let end = loop {
        if client.read_buf(&mut head).await? == 0 || head.len() > HEAD_BYTES_MAX {
            return Ok(());
        }
        if let Some(place) = head.windows(4).position(|window| window == b"\r\n\r\n") {
            break place + 4;
        }
    };
    let body = head.split_off(end);
    let text = String::from_utf8_lossy(&head).into_owned();
    let mut words = text.split(' ');
    let seen = SeenRequest {
        method: words.next().unwrap_or_default().to_owned(),
        target: words.next().unwrap_or_default().to_owned(),
        head: text.to_lowercase(),
    };
    let length = seen
        .head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<u64>().ok())
        .unwrap_or(0);
    let fault = rule.lock().unwrap_or_else(PoisonError::into_inner)(&seen);
    log.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    if let Some((status, text)) = own_answer(fault) {
        let length_of_answer = text.len();
        let answer = format!(
            "HTTP/1.1 {status} Fault\r\ncontent-length: {length_of_answer}\r\nconnection: close\r\n\r\n{text}"
        );
        pass(&mut &body[..], &mut tokio::io::sink(), u64::MAX).await?;
        pass(&mut client, &mut tokio::io::sink(), length.saturating_sub(body.len() as u64)).await?;
        client.write_all(answer.as_bytes()).await?;
        return client.shutdown().await;
    }
    match fault {
        Fault::Hang => {
            let mut buffer = vec![0; BUFFER_BYTES];
            while client.read(&mut buffer).await? > 0 {}
            return Ok(());
        }
        Fault::Slow(pause) => tokio::time::sleep(pause).await,
        _ => {}
    }
    let mut server = TcpStream::connect(upstream).await?;
    // One request for each connection, so that its end is the end of the answer.
    let first_line = text.find("\r\n").unwrap_or(0);
    let head = format!("{}\r\nconnection: close{}", &text[..first_line], &text[first_line..]);
    server.write_all(head.as_bytes()).await?;
    let sent = if let Fault::CutRequest(bytes) = fault { bytes.min(length) } else { length };
    let ahead = sent.min(body.len() as u64);
    pass(&mut &body[..], &mut server, ahead).await?;
    pass(&mut client, &mut server, sent - ahead).await?;
    if matches!(fault, Fault::CutRequest(_)) {
        return Ok(());
    }
    match fault {
        Fault::LoseAnswer => pass(&mut server, &mut tokio::io::sink(), u64::MAX).await,
        Fault::CutAnswer(bytes) => pass(&mut server, &mut client, bytes).await,
        Fault::Slow(pause) => {
            tokio::time::sleep(pause).await;
            pass(&mut server, &mut client, u64::MAX).await
        }
        _ => pass(&mut server, &mut client, u64::MAX).await,
    }
}

/// What the proxy answers by itself.
fn own_answer(fault: Fault) -> Option<(u16, &'static str)> {
    match fault {
        Fault::Status(status) => Some((status, "")),
        Fault::Answer(text) => Some((200, text)),
        _ => None,
    }
}

/// At most `bytes` from one side to the other, or all until the one side ends.
async fn pass(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    bytes: u64,
) -> std::io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut left = bytes;
    while left > 0 {
        let room = usize::try_from(left).unwrap_or(usize::MAX).min(BUFFER_BYTES);
        let length = from.read(&mut buffer[..room]).await?;
        if length == 0 {
            break;
        }
        to.write_all(&buffer[..length]).await?;
        left -= length as u64;
    }
    to.flush().await
}
