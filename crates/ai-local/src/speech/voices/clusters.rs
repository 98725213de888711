//! Which sounds are of one speaker: agglomerative clustering with centroid linkage. The two groups whose middles are nearest
//! are joined until no two are near enough (Müllner, "Modern hierarchical, agglomerative clustering algorithms", 2011).

/// Groups whose middles are further apart than this are different speakers; the sounds have length 1. Between 0.8 and
/// 0.9 nothing changes much on meetings, alone or joined to longer ones.
const DISTANCE_MAX: f32 = 0.85;
/// As many sounds are grouped at once; what comes of each such block is grouped again. Bounds memory.
const BLOCK: usize = 2_000;

/// Some sounds and their middle.
#[derive(Debug, Clone)]
struct Group {
    middle: Vec<f32>,
    size: f32,
}

/// The middles of the speakers whose sounds these are, in the order of their first sounds.
pub fn speakers(sounds: &[&[f32]]) -> Vec<Vec<f32>> {
    let single = |sound: &&[f32]| Group { middle: sound.to_vec(), size: 1.0 };
    let blocks = sounds.chunks(BLOCK).flat_map(|block| join(block.iter().map(single).collect()));
    let mut groups: Vec<Group> = blocks.collect();
    if sounds.len() > BLOCK {
        groups = join(groups);
    }
    groups.into_iter().map(|group| group.middle).collect()
}

/// Joins groups until no two are near enough.
fn join(groups: Vec<Group>) -> Vec<Group> {
    let mut groups: Vec<Option<Group>> = groups.into_iter().map(Some).collect();
    // For each group the nearest of those after it, so that each pair stands once.
    let mut nearest: Vec<Option<(f32, usize)>> =
        (0..groups.len()).map(|at| nearest_after(&groups, at)).collect();
    loop {
        let best =
            nearest.iter().enumerate().filter_map(|(at, near)| near.map(|(distance, to)| (distance, at, to)));
        let Some((least, one, other)) = best.min_by(|one, other| one.0.total_cmp(&other.0)) else { break };
        if least > DISTANCE_MAX {
            break;
        }
        let (Some(first), Some(second)) = (groups[one].take(), groups[other].take()) else { break };
        groups[one] = Some(first.with(&second));
        nearest[other] = None;
        for at in 0..groups.len() {
            let is_stale = at == one || nearest[at].is_some_and(|(_, to)| to == one || to == other);
            if is_stale {
                nearest[at] = nearest_after(&groups, at);
            } else if at < one
                && let (Some(here), Some(joined)) = (&groups[at], &groups[one])
            {
                // The joined group may have come nearer than what was nearest.
                let apart = distance(&here.middle, &joined.middle);
                if nearest[at].is_none_or(|(least, _)| apart < least) {
                    nearest[at] = Some((apart, one));
                }
            }
        }
    }
    groups.into_iter().flatten().collect()
}

fn nearest_after(groups: &[Option<Group>], at: usize) -> Option<(f32, usize)> {
    let here = groups[at].as_ref()?;
    let others = groups.iter().enumerate().skip(at + 1);
    others
        .filter_map(|(to, other)| Some((distance(&here.middle, &other.as_ref()?.middle), to)))
        .min_by(|one, other| one.0.total_cmp(&other.0))
}

fn distance(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
}

impl Group {
    fn with(&self, other: &Self) -> Self {
        let size = self.size + other.size;
        let middle = self.middle.iter().zip(&other.middle);
        Self { middle: middle.map(|(a, b)| (a * self.size + b * other.size) / size).collect(), size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sound near one of the axes; `wobble` turns it a little.
    fn sound(axis: usize, wobble: f32) -> Vec<f32> {
        let mut sound = vec![0.0; 4];
        sound[axis] = wobble.cos();
        sound[3] = wobble.sin();
        sound
    }

    fn count(sounds: &[Vec<f32>]) -> usize {
        speakers(&sounds.iter().map(Vec::as_slice).collect::<Vec<_>>()).len()
    }

    #[test]
    fn sounds_that_are_alike_are_one_speaker() {
        let sounds = [sound(0, 0.1), sound(1, 0.2), sound(0, -0.2), sound(1, 0.0), sound(0, 0.3)];
        let middles = speakers(&sounds.iter().map(Vec::as_slice).collect::<Vec<_>>());
        assert_eq!(middles.len(), 2);
        assert!(middles[0][0] > 0.9 && middles[1][1] > 0.9, "in the order of their first sounds");
    }

    #[test]
    fn few_and_equal_sounds_are_survived() {
        assert_eq!(count(&[]), 0);
        assert_eq!(count(&[sound(2, 0.0)]), 1);
        assert_eq!(count(&vec![sound(2, 0.0); 9]), 1);
        assert_eq!(count(&[vec![0.0; 4], sound(0, 0.0), vec![0.0; 4]]), 2);
    }

    #[test]
    fn a_long_recording_has_the_same_speakers_in_all_its_blocks() {
        let sounds: Vec<Vec<f32>> =
            (0..BLOCK * 2 + 100).map(|index| sound(index % 3, (index % 7) as f32 * 0.05)).collect();
        assert_eq!(count(&sounds), 3);
    }
}
