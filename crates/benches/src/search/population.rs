//! Organizations of very different size, their videos, and a vector for each passage.
//!
//! Vectors are made from those of real passages. Two neighbours of one conversation are mixed, and the difference of two
//! others is added, so that what is added lies where real vectors differ and not in every direction alike. The passages of
//! a video come from one conversation, in order: what is near in meaning is near in its organization, as in life.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

/// Organizations in all.
pub const ORGANIZATIONS: usize = 1_000;
/// The shares of all passages that are searched; the rest belongs to small organizations in equal parts.
pub const SHARES: [f64; 7] = [0.5, 0.2, 0.1, 0.05, 0.01, 0.001, 0.0001];
/// Passages of a long video.
const VIDEO_CHUNKS: usize = 100;
/// How much of the difference of two others is added.
const NOISE: f32 = 0.3;
/// How far apart two passages may be that are mixed.
const REACH: usize = 5;
const SEED: u64 = 1;

/// Passages in the order in which they are stored.
#[derive(Debug)]
pub struct Population {
    /// One entry per video.
    pub videos: Vec<Video>,
    /// Passages in all.
    pub chunk_count: usize,
}

/// A video's place: its organization, and its passages, which lie side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Video {
    /// Its organization; those of [`SHARES`] come first, in their order.
    pub organization: usize,
    /// The place of its first passage among all.
    pub first_chunk: usize,
    pub chunk_count: usize,
}

impl Population {
    /// Videos of all organizations, in an order as if they had been added by turns.
    pub fn new(chunk_count: usize) -> Self {
        let mut random = StdRng::seed_from_u64(SEED);
        let mut videos = Vec::new();
        for (organization, mut left) in sizes(chunk_count).into_iter().enumerate() {
            while left > 0 {
                let video_chunks = left.min(VIDEO_CHUNKS);
                videos.push(Video { organization, first_chunk: 0, chunk_count: video_chunks });
                left -= video_chunks;
            }
        }
        videos.shuffle(&mut random);
        let mut first_chunk = 0;
        for video in &mut videos {
            video.first_chunk = first_chunk;
            first_chunk += video.chunk_count;
        }
        Self { videos, chunk_count: first_chunk }
    }

    /// Calls `each` with every video, the place of the real passage that each of its passages is most like, and their
    /// vectors.
    pub fn for_each_video<E>(
        &self,
        documents: &[Vec<Vec<f32>>],
        mut each: impl FnMut(&Video, &[(usize, usize)], &[Vec<f32>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut random = StdRng::seed_from_u64(SEED + 1);
        // A long conversation has more passages to tell, and so is told from more often.
        let passages: Vec<(usize, usize)> = documents
            .iter()
            .enumerate()
            .flat_map(|(document, passages)| (0..passages.len()).map(move |passage| (document, passage)))
            .collect();
        for video in &self.videos {
            let (document, first) = passages[random.random_range(0..passages.len())];
            let places: Vec<(usize, usize)> = (0..video.chunk_count)
                .map(|step| (document, (first + step) % documents[document].len()))
                .collect();
            let vectors: Vec<Vec<f32>> = places
                .iter()
                .map(|(document, passage)| {
                    let own = &documents[*document];
                    let neighbour = (passage + random.random_range(0..=REACH)) % own.len();
                    let mut other = || {
                        let (document, passage) = passages[random.random_range(0..passages.len())];
                        &documents[document][passage]
                    };
                    let difference = (other(), other());
                    mixed(&own[*passage], &own[neighbour], random.random_range(0.5..1.0), difference)
                })
                .collect();
            each(video, &places, &vectors)?;
        }
        Ok(())
    }
}

/// How many passages each organization has; together as many as there are.
fn sizes(chunk_count: usize) -> Vec<usize> {
    #[expect(clippy::cast_precision_loss, reason = "counts of passages are far below 2^53")]
    let mut sizes: Vec<usize> =
        SHARES.iter().map(|share| (share * chunk_count as f64).round() as usize).collect();
    let left = chunk_count - sizes.iter().sum::<usize>();
    let small = ORGANIZATIONS - SHARES.len();
    sizes.extend((0..small).map(|index| left / small + usize::from(index < left % small)));
    sizes
}

/// `weight` of the first and the rest of the second, plus a little of a difference; of length 1.
fn mixed(first: &[f32], second: &[f32], weight: f32, difference: (&Vec<f32>, &Vec<f32>)) -> Vec<f32> {
    let mut vector: Vec<f32> = first
        .iter()
        .zip(second)
        .zip(difference.0.iter().zip(difference.1))
        .map(|((first, second), (plus, minus))| {
            weight * first + (1.0 - weight) * second + NOISE * (plus - minus)
        })
        .collect();
    // A vector of nothing but zeros stays as it is, and is found by nobody.
    let _ = memoreel_ai::normalize(&mut vector);
    vector
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    #[test]
    fn every_share_is_what_it_says_and_nothing_is_left_over() {
        for chunk_count in [100_000, 1_000_000] {
            let sizes = sizes(chunk_count);
            assert_eq!(sizes.len(), ORGANIZATIONS);
            assert_eq!(sizes.iter().sum::<usize>(), chunk_count);
            assert_eq!((sizes[0], sizes[6]), (chunk_count / 2, chunk_count / 10_000));
            assert!(sizes[7..].iter().all(|size| *size >= 13));
        }
    }

    #[test]
    fn videos_cover_all_passages_once_and_are_the_same_each_time() {
        let population = Population::new(20_000);
        let mut next = 0;
        for video in &population.videos {
            assert_eq!(video.first_chunk, next);
            next += video.chunk_count;
        }
        assert_eq!((next, population.chunk_count), (20_000, 20_000));
        assert_eq!(population.videos, Population::new(20_000).videos);
    }

    #[test]
    fn vectors_have_length_one_and_resemble_their_passage() {
        let axis =
            |index: usize| (0..8).map(|place| if place == index { 1.0 } else { 0.0 }).collect::<Vec<f32>>();
        let documents = vec![vec![axis(0)], vec![axis(1)], vec![axis(2)]];
        let mut seen = 0;
        let Ok(()) = Population::new(5_000).for_each_video(&documents, |_, places, vectors| {
            for ((document, _), vector) in places.iter().zip(vectors) {
                let length: f32 = vector.iter().map(|value| value * value).sum();
                assert!((length - 1.0).abs() < 1e-4);
                assert!(vector[*document] > 0.6, "{vector:?}");
                seen += 1;
            }
            Ok::<(), Infallible>(())
        });
        assert_eq!(seen, 5_000);
    }
}
