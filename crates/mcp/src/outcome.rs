//! What a tool ends with, as the protocol puts it: values for programs beside text for models, and refusals with a code.

use crate::UploadFolderError;
use memoreel_client::ClientError;
use rmcp::model::{CallToolResult, ContentBlock};
use serde::Serialize;

/// Why a tool did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The server refused, or could not be asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// What was given cannot be.
    #[error("{0}")]
    Arguments(String),
    /// A file that may not be uploaded.
    #[error(transparent)]
    File(#[from] UploadFolderError),
}

impl Refusal {
    /// Stable, for programs.
    fn code(&self) -> &str {
        match self {
            Self::Client(ClientError::Refused(problem)) => &problem.code,
            Self::Client(ClientError::Unreachable { .. }) => "unreachable",
            Self::Client(ClientError::File { .. } | ClientError::FileChanged { .. }) => "file_unreadable",
            Self::Client(_) => "unexpected_answer",
            Self::Arguments(_) => "arguments_invalid",
            Self::File(_) => "file_not_allowed",
        }
    }

    /// The code, and the sentence that the server says or that fits.
    pub(crate) fn sentence(&self) -> String {
        format!("{}: {self}", self.code())
    }

    /// No structured content: clients hold that against the form of what a tool answers with otherwise.
    pub(crate) fn into_result(self) -> CallToolResult {
        CallToolResult::error(vec![ContentBlock::text(self.sentence())])
    }
}

/// An answer in both forms.
pub(crate) fn answer(value: &impl Serialize, text: String) -> CallToolResult {
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = serde_json::to_value(value).ok();
    result
}
