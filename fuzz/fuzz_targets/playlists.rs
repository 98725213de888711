//! Any text as the playlists that DASH manifests, clips and playlists of sound are made from.

#![no_main]

use libfuzzer_sys::fuzz_target;
use memoreel_media::{
    Beside, NamedTrack, Timeline, TrackKind, TrackLabel, dash_manifest, listed_variants, master_for_players,
    sound_playlist,
};

fuzz_target!(|texts: (&str, &str, &str, u64, u64)| {
    let (master, media, told, from_us, to_us) = texts;
    let timeline = Timeline::read(media);
    let (files, begins) = timeline.between(from_us, to_us);
    assert!(files.len() <= timeline.segments.len() && begins <= timeline.duration_us());
    let listed = listed_variants(master);
    let _sound = sound_playlist(&listed, &timeline);
    let label = TrackLabel::new(Some(told), Some(media));
    let track = |kind, index| NamedTrack {
        kind,
        index,
        label: label.clone(),
        is_forced: true,
        is_added: false,
        sound: None,
    };
    let beside = Beside {
        captions: Some(told.to_owned()),
        tracks: vec![track(TrackKind::Sound, 2), track(TrackKind::Subtitles, 3)],
        ..Beside::default()
    };
    assert_eq!(listed_variants(&master_for_players(master, &beside)), listed, "versions stay what they are");
    let variants: Vec<_> = listed.into_iter().map(|variant| (variant, timeline.clone())).collect();
    let _manifest = dash_manifest(&variants, &[(2, timeline)], &beside);
});
