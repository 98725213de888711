//! What a person can do about a task that does not go on, by what it says of itself.

use crate::model::TaskStatus;

/// A sentence for what needs one. `code` is that of the last try.
pub(crate) fn advice(status: TaskStatus, code: Option<&str>) -> Option<&'static str> {
    match (status, code) {
        (TaskStatus::Completed | TaskStatus::Running, _)
        | (TaskStatus::Cancelled | TaskStatus::Pending, None) => None,
        (TaskStatus::Held, _) => Some("It goes on by itself as soon as the organization does."),
        (TaskStatus::Pending, Some(_)) => Some("It is tried again by itself; nothing has to be done."),
        (TaskStatus::Cancelled, Some(_)) => Some("Retry it if it is still wanted."),
        (TaskStatus::Failed, code) => Some(for_failure(code.unwrap_or_default())),
    }
}

fn for_failure(code: &str) -> &'static str {
    match code {
        "media_unreadable" | "media_empty" | "media_damaged" | "media_unknown" | "audio_unreadable" => {
            "Check that the file plays elsewhere, and upload it again, if need be in another format such as MP4 or MP3."
        }
        "media_not_a_recording" => {
            "Upload an image or a document as what it is. If it should be a recording, check that it plays elsewhere."
        }
        "media_ambiguous" => {
            "Remove what is not the recording, such as code in its description or files that are attached to it, and upload it again."
        }
        "image_unknown" | "image_malformed" | "image_unreadable" => {
            "Check that the image opens elsewhere, and upload it again, if need be as a JPEG or PNG."
        }
        "document_unknown" | "document_unsupported" => {
            "Save it as PDF, DOCX, PPTX, ODT, HTML, Markdown or plain text, and upload that."
        }
        "document_encrypted" => "Upload it without a password.",
        "document_ambiguous" | "document_unreadable" => {
            "Check that the document opens elsewhere, export it anew and upload that."
        }
        "page_pictures_failed" => {
            "Have whoever runs this server run `memoreel doctor`, then retry it; or save it as PDF and replace the file with that."
        }
        "document_too_large" | "document_too_costly" => "Split the document and upload its parts.",
        "export_too_large" => {
            "Delete what is not needed, or have whoever runs this server keep files in another store."
        }
        "media_too_large" | "image_too_large" | "image_too_costly" => "Make it smaller and upload it again.",
        "import_refused" | "import_not_a_file" | "import_too_large" | "url_refused"
        | "redirects_too_many" => {
            "Open the link in a browser where nobody is signed in: it must lead to the file itself. Then import another one."
        }
        "import_unavailable" | "import_interrupted" | "import_changed" | "timed_out" | "unreachable"
        | "answer_unreadable" => "See that the link can be reached, then retry it.",
        "import_too_slow" => {
            "Retry it when the link has less to do, or import the file from a place that sends it faster."
        }
        "import_expired" => "Import the file again.",
        "asset_missing" | "file_missing" | "upload_lost" | "speech_audio_missing" => "Upload the file again.",
        "media_timeout" => "Retry it when the server has less to do, or upload a shorter recording.",
        "storage_full" => "Make room where files are kept, then retry it.",
        "storage_unavailable" => "See that the place where files are kept can be reached, then retry it.",
        "model_refused" | "model_unavailable" | "model_answer_invalid" => {
            "Check the settings of the provider and whether it answers, then retry it."
        }
        "engine_missing" | "media_tool_missing" | "documents_unavailable" | "images_unavailable" => {
            "Have whoever runs this server install what is missing: `memoreel doctor` names it. Then retry it."
        }
        "engine_crashed" | "media_failed" | "task_abandoned" => {
            "Give the server more memory if it is short of it, then retry it."
        }
        "task_unreadable"
        | "asset_not_probed"
        | "database_unavailable"
        | "server_busy"
        | "task_interrupted" => "Retry it.",
        "invitation_outdated" => "Send the invitation again.",
        _ => "Retry it. If it fails in the same way again, the server's log says more under the task's id.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_that_was_given_up_comes_with_what_to_do() {
        for code in [None, Some("media_damaged"), Some("of_another_version")] {
            assert!(advice(TaskStatus::Failed, code).is_some_and(|sentence| sentence.ends_with('.')));
        }
        assert_eq!(advice(TaskStatus::Completed, None), None);
        assert_eq!(advice(TaskStatus::Pending, None), None);
    }
}
