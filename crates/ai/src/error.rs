//! The one error of this crate, worded for the people who read it beside a failed video.

use std::time::Duration;

/// Why a model gave no answer. The sentences are shown to people; [`AiError::code`] is for programs.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AiError {
    /// A library, model file or provider setting is absent.
    #[error("The engine for this step is not installed: {missing}.")]
    EngineMissing {
        /// What was looked for.
        missing: String,
    },
    /// The sound could not be read as 16 kHz, 16-bit PCM WAV with one or two channels.
    #[error("The sound could not be read: {reason}.")]
    AudioUnreadable {
        /// What is wrong with it.
        reason: String,
    },
    /// The engine does not know the language that is spoken.
    #[error("The speech engine only understands {supported}, and this does not sound like it.")]
    LanguageUnsupported {
        /// The languages the engine knows, for people ("English").
        supported: String,
    },
    /// The provider answered that the request is wrong or not allowed (4xx).
    #[error("The provider refused the request (status {status}): {detail}")]
    ProviderRefused {
        /// HTTP status.
        status: u16,
        /// The provider's words, shortened, with the key struck out.
        detail: String,
    },
    /// The provider could not be reached, was overloaded or failed, also after retries.
    #[error("The provider is not available now: {detail}")]
    ProviderUnavailable {
        /// What happened.
        detail: String,
        /// How long the provider asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// The provider's answer was not what the protocol or the schema says.
    #[error("The provider's answer could not be used: {detail}")]
    ProviderAnswerInvalid {
        /// What is wrong with it.
        detail: String,
    },
    /// A local engine died, hung or broke off.
    #[error("The engine stopped unexpectedly: {detail}.")]
    EngineCrashed {
        /// What was seen.
        detail: String,
    },
    /// The caller cancelled the work.
    #[error("The work was cancelled.")]
    Cancelled,
}

impl AiError {
    /// A stable name for programs, never translated.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::EngineMissing { .. } => "engine_missing",
            Self::AudioUnreadable { .. } => "audio_unreadable",
            Self::LanguageUnsupported { .. } => "language_unsupported",
            Self::ProviderRefused { .. } => "model_refused",
            Self::ProviderUnavailable { .. } => "model_unavailable",
            Self::ProviderAnswerInvalid { .. } => "model_answer_invalid",
            Self::EngineCrashed { .. } => "engine_crashed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether the same request would fail again, so that retrying it is a waste.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::EngineMissing { .. }
            | Self::AudioUnreadable { .. }
            | Self::LanguageUnsupported { .. }
            | Self::ProviderRefused { .. } => true,
            Self::ProviderUnavailable { .. }
            | Self::ProviderAnswerInvalid { .. }
            | Self::EngineCrashed { .. }
            | Self::Cancelled => false,
        }
    }
}
