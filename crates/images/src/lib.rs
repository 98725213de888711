//! Images: what may be made of one, and the making of it.
//!
//! What is asked for is typed and has one spelling ([`Transform`]); what comes of it follows from numbers alone ([`geometry`]).
//! A file is looked at by its header first ([`Header`]), in our own code, so that what is too large, or is several things at
//! once, is refused before anything grows. Decoding and encoding are libvips', and libheif's for HEIC; both are C, so they run
//! in worker processes with limits, which may die of a file without anybody else noticing. This crate knows neither
//! organizations nor addresses.

mod error;
mod format;
pub mod geometry;
mod header;
mod heif;
mod limits;
mod options;
mod pool;
mod protocol;
mod read;
mod steps;
mod vips;
mod worker;

pub use error::ImageError;
pub use format::{Accepted, InputFormat, OutputFormat};
pub use header::Header;
pub use limits::ImageLimits;
pub use options::{Fit, Flip, Focus, FormatWish, OptionsError, Rotation, Transform, is_preset_name};
pub use pool::{Images, Turn};
pub use protocol::{Described, Made};
pub use worker::image_worker_main;
