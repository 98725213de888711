//! `fuzz`: our own parsers against bytes that nobody thought of, found by coverage (libFuzzer).

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::setup;
use crate::shell::{self, say};

const CARGO_FUZZ: &str = "0.13.2";
/// More than a parser may use of memory is a finding.
const MEMORY_MIB: u32 = 2048;
/// And so is an input that takes longer.
const SECONDS_PER_INPUT: u32 = 10;
/// Files to begin with, of targets that take files as they are.
const SEEDS: [(&str, &str); 2] = [("captions", "captions"), ("image_header", "broken")];
/// Targets that begin with a fragmented MP4 of picture and sound, which chance would not come upon.
const OF_FRAGMENTS: [&str; 2] = ["media_segments", "tracks"];

#[derive(Args)]
pub struct Options {
    /// Which targets of `fuzz/fuzz_targets`; all of them if none is named
    targets: Vec<String>,
    /// How long each of them runs
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u32,
    /// Where files to begin with are
    #[arg(long, value_name = "DIR", default_value = "../shared/data")]
    data: PathBuf,
}

pub fn run(options: &Options) -> Result<()> {
    let folder = shell::root().join("fuzz");
    let known = targets(&folder)?;
    if let Some(unknown) = options.targets.iter().find(|name| !known.contains(name)) {
        bail!("there is no target `{unknown}`; there are {}", known.join(", "));
    }
    setup::install_program("cargo-fuzz", CARGO_FUZZ, &[])?;
    let chosen = if options.targets.is_empty() { &known } else { &options.targets };
    let mut failed = Vec::new();
    for target in chosen {
        say(format!("{target}: {} s", options.seconds));
        let corpus = folder.join("corpus").join(target);
        std::fs::create_dir_all(&corpus).with_context(|| format!("cannot create {}", corpus.display()))?;
        if OF_FRAGMENTS.contains(&target.as_str()) {
            write_fragments(&corpus.join("fragments.mp4"))?;
        }
        let mut fuzz = shell::cargo();
        // Our code is safe; without a sanitizer many more inputs are tried, and any compiler will do.
        fuzz.current_dir(&folder).args(["fuzz", "run", "--features", "fuzzing", "--sanitizer", "none"]);
        fuzz.arg(target).arg(&corpus);
        // Optimising across crates takes minutes for each target and finds nothing more.
        fuzz.env("CARGO_PROFILE_RELEASE_LTO", "off");
        let seeds = SEEDS.iter().find(|(name, _)| name == target);
        fuzz.args(
            seeds
                .map(|(_, below)| shell::root().join(&options.data).join(below))
                .filter(|path| path.is_dir()),
        );
        fuzz.arg("--").arg(format!("-max_total_time={}", options.seconds));
        // Words of a form, which chance would not come upon either.
        let words = folder.join("dictionaries").join(target).with_extension("txt");
        if words.is_file() {
            fuzz.arg(format!("-dict={}", words.display()));
        }
        fuzz.arg(format!("-rss_limit_mb={MEMORY_MIB}")).arg(format!("-timeout={SECONDS_PER_INPUT}"));
        if shell::run(&mut fuzz).is_err() {
            failed.push(target.as_str());
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    bail!("what broke {} lies in fuzz/artifacts", failed.join(", "))
}

/// A moment of a small picture and a tone, a header and a segment.
fn write_fragments(path: &Path) -> Result<()> {
    let mut ffmpeg = shell::command("ffmpeg");
    ffmpeg.args(["-nostdin", "-loglevel", "error", "-y"]);
    ffmpeg.args([
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=32x32:r=10:d=0.5",
        "-f",
        "lavfi",
        "-i",
        "sine=d=0.5:r=8000",
    ]);
    ffmpeg.args([
        "-c:v",
        "libx264",
        "-c:a",
        "aac",
        "-movflags",
        "+frag_keyframe+empty_moov+default_base_moof",
    ]);
    shell::run(ffmpeg.arg(path))
}

fn targets(folder: &Path) -> Result<Vec<String>> {
    let files = std::fs::read_dir(folder.join("fuzz_targets")).context("cannot read fuzz/fuzz_targets")?;
    let mut names = files
        .filter_map(|file| Some(file.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect::<Vec<String>>();
    names.sort_unstable();
    Ok(names)
}
