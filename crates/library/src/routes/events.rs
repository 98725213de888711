//! Live updates as server-sent events.
//!
//! A notification only says whose video something happened to. What the client gets is read under the client's own
//! permissions, and changes that come close together are told once. A stream ends when something about the client's session,
//! key, membership, account or organization changes: whoever may still listen connects anew.

use super::view;
use crate::store;
use axum::{
    Extension,
    extract::State,
    response::{
        Sse,
        sse::{self, KeepAlive},
    },
};
use futures::{Stream, StreamExt, stream};
use memoreel_kernel::{Caller, LiveEvent};
use memoreel_web::{Admission, App, May, Problem, ProblemBody, action::ReadContent};
use std::{collections::BTreeSet, convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use uuid::Uuid;

/// Changes within this time are told together.
const GATHER: Duration = Duration::from_millis(250);
/// A stream ends after this time; the client reconnects and proves anew who it is.
const STREAM_LIFETIME: Duration = Duration::from_secs(3600);
const VIDEOS_TOLD_MAX: usize = 200;

/// Stream live events
///
/// `video` {video_id, status, stage, progress, playable}; `videos` {} when the list changed; `transcript` and `summary`
/// {video_id} when they were written.
#[utoipa::path(get, path = "/events", operation_id = "stream_events", tag = "videos",
    responses((status = 200, content_type = "text/event-stream", description = "Events, and a comment every 15 seconds"),
        (status = 401, body = ProblemBody), (status = 403, body = ProblemBody)))]
pub(super) async fn stream_events(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    Extension(admission): Extension<Admission>,
) -> Result<Sse<impl Stream<Item = Result<sse::Event, Infallible>>>, Problem> {
    let receiver = app.live.subscribe();
    let ended = app.live.clone().ended(caller, admission, Arc::clone(&app.clock));
    let batches = stream::unfold((app, caller, receiver), |(app, caller, mut receiver)| async move {
        let gathered = gather(&mut receiver, &caller).await?;
        let events = tell(&app, &caller, gathered).await;
        Some((stream::iter(events.into_iter().map(Ok)), (app, caller, receiver)))
    });
    let end = async move {
        tokio::select! {
            () = ended => {}
            () = tokio::time::sleep(STREAM_LIFETIME) => {}
        }
    };
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(batches.flatten().take_until(Box::pin(end))).keep_alive(keep_alive))
}

#[derive(Debug, Default)]
struct Gathered {
    changed: BTreeSet<Uuid>,
    transcripts: BTreeSet<Uuid>,
    summaries: BTreeSet<Uuid>,
    list: bool,
}

impl Gathered {
    fn add(&mut self, event: &LiveEvent) {
        match event.kind.as_str() {
            "video_added" | "video_deleted" | "video_restored" => self.list = true,
            "transcript_ready" => drop(self.transcripts.insert(event.subject_id)),
            "summary_ready" => drop(self.summaries.insert(event.subject_id)),
            _ => {}
        }
        self.changed.insert(event.subject_id);
    }
}

/// Waits for the organization's next event and takes what follows closely. `None` when the server stops.
async fn gather(receiver: &mut Receiver<LiveEvent>, caller: &Caller) -> Option<Gathered> {
    let mut gathered = Gathered::default();
    let mut until = None;
    loop {
        let next = async { receiver.recv().await };
        let received = match until {
            None => next.await,
            Some(until) => match tokio::time::timeout_at(until, next).await {
                Ok(received) => received,
                Err(_) => return Some(gathered),
            },
        };
        match received {
            Ok(event) if event.organization_id == caller.organization_id => gathered.add(&event),
            Ok(_) => continue,
            // Some were missed: the client reloads the list.
            Err(RecvError::Lagged(_)) => gathered.list = true,
            Err(RecvError::Closed) => return None,
        }
        until = until.or_else(|| Some(tokio::time::Instant::now() + GATHER));
    }
}

async fn tell(app: &App, caller: &Caller, gathered: Gathered) -> Vec<sse::Event> {
    let mut events = Vec::new();
    if gathered.list || gathered.changed.len() > VIDEOS_TOLD_MAX {
        events.extend(event("videos", &serde_json::json!({})));
    }
    let ids: Vec<Uuid> = gathered.changed.into_iter().take(VIDEOS_TOLD_MAX).collect();
    match visible(app, caller, &ids).await {
        Ok(videos) => {
            for video in &videos {
                let data = serde_json::json!({
                    "video_id": video.id, "status": video.status, "stage": video.stage,
                    "progress": video.progress, "playable": video.playable,
                });
                events.extend(event("video", &data));
                for (name, of) in [("transcript", &gathered.transcripts), ("summary", &gathered.summaries)] {
                    if of.contains(&video.id.uuid()) {
                        events.extend(event(name, &serde_json::json!({ "video_id": video.id })));
                    }
                }
            }
        }
        // The problem was logged; the client hears of the next change.
        Err(_) => events.extend(event("videos", &serde_json::json!({}))),
    }
    events
}

async fn visible(app: &App, caller: &Caller, ids: &[Uuid]) -> Result<Vec<crate::Video>, Problem> {
    let mut tx = app.db.tenant(caller).await?;
    let rows = store::find_videos(&mut tx, ids).await?;
    Ok(view::videos(app, &mut tx, rows).await?)
}

fn event(name: &str, data: &serde_json::Value) -> Option<sse::Event> {
    sse::Event::default().event(name).json_data(data).ok()
}
