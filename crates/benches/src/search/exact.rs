//! The right answers: every vector of an organization compared with every query.

use super::population::SHARES;
use super::vector_file::VectorFile;
use anyhow::Result;
use std::thread;

/// Lanes that are summed apart, so that the compiler can use the processor's.
const LANES: usize = 16;

/// For each of [`SHARES`] and each query, the passages nearest to it, nearest first; `count` of them where there are so many.
pub fn nearest(
    file: &VectorFile,
    organizations: &[u16],
    queries: &[Vec<f32>],
    count: usize,
) -> Result<Vec<Vec<Vec<usize>>>> {
    let thread_count = thread::available_parallelism()?.get().min(queries.len());
    let parts: Vec<Result<Vec<Vec<Nearest>>>> = thread::scope(|scope| {
        let part = |queries| scope.spawn(move || nearest_of(file, organizations, queries, count));
        let threads: Vec<_> = queries.chunks(queries.len().div_ceil(thread_count)).map(part).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let mut by_share = vec![Vec::new(); SHARES.len()];
    for part in parts {
        for (all, some) in by_share.iter_mut().zip(part?) {
            all.extend(some.into_iter().map(|nearest| nearest.places()));
        }
    }
    Ok(by_share)
}

fn nearest_of(
    file: &VectorFile,
    organizations: &[u16],
    queries: &[Vec<f32>],
    count: usize,
) -> Result<Vec<Vec<Nearest>>> {
    let mut found = vec![vec![Nearest { count, best: Vec::new() }; queries.len()]; SHARES.len()];
    file.for_each(|place, vector| {
        let organization = organizations.get(place).map_or(usize::MAX, |number| usize::from(*number));
        if let Some(found) = found.get_mut(organization) {
            for (nearest, query) in found.iter_mut().zip(queries) {
                nearest.add(place, dot(vector, query));
            }
        }
    })?;
    Ok(found)
}

/// The best so far, best first.
#[derive(Debug, Clone)]
struct Nearest {
    count: usize,
    best: Vec<(f32, usize)>,
}

impl Nearest {
    fn add(&mut self, place: usize, likeness: f32) {
        if self.best.len() == self.count && self.best.last().is_none_or(|(worst, _)| likeness <= *worst) {
            return;
        }
        let rank = self.best.partition_point(|(better, _)| *better >= likeness);
        self.best.insert(rank, (likeness, place));
        self.best.truncate(self.count);
    }

    fn places(self) -> Vec<usize> {
        self.best.into_iter().map(|(_, place)| place).collect()
    }
}

fn dot(one: &[f32], other: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    for (one, other) in one.chunks_exact(LANES).zip(other.chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] += one[lane] * other[lane];
        }
    }
    let done = one.len() - one.len() % LANES;
    let rest: f32 = one[done..].iter().zip(&other[done..]).map(|(one, other)| one * other).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_of_each_organization_are_found_in_order() {
        let path = std::env::temp_dir().join(format!("memoreel-exact-{}", std::process::id()));
        let file = VectorFile::at(path.clone(), 2);
        let angle = |degrees: f32| vec![degrees.to_radians().cos(), degrees.to_radians().sin()];
        let mut writer = file.create().unwrap();
        for degrees in [0.0, 10.0, 20.0, 30.0, 90.0] {
            writer.push(&angle(degrees)).unwrap();
        }
        writer.finish().unwrap();
        let organizations = [0, 1, 0, 0, 999];
        let found = nearest(&file, &organizations, &[angle(25.0), angle(0.0)], 2).unwrap();
        std::fs::remove_file(path).unwrap();
        assert_eq!(found[0], [vec![2, 3], vec![0, 2]]);
        assert_eq!(found[1], [vec![1], vec![1]]);
        assert!(found[2].iter().all(Vec::is_empty));
    }

    #[test]
    fn a_product_of_any_length_is_right() {
        let one: Vec<f32> = (0..19).map(|value| value as f32).collect();
        assert!((dot(&one, &one) - 2109.0).abs() < 1e-3);
    }
}
