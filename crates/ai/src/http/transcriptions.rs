//! `POST /audio/transcriptions` with `verbose_json`. Files over the provider's upload limit are cut where it is
//! quietest; every piece is streamed from disk.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, RequestBuilder};
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::{Connection, ProviderSettings, Retry};
use crate::wav::{self, SAMPLE_RATE, WavFile};
use crate::{
    AiError, EngineName, Progress, Recognition, RecognizedSegment, RecognizedWord, Transcribe,
    TranscribeRequest, interpolate_words,
};

/// The usual limit is 25 MiB with the form around the file.
const PIECE_BYTES_MAX: u64 = 24 << 20;
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// A piece is cut somewhere in its last so many seconds.
const CUT_WINDOW_SECONDS: u64 = 20;
/// Whisper's own rule for lines that nobody said (openai/whisper, `decode_with_fallback`).
const NO_SPEECH_SHARE: f32 = 0.6;
const NO_SPEECH_LOGPROB: f32 = -1.0;

/// Speech to text at a provider. Voices are not told apart by this protocol: `speaker` stays empty.
#[derive(Debug)]
pub struct HttpTranscribe {
    connection: Connection,
    piece_bytes_max: u64,
}

/// A range of frames that is sent in one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    start: u64,
    end: u64,
}

#[derive(Deserialize)]
struct Answer {
    language: Option<String>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    segments: Vec<Segment>,
    #[serde(default)]
    words: Vec<Word>,
}

#[derive(Deserialize)]
struct Segment {
    start: f64,
    end: f64,
    text: String,
    avg_logprob: Option<f32>,
    no_speech_prob: Option<f32>,
}

#[derive(Deserialize)]
struct Word {
    word: String,
    start: f64,
    end: f64,
}

impl HttpTranscribe {
    /// A provider's speech model.
    ///
    /// # Errors
    /// `EngineMissing` where the settings cannot work.
    pub fn new(settings: ProviderSettings) -> Result<Self, AiError> {
        Ok(Self { connection: Connection::new(settings)?, piece_bytes_max: PIECE_BYTES_MAX })
    }

    /// Sets the largest upload in bytes, where a provider takes more or less than 24 MiB.
    #[must_use]
    pub fn with_piece_bytes_max(mut self, piece_bytes_max: u64) -> Self {
        self.piece_bytes_max = piece_bytes_max.clamp(1 << 20, 1 << 30);
        self
    }

    async fn transcribe_piece(
        &self,
        audio: &Path,
        format: (u16, u64),
        piece: Piece,
        language: Option<&str>,
    ) -> Result<Answer, AiError> {
        let mut retry = Retry::default();
        loop {
            let request = self.upload(audio, format, piece, language).await?;
            match self.connection.send_once(request, ANSWER_BYTES_MAX).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => retry.wait(failure).await?,
            }
        }
    }

    /// The request that carries one piece, read from disk as it is sent.
    async fn upload(
        &self,
        audio: &Path,
        (channels, data_offset): (u16, u64),
        piece: Piece,
        language: Option<&str>,
    ) -> Result<RequestBuilder, AiError> {
        let frame_bytes = 2 * u64::from(channels);
        let length = (piece.end - piece.start) * frame_bytes;
        let mut file = tokio::fs::File::open(audio).await.map_err(unreadable)?;
        let offset = data_offset + piece.start * frame_bytes;
        file.seek(std::io::SeekFrom::Start(offset)).await.map_err(unreadable)?;
        let header = wav::header(channels, u32::try_from(length).unwrap_or(u32::MAX));
        let header = futures::stream::iter([Ok(Bytes::copy_from_slice(&header))]);
        let body = Body::wrap_stream(header.chain(ReaderStream::with_capacity(file.take(length), 1 << 16)));
        let part = Part::stream_with_length(body, length + 44)
            .file_name("audio.wav")
            .mime_str("audio/wav")
            .map_err(|error| AiError::AudioUnreadable { reason: error.to_string() })?;
        let mut form = Form::new()
            .text("model", self.connection.model().to_owned())
            .text("response_format", "verbose_json")
            .text("temperature", "0")
            .text("timestamp_granularities[]", "segment")
            .text("timestamp_granularities[]", "word");
        if let Some(language) = language {
            form = form.text("language", language.to_owned());
        }
        Ok(self.connection.post("audio/transcriptions").multipart(form.part("file", part)))
    }
}

#[async_trait]
impl Transcribe for HttpTranscribe {
    async fn transcribe(
        &self,
        request: TranscribeRequest<'_>,
        progress: Progress<'_>,
    ) -> Result<Recognition, AiError> {
        let audio = request.audio.to_owned();
        let piece_bytes_max = self.piece_bytes_max;
        let (format, pieces) = tokio::task::spawn_blocking(move || plan(audio, piece_bytes_max))
            .await
            .map_err(|error| AiError::EngineCrashed { detail: error.to_string() })??;
        let mut recognition = Recognition {
            language: request.language.map(str::to_owned),
            engine: self.engine(),
            segments: Vec::new(),
            turns: Vec::new(),
        };
        progress(0.0);
        for (index, piece) in pieces.iter().enumerate() {
            let answer = tokio::select! {
                answer = self.transcribe_piece(request.audio, format, *piece, request.language) => answer?,
                () = request.cancel.cancelled() => return Err(AiError::Cancelled),
            };
            let segments = segments_of(&answer, *piece);
            if recognition.language.is_none() && !segments.is_empty() {
                recognition.language = answer.language.as_deref().and_then(language_code);
            }
            recognition.segments.extend(segments);
            progress((index + 1) as f32 / pieces.len() as f32);
        }
        recognition.segments.sort_by_key(|segment| segment.start_ms);
        Ok(recognition)
    }

    fn engine(&self) -> EngineName {
        EngineName { engine: "openai-compatible".into(), model: self.connection.model().to_owned() }
    }
}

fn unreadable(error: std::io::Error) -> AiError {
    AiError::AudioUnreadable { reason: error.to_string() }
}

/// Format and pieces of a file: each piece small enough, cut at the quietest place of its last seconds.
fn plan(audio: PathBuf, piece_bytes_max: u64) -> Result<((u16, u64), Vec<Piece>), AiError> {
    let mut wav = WavFile::open(&audio)?;
    let frames_max = piece_bytes_max / (2 * u64::from(wav.channels()));
    let mut pieces = Vec::new();
    let mut start = 0;
    while wav.frames() - start > frames_max {
        let window = (CUT_WINDOW_SECONDS * u64::from(SAMPLE_RATE)).min(frames_max / 2);
        let end = quietest(&mut wav, start + frames_max - window, window)?;
        pieces.push(Piece { start, end });
        start = end;
    }
    if wav.frames() > start {
        pieces.push(Piece { start, end: wav.frames() });
    }
    Ok(((wav.channels(), wav.data_offset()), pieces))
}

/// The middle of the quietest 100 ms in `frames` frames from `start`.
fn quietest(wav: &mut WavFile, start: u64, frames: u64) -> Result<u64, AiError> {
    let step = SAMPLE_RATE as usize / 10;
    wav.seek(start)?;
    let mut best = (f64::INFINITY, start + frames / 2);
    let mut at = start;
    while at + step as u64 <= start + frames {
        let samples = wav.read(step)?;
        let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        if energy < best.0 {
            best = (energy, at + step as u64 / 2);
        }
        at += step as u64;
    }
    Ok(best.1)
}

fn segments_of(answer: &Answer, piece: Piece) -> Vec<RecognizedSegment> {
    let offset_ms = piece.start * 1_000 / u64::from(SAMPLE_RATE);
    let end_of_piece_ms = piece.end * 1_000 / u64::from(SAMPLE_RATE);
    let ms = |seconds: f64| (offset_ms + (seconds.max(0.0) * 1_000.0).round() as u64).min(end_of_piece_ms);
    // Servers without `verbose_json` answer with text alone: one line over the whole piece.
    let whole = Segment {
        start: 0.0,
        end: f64::from(u32::MAX),
        text: answer.text.clone(),
        avg_logprob: None,
        no_speech_prob: None,
    };
    let lines: Vec<&Segment> = match answer.segments.is_empty() {
        true => vec![&whole],
        false => answer.segments.iter().collect(),
    };
    let mut words = answer.words.iter().peekable();
    let mut segments = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        // A word belongs to the line that has its middle; the last line takes what is left.
        let mut own = Vec::new();
        while let Some(word) = words.next_if(|word| {
            index + 1 == lines.len() || (word.start + word.end) / 2.0 < lines[index + 1].start
        }) {
            let (start_ms, end_ms) = (ms(word.start), ms(word.end));
            let text = word.word.trim();
            if !text.is_empty() {
                let end_ms = end_ms.max(start_ms);
                own.push(RecognizedWord { text: text.into(), start_ms, end_ms, interpolated: false });
            }
        }
        let text = line.text.trim();
        let silent = line.no_speech_prob.is_some_and(|share| share > NO_SPEECH_SHARE)
            && line.avg_logprob.is_some_and(|logprob| logprob < NO_SPEECH_LOGPROB);
        if text.is_empty() || silent {
            continue;
        }
        let start_ms = ms(line.start);
        let end_ms = ms(line.end).max(start_ms);
        let words = if own.is_empty() { interpolate_words(text, start_ms, end_ms) } else { own };
        segments.push(RecognizedSegment {
            start_ms,
            end_ms,
            text: text.into(),
            confidence: line.avg_logprob.map(|logprob| logprob.exp().clamp(0.0, 1.0)),
            words,
            speaker: None,
            speaker_uncertain: false,
        });
    }
    segments
}

/// ISO 639-1 code of a language that a provider gives as a code or, as Whisper does, by its English name.
fn language_code(language: &str) -> Option<String> {
    const NAMES: [(&str, &str); 40] = [
        ("arabic", "ar"),
        ("bengali", "bn"),
        ("bulgarian", "bg"),
        ("catalan", "ca"),
        ("chinese", "zh"),
        ("croatian", "hr"),
        ("czech", "cs"),
        ("danish", "da"),
        ("dutch", "nl"),
        ("english", "en"),
        ("estonian", "et"),
        ("finnish", "fi"),
        ("french", "fr"),
        ("german", "de"),
        ("greek", "el"),
        ("hebrew", "he"),
        ("hindi", "hi"),
        ("hungarian", "hu"),
        ("indonesian", "id"),
        ("italian", "it"),
        ("japanese", "ja"),
        ("korean", "ko"),
        ("latvian", "lv"),
        ("lithuanian", "lt"),
        ("malay", "ms"),
        ("norwegian", "no"),
        ("persian", "fa"),
        ("polish", "pl"),
        ("portuguese", "pt"),
        ("romanian", "ro"),
        ("russian", "ru"),
        ("serbian", "sr"),
        ("slovak", "sk"),
        ("slovenian", "sl"),
        ("spanish", "es"),
        ("swedish", "sv"),
        ("thai", "th"),
        ("turkish", "tr"),
        ("ukrainian", "uk"),
        ("vietnamese", "vi"),
    ];
    let language = language.trim().to_lowercase();
    if language.len() == 2 && language.chars().all(|letter| letter.is_ascii_lowercase()) {
        return Some(language);
    }
    NAMES.iter().find(|(name, _)| *name == language).map(|(_, code)| (*code).to_owned())
}
