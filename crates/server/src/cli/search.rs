//! `memoreel search`.

use super::{
    client::{clock, connect},
    credentials::Server,
    print::say,
};
use anyhow::Result;
use clap::{Args, ValueEnum};
use memoreel_client::{Client, SearchHit, SearchKind, SearchMode};

/// Finds what was said, shown and written, by words and by meaning.
#[derive(Debug, Args)]
pub(super) struct Search {
    #[command(flatten)]
    server: Server,
    /// What to look for
    query: String,
    /// How to look
    #[arg(long, value_enum, default_value_t = Mode::Hybrid)]
    mode: Mode,
    /// Where to look; several with commas between
    #[arg(long, value_enum, value_delimiter = ',')]
    kind: Vec<Kind>,
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

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// What is said in videos, or on screen, or how people describe them
    Video,
    /// What is written in documents
    Document,
    /// What is written in images, or how people describe them
    Image,
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
            kinds: self.kind.into_iter().map(Kind::searched).collect(),
            limit: Some(self.limit),
            ..memoreel_client::Search::of(self.query)
        };
        if self.json {
            say!("{}", serde_json::to_string_pretty(&client.search_json(&wanted).await?)?);
            return Ok(());
        }
        let hits = client.search(&wanted).await?.items;
        if hits.is_empty() {
            say!("Nothing was found.");
        } else if hits.iter().all(SearchHit::is_merely_nearest) {
            say!("Nothing has these words or means the same. This comes nearest:\n");
        }
        hits.iter().for_each(|hit| print_hit(&client, hit));
        Ok(())
    }
}

impl Kind {
    fn searched(self) -> SearchKind {
        match self {
            Self::Video => SearchKind::Video,
            Self::Document => SearchKind::Document,
            Self::Image => SearchKind::Image,
        }
    }
}

fn print_hit(client: &Client, hit: &SearchHit) {
    let text = if hit.text.is_empty() { "(found by what it looks like)" } else { hit.text.as_str() };
    let mark = if hit.is_merely_nearest() { "  (merely the nearest)" } else { "" };
    if let Some(document) = &hit.document {
        say!("page {}  {}{mark}", document.page_number, document.title);
        say!("    {text}");
        say!("    {}", client.file_link(document.asset_id));
        return;
    }
    if let Some(image) = &hit.image {
        say!("image  {}{mark}", image.filename);
        say!("    {text}");
        say!("    {}", client.file_link(image.asset_id));
        return;
    }
    let place = hit.start_ms.map_or_else(|| "description".to_owned(), clock);
    say!("{place}  {}{mark}", hit.video_title.as_deref().unwrap_or_default());
    say!("    {text}");
    if let Some(id) = hit.video_id {
        say!("    {}", client.video_link(id, hit.start_ms.map(|start_ms| start_ms / 1000)));
    }
}
