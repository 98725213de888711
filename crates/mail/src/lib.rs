//! Mails to people: what one is made of, and how it leaves.
//!
//! [`Mailer`] sends by SMTP, or keeps mails as files where no server is configured. Nothing here knows why a mail is sent.

mod error;
mod folder;
mod letter;
mod mailer;

pub use error::MailError;
pub use folder::{MailFolder, WrittenMail};
pub use letter::Letter;
pub use mailer::{Mail, Mailer, SmtpSettings};
