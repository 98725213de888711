//! What is searched: made once, kept in a folder.

use super::corpus::{self, Corpus};
use super::population::{ORGANIZATIONS, Population, SHARES};
use super::store::{self, NewVideo};
use super::vector_file::VectorFile;
use super::{K, Options, exact};
use anyhow::{Context, Result};
use memoreel_ai::Embed;
use memoreel_ai_local::LocalEmbed;
use memoreel_parts::Parts;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use std::fs;
use std::time::Instant;
use uuid::Uuid;

const TEXT_CHARACTERS_MAX: usize = 80;
/// Videos written in one go.
const BATCH: usize = 200;

/// The population with its queries and their right answers.
#[derive(Debug, Serialize, Deserialize)]
pub struct Data {
    pub model_id: Uuid,
    pub dimensions: usize,
    /// The organization of each passage.
    organizations: Vec<u16>,
    pub queries: Vec<Query>,
    /// For each of the searched organizations and each query, the right answers.
    pub nearest: Vec<Vec<Vec<usize>>>,
}

/// What is asked for.
#[derive(Debug, Serialize, Deserialize)]
pub struct Query {
    pub vector: Vec<f32>,
}

impl Data {
    /// What lies in the folder, or else what is made now.
    pub async fn load_or_make(
        options: &Options,
        parts: &Parts,
        connection: &mut PgConnection,
    ) -> Result<Self> {
        let path = options.data.join("data.json");
        if let Ok(bytes) = fs::read(&path) {
            return serde_json::from_slice(&bytes).with_context(|| format!("{} is not ours", path.display()));
        }
        let data = Self::make(options, parts, connection).await?;
        fs::write(&path, serde_json::to_vec(&data)?)?;
        Ok(data)
    }

    /// How many passages an organization has.
    pub fn chunk_count(&self, organization: usize) -> usize {
        self.organizations.iter().filter(|number| usize::from(**number) == organization).count()
    }

    async fn make(options: &Options, parts: &Parts, connection: &mut PgConnection) -> Result<Self> {
        let embed = LocalEmbed::from_parts(parts)?;
        let model = embed.model();
        let corpus = Corpus::read(&options.texts)?;
        let passages: Vec<String> = corpus.documents.iter().flatten().cloned().collect();
        let mut embedded = corpus::embed(&embed, &passages).await?.into_iter();
        let documents: Vec<Vec<Vec<f32>>> =
            corpus.documents.iter().map(|texts| embedded.by_ref().take(texts.len()).collect()).collect();
        // Spread over all of them, so that each kind of text is asked about.
        let step = corpus.queries.len().div_ceil(options.queries).max(1);
        let texts: Vec<String> = corpus.queries.iter().step_by(step).cloned().collect();
        let vectors = corpus::embed(&embed, &texts).await?;

        let model_id: Uuid = store::register_model(connection, &model.name, model.dimensions).await?;
        let file = VectorFile::at(options.data.join("vectors.f32"), model.dimensions);
        let population = Population::new(options.chunks);
        let started = Instant::now();
        fill(connection, &population, &corpus.documents, &documents, &file, model_id).await?;
        eprintln!("filled after {:.0} s", started.elapsed().as_secs_f64());
        let mut organizations = Vec::with_capacity(population.chunk_count);
        for video in &population.videos {
            let number = u16::try_from(video.organization)?;
            organizations.extend(std::iter::repeat_n(number, video.chunk_count));
        }
        store::make_plain(connection, model.dimensions).await?;
        eprintln!("the plain schema stands after {:.0} s", started.elapsed().as_secs_f64());
        store::vacuum(connection).await?;
        let nearest = exact::nearest(&file, &organizations, &vectors, K)?;
        eprintln!("ready after {:.0} s", started.elapsed().as_secs_f64());
        debug_assert_eq!(nearest.len(), SHARES.len());
        let queries = vectors.into_iter().map(|vector| Query { vector }).collect();
        Ok(Self { model_id, dimensions: model.dimensions, organizations, queries, nearest })
    }
}

/// Writes the population into the product's tables and its vectors into the file.
async fn fill(
    connection: &mut PgConnection,
    population: &Population,
    texts: &[Vec<String>],
    documents: &[Vec<Vec<f32>>],
    file: &VectorFile,
    model_id: Uuid,
) -> Result<()> {
    store::insert_organizations(connection, ORGANIZATIONS).await?;
    // Made on a thread of its own, because it is computed and not awaited.
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<Vec<NewVideo>>(2);
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let maker = scope.spawn(move || make_videos(population, texts, documents, file, &sender));
            let written = tokio::runtime::Handle::current().block_on(async {
                let mut count = 0;
                while let Some(videos) = receiver.recv().await {
                    store::insert_videos(connection, model_id, &videos).await?;
                    count += videos.iter().map(|new| new.video.chunk_count).sum::<usize>();
                    eprint!("\rfilling {count} of {}", population.chunk_count);
                }
                eprintln!();
                anyhow::Ok(())
            });
            drop(receiver);
            let made = maker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            written.and(made)
        })
    })
}

fn make_videos(
    population: &Population,
    texts: &[Vec<String>],
    documents: &[Vec<Vec<f32>>],
    file: &VectorFile,
    sender: &tokio::sync::mpsc::Sender<Vec<NewVideo>>,
) -> Result<()> {
    let mut writer = file.create()?;
    let mut batch = Vec::with_capacity(BATCH);
    let mut number = 0;
    population.for_each_video(documents, |video, places, vectors| {
        for vector in vectors {
            writer.push(vector)?;
        }
        let text = |(document, passage): &(usize, usize)| -> String {
            texts[*document][*passage].chars().take(TEXT_CHARACTERS_MAX).collect()
        };
        let texts = places.iter().map(text).collect();
        batch.push(NewVideo { number, video: *video, texts, vectors: vectors.to_vec() });
        number += 1;
        if batch.len() == BATCH {
            sender.blocking_send(std::mem::take(&mut batch)).context("the database takes no more")?;
        }
        anyhow::Ok(())
    })?;
    sender.blocking_send(batch).context("the database takes no more")?;
    writer.finish()
}
