//! Any text as the options of an image: what is understood has one spelling.

#![no_main]

use libfuzzer_sys::fuzz_target;
use memoreel_images::Transform;

fuzz_target!(|text: &str| {
    if let Ok(transform) = text.parse::<Transform>() {
        let spelled = transform.to_string();
        let again = spelled.parse::<Transform>().expect("its own spelling is understood");
        assert_eq!(again.to_string(), spelled);
        let _settled = transform.settled();
    }
});
