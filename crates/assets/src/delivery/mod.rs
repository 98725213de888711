//! To whom media are delivered: origins whose pages may read them, web sites that may show them, and how long caches keep them.
//!
//! A policy is the organization's. Media are asked for many times a second, so that it is read once in a few seconds and process.

mod cookie;
mod cross_origin;
mod policies;
mod policy;
mod standing;
mod web_address;

pub(crate) use cookie::{
    COOKIE, lifetime as cookie_lifetime, path as cookie_path, presented, set as set_cookie,
};
pub use cross_origin::{CrossOrigin, cross_origin};
pub(crate) use cross_origin::{
    Fetched, describe as describe_origin, describe_image, describe_refusal, is_unnamed, preflight,
    preflight_anywhere, preflight_image,
};
pub use policies::DeliveryPolicies;
pub(crate) use policy::{Policy, page_host};
pub(crate) use standing::{Deliverer, Standing};
pub(crate) use web_address::PATTERN_CHARS_MAX;
pub(crate) use web_address::{DomainPattern, OriginPattern};
