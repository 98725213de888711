//! What tesseract says, as lines.

/// No page has more; what follows is left out.
const LINES_MAX: usize = 5_000;
/// No line is longer, in characters.
const LINE_CHARS_MAX: usize = 2_000;

/// A line of text in an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What it says.
    pub text: String,
    /// How sure it is, from 0 to 1: the mean over its letters.
    pub confidence: f32,
    /// Pixels from the left.
    pub left: u32,
    /// Pixels from the top.
    pub top: u32,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Lines of one paragraph have the same number.
    pub paragraph: usize,
}

/// The text of an image.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recognised {
    /// In reading order.
    pub lines: Vec<Line>,
}

impl Recognised {
    /// The lines that are at least as sure, one below the other, with an empty line between paragraphs.
    #[must_use]
    pub fn text(&self, confidence_min: f32) -> String {
        let mut text = String::new();
        let mut paragraph = None;
        for line in self.lines.iter().filter(|line| line.confidence >= confidence_min) {
            match paragraph {
                None => {}
                Some(same) if same == line.paragraph => text.push('\n'),
                Some(_) => text.push_str("\n\n"),
            }
            text.push_str(&line.text);
            paragraph = Some(line.paragraph);
        }
        text
    }

    /// Reads tesseract's TSV: of each word twelve columns, the last of which is the word. Rows that are none are left out.
    pub(crate) fn from_tsv(tsv: &str) -> Self {
        let mut lines: Vec<Gathered> = Vec::new();
        let mut paragraphs = 0;
        for row in tsv.lines() {
            let Some(word) = Word::read(row) else { continue };
            let text: String = word.text.chars().filter(|letter| !letter.is_control()).collect();
            if text.trim().is_empty() {
                continue;
            }
            if let Some(line) = lines.last_mut().filter(|line| line.key == word.key) {
                line.add(&word, text.trim());
                continue;
            }
            if lines.len() == LINES_MAX {
                break;
            }
            if lines.last().is_some_and(|last| last.key[..3] != word.key[..3]) {
                paragraphs += 1;
            }
            let mut line = Gathered {
                key: word.key,
                letters: 0,
                sure: 0.0,
                paragraph: paragraphs,
                ..Gathered::default()
            };
            line.add(&word, text.trim());
            lines.push(line);
        }
        Self { lines: lines.into_iter().map(Gathered::line).collect() }
    }
}

struct Word<'a> {
    /// Page, block, paragraph and line.
    key: [u32; 4],
    /// Left, top, width, height.
    place: [u32; 4],
    confidence: f32,
    text: &'a str,
}

impl<'a> Word<'a> {
    fn read(row: &'a str) -> Option<Self> {
        let mut columns = row.splitn(12, '\t');
        let mut numbers = [0_u32; 10];
        for number in &mut numbers {
            *number = columns.next()?.parse().ok()?;
        }
        let [level, page, block, paragraph, line, _word, left, top, width, height] = numbers;
        let confidence: f32 = columns.next()?.parse().ok()?;
        let text = columns.next()?;
        let is_word = level == 5 && confidence.is_finite() && confidence >= 0.0;
        is_word.then_some(Self {
            key: [page, block, paragraph, line],
            place: [left, top, width, height],
            confidence: (confidence / 100.0).min(1.0),
            text,
        })
    }
}

#[derive(Default)]
struct Gathered {
    key: [u32; 4],
    text: String,
    letters: usize,
    sure: f32,
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
    paragraph: usize,
}

impl Gathered {
    fn add(&mut self, word: &Word<'_>, text: &str) {
        let [left, top, width, height] = word.place;
        let (right, bottom) = (left.saturating_add(width), top.saturating_add(height));
        if self.text.is_empty() {
            (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom);
        } else {
            self.text.push(' ');
            (self.left, self.top) = (self.left.min(left), self.top.min(top));
            (self.right, self.bottom) = (self.right.max(right), self.bottom.max(bottom));
        }
        let letters = text.chars().count();
        let room = LINE_CHARS_MAX.saturating_sub(self.text.chars().count());
        self.text.extend(text.chars().take(room));
        self.letters += letters;
        self.sure += word.confidence * letters as f32;
    }

    fn line(self) -> Line {
        Line {
            confidence: if self.letters == 0 { 0.0 } else { self.sure / self.letters as f32 },
            text: self.text,
            left: self.left,
            top: self.top,
            width: self.right - self.left,
            height: self.bottom - self.top,
            paragraph: self.paragraph,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TSV: &str = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
        1\t1\t0\t0\t0\t0\t0\t0\t640\t200\t-1\t\n\
        5\t1\t1\t1\t1\t1\t10\t20\t30\t12\t96.5\tTotal\n\
        5\t1\t1\t1\t1\t2\t50\t18\t40\t14\t90\tdue\n\
        5\t1\t1\t1\t2\t1\t10\t40\t30\t12\t20\tsmudge\n\
        5\t1\t2\t1\t1\t1\t10\t90\t30\t12\t80\t42,00\n\
        5\t1\t2\t1\t1\t2\t10\t90\t30\t12\t95\t \n\
        nonsense\n";

    #[test]
    fn words_become_lines_with_their_places_and_paragraphs() {
        let read = Recognised::from_tsv(TSV);
        assert_eq!(read.text(0.5), "Total due\n\n42,00");
        assert_eq!(read.lines.len(), 3);
        let first = &read.lines[0];
        assert_eq!((first.left, first.top, first.width, first.height), (10, 18, 80, 14));
        assert!((first.confidence - (96.5 * 5.0 + 90.0 * 3.0) / 800.0).abs() < 1e-6);
        assert_eq!(Recognised::from_tsv("").text(0.0), "");
    }
}
