//! Which recordings there are, and who speaks in them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use memoreel_evals::diarization::{Rttm, Stretch, Turn, Uem, parse_rttm, parse_uem};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::api::upload::media_type;

/// A recording and who speaks in it.
#[derive(Debug)]
pub struct Recording {
    /// Relative to the folder that was searched.
    pub audio: String,
    pub turns: Vec<Turn>,
    /// What of it is scored; all of it where no UEM file says so.
    pub within: Option<Vec<Stretch>>,
}

/// A timeline file: the folder it lies in, and what it says.
struct Timeline<T> {
    folder: PathBuf,
    content: T,
}

/// The recordings below a folder that an RTTM file names, in the order of their paths.
///
/// A recording is named by its file name without its ending. It is looked up in the RTTM files of its own folder and
/// those below, then in those of the folder above, and so on: file names such as `test` occur in many collections.
pub fn find(folder: &Path) -> Result<Vec<Recording>> {
    let mut files = Vec::new();
    collect(folder, &mut files).with_context(|| format!("cannot read {}", folder.display()))?;
    files.sort();
    let rttm: Vec<Timeline<Rttm>> = timelines(&files, "rttm", parse_rttm)?;
    let uem: Vec<Timeline<Uem>> = timelines(&files, "uem", parse_uem)?;
    let audio = files.iter().filter(|file| media_type(file).is_some());
    let recording = |file: &PathBuf| {
        let name = file.file_stem()?.to_str()?;
        let (place, turns) = nearest(&rttm, file, folder, name)?;
        // Another collection's UEM file must not be taken for the one of a collection that has none.
        let within = nearest(&uem, file, place, name).map(|(_, within)| within);
        let audio = file.strip_prefix(folder).unwrap_or(file).to_string_lossy().into_owned();
        Some(Recording { audio, turns, within })
    };
    Ok(audio.filter_map(recording).collect())
}

/// How many speakers speak within the stretches.
pub fn speakers(turns: &[Turn], within: &[Stretch]) -> usize {
    let inside = |turn: &&Turn| {
        let meets = |stretch: &Stretch| turn.start_ms < stretch.end_ms && stretch.start_ms < turn.end_ms;
        within.iter().any(meets)
    };
    turns.iter().filter(inside).map(|turn| turn.speaker.as_str()).collect::<BTreeSet<_>>().len()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn timelines<T, E>(
    files: &[PathBuf],
    ending: &str,
    parse: fn(&str) -> Result<T, E>,
) -> Result<Vec<Timeline<T>>>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let with_ending = files.iter().filter(|file| file.extension().is_some_and(|found| found == ending));
    with_ending
        .map(|file| {
            let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            let content = parse(&text).with_context(|| file.display().to_string())?;
            let folder = file.parent().unwrap_or(Path::new("")).to_owned();
            Ok(Timeline { folder, content })
        })
        .collect()
}

/// What the timelines nearest to a file say about a recording, and the folder above all of them. Several files may say the
/// same.
fn nearest<'a, T: Clone + PartialEq + 'a>(
    timelines: &'a [Timeline<std::collections::BTreeMap<String, Vec<T>>>],
    file: &'a Path,
    outermost: &Path,
    name: &str,
) -> Option<(&'a Path, Vec<T>)> {
    let places = file.ancestors().skip(1).take_while(|place| place.starts_with(outermost));
    for place in places {
        let near = timelines.iter().filter(|timeline| timeline.folder.starts_with(place));
        let known = near.flat_map(|timeline| &timeline.content);
        let (mut exact, mut alike) = (Vec::new(), Vec::new());
        for (recording, said) in known {
            if recording == name {
                exact.push(said);
            } else if plain(recording) == plain(name) {
                alike.push(said);
            }
        }
        let found = if exact.is_empty() { alike } else { exact };
        if !found.is_empty() {
            let mut all: Vec<T> = Vec::new();
            for said in found.into_iter().flatten() {
                if !all.contains(said) {
                    all.push(said.clone());
                }
            }
            return Some((place, all));
        }
    }
    None
}

/// A name without accents, which archives and file systems write in several ways or lose.
fn plain(name: &str) -> String {
    name.nfkd().filter(|character| !is_combining_mark(*character)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn a_recording_is_named_by_the_nearest_timeline() {
        let folder = folder(&[
            ("one/test.wav", ""),
            ("one/test.rttm", "SPEAKER test 1 0 1 <NA> <NA> ana <NA> <NA>"),
            ("one/all.rttm", "SPEAKER test 1 0.000 1.000 <NA> <NA> ana <NA> <NA>"),
            ("one/test.uem", "test 1 0 5"),
            ("two/audio/test.wav", ""),
            ("two/test.rttm", "SPEAKER test 1 2 1 <NA> <NA> ben <NA> <NA>"),
            ("two/audio/other.wav", ""),
        ]);
        let found = find(folder.path()).unwrap();
        let paths: Vec<&str> = found.iter().map(|recording| recording.audio.as_str()).collect();
        assert_eq!(paths, ["one/test.wav", "two/audio/test.wav"]);
        assert_eq!((found[0].turns.len(), found[0].turns[0].speaker.as_str()), (1, "ana"));
        assert_eq!(found[0].within.as_deref(), Some(&[Stretch { start_ms: 0, end_ms: 5_000 }][..]));
        assert_eq!(found[1].turns[0].speaker, "ben");
        assert!(found[1].within.is_none());
    }

    #[test]
    fn a_name_is_found_however_its_accents_are_written() {
        for file in ["tr\u{f1}00.wav", "trn\u{303}00.wav", "trn00.wav"] {
            let folder = folder(&[
                (file, ""),
                ("all.rttm", "SPEAKER trn00 1 0 1 <NA> <NA> M\u{c9}O069 <NA> <NA>"),
                ("all.uem", "trn00 NA 0.000 30.000"),
            ]);
            let found = find(folder.path()).unwrap();
            assert_eq!(found.len(), 1, "{file}");
            assert!(found[0].within.is_some());
        }
    }

    #[test]
    fn only_speakers_within_the_stretches_count() {
        let turn =
            |start_ms, speaker: &str| Turn { start_ms, end_ms: start_ms + 500, speaker: speaker.to_owned() };
        let turns = [turn(0, "a"), turn(400, "b"), turn(2_000, "c"), turn(300, "a")];
        assert_eq!(speakers(&turns, &[Stretch { start_ms: 0, end_ms: 1_000 }]), 2);
    }
}
