//! Reading of the one sound format that engines take: RIFF WAVE, PCM, 16 bits, 16 kHz, one or two channels.
//! Streams; a file is never held in memory.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::AiError;

/// Samples per second and channel.
pub const SAMPLE_RATE: u32 = 16_000;
/// Chunks before the samples that are looked at before the file is refused.
const CHUNKS_MAX: usize = 64;

/// An open WAV file, placed at a frame (one sample of each channel).
#[derive(Debug)]
pub struct WavFile {
    reader: BufReader<File>,
    channels: u16,
    frames: u64,
    data_offset: u64,
    position: u64,
}

impl WavFile {
    /// Opens a file and checks its format.
    ///
    /// # Errors
    /// `AudioUnreadable` where it cannot be opened or is of another format.
    pub fn open(path: &Path) -> Result<Self, AiError> {
        let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
        let size_bytes = file.metadata().map_err(|error| unreadable(error.to_string()))?.len();
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let mut head = [0; 12];
        read_exact(&mut reader, &mut head)?;
        if &head[..4] != b"RIFF" || &head[8..] != b"WAVE" {
            return Err(unreadable("it is not a WAV file"));
        }
        let mut channels = None;
        let mut offset = 12_u64;
        for _ in 0..CHUNKS_MAX {
            let mut chunk = [0; 8];
            read_exact(&mut reader, &mut chunk)?;
            offset += 8;
            let length = u64::from(u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]));
            match (&chunk[..4], channels) {
                (b"data", Some(channels)) => {
                    // Writers that cannot seek leave 0 or all ones as the length: then the samples go on to the end.
                    let left = size_bytes.saturating_sub(offset);
                    let length = if length == 0 { left } else { length.min(left) };
                    let frames = length / (2 * u64::from(channels));
                    return Ok(Self { reader, channels, frames, data_offset: offset, position: 0 });
                }
                (b"fmt ", None) if (16..=4_096).contains(&length) => {
                    let mut format = vec![0; length as usize];
                    read_exact(&mut reader, &mut format)?;
                    channels = Some(check_format(&format)?);
                }
                _ => {
                    let skip = i64::try_from(length).map_err(|_| unreadable("a chunk is too long"))?;
                    reader.seek_relative(skip).map_err(|error| unreadable(error.to_string()))?;
                }
            }
            offset += length;
            if length % 2 == 1 {
                reader.seek_relative(1).map_err(|error| unreadable(error.to_string()))?;
                offset += 1;
            }
        }
        Err(unreadable("it has no samples"))
    }

    /// Number of channels: 1 or 2.
    #[must_use]
    pub fn channels(&self) -> u16 {
        self.channels
    }

    /// Number of frames in the file.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Length of the file in milliseconds, rounded down.
    #[must_use]
    pub fn duration_ms(&self) -> u64 {
        self.frames.saturating_mul(1_000) / u64::from(SAMPLE_RATE)
    }

    /// Offset in bytes of the first sample.
    #[must_use]
    pub fn data_offset(&self) -> u64 {
        self.data_offset
    }

    /// Goes to a frame; beyond the end means to the end.
    ///
    /// # Errors
    /// `AudioUnreadable`.
    pub fn seek(&mut self, frame: u64) -> Result<(), AiError> {
        self.position = frame.min(self.frames);
        let offset = self.data_offset + self.position * 2 * u64::from(self.channels);
        self.reader.seek(SeekFrom::Start(offset)).map_err(|error| unreadable(error.to_string()))?;
        Ok(())
    }

    /// Reads up to `frames_max` frames, channels interleaved. An empty answer means the end.
    ///
    /// # Errors
    /// `AudioUnreadable`, also where the file is shorter than when it was opened.
    pub fn read(&mut self, frames_max: usize) -> Result<Vec<i16>, AiError> {
        let frames = (self.frames - self.position).min(frames_max as u64);
        let mut bytes = vec![0; frames as usize * 2 * usize::from(self.channels)];
        read_exact(&mut self.reader, &mut bytes)?;
        self.position += frames;
        Ok(bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect())
    }
}

/// The 44 bytes before `data_bytes` bytes of samples.
#[must_use]
pub fn header(channels: u16, data_bytes: u32) -> [u8; 44] {
    let frame_bytes = 2 * channels;
    let mut bytes = [0; 44];
    bytes[..4].copy_from_slice(b"RIFF");
    bytes[4..8].copy_from_slice(&data_bytes.saturating_add(36).to_le_bytes());
    bytes[8..16].copy_from_slice(b"WAVEfmt ");
    bytes[16..20].copy_from_slice(&16_u32.to_le_bytes());
    bytes[20..22].copy_from_slice(&1_u16.to_le_bytes());
    bytes[22..24].copy_from_slice(&channels.to_le_bytes());
    bytes[24..28].copy_from_slice(&SAMPLE_RATE.to_le_bytes());
    bytes[28..32].copy_from_slice(&(SAMPLE_RATE * u32::from(frame_bytes)).to_le_bytes());
    bytes[32..34].copy_from_slice(&frame_bytes.to_le_bytes());
    bytes[34..36].copy_from_slice(&16_u16.to_le_bytes());
    bytes[36..40].copy_from_slice(b"data");
    bytes[40..].copy_from_slice(&data_bytes.to_le_bytes());
    bytes
}

/// The number of channels of a format this crate reads.
fn check_format(format: &[u8]) -> Result<u16, AiError> {
    let word = |at: usize| u16::from_le_bytes([format[at], format[at + 1]]);
    let rate = u32::from_le_bytes([format[4], format[5], format[6], format[7]]);
    // 0xFFFE is "extensible": the real format then stands at the start of the sub-format at byte 24.
    let kind = if word(0) == 0xFFFE && format.len() >= 26 { word(24) } else { word(0) };
    if kind != 1 || word(14) != 16 || rate != SAMPLE_RATE || !(1..=2).contains(&word(2)) {
        return Err(unreadable("it must be 16-bit PCM at 16 kHz with one or two channels"));
    }
    Ok(word(2))
}

fn read_exact(reader: &mut impl Read, bytes: &mut [u8]) -> Result<(), AiError> {
    reader.read_exact(bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => unreadable("it breaks off"),
        _ => unreadable(error.to_string()),
    })
}

fn unreadable(reason: impl Into<String>) -> AiError {
    AiError::AudioUnreadable { reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn sound(channels: u16, data_bytes: u32, samples: &[i16]) -> Vec<u8> {
        let mut bytes = header(channels, data_bytes).to_vec();
        bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        bytes
    }

    #[test]
    fn samples_are_read_in_order_and_from_any_frame() {
        let file = file(&sound(2, 12, &[1, -1, 2, -2, 3, -3]));
        let mut wav = WavFile::open(file.path()).unwrap();
        assert_eq!((wav.channels(), wav.frames(), wav.data_offset()), (2, 3, 44));
        assert_eq!(wav.read(2).unwrap(), [1, -1, 2, -2]);
        assert_eq!(wav.read(9).unwrap(), [3, -3]);
        assert!(wav.read(9).unwrap().is_empty());
        wav.seek(1).unwrap();
        assert_eq!(wav.read(1).unwrap(), [2, -2]);
    }

    #[test]
    fn a_length_that_a_pipe_left_open_means_to_the_end() {
        for open in [0, u32::MAX] {
            let file = file(&sound(1, open, &[5; 100]));
            assert_eq!(WavFile::open(file.path()).unwrap().frames(), 100);
        }
    }

    #[test]
    fn other_chunks_before_the_samples_are_skipped() {
        let plain = sound(1, 4, &[7, 8]);
        let mut bytes = plain[..36].to_vec();
        bytes.extend(b"LIST\x03\0\0\0abc\0");
        bytes.extend(&plain[36..]);
        let file = file(&bytes);
        assert_eq!(WavFile::open(file.path()).unwrap().read(9).unwrap(), [7, 8]);
    }

    #[test]
    fn what_is_not_such_a_file_is_refused_with_a_reason() {
        let mut fast = sound(1, 4, &[1, 2]);
        fast[24..28].copy_from_slice(&44_100_u32.to_le_bytes());
        let mut three = sound(3, 6, &[1, 2, 3]);
        three[22] = 3;
        for bytes in [b"".to_vec(), b"RIFF".to_vec(), b"hello, this is text".to_vec(), fast, three] {
            let file = file(&bytes);
            let error = WavFile::open(file.path()).expect_err("must be refused");
            assert_eq!(error.code(), "audio_unreadable", "{error}");
        }
    }
}
