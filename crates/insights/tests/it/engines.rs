//! Engines that answer from a script.

use async_trait::async_trait;
use memoreel_ai::{
    AiError, Embed, EmbedModel, EngineName, Generate, GenerateRequest, Progress, Recognition,
    RecognizedSegment, Transcribe, TranscribeRequest, interpolate_words, normalize,
};
use serde_json::Value;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Hears what it was told to hear.
pub struct Listener(pub Result<Vec<(u32, &'static str)>, AiError>);

#[async_trait]
impl Transcribe for Listener {
    async fn transcribe(
        &self,
        request: TranscribeRequest<'_>,
        progress: Progress<'_>,
    ) -> Result<Recognition, AiError> {
        assert!(request.audio.exists() && request.identify_speakers);
        progress(0.5);
        let lines = self.0.clone()?;
        let segments = lines.into_iter().enumerate().map(|(index, (speaker, text))| {
            let start_ms = index as u64 * 4_000;
            RecognizedSegment {
                start_ms,
                end_ms: start_ms + 3_500,
                text: text.to_owned(),
                confidence: None,
                words: interpolate_words(text, start_ms, start_ms + 3_500),
                speaker: Some(speaker),
                speaker_uncertain: false,
            }
        });
        Ok(Recognition {
            language: Some("en".into()),
            engine: self.engine(),
            segments: segments.collect(),
            turns: Vec::new(),
        })
    }

    fn engine(&self) -> EngineName {
        EngineName { engine: "listener".into(), model: "script".into() }
    }
}

/// Words as directions; words of one group point the same way.
pub struct Directions;

const GROUPS: [&str; 3] =
    ["money budget costs expensive", "hire recruit engineers staff", "holiday vacation beach"];
const DIMENSIONS: usize = 64;

fn vector(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; DIMENSIONS];
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 3) {
        let word = word.to_lowercase();
        let group = GROUPS.iter().position(|group| group.split(' ').any(|member| member == word));
        let place = group.unwrap_or_else(|| {
            let mut hasher = DefaultHasher::new();
            word.hash(&mut hasher);
            GROUPS.len() + (hasher.finish() % (DIMENSIONS - GROUPS.len()) as u64) as usize
        });
        vector[place] += if group.is_some() { 3.0 } else { 1.0 };
    }
    if !normalize(&mut vector) {
        vector[DIMENSIONS - 1] = 1.0;
    }
    vector
}

#[async_trait]
impl Embed for Directions {
    fn model(&self) -> EmbedModel {
        EmbedModel { name: "directions".into(), dimensions: DIMENSIONS }
    }

    async fn embed_passages(&self, passages: &[String]) -> Result<Vec<Vec<f32>>, AiError> {
        Ok(passages.iter().map(|text| vector(text)).collect())
    }

    async fn embed_query(&self, query: &str) -> Result<Vec<f32>, AiError> {
        Ok(vector(query))
    }
}

/// Always gives the same answer.
pub struct Writer(pub Result<Value, AiError>);

#[async_trait]
impl Generate for Writer {
    fn engine(&self) -> EngineName {
        EngineName { engine: "writer".into(), model: "script".into() }
    }

    async fn generate(&self, _: GenerateRequest) -> Result<Value, AiError> {
        self.0.clone()
    }
}
