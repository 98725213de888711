//! One ffmpeg command that makes what the product makes of a recording, without looking into it first, checking anything,
//! or keeping anything safe.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::cpu;
use crate::api::client::Client;
use crate::shell;

/// Highest video bit rates of the ladder, in bits per second, by the shorter side of the picture.
const RATES: [(u32, u32); 4] = [(360, 800_000), (480, 1_400_000), (720, 2_800_000), (1080, 5_000_000)];
const STORYBOARD_COLUMNS: u32 = 10;
const STORYBOARD_WIDTH: u32 = 160;

/// How long the command ran.
pub struct Taken {
    pub wall: Duration,
    pub cpu: Duration,
}

/// What the product made of the recording.
pub struct Renditions {
    /// Width and height of each encoded size, the largest first.
    sizes: Vec<(u32, u32)>,
    /// Whether the recording itself was packaged without encoding.
    has_source: bool,
    duration_seconds: u32,
}

impl Renditions {
    /// From the video's master playlist.
    pub fn of(client: &Client, video_id: &str) -> Result<Self> {
        let video = client.video(video_id)?;
        let address = video["playback"]["hls_url"].as_str().context("the video has no playlist")?;
        let playlist = client.text(address)?;
        let mut sizes = Vec::new();
        let mut size = None;
        let mut has_source = false;
        for line in playlist.lines() {
            if let Some((_, rest)) = line.split_once("RESOLUTION=") {
                let (width, height) =
                    rest.split(',').next().and_then(|size| size.split_once('x')).context("a size")?;
                size = Some((width.parse()?, height.parse()?));
            } else if line.contains("media.m3u8") {
                let size = size.take();
                if line.contains("source/") { has_source = true } else { sizes.extend(size) }
            }
        }
        sizes.sort_by_key(|(width, height): &(u32, u32)| std::cmp::Reverse(width * height));
        let duration_ms = video["duration_ms"].as_u64().context("the video has no length")?;
        Ok(Self { sizes, has_source, duration_seconds: u32::try_from(duration_ms.div_ceil(1000))? })
    }

    /// For people.
    pub fn names(&self) -> Vec<String> {
        let source = self.has_source.then(|| "source".to_owned());
        source
            .into_iter()
            .chain(self.sizes.iter().map(|(width, height)| format!("{width}x{height}")))
            .collect()
    }
}

/// A recording of the length in a form that browsers play: `source` again and again.
pub fn join(source: &Path, seconds: u32, target: &Path) -> Result<()> {
    shell::run(
        shell::command("ffmpeg")
            .args(["-nostdin", "-loglevel", "error", "-y", "-stream_loop", "-1", "-i"])
            .arg(source)
            .args(["-t", &seconds.to_string(), "-c:v", "libx264", "-preset", "veryfast", "-crf", "18"])
            .args(["-pix_fmt", "yuv420p", "-g", "60", "-c:a", "aac", "-ar", "48000", "-ac", "2"])
            .args(["-movflags", "+faststart"])
            .arg(target),
    )
    .context("the recording cannot be joined")
}

/// Makes the renditions in one command, into a folder that is created and removed.
pub fn make(recording: &Path, renditions: &Renditions, folder: &Path) -> Result<Taken> {
    let names: Vec<String> = renditions.names();
    for name in &names {
        fs::create_dir_all(folder.join(name))?;
    }
    let mut command = shell::command("ffmpeg");
    command.current_dir(folder).args(["-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-i"]);
    command.arg(fs::canonicalize(recording)?);
    command.args(["-filter_complex", &graph(renditions)]);
    if renditions.has_source {
        command.args(["-map", "0:v:0", "-c:v", "copy", "-map", "0:a:0", "-c:a", "copy"]).args(hls("source"));
    }
    for (number, size) in renditions.sizes.iter().enumerate() {
        let rate = rate(*size);
        command
            .args(["-map", &format!("[rung{number}]"), "-map", "0:a:0", "-c:a", "aac", "-b:a", "128k"])
            .args([
                "-ac",
                "2",
                "-ar",
                "48000",
                "-c:v",
                "libx264",
                "-preset",
                "veryfast",
                "-profile:v",
                "high",
            ])
            .args(["-crf", "22", "-maxrate", &rate.to_string(), "-bufsize", &(rate * 3 / 2).to_string()])
            .args(["-sc_threshold", "0", "-g", "100000", "-force_key_frames", "expr:gte(t,n_forced*2)"])
            .args(hls(&format!("{}x{}", size.0, size.1)));
    }
    command.args(["-map", "[poster]", "-frames:v", "1", "-q:v", "3", "poster.jpg"]);
    command.args(["-map", "[small]", "-frames:v", "1", "-q:v", "3", "poster-small.jpg"]);
    command.args(["-map", "[tiles]", "-q:v", "5", "-fps_mode", "passthrough", "sprite-%03d.jpg"]);
    command.args(["-map", "0:a:0", "-ac", "2", "-ar", "16000", "-c:a", "pcm_s16le", "speech.wav"]);
    // What a waveform is drawn from.
    command.args(["-map", "0:a:0", "-ac", "1", "-ar", "8000", "-f", "s16le", "-y", "/dev/null"]);
    let (begun, cpu_before) = (Instant::now(), cpu::of(std::process::id())?);
    shell::run(&mut command).context("the bare command failed")?;
    let taken = Taken { wall: begun.elapsed(), cpu: cpu::of(std::process::id())?.saturating_sub(cpu_before) };
    if !folder.join("speech.wav").is_file() || !folder.join("sprite-001.jpg").is_file() {
        bail!("the bare command did not make everything");
    }
    fs::remove_dir_all(folder)?;
    Ok(taken)
}

/// Decodes once and splits: each smaller size is made from the largest.
fn graph(renditions: &Renditions) -> String {
    let interval = [1, 2, 5, 10, 15, 20, 30, 60]
        .into_iter()
        .find(|interval| renditions.duration_seconds / interval <= 300);
    let interval = interval.unwrap_or(300);
    let rows = renditions.duration_seconds.div_ceil(interval).div_ceil(STORYBOARD_COLUMNS).clamp(1, 10);
    let mut graph = format!(
        "[0:v:0]split=4[forposter][forsmall][fortiles][forladder];\
         [forposter]trim=start=1:end=2,scale=1280:-2[poster];[forsmall]trim=start=1:end=2,scale=480:-2[small];\
         [fortiles]fps=1/{interval},scale={STORYBOARD_WIDTH}:-2,tile={STORYBOARD_COLUMNS}x{rows}[tiles]"
    );
    if renditions.sizes.is_empty() {
        return graph.replace("split=4", "split=3").replace("[forladder]", "");
    }
    graph.push_str(&format!(
        ";[forladder]scale={}:{},split={}",
        renditions.sizes[0].0,
        renditions.sizes[0].1,
        renditions.sizes.len()
    ));
    for number in 0..renditions.sizes.len() {
        graph.push_str(&format!("[of{number}]"));
    }
    for (number, (width, height)) in renditions.sizes.iter().enumerate() {
        graph.push_str(&format!(";[of{number}]scale={width}:{height}[rung{number}]"));
    }
    graph
}

fn rate((width, height): (u32, u32)) -> u32 {
    let side = width.min(height);
    RATES.iter().rev().find(|(step, _)| side >= *step).unwrap_or(&RATES[0]).1
}

fn hls(name: &str) -> Vec<String> {
    let mut arguments: Vec<String> =
        ["-f", "hls", "-hls_time", "6", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4"]
            .map(str::to_owned)
            .to_vec();
    arguments.extend(["-hls_segment_filename".to_owned(), format!("{name}/segment-%05d.m4s")]);
    arguments.push(format!("{name}/media.m3u8"));
    arguments
}
