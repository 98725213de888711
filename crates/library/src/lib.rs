//! What people watch: videos, the channels they live in, and how far their processing is.
//!
//! Files are the assets slice's business; what is said in a video belongs to transcripts. A video's row is made when its
//! upload is received ([`VideoReceiver`]) and follows its tasks ([`VideoObserver`]).

mod error;
mod model;
mod observer;
mod progress;
mod purge;
mod receiver;
mod routes;
mod store;

pub use error::LibraryError;
pub use model::{Video, VideoDetail};
pub use observer::VideoObserver;
pub use purge::purge_videos;
pub use receiver::{VideoBin, VideoReceiver};
pub use routes::router;
