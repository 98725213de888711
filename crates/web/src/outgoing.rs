//! Connections that let the system send files by itself (`sendfile(2)`), which copies them once less than reading and writing them.
//!
//! hyper takes a body as slices of memory and hands them, unread, to the connection. For what lies in a file, a body gives it slices of
//! a region that nobody reads or writes; the connection knows them by where they lie, and sends bytes of the file in their place, in
//! the order in which they were named. Should such a slice ever not come to the connection as it was given, the connection ends rather
//! than send anything else.

use axum::{
    Extension, Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, FromRequestParts},
    http::{Version, request},
    serve::{IncomingStream, Listener},
};
use futures::{Stream, stream};
use memoreel_blob::{BlobRead, Piece, Pieces};
use std::{
    collections::VecDeque,
    convert::Infallible,
    fs::File,
    future::ready,
    io::{self, IoSlice},
    net::SocketAddr,
    ops::Range,
    pin::Pin,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;
use tower::{Layer, service_fn};

/// Stands for bytes of files. It is never touched, so that no memory is behind it.
static REGION: LazyLock<Box<[u8]>> = LazyLock::new(|| vec![0; Piece::BYTES_MAX].into());

/// Answers requests until `stop` fires, and then those that are under way.
///
/// # Errors
/// Those of the listener.
pub async fn serve(listener: TcpListener, routes: Router, stop: CancellationToken) -> io::Result<()> {
    let service = service_fn(move |stream: IncomingStream<'_, Connections>| {
        let known = Extension(ConnectInfo(*stream.remote_addr())).layer(routes.clone());
        ready(Ok::<_, Infallible>(Extension(stream.io().outgoing.clone()).layer(known)))
    });
    axum::serve(Connections(listener), service).with_graceful_shutdown(stop.cancelled_owned()).await
}

/// Gives out connections that files can be sent on.
struct Connections(TcpListener);

impl Listener for Connections {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // The end of an answer would wait until its beginning is acknowledged, for up to 40 ms. A connection that is gone already tells so
        // when it is read.
        let _ = stream.set_nodelay(true);
        (Connection { stream, outgoing: Outgoing::default() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
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
        let Some(outgoing) = self.0.clone() else { return Body::from_stream(read.bytes) };
        match read.pieces() {
            Ok(pieces) => Body::from_stream(outgoing.stream(pieces)),
            Err(read) => Body::from_stream(read.bytes),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for FileSender {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut request::Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

/// The files that are to be sent on one connection, in their order. Requests have it among their extensions.
#[derive(Debug, Clone, Default)]
struct Outgoing(Arc<Mutex<Parts>>);

#[derive(Debug, Default)]
struct Parts {
    parts: VecDeque<Part>,
    /// How many there were before the first of `parts`.
    gone: u64,
    /// A part was given up before it was sent, so that what comes after it would take its place.
    is_broken: bool,
}

#[derive(Debug)]
struct Part {
    file: Arc<File>,
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
                Some(Piece::InMemory(range)) => outgoing.name(Arc::clone(pieces.file()), range),
            };
            Ok(Some((bytes, (outgoing, pieces))))
        })
    }

    /// What stands for a part of a file, at most as long as the region, and is to be sent next.
    fn name(&self, file: Arc<File>, range: Range<u64>) -> Bytes {
        let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let mut parts = self.lock();
        let number = parts.gone + parts.parts.len() as u64;
        parts.parts.push_back(Part { file, range, sent: 0 });
        Bytes::from_owner(Named { outgoing: self.clone(), number, length })
    }

    fn lock(&self) -> MutexGuard<'_, Parts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends as much of the first part as the socket takes, in the place of what is left of it.
    fn send(&self, stream: &TcpStream, left: &[u8]) -> io::Result<usize> {
        let mut parts = self.lock();
        let broken = || io::Error::other("the parts of files came in another order than they were named in");
        let part = parts.parts.front_mut().ok_or_else(broken)?;
        if left.as_ptr_range() != REGION[part.sent..part.sent + left.len()].as_ptr_range() {
            return Err(broken());
        }
        let count = send_file(stream, &part.file, part.range.start, left.len())?;
        if count == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a file is shorter than it was"));
        }
        part.sent += count;
        part.range.start += count as u64;
        if part.range.is_empty() {
            parts.parts.pop_front();
            parts.gone += 1;
        }
        Ok(count)
    }

    fn is_broken(&self) -> bool {
        self.lock().is_broken
    }
}

/// Stands for a part of a file, as long as it is, until it is sent.
struct Named {
    outgoing: Outgoing,
    number: u64,
    length: usize,
}

impl AsRef<[u8]> for Named {
    fn as_ref(&self) -> &[u8] {
        &REGION[..self.length]
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        let mut parts = self.outgoing.lock();
        parts.is_broken |= parts.gone <= self.number;
    }
}

fn is_named(slice: &[u8]) -> bool {
    REGION.as_ptr_range().contains(&slice.as_ptr())
}

/// A connection that sends files where their names are written to it.
struct Connection {
    stream: TcpStream,
    outgoing: Outgoing,
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
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
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
        if self.outgoing.is_broken() {
            return Poll::Ready(Err(io::Error::other("a part of a file was given up before it was sent")));
        }
        let mut left = slices.iter().filter(|slice| !slice.is_empty());
        match left.next() {
            Some(first) if is_named(first) => {
                self.poll_send(context, || self.outgoing.send(&self.stream, first))
            }
            // It waits in the socket for what follows, to be one packet with it.
            Some(first) if left.any(|slice| is_named(slice)) => {
                self.poll_send(context, || send_with_more(&self.stream, first))
            }
            _ => Pin::new(&mut self.stream).poll_write_vectored(context, slices),
        }
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
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

#[cfg(target_os = "linux")]
fn send_file(stream: &TcpStream, file: &File, mut start: u64, length: usize) -> io::Result<usize> {
    Ok(rustix::fs::sendfile(stream, file, Some(&mut start), length)?)
}

/// Nothing is named elsewhere: [`Piece::InMemory`] is Linux's.
#[cfg(not(target_os = "linux"))]
fn send_file(_: &TcpStream, _: &File, _: u64, _: usize) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(target_os = "linux")]
fn send_with_more(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    use rustix::net::{SendFlags, send};
    Ok(send(stream, bytes, SendFlags::MORE | SendFlags::NOSIGNAL)?)
}

#[cfg(not(target_os = "linux"))]
fn send_with_more(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    stream.try_write(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{
        extract::{Path, Request, State},
        middleware::{Next, from_fn},
        routing::get,
    };
    use http_body_util::BodyExt;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use memoreel_blob::{BlobKey, BlobStore, RangeRequest};
    use std::time::Duration;
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

    /// `/{start}/{last}` are these bytes of a file, of which all that was asked for goes through `around`.
    async fn server(around: impl Fn(Router<BlobStore>) -> Router<BlobStore>) -> Server {
        let folder = tempfile::tempdir().expect("no folder");
        let bytes: Vec<u8> = (0..FILE_BYTES).map(|place| (place % 251) as u8 + 1).collect();
        let blobs = BlobStore::disk(folder.path().join("blobs")).expect("no store");
        blobs.put_bytes(&key(), Bytes::from(bytes.clone())).await.expect("not stored");
        let part = async |State(blobs): State<BlobStore>,
                          sender: FileSender,
                          Path((start, last)): Path<(u64, u64)>| {
            sender.body(read(&blobs, start, last).await)
        };
        let routes = around(Router::new().route("/{start}/{last}", get(part))).with_state(blobs);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("no port");
        let address = listener.local_addr().expect("no address");
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, routes, stop.clone()));
        Server { address, bytes, _folder: folder, _stop: stop.drop_guard() }
    }

    impl Server {
        /// What comes for these ranges, asked for all at once on one connection and read in small sips.
        async fn ask(&self, ranges: &[(usize, usize)]) -> Vec<u8> {
            let mut stream = TcpStream::connect(self.address).await.expect("no connection");
            for (number, (start, last)) in ranges.iter().enumerate() {
                let close = if number + 1 == ranges.len() { "close" } else { "keep-alive" };
                let request =
                    format!("GET /{start}/{last} HTTP/1.1\r\nhost: here\r\nconnection: {close}\r\n\r\n");
                stream.write_all(request.as_bytes()).await.expect("not asked");
            }
            let (mut all, mut sip) = (Vec::new(), vec![0; 60_000]);
            while let Ok(Ok(count)) =
                tokio::time::timeout(Duration::from_secs(20), stream.read(&mut sip)).await
            {
                if count == 0 {
                    break;
                }
                all.extend_from_slice(&sip[..count]);
                if all.len() % 7 == 0 {
                    tokio::task::yield_now().await;
                }
            }
            all
        }
    }

    /// Bodies of answers that follow each other.
    fn bodies(mut answers: &[u8]) -> Vec<Vec<u8>> {
        let mut bodies = Vec::new();
        while let Some(end) = answers.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&answers[..end]).to_lowercase();
            assert!(head.starts_with("http/1.1 200"), "{head}");
            let mut rest = &answers[end + 4..];
            let mut body = Vec::new();
            // Chunks (RFC 9112, 7.1).
            loop {
                let line = rest.windows(2).position(|window| window == b"\r\n").expect("no size");
                let size =
                    usize::from_str_radix(&String::from_utf8_lossy(&rest[..line]), 16).expect("a size");
                body.extend_from_slice(&rest[line + 2..line + 2 + size]);
                rest = &rest[line + 2 + size + 2..];
                if size == 0 {
                    break;
                }
            }
            bodies.push(body);
            answers = rest;
        }
        bodies
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
        let came = bodies(&server.ask(&ranges).await);
        assert_eq!(came.len(), ranges.len());
        for ((start, last), body) in ranges.iter().zip(came) {
            assert!(body == server.bytes[*start..=*last], "{start} to {last}: {} bytes", body.len());
        }
    }

    #[tokio::test]
    async fn many_connections_do_not_mix_their_files() {
        let server = Arc::new(server(|routes| routes).await);
        let asked = (0..24).map(|number| {
            let server = Arc::clone(&server);
            tokio::spawn(async move {
                let (start, last) = (number * 100_000, number * 100_000 + 2_000_000);
                bodies(&server.ask(&[(start, last), (start + 1, last)]).await)
                    == [&server.bytes[start..=last], &server.bytes[start + 1..=last]]
            })
        });
        for is_right in futures::future::join_all(asked.collect::<Vec<_>>()).await {
            assert!(is_right.expect("a request failed"));
        }
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
        let copying = server(|routes| routes.layer(from_fn(copies))).await;
        let giving_up = server(|routes| routes.layer(from_fn(gives_up))).await;
        for server in [copying, giving_up] {
            assert_eq!(server.ask(&[(0, 200_000)]).await, b"");
        }
    }
}
