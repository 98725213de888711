//! Where SQL may be: in the store of each slice, and in the crates whose business it is.

use super::SourceFile;

/// These crates own tables or sessions of their own, beside what stores hold.
const OWNERS: [&str; 4] = ["crates/db/", "crates/tasks/", "crates/testkit/", "crates/web/src/idempotency.rs"];
/// The compile-time-checked forms.
const MACROS: [&str; 6] =
    ["query!(", "query_as!(", "query_scalar!(", "query_file!(", "query_file_as!(", "query_unchecked!("];
/// The forms that are checked when they run.
const FUNCTIONS: [&str; 5] =
    ["sqlx::query(", "sqlx::query_as(", "sqlx::query_scalar(", "sqlx::raw_sql(", "QueryBuilder::new("];
/// The crate that builds the database which the checked forms are checked against.
const BUILDER: &str = "crates/db/src/";

pub fn check(file: &SourceFile) -> Vec<String> {
    if file.extension() != "rs" || !file.path.starts_with("crates/") {
        return Vec::new();
    }
    let may_have_sql = OWNERS.iter().any(|owner| file.path.starts_with(owner))
        || ["/store.rs", "/store/", "/tests/"].iter().any(|place| file.path.contains(place));
    let mut findings = Vec::new();
    for (number, line) in file.numbered_lines().filter(|(_, line)| !line.trim_start().starts_with("//")) {
        let has_macro = MACROS.iter().any(|form| line.contains(form));
        if !may_have_sql && (has_macro || FUNCTIONS.iter().any(|form| line.contains(form))) {
            findings.push(format!("{}:{number}: SQL belongs in store.rs or store/", file.path));
        }
        if has_macro && file.path.starts_with(BUILDER) {
            findings.push(format!(
                "{}:{number}: a checked query here could not be renewed: codegen builds its database with this crate",
                file.path
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, line: &str) -> usize {
        check(&SourceFile { path: path.to_owned(), text: line.to_owned() }).len()
    }

    #[test]
    fn queries_outside_a_store_are_found() {
        assert_eq!(found("crates/library/src/routes/videos.rs", "sqlx::query!(\"SELECT 1\")"), 1);
        assert_eq!(found("crates/library/src/jobs.rs", "let row = sqlx::query_as(TEXT);"), 1);
        assert_eq!(found("crates/db/src/pool.rs", "query_scalar!(\"SELECT 1\")"), 1);
    }

    #[test]
    fn queries_in_a_store_or_a_test_and_comments_about_them_are_left_alone() {
        for path in [
            "crates/library/src/store.rs",
            "crates/library/src/store/videos.rs",
            "crates/search/tests/it/plans.rs",
        ] {
            assert_eq!(found(path, "sqlx::query!(\"SELECT 1\")"), 0, "{path}");
        }
        assert_eq!(found("crates/library/src/jobs.rs", "// not sqlx::query!(...)"), 0);
        assert_eq!(found("crates/db/src/pool.rs", "sqlx::query(\"SELECT 1\")"), 0);
    }
}
