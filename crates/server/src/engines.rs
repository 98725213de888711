//! Which engines listen, embed and write: the configured servers, or the local ones.

use crate::config::Providers;
use anyhow::Result;
use memoreel_ai::{
    Embed, Generate, HttpEmbed, HttpGenerate, HttpTranscribe, ProviderSettings, Secret, Transcribe,
};
use memoreel_ai_local::{LocalEmbed, LocalSpeech};
use memoreel_parts::Parts;
use memoreel_search::PassageIndex;
use std::{ffi::OsString, sync::Arc};
use url::Url;

/// The engines of a process.
#[derive(Clone)]
pub struct Engines {
    /// Listens.
    pub transcribe: Arc<dyn Transcribe>,
    /// Turns text into vectors.
    pub embed: Arc<dyn Embed>,
    /// Writes summaries, if a language model is configured.
    pub generate: Option<Arc<dyn Generate>>,
    /// Chooses what is near in meaning.
    pub passages: PassageIndex,
}

impl std::fmt::Debug for Engines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engines")
            .field("transcribe", &self.transcribe.engine())
            .field("embed", &self.embed.model())
            .field("generate", &self.generate.as_ref().map(|engine| engine.engine()))
            .finish()
    }
}

impl Engines {
    /// The engines `providers` asks for. Local ones unpack their parts here and load their models at first use.
    ///
    /// # Errors
    /// When a local part is missing, with the command that fetches it.
    pub fn new(providers: &Providers) -> Result<Self> {
        let transcribe: Arc<dyn Transcribe> = match &providers.transcribe_url {
            Some(url) => Arc::new(HttpTranscribe::new(settings(
                url,
                &providers.transcribe_key,
                &providers.transcribe_model,
            ))?),
            None => Arc::new(local_speech()?),
        };
        let embed: Arc<dyn Embed> = match &providers.embed_url {
            Some(url) => {
                let settings = settings(url, &providers.embed_key, &providers.embed_model);
                Arc::new(HttpEmbed::new(settings, providers.embed_dimensions)?)
            }
            None => Arc::new(local_embedder()?),
        };
        let generate: Option<Arc<dyn Generate>> = match &providers.generate_url {
            Some(url) => Some(Arc::new(HttpGenerate::new(settings(
                url,
                &providers.generate_key,
                &providers.generate_model,
            ))?)),
            None => None,
        };
        let passages = PassageIndex::new(providers.search_memory_mib.saturating_mul(1 << 20));
        Ok(Self { transcribe, embed, generate, passages })
    }
}

impl Engines {
    /// Engines that are never asked anything, for describing the API on a machine without the local parts.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn for_description() -> Result<Self> {
        let nowhere: Url = "http://127.0.0.1:9/v1".parse()?;
        let settings = || ProviderSettings::new(nowhere.clone(), None, "none");
        Ok(Self {
            transcribe: Arc::new(HttpTranscribe::new(settings())?),
            embed: Arc::new(HttpEmbed::new(settings(), 1)?),
            generate: None,
            passages: PassageIndex::new(0),
        })
    }
}

fn settings(url: &Url, key: &Option<String>, model: &str) -> ProviderSettings {
    ProviderSettings::new(url.clone(), key.clone().map(Secret::new), model)
}

/// The speech engine runs in a child of ours: this very program with its hidden verb.
fn local_speech() -> Result<LocalSpeech> {
    // Not its path: that may lead to another version, or nowhere, once the program was upgraded under a running server.
    let program = OsString::from("/proc/self/exe");
    let command = vec![program, OsString::from("speech-worker")];
    Ok(LocalSpeech::from_parts(command, &Parts::locate()?)?)
}

fn local_embedder() -> Result<LocalEmbed> {
    Ok(LocalEmbed::from_parts(&Parts::locate()?)?)
}
