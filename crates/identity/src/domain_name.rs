//! What a domain of an organization may be.

use crate::IdentityError;
use idna::{
    AsciiDenyList,
    uts46::{DnsLength, Hyphens, Uts46},
};

/// Where anybody can have an address: whose it is says nothing of whom its people belong to.
const OPEN_TO_ANYBODY: [&str; 38] = [
    "163.com",
    "126.com",
    "aol.com",
    "fastmail.com",
    "freenet.de",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hey.com",
    "hotmail.com",
    "hotmail.de",
    "hotmail.fr",
    "icloud.com",
    "laposte.net",
    "libero.it",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "orange.fr",
    "outlook.com",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "t-online.de",
    "tutanota.com",
    "web.de",
    "yahoo.com",
    "yandex.ru",
    "zoho.com",
];

/// The domain as name servers know it: in lower case and ASCII (UTS #46, RFC 5891), without a dot at its end.
///
/// # Errors
/// [`IdentityError::DomainInvalid`], [`IdentityError::DomainShared`] for what nobody has alone.
pub(crate) fn check(text: &str) -> Result<String, IdentityError> {
    let domain = normalized(text).ok_or(IdentityError::DomainInvalid)?;
    // A number at the end makes it an address and not a name.
    let last = domain.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(IdentityError::DomainInvalid);
    }
    // What has no owner of its own: a single label, or what anybody can have a name below (publicsuffix.org).
    if psl::domain_str(&domain).is_none() || OPEN_TO_ANYBODY.contains(&domain.as_str()) {
        return Err(IdentityError::DomainShared);
    }
    Ok(domain)
}

/// The domain of an address, to look up; `None` for what no name server knows.
pub(crate) fn of_email(email: &str) -> Option<String> {
    normalized(email.rsplit_once('@')?.1)
}

fn normalized(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_suffix('.').unwrap_or(text);
    let ascii = Uts46::new()
        .to_ascii(text.as_bytes(), AsciiDenyList::STD3, Hyphens::Check, DnsLength::Verify)
        .ok()?
        .into_owned();
    (!ascii.is_empty()).then_some(ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_domain_has_one_form() {
        for text in ["example.com", "EXAMPLE.com", " example.com. ", "ｅｘａｍｐｌｅ.com"] {
            assert_eq!(check(text).ok().as_deref(), Some("example.com"), "{text:?}");
        }
        assert_eq!(check("Münster.example").ok().as_deref(), Some("xn--mnster-3ya.example"));
        assert_eq!(check("team.example.co.uk").ok().as_deref(), Some("team.example.co.uk"));
        assert_eq!(of_email("Ada@MÜNSTER.example"), check("xn--mnster-3ya.example").ok());
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        let long = format!("{}.com", "a".repeat(64));
        for text in [
            "",
            ".",
            "..",
            "a..b",
            "-a.com",
            "a b.com",
            "a_b.com",
            "ada@example.com",
            "http://a.com",
            "a.com/",
            "10.0.0.1",
            "[::1]",
            "xn--\u{0}.com",
            &long,
        ] {
            assert!(matches!(check(text), Err(IdentityError::DomainInvalid)), "{text:?}");
        }
    }

    #[test]
    fn what_nobody_has_alone_is_refused() {
        for text in ["com", "localhost", "co.uk", "github.io", "gmail.com", "WEB.de"] {
            assert!(matches!(check(text), Err(IdentityError::DomainShared)), "{text:?}");
        }
    }

    #[test]
    fn an_address_that_no_name_server_knows_has_no_domain() {
        for text in ["ada", "ada@", "ada@[127.0.0.1]", "ada@a b"] {
            assert_eq!(of_email(text), None, "{text:?}");
        }
    }
}
