//! What the API answers with. `/api/docs` of a server says more about each field.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One page of a list.
#[derive(Debug, Clone, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where to read on; absent on the last page.
    pub next_cursor: Option<String>,
}

/// Whose key it is, and what it opens.
#[derive(Debug, Clone, Deserialize)]
pub struct Me {
    /// The person.
    pub user: Person,
    /// The organization that the key is for.
    pub organization: Organization,
    /// What the key may do there, such as `read_content` and `edit_content`.
    pub may: Vec<String>,
}

impl Me {
    /// Whether the key may upload and change things.
    pub fn may_edit(&self) -> bool {
        self.may.iter().any(|action| action == "edit_content")
    }
}

/// Somebody with an account.
#[derive(Debug, Clone, Deserialize)]
pub struct Person {
    /// Their id.
    pub id: Uuid,
    /// Their name.
    pub name: Option<String>,
    /// Their address.
    pub email: String,
}

/// An organization of the person.
#[derive(Debug, Clone, Deserialize)]
pub struct Organization {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What the key is at most: `viewer`, `member`, `admin` or `owner`.
    pub role: String,
}

/// A video, or a recording of sound.
#[derive(Debug, Clone, Deserialize)]
pub struct Video {
    /// Its id.
    pub id: Uuid,
    /// Its title.
    pub title: String,
    /// What somebody wrote about it.
    pub description: Option<String>,
    /// The channel it lives in.
    pub channel_id: Option<Uuid>,
    /// Who added it.
    pub author: Option<Author>,
    /// `private`, `organization` or `public`.
    pub visibility: String,
    /// `pending`, `processing`, `completed` or `failed`.
    pub status: String,
    /// The step that is being worked on.
    pub stage: Option<String>,
    /// 0 to 100, over all steps.
    pub progress: u8,
    /// Why it failed.
    pub error: Option<Failure>,
    /// Whether it can be played, which may be long before it is completed.
    pub playable: bool,
    /// `video`, `audio` or `text`.
    pub kind: String,
    /// Its length.
    pub duration_ms: Option<i64>,
    /// Who speaks.
    #[serde(default)]
    pub speakers: Vec<Speaker>,
    /// The name of the original file.
    #[serde(default)]
    pub filename: String,
    /// When it was added (RFC 3339).
    pub created_at: String,
    /// When it last changed (RFC 3339).
    pub updated_at: String,
    /// Every step of its processing; only of a single video.
    #[serde(default)]
    pub stages: Vec<Stage>,
}

impl Video {
    /// Whether nothing is left to be done for it.
    pub fn is_settled(&self) -> bool {
        matches!(self.status.as_str(), "completed" | "failed")
    }
}

/// Who added a video.
#[derive(Debug, Clone, Deserialize)]
pub struct Author {
    /// Their id.
    pub id: Uuid,
    /// Their name.
    pub name: Option<String>,
}

/// Why processing failed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Failure {
    /// Stable, for programs.
    pub code: String,
    /// A sentence.
    pub message: String,
}

/// One step of processing.
#[derive(Debug, Clone, Deserialize)]
pub struct Stage {
    /// The step.
    pub stage: String,
    /// `waiting`, `running`, `completed`, `failed` or `skipped`.
    pub status: String,
    /// 0 to 100.
    pub progress: u8,
    /// What went wrong.
    pub message: Option<String>,
}

/// A voice.
#[derive(Debug, Clone, Deserialize)]
pub struct Speaker {
    /// Its id.
    pub id: Uuid,
    /// What it is called as long as nobody names it.
    pub label: String,
    /// The name a person gave it.
    pub name: Option<String>,
}

impl Speaker {
    /// The name, or else the label.
    pub fn display_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.label)
    }
}

/// A file: an image, a document, or a recording.
#[derive(Debug, Clone, Deserialize)]
pub struct Asset {
    /// Its id.
    pub id: Uuid,
    /// `image`, `video`, `audio` or `document`.
    pub kind: Option<String>,
    /// `pending`, `ready` or `failed`.
    pub status: String,
    /// Its name.
    pub filename: String,
    /// Its type.
    pub content_type: Option<String>,
    /// Its size.
    pub size_bytes: i64,
    /// The video whose recording it is.
    pub video_id: Option<Uuid>,
    /// In pixels.
    pub width: Option<i32>,
    /// In pixels.
    pub height: Option<i32>,
    /// How long it plays.
    pub duration_seconds: Option<f64>,
    /// How many pages it has.
    pub page_count: Option<i32>,
    /// How people describe it.
    #[serde(default)]
    pub description: Option<String>,
    /// What is written in an image; absent until it was looked for.
    #[serde(default)]
    pub text: Option<String>,
    /// What it was tagged with.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The file, by a signed address that expires.
    pub file_url: Option<String>,
    /// Why it failed.
    pub error: Option<Failure>,
    /// When it was added (RFC 3339).
    pub created_at: String,
}

/// A page of a document.
#[derive(Debug, Clone, Deserialize)]
pub struct DocumentPage {
    /// From 1.
    pub page_number: i32,
    /// What is written on it.
    pub text: String,
    /// `text_layer` where the file has the text, `ocr` where it was recognised in a picture of the page.
    pub source: String,
    /// What it looks like, by a signed address that expires.
    pub image_url: Option<String>,
}

/// What a search goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchMode {
    /// Words and meaning together.
    #[default]
    Hybrid,
    /// The words of the query, in any of their forms.
    Keyword,
    /// What the query means.
    Semantic,
}

impl SearchMode {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Hybrid => "hybrid",
            Self::Keyword => "keyword",
            Self::Semantic => "semantic",
        }
    }
}

/// What is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchKind {
    /// Videos: what is said in them, what is on screen, and how people describe them.
    Video,
    /// Documents: what is written on their pages.
    Document,
    /// Images: what is written in them, and how people describe them.
    Image,
}

impl SearchKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Document => "document",
            Self::Image => "image",
        }
    }
}

/// What was found.
#[derive(Debug, Clone, Deserialize)]
pub struct SearchResults {
    /// The hits, best first.
    pub items: Vec<SearchHit>,
    /// What was gone by: `keyword` instead of `hybrid` while meaning is not available.
    pub mode: SearchMode,
    /// How long it took.
    pub took_ms: u64,
}

/// A moment of a video, or a passage of a document, an image or a description.
#[derive(Debug, Clone, Deserialize)]
pub struct SearchHit {
    /// `video`, `document` or `image`.
    pub kind: String,
    /// Where in it: `speech`, `screen`, `page`, `picture`, `description`, or `appearance` of what merely looks like it.
    #[serde(default)]
    pub source: String,
    /// The video.
    pub video_id: Option<Uuid>,
    /// Its title.
    pub video_title: Option<String>,
    /// When the matching sentence begins in it. What is in its description is of no moment.
    pub start_ms: Option<i64>,
    /// When it ends.
    pub end_ms: Option<i64>,
    /// The document, and the page.
    pub document: Option<SearchHitDocument>,
    /// The image.
    #[serde(default)]
    pub image: Option<SearchHitImage>,
    /// Who speaks in `text`, in order.
    pub speakers: Vec<String>,
    /// The matching sentence with what is around it; empty where it was found by what it looks like.
    pub text: String,
    /// Why it was found: `words`, `meaning`. Empty where it is merely the nearest that there is.
    pub matched_by: Vec<String>,
    /// Comparable within one answer only; higher is better.
    pub score: f64,
}

impl SearchHit {
    /// Whether it has none of the words and is hardly alike, so that it may have nothing to do with what was looked for.
    pub fn is_merely_nearest(&self) -> bool {
        self.matched_by.is_empty()
    }
}

/// The document in which something was found.
#[derive(Debug, Clone, Deserialize)]
pub struct SearchHitDocument {
    /// The document.
    pub asset_id: Uuid,
    /// What it calls itself, or else its file's name.
    pub title: String,
    /// The page, from 1.
    pub page_number: i32,
}

/// The image in which something was found.
#[derive(Debug, Clone, Deserialize)]
pub struct SearchHitImage {
    /// The image.
    pub asset_id: Uuid,
    /// Its file's name.
    pub filename: String,
    /// How people describe it.
    pub description: Option<String>,
    /// A small one, by a signed address that expires.
    pub thumbnail_url: String,
}

/// The text of a video.
#[derive(Debug, Clone, Deserialize)]
pub struct Transcript {
    /// The video.
    pub video_id: Uuid,
    /// `pending`, `completed`, `failed` or `none`.
    pub status: String,
    /// ISO 639-1 code of the spoken language.
    pub language: Option<String>,
    /// Why there is no text, in a sentence.
    pub notice: Option<String>,
    /// The voices, in order of first appearance.
    pub speakers: Vec<Speaker>,
    /// The timed lines, in order of time.
    pub segments: Vec<Segment>,
}

impl Transcript {
    /// Who says a line.
    pub fn speaker_of(&self, segment: &Segment) -> Option<&Speaker> {
        let id = segment.speaker_id?;
        self.speakers.iter().find(|speaker| speaker.id == id)
    }
}

/// A timed line.
#[derive(Debug, Clone, Deserialize)]
pub struct Segment {
    /// Its id.
    pub id: Uuid,
    /// Its position, from 0.
    pub index: u32,
    /// From the start of the recording.
    pub start_ms: i64,
    /// From the start of the recording.
    pub end_ms: i64,
    /// Who speaks.
    pub speaker_id: Option<Uuid>,
    /// What is said.
    pub text: String,
    /// The words with their times.
    #[serde(default)]
    pub words: Vec<Word>,
}

/// A timed word.
#[derive(Debug, Clone, Deserialize)]
pub struct Word {
    /// The word with the punctuation that touches it.
    pub text: String,
    /// From the start of the recording.
    pub start_ms: i64,
    /// From the start of the recording.
    pub end_ms: i64,
}

/// What a recording comes down to.
#[derive(Debug, Clone, Deserialize)]
pub struct Summary {
    /// `pending`, `completed` or `none`.
    pub status: String,
    /// The summary, sentence by sentence.
    pub sentences: Vec<SummarySentence>,
    /// Further points worth keeping, in order of time.
    pub key_points: Vec<KeyPoint>,
    /// What the recording falls into, in order and without gaps.
    pub chapters: Vec<Chapter>,
}

/// A sentence of a summary, and where it comes from.
#[derive(Debug, Clone, Deserialize)]
pub struct SummarySentence {
    /// The sentence.
    pub text: String,
    /// From the start of the recording.
    pub start_ms: i64,
    /// From the start of the recording.
    pub end_ms: i64,
}

/// A point worth keeping.
#[derive(Debug, Clone, Deserialize)]
pub struct KeyPoint {
    /// The point.
    pub text: String,
    /// From the start of the recording.
    pub start_ms: i64,
    /// From the start of the recording.
    pub end_ms: i64,
}

/// A part of a recording.
#[derive(Debug, Clone, Deserialize)]
pub struct Chapter {
    /// What it is about.
    pub title: String,
    /// From the start of the recording.
    pub start_ms: i64,
    /// From the start of the recording.
    pub end_ms: i64,
}
