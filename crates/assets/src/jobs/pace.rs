//! How slowly what is fetched may come.

use axum::body::Bytes;
use futures::{Stream, StreamExt, stream};
use std::{
    io,
    time::{Duration, Instant},
};

/// So many bytes at least within a time of waiting for them. The time it takes to write them down is nobody's fault but ours, and
/// does not count.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How many bytes.
    pub bytes_min: u64,
    /// Within which time.
    pub window: Duration,
}

impl Pace {
    /// 8 KiB a second, as a mean of five minutes: half of what is left for each of eight files that come at once over a line of one
    /// megabit a second. Less brings a recording so late that its place is better used for others.
    pub const LEAST: Self = Self { bytes_min: 300 * (8 << 10), window: Duration::from_secs(300) };

    /// The stream, which ends with [`TooSlow`] when it falls behind.
    pub(super) fn hold(
        self,
        bytes: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send {
        let begun = (Box::pin(bytes), Duration::ZERO, 0_u64);
        stream::unfold(begun, move |(mut bytes, mut waited, mut arrived)| async move {
            let asked = Instant::now();
            let mut chunk = bytes.next().await?;
            waited += asked.elapsed();
            arrived += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
            if waited >= self.window {
                if arrived < self.bytes_min && chunk.is_ok() {
                    chunk = Err(io::Error::other(TooSlow(self)));
                }
                (waited, arrived) = (Duration::ZERO, 0);
            }
            Some((chunk, (bytes, waited, arrived)))
        })
    }
}

/// What came fell behind.
#[derive(Debug, thiserror::Error)]
#[error(
    "Where the file lies, it is sent too slowly: fewer than {} KiB came in {} seconds.", .0.bytes_min >> 10, .0.window.as_secs()
)]
pub(super) struct TooSlow(Pace);

impl TooSlow {
    /// Whether that is what ended a stream.
    pub(super) fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Self>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { bytes_min: 100, window: Duration::from_millis(200) };

    /// So many chunks of a size, each after a wait.
    fn source(count: usize, size: usize, wait: Duration) -> impl Stream<Item = io::Result<Bytes>> + Send {
        stream::iter(0..count).then(move |_| async move {
            tokio::time::sleep(wait).await;
            Ok(Bytes::from(vec![0; size]))
        })
    }

    #[tokio::test]
    async fn what_dribbles_ends_though_it_never_stalls() {
        let held: Vec<_> = PACE.hold(source(100, 1, Duration::from_millis(20))).take(50).collect().await;
        let end = held.iter().position(Result::is_err).expect("an end");
        assert!((1..=10).contains(&end), "{end}");
        let error = held[end].as_ref().unwrap_err();
        assert!(TooSlow::is(error), "{error}");
    }

    #[tokio::test]
    async fn what_comes_in_bursts_goes_on_and_so_does_what_is_taken_slowly() {
        let bursts = PACE.hold(source(4, 200, Duration::from_millis(150)));
        assert!(bursts.collect::<Vec<_>>().await.iter().all(Result::is_ok));
        let taken = PACE.hold(source(10, 1, Duration::ZERO)).then(async |chunk| {
            tokio::time::sleep(Duration::from_millis(50)).await;
            chunk
        });
        assert!(taken.collect::<Vec<_>>().await.iter().all(Result::is_ok));
    }
}
