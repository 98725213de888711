//! What a password may be, and how it is kept: Argon2id (RFC 9106) with the least costly parameters OWASP recommends
//! (Password Storage Cheat Sheet: 19 MiB, two passes, one lane), as a PHC string.
//!
//! Every hash takes 19 MiB for some tens of milliseconds, so no more of them run at once than there are processors.

use crate::{IdentityError, input};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{Error, PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use std::{
    collections::HashSet,
    num::NonZero,
    sync::{Arc, LazyLock},
    time::Duration,
};
use tokio::sync::Semaphore;

/// The shortest password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// The longest password, in characters.
pub const PASSWORD_CHARS_MAX: usize = 1024;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Whoever waits longer for a processor is told to come back.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Nobody's hash, checked in place of a user's when there is none, so that the answer takes as long.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Ipkz/Mn7tECFISQD/E+ezg$OvYfGeMyYEdMZUc1KHbRoTvaeJK/TkAJ2qPQI9A3o7w";

/// The commonest passwords that are long enough, in lower case.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

static PROCESSORS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    let count = std::thread::available_parallelism().map_or(1, NonZero::get);
    Arc::new(Semaphore::new(count))
});

/// Why a password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFlaw {
    /// Fewer characters than [`PASSWORD_CHARS_MIN`].
    #[error("a password has at least {PASSWORD_CHARS_MIN} characters")]
    Short,
    /// More characters than [`PASSWORD_CHARS_MAX`].
    #[error("a password has at most {PASSWORD_CHARS_MAX} characters")]
    Long,
    /// It repeats what anybody can see of the account.
    #[error("a password must not be your name or your e-mail address")]
    Personal,
    /// One character, repeated.
    #[error("a password must not repeat a single character")]
    Monotonous,
    /// On every list of common passwords.
    #[error("this password is one of the first that anybody would try")]
    Common,
}

/// Whether nobody would guess the password at once.
///
/// # Errors
/// The first flaw found.
pub(crate) fn check(password: &str, email: &str, name: &str) -> Result<(), PasswordFlaw> {
    let chars = password.chars().count();
    if chars < PASSWORD_CHARS_MIN {
        return Err(PasswordFlaw::Short);
    }
    if chars > PASSWORD_CHARS_MAX {
        return Err(PasswordFlaw::Long);
    }
    let lower = password.trim().to_lowercase();
    if [email, input::local_part(email), name].iter().any(|known| known.to_lowercase() == lower) {
        return Err(PasswordFlaw::Personal);
    }
    let mut characters = password.chars();
    let first = characters.next();
    if characters.all(|character| Some(character) == first) {
        return Err(PasswordFlaw::Monotonous);
    }
    if COMMON.contains(lower.as_str()) { Err(PasswordFlaw::Common) } else { Ok(()) }
}

/// The PHC string to keep.
///
/// # Errors
/// [`IdentityError::Busy`] when too many others wait.
pub(crate) async fn hash(password: String) -> Result<String, IdentityError> {
    let hash =
        on_a_processor(move || argon2()?.hash_password(password.as_bytes()).map(|hash| hash.to_string()));
    hash.await?.map_err(IdentityError::Hash)
}

/// Whether `password` is the one behind `kept`. Takes as long when nothing is kept, and is false then.
///
/// # Errors
/// [`IdentityError::Busy`] when too many others wait, [`IdentityError::Hash`] when `kept` is no PHC string.
pub(crate) async fn verify(password: String, kept: Option<String>) -> Result<bool, IdentityError> {
    let verdict = on_a_processor(move || {
        let hash =
            PasswordHash::new(kept.as_deref().unwrap_or(NOBODY)).map_err(|_| Error::EncodingInvalid)?;
        match argon2()?.verify_password(password.as_bytes(), &hash) {
            Ok(()) => Ok(kept.is_some()),
            Err(Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(error),
        }
    });
    verdict.await?.map_err(IdentityError::Hash)
}

fn argon2() -> Result<Argon2<'static>, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

async fn on_a_processor<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, IdentityError> {
    let waited = tokio::time::timeout(WAIT_MAX, PROCESSORS.clone().acquire_owned()).await;
    let permit = waited.map_err(|_| IdentityError::Busy)?.map_err(|_| IdentityError::Busy)?;
    // The permit goes along: the work goes on, and its memory stays taken, when the client has hung up.
    let done = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work()
    });
    Ok(done.await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaw(password: &str) -> Option<PasswordFlaw> {
        check(password, "ada.lovelace@example.com", "Ada Lovelace").err()
    }

    #[test]
    fn length_counts_characters_not_bytes() {
        assert_eq!(flaw("pässwört9"), Some(PasswordFlaw::Short));
        assert_eq!(flaw("pässwörter"), None);
        assert_eq!(flaw(&"aé".repeat(512)), None);
        assert_eq!(flaw(&format!("{}x", "aé".repeat(512))), Some(PasswordFlaw::Long));
    }

    #[test]
    fn what_anybody_can_see_is_no_password() {
        for password in ["ADA LOVELACE", "ada.lovelace", "Ada.Lovelace@Example.com", " ada lovelace "] {
            assert_eq!(flaw(password), Some(PasswordFlaw::Personal), "{password:?}");
        }
        assert_eq!(flaw("ada lovelace wrote it"), None);
    }

    #[test]
    fn one_repeated_character_and_common_passwords_are_refused() {
        assert_eq!(flaw("zzzzzzzzzzzz"), Some(PasswordFlaw::Monotonous));
        assert_eq!(flaw("Password123"), Some(PasswordFlaw::Common));
        assert_eq!(flaw("qwertyuiop"), Some(PasswordFlaw::Common));
        assert_eq!(flaw("zebra crossing at noon"), None);
    }

    #[test]
    fn the_list_holds_only_what_could_be_asked() {
        for line in COMMON.iter() {
            assert!(
                line.chars().count() >= PASSWORD_CHARS_MIN && *line == line.trim().to_lowercase(),
                "{line:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_hash_verifies_its_password_and_no_other() {
        let kept = hash("zebra crossing".to_owned()).await.expect("hashes");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(verify("zebra crossing".to_owned(), Some(kept.clone())).await.expect("verifies"));
        assert!(!verify("zebra crossinG".to_owned(), Some(kept)).await.expect("verifies"));
    }

    #[tokio::test]
    async fn nobody_has_no_password_but_the_same_cost() {
        let nobody = PasswordHash::new(NOBODY).expect("a PHC string");
        let somebody = hash("zebra crossing".to_owned()).await.expect("hashes");
        let somebody = PasswordHash::new(&somebody).expect("a PHC string");
        assert_eq!(
            (nobody.algorithm, nobody.version, &nobody.params),
            (somebody.algorithm, somebody.version, &somebody.params)
        );
        assert_eq!(nobody.hash.map(|hash| hash.len()), somebody.hash.map(|hash| hash.len()));
        assert!(!verify("zebra crossing".to_owned(), None).await.expect("verifies"));
    }

    #[tokio::test]
    async fn a_damaged_hash_is_an_error_and_not_a_wrong_password() {
        let verdict = verify("zebra crossing".to_owned(), Some("$argon2id$broken".to_owned())).await;
        assert!(matches!(verdict, Err(IdentityError::Hash(_))));
    }
}
