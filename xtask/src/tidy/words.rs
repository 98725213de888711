//! Words that do not belong in what is committed, each with what to write instead.

use super::SourceFile;

/// The file that must spell them out.
const THIS_FILE: &str = "xtask/src/tidy/words.rs";

struct Ban {
    word: &'static str,
    extensions: &'static [&'static str],
    instead: &'static str,
}

const RUST: &[&str] = &["rs"];
const SCRIPT: &[&str] = &["ts", "tsx"];
const SQL: &[&str] = &["sql"];
const ALL: &[&str] = &["rs", "ts", "tsx", "css", "sql", "html", "toml", "sh"];

const BANS: &[Ban] = &[
    Ban { word: "todo!", extensions: RUST, instead: "write it" },
    Ban { word: "unimplemented!", extensions: RUST, instead: "write it" },
    Ban { word: "dbg!", extensions: RUST, instead: "tracing" },
    Ban { word: "#[allow(", extensions: RUST, instead: "#[expect(lint, reason = \"...\")]" },
    Ban { word: "#![allow(", extensions: RUST, instead: "#![expect(lint, reason = \"...\")]" },
    Ban { word: "TODO", extensions: ALL, instead: "an issue" },
    Ban { word: "FIXME", extensions: ALL, instead: "an issue" },
    Ban { word: "XXX", extensions: ALL, instead: "an issue" },
    Ban { word: "as any", extensions: SCRIPT, instead: "a type" },
    Ban { word: "@ts-ignore", extensions: SCRIPT, instead: "a type" },
    Ban { word: "@ts-nocheck", extensions: SCRIPT, instead: "types" },
    Ban { word: "test.only", extensions: SCRIPT, instead: "all tests" },
    Ban { word: "it.only", extensions: SCRIPT, instead: "all tests" },
    Ban { word: "describe.only", extensions: SCRIPT, instead: "all tests" },
    Ban { word: "test.skip(", extensions: SCRIPT, instead: "a test that runs" },
    Ban { word: "it.skip(", extensions: SCRIPT, instead: "a test that runs" },
    Ban { word: "describe.skip(", extensions: SCRIPT, instead: "tests that run" },
    Ban { word: "tenant_id", extensions: SQL, instead: "organization_id" },
    Ban { word: "workspace_id", extensions: SQL, instead: "organization_id" },
    Ban { word: "org_id", extensions: SQL, instead: "organization_id" },
];

pub fn check(file: &SourceFile) -> Vec<String> {
    if file.path == THIS_FILE {
        return Vec::new();
    }
    let bans: Vec<&Ban> = BANS.iter().filter(|ban| ban.extensions.contains(&file.extension())).collect();
    let mut findings = Vec::new();
    for (number, line) in file.numbered_lines() {
        for ban in bans.iter().filter(|ban| contains_word(line, ban.word)) {
            findings.push(format!("{}:{number}: `{}`: write {} instead", file.path, ban.word, ban.instead));
        }
    }
    findings
}

/// Whether the word stands by itself, not inside a longer one.
fn contains_word(line: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(start, _)| {
        let (before, after) = (&line[..start], &line[start + word.len()..]);
        let joined_before = word.starts_with(is_part) && before.ends_with(is_part);
        let joined_after = word.ends_with(is_part) && after.starts_with(is_part);
        !joined_before && !joined_after
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&SourceFile { path: path.to_owned(), text: text.to_owned() }).len()
    }

    #[test]
    fn banned_words_are_found_where_they_mean_something() {
        assert_eq!(found("a.rs", "fn f() { todo!() }"), 1);
        assert_eq!(found("a.rs", "#[allow(dead_code)]\n// FIXME: later"), 2);
        assert_eq!(found("a.ts", "const x = y as any;"), 1);
        assert_eq!(found("a.sql", "tenant_id uuid"), 1);
    }

    #[test]
    fn parts_of_longer_words_and_other_languages_are_left_alone() {
        assert_eq!(found("a.rs", "let mktodo = items.iter().skip(1);"), 0);
        assert_eq!(found("a.ts", "shown as anything"), 0);
        assert_eq!(found("a.md", "TODO"), 0);
        assert_eq!(found("a.rs", "let tenant_id = 1;"), 0);
    }
}
