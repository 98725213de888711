//! Uploads a recording, waits until it is ready, and finds what was said in it:
//!
//! ```sh
//! MEMOREEL_URL=http://127.0.0.1:8080 MEMOREEL_API_KEY=mrl_… \
//!   cargo run -p memoreel-client --example upload_and_search -- talk.mp4 "when did we decide about the budget"
//! ```

use anyhow::{Context, Result};
use memoreel_client::{Client, NewUpload, Progress, Search};
use std::{env, path::Path, time::Duration};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let (file, query) = (arguments.next(), arguments.next());
    let file = file.context("say which file to upload")?;
    let query = query.context("say what to look for in it")?;
    let server = env::var("MEMOREEL_URL").context("MEMOREEL_URL is not set")?;
    let key = env::var("MEMOREEL_API_KEY").context("MEMOREEL_API_KEY is not set")?;
    for line in upload_and_search(&server, &key, Path::new(&file), &query).await? {
        println!("{line}");
    }
    Ok(())
}

/// Lines of seconds, words and links.
pub async fn upload_and_search(server: &str, key: &str, file: &Path, query: &str) -> Result<Vec<String>> {
    let client = Client::new(server.parse()?, key)?;
    let told = |progress| match progress {
        Progress::Sent { sent_bytes, size_bytes } => eprintln!("{sent_bytes} of {size_bytes} bytes"),
        Progress::Interrupted { attempt, .. } => eprintln!("interrupted; going on, attempt {attempt}"),
    };
    let uploaded = client.upload_file(file, &NewUpload::default(), told).await?;
    let video_id = uploaded.video_id.context("this server makes no videos")?;
    let seen = |video: &memoreel_client::Video| {
        eprintln!("{} % {}", video.progress, video.stage.as_deref().unwrap_or_default());
    };
    client.wait_until_ready(video_id, Duration::from_secs(3600), seen).await?;

    let found = client.search(&Search { video_id: Some(video_id), ..Search::of(query) }).await?;
    let line = |hit: &memoreel_client::SearchHit| {
        let second = hit.start_ms.unwrap_or_default() / 1000;
        format!("{second} s: {} {}", hit.text, client.video_link(video_id, Some(second)))
    };
    Ok(found.items.iter().map(line).collect())
}
