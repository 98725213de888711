//! How slowly what takes a place may come.

use bytes::Bytes;
use futures::{FutureExt, Stream, StreamExt, stream};
use std::{
    io,
    time::{Duration, Instant},
};

/// So many bytes at least within a time of waiting for them. The time it takes to write them down is nobody's fault but ours, and
/// does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How many bytes.
    pub bytes_min: u64,
    /// Within which time.
    pub window: Duration,
}

impl Pace {
    /// 8 KiB a second, as a mean of five minutes: half of what is left for each of eight files that come at once over a line of one
    /// megabit a second. Less brings a recording so late that its place is better used for others.
    pub const OF_IMPORTS: Self = Self { bytes_min: 300 * (8 << 10), window: Duration::from_secs(300) };

    /// 1 KiB a second, as a mean of two minutes: whoever is on a train has no better line, and sends several files over it at once. Less is
    /// sent to keep a place.
    pub const OF_UPLOADS: Self = Self { bytes_min: 120 << 10, window: Duration::from_secs(120) };

    /// The stream, which ends with [`TooSlow`] when it falls behind. All that came before that is given.
    pub fn hold(
        self,
        bytes: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send {
        let begun = (Box::pin(bytes), Window::new(self));
        stream::unfold(begun, |(mut bytes, mut window)| async move {
            let asked = Instant::now();
            let next = if window.is_behind() {
                // What is there already came in time, and so did the end.
                let next = bytes.next().now_or_never();
                next.unwrap_or_else(|| Some(Err(io::Error::other(TooSlow(window.pace)))))
            } else {
                bytes.next().await
            };
            let chunk = next?;
            window.note(asked.elapsed(), chunk.as_ref().map_or(0, |chunk| chunk.len() as u64));
            Some((chunk, (bytes, window)))
        })
    }
}

/// What came since the pace was last kept.
#[derive(Debug)]
struct Window {
    pace: Pace,
    waited: Duration,
    arrived: u64,
}

impl Window {
    fn new(pace: Pace) -> Self {
        Self { pace, waited: Duration::ZERO, arrived: 0 }
    }

    /// So many bytes came after such a wait.
    fn note(&mut self, waited: Duration, bytes: u64) {
        self.waited += waited;
        self.arrived += bytes;
        if self.waited >= self.pace.window && !self.is_behind() {
            *self = Self::new(self.pace);
        }
    }

    fn is_behind(&self) -> bool {
        self.waited >= self.pace.window && self.arrived < self.pace.bytes_min
    }
}

/// What came fell behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("fewer than {} KiB came in {} seconds", .0.bytes_min >> 10, .0.window.as_secs())]
pub struct TooSlow(pub Pace);

impl TooSlow {
    /// Whether that is why a stream ended with `error`.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref::<Self>().copied()
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
    async fn what_dribbles_ends_though_it_never_stalls_and_what_came_of_it_is_given() {
        let held: Vec<_> = PACE.hold(source(100, 1, Duration::from_millis(20))).take(50).collect().await;
        let end = held.iter().position(Result::is_err).expect("an end");
        assert!((1..=10).contains(&end), "{end}");
        let error = held[end].as_ref().expect_err("an error");
        assert_eq!(TooSlow::of(error), Some(TooSlow(PACE)), "{error}");
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

    #[tokio::test]
    async fn what_is_there_when_it_fell_behind_is_taken() {
        let small = PACE.hold(source(1, 1, 2 * PACE.window)).collect::<Vec<_>>().await;
        assert!(small.len() == 1 && small[0].is_ok(), "{small:?}");
        let at_once = stream::iter([Ok(Bytes::from(vec![0; 200]))]);
        let caught_up = source(1, 1, 2 * PACE.window).chain(at_once).chain(source(1, 1, PACE.window / 10));
        let all = PACE.hold(caught_up).collect::<Vec<_>>().await;
        assert!(all.iter().all(Result::is_ok), "{all:?}");
    }

    /// Whether a line falls behind that brings chunks of a size, each after the next of these waits in seconds, for two hours.
    fn falls_behind(pace: Pace, chunk_bytes: u64, waits: &[f64]) -> bool {
        let mut window = Window::new(pace);
        let mut left = 7_200.0;
        for wait in waits.iter().cycle() {
            window.note(Duration::from_secs_f64(*wait), chunk_bytes);
            left -= wait;
            if window.is_behind() || left < 0.0 {
                break;
            }
        }
        window.is_behind()
    }

    #[test]
    fn slow_lines_keep_the_pace_of_uploads_and_nobody_does_by_a_byte_a_minute() {
        let second_by_second = [1.0];
        for kibibytes in [2, 8, 100] {
            assert!(!falls_behind(Pace::OF_UPLOADS, kibibytes << 10, &second_by_second), "{kibibytes}");
        }
        // Nothing for half a minute, or nearly one, and then eight kibibytes a second for less.
        for tunnel in [30.0, 55.0] {
            let line = [vec![tunnel], vec![1.0; 20]].concat();
            assert!(!falls_behind(Pace::OF_UPLOADS, 8 << 10, &line), "{tunnel}");
        }
        assert!(falls_behind(Pace::OF_UPLOADS, 1, &[55.0]));
        assert!(falls_behind(Pace::OF_UPLOADS, 512, &second_by_second));
    }
}
