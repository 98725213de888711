//! What the server and a worker say to each other, with the bytes of a file.

use crate::{
    Flip, ImageError, OutputFormat, Rotation,
    geometry::{Plan, Size},
};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The first frame to a worker: what it needs for life.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Start {
    pub(crate) vips: PathBuf,
    pub(crate) heif: PathBuf,
    /// What `heif` needs and does not find by itself.
    pub(crate) de265: PathBuf,
    pub(crate) memory_bytes: u64,
    pub(crate) threads: u32,
    pub(crate) limits: Pixels,
}

/// The limits that a worker holds a decoder to, which may see more in a file than its header says.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Pixels {
    pub(crate) pixels_max: u64,
    pub(crate) side_max: u32,
}

/// What is to be done with the bytes that come with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Job {
    /// Say what it is.
    Describe { is_heic: bool, is_animated: bool },
    /// Make another of it.
    Make(Make),
}

/// One image out of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Make {
    pub(crate) is_heic: bool,
    pub(crate) plan: Plan,
    pub(crate) flip: Option<Flip>,
    pub(crate) rotate: Option<Rotation>,
    /// In tenths of a pixel.
    pub(crate) blur: Option<u16>,
    pub(crate) sharpen: Option<u16>,
    pub(crate) format: OutputFormat,
    pub(crate) quality: u8,
    pub(crate) strip: bool,
    /// All pictures rather than the first.
    pub(crate) is_animated: bool,
}

/// What a worker answers, with the bytes of an image where it made one.
pub(crate) type Answer = Result<Report, ImageError>;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Report {
    Described(Seen),
    Made(Size),
}

/// What a decoder sees in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Upright.
    pub(crate) size: Size,
    pub(crate) orientation: u8,
    pub(crate) has_alpha: bool,
    pub(crate) frames: u32,
    pub(crate) colours: Colours,
    pub(crate) thumbhash: Vec<u8>,
}

/// What the numbers of a pixel mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Colours {
    Rgb,
    Grey,
    Cmyk,
}

/// What is known of an image once it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// By content.
    pub header: crate::Header,
    /// Width and height as it is shown, upright.
    pub size: Size,
    /// EXIF orientation, 1 to 8; 1 where it says none.
    pub orientation: u8,
    /// Whether parts of it may be transparent.
    pub has_alpha: bool,
    /// `rgb`, `grey` or `cmyk`.
    pub colour_space: &'static str,
    /// Pictures of an animation that this product shows; 1 for a still.
    pub frames: u32,
    /// A placeholder of some 25 bytes (<https://evanw.github.io/thumbhash/>).
    pub thumbhash: Vec<u8>,
}

/// An image that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its format.
    pub format: OutputFormat,
    /// Its width and height.
    pub size: Size,
}

impl Colours {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Rgb => "rgb",
            Self::Grey => "grey",
            Self::Cmyk => "cmyk",
        }
    }
}
