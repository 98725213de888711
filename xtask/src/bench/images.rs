//! `bench images`: photographs made smaller, beside `vipsthumbnail` and sharp on the same photographs, sizes and qualities.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use super::{median, side::Side};
use crate::server_process::BUILD;
use crate::setup;
use crate::shell::{self, has_program, say};

const FORMATS: [(&str, u8); 3] = [("jpeg", 80), ("webp", 80), ("avif", 55)];
const WIDTHS: [u32; 2] = [400, 1200];
/// Photographs of some megapixels, as people upload them.
const PHOTOGRAPHS: [&str; 3] = [
    "broken/moviepy/vacation_2017.jpg",
    "broken/immich_photos/albums/text/book-beside-flowers.jpg",
    "broken/immich_photos/albums/text/handwritten-notes.jpg",
];

#[derive(Args)]
pub struct Options {
    /// Print the result as JSON to standard output; everything else goes to standard error
    #[arg(long)]
    json: bool,
    /// How often each side makes everything, taking turns
    #[arg(long, default_value = "3", value_name = "N")]
    rounds: NonZeroUsize,
    /// Where the photographs are
    #[arg(long, value_name = "DIR", default_value = "../shared/data")]
    data: PathBuf,
}

#[derive(Serialize)]
struct Report {
    /// Seconds of the faster of the others, divided by ours: the least over the formats.
    ratio: f64,
    formats: BTreeMap<&'static str, Format>,
    images: usize,
    parallel: usize,
    sharp: String,
    vipsthumbnail: String,
    build: &'static str,
}

#[derive(Serialize)]
struct Format {
    seconds: f64,
    vipsthumbnail_seconds: f64,
    sharp_seconds: f64,
    /// Structural similarity to what sharp makes without loss, and bytes of all images together.
    quality: BTreeMap<&'static str, (f64, u64)>,
}

pub fn run(options: &Options) -> Result<()> {
    if !has_program("vipsthumbnail") {
        bail!("install with: apt-get install libvips-tools");
    }
    setup::fetch_parts()?;
    let benches = super::build_debug_benches()?;
    let node = setup::install_node_packages("bench-images", "xtask/src/bench/images", "sharp")?;
    let folder = tempfile::tempdir()?;
    let parallel = std::thread::available_parallelism().map_or(2, usize::from);
    let jobs = jobs(&shell::root().join(&options.data), parallel)?;
    let file = folder.path().join("jobs.json");
    fs::write(&file, serde_json::to_vec(&jobs)?)?;
    let folders = ["ours", "vipsthumbnail", "sharp"].map(|name| folder.path().join(name));
    for folder in &folders {
        fs::create_dir(folder)?;
    }
    let [own, plain, theirs] = &folders;
    let (mut ours, _) = Side::start(Command::new(benches).arg("images").arg(&file).arg(own))?;
    let script = node.join("sharp.mjs");
    let measured = [script.as_os_str(), "measure".as_ref(), file.as_os_str(), theirs.as_os_str()];
    let (mut sharp, version) = Side::start(Command::new("node").args(measured))?;

    let mut seconds: BTreeMap<&'static str, [Vec<f64>; 3]> = BTreeMap::new();
    for number in 0..options.rounds.get() {
        say(format!("round {} of {}", number + 1, options.rounds));
        for (format, _) in FORMATS {
            let taken = seconds.entry(format).or_default();
            // Taking turns at going first, so that none always finds a warmer machine.
            for turn in 0..3 {
                let side = (turn + number) % 3;
                taken[side].push(match side {
                    0 => seconds_of(&mut ours, format)?,
                    1 => vipsthumbnail(&jobs, format, plain, parallel)?,
                    _ => seconds_of(&mut sharp, format)?,
                });
            }
        }
    }
    say("comparing what was made");
    let mut quality = shell::command("node");
    quality.arg(&script).arg("quality").arg(&file).args(&folders);
    let quality: Value = serde_json::from_slice(&shell::output(&mut quality)?)?;
    let vips = String::from_utf8(shell::output(shell::command("vipsthumbnail").arg("--vips-version"))?)?;
    let report = Report::new(&seconds, &quality, &folders, &jobs, &version, vips.trim())?;
    shell::print_report(&report, options.json)
}

fn jobs(data: &Path, parallel: usize) -> Result<Value> {
    let mut jobs = Vec::new();
    for photograph in PHOTOGRAPHS {
        let photo =
            data.join(photograph).canonicalize().with_context(|| format!("there is no {photograph}"))?;
        let stem = photo.file_stem().and_then(|stem| stem.to_str()).context("a photograph without a name")?;
        for width in WIDTHS {
            for (format, quality) in FORMATS {
                let name = format!("{stem}-{width}.{format}").replace(".jpeg", ".jpg");
                jobs.push(json!({ "photo": photo, "width": width, "format": format, "quality": quality, "name": name }));
            }
        }
    }
    Ok(json!({ "jobs": jobs, "parallel": parallel }))
}

/// One process for each image, as imgproxy's kind would have it without keeping the library loaded; as many at once as there are cores,
/// each with one thread.
fn vipsthumbnail(jobs: &Value, format: &str, folder: &Path, parallel: usize) -> Result<f64> {
    let jobs: Vec<&Value> =
        jobs["jobs"].as_array().into_iter().flatten().filter(|job| job["format"] == format).collect();
    let waiting = std::sync::Mutex::new(jobs);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let work = || -> Result<()> {
            loop {
                let next = waiting.lock().map_or(None, |mut waiting| waiting.pop());
                let Some(job) = next else { return Ok(()) };
                let text = |key: &str| job[key].as_str().unwrap_or_default().to_owned();
                let target = folder.join(text("name"));
                let output = format!("{}[Q={},strip]", target.display(), job["quality"]);
                let mut thumbnail = shell::command("vipsthumbnail");
                thumbnail.env("VIPS_CONCURRENCY", "1").arg(text("photo"));
                thumbnail.args([
                    "--size",
                    &format!("{}x>", job["width"]),
                    "--eprofile",
                    "srgb",
                    "-o",
                    &output,
                ]);
                shell::run(&mut thumbnail)?;
            }
        };
        let workers: Vec<_> = (0..parallel).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| bail!("a thread panicked")))
    })?;
    Ok(begun.elapsed().as_secs_f64())
}

impl Report {
    fn new(
        seconds: &BTreeMap<&'static str, [Vec<f64>; 3]>,
        quality: &Value,
        folders: &[PathBuf; 3],
        jobs: &Value,
        version: &Value,
        vips: &str,
    ) -> Result<Self> {
        let mut formats = BTreeMap::new();
        for (format, [own, plain, theirs]) in seconds {
            let mut found = BTreeMap::new();
            for (name, folder) in ["ours", "vipsthumbnail", "sharp"].into_iter().zip(folders) {
                let figures = &quality[folder.to_str().context("a folder whose name is no text")?][*format];
                let ssim = figures["ssim"].as_f64().context("no similarity was measured")?;
                found.insert(name, (ssim, figures["bytes"].as_u64().unwrap_or(0)));
            }
            let of = |values: &Vec<f64>| median(values.iter().copied());
            formats.insert(
                *format,
                Format {
                    seconds: of(own),
                    vipsthumbnail_seconds: of(plain),
                    sharp_seconds: of(theirs),
                    quality: found,
                },
            );
        }
        let ratio = |one: &Format| one.vipsthumbnail_seconds.min(one.sharp_seconds) / one.seconds;
        Ok(Self {
            ratio: formats.values().map(ratio).fold(f64::INFINITY, f64::min),
            formats,
            images: jobs["jobs"].as_array().map_or(0, Vec::len),
            parallel: usize::try_from(jobs["parallel"].as_u64().unwrap_or(0))?,
            sharp: version["version"].as_str().unwrap_or_default().to_owned(),
            vipsthumbnail: vips.to_owned(),
            build: BUILD,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ratio, images, parallel, .. } = self;
        writeln!(
            f,
            "{images} images, {parallel} at once; the faster of the others takes {ratio:.2} times as long at the least"
        )?;
        writeln!(
            f,
            "{:8} {:>24} {:>30} {:>30}",
            "",
            "ours",
            format!("vipsthumbnail ({})", self.vipsthumbnail),
            format!("sharp {}", self.sharp)
        )?;
        for (name, format) in &self.formats {
            write!(f, "{name:8}")?;
            for (side, seconds, width) in [
                ("ours", format.seconds, 24),
                ("vipsthumbnail", format.vipsthumbnail_seconds, 30),
                ("sharp", format.sharp_seconds, 30),
            ] {
                let (ssim, bytes) = format.quality.get(side).copied().unwrap_or_default();
                let cell = format!("{seconds:.2} s  {ssim:.4}  {} kB", bytes / 1000);
                write!(f, " {cell:>width$}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// How long one side takes to make all images of a format.
fn seconds_of(side: &mut Side, format: &str) -> Result<f64> {
    side.round(format)?["seconds"].as_f64().context("a side told no time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_of_the_faster_of_the_others_and_of_the_worst_format() {
        let folders = ["a", "b", "c"].map(PathBuf::from);
        let figures = json!({ "jpeg": { "ssim": 0.9, "bytes": 10 }, "webp": { "ssim": 0.8, "bytes": 5 } });
        let quality = json!({ "a": figures, "b": figures, "c": figures });
        let seconds = BTreeMap::from([
            ("jpeg", [vec![1.0, 2.0, 9.0], vec![4.0; 3], vec![3.0; 3]]),
            ("webp", [vec![2.0; 3], vec![2.0; 3], vec![8.0; 3]]),
        ]);
        let jobs = json!({ "jobs": [1, 2], "parallel": 2 });
        let report =
            Report::new(&seconds, &quality, &folders, &jobs, &json!({ "version": "1" }), "8").unwrap();
        assert!((report.ratio - 1.0).abs() < 1e-9, "{}", report.ratio);
        assert!((report.formats["jpeg"].seconds - 2.0).abs() < 1e-9);
    }
}
