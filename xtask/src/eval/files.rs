//! The files of an evaluation that takes whatever a folder holds.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// What lies beside data to explain it.
const ABOUT: &[&str] = &["license", "licence", "copying", "readme", "notice", "sources"];

/// Every file below a folder, at any depth, in order of their paths; nothing where the folder is not there. Licences and
/// read-me files are left out.
pub fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if folder.is_dir() {
        collect(folder, &mut files)?;
    }
    files.sort();
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if !is_about(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_about(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    ABOUT.contains(&stem.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_found_except_those_about_the_data() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("b/c")).unwrap();
        for name in ["b/c/2", "a.vtt", "b/LICENSE.TXT", "README.libwebm", "b/c/1.srt"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let found = below(folder.path()).unwrap();
        let names: Vec<_> = found.iter().map(|path| path.strip_prefix(folder.path()).unwrap()).collect();
        assert_eq!(names, [Path::new("a.vtt"), Path::new("b/c/1.srt"), Path::new("b/c/2")]);
        assert!(below(&folder.path().join("absent")).unwrap().is_empty());
    }
}
