//! Which pieces of speech are heard again.
//!
//! Hearing again costs as much as hearing, so that only what is suspect is always heard again, and of the rest a share.

/// Speech at the start is suspect for so many seconds, or until the hearings of so many words were sure.
const START_SECONDS: f32 = 20.0;
const SURE_WORDS: usize = 25;
/// So is what comes after a piece whose hearings were less alike than this.
pub const FOREIGN_PIECE_MAX: f32 = 0.55;
/// Hearings this alike are sure.
pub const SURE: f32 = 0.9;
/// Of what nothing speaks against, no more than this share is heard again: where the hearings of the last doubted piece differed,
/// or after so many pieces that were believed. A long one, which by itself would be more than that, waits twice as long.
const SHARE: f32 = 0.05;
const BELIEVED_MAX: usize = 6;

/// What was doubted so far.
#[derive(Debug)]
pub struct Doubts {
    seconds_heard: f32,
    /// Without being suspect, and what each hearing of the last doubted piece adds to it.
    seconds_heard_again: f32,
    cost: f32,
    sure_words: usize,
    /// Pieces since the last one that was doubted, and how alike its hearings were.
    believed: usize,
    last_likeness: f32,
}

impl Default for Doubts {
    fn default() -> Self {
        Self {
            seconds_heard: 0.0,
            seconds_heard_again: 0.0,
            cost: 0.0,
            sure_words: 0,
            believed: 0,
            last_likeness: 1.0,
        }
    }
}

impl Doubts {
    /// Whether a piece with so many seconds of speech is to be heard again.
    pub fn doubt(&mut self, seconds: f32, loops: bool) -> bool {
        let suspect = loops || self.suspect();
        let doubted = suspect || self.is_due(seconds);
        self.seconds_heard += seconds;
        if doubted {
            self.cost = if suspect { 0.0 } else { seconds };
            self.seconds_heard_again += self.cost;
        }
        self.believed = if doubted { 0 } else { self.believed + 1 };
        doubted
    }

    /// The doubted piece is heard a third time.
    pub fn doubt_more(&mut self) {
        self.seconds_heard_again += self.cost;
    }

    /// How alike the hearings of the doubted piece were, and of how many words they were sure.
    pub fn settle(&mut self, likeness: f32, sure_words: usize) {
        self.last_likeness = likeness;
        self.sure_words += sure_words;
    }

    fn suspect(&self) -> bool {
        (self.seconds_heard < START_SECONDS && self.sure_words < SURE_WORDS)
            || self.last_likeness < FOREIGN_PIECE_MAX
    }

    fn is_due(&self, seconds: f32) -> bool {
        let is_within = |seconds: f32| seconds <= SHARE * self.seconds_heard;
        is_within(self.seconds_heard_again)
            && (self.last_likeness < SURE
                || self.believed >= 2 * BELIEVED_MAX
                || (self.believed >= BELIEVED_MAX && is_within(self.seconds_heard_again + seconds)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Doubts after a start that was surely English.
    fn sure() -> Doubts {
        let mut doubts = Doubts::default();
        assert!(doubts.doubt(10.0, false));
        doubts.settle(1.0, SURE_WORDS);
        doubts
    }

    /// The numbers of those of so many pieces of equal length that are doubted.
    fn doubted(doubts: &mut Doubts, count: usize, seconds: f32) -> Vec<usize> {
        (0..count)
            .filter(|_| {
                let doubted = doubts.doubt(seconds, false);
                if doubted {
                    doubts.settle(1.0, SURE_WORDS);
                }
                doubted
            })
            .collect()
    }

    #[test]
    fn the_start_is_doubted_until_it_is_sure_or_long() {
        let mut doubts = Doubts::default();
        assert!(doubts.doubt(12.0, false) && doubts.doubt(12.0, false) && !doubts.doubt(1.0, false));
        assert!(!sure().doubt(1.0, false));
    }

    #[test]
    fn a_loop_is_doubted_and_so_is_what_follows_a_foreign_piece() {
        let mut doubts = sure();
        assert!(doubts.doubt(5.0, true));
        doubts.settle(0.3, 0);
        assert!(doubts.doubt(5.0, false));
        doubts.settle(1.0, 0);
        assert!(!doubts.doubt(5.0, false));
    }

    #[test]
    fn long_pieces_are_doubted_two_minutes_after_the_start_and_no_more_than_a_share_of_all() {
        let doubted = doubted(&mut sure(), 300, 10.0);
        assert_eq!(doubted[0], 12);
        assert!(doubted.len() <= 16, "{doubted:?}");
    }

    #[test]
    fn short_pieces_are_doubted_sooner() {
        let mut doubts = sure();
        assert!(doubted(&mut doubts, 5, 12.0).is_empty());
        assert_eq!(doubted(&mut doubts, 3, 2.0)[0], 1);
    }
}
