//! Answers that hold something, for as long as whoever asked takes them.

use crate::detach;
use axum::{BoxError, body::Body};
use bytes::Bytes;
use futures::{Stream, StreamExt, future, stream};
use std::{pin::pin, time::Duration};
use tokio::sync::mpsc;

/// Whoever takes nothing for so long is not waited for any more. The server asks for more of a body only when all that it had has been taken,
/// which is 400 KiB at most: a line of 2 KiB a second is no stalled one.
pub(crate) const STALLED_AFTER: Duration = Duration::from_secs(300);
/// What waits to be taken, beside that.
const PIECE_BYTES_MAX: usize = 64 << 10;

/// A body that holds something, such as a place, until its end is on its way, or nothing of it is taken for so long. What somebody was given
/// before they stopped ends with an error, never as if it were all.
pub fn while_taken(
    bytes: impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
    held: impl Send + 'static,
    stalled_after: Duration,
) -> Body {
    Body::from_stream(taken(bytes, held, stalled_after))
}

/// The same of bytes that hold something themselves ([`Bytes::from_owner`]).
pub fn bytes_while_taken(bytes: Bytes, stalled_after: Duration) -> Body {
    while_taken(stream::once(future::ready(Ok(bytes))), (), stalled_after)
}

fn taken(
    bytes: impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
    held: impl Send + 'static,
    stalled_after: Duration,
) -> impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static {
    let (to, pieces) = mpsc::channel(1);
    // By itself, as nobody asks for more of a body while its reader stands still.
    drop(detach(async move {
        let _held = held;
        hand_over(bytes, to, stalled_after).await;
    }));
    stream::try_unfold(pieces, |mut pieces: mpsc::Receiver<Handed>| async move {
        match pieces.recv().await {
            Some(Ok(piece)) => Ok(piece.map(|piece| (piece, pieces))),
            Some(Err(error)) => Err(error),
            None => Err("nothing of the answer was taken for too long".into()),
        }
    })
}

/// A piece of a body, or its end.
type Handed = Result<Option<Bytes>, BoxError>;

/// Hands a body over piece by piece, until it ends, breaks, or is not taken.
async fn hand_over(
    bytes: impl Stream<Item = Result<Bytes, BoxError>>,
    to: mpsc::Sender<Handed>,
    stalled_after: Duration,
) {
    let mut bytes = pin!(bytes);
    while let Some(chunk) = bytes.next().await {
        let mut chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => {
                _ = to.send_timeout(Err(error), stalled_after).await;
                return;
            }
        };
        while !chunk.is_empty() {
            // Copied, as a part of a chunk keeps all of it in memory for as long as it waits to be taken.
            let piece = Bytes::copy_from_slice(&chunk.split_to(chunk.len().min(PIECE_BYTES_MAX)));
            if to.send_timeout(Ok(Some(piece)), stalled_after).await.is_err() {
                return;
            }
        }
    }
    _ = to.send_timeout(Ok(None), stalled_after).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Permit, Permits};
    use futures::TryStreamExt;

    /// A body of so many chunks, each of two pieces and a half.
    fn chunks(count: u8) -> impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static {
        stream::iter(0..count).map(|number| {
            let chunk: Bytes = vec![number; PIECE_BYTES_MAX * 5 / 2].into();
            Ok(chunk)
        })
    }

    #[tokio::test]
    async fn what_is_not_taken_any_more_gives_its_place_back_and_has_no_end() {
        let permits = Permits::new("exports", 1, 1, Duration::from_secs(20));
        let place = permits.enter("harbour").await.expect("a place");
        let mut body = Box::pin(taken(chunks(4), place, Duration::from_millis(50)));
        body.next().await.expect("a piece").expect("no error");
        let _other = permits.enter("lighthouse").await.expect("the place that was given back");
        let rest: Vec<_> = body.collect().await;
        let (end, given) = rest.split_last().expect("an end");
        assert!(end.is_err() && given.iter().all(Result::is_ok), "{rest:?}");
    }

    #[tokio::test]
    async fn what_is_taken_comes_to_its_end_however_long_it_takes_in_all() {
        let permits = Permits::new("exports", 1, 1, Duration::from_secs(20));
        let place = permits.enter("harbour").await.expect("a place");
        let slowly = taken(chunks(4), place, Duration::from_secs(2)).and_then(async |piece| {
            tokio::time::sleep(Duration::from_millis(250)).await;
            Ok::<_, BoxError>(piece)
        });
        let given: Vec<_> = slowly.try_collect().await.expect("all of it");
        let expected: Vec<_> = chunks(4).try_collect().await.expect("all of it");
        assert!(given.concat() == expected.concat());
        permits.enter("lighthouse").await.expect("the place that was given back");
    }

    #[tokio::test]
    async fn what_breaks_says_so() {
        let permits = Permits::new("exports", 1, 1, Duration::from_secs(20));
        let place = permits.enter("harbour").await.expect("a place");
        let broken: Result<Bytes, BoxError> = Err("no database".into());
        let given = taken(chunks(1).chain(stream::iter([broken])), place, STALLED_AFTER);
        let given = given.try_collect::<Vec<_>>().await;
        assert_eq!(given.expect_err("an error").to_string(), "no database");
    }

    struct Held {
        bytes: Vec<u8>,
        _place: Permit,
    }

    impl AsRef<[u8]> for Held {
        fn as_ref(&self) -> &[u8] {
            &self.bytes
        }
    }

    #[tokio::test]
    async fn bytes_that_hold_a_place_give_it_back_when_they_are_not_taken() {
        let permits = Permits::new("tracks", 1, 1, Duration::from_secs(20));
        for count in [PIECE_BYTES_MAX / 2, PIECE_BYTES_MAX * 8] {
            let place = permits.enter("harbour").await.expect("a place");
            let bytes = Bytes::from_owner(Held { bytes: vec![7; count], _place: place });
            let body = bytes_while_taken(bytes, Duration::from_millis(50));
            let _other = permits.enter("lighthouse").await.expect("the place that was given back");
            drop(body);
        }
    }
}
