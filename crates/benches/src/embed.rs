//! The local embedder, as the index task and a search use it.
//!
//! After loading it prints a line that says where the graph and the tokenizer are; then for every line on standard input
//! it does one round and prints another. So `xtask` can take turns between this process and another.

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::Args;
use memoreel_ai::{Embed as _, PASSAGES_PER_CALL};
use memoreel_ai_local::LocalEmbed;
use memoreel_parts::Parts;
use serde_json::{Value, json};

/// Queries of one round.
const QUERIES: usize = 100;
/// Words of a query.
const QUERY_WORDS: usize = 8;

#[derive(Args)]
pub struct Options {
    /// A JSON array of texts
    texts: PathBuf,
}

#[tokio::main]
pub async fn run(options: Options) -> Result<()> {
    let texts = std::fs::read(&options.texts).with_context(|| options.texts.display().to_string())?;
    let texts: Vec<String> = serde_json::from_slice(&texts)?;
    let part = Parts::locate()?.embedder()?;
    let tokenizer = part.tokenizer_json.clone();
    let embed = LocalEmbed::new(part.into());
    round(&embed, &texts).await?;
    say(&json!({ "graph": embed.graph()?, "tokenizer": tokenizer }))?;
    for line in std::io::stdin().lock().lines() {
        line?;
        say(&round(&embed, &texts).await?)?;
    }
    Ok(())
}

/// Embeds all texts, and then queries one by one.
async fn round(embed: &LocalEmbed, texts: &[String]) -> Result<Value> {
    let begun = Instant::now();
    for batch in texts.chunks(PASSAGES_PER_CALL) {
        embed.embed_passages(batch).await?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let mut query_ms = Vec::with_capacity(QUERIES);
    for text in texts.iter().cycle().take(QUERIES) {
        let query: Vec<&str> = text.split_whitespace().take(QUERY_WORDS).collect();
        let begun = Instant::now();
        embed.embed_query(&query.join(" ")).await?;
        query_ms.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(json!({ "seconds": seconds, "query_ms": query_ms }))
}

fn say(value: &Value) -> Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{value}")?;
    Ok(output.flush()?)
}
