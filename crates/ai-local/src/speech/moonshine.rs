//! The C interface of libmoonshine (`moonshine-c-api.h`, header version 30000), loaded at run time.
//! Used only inside the speech worker process: the library may crash, and takes the worker with it.

#![expect(unsafe_code, reason = "the speech library has a C interface")]

use std::ffi::{CStr, CString, c_char, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use libloading::Library;

/// The version of the C header that the structures below follow.
const HEADER_VERSION: i32 = 30_000;
/// The tiny model without streaming.
const TINY: u32 = 0;
const SAMPLE_RATE: i32 = memoreel_ai::wav::SAMPLE_RATE as i32;

#[repr(C)]
struct RawOption {
    name: *const c_char,
    value: *const c_char,
}

#[repr(C)]
struct RawSpan {
    start_time: f32,
    duration: f32,
    speaker_id: u64,
    speaker_index: u32,
    start_char: u64,
    end_char: u64,
}

#[repr(C)]
struct RawLine {
    text: *const c_char,
    audio_data: *const f32,
    audio_data_count: usize,
    start_time: f32,
    duration: f32,
    id: u64,
    is_complete: i8,
    is_updated: i8,
    is_new: i8,
    has_text_changed: i8,
    have_speakers_changed: i8,
    speaker_spans: *const RawSpan,
    speaker_span_count: u64,
    last_transcription_latency_ms: u32,
    words: *const c_void,
    word_count: u64,
}

#[repr(C)]
struct RawTranscript {
    lines: *const RawLine,
    line_count: u64,
}

// The sizes that the library is compiled with on 64-bit machines.
const _: () = assert!(size_of::<RawSpan>() == 40 && size_of::<RawLine>() == 88);

type LoadFromFiles = unsafe extern "C" fn(*const c_char, u32, *const RawOption, u64, i32) -> i32;
type FreeTranscriber = unsafe extern "C" fn(i32);
type Transcribe = unsafe extern "C" fn(i32, *const f32, u64, i32, u32, *mut *const RawTranscript) -> i32;
type ErrorToString = unsafe extern "C" fn(i32) -> *const c_char;

/// The loaded library.
pub struct Moonshine {
    load: LoadFromFiles,
    free: FreeTranscriber,
    transcribe: Transcribe,
    error_to_string: ErrorToString,
    // Keeps the functions above alive.
    library: Library,
}

/// A loaded model with its options.
pub struct Transcriber<'a> {
    library: &'a Moonshine,
    handle: i32,
}

/// A line of the library's transcript, times in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub text: String,
    pub start: f32,
    pub end: f32,
    pub spans: Vec<Span>,
}

/// A voice within a line, times in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    pub start: f32,
    pub end: f32,
    pub speaker: u32,
}

impl Moonshine {
    /// Loads the library.
    pub fn load(library: &Path) -> Result<Self, String> {
        // SAFETY: the library is the pinned one; its initialisers have no preconditions. The symbols are given the
        // types of the header, and outlive no longer than the library, which is kept beside them.
        unsafe {
            let library = Library::new(library).map_err(|error| error.to_string())?;
            let fault = |error: libloading::Error| error.to_string();
            Ok(Self {
                load: *library.get(b"moonshine_load_transcriber_from_files\0").map_err(fault)?,
                free: *library.get(b"moonshine_free_transcriber\0").map_err(fault)?,
                transcribe: *library.get(b"moonshine_transcribe_without_streaming\0").map_err(fault)?,
                error_to_string: *library.get(b"moonshine_error_to_string\0").map_err(fault)?,
                library,
            })
        }
    }

    /// Loads the model in `model_dir` with options as the library names them.
    pub fn transcriber(&self, model_dir: &Path, options: &[(&str, &str)]) -> Result<Transcriber<'_>, String> {
        let text = |text: &[u8]| CString::new(text).map_err(|error| error.to_string());
        let model_dir = text(model_dir.as_os_str().as_bytes())?;
        let options: Vec<(CString, CString)> = options
            .iter()
            .map(|(name, value)| Ok((text(name.as_bytes())?, text(value.as_bytes())?)))
            .collect::<Result<_, String>>()?;
        let raw: Vec<RawOption> = options
            .iter()
            .map(|(name, value)| RawOption { name: name.as_ptr(), value: value.as_ptr() })
            .collect();
        // SAFETY: the pointers are valid for the call, and the library copies what it keeps.
        let handle =
            unsafe { (self.load)(model_dir.as_ptr(), TINY, raw.as_ptr(), raw.len() as u64, HEADER_VERSION) };
        match handle {
            0.. => Ok(Transcriber { library: self, handle }),
            code => Err(self.describe(code)),
        }
    }

    /// A model that is compiled into the library: the bytes of the array `name`, whose length stands in `name_size`.
    /// Both are exported as C++ mangles names of the namespace `cppannote::embedded_community1`.
    pub fn embedded_model(&self, name: &str) -> Result<&[u8], String> {
        let symbol = |name: &str| format!("_ZN9cppannote19embedded_community1{}{name}E\0", name.len());
        let size_name = format!("{name}_size");
        // SAFETY: the library is the pinned one, in which the symbols are an array of bytes and its length, both
        // constant. The slice lives no longer than the library.
        unsafe {
            let fault = |error: libloading::Error| error.to_string();
            let size = self.library.get::<*const usize>(symbol(&size_name).as_bytes()).map_err(fault)?;
            let bytes = self.library.get::<*const u8>(symbol(name).as_bytes()).map_err(fault)?;
            Ok(std::slice::from_raw_parts(*bytes, **size))
        }
    }

    fn describe(&self, code: i32) -> String {
        // SAFETY: the function takes any code and gives a static string or null.
        unsafe { string((self.error_to_string)(code)) }
    }
}

impl Transcriber<'_> {
    /// Runs the model over samples at 16 kHz.
    pub fn run(&mut self, samples: &[f32]) -> Result<Vec<Line>, String> {
        let mut transcript: *const RawTranscript = std::ptr::null();
        // SAFETY: the samples are valid for the call; the handle is live until `drop`.
        let code = unsafe {
            (self.library.transcribe)(
                self.handle,
                samples.as_ptr(),
                samples.len() as u64,
                SAMPLE_RATE,
                0,
                &raw mut transcript,
            )
        };
        if code != 0 {
            return Err(self.library.describe(code));
        }
        // SAFETY: on success the library gives a transcript that it owns and that stays until the next call on this
        // transcriber; everything is copied out before that.
        let lines = unsafe {
            match transcript.as_ref() {
                Some(transcript) => slice(transcript.lines, transcript.line_count),
                None => &[],
            }
        };
        Ok(lines.iter().map(line).collect())
    }
}

impl Drop for Transcriber<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle came from `load` and is given back once.
        unsafe { (self.library.free)(self.handle) }
    }
}

fn line(raw: &RawLine) -> Line {
    // SAFETY: the pointers of a line belong to its transcript, which is live here.
    let (text, spans) = unsafe { (string(raw.text), slice(raw.speaker_spans, raw.speaker_span_count)) };
    let spans = spans
        .iter()
        .map(|span| Span {
            start: span.start_time,
            end: span.start_time + span.duration,
            speaker: span.speaker_index,
        })
        .collect();
    Line { text, start: raw.start_time, end: raw.start_time + raw.duration, spans }
}

/// # Safety
/// `pointer` is null or points to a string that ends with a zero byte.
unsafe fn string(pointer: *const c_char) -> String {
    match pointer.is_null() {
        true => String::new(),
        // SAFETY: promised by the caller.
        false => unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned(),
    }
}

/// # Safety
/// `pointer` is null or points to `count` values that live for `'a`.
unsafe fn slice<'a, T>(pointer: *const T, count: u64) -> &'a [T] {
    match pointer.is_null() || count == 0 {
        true => &[],
        // SAFETY: promised by the caller.
        false => unsafe { std::slice::from_raw_parts(pointer, count as usize) },
    }
}
