//! What is written in a picture, whatever picture it is.

use memoreel_images::{FormatWish, ImageError, Images, OutputFormat, Transform, geometry::Size};
use memoreel_ocr::{Languages, Line, Ocr, OcrError};
use memoreel_tasks::{TaskFailure, TaskRun};

/// Text is looked for in pictures whose longer side has so many pixels at least: small letters are enlarged.
const SIDE_MIN: u32 = 1_600;
/// But no more than so many times, which adds nothing but work.
const ENLARGED_MAX: u32 = 5;
/// Nor at more pixels, of which photographs have more than their letters need.
const SIDE_MAX: u32 = 3_200;
/// Lines of which tesseract is less sure are mostly specks, faces and leaves.
const CONFIDENCE_MIN: f32 = 0.6;
/// The longest text of a picture, in characters.
const TEXT_CHARS_MAX: usize = 10_000;

/// A text, and how sure it is.
type Legible = (String, Option<f32>);

/// Looks for text in pictures.
#[derive(Debug, Clone)]
pub struct TextReader {
    /// Bring pictures to a size at which they can be read.
    pub images: Images,
    /// Reads.
    pub ocr: Ocr,
    /// In these languages.
    pub languages: Languages,
}

impl TextReader {
    /// What is written in a picture of this size, line by line, and how sure that is; nothing where nobody can read here. A picture
    /// that cannot be read is one without text. Of one that moves, the first picture is read.
    pub(super) async fn read(
        &self,
        run: &TaskRun,
        picture: &[u8],
        size: Size,
    ) -> Result<Option<Legible>, TaskFailure> {
        match self.look(run, picture, size).await? {
            Ok(legible) => Ok(Some(legible)),
            Err(OcrError::Unavailable { reason }) => {
                tracing::error!(reason, "no text is looked for in pictures");
                Ok(None)
            }
            Err(error) => {
                tracing::warn!(?error, "no text could be looked for in a picture");
                Ok(Some((String::new(), None)))
            }
        }
    }

    /// What is written in a picture that was read before. What was found then is not given up for nothing where this server cannot read, or has
    /// no time for it now.
    pub(super) async fn read_again(
        &self,
        run: &TaskRun,
        picture: &[u8],
        size: Size,
    ) -> Result<String, TaskFailure> {
        match self.look(run, picture, size).await? {
            Ok((text, _)) => Ok(text),
            Err(OcrError::Unavailable { reason }) => {
                tracing::error!(reason, "no text is looked for in pictures");
                Err(nobody_reads())
            }
            Err(error @ OcrError::TooCostly { .. }) => Err(reading_broke_off(error)),
            Err(error) => {
                tracing::warn!(?error, "no text could be looked for in a picture");
                Ok(String::new())
            }
        }
    }

    async fn look(
        &self,
        run: &TaskRun,
        picture: &[u8],
        size: Size,
    ) -> Result<Result<Legible, OcrError>, TaskFailure> {
        let side = size.width.max(size.height).max(1);
        let wanted = side.max(SIDE_MIN.min(side.saturating_mul(ENLARGED_MAX))).min(SIDE_MAX);
        let transform = Transform {
            width: Some(wanted),
            height: Some(wanted),
            enlarge: Some(true),
            format: Some(FormatWish::Only(OutputFormat::Png)),
            ..Transform::default()
        };
        let reading = async {
            let png = match self.images.make(picture, size, &transform, OutputFormat::Png).await {
                Ok(made) => made.bytes,
                Err(ImageError::TooCostly { detail }) => return Ok(Err(OcrError::TooCostly { detail })),
                Err(error) if error.is_permanent() => {
                    tracing::warn!(%error, "no text could be looked for in a picture");
                    return Ok(Ok((String::new(), None)));
                }
                Err(error) => {
                    let message = "The picture could not be looked at for the moment.";
                    return Err(TaskFailure::transient(error.code(), message).caused_by(error));
                }
            };
            let read = self.ocr.read(&png, &self.languages).await;
            Ok(read.map(|recognised| legible(&recognised.lines)))
        };
        match run.cancelled().run_until_cancelled(reading).await {
            Some(looked) => looked,
            None => Err(TaskFailure::transient("cancelled", "Looking for text was stopped.")),
        }
    }
}

/// The code of [`nobody_reads`].
pub(super) const NOBODY_READS: &str = "engine_missing";

/// Somebody asked for what this server cannot do.
pub(super) fn nobody_reads() -> TaskFailure {
    let message =
        "This server cannot look for text in pictures: tesseract or one of its languages is missing.";
    TaskFailure::permanent(NOBODY_READS, message)
}

/// tesseract did not come to an end with what somebody wants to have read again.
pub(super) fn reading_broke_off(error: OcrError) -> TaskFailure {
    let message = "Looking for text in a picture took more time or memory than it may.";
    TaskFailure::transient("engine_crashed", message).caused_by(error)
}

/// The lines that say something, and how sure they are on average.
fn legible(lines: &[Line]) -> Legible {
    let says_something = |line: &&Line| {
        // Bullets, frames and textures are read as single letters and signs.
        line.confidence >= CONFIDENCE_MIN
            && line
                .text
                .split_whitespace()
                .any(|word| word.chars().filter(|c| c.is_alphanumeric()).count() >= 2)
    };
    let (mut text, mut letters, mut sure) = (String::new(), 0_usize, 0.0);
    for line in lines.iter().filter(says_something) {
        let length = line.text.chars().count();
        if letters + length > TEXT_CHARS_MAX {
            break;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line.text);
        letters += length;
        sure += line.confidence * length as f32;
    }
    let confidence = (letters > 0).then(|| (sure / letters as f32).clamp(0.0, 1.0));
    (text, confidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specks_are_no_text_and_letters_weigh_by_their_number() {
        let line = |text: &str, confidence: f32| Line {
            text: text.to_owned(),
            confidence,
            left: 0,
            top: 0,
            width: 1,
            height: 1,
            paragraph: 0,
        };
        let lines =
            [line("Path Expressions", 0.95), line("| = .", 0.9), line("wm aoe", 0.3), line("1970", 0.75)];
        let (text, confidence) = legible(&lines);
        assert_eq!(text, "Path Expressions\n1970");
        assert!((confidence.unwrap() - (0.95 * 16.0 + 0.75 * 4.0) / 20.0).abs() < 1e-6);
        assert_eq!(legible(&lines[1..3]), (String::new(), None));
    }
}
