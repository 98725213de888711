//! What the product asks of speech, embedding and language models: four object-safe traits, the shapes they
//! speak in, and providers for the OpenAI-compatible HTTP protocol.
//!
//! The local engines live in `memoreel-ai-local`, because they are heavy to build; callers hold
//! `Arc<dyn Transcribe>` and its siblings and do not know which one they got. This crate knows nothing of
//! organizations, videos or the database.

pub mod embed;
pub mod error;
pub mod generate;
pub mod http;
pub mod schema;
pub mod speakers;
pub mod speech;
pub mod wav;
pub mod words;

pub use embed::{Embed, EmbedModel, PASSAGES_PER_CALL, PICTURES_PER_CALL, Picture, embed_all, normalize};
pub use error::AiError;
pub use generate::{Generate, GenerateRequest};
pub use http::{HttpEmbed, HttpGenerate, HttpTranscribe, ProviderSettings, Secret};
pub use speakers::{assign_speakers, number_speakers_by_first_appearance};
pub use speech::{
    Diarize, DiarizeRequest, EngineName, Progress, Recognition, RecognizedSegment, RecognizedWord,
    SpeakerTurn, Transcribe, TranscribeRequest,
};
pub use words::interpolate_words;
