//! `memoreel search`.

use super::{
    client::{clock, connect},
    credentials::Server,
};
use anyhow::Result;
use clap::{Args, ValueEnum};
use memoreel_client::{Client, SearchHit, SearchMode};

/// Finds what was said, by words and by meaning.
#[derive(Debug, Args)]
pub(super) struct Search {
    #[command(flatten)]
    server: Server,
    /// What to look for
    query: String,
    /// How to look
    #[arg(long, value_enum, default_value_t = Mode::Hybrid)]
    mode: Mode,
    /// How many hits
    #[arg(long, default_value_t = 5)]
    limit: u32,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mode {
    /// By words and by meaning
    Hybrid,
    /// By words
    Keyword,
    /// By meaning
    Semantic,
}

impl Search {
    pub(super) async fn run(self) -> Result<()> {
        let client = connect(&self.server)?;
        let wanted = memoreel_client::Search {
            mode: match self.mode {
                Mode::Hybrid => SearchMode::Hybrid,
                Mode::Keyword => SearchMode::Keyword,
                Mode::Semantic => SearchMode::Semantic,
            },
            limit: Some(self.limit),
            ..memoreel_client::Search::of(self.query)
        };
        if self.json {
            println!("{}", serde_json::to_string_pretty(&client.search_json(&wanted).await?)?);
            return Ok(());
        }
        let hits = client.search(&wanted).await?.items;
        if hits.is_empty() {
            println!("Nothing was found.");
        }
        hits.iter().for_each(|hit| print_hit(&client, hit));
        Ok(())
    }
}

fn print_hit(client: &Client, hit: &SearchHit) {
    if let Some(document) = &hit.document {
        println!("page {}  {}", document.page_number, document.title);
        println!("    {}", hit.text);
        println!("    {}", client.file_link(document.asset_id));
        return;
    }
    let start_ms = hit.start_ms.unwrap_or_default();
    println!("{}  {}", clock(start_ms), hit.video_title.as_deref().unwrap_or_default());
    println!("    {}", hit.text);
    if let Some(id) = hit.video_id {
        println!("    {}", client.video_link(id, Some(start_ms / 1000)));
    }
}
