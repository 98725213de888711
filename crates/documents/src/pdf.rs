//! The few functions of PDFium that are used (<https://pdfium.googlesource.com/pdfium/+/refs/heads/main/public/>), as safe ones.
//!
//! They are bound here rather than by a crate: there are some twenty, a worker has one thread, and what is handed over is numbers,
//! buffers of our own and pointers that PDFium gave us.
#![expect(unsafe_code, reason = "PDFium is a C library")]

use crate::{DocumentError, pages, protocol::Bounds, unfolding};
use libloading::Library;
use std::ffi::{c_char, c_float, c_int, c_ulong, c_ushort, c_void};
use std::path::Path;
use std::ptr;
use std::rc::Rc;

type Handle = *mut c_void;

/// `FPDF_ERR_PASSWORD` and `FPDF_ERR_SECURITY`.
const ERRORS_OF_PASSWORDS: [c_ulong; 2] = [4, 5];
/// `FPDFBitmap_BGRx`
const BGRX: c_int = 3;
/// `FPDF_ANNOT | FPDF_REVERSE_BYTE_ORDER | FPDF_RENDER_LIMITEDIMAGECACHE`: with what was written on the page, as RGB.
const RENDERED: c_int = 0x01 | 0x10 | 0x200;
const WHITE: c_ulong = 0xffff_ffff;
/// Pages that say nothing of their size are as large as a letter, in points.
const LETTER: (f32, f32) = (612.0, 792.0);
/// Small pages are not made larger than this, in pixels to a point: 300 to the inch.
const SCALE_MAX: f32 = 300.0 / 72.0;
/// A title or name is no longer, in bytes.
const META_BYTES_MAX: usize = 4096;
/// With fewer letters, a page is taken for a picture of a page.
const LAYER_LETTERS_MIN: usize = 24;
/// The end of a file is marked within so many bytes of it.
const END_WITHIN: usize = 2048;

macro_rules! functions {
    ($($name:ident: $kind:ty;)*) => {
        /// The loaded library.
        #[expect(non_snake_case, reason = "the names are PDFium's")]
        pub(crate) struct Pdfium {
            $($name: $kind,)*
            _library: Library,
        }

        #[expect(non_snake_case, reason = "the names are PDFium's")]
        impl Pdfium {
            fn bind(library: Library) -> Result<Self, libloading::Error> {
                // SAFETY: the types are those of PDFium's headers, which keep their interfaces from version to version. The pointers
                // live no longer than the library beside them.
                unsafe {
                    $(let $name: $kind = *library.get(concat!(stringify!($name), "\0").as_bytes())?;)*
                    Ok(Self { $($name,)* _library: library })
                }
            }
        }
    };
}

functions! {
    FPDF_InitLibrary: unsafe extern "C" fn();
    FPDF_LoadMemDocument64: unsafe extern "C" fn(*const c_void, usize, *const c_char) -> Handle;
    FPDF_GetLastError: unsafe extern "C" fn() -> c_ulong;
    FPDF_CloseDocument: unsafe extern "C" fn(Handle);
    FPDF_GetPageCount: unsafe extern "C" fn(Handle) -> c_int;
    FPDF_GetMetaText: unsafe extern "C" fn(Handle, *const c_char, *mut c_void, c_ulong) -> c_ulong;
    FPDF_LoadPage: unsafe extern "C" fn(Handle, c_int) -> Handle;
    FPDF_ClosePage: unsafe extern "C" fn(Handle);
    FPDF_GetPageWidthF: unsafe extern "C" fn(Handle) -> c_float;
    FPDF_GetPageHeightF: unsafe extern "C" fn(Handle) -> c_float;
    FPDFPage_CountObjects: unsafe extern "C" fn(Handle) -> c_int;
    FPDFText_LoadPage: unsafe extern "C" fn(Handle) -> Handle;
    FPDFText_ClosePage: unsafe extern "C" fn(Handle);
    FPDFText_CountChars: unsafe extern "C" fn(Handle) -> c_int;
    FPDFText_GetText: unsafe extern "C" fn(Handle, c_int, c_int, *mut c_ushort) -> c_int;
    FPDFBitmap_CreateEx: unsafe extern "C" fn(c_int, c_int, c_int, *mut c_void, c_int) -> Handle;
    FPDFBitmap_FillRect: unsafe extern "C" fn(Handle, c_int, c_int, c_int, c_int, c_ulong) -> c_int;
    FPDFBitmap_Destroy: unsafe extern "C" fn(Handle);
    FPDF_RenderPageBitmap: unsafe extern "C" fn(Handle, Handle, c_int, c_int, c_int, c_int, c_int, c_int);
}

/// An open PDF.
pub(crate) struct Pdf {
    pdfium: Rc<Pdfium>,
    document: Handle,
    /// Read by PDFium as long as the document is open.
    _bytes: Vec<u8>,
}

impl Drop for Pdf {
    fn drop(&mut self) {
        // SAFETY: the document was opened by this library and is closed once; its bytes are dropped after this.
        unsafe { (self.pdfium.FPDF_CloseDocument)(self.document) }
    }
}

/// An open page.
struct Page<'a> {
    pdfium: &'a Pdfium,
    page: Handle,
}

impl Drop for Page<'_> {
    fn drop(&mut self) {
        // SAFETY: the page was opened by this library and is closed once, before its document.
        unsafe { (self.pdfium.FPDF_ClosePage)(self.page) }
    }
}

impl Pdfium {
    pub(crate) fn load(path: &Path) -> Result<Rc<Self>, DocumentError> {
        let unavailable = |error: libloading::Error| DocumentError::Unavailable { reason: error.to_string() };
        // SAFETY: loading runs the library's initialisers; it is the pinned one, whose hash was checked.
        let library = unsafe { Library::new(path) }.map_err(unavailable)?;
        let pdfium = Self::bind(library).map_err(unavailable)?;
        // SAFETY: called once, before anything else of the library.
        unsafe { (pdfium.FPDF_InitLibrary)() };
        Ok(Rc::new(pdfium))
    }

    pub(crate) fn open(self: &Rc<Self>, bytes: Vec<u8>, bounds: Bounds) -> Result<Pdf, DocumentError> {
        // PDFium puts together what is left of a file; what was cut off would be missing without a word.
        let end = &bytes[bytes.len().saturating_sub(END_WITHIN)..];
        if !end.windows(5).any(|window| window == b"%%EOF") {
            return Err(DocumentError::unreadable("the end is missing"));
        }
        unfolding::check(&bytes, bounds)?;
        // SAFETY: the buffer lives as long as the document, and does not move: only the vector around it does.
        let document =
            unsafe { (self.FPDF_LoadMemDocument64)(bytes.as_ptr().cast(), bytes.len(), ptr::null()) };
        if document.is_null() {
            // SAFETY: takes nothing.
            let error = unsafe { (self.FPDF_GetLastError)() };
            return Err(if ERRORS_OF_PASSWORDS.contains(&error) {
                DocumentError::Encrypted
            } else {
                DocumentError::unreadable(format!("PDFium says {error}"))
            });
        }
        Ok(Pdf { pdfium: Rc::clone(self), document, _bytes: bytes })
    }
}

impl Pdf {
    pub(crate) fn page_count(&self) -> u32 {
        // SAFETY: the document is open.
        u32::try_from(unsafe { (self.pdfium.FPDF_GetPageCount)(self.document) }).unwrap_or(0)
    }

    /// What the document says of itself under this name.
    pub(crate) fn meta(&self, name: &std::ffi::CStr) -> Option<String> {
        let mut buffer = [0_u16; META_BYTES_MAX / 2];
        // SAFETY: the buffer has as many bytes as are named; more are not written.
        let length = unsafe {
            (self.pdfium.FPDF_GetMetaText)(
                self.document,
                name.as_ptr(),
                buffer.as_mut_ptr().cast(),
                META_BYTES_MAX as c_ulong,
            )
        };
        let units = usize::try_from(length).ok().filter(|length| *length <= META_BYTES_MAX)? / 2;
        let text = String::from_utf16_lossy(&buffer[..units]);
        pages::line(text.trim_end_matches('\0'))
    }

    fn page(&self, page: u32) -> Result<Page<'_>, DocumentError> {
        let index = c_int::try_from(page).map_err(DocumentError::unreadable)?;
        // SAFETY: the document is open; an index that does not exist gives nothing.
        let handle = unsafe { (self.pdfium.FPDF_LoadPage)(self.document, index) };
        if handle.is_null() {
            return Err(DocumentError::unreadable(format!("page {page} cannot be opened")));
        }
        Ok(Page { pdfium: &self.pdfium, page: handle })
    }

    /// The text of a page, and whether it says what is on it: a picture of a page has none, and a blank page needs none.
    pub(crate) fn text(&self, page: u32, bytes_max: u64) -> Result<(String, bool), DocumentError> {
        let page = self.page(page)?;
        // SAFETY: the page is open.
        let is_blank = unsafe { (self.pdfium.FPDFPage_CountObjects)(page.page) } == 0;
        // SAFETY: the page is open, and closed after its text.
        let text = unsafe { (self.pdfium.FPDFText_LoadPage)(page.page) };
        if text.is_null() {
            return Ok((String::new(), is_blank));
        }
        // SAFETY: the text is open.
        let count = unsafe { (self.pdfium.FPDFText_CountChars)(text) }.max(0);
        let mut units = Vec::new();
        let fits = count.cast_unsigned() as u64 * 2 <= bytes_max.saturating_mul(2);
        if fits {
            // A letter beyond the first plane takes two.
            units = vec![0_u16; count.cast_unsigned() as usize * 2 + 2];
            // SAFETY: the buffer has room for as many characters as are asked for, twice, and a zero after them.
            let written = unsafe { (self.pdfium.FPDFText_GetText)(text, 0, count, units.as_mut_ptr()) };
            units.truncate(usize::try_from(written).unwrap_or(0).saturating_sub(1));
        }
        // SAFETY: closed once.
        unsafe { (self.pdfium.FPDFText_ClosePage)(text) };
        if !fits {
            return Err(pages::too_much_text(bytes_max));
        }
        let text = paragraphs(&String::from_utf16_lossy(&units));
        let letters = text.chars().filter(|letter| letter.is_alphanumeric()).count();
        Ok((text, is_blank || letters >= LAYER_LETTERS_MIN))
    }

    /// A page as PNG whose longer side has at most so many pixels, with its width and height.
    pub(crate) fn image(&self, page: u32, side_max: u32) -> Result<(Vec<u8>, u32, u32), DocumentError> {
        let page = self.page(page)?;
        // SAFETY: the page is open.
        let size = unsafe {
            ((self.pdfium.FPDF_GetPageWidthF)(page.page), (self.pdfium.FPDF_GetPageHeightF)(page.page))
        };
        let (width, height) = pixels(size, side_max);
        let stride = width as usize * 4;
        let mut picture = vec![0_u8; stride * height as usize];
        let (wide, high) = (width.cast_signed(), height.cast_signed());
        // SAFETY: the buffer has as many lines of as many bytes as are named, outlives the bitmap, and is not touched meanwhile.
        unsafe {
            let bitmap =
                (self.pdfium.FPDFBitmap_CreateEx)(wide, high, BGRX, picture.as_mut_ptr().cast(), wide * 4);
            if bitmap.is_null() {
                return Err(DocumentError::unreadable("no picture of the page can be made"));
            }
            (self.pdfium.FPDFBitmap_FillRect)(bitmap, 0, 0, wide, high, WHITE);
            (self.pdfium.FPDF_RenderPageBitmap)(bitmap, page.page, 0, 0, wide, high, 0, RENDERED);
            (self.pdfium.FPDFBitmap_Destroy)(bitmap);
        }
        let colours: Vec<u8> =
            picture.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        Ok((png(&colours, width, height)?, width, height))
    }
}

/// Width and height of a page's picture.
fn pixels((width, height): (f32, f32), side_max: u32) -> (u32, u32) {
    let is_sensible = |side: f32| side.is_finite() && side > 0.0;
    let (width, height) = if is_sensible(width) && is_sensible(height) { (width, height) } else { LETTER };
    let scale = (side_max as f32 / width.max(height)).min(SCALE_MAX);
    let side = |points: f32| ((points * scale).round() as u32).clamp(1, side_max.max(1));
    (side(width), side(height))
}

/// Lines as PDFium tells them: a word that was parted at the end of one is put together.
fn paragraphs(text: &str) -> String {
    let text = text.replace("\u{2}\r\n", "").replace("\u{fffe}\r\n", "").replace(['\u{2}', '\u{fffe}'], "");
    pages::tidy(&text)
}

fn png(colours: &[u8], width: u32, height: u32) -> Result<Vec<u8>, DocumentError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().map_err(DocumentError::unreadable)?;
    writer.write_image_data(colours).map_err(DocumentError::unreadable)?;
    writer.finish().map_err(DocumentError::unreadable)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_as_large_as_may_be_and_no_larger_than_it_deserves() {
        assert_eq!(pixels((595.0, 842.0), 1684), (1190, 1684));
        assert_eq!(pixels((72.0, 36.0), 1684), (300, 150));
        assert_eq!(pixels((f32::NAN, 3.0), 792), (612, 792));
        assert_eq!(pixels((1e30, 1e-30), 1000), (1000, 1));
    }
}
