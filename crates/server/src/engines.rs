//! Which engines listen, embed and write: the configured servers, or the local ones.

use crate::config::Providers;
use anyhow::{Context, Result, bail};
use memoreel_ai::{
    Embed, Generate, HttpEmbed, HttpGenerate, HttpTranscribe, ProviderSettings, Secret, Transcribe,
};
use memoreel_ai_local::{LocalEmbed, LocalSpeech};
use memoreel_documents::{DocumentLimits, Documents};
use memoreel_images::{ImageLimits, Images};
use memoreel_ocr::{Languages, Ocr, OcrLimits};
use memoreel_office::{Office, OfficeLimits};
use memoreel_parts::Parts;
use memoreel_search::PassageIndex;
use std::{ffi::OsString, sync::Arc};
use url::Url;

/// The engines of a process.
#[derive(Clone)]
pub struct Engines {
    /// Listens.
    pub transcribe: Arc<dyn Transcribe>,
    /// Turns text into vectors, and pictures where it takes them.
    pub embed: Arc<dyn Embed>,
    /// Writes summaries, if a language model is configured.
    pub generate: Option<Arc<dyn Generate>>,
    /// Chooses what is near in meaning.
    pub passages: PassageIndex,
    /// Looks at images and makes others of them.
    pub images: Images,
    /// Reads documents.
    pub documents: Documents,
    /// Looks for text in images.
    pub ocr: Ocr,
    /// In these languages.
    pub ocr_languages: Languages,
    /// Lays out documents.
    pub office: Office,
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
        let embed = embedder(providers)?;
        let generate: Option<Arc<dyn Generate>> = match &providers.generate_url {
            Some(url) => Some(Arc::new(HttpGenerate::new(settings(
                url,
                &providers.generate_key,
                &providers.generate_model,
            ))?)),
            None => None,
        };
        let passages = PassageIndex::new(providers.search_memory_mib.saturating_mul(1 << 20));
        let ocr_languages = providers.ocr_languages.parse().context("MEMOREEL_OCR_LANGUAGES")?;
        let (images, documents, ocr, office) = (images(), documents(), ocr(), office());
        Ok(Self { transcribe, embed, generate, passages, images, documents, ocr, ocr_languages, office })
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
            images: Images::unavailable(),
            documents: Documents::unavailable(),
            ocr: ocr(),
            ocr_languages: Languages::default(),
            office: office(),
        })
    }
}

/// What turns texts into vectors, as `providers` asks for. A local one unpacks its part here and loads its model at first use.
///
/// # Errors
/// When the local part is missing, with the command that fetches it, or the settings do not fit each other.
pub fn embedder(providers: &Providers) -> Result<Arc<dyn Embed>> {
    let embed: Arc<dyn Embed> = match &providers.embed_url {
        Some(url) => {
            let settings = settings(url, &providers.embed_key, &providers.embed_model);
            let embed = HttpEmbed::new(settings, providers.embed_dimensions)?;
            Arc::new(embed.with_pictures(providers.embed_pictures))
        }
        None if providers.embed_pictures => {
            bail!("MEMOREEL_EMBED_PICTURES=true needs MEMOREEL_EMBED_URL: the local engine takes texts alone")
        }
        None => Arc::new(LocalEmbed::from_parts(&Parts::locate()?)?),
    };
    Ok(embed)
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

/// Images are worked on in children of ours: this very program with its hidden verb. A server that was set up before there were
/// images goes on without them.
fn images() -> Images {
    match Parts::locate().and_then(|parts| parts.images()) {
        Ok(part) => {
            let command = vec![OsString::from("/proc/self/exe"), OsString::from("image-worker")];
            Images::new(command, part, ImageLimits::default())
        }
        Err(error) => {
            tracing::warn!(%error, "images are refused");
            Images::unavailable()
        }
    }
}

/// Documents are read in children of ours, like images.
fn documents() -> Documents {
    match Parts::locate().and_then(|parts| parts.pdfium()) {
        Ok(pdfium) => {
            let command = vec![OsString::from("/proc/self/exe"), OsString::from("document-worker")];
            Documents::new(command, pdfium, DocumentLimits::default())
        }
        Err(error) => {
            tracing::warn!(%error, "documents are refused");
            Documents::unavailable()
        }
    }
}

/// tesseract, where `MEMOREEL_TESSERACT` says it is, or wherever it is found.
fn ocr() -> Ocr {
    let program = std::env::var_os("MEMOREEL_TESSERACT").unwrap_or_else(|| OsString::from("tesseract"));
    Ocr::new(program, OcrLimits::default())
}

/// LibreOffice, where `MEMOREEL_SOFFICE` says it is, or wherever it is found.
fn office() -> Office {
    let program = std::env::var_os("MEMOREEL_SOFFICE").unwrap_or_else(|| OsString::from("soffice"));
    Office::new(program, OfficeLimits::default())
}
