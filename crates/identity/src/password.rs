//! What a password may be, and how it is kept: Argon2id (RFC 9106) with the least costly parameters OWASP recommends
//! (Password Storage Cheat Sheet: 19 MiB, two passes, one lane), as a PHC string. How soon it would be guessed is estimated
//! by zxcvbn (Wheeler, USENIX Security 2016).
//!
//! Hashes of other parameters, and those of bcrypt that came with people from elsewhere, are renewed at sign-in.
//! Every hash takes 19 MiB for some tens of milliseconds, so no more of them run at once than there are processors
//! (`RateLimits::passwords`).

use crate::{IdentityError, breached, input};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{Error, PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use memoreel_web::{App, Permits};
use std::path::Path;
use zxcvbn::{Score, zxcvbn};

/// The shortest password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// The longest password, in characters.
pub const PASSWORD_CHARS_MAX: usize = 1024;

/// How much of a password is judged: the time grows with the square of its length, and what is longer is strong.
const JUDGED_CHARS_MAX: usize = 72;
/// Safely unguessable: more than 10^8 guesses.
const SCORE_MIN: Score = Score::Three;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Nobody's hash, checked in place of a user's when there is none, so that the answer takes as long.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Ipkz/Mn7tECFISQD/E+ezg$OvYfGeMyYEdMZUc1KHbRoTvaeJK/TkAJ2qPQI9A3o7w";

/// How hashes of bcrypt begin.
const BCRYPT_MARKS: [&str; 3] = ["$2a$", "$2b$", "$2y$"];

/// Why a password is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFlaw {
    /// Fewer characters than [`PASSWORD_CHARS_MIN`].
    #[error("a password has at least {PASSWORD_CHARS_MIN} characters")]
    Short,
    /// More characters than [`PASSWORD_CHARS_MAX`].
    #[error("a password has at most {PASSWORD_CHARS_MAX} characters")]
    Long,
    /// Too few guesses would find it; with what to do about it.
    #[error("this password is easy to guess. {0}")]
    Guessable(String),
    /// On the list of leaked passwords.
    #[error(
        "this password is known from a leak of another site, so it would be tried. Choose one you use nowhere else"
    )]
    Breached,
}

/// Where passwords are judged and hashed: on a processor, for somebody, within what goes on at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Desk<'a> {
    permits: &'a Permits,
    /// Who may take no more than a share: a person, or an address.
    whose: &'a str,
    breached: Option<&'a Path>,
}

impl<'a> Desk<'a> {
    /// For a request of somebody, who is a person or else an address.
    pub(crate) fn of(app: &'a App, whose: &'a str) -> Self {
        Self::new(&app.limits.passwords, whose, app.breached_passwords.as_deref())
    }

    /// `breached` is a list of leaked passwords.
    pub(crate) fn new(permits: &'a Permits, whose: &'a str, breached: Option<&'a Path>) -> Self {
        Self { permits, whose, breached }
    }

    /// Whether nobody would guess the password soon.
    ///
    /// # Errors
    /// [`IdentityError::PasswordWeak`] with the first flaw found, [`IdentityError::BreachedPasswords`] when the list cannot be
    /// read, [`IdentityError::Busy`] when too many others wait.
    pub(crate) async fn check(self, password: &str, email: &str, name: &str) -> Result<(), IdentityError> {
        let chars = password.chars().count();
        if chars < PASSWORD_CHARS_MIN {
            return Err(PasswordFlaw::Short.into());
        }
        if chars > PASSWORD_CHARS_MAX {
            return Err(PasswordFlaw::Long.into());
        }
        let [password, email, name] = [password, email, name].map(str::to_owned);
        let breached = self.breached.map(Path::to_owned);
        let judged = self.work(move || {
            if let Some(flaw) = guessable(&password, &email, &name) {
                return Ok(Some(flaw));
            }
            let is_breached = breached.map_or(Ok(false), |list| breached::holds(&list, &password))?;
            Ok(is_breached.then_some(PasswordFlaw::Breached))
        });
        match judged.await?.map_err(IdentityError::BreachedPasswords)? {
            Some(flaw) => Err(flaw.into()),
            None => Ok(()),
        }
    }

    /// The PHC string to keep.
    ///
    /// # Errors
    /// [`IdentityError::Busy`] when too many others wait.
    pub(crate) async fn hash(self, password: String) -> Result<String, IdentityError> {
        self.work(move || hash_now(&password)).await?.map_err(IdentityError::Hash)
    }

    /// `Some` if `password` is the one behind `kept`. Takes as long when nothing is kept. Nobody's password is longer than
    /// [`PASSWORD_CHARS_MAX`], so what is longer is wrong without being hashed.
    ///
    /// # Errors
    /// [`IdentityError::Busy`] when too many others wait, [`IdentityError::Hash`] when `kept` is no hash.
    pub(crate) async fn verify(
        self,
        password: String,
        kept: Option<String>,
    ) -> Result<Option<Known>, IdentityError> {
        if password.chars().count() > PASSWORD_CHARS_MAX {
            return Ok(None);
        }
        let verdict = self.work(move || {
            let is_right = is_behind(&password, kept.as_deref().unwrap_or(NOBODY))?;
            let Some(kept) = kept.filter(|_| is_right) else { return Ok(None) };
            let renewed = if is_outdated(&kept) { Some(hash_now(&password)?) } else { None };
            Ok(Some(Known { kept, renewed }))
        });
        verdict.await?.map_err(IdentityError::Hash)
    }

    async fn work<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, IdentityError> {
        let permit = self.permits.enter(self.whose).await.map_err(|_| IdentityError::Busy)?;
        // The permit goes along: the work goes on, and its memory stays taken, when the client has hung up.
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        Ok(done.await?)
    }
}

/// A password that was the right one.
#[derive(Debug)]
pub(crate) struct Known {
    /// The hash it was checked against.
    pub(crate) kept: String,
    /// What to keep instead, when that was made in another way than hashes are made now.
    pub(crate) renewed: Option<String>,
}

fn guessable(password: &str, email: &str, name: &str) -> Option<PasswordFlaw> {
    let judged: String = password.trim().chars().take(JUDGED_CHARS_MAX).collect();
    let known: Vec<&str> =
        [email, input::local_part(email), name].into_iter().chain(name.split(' ')).collect();
    let estimate = zxcvbn(&judged, &known);
    if estimate.score() >= SCORE_MIN {
        return None;
    }
    let feedback = estimate.feedback();
    let warning = feedback.and_then(|feedback| feedback.warning()).map(|warning| warning.to_string());
    let suggestions =
        feedback.into_iter().flat_map(|feedback| feedback.suggestions()).map(ToString::to_string);
    let advice: Vec<String> = warning.into_iter().chain(suggestions).collect();
    let advice = if advice.is_empty() { "Add another word or two.".to_owned() } else { advice.join(" ") };
    Some(PasswordFlaw::Guessable(advice.trim_end_matches('.').to_owned()))
}

fn is_behind(password: &str, kept: &str) -> Result<bool, Error> {
    if BCRYPT_MARKS.iter().any(|mark| kept.starts_with(mark)) {
        return bcrypt::verify(password, kept).map_err(|_| Error::EncodingInvalid);
    }
    let hash = PasswordHash::new(kept).map_err(|_| Error::EncodingInvalid)?;
    match argon2()?.verify_password(password.as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether a hash was made in another way than [`hash`] makes them.
fn is_outdated(kept: &str) -> bool {
    let way = |hash: &str| hash.rsplitn(3, '$').nth(2).map(str::to_owned);
    way(kept) != way(NOBODY)
}

fn hash_now(password: &str) -> Result<String, Error> {
    argon2()?.hash_password(password.as_bytes()).map(|hash| hash.to_string())
}

fn argon2() -> Result<Argon2<'static>, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;
    use memoreel_web::RateLimits;
    use std::time::Duration;

    async fn hash(password: String) -> Result<String, IdentityError> {
        Desk::new(&RateLimits::passwords(), "ada", None).hash(password).await
    }

    async fn verify(password: String, kept: Option<String>) -> Result<Option<Known>, IdentityError> {
        Desk::new(&RateLimits::passwords(), "ada", None).verify(password, kept).await
    }

    async fn flaw(password: &str) -> Option<PasswordFlaw> {
        let permits = RateLimits::passwords();
        let desk = Desk::new(&permits, "ada", None);
        match desk.check(password, "ada.lovelace@example.com", "Ada Lovelace").await {
            Ok(()) => None,
            Err(IdentityError::PasswordWeak(flaw)) => Some(flaw),
            Err(other) => panic!("{other}"),
        }
    }

    #[tokio::test]
    async fn length_counts_characters_not_bytes() {
        assert_eq!(flaw("pässwört9").await, Some(PasswordFlaw::Short));
        assert_eq!(flaw("grün äußert über").await, None);
        let letters =
            |count| (0..count).filter_map(|place| char::from_u32(0x4e00 + place * place * 31 % 9973));
        assert_eq!(flaw(&letters(1024).collect::<String>()).await, None);
        assert_eq!(flaw(&letters(1025).collect::<String>()).await, Some(PasswordFlaw::Long));
    }

    #[tokio::test]
    async fn what_is_soon_guessed_is_refused_with_advice() {
        for password in [
            "ADA LOVELACE",
            "ada.lovelace",
            "Ada.Lovelace@Example.com",
            " ada lovelace ",
            "zzzzzzzzzzzz",
            "Password123",
            "qwertyuiop",
            "1234567890",
            "P@ssw0rd2024",
        ] {
            let flaw = flaw(password).await;
            assert!(
                matches!(&flaw, Some(PasswordFlaw::Guessable(advice)) if advice.len() > 10 && !advice.ends_with('.')),
                "{password:?}: {flaw:?}"
            );
        }
        for password in ["zebra crossing at noon", "a long enough password", "ada lovelace wrote it"] {
            assert_eq!(flaw(password).await, None, "{password:?}");
        }
    }

    #[tokio::test]
    async fn the_longest_password_is_judged_at_once() {
        let begun = std::time::Instant::now();
        assert_eq!(flaw(&"correct horse battery staple ".repeat(35)).await, None);
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn a_hash_verifies_its_password_and_no_other() {
        let kept = hash("zebra crossing".to_owned()).await.expect("hashes");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        let known = verify("zebra crossing".to_owned(), Some(kept.clone())).await.expect("verifies");
        assert!(known.is_some_and(|known| known.kept == kept && known.renewed.is_none()));
        assert!(verify("zebra crossinG".to_owned(), Some(kept)).await.expect("verifies").is_none());
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
        assert!(verify("zebra crossing".to_owned(), None).await.expect("verifies").is_none());
    }

    #[tokio::test]
    async fn a_damaged_hash_is_an_error_and_not_a_wrong_password() {
        for damaged in ["$argon2id$broken", "$2b$12$broken", "plain"] {
            let verdict = verify("zebra crossing".to_owned(), Some(damaged.to_owned())).await;
            assert!(matches!(verdict, Err(IdentityError::Hash(_))), "{damaged}");
        }
    }

    #[tokio::test]
    async fn hashes_made_in_another_way_are_accepted_and_renewed() {
        let params = Params::new(8, 1, 1, None).expect("parameters");
        let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut kept = vec![cheap.hash_password(b"zebra crossing").expect("hashes").to_string()];
        let bcrypt = bcrypt::hash("zebra crossing", 4).expect("hashes");
        kept.extend(BCRYPT_MARKS.map(|mark| format!("{mark}{}", &bcrypt[mark.len()..])));
        for kept in kept {
            let known = verify("zebra crossing".to_owned(), Some(kept.clone())).await.expect("verifies");
            let renewed = known.and_then(|known| known.renewed).unwrap_or_default();
            assert!(renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}: {renewed}");
            let again = verify("zebra crossing".to_owned(), Some(renewed)).await.expect("verifies");
            assert!(again.is_some_and(|known| known.renewed.is_none()), "{kept}");
            assert!(verify("zebra crossinG".to_owned(), Some(kept)).await.expect("verifies").is_none());
        }
    }
}
