//! Connections that let the system send files by itself (`sendfile(2)`), which copies them once less than reading and writing them.
//!
//! hyper takes a body as slices of memory and hands them, unread, to the connection. For what lies in a file, a body gives it slices of
//! a region that nobody reads or writes; the connection knows them by where they lie, and sends bytes of the file in their place, in
//! the order in which they were named. Each write must bring all slices that were given and are not sent, and no other, or the connection
//! ends before it sends any of it: whoever takes such a body apart, copies it or asks for more of it ahead gets nothing.

use crate::idle::{Activity, IDLE_MAX, Patience, Watched};
use axum::{
    Extension, Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, FromRequestParts},
    http::{Version, request},
    serve::{IncomingStream, Listener},
};
use futures::{Stream, stream};
use memoreel_blob::{BlobRead, Piece, Pieces};
use rustix::net::{SendFlags, send};
use std::{
    collections::VecDeque,
    convert::Infallible,
    fs::File,
    future::ready,
    io::{self, IoSlice},
    net::SocketAddr,
    ops::Range,
    os::unix::fs::FileExt,
    pin::Pin,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;
use tower::{Layer, service_fn};

/// Stands for bytes of files. It is never touched, so that no memory is behind it.
static REGION: LazyLock<&'static [u8]> = LazyLock::new(|| vec![0; Piece::BYTES_MAX].leak());

/// What is read at once where the system sends no files.
const COPY_BYTES: usize = 64 << 10;

/// Answers requests until `stop` fires, and then those that are under way. A connection on which nothing is asked for ends after a while.
///
/// # Errors
/// Those of the listener.
pub async fn serve(listener: TcpListener, routes: Router, stop: CancellationToken) -> io::Result<()> {
    serve_with(listener, routes, stop, IDLE_MAX).await
}

pub(crate) async fn serve_with(
    listener: TcpListener,
    routes: Router,
    stop: CancellationToken,
    idle_max: Duration,
) -> io::Result<()> {
    let service = service_fn(move |stream: IncomingStream<'_, Connections>| {
        let Connection { outgoing, activity, .. } = stream.io();
        let known = Extension(ConnectInfo(*stream.remote_addr())).layer(routes.clone());
        let sending = Extension(outgoing.clone()).layer(known);
        ready(Ok::<_, Infallible>(Watched { service: sending, activity: activity.clone() }))
    });
    let connections = Connections { listener, idle_max };
    axum::serve(connections, service).with_graceful_shutdown(stop.cancelled_owned()).await
}

/// Gives out connections that files can be sent on.
struct Connections {
    listener: TcpListener,
    idle_max: Duration,
}

impl Listener for Connections {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        // The end of an answer would wait until its beginning is acknowledged, for up to 40 ms. A connection that is gone already tells so
        // when it is read.
        let _ = stream.set_nodelay(true);
        let connection = Connection {
            stream,
            outgoing: Outgoing::default(),
            activity: Activity::begin(),
            patience: Patience::new(self.idle_max),
        };
        (connection, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// How what lies in a store is sent to whoever asks: by the system itself, if it is a file and the connection can.
#[derive(Debug, Clone)]
pub struct FileSender(Option<Outgoing>);

impl FileSender {
    /// HTTP/2 frames and interleaves what it sends, so that it is given the bytes themselves.
    pub fn of(request: &request::Parts) -> Self {
        Self(request.extensions.get().filter(|_| request.version < Version::HTTP_2).cloned())
    }

    /// The body of an answer.
    pub fn body(&self, read: BlobRead) -> Body {
        let Some(outgoing) = self.0.clone() else { return Body::from_stream(read.into_bytes()) };
        match read.into_pieces() {
            Ok(pieces) => Body::from_stream(outgoing.stream(pieces)),
            Err(read) => Body::from_stream(read.into_bytes()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for FileSender {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut request::Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

/// The parts of files that are to be sent on one connection, in their order. Requests have it among their extensions.
#[derive(Debug, Clone, Default)]
struct Outgoing(Arc<Mutex<VecDeque<Part>>>);

#[derive(Debug)]
struct Part {
    file: Arc<File>,
    /// What is left of it.
    range: Range<u64>,
    /// How much of the region is sent.
    sent: usize,
}

impl Outgoing {
    /// What hyper is to be given.
    fn stream(self, pieces: Pieces) -> impl Stream<Item = io::Result<Bytes>> + Send {
        stream::try_unfold((self, pieces), |(outgoing, mut pieces)| async move {
            let bytes = match pieces.next().await? {
                None => return Ok(None),
                Some(Piece::Read(bytes)) => bytes,
                Some(Piece::InMemory(range)) => outgoing.name(Arc::clone(pieces.file()), range)?,
            };
            Ok(Some((bytes, (outgoing, pieces))))
        })
    }

    /// What stands for a part of a file, which is to be sent next.
    fn name(&self, file: Arc<File>, range: Range<u64>) -> io::Result<Bytes> {
        let length =
            usize::try_from(range.end - range.start).ok().filter(|length| *length <= Piece::BYTES_MAX);
        let length =
            length.ok_or_else(|| io::Error::other("a part of a file is longer than what stands for it"))?;
        self.lock().push_back(Part { file, range, sent: 0 });
        Ok(Bytes::from_static(&REGION[..length]))
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Part>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what stands for parts, of all that hyper has to write, is what was named and has not been sent. hyper writes all that it
    /// has, and asks for more only then or when there is room for it in one write, so that a part that is missing was given up, held
    /// back or copied, and one too many was sent before.
    fn is_whole(&self, slices: &[IoSlice<'_>]) -> bool {
        let parts = self.lock();
        let named =
            slices.iter().filter(|slice| is_named(slice)).map(|slice| (slice.as_ptr(), slice.len() as u64));
        named.eq(parts.iter().map(|part| (REGION[part.sent..].as_ptr(), part.range.end - part.range.start)))
    }

    /// Sends as much of the first part as the socket takes.
    fn send(&self, stream: &TcpStream) -> io::Result<usize> {
        let mut parts = self.lock();
        let part = parts.front_mut().ok_or(io::ErrorKind::NotFound)?;
        let left = part.range.end - part.range.start;
        let count = send_file(stream, &part.file, part.range.start, left)?;
        if count == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a file is shorter than it was"));
        }
        part.sent += count;
        part.range.start += count as u64;
        if part.range.is_empty() {
            parts.pop_front();
        }
        Ok(count)
    }
}

fn is_named(slice: &[u8]) -> bool {
    REGION.as_ptr_range().contains(&slice.as_ptr())
}

/// A connection that sends files where their names are written to it.
struct Connection {
    stream: TcpStream,
    outgoing: Outgoing,
    activity: Activity,
    patience: Patience,
}

impl Connection {
    fn poll_send(
        &self,
        context: &mut Context<'_>,
        send: impl Fn() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            std::task::ready!(self.stream.poll_write_ready(context))?;
            match self.stream.try_io(Interest::WRITABLE, &send) {
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                sent => return Poll::Ready(sent),
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if !self.outgoing.is_whole(slices) {
            let what = "what stands for a part of a file was given up, held back, copied or sent before";
            tracing::error!("a connection ends: {what}");
            return Poll::Ready(Err(io::Error::other(what)));
        }
        let mut left = slices.iter().filter(|slice| !slice.is_empty());
        let written = match left.next() {
            Some(first) if is_named(first) => self.poll_send(context, || self.outgoing.send(&self.stream)),
            // It waits in the socket for what follows, to be one packet with it.
            Some(first) if left.any(|slice| is_named(slice)) => {
                self.poll_send(context, || send_with_more(&self.stream, first))
            }
            _ => Pin::new(&mut self.stream).poll_write_vectored(context, slices),
        };
        if matches!(written, Poll::Ready(Ok(_))) {
            self.activity.renew();
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, activity, patience, .. } = &mut *self;
        let read = Pin::new(stream).poll_read(context, buffer);
        // Bytes that come prolong nothing: a head that comes letter by letter is none.
        if read.is_pending() && patience.poll_over(activity, context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

#[cfg(target_os = "linux")]
fn send_file(stream: &TcpStream, file: &File, start: u64, length: u64) -> io::Result<usize> {
    use rustix::io::Errno;
    let mut place = start;
    match rustix::fs::sendfile(stream, file, Some(&mut place), usize::try_from(length).unwrap_or(usize::MAX))
    {
        // Not every file system and sandbox can.
        Err(Errno::INVAL | Errno::NOSYS) => send_copy(stream, file, start, length),
        sent => Ok(sent?),
    }
}

#[cfg(not(target_os = "linux"))]
fn send_file(stream: &TcpStream, file: &File, start: u64, length: u64) -> io::Result<usize> {
    send_copy(stream, file, start, length)
}

fn send_copy(stream: &TcpStream, file: &File, start: u64, length: u64) -> io::Result<usize> {
    let mut copy = vec![0; usize::try_from(length).unwrap_or(usize::MAX).min(COPY_BYTES)];
    let count = file.read_at(&mut copy, start)?;
    if count == 0 {
        return Ok(0);
    }
    Ok(send(stream, &copy[..count], SendFlags::empty())?)
}

#[cfg(target_os = "linux")]
fn send_with_more(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    Ok(send(stream, bytes, SendFlags::MORE)?)
}

#[cfg(not(target_os = "linux"))]
fn send_with_more(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    Ok(send(stream, bytes, SendFlags::empty())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{
        extract::{Path, Request, State},
        http::header,
        middleware::{Next, from_fn},
        response::IntoResponse,
        routing::get,
    };
    use futures::{StreamExt, TryStreamExt, future::join_all};
    use http_body_util::BodyExt;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use memoreel_blob::{BlobKey, BlobStore, RangeRequest};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_util::sync::DropGuard;

    const FILE_BYTES: usize = 5 << 20;

    struct Server {
        address: SocketAddr,
        bytes: Vec<u8>,
        _folder: tempfile::TempDir,
        _stop: DropGuard,
    }

    async fn read(blobs: &BlobStore, start: u64, last: u64) -> BlobRead {
        blobs.get(&key(), Some(RangeRequest::Between { start, last })).await.expect("no such range")
    }

    fn key() -> BlobKey {
        "file.mp4".parse().expect("no key")
    }

    type Asked = (State<BlobStore>, FileSender, Path<(u64, u64)>);

    async fn part((State(blobs), sender, Path((start, last))): Asked) -> impl IntoResponse {
        ([(header::CONTENT_LENGTH, last - start + 1)], sender.body(read(&blobs, start, last).await))
    }

    async fn chunks((State(blobs), sender, Path((start, last))): Asked) -> Body {
        sender.body(read(&blobs, start, last).await)
    }

    /// `/{start}/{last}` are these bytes of a file; what is answered goes through `around`.
    async fn server(around: impl Fn(Router<BlobStore>) -> Router<BlobStore>) -> Server {
        let folder = tempfile::tempdir().expect("no folder");
        let bytes: Vec<u8> = (0..FILE_BYTES).map(|place| (place % 251) as u8 + 1).collect();
        let blobs = BlobStore::disk(folder.path().join("blobs")).expect("no store");
        blobs.put_bytes(&key(), Bytes::from(bytes.clone())).await.expect("not stored");
        let routes =
            Router::new().route("/{start}/{last}", get(part)).route("/chunks/{start}/{last}", get(chunks));
        let routes = around(routes).with_state(blobs);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("no port");
        let address = listener.local_addr().expect("no address");
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, routes, stop.clone()));
        Server { address, bytes, _folder: folder, _stop: stop.drop_guard() }
    }

    impl Server {
        /// What comes for these requests, sent all at once on one connection and read in small sips.
        async fn ask(&self, requests: &str) -> Vec<u8> {
            let mut stream = TcpStream::connect(self.address).await.expect("no connection");
            stream.write_all(requests.as_bytes()).await.expect("not asked");
            let (mut all, mut sip) = (Vec::new(), vec![0; 60_000]);
            loop {
                let sipped = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut sip)).await;
                match sipped.expect("the connection hangs") {
                    Ok(0) | Err(_) => return all,
                    Ok(count) => all.extend_from_slice(&sip[..count]),
                }
            }
        }

        async fn ranges(&self, ranges: &[(usize, usize)]) -> Vec<Vec<u8>> {
            let requests = ranges.iter().enumerate().map(|(number, (start, last))| {
                request("GET", &format!("/{start}/{last}"), "1.1", number + 1 < ranges.len())
            });
            bodies(&self.ask(&requests.collect::<String>()).await)
        }
    }

    fn request(method: &str, path: &str, version: &str, stays: bool) -> String {
        let connection = if stays { "keep-alive" } else { "close" };
        format!("{method} {path} HTTP/{version}\r\nhost: here\r\nconnection: {connection}\r\n\r\n")
    }

    /// Bodies of answers that follow each other and say how long they are.
    fn bodies(mut answers: &[u8]) -> Vec<Vec<u8>> {
        let mut bodies = Vec::new();
        while !answers.is_empty() {
            let (head, rest) = split(answers);
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("no length");
            let (body, rest) = rest.split_at(length.parse().expect("a length"));
            bodies.push(body.to_vec());
            answers = rest;
        }
        bodies
    }

    fn split(answer: &[u8]) -> (String, &[u8]) {
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("no head");
        let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
        assert!(head.contains(" 200 ok"), "{head}");
        (head, &answer[end + 4..])
    }

    #[tokio::test]
    async fn what_is_long_and_in_memory_is_not_read() {
        let folder = tempfile::tempdir().expect("no folder");
        let blobs = BlobStore::disk(folder.path().join("blobs")).expect("no store");
        blobs.put_bytes(&key(), Bytes::from(vec![1; 300_000])).await.expect("not stored");
        let pieces = read(&blobs, 0, 299_999).await.into_pieces().expect("a file");
        let given: Vec<Bytes> = Outgoing::default().stream(pieces).try_collect().await.expect("not given");
        assert!(given.len() == 1 && given[0].len() == 300_000 && is_named(&given[0]));
    }

    #[tokio::test]
    async fn every_byte_comes_in_its_place_whatever_was_asked_before() {
        let server = server(|routes| routes).await;
        let ranges = [
            (0, FILE_BYTES - 1),
            (3, 3),
            (1_000_000, 1_100_000),
            (0, 65_535),
            (77, (1 << 20) + 77),
            (FILE_BYTES - 70_000, FILE_BYTES - 1),
            (5, 3 << 20),
        ];
        let came = server.ranges(&ranges).await;
        assert_eq!(came.len(), ranges.len());
        for ((start, last), body) in ranges.iter().zip(came) {
            assert!(body == server.bytes[*start..=*last], "{start} to {last}: {} bytes", body.len());
        }
    }

    #[tokio::test]
    async fn heads_older_clients_and_bodies_without_a_length_are_answered() {
        let server = server(|routes| routes).await;
        let both = request("HEAD", "/0/999999", "1.1", true) + &request("GET", "/5/700000", "1.1", false);
        let came = server.ask(&both).await;
        assert!(split(split(&came).1).1 == &server.bytes[5..=700_000]);
        let old = server.ask(&request("GET", "/6/800000", "1.0", false)).await;
        assert!(split(&old).1 == &server.bytes[6..=800_000]);
        let chunked = server.ask(&request("GET", "/chunks/7/900000", "1.1", false)).await;
        assert!(unchunked(split(&chunked).1) == server.bytes[7..=900_000]);
    }

    /// RFC 9112, 7.1.
    fn unchunked(mut rest: &[u8]) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let line = rest.windows(2).position(|window| window == b"\r\n").expect("no size");
            let size = usize::from_str_radix(&String::from_utf8_lossy(&rest[..line]), 16).expect("a size");
            body.extend_from_slice(&rest[line + 2..line + 2 + size]);
            rest = &rest[line + 2 + size + 2..];
            if size == 0 {
                return body;
            }
        }
    }

    #[tokio::test]
    async fn many_connections_do_not_mix_their_files() {
        let server = Arc::new(server(|routes| routes).await);
        let asked = (0..24).map(|number| {
            let server = Arc::clone(&server);
            tokio::spawn(async move {
                let (start, last) = (number * 100_000, number * 100_000 + 2_000_000);
                server.ranges(&[(start, last), (start + 1, last)]).await
                    == [&server.bytes[start..=last], &server.bytes[start + 1..=last]]
            })
        });
        for is_right in join_all(asked.collect::<Vec<_>>()).await {
            assert!(is_right.expect("a request failed"));
        }
    }

    #[tokio::test]
    async fn where_the_system_sends_no_files_they_are_copied() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("no port");
        let mut reader = TcpStream::connect(listener.local_addr().expect("no address")).await.expect("none");
        let (stream, _) = listener.accept().await.expect("no connection");
        let file = tempfile::tempfile().expect("no file");
        file.write_all_at(b"on a tall ship", 0).expect("not written");
        stream.writable().await.expect("not writable");
        assert_eq!(send_copy(&stream, &file, 5, 4).expect("not sent"), 4);
        assert_eq!(send_copy(&stream, &file, 14, 9).expect("not read"), 0);
        let mut came = [0; 4];
        reader.read_exact(&mut came).await.expect("nothing came");
        assert_eq!(&came, b"tall");
    }

    #[tokio::test]
    async fn over_http_2_the_bytes_themselves_are_sent() {
        let server = server(|routes| routes).await;
        let stream = TcpStream::connect(server.address).await.expect("no connection");
        let (mut client, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .expect("no HTTP/2");
        tokio::spawn(connection);
        let address = format!("http://{}/10/3000000", server.address);
        let request = hyper::Request::get(address).body(Body::empty()).expect("no request");
        let answer = client.send_request(request).await.expect("no answer");
        let body = answer.into_body().collect().await.expect("no body").to_bytes();
        assert!(body == server.bytes[10..=3_000_000], "{} bytes", body.len());
    }

    #[tokio::test]
    async fn a_connection_ends_before_it_sends_what_only_stands_for_a_file() {
        // Layers that take the body themselves, and so get what stands for it.
        let copies = async |request: Request, next: Next| {
            let body = next.run(request).await.into_body().collect().await.expect("no body").to_bytes();
            Body::from(body.to_vec())
        };
        let gives_up = async |request: Request, next: Next| {
            let mut body = next.run(request).await.into_body();
            drop(body.frame().await);
            "another answer"
        };
        let holds_back = async |request: Request, next: Next| {
            let mut frames = next.run(request).await.into_body().into_data_stream();
            let held = frames.next().await.expect("no frame");
            let other = stream::iter([Ok(Bytes::from_static(b"another frame"))]).chain(stream::pending());
            Body::from_stream(other.chain(stream::iter([held])))
        };
        let sends_twice = async |request: Request, next: Next| {
            let mut frames = next.run(request).await.into_body().into_data_stream();
            let twice = frames.next().await.expect("no frame").expect("no bytes");
            Body::from_stream(stream::iter([Ok::<_, io::Error>(twice.clone()), Ok(twice)]))
        };
        let servers = [
            server(|routes| routes.layer(from_fn(copies))).await,
            server(|routes| routes.layer(from_fn(gives_up))).await,
            server(|routes| routes.layer(from_fn(holds_back))).await,
        ];
        for (number, server) in servers.iter().enumerate() {
            let came = server.ask(&request("GET", "/chunks/0/200000", "1.1", false)).await;
            assert_eq!(came, b"", "layer {number}");
        }
        let twice = server(|routes| routes.layer(from_fn(sends_twice))).await;
        let came = twice.ask(&request("GET", "/chunks/0/200000", "1.1", false)).await;
        assert!(!came.contains(&0), "what stands for the file was sent");
    }
}
