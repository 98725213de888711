//! Reading SubRip (SRT), which nobody ever specified: numbers are optional, decimals follow a comma or a full stop,
//! blank lines may be missing or too many.

use super::encoding::lines;
use super::markup::{Dialect, spoken};
use super::timestamp::{Timing, parse_timing};
use super::voices::Names;
use super::webvtt::{check_count, check_cue, check_lines};
use super::{CaptionError, Captions, Cue, Warnings};

/// A cue as it stands in the file, without markup.
struct Block<'a> {
    /// Of its times.
    line: usize,
    timing: Timing<'a>,
    text: String,
}

/// Reads a text with at least one arrow in it.
pub(super) fn parse(text: &str, warnings: &mut Warnings) -> Result<Captions, CaptionError> {
    let lines: Vec<&str> = lines(text).map(str::trim).collect();
    check_lines(&lines)?;
    let blocks = blocks(&lines, warnings)?;

    let names = Names::counted(blocks.iter().flat_map(|block| block.text.split('\n')));
    let mut captions = Captions::default();
    for block in &blocks {
        push_cues(&mut captions, block, &names)?;
    }
    Ok(captions)
}

fn blocks<'a>(lines: &[&'a str], warnings: &mut Warnings) -> Result<Vec<Block<'a>>, CaptionError> {
    let mut blocks: Vec<Block<'a>> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if lines[at].is_empty() {
            at += 1;
            continue;
        }
        let timing_at = if starts_cue(lines, at) && !is_timing(lines[at]) { at + 1 } else { at };
        if !is_timing(lines[timing_at]) {
            let length = lines[at..].iter().take_while(|line| !line.is_empty()).count();
            let number = is_number(lines[at]);
            if number && length == 1 {
                warnings.dropped(at + 1, format!("cue {} has no timing line and no text", lines[at]));
            } else {
                warnings.dropped(at + 1, "text without a timing line was left out");
            }
            at += length;
            continue;
        }
        let text_at = timing_at + 1;
        let mut end = text_at;
        while end < lines.len() && !lines[end].is_empty() && !starts_cue(lines, end) {
            end += 1;
        }
        match parse_timing(lines[timing_at]) {
            Err(reason) => warnings.dropped(timing_at + 1, format!("{reason}; the cue was left out")),
            Ok(timing) => {
                let raw = lines[text_at..end].join("\n");
                let text: String = spoken(&raw, Dialect::SubRip).into_iter().map(|part| part.text).collect();
                check_cue(blocks.len(), &text, timing_at + 1)?;
                blocks.push(Block { line: timing_at + 1, timing, text });
            }
        }
        at = end;
    }
    Ok(blocks)
}

fn is_timing(line: &str) -> bool {
    line.contains("-->")
}

fn is_number(line: &str) -> bool {
    !line.is_empty() && line.len() <= 9 && line.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a cue begins at this line: a timing line, or the number before one.
fn starts_cue(lines: &[&str], at: usize) -> bool {
    is_timing(lines[at]) || (is_number(lines[at]) && lines.get(at + 1).is_some_and(|next| is_timing(next)))
}

/// Adds a cue for each voice that a block's lines name.
fn push_cues(captions: &mut Captions, block: &Block<'_>, names: &Names) -> Result<(), CaptionError> {
    let mut last: Option<Cue> = None;
    for line in block.text.split('\n') {
        let (voice, rest) = names.split(line.trim());
        match &mut last {
            Some(cue) if voice.is_none() => {
                cue.text.push('\n');
                cue.text.push_str(rest);
            }
            _ => {
                captions.cues.extend(last.take());
                // There may be as many voices as lines.
                check_count(captions.cues.len(), block.line)?;
                last = Some(Cue {
                    start_ms: block.timing.start_ms,
                    end_ms: block.timing.end_ms,
                    voice,
                    text: rest.to_owned(),
                    ..Cue::default()
                });
            }
        }
    }
    captions.cues.extend(last);
    Ok(())
}
