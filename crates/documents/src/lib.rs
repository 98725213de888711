//! Documents: what is written on which page, and what the page looks like.
//!
//! What a file is follows from its content; its name decides only between plain text and Markdown, which look alike. Whatever it
//! is, its parsers run in a worker process with limits, which may die of a file without anybody else noticing. PDF is read and
//! rendered by PDFium, loaded at run time; everything else by parsers in Rust. Containers, and the streams of a PDF before PDFium
//! has it, are held to what they may unfold to. Nothing in a document is carried out, fetched or resolved: no scripts, no external
//! entities, no linked files. This crate knows neither organizations nor addresses, and sees no text in pictures.

mod containers;
mod error;
mod flat;
mod format;
#[cfg(fuzzing)]
pub mod fuzzing;
mod html;
mod language;
mod limits;
mod markdown;
mod office;
mod pages;
mod pdf;
mod plain;
mod pool;
mod protocol;
mod unfolding;
mod worker;
mod xml;

pub use error::DocumentError;
pub use flat::flat_open_document;
pub use format::Format;
pub use language::language_of;
pub use limits::DocumentLimits;
pub use pages::{HEADING_CHARS_MAX, Heading};
pub use pool::{Document, Documents, PageImage, PageText};
pub use protocol::Described;
pub use worker::document_worker_main;
