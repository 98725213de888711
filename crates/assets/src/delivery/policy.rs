//! What an organization says of its delivery, and what follows for one request.

use super::web_address::{DomainPattern, Found, OriginPattern};
use axum::http::{HeaderMap, header};
use url::Url;

const SEC_FETCH_SITE: header::HeaderName = header::HeaderName::from_static("sec-fetch-site");
/// How long media are kept by caches where nothing else is said.
const CACHE_SECONDS_DEFAULT: u32 = 3600;

/// What an organization says of its delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policy {
    /// Whose pages may read media, and call the API with a key.
    pub(crate) allowed_origins: Vec<OriginPattern>,
    /// Whose pages may show media; everybody's where there are none.
    pub(crate) referrer_domains: Vec<DomainPattern>,
    /// Whether who does not say where they come from is let in beside them.
    pub(crate) allows_no_referrer: bool,
    /// Whether caches that serve many people may keep media.
    pub(crate) shared_caching: bool,
    /// For how long caches may keep what does not change.
    pub(crate) cache_seconds: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            allowed_origins: Vec::new(),
            referrer_domains: Vec::new(),
            allows_no_referrer: true,
            shared_caching: false,
            cache_seconds: CACHE_SECONDS_DEFAULT,
        }
    }
}

impl Policy {
    /// Whether pages of `origin`, as a browser writes it, may read what is answered.
    pub(crate) fn admits(&self, origin: &str) -> Option<Found> {
        let mut found = None;
        for pattern in &self.allowed_origins {
            match pattern.matches(origin) {
                Some(Found::Exactly) => return Some(Found::Exactly),
                Some(Found::Below) => found = Some(Found::Below),
                None => {}
            }
        }
        found
    }

    /// Whether media may be shown where the request comes from. Our own pages, which are at `public_url` or at the host the request was
    /// sent to, always may.
    pub(crate) fn lets_in(&self, headers: &HeaderMap, public_url: &str) -> bool {
        if self.referrer_domains.is_empty() {
            return true;
        }
        if text(headers, &SEC_FETCH_SITE) == Some("same-origin") {
            return true;
        }
        let Some(host) = page_host(headers) else { return self.allows_no_referrer };
        let ours = Url::parse(public_url).ok();
        let asked =
            text(headers, &header::HOST).and_then(|host| Url::parse(&format!("https://{host}/")).ok());
        let is_ours = [ours, asked].iter().flatten().any(|url| url.host_str() == Some(host.as_str()));
        is_ours || self.referrer_domains.iter().any(|domain| domain.matches(&host))
    }

    /// How long caches may keep what does not change, which can be asked for during `left_seconds` more. `no-cache` means that it is asked
    /// about each time.
    pub(crate) fn cache_control(&self, changes: bool, left_seconds: i64) -> String {
        let whose = if self.shared_caching { "public" } else { "private" };
        if changes {
            return format!("{whose}, no-cache");
        }
        let seconds = i64::from(self.cache_seconds).min(left_seconds.max(0));
        format!("{whose}, max-age={seconds}")
    }
}

/// The host of the page a request comes from, as far as the browser tells it.
pub(crate) fn page_host(headers: &HeaderMap) -> Option<String> {
    let origin = text(headers, &header::ORIGIN).filter(|origin| *origin != "null");
    let page = origin.or_else(|| text(headers, &header::REFERER))?;
    Url::parse(page).ok()?.host_str().map(str::to_owned)
}

fn text<'h>(headers: &'h HeaderMap, name: &header::HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn pages_are_let_in_by_their_host() {
        let domains = ["example.com", "*.example.org"];
        let policy = Policy {
            referrer_domains: domains.map(|one| DomainPattern::parse(one).unwrap()).to_vec(),
            ..Policy::default()
        };
        let lets_in = |pairs: &[(header::HeaderName, &'static str)]| {
            policy.lets_in(&headers(pairs), "https://memoreel.example:8443")
        };
        for referrer in [
            "https://example.com/page?x",
            "http://example.com:8080/",
            "https://a.example.org/",
            "https://memoreel.example/videos",
        ] {
            assert!(lets_in(&[(header::REFERER, referrer)]), "{referrer}");
        }
        for referrer in [
            "https://www.example.com/",
            "https://evilexample.com/",
            "https://example.com.evil.net/",
            "https://example.org/",
            "https://evil.net/?https://example.com/",
            "https://example.com@evil.net/",
        ] {
            assert!(!lets_in(&[(header::REFERER, referrer)]), "{referrer}");
        }
        // An origin says more than a referrer, which pages choose to leave out.
        assert!(!lets_in(&[(header::ORIGIN, "https://evil.net"), (header::REFERER, "https://example.com/")]));
        assert!(lets_in(&[(header::HOST, "media.local:80"), (header::REFERER, "http://media.local/x")]));
        for unknown in [&[][..], &[(header::ORIGIN, "null")], &[(header::REFERER, "about:blank")]] {
            assert!(lets_in(unknown));
            let strict = Policy { allows_no_referrer: false, ..policy.clone() };
            assert!(!strict.lets_in(&headers(unknown), "https://memoreel.example"));
        }
        let own_page = headers(&[(SEC_FETCH_SITE, "same-origin")]);
        assert!(Policy { allows_no_referrer: false, ..policy.clone() }.lets_in(&own_page, ""));
        assert!(Policy::default().lets_in(&headers(&[(header::REFERER, "https://evil.net/")]), ""));
    }

    #[test]
    fn nothing_is_kept_for_longer_than_its_address_works() {
        let policy = Policy { shared_caching: true, cache_seconds: 86_400, ..Policy::default() };
        assert_eq!(policy.cache_control(false, 100_000), "public, max-age=86400");
        assert_eq!(policy.cache_control(false, 1_000), "public, max-age=1000");
        assert_eq!(policy.cache_control(false, -1), "public, max-age=0");
        assert_eq!(policy.cache_control(true, 1_000), "public, no-cache");
        assert_eq!(Policy::default().cache_control(false, 100_000), "private, max-age=3600");
    }
}
