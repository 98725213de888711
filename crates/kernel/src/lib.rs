//! The words every crate shares: typed ids, who is calling, the clock, pages and time ranges.
//!
//! Nothing here performs I/O, and nothing here knows HTTP, SQL statements or files.

mod action;
mod caller;
mod clock;
mod event;
mod id;
mod organization_status;
mod page;
mod time_range;

pub use action::Action;
pub use caller::{Actor, Caller, Role};
pub use clock::{Clock, FakeClock, SystemClock, Timestamp, is_known_time};
pub use event::{Event, LiveEvent, Pictured};
pub use id::*;
pub use organization_status::OrganizationStatus;
pub use page::{Cursor, CursorError, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, Page, PageRequest};
pub use time_range::TimeRange;
