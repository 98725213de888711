//! What every HTTP slice shares: the application context, extractors, problems, paging, idempotency, limits and live events.
//!
//! No slice is known here, and no table but `idempotency_keys`.

mod access;
mod app;
mod bodies;
mod documents;
mod extract;
mod idempotency;
mod idle;
mod layers;
mod limits;
mod live;
mod log_file;
mod malformed;
mod may;
mod outgoing;
mod pace;
mod paging;
mod patch;
mod permits;
mod problem;
mod proxies;
mod secrets;
mod sign_in;
mod taken;
mod times;
mod watched;

pub use access::Admission;
pub use app::{App, AppParts};
pub use bodies::{FILE_TIME_MAX, JSON_TIME_MAX, WholeBodies, arrive_within, in_memory, read_whole};
pub use documents::{CurrentDocument, DOCUMENT_VERSION_CHARS_MAX, Document, Documents};
pub use extract::{Json, MaybeClosing, Params, ResourceId, SignedIn};
pub use idempotency::idempotency;
pub use layers::{RequestId, ServedTo, detach, loggable_path, method_name, observe, request_id, user_agent};
pub use limits::{ClientAddress, Limiter, RateLimits, client_address, limit_requests};
pub use live::LiveHub;
pub use log_file::{LogFileError, LogFormat, LogLine, log_file, send_log_file};
pub use may::{Closed, Closing, May, action, require};
pub use outgoing::{FileSender, serve};
pub use pace::{Pace, TooSlow};
pub use paging::PageParams;
pub use patch::nullable;
pub use permits::{NoPlace, Permit, Permits};
pub use problem::{FieldError, Problem, ProblemBody, sentence, storage_failure};
pub use proxies::behind_proxies;
pub use secrets::{SealError, SealedPlace, Secrets};
pub use sign_in::{ClientSecret, Provider, SignInSettings};
pub use taken::{bytes_while_taken, while_taken};
pub use times::known_time;
pub use watched::{WatchBody, watched};

/// The result of a handler.
pub type Result<T, E = Problem> = std::result::Result<T, E>;
