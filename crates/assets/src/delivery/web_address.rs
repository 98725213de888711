//! Origins and domains as people name them, and whether those of a request are among them.
//!
//! An origin is compared as browsers write it (HTML standard, "ASCII serialisation of an origin"), a domain in its ASCII form. A
//! wildcard stands for whole labels in front of a dot, so that neither `evilexample.com` nor `example.com.evil.net` is below
//! `example.com`.

use url::{Host, Url};

/// The longest entry of a list, in characters, as it is typed and in its one spelling.
pub(crate) const PATTERN_CHARS_MAX: usize = 300;
const TOO_LONG: &str = "is longer than 300 characters";
const SHARED: &str = "has a wildcard in front of something below which anybody can have a name: write the domain that is yours";

/// An origin, or all origins below a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OriginPattern {
    text: String,
    /// Of a wildcard, what stands before and behind the labels it is for.
    around: Option<(String, String)>,
}

/// A domain, or all domains below one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DomainPattern {
    text: String,
    /// Of a wildcard, what stands behind the labels it is for.
    below: Option<String>,
}

/// How an origin was found in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// It was named.
    Exactly,
    /// It is below a domain that was named.
    Below,
}

impl OriginPattern {
    /// As [`OriginPattern::parse`], of what somebody names now: no wildcard for names that belong to many.
    pub(crate) fn named(text: &str) -> Result<Self, &'static str> {
        let pattern = Self::parse(text)?;
        match &pattern.around {
            Some((_, behind)) if is_shared(behind.split(':').next().unwrap_or_default()) => Err(SHARED),
            _ => Ok(pattern),
        }
    }

    /// Reads `https://app.example.com`, `http://localhost:3000` or `https://*.example.com`; `Err` says what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.chars().count() > PATTERN_CHARS_MAX {
            return Err(TOO_LONG);
        }
        let (scheme, rest) = text.split_once("://").ok_or("does not begin with https:// or http://")?;
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "https" && scheme != "http" {
            return Err("does not begin with https:// or http://");
        }
        let (wildcard, rest) = match rest.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        if rest.contains('*') {
            return Err("has a wildcard elsewhere than in front: write https://*.example.com");
        }
        let url = Url::parse(&format!("{scheme}://{rest}")).map_err(|_| "is no address")?;
        if !url.username().is_empty()
            || url.password().is_some()
            || url.path() != "/"
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err("is more than an origin: leave out what stands behind the host and its port");
        }
        let origin = url.origin().ascii_serialization();
        if origin.contains('*') {
            return Err("has a wildcard elsewhere than in front: write https://*.example.com");
        }
        if !wildcard {
            return Ok(Self { text: spelled(origin)?, around: None });
        }
        if scheme != "https" {
            return Err("has a wildcard, which goes with https:// alone");
        }
        if !is_divisible(url.host().as_ref()) {
            return Err("has a wildcard in front of something that is no domain of two parts");
        }
        let behind = format!(".{}", origin.trim_start_matches("https://"));
        Ok(Self {
            text: spelled(format!("https://*{behind}"))?,
            around: Some(("https://".to_owned(), behind)),
        })
    }

    /// In its one spelling.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn matches(&self, origin: &str) -> Option<Found> {
        match &self.around {
            None => (self.text == origin).then_some(Found::Exactly),
            Some((before, behind)) => {
                let labels = origin.strip_prefix(before.as_str())?.strip_suffix(behind.as_str())?;
                are_labels(labels).then_some(Found::Below)
            }
        }
    }

    /// Every pattern that could match `origin`, in its spelling: itself, and a wildcard for each domain it is below.
    pub(crate) fn all_for(origin: &str) -> Vec<String> {
        /// Deeper than domains are.
        const LABELS_MAX: usize = 20;
        let mut all = vec![origin.to_owned()];
        if let Some(mut rest) = origin.strip_prefix("https://") {
            while let Some((_, behind)) = rest.split_once('.').filter(|_| all.len() < LABELS_MAX) {
                all.push(format!("https://*.{behind}"));
                rest = behind;
            }
        }
        all
    }
}

impl DomainPattern {
    /// As [`DomainPattern::parse`], of what somebody names now: no wildcard for names that belong to many.
    pub(crate) fn named(text: &str) -> Result<Self, &'static str> {
        let pattern = Self::parse(text)?;
        match &pattern.below {
            Some(behind) if is_shared(behind) => Err(SHARED),
            _ => Ok(pattern),
        }
    }

    /// Reads `example.com` or `*.example.com`; `Err` says what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.chars().count() > PATTERN_CHARS_MAX {
            return Err(TOO_LONG);
        }
        let (wildcard, rest) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if rest.contains('*') {
            return Err("has a wildcard elsewhere than in front: write *.example.com");
        }
        if rest.is_empty() || rest.contains(['/', '@', '?', '#', '\\']) {
            return Err("is no domain: write example.com or *.example.com");
        }
        let url = Url::parse(&format!("https://{rest}/")).map_err(|_| "is no domain")?;
        if url.port().is_some() || rest.ends_with(":443") {
            return Err("has a port, which domains do without");
        }
        let host = url.host().map(|host| host.to_string()).ok_or("is no domain")?;
        if host.contains('*') {
            return Err("has a wildcard elsewhere than in front: write *.example.com");
        }
        // Hosts, by the rules of addresses, but nobody means them.
        if host.split('.').any(str::is_empty) {
            return Err("has a dot with nothing before or behind it");
        }
        if !wildcard {
            return Ok(Self { text: spelled(host)?, below: None });
        }
        if !is_divisible(url.host().as_ref()) {
            return Err("has a wildcard in front of something that is no domain of two parts");
        }
        Ok(Self { text: spelled(format!("*.{host}"))?, below: Some(format!(".{host}")) })
    }

    /// In its one spelling.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn matches(&self, host: &str) -> bool {
        match &self.below {
            None => self.text == host,
            Some(below) => host.strip_suffix(below.as_str()).is_some_and(are_labels),
        }
    }
}

/// A pattern in its one spelling, which is longer than what was typed where names have letters beyond ASCII.
fn spelled(text: String) -> Result<String, &'static str> {
    if text.len() > PATTERN_CHARS_MAX { Err(TOO_LONG) } else { Ok(text) }
}

/// A domain of two labels or more: below `com` is half the world.
fn is_divisible(host: Option<&Host<&str>>) -> bool {
    matches!(host, Some(Host::Domain(domain)) if domain.trim_end_matches('.').contains('.'))
}

/// Whether anybody can have a name that ends like this, as of `.co.uk` and `.github.io` (publicsuffix.org). The list of those grows, so
/// that what was named before is not held to it: a list of domains that lost its last one would let everybody in.
fn is_shared(behind: &str) -> bool {
    let domain = behind.trim_matches('.');
    // Of some, such as compute.amazonaws.com, the list says that whatever is one label below them belongs to many.
    let below = format!("any-name.{domain}");
    psl::domain_str(domain).is_none() || psl::domain_str(&below).is_none()
}

/// Whether this is what can stand in front of a domain, and nothing that reaches beyond it.
fn are_labels(text: &str) -> bool {
    text.split('.').all(|label| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_one_spelling() {
        for (written, text) in [
            ("https://App.Example.com", "https://app.example.com"),
            (" https://example.com/ ", "https://example.com"),
            ("https://example.com:443", "https://example.com"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("https://münchen.example", "https://xn--mnchen-3ya.example"),
            ("https://*.example.com", "https://*.example.com"),
            ("https://*.Example.com:8443", "https://*.example.com:8443"),
            ("https://[::1]:9000", "https://[::1]:9000"),
        ] {
            assert_eq!(OriginPattern::parse(written).map(|one| one.text), Ok(text.to_owned()), "{written}");
        }
        for refused in [
            "",
            "*",
            "null",
            "example.com",
            "ftp://example.com",
            "https://",
            "https://*",
            "https://*.com",
            "https://*.127.0.0.1",
            "http://*.example.com",
            "https://a.*.example.com",
            "https://*example.com",
            "https://*.*.example.com",
            "https://user@example.com",
            "https://example.com/path",
            "https://example.com?x",
            "https://example.com#x",
            "javascript://example.com",
        ] {
            assert!(OriginPattern::parse(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn no_wildcard_is_named_for_what_belongs_to_many() {
        for shared in ["co.uk", "Co.UK", "github.io", "compute.amazonaws.com", "gov.au", "xn--55qx5d.cn"] {
            assert_eq!(OriginPattern::named(&format!("https://*.{shared}")), Err(SHARED), "{shared}");
            assert_eq!(OriginPattern::named(&format!("https://*.{shared}:8443")), Err(SHARED), "{shared}");
            assert_eq!(DomainPattern::named(&format!("*.{shared}")), Err(SHARED), "{shared}");
        }
        for own in ["example.co.uk", "memoreel.github.io", "example.com", "intranet.local"] {
            assert!(OriginPattern::named(&format!("https://*.{own}")).is_ok(), "{own}");
            assert!(DomainPattern::named(&format!("*.{own}")).is_ok(), "{own}");
        }
        for exact in ["co.uk", "github.io", "localhost"] {
            assert!(OriginPattern::named(&format!("https://{exact}")).is_ok(), "{exact}");
            assert!(DomainPattern::named(exact).is_ok(), "{exact}");
        }
    }

    #[test]
    fn a_wildcard_ends_at_a_dot() {
        let pattern = OriginPattern::parse("https://*.example.com").unwrap();
        for inside in ["https://a.example.com", "https://a.b.example.com", "https://x-1.example.com"] {
            assert_eq!(pattern.matches(inside), Some(Found::Below), "{inside}");
        }
        for outside in [
            "https://example.com",
            "https://evilexample.com",
            "https://example.com.evil.net",
            "https://.example.com",
            "https://a..example.com",
            "https://a.example.com:8443",
            "http://a.example.com",
            "https://evil.net/.example.com",
            "https://evil.net:80.example.com",
            "https://user@a.example.com",
            "null",
        ] {
            assert_eq!(pattern.matches(outside), None, "{outside}");
        }
    }

    #[test]
    fn an_exact_origin_is_that_alone() {
        let pattern = OriginPattern::parse("https://example.com").unwrap();
        assert_eq!(pattern.matches("https://example.com"), Some(Found::Exactly));
        for other in ["http://example.com", "https://example.com:444", "https://www.example.com", "null"] {
            assert_eq!(pattern.matches(other), None, "{other}");
        }
    }

    #[test]
    fn what_could_match_an_origin_is_listed() {
        let all = OriginPattern::all_for("https://a.b.example.com:8443");
        assert_eq!(
            all,
            [
                "https://a.b.example.com:8443",
                "https://*.b.example.com:8443",
                "https://*.example.com:8443",
                "https://*.com:8443"
            ]
        );
        for pattern in ["https://*.b.example.com:8443", "https://*.example.com:8443"] {
            let pattern = OriginPattern::parse(pattern).unwrap();
            assert!(pattern.matches("https://a.b.example.com:8443").is_some());
        }
        assert_eq!(OriginPattern::all_for("http://a.example.com"), ["http://a.example.com"]);
        assert!(OriginPattern::all_for(&format!("https://{}x", "a.".repeat(500))).len() <= 20);
    }

    #[test]
    fn what_is_too_long_in_its_spelling_is_refused() {
        let name = ["ä".repeat(40).as_str(); 7].join(".");
        assert!(name.chars().count() < PATTERN_CHARS_MAX);
        for domain in [name.clone(), format!("*.{name}")] {
            assert_eq!(DomainPattern::parse(&domain), Err(TOO_LONG));
            assert_eq!(OriginPattern::parse(&format!("https://{domain}")), Err(TOO_LONG));
        }
    }

    #[test]
    fn domains_are_hosts_and_nothing_more() {
        for (written, text) in [
            ("Example.com", "example.com"),
            ("*.example.com", "*.example.com"),
            ("localhost", "localhost"),
            ("127.0.0.1", "127.0.0.1"),
            ("bücher.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(DomainPattern::parse(written).map(|one| one.text), Ok(text.to_owned()), "{written}");
        }
        for refused in [
            "",
            "*",
            "*.com",
            "https://example.com",
            "example.com/x",
            "example.com:8443",
            "a.*.com",
            // A full-width asterisk, which addresses take for one.
            "\u{ff0a}.example.com",
            "a b",
            ".",
            "a..b",
            "a.b.",
        ] {
            assert!(DomainPattern::parse(refused).is_err(), "{refused}");
        }
        let below = DomainPattern::parse("*.example.com").unwrap();
        assert!(below.matches("www.example.com") && below.matches("a.b.example.com"));
        for outside in ["example.com", "evilexample.com", "example.com.evil.net", ".example.com"] {
            assert!(!below.matches(outside), "{outside}");
        }
        let exact = DomainPattern::parse("example.com").unwrap();
        assert!(exact.matches("example.com") && !exact.matches("www.example.com"));
    }
}
