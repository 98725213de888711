//! Every environment variable that the code reads is in the list of settings, and the list names no other.

use super::SourceFile;
use std::collections::BTreeSet;

/// The list.
const LIST: &str = "docs/operating.md";
const OURS: &str = "MEMOREEL_";
/// What tests tell each other.
const OF_TESTS: &str = "MEMOREEL_TEST_";

pub fn check(files: &[SourceFile]) -> Vec<String> {
    let listed: BTreeSet<&str> =
        files.iter().filter(|file| file.path == LIST).flat_map(|file| names(&file.text)).collect();
    let code = files.iter().filter(|file| file.is_product_code());
    let read: BTreeSet<&str> = code.flat_map(|file| literals(&file.text)).collect();
    let unlisted = read.difference(&listed).map(|name| format!("{LIST}: `{name}` is read and not listed"));
    let unread = listed.difference(&read).map(|name| format!("{LIST}: nothing reads `{name}`"));
    unlisted.chain(unread).collect()
}

/// Our variables, wherever a text names them.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices(OURS).map(|(start, _)| name_at(&text[start..]))
}

/// Our variables that are whole strings of a program, as what is read is.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.match_indices(OURS).filter(|(start, _)| text[..*start].ends_with('"'));
    quoted
        .map(|(start, _)| (start, name_at(&text[start..])))
        .filter(|(start, name)| text[start + name.len()..].starts_with('"') && !name.starts_with(OF_TESTS))
        .map(|(_, name)| name)
}

fn name_at(text: &str) -> &str {
    let is_part =
        |character: char| character.is_ascii_uppercase() || character.is_ascii_digit() || character == '_';
    &text[..text.find(|character| !is_part(character)).unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn the_list_and_what_is_read_are_the_same() {
        let found = check(&[
            file(LIST, "| `MEMOREEL_LISTEN` | `MEMOREEL_GONE`"),
            file("crates/server/src/config.rs", r#"#[arg(long, env = "MEMOREEL_LISTEN")]"#),
            file("crates/media/src/tool.rs", r#"var("MEMOREEL_FFMPEG") var("MEMOREEL_TEST_SEED")"#),
            file("crates/media/src/error.rs", r#""set MEMOREEL_ELSEWHERE to it""#),
            file("crates/media/tests/tool.rs", r#"set("MEMOREEL_OTHER")"#),
        ]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("`MEMOREEL_FFMPEG` is read") && found[1].contains("`MEMOREEL_GONE`"));
    }
}
