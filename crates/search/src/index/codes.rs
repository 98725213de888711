//! Vectors in short forms that are compared by the million.
//!
//! Each vector is kept twice: as one bit per component, its sign, and as one signed byte per component. All signs are looked
//! at, and the vectors of which the fewest differ from the query's make a pool, because the part of the signs that differ
//! grows with the angle between two vectors (Charikar 2002, with the axes in place of random planes). A sign counts by how
//! large the query's component is, zero to three times: that of a small one is chance. The bytes rank the pool.
//! A byte per component rarely changes a cosine by as much as 0.01, so a few more than wanted hold the nearest.

use crate::vectors::quantized;
use memoreel_ai::normalize;
use multiversion::multiversion;
use std::ops::Range;
use uuid::Uuid;

/// Vectors looked at before the bound is drawn closer; their distances stay in the nearest cache.
const BLOCK: usize = 4_096;
/// Vectors whose distances are looked at in one go: in most goes none is near enough.
const GLANCE: usize = 32;
/// Every part but the last that a thread looks through by itself has at least so many words of signs: 65,536 vectors of 384
/// components. Fewer take a quarter of a millisecond, about as long as another thread to wake.
const PART_WORDS_MIN: usize = 6 << 16;
/// What the sign of a query's large component counts; so many of a hundred are no larger.
const WEIGHT_MAX: usize = 3;
const LARGE_PERCENT: usize = 97;
/// The pool has at least so many vectors, at least one in so many of all, and so many for each that is wanted: what is nearest is
/// hardly ever missing from it, what is less near now and then.
const POOL_MIN: usize = 500;
const POOL_PER: usize = 200;
const POOL_PER_WANTED: usize = 4;
/// Vectors of which most are alike fill a pool with one distance. It grows to so many times its size.
const POOL_GROWTH_MAX: usize = 4;

/// Vectors of equal length with the ids of what they stand for.
#[derive(Debug, Clone)]
pub(super) struct Codes {
    dimensions: usize,
    ids: Vec<Uuid>,
    /// Per vector, a bit for each component, set where it is above zero.
    signs: Vec<u64>,
    components: Vec<i8>,
    /// Per vector, component = byte × scale.
    scales: Vec<f32>,
}

impl Codes {
    /// Room for `count` vectors of `dimensions`.
    pub(super) fn with_capacity(dimensions: usize, count: usize) -> Self {
        Self {
            dimensions,
            ids: Vec::with_capacity(count),
            signs: Vec::with_capacity(count * words(dimensions)),
            components: Vec::with_capacity(count * dimensions),
            scales: Vec::with_capacity(count),
        }
    }

    /// Memory for `count` vectors of `dimensions`, in bytes.
    pub(super) fn size_bytes(dimensions: usize, count: usize) -> usize {
        count * (size_of::<Uuid>() + words(dimensions) * size_of::<u64>() + dimensions + size_of::<f32>())
    }

    /// Adds a vector of the right length; others are left out, and so are those without a direction.
    pub(super) fn push(&mut self, id: Uuid, mut vector: Vec<f32>) {
        if vector.len() != self.dimensions || !normalize(&mut vector) {
            return;
        }
        self.ids.push(id);
        self.signs.extend(bits(&vector, |value| *value > 0.0));
        let (scale, components) = quantized(&vector);
        self.components.extend(components);
        self.scales.push(scale);
    }

    /// The memory they take.
    pub(super) fn held_bytes(&self) -> usize {
        Self::size_bytes(self.dimensions, self.len())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The places of all, in as many parts as threads may look through side by side.
    pub(super) fn parts(&self, threads: usize) -> Vec<Range<usize>> {
        let part = self.len().div_ceil(threads.max(1)).max(self.part_min());
        (0..self.len()).step_by(part).map(|start| start..self.len().min(start + part)).collect()
    }

    /// Whether it pays to wake other threads to look through all.
    pub(super) fn are_many(&self) -> bool {
        self.len() > self.part_min()
    }

    fn part_min(&self) -> usize {
        PART_WORDS_MIN / words(self.dimensions).max(1)
    }

    /// What is asked for, unless it has another length.
    pub(super) fn query(&self, vector: &[f32]) -> Option<Query> {
        let is_comparable = vector.len() == self.dimensions;
        is_comparable.then(|| Query { signs: Signs::of(vector), components: quantized(vector).1.collect() })
    }

    /// The `count` of these places that are nearest to the query by cosine, about nearest first, each with a number that grows
    /// with its cosine.
    pub(super) fn nearest(&self, query: &Query, count: usize, places: Range<usize>) -> Vec<(f32, Uuid)> {
        let pool = self.pool(&query.signs, pool_size(places.len(), count), places);
        let mut ranked = likenesses(&query.components, &self.components, &self.scales, &pool);
        if ranked.len() > count {
            ranked.select_nth_unstable_by(count, |one, other| other.0.total_cmp(&one.0));
            ranked.truncate(count);
        }
        ranked.sort_unstable_by(|one, other| other.0.total_cmp(&one.0));
        ranked.into_iter().map(|(likeness, place)| (likeness, self.ids[place])).collect()
    }

    /// At least `size` of these places, as far as there are so many, whose signs differ least from the query's.
    fn pool(&self, query: &Signs, size: usize, places: Range<usize>) -> Vec<usize> {
        let mut distances = [0; BLOCK];
        let words = query.signs.len();
        let mut counts = vec![0; words * 64 * WEIGHT_MAX + 1];
        let mut farthest = u16::MAX;
        let mut pool: Vec<(u16, usize)> = Vec::new();
        let (mut place, mut counted) = (places.start, 0);
        for signs in self.signs[places.start * words..places.end * words].chunks(words * BLOCK) {
            let distances = &mut distances[..signs.len() / words];
            measure(query, signs, distances);
            select(distances, place, farthest, &mut pool);
            place += distances.len();
            for (distance, _) in &pool[counted..] {
                counts[usize::from(*distance)] += 1;
            }
            counted = pool.len();
            farthest = farthest.min(reaches(&counts, size));
        }
        pool.retain(|(distance, _)| *distance <= farthest);
        if pool.len() > size * POOL_GROWTH_MAX {
            // Fewer than `size` are nearer than the farthest; of those that are alike, some are enough.
            pool.select_nth_unstable(size * POOL_GROWTH_MAX);
            pool.truncate(size * POOL_GROWTH_MAX);
        }
        pool.into_iter().map(|(_, place)| place).collect()
    }
}

/// How many of so many vectors are ranked to find `count`.
fn pool_size(len: usize, count: usize) -> usize {
    POOL_MIN.max(count * POOL_PER_WANTED).max(len / POOL_PER)
}

fn words(dimensions: usize) -> usize {
    dimensions.div_ceil(64)
}

/// A bit for each component, from the lowest of the first word on.
fn bits(vector: &[f32], is_set: impl Fn(&f32) -> bool) -> impl Iterator<Item = u64> {
    vector.chunks(64).map(move |components| {
        let bits = components.iter().enumerate().map(|(index, value)| u64::from(is_set(value)) << index);
        bits.fold(0, |word, bit| word | bit)
    })
}

/// The smallest distance up to which there are `size`, or more than any where there are not.
fn reaches(counts: &[usize], size: usize) -> u16 {
    let mut sum = 0;
    let reached = counts.iter().position(|count| {
        sum += count;
        sum >= size
    });
    reached.and_then(|distance| u16::try_from(distance).ok()).unwrap_or(u16::MAX)
}

/// What is asked for, in the forms in which it is compared.
#[derive(Debug)]
pub(super) struct Query {
    signs: Signs,
    components: Vec<i8>,
}

/// The signs of a query's components and what they weigh: one and two times are two bits of it.
#[derive(Debug)]
struct Signs {
    signs: Vec<u64>,
    once: Vec<u64>,
    twice: Vec<u64>,
}

impl Signs {
    fn of(query: &[f32]) -> Self {
        let mut sizes: Vec<f32> = query.iter().map(|value| value.abs()).collect();
        let large = sizes.len().saturating_sub(1) * LARGE_PERCENT / 100;
        let large = *sizes.select_nth_unstable_by(large, f32::total_cmp).1;
        // Where most components are zero, so is the large one; and zero of zero is no number, which is no weight.
        let weight = |value: &f32| {
            (value.abs() / large * WEIGHT_MAX as f32).round().clamp(0.0, WEIGHT_MAX as f32) as usize
        };
        Self {
            signs: bits(query, |value| *value > 0.0).collect(),
            once: bits(query, |value| weight(value) & 1 > 0).collect(),
            twice: bits(query, |value| weight(value) & 2 > 0).collect(),
        }
    }
}

/// How far the signs of each vector are from the query's: the weights of those that differ.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512vl+avx512vpopcntdq",
    "x86_64+avx2+bmi1+bmi2+fma+popcnt",
    "aarch64+neon"
))]
fn measure(query: &Signs, signs: &[u64], distances: &mut [u16]) {
    // The lengths of the usual models: where the number of words is known, they are compared at once.
    match query.signs.len() {
        6 => measure_of::<6>(query, signs, distances),
        12 => measure_of::<12>(query, signs, distances),
        16 => measure_of::<16>(query, signs, distances),
        24 => measure_of::<24>(query, signs, distances),
        words => {
            for (distance, signs) in distances.iter_mut().zip(signs.chunks_exact(words)) {
                let (mut once, mut twice) = (0, 0);
                let masks = query.once.iter().zip(&query.twice);
                for ((sign, query), (once_mask, twice_mask)) in signs.iter().zip(&query.signs).zip(masks) {
                    once += ((sign ^ query) & once_mask).count_ones();
                    twice += ((sign ^ query) & twice_mask).count_ones();
                }
                *distance = (once + 2 * twice) as u16;
            }
        }
    }
}

#[inline(always)]
fn measure_of<const WORDS: usize>(query: &Signs, signs: &[u64], distances: &mut [u16]) {
    let [query, once, twice] =
        [&query.signs, &query.once, &query.twice].map(|words| words.as_chunks::<WORDS>().0[0]);
    for (distance, signs) in distances.iter_mut().zip(signs.as_chunks::<WORDS>().0) {
        let mut sum = 0;
        for word in 0..WORDS {
            let differing = signs[word] ^ query[word];
            sum += u64::from((differing & once[word]).count_ones());
            sum += 2 * u64::from((differing & twice[word]).count_ones());
        }
        *distance = sum as u16;
    }
}

/// Adds those no farther than `farthest` to the pool, with their places from `first` on.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+fma+popcnt", "aarch64+neon"))]
fn select(distances: &[u16], first: usize, farthest: u16, pool: &mut Vec<(u16, usize)>) {
    for (glance, few) in distances.chunks(GLANCE).enumerate() {
        let mut nearest = u16::MAX;
        for distance in few {
            nearest = nearest.min(*distance);
        }
        if nearest > farthest {
            continue;
        }
        for (index, distance) in few.iter().enumerate() {
            if *distance <= farthest {
                pool.push((*distance, first + glance * GLANCE + index));
            }
        }
    }
}

/// A number that grows with the cosine of each of the places with the query, and the place.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+fma+popcnt", "aarch64+neon"))]
fn likenesses(query: &[i8], components: &[i8], scales: &[f32], places: &[usize]) -> Vec<(f32, usize)> {
    let mut likenesses = Vec::with_capacity(places.len());
    for place in places {
        let vector = &components[place * query.len()..][..query.len()];
        let mut dot = 0;
        for (one, other) in query.iter().zip(vector) {
            dot += i32::from(*one) * i32::from(*other);
        }
        likenesses.push((dot as f32 * scales[*place], *place));
    }
    likenesses
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Numbers that look random and are the same each time.
    fn noise(seed: u64) -> impl FnMut() -> f32 {
        let mut state = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        }
    }

    fn codes(vectors: &[Vec<f32>]) -> Codes {
        let mut codes = Codes::with_capacity(vectors[0].len(), vectors.len());
        for (place, vector) in vectors.iter().enumerate() {
            codes.push(Uuid::from_u128(place as u128), vector.clone());
        }
        codes
    }

    fn nearest(codes: &Codes, query: &[f32], count: usize) -> Vec<Uuid> {
        let Some(query) = codes.query(query) else { return Vec::new() };
        codes.nearest(&query, count, 0..codes.len()).into_iter().map(|(_, id)| id).collect()
    }

    fn cosine(one: &[f32], other: &[f32]) -> f32 {
        let dot = |one: &[f32], other: &[f32]| one.iter().zip(other).map(|(a, b)| a * b).sum::<f32>();
        dot(one, other) / (dot(one, one) * dot(other, other)).sqrt()
    }

    #[test]
    fn the_nearest_of_many_are_among_those_chosen() {
        let (dimensions, mut noise) = (384, noise(1));
        // Topics, and what is said about them: as uneven as what people talk about.
        let topics: Vec<Vec<f32>> = (0..200).map(|_| (0..dimensions).map(|_| noise()).collect()).collect();
        let vectors: Vec<Vec<f32>> = (0..20_000)
            .map(|number| {
                topics[number * 7 % topics.len()].iter().map(|value| value + 1.5 * noise()).collect()
            })
            .collect();
        let codes = codes(&vectors);
        let (mut found, mut wanted) = (0, 0);
        for topic in topics.iter().take(40) {
            let query: Vec<f32> = topic.iter().map(|value| value + noise()).collect();
            let mut exact: Vec<(f32, usize)> =
                vectors.iter().enumerate().map(|(place, vector)| (cosine(&query, vector), place)).collect();
            exact.sort_by(|one, other| other.0.total_cmp(&one.0));
            let chosen = nearest(&codes, &query, 31);
            wanted += 10;
            found += exact[..10]
                .iter()
                .filter(|(_, place)| chosen.contains(&Uuid::from_u128(*place as u128)))
                .count();
        }
        assert!(found * 100 >= wanted * 99, "{found} of {wanted}");
    }

    #[test]
    fn what_has_no_direction_or_another_length_is_left_out() {
        let mut codes = Codes::with_capacity(3, 0);
        codes.push(Uuid::from_u128(1), vec![0.0; 3]);
        codes.push(Uuid::from_u128(2), vec![f32::NAN, 0.0, 1.0]);
        codes.push(Uuid::from_u128(3), vec![1.0; 2]);
        assert!(codes.len() == 0 && nearest(&codes, &[1.0; 3], 5).is_empty());
        codes.push(Uuid::from_u128(4), vec![1.0; 3]);
        assert_eq!(nearest(&codes, &[1.0; 3], 5), [Uuid::from_u128(4)]);
        assert!(nearest(&codes, &[1.0; 2], 5).is_empty());
    }

    #[test]
    fn a_hundred_thousand_of_the_same_are_not_all_ranked() {
        let mut codes = codes(&vec![vec![1.0; 64]; 100_000]);
        assert_eq!(codes.pool(&Signs::of(&[1.0; 64]), 1_000, 0..100_000).len(), 4_000);
        assert_eq!(nearest(&codes, &[1.0; 64], 10).len(), 10);
        // Nor do they hide one that is nearer, even to a query of which most is zero.
        let mut query = vec![1.0; 64];
        query[0] = -1.0;
        codes.push(Uuid::max(), query.clone());
        assert_eq!(nearest(&codes, &query, 1), [Uuid::max()]);
        query[1..].fill(0.0);
        assert_eq!(nearest(&codes, &query, 1), [Uuid::max()]);
    }

    #[test]
    fn parts_hold_every_vector_once_and_are_not_too_small() {
        let parts = |count: usize, threads| {
            let mut codes = Codes::with_capacity(1, 0);
            (0..count).for_each(|place| codes.push(Uuid::from_u128(place as u128), vec![1.0]));
            codes.parts(threads)
        };
        assert_eq!(parts(0, 2), []);
        let least = PART_WORDS_MIN;
        assert_eq!(parts(2 * least, 1).len(), 1);
        assert_eq!(parts(least + 100, 4), [0..least, least..least + 100]);
        assert_eq!(parts(3 * least, 2), [0..least * 3 / 2, least * 3 / 2..3 * least]);
    }

    #[test]
    fn the_memory_is_what_is_said() {
        let codes = codes(&[vec![1.0; 100], vec![-1.0; 100]]);
        let held =
            codes.ids.len() * 16 + codes.signs.len() * 8 + codes.components.len() + codes.scales.len() * 4;
        assert_eq!(held, codes.held_bytes());
    }

    proptest! {
        #[test]
        fn few_vectors_are_found_in_the_order_of_their_cosines(
            (dimensions, seed, count) in (1usize..200, any::<u64>(), 1usize..60)
        ) {
            let mut noise = noise(seed);
            let mut vector = || (0..dimensions).map(|_| noise() + 1e-3).collect::<Vec<f32>>();
            let vectors: Vec<Vec<f32>> = (0..count).map(|_| vector()).collect();
            let query = vector();
            let found = nearest(&codes(&vectors), &query, count);
            prop_assert_eq!(found.len(), count);
            let likeness: Vec<f32> =
                found.iter().map(|id| cosine(&query, &vectors[usize::try_from(id.as_u128()).unwrap()])).collect();
            for pair in likeness.windows(2) {
                prop_assert!(pair[0] >= pair[1] - 0.03, "{:?}", likeness);
            }
        }
    }
}
