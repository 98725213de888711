//! Engines that answer the same every time, without models.

use async_trait::async_trait;
use memoreel_ai::{
    AiError, Embed, EmbedModel, EngineName, Progress, Recognition, RecognizedSegment, Transcribe,
    TranscribeRequest, interpolate_words, normalize,
};
use memoreel_documents::{DocumentLimits, Documents};
use memoreel_images::{ImageLimits, Images};
use memoreel_ocr::{Languages, Ocr, OcrLimits};
use memoreel_office::{Office, OfficeLimits};
use memoreel_parts::Parts;
use memoreel_search::PassageIndex;
use memoreel_server::engines::Engines;
use std::sync::Arc;

/// LibreOffice, as it is installed.
pub fn libre_office() -> Office {
    Office::new("soffice", OfficeLimits::default())
}

/// Who says what, four seconds each.
pub type Lines = Vec<(u32, &'static str)>;

/// Both engines; `lines` is what is heard in every recording.
pub fn engines(lines: Lines, office: Office) -> Engines {
    Engines {
        transcribe: Arc::new(Listener(lines)),
        embed: Arc::new(WordBag),
        generate: None,
        passages: PassageIndex::new(1 << 30),
        images: Images::new(
            vec![env!("CARGO_BIN_EXE_memoreel").into(), "image-worker".into()],
            Parts::locate().unwrap().images().unwrap(),
            ImageLimits::default(),
        ),
        documents: Documents::new(
            vec![env!("CARGO_BIN_EXE_memoreel").into(), "document-worker".into()],
            Parts::locate().unwrap().pdfium().unwrap(),
            DocumentLimits::default(),
        ),
        ocr: Ocr::new("tesseract", OcrLimits::default()),
        ocr_languages: Languages::default(),
        office,
    }
}

/// Hears its script in every file.
struct Listener(Lines);

#[async_trait]
impl Transcribe for Listener {
    async fn transcribe(
        &self,
        request: TranscribeRequest<'_>,
        progress: Progress<'_>,
    ) -> Result<Recognition, AiError> {
        if !request.audio.exists() {
            return Err(AiError::AudioUnreadable { reason: "there is no file".to_owned() });
        }
        progress(0.5);
        let segments = self.0.iter().zip(0_u64..).map(|((speaker, text), index)| {
            let (start_ms, end_ms) = (index * 4_000, index * 4_000 + 3_500);
            RecognizedSegment {
                start_ms,
                end_ms,
                text: (*text).to_owned(),
                confidence: Some(0.9),
                words: interpolate_words(text, start_ms, end_ms),
                speaker: Some(*speaker),
                speaker_uncertain: false,
            }
        });
        Ok(Recognition {
            language: Some("en".to_owned()),
            engine: self.engine(),
            segments: segments.collect(),
            turns: Vec::new(),
        })
    }

    fn engine(&self) -> EngineName {
        EngineName { engine: "script".to_owned(), model: "lines".to_owned() }
    }
}

pub const DIMENSIONS: usize = 384;

/// Each word is a direction chosen by its hash; a text points where its words do.
struct WordBag;

/// What the texts of these words are like.
pub fn vector(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; DIMENSIONS];
    for word in text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        // FNV-1a, whose values do not change between builds as those of the standard library may.
        let hash = word.to_lowercase().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        vector[(hash % DIMENSIONS as u64) as usize] += 1.0;
    }
    if !normalize(&mut vector) {
        vector[0] = 1.0;
    }
    vector
}

#[async_trait]
impl Embed for WordBag {
    fn model(&self) -> EmbedModel {
        EmbedModel { name: "word-bag".to_owned(), dimensions: DIMENSIONS }
    }

    async fn embed_passages(&self, passages: &[String]) -> Result<Vec<Vec<f32>>, AiError> {
        Ok(passages.iter().map(|text| vector(text)).collect())
    }

    async fn embed_query(&self, query: &str) -> Result<Vec<f32>, AiError> {
        Ok(vector(query))
    }
}
