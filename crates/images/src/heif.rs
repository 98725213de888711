//! HEIC by libheif and libde265, which libvips is built without. The C interface of `heif.h`, loaded at run time.
#![expect(unsafe_code, reason = "libheif has a C interface")]

use crate::{ImageError, protocol::Pixels};
use libloading::Library;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;

/// `heif_colorspace_RGB`, `heif_chroma_interleaved_RGB`, `heif_chroma_interleaved_RGBA`, `heif_channel_interleaved`
const RGB: c_int = 1;
const INTERLEAVED_RGB: c_int = 10;
const INTERLEAVED_RGBA: c_int = 11;
const CHANNEL_INTERLEAVED: c_int = 10;

#[repr(C)]
struct RawError {
    code: c_int,
    subcode: c_int,
    message: *const c_char,
}

/// The loaded library. What it needs itself is loaded first: it is found by its name among what is loaded.
pub(crate) struct Heif {
    context_alloc: unsafe extern "C" fn() -> *mut c_void,
    context_free: unsafe extern "C" fn(*mut c_void),
    set_size_max: unsafe extern "C" fn(*mut c_void, c_int),
    set_threads_max: unsafe extern "C" fn(*mut c_void, c_int),
    read: unsafe extern "C" fn(*mut c_void, *const c_void, usize, *const c_void) -> RawError,
    primary: unsafe extern "C" fn(*mut c_void, *mut *mut c_void) -> RawError,
    handle_release: unsafe extern "C" fn(*const c_void),
    handle_has_alpha: unsafe extern "C" fn(*const c_void) -> c_int,
    handle_width: unsafe extern "C" fn(*const c_void) -> c_int,
    handle_height: unsafe extern "C" fn(*const c_void) -> c_int,
    profile_size: unsafe extern "C" fn(*const c_void) -> usize,
    profile: unsafe extern "C" fn(*const c_void, *mut c_void) -> RawError,
    decode: unsafe extern "C" fn(*const c_void, *mut *mut c_void, c_int, c_int, *const c_void) -> RawError,
    image_release: unsafe extern "C" fn(*const c_void),
    image_width: unsafe extern "C" fn(*const c_void, c_int) -> c_int,
    image_height: unsafe extern "C" fn(*const c_void, c_int) -> c_int,
    plane: unsafe extern "C" fn(*const c_void, c_int, *mut c_int) -> *const u8,
    _library: Library,
    _de265: Library,
}

/// A picture as the decoder gives it: upright, 8 bits a channel, without gaps between rows.
pub(crate) struct Decoded {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// 3 or 4.
    pub(crate) channels: u32,
    pub(crate) pixels: Vec<u8>,
    /// The ICC profile its colours are of.
    pub(crate) profile: Option<Vec<u8>>,
}

/// Releases what the library handed out.
struct Held(*mut c_void, unsafe extern "C" fn(*const c_void));

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: it was handed out by the library, and is released once.
        unsafe { (self.1)(self.0) }
    }
}

struct Context<'a>(*mut c_void, &'a Heif);

impl Drop for Context<'_> {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { (self.1.context_free)(self.0) }
    }
}

fn check(error: &RawError) -> Result<(), ImageError> {
    if error.code == 0 {
        return Ok(());
    }
    // SAFETY: messages of the library are constants, or live as long as its context.
    let message =
        unsafe { error.message.as_ref().map(|text| CStr::from_ptr(text).to_string_lossy().into_owned()) };
    Err(ImageError::Unreadable { detail: message.unwrap_or_else(|| error.subcode.to_string()) })
}

impl Heif {
    pub(crate) fn load(library: &Path, de265: &Path) -> Result<Self, ImageError> {
        let fault = |error: libloading::Error| ImageError::Unavailable { reason: error.to_string() };
        // SAFETY: the libraries are the pinned ones; their initialisers have no preconditions. The symbols are given the types of
        // the header of libheif 1.23, and live no longer than the library beside them.
        unsafe {
            let de265 = Library::new(de265).map_err(fault)?;
            let library = Library::new(library).map_err(fault)?;
            Ok(Self {
                context_alloc: *library.get(b"heif_context_alloc\0").map_err(fault)?,
                context_free: *library.get(b"heif_context_free\0").map_err(fault)?,
                set_size_max: *library.get(b"heif_context_set_maximum_image_size_limit\0").map_err(fault)?,
                set_threads_max: *library.get(b"heif_context_set_max_decoding_threads\0").map_err(fault)?,
                read: *library.get(b"heif_context_read_from_memory_without_copy\0").map_err(fault)?,
                primary: *library.get(b"heif_context_get_primary_image_handle\0").map_err(fault)?,
                handle_release: *library.get(b"heif_image_handle_release\0").map_err(fault)?,
                handle_has_alpha: *library.get(b"heif_image_handle_has_alpha_channel\0").map_err(fault)?,
                handle_width: *library.get(b"heif_image_handle_get_width\0").map_err(fault)?,
                handle_height: *library.get(b"heif_image_handle_get_height\0").map_err(fault)?,
                profile_size: *library
                    .get(b"heif_image_handle_get_raw_color_profile_size\0")
                    .map_err(fault)?,
                profile: *library.get(b"heif_image_handle_get_raw_color_profile\0").map_err(fault)?,
                decode: *library.get(b"heif_decode_image\0").map_err(fault)?,
                image_release: *library.get(b"heif_image_release\0").map_err(fault)?,
                image_width: *library.get(b"heif_image_get_width\0").map_err(fault)?,
                image_height: *library.get(b"heif_image_get_height\0").map_err(fault)?,
                plane: *library.get(b"heif_image_get_plane_readonly\0").map_err(fault)?,
                _library: library,
                _de265: de265,
            })
        }
    }

    /// The primary picture of a file.
    pub(crate) fn decode(&self, bytes: &[u8], limits: Pixels, threads: u32) -> Result<Decoded, ImageError> {
        let refused = |detail: &str| ImageError::Unreadable { detail: detail.to_owned() };
        // SAFETY: every call gets what the functions before it handed out and what they say of it; the bytes outlive the context,
        // and each row that is copied lies within the plane, whose rows are `stride` bytes apart.
        unsafe {
            let context = Context((self.context_alloc)(), self);
            (self.set_size_max)(context.0, c_int::try_from(limits.side_max).unwrap_or(c_int::MAX));
            (self.set_threads_max)(context.0, c_int::try_from(threads).unwrap_or(1));
            check(&(self.read)(context.0, bytes.as_ptr().cast(), bytes.len(), ptr::null()))?;
            let mut handle = ptr::null_mut();
            check(&(self.primary)(context.0, &raw mut handle))?;
            let handle = Held(handle, self.handle_release);
            let area = u64::try_from((self.handle_width)(handle.0)).unwrap_or(0)
                * u64::try_from((self.handle_height)(handle.0)).unwrap_or(0);
            if area == 0 || area > limits.pixels_max {
                return Err(ImageError::TooLarge {
                    reason: "it has more pixels than its header says".to_owned(),
                });
            }
            let has_alpha = (self.handle_has_alpha)(handle.0) != 0;
            let (chroma, channels) = if has_alpha { (INTERLEAVED_RGBA, 4) } else { (INTERLEAVED_RGB, 3) };
            let mut image = ptr::null_mut();
            check(&(self.decode)(handle.0, &raw mut image, RGB, chroma, ptr::null()))?;
            let image = Held(image, self.image_release);
            let width = u32::try_from((self.image_width)(image.0, CHANNEL_INTERLEAVED)).unwrap_or(0);
            let height = u32::try_from((self.image_height)(image.0, CHANNEL_INTERLEAVED)).unwrap_or(0);
            let mut stride = 0;
            let plane = (self.plane)(image.0, CHANNEL_INTERLEAVED, &raw mut stride);
            let (stride, row) = (usize::try_from(stride).unwrap_or(0), width as usize * channels as usize);
            if plane.is_null() || row == 0 || stride < row {
                return Err(refused("the decoder gave no picture"));
            }
            let mut pixels = Vec::with_capacity(row * height as usize);
            for index in 0..height as usize {
                pixels.extend_from_slice(std::slice::from_raw_parts(plane.add(index * stride), row));
            }
            let mut profile = vec![0; (self.profile_size)(handle.0)];
            let has_profile =
                !profile.is_empty() && (self.profile)(handle.0, profile.as_mut_ptr().cast()).code == 0;
            Ok(Decoded { width, height, channels, pixels, profile: has_profile.then_some(profile) })
        }
    }
}
