//! What an e-mail address and a name may be.

use crate::IdentityError;

/// The longest e-mail address (RFC 5321 section 4.5.3.1.3, with its errata).
pub const EMAIL_CHARS_MAX: usize = 254;
/// The longest name of a person, an organization or a key.
pub const NAME_CHARS_MAX: usize = 100;
/// The longest description of an organization.
pub const DESCRIPTION_CHARS_MAX: usize = 5_000;

/// The address without surrounding blanks. Whether mail reaches it, only mail can tell; so this refuses little.
///
/// # Errors
/// [`IdentityError::EmailInvalid`].
pub(crate) fn email(text: &str) -> Result<&str, IdentityError> {
    let email = text.trim();
    let unfit = |character: char| character.is_whitespace() || character.is_control();
    match email.split_once('@') {
        Some((local, domain))
            if !local.is_empty()
                && !domain.is_empty()
                && !domain.contains('@')
                && !email.contains(unfit)
                && email.chars().count() <= EMAIL_CHARS_MAX =>
        {
            Ok(email)
        }
        _ => Err(IdentityError::EmailInvalid),
    }
}

/// The part before the @.
pub(crate) fn local_part(email: &str) -> &str {
    email.split_once('@').map_or(email, |(local, _)| local)
}

/// The name without surrounding blanks.
///
/// # Errors
/// [`IdentityError::NameInvalid`].
pub(crate) fn name(text: &str) -> Result<&str, IdentityError> {
    let name = text.trim();
    let fits = !name.is_empty() && text.chars().count() <= NAME_CHARS_MAX && !text.contains(char::is_control);
    if fits { Ok(name) } else { Err(IdentityError::NameInvalid) }
}

/// The description without surrounding blanks.
///
/// # Errors
/// [`IdentityError::DescriptionInvalid`].
pub(crate) fn description(text: &str) -> Result<&str, IdentityError> {
    let description = text.trim();
    let fits = text.chars().count() <= DESCRIPTION_CHARS_MAX && !text.contains('\0');
    if fits { Ok(description) } else { Err(IdentityError::DescriptionInvalid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_loses_its_blanks_and_keeps_its_case() {
        assert_eq!(email("  Ada@Example.com\n").ok(), Some("Ada@Example.com"));
        assert_eq!(email("ada@localhost").ok(), Some("ada@localhost"));
    }

    #[test]
    fn what_cannot_be_an_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(EMAIL_CHARS_MAX));
        for text in
            ["", "@", "ada", "ada@", "@example.com", "a@b@c", "a b@example.com", "a\u{0}@example.com", &long]
        {
            assert!(matches!(email(text), Err(IdentityError::EmailInvalid)), "{text:?}");
        }
    }

    #[test]
    fn the_longest_address_is_accepted() {
        let domain = "@example.com";
        let longest = format!("{}{domain}", "ä".repeat(EMAIL_CHARS_MAX - domain.len()));
        assert_eq!(email(&longest).ok(), Some(longest.as_str()));
    }

    #[test]
    fn names_are_bounded_in_characters() {
        assert_eq!(name(" Ada ").ok(), Some("Ada"));
        let longest = "é".repeat(NAME_CHARS_MAX);
        assert_eq!(name(&longest).ok(), Some(longest.as_str()));
        for text in ["", "   ", "a\nb", "a\n", &"é".repeat(NAME_CHARS_MAX + 1), &format!("{longest} ")] {
            assert!(matches!(name(text), Err(IdentityError::NameInvalid)), "{text:?}");
        }
    }
}
