//! What the fuzz targets hold against any bytes.

pub use crate::routes::fuzz_upload_headers as upload_headers;
