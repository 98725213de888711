//! The session cookie and that of a trip to a provider, in and out.

use crate::{SESSION_IDLE_MAX, provider_sign_in::TRIP_TIME_MAX, token::TokenHash, token::session_token_hash};
use http::{HeaderMap, HeaderValue, header};

/// The name of the cookie that holds the session token.
pub const SESSION_COOKIE: &str = "memoreel_session";

/// The name of the cookie that binds a trip to a provider to the browser.
const TRIP_COOKIE: &str = "memoreel_sign_in";
/// Nothing else is shown it.
const TRIP_PATH: &str = "/api/v1/auth";

/// The token a browser presents.
pub(crate) fn session_token(headers: &HeaderMap) -> Option<&str> {
    value_of(headers, SESSION_COOKIE)
}

/// The token of a trip that a browser presents.
pub(crate) fn trip_token(headers: &HeaderMap) -> Option<&str> {
    value_of(headers, TRIP_COOKIE)
}

fn value_of<'h>(headers: &'h HeaderMap, cookie: &str) -> Option<&'h str> {
    // HTTP/2 may split the header.
    let pairs = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    pairs
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == cookie).then_some(value))
}

/// What to look the presented session up by, if one is presented that could be ours.
pub(crate) fn presented_session(headers: &HeaderMap) -> Option<TokenHash> {
    session_token(headers).and_then(session_token_hash)
}

/// The header that hands `token` to the browser for as long as the session lasts.
pub(crate) fn set_session(token: &str, secure: bool) -> Option<HeaderValue> {
    set(SESSION_COOKIE, "/", token, SESSION_IDLE_MAX.num_seconds(), secure)
}

/// The header that makes the browser forget the token.
pub(crate) fn clear_session(secure: bool) -> Option<HeaderValue> {
    set(SESSION_COOKIE, "/", "", 0, secure)
}

/// The header that hands the token of a trip to the browser.
pub(crate) fn set_trip(token: &str, secure: bool) -> Option<HeaderValue> {
    set(TRIP_COOKIE, TRIP_PATH, token, TRIP_TIME_MAX.num_seconds(), secure)
}

/// The header that makes the browser forget the token of a trip.
pub(crate) fn clear_trip(secure: bool) -> Option<HeaderValue> {
    set(TRIP_COOKIE, TRIP_PATH, "", 0, secure)
}

fn set(name: &str, path: &str, token: &str, age_max_seconds: i64, secure: bool) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    let cookie =
        format!("{name}={token}; Path={path}; Max-Age={age_max_seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(cookie).ok()
}

/// Whether a response already says what the cookie is to be.
pub(crate) fn is_set(headers: &HeaderMap) -> bool {
    let mut set = headers.get_all(header::SET_COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    set.any(|value| value.starts_with(SESSION_COOKIE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookies: &[&'static str]) -> HeaderMap {
        cookies.iter().map(|value| (header::COOKIE, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_token_is_found_among_other_cookies_and_in_split_headers() {
        let found = headers(&["a=b; memoreel_session=abc; c=d"]);
        assert_eq!(session_token(&found), Some("abc"));
        let split = headers(&["a=b", "memoreel_session=abc"]);
        assert_eq!(session_token(&split), Some("abc"));
        assert_eq!(session_token(&headers(&["xmemoreel_session=abc; other; memoreel_session_2=x"])), None);
    }

    #[test]
    fn a_cookie_that_cannot_be_a_token_is_not_looked_up() {
        assert_eq!(presented_session(&headers(&["memoreel_session=abc"])), None);
    }

    #[test]
    fn the_cookie_is_hidden_from_scripts_and_other_sites() {
        let set =
            |secure| set_session("abc", secure).and_then(|value| value.to_str().map(str::to_owned).ok());
        let plain = "memoreel_session=abc; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax";
        assert_eq!(set(false).as_deref(), Some(plain));
        assert_eq!(set(true), Some(format!("{plain}; Secure")));
    }

    #[test]
    fn the_cookie_of_a_trip_is_shown_to_its_routes_for_ten_minutes() {
        let set = set_trip("abc", true).and_then(|value| value.to_str().map(str::to_owned).ok());
        let cookie = "memoreel_sign_in=abc; Path=/api/v1/auth; Max-Age=600; HttpOnly; SameSite=Lax; Secure";
        assert_eq!(set.as_deref(), Some(cookie));
        assert_eq!(trip_token(&headers(&["memoreel_session=x; memoreel_sign_in=abc"])), Some("abc"));
    }

    #[test]
    fn a_response_that_sets_the_cookie_is_recognised() {
        let mut response = HeaderMap::new();
        assert!(!is_set(&response));
        response.extend(clear_session(true).map(|value| (header::SET_COOKIE, value)));
        assert!(is_set(&response));
    }
}
