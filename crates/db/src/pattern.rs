//! Patterns for LIKE and ILIKE.

/// A pattern that finds `part` literally, anywhere.
#[must_use]
pub fn contains_pattern(part: &str) -> String {
    let escaped: String = part
        .chars()
        .filter(|letter| *letter != '\0')
        .flat_map(|letter| matches!(letter, '%' | '_' | '\\').then_some('\\').into_iter().chain([letter]))
        .collect();
    format!("%{escaped}%")
}

#[cfg(test)]
mod tests {
    use super::contains_pattern;

    #[test]
    fn wildcards_mean_themselves() {
        assert_eq!(contains_pattern(r"50%_a\b"), r"%50\%\_a\\b%");
        assert_eq!(contains_pattern("a\0b"), "%ab%");
    }
}
