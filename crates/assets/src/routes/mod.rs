//! The HTTP faces of assets: uploads in, media out.

mod media;
mod tus;
mod uploads;

pub use media::media_router;
pub use uploads::upload_router;
