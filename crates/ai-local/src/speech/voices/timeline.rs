//! From the voices of windows that overlap to the turns of speakers: each moment is heard in several windows, which vote on
//! how many speak and who, and may leave it in doubt.

use memoreel_ai::SpeakerTurn;
use memoreel_ai::wav::SAMPLE_RATE;

use super::models::{FRAME_SECONDS, FRAMES};
use super::{Stretch, Told, Voices, Window};

/// A voice whose sound is nearer to its speaker than to the next one by less than this, as a cosine, may be the next one's.
const LEAD_MIN: f32 = 0.1;

/// Votes on one frame.
#[derive(Clone)]
struct Ballot {
    windows: u32,
    voices: u32,
    speakers: Vec<u32>,
    /// How like each speaker the voices sound, together.
    likeness: Vec<f32>,
}

/// The turns of the speakers, up to the end of the recording, and where they are in doubt; `told[window][voice]` says whose voice
/// it is.
pub fn turns(windows: &[Window], told: &[Vec<Told>], samples: u64) -> Voices {
    let count = told.iter().flatten().map(|voice| voice.likeness.len()).max().unwrap_or(0);
    let end_ms = samples * 1_000 / u64::from(SAMPLE_RATE);
    let empty = Ballot { windows: 0, voices: 0, speakers: vec![0; count], likeness: vec![0.0; count] };
    let mut ballots: Vec<Ballot> = Vec::new();
    let mut first = 0;
    let mut turns = Turns { open: vec![None; count], in_doubt: None, found: Voices::default(), end_ms };
    for (window, told) in windows.iter().zip(told) {
        let start = (window.start as f64 / f64::from(SAMPLE_RATE) / FRAME_SECONDS).round() as usize;
        let settled = start.saturating_sub(first).min(ballots.len());
        for (frame, ballot) in (first..).zip(ballots.drain(..settled)) {
            turns.add(frame, &ballot);
        }
        first = start;
        ballots.resize(FRAMES.max(ballots.len()), empty.clone());
        vote(&mut ballots[..FRAMES], window, told);
    }
    let last = first + ballots.len();
    for (frame, ballot) in (first..).zip(&ballots) {
        turns.add(frame, ballot);
    }
    turns.add(last, &empty);
    turns.found
}

fn vote(ballots: &mut [Ballot], window: &Window, told: &[Told]) {
    for (frame, ballot) in ballots.iter_mut().enumerate() {
        ballot.windows += 1;
        for (_, Told { speaker, likeness }) in
            window.voices.iter().zip(told).filter(|(voice, _)| voice.active[frame])
        {
            ballot.voices += 1;
            if let Some(speaker) = speaker {
                ballot.speakers[*speaker] += 1;
            }
            for (sum, like) in ballot.likeness.iter_mut().zip(likeness) {
                *sum += like;
            }
        }
    }
}

impl Ballot {
    /// As many speakers as speak on average, those with the most votes; of equals the first.
    fn elected(&self) -> Vec<usize> {
        let seats = (self.voices + self.windows / 2) / self.windows.max(1);
        let mut order: Vec<usize> = (0..self.speakers.len()).filter(|at| self.speakers[*at] > 0).collect();
        order.sort_by_key(|at| std::cmp::Reverse(self.speakers[*at]));
        order.truncate(seats as usize);
        order
    }

    /// Whether the one who speaks sounds nearly as much like another. Of several at once each sounds like the others, too.
    fn is_in_doubt(&self, elected: &[usize]) -> bool {
        let [speaker] = elected else { return false };
        let own = self.likeness[*speaker];
        let others = self.likeness.iter().enumerate().filter(|(at, _)| at != speaker);
        let next = others.map(|(_, likeness)| *likeness).max_by(f32::total_cmp);
        next.is_some_and(|next| own - next < LEAD_MIN * self.voices as f32)
    }
}

struct Turns {
    /// The frame in which the turn of each speaker began.
    open: Vec<Option<usize>>,
    /// The frame since which the speaker is in doubt.
    in_doubt: Option<usize>,
    found: Voices,
    end_ms: u64,
}

impl Turns {
    fn add(&mut self, frame: usize, ballot: &Ballot) {
        let elected = ballot.elected();
        for speaker in 0..self.open.len() {
            let number = u32::try_from(speaker).unwrap_or(u32::MAX);
            if let Some(Stretch { start_ms, end_ms }) =
                ended(&mut self.open[speaker], elected.contains(&speaker), frame, self.end_ms)
            {
                self.found.turns.push(SpeakerTurn { start_ms, end_ms, speaker: number });
            }
        }
        let doubt = ended(&mut self.in_doubt, ballot.is_in_doubt(&elected), frame, self.end_ms);
        self.found.doubts.extend(doubt);
    }
}

/// What began in the frame `open` and ends before `frame`, in which it is no more.
fn ended(open: &mut Option<usize>, is_on: bool, frame: usize, end_ms: u64) -> Option<Stretch> {
    if is_on {
        open.get_or_insert(frame);
        return None;
    }
    let ms = |frame: usize| ((frame as f64 * FRAME_SECONDS * 1_000.0).round() as u64).min(end_ms);
    open.take().map(|since| Stretch { start_ms: ms(since), end_ms: ms(frame) })
}

#[cfg(test)]
mod tests {
    use super::super::models::Voice;
    use super::*;

    /// A window in which voices speak from and to these shares of its length.
    fn window(start_seconds: u64, voices: &[(f32, f32)]) -> Window {
        let voice = |(from, to): &(f32, f32)| Voice {
            active: (0..FRAMES).map(|frame| (*from..*to).contains(&(frame as f32 / FRAMES as f32))).collect(),
            frames_alone: 0,
            sound: Vec::new(),
        };
        Window { start: start_seconds * 16_000, voices: voices.iter().map(voice).collect() }
    }

    /// A voice of the speaker, as like it as may be, of two that are `like` each other.
    fn told(speaker: Option<usize>, like: f32) -> Told {
        let likeness = (0..2).map(|at| if Some(at) == speaker { 1.0 } else { like }).collect();
        Told { speaker, likeness }
    }

    fn near(turn: &SpeakerTurn, start_ms: u64, end_ms: u64, speaker: u32) -> bool {
        turn.start_ms.abs_diff(start_ms) < 80 && turn.end_ms.abs_diff(end_ms) < 80 && turn.speaker == speaker
    }

    #[test]
    fn turns_run_on_over_windows_and_end_with_the_recording() {
        let windows =
            [window(0, &[(0.2, 1.0)]), window(5, &[(0.0, 1.0)]), window(10, &[(0.0, 0.1), (0.5, 1.0)])];
        let of = |speaker| told(Some(speaker), 0.0);
        let turns = turns(&windows, &[vec![of(1)], vec![of(1)], vec![of(1), of(0)]], 16_000 * 17).turns;
        assert_eq!(turns.len(), 2, "{turns:?}");
        assert!(near(&turns[0], 2_000, 15_000, 1) && near(&turns[1], 15_000, 17_000, 0), "{turns:?}");
    }

    #[test]
    fn a_single_window_is_outvoted_and_overlap_is_kept() {
        let both = [(0.0, 1.0), (0.4, 0.6)];
        let windows = [window(0, &both), window(0, &both), window(0, &[(0.0, 1.0), (0.9, 1.0)])];
        let speakers = [(); 3].map(|()| vec![told(Some(0), 0.0), told(Some(1), 0.0)]);
        let turns = turns(&windows, &speakers, 160_000).turns;
        assert_eq!(turns.len(), 2, "{turns:?}");
        assert!(turns.iter().any(|turn| near(turn, 0, 9_940, 0)));
        assert!(turns.iter().any(|turn| near(turn, 4_000, 6_000, 1)));
    }

    #[test]
    fn a_voice_without_a_speaker_and_no_windows_give_nothing() {
        let nobody = turns(&[window(0, &[(0.0, 1.0)])], &[vec![told(None, 0.0)]], 160_000);
        assert_eq!((nobody.turns.len(), nobody.doubts.len()), (0, 0));
        assert!(turns(&[], &[], 160_000).turns.is_empty());
    }

    #[test]
    fn a_voice_that_sounds_as_much_like_another_speaker_is_in_doubt() {
        let windows = [window(0, &[(0.2, 0.5), (0.6, 1.0)]), window(0, &[(0.2, 0.5), (0.6, 1.0)])];
        let heard =
            |like| turns(&windows, &[(); 2].map(|()| vec![told(Some(0), 0.0), told(Some(1), like)]), 160_000);
        assert_eq!(heard(0.5).doubts, []);
        let doubts = heard(0.95).doubts;
        assert_eq!(doubts.len(), 1, "{doubts:?}");
        assert!(
            doubts[0].start_ms.abs_diff(6_000) < 80 && doubts[0].end_ms.abs_diff(9_940) < 80,
            "{doubts:?}"
        );
        // Windows that take it for different speakers' leave it in doubt as well.
        let split = turns(&windows, &[vec![told(Some(0), 0.0); 2], vec![told(Some(1), 0.0); 2]], 160_000);
        assert_eq!((split.turns.len(), split.doubts.len()), (2, 2));
    }
}
