//! Where a change comes from, for the triggers that write the audit log.

use memoreel_kernel::{Actor, Caller};
use serde::Serialize;
use std::future::Future;

/// The request behind a change. Every transaction that begins within [`Origin::scope`] carries it as the setting `app.origin`.
#[derive(Debug, Clone, Serialize)]
pub struct Origin {
    /// Names the request in the log.
    pub request_id: String,
    /// The network address it came from.
    pub address: String,
    /// What the client called itself.
    pub user_agent: Option<String>,
}

tokio::task_local! {
    static CURRENT: Origin;
}

impl Origin {
    /// The request this runs in; none in background tasks.
    pub fn current() -> Option<Origin> {
        CURRENT.try_with(Origin::clone).ok()
    }

    /// Runs `work` as part of this request.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }
}

/// The statement that tells a transaction where it comes from, to follow BEGIN; nothing outside a request.
pub(crate) fn set_origin(caller: Option<&Caller>) -> String {
    #[derive(Serialize)]
    struct Setting<'a> {
        #[serde(flatten)]
        origin: &'a Origin,
        actor: &'static str,
    }
    let actor = match caller.map(|caller| caller.actor) {
        Some(Actor::ApiKey(_)) => "api_key",
        Some(Actor::Session(_)) | None => "session",
        Some(Actor::Service) => "system",
    };
    let setting = CURRENT.try_with(|origin| serde_json::to_string(&Setting { origin, actor }));
    match setting {
        // JSON holds no control character, and strings that conform to the standard know no escape but the doubled quote.
        Ok(Ok(json)) => format!("; SET LOCAL app.origin = '{}'", json.replace('\'', "''")),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_client_calls_itself_cannot_end_the_statement() {
        let origin = Origin {
            request_id: "r".to_owned(),
            address: "::1".to_owned(),
            user_agent: Some("'; DROP TABLE users; --\\'\u{0}".to_owned()),
        };
        let statement = origin.scope(async { set_origin(None) }).await;
        assert_eq!(
            statement,
            r#"; SET LOCAL app.origin = '{"request_id":"r","address":"::1","user_agent":"''; DROP TABLE users; --\\''\u0000","actor":"session"}'"#
        );
        assert_eq!(set_origin(None), "");
    }
}
