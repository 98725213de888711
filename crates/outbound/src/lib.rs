//! Requests to addresses that people name: never to this machine or its network, unless whoever runs the server says so.
//!
//! A name is resolved once per connection, by [`Outbound`] itself, and the connection goes to an address that was checked: a name
//! that means something else the next moment (DNS rebinding) gains nothing. Redirects are followed
//! only where a file is fetched, and checked like the first address; no proxy of the environment is used, which would resolve names itself. Who is asked, and what for, is not known here.

mod address;
mod client;
mod names;

pub use address::{AddressPolicy, Refusal};
pub use client::{Outbound, OutboundError, OutboundSettings};
pub use names::name_servers;
