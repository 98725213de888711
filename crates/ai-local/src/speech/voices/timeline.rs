//! From the voices of windows that overlap to the turns of speakers: each moment is heard in several windows, which vote on
//! how many speak and who.

use memoreel_ai::SpeakerTurn;
use memoreel_ai::wav::SAMPLE_RATE;

use super::Window;
use super::models::{FRAME_SECONDS, FRAMES};

/// Votes on one frame.
#[derive(Clone)]
struct Ballot {
    windows: u32,
    voices: u32,
    speakers: Vec<u32>,
}

/// The turns of the speakers, up to the end of the recording; `speakers[window][voice]` says whose voice it is.
pub fn turns(windows: &[Window], speakers: &[Vec<Option<usize>>], samples: u64) -> Vec<SpeakerTurn> {
    let count = speakers.iter().flatten().flatten().max().map_or(0, |last| last + 1);
    let end_ms = samples * 1_000 / u64::from(SAMPLE_RATE);
    let empty = Ballot { windows: 0, voices: 0, speakers: vec![0; count] };
    let mut ballots: Vec<Ballot> = Vec::new();
    let mut first = 0;
    let mut turns = Turns { open: vec![None; count], closed: Vec::new(), end_ms };
    for (window, speakers) in windows.iter().zip(speakers) {
        let start = (window.start as f64 / f64::from(SAMPLE_RATE) / FRAME_SECONDS).round() as usize;
        let settled = start.saturating_sub(first).min(ballots.len());
        for (frame, ballot) in (first..).zip(ballots.drain(..settled)) {
            turns.add(frame, &ballot);
        }
        first = start;
        ballots.resize(FRAMES.max(ballots.len()), empty.clone());
        vote(&mut ballots[..FRAMES], window, speakers);
    }
    let last = first + ballots.len();
    for (frame, ballot) in (first..).zip(&ballots) {
        turns.add(frame, ballot);
    }
    turns.add(last, &empty);
    turns.closed
}

fn vote(ballots: &mut [Ballot], window: &Window, speakers: &[Option<usize>]) {
    for (frame, ballot) in ballots.iter_mut().enumerate() {
        ballot.windows += 1;
        for (voice, speaker) in window.voices.iter().zip(speakers) {
            if voice.active[frame] {
                ballot.voices += 1;
                if let Some(speaker) = speaker {
                    ballot.speakers[*speaker] += 1;
                }
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
}

struct Turns {
    /// The frame in which the turn of each speaker began.
    open: Vec<Option<usize>>,
    closed: Vec<SpeakerTurn>,
    end_ms: u64,
}

impl Turns {
    fn add(&mut self, frame: usize, ballot: &Ballot) {
        let elected = ballot.elected();
        for speaker in 0..self.open.len() {
            match (self.open[speaker], elected.contains(&speaker)) {
                (None, true) => self.open[speaker] = Some(frame),
                (Some(since), false) => {
                    self.open[speaker] = None;
                    let ms = |frame: usize| {
                        ((frame as f64 * FRAME_SECONDS * 1_000.0).round() as u64).min(self.end_ms)
                    };
                    let speaker = u32::try_from(speaker).unwrap_or(u32::MAX);
                    self.closed.push(SpeakerTurn { start_ms: ms(since), end_ms: ms(frame), speaker });
                }
                _ => {}
            }
        }
    }
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

    fn near(turn: &SpeakerTurn, start_ms: u64, end_ms: u64, speaker: u32) -> bool {
        turn.start_ms.abs_diff(start_ms) < 80 && turn.end_ms.abs_diff(end_ms) < 80 && turn.speaker == speaker
    }

    #[test]
    fn turns_run_on_over_windows_and_end_with_the_recording() {
        let windows =
            [window(0, &[(0.2, 1.0)]), window(5, &[(0.0, 1.0)]), window(10, &[(0.0, 0.1), (0.5, 1.0)])];
        let speakers = [vec![Some(1)], vec![Some(1)], vec![Some(1), Some(0)]];
        let turns = turns(&windows, &speakers, 16_000 * 17);
        assert_eq!(turns.len(), 2, "{turns:?}");
        assert!(near(&turns[0], 2_000, 15_000, 1) && near(&turns[1], 15_000, 17_000, 0), "{turns:?}");
    }

    #[test]
    fn a_single_window_is_outvoted_and_overlap_is_kept() {
        let both = [(0.0, 1.0), (0.4, 0.6)];
        let windows = [window(0, &both), window(0, &both), window(0, &[(0.0, 1.0), (0.9, 1.0)])];
        let speakers = vec![vec![Some(0), Some(1)]; 3];
        let turns = turns(&windows, &speakers, 160_000);
        assert_eq!(turns.len(), 2, "{turns:?}");
        assert!(turns.iter().any(|turn| near(turn, 0, 9_940, 0)));
        assert!(turns.iter().any(|turn| near(turn, 4_000, 6_000, 1)));
    }

    #[test]
    fn a_voice_without_a_speaker_and_no_windows_give_nothing() {
        assert!(turns(&[window(0, &[(0.0, 1.0)])], &[vec![None]], 160_000).is_empty());
        assert!(turns(&[], &[], 160_000).is_empty());
    }
}
