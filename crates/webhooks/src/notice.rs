//! The mail that says that an endpoint is told nothing any more.

use crate::store;
use async_trait::async_trait;
use memoreel_db::SystemReason;
use memoreel_kernel::{UserId, WebhookEndpointId};
use memoreel_mail::{Letter, Mail, Mailer};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use memoreel_web::App;
use serde::{Deserialize, Serialize};
use url::Url;

/// The kind of the task.
pub(crate) const SEND_NOTICE: &str = "send_webhook_notice";
/// It takes no time, and nobody waits for it.
pub(crate) const NOTICE_PRIORITY: i32 = 10;
/// With the queue's waits, tries reach over some three hours.
pub(crate) const NOTICE_ATTEMPTS_MAX: i32 = 12;

/// Which notice to send, and to whom.
#[derive(Debug, Serialize, Deserialize)]
pub struct Notice {
    pub(crate) endpoint_id: WebhookEndpointId,
    pub(crate) user_id: UserId,
}

/// Sends one notice to one person. A run that is killed after the server took it sends it once more under the same Message-ID.
#[derive(Debug)]
pub struct SendNotice {
    app: App,
    mailer: Mailer,
}

impl SendNotice {
    /// Sends through `mailer`.
    pub fn new(app: App, mailer: Mailer) -> Self {
        Self { app, mailer }
    }

    async fn find(&self, run: &TaskRun, notice: &Notice) -> Result<Option<store::NoticeRow>, TaskFailure> {
        let mut tx = self.app.db.system(SystemReason::SendMail).await?;
        Ok(store::find_notice(&mut tx, run.caller().organization_id, notice.endpoint_id, notice.user_id)
            .await?)
    }
}

#[async_trait]
impl Handle for SendNotice {
    const KIND: &'static str = SEND_NOTICE;
    const CONCURRENCY: usize = 2;
    type Payload = Notice;

    async fn run(&self, run: &TaskRun, notice: Notice) -> Result<Finished, TaskFailure> {
        if let Some(found) = self.find(run, &notice).await? {
            let mail = mail(&found, run.subject_id(), &self.app.public_url);
            self.mailer.send(mail).await.map_err(|error| {
                let (code, message) = ("mail_refused", "The mail could not be handed to the mail server.");
                let failure = if error.is_permanent() {
                    TaskFailure::permanent(code, message)
                } else {
                    TaskFailure::transient(code, message)
                };
                failure.caused_by(error)
            })?;
        }
        run.finish(run.begin().await?, &[]).await
    }
}

fn mail(notice: &store::NoticeRow, id: uuid::Uuid, public_url: &str) -> Mail {
    // The rest of the address may be what its receiver knows its senders by.
    let host = Url::parse(&notice.url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let host = host.as_deref().unwrap_or("an address");
    let why = match notice.disabled_reason.as_str() {
        "gone" => "it answered that it is gone (410)",
        _ => "it has taken nothing for five days",
    };
    let lead = format!(
        "{} on Memoreel no longer tells {host} what happens, because {why}. What it missed is kept for thirty days.",
        notice.organization_name
    );
    let name = notice.user_name.as_deref().or_else(|| notice.email.split('@').next()).unwrap_or_default();
    let link = format!("{public_url}/settings/webhooks");
    let letter = Letter {
        name,
        lead: &lead,
        action: "See the webhooks",
        link: &link,
        note: "Once the receiver works again, switch the endpoint on there, and send it again what it missed.",
    };
    Mail {
        id,
        to: notice.email.clone(),
        subject: format!("{host} is no longer told what happens in {}", notice.organization_name),
        text: letter.text(),
        html: letter.html(),
        written_at: notice.disabled_at,
    }
}
