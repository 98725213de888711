//! ONNX Runtime, loaded once in the life of a process.

use std::path::Path;
use std::sync::OnceLock;

use ort::environment::Environment;

/// The library at a path, which must be the same in each call.
///
/// # Errors
/// Why it cannot be loaded.
pub fn environment(library: &Path) -> Result<&'static Environment, String> {
    static LOADED: OnceLock<Result<Environment, String>> = OnceLock::new();
    let loaded = LOADED.get_or_init(|| {
        let builder = ort::init_from(library).map_err(|error| error.to_string())?;
        builder.with_name("memoreel").with_telemetry(false).build().map_err(|error| error.to_string())
    });
    loaded.as_ref().map_err(Clone::clone)
}
