//! What people are told by mail because somebody changed how their account is entered, whoever did it without them being found out
//! that way; and what owners are told of a domain whose record is gone.
//!
//! A notice is a row like a mailed link, kept in the transaction of the change, so that the mail leaves if and only if it
//! happened. Its link opens a page of the web app and nothing else.

use crate::{
    IdentityError,
    email_tokens::Purpose,
    mails,
    store::{self, NewEmailToken},
};
use chrono::TimeDelta;
use memoreel_db::SystemTx;
use memoreel_kernel::{Timestamp, UserId};

/// How many notices of one kind about an account a person is mailed in an hour. Whoever had so many knows, and a mailbox is not to
/// be filled.
const NOTICES_PER_HOUR_MAX: i64 = 5;
/// The longest name of what a notice is about; more of it tells nobody anything.
const ABOUT_CHARS_MAX: usize = 300;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// A passkey opens the account now.
    PasskeyAdded,
    /// A passkey opens it no more.
    PasskeyRemoved,
    /// Sign-in asks for codes of an authenticator app now.
    TotpEnabled,
    /// Sign-in asks for none any more.
    TotpDisabled,
    /// There are other recovery codes.
    RecoveryCodesRenewed,
    /// A provider opens the account now.
    IdentityLinked,
    /// A provider opens it no more.
    IdentityUnlinked,
    /// The password is another one.
    PasswordChanged,
    /// The record of a domain of their organization is missing.
    DomainFailing,
    /// A domain of their organization is verified no more.
    DomainLost,
}

/// What a mail about it says.
pub(crate) struct Words {
    pub(crate) subject: &'static str,
    pub(crate) lead: String,
    pub(crate) page: &'static str,
    pub(crate) action: &'static str,
    pub(crate) note: &'static str,
}

impl Notice {
    /// All of them.
    pub(crate) const ALL: [Self; 10] = [
        Self::PasskeyAdded,
        Self::PasskeyRemoved,
        Self::TotpEnabled,
        Self::TotpDisabled,
        Self::RecoveryCodesRenewed,
        Self::IdentityLinked,
        Self::IdentityUnlinked,
        Self::PasswordChanged,
        Self::DomainFailing,
        Self::DomainLost,
    ];

    /// Nobody can make the server send those about domains, and each is about another one.
    fn is_about_account(self) -> bool {
        !matches!(self, Self::DomainFailing | Self::DomainLost)
    }

    /// The name stored in `email_tokens.purpose`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::PasskeyAdded => "passkey_added",
            Self::PasskeyRemoved => "passkey_removed",
            Self::TotpEnabled => "totp_enabled",
            Self::TotpDisabled => "totp_disabled",
            Self::RecoveryCodesRenewed => "recovery_codes_renewed",
            Self::IdentityLinked => "identity_linked",
            Self::IdentityUnlinked => "identity_unlinked",
            Self::PasswordChanged => "password_changed",
            Self::DomainFailing => "domain_failing",
            Self::DomainLost => "domain_lost",
        }
    }

    /// The words for it; `about` is the name of what it happened to.
    pub(crate) fn words(self, about: Option<&str>) -> Words {
        let about = about.unwrap_or("without a name");
        let (subject, lead) = match self {
            Self::PasskeyAdded => (
                "A passkey was added to your account",
                format!("the passkey “{about}” was added to your account. From now on it opens the account."),
            ),
            Self::PasskeyRemoved => (
                "A passkey was removed from your account",
                format!("the passkey “{about}” was removed from your account. It opens nothing any more."),
            ),
            Self::TotpEnabled => (
                "Signing in asks for a code now",
                "an authenticator app was added to your account. From now on signing in asks for its codes."
                    .to_owned(),
            ),
            Self::TotpDisabled => (
                "Signing in asks for no code any more",
                "the authenticator app was removed from your account, and its recovery codes with it. Signing in asks for \
                 the password alone."
                    .to_owned(),
            ),
            Self::RecoveryCodesRenewed => (
                "Your recovery codes were replaced",
                "other recovery codes were made for your account. The former ones open nothing any more."
                    .to_owned(),
            ),
            Self::IdentityLinked => (
                "Another way to sign in to your account",
                format!("your account can now be entered through {about}."),
            ),
            Self::IdentityUnlinked => (
                "A way to sign in to your account is gone",
                format!("your account cannot be entered through {about} any more."),
            ),
            Self::PasswordChanged => (
                "Your password was changed",
                "the password of your account was changed. Other sessions have ended.".to_owned(),
            ),
            Self::DomainFailing => (
                "The record of a domain is missing",
                format!(
                    "the text record that shows that {about} is your organization's cannot be found any more. If it stays away for \
                     seven days, the domain will not be verified any more: nobody will join by it, and its people will sign in \
                     any way they like."
                ),
            ),
            Self::DomainLost => (
                "A domain is not verified any more",
                format!(
                    "the text record of {about} has been missing for seven days, so the domain is not verified any more. Nobody \
                     joins by it, and its people sign in any way they like, until it is verified again."
                ),
            ),
        };
        if !self.is_about_account() {
            return Words {
                subject,
                lead,
                page: "settings/domains",
                action: "See the record",
                note: "Put the record back where the domain is looked after. If the domain is not yours any more, remove it.",
            };
        }
        Words {
            subject,
            lead,
            page: "settings/security",
            action: "See how your account is entered",
            note: "If it was you, there is nothing to do. If it was not, sign in, change the password, end the sessions that \
                   are not yours, and ask whoever runs this server for help.",
        }
    }
}

/// Tells a person, in the transaction in which it happens. `about` is the name of what it happened to.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn tell(
    tx: &mut SystemTx,
    user_id: UserId,
    notice: Notice,
    about: Option<&str>,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let Some(owner) = store::find_owner(tx, user_id).await? else { return Ok(()) };
    let purpose = Purpose::Notice(notice);
    let since = now - TimeDelta::hours(1);
    if notice.is_about_account()
        && store::count_email_tokens(tx, user_id, purpose, since).await? >= NOTICES_PER_HOUR_MAX
    {
        return Ok(());
    }
    let about: Option<String> = about.map(|about| about.chars().take(ABOUT_CHARS_MAX).collect());
    let mail = NewEmailToken { about: about.as_deref(), ..mails::link(user_id, purpose, &owner.email, now) };
    mails::enqueue(tx, &mail).await
}
