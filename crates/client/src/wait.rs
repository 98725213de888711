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
            let asked_for = match self.video(video_id).await {
                Ok(video) => {
                    seen(&video);
                    match video.status.as_str() {
                        "completed" => return Ok(video),
                        "failed" => return Err(WaitError::Failed(failure(video.error))),
                        _ => None,
                    }
                }
                Err(error) if error.is_transient() => error.retry_after(),
                Err(error) => return Err(error.into()),
            };
            waiting.pause(asked_for).await?;
        }
    }

    /// The same for an image or a document.
    ///
    /// # Errors
    /// See [`Client::wait_until_ready`].
    pub async fn wait_until_asset_ready(&self, id: Uuid, within: Duration) -> Result<Asset, WaitError> {
        let mut waiting = Waiting::until(within);
        loop {
            let asked_for = match self.asset(id).await {
                Ok(asset) if asset.status == "ready" => return Ok(asset),
                Ok(asset) if asset.status == "failed" => return Err(WaitError::Failed(failure(asset.error))),
                Ok(_) => None,
                Err(error) if error.is_transient() => error.retry_after(),
                Err(error) => return Err(error.into()),
            };
            waiting.pause(asked_for).await?;
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

    /// For as long as the server asks for at least: asked sooner, one that is busy would be the busier.
    async fn pause(&mut self, asked_for: Option<Duration>) -> Result<(), WaitError> {
        let pause = self.pause.max(asked_for.unwrap_or_default());
        if Instant::now() + pause > self.deadline {
            return Err(WaitError::TooLong(self.within));
        }
        sleep(pause).await;
        self.pause = (self.pause + self.pause / 4).min(POLL_MAX);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    const BUSY: &str = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 2\r\nconnection: close\r\n\r\n";
    const ARRIVED: &str = "HTTP/1.1 200 OK\r\nupload-offset: 1000000000\r\nconnection: close\r\n\r\n";
    const READY: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n\
        {\"id\":\"00000000-0000-0000-0000-000000000007\",\"status\":\"ready\",\"filename\":\"photo.jpg\",\
        \"size_bytes\":7,\"created_at\":\"2026-03-01T12:00:00Z\"}";

    /// A client of a server that gives these answers, one after the other.
    async fn answered(answers: &'static [&'static str]) -> Client {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Client::new(server.parse().unwrap(), "mrl_x").unwrap()
    }

    #[tokio::test]
    async fn who_waits_leaves_a_server_alone_for_as_long_as_it_asks_for() {
        let client = answered(&[BUSY, READY]).await;
        let begun = Instant::now();
        let asset = client.wait_until_asset_ready(Uuid::nil(), Duration::from_secs(60)).await.unwrap();
        assert_eq!(asset.filename, "photo.jpg");
        assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn an_upload_leaves_a_server_alone_for_as_long_as_it_asks_for() {
        let client = answered(&[BUSY, ARRIVED]).await;
        let address = client.address("/api/v1/uploads/1").unwrap();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let begun = Instant::now();
        client.resume_upload(&address, &file, Duration::ZERO, |_| {}).await.unwrap();
        assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
    }
}
