//! `memoreel search`.

use super::{
    client::{Client, clock},
    credentials::Server,
};
use anyhow::Result;
use clap::Args;
use serde_json::Value;

/// Finds what was said, by words and by meaning.
#[derive(Debug, Args)]
pub(super) struct Search {
    #[command(flatten)]
    server: Server,
    /// What to look for
    query: String,
    /// How to look: hybrid, keyword or semantic
    #[arg(long, default_value = "hybrid")]
    mode: String,
    /// How many hits
    #[arg(long, default_value_t = 5)]
    limit: u32,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

impl Search {
    pub(super) async fn run(self) -> Result<()> {
        let client = Client::new(&self.server)?;
        let query = [("q", self.query), ("mode", self.mode), ("limit", self.limit.to_string())];
        let found: Value = client.get("/api/v1/search", &query).await?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&found)?);
            return Ok(());
        }
        let hits = found["items"].as_array().cloned().unwrap_or_default();
        if hits.is_empty() {
            println!("Nothing was found.");
        }
        for hit in hits {
            if let Some(document) = hit["document"].as_object() {
                let page = document["page_number"].as_i64().unwrap_or_default();
                println!("page {page}  {}", document["title"].as_str().unwrap_or_default());
                println!("    {}", hit["text"].as_str().unwrap_or_default());
                continue;
            }
            let start_ms = hit["start_ms"].as_i64().unwrap_or_default();
            let id = hit["video_id"].as_str().unwrap_or_default();
            println!("{}  {}", clock(start_ms), hit["video_title"].as_str().unwrap_or_default());
            println!("    {}", hit["text"].as_str().unwrap_or_default());
            println!("    {}", client.url(&format!("/videos/{id}?t={}", start_ms / 1000))?);
        }
        Ok(())
    }
}
