//! The embedding model in use, and the shapes that searching passes around.

use crate::{SearchError, likeness, store};
use memoreel_ai::{Embed, EmbedModel};
use memoreel_assets::Recording;
use memoreel_db::{Db, SystemReason};
use memoreel_kernel::{AssetId, ChannelId, ChunkId, EmbeddingModelId, Timestamp, VideoId};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// The model that makes vectors, with its id in the database, where it is registered on first use.
pub struct Model {
    embed: Arc<dyn Embed>,
    id: OnceCell<EmbeddingModelId>,
    pictures_id: OnceCell<EmbeddingModelId>,
    unrelated: OnceCell<Vec<Vec<f32>>>,
    likeness_floor: OnceCell<f64>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("model", &self.embed.model()).finish_non_exhaustive()
    }
}

impl Model {
    /// Wraps an engine.
    pub fn new(embed: Arc<dyn Embed>) -> Self {
        Self {
            embed,
            id: OnceCell::new(),
            pictures_id: OnceCell::new(),
            unrelated: OnceCell::new(),
            likeness_floor: OnceCell::new(),
        }
    }

    /// The engine.
    pub fn embed(&self) -> &dyn Embed {
        &*self.embed
    }

    /// The model's id; the first call creates its row where it is missing.
    ///
    /// # Errors
    /// When the database cannot be reached or knows the model with another number of dimensions.
    pub async fn id(&self, db: &Db) -> Result<EmbeddingModelId, SearchError> {
        let EmbedModel { name, dimensions } = self.embed.model();
        // Who takes pictures may be sent texts in another form, so that their vectors are not like those from before.
        let name = if self.embed.takes_pictures() { format!("{name} (texts)") } else { name };
        let model = EmbedModel { name, dimensions };
        self.id.get_or_try_init(|| register(db, model)).await.copied()
    }

    /// The id under which the vectors of pictures lie, apart from those of texts; nothing where the engine takes no pictures.
    ///
    /// # Errors
    /// As [`Model::id`].
    pub(crate) async fn pictures_id(&self, db: &Db) -> Result<Option<EmbeddingModelId>, SearchError> {
        if !self.embed.takes_pictures() {
            return Ok(None);
        }
        let EmbedModel { name, dimensions } = self.embed.model();
        let model = EmbedModel { name: format!("{name} (pictures)"), dimensions };
        self.pictures_id.get_or_try_init(|| register(db, model)).await.copied().map(Some)
    }

    /// The vectors of queries that have nothing to do with each other; made on first use.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub(crate) async fn unrelated(&self) -> Result<&[Vec<f32>], SearchError> {
        let unrelated = self.unrelated.get_or_try_init(|| likeness::queries(&*self.embed));
        unrelated.await.map(Vec::as_slice).map_err(SearchError::Embedding)
    }

    /// From which cosine on a passage says something like a query; found out on first use.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub(crate) async fn likeness_floor(&self) -> Result<f64, SearchError> {
        let floor = self.likeness_floor.get_or_try_init(|| async {
            let queries = self.unrelated().await?;
            likeness::floor(&*self.embed, queries).await.map_err(SearchError::Embedding)
        });
        floor.await.copied()
    }
}

async fn register(db: &Db, model: EmbedModel) -> Result<EmbeddingModelId, SearchError> {
    let mut tx = db.system(SystemReason::Configure).await?;
    let id = store::register_model(&mut tx, &model).await?;
    tx.commit().await?;
    Ok(id)
}

/// What a search goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Words and meaning together.
    #[default]
    Hybrid,
    /// The words of the query, in any of their forms.
    Keyword,
    /// What the query means.
    Semantic,
}

impl Mode {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Mode::Hybrid => "hybrid",
            Mode::Keyword => "keyword",
            Mode::Semantic => "semantic",
        }
    }
}

/// What something is found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = SearchHitKind)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HitKind {
    /// A video: what is said, or is on screen, at a second of it, or what is in its description.
    Video,
    /// A document: what is written on a page of it.
    Document,
    /// An image: what is written in it, or in its description.
    Image,
}

impl HitKind {
    /// As it is named in a query.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "video" => Self::Video,
            "document" => Self::Document,
            "image" => Self::Image,
            _ => return None,
        })
    }

    /// What its passages are, as `chunks.entity_type` keeps it.
    fn entity_types(self) -> &'static [&'static str] {
        match self {
            Self::Video => &["transcript", "key_frame", "video"],
            Self::Document => &["document"],
            Self::Image => &["image"],
        }
    }
}

/// What narrows a search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filters {
    pub(crate) video_id: Option<VideoId>,
    pub(crate) channel_id: Option<ChannelId>,
    /// Label or name of a speaker, in any case.
    pub(crate) speaker: Option<String>,
    /// Earliest time the video was added.
    pub(crate) from: Option<Timestamp>,
    /// Latest time the video was added.
    pub(crate) to: Option<Timestamp>,
    /// In what; in everything where nothing is named.
    pub(crate) kinds: Vec<HitKind>,
}

impl Filters {
    /// Which passages are looked for; all where nothing is said.
    pub(crate) fn entity_types(&self) -> Option<Vec<String>> {
        let types = self.kinds.iter().flat_map(|kind| kind.entity_types()).map(|&kind| kind.to_owned());
        (!self.kinds.is_empty()).then(|| types.collect())
    }

    /// The same for pictures: what may have one, and the word by which `nearest_chunks` compares those alone.
    pub(crate) fn picture_types(&self) -> Vec<String> {
        let pictured = ["image", "key_frame", "document"];
        let types = self.entity_types().unwrap_or_else(|| pictured.map(str::to_owned).into());
        types
            .into_iter()
            .filter(|name| pictured.contains(&name.as_str()))
            .chain(["picture".to_owned()])
            .collect()
    }
}

/// A sentence of a passage and when it is said, as `chunks.spans` keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Span {
    /// Code points from the start of the passage.
    pub(crate) char_start: usize,
    /// Exclusive.
    pub(crate) char_end: usize,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    /// The speaker's label.
    pub(crate) speaker: Option<String>,
}

/// What a passage belongs to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FoundIn {
    Video {
        id: VideoId,
        title: String,
        channel_id: Option<ChannelId>,
        /// What is played of it, unless it has only text.
        recording: Option<Recording>,
        /// Whether there is a still of that.
        is_pictured: bool,
        /// Whether the passage is seen on screen rather than said.
        is_seen: bool,
        /// Whether it is of the description, which is of no second.
        is_described: bool,
    },
    Document {
        id: AssetId,
        title: String,
        page_number: i32,
        /// Where a picture of the page lies, if there is one.
        page_image_key: Option<String>,
        /// Where its file lies, and under which name it came.
        blob_key: String,
        filename: String,
    },
    Image {
        id: AssetId,
        description: Option<String>,
        /// Whether the passage is of the description rather than written in the image.
        is_described: bool,
        /// How many files it has had.
        version: i32,
        width: Option<i32>,
        height: Option<i32>,
        /// Where its file lies, and its name.
        blob_key: String,
        filename: String,
    },
}

/// A passage that was found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) chunk_id: ChunkId,
    /// What it is a passage of.
    pub(crate) of: FoundIn,
    /// When that was added.
    pub(crate) created_at: Timestamp,
    pub(crate) text: String,
    /// Whether it is a picture, which has no text.
    pub(crate) is_picture: bool,
    /// The text search configuration of its language, and the roots of the query's words in it.
    pub(crate) configuration: String,
    pub(crate) lexemes: Vec<String>,
    /// Where the words are that matched, in code points of the text; see [`crate::forms`].
    pub(crate) matches: Vec<Range<usize>>,
    /// Of a video's.
    pub(crate) start_seconds: Option<f64>,
    pub(crate) end_seconds: Option<f64>,
    pub(crate) spans: Vec<Span>,
    /// What to call the speakers, by label.
    pub(crate) speaker_names: HashMap<String, String>,
    /// One vector per span; see [`crate::vectors`].
    pub(crate) span_vectors: Option<Vec<u8>>,
    pub(crate) words_rank: Option<i64>,
    pub(crate) meaning_rank: Option<i64>,
    pub(crate) similarity: Option<f64>,
    /// From which likeness on it counts as alike, where that is another one than of texts.
    pub(crate) likeness_floor: Option<f64>,
    pub(crate) score: f64,
}

/// A passage about to be indexed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewChunk {
    pub(crate) text: String,
    pub(crate) word_count: usize,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    pub(crate) speakers: Vec<String>,
    pub(crate) spans: Vec<Span>,
    pub(crate) embedding: Vec<f32>,
    pub(crate) span_vectors: Vec<u8>,
}
