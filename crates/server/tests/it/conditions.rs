//! Conditions of policies, as PostgreSQL writes them, with each of their parts left out in turn.

/// A condition that asks for less, or grants less, than it did.
#[derive(Debug, PartialEq, Eq)]
pub struct Weaker {
    /// The part that was replaced.
    pub left_out: String,
    /// By `true`, or `false` for one of several alternatives.
    pub instead: &'static str,
    /// The whole condition afterwards.
    pub condition: String,
}

/// The condition replaced by `true`, each of its parts that must hold by `true`, each of its alternatives by `false`, in
/// subqueries too. PostgreSQL puts parentheses around everything, so that what is between them is never both.
pub fn weakened(condition: &str) -> Vec<Weaker> {
    let mut found = Vec::new();
    if bare(condition) != "true" {
        found.push(Weaker { left_out: condition.to_owned(), instead: "true", condition: "true".to_owned() });
        parts_of(condition, 0, condition.len(), &mut found);
    }
    // The only part of a condition is the condition.
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|weaker| seen.insert(simple(&weaker.condition)));
    found
}

/// Replaces the parts of `whole[start..end]`.
fn parts_of(whole: &str, start: usize, end: usize, found: &mut Vec<Weaker>) {
    let (start, end) = inside(whole, start, end);
    let text = &whole[start..end];
    for (between, instead) in [(" AND ", "true"), (" OR ", "false")] {
        let parts = split(text, between);
        if parts.len() < 2 {
            continue;
        }
        for (from, to) in parts {
            let (from, to) = (start + from, start + to);
            if bare(&whole[from..to]) != "true" {
                found.push(replaced(whole, from, to, instead));
                parts_of(whole, from, to, found);
            }
        }
        return;
    }
    let subquery = text.trim_start().strip_prefix("EXISTS ");
    if subquery.is_some()
        && let Some(place) = text.find("WHERE ")
    {
        // Up to the parenthesis that closes the subquery.
        let (from, to) = (start + place + "WHERE ".len(), start + text.rfind(')').unwrap_or(text.len()));
        if split(&whole[slice(whole, from, to)], " AND ").len() < 2 {
            found.push(replaced(whole, from, to, "true"));
        }
        parts_of(whole, from, to, found);
    }
}

fn slice(whole: &str, start: usize, end: usize) -> std::ops::Range<usize> {
    let (start, end) = inside(whole, start, end);
    start..end
}

fn replaced(whole: &str, start: usize, end: usize, instead: &'static str) -> Weaker {
    Weaker {
        left_out: whole[start..end].to_owned(),
        instead,
        condition: format!("{}{instead}{}", &whole[..start], &whole[end..]),
    }
}

/// Without the parentheses that enclose all of it.
fn inside(whole: &str, mut start: usize, mut end: usize) -> (usize, usize) {
    loop {
        let text = &whole[start..end];
        let trimmed = text.trim();
        let offset = text.len() - text.trim_start().len();
        (start, end) = (start + offset, start + offset + trimmed.len());
        let depths = depths(trimmed);
        let closes_early = depths.iter().take(trimmed.len().saturating_sub(1)).any(|depth| *depth == 0);
        if !trimmed.starts_with('(') || closes_early {
            return (start, end);
        }
        (start, end) = (start + 1, end - 1);
    }
}

/// How many parentheses are open after each byte; those in quotes do not count.
fn depths(text: &str) -> Vec<usize> {
    let (mut depth, mut quoted) = (0_usize, false);
    text.bytes()
        .map(|byte| {
            match byte {
                b'\'' => quoted = !quoted,
                b'(' if !quoted => depth += 1,
                b')' if !quoted => depth -= 1,
                _ => {}
            }
            depth
        })
        .collect()
}

/// The parts of `text` between what stands outside of all parentheses.
fn split(text: &str, between: &str) -> Vec<(usize, usize)> {
    let depths = depths(text);
    let (mut parts, mut from) = (Vec::new(), 0);
    for (place, _) in text.match_indices(between) {
        if depths[place] == 0 {
            parts.push((from, place));
            from = place + between.len();
        }
    }
    parts.push((from, text.len()));
    parts
}

fn bare(text: &str) -> &str {
    let (start, end) = inside(text, 0, text.len());
    &text[start..end]
}

/// The same for conditions that differ in parentheses, spaces and `AND true` only.
fn simple(condition: &str) -> String {
    let parts: Vec<&str> = split(bare(condition), " AND ")
        .into_iter()
        .map(|(from, to)| bare(&bare(condition)[from..to]))
        .filter(|part| *part != "true")
        .collect();
    parts.join(" AND ")
}

/// A condition for people, in one line.
pub fn shown(condition: &str) -> String {
    let mut text = condition.split_whitespace().collect::<Vec<_>>().join(" ");
    for (long, short) in [
        (
            "( SELECT (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid AS \"nullif\")",
            "caller's organization",
        ),
        (
            "( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS \"nullif\")",
            "caller",
        ),
        ("( SELECT current_setting('app.role'::text, true) AS current_setting)", "caller's role"),
        ("::text", ""),
    ] {
        text = text.replace(long, short);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(text: &str) -> Vec<String> {
        weakened(text).into_iter().map(|weaker| weaker.condition).collect()
    }

    #[test]
    fn every_part_is_left_out_by_itself() {
        assert_eq!(
            conditions("((a = 1) AND ((b <> ') AND'::text) OR (c = 2)))"),
            [
                "true",
                "(true AND ((b <> ') AND'::text) OR (c = 2)))",
                "((a = 1) AND true)",
                "((a = 1) AND (false OR (c = 2)))",
                "((a = 1) AND ((b <> ') AND'::text) OR false))",
            ]
        );
    }

    #[test]
    fn subqueries_are_looked_into() {
        assert_eq!(
            conditions("(EXISTS ( SELECT\n   FROM videos v\n  WHERE ((v.a = t.a) AND (v.id = t.id))))"),
            [
                "true",
                "(EXISTS ( SELECT\n   FROM videos v\n  WHERE (true AND (v.id = t.id))))",
                "(EXISTS ( SELECT\n   FROM videos v\n  WHERE ((v.a = t.a) AND true)))",
            ]
        );
        assert_eq!(
            conditions("(EXISTS ( SELECT FROM videos v WHERE (v.id = t.id)))"),
            ["true", "(EXISTS ( SELECT FROM videos v WHERE true))"]
        );
    }

    #[test]
    fn what_asks_nothing_cannot_ask_less() {
        assert_eq!(conditions("true"), [""; 0]);
        assert_eq!(conditions("((a = 1) AND true)"), ["true"]);
    }
}
