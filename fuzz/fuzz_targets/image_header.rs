//! Any bytes as the header of an image: refused, or within the limits.

#![no_main]

use libfuzzer_sys::fuzz_target;
use memoreel_images::{Header, ImageLimits};

fuzz_target!(|bytes: &[u8]| {
    let limits = ImageLimits::default();
    if let Ok(header) = Header::read(bytes, &limits) {
        assert!(
            u64::from(header.size.width) * u64::from(header.size.height) <= limits.pixels_max,
            "{header:?}"
        );
        assert!(header.frames <= limits.frames_max, "{header:?}");
    }
});
