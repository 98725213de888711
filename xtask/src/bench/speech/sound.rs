//! Some minutes of real speech in one file, as the engines want it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell;

/// Bytes of a second: 16,000 samples of 16 bits.
const SECOND_BYTES: usize = 32_000;
const HEADER_BYTES: u32 = 36;
/// The project's own samples with speech, for a machine without the data.
const SAMPLES: [&str; 4] = ["inaugural-address.mp3", "two-voices.wav", "sonnet.mp3", "video-call.mp4"];

/// Joins recordings to a WAV file of so many seconds, beginning again with the first where they are too short together.
pub fn join(data: Option<&Path>, seconds: usize, target: &Path) -> Result<()> {
    let recordings = match data {
        Some(data) => recordings_of(data)?,
        None => SAMPLES.iter().map(|name| shell::root().join("samples").join(name)).collect(),
    };
    let mut samples = Vec::new();
    while samples.len() < seconds * SECOND_BYTES {
        let before = samples.len();
        for recording in &recordings {
            samples.extend(decode(recording)?);
            if samples.len() >= seconds * SECOND_BYTES {
                break;
            }
        }
        if samples.len() == before {
            bail!("there is no recording to listen to");
        }
    }
    samples.truncate(seconds * SECOND_BYTES);
    let mut file = header(u32::try_from(samples.len())?);
    file.extend(samples);
    fs::write(target, file).with_context(|| format!("cannot write {}", target.display()))
}

/// The English recordings of the manifest for word error rates, each once.
fn recordings_of(data: &Path) -> Result<Vec<PathBuf>> {
    let manifest = data.join("asr/manifest.jsonl");
    let text =
        fs::read_to_string(&manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    let clips = text.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
    let mut texts: Vec<String> = Vec::new();
    let mut recordings = Vec::new();
    for clip in clips {
        let (audio, said) = (clip["audio"].as_str(), clip["text"].as_str().unwrap_or_default());
        let is_english = clip["lang"].as_str().is_some_and(|language| language.starts_with("en"));
        // One recording in several formats has the same text.
        if let Some(audio) = audio
            && is_english
            && !said.is_empty()
            && !texts.iter().any(|known| known == said)
        {
            texts.push(said.to_owned());
            recordings.push(data.join(audio));
        }
    }
    Ok(recordings)
}

fn decode(recording: &Path) -> Result<Vec<u8>> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-i"]).arg(recording).stdin(Stdio::null());
    shell::output(command.args(["-vn", "-ac", "1", "-ar", "16000", "-f", "s16le", "-"]))
}

/// The beginning of a WAV file with one channel of 16-bit samples at 16 kHz.
fn header(data_bytes: u32) -> Vec<u8> {
    let mut header = b"RIFF".to_vec();
    header.extend((data_bytes + HEADER_BYTES).to_le_bytes());
    header.extend(b"WAVEfmt ");
    header.extend(16_u32.to_le_bytes());
    header.extend([1_u16, 1].into_iter().flat_map(u16::to_le_bytes));
    header.extend([16_000_u32, 32_000].into_iter().flat_map(u32::to_le_bytes));
    header.extend([2_u16, 16].into_iter().flat_map(u16::to_le_bytes));
    header.extend(b"data");
    header.extend(data_bytes.to_le_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_english_recording_is_taken_once() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("asr")).unwrap();
        let line = |audio: &str, lang: &str, text: &str| {
            serde_json::json!({"audio": audio, "lang": lang, "text": text}).to_string()
        };
        let lines = [
            line("a.mp3", "en", "hello"),
            line("a.ogg", "en", "hello"),
            line("b.wav", "fr", "oui"),
            line("c.wav", "en", ""),
        ];
        fs::write(folder.path().join("asr/manifest.jsonl"), lines.join("\n")).unwrap();
        assert_eq!(recordings_of(folder.path()).unwrap(), [folder.path().join("a.mp3")]);
    }

    #[test]
    fn the_header_says_how_much_follows() {
        let header = header(64_000);
        assert_eq!((header.len(), &header[..4], &header[36..40]), (44, &b"RIFF"[..], &b"data"[..]));
        assert_eq!(header[40..], 64_000_u32.to_le_bytes());
    }
}
