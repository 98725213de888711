//! Any text as the playlists that DASH manifests, clips and playlists of sound are made from.

#![no_main]

use libfuzzer_sys::fuzz_target;
use memoreel_media::{Timeline, dash_manifest, listed_variants, master_with_captions, sound_playlist};

fuzz_target!(|texts: (&str, &str, u64, u64)| {
    let (master, media, from_us, to_us) = texts;
    let timeline = Timeline::read(media);
    let (files, begins) = timeline.between(from_us.min(u64::MAX - 1), to_us);
    assert!(files.len() <= timeline.segments.len() && begins <= timeline.duration_us());
    let listed = listed_variants(master);
    let _sound = sound_playlist(&listed, &timeline);
    let _with_captions = master_with_captions(master, "en", "captions.m3u8");
    let variants: Vec<_> = listed.into_iter().map(|variant| (variant, timeline.clone())).collect();
    let _manifest = dash_manifest(&variants, None, None);
});
