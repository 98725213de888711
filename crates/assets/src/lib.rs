//! Stored files: resumable uploads, probing, renditions and delivery.
//!
//! What a file means to people (a video, its title, who may see it) is the library's business; whoever receives a finished
//! upload implements [`ReceiveUpload`].

mod error;
mod jobs;
mod keys;
mod model;
mod playback;
mod routes;
mod store;

pub use error::AssetsError;
pub use jobs::{Encode, ExtractSpeech, MediaEngine, Package, Picture, Probe, Store, Waveform, sweep_scratch};
pub use keys::{asset as blobs_of_asset, blobs_of_organization};
pub use model::{AssetStep, ReceiveUpload, ReceivedUpload, UPLOAD_LIFETIME};
pub use playback::{Playback, Shown, thumbnail_url};
pub use routes::{media_router, upload_router};
pub use store::{expire_uploads, speech_audio_key};
