//! The filters of PDF that unfold (ISO 32000-2, 7.4), piece by piece: what comes out of one is handed on, not kept.
//!
//! They take and leave what PDFium takes and leaves, which is more than the standard allows: what it would unfold is counted here.

use crate::DocumentError;
use flate2::{Decompress, FlushDecompress, Status};

/// As much is handed on at once.
const BUFFER_BYTES: usize = 32 << 10;
/// PDFium unfolds no run lengths to more.
const RUN_LENGTHS_MAX: u64 = 20 << 20;
const LZW_CODES: usize = 4096;
/// PDFium lets no string of LZW be longer.
const LZW_STRING_MAX: usize = 4000;

/// What takes the pieces.
pub(crate) type Sink<'a> = dyn FnMut(&[u8]) -> Result<(), DocumentError> + 'a;

/// A filter by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filter {
    Hex,
    Base85,
    RunLength,
    Lzw {
        early_change: bool,
    },
    Flate,
    /// What PDFium passes over.
    Crypt,
    /// The bytes of a picture, which are not unfolded here.
    Picture,
}

impl Filter {
    /// What has another name is taken for a picture's, as by PDFium.
    pub(crate) fn of(name: &[u8], early_change: bool) -> Self {
        match name {
            b"ASCIIHexDecode" | b"AHx" => Self::Hex,
            b"ASCII85Decode" | b"A85" => Self::Base85,
            b"RunLengthDecode" | b"RL" => Self::RunLength,
            b"LZWDecode" | b"LZW" => Self::Lzw { early_change },
            b"FlateDecode" | b"Fl" => Self::Flate,
            b"Crypt" => Self::Crypt,
            _ => Self::Picture,
        }
    }

    /// Whether its end may be missing, so that what follows would be taken for more of it.
    pub(crate) fn may_be_open(self) -> bool {
        matches!(self, Self::RunLength | Self::Lzw { .. })
    }

    /// What undoes it; nothing, where it is not unfolded.
    pub(crate) fn decoder(self) -> Option<Decoder> {
        match self {
            Self::Hex => Some(Decoder::Hex { half: None }),
            Self::Base85 => Some(Decoder::Base85 { group: 0, count: 0 }),
            Self::RunLength => Some(Decoder::RunLength { state: Run::Begins, given: 0 }),
            Self::Lzw { early_change } => Some(Decoder::Lzw(Box::new(Lzw::new(early_change)))),
            Self::Flate => {
                let buffer = vec![0; BUFFER_BYTES].into_boxed_slice();
                Some(Decoder::Flate { inflater: Decompress::new(true), buffer })
            }
            Self::Crypt | Self::Picture => None,
        }
    }
}

/// A filter at work.
pub(crate) enum Decoder {
    Hex { half: Option<u8> },
    Base85 { group: u32, count: u8 },
    RunLength { state: Run, given: u64 },
    Lzw(Box<Lzw>),
    Flate { inflater: Decompress, buffer: Box<[u8]> },
}

/// Where in a run the next byte is.
pub(crate) enum Run {
    Begins,
    Literal(usize),
    Repeats(usize),
}

/// Whether more input may give more output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goes {
    On,
    /// Before so many bytes of the input.
    Ended {
        left: usize,
    },
}

impl Decoder {
    /// Whether more comes out than goes in.
    pub(crate) fn unfolds(&self) -> bool {
        !matches!(self, Self::Hex { .. } | Self::Base85 { .. })
    }

    /// Takes all of the input, unless it ends before.
    pub(crate) fn push(&mut self, input: &[u8], sink: &mut Sink<'_>) -> Result<Goes, DocumentError> {
        match self {
            Self::Hex { half } => hex(half, input, sink),
            Self::Base85 { group, count } => base85(group, count, input, sink),
            Self::RunLength { state, given } => run_lengths(state, given, input, sink),
            Self::Lzw(lzw) => lzw.push(input, sink),
            Self::Flate { inflater, buffer } => inflate(inflater, buffer, input, sink),
        }
    }
}

fn inflate(
    inflater: &mut Decompress,
    buffer: &mut [u8],
    mut input: &[u8],
    sink: &mut Sink<'_>,
) -> Result<Goes, DocumentError> {
    loop {
        let (taken, given) = (inflater.total_in(), inflater.total_out());
        let status = inflater.decompress(input, buffer, FlushDecompress::None);
        let taken = (inflater.total_in() - taken) as usize;
        let given = (inflater.total_out() - given) as usize;
        sink(&buffer[..given])?;
        input = &input[taken..];
        match status {
            // What is damaged, or encrypted, ends where PDFium ends as well.
            Ok(Status::StreamEnd) | Err(_) => return Ok(Goes::Ended { left: input.len() }),
            Ok(_) if given < buffer.len() && (input.is_empty() || taken == 0) => return Ok(Goes::On),
            Ok(_) => {}
        }
    }
}

fn is_skipped(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn hex(half: &mut Option<u8>, input: &[u8], sink: &mut Sink<'_>) -> Result<Goes, DocumentError> {
    let mut made = Vec::with_capacity(input.len() / 2 + 1);
    let mut goes = Goes::On;
    for (at, byte) in input.iter().enumerate() {
        if *byte == b'>' {
            made.extend(half.take().map(|high| high << 4));
            goes = Goes::Ended { left: input.len() - at - 1 };
            break;
        }
        let Some(digit) = char::from(*byte).to_digit(16) else { continue };
        let digit = digit as u8;
        match half.take() {
            Some(high) => made.push(high << 4 | digit),
            None => *half = Some(digit),
        }
    }
    sink(&made)?;
    Ok(goes)
}

fn base85(group: &mut u32, count: &mut u8, input: &[u8], sink: &mut Sink<'_>) -> Result<Goes, DocumentError> {
    let mut made = Vec::with_capacity(input.len() + 4);
    let mut goes = Goes::On;
    for (at, byte) in input.iter().enumerate() {
        match byte {
            b'z' => {
                made.extend([0; 4]);
                (*group, *count) = (0, 0);
            }
            b'!'..=b'u' => {
                *group = group.wrapping_mul(85).wrapping_add(u32::from(byte - b'!'));
                *count += 1;
                if *count == 5 {
                    made.extend(group.to_be_bytes());
                    (*group, *count) = (0, 0);
                }
            }
            byte if is_skipped(*byte) => {}
            _ => {
                for _ in *count..5 {
                    *group = group.wrapping_mul(85).wrapping_add(84);
                }
                made.extend(&group.to_be_bytes()[..usize::from(count.saturating_sub(1))]);
                goes = Goes::Ended { left: input.len() - at - 1 };
                break;
            }
        }
    }
    sink(&made)?;
    Ok(goes)
}

fn run_lengths(
    state: &mut Run,
    given: &mut u64,
    mut input: &[u8],
    sink: &mut Sink<'_>,
) -> Result<Goes, DocumentError> {
    while let Some((first, rest)) = input.split_first() {
        match *state {
            Run::Begins => {
                input = rest;
                *state = match first {
                    128 => return Ok(Goes::Ended { left: rest.len() }),
                    0..128 => Run::Literal(usize::from(*first) + 1),
                    _ => Run::Repeats(257 - usize::from(*first)),
                };
                continue;
            }
            Run::Literal(left) => {
                let (now, later) = input.split_at(left.min(input.len()));
                *given += now.len() as u64;
                sink(now)?;
                input = later;
                *state = if now.len() < left { Run::Literal(left - now.len()) } else { Run::Begins };
            }
            Run::Repeats(times) => {
                *given += times as u64;
                sink(&[*first; 128][..times])?;
                input = rest;
                *state = Run::Begins;
            }
        }
        if *given >= RUN_LENGTHS_MAX {
            return Ok(Goes::Ended { left: input.len() });
        }
    }
    Ok(Goes::On)
}

/// LZW as PDFium undoes it.
pub(crate) struct Lzw {
    /// What came before, and the letter after it, of each code from 258.
    strings: Vec<(u16, u8)>,
    /// A string, from its end.
    string: Vec<u8>,
    made: Vec<u8>,
    bits: u32,
    bit_count: u32,
    width: u32,
    last: Option<(u16, u8)>,
    early: usize,
}

impl Lzw {
    fn new(early_change: bool) -> Self {
        Self {
            strings: Vec::with_capacity(LZW_CODES),
            string: Vec::with_capacity(LZW_STRING_MAX),
            made: Vec::with_capacity(BUFFER_BYTES + LZW_STRING_MAX),
            bits: 0,
            bit_count: 0,
            width: 9,
            last: None,
            early: usize::from(early_change),
        }
    }

    fn push(&mut self, input: &[u8], sink: &mut Sink<'_>) -> Result<Goes, DocumentError> {
        let mut goes = Goes::On;
        for (at, byte) in input.iter().enumerate() {
            self.bits = self.bits << 8 | u32::from(*byte);
            self.bit_count += 8;
            if self.bit_count < self.width {
                continue;
            }
            self.bit_count -= self.width;
            let code = (self.bits >> self.bit_count) as u16;
            self.bits &= (1 << self.bit_count) - 1;
            if !self.takes(code) {
                goes = Goes::Ended { left: input.len() - at - 1 };
                break;
            }
            if self.made.len() >= BUFFER_BYTES {
                sink(&self.made)?;
                self.made.clear();
            }
        }
        sink(&self.made)?;
        self.made.clear();
        Ok(goes)
    }

    /// Whether another code may follow.
    fn takes(&mut self, code: u16) -> bool {
        match (code, self.last) {
            (256, _) => {
                self.strings.clear();
                (self.width, self.last) = (9, None);
            }
            (257, _) => return false,
            (0..256, last) => {
                let letter = code as u8;
                self.made.push(letter);
                if let Some((before, _)) = last {
                    self.add(before, letter);
                }
                self.last = Some((code, letter));
            }
            (_, None) => return false,
            (_, Some((before, letter))) => {
                self.string.clear();
                if usize::from(code - 258) >= self.strings.len() {
                    self.string.push(letter);
                    self.spell(before);
                } else {
                    self.spell(code);
                }
                self.made.extend(self.string.iter().rev());
                let first = self.string.last().copied().unwrap_or_default();
                if before >= 258 && usize::from(before - 258) >= self.strings.len() {
                    return false;
                }
                self.add(before, first);
                self.last = Some((code, first));
            }
        }
        true
    }

    /// The letters of a code, from the last to the first.
    fn spell(&mut self, mut code: u16) {
        while self.string.len() < LZW_STRING_MAX {
            match code.checked_sub(258).and_then(|at| self.strings.get(usize::from(at))) {
                Some((before, letter)) => {
                    self.string.push(*letter);
                    code = *before;
                }
                None => {
                    self.string.push(code as u8);
                    return;
                }
            }
        }
    }

    fn add(&mut self, before: u16, letter: u8) {
        if self.strings.len() + self.early == 4094 {
            return;
        }
        self.strings.push((before, letter));
        self.width = match self.strings.len() + self.early + 258 {
            512 => 10,
            1024 => 11,
            2048 => 12,
            _ => self.width,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a filter makes of the input in pieces of this many bytes, and before how many it ends.
    fn unfolded(filter: Filter, input: &[u8], piece: usize) -> (Vec<u8>, Option<usize>) {
        let mut decoder = filter.decoder().expect("it unfolds");
        let (mut made, mut at) = (Vec::new(), 0);
        for piece in input.chunks(piece) {
            at += piece.len();
            let goes = decoder.push(piece, &mut |bytes: &[u8]| {
                made.extend(bytes);
                Ok(())
            });
            if let Goes::Ended { left } = goes.expect("the sink takes everything") {
                return (made, Some(input.len() - at + left));
            }
        }
        (made, None)
    }

    #[test]
    fn each_filter_gives_the_same_however_its_input_is_cut() {
        let packed = {
            use std::io::Write as _;
            let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
            packer.write_all(&[b'a'; 100_000]).expect("memory takes it");
            packer.finish().expect("memory takes it")
        };
        // The example of ISO 32000-2, 7.4.4.2.
        let lzw = [0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01];
        let cases: [(Filter, &[u8], Vec<u8>); 6] = [
            (Filter::Hex, b"48 65\n6C6c 6F7>", b"Hellop".to_vec()),
            (Filter::Base85, b"87cUR D]i,\"Ebo80z~", [b"Hello World!".as_slice(), &[0; 4]].concat()),
            (Filter::Base85, b"87cURDZ~", b"Hello".to_vec()),
            (Filter::RunLength, b"\x02abc\xfed\x00e\x80", b"abcddde".to_vec()),
            (Filter::Lzw { early_change: true }, &lzw, vec![45, 45, 45, 45, 45, 65, 45, 45, 45, 66]),
            (Filter::Flate, &packed, vec![b'a'; 100_000]),
        ];
        for (filter, input, expected) in cases {
            for piece in [1, 2, 7, 4096] {
                let (made, left) = unfolded(filter, &[input, b"!!"].concat(), piece);
                assert_eq!(made, expected, "{filter:?} in pieces of {piece}");
                assert_eq!(left, Some(2), "{filter:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn what_is_damaged_ends_and_run_lengths_are_not_unfolded_without_end() {
        let (made, left) = unfolded(Filter::Flate, b"no zlib at all", 4);
        assert_eq!((made.len(), left.is_some()), (0, true));
        let (made, left) = unfolded(Filter::RunLength, &b"\x81 ".repeat(1 << 20), 4096);
        assert_eq!((made.len() as u64 / RUN_LENGTHS_MAX, left.is_some()), (1, true));
    }
}
