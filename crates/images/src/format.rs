//! What comes in, what goes out, and which of it whoever asks can show.

use crate::{ImageError, geometry::Size};
use serde::{Deserialize, Serialize};

/// Formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputFormat {
    /// JPEG.
    Jpeg,
    /// PNG; of an animated one the first picture.
    Png,
    /// GIF, animated or not.
    Gif,
    /// WebP, animated or not.
    Webp,
    /// AV1 in HEIF; of an animated one the still picture, which is the first.
    Avif,
    /// HEVC in HEIF.
    Heic,
}

/// Formats that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputFormat {
    /// WebP, animated where the image is.
    Webp,
    /// AVIF, of an animated image the first picture.
    Avif,
    /// JPEG, on white.
    Jpeg,
    /// PNG, without loss.
    Png,
    /// GIF, animated where the image is.
    Gif,
}

impl InputFormat {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Jpeg, Self::Png, Self::Gif, Self::Webp, Self::Avif, Self::Heic];

    /// As it is written in answers and rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::Webp => "webp",
            Self::Avif => "avif",
            Self::Heic => "heic",
        }
    }

    /// Its media type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Avif => "image/avif",
            Self::Heic => "image/heic",
        }
    }

    /// The usual end of a file's name.
    #[must_use]
    pub fn extension(self) -> &'static str {
        if self == Self::Jpeg { "jpg" } else { self.as_str() }
    }
}

impl OutputFormat {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Webp, Self::Avif, Self::Jpeg, Self::Png, Self::Gif];

    /// Its media type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Webp => "image/webp",
            Self::Avif => "image/avif",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
        }
    }

    /// The usual end of a file's name.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Webp => "webp",
            Self::Avif => "avif",
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Gif => "gif",
        }
    }

    /// As people write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Webp => "WebP",
            Self::Avif => "AVIF",
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Gif => "GIF",
        }
    }

    /// The longest side that is written of it: that of the format, and of AVIF and PNG that of the encoder.
    #[must_use]
    pub fn side_max(self) -> u32 {
        match self {
            Self::Webp | Self::Avif => 16_383,
            Self::Jpeg | Self::Gif => 65_535,
            Self::Png => 1_000_000,
        }
    }

    /// The most pixels that are written of it.
    #[must_use]
    pub fn pixels_max(self) -> u64 {
        match self {
            // The encoder holds all of an image at once, several times over, and beyond that has not enough memory for it.
            Self::Avif => 36_000_000,
            Self::Webp | Self::Jpeg | Self::Png | Self::Gif => u64::MAX,
        }
    }

    /// Whether an image of this size can be written.
    #[must_use]
    pub fn holds(self, size: Size) -> bool {
        size.width.max(size.height) <= self.side_max() && size.pixels() <= self.pixels_max()
    }

    /// # Errors
    /// [`ImageError::TooLargeForFormat`] where an image of this size cannot be written.
    pub fn check(self, size: Size) -> Result<(), ImageError> {
        if self.holds(size) {
            Ok(())
        } else {
            Err(ImageError::TooLargeForFormat { format: self, width: size.width, height: size.height })
        }
    }

    /// Whether more than one picture can be kept.
    #[must_use]
    pub fn is_animated(self) -> bool {
        matches!(self, Self::Webp | Self::Gif)
    }

    /// The quality where none is asked for, on the encoder's own scale.
    #[must_use]
    pub fn quality(self) -> u8 {
        match self {
            Self::Avif => 55,
            Self::Webp | Self::Jpeg | Self::Png | Self::Gif => 80,
        }
    }
}

/// Which of the formats that not every program shows are accepted, by `Accept` (RFC 9110, 12.5.1).
///
/// Only what is named counts: `image/*` and `*/*` are sent by programs that know neither AVIF nor WebP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Accepted {
    /// `image/avif` is named.
    pub avif: bool,
    /// `image/webp` is named.
    pub webp: bool,
}

impl Accepted {
    /// Reads the header's value.
    #[must_use]
    pub fn read(accept: &str) -> Self {
        let named = |wanted: &str| {
            accept.split(',').any(|range| {
                let mut parts = range.split(';').map(str::trim);
                let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
                let is_refused = parts.any(|part| {
                    let weight =
                        part.split_once('=').filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
                    weight.is_some_and(|(_, weight)| weight.trim().parse() == Ok(0.0_f32))
                });
                is_named && !is_refused
            })
        };
        Self { avif: named("image/avif"), webp: named("image/webp") }
    }

    /// The best format for an image of which a result of this size is made: the smallest that keeps what it has, holds it and is
    /// accepted.
    #[must_use]
    pub fn best(self, is_animated: bool, has_alpha: bool, size: Size) -> OutputFormat {
        if !is_animated && self.avif && OutputFormat::Avif.holds(size) {
            OutputFormat::Avif
        } else if self.webp && OutputFormat::Webp.holds(size) {
            OutputFormat::Webp
        } else if is_animated {
            OutputFormat::Gif
        } else if has_alpha || !OutputFormat::Jpeg.holds(size) {
            OutputFormat::Png
        } else {
            OutputFormat::Jpeg
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_and_not_refused_is_accepted() {
        let both = Accepted { avif: true, webp: true };
        for (accept, accepted) in [
            ("image/avif,image/webp,image/apng,*/*;q=0.8", both),
            ("image/*,*/*", Accepted::default()),
            ("", Accepted::default()),
            ("IMAGE/WEBP", Accepted { webp: true, avif: false }),
            ("image/avif;q=0, image/webp;q=0.1", Accepted { webp: true, avif: false }),
            ("image/avif;v=1;q=0.000", Accepted::default()),
        ] {
            assert_eq!(Accepted::read(accept), accepted, "{accept}");
        }
    }

    #[test]
    fn nothing_an_image_has_is_lost_to_the_best_format() {
        let (all, none) = (Accepted { avif: true, webp: true }, Accepted::default());
        let size = Size { width: 1200, height: 800 };
        assert_eq!(all.best(false, true, size), OutputFormat::Avif);
        assert_eq!(all.best(true, false, size), OutputFormat::Webp);
        assert_eq!(none.best(true, true, size), OutputFormat::Gif);
        assert_eq!(none.best(false, true, size), OutputFormat::Png);
        assert_eq!(none.best(false, false, size), OutputFormat::Jpeg);
    }

    #[test]
    fn the_best_format_holds_the_image() {
        use OutputFormat::{Avif, Gif, Jpeg, Png, Webp};
        let (all, avif) = (Accepted { avif: true, webp: true }, Accepted { avif: true, webp: false });
        for ((width, height), of_all, of_avif, with_alpha, animated) in [
            ((6_000, 6_000), Avif, Avif, Avif, Webp),
            ((6_001, 6_000), Webp, Jpeg, Webp, Webp),
            ((16_383, 2), Avif, Avif, Avif, Webp),
            ((16_384, 2), Jpeg, Jpeg, Png, Gif),
            ((2, 65_536), Png, Png, Png, Gif),
        ] {
            let size = Size { width, height };
            assert_eq!(all.best(false, false, size), of_all, "{size:?}");
            assert_eq!(avif.best(false, false, size), of_avif, "{size:?}");
            assert_eq!(all.best(false, true, size), with_alpha, "{size:?}");
            assert_eq!(all.best(true, false, size), animated, "{size:?}");
            assert!([of_all, of_avif, with_alpha].iter().all(|format| format.check(size) == Ok(())));
        }
        let size = Size { width: 8_000, height: 5_000 };
        let refused = Avif.check(size).expect_err("more than it holds");
        assert_eq!(refused.code(), "image_too_large_for_format");
        assert_eq!(
            refused.to_string(),
            "An image of 8000 x 5000 pixels is too large for AVIF. Ask for a smaller one, for another format, or for \
             format=auto."
        );
    }
}
