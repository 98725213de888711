//! Times that clients name.

use memoreel_kernel::{Timestamp, is_known_time};
use serde::{Deserialize, Deserializer, de::Error};

/// For `#[serde(deserialize_with = "known_time")] field: Timestamp`, and with `default` for an `Option` of it: a time that rows are compared
/// with.
///
/// # Errors
/// For a year that the database does not know, beside those of `T`.
pub fn known_time<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Copy + Into<Option<Timestamp>>,
    D: Deserializer<'de>,
{
    let time = T::deserialize(deserializer)?;
    let named: Option<Timestamp> = time.into();
    if named.as_ref().is_none_or(is_known_time) {
        Ok(time)
    } else {
        Err(D::Error::custom("a time must be of a year from 0 to 9999"))
    }
}
