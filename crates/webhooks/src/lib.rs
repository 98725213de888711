//! Telling other systems what happens: endpoints, what they are told, and the sending of it.
//!
//! A delivery comes into being in the transaction of what happened, by a trigger on the outbox, so that no slice has to think of
//! it; the slices whose events are told are not known here. [`Dispatcher`] sends what is due. Messages and signatures follow
//! Standard Webhooks 1.0 (<https://www.standardwebhooks.com>).

mod dispatcher;
mod endpoints;
mod error;
mod event;
#[cfg(fuzzing)]
pub mod fuzzing;
mod lanes;
mod maintenance;
mod model;
mod notice;
mod retry;
mod routes;
mod send;
mod signature;
mod store;

pub use dispatcher::{DispatchSettings, Dispatcher};
pub use error::WebhookError;
pub use event::{AssetMessage, TestMessage, VideoMessage, WebhookEvent, describe};
pub use maintenance::remove_old;
pub use notice::SendNotice;
pub use routes::router;
