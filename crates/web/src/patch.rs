//! PATCH bodies that tell an absent field from null.

use serde::{Deserialize, Deserializer};

/// For `#[serde(default, deserialize_with = "nullable")] field: Option<Option<T>>`: absent is `None`, null is `Some(None)`.
///
/// # Errors
/// Those of `T`.
pub fn nullable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}
