//! Connections on which nothing is asked for. Each takes one of the files that a process may have open, whoever opened it and whatever for.

use crate::watched::{WatchBody, watched};
use axum::{extract::Request, response::Response};
use futures::future::BoxFuture;
use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep};
use tower::Service;

/// So long nothing may be under way: the head of a request is there by then, and proxies that keep connections for later ones close theirs before.
pub(crate) const IDLE_MAX: Duration = Duration::from_secs(150);

/// What goes on on a connection.
#[derive(Debug, Clone)]
pub(crate) struct Activity(Arc<State>);

#[derive(Debug)]
struct State {
    begun: Instant,
    /// How many requests are being answered.
    answers: AtomicUsize,
    /// When something went on last, in milliseconds since it was begun.
    last_ms: AtomicU64,
}

impl Activity {
    pub(crate) fn begin() -> Self {
        let state = State { begun: Instant::now(), answers: AtomicUsize::new(0), last_ms: AtomicU64::new(0) };
        Self(Arc::new(state))
    }

    /// Something went on just now.
    pub(crate) fn renew(&self) {
        self.0.last_ms.store(self.0.begun.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// Until when it is not idle for too long; while a request is being answered that is always still to come.
    fn ends_at(&self, idle_max: Duration) -> Instant {
        if self.0.answers.load(Ordering::Acquire) > 0 {
            return Instant::now() + idle_max;
        }
        self.0.begun + Duration::from_millis(self.0.last_ms.load(Ordering::Relaxed)) + idle_max
    }

    fn answer(&self) -> Answering {
        self.0.answers.fetch_add(1, Ordering::Relaxed);
        Answering(self.clone())
    }
}

/// A request that is being answered, until this is dropped.
struct Answering(Activity);

impl WatchBody for Answering {}

impl Drop for Answering {
    fn drop(&mut self) {
        // Seen by whoever sees that nothing is answered any more.
        self.0.renew();
        self.0.0.answers.fetch_sub(1, Ordering::Release);
    }
}

/// Tells when a connection has been idle for too long.
pub(crate) struct Patience {
    idle_max: Duration,
    alarm: Pin<Box<Sleep>>,
}

impl Patience {
    pub(crate) fn new(idle_max: Duration) -> Self {
        Self { idle_max, alarm: Box::pin(sleep(idle_max)) }
    }

    /// Ready once it has. Until then whoever waits is woken now and then, while a request is being answered as well: nobody reads again for the
    /// sake of an answer that is over.
    pub(crate) fn poll_over(&mut self, activity: &Activity, context: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.alarm.as_mut().poll(context));
            let ends_at = activity.ends_at(self.idle_max);
            if ends_at <= Instant::now() {
                return Poll::Ready(());
            }
            self.alarm.as_mut().reset(ends_at);
        }
    }
}

/// Answers requests, each of which is being answered until its answer is sent or let go.
#[derive(Debug, Clone)]
pub(crate) struct Watched<S> {
    pub(crate) service: S,
    pub(crate) activity: Activity,
}

impl<S> Service<Request> for Watched<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let answering = self.activity.answer();
        let answer = self.service.call(request);
        Box::pin(async move {
            let Ok(answer) = answer.await;
            Ok(answer.map(|body| watched(body, answering)))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::outgoing::serve_with;
    use axum::{Router, routing::get};
    use std::{net::SocketAddr, time::Duration};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
        time::{sleep, timeout},
    };
    use tokio_util::sync::{CancellationToken, DropGuard};

    const IDLE_MAX: Duration = Duration::from_millis(400);
    const REQUEST: &str = "GET / HTTP/1.1\r\nhost: here\r\n\r\n";

    /// Takes its time to answer, more than a connection may be idle.
    async fn server() -> (SocketAddr, DropGuard) {
        let answer = async || {
            sleep(3 * IDLE_MAX).await;
            "late"
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("no port");
        let address = listener.local_addr().expect("no address");
        let stop = CancellationToken::new();
        let routes = Router::new().route("/", get(answer));
        tokio::spawn(serve_with(listener, routes, stop.clone(), IDLE_MAX));
        (address, stop.drop_guard())
    }

    /// What comes until the connection ends.
    async fn rest(stream: &mut TcpStream) -> String {
        let mut all = Vec::new();
        let read = timeout(Duration::from_secs(20), stream.read_to_end(&mut all)).await;
        // One that ends before all was read of what was sent to it is reset.
        drop(read.expect("the connection stays"));
        String::from_utf8_lossy(&all).into_owned()
    }

    #[tokio::test]
    async fn a_connection_ends_on_which_nothing_is_asked_for_or_never_to_its_end() {
        let (address, _stop) = server().await;
        for sent in ["", "GET / HT", "PRI * HTTP/2.0\r\n"] {
            let mut stream = TcpStream::connect(address).await.expect("no connection");
            stream.write_all(sent.as_bytes()).await.expect("not sent");
            assert_eq!(rest(&mut stream).await, "", "{sent:?}");
        }
        let mut dripping = TcpStream::connect(address).await.expect("no connection");
        let is_over = async {
            while dripping.write_all(b"G").await.is_ok() {
                sleep(IDLE_MAX / 8).await;
            }
        };
        timeout(Duration::from_secs(20), is_over).await.expect("a head that never ends keeps it open");
    }

    #[tokio::test]
    async fn a_request_is_answered_however_long_that_takes_and_another_after_it() {
        let (address, _stop) = server().await;
        let mut stream = TcpStream::connect(address).await.expect("no connection");
        for _ in 0..2 {
            sleep(IDLE_MAX / 4).await;
            stream.write_all(REQUEST.as_bytes()).await.expect("not asked");
            let mut head = [0; 15];
            stream.read_exact(&mut head).await.expect("not answered");
            assert_eq!(&head, b"HTTP/1.1 200 OK");
            let mut answer = String::new();
            while !answer.ends_with("late") {
                answer.push(char::from(stream.read_u8().await.expect("not answered")));
            }
        }
        assert_eq!(rest(&mut stream).await, "", "and then it ends");
    }
}
