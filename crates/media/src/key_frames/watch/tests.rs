use super::*;

const WIDTH: usize = 160;
const HEIGHT: usize = 90;

/// A slide on which these lines are written: each a row of words that depends on what it says.
fn slide(lines: &[&str]) -> Vec<u8> {
    let mut picture = vec![235; WIDTH * HEIGHT];
    for (number, line) in lines.iter().enumerate() {
        let mut state =
            line.bytes().fold(7_u32, |state, byte| state.wrapping_mul(31).wrapping_add(byte.into()));
        for x in 10..10 + line.len() * 4 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            for y in 0..3 {
                picture[(8 + number * 8 + y) * WIDTH + x] = if state >> 30 == 0 { 235 } else { 60 };
            }
        }
    }
    picture
}

/// The picture with something in its lower right corner that looks different at every `tick`.
fn with_speaker(mut picture: Vec<u8>, tick: usize) -> Vec<u8> {
    for y in 64..88 {
        for x in 120..158 {
            picture[y * WIDTH + x] = ((x * 7 + y * 13 + tick * tick * 29) % 200) as u8;
        }
    }
    picture
}

/// Film: the camera moves over a scene of its own for each shot.
fn film(shot: usize, tick: usize) -> Vec<u8> {
    let at = |place: usize| {
        let (x, y) = ((place % WIDTH + tick * 3) / 16, (place / WIDTH + tick) / 16);
        let field = (x * 7_919 + y * 104_729 + shot * 1_299_709) as u32;
        (field.wrapping_mul(2_654_435_761) >> 24) as u8
    };
    (0..WIDTH * HEIGHT).map(at).collect()
}

fn seen(pictures: impl IntoIterator<Item = Vec<u8>>) -> Vec<KeyFrame> {
    let mut watch = Watch::new(WIDTH, HEIGHT, 100);
    for picture in pictures {
        watch.look(&picture);
    }
    let end_ms = ms_of(watch.ticks());
    watch.finish(end_ms)
}

fn starts(frames: &[KeyFrame]) -> Vec<u64> {
    frames.iter().map(KeyFrame::start_ms).collect()
}

fn shown(picture: &[u8], ticks: usize) -> impl Iterator<Item = Vec<u8>> {
    std::iter::repeat_n(picture.to_vec(), ticks)
}

#[test]
fn slides_begin_when_they_come_and_one_that_comes_back_is_the_same() {
    let (one, other) = (slide(&["The budget", "grows by a tenth"]), slide(&["Lighthouses", "are repaired"]));
    let frames = seen(shown(&one, 20).chain(shown(&other, 30)).chain(shown(&one, 20)));
    assert_eq!(starts(&frames), [0, 5_000]);
    assert_eq!(
        frames[0].shown,
        [Showing { start_ms: 0, end_ms: 5_000 }, Showing { start_ms: 12_500, end_ms: 17_500 }]
    );
    assert_eq!(frames[1].shown, [Showing { start_ms: 5_000, end_ms: 12_500 }]);
}

#[test]
fn a_line_that_is_added_is_a_change_and_a_pointer_or_noise_is_none() {
    let lines = ["The budget", "grows by a tenth"];
    let pointed = |tick: usize| {
        let mut picture = slide(&lines[..1]);
        for (place, pixel) in picture.iter_mut().enumerate() {
            *pixel = pixel.saturating_add(((place * 31 + tick * 17) % 9) as u8);
        }
        for y in 50..53 {
            for x in 20 + tick..22 + tick {
                picture[y * WIDTH + x] = 0;
            }
        }
        picture
    };
    let frames = seen((0..80).map(pointed).chain(shown(&slide(&lines), 20)));
    assert_eq!(starts(&frames), [0, 20_000]);
}

#[test]
fn a_speaker_in_the_corner_is_no_change_and_hides_none() {
    let (one, other) = (slide(&["The budget", "grows by a tenth"]), slide(&["Lighthouses", "are repaired"]));
    let picture = |tick: usize| match tick {
        0..60 => with_speaker(one.clone(), tick),
        // The speaker stands still for a while.
        60..80 => with_speaker(one.clone(), 60),
        80..160 => with_speaker(other.clone(), tick),
        _ => with_speaker(one.clone(), tick),
    };
    let frames = seen((0..220).map(picture));
    assert_eq!(starts(&frames), [0, 20_000]);
    assert_eq!(frames[0].shown.len(), 2);
}

#[test]
fn a_fade_ends_in_one_slide() {
    let (one, other) = (slide(&["The budget", "grows by a tenth"]), slide(&["Lighthouses", "are repaired"]));
    let between = |tick: usize| {
        let mixed = |(one, other): (&u8, &u8)| {
            ((usize::from(*one) * (6 - tick) + usize::from(*other) * tick) / 6) as u8
        };
        one.iter().zip(&other).map(mixed).collect::<Vec<u8>>()
    };
    let frames = seen(shown(&one, 20).chain((1..6).map(between)).chain(shown(&other, 20)));
    assert_eq!(frames.len(), 2);
    assert!((5_000..=6_500).contains(&frames[1].start_ms()), "{frames:?}");
}

#[test]
fn film_has_a_key_frame_for_each_shot_and_slides_after_it_are_found_at_once() {
    let one = slide(&["The budget", "grows by a tenth"]);
    let shots = (0..24).map(|tick| film(1, tick)).chain((0..24).map(|tick| film(2, tick)));
    // Each of these is there for too short a time.
    let flicker = (0..8).flat_map(|shot| (0..3).map(move |tick| film(3 + shot, tick)));
    let frames = seen(shown(&one, 12).chain(shots).chain(flicker).chain(shown(&one, 12)));
    assert_eq!(starts(&frames), [0, 3_000, 9_000], "{frames:?}");
    assert_eq!(
        frames[0].shown,
        [Showing { start_ms: 0, end_ms: 3_000 }, Showing { start_ms: 21_000, end_ms: 24_000 }]
    );
    assert_eq!(frames[2].shown, [Showing { start_ms: 9_000, end_ms: 15_000 }]);
}

#[test]
fn what_is_empty_is_no_key_frame_and_there_are_no_more_than_asked_for() {
    assert_eq!(seen(shown(&vec![16; WIDTH * HEIGHT], 40)), []);
    assert_eq!(seen(shown(&slide(&["Short"]), 1)).len(), 1);
    assert_eq!(seen([]), []);
    let mut watch = Watch::new(WIDTH, HEIGHT, 3);
    for number in 0..10 {
        for _ in 0..12 {
            watch.look(&slide(&[&format!("Slide {number} is another one"), &"x".repeat(number + 3)]));
        }
    }
    assert_eq!(watch.finish(30_000).len(), 3);
    // Nor is any picture too small.
    let mut tiny = Watch::new(2, 2, 3);
    for tick in 0..30_u8 {
        tiny.look(&[tick, 200 - tick, 0, 90]);
    }
    tiny.finish(10_000);
}
