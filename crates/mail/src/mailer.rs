//! Sends mails by SMTP, or keeps them as files.

use crate::{MailError, MailFolder};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
};
use memoreel_kernel::Timestamp;
use std::{error::Error, time::Duration};
use uuid::Uuid;

/// How long a server may take to answer.
const SMTP_TIMEOUT: Duration = Duration::from_secs(30);

/// One mail to one person.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Names the mail for good: one that is sent again carries the same Message-ID, so that mailboxes can tell.
    pub id: Uuid,
    /// The address it goes to.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// When it was written.
    pub written_at: Timestamp,
}

/// A mail server and the address mails come from.
#[derive(Clone)]
pub struct SmtpSettings {
    /// `smtps://user:password@host:465`, or `smtp://host:587?tls=required` for STARTTLS.
    pub url: String,
    /// `Memoreel <memoreel@example.com>`, or the address alone.
    pub from: String,
}

impl std::fmt::Debug for SmtpSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmtpSettings").field("from", &self.from).finish_non_exhaustive()
    }
}

/// How mails leave. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Mailer {
    from: Mailbox,
    way: Way,
}

#[derive(Debug, Clone)]
enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(MailFolder),
}

impl Mailer {
    /// Through a mail server.
    ///
    /// # Errors
    /// [`MailError::ServerAddress`], [`MailError::Sender`].
    pub fn smtp(settings: &SmtpSettings) -> Result<Self, MailError> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&settings.url)
            .map_err(MailError::ServerAddress)?
            .timeout(Some(SMTP_TIMEOUT))
            .build();
        let from = settings.from.parse().map_err(|_| MailError::Sender(settings.from.clone()))?;
        Ok(Self { from, way: Way::Smtp(transport) })
    }

    /// As files, which reach nobody.
    ///
    /// # Errors
    /// [`MailError::Sender`].
    pub fn folder(folder: MailFolder) -> Result<Self, MailError> {
        let from = "Memoreel <memoreel@localhost>";
        let from = from.parse().map_err(|_| MailError::Sender(from.to_owned()))?;
        Ok(Self { from, way: Way::Folder(folder) })
    }

    /// Sends the mail. A mail server has it then; that somebody reads it is not said.
    ///
    /// # Errors
    /// [`MailError::Recipient`] for what cannot be an address, [`MailError::Smtp`], [`MailError::Folder`].
    pub async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let id = mail.id;
        let message = self.message(mail)?;
        match &self.way {
            Way::Smtp(transport) => drop(transport.send(message).await?),
            Way::Folder(folder) => folder.write(id, message.formatted()).await?,
        }
        Ok(())
    }

    /// Asks the mail server whether it would take mails.
    ///
    /// # Errors
    /// [`MailError::Smtp`] when it does not answer or refuses the credentials.
    pub async fn check(&self) -> Result<(), MailError> {
        if let Way::Smtp(transport) = &self.way {
            transport.test_connection().await?;
        }
        Ok(())
    }

    fn message(&self, mail: Mail) -> Result<Message, MailError> {
        let to = mail.to.parse().map_err(|_| MailError::Recipient(mail.to.clone()))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject)
            .date(mail.written_at.into())
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(mail.text, mail.html))?;
        Ok(message)
    }
}

/// Tells other machines that no person wrote this, so that none answers it (RFC 3834 section 5).
#[derive(Clone)]
struct AutoSubmitted;

impl AutoSubmitted {
    const VALUE: &str = "auto-generated";
}

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), Self::VALUE.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_send_is_refused_at_once() {
        let smtp = |url: &str, from: &str| Mailer::smtp(&SmtpSettings { url: url.into(), from: from.into() });
        assert!(smtp("smtps://u:p@mail.example.com", "Memoreel <m@example.com>").is_ok());
        assert!(matches!(smtp("mail.example.com", "m@example.com"), Err(MailError::ServerAddress(_))));
        assert!(matches!(smtp("smtp://mail.example.com", "nobody"), Err(MailError::Sender(_))));
    }

    #[test]
    fn settings_do_not_show_their_password() {
        let settings =
            SmtpSettings { url: "smtp://u:hush@mail.example.com".into(), from: "m@example.com".into() };
        assert!(!format!("{settings:?}").contains("hush"));
    }
}
