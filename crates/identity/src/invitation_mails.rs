//! The task that mails an invitation to the address it is for.

use crate::{
    INVITATION_LIFETIME, IdentityError, invitations,
    mails::mail_failure,
    store::{self, MailedInvitation},
    token::{self, TokenHash},
};
use async_trait::async_trait;
use memoreel_db::SystemReason;
use memoreel_kernel::InvitationId;
use memoreel_mail::{Letter, Mail, Mailer};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use memoreel_web::App;
use serde::{Deserialize, Serialize};
use uuid::Builder;

/// The kind of the task.
pub(crate) const SEND_INVITATION: &str = "send_invitation";

/// Which invitation to mail.
#[derive(Debug, Serialize, Deserialize)]
pub struct InvitationMail {
    pub(crate) invitation_id: InvitationId,
}

/// Mails one invitation, with the link that is good when the mail leaves. A run that is killed after the server took the
/// mail sends it once more under the same Message-ID.
#[derive(Debug)]
pub struct SendInvitation {
    app: App,
    mailer: Mailer,
}

impl SendInvitation {
    /// Sends through `mailer`.
    pub fn new(app: App, mailer: Mailer) -> Self {
        Self { app, mailer }
    }

    /// The invitation, while it waits for an answer.
    async fn find(&self, run: &TaskRun, id: InvitationId) -> Result<Option<MailedInvitation>, TaskFailure> {
        let (organization_id, now) = (run.caller().organization_id, self.app.clock.now());
        let mut tx = self.app.db.system(SystemReason::SendMail).await?;
        let found = store::find_mailed_invitation(&mut tx, organization_id, id, now).await;
        found.map_err(|error| match error {
            IdentityError::Database(error) => error.into(),
            other => TaskFailure::internal(other),
        })
    }
}

#[async_trait]
impl Handle for SendInvitation {
    const KIND: &'static str = SEND_INVITATION;
    const CONCURRENCY: usize = 4;
    type Payload = InvitationMail;

    async fn run(&self, run: &TaskRun, task: InvitationMail) -> Result<Finished, TaskFailure> {
        // One that was answered or taken back meanwhile is not worth a mail.
        if let Some(invitation) = self.find(run, task.invitation_id).await? {
            let token = token::invitation_token(&self.app.secrets, task.invitation_id, invitation.expires_at);
            if token.hash.as_slice() != invitation.token_hash {
                let message = "The secret of this installation has changed since; make a new link.";
                return Err(TaskFailure::permanent("invitation_outdated", message));
            }
            let link = invitations::link(&self.app.public_url, &token.token);
            let mail = mail(&invitation, &token.hash, &link);
            self.mailer.send(mail).await.map_err(mail_failure)?;
        }
        run.finish(run.begin().await?, &[]).await
    }
}

/// Each link has a mail of its own, whose id comes from what is kept of the link: the time (RFC 9562 section 5.7), by which mails
/// are sorted, and the hash.
fn mail(invitation: &MailedInvitation, token_hash: &TokenHash, link: &str) -> Mail {
    let MailedInvitation { email, role, organization_name, invited_by, .. } = invitation;
    let inviter = invited_by.as_ref().map_or("Somebody", |inviter| &inviter.name);
    // Their address lets the invited ask them, and leads to this mail when they are erased.
    let address = invited_by.as_ref().map(|inviter| format!(" ({})", inviter.email)).unwrap_or_default();
    let lead =
        format!("{inviter}{address} invites you to {organization_name} on Memoreel, as {}.", role.as_str());
    let letter = Letter {
        name: email.split('@').next().unwrap_or_default(),
        lead: &lead,
        action: "See the invitation",
        link,
        note: "It is good for seven days, and for this address alone. If you do not know what this is about, ignore this mail.",
    };
    let written_at = invitation.expires_at - INVITATION_LIFETIME;
    let milliseconds = written_at.timestamp_millis().cast_unsigned();
    let bytes = token_hash.first_chunk().unwrap_or(&[0; 10]);
    Mail {
        id: Builder::from_unix_timestamp_millis(milliseconds, bytes).into_uuid(),
        to: email.clone(),
        subject: format!("{inviter} invites you to {organization_name}"),
        text: letter.text(),
        html: letter.html(),
        written_at,
    }
}
