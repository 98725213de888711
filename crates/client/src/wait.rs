//! Waiting until the server is done with something.

use crate::{Asset, Client, ClientError, Failure, Video};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

const POLL: Duration = Duration::from_millis(500);
/// Who waits for long need not ask often.
const POLL_MAX: Duration = Duration::from_secs(5);

/// Why waiting ended without what was waited for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// It failed for good.
    #[error("{}", .0.message)]
    Failed(Failure),
    /// It was not done in time. It goes on without anybody waiting.
    #[error("it was not done within {} seconds", .0.as_secs())]
    TooLong(Duration),
    /// It could not be asked for.
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl Client {
    /// Waits until a video is completed, and tells of each state in which it is seen. A server that is away for a while is asked
    /// again.
    ///
    /// # Errors
    /// [`WaitError::Failed`] when it cannot be processed, and [`WaitError::TooLong`].
    pub async fn wait_until_ready(
        &self,
        video_id: Uuid,
        within: Duration,
        mut seen: impl FnMut(&Video) + Send,
    ) -> Result<Video, WaitError> {
        let mut waiting = Waiting::until(within);
        loop {
            match self.video(video_id).await {
                Ok(video) => {
                    seen(&video);
                    match video.status.as_str() {
                        "completed" => return Ok(video),
                        "failed" => return Err(WaitError::Failed(failure(video.error))),
                        _ => {}
                    }
                }
                Err(error) if error.is_transient() => {}
                Err(error) => return Err(error.into()),
            }
            waiting.pause().await?;
        }
    }

    /// The same for an image or a document.
    ///
    /// # Errors
    /// See [`Client::wait_until_ready`].
    pub async fn wait_until_asset_ready(&self, id: Uuid, within: Duration) -> Result<Asset, WaitError> {
        let mut waiting = Waiting::until(within);
        loop {
            match self.asset(id).await {
                Ok(asset) if asset.status == "ready" => return Ok(asset),
                Ok(asset) if asset.status == "failed" => return Err(WaitError::Failed(failure(asset.error))),
                Ok(_) => {}
                Err(error) if error.is_transient() => {}
                Err(error) => return Err(error.into()),
            }
            waiting.pause().await?;
        }
    }
}

fn failure(told: Option<Failure>) -> Failure {
    told.unwrap_or_else(|| Failure {
        code: "failed".to_owned(),
        message: "It could not be processed.".to_owned(),
    })
}

struct Waiting {
    within: Duration,
    deadline: Instant,
    pause: Duration,
}

impl Waiting {
    fn until(within: Duration) -> Self {
        Self { within, deadline: Instant::now() + within, pause: POLL }
    }

    async fn pause(&mut self) -> Result<(), WaitError> {
        if Instant::now() + self.pause > self.deadline {
            return Err(WaitError::TooLong(self.within));
        }
        sleep(self.pause).await;
        self.pause = (self.pause + self.pause / 4).min(POLL_MAX);
        Ok(())
    }
}
