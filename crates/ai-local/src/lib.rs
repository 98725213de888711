//! The local engines: speech to text with speakers, and sentence embeddings, on this machine's processors with no
//! account anywhere. They stand behind the traits of `memoreel-ai`; only the server depends on this crate, because
//! it is heavy to build.

mod embed;
mod runtime;
mod speech;

pub use embed::{EmbedderPaths, LocalEmbed};
pub use speech::{LocalSpeech, MoonshinePaths, speech_worker_main};
