//! Filters one after the other, as the streams of a PDF have them, held to what they may unfold to while they do.

use super::filters::{Decoder, Filter, Goes, Sink};
use crate::{
    DocumentError,
    containers::{LARGE_BYTES, RATIO_MAX, unfolds},
};

/// As much shows whether a guess was right.
pub(crate) const BEGIN_BYTES: usize = 32;
/// What is taken at once. What comes of the rest of it is not known when the ratio is asked for.
pub(crate) const PIECE_BYTES: usize = 4 << 10;
/// Where nobody says which filters there are, no more are looked for.
const GUESSED_MAX: usize = 4;

/// What a stream may unfold to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowed {
    /// However much it is the result of.
    pub(crate) bytes_max: u64,
    /// The bytes of the picture that it is, if it is one.
    pub(crate) picture_bytes: Option<u64>,
}

impl Allowed {
    /// Whether what was made of so many bytes is too much.
    pub(crate) fn hold(self, taken: u64, given: u64) -> Result<(), DocumentError> {
        let proportional = taken.saturating_mul(RATIO_MAX);
        let most = match self.picture_bytes {
            Some(bytes) => proportional.max(bytes),
            None => proportional.min(self.bytes_max),
        };
        if given > most.max(LARGE_BYTES) { Err(unfolds()) } else { Ok(()) }
    }
}

/// Filters, from the outermost.
pub(crate) struct Chain {
    steps: Vec<Step>,
    allowed: Allowed,
    taken: u64,
}

struct Step {
    kind: Kind,
    given: u64,
    goes: Goes,
}

enum Kind {
    Known(Decoder),
    /// Flate, if it begins so; with its first byte.
    Guessed(Option<u8>),
}

impl Chain {
    /// Of these filters, to the first that is not unfolded. None, where that is the first.
    pub(crate) fn of(filters: &[Filter], allowed: Allowed) -> Option<Self> {
        let filters = filters.iter().filter(|filter| **filter != Filter::Crypt);
        let steps: Vec<Step> = filters
            .map_while(|filter| filter.decoder())
            .map(|decoder| Step::new(Kind::Known(decoder)))
            .collect();
        (!steps.is_empty()).then_some(Self { steps, allowed, taken: 0 })
    }

    /// Those that bytes may have, of which nobody says which they have: Flate, plain or as text, once or more.
    pub(crate) fn guessed(allowed: Allowed) -> [Self; 3] {
        [None, Some(Filter::Base85), Some(Filter::Hex)].map(|text| {
            let known = text.and_then(Filter::decoder).map(Kind::Known);
            let guessed = (0..GUESSED_MAX).map(|_| Kind::Guessed(None));
            Self { steps: known.into_iter().chain(guessed).map(Step::new).collect(), allowed, taken: 0 }
        })
    }

    /// Bytes that the first has taken.
    pub(crate) fn taken(&self) -> u64 {
        match self.steps.first() {
            Some(Step { goes: Goes::Ended { left }, .. }) => self.taken.saturating_sub(*left as u64),
            _ => self.taken,
        }
    }

    /// The most that one of them has given.
    pub(crate) fn given(&self) -> u64 {
        self.steps.iter().map(|step| step.given).max().unwrap_or(0)
    }

    /// Whether more input may give more output that counts.
    pub(crate) fn goes_on(&self) -> bool {
        match self.steps.as_slice() {
            // Bytes as text are more than the bytes: what is in them counts, and nothing was guessed rightly.
            [Step { kind: Kind::Known(decoder), goes, .. }, inside @ ..] if !decoder.unfolds() => {
                *goes == Goes::On && inside.first().is_none_or(|step| step.goes == Goes::On)
            }
            [first, ..] => first.goes == Goes::On,
            [] => false,
        }
    }

    /// Unfolds from here to where the first filter ends; what the last one gives is handed to `sink`.
    ///
    /// # Errors
    /// [`DocumentError::TooLarge`], as soon as one gives more than is allowed.
    pub(crate) fn unfold(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), DocumentError> {
        let (begin, rest) = bytes.split_at(bytes.len().min(BEGIN_BYTES));
        for piece in [begin].into_iter().chain(rest.chunks(PIECE_BYTES)) {
            if !self.goes_on() {
                break;
            }
            self.push(piece, sink)?;
        }
        Ok(())
    }

    /// The same for what comes next.
    pub(crate) fn push(&mut self, piece: &[u8], sink: &mut Sink<'_>) -> Result<(), DocumentError> {
        self.taken += piece.len() as u64;
        feed(&mut self.steps, self.taken, self.allowed, piece, sink)
    }
}

impl Step {
    fn new(kind: Kind) -> Self {
        Self { kind, given: 0, goes: Goes::On }
    }
}

fn feed(
    steps: &mut [Step],
    taken: u64,
    allowed: Allowed,
    piece: &[u8],
    sink: &mut Sink<'_>,
) -> Result<(), DocumentError> {
    let Some((step, rest)) = steps.split_first_mut() else { return sink(piece) };
    let Step { kind, given, goes } = step;
    if *goes != Goes::On || piece.is_empty() {
        return Ok(());
    }
    // A picture is what the last filter gives: before that, it is held in whole.
    let held = if rest.is_empty() { allowed } else { Allowed { picture_bytes: None, ..allowed } };
    let mut next = |made: &[u8]| {
        *given += made.len() as u64;
        held.hold(taken, *given)?;
        feed(rest, taken, allowed, made, sink)
    };
    let (first, piece) = match kind {
        Kind::Known(_) => (None, piece),
        Kind::Guessed(before) => match (before.take(), piece) {
            (None, [only]) => {
                *before = Some(*only);
                return Ok(());
            }
            (None, [first, rest @ ..]) => (Some(*first), rest),
            (first, piece) => (first, piece),
        },
    };
    if let (Some(first), Some(second)) = (first, piece.first()) {
        if !begins_zlib(first, *second) {
            *goes = Goes::Ended { left: piece.len() };
            return Ok(());
        }
        if let Some(decoder) = Filter::Flate.decoder() {
            *kind = Kind::Known(decoder);
        }
    }
    if let Kind::Known(decoder) = kind {
        if let Some(first) = first {
            *goes = decoder.push(&[first], &mut next)?;
        }
        *goes = decoder.push(piece, &mut next)?;
    }
    Ok(())
}

/// Whether zlib (RFC 1950, 2.2) begins with these, without a dictionary.
fn begins_zlib(first: u8, second: u8) -> bool {
    first & 0x0f == 8
        && first >> 4 <= 7
        && second & 0x20 == 0
        && (u16::from(first) << 8 | u16::from(second)).is_multiple_of(31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::ZlibEncoder};
    use std::io::Write as _;

    const ALLOWED: Allowed = Allowed { bytes_max: 64 << 20, picture_bytes: None };

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
        packer.write_all(bytes).expect("memory takes it");
        packer.finish().expect("memory takes it")
    }

    fn hex(bytes: &[u8]) -> Vec<u8> {
        bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).chain([b'>']).collect()
    }

    /// What came out at the end, or nothing where it was refused.
    fn unfolded(chain: Option<Chain>, bytes: &[u8]) -> Option<u64> {
        let (mut chain, mut came) = (chain.expect("it unfolds"), 0);
        let mut sink = |piece: &[u8]| {
            came += piece.len() as u64;
            Ok(())
        };
        chain.unfold(bytes, &mut sink).ok()?;
        Some(came)
    }

    #[test]
    fn what_unfolds_to_far_more_than_it_is_is_refused_wherever_it_does() {
        let nothing = vec![0; 8 << 20];
        let (once, twice) = (packed(&nothing), packed(&packed(&nothing)));
        let flate = [Filter::Flate];
        assert_eq!(unfolded(Chain::of(&flate, ALLOWED), &once), None);
        assert_eq!(unfolded(Chain::of(&[Filter::Flate; 2], ALLOWED), &twice), None);
        assert_eq!(
            unfolded(Chain::of(&[Filter::Hex, Filter::Crypt, Filter::Flate], ALLOWED), &hex(&once)),
            None
        );
        assert_eq!(unfolded(Chain::of(&[Filter::Flate, Filter::Picture], ALLOWED), &once), None);
        let picture = Allowed { picture_bytes: Some(8 << 20), ..ALLOWED };
        assert_eq!(unfolded(Chain::of(&flate, picture), &once), Some(8 << 20));
        assert_eq!(unfolded(Chain::of(&[Filter::Flate, Filter::Hex], picture), &once), None, "not by lines");
        assert!(Chain::of(&[Filter::Picture, Filter::Flate], ALLOWED).is_none());
    }

    #[test]
    fn what_is_much_and_little_smaller_is_held_to_the_bound_alone() {
        let mut state = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(6 << 20)
        .collect();
        let file = packed(&noise);
        assert_eq!(unfolded(Chain::of(&[Filter::Flate], ALLOWED), &file), Some(6 << 20));
        let tight = Allowed { bytes_max: 5 << 20, ..ALLOWED };
        assert_eq!(unfolded(Chain::of(&[Filter::Flate], tight), &file), None);
    }

    #[test]
    fn filters_that_nobody_names_are_found() {
        let nothing = vec![0; 8 << 20];
        for (bytes, is_refused) in [
            (packed(&nothing), true),
            (packed(&packed(&nothing)), true),
            (hex(&packed(&packed(&nothing))), true),
            (packed(b"0 0 m 100 100 l S"), false),
            (b"BT /F1 12 Tf (80) Tj ET".repeat(1000), false),
            (Vec::new(), false),
        ] {
            for piece in [1, 5, PIECE_BYTES] {
                let mut chains = Chain::guessed(ALLOWED);
                let mut refused = false;
                for chain in &mut chains {
                    refused |=
                        bytes.chunks(piece).any(|piece| chain.push(piece, &mut |_: &[u8]| Ok(())).is_err());
                }
                assert_eq!(refused, is_refused, "{} bytes by {piece}", bytes.len());
            }
        }
    }
}
