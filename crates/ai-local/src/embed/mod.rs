//! Sentence embeddings with all-MiniLM-L6-v2 on ONNX Runtime. The session is made at first use and dropped when
//! idle; passages run in small batches of like length, so that a query never waits long behind them.

mod graph;
mod onnx;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use memoreel_ai::{AiError, Embed, EmbedModel, normalize};
use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::Tensor;
use tokenizers::{Tokenizer, TruncationParams};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::runtime::environment;
use graph::Precision;

const MODEL: &str = "all-MiniLM-L6-v2";
const DIMENSIONS: usize = 384;
/// The model was trained on shorter text; what is beyond is not read.
const TOKENS_MAX: usize = 256;
/// No 256 tokens of real text are longer; bounds the work of the tokenizer.
const CHARACTERS_MAX: usize = 16_384;
const BATCH_ROWS_MAX: usize = 32;
const BATCH_TOKENS_MAX: usize = 2_048;
/// After this long without work the session is dropped.
const IDLE_TIME_MAX: Duration = Duration::from_secs(300);

/// Where the parts of the embedder are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbedderPaths {
    /// `libonnxruntime.so` of version 1.24 or later.
    pub onnxruntime_library: PathBuf,
    /// The weights of all-MiniLM-L6-v2.
    pub safetensors: PathBuf,
    /// Its `tokenizer.json`.
    pub tokenizer_json: PathBuf,
    /// A folder for the graph that is computed from the weights.
    pub graph_cache_dir: PathBuf,
}

impl From<memoreel_parts::EmbedderPart> for EmbedderPaths {
    fn from(part: memoreel_parts::EmbedderPart) -> Self {
        Self {
            onnxruntime_library: part.onnxruntime_library,
            safetensors: part.safetensors,
            tokenizer_json: part.tokenizer_json,
            graph_cache_dir: part.graph_cache_dir,
        }
    }
}

/// Embeddings on this machine's processors.
#[derive(Debug, Clone)]
pub struct LocalEmbed {
    inner: Arc<Inner>,
}

struct Inner {
    paths: EmbedderPaths,
    precision: Precision,
    idle_time_max: Duration,
    tokenizer: OnceLock<Tokenizer>,
    // A fair lock, taken for one batch at a time: a query comes right after the batch that is running.
    session: Arc<Mutex<Option<Loaded>>>,
}

struct Loaded {
    session: Session,
    used_at: Instant,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("LocalEmbed").field("paths", &self.paths).finish_non_exhaustive()
    }
}

/// What can go wrong in here; becomes an [`AiError`] at the edge.
#[derive(Debug, thiserror::Error)]
enum EmbedFault {
    #[error("{path}: {detail}")]
    File { path: String, detail: String },
    #[error("the weights of the embedding model cannot be used: {detail}")]
    Weights { detail: String },
    #[error("the embedding model does not run: {detail}")]
    Runtime { detail: String },
}

impl EmbedFault {
    fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::File { path: path.display().to_string(), detail: error.to_string() }
    }

    fn runtime(error: impl std::fmt::Display) -> Self {
        Self::Runtime { detail: error.to_string() }
    }
}

impl From<EmbedFault> for AiError {
    fn from(fault: EmbedFault) -> Self {
        match fault {
            EmbedFault::File { .. } | EmbedFault::Weights { .. } => {
                Self::EngineMissing { missing: fault.to_string() }
            }
            EmbedFault::Runtime { .. } => Self::EngineCrashed { detail: fault.to_string() },
        }
    }
}

impl LocalEmbed {
    /// An embedder that loads nothing until it is used.
    #[must_use]
    pub fn new(paths: EmbedderPaths) -> Self {
        Self::with(paths, Precision::Eight, IDLE_TIME_MAX)
    }

    /// An embedder on the pinned runtime parts, unpacking them where that has not been done.
    ///
    /// # Errors
    /// `EngineMissing` where a part is missing.
    pub fn from_parts(parts: &memoreel_parts::Parts) -> Result<Self, AiError> {
        let part = parts.embedder().map_err(|error| AiError::EngineMissing { missing: error.to_string() })?;
        Ok(Self::new(part.into()))
    }

    /// The file of the graph that is run, written from the weights where it is not there yet.
    ///
    /// # Errors
    /// `EngineMissing` where the weights cannot be read or the file cannot be written.
    pub fn graph(&self) -> Result<PathBuf, AiError> {
        Ok(self.inner.graph()?)
    }

    fn with(paths: EmbedderPaths, precision: Precision, idle_time_max: Duration) -> Self {
        let session = Arc::new(Mutex::new(None));
        let inner = Inner { paths, precision, idle_time_max, tokenizer: OnceLock::new(), session };
        Self { inner: Arc::new(inner) }
    }

    async fn tokenize(&self, texts: Vec<String>) -> Result<Vec<Vec<i64>>, AiError> {
        let inner = Arc::clone(&self.inner);
        blocking(move || {
            let tokenizer = inner.tokenizer()?;
            texts.iter().map(|text| encode(tokenizer, text)).collect()
        })
        .await
    }

    /// Embeds sentences of like length in one run.
    async fn run(&self, batch: Vec<Vec<i64>>) -> Result<Vec<Vec<f32>>, AiError> {
        let slot = Arc::clone(&self.inner.session).lock_owned().await;
        let inner = Arc::clone(&self.inner);
        let (vectors, loaded) = blocking(move || inner.run(slot, &batch)).await?;
        if loaded {
            tokio::spawn(release_when_idle(Arc::downgrade(&self.inner)));
        }
        Ok(vectors)
    }
}

#[async_trait]
impl Embed for LocalEmbed {
    fn model(&self) -> EmbedModel {
        EmbedModel { name: MODEL.into(), dimensions: DIMENSIONS }
    }

    async fn embed_passages(&self, passages: &[String]) -> Result<Vec<Vec<f32>>, AiError> {
        let sentences = self.tokenize(passages.iter().map(|text| shortened(text)).collect()).await?;
        let mut vectors = vec![Vec::new(); sentences.len()];
        for batch in batches(&sentences) {
            let tokens = batch.iter().map(|place| sentences[*place].clone()).collect();
            for (place, vector) in batch.iter().zip(self.run(tokens).await?) {
                vectors[*place] = vector;
            }
        }
        Ok(vectors)
    }

    async fn embed_query(&self, query: &str) -> Result<Vec<f32>, AiError> {
        let sentences = self.tokenize(vec![shortened(query)]).await?;
        let mut vectors = self.run(sentences).await?;
        vectors.pop().ok_or_else(|| EmbedFault::runtime("it gave no vector").into())
    }
}

impl Inner {
    fn tokenizer(&self) -> Result<&Tokenizer, EmbedFault> {
        if let Some(tokenizer) = self.tokenizer.get() {
            return Ok(tokenizer);
        }
        let path = &self.paths.tokenizer_json;
        let fault = |detail: String| EmbedFault::File { path: path.display().to_string(), detail };
        let mut tokenizer = Tokenizer::from_file(path).map_err(|error| fault(error.to_string()))?;
        let truncation = TruncationParams { max_length: TOKENS_MAX, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(|error| fault(error.to_string()))?;
        tokenizer.with_padding(None);
        Ok(self.tokenizer.get_or_init(|| tokenizer))
    }

    /// Runs one batch, loading the session where there is none; says whether it did.
    fn run(
        &self,
        mut slot: OwnedMutexGuard<Option<Loaded>>,
        batch: &[Vec<i64>],
    ) -> Result<(Vec<Vec<f32>>, bool), EmbedFault> {
        let fresh = slot.is_none();
        let loaded = match slot.take() {
            Some(loaded) => slot.insert(loaded),
            None => slot.insert(Loaded { session: self.load()?, used_at: Instant::now() }),
        };
        let vectors = infer(&mut loaded.session, batch)?;
        loaded.used_at = Instant::now();
        Ok((vectors, fresh))
    }

    fn graph(&self) -> Result<PathBuf, EmbedFault> {
        graph::graph_file(&self.paths.safetensors, &self.paths.graph_cache_dir, self.precision)
    }

    fn load(&self) -> Result<Session, EmbedFault> {
        let environment = runtime(&self.paths.onnxruntime_library)?;
        let graph = self.graph()?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
        Session::builder(environment)
            .map_err(EmbedFault::runtime)?
            .with_optimization_level(GraphOptimizationLevel::Level3)
            .map_err(EmbedFault::runtime)?
            .with_intra_threads(threads)
            .map_err(EmbedFault::runtime)?
            .with_intra_op_spinning(false)
            .map_err(EmbedFault::runtime)?
            .commit_from_file(graph)
            .map_err(EmbedFault::runtime)
    }
}

fn runtime(library: &Path) -> Result<&'static Environment, EmbedFault> {
    environment(library).map_err(|detail| EmbedFault::File { path: library.display().to_string(), detail })
}

fn infer(session: &mut Session, batch: &[Vec<i64>]) -> Result<Vec<Vec<f32>>, EmbedFault> {
    let length = batch.iter().map(Vec::len).max().unwrap_or(0);
    let mut ids = Vec::with_capacity(batch.len() * length);
    let mut mask = Vec::with_capacity(batch.len() * length);
    for sentence in batch {
        let padding = length - sentence.len();
        ids.extend(sentence.iter().copied().chain(std::iter::repeat_n(0, padding)));
        mask.extend(std::iter::repeat_n(1_i64, sentence.len()).chain(std::iter::repeat_n(0, padding)));
    }
    let ids = Tensor::from_array(([batch.len(), length], ids)).map_err(EmbedFault::runtime)?;
    let mask = Tensor::from_array(([batch.len(), length], mask)).map_err(EmbedFault::runtime)?;
    let outputs = session
        .run(ort::inputs!["input_ids" => ids, "attention_mask" => mask])
        .map_err(EmbedFault::runtime)?;
    let (_, values) = outputs["embedding"].try_extract_tensor::<f32>().map_err(EmbedFault::runtime)?;
    if values.len() != batch.len() * DIMENSIONS {
        return Err(EmbedFault::runtime("its answer has another size"));
    }
    values
        .chunks_exact(DIMENSIONS)
        .map(|row| {
            let mut vector = row.to_vec();
            match normalize(&mut vector) {
                true => Ok(vector),
                false => Err(EmbedFault::runtime("it gave a vector without a direction")),
            }
        })
        .collect()
}

/// Places of sentences that run together: of like length, so that little is padding, and bounded in size.
fn batches(sentences: &[Vec<i64>]) -> Vec<Vec<usize>> {
    let mut places: Vec<usize> = (0..sentences.len()).collect();
    places.sort_by_key(|place| sentences[*place].len());
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for place in places {
        // Sorted, so the newest sentence is the longest of its batch.
        let length = sentences[place].len();
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH_ROWS_MAX && (batch.len() + 1) * length <= BATCH_TOKENS_MAX => {
                batch.push(place);
            }
            _ => batches.push(vec![place]),
        }
    }
    batches
}

fn encode(tokenizer: &Tokenizer, text: &str) -> Result<Vec<i64>, EmbedFault> {
    let encoding = tokenizer.encode(text, true).map_err(EmbedFault::runtime)?;
    Ok(encoding.get_ids().iter().map(|id| i64::from(*id)).collect())
}

fn shortened(text: &str) -> String {
    text.chars().take(CHARACTERS_MAX).collect()
}

/// Drops the session as soon as it has been idle for long enough; ends with it, or with the embedder.
async fn release_when_idle(inner: Weak<Inner>) {
    let Some(mut wait) = inner.upgrade().map(|inner| inner.idle_time_max) else { return };
    loop {
        tokio::time::sleep(wait).await;
        let Some(inner) = inner.upgrade() else { return };
        let mut slot = inner.session.lock().await;
        let idle_time = slot.as_ref().map(|loaded| loaded.used_at.elapsed());
        match idle_time.and_then(|idle_time| inner.idle_time_max.checked_sub(idle_time)) {
            Some(rest) if !rest.is_zero() => wait = rest,
            _ => {
                *slot = None;
                return;
            }
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EmbedFault> + Send + 'static,
) -> Result<T, AiError> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.map_err(|error| AiError::EngineCrashed { detail: error.to_string() })?.map_err(AiError::from)
}

#[cfg(test)]
mod tests;
