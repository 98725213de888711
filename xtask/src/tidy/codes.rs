//! Every code that a problem is made with is in the list of errors, and the list names none that is nowhere in the product. Codes that come
//! to a problem by way of another function are not seen here: of those, tests look whether what is answered is in the list.

use super::SourceFile;
use std::collections::BTreeSet;

/// The list.
const LIST: &str = "docs/errors.md";
/// What makes a problem, with the place of the code among what it is given. `impl From<…> for Problem` says `Self`.
const MAKERS: &[(&str, usize)] = &[
    // Problem::new(StatusCode::GONE, "upload_closed", …)
    ("StatusCode::", 1),
    ("::bad_request(", 0),
    ("::conflict(", 0),
    ("::invalid(", 0),
    ("::unavailable(", 0),
    ("::invalid_field(", 1),
];

pub fn check(files: &[SourceFile]) -> Vec<String> {
    let listed: BTreeSet<&str> =
        files.iter().filter(|file| file.path == LIST).flat_map(|file| rows(&file.text)).collect();
    let code = || files.iter().filter(|file| file.is_product_code());
    let made: BTreeSet<&str> = code().flat_map(|file| made(without_tests(&file.text))).collect();
    let migrations = files.iter().filter(|file| file.extension() == "sql");
    let told: Vec<&SourceFile> = code().chain(migrations).collect();
    let unlisted =
        made.difference(&listed).map(|code| format!("{LIST}: `{code}` is answered and not listed"));
    let is_nowhere = |listed: &&&str| {
        let literals = [format!("\"{listed}\""), format!("'{listed}'")];
        !told.iter().any(|file| literals.iter().any(|literal| file.text.contains(literal)))
    };
    let unmade = listed.iter().filter(is_nowhere).map(|code| format!("{LIST}: nothing answers `{code}`"));
    unlisted.chain(unmade).collect()
}

/// The codes that rows of tables begin with.
fn rows(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next())
}

/// The codes that problems are made with, where they are written there.
fn made(text: &str) -> Vec<&str> {
    let calls = MAKERS.iter().flat_map(|(maker, place)| {
        text.match_indices(maker).map(move |(start, maker)| (&text[start + maker.len()..], *place))
    });
    calls.filter_map(|(given, place)| literal(given.split([',', ')']).nth(place)?)).collect()
}

/// Tests stand at the end of their file.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

/// What stands between quotation marks, if it can be a code.
fn literal(text: &str) -> Option<&str> {
    let code = text.trim().strip_prefix('"')?.strip_suffix('"')?;
    code.chars()
        .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
        .then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn the_list_and_what_is_answered_are_the_same() {
        let rows =
            "| code | status |\n|---|---|\n| `gone` | 410 |\n| `name_taken` | 409 |\n| `never` | 400 |";
        let code = r#"Problem::new(
                StatusCode::GONE,
                "gone",
                "It is gone.",
            ); Self::invalid_field("name", "name_invalid", sentence(&error)); conflict(Self::NameTaken, "name_taken")"#;
        let found = check(&[
            file(LIST, rows),
            file("crates/web/src/error.rs", code),
            file("crates/web/tests/it/main.rs", r#"Problem::conflict("of_a_test", "No.")"#),
        ]);
        let expected = [
            format!("{LIST}: `name_invalid` is answered and not listed"),
            format!("{LIST}: nothing answers `never`"),
        ];
        assert_eq!(found, expected);
    }
}
