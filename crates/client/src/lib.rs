//! A client of Memoreel's API for Rust: typed, with uploads that go on where a connection broke.
//!
//! ```no_run
//! # async fn example() -> Result<(), memoreel_client::ClientError> {
//! use memoreel_client::{Client, NewUpload, Search};
//! use std::{path::Path, time::Duration};
//!
//! let client = Client::new("https://memoreel.example.com".parse()?, "mrl_…")?;
//! let uploaded = client.upload_file(Path::new("talk.mp4"), &NewUpload::default(), |_| {}).await?;
//! if let Some(video_id) = uploaded.video_id {
//!     client.wait_until_ready(video_id, Duration::from_secs(3600), |_| {}).await?;
//! }
//! for hit in client.search(&Search::of("the budget")).await?.items {
//!     println!("{} {}", hit.video_title.unwrap_or_default(), hit.text);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! It depends on nothing else of Memoreel: what it knows of the server is what the server tells everybody. Fields that a
//! newer server adds are passed over.

mod api;
mod error;
mod model;
mod transport;
mod upload;
mod wait;

pub use api::{Assets, CaptionFormat, Client, Search, Videos};
pub use error::{ClientError, FieldError, Problem};
pub use model::{
    Asset, Author, Chapter, DocumentPage, Failure, KeyPoint, Me, Organization, Page, Person, SearchHit,
    SearchHitDocument, SearchHitImage, SearchKind, SearchMode, SearchResults, Segment, Speaker, Stage,
    Summary, SummarySentence, Transcript, Video, Word,
};
pub use transport::{Body, HttpTransport, Transport};
pub use upload::{CreatedUpload, Imported, NewUpload, Progress, UploadKind};
pub use wait::WaitError;
