//! A steady mix of what people do: they upload, play, look at pictures in sizes that were never asked for, and delete. Whatever
//! is answered with anything but what was asked for is kept as a failure.

use crate::client::{Client, metadata};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinHandle;

pub type Sum = [u8; 32];

pub fn sum(bytes: &[u8]) -> Sum {
    Sha256::digest(bytes).into()
}

/// A picture of so many pixels a side, like no other of another seed.
pub fn picture(side: u32, seed: u64) -> Vec<u8> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut pixels = Vec::new();
    for _ in 0..side {
        pixels.push(0);
        pixels.extend((0..side).map(|_| random.random::<u8>()));
    }
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], data: &[u8]| {
        png.extend((data.len() as u32).to_be_bytes());
        png.extend(kind);
        png.extend(data);
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(data);
        png.extend(crc.sum().to_be_bytes());
    };
    let mut header = [side.to_be_bytes(), side.to_be_bytes()].concat();
    header.extend([8, 0, 0, 0, 0]);
    chunk(b"IHDR", &header);
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &pixels).unwrap();
    chunk(b"IDAT", &packed.finish().unwrap());
    chunk(b"IEND", b"");
    png
}

#[derive(Debug, Default)]
pub struct Tally {
    /// What should be there, by its asset.
    pub kept: Mutex<BTreeMap<String, Sum>>,
    pub failures: Mutex<Vec<String>>,
    pub uploads: AtomicU64,
    pub plays: AtomicU64,
    pub renditions: AtomicU64,
    pub deletions: AtomicU64,
    is_over: AtomicBool,
}

/// People at work, until they are told to stop.
pub struct Load {
    pub tally: Arc<Tally>,
    working: Vec<JoinHandle<()>>,
}

/// Somebody at the API and what they saw go wrong.
#[derive(Clone)]
pub struct Somebody {
    pub client: Client,
    pub public_url: String,
    pub tally: Arc<Tally>,
}

impl Somebody {
    fn fails(&self, what: String) {
        self.tally.failures.lock().unwrap().push(what);
    }

    /// What an address of this server gives, if that is a success.
    async fn fetch(&self, what: &str, url: &str, range: Option<(u64, u64)>) -> Option<Vec<u8>> {
        let path = url.strip_prefix(&self.public_url).unwrap_or(url);
        let mut request = self.client.request("GET", path);
        if let Some((first, last)) = range {
            request = request.header("range", format!("bytes={first}-{last}"));
        }
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => {
                self.fails(format!("{what}: {error}"));
                return None;
            }
        };
        let (status, expected) = (answer.status().as_u16(), if range.is_some() { 206 } else { 200 });
        match answer.bytes().await {
            Ok(bytes) if status == expected => Some(bytes.to_vec()),
            Ok(bytes) => {
                self.fails(format!("{what} {path}: {status} {}", String::from_utf8_lossy(&bytes)));
                None
            }
            Err(error) => {
                self.fails(format!("{what} {path}: {error}"));
                None
            }
        }
    }

    async fn json(&self, what: &str, path: &str) -> Option<Value> {
        let bytes = self.fetch(what, &format!("/api/v1{path}"), None).await?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Uploads a picture and waits until it is ready; its id and sum.
    pub async fn upload(&self, seed: u64) -> Option<(String, Sum)> {
        let bytes = picture(96, seed);
        let expected = sum(&bytes);
        let request = self
            .client
            .tus("POST", "/uploads")
            .header("upload-length", bytes.len())
            .header("upload-metadata", metadata(&[("filename", "noise.png"), ("kind", "image")]))
            .header("content-type", "application/offset+octet-stream")
            .body(bytes);
        let answer = match request.send().await {
            Ok(answer) if answer.status() == 201 => answer,
            other => {
                self.fails(format!("upload: {other:?}"));
                return None;
            }
        };
        let id = answer.headers()["memoreel-asset-id"].to_str().unwrap().to_owned();
        for _ in 0..600 {
            let asset = self.json("asset", &format!("/assets/{id}")).await?;
            match asset["status"].as_str() {
                Some("pending") => tokio::time::sleep(Duration::from_millis(50)).await,
                Some("ready") => {
                    self.tally.uploads.fetch_add(1, Ordering::Relaxed);
                    return Some((id, expected));
                }
                _ => {
                    self.fails(format!("upload {id}: {asset:#}"));
                    return None;
                }
            }
        }
        self.fails(format!("upload {id} is not ready in time"));
        None
    }

    /// Whether the asset's file is what it was.
    pub async fn has(&self, id: &str, expected: &Sum) -> bool {
        let Some(asset) = self.json("asset", &format!("/assets/{id}")).await else { return false };
        let Some(url) = asset["file_url"].as_str() else {
            self.fails(format!("{id} has no file: {asset:#}"));
            return false;
        };
        match self.fetch("file", url, None).await {
            Some(bytes) if sum(&bytes) == *expected => true,
            Some(bytes) => {
                self.fails(format!("{id} has other content, of {} bytes", bytes.len()));
                false
            }
            None => false,
        }
    }

    /// A picture in a size that nobody asked for before.
    async fn rendition(&self, id: &str, width: u64) {
        let path = format!("/assets/{id}/image-addresses?options=w={width},format=png");
        let Some(addresses) = self.json("addresses", &path).await else { return };
        let Some(url) = addresses["src"].as_str() else {
            return self.fails(format!("{id} has no address: {addresses:#}"));
        };
        if self.fetch("rendition", url, None).await.is_some() {
            self.tally.renditions.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn delete(&self, id: &str) {
        let path = format!("/assets/{id}?permanently=true");
        match self.client.request("DELETE", &path).send().await {
            Ok(answer) if answer.status() == 204 => {
                self.tally.deletions.fetch_add(1, Ordering::Relaxed);
            }
            other => self.fails(format!("delete {id}: {other:?}")),
        }
    }

    /// Plays a recording: playlists, every segment, and a range of the original, all as before.
    pub async fn play(&self, recording: &Recording, random: &mut StdRng) {
        for (url, expected) in &recording.files {
            if let Some(bytes) = self.fetch("play", url, None).await
                && sum(&bytes) != *expected
            {
                self.fails(format!("{url} has other content"));
            }
        }
        let length = recording.original.len() as u64;
        let first = random.random_range(0..length - 1);
        let last = random.random_range(first..length);
        if let Some(bytes) = self.fetch("range", &recording.original_url, Some((first, last))).await
            && bytes != recording.original[first as usize..=last as usize]
        {
            self.fails(format!("bytes {first} to {last} of the original are others"));
        }
        self.tally.plays.fetch_add(1, Ordering::Relaxed);
    }
}

/// A recording with everything that its player asks for.
pub struct Recording {
    pub original: Vec<u8>,
    original_url: String,
    files: Vec<(String, Sum)>,
}

impl Recording {
    /// Of a video that is completed.
    pub async fn of(somebody: &Somebody, video: &Value, original: Vec<u8>) -> Self {
        let text = |name: &str| video["playback"][name].as_str().unwrap().to_owned();
        let beside = |url: &str, name: &str| format!("{}/{name}", url.rsplit_once('/').unwrap().0);
        let mut urls = vec![text("hls_url")];
        let mut files = Vec::new();
        while let Some(url) = urls.pop() {
            let bytes = somebody.fetch("play", &url, None).await.expect("it can be played before");
            if url.ends_with(".m3u8") {
                let playlist = String::from_utf8(bytes.clone()).unwrap();
                for line in playlist.lines() {
                    if let Some((_, rest)) = line.split_once("URI=\"") {
                        urls.push(beside(&url, rest.split('"').next().unwrap()));
                    } else if !line.is_empty() && !line.starts_with('#') {
                        urls.push(beside(&url, line));
                    }
                }
            }
            files.push((url, sum(&bytes)));
        }
        assert!(files.iter().any(|(url, _)| !url.ends_with(".m3u8")), "there are segments: {files:?}");
        Self { original, original_url: text("download_url"), files }
    }

    /// The addresses of all of it.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|(url, _)| url.as_str()).chain([self.original_url.as_str()])
    }
}

impl Load {
    /// Two who upload and delete, one who looks at pictures, and one who plays.
    pub fn start(somebody: &Somebody, recording: Arc<Recording>, first_seed: u64) -> Self {
        let mut load = Self::start_without_player(somebody, first_seed);
        let player = somebody.clone();
        load.working.push(tokio::spawn(async move {
            let mut random = StdRng::seed_from_u64(first_seed);
            while !player.tally.is_over.load(Ordering::Relaxed) {
                player.play(&recording, &mut random).await;
            }
        }));
        load
    }

    /// The same without somebody who plays.
    pub fn start_without_player(somebody: &Somebody, first_seed: u64) -> Self {
        let tally = Arc::clone(&somebody.tally);
        let mut working = Vec::new();
        for who in 0..2 {
            let somebody = somebody.clone();
            working.push(tokio::spawn(async move {
                let mut seed = first_seed + who * 100_000;
                while !somebody.tally.is_over.load(Ordering::Relaxed) {
                    seed += 1;
                    let Some((id, expected)) = somebody.upload(seed).await else { continue };
                    somebody.has(&id, &expected).await;
                    if seed.is_multiple_of(3) {
                        somebody.delete(&id).await;
                    } else {
                        somebody.tally.kept.lock().unwrap().insert(id, expected);
                    }
                }
            }));
        }
        let viewer = somebody.clone();
        working.push(tokio::spawn(async move {
            let mut width = 0;
            while !viewer.tally.is_over.load(Ordering::Relaxed) {
                let kept: Vec<(String, Sum)> =
                    viewer.tally.kept.lock().unwrap().iter().map(|(id, sum)| (id.clone(), *sum)).collect();
                for (id, expected) in kept.iter().rev().take(5) {
                    width = width % 90 + 1;
                    viewer.has(id, expected).await;
                    viewer.rendition(id, width).await;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }));
        Self { tally, working }
    }

    /// Everybody ends what they are at.
    pub async fn stop(self) {
        self.tally.is_over.store(true, Ordering::Relaxed);
        for working in self.working {
            working.await.unwrap();
        }
        self.tally.is_over.store(false, Ordering::Relaxed);
    }
}
