//! Recordings made on the spot, and plain reading of results.

#![expect(clippy::unwrap_used, reason = "where a helper fails, its test has failed")]

use std::path::{Path, PathBuf};
use std::process::Command;

use memoreel_media::{Control, Ffmpeg, Limits, Probe};
use serde_json::Value;

pub struct Bench {
    pub ffmpeg: Ffmpeg,
    pub control: Control,
    folder: tempfile::TempDir,
}

impl Bench {
    pub async fn new() -> Self {
        Self::limited(Limits::default()).await
    }

    pub async fn limited(limits: Limits) -> Self {
        let ffmpeg = Ffmpeg::locate(limits).await.expect("ffmpeg is installed");
        Self { ffmpeg, control: Control::default(), folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A fresh, empty output folder.
    pub fn out(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir(&path).unwrap();
        path
    }

    /// Makes a recording with ffmpeg's own sources; `arguments` are separated by blanks.
    pub fn make(&self, name: &str, arguments: &str) -> PathBuf {
        let path = self.path(name);
        let done = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-y"])
            .args(arguments.split_whitespace())
            .arg(&path)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        path
    }

    /// A copy of an MP4 file that says: turn the picture clockwise by 90 degrees. That is the matrix at byte 40 of
    /// the track header, as phones write it.
    pub fn turned(&self, name: &str, flat: &Path) -> PathBuf {
        let mut bytes = std::fs::read(flat).unwrap();
        let matrix = bytes.windows(4).position(|window| window == b"tkhd").unwrap() + 4 + 40;
        let turn: [u32; 9] = [0, 0x1_0000, 0, 0xFFFF_0000, 0, 0, 0, 0, 0x4000_0000];
        for (number, value) in turn.into_iter().enumerate() {
            bytes[matrix + 4 * number..][..4].copy_from_slice(&value.to_be_bytes());
        }
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub async fn probe(&self, path: &Path) -> Probe {
        self.ffmpeg.probe(path, &self.control).await.expect("readable")
    }
}

pub fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name)
}

/// Everything ffprobe says of a file or playlist.
pub fn streams(path: &Path) -> Vec<Value> {
    let answer = Command::new("ffprobe")
        .args(["-v", "error", "-of", "json", "-show_streams"])
        .arg(path)
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&answer.stdout).unwrap();
    answer["streams"].as_array().cloned().unwrap_or_default()
}

pub fn stream(path: &Path, kind: &str) -> Value {
    streams(path).into_iter().find(|stream| stream["codec_type"] == kind).unwrap_or(Value::Null)
}

/// Presentation times, in seconds, of a stream's packets (`v` or `a`) that carry `flag`.
pub fn packet_times(path: &Path, kind: &str, flag: &str) -> Vec<f64> {
    let answer = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", kind, "-show_entries", "packet=pts_time,flags"])
        .args(["-of", "csv=p=0"])
        .arg(path)
        .output()
        .unwrap();
    let mut times: Vec<f64> = String::from_utf8(answer.stdout)
        .unwrap()
        .lines()
        .filter(|line| line.contains(flag))
        .filter_map(|line| line.split(',').next()?.parse().ok())
        .collect();
    times.sort_by(f64::total_cmp);
    times
}

/// The first picture, `size` by `size` pixels of RGB.
pub fn first_picture(path: &Path, size: usize) -> Vec<[u8; 3]> {
    let answer = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(path)
        .args(["-frames:v", "1", "-vf", &format!("scale={size}:{size}:flags=area"), "-pix_fmt", "rgb24"])
        .args(["-f", "rawvideo", "pipe:1"])
        .output()
        .unwrap();
    answer.stdout.as_chunks::<3>().0.to_vec()
}

/// Names in a folder, below it too, in order.
pub fn files(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for entry in std::fs::read_dir(inside).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                names.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    names.sort();
    names
}

pub fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

/// Loudness as ffmpeg's own meter shows it, in LUFS.
pub fn loudness(path: &Path) -> f64 {
    let answer = Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-nostats", "-i"])
        .arg(path)
        .args(["-af", "ebur128", "-f", "null", "-"])
        .output()
        .unwrap();
    let report = String::from_utf8(answer.stderr).unwrap();
    let summary = report.rsplit("Summary:").next().unwrap();
    let told =
        summary.lines().find_map(|line| line.trim().strip_prefix("I:")).unwrap_or_else(|| panic!("{report}"));
    told.trim().trim_end_matches("LUFS").trim().parse().unwrap()
}
