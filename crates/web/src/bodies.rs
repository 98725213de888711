//! Bodies that are there as a whole before anybody is asked who they are: what a caller may do is decided when a request is done, not days
//! before, when its headers came.

use crate::{Permits, Problem, client_address, idempotency::is_sent_once};
use axum::{
    body::{Body, Bytes, HttpBody, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::BytesMut;
use futures::{StreamExt, stream};
use http_body_util::LengthLimitError;
use std::{error::Error, time::Duration};

/// How long a JSON body of the largest size may be under way.
pub const JSON_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a file that is taken into memory as a whole may be under way.
pub const FILE_TIME_MAX: Duration = Duration::from_secs(120);
/// A body that says it is no longer than this, as nearly all are, takes no place.
const SHORT_BYTES_MAX: u64 = 16 << 10;

/// How much is read of a body, for how long, and of how many at once: whoever sends one is not known yet.
#[derive(Debug, Clone)]
pub struct WholeBodies {
    /// The largest body.
    pub bytes_max: usize,
    /// The longest time.
    pub time_max: Duration,
    /// For bodies that may be long while they are under way, by address.
    pub places: Permits,
}

/// Around authentication: reads the body of a request that says it is JSON or is to take effect once (`Idempotency-Key`), and refuses one that
/// takes too long (408 `body_too_slow`) or finds no place (429 `organization_busy`, 503 `server_busy`). Files come as they come, and so does
/// what is larger than any JSON body: whoever wants an object refuses it.
pub async fn read_whole(State(bodies): State<WholeBodies>, request: Request, next: Next) -> Response {
    if !is_json(request.headers()) && !is_sent_once(&request) {
        return next.run(request).await;
    }
    let place = match request.body().size_hint().upper() {
        Some(length) if length <= SHORT_BYTES_MAX => None,
        _ => match bodies.places.enter(&client_address(&request)).await {
            Ok(place) => Some(place),
            Err(refusal) => return Problem::from(refusal).into_response(),
        },
    };
    let (parts, body) = request.into_parts();
    let came = arrive_within(bodies.time_max, read(body, bodies.bytes_max)).await;
    drop(place);
    match came {
        Ok(body) => next.run(Request::from_parts(parts, body)).await,
        Err(too_slow) => too_slow.into_response(),
    }
}

/// What `arrival` reads of a body, in time.
///
/// # Errors
/// 408 `body_too_slow` when it takes longer than `time_max`.
pub async fn arrive_within<T>(time_max: Duration, arrival: impl Future<Output = T>) -> Result<T, Problem> {
    tokio::time::timeout(time_max, arrival).await.map_err(|_| too_slow(time_max))
}

/// A body in memory.
///
/// # Errors
/// `too_large` for more than `bytes_max`; 400 `body_unreadable` for a body that breaks off.
pub async fn in_memory(
    body: Body,
    bytes_max: usize,
    too_large: impl FnOnce() -> Problem,
) -> Result<Bytes, Problem> {
    to_bytes(body, bytes_max).await.map_err(|error| {
        if error.source().is_some_and(|cause| cause.is::<LengthLimitError>()) {
            return too_large();
        }
        Problem::bad_request("body_unreadable", "The body of this request broke off.").hint("Send it again.")
    })
}

/// More than one that the extractor of JSON takes would do no harm; fewer would.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.to_ascii_lowercase().contains("json"))
}

/// The same body, of which as much is in memory as one may be large. In one piece: kept apart, small ones take many times what they hold.
async fn read(body: Body, bytes_max: usize) -> Body {
    let (mut rest, mut whole) = (body.into_data_stream(), BytesMut::new());
    while whole.len() <= bytes_max {
        match rest.next().await {
            Some(Ok(piece)) => whole.extend_from_slice(&piece),
            // Whoever wants the body is told how it ended.
            Some(Err(error)) => return Body::from_stream(stream::iter([Ok(whole.freeze()), Err(error)])),
            None => return Body::from(whole.freeze()),
        }
    }
    Body::from_stream(stream::iter([Ok(whole.freeze())]).chain(rest))
}

fn too_slow(time_max: Duration) -> Problem {
    let seconds = time_max.as_secs();
    let sentence = format!("The body of this request did not arrive as a whole within {seconds} seconds.");
    Problem::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", sentence).hint("Send it again.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Router, middleware::from_fn_with_state, routing::post};
    use tower::ServiceExt;

    fn bodies() -> WholeBodies {
        let places = Permits::new("bodies", 2, 1, Duration::from_millis(20));
        WholeBodies { bytes_max: 8, time_max: Duration::from_millis(50), places }
    }

    /// What becomes of a body of these pieces, which the handler reads to its end.
    async fn answer(content_type: Option<&str>, pieces: &[&'static str], ends: bool) -> (StatusCode, String) {
        let came: Vec<Result<&str, std::io::Error>> = pieces.iter().copied().map(Ok).collect();
        let came = stream::iter(came);
        let body =
            if ends { Body::from_stream(came) } else { Body::from_stream(came.chain(stream::pending())) };
        let request = Request::post("/");
        let request = match content_type {
            Some(content_type) => request.header(header::CONTENT_TYPE, content_type),
            None => request,
        };
        let read_all = async |body: Body| {
            let mut body = body.into_data_stream();
            let first = tokio::time::timeout(Duration::from_secs(5), body.next()).await;
            let first = first.expect("comes").map_or_else(Bytes::new, |piece| piece.expect("a piece"));
            String::from_utf8_lossy(&first).into_owned()
        };
        let routes = Router::new().route("/", post(read_all)).layer(from_fn_with_state(bodies(), read_whole));
        let answer = routes.oneshot(request.body(body).expect("a request")).await.expect("answers");
        let (status, body) = (answer.status(), answer.into_body());
        let body = axum::body::to_bytes(body, 1 << 10).await.expect("a body");
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test]
    async fn json_that_never_ends_is_refused_and_never_handed_on() {
        for kind in ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"] {
            let (status, problem) = answer(Some(kind), &["{", "\"a\""], false).await;
            assert_eq!(status, StatusCode::REQUEST_TIMEOUT, "{kind}");
            assert!(problem.contains("body_too_slow"), "{problem}");
            assert_eq!(answer(Some(kind), &["{}"], true).await, (StatusCode::OK, "{}".to_owned()), "{kind}");
        }
    }

    #[tokio::test]
    async fn json_that_came_in_pieces_is_handed_on_in_one() {
        let came = answer(Some("application/json"), &["{", "\"a\"", ":", "1", "}"], true).await;
        assert_eq!(came, (StatusCode::OK, "{\"a\":1}".to_owned()));
    }

    #[tokio::test]
    async fn what_is_to_take_effect_once_is_waited_for_unless_it_is_a_file() {
        let routes =
            Router::new().route("/", post(async || ())).layer(from_fn_with_state(bodies(), read_whole));
        let send = |headers: &[(&'static str, &'static str)]| {
            let request = Request::post("/").header("idempotency-key", "once");
            let request =
                headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            let endless = Body::from_stream(stream::pending::<Result<&str, std::io::Error>>());
            routes.clone().oneshot(request.body(endless).expect("a request"))
        };
        let plain: [&[(&'static str, &'static str)]; 2] = [&[], &[("content-type", "text/plain")]];
        for waited_for in plain {
            let answer = send(waited_for).await.expect("answers");
            assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT, "{waited_for:?}");
        }
        for file in [[("content-type", "Multipart/Form-Data; boundary=x")], [("tus-resumable", "1.0.0")]] {
            assert_eq!(send(&file).await.expect("answers").status(), StatusCode::OK, "{file:?}");
        }
    }

    #[tokio::test]
    async fn a_file_that_stays_away_is_refused_and_one_that_came_is_read() {
        let time_max = Duration::from_millis(20);
        let endless = Body::from_stream(stream::pending::<Result<&str, std::io::Error>>());
        let refusal = arrive_within(time_max, axum::body::to_bytes(endless, 8)).await.expect_err("refused");
        assert_eq!(refusal.into_response().status(), StatusCode::REQUEST_TIMEOUT);
        let file = arrive_within(time_max, axum::body::to_bytes(Body::from("WEBVTT"), 8)).await;
        assert_eq!(file.expect("came in time").expect("is short enough"), "WEBVTT");
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_not_taken_for_one_that_is_too_large() {
        let too_large = || Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "It is too large.");
        let read = async |pieces: Vec<Result<&'static str, std::io::Error>>| {
            let body = in_memory(Body::from_stream(stream::iter(pieces)), 8, too_large).await;
            body.map_err(|problem| (problem.status().as_u16(), problem.code()))
        };
        let broken = || Err(std::io::ErrorKind::ConnectionReset.into());
        assert_eq!(read(vec![Ok("WEB"), Ok("VTT")]).await, Ok(Bytes::from_static(b"WEBVTT")));
        assert_eq!(read(vec![Ok("WEB"), broken()]).await, Err((400, "body_unreadable")));
        assert_eq!(read(vec![Ok("WEBVTT"), Ok("WEBVTT")]).await, Err((413, "body_too_large")));
    }

    #[tokio::test]
    async fn bodies_that_may_be_long_and_stay_away_take_no_more_than_their_places() {
        let routes = Router::new()
            .route("/", post(async |body: Bytes| body.len().to_string()))
            .layer(from_fn_with_state(bodies(), read_whole));
        let send = |body: Body| {
            let request = Request::post("/").header(header::CONTENT_TYPE, "application/json");
            routes.clone().oneshot(request.body(body).expect("a request"))
        };
        let endless = || Body::from_stream(stream::pending::<Result<&str, std::io::Error>>());
        let (first, second, short) = tokio::join!(send(endless()), send(endless()), send(Body::from("{}")));
        let status = |answer: Result<Response, std::convert::Infallible>| answer.expect("answers").status();
        assert_eq!(status(first), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(status(second), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(status(short), StatusCode::OK);
        let come = Body::from_stream(stream::iter([Ok::<_, std::io::Error>("{}")]));
        assert_eq!(status(send(come).await), StatusCode::OK);
    }

    #[tokio::test]
    async fn what_is_a_file_or_too_large_to_be_json_comes_as_it_comes() {
        for kind in [None, Some("application/offset+octet-stream"), Some("multipart/form-data")] {
            assert_eq!(answer(kind, &["moov"], false).await, (StatusCode::OK, "moov".to_owned()), "{kind:?}");
        }
        let large = answer(Some("application/json"), &["{\"name\":", "\"x", "y"], false).await;
        assert_eq!(large, (StatusCode::OK, "{\"name\":\"x".to_owned()));
    }
}
