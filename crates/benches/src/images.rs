//! Images made by the product's own workers, a round for every line of input.

use anyhow::{Context, Result};
use memoreel_images::{ImageLimits, Images, OutputFormat, Transform, geometry::Size};
use memoreel_parts::Parts;
use serde::Deserialize;
use serde_json::json;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

#[derive(clap::Args)]
pub struct Options {
    /// What to make, as JSON
    jobs: PathBuf,
    /// Where to put it
    folder: PathBuf,
}

#[derive(Deserialize)]
struct Jobs {
    jobs: Vec<Job>,
    parallel: usize,
}

#[derive(Clone, Deserialize)]
struct Job {
    photo: PathBuf,
    width: u32,
    format: String,
    quality: u8,
    name: String,
}

pub async fn run(options: Options) -> Result<()> {
    let Jobs { jobs, parallel } = serde_json::from_slice(&std::fs::read(&options.jobs)?)?;
    let command = vec![std::env::current_exe()?.into(), "image-worker".into()];
    let limits = ImageLimits { workers: parallel, ..ImageLimits::default() };
    let images = Images::new(command, Parts::locate()?.images()?, limits);
    // As after the upload.
    for job in &jobs {
        size_of(&images, &job.photo, &std::fs::read(&job.photo)?).await?;
    }
    println!("{}", json!({ "ready": true }));
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let waiting: Vec<Job> = jobs.iter().filter(|job| job.format == line.trim()).rev().cloned().collect();
        let waiting = Arc::new(Mutex::new(waiting));
        let begun = Instant::now();
        let mut work = tokio::task::JoinSet::new();
        for _ in 0..parallel {
            let (images, waiting, folder) = (images.clone(), Arc::clone(&waiting), options.folder.clone());
            work.spawn(async move {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
                    let Some(job) = next else { return anyhow::Ok(()) };
                    make(&images, &job, &folder).await?;
                }
            });
        }
        while let Some(ended) = work.join_next().await {
            ended??;
        }
        println!("{}", json!({ "seconds": begun.elapsed().as_secs_f64() }));
    }
    Ok(())
}

/// As a request does it that comes for the first time: the size is known since the upload.
async fn make(images: &Images, job: &Job, folder: &Path) -> Result<()> {
    let bytes = tokio::fs::read(&job.photo).await?;
    let size = size_of(images, &job.photo, &bytes).await?;
    let transform: Transform = format!("w={},format={},q={}", job.width, job.format, job.quality).parse()?;
    let format = match job.format.as_str() {
        "jpeg" => OutputFormat::Jpeg,
        "webp" => OutputFormat::Webp,
        _ => OutputFormat::Avif,
    };
    let made = images.make(&bytes, size, &transform, format).await?;
    tokio::fs::write(folder.join(&job.name), made.bytes).await.context("cannot write an image")
}

async fn size_of(images: &Images, photo: &Path, bytes: &[u8]) -> Result<Size> {
    static KNOWN: Mutex<Vec<(PathBuf, Size)>> = Mutex::new(Vec::new());
    let known =
        |sizes: &Vec<(PathBuf, Size)>| sizes.iter().find(|(path, _)| path == photo).map(|(_, size)| *size);
    if let Some(size) = known(&KNOWN.lock().unwrap_or_else(PoisonError::into_inner)) {
        return Ok(size);
    }
    let size = images.describe(bytes).await?.size;
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).push((photo.to_owned(), size));
    Ok(size)
}
