//! Office documents as PDF: a text or slides in, what they look like on paper out.
//!
//! The work is LibreOffice's, run as a process with typed arguments and limits of time, memory and output. It is a large program that
//! reads files of strangers, and such a file may name others, on this machine or elsewhere, that it would show. So it is also
//! confined by the kernel ([`confine`]): it reaches no network, signals nobody, reads nothing but programs and fonts, and writes nowhere but
//! in a folder of its own. Where the kernel cannot do that, nothing is converted. This crate knows neither pages nor assets.

mod confine;
mod convert;
mod program;

pub use convert::{Office, OfficeError, OfficeFormat, OfficeLimits};
