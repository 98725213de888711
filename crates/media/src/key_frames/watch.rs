//! Which of the pictures that follow each other stand.
//!
//! A picture is looked at in blocks. A block has moved where enough of its pixels differ from what it was when it moved last, so that
//! compression noise is no movement and a slow fade is one. Blocks that have not moved for a second are settled, and those that move
//! again and again are hot: a speaker in a corner, an animation.
//!
//! Slides: where enough blocks that are settled and not hot differ from the key frame, there is a new one, from the moment on at which
//! most of these moved last. A line of text is enough; a mouse pointer is not, and neither is what goes on in the corner. Each such
//! change makes the next one a little harder for a while: cameras would otherwise see one with every step of a person.
//!
//! Film settles nowhere. There a cut begins a key frame, if the next one is not too near, and a picture in which nothing is where it
//! was is one from time to time.
//!
//! A picture that was seen before, by its perceptual hash and then block by block, is the same one again.

use super::hash::{distance, hash};
use super::{KeyFrame, Showing, TICKS_PER_SECOND, ms_of};

/// Pixels across and down of a block.
const BLOCK: usize = 8;
/// A pixel differs from here on, of 255: noise around letters of small recordings comes near.
const PIXEL_DIFFERENCE: u8 = 18;
/// A block differs by so many pixels.
const PIXELS_MIN: usize = 3;
/// A new slide differs in this share of the blocks, and in so many at least: where a pointer was and where it is now are four at most.
const CHANGE_SHARE: f32 = 0.02;
const CHANGE_BLOCKS_MIN: f32 = 5.0;
/// What each change adds to the share that the next one needs, and in how many ticks half of that is forgotten.
const ALARM_SHARE: f32 = 0.005;
const ALARM_HALF_TICKS: f32 = 30.0 * TICKS_PER_SECOND as f32;
/// From here on it is another picture rather than a change to one, whatever moved there before.
const WHOLE_SHARE: f32 = 0.35;
/// Blocks are settled when they have stood for so long; at the end of the recording, half is enough.
const SETTLED_TICKS: u64 = TICKS_PER_SECOND;
/// What comes bit by bit is waited for, but no longer than this.
const WAIT_TICKS: u64 = 3 * TICKS_PER_SECOND;
/// Movements of late from which on a block is hot, and the share of them that is remembered from tick to tick: half a minute's.
const HOT: f32 = 8.0;
const REMEMBERED: f32 = 1.0 - 1.0 / (30.0 * TICKS_PER_SECOND as f32);
/// Film: in another picture most blocks differ.
const FILM_SHARE: f32 = 0.6;
/// At a cut, most blocks move, and pixels differ from the tick before by so much on average, which is so many times what they did of
/// late. Of that, this share is remembered from tick to tick.
const CUT_DIFFERENCE: f32 = 12.0;
const CUT_TIMES: f32 = 2.5;
const USUAL_REMEMBERED: f32 = 0.7;
/// A shot stands for so long.
const SHOT_TICKS: u64 = 2 * TICKS_PER_SECOND;
/// Without a cut, another picture is waited for so long, and the last key frame must be so long ago.
const DRIFT_TICKS: u64 = 4 * TICKS_PER_SECOND;
const DRIFT_APART_TICKS: u64 = 30 * TICKS_PER_SECOND;
/// A picture is empty where at most one of so many pixels stands out.
const EMPTY_PIXELS: usize = 1000;
const STANDS_OUT: u8 = 24;
/// Hashes of what may be the same picture, with somebody else in the corner, differ in so many bits at most.
const HASH_DISTANCE_MAX: u32 = 20;

pub(super) struct Watch {
    blocks: Blocks,
    count_max: usize,
    ticks: u64,
    /// What each block was when it moved last.
    standing: Vec<u8>,
    moved_at: Vec<u64>,
    heat: Vec<f32>,
    /// What was found last, if anything was.
    key: Option<Key>,
    alarm: f32,
    cut_at: u64,
    /// The last picture, and by how much pixels differ from tick to tick.
    last: Vec<u8>,
    usual: f32,
    /// Since when most blocks differ from the key frame, and when there was a cut after that.
    other_since: Option<u64>,
    left_at: Option<u64>,
    /// Since when a change is waited for to be complete.
    change_since: Option<u64>,
    found: Vec<Found>,
}

struct Key {
    /// Of `found`; of an empty picture there is none.
    place: Option<usize>,
    picture: Vec<u8>,
    began: u64,
}

struct Found {
    frame: KeyFrame,
    picture: Vec<u8>,
    hot: Vec<bool>,
}

impl Watch {
    pub(super) fn new(width: usize, height: usize, count_max: usize) -> Self {
        let blocks = Blocks { width, height };
        Self {
            count_max,
            ticks: 0,
            standing: Vec::new(),
            moved_at: vec![0; blocks.count()],
            heat: vec![0.0; blocks.count()],
            key: None,
            alarm: 0.0,
            cut_at: 0,
            last: Vec::new(),
            usual: 0.0,
            other_since: Some(0),
            left_at: None,
            change_since: None,
            found: Vec::new(),
            blocks,
        }
    }

    /// How many pictures it has seen.
    pub(super) fn ticks(&self) -> u64 {
        self.ticks
    }

    /// Looks at the next picture.
    pub(super) fn look(&mut self, picture: &[u8]) {
        let now = self.ticks;
        self.ticks += 1;
        if now == 0 {
            self.standing = picture.to_vec();
            self.last = picture.to_vec();
            return;
        }
        self.alarm *= (0.5_f32).powf(1.0 / ALARM_HALF_TICKS);
        let mut moved = 0;
        for block in 0..self.blocks.count() {
            self.heat[block] *= REMEMBERED;
            if self.blocks.differ(block, picture, &self.standing) {
                self.blocks.copy(block, picture, &mut self.standing);
                self.moved_at[block] = now;
                self.heat[block] += 1.0;
                moved += 1;
            }
        }
        let difference: u32 =
            picture.iter().zip(&self.last).map(|(one, other)| u32::from(one.abs_diff(*other))).sum();
        let difference = difference as f32 / picture.len() as f32;
        self.last.copy_from_slice(picture);
        if self.is_share(moved, FILM_SHARE)
            && difference >= CUT_DIFFERENCE
            && difference >= CUT_TIMES * self.usual
        {
            self.cut_at = now;
            self.left_at.get_or_insert(now);
        }
        self.usual = USUAL_REMEMBERED * self.usual + (1.0 - USUAL_REMEMBERED) * difference;
        self.judge(now, SETTLED_TICKS);
    }

    /// What was found, once there is nothing left to look at.
    pub(super) fn finish(mut self, duration_ms: u64) -> Vec<KeyFrame> {
        if let Some(last) = self.ticks.checked_sub(1) {
            self.change_since = self.change_since.or(Some(0));
            self.judge(last, SETTLED_TICKS / 2);
            if self.key.is_none() {
                // Too short for anything to stand.
                self.begin(last, 0);
            }
        }
        let end_ms = self.left_at.map_or(duration_ms.max(ms_of(self.ticks)), ms_of);
        self.end_showing(end_ms);
        self.found.into_iter().map(|found| found.frame).collect()
    }

    fn judge(&mut self, now: u64, settled_ticks: u64) {
        let (mut fresh, mut whole, mut pending, mut differing) = (Vec::new(), 0, 0, 0);
        for block in 0..self.blocks.count() {
            let is_settled = now - self.moved_at[block] >= settled_ticks;
            let differs = match &self.key {
                None => true,
                Some(key) => self.blocks.differ(block, &self.standing, &key.picture),
            };
            differing += usize::from(differs);
            let is_hot = self.heat[block] >= HOT;
            whole += usize::from(differs && is_settled);
            if differs && !is_hot {
                if is_settled {
                    fresh.push(self.moved_at[block]);
                } else {
                    pending += 1;
                }
            }
        }
        if self.is_share(differing, FILM_SHARE) {
            self.other_since.get_or_insert(now);
        } else {
            self.other_since = None;
        }
        if (differing as f32) < self.change_blocks() {
            self.left_at = None;
        }
        let is_whole = self.is_share(whole, WHOLE_SHARE);
        if is_whole || fresh.len() as f32 >= self.change_blocks() {
            let since = *self.change_since.get_or_insert(now);
            let is_complete = pending as f32 * 2.0 < self.change_blocks();
            if is_complete || now - since >= WAIT_TICKS {
                let began =
                    if is_whole { self.whole_moved_at(now, settled_ticks) } else { median(&mut fresh) };
                if !is_whole {
                    self.alarm += ALARM_SHARE;
                }
                self.begin(now, began);
                return;
            }
        } else {
            self.change_since = None;
        }
        let Some(since) = self.other_since else { return };
        let key_began = self.key.as_ref().filter(|key| key.place.is_some()).map(|key| key.began);
        if self.cut_at >= since && now - self.cut_at >= SHOT_TICKS {
            self.begin(now, self.cut_at);
        } else if now - since >= DRIFT_TICKS && key_began.is_none_or(|began| now - began >= DRIFT_APART_TICKS)
        {
            self.begin(now, since);
        }
    }

    /// When what is settled and differs moved last, for the most part.
    fn whole_moved_at(&self, now: u64, settled_ticks: u64) -> u64 {
        let mut moved: Vec<u64> = (0..self.blocks.count())
            .filter(|block| now - self.moved_at[*block] >= settled_ticks)
            .filter(|block| match &self.key {
                None => true,
                Some(key) => self.blocks.differ(*block, &self.standing, &key.picture),
            })
            .map(|block| self.moved_at[block])
            .collect();
        median(&mut moved)
    }

    /// The picture that stands now is the key frame, since `began`.
    fn begin(&mut self, now: u64, began: u64) {
        self.change_since = None;
        self.other_since = None;
        let began = self.key.as_ref().map_or(began, |key| began.max(key.began + 1));
        // What comes between two that stand belongs to neither.
        let until = self.left_at.take().map_or(began, |left| left.min(began));
        // After film, everything is hot; after a slide with a speaker in its corner, the corner is.
        let mut hot: Vec<bool> = self.heat.iter().map(|heat| *heat >= HOT).collect();
        if hot.iter().filter(|hot| **hot).count() * 2 > hot.len() {
            self.heat.fill(0.0);
            hot.fill(false);
        }
        self.end_showing(ms_of(until));
        let picture = self.standing.clone();
        let place = if self.blocks.is_empty(&picture) { None } else { self.kept(now, began, &picture, hot) };
        self.key = Some(Key { place, picture, began });
    }

    fn end_showing(&mut self, end_ms: u64) {
        let place = self.key.as_ref().and_then(|key| key.place);
        if let Some(showing) = place.and_then(|place| self.found[place].frame.shown.last_mut()) {
            showing.end_ms = end_ms.max(showing.start_ms);
        }
    }

    /// The place of this picture among those that were found, to which it is added unless it is there.
    fn kept(&mut self, now: u64, began: u64, picture: &[u8], hot: Vec<bool>) -> Option<usize> {
        let hash = hash(picture, self.blocks.width, self.blocks.height);
        let showing = Showing { start_ms: ms_of(began), end_ms: ms_of(began) };
        let few = self.change_blocks_min();
        let is_same = |found: &Found| {
            distance(found.frame.hash, hash) <= HASH_DISTANCE_MAX
                && (0..self.blocks.count())
                    .filter(|block| !hot[*block] && !found.hot[*block])
                    .filter(|block| self.blocks.differ(*block, picture, &found.picture))
                    .nth(few)
                    .is_none()
        };
        if let Some(place) = self.found.iter().rposition(is_same) {
            self.found[place].frame.shown.push(showing);
            return Some(place);
        }
        if self.found.len() == self.count_max {
            return None;
        }
        let frame = KeyFrame { at_ms: ms_of(now), hash, shown: vec![showing] };
        self.found.push(Found { frame, picture: picture.to_vec(), hot });
        Some(self.found.len() - 1)
    }

    fn is_share(&self, blocks: usize, share: f32) -> bool {
        blocks as f32 >= share * self.blocks.count() as f32
    }

    fn change_blocks(&self) -> f32 {
        ((CHANGE_SHARE + self.alarm) * self.blocks.count() as f32).max(CHANGE_BLOCKS_MIN)
    }

    /// Fewer blocks than any change has.
    fn change_blocks_min(&self) -> usize {
        ((CHANGE_SHARE * self.blocks.count() as f32).max(CHANGE_BLOCKS_MIN) as usize).saturating_sub(2)
    }
}

fn median(ticks: &mut [u64]) -> u64 {
    ticks.sort_unstable();
    ticks.get(ticks.len() / 2).copied().unwrap_or(0)
}

/// How a picture is divided.
struct Blocks {
    width: usize,
    height: usize,
}

impl Blocks {
    fn columns(&self) -> usize {
        self.width.div_ceil(BLOCK)
    }

    fn count(&self) -> usize {
        self.columns() * self.height.div_ceil(BLOCK)
    }

    /// The rows of a block, as ranges of pixels.
    fn rows(&self, block: usize) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let (across, down) = (block % self.columns() * BLOCK, block / self.columns() * BLOCK);
        let (right, bottom) = ((across + BLOCK).min(self.width), (down + BLOCK).min(self.height));
        let width = self.width;
        (down..bottom).map(move |row| row * width + across..row * width + right)
    }

    fn differ(&self, block: usize, one: &[u8], other: &[u8]) -> bool {
        let pixels = self.rows(block).map(|row| {
            let pairs = one[row.clone()].iter().zip(&other[row]);
            pairs.filter(|(one, other)| one.abs_diff(**other) >= PIXEL_DIFFERENCE).count()
        });
        pixels.sum::<usize>() >= PIXELS_MIN
    }

    fn copy(&self, block: usize, from: &[u8], to: &mut [u8]) {
        for row in self.rows(block) {
            to[row.clone()].copy_from_slice(&from[row]);
        }
    }

    fn is_empty(&self, picture: &[u8]) -> bool {
        let mut counts = [0_usize; 256];
        for pixel in picture {
            counts[usize::from(*pixel)] += 1;
        }
        let mut below = 0;
        let middle = counts.iter().position(|count| {
            below += count;
            below * 2 >= picture.len()
        });
        let middle = u8::try_from(middle.unwrap_or(0)).unwrap_or(u8::MAX);
        let outstanding = picture.iter().filter(|pixel| pixel.abs_diff(middle) >= STANDS_OUT).count();
        outstanding <= picture.len() / EMPTY_PIXELS
    }
}

#[cfg(test)]
mod tests;
