//! The work itself, in the worker: what each job does with the decoders and encoders.

use crate::{
    Flip, ImageError, Rotation,
    geometry::{Plan, Size},
    heif::{Decoded, Heif},
    protocol::{Colours, Make, Pixels, Report, Seen, Start},
    vips::{Image, Mirror, Vips},
};

/// The longest side of what a placeholder is computed of, as its author recommends.
const PLACEHOLDER_SIDE: u32 = 100;
/// `VIPS_INTERPRETATION_CMYK`, `_B_W` and `_GREY16`
const CMYK: i32 = 15;
const GREYS: [i32; 2] = [1, 26];

/// The libraries, and the limits they are held to.
pub(crate) struct Engine {
    vips: Vips,
    /// Loaded when the first HEIC comes.
    heif: std::cell::OnceCell<Heif>,
    start: Start,
}

impl Engine {
    pub(crate) fn start(start: Start) -> Result<Self, ImageError> {
        let vips = Vips::load(&start.vips, start.threads)?;
        Ok(Self { vips, heif: std::cell::OnceCell::new(), start })
    }

    fn decode_heic(&self, bytes: &[u8]) -> Result<Decoded, ImageError> {
        let heif = match self.heif.get() {
            Some(heif) => heif,
            None => {
                let loaded = Heif::load(&self.start.heif, &self.start.de265)?;
                self.heif.get_or_init(|| loaded)
            }
        };
        heif.decode(bytes, self.start.limits, self.start.threads)
    }

    pub(crate) fn describe(
        &self,
        bytes: &[u8],
        is_heic: bool,
        is_animated: bool,
    ) -> Result<Report, ImageError> {
        if is_heic {
            let decoded = self.decode_heic(bytes)?;
            let image = self.image_of(&decoded)?;
            let size = Size { width: image.width(), height: image.height() };
            let small = image.resampled(placeholder(size))?;
            return Ok(Report::Described(Seen {
                size,
                orientation: 1,
                has_alpha: image.has_alpha(),
                frames: 1,
                colours: Colours::Rgb,
                thumbhash: thumbhash(&small)?,
            }));
        }
        let image = self.vips.open(bytes)?;
        let stored = Size { width: image.width(), height: image.page_height() };
        // What HEIF calls pages are other pictures of the file.
        let frames = if is_animated { image.pages() } else { 1 };
        check(self.start.limits, stored, frames)?;
        let orientation = image.orientation();
        let size = if orientation >= 5 { stored.turned() } else { stored };
        // This decodes every picture, so that a damaged file is known as one.
        let (width, height) = placeholder(size);
        let small = self.vips.thumbnail(bytes, (width, height), frames > 1)?.in_memory()?;
        let small = small.cut(0, 0, width, height)?;
        Ok(Report::Described(Seen {
            size,
            orientation,
            has_alpha: image.has_alpha(),
            frames,
            colours: match image.interpretation() {
                CMYK => Colours::Cmyk,
                grey if GREYS.contains(&grey) => Colours::Grey,
                _ => Colours::Rgb,
            },
            thumbhash: thumbhash(&small)?,
        }))
    }

    /// Decodes every picture, so that a damaged file is known as one.
    fn read_all(
        &self,
        bytes: &[u8],
        (width, height): (u32, u32),
        is_animated: bool,
    ) -> Result<(), ImageError> {
        let small = placeholder(Size { width, height });
        self.vips.thumbnail(bytes, small, is_animated)?.in_memory()?;
        Ok(())
    }

    fn image_of<'a>(&'a self, decoded: &'a Decoded) -> Result<Image<'a>, ImageError> {
        let size = (decoded.width, decoded.height);
        self.vips.image_of_pixels(&decoded.pixels, size, decoded.channels, decoded.profile.as_deref())
    }

    /// The image that was asked for, encoded.
    pub(crate) fn make(&self, bytes: &[u8], make: &Make) -> Result<(Report, Vec<u8>), ImageError> {
        let turned = matches!(make.rotate, Some(Rotation::Quarter | Rotation::ThreeQuarters));
        let Plan { scaled, .. } = make.plan;
        let before = if turned { scaled.turned() } else { scaled };
        let before = (before.width, before.height);
        let decoded;
        let image = if make.is_heic {
            decoded = self.decode_heic(bytes)?;
            self.image_of(&decoded)?.resampled(before)?
        } else {
            self.vips.thumbnail(bytes, before, make.is_animated)?
        };
        let image = finish(image, make)?;
        let encoded = image.encoded(make.format, make.quality, !make.strip);
        let encoded = encoded.map_err(|unwritable| {
            // Most is decoded while it is encoded: what cannot be read fails once more without an encoder.
            let read = if make.is_heic { Ok(()) } else { self.read_all(bytes, before, make.is_animated) };
            read.err().unwrap_or(unwritable)
        })?;
        Ok((Report::Made(Size { width: image.width(), height: image.page_height() }), encoded))
    }
}

/// Everything between resampling and encoding.
fn finish<'a>(image: Image<'a>, make: &Make) -> Result<Image<'a>, ImageError> {
    let reads_anywhere = make.flip.is_some() || make.rotate.is_some() || make.plan.cut.is_some();
    let filters = make.blur.is_some() || make.sharpen.is_some();
    if !reads_anywhere && !filters {
        return Ok(image);
    }
    let image = image.in_memory()?;
    let page_height = image.page_height();
    let pages = image.height() / page_height.max(1);
    if pages <= 1 {
        return change(image, make);
    }
    let pictures: Result<Vec<_>, ImageError> = (0..pages)
        .map(|page| change(image.cut(0, page * page_height, image.width(), page_height)?, make))
        .collect();
    let pictures = pictures?;
    let height = pictures.first().map_or(page_height, Image::height);
    Image::joined(&pictures, height)
}

fn change<'a>(mut image: Image<'a>, make: &Make) -> Result<Image<'a>, ImageError> {
    let (across, down) = match make.flip {
        None => (false, false),
        Some(Flip::Horizontal) => (true, false),
        Some(Flip::Vertical) => (false, true),
        Some(Flip::Both) => (true, true),
    };
    if across {
        image = image.mirrored(&Mirror::Horizontal)?;
    }
    if down {
        image = image.mirrored(&Mirror::Vertical)?;
    }
    if let Some(rotation) = make.rotate {
        image = image.rotated(match rotation {
            Rotation::Quarter => 1,
            Rotation::Half => 2,
            Rotation::ThreeQuarters => 3,
        })?;
    }
    if let Some(cut) = make.plan.cut {
        image = image.cut(cut.left, cut.top, cut.size.width, cut.size.height)?;
    }
    if let Some(blur) = make.blur {
        image = image.blurred(f64::from(blur) / 10.0)?;
    }
    if let Some(sharpen) = make.sharpen {
        image = image.sharpened(f64::from(sharpen) / 10.0)?;
    }
    Ok(image)
}

/// A decoder may see more in a file than its header says.
fn check(limits: Pixels, size: Size, frames: u32) -> Result<(), ImageError> {
    let is_within = size.width.max(size.height) <= limits.side_max
        && size.pixels() * u64::from(frames) <= limits.pixels_max;
    if is_within { Ok(()) } else { Err(ImageError::too_large("it has more pixels than its header says")) }
}

fn placeholder(size: Size) -> (u32, u32) {
    let longest = size.width.max(size.height).max(1);
    let scaled = |side: u32| {
        (side * PLACEHOLDER_SIDE).div_ceil(longest.max(PLACEHOLDER_SIDE)).clamp(1, PLACEHOLDER_SIDE)
    };
    (scaled(size.width), scaled(size.height))
}

fn thumbhash(small: &Image<'_>) -> Result<Vec<u8>, ImageError> {
    let (width, height) = (small.width(), small.height());
    Ok(thumbhash::rgba_to_thumb_hash(width as usize, height as usize, &small.rgba()?))
}
