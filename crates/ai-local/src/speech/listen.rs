//! From a sound file to timed text: windows of a minute, levels evened, speech found, cut into pieces, each piece
//! heard, doubted and timed.
//!
//! The model gives no measure of its certainty, so a piece is heard again a little slower (and faster, where the
//! two differ). Speech the model knows comes out nearly the same each time; other languages and noise come out as
//! different inventions. The likeness of the hearings serves as confidence, decides between them, and tells
//! whether the language is English at all.

use std::path::Path;

use memoreel_ai::wav::{SAMPLE_RATE, WavFile};
use memoreel_ai::{AiError, RecognizedSegment};

use super::doubts::{Doubts, FOREIGN_PIECE_MAX, SURE};
use super::levels::{decibels, even};
use super::lines;
use super::moonshine::{Moonshine, Transcriber};
use super::pieces::{self, Span, quietest};
use super::sound::{Channels, read_apart, read_mixed};
use super::text;

/// Seconds of sound in memory at once.
const WINDOW: f32 = 60.0;
/// A region of speech that the window cuts off is left for the next one if it starts after this second.
const CARRY_AFTER: f32 = 30.0;
/// Speech detection threshold; measured best after levels are evened.
const VOICE_THRESHOLD: &str = "0.5";
/// Pieces with less speech than this are only believed where the text is not a stray word, in seconds.
const STRAY_SECONDS_MAX: f32 = 1.0;
/// How much louder the other channel is where a voice is only heard through it, in decibels.
const BLEED_DB: f32 = 9.0;
/// Speeds at which a piece is heard again.
const SLOWER: f32 = 0.93;
const FASTER: f32 = 1.06;
/// Hearings less alike than this, over all of a file, are not English. Far-away English was seen at 0.6 and more,
/// other languages at 0.45 and less.
const ENGLISH_MIN: f32 = 0.5;
/// A stretch inside an English file is dropped as foreign where all its pieces are below [`FOREIGN_PIECE_MAX`] and their mean is
/// below this.
const FOREIGN_STRETCH_MAX: f32 = 0.4;
const FOREIGN_STRETCH_SECONDS: f32 = 10.0;
/// Fewer words than this say nothing about the language.
const LANGUAGE_WORDS_MIN: usize = 5;

/// The two uses of the speech library.
pub struct Ears<'a> {
    voice: Transcriber<'a>,
    words: Transcriber<'a>,
    doubts: Doubts,
}

/// What the model makes of samples.
struct Hearing {
    text: String,
    /// Whether it fell into a loop, which is cut off from the text.
    loops: bool,
}

/// A piece with what was heard in it.
pub struct Heard {
    /// Seconds of speech.
    seconds: f32,
    words: usize,
    /// Likeness of the hearings, where there were several.
    likeness: Option<f32>,
    pub segments: Vec<RecognizedSegment>,
}

impl<'a> Ears<'a> {
    /// Loads the models.
    pub fn open(library: &'a Moonshine, model_dir: &Path) -> Result<Self, AiError> {
        let open = |options: &[(&str, &str)]| library.transcriber(model_dir, options).map_err(crashed);
        Ok(Self {
            voice: open(&[
                ("skip_transcription", "true"),
                ("vad_threshold", VOICE_THRESHOLD),
                ("vad_max_segment_duration", "20"),
                ("return_audio_data", "false"),
            ])?,
            words: open(&[("vad_threshold", "0"), ("return_audio_data", "false")])?,
            doubts: Doubts::default(),
        })
    }

    /// Hears one channel of a file, or all mixed, and reports the seconds that are done.
    pub fn hear(
        &mut self,
        wav: &mut WavFile,
        channels: Channels,
        channel: usize,
        done: &mut dyn FnMut(f32),
    ) -> Result<Vec<Heard>, AiError> {
        wav.seek(0)?;
        let window = (WINDOW * SAMPLE_RATE as f32) as usize;
        let (mut own, mut other) = (Vec::new(), Vec::new());
        let mut offset = 0_u64;
        let mut heard = Vec::new();
        loop {
            let wanted = window - own.len();
            let read = match channels {
                Channels::Mixed => {
                    let more = read_mixed(wav, wanted)?;
                    own.extend_from_slice(&more);
                    more.len()
                }
                Channels::Apart => {
                    let (mine, theirs) = read_apart(wav, wanted, channel)?;
                    own.extend_from_slice(&mine);
                    other.extend_from_slice(&theirs);
                    mine.len()
                }
            };
            let ended = read < wanted;
            let used = self.hear_window(&own, &other, offset, ended, &mut heard)?;
            offset += used as u64;
            done(offset as f32 / SAMPLE_RATE as f32);
            if ended {
                return Ok(heard);
            }
            own.drain(..used);
            other.drain(..used.min(other.len()));
        }
    }

    /// Hears one window and tells how many of its samples are done with.
    fn hear_window(
        &mut self,
        own: &[f32],
        other: &[f32],
        offset: u64,
        ended: bool,
        heard: &mut Vec<Heard>,
    ) -> Result<usize, AiError> {
        let mut level = own.to_vec();
        even(&mut level);
        let length = own.len() as f32 / SAMPLE_RATE as f32;
        let mut regions: Vec<Span> = regions(&mut self.voice, &level)?;
        let cut = match regions.last() {
            _ if ended => length,
            Some(last) if last.end < length - 1.0 => last.end + 0.5,
            Some(last) if last.start > CARRY_AFTER => last.start - 0.2,
            Some(_) => quietest(length - 15.0, length, &level),
            None => length,
        };
        regions.retain(|region| region.start < cut);
        if let Some(last) = regions.last_mut() {
            last.end = last.end.min(cut);
        }
        let offset = offset as f32 / SAMPLE_RATE as f32;
        for piece in pieces::plan(&regions, &level) {
            if !other.is_empty() && bleeds(piece.samples(own), piece.samples(other)) {
                continue;
            }
            let speech: f32 = regions.iter().map(|region| shared(*region, piece)).sum();
            heard.extend(self.hear_piece(piece, &level, offset, speech)?);
        }
        Ok(((cut * SAMPLE_RATE as f32) as usize).min(own.len()))
    }

    fn hear_piece(
        &mut self,
        piece: Span,
        level: &[f32],
        offset: f32,
        speech: f32,
    ) -> Result<Option<Heard>, AiError> {
        let samples = piece.samples(level);
        let (best, likeness) = self.hear_samples(samples, speech)?;
        if text::is_wordless(&best) || (speech < STRAY_SECONDS_MAX && text::is_stray(&best)) {
            return Ok(None);
        }
        let active = lines::active(piece, level);
        Ok(Some(Heard {
            seconds: speech,
            words: text::bare_words(&best).len(),
            likeness,
            segments: lines::segments(&best, &active, offset, likeness),
        }))
    }

    /// The text of a piece, and the likeness of several hearings of it where it was doubted. Of three different
    /// hearings the one most like the others is taken.
    fn hear_samples(&mut self, samples: &[f32], speech: f32) -> Result<(String, Option<f32>), AiError> {
        let first = self.recognise(samples)?;
        if !self.doubts.doubt(speech, first.loops) {
            return Ok((first.text, None));
        }
        let second = self.recognise(&at_speed(samples, SLOWER))?;
        let likeness = like(&first, &second);
        if likeness >= SURE {
            // A loop, in any language, repeats itself at every speed.
            let words = if first.loops { 0 } else { text::bare_words(&first.text).len() };
            self.doubts.settle(likeness, words);
            // What was said after a loop began is only in a hearing without one.
            let best = if first.loops && !second.loops { second } else { first };
            return Ok((best.text, Some(likeness)));
        }
        self.doubts.doubt_more();
        let third = self.recognise(&at_speed(samples, FASTER))?;
        let (one_three, two_three) = (like(&first, &third), like(&second, &third));
        let mean = (likeness + one_three + two_three) / 3.0;
        self.doubts.settle(mean, 0);
        let mut hearings = vec![
            (likeness + one_three, first),
            (likeness + two_three, second),
            (one_three + two_three, third),
        ];
        if hearings.iter().any(|(_, hearing)| !hearing.loops) {
            hearings.retain(|(_, hearing)| !hearing.loops);
        }
        // Of equals the first is kept: it was heard at the true speed.
        let best = hearings.into_iter().reduce(|best, next| if next.0 > best.0 + 1e-4 { next } else { best });
        Ok((best.map(|(_, hearing)| hearing.text).unwrap_or_default(), Some(mean)))
    }

    fn recognise(&mut self, samples: &[f32]) -> Result<Hearing, AiError> {
        let lines = self.words.run(samples).map_err(crashed)?;
        let text = lines.iter().map(|line| line.text.trim()).collect::<Vec<_>>().join(" ").trim().to_owned();
        let cut = text::without_loop(&text);
        Ok(Hearing { loops: cut.is_some(), text: cut.unwrap_or(text) })
    }
}

/// Takes away what is not English, or says that nothing is.
pub fn keep_english(heard: Vec<Heard>) -> Result<Vec<RecognizedSegment>, AiError> {
    let judged = |piece: &&Heard| piece.words >= LANGUAGE_WORDS_MIN && piece.likeness.is_some();
    let words: usize = heard.iter().filter(judged).map(|piece| piece.words).sum();
    let alike: f32 =
        heard.iter().filter(judged).map(|piece| piece.words as f32 * piece.likeness.unwrap_or(1.0)).sum();
    let foreign = foreign_pieces(&heard);
    let all_foreign =
        heard.iter().zip(&foreign).filter(|(piece, _)| judged(piece)).all(|(_, foreign)| *foreign);
    if words > 0 && (alike / (words as f32) < ENGLISH_MIN || all_foreign) {
        return Err(AiError::LanguageUnsupported { supported: "English".into() });
    }
    let kept = heard.into_iter().zip(foreign).filter(|(_, foreign)| !foreign);
    Ok(kept.flat_map(|(piece, _)| piece.segments).collect())
}

/// Which pieces belong to a long enough stretch of pieces that came out differently each time.
fn foreign_pieces(heard: &[Heard]) -> Vec<bool> {
    let mut foreign = vec![false; heard.len()];
    let mut start = 0;
    while start < heard.len() {
        let length = heard[start..]
            .iter()
            .take_while(|piece| piece.likeness.is_some_and(|likeness| likeness < FOREIGN_PIECE_MAX))
            .count();
        let stretch = &heard[start..start + length];
        let seconds: f32 = stretch.iter().map(|piece| piece.seconds).sum();
        let alike: f32 = stretch.iter().map(|piece| piece.seconds * piece.likeness.unwrap_or(1.0)).sum();
        if seconds >= FOREIGN_STRETCH_SECONDS && alike / seconds < FOREIGN_STRETCH_MAX {
            foreign[start..start + length].fill(true);
        }
        start += length.max(1);
    }
    foreign
}

/// The regions in which the library hears a voice.
pub fn regions(voice: &mut Transcriber<'_>, level: &[f32]) -> Result<Vec<Span>, AiError> {
    let lines = voice.run(level).map_err(crashed)?;
    let mut regions: Vec<Span> =
        lines.iter().map(|line| Span { start: line.start.max(0.0), end: line.end }).collect();
    regions.sort_by(|one, other| one.start.total_cmp(&other.start));
    Ok(regions)
}

/// An error of the library as an [`AiError`].
pub fn crashed(detail: String) -> AiError {
    AiError::EngineCrashed { detail }
}

fn like(one: &Hearing, other: &Hearing) -> f32 {
    text::likeness(&text::bare_words(&one.text), &text::bare_words(&other.text))
}

/// Whether a voice on the other channel is what is heard on this one.
fn bleeds(own: &[f32], other: &[f32]) -> bool {
    decibels(other) - decibels(own) > BLEED_DB
}

fn shared(one: Span, other: Span) -> f32 {
    (one.end.min(other.end) - one.start.max(other.start)).max(0.0)
}

/// The sound at another speed, between samples in straight lines.
fn at_speed(samples: &[f32], speed: f32) -> Vec<f32> {
    let count = (samples.len() as f32 / speed) as usize;
    (0..count)
        .map(|index| {
            let place = index as f32 * speed;
            let at = place as usize;
            let here = samples.get(at).copied().unwrap_or(0.0);
            let next = samples.get(at + 1).copied().unwrap_or(here);
            (here + (next - here) * (place - at as f32)) * 0.7
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(seconds: f32, words: usize, likeness: Option<f32>) -> Heard {
        let text = "word ".repeat(words);
        let segments = lines::segments(&text, &[Span { start: 0.0, end: seconds }], 0.0, likeness);
        Heard { seconds, words, likeness, segments }
    }

    #[test]
    fn speech_that_sounds_different_each_time_is_not_english() {
        let error = keep_english(vec![piece(5.0, 12, Some(0.2))]).expect_err("foreign");
        assert_eq!((error.code(), error.is_permanent()), ("language_unsupported", true));
        assert_eq!(keep_english(vec![piece(5.0, 12, Some(0.6))]).expect("English").len(), 1);
    }

    #[test]
    fn a_few_words_say_nothing_about_the_language() {
        assert_eq!(keep_english(vec![piece(1.0, 2, Some(0.0))]).expect("kept").len(), 1);
        assert!(keep_english(Vec::new()).expect("silence").is_empty());
    }

    #[test]
    fn a_foreign_half_of_an_english_recording_is_left_out() {
        let english = || (0..3).map(|_| piece(12.0, 30, Some(0.95)));
        let foreign = || [0.2, 0.15, 0.45].map(|likeness| piece(12.0, 20, Some(likeness)));
        let kept = keep_english(english().chain(foreign()).collect()).expect("English");
        assert_eq!(kept.len(), 3);
        let one_bad_sentence = vec![piece(12.0, 30, Some(0.95)), piece(4.0, 6, Some(0.2))];
        assert_eq!(keep_english(one_bad_sentence).expect("English").len(), 2);
    }

    #[test]
    fn another_speed_changes_the_length_and_keeps_the_shape() {
        let slow = at_speed(&[0.0, 1.0, 0.0, -1.0], 0.5);
        assert_eq!(slow.len(), 8);
        assert!((slow[1] - 0.35).abs() < 1e-6 && (slow[2] - 0.7).abs() < 1e-6);
    }
}
