//! The few functions of libvips that are used (<https://www.libvips.org/API/current/>), as safe ones.
#![expect(unsafe_code, reason = "libvips is a C library")]

use crate::{ImageError, OutputFormat};
use libloading::Library;
use std::ffi::{CStr, c_char, c_double, c_int, c_void};
use std::path::Path;
use std::ptr::{self, NonNull};

type Object = *mut c_void;
/// The end of a list of named arguments.
const END: *const c_char = ptr::null();

/// `VIPS_SIZE_FORCE`
const SIZE_FORCE: c_int = 3;
/// `VIPS_FOREIGN_HEIF_COMPRESSION_AV1`
const COMPRESSION_AV1: c_int = 4;
/// `VIPS_FOREIGN_KEEP_EXIF | VIPS_FOREIGN_KEEP_XMP | VIPS_FOREIGN_KEEP_IPTC`
const KEEP_METADATA: c_int = 1 | 2 | 4;
/// `VIPS_INTERPRETATION_sRGB`
const SRGB: c_int = 22;
/// `VIPS_FORMAT_UCHAR`
const UCHAR: c_int = 0;

/// The loaders that may run; all others are blocked.
const LOADERS: [&CStr; 5] = [
    c"VipsForeignLoadJpeg",
    c"VipsForeignLoadPng",
    c"VipsForeignLoadNsgif",
    c"VipsForeignLoadWebp",
    c"VipsForeignLoadHeif",
];

/// Lets the library know an AVIF that moves (AVIF 1.1, "AVIF Image Sequence") for an AVIF. It goes by the main brand alone and knows that of stills;
/// the still picture beside the moving ones, for whoever shows no others, it reads all the same.
pub(crate) fn show_still(file: &mut [u8]) {
    if let Some(brand) = file.get_mut(4..12).filter(|brand| **brand == *b"ftypavis") {
        brand.copy_from_slice(b"ftypavif");
    }
}

macro_rules! functions {
    ($($name:ident: $kind:ty;)*) => {
        /// The loaded library.
        pub(crate) struct Vips {
            $($name: $kind,)*
            _library: Library,
        }

        impl Vips {
            fn bind(library: Library) -> Result<Self, libloading::Error> {
                // SAFETY: each type is that of the function of that name in the headers of libvips 8.18 and of glib, whose
                // interfaces are kept from version to version. The pointers live no longer than the library beside them.
                unsafe {
                    $(let $name: $kind = *library.get(concat!(stringify!($name), "\0").as_bytes())?;)*
                    Ok(Self { $($name,)* _library: library })
                }
            }
        }
    };
}

functions! {
    vips_init: unsafe extern "C" fn(*const c_char) -> c_int;
    vips_cache_set_max: unsafe extern "C" fn(c_int);
    vips_concurrency_set: unsafe extern "C" fn(c_int);
    vips_operation_block_set: unsafe extern "C" fn(*const c_char, c_int);
    vips_error_buffer: unsafe extern "C" fn() -> *const c_char;
    vips_error_clear: unsafe extern "C" fn();
    g_object_unref: unsafe extern "C" fn(Object);
    g_free: unsafe extern "C" fn(*mut c_void);
    g_log_set_default_handler: unsafe extern "C" fn(unsafe extern "C" fn(*const c_char, c_int, *const c_char, *mut c_void), *mut c_void) -> *mut c_void;
    vips_area_unref: unsafe extern "C" fn(*mut c_void);
    vips_array_double_newv: unsafe extern "C" fn(c_int, ...) -> *mut c_void;
    vips_image_new_from_buffer: unsafe extern "C" fn(*const c_void, usize, *const c_char, ...) -> Object;
    vips_image_new_from_memory: unsafe extern "C" fn(*const c_void, usize, c_int, c_int, c_int, c_int) -> Object;
    vips_image_copy_memory: unsafe extern "C" fn(Object) -> Object;
    vips_image_write_to_memory: unsafe extern "C" fn(Object, *mut usize) -> *mut c_void;
    vips_image_set_blob_copy: unsafe extern "C" fn(Object, *const c_char, *const c_void, usize);
    vips_image_set_int: unsafe extern "C" fn(Object, *const c_char, c_int);
    vips_image_get_width: unsafe extern "C" fn(Object) -> c_int;
    vips_image_get_height: unsafe extern "C" fn(Object) -> c_int;
    vips_image_get_page_height: unsafe extern "C" fn(Object) -> c_int;
    vips_image_get_n_pages: unsafe extern "C" fn(Object) -> c_int;
    vips_image_get_orientation: unsafe extern "C" fn(Object) -> c_int;
    vips_image_get_interpretation: unsafe extern "C" fn(Object) -> c_int;
    vips_image_hasalpha: unsafe extern "C" fn(Object) -> c_int;
    vips_thumbnail_buffer: unsafe extern "C" fn(*const c_void, usize, *mut Object, c_int, ...) -> c_int;
    vips_thumbnail_image: unsafe extern "C" fn(Object, *mut Object, c_int, ...) -> c_int;
    vips_copy: unsafe extern "C" fn(Object, *mut Object, ...) -> c_int;
    vips_extract_area: unsafe extern "C" fn(Object, *mut Object, c_int, c_int, c_int, c_int, ...) -> c_int;
    vips_arrayjoin: unsafe extern "C" fn(*const Object, *mut Object, c_int, ...) -> c_int;
    vips_flip: unsafe extern "C" fn(Object, *mut Object, c_int, ...) -> c_int;
    vips_rot: unsafe extern "C" fn(Object, *mut Object, c_int, ...) -> c_int;
    vips_gaussblur: unsafe extern "C" fn(Object, *mut Object, c_double, ...) -> c_int;
    vips_sharpen: unsafe extern "C" fn(Object, *mut Object, ...) -> c_int;
    vips_colourspace: unsafe extern "C" fn(Object, *mut Object, c_int, ...) -> c_int;
    vips_addalpha: unsafe extern "C" fn(Object, *mut Object, ...) -> c_int;
    vips_jpegsave_buffer: unsafe extern "C" fn(Object, *mut *mut c_void, *mut usize, ...) -> c_int;
    vips_pngsave_buffer: unsafe extern "C" fn(Object, *mut *mut c_void, *mut usize, ...) -> c_int;
    vips_webpsave_buffer: unsafe extern "C" fn(Object, *mut *mut c_void, *mut usize, ...) -> c_int;
    vips_heifsave_buffer: unsafe extern "C" fn(Object, *mut *mut c_void, *mut usize, ...) -> c_int;
    vips_gifsave_buffer: unsafe extern "C" fn(Object, *mut *mut c_void, *mut usize, ...) -> c_int;
}

/// An image of libvips: a description of work, most of which is done when it is encoded. It may refer to the bytes it is read
/// from, which it therefore borrows.
pub(crate) struct Image<'a> {
    object: NonNull<c_void>,
    vips: &'a Vips,
}

impl Drop for Image<'_> {
    fn drop(&mut self) {
        // SAFETY: the reference is ours, and is given up once.
        unsafe { (self.vips.g_object_unref)(self.object.as_ptr()) }
    }
}

/// How an image lies.
pub(crate) enum Mirror {
    Horizontal,
    Vertical,
}

unsafe extern "C" fn silent(_: *const c_char, _: c_int, _: *const c_char, _: *mut c_void) {}

impl Vips {
    /// Loads and starts the library, with every loader blocked but ours, nothing cached, and no word to standard error.
    pub(crate) fn load(path: &Path, threads: u32) -> Result<Self, ImageError> {
        let unavailable = |reason: String| ImageError::Unavailable { reason };
        // SAFETY: loading runs the library's initialisers; it is the pinned one, whose hash was checked.
        let library = unsafe { Library::new(path) }.map_err(|error| unavailable(error.to_string()))?;
        let vips = Self::bind(library).map_err(|error| unavailable(error.to_string()))?;
        // SAFETY: called once, before anything else of the library, with strings that end with a zero.
        unsafe {
            (vips.g_log_set_default_handler)(silent, ptr::null_mut());
            if (vips.vips_init)(c"memoreel".as_ptr()) != 0 {
                return Err(unavailable(vips.last_error()));
            }
            (vips.vips_cache_set_max)(0);
            (vips.vips_concurrency_set)(c_int::try_from(threads).unwrap_or(1));
            (vips.vips_operation_block_set)(c"VipsForeignLoad".as_ptr(), 1);
            for loader in LOADERS {
                (vips.vips_operation_block_set)(loader.as_ptr(), 0);
            }
        }
        Ok(vips)
    }

    fn last_error(&self) -> String {
        // SAFETY: the buffer is the library's and ends with a zero; it is copied before it is cleared.
        unsafe {
            let text =
                CStr::from_ptr((self.vips_error_buffer)()).to_string_lossy().trim().replace('\n', "; ");
            (self.vips_error_clear)();
            text
        }
    }

    fn unreadable(&self) -> ImageError {
        ImageError::Unreadable { detail: self.last_error() }
    }

    fn owned<'a>(&'a self, object: Object) -> Result<Image<'a>, ImageError> {
        let object = NonNull::new(object).ok_or_else(|| self.unreadable())?;
        Ok(Image { object, vips: self })
    }

    /// What an operation put into its last argument.
    fn made<'a>(&'a self, work: impl FnOnce(*mut Object) -> c_int) -> Result<Image<'a>, ImageError> {
        let mut object: Object = ptr::null_mut();
        if work(&raw mut object) == 0 { self.owned(object) } else { Err(self.unreadable()) }
    }

    /// The file's header.
    pub(crate) fn open<'a>(&'a self, bytes: &'a [u8]) -> Result<Image<'a>, ImageError> {
        // SAFETY: the bytes outlive the image by its lifetime; the options end with the end of arguments.
        let object = unsafe {
            (self.vips_image_new_from_buffer)(bytes.as_ptr().cast(), bytes.len(), c"".as_ptr(), END)
        };
        self.owned(object)
    }

    /// The file, decoded no larger than needed, upright, in sRGB, and resampled to the size, which is of each picture.
    pub(crate) fn thumbnail<'a>(
        &'a self,
        bytes: &'a [u8],
        (width, height): (u32, u32),
        all_pictures: bool,
    ) -> Result<Image<'a>, ImageError> {
        // What is damaged or cut off fails. As an argument of the operation, `fail_on` does not reach the loader of a buffer.
        let options = if all_pictures { c"[n=-1,fail_on=error]" } else { c"[fail_on=error]" };
        let (start, length) = (bytes.as_ptr().cast(), bytes.len());
        // SAFETY: the bytes outlive the image by its lifetime; arguments are pairs of the name and the type that it has.
        self.made(|made| unsafe {
            (self.vips_thumbnail_buffer)(
                start,
                length,
                made,
                side(width),
                c"height".as_ptr(),
                side(height),
                c"size".as_ptr(),
                SIZE_FORCE,
                c"option_string".as_ptr(),
                options.as_ptr(),
                c"output_profile".as_ptr(),
                c"srgb".as_ptr(),
                END,
            )
        })?
        .in_srgb()
    }

    /// Pixels of 8 bits a channel, row by row without gaps.
    pub(crate) fn image_of_pixels<'a>(
        &'a self,
        pixels: &'a [u8],
        (width, height): (u32, u32),
        channels: u32,
        profile: Option<&[u8]>,
    ) -> Result<Image<'a>, ImageError> {
        let expected = u64::from(width) * u64::from(height) * u64::from(channels);
        if pixels.len() as u64 != expected {
            return Err(ImageError::Unreadable {
                detail: "the decoder gave another number of pixels".to_owned(),
            });
        }
        // SAFETY: there are as many bytes as the sides say, and they outlive the image by its lifetime.
        let object = unsafe {
            (self.vips_image_new_from_memory)(
                pixels.as_ptr().cast(),
                pixels.len(),
                side(width),
                side(height),
                side(channels),
                UCHAR,
            )
        };
        let image = self.owned(object)?;
        // SAFETY: pairs of names and types as above; the blob is copied.
        let image = self.made(|made| unsafe {
            (self.vips_copy)(image.object.as_ptr(), made, c"interpretation".as_ptr(), SRGB, END)
        })?;
        if let Some(profile) = profile {
            unsafe {
                let name = c"icc-profile-data".as_ptr();
                (self.vips_image_set_blob_copy)(
                    image.object.as_ptr(),
                    name,
                    profile.as_ptr().cast(),
                    profile.len(),
                );
            }
        }
        Ok(image)
    }
}

/// No side is near the largest integer.
fn side(pixels: u32) -> c_int {
    c_int::try_from(pixels).unwrap_or(c_int::MAX)
}

fn pixels(side: c_int) -> u32 {
    u32::try_from(side).unwrap_or(0)
}

impl<'a> Image<'a> {
    fn get(&self, function: unsafe extern "C" fn(Object) -> c_int) -> c_int {
        // SAFETY: the object is a live image, which these functions only look at.
        unsafe { function(self.object.as_ptr()) }
    }

    pub(crate) fn width(&self) -> u32 {
        pixels(self.get(self.vips.vips_image_get_width))
    }

    /// Of all pictures together, which lie below each other.
    pub(crate) fn height(&self) -> u32 {
        pixels(self.get(self.vips.vips_image_get_height))
    }

    /// Of one picture.
    pub(crate) fn page_height(&self) -> u32 {
        pixels(self.get(self.vips.vips_image_get_page_height))
    }

    pub(crate) fn pages(&self) -> u32 {
        pixels(self.get(self.vips.vips_image_get_n_pages)).max(1)
    }

    pub(crate) fn orientation(&self) -> u8 {
        u8::try_from(self.get(self.vips.vips_image_get_orientation)).unwrap_or(1)
    }

    /// `VipsInterpretation`
    pub(crate) fn interpretation(&self) -> c_int {
        self.get(self.vips.vips_image_get_interpretation)
    }

    pub(crate) fn has_alpha(&self) -> bool {
        self.get(self.vips.vips_image_hasalpha) != 0
    }

    fn apply(&self, work: impl FnOnce(Object, *mut Object) -> c_int) -> Result<Self, ImageError> {
        self.vips.made(|made| work(self.object.as_ptr(), made))
    }

    /// As [`Vips::thumbnail`], of an image that is decoded already.
    pub(crate) fn resampled(&self, (width, height): (u32, u32)) -> Result<Self, ImageError> {
        // SAFETY (here and in the functions below): the object is a live image; arguments are pairs of a name and the type that
        // the operation has for it, and end with the end of arguments.
        self.apply(|object, made| unsafe {
            (self.vips.vips_thumbnail_image)(
                object,
                made,
                side(width),
                c"height".as_ptr(),
                side(height),
                c"size".as_ptr(),
                SIZE_FORCE,
                c"output_profile".as_ptr(),
                c"srgb".as_ptr(),
                END,
            )
        })?
        .in_srgb()
    }

    fn in_srgb(&self) -> Result<Self, ImageError> {
        self.apply(|object, made| unsafe { (self.vips.vips_colourspace)(object, made, SRGB, END) })
    }

    /// Decoded, so that its pixels can be asked for in any order.
    pub(crate) fn in_memory(&self) -> Result<Self, ImageError> {
        // SAFETY: as above.
        let object = unsafe { (self.vips.vips_image_copy_memory)(self.object.as_ptr()) };
        self.vips.owned(object)
    }

    pub(crate) fn cut(&self, left: u32, top: u32, width: u32, height: u32) -> Result<Self, ImageError> {
        self.apply(|object, made| unsafe {
            (self.vips.vips_extract_area)(object, made, side(left), side(top), side(width), side(height), END)
        })
    }

    pub(crate) fn mirrored(&self, mirror: &Mirror) -> Result<Self, ImageError> {
        let direction = match mirror {
            Mirror::Horizontal => 0,
            Mirror::Vertical => 1,
        };
        self.apply(|object, made| unsafe { (self.vips.vips_flip)(object, made, direction as c_int, END) })
    }

    /// `quarters` of a turn, clockwise.
    pub(crate) fn rotated(&self, quarters: u8) -> Result<Self, ImageError> {
        self.apply(|object, made| unsafe { (self.vips.vips_rot)(object, made, c_int::from(quarters), END) })
    }

    pub(crate) fn blurred(&self, sigma: f64) -> Result<Self, ImageError> {
        self.apply(|object, made| unsafe { (self.vips.vips_gaussblur)(object, made, sigma, END) })
    }

    pub(crate) fn sharpened(&self, sigma: f64) -> Result<Self, ImageError> {
        self.apply(|object, made| unsafe {
            (self.vips.vips_sharpen)(object, made, c"sigma".as_ptr(), sigma as c_double, END)
        })?
        .in_srgb()
    }

    /// The pictures below each other again, each of them `page_height` rows.
    pub(crate) fn joined(pictures: &[Self], page_height: u32) -> Result<Self, ImageError> {
        let Some(first) = pictures.first() else {
            return Err(ImageError::Unreadable { detail: "there is no picture".to_owned() });
        };
        let objects: Vec<Object> = pictures.iter().map(|picture| picture.object.as_ptr()).collect();
        let count = side(u32::try_from(objects.len()).unwrap_or(u32::MAX));
        let joined = first.vips.made(|made| unsafe {
            (first.vips.vips_arrayjoin)(objects.as_ptr(), made, count, c"across".as_ptr(), 1 as c_int, END)
        })?;
        // An image that others may look at is not changed: this one is new.
        let joined = joined.apply(|object, made| unsafe { (joined.vips.vips_copy)(object, made, END) })?;
        unsafe {
            (joined.vips.vips_image_set_int)(
                joined.object.as_ptr(),
                c"page-height".as_ptr(),
                side(page_height),
            );
        }
        Ok(joined)
    }

    /// Its pixels as four channels of 8 bits.
    pub(crate) fn rgba(&self) -> Result<Vec<u8>, ImageError> {
        let with_alpha = if self.has_alpha() {
            None
        } else {
            Some(self.apply(|object, made| unsafe { (self.vips.vips_addalpha)(object, made, END) })?)
        };
        let image = with_alpha.as_ref().unwrap_or(self);
        let mut length = 0;
        // SAFETY: as above; the buffer is ours, of the length that is told.
        let start = unsafe { (self.vips.vips_image_write_to_memory)(image.object.as_ptr(), &raw mut length) };
        self.vips.taken(start, length)
    }

    /// Encodes, which is when most of the work is done: what cannot be decoded fails here too. `keeps_metadata` is about camera,
    /// place and author: profiles never stay, since what is encoded is sRGB.
    pub(crate) fn encoded(
        &self,
        format: OutputFormat,
        quality: u8,
        keeps_metadata: bool,
    ) -> Result<Vec<u8>, ImageError> {
        let (vips, object, quality) = (self.vips, self.object.as_ptr(), c_int::from(quality));
        let keep = if keeps_metadata { KEEP_METADATA } else { 0 };
        let (mut start, mut length) = (ptr::null_mut(), 0);
        let (to, size) = (&raw mut start, &raw mut length);
        let (q, effort) = (c"Q".as_ptr(), c"effort".as_ptr());
        let kept = c"keep".as_ptr();
        // SAFETY: as above; the white background is an array that lives through the call.
        let failed = unsafe {
            match format {
                OutputFormat::Jpeg => {
                    let white = (vips.vips_array_double_newv)(
                        3,
                        255.0 as c_double,
                        255.0 as c_double,
                        255.0 as c_double,
                    );
                    let failed = (vips.vips_jpegsave_buffer)(
                        object,
                        to,
                        size,
                        q,
                        quality,
                        c"optimize_coding".as_ptr(),
                        1 as c_int,
                        c"background".as_ptr(),
                        white,
                        kept,
                        keep,
                        END,
                    );
                    (vips.vips_area_unref)(white);
                    failed
                }
                OutputFormat::Png => (vips.vips_pngsave_buffer)(
                    object,
                    to,
                    size,
                    c"compression".as_ptr(),
                    6 as c_int,
                    kept,
                    keep,
                    END,
                ),
                OutputFormat::Webp => (vips.vips_webpsave_buffer)(
                    object,
                    to,
                    size,
                    q,
                    quality,
                    effort,
                    WEBP_EFFORT,
                    kept,
                    keep,
                    END,
                ),
                OutputFormat::Avif => (vips.vips_heifsave_buffer)(
                    object,
                    to,
                    size,
                    q,
                    quality,
                    c"compression".as_ptr(),
                    COMPRESSION_AV1,
                    c"bitdepth".as_ptr(),
                    8 as c_int,
                    effort,
                    AVIF_EFFORT,
                    kept,
                    keep,
                    END,
                ),
                OutputFormat::Gif => {
                    (vips.vips_gifsave_buffer)(object, to, size, effort, 4 as c_int, kept, keep, END)
                }
            }
        };
        if failed == 0 {
            vips.taken(start, length)
        } else {
            Err(ImageError::Unwritable { detail: vips.last_error() })
        }
    }
}

/// How long the encoders search; `docs/measurements.md` has what each step costs and brings.
const WEBP_EFFORT: c_int = 2;
const AVIF_EFFORT: c_int = 2;

impl Vips {
    /// Copies a buffer of the library, and frees it.
    fn taken(&self, start: *mut c_void, length: usize) -> Result<Vec<u8>, ImageError> {
        if start.is_null() {
            return Err(self.unreadable());
        }
        // SAFETY: the library allocated `length` bytes there and gave them to us; they are freed once.
        unsafe {
            let bytes = std::slice::from_raw_parts(start.cast::<u8>(), length).to_vec();
            (self.g_free)(start);
            Ok(bytes)
        }
    }
}
