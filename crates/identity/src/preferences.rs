//! What people choose for themselves.

use crate::IdentityError;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest language tag that is kept (RFC 5646 section 4.4.1).
pub const LOCALE_CHARS_MAX: usize = 35;

/// How the web app looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the device does.
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// The name stored in `user_preferences.theme`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The inverse of [`Theme::as_str`].
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::System, Self::Light, Self::Dark].into_iter().find(|theme| theme.as_str() == text)
    }
}

/// How often notifications are mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmailRhythm {
    /// Not at all.
    Off,
    /// Each as it comes.
    Instant,
    /// Together, once a day.
    Daily,
    /// Together, once a week.
    Weekly,
}

impl EmailRhythm {
    /// The name stored in `user_preferences.email_notifications`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Instant => "instant",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
        }
    }

    /// The inverse of [`EmailRhythm::as_str`].
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Off, Self::Instant, Self::Daily, Self::Weekly]
            .into_iter()
            .find(|rhythm| rhythm.as_str() == text)
    }
}

/// What a person chose, or what holds as long as they chose nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Preferences {
    /// A name of the IANA time zone database; the device's own zone if absent.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: Option<String>,
    /// A language tag (BCP 47); the browser's own if absent.
    #[schema(example = "de-AT", max_length = 35)]
    pub locale: Option<String>,
    /// How the web app looks.
    pub theme: Theme,
    /// Whether notifications are shown in the web app.
    pub notify_in_app: bool,
    /// How often notifications are mailed.
    pub notify_by_email: EmailRhythm,
    /// Whether mails that nobody asked for are welcome; changed by `POST /me/consents`.
    pub marketing_consent: bool,
    /// When the terms of service were accepted.
    pub tos_accepted_at: Option<DateTime<Utc>>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            time_zone: None,
            locale: None,
            theme: Theme::System,
            notify_in_app: true,
            notify_by_email: EmailRhythm::Instant,
            marketing_consent: false,
            tos_accepted_at: None,
        }
    }
}

/// The time zone by its name.
///
/// # Errors
/// [`IdentityError::TimeZoneUnknown`].
pub(crate) fn time_zone(name: &str) -> Result<&str, IdentityError> {
    let known = name.parse::<chrono_tz::Tz>().is_ok();
    if known { Ok(name) } else { Err(IdentityError::TimeZoneUnknown) }
}

/// A tag that could be one: a language of two or three letters, and subtags of one to eight letters and digits.
///
/// # Errors
/// [`IdentityError::LocaleInvalid`].
pub(crate) fn locale(tag: &str) -> Result<&str, IdentityError> {
    let (language, subtags) = tag.split_once('-').map_or((tag, None), |(first, rest)| (first, Some(rest)));
    let is_language =
        (2..=3).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_subtag =
        |tag: &str| (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let fits = tag.len() <= LOCALE_CHARS_MAX
        && is_language
        && subtags.is_none_or(|tags| tags.split('-').all(is_subtag));
    if fits { Ok(tag) } else { Err(IdentityError::LocaleInvalid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_as_they_are_kept() {
        for theme in [Theme::System, Theme::Light, Theme::Dark] {
            assert_eq!(Theme::parse(theme.as_str()), Some(theme));
        }
        for rhythm in [EmailRhythm::Off, EmailRhythm::Instant, EmailRhythm::Daily, EmailRhythm::Weekly] {
            assert_eq!(EmailRhythm::parse(rhythm.as_str()), Some(rhythm));
        }
    }

    #[test]
    fn language_tags_and_time_zones_are_told_from_other_text() {
        for tag in ["de", "de-AT", "zh-Hant-TW", "sl-rozaj-biske-1994", "gsw"] {
            assert_eq!(locale(tag).ok(), Some(tag));
        }
        for text in [
            "",
            "d",
            "de-",
            "de_AT",
            "-de",
            "deutsch",
            "de-at\0",
            "d1",
            &format!("de{}", "-abcdefgh".repeat(4)),
        ] {
            assert!(locale(text).is_err(), "{text:?}");
        }
        for name in ["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires"] {
            assert_eq!(time_zone(name).ok(), Some(name));
        }
        for text in ["", "Berlin", "europe/berlin", "Europe/Berlin\0", "+01:00"] {
            assert!(time_zone(text).is_err(), "{text:?}");
        }
    }
}
