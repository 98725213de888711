//! How long a file may be.

use super::SourceFile;

const LINES_MAX: usize = 600;
const EXTENSIONS: [&str; 5] = ["rs", "ts", "tsx", "css", "sql"];

pub fn check(file: &SourceFile) -> Option<String> {
    let lines = file.text.lines().count();
    (EXTENSIONS.contains(&file.extension()) && lines > LINES_MAX)
        .then(|| format!("{}: {lines} lines; more than {LINES_MAX} wants splitting", file.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_source_files_that_are_too_long_are_found() {
        let file = |path: &str, lines: usize| SourceFile { path: path.to_owned(), text: "x\n".repeat(lines) };
        assert!(check(&file("a.rs", 601)).is_some());
        assert!(check(&file("a.rs", 600)).is_none());
        assert!(check(&file("a.md", 601)).is_none());
    }
}
