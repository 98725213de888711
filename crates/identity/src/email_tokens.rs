//! Links that are mailed to people.
//!
//! A token is the id of its row and an HMAC over purpose and id under a key derived from the instance's secret. So the task
//! that sends the mail carries the id alone and writes the token when the mail leaves: no token lies in a task, in the
//! table, or in a dump of the database. Whether it was used and until when it is good stands in the row.

use crate::notices::Notice;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use memoreel_kernel::EmailTokenId;
use memoreel_web::Secrets;

const ID_BYTES: usize = 16;
const SIGNED_FOR: &str = "email token";

/// What a mailed link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Shows that mail to the address of an account reaches its person.
    Confirm,
    /// Sets another password.
    Reset,
    /// Agrees to a change of address; one goes to each address.
    Change,
    /// Does nothing: the mail tells that somebody tried to sign up with the address.
    Taken,
    /// Does nothing: the mail tells what somebody changed about the account.
    Notice(Notice),
}

impl Purpose {
    /// The name stored in `email_tokens.purpose`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Reset => "reset",
            Self::Change => "change",
            Self::Taken => "taken",
            Self::Notice(notice) => notice.as_str(),
        }
    }

    /// The inverse of [`Purpose::as_str`].
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let notices = Notice::ALL.into_iter().map(Self::Notice);
        [Self::Confirm, Self::Reset, Self::Change, Self::Taken]
            .into_iter()
            .chain(notices)
            .find(|purpose| purpose.as_str() == text)
    }

    /// How long a link is good.
    pub(crate) fn lifetime(self) -> TimeDelta {
        match self {
            Self::Confirm => TimeDelta::days(7),
            Self::Reset => TimeDelta::hours(1),
            Self::Change | Self::Taken | Self::Notice(_) => TimeDelta::days(1),
        }
    }
}

/// The token of a row, 64 characters of `[A-Za-z0-9_-]`.
pub(crate) fn write(secrets: &Secrets, purpose: Purpose, id: EmailTokenId) -> String {
    let id = id.uuid();
    let code = secrets.sign(SIGNED_FOR, &[purpose.as_str().as_bytes(), id.as_bytes()]);
    URL_SAFE_NO_PAD.encode([id.as_bytes().as_slice(), &code].concat())
}

/// The row a token is of; `None` for what this instance did not write for that purpose.
pub(crate) fn read(secrets: &Secrets, purpose: Purpose, token: &str) -> Option<EmailTokenId> {
    let bytes = URL_SAFE_NO_PAD.decode(token.trim()).ok()?;
    let (id, code) = bytes.split_at_checked(ID_BYTES)?;
    let known = secrets.verify(SIGNED_FOR, &[purpose.as_str().as_bytes(), id], code);
    known.then(|| uuid::Uuid::from_slice(id).ok().map(EmailTokenId)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use memoreel_kernel::{Clock, SystemClock};

    #[test]
    fn a_token_leads_to_its_row_for_its_purpose_alone() {
        let (secrets, id) = (Secrets::new([1; 32], &[]), EmailTokenId::new(SystemClock.now()));
        let token = write(&secrets, Purpose::Reset, id);
        assert_eq!(token.len(), 64);
        assert_eq!(read(&secrets, Purpose::Reset, &token), Some(id));
        assert_eq!(read(&secrets, Purpose::Reset, &format!(" {token}\n")), Some(id));
        assert_eq!(read(&secrets, Purpose::Confirm, &token), None);
        assert_eq!(read(&Secrets::new([2; 32], &[]), Purpose::Reset, &token), None);
    }

    #[test]
    fn a_changed_or_cut_token_leads_nowhere() {
        let secrets = Secrets::new([1; 32], &[]);
        let token = write(&secrets, Purpose::Reset, EmailTokenId::new(SystemClock.now()));
        for place in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_eq!(read(&secrets, Purpose::Reset, &changed), None, "{place}");
            assert_eq!(read(&secrets, Purpose::Reset, &token[..place]), None, "{place}");
        }
    }

    #[test]
    fn purposes_read_as_they_are_kept() {
        let notices = Notice::ALL.into_iter().map(Purpose::Notice);
        for purpose in
            [Purpose::Confirm, Purpose::Reset, Purpose::Change, Purpose::Taken].into_iter().chain(notices)
        {
            assert_eq!(Purpose::parse(purpose.as_str()), Some(purpose));
        }
        assert_eq!(Purpose::parse("other"), None);
    }
}
