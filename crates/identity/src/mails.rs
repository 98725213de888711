//! What is mailed to people: the words, and the task that sends them.

use crate::{
    IdentityError,
    email_tokens::{self, Purpose},
    store::{self, EmailToken, NewEmailToken},
};
use async_trait::async_trait;
use memoreel_db::{SystemReason, SystemTx};
use memoreel_kernel::{EmailTokenId, Timestamp, UserId};
use memoreel_mail::{Letter, Mail, MailError, Mailer};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use memoreel_web::App;
use serde::{Deserialize, Serialize};

/// The kind of the task that sends a mail.
pub(crate) const SEND_MAIL: &str = "send_mail";
/// Somebody waits for it, and it takes no time.
pub(crate) const MAIL_PRIORITY: i32 = 30;
/// With the queue's waits, tries reach over some three hours.
pub(crate) const MAIL_ATTEMPTS_MAX: i32 = 12;

/// Keeps a link and enqueues its mail, so that both happen or neither.
pub(crate) async fn enqueue(tx: &mut SystemTx, token: &NewEmailToken<'_>) -> Result<(), IdentityError> {
    store::insert_email_token(tx, token).await?;
    store::enqueue_mail(tx, token.user_id, token.id, token.now).await
}

/// A link to one address of one person, about that address.
pub(crate) fn link(user_id: UserId, purpose: Purpose, email: &str, now: Timestamp) -> NewEmailToken<'_> {
    NewEmailToken { id: EmailTokenId::new(now), user_id, purpose, email, new_email: None, about: None, now }
}

/// Which mail to send.
#[derive(Debug, Serialize, Deserialize)]
pub struct MailTask {
    /// The link in it.
    pub(crate) email_token_id: EmailTokenId,
}

/// Sends one mail. A run that is killed after the server took it sends it once more under the same Message-ID.
#[derive(Debug)]
pub struct SendMail {
    app: App,
    mailer: Mailer,
}

impl SendMail {
    /// Sends through `mailer`.
    pub fn new(app: App, mailer: Mailer) -> Self {
        Self { app, mailer }
    }

    async fn find(&self, id: EmailTokenId) -> Result<Option<EmailToken>, TaskFailure> {
        let mut tx = self.app.db.system(SystemReason::SendMail).await?;
        store::find_email_token(&mut tx, id, self.app.clock.now()).await.map_err(|error| match error {
            IdentityError::Database(error) => error.into(),
            other => TaskFailure::internal(other),
        })
    }
}

#[async_trait]
impl Handle for SendMail {
    const KIND: &'static str = SEND_MAIL;
    const CONCURRENCY: usize = 4;
    type Payload = MailTask;

    async fn run(&self, run: &TaskRun, task: MailTask) -> Result<Finished, TaskFailure> {
        // A link that was used or withdrawn meanwhile, or has become too old, is not worth a mail.
        let token = self.find(task.email_token_id).await?.filter(|token| !token.is_used);
        if let Some(token) = token {
            let link = email_tokens::write(&self.app.secrets, token.purpose, task.email_token_id);
            let mail = mail(&token, task.email_token_id, &self.app.public_url, &link);
            self.mailer.send(mail).await.map_err(mail_failure)?;
        }
        run.finish(run.begin().await?, &[]).await
    }
}

/// Whether another try makes sense is for the mail server to say.
pub(crate) fn mail_failure(error: MailError) -> TaskFailure {
    let (code, message) = ("mail_refused", "The mail could not be handed to the mail server.");
    let failure = if error.is_permanent() {
        TaskFailure::permanent(code, message)
    } else {
        TaskFailure::transient(code, message)
    };
    failure.caused_by(error)
}

/// Tokens go behind the `#` of an address, which browsers keep to themselves: they reach no log and no other site.
fn mail(token: &EmailToken, id: EmailTokenId, public_url: &str, secret: &str) -> Mail {
    let (lead, words);
    let (page, subject, lead, action, note) = match token.purpose {
        Purpose::Confirm => (
            "confirm-email",
            "Confirm your e-mail address",
            "welcome to Memoreel. Please confirm that this address is yours.",
            "Confirm this address",
            "The link is good for seven days. If you did not sign up, ignore this mail.",
        ),
        Purpose::Reset => (
            "reset-password",
            "Choose a new password",
            "somebody, most likely you, asked to set a new password for your account.",
            "Choose a new password",
            "The link is good for an hour and works once. If it was not you, ignore this mail: your password stays as it is.",
        ),
        Purpose::Change => {
            let to = token.new_email.as_deref().unwrap_or_default();
            lead = format!(
                "the address of your account is to become {to}. Please agree from every address we wrote to."
            );
            (
                "change-email",
                "Confirm the change of your e-mail address",
                lead.as_str(),
                "Agree to the change",
                "The link is good for a day. If it was not you, ignore this mail and change your password.",
            )
        }
        Purpose::Taken => (
            "sign-in",
            "You have an account already",
            "somebody, most likely you, tried to sign up with this address. It has an account already.",
            "Sign in",
            "If you forgot the password, the page to sign in mails you a link to set another one. If it was not you, ignore this mail.",
        ),
        Purpose::Notice(notice) => {
            words = notice.words(token.about.as_deref());
            (words.page, words.subject, words.lead.as_str(), words.action, words.note)
        }
    };
    let link = match token.purpose {
        Purpose::Taken | Purpose::Notice(_) => format!("{public_url}/{page}"),
        _ => format!("{public_url}/{page}#{secret}"),
    };
    let letter = Letter { name: &token.user_name, lead, action, link: &link, note };
    Mail {
        id: id.uuid(),
        to: token.email.clone(),
        subject: subject.to_owned(),
        text: letter.text(),
        html: letter.html(),
        written_at: token.created_at,
    }
}
