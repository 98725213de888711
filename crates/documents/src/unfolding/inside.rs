//! Streams of a PDF that are inside of others, where nobody says how they are packed.

use super::{
    chains::{Allowed, Chain, PIECE_BYTES},
    dictionaries::{is_regular, is_white},
    filters::Filter,
};
use crate::DocumentError;

/// More of them do not go on at once.
const NESTED_MAX: usize = 24;
const LZW: u32 = u32::from_be_bytes(*b"/LZW");
/// The words after which they begin.
const PICTURE: u64 = 0x4944;
const STREAM: u64 = 0x7374_7265_616d;

/// Looks for pictures in the text of pages (`BI … ID … EI`), of which PDFium unfolds the first filter to find out where they end,
/// whatever size they have; in what was unfolded, also for the rest of one that began in another stream, and among objects for
/// streams.
pub(crate) struct Inside {
    allowed: Allowed,
    /// The last bytes.
    before: u64,
    line: Line,
    is_of_objects: bool,
    /// Whether that was named since the last one began: unlike Flate, it says nothing of itself.
    names_lzw: bool,
    chains: Vec<Chain>,
}

/// A stream begins on the line after its word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Any,
    Ends,
    Ended,
}

impl Inside {
    pub(crate) fn of_file(allowed: Allowed) -> Self {
        let before = u64::from_be_bytes([b' '; 8]);
        Self { allowed, before, line: Line::Any, is_of_objects: false, names_lzw: false, chains: Vec::new() }
    }

    pub(crate) fn of_unfolded(allowed: Allowed, is_of_objects: bool) -> Self {
        let chains = Vec::from(Chain::guessed(allowed));
        Self { is_of_objects, chains, ..Self::of_file(allowed) }
    }

    /// Takes what comes next.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<(), DocumentError> {
        bytes.chunks(PIECE_BYTES).try_for_each(|piece| self.take_piece(piece))
    }

    fn take_piece(&mut self, piece: &[u8]) -> Result<(), DocumentError> {
        push(&mut self.chains, piece)?;
        for (at, byte) in piece.iter().enumerate() {
            let Some(is_after) = self.begins(*byte) else { continue };
            let mut chains = Vec::from(Chain::guessed(self.allowed));
            if std::mem::take(&mut self.names_lzw) {
                chains.extend(Chain::of(&[Filter::Lzw { early_change: true }], self.allowed));
            }
            push(&mut chains, &piece[at + usize::from(is_after)..])?;
            self.chains.append(&mut chains);
            if self.chains.len() > NESTED_MAX {
                return Err(DocumentError::too_large("its pictures lie in one another"));
            }
        }
        Ok(())
    }

    /// Whether something begins after this byte, or with it.
    fn begins(&mut self, byte: u8) -> Option<bool> {
        let before = self.before;
        self.before = before << 8 | u64::from(byte);
        self.names_lzw |= self.before as u32 == LZW;
        let (line, is_end) = (self.line, matches!(byte, b'\r' | b'\n'));
        if line == Line::Ended || line == Line::Ends && is_end {
            self.line = if line == Line::Ends && byte == b'\r' { Line::Ended } else { Line::Any };
            return (self.line == Line::Any).then_some(byte == b'\n');
        }
        let is_apart = |byte: u8| !is_regular(byte) && byte != b'/';
        if is_regular(byte) {
            return None;
        }
        if before & 0xffff == PICTURE && is_apart((before >> 16) as u8) {
            return Some(is_white(byte));
        }
        if self.is_of_objects && before & 0xffff_ffff_ffff == STREAM && is_apart((before >> 48) as u8) {
            self.line = if byte == b'\r' { Line::Ended } else { Line::Ends };
            if byte == b'\n' {
                self.line = Line::Any;
                return Some(true);
            }
        }
        None
    }
}

fn push(chains: &mut Vec<Chain>, piece: &[u8]) -> Result<(), DocumentError> {
    for chain in chains.iter_mut() {
        chain.unfold(piece, &mut |_: &[u8]| Ok(()))?;
    }
    chains.retain(Chain::goes_on);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::ZlibEncoder};
    use std::io::Write as _;

    const ALLOWED: Allowed = Allowed { bytes_max: 64 << 20, picture_bytes: None };

    #[test]
    fn what_is_inside_of_a_text_is_held_to_what_it_unfolds_to() {
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
        packer.write_all(&vec![0; 8 << 20]).expect("memory takes it");
        let packed = packer.finish().expect("memory takes it");
        for (before, in_file, in_text, in_objects) in [
            ("q BI /W 9 /F /Fl ID ", true, true, true),
            ("BI /F [/Fl]ID\n", true, true, true),
            ("trailer << /ID ", false, false, false),
            ("VOID ", false, false, false),
            ("4 0 << /Filter /Fl >>stream\n", false, false, true),
            ("4 0 << /Filter /Fl >> stream\r\n", false, false, true),
            ("4 0 << /Filter /Fl >> stream\r", false, false, true),
            ("4 0 << /Filter /Fl >> stream and so on\r\n", false, false, true),
            ("stream\nendstream\n", false, false, false),
            ("", false, true, true),
        ] {
            let text = [before.as_bytes(), &packed, b" EI Q"].concat();
            for piece in [1, 100, text.len()] {
                let refused =
                    |mut inside: Inside| text.chunks(piece).any(|piece| inside.take(piece).is_err());
                assert_eq!(refused(Inside::of_file(ALLOWED)), in_file, "{before} by {piece}");
                assert_eq!(refused(Inside::of_unfolded(ALLOWED, false)), in_text, "{before} by {piece}");
                assert_eq!(refused(Inside::of_unfolded(ALLOWED, true)), in_objects, "{before} by {piece}");
            }
        }
    }

    #[test]
    fn what_begins_in_one_another_is_refused() {
        let nested = [b" ID \x78\x9c\x00\xff\xff\x00\x00".as_slice(), &[b'.'; 40]].concat().repeat(30);
        assert!(Inside::of_file(ALLOWED).take(&nested).is_err());
        assert!(Inside::of_file(ALLOWED).take(&b" ID BT (80) Tj ET".repeat(1000)).is_ok());
    }
}
