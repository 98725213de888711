//! Text in images: an image in, lines with their places and how sure they are out.
//!
//! The work is tesseract's, run as a process with typed arguments and limits of time, memory and output. It reads PNG, which
//! whoever asks has made: no decoder of other formats sees what somebody uploaded. This crate knows neither documents nor videos.

#[cfg(fuzzing)]
pub mod fuzzing;
mod languages;
mod lines;
mod process;

pub use languages::{Languages, LanguagesError};
pub use lines::{Line, Recognised};
pub use process::{Ocr, OcrError, OcrLimits};
