//! Stored files: resumable uploads, probing, renditions and delivery; images, and what is made of them when somebody asks; documents, and what is
//! on their pages; the key frames of videos, and what is written on those.
//!
//! What a file means to people (a video, its title, who may see it) is the library's business; whoever receives a finished
//! upload implements [`ReceiveUpload`].

mod contents;
mod deletions;
mod delivery;
mod documents;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod images;
mod jobs;
mod key_frames;
mod keys;
mod model;
mod playback;
mod players;
mod purge;
mod receive;
mod renditions;
mod routes;
mod store;
mod upload_limits;

pub use contents::{asset_retried, asset_settled};
pub use deletions::{sweep_deletions, sweep_staging};
pub use delivery::{CrossOrigin, DeliveryPolicies, cross_origin};
pub use documents::{DocumentText, PageOfText, document_file_url, document_text, page_image_url};
pub use error::AssetsError;
pub use images::{ImageText, image_text, image_thumbnail_url};
pub use jobs::{
    Encode, EncodeAv1, ExtractSpeech, Import, KeyFrames, MakeSounds, MediaEngine, PAGE_CHARS_MIN, Package,
    Picture, Probe, ReadDocument, ReadImage, ReadImageText, Reencode, ReplaceRecording, RereadDocument,
    RereadImage, Sight, Sights, SmallPictures, Store, TextReader, Tracks, Waveform, sweep_scratch,
};
pub use key_frames::{TextOnScreen, key_frame_url, text_on_screen};
pub use keys::{Recording, asset as blobs_of_asset, blobs_of_organization};
pub use model::{
    AssetStep, DocumentStep, ImageStep, ImportStep, ReceiveUpload, ReceivedUpload, RecordingBin,
    UPLOAD_LIFETIME,
};
pub use playback::{Addresses, Playback, Shown, thumbnail_url};
pub use players::{FileLine, Players, ReadCaptions, ReadSubtitles};
pub use purge::purge_assets;
pub use renditions::Renditions;
pub use routes::{asset_router, image_router, media_router, upload_router};
pub use store::{expire_uploads, speech_audio_key};
