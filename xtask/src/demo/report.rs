//! What the demo says at the end, to people and to programs.

use std::fmt;

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;

use super::ingest::Ingested;
use crate::api::account::Account;
use crate::api::client::Client;
use crate::memory::Memory;
use crate::server_process::ServerProcess;

/// Characters of a transcript that give an impression of it.
const EXCERPT_LENGTH: usize = 200;

#[derive(Serialize)]
pub struct Report {
    pub url: String,
    pub email: String,
    pub password: String,
    pub cold_start_seconds: f64,
    pub memory: Memory,
    pub videos: Vec<VideoReport>,
    pub searches: Vec<SearchReport>,
}

#[derive(Serialize)]
pub struct VideoReport {
    pub file: String,
    pub id: String,
    pub url: String,
    pub was_there: bool,
    pub duration_seconds: Option<f64>,
    pub playable_after_seconds: Option<f64>,
    pub completed_after_seconds: Option<f64>,
    pub speakers: Vec<String>,
    pub excerpt: String,
    pub summary: String,
}

#[derive(Serialize)]
pub struct SearchReport {
    pub query: String,
    pub purpose: String,
    pub took_ms: Option<u64>,
    pub hits: Vec<HitReport>,
}

#[derive(Serialize)]
pub struct HitReport {
    pub title: String,
    pub start_seconds: f64,
    pub matched_by: Vec<String>,
    pub text: String,
    pub url: String,
}

impl Report {
    pub fn new(
        server: &ServerProcess,
        account: &Account,
        client: &Client,
        videos: Vec<Ingested>,
        searches: Vec<Value>,
        memory: Memory,
    ) -> Result<Self> {
        Ok(Self {
            url: server.url.clone(),
            email: account.email.clone(),
            password: account.password.clone(),
            cold_start_seconds: server.cold_start.as_secs_f64(),
            memory,
            videos: videos.iter().map(|video| VideoReport::new(client, video)).collect::<Result<_>>()?,
            searches: searches.iter().map(|search| SearchReport::new(&server.url, search)).collect(),
        })
    }
}

impl VideoReport {
    fn new(client: &Client, ingested: &Ingested) -> Result<Self> {
        let video = &ingested.video;
        let id = text(video, "id");
        let transcript = client.transcript(&id)?;
        let said = joined(&transcript["segments"]);
        let from_server = seconds(&video["playback"]["playable_after_ms"]);
        Ok(Self {
            file: ingested.file.clone(),
            url: format!("{}/videos/{id}", client.url),
            was_there: ingested.was_there,
            duration_seconds: seconds(&video["duration_ms"]),
            playable_after_seconds: from_server.or(ingested.playable_after.map(|time| time.as_secs_f64())),
            completed_after_seconds: ingested.completed_after.map(|time| time.as_secs_f64()),
            speakers: speakers(&transcript["speakers"]),
            excerpt: shortened(&said),
            summary: joined(&client.summary(&id)?["sentences"]),
            id,
        })
    }
}

impl SearchReport {
    fn new(url: &str, found: &Value) -> Self {
        let hits = found["items"].as_array().into_iter().flatten();
        Self {
            query: text(found, "query"),
            purpose: text(found, "purpose"),
            took_ms: found["took_ms"].as_u64(),
            hits: hits.map(|hit| HitReport::new(url, hit)).collect(),
        }
    }
}

impl HitReport {
    fn new(url: &str, hit: &Value) -> Self {
        let start_seconds = seconds(&hit["start_ms"]).unwrap_or_default();
        let matched_by = hit["matched_by"].as_array().into_iter().flatten();
        Self {
            title: text(hit, "video_title"),
            start_seconds,
            matched_by: matched_by.filter_map(|word| Some(word.as_str()?.to_owned())).collect(),
            text: shortened(&text(hit, "text")),
            url: format!("{url}/videos/{}?t={}", text(hit, "video_id"), start_seconds.floor()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        for video in &self.videos {
            write!(output, "\n{video}")?;
        }
        for search in &self.searches {
            write!(output, "\n{search}")?;
        }
        let mebibytes = |bytes: u64| bytes / (1024 * 1024);
        let memory = &self.memory;
        writeln!(output, "\nReady after      {:.1} s", self.cold_start_seconds)?;
        writeln!(
            output,
            "Memory           server {} MiB (peak {}); with database and helpers {} MiB (peak {})",
            mebibytes(memory.server_bytes),
            mebibytes(memory.server_peak_bytes),
            mebibytes(memory.all_bytes),
            mebibytes(memory.all_peak_bytes),
        )?;
        writeln!(output, "Sign in          {} with {} / {}\n", self.url, self.email, self.password)
    }
}

impl fmt::Display for VideoReport {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: Option<f64>| value.map_or("-".to_owned(), |seconds| format!("{seconds:.1} s"));
        let was_there = if self.was_there { ", ingested before" } else { "" };
        writeln!(output, "{}  {}", self.file, self.url)?;
        writeln!(
            output,
            "  length {}, playable after {}, complete after {}{was_there}",
            shown(self.duration_seconds),
            shown(self.playable_after_seconds),
            shown(self.completed_after_seconds),
        )?;
        writeln!(output, "  speakers: {}", or_none(&self.speakers.join(", ")))?;
        writeln!(output, "  said:     {}", or_none(&self.excerpt))?;
        writeln!(output, "  summary:  {}", or_none(&self.summary))
    }
}

impl fmt::Display for SearchReport {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        let took = self.took_ms.map_or(String::new(), |took| format!(", {took} ms"));
        writeln!(output, "Search \"{}\" ({}{took})", self.query, self.purpose)?;
        if self.hits.is_empty() {
            writeln!(output, "  nothing found")?;
        }
        for hit in &self.hits {
            let matched_by = match hit.matched_by.as_slice() {
                [] => "nearest of the others".to_owned(),
                reasons => format!("by {}", reasons.join(" and ")),
            };
            writeln!(output, "  {:>5.0} s  {} ({matched_by}): {}", hit.start_seconds, hit.title, hit.text)?;
            writeln!(output, "           {}", hit.url)?;
        }
        Ok(())
    }
}

fn speakers(list: &Value) -> Vec<String> {
    let named = |speaker: &Value| speaker["name"].as_str().or(speaker["label"].as_str()).map(str::to_owned);
    list.as_array().into_iter().flatten().filter_map(named).collect()
}

/// The texts of a list of objects, as running text.
fn joined(list: &Value) -> String {
    let texts = list.as_array().into_iter().flatten().filter_map(|item| item["text"].as_str());
    texts.map(str::trim).collect::<Vec<_>>().join(" ")
}

/// On one line.
fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut characters = line.chars();
    let start: String = characters.by_ref().take(EXCERPT_LENGTH).collect();
    if characters.next().is_none() { start } else { format!("{}…", start.trim_end()) }
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or_default().to_owned()
}

/// Seconds from a number of milliseconds.
fn seconds(milliseconds: &Value) -> Option<f64> {
    milliseconds.as_f64().map(|milliseconds| milliseconds / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_hit_links_to_the_whole_second_it_begins_in() {
        let hit = json!({"video_id": "v", "video_title": "T", "start_ms": 12_900, "matched_by": ["words", "meaning"], "text": "x"});
        let report = HitReport::new("http://h", &hit);
        assert_eq!(report.url, "http://h/videos/v?t=12");
        assert_eq!(report.matched_by, ["words", "meaning"]);
    }

    #[test]
    fn an_excerpt_is_cut_between_characters() {
        assert_eq!(shortened("two\nlines"), "two lines");
        let cut = shortened(&"é".repeat(EXCERPT_LENGTH + 1));
        assert_eq!(cut.chars().count(), EXCERPT_LENGTH + 1);
        assert!(cut.ends_with('…'));
    }
}
