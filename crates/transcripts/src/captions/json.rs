//! Our own JSON: everything a [`Captions`] holds, under a name and a version that say what the file is.

use serde::{Deserialize, Serialize};

use super::webvtt::check_cue;
use super::{ATTRIBUTE_BYTES_MAX, CaptionError, Captions, Warnings};

const NAME: &str = "memoreel-captions";
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    format: &'static str,
    version: u32,
    #[serde(flatten)]
    captions: &'a Captions,
}

#[derive(Deserialize)]
struct Read {
    format: Option<String>,
    version: Option<u32>,
    #[serde(flatten)]
    captions: Captions,
}

/// Reads captions from our JSON.
pub(super) fn parse(text: &str, warnings: &mut Warnings) -> Result<Captions, CaptionError> {
    let mut read: Read = serde_json::from_str(text).map_err(|error| {
        let line = error.line().max(1);
        CaptionError::new(line, format!("this is not Memoreel caption JSON: {error}"))
    })?;
    if read.format.as_deref() != Some(NAME) {
        return Err(CaptionError::new(1, format!("JSON captions need \"format\": \"{NAME}\"")));
    }
    if read.version != Some(VERSION) {
        return Err(CaptionError::new(1, format!("only version {VERSION} of JSON captions is known")));
    }
    for (index, cue) in read.captions.cues.iter_mut().enumerate() {
        let position = index + 1;
        check_cue(index, &cue.text, 1)
            .map_err(|error| CaptionError::new(1, format!("cue {position}: {}", error.reason)))?;
        if cue.start_ms < 0 || cue.end_ms < cue.start_ms {
            let times = format!("{} ms to {} ms", cue.start_ms, cue.end_ms);
            return Err(CaptionError::new(1, format!("cue {position}: {times} is not a span of time")));
        }
        for (what, told) in [("identifiers", &mut cue.identifier), ("settings", &mut cue.settings)] {
            if told.take_if(|told| told.len() > ATTRIBUTE_BYTES_MAX).is_some() {
                warnings.too_long(1, &format!("cue {position}: {what}"));
            }
        }
    }
    Ok(read.captions)
}

/// Captions as one JSON document.
pub(super) fn write(captions: &Captions) -> String {
    let written = Written { format: NAME, version: VERSION, captions };
    // Strings and integers always have a JSON form, so there is no error to pass on.
    serde_json::to_string_pretty(&written).unwrap_or_default()
}
