//! The perceptual hash of a picture: "pHash", the signs of the lowest frequencies of its cosine transform against their median, as in
//! C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", Hagenberg 2010, section 3.2.1.

use std::f32::consts::PI;

/// The picture is looked at as a square of so many pixels.
const SIDE: usize = 32;
/// So many frequencies each way, from the second on: the first is how bright it is.
const FREQUENCIES: usize = 8;

/// The hash of a grey picture.
pub(super) fn hash(picture: &[u8], width: usize, height: usize) -> u64 {
    let square = square(picture, width, height);
    // Rows first, then columns; only the frequencies that are wanted.
    let waves: [[f32; SIDE]; FREQUENCIES] = std::array::from_fn(|frequency| {
        std::array::from_fn(|at| (PI / SIDE as f32 * (at as f32 + 0.5) * (frequency + 1) as f32).cos())
    });
    let rows: Vec<[f32; FREQUENCIES]> = square
        .as_chunks::<SIDE>()
        .0
        .iter()
        .map(|row| std::array::from_fn(|f| row.iter().zip(waves[f]).map(|(pixel, wave)| pixel * wave).sum()))
        .collect();
    let mut frequencies = [0.0_f32; FREQUENCIES * FREQUENCIES];
    for (place, value) in frequencies.iter_mut().enumerate() {
        let (down, across) = (place / FREQUENCIES, place % FREQUENCIES);
        *value = rows.iter().zip(waves[down]).map(|(row, wave)| row[across] * wave).sum();
    }
    let mut sorted = frequencies;
    sorted.sort_unstable_by(f32::total_cmp);
    let median = (sorted[sorted.len() / 2 - 1] + sorted[sorted.len() / 2]) / 2.0;
    frequencies.iter().fold(0, |hash, value| hash << 1 | u64::from(*value > median))
}

/// How many bits of two hashes differ: of the same picture, encoded anew, a few; of two that have nothing to do with each other, 32
/// of 64.
#[must_use]
pub fn distance(one: u64, other: u64) -> u32 {
    (one ^ other).count_ones()
}

/// The mean brightness of each field of a grid.
fn square(picture: &[u8], width: usize, height: usize) -> [f32; SIDE * SIDE] {
    std::array::from_fn(|place| {
        let range = |at: usize, length: usize| {
            let from = at * length / SIDE;
            from..((at + 1) * length / SIDE).max(from + 1)
        };
        let (rows, columns) = (range(place / SIDE, height), range(place % SIDE, width));
        let count = (rows.len() * columns.len()) as f32;
        let sum: u32 = rows
            .flat_map(|row| picture[row * width..][columns.clone()].iter())
            .map(|pixel| u32::from(*pixel))
            .sum();
        sum as f32 / count
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: usize, height: usize, shade: impl Fn(f32, f32) -> f32) -> Vec<u8> {
        let at = |place: usize| {
            let (x, y) = ((place % width) as f32 / width as f32, (place / width) as f32 / height as f32);
            (shade(x, y) * 255.0) as u8
        };
        (0..width * height).map(at).collect()
    }

    #[test]
    fn what_looks_alike_has_nearly_the_same_hash_in_any_size_and_light() {
        let shade = |x: f32, y: f32| 0.5 + 0.4 * (x * 9.0).sin() * (y * 5.0 + x).cos();
        let one = hash(&picture(160, 90, shade), 160, 90);
        assert!(distance(one, hash(&picture(96, 54, shade), 96, 54)) <= 6);
        assert!(distance(one, hash(&picture(160, 90, |x, y| 0.1 + 0.7 * shade(x, y)), 160, 90)) <= 4);
        let other = |x: f32, y: f32| 0.5 + 0.4 * (x * 3.0 + y * 11.0).sin();
        assert!(distance(one, hash(&picture(160, 90, other), 160, 90)) >= 18);
        // No picture is too small.
        hash(&[7, 9], 2, 1);
    }
}
