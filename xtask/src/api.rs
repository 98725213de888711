//! The server's HTTP interface, as far as the commands use it.

pub mod account;
pub mod client;
pub mod transcript;
pub mod upload;
