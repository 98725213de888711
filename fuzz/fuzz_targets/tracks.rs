//! Any bytes as the header and a segment of fragmented MP4 that are taken apart into sound and picture.

#![no_main]

use libfuzzer_sys::fuzz_target;
use memoreel_media::{OneTrack, fuzzing::header_and_segment, header_of_track, segment_of_track};

fuzz_target!(|file: &[u8]| {
    let (init, segment) = header_and_segment(file);
    for wanted in [OneTrack::Picture, OneTrack::Sound] {
        let Some(header) = header_of_track(init, wanted) else { continue };
        assert_eq!(header_of_track(&header, wanted).as_ref(), Some(&header));
        let _one = segment_of_track(init, segment, wanted);
    }
});
